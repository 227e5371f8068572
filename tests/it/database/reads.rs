//! How many rows a server of `MariaDB` looks at for the reads that every visit makes, of
//! tables that have grown: as many as for small ones.

use gatherly::base::secret::Secret;
use serde_json::json;

use super::bare::{Bare, ID, NAME};
use crate::support::{TestApp, forum, mariadb::MariaDb};

/// Rows of each table that grows.
const ROWS: usize = 20_000;
/// What is looked at for a page of twenty, with all that is shown beside each.
const LOOKED_AT: u64 = 300;
/// Other work of the server looks at some more: it was quiet in one of so many tries.
const TRIES: usize = 5;
/// Copies of what was written by hand.
const COPIED: &[(&str, &[(&str, &str)])] = &[
    ("accounts", &[("id", ID), ("username_key", NAME), ("verified_key", "null")]),
    ("sessions", &[("id", ID)]),
    ("posts", &[("search_id", "null"), ("id", ID), ("hot", RANDOM), ("score", RANDOM)]),
    ("comments", &[("search_id", "null"), ("id", ID), ("path", ID), ("score", RANDOM)]),
    ("votes", &[("content_id", ID)]),
    ("notifications", &[("id", ID), ("cause_id", ID), ("position", RANDOM), ("read_at", "1")]),
];
const RANDOM: &str = "conv(hex(random_bytes(7)), 16, 10)";
const COUNTED: &str = "
    select cast(cast(sum(variable_value) as unsigned) as char) from information_schema.global_status
    where variable_name like 'Handler_read%'";

/// How many rows the server has looked at.
struct Counts(Bare);

impl Counts {
    async fn now(&mut self) -> u64 {
        self.0.all(COUNTED.to_owned()).await.concat().parse().unwrap()
    }

    /// For some work, when the server did nothing else.
    async fn least<T>(&mut self, mut work: impl AsyncFnMut() -> T) -> u64 {
        let mut least = u64::MAX;
        for _ in 0..TRIES {
            let before = self.now().await;
            let own = self.now().await - before;
            work().await;
            least = least.min(self.now().await - before - 2 * own);
        }
        least
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hot_reads_look_at_few_rows_however_many_there_are() {
    let server = MariaDb::start();
    let url = server.database("hot_reads").await;
    let app = TestApp::start_with(|config| config.database.url = Secret::new(url.clone())).await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = forum::post(&app, &ada, "A thread").await;
    forum::comment(&app, &bob, &post, "For @ada").await;
    let id = forum::id(&post);
    bob.put(&format!("/posts/{id}/vote"), json!({"value": 1})).await.expect(200);
    app.settled().await;
    let mut bare = Bare::at(&url).await;
    for (table, others) in COPIED {
        bare.fill(table, others, ROWS).await;
        bare.run(format!("analyze table {table}")).await;
    }
    forum::post(&app, &ada, "A quetzal").await;
    app.settled().await;

    let mut counts = Counts(bare);
    let mut paths = vec![format!("/posts/{id}"), "/notifications".into()];
    paths.push("/search?query=quetzal".into());
    for sort in ["hot", "new", "top"] {
        paths.push(format!("/posts?sort={sort}"));
        paths.push(format!("/posts?sort={sort}&community=general"));
    }
    paths.push("/posts?author=ada".into());
    for sort in ["thread", "new", "top"] {
        paths.push(format!("/posts/{id}/comments?sort={sort}"));
    }
    for path in ["/accounts/ada", "/communities", "/me"] {
        paths.push(path.to_owned());
    }
    for path in paths {
        let least = counts.least(async || ada.get(&path).await.expect(200)).await;
        assert!(least <= LOOKED_AT, "{path}: {least} rows");
    }
    let (mut votes, thread) = ([1, -1].iter().cycle(), format!("/posts/{id}"));
    let mut vote = async || {
        let vote = json!({"value": votes.next()});
        ada.put(&format!("{thread}/vote"), vote).await.expect(200);
    };
    let least = counts.least(&mut vote).await;
    assert!(least <= LOOKED_AT, "a vote: {least} rows");
    let comment = async || {
        let comment = json!({"body": "Fine."});
        ada.post(&format!("{thread}/comments"), comment).await.expect(201);
        app.settled().await;
    };
    let least = counts.least(comment).await;
    assert!(least <= LOOKED_AT, "a comment and its jobs: {least} rows");
}
