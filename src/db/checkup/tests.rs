use super::mysql::{Variables, cluster, durability, settings, version_of};
use crate::{
    base::finding::{Finding, Level},
    db::migrations::{Applied, compared, sqlite},
};

fn said(pairs: &[(&str, &str)]) -> Variables {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn levels(findings: &[Finding]) -> Vec<Level> {
    findings.iter().map(|finding| finding.level).collect()
}

#[test]
fn old_servers_are_told() {
    for (version, level) in [
        ("10.11.6-MariaDB-0+deb12u1", Level::Ok),
        ("10.6.0-MariaDB", Level::Ok),
        ("10.5.9-MariaDB", Level::Failed),
        ("8.0.36", Level::Ok),
        ("8.0.20", Level::Failed),
        ("8.4.2-cloud", Level::Ok),
        ("5.7.44-log", Level::Failed),
    ] {
        assert_eq!(version_of(version).level, level, "{version}");
    }
}

#[test]
fn what_a_power_cut_may_take_is_told() {
    let kept = said(&[("innodb_flush_log_at_trx_commit", "1"), ("log_bin", "OFF")]);
    assert_eq!(levels(&durability(&kept)), [Level::Ok]);
    for value in ["0", "2"] {
        let lost = said(&[("innodb_flush_log_at_trx_commit", value)]);
        let finding = durability(&lost).remove(0);
        assert_eq!(finding.level, Level::Warning);
        assert!(finding.advice.contains("innodb_flush_log_at_trx_commit = 1"), "{finding}");
    }
    let mut logged =
        vec![("innodb_flush_log_at_trx_commit", "1"), ("log_bin", "ON"), ("sync_binlog", "0")];
    assert_eq!(levels(&durability(&said(&logged))), [Level::Ok, Level::Warning]);
    logged[2].1 = "1";
    assert_eq!(levels(&durability(&said(&logged))), [Level::Ok, Level::Ok]);
    let replica = said(&[("read_only", "ON")]);
    assert_eq!(levels(&durability(&replica)), [Level::Failed]);
}

#[test]
fn what_does_not_fit_is_told() {
    let mut good = said(&[
        ("tx_isolation", "READ-COMMITTED"),
        ("sql_mode", "PIPES_AS_CONCAT,STRICT_ALL_TABLES"),
        ("character_set_connection", "utf8mb4"),
        ("max_allowed_packet", "67108864"),
        ("default_storage_engine", "InnoDB"),
    ]);
    assert_eq!(levels(&settings(&good, 32)), [Level::Ok; 4]);
    good.insert("max_allowed_packet".into(), "16777216".into());
    let finding = settings(&good, 32).remove(3);
    assert_eq!(finding.level, Level::Warning);
    assert!(finding.advice.contains("max_allowed_packet = 33M"), "{finding}");
    good.insert("transaction_isolation".into(), "REPEATABLE-READ".into());
    assert_eq!(settings(&good, 8)[0].level, Level::Failed);
    good.insert("sql_mode".into(), String::new());
    assert_eq!(settings(&good, 8)[1].level, Level::Failed);
    good.insert("character_set_connection".into(), "latin1".into());
    assert_eq!(settings(&good, 8)[2].level, Level::Failed);
}

#[test]
fn a_node_outside_of_the_majority_is_told() {
    assert!(cluster(&said(&[("wsrep_on", "OFF")])).is_empty());
    let mut node = said(&[
        ("wsrep_on", "ON"),
        ("wsrep_ready", "ON"),
        ("wsrep_cluster_status", "Primary"),
        ("wsrep_cluster_size", "3"),
        ("wsrep_sync_wait", "1"),
    ]);
    assert_eq!(levels(&cluster(&node)), [Level::Ok, Level::Ok]);
    node.insert("wsrep_sync_wait".into(), "0".into());
    assert_eq!(levels(&cluster(&node)), [Level::Ok, Level::Warning]);
    node.insert("wsrep_cluster_status".into(), "non-Primary".into());
    assert_eq!(levels(&cluster(&node)), [Level::Failed, Level::Warning]);
}

#[test]
fn a_schema_of_another_program_is_told() {
    let row = |migration: &sqlx::migrate::Migration| -> Applied {
        (migration.version, migration.checksum.to_vec(), true)
    };
    let mut applied: Vec<Applied> = sqlite().iter().map(row).collect();
    let told = |applied: &[Applied]| compared("schema", (applied, None), &sqlite());
    assert_eq!(told(&applied).level, Level::Ok);
    assert!(told(&[]).seen.contains("no tables yet"));
    assert_eq!(told(&applied[..3]).level, Level::Warning);
    applied[2].2 = false;
    assert!(told(&applied).seen.contains("broke off"));
    applied[2].1[0] ^= 1;
    applied[2].2 = true;
    assert!(told(&applied).seen.contains("is another than"));
    let newer = [(99, Vec::new(), true)];
    assert_eq!(told(&newer).level, Level::Failed);
    let told = |since| compared("schema", (&newer[..], Some(since)), &sqlite()).level;
    assert_eq!((told(21), told(99)), (Level::Warning, Level::Failed));
}
