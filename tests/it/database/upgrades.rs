//! Databases that programs of the past left, with what people had written in them, are
//! brought up to date: nothing is lost, and they are like new ones afterwards.
//!
//! `fixtures/databases` has them by the migration that they were at. In each the demo
//! had been at work, and people after it; the bytes of its component are left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use gatherly::db::Db;
use serde_json::json;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, MySqlConnection, Row, SqliteConnection,
    sqlite::SqliteConnectOptions,
};
use tokio::time::{Instant, sleep};

use crate::{
    campaigns::times,
    crash::checks,
    support::{Installation, mariadb},
    tidy::source::root,
};

/// Rows of each large table: every day, and in a campaign.
const LARGE: (usize, usize) = (2_000, 1_000_000);
/// How long an upgrade of such tables may take, and how long it may keep one who writes
/// waiting, in a campaign.
const UPGRADED_WITHIN: Duration = Duration::from_mins(1);
const WAITED_WITHIN: Duration = Duration::from_secs(1);

/// A database as it stands, without the program.
enum Bare {
    Sqlite(SqliteConnection),
    MySql(MySqlConnection),
}

/// Runs the same with either.
macro_rules! either {
    ($bare:expr, $connection:ident => $what:expr) => {
        match $bare {
            Bare::Sqlite($connection) => $what,
            Bare::MySql($connection) => $what,
        }
    };
}

impl Bare {
    /// Of what an installation has, or is to have.
    async fn of(installation: &Installation) -> Self {
        let config = installation.config();
        match config.database.mysql_url() {
            Some(url) => Self::MySql(MySqlConnection::connect(url.expose()).await.unwrap()),
            None => {
                fs::create_dir_all(installation.data_dir()).unwrap();
                let options = SqliteConnectOptions::new().filename(config.database_file());
                let options = options.busy_timeout(UPGRADED_WITHIN).create_if_missing(true);
                Self::Sqlite(options.connect().await.unwrap())
            }
        }
    }

    async fn run(&mut self, sql: String) {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        either!(self, connection => { connection.execute(sql).await.unwrap(); });
    }

    /// The last column of each row.
    async fn all(&mut self, sql: String) -> Vec<String> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        either!(self, connection => {
            let rows = connection.fetch_all(sql).await.unwrap();
            rows.iter().map(|row| row.get(row.len() - 1)).collect()
        })
    }

    async fn tables(&mut self) -> Vec<String> {
        let sql = match self {
            Self::Sqlite(_) => {
                "select name from sqlite_master where type = 'table' and name not like 'sqlite%'
                     and name not like '%\\_search%' escape '\\' and name <> '_sqlx_migrations'
                 order by name"
            }
            Self::MySql(_) => {
                "select cast(table_name as char) from information_schema.tables
                 where table_schema = database() and table_name <> '_sqlx_migrations'
                 order by table_name"
            }
        };
        self.all(sql.to_owned()).await
    }

    async fn columns(&mut self, table: &str) -> Vec<String> {
        let sql = match self {
            Self::Sqlite(_) => format!("select name from pragma_table_info('{table}')"),
            Self::MySql(_) => format!(
                "select cast(column_name as char) from information_schema.columns
                 where table_schema = database() and table_name = '{table}'
                     and coalesce(generation_expression, '') = '' order by ordinal_position"
            ),
        };
        self.all(sql).await
    }

    /// All that stands in these columns, in no order of its own.
    async fn rows(&mut self, table: &str, columns: &[String]) -> Vec<String> {
        let shown: Vec<_> =
            columns.iter().map(|column| format!("coalesce(hex(`{column}`), '-')")).collect();
        let sql = format!("select concat_ws(' ', {}) from {table}", shown.join(", "));
        let mut rows = self.all(sql).await;
        rows.sort();
        rows
    }

    /// What makes each table, index and trigger, line by line.
    async fn schema(&mut self) -> BTreeSet<(String, String)> {
        let mut schema = BTreeSet::new();
        match self {
            Self::Sqlite(_) => {
                let names = "from sqlite_master where name not like 'sqlite%' order by type, name";
                let made = self.all(format!("select sql {names}")).await;
                let names = self.all(format!("select type || ' ' || name {names}")).await;
                schema.extend(names.into_iter().zip(made));
            }
            Self::MySql(_) => {
                for table in self.tables().await {
                    let made = self.all(format!("show create table {table}")).await;
                    let lines = made.concat();
                    for line in lines.lines() {
                        // How many rows there were is not how it is made.
                        let words = line.trim_end_matches(',').split(' ');
                        let words = words.filter(|word| !word.starts_with("AUTO_INCREMENT="));
                        schema.insert((table.clone(), words.collect::<Vec<_>>().join(" ")));
                    }
                }
            }
        }
        schema
    }

    async fn close(self) {
        either!(self, connection => connection.close().await.unwrap());
    }
}

fn unpacked(name: &str) -> Vec<u8> {
    let path = root().join(format!("tests/it/fixtures/databases/{name}.gz"));
    let gzip = Command::new("gzip").arg("-dc").arg(&path).output().unwrap();
    assert!(gzip.status.success(), "{}: {gzip:?}", path.display());
    gzip.stdout
}

/// An installation whose database is as a program left it.
async fn left(name: &str) -> Installation {
    match name.split_once('.') {
        Some((_, "sqlite")) => {
            let installation = Installation::on("", "");
            fs::create_dir_all(installation.data_dir()).unwrap();
            fs::write(installation.config().database_file(), unpacked(name)).unwrap();
            installation
        }
        _ => {
            let url = mariadb::database(&format!("left_{}", name.replace('.', "_"))).await;
            let installation = Installation::on(&url, "");
            let mut bare = Bare::of(&installation).await;
            bare.run(String::from_utf8(unpacked(name)).unwrap()).await;
            bare.close().await;
            installation
        }
    }
}

/// What stands in every table, by its columns.
async fn contents(bare: &mut Bare) -> BTreeMap<(String, Vec<String>), Vec<String>> {
    let mut contents = BTreeMap::new();
    for table in bare.tables().await {
        let columns = bare.columns(&table).await;
        let rows = bare.rows(&table, &columns).await;
        contents.insert((table, columns), rows);
    }
    contents
}

async fn is_upgraded(name: &str, fresh: &Installation) {
    let installation = left(name).await;
    let mut bare = Bare::of(&installation).await;
    let before = contents(&mut bare).await;
    assert!(before.values().map(Vec::len).sum::<usize>() > 1_000);

    let db = Db::open(&installation.config()).await.unwrap();
    checks::whole(&db).await;
    checks::sound(&db).await;
    db.close().await;

    for ((table, columns), rows) in before {
        let is_kept = bare.rows(&table, &columns).await == rows;
        assert!(is_kept, "{name}: {table} has lost or changed rows");
    }
    let mut fresh = Bare::of(fresh).await;
    let (ours, theirs) = (bare.schema().await, fresh.schema().await);
    let other: Vec<_> = ours.symmetric_difference(&theirs).collect();
    assert!(other.is_empty(), "{name}: {other:?}");
    fresh.close().await;
    bare.close().await;

    // Who was there is known, finds what was written, and goes on.
    let server = installation.serve().await;
    let secret = json!({"username": "newcomer", "password": "a long good password 77"});
    let session = server.client.post("/sessions", secret).await.expect(201);
    let token = session["access_token"].as_str().unwrap();
    let newcomer = server.client.with_token(token);
    let found = newcomer.get("/search?query=quetzalcoatl").await.expect(200);
    assert_eq!(found["items"][0]["title"], "An older title", "{found}");
    let posts = newcomer.get("/posts").await.expect(200);
    let id = posts["items"][0]["id"].as_str().unwrap();
    newcomer.get(&format!("/posts/{id}")).await.expect(200);
    newcomer.patch("/me", json!({"bio": "Still here."})).await.expect(200);
    server.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_of_the_past_left_is_like_new() {
    let fresh = Installation::on("", "");
    fs::create_dir_all(fresh.data_dir()).unwrap();
    Db::open(&fresh.config()).await.unwrap().close().await;
    for name in ["0012.sqlite", "0017.sqlite"] {
        is_upgraded(name, &fresh).await;
    }
    let fresh = Installation::on(&mariadb::database("fresh_schema").await, "");
    Db::open(&fresh.config()).await.unwrap().close().await;
    is_upgraded("0017.mysql", &fresh).await;
}

/// What makes a row of a table another one than that which it is a copy of.
const COPIED: &[(&str, &[(&str, &str)])] = &[
    ("accounts", &[("id", ID), ("username_key", NAME), ("verified_key", "null")]),
    ("sessions", &[("id", ID)]),
    ("notifications", &[("id", ID), ("cause_id", ID), ("position", "null")]),
];
const USE_SESSION: &str = "
    update sessions set used_at = used_at + 1
    where account_id = (select id from accounts where username_key = 'newcomer')";
const ID: &str = "random_bytes(16)";
const NAME: &str = "lower(hex(random_bytes(12)))";

/// Gives a table so many rows: copies of what is there, again and again.
async fn fill(bare: &mut Bare, table: &str, others: &[(&str, &str)], rows: usize) {
    let columns = bare.columns(table).await;
    let is_other = |column: &str| others.iter().find(|(name, _)| *name == column);
    let values: Vec<_> = columns
        .iter()
        .map(|column| is_other(column).map_or(column.as_str(), |(_, value)| *value))
        .collect();
    let (columns, mut values) = (columns.join(", "), values.join(", "));
    if matches!(bare, Bare::Sqlite(_)) {
        values = values.replace("random_bytes", "randomblob");
    }
    loop {
        let there = bare.all(format!("select cast(count(*) as char) from {table}")).await.concat();
        let missing = rows.saturating_sub(there.parse().unwrap());
        if missing == 0 {
            return;
        }
        bare.run(format!(
            "insert into {table} ({columns}) select {values} from {table} limit {missing}"
        ))
        .await;
    }
}

/// Upgrades what has large tables while somebody writes: what it took, and the longest
/// that the one who wrote had to wait.
async fn upgrade(name: &str, rows: usize) -> (Duration, Duration) {
    let installation = left(name).await;
    let mut bare = Bare::of(&installation).await;
    for (table, others) in COPIED {
        fill(&mut bare, table, others, rows).await;
    }
    let is_over = AtomicBool::new(false);
    let write = async {
        let mut longest = Duration::ZERO;
        while !is_over.load(Ordering::Relaxed) {
            let begun = Instant::now();
            bare.run("update accounts set bio = 'Hello' where username_key = 'host'".into()).await;
            bare.run(USE_SESSION.into()).await;
            longest = longest.max(begun.elapsed());
            sleep(Duration::from_millis(1)).await;
        }
        longest
    };
    let migrate = async {
        let begun = Instant::now();
        let mut command = installation.command(&["migrate"]);
        let output = command.output().await.unwrap();
        is_over.store(true, Ordering::Relaxed);
        assert!(output.status.success(), "{output:?}");
        begun.elapsed()
    };
    let (took, waited) = tokio::join!(migrate, write);
    for (table, _) in COPIED {
        let columns = ["id".to_owned()];
        assert_eq!(bare.rows(table, &columns).await.len(), rows, "{table}");
    }
    bare.close().await;
    (took, waited)
}

/// An upgrade of the embedded engine is a restart, during which nobody writes; that of a
/// server comes about under servers that go on.
#[tokio::test(flavor = "multi_thread")]
async fn large_tables_are_upgraded_while_people_write() {
    let rows = times(LARGE);
    for name in ["0012.sqlite", "0017.sqlite", "0017.mysql"] {
        let (took, waited) = upgrade(name, rows).await;
        println!("{name}, {rows} rows a table: {took:?}, waited at most {waited:?}");
        if rows == LARGE.1 {
            assert!(took < UPGRADED_WITHIN, "{took:?}");
            assert!(waited < WAITED_WITHIN || name.ends_with("sqlite"), "{waited:?}");
        }
    }
}
