//! The file of the embedded engine.

use std::path::Path;

use sqlx::{
    ConnectOptions, Connection, SqliteConnection, error::DatabaseError,
    sqlite::SqliteConnectOptions,
};
use tokio::time::timeout;

use super::{DATABASE, DURABILITY, FILE_LIMIT, SCHEMA};
use crate::{
    base::finding::{Finding, reasons},
    config::{Config, Synchronous},
    db::{Error, migrations},
};

/// Most faults of a file that are read; the first is told.
const QUICK_CHECK: &str = "pragma quick_check(1)";

pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let file = config.database_file();
    let mut findings = vec![durability(config.database.synchronous)];
    if !file.exists() {
        let seen = format!("{} is not there yet: the first start makes it", file.display());
        findings.push(Finding::ok(DATABASE, seen));
        return findings;
    }
    let advice = "see that the file belongs to the server's user; where it is damaged, put the \
                  last backup in its place";
    match timeout(FILE_LIMIT, inside(&file)).await {
        Ok(Ok(seen)) => findings.extend(seen),
        Ok(Err(error)) => findings.push(Finding::failed(DATABASE, reasons(&error), advice)),
        Err(_elapsed) => {
            let seen = format!("not looked through in {} s", FILE_LIMIT.as_secs());
            let advice = format!("run sqlite3 {} 'pragma quick_check' at leisure", file.display());
            findings.push(Finding::warning(DATABASE, seen, advice));
        }
    }
    findings
}

fn durability(synchronous: Synchronous) -> Finding {
    match synchronous {
        Synchronous::Full => Finding::ok(DURABILITY, "synchronous = full: survives a power cut"),
        Synchronous::Normal => Finding::warning(
            DURABILITY,
            "synchronous = normal: survives a killed server, but a power cut may take back the \
             last commits, which people were told are stored",
            "set database.synchronous = \"full\", unless they may be lost",
        ),
    }
}

async fn inside(file: &Path) -> Result<Vec<Finding>, Error> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = options.connect().await?;
    let fault: String = sqlx::query_scalar(QUICK_CHECK).fetch_one(&mut connection).await?;
    let shown = file.display();
    let mut findings = vec![if fault == "ok" {
        Finding::ok(DATABASE, format!("{shown} is sound"))
    } else {
        let advice = "stop the server, keep the file, and put the last backup in its place";
        Finding::failed(DATABASE, format!("{shown} is damaged: {fault}"), advice)
    }];
    findings.push(journal(&mut connection).await?);
    let applied = sqlx::query_as(migrations::APPLIED).fetch_all(&mut connection).await;
    let applied = match applied {
        // No table of them: nothing was applied.
        Err(sqlx::Error::Database(error)) if is_no_table(error.as_ref()) => Vec::new(),
        applied => applied?,
    };
    let since = sqlx::query_scalar(migrations::COMPATIBLE).fetch_optional(&mut connection).await;
    let there = (&applied[..], since.ok().flatten());
    findings.push(migrations::compared(SCHEMA, there, &migrations::sqlite()));
    connection.close().await?;
    Ok(findings)
}

async fn journal(connection: &mut SqliteConnection) -> Result<Finding, Error> {
    let mode: String = sqlx::query_scalar("pragma journal_mode").fetch_one(connection).await?;
    Ok(match mode.as_str() {
        "wal" => Finding::ok(DURABILITY, "journal mode wal"),
        mode => Finding::warning(
            DURABILITY,
            format!("journal mode {mode}"),
            "start the server, which makes it wal; where it stays so, the file is on a network's \
             file system: put it on a disk of this machine",
        ),
    })
}

fn is_no_table(error: &dyn DatabaseError) -> bool {
    error.message().starts_with("no such table")
}
