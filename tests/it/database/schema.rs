//! One schema, in the words of two engines; and migrations that are killed.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs,
    time::Duration,
};

use gatherly::{
    base::{
        clock::Clock,
        finding::Level,
        secret::{Secret, sha256_hex},
    },
    config::Config,
    db::{Columns, Db, checkup, statement},
};
use tokio::time::sleep;

use crate::{
    support::{Installation, mariadb},
    tidy::source::root,
};

/// Tables and columns of `SQLite`, and whether they may be null; what makes up
/// its full-text index is no table of ours.
const SQLITE_COLUMNS: &str = "
    select m.name || '.' || c.name || case when c.\"notnull\" or c.pk then '' else '?' end as what
    from sqlite_master m join pragma_table_xinfo(m.name) c
    where m.type = 'table' and m.name not like '%\\_search%' escape '\\'
      and m.name not like 'sqlite\\_%' escape '\\' and m.name <> '_sqlx_migrations'";
/// The same of `MySQL`, which has a table to take turns, and columns for what
/// `SQLite` has indexes for.
const MYSQL_COLUMNS: &str = "
    select concat(table_name, '.', column_name, if(is_nullable = 'YES', '?', '')) as what
    from information_schema.columns
    where table_schema = database() and table_name not in ('write_turns', '_sqlx_migrations')
      and column_name not in ('words', 'live_file')";
const SQLITE_UNIQUES: &str = "
    select m.name || '(' || (select group_concat(c.name, ', ') from
        (select name from pragma_index_info(i.name) order by seqno) c) || ')' as what
    from sqlite_master m join pragma_index_list(m.name) i
    where m.type = 'table' and i.\"unique\" and m.name <> '_sqlx_migrations'
      and m.name not like '%\\_search%' escape '\\'
    union
    select m.name || '(' || c.name || ')' from sqlite_master m join pragma_table_info(m.name) c
    where m.type = 'table' and c.pk = 1 and m.name not like '%\\_search%' escape '\\'
      and m.name not like 'sqlite\\_%' escape '\\' and m.name <> '_sqlx_migrations'
      and (select count(*) from pragma_table_info(m.name) x where x.pk > 0) = 1";
const MYSQL_UNIQUES: &str = "
    select concat(table_name, '(', group_concat(if(column_name = 'live_file', 'file', column_name)
                  order by seq_in_index separator ', '), ')') as what
    from information_schema.statistics
    where table_schema = database() and non_unique = 0
      and table_name not in ('write_turns', '_sqlx_migrations')
    group by table_name, index_name";

async fn found(db: &Db, sql: &'static str) -> BTreeSet<String> {
    let rows = db.all(statement(sql)).await.unwrap();
    rows.iter().map(|row| row.value("what").unwrap()).collect()
}

fn config(url: String, installation: &Installation) -> Config {
    let mut config = Config::defaults().unwrap();
    config.data_dir = installation.path("");
    config.database.url = Secret::new(url);
    config
}

async fn open(url: String, installation: &Installation) -> Db {
    Db::open(&config(url, installation)).await.unwrap()
}

/// What both have in common, of a database of `MySQL`.
async fn mysql_schema(url: String, installation: &Installation) -> [BTreeSet<String>; 2] {
    let db = open(url, installation).await;
    let schema = [found(&db, MYSQL_COLUMNS).await, found(&db, MYSQL_UNIQUES).await];
    db.close().await;
    schema
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_have_the_same_schema() {
    let installation = Installation::new("");
    let sqlite = open(String::new(), &installation).await;
    let [columns, uniques] =
        mysql_schema(mariadb::database("same_schema").await, &installation).await;
    let sqlite = [found(&sqlite, SQLITE_COLUMNS).await, found(&sqlite, SQLITE_UNIQUES).await];
    for (ours, theirs) in sqlite.iter().zip([&columns, &uniques]) {
        let only_sqlite: Vec<_> = ours.difference(theirs).collect();
        let only_mysql: Vec<_> = theirs.difference(ours).collect();
        assert!(only_sqlite.is_empty() && only_mysql.is_empty(), "{only_sqlite:?} {only_mysql:?}");
    }
    mariadb::forget("same_schema".to_owned());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_was_killed_goes_on() {
    let installation = Installation::new("");
    let (whole, killed) = ("whole_schema", "killed_schema");
    let expected = mysql_schema(mariadb::database(whole).await, &installation).await;
    let url = mariadb::database(killed).await;
    let migrate = || {
        let mut command = installation.command(&["migrate"]);
        command.env("GATHERLY_DATABASE__URL", &url).kill_on_drop(true);
        command
    };
    for tenths in 0..10 {
        let mut child = migrate().spawn().unwrap();
        sleep(Duration::from_millis(30 + tenths * 30)).await;
        child.kill().await.unwrap();
    }
    // Two at once: one does it, the other waits.
    let (one, other) = tokio::join!(migrate().output(), migrate().output());
    for output in [one.unwrap(), other.unwrap()] {
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(mysql_schema(url.clone(), &installation).await, expected);
    for name in [whole, killed] {
        mariadb::forget(name.to_owned());
    }
}

/// As migrations of the future would: one that this program can work with, and one
/// that takes away what it asks for.
const LATER: &str = "
    insert into _sqlx_migrations (version, description, success, checksum, execution_time)
    values (9999, 'later', true, '', 0)";
const LATER_ONLY: &str = "update schema_compat set migration = 9999";

#[tokio::test(flavor = "multi_thread")]
async fn a_program_works_with_the_database_of_a_newer_one_if_it_can() {
    let installation = Installation::new("");
    let newer = "newer_schema";
    for url in [String::new(), mariadb::database(newer).await] {
        for (later, is_refused) in [(LATER, false), (LATER_ONLY, true)] {
            let db = open(url.clone(), &installation).await;
            let mut tx = db.begin().await.unwrap();
            tx.execute_one(statement(later)).await.unwrap();
            tx.commit().await.unwrap();
            db.close().await;
            let config = config(url.clone(), &installation);
            let findings = checkup(&config, &Clock::system()).await;
            let told = findings.iter().find(|finding| finding.seen.contains("migration 9999"));
            assert_eq!(told.unwrap().level == Level::Failed, is_refused, "{told:?}");
            match Db::open(&config).await {
                Ok(db) => {
                    assert!(!is_refused);
                    db.close().await;
                }
                Err(error) => {
                    let cause = error.source().unwrap().to_string();
                    assert!(is_refused && cause.contains("migration 9999"), "{cause}");
                }
            }
        }
    }
    mariadb::forget(newer.to_owned());
}

/// Of every migration, as `sha256sum` writes them.
const SUMS: &str = "migrations/SHA256SUMS";

/// What stands in somebody's database is not to be another afterwards: a file that is
/// there stays as it is, and what changes is a new one, for both engines.
#[test]
fn migrations_are_never_changed() {
    let sums = fs::read_to_string(root().join(SUMS)).unwrap();
    let mut files = BTreeMap::new();
    for engine in ["mysql", "sqlite"] {
        for file in fs::read_dir(root().join("migrations").join(engine)).unwrap() {
            let path = file.unwrap().path();
            let name = format!("{engine}/{}", path.file_name().unwrap().to_string_lossy());
            files.insert(name, sha256_hex(&fs::read(path).unwrap()));
        }
    }
    let found: String = files.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
    assert_eq!(found, sums, "a new migration is a new line: cd migrations && sha256sum */*.sql");
    let names = |engine: &str| -> Vec<String> {
        files.keys().filter_map(|name| Some(name.strip_prefix(engine)?.to_owned())).collect()
    };
    assert_eq!(names("mysql/"), names("sqlite/"));
}
