//! Databases that programs of the past left, with what people had written in them, are
//! brought up to date: nothing is lost, and they are like new ones afterwards.
//!
//! `fixtures/databases` has them by the migration that they were at. In each the demo
//! had been at work, and people after it; the bytes of its component are left out.

use std::{
    collections::BTreeMap,
    fs,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use gatherly::db::Db;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::bare::{ACCOUNT, Bare, ID};
use crate::{
    campaigns::times,
    crash::checks,
    support::{Installation, mariadb, wait_for},
    tidy::source::root,
};

/// Rows of each large table: every day, and in a campaign.
const LARGE: (usize, usize) = (2_000, 1_000_000);
/// How long an upgrade of such tables may take, and how long it may keep one who writes
/// waiting, in a campaign.
const UPGRADED_WITHIN: Duration = Duration::from_mins(1);
const WAITED_WITHIN: Duration = Duration::from_secs(1);

/// How those of the embedded engine are called.
const SQLITE: &str = ".sqlite";

/// What a program left, in a file.
pub fn unpacked(name: &str) -> Vec<u8> {
    let path = root().join(format!("tests/it/fixtures/databases/{name}.gz"));
    let gzip = Command::new("gzip").arg("-dc").arg(&path).output().unwrap();
    assert!(gzip.status.success(), "{}: {gzip:?}", path.display());
    gzip.stdout
}

/// An installation whose database is as a program left it; on a server it has this name.
pub async fn left(name: &str, database: &str) -> Installation {
    if name.ends_with(SQLITE) {
        let installation = Installation::on("", "");
        fs::create_dir_all(installation.data_dir()).unwrap();
        fs::write(installation.config().database_file(), unpacked(name)).unwrap();
        return installation;
    }
    let installation = Installation::on(&mariadb::database(database).await, "");
    let mut bare = Bare::of(&installation).await;
    bare.run(String::from_utf8(unpacked(name)).unwrap()).await;
    bare.close().await;
    installation
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
    let installation = left(name, "upgraded_schema").await;
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
    // Its texts are indexed again in the background.
    wait_for("the old text is found", async || {
        let found = newcomer.get("/search?query=quetzalcoatl").await.expect(200);
        found["items"][0]["title"] == "An older title"
    })
    .await;
    let posts = newcomer.get("/posts").await.expect(200);
    let id = posts["items"][0]["id"].as_str().unwrap();
    newcomer.get(&format!("/posts/{id}")).await.expect(200);
    // In one of the databases a ban from the site freezes the profile, and nothing else.
    let preferences = json!({"muted": ["mention"], "utc_offset": 60});
    newcomer.put("/me/notification-preferences", preferences).await.expect(200);
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
    for database in ["fresh_schema", "upgraded_schema"] {
        mariadb::forget(database.to_owned());
    }
}

/// What makes a row of a table another one than that which it is a copy of.
const COPIED: &[(&str, &[(&str, &str)])] = &[
    ("accounts", ACCOUNT),
    ("sessions", &[("id", ID)]),
    ("notifications", &[("id", ID), ("cause_id", ID), ("position", "null")]),
];
const USE_SESSION: &str = "
    update sessions set used_at = used_at + 1
    where account_id = (select id from accounts where username_key = 'newcomer')";

/// Upgrades what has large tables while somebody writes: what it took, and the longest
/// that the one who wrote had to wait.
async fn upgrade(name: &str, rows: usize) -> (Duration, Duration) {
    let installation = left(name, "large_schema").await;
    let mut bare = Bare::of(&installation).await;
    for (table, others) in COPIED {
        bare.fill(table, others, rows).await;
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
        assert!(bare.rows(table, &columns).await.len() >= rows, "{table}");
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
            assert!(waited < WAITED_WITHIN || name.ends_with(SQLITE), "{waited:?}");
        }
    }
    mariadb::forget("large_schema".to_owned());
}
