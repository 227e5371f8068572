//! How many rows a server of `MariaDB` looks at for the reads that every visit makes, of
//! tables that have grown: as many as for small ones.

use gatherly::{base::secret::Secret, config::Config, db::Db};
use serde_json::json;

use super::{
    bare::{ACCOUNT, Bare, ID, NAME},
    upgrades::unpacked,
};
use crate::support::{Person, TestApp, forum, mariadb::MariaDb};

/// Rows of each table that grows.
const ROWS: usize = 20_000;
/// What is looked at for a page of twenty, with all that is shown beside each.
const LOOKED_AT: u64 = 300;
/// Other work of the server looks at some more: it was quiet in one of so many tries.
const TRIES: usize = 5;
/// Copies of what people and plugins had written. What refers to each other is copied by
/// the same rule.
const COPIED: &[(&str, &[(&str, &str)])] = &[
    ("accounts", ACCOUNT),
    ("sessions", &[("id", ID)]),
    ("communities", &[("id", ID), ("slug", NAME)]),
    ("posts", &[("search_id", "null"), ("id", ID), ("hot", RANDOM), ("score", RANDOM)]),
    ("comments", &[("search_id", "null"), ("id", ID), ("path", ID), ("score", RANDOM)]),
    ("votes", &[("content_id", ID)]),
    ("notifications", &[("id", ID), ("cause_id", ID), ("position", RANDOM), ("read_at", "1")]),
    ("media", &[("id", ID)]),
    ("hook_events", &[("number", "null"), ("id", "unhex(md5(concat(id, ROUND)))")]),
    ("decisions", &[("event_id", "unhex(md5(concat(event_id, ROUND)))"), ("id", ID)]),
    ("review_items", &[("id", ID)]),
    ("mod_actions", &[("id", ID)]),
    ("warnings", &[("id", ID)]),
    ("bans", &[("id", ID), ("scope_id", ID)]),
    ("appeals", &[("id", ID), ("subject_id", ID)]),
    ("replays", &[("id", ID)]),
    ("undos", &[("id", ID)]),
];
const RANDOM: &str = "conv(hex(random_bytes(7)), 16, 10)";
const COUNTED: &str = "
    select cast(cast(sum(variable_value) as unsigned) as char) from information_schema.global_status
    where variable_name like 'Handler_read%'";

/// A post under which much was written.
const THREAD: &str = "
    select lower(hex(post_id)) from comments group by post_id order by count(*) desc limit 1";

/// What everybody reads, and who looks after the site.
const OF_MEMBERS: &[&str] = &[
    "/posts?author=host&sort=new",
    "/search?query=quetzal",
    "/accounts/host",
    "/communities",
    "/me",
    "/me/media",
    "/notifications",
];
const OF_STAFF: &[&str] = &[
    "/accounts",
    "/appeals",
    "/bans",
    "/communities/general/bans",
    "/communities/general/moderators",
    "/decisions",
    "/mod-actions",
    "/mod-actions?account=newcomer",
    "/mod-actions?community=general",
    "/review-items",
    "/review-items?community=general",
];

/// The plugin's bytes are left out, and time stands still for what is to be done later.
const AT_REST: &str = "update plugin_binding_revisions set mode = 'off';
    delete from jobs; delete from webhook_deliveries; delete from webhooks";

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

    async fn are_few(&mut self, person: &Person, path: &str) {
        let least = self.least(async || person.get(path).await.expect(200)).await;
        assert!(least <= LOOKED_AT, "{path}: {least} rows");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn few_rows_are_looked_at_however_many_there_are() {
    let server = MariaDb::start();
    let url = server.database("grown").await;
    let mut bare = Bare::at(&url).await;
    bare.run(String::from_utf8(unpacked("0017.mysql")).unwrap()).await;
    bare.run(AT_REST.to_owned()).await;
    for (table, others) in COPIED {
        bare.fill(table, others, ROWS).await;
        bare.run(format!("analyze table {table}")).await;
    }
    let mut config = Config::defaults().unwrap();
    config.database.url = Secret::new(url.clone());
    Db::open(&config).await.unwrap().close().await;
    // Nothing is indexed again while rows are counted.
    for table in ["posts", "comments"] {
        bare.run(format!("update {table} set terms_version = 1")).await;
    }
    let app = TestApp::start_with(|config| config.database.url = Secret::new(url.clone())).await;
    let (ada, boss) = (app.member("ada").await, app.admin("boss").await);
    let thread = format!("/posts/{}", bare.all(THREAD.to_owned()).await.concat());
    forum::post(&app, &ada, "A quetzal").await;
    app.settled().await;
    let mut counts = Counts(bare);

    for sort in ["hot", "new", "top"] {
        for of in ["", "&community=general"] {
            counts.are_few(&ada, &format!("/posts?sort={sort}{of}")).await;
        }
    }
    for sort in ["thread", "new", "top"] {
        counts.are_few(&ada, &format!("{thread}/comments?sort={sort}")).await;
    }
    counts.are_few(&ada, &thread).await;
    for path in OF_MEMBERS {
        counts.are_few(&ada, path).await;
    }
    for path in OF_STAFF {
        counts.are_few(&boss, path).await;
    }
    let mut votes = [1, -1].iter().cycle();
    let vote = async || {
        let vote = json!({"value": votes.next()});
        ada.put(&format!("{thread}/vote"), vote).await.expect(200);
    };
    let least = counts.least(vote).await;
    assert!(least <= LOOKED_AT, "a vote: {least} rows");
    let comment = async || {
        let comment = json!({"body": "Fine."});
        ada.post(&format!("{thread}/comments"), comment).await.expect(201);
        app.settled().await;
    };
    let least = counts.least(comment).await;
    assert!(least <= LOOKED_AT, "a comment and its jobs: {least} rows");
}
