//! Bans that remove what the account wrote, and taking that back.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use gatherly::{
    db::{Columns, statement},
    jobs::Failure,
};
use serde_json::{Value, json};

use crate::support::{
    Person, TestApp,
    forum::{self, each, id},
    wait_for,
};

const POSTS: usize = 60;
const COMMENTS: usize = 100;

/// A forum where somebody has written much within an hour, and voted.
struct Flood {
    app: TestApp,
    admin: Person,
    ada: Person,
    mallory: Person,
    post: Value,
    posts: Vec<Value>,
}

impl Flood {
    async fn on(app: TestApp, posts: usize, comments: usize) -> Self {
        let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
        let mallory = app.member("mallory").await;
        let post = forum::post(&app, &ada, "Of ada").await;
        let mut flood = Vec::new();
        for number in 0..posts {
            flood.push(forum::post(&app, &mallory, &format!("Spam {number}")).await);
        }
        for number in 0..comments {
            let comment = forum::comment(&app, &mallory, &post, &format!("Spam {number}")).await;
            if number % 10 == 0 {
                let answer = forum::reply(&app, &ada, (&post, &comment), "No.").await;
                let path = format!("/comments/{}/vote", id(&answer));
                mallory.put(&path, json!({"value": -1})).await.expect(200);
            }
        }
        let path = format!("/posts/{}/vote", id(&post));
        mallory.put(&path, json!({"value": 1})).await.expect(200);
        app.settled().await;
        Self { app, admin, ada, mallory, post, posts: flood }
    }

    async fn number(&self, sql: &'static str) -> i64 {
        let row = self.app.app.db.optional(statement(sql)).await.unwrap().unwrap();
        row.value("n").unwrap()
    }

    /// Whether every tally is the number of votes that there are.
    async fn check_tallies(&self) {
        const POSTS: &str = "
            select count(*) as n from posts p where p.ups <>
                (select count(*) from votes v where v.content_id = p.id and v.value = 1)
            or p.downs <> (select count(*) from votes v where v.content_id = p.id and v.value = -1)
            or p.score <> p.ups - p.downs or p.comment_count <>
                (select count(*) from comments k where k.post_id = p.id and k.state = 'published')";
        const COMMENTS: &str = "
            select count(*) as n from comments p where p.ups <>
                (select count(*) from votes v where v.content_id = p.id and v.value = 1)
            or p.downs <> (select count(*) from votes v where v.content_id = p.id and v.value = -1)
            or p.score <> p.ups - p.downs";
        const ACCOUNTS: &str = "
            select count(*) as n from accounts a where a.post_count <>
                (select count(*) from posts p where p.author_id = a.id and p.state = 'published')
            or a.comment_count <>
                (select count(*) from comments k where k.author_id = a.id
                 and k.state = 'published')";
        for sql in [POSTS, COMMENTS, ACCOUNTS] {
            assert_eq!(self.number(sql).await, 0, "{sql}");
        }
    }

    async fn score(&self, name: &str) -> Value {
        self.admin.get(&format!("/accounts/{name}")).await.expect(200)["score"].clone()
    }

    async fn seen(&self) -> usize {
        forum::walk(&self.app.client, "/posts?author=mallory", 50, "id").await.len()
    }

    async fn undo(&self, ban: &Value) -> Value {
        let cause = json!({"ban_id": ban["id"]});
        let begun = self.admin.post("/undos", cause).await.expect(202);
        self.app.settled().await;
        self.admin.get(&format!("/undos/{}?limit=100", id(&begun))).await.expect(200)
    }
}

fn ban(hours: u32) -> Value {
    json!({
        "username": "mallory", "deeds": ["post", "comment", "vote"], "reason": "Spam.",
        "remove_content": {"hours": hours},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_removes_what_was_written_and_one_undo_brings_it_back() {
    let flood = Flood::on(TestApp::start().await, POSTS, COMMENTS).await;
    let (first, second) =
        (format!("/posts/{}", id(&flood.posts[0])), format!("/posts/{}", id(&flood.posts[1])));
    let why = json!({"reason": "alone"});
    flood.admin.post(&format!("{first}/removal"), why.clone()).await.expect(201);
    let score = flood.score("ada").await;
    // The log has what came later first.
    flood.app.advance(Duration::from_millis(1));
    let banned = flood.admin.post("/bans", ban(24)).await.expect(201);
    flood.app.settled().await;
    let path = format!("/bans/{}/content-removal", id(&banned));
    let done = flood.admin.get(&path).await.expect(200);
    assert_eq!((&done["state"], &done["progress"]), (&json!("done"), &json!(100)), "{done}");
    assert_eq!(
        (&done["posts"], &done["comments"], &done["votes"]),
        (&json!(59), &json!(100), &json!(11))
    );
    flood.ada.get(&path).await.expect_problem(404, "not_found");
    assert_eq!(flood.seen().await, 0);
    flood.check_tallies().await;
    assert_eq!(flood.score("ada").await.as_i64().unwrap(), score.as_i64().unwrap() + 9);

    // The author is told once: of the ban, and that it removes what was written.
    let told = flood.mallory.get("/notifications?limit=100").await.expect(200);
    let kinds = each(&told, "kind");
    let count = |kind: &str| kinds.iter().filter(|told| **told == kind).count();
    assert_eq!((count("banned"), count("removed")), (1, 1), "{told}");
    assert!(told.to_string().contains("removed_since"), "{told}");
    // The log names the ban.
    let log = flood.admin.get("/mod-actions?kind=remove&limit=100").await.expect(200);
    let of_ban = each(&log, "ban_id").iter().filter(|ban| **ban == banned["id"]).count();
    assert_eq!(of_ban, 100, "{log}");

    // What a person decides meanwhile stays. Lifting the ban brings nothing back.
    flood.admin.delete(&format!("{second}/removal")).await;
    flood.admin.post(&format!("{second}/removal"), why).await.expect(201);
    flood.admin.delete(&format!("/bans/{}", id(&banned))).await;
    flood.app.settled().await;
    assert_eq!(flood.seen().await, 0);

    let preview = json!({"ban_id": banned["id"], "dry_run": true});
    let preview = flood.admin.post("/undos", preview).await.expect(200);
    let undo = flood.undo(&banned).await;
    let undone = json!([{"kind": "remove", "count": 158}, {"kind": "vote", "count": 11}]);
    for batch in [&preview, &undo] {
        assert_eq!((&batch["undone"], &batch["ban_id"]), (&undone, &banned["id"]), "{batch}");
        assert_eq!(batch["not_undone"], json!({"changed_since": 1}), "{batch}");
    }
    flood.check_tallies().await;
    assert_eq!(flood.score("ada").await, score);
    assert_eq!(flood.seen().await, POSTS - 2);
    for path in [&first, &second] {
        flood.app.client.get(path).await.expect_problem(404, "not_found");
    }
    let again = flood.undo(&banned).await;
    assert_eq!((&again["undone"], &again["total"]), (&json!([]), &json!(1)), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_removes_only_within_its_scope_and_its_time() {
    let flood = Flood::on(TestApp::start().await, 3, 3).await;
    let maud = flood.app.member("maud").await;
    let new = json!({"slug": "bread", "name": "Bread"});
    flood.admin.post("/communities", new).await.expect(201);
    flood.admin.put("/communities/bread/moderators/maud", Value::Null).await.expect(204);
    flood.app.advance(Duration::from_mins(5));
    let post = json!({"community": "bread", "title": "Spam of bread", "body": "Spam."});
    let theirs = flood.mallory.post("/posts", post).await.expect(201);
    let vote = format!("/posts/{}/vote", id(&theirs));
    flood.ada.put(&vote, json!({"value": -1})).await.expect(200);

    let bans = "/communities/bread/bans";
    for (hours, fault) in [(0, "remove_content.hours"), (721, "remove_content.hours")] {
        maud.post(bans, ban(hours)).await.expect_invalid(&[(fault, "range")]);
    }
    let banned = maud.post(bans, ban(1)).await.expect(201);
    flood.app.settled().await;
    assert_eq!(flood.seen().await, 3, "posts elsewhere stay");
    let path = format!("/bans/{}/content-removal", id(&banned));
    let done = maud.get(&path).await.expect(200);
    assert_eq!(
        (&done["posts"], &done["comments"], &done["votes"]),
        (&json!(1), &json!(0), &json!(0))
    );
    flood.check_tallies().await;
    let cause = json!({"ban_id": banned["id"]});
    flood.ada.post("/undos", cause.clone()).await.expect_problem(404, "not_found");
    maud.post("/undos", cause).await.expect(202);
    flood.app.settled().await;
    assert_eq!(flood.seen().await, 4);

    // The author of a post may ban from it, and may remove nothing of others.
    let comment =
        json!({"username": "mallory", "deeds": ["comment"], "remove_content": {"hours": 1}});
    let bans = format!("/posts/{}/bans", id(&flood.post));
    flood.ada.post(&bans, comment.clone()).await.expect_problem(403, "moderators_only");
    let banned = flood.admin.post(&bans, comment).await.expect(201);
    flood.app.settled().await;
    let path = format!("/bans/{}/content-removal", id(&banned));
    let done = flood.admin.get(&path).await.expect(200);
    // Of the votes one is on the post, and one below it.
    assert_eq!(
        (&done["posts"], &done["comments"], &done["votes"]),
        (&json!(0), &json!(3), &json!(2))
    );
    assert_eq!(flood.seen().await, 4);
    flood.check_tallies().await;
    let both = json!({"ban_id": banned["id"], "binding_id": banned["id"]});
    flood.admin.post("/undos", both).await.expect_invalid(&[("binding_id", "either")]);
}

/// Of the work of an attempt before it is dropped: three of them are not the whole.
const STEPS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_is_broken_off_goes_on() {
    let (kills, tries) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (killing, counted) = (Arc::clone(&kills), Arc::clone(&tries));
    let app = TestApp::start_working(move |_, work| {
        work.wrapped(move |work| {
            let (killing, tries) = (Arc::clone(&killing), Arc::clone(&counted));
            Arc::new(move |job| {
                // The removal has an id, and what listens to events has an event.
                let has_id = job.read::<uuid::Uuid>().is_ok();
                let work = work(job);
                let is_killed = has_id
                    && killing.load(Ordering::SeqCst)
                    && tries.fetch_add(1, Ordering::SeqCst) < 3;
                Box::pin(async move {
                    if !is_killed {
                        return work.await;
                    }
                    let (mut work, mut steps) = (pin!(work), 0);
                    // Dropped in the middle, wherever that is.
                    poll_fn(|context| {
                        steps += 1;
                        if steps > STEPS || work.as_mut().poll(context).is_ready() {
                            return Poll::Ready(());
                        }
                        Poll::Pending
                    })
                    .await;
                    Err(Failure::RetryAfter(Duration::from_millis(10), "killed".to_owned()))
                })
            })
        })
    })
    .await;
    let flood = Flood::on(app, POSTS, COMMENTS).await;
    kills.store(true, Ordering::SeqCst);
    let banned = flood.admin.post("/bans", ban(24)).await.expect(201);
    let path = format!("/bans/{}/content-removal", id(&banned));
    wait_for("all is removed", async || {
        flood.app.advance(Duration::from_millis(100));
        flood.admin.get(&path).await.expect(200)["state"] == "done"
    })
    .await;
    assert!(tries.load(Ordering::SeqCst) > 3);
    let done = flood.admin.get(&path).await.expect(200);
    assert_eq!(
        (&done["posts"], &done["comments"], &done["votes"]),
        (&json!(60), &json!(100), &json!(11))
    );
    flood.check_tallies().await;
    let items = "select count(*) as n from content_removal_items";
    assert_eq!(flood.number(items).await, 171);
    let undo = flood.undo(&banned).await;
    let undone = json!([{"kind": "remove", "count": 160}, {"kind": "vote", "count": 11}]);
    assert_eq!((&undo["undone"], &undo["kept"]), (&undone, &json!(0)), "{undo}");
    flood.check_tallies().await;
    assert_eq!(flood.seen().await, POSTS);
}
