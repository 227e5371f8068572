//! A server of `MySQL` or `MariaDB`: what it says of itself, and what follows.

use std::collections::HashMap;

use sqlx::{
    ConnectOptions, Connection, Executor, MySqlConnection, Row as _, mysql::MySqlDatabaseError,
};
use tokio::time::Instant;

use super::{CLOCK, CLUSTER, DATABASE, DURABILITY, SCHEMA, SETTINGS};
use crate::{
    base::{
        clock::{Clock, Timestamp},
        finding::{Finding, clocks},
        secret::Secret,
    },
    config,
    db::{
        Error, migrations,
        mysql::{SESSION, options},
    },
};

/// As they are in a session of ours, and the server's own where there is only one.
const VARIABLES: &str = "
    show variables where variable_name in (
        'version', 'innodb_flush_log_at_trx_commit', 'log_bin', 'sync_binlog', 'read_only',
        'transaction_isolation', 'tx_isolation', 'sql_mode', 'max_allowed_packet',
        'character_set_connection', 'wsrep_on', 'wsrep_sync_wait', 'default_storage_engine')";
const STATUS: &str = "
    show status where variable_name in
        ('wsrep_cluster_status', 'wsrep_cluster_size', 'wsrep_ready')";
const NOW: &str = "select cast(unix_timestamp(sysdate(6)) * 1000 as signed)";
/// The table of migrations is not there.
const NO_TABLE: u16 = 1146;
/// What else is in a statement that stores a component.
const BESIDE_COMPONENT_MIB: u64 = 1;
/// Oldest versions whose words the statements are in.
const MARIADB_MIN: [u32; 3] = [10, 6, 0];
const MYSQL_MIN: [u32; 3] = [8, 0, 21];

/// What a server says of itself, by name.
pub(super) type Variables = HashMap<String, String>;

pub(super) async fn look(
    url: &Secret<String>,
    plugins: &config::Plugins,
    clock: &Clock,
) -> Result<Vec<Finding>, Error> {
    let mut connection = options(url)?.connect().await?;
    let begun = Instant::now();
    connection.ping().await?;
    let round = begun.elapsed();
    connection.execute(SESSION).await?;
    let mut said = named(&mut connection, VARIABLES).await?;
    said.extend(named(&mut connection, STATUS).await?);
    let version = said.get("version").map_or("", String::as_str);
    let mut findings = vec![version_of(version)];
    findings.push(Finding::ok(DATABASE, format!("answers in {} ms", round.as_millis())));
    findings.extend(durability(&said));
    findings.extend(settings(&said, u64::from(plugins.component_mib)));
    findings.extend(cluster(&said));
    let asked = clock.now();
    let theirs: i64 = sqlx::query_scalar(NOW).fetch_one(&mut connection).await?;
    findings.push(clocks(CLOCK, Timestamp(theirs), (asked, clock.now())));
    findings.push(schema(&mut connection).await?);
    connection.close().await?;
    Ok(findings)
}

async fn named(connection: &mut MySqlConnection, sql: &'static str) -> Result<Variables, Error> {
    let rows = connection.fetch_all(sql).await?;
    let pair = |row: &sqlx::mysql::MySqlRow| {
        let (name, value): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        Ok((name.to_ascii_lowercase(), value))
    };
    Ok(rows.iter().map(pair).collect::<Result<_, sqlx::Error>>()?)
}

async fn schema(connection: &mut MySqlConnection) -> Result<Finding, Error> {
    let applied = match sqlx::query_as(migrations::APPLIED).fetch_all(&mut *connection).await {
        Err(sqlx::Error::Database(error))
            if error
                .try_downcast_ref::<MySqlDatabaseError>()
                .is_some_and(|error| error.number() == NO_TABLE) =>
        {
            Vec::new()
        }
        applied => applied?,
    };
    let since = sqlx::query_scalar(migrations::COMPATIBLE).fetch_optional(connection).await;
    let there = (&applied[..], since.ok().flatten());
    Ok(migrations::compared(SCHEMA, there, &migrations::mysql()))
}

/// `10.11.6-MariaDB-...`, or `8.0.36`.
pub(super) fn version_of(version: &str) -> Finding {
    let is_mariadb = version.contains("MariaDB");
    let mut numbers = version.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    let found = [(); 3].map(|()| numbers.next().unwrap_or(0));
    let least = if is_mariadb { MARIADB_MIN } else { MYSQL_MIN };
    let name = if is_mariadb { "MariaDB" } else { "MySQL" };
    let seen = format!("{name}, version {version}");
    if found < least {
        let advice =
            format!("run {name} {} or newer", least.map(|number| number.to_string()).join("."));
        return Finding::failed(DATABASE, seen, advice);
    }
    Finding::ok(DATABASE, seen)
}

/// Whether a commit is kept when the power is cut.
pub(super) fn durability(said: &Variables) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lost = "a power cut may take back what people were told is stored";
    let value = |name: &str| said.get(name);
    match value("innodb_flush_log_at_trx_commit").map(String::as_str) {
        Some("1") => {
            findings.push(Finding::ok(DURABILITY, "innodb_flush_log_at_trx_commit = 1"));
        }
        Some(other) => findings.push(Finding::warning(
            DURABILITY,
            format!("innodb_flush_log_at_trx_commit = {other}: {lost}"),
            "set innodb_flush_log_at_trx_commit = 1 at the server",
        )),
        None => {}
    }
    if is_on(value("log_bin")) {
        findings.push(match value("sync_binlog").map(String::as_str) {
            Some("1") => Finding::ok(DURABILITY, "sync_binlog = 1"),
            other => Finding::warning(
                DURABILITY,
                format!(
                    "sync_binlog = {}: {lost}, or part it from its replicas",
                    other.unwrap_or("?")
                ),
                "set sync_binlog = 1 at the server",
            ),
        });
    }
    if is_on(value("read_only")) {
        let advice = "name the primary in database.url";
        findings.push(Finding::failed(DATABASE, "read_only = ON: this is a replica", advice));
    }
    findings
}

/// Whether the server takes what this program sends, in the way that it means.
pub(super) fn settings(said: &Variables, component_mib: u64) -> Vec<Finding> {
    let value = |name: &str| said.get(name).map_or("", String::as_str);
    let mut findings = Vec::new();
    let ours = "it does not take what sessions of this program set: something between changes \
                it; connect to the server itself";
    let mut session = |is_so: bool, seen: String| {
        findings.push(if is_so {
            Finding::ok(SETTINGS, seen)
        } else {
            Finding::failed(SETTINGS, seen, ours)
        });
    };
    let isolation = match value("transaction_isolation") {
        "" => value("tx_isolation"),
        isolation => isolation,
    };
    session(isolation == "READ-COMMITTED", format!("transaction isolation {isolation}"));
    let mode = value("sql_mode");
    session(mode.contains("STRICT_ALL_TABLES"), format!("sql_mode {mode}"));
    let set = value("character_set_connection");
    session(set == "utf8mb4", format!("character set {set}"));
    let needed = (component_mib + BESIDE_COMPONENT_MIB) << 20;
    let packet = value("max_allowed_packet").parse::<u64>().unwrap_or(0);
    let seen = format!("max_allowed_packet = {} MiB", packet >> 20);
    findings.push(if packet >= needed {
        Finding::ok(SETTINGS, seen)
    } else {
        Finding::warning(
            SETTINGS,
            format!("{seen}: larger plugins cannot be stored"),
            format!(
                "set max_allowed_packet = {}M at the server, or a smaller plugins.component_mib",
                needed >> 20
            ),
        )
    });
    let engine = value("default_storage_engine");
    if !engine.is_empty() && !engine.eq_ignore_ascii_case("innodb") {
        let seen = format!("default_storage_engine = {engine}");
        findings.push(Finding::warning(SETTINGS, seen, "leave it at InnoDB"));
    }
    findings
}

/// Whether a node of Galera is one that may be asked.
pub(super) fn cluster(said: &Variables) -> Vec<Finding> {
    let value = |name: &str| said.get(name);
    if !is_on(value("wsrep_on")) {
        return Vec::new();
    }
    let status = value("wsrep_cluster_status").map_or("unknown", String::as_str);
    let size = value("wsrep_cluster_size").map_or("?", String::as_str);
    let seen = format!("Galera, {size} nodes, {status}");
    let mut findings = vec![if status == "Primary" && is_on(value("wsrep_ready")) {
        Finding::ok(CLUSTER, seen)
    } else {
        let advice = "this node is not part of the majority: join it again, or name another";
        Finding::failed(CLUSTER, seen, advice)
    }];
    // The first bit: reads wait for what other nodes have committed.
    let wait = value("wsrep_sync_wait").and_then(|bits| bits.parse::<u32>().ok()).unwrap_or(0);
    let seen = format!("wsrep_sync_wait = {wait}");
    findings.push(if wait & 1 == 1 {
        Finding::ok(CLUSTER, seen)
    } else {
        Finding::warning(
            CLUSTER,
            format!("{seen}: servers on other nodes may not see yet what was just stored"),
            "set wsrep_sync_wait = 1, or let all servers use one node",
        )
    });
    findings
}

fn is_on(value: Option<&String>) -> bool {
    value.is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("on"))
}
