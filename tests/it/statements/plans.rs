//! How `MariaDB` goes about what every visit asks, in a forum that looks large to it.

use std::collections::BTreeMap;

use gatherly::base::secret::Secret;
use rustix::process::Signal;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, Row, mysql::MySqlRow};

use super::Forum;
use crate::support::{TestApp, mariadb::MariaDb, wait_for};

const NAME: &str = "plans";
/// Tables look this large, but for one that is small in every forum, and every key as
/// good as it can be: what is gone through whole all the same has no key to go by.
const LARGE: &[&str] = &[
    "set global innodb_stats_auto_recalc = 0",
    "update mysql.innodb_table_stats set n_rows = 1000000, clustered_index_size = 50000,
         sum_of_other_index_sizes = 50000 where database_name = 'plans'",
    "update mysql.innodb_table_stats set n_rows = 5
     where database_name = 'plans' and table_name = 'communities'",
    "update mysql.innodb_index_stats set stat_value = 1000000
     where database_name = 'plans' and stat_name like 'n_diff%'",
];
const LISTEN: &[&str] = &["set global log_output = 'TABLE'", "set global general_log = 1"];
const HEARD: &str = "
    select distinct convert(l.argument using utf8mb4) as asked from mysql.general_log l
    where l.command_type = 'Execute' and l.argument like 'select%' and l.argument not like '%= ?%'";

/// What is gone through whole, and why it may be. This list may only become shorter.
const SCANS: &[(&str, &str)] = &[
    ("outbox", "one row is enough"),
    ("webhooks", "one row is enough"),
    ("x", "bindings: as many as operators made"),
];

/// What is sorted, by the table that is read first and the key: what one page, one
/// author, one account or one search has. This list may only become shorter.
const SORTS: &[(&str, &str)] = &[
    // At most 1,000 matches of a search.
    ("<derived2>", ""),
    ("<derived3>", ""),
    ("<derived10>", ""),
    ("c", "PRIMARY"),
    ("d", "PRIMARY"),
    ("decisions", "PRIMARY"),
    ("i", "review_items_state"),
    ("k", "comments_terms"),
    ("m", "community_members_account"),
    ("notifications", "notifications_unread"),
    ("o", "reports_once"),
    ("p", "posts_author"),
    ("p", "posts_terms"),
    ("r", "review_items_target"),
    ("sessions", "sessions_account"),
    ("sessions", "sessions_account|sessions_expires"),
];

async fn run(connection: &mut MySqlConnection, statements: &[&'static str]) {
    for statement in statements {
        connection.execute(*statement).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_read_goes_through_a_whole_table() {
    let mut server = MariaDb::start();
    let url = server.database(NAME).await;
    let mut forum = Forum::start_with(|config| {
        config.database.url = Secret::new(url.clone());
    })
    .await;
    for _ in 0..3 {
        forum.grow().await;
    }
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    run(&mut connection, LARGE).await;
    // It reads them when it starts.
    server.signal(Signal::KILL);
    server.restart();
    wait_for("the database to be back", async || {
        forum.app.client.get("/posts").await.status == 200
    })
    .await;
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    run(&mut connection, LISTEN).await;
    for (_, path) in forum.reads() {
        for client in [&forum.app.client, &forum.author.client, &forum.admin.client] {
            client.get(&path).await;
        }
    }
    connection.execute("set global general_log = 0").await.unwrap();
    let asked = sqlx::query(HEARD).fetch_all(&mut connection).await.unwrap();
    assert!(asked.len() > 100, "only {} statements", asked.len());
    let (mut scanned, mut sorted) = (BTreeMap::new(), BTreeMap::new());
    for row in asked {
        let asked: String = row.get("asked");
        let explain = AssertSqlSafe(format!("explain {asked}"));
        for step in connection.fetch_all(explain).await.unwrap() {
            let text = |name: &str| step.get::<Option<String>, _>(name).unwrap_or_default();
            let (table, how) = (text("table"), text("type"));
            if text("Extra").contains("filesort") {
                sorted.insert((table.clone(), text("key")), asked.clone());
            }
            let is_whole = matches!(how.as_str(), "ALL" | "index");
            // What a statement has made itself is as large as the statement makes it.
            if is_whole && !table.starts_with('<') {
                scanned.entry(table).or_insert(asked.clone());
            }
        }
    }
    scanned.retain(|table, _| !SCANS.iter().any(|(allowed, _)| allowed == table));
    assert!(scanned.is_empty(), "{scanned:#?}");
    sorted.retain(|(table, key), _| !SORTS.contains(&(table.as_str(), key.as_str())));
    assert!(sorted.is_empty(), "{sorted:#?}");
}

/// Reads that every visit makes.
const HOT: &[&str] = &[
    "/posts",
    "/posts?sort=new",
    "/posts?sort=top",
    "/posts?community=general",
    "/posts?community=general&sort=new",
    "/posts?community=general&sort=top",
    "/posts?author=ada",
    "/posts?author=ada&sort=new",
    "/posts?author=ada&sort=top",
    "/posts?query=word",
    "/posts?query=word&sort=new",
    "/search?query=word",
    "/search?query=word&kind=comment",
    "/notifications",
];

/// What the server may believe of the tables of a forum: that of one that has just been
/// made, a small one, and a large one.
const BELIEFS: &[&[&str]] = &[
    &[
        "update mysql.innodb_table_stats set n_rows = 0, clustered_index_size = 1,
             sum_of_other_index_sizes = 1 where database_name = 'plans'",
        "update mysql.innodb_index_stats set stat_value = 1 where database_name = 'plans'",
    ],
    &["update mysql.innodb_table_stats set n_rows = 20 where database_name = 'plans'"],
    &[LARGE[1], LARGE[2], LARGE[3]],
];

/// How the server goes about each statement, as it knows the tables now.
async fn hot_plans(connection: &mut MySqlConnection, asked: &[String]) -> Vec<Vec<[String; 3]>> {
    let mut plans = Vec::new();
    for asked in asked {
        let explain = AssertSqlSafe(format!("explain {asked}"));
        let steps = connection.fetch_all(explain).await.unwrap();
        let step = |step: &MySqlRow| {
            ["table", "type", "key"]
                .map(|name| step.get::<Option<String>, _>(name).unwrap_or_default())
        };
        plans.push(steps.iter().map(step).collect());
    }
    plans
}

#[tokio::test(flavor = "multi_thread")]
async fn no_hot_plan_depends_on_statistics() {
    let server = MariaDb::start();
    let url = server.database(NAME).await;
    let mut forum = Forum::start_with(|config| {
        config.database.url = Secret::new(url.clone());
    })
    .await;
    for _ in 0..3 {
        forum.grow().await;
    }
    let posts = forum.app.client.get("/posts?limit=1").await.expect(200);
    let post = format!("/posts/{}", posts["items"][0]["id"].as_str().unwrap());
    let of_post = ["/comments", "/comments?sort=new", "/comments?sort=top"];
    let of_post = of_post.map(|part| format!("{post}{part}"));
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    run(&mut connection, LARGE).await;
    run(&mut connection, LISTEN).await;
    for path in HOT.iter().copied().chain(of_post.iter().map(String::as_str)) {
        forum.author.client.get(path).await;
    }
    connection.execute("set global general_log = 0").await.unwrap();
    let asked = sqlx::query(HEARD).fetch_all(&mut connection).await.unwrap();
    // Polls of the server are not asked for by anybody.
    let asked: Vec<String> = asked
        .iter()
        .map(|row| row.get::<String, _>("asked"))
        .filter(|asked| asked.contains("accounts"))
        .collect();
    assert!(asked.len() >= HOT.len() + of_post.len(), "only {} statements", asked.len());
    let mut expected = None;
    for belief in BELIEFS {
        run(&mut connection, belief).await;
        connection.execute("flush tables").await.unwrap();
        let found = hot_plans(&mut connection, &asked).await;
        let expected = expected.get_or_insert_with(|| found.clone());
        for ((asked, found), expected) in asked.iter().zip(&found).zip(expected.iter()) {
            assert_eq!(found, expected, "{belief:?}\n{asked}");
        }
    }
}

/// How many rows were read by walking an index.
async fn walked(connection: &mut MySqlConnection) -> u64 {
    let row = connection.fetch_one("show global status like 'Handler_read_next'").await.unwrap();
    row.get::<String, _>("Value").parse().unwrap()
}

/// What is absent is of no type that would make a key useless: a comment that answers
/// none looks for none.
#[tokio::test(flavor = "multi_thread")]
async fn a_comment_reads_few_rows_however_long_the_thread_is() {
    const THREAD: u64 = 150;
    let server = MariaDb::start();
    let url = server.database(NAME).await;
    let app = TestApp::start_with(|config| config.database.url = Secret::new(url.clone())).await;
    let ada = app.member("ada").await;
    let post = json!({"community": "general", "title": "A thread", "body": "A word"});
    let post = ada.post("/posts", post).await.expect(201);
    let comments = format!("/posts/{}/comments", post["id"].as_str().unwrap());
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    // Something else may read at the same time: the least is what a comment reads.
    let mut least = u64::MAX;
    for _ in 0..THREAD {
        ada.post(&comments, json!({"body": "A word"})).await.expect(201);
    }
    for _ in 0..5 {
        let before = walked(&mut connection).await;
        ada.post(&comments, json!({"body": "A word"})).await.expect(201);
        least = least.min(walked(&mut connection).await - before);
    }
    assert!(least < THREAD, "{least} rows");
}
