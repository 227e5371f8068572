//! A transaction that the server takes back for another one's sake: the one who
//! asked is told to come back at once, and then it is done.

use std::{cell::Cell, time::Duration};

use gatherly::base::secret::{Secret, random_bytes};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection};
use tokio::time::Instant;

use crate::support::{TestApp, forum, mariadb, wait_for};

/// More rows than a request changes: of two that block each other, the server
/// takes back the one that has done less.
const WEIGHT: usize = 200;
/// Nothing while somebody has the turn to write.
const TURN: &str = "select turn from write_turns where id = 1 for update skip locked";
/// A turn takes milliseconds: who keeps it for so long waits.
const LONG: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_a_deadlock_is_told_to_come_back_at_once() {
    let name = format!("conflict_{}", hex::encode(random_bytes::<8>().unwrap()));
    let url = mariadb::database(&name).await;
    let app = TestApp::start_with(|config| config.database.url = Secret::new(url.clone())).await;
    let ada = app.member("ada").await;
    let thread = forum::post(&app, &ada, "A thread").await;
    app.settled().await;
    let vote = format!("/posts/{}/vote", forum::id(&thread));

    // Another program on the same database takes locks in another order.
    let mut other = MySqlConnection::connect(&url).await.unwrap();
    other.execute("create table weight (n int primary key) engine = InnoDB").await.unwrap();
    let rows: Vec<String> = (0..WEIGHT).map(|n| format!("({n})")).collect();
    let insert = format!("insert into weight (n) values {}", rows.join(", "));
    other.execute("start transaction").await.unwrap();
    other.execute(AssertSqlSafe(insert)).await.unwrap();
    other.execute("select id from posts for update").await.unwrap();
    let block = async {
        let taken = Cell::new(Instant::now());
        wait_for("the vote waits", async || {
            let mut look = MySqlConnection::connect(&url).await.unwrap();
            if look.fetch_optional(TURN).await.unwrap().is_some() {
                taken.set(Instant::now());
            }
            look.close().await.unwrap();
            taken.get().elapsed() > LONG
        })
        .await;
        // Now each waits for the other.
        other.execute("update write_turns set turn = turn where id = 1").await.unwrap();
        other.execute("rollback").await.unwrap();
    };
    let (reply, ()) = tokio::join!(ada.put(&vote, json!({"value": -1})), block);
    reply.expect_problem(503, "unavailable");
    assert_eq!(reply.headers["retry-after"], "1");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let reply = ada.put(&vote, json!({"value": -1})).await.expect(200);
    assert_eq!(reply["score"], -1);
    mariadb::forget(name);
}
