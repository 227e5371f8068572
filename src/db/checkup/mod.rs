//! A look at the database for who runs the server: whether it answers, whether
//! it keeps what it says that it keeps, whether it has this program's schema.
//! Changes nothing; waits no longer than the limits below for any of it.

mod mysql;
mod sqlite;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::time::timeout;

use crate::{
    base::{
        clock::Clock,
        finding::{Finding, reasons},
    },
    config::Config,
};

/// How long a server has to connect and to answer everything: some times what a
/// busy one on a slow network takes.
const SERVER_LIMIT: Duration = Duration::from_secs(5);
/// How long a look through the whole file may take: a few gigabytes.
const FILE_LIMIT: Duration = Duration::from_secs(30);

/// What is looked at.
const DATABASE: &str = "database";
const SCHEMA: &str = "database schema";
const CLOCK: &str = "database clock";
const SETTINGS: &str = "database settings";
const DURABILITY: &str = "database durability";
const CLUSTER: &str = "database cluster";

/// Looks at the database that the settings name.
pub async fn checkup(config: &Config, clock: &Clock) -> Vec<Finding> {
    let Some(url) = config.database.mysql_url() else { return sqlite::look(config).await };
    let advice = "see that the server of database.url runs, that this machine may reach it, and \
                  that user, password and name are right";
    let looking = Box::pin(mysql::look(url, &config.plugins, clock));
    match timeout(SERVER_LIMIT, looking).await {
        Ok(Ok(findings)) => findings,
        Ok(Err(error)) => vec![Finding::failed(DATABASE, reasons(&error), advice)],
        Err(_elapsed) => {
            let seen = format!("no answer in {} s", SERVER_LIMIT.as_secs());
            vec![Finding::failed(DATABASE, seen, advice)]
        }
    }
}
