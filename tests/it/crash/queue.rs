//! What holds of the queue, and of what plugins want done, when the server was
//! killed: nothing that happened is forgotten, and nothing is done twice.

use std::{collections::BTreeSet, time::Duration};

use gatherly::{
    config::Config,
    db::{Columns, Db, statement},
    hooks::{Effect, HookPoint, Notice, Recipient},
};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    effects::wanting,
    support::{Client, Installation},
};

/// What a machine that does other things may need for what the last crash left.
const DRAIN_LIMIT: Duration = Duration::from_mins(1);

/// A text's id as events write it.
macro_rules! told {
    () => {
        "lower(substr(hex(t.id), 1, 8) || '-' || substr(hex(t.id), 9, 4) || '-'
            || substr(hex(t.id), 13, 4) || '-' || substr(hex(t.id), 17, 4) || '-'
            || substr(hex(t.id), 21))"
    };
}

macro_rules! published {
    () => {
        "(select id from posts where state = 'published'
          union all select id from comments where state = 'published') t"
    };
}

/// Texts that the watcher was not told of, and that nobody has in mind to.
const FORGOTTEN: &str = concat!(
    "select count(*) as n from ",
    published!(),
    " where not exists (select 1 from hook_events e
            where e.hook = 'content.after-publish' and e.target_id = t.id)
        and not exists (select 1 from outbox where instr(occurrence, ",
    told!(),
    ") > 0)
        and not exists (select 1 from jobs where kind = 'plugins.tell'
            and state in ('waiting', 'active', 'delayed') and instr(payload, ",
    told!(),
    ") > 0)"
);
/// Texts without the one effect that the watcher wants of each.
const WITHOUT_EFFECT: &str = concat!(
    "select count(*) as n from ",
    published!(),
    " where 1 <> (select count(*) from effects f join hook_events e on e.id = f.event_id
            where f.state = 'applied' and e.target_id = t.id)"
);
/// An effect is its row and what it did: both, or neither.
const HALF_EFFECTS: &str = "
    select abs((select count(*) from effects where state = 'applied')
             - (select count(*) from notifications where kind = 'notice')) as n";
const UNDONE: &str = "
    select (select count(*) from outbox)
         + (select count(*) from jobs where state in ('waiting', 'active', 'delayed')) as n";
const GIVEN_UP: &str = "select count(*) as n from jobs where state in ('failed', 'parked')";

/// Binds a plugin that wants moderators to hear of each text, once.
pub async fn watch(admin: &Client) {
    let notice = Notice { to: Recipient::Moderators, text: "a text".to_owned() };
    let component = wanting(&[HookPoint::ContentAfterPublish], &[Effect::Notify(notice)]);
    let wasm = Some("application/wasm");
    let (path, bytes) = ("/plugins?name=watcher", component.to_vec().into());
    admin.send_bytes(hyper::Method::POST, path, wasm, bytes).await.expect(201);
    let grants = json!({"effects": ["notify"]});
    let binding = json!({"plugin": "watcher", "mode": "enforce", "grants": grants});
    admin.post("/plugin-bindings", binding).await.expect(201);
}

/// What was on its way when the server was killed.
#[derive(Default)]
pub struct Seen {
    outbox: BTreeSet<String>,
    active: BTreeSet<String>,
}

impl Seen {
    /// Looks at what a crash left behind.
    pub async fn look(&mut self, db: &Db) {
        assert_eq!(count(db, FORGOTTEN).await, 0, "texts that nobody will be told of");
        assert_eq!(count(db, HALF_EFFECTS).await, 0, "effects that were done by halves");
        self.outbox.extend(ids(db, "select hex(id) as id from outbox").await);
        self.active.extend(ids(db, "select hex(id) as id from jobs where state = 'active'").await);
    }

    /// Has a server do what the crashes left, and looks at what came of it.
    pub async fn finish(&self, installation: &Installation, config: &Config) {
        assert!(!self.active.is_empty(), "no crash came while something was done");
        let db = Db::open(config).await.unwrap();
        // The time goes by after which others may do what somebody had begun.
        let mut tx = db.begin().await.unwrap();
        let expire = "update jobs set lease_until = 0 where state = 'active'";
        tx.execute(statement(expire)).await.unwrap();
        tx.commit().await.unwrap();
        let server = installation.serve().await;
        let begun = Instant::now();
        while count(&db, UNDONE).await > 0 {
            assert!(begun.elapsed() < DRAIN_LIMIT, "{} are undone", count(&db, UNDONE).await);
            sleep(Duration::from_millis(50)).await;
        }
        server.kill().await;
        let open = ids(
            &db,
            "select hex(id) as id from outbox
             union all select hex(id) from jobs where state <> 'completed'",
        );
        let open = open.await;
        assert!(self.outbox.is_disjoint(&open) && self.active.is_disjoint(&open), "{open:?}");
        for (what, sql) in [
            ("jobs that were given up", GIVEN_UP),
            ("texts without their effect", WITHOUT_EFFECT),
            ("effects that were done by halves", HALF_EFFECTS),
        ] {
            assert_eq!(count(&db, sql).await, 0, "{what}");
        }
        db.close().await;
    }
}

async fn count(db: &Db, sql: &'static str) -> i64 {
    db.optional(statement(sql)).await.unwrap().unwrap().value("n").unwrap()
}

async fn ids(db: &Db, sql: &'static str) -> BTreeSet<String> {
    let rows = db.all(statement(sql)).await.unwrap();
    rows.iter().map(|row| row.value("id").unwrap()).collect()
}
