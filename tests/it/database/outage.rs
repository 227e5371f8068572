//! A database server that stops, dies, or is behind a line that is cut, swallows,
//! breaks or delays what is sent: who asks meanwhile is told to come back, at
//! once, nothing that was acknowledged is lost, and nobody has to be started anew.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use gatherly::{
    base::secret::{Secret, random_bytes},
    db::{Columns, statement},
};
use rustix::process::Signal;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::{
    Chaos, Line, Person, Reply, TestApp,
    forum::id,
    mariadb::{self, MariaDb},
    wait_for,
};

/// Who needs the database is told within this time that it is gone.
const TOLD_WITHIN: Duration = Duration::from_secs(1);
/// Within this time of its return everybody is served.
const BACK_WITHIN: Duration = Duration::from_secs(5);

/// A forum whose database goes away.
struct Scene {
    app: TestApp,
    ada: Person,
    /// Posts that were acknowledged.
    stored: BTreeSet<String>,
}

/// An answer, and what it took.
async fn timed(reply: impl Future<Output = Reply>) -> (Reply, Duration) {
    let begun = Instant::now();
    (reply.await, begun.elapsed())
}

#[track_caller]
fn told_to_come_back(reply: &Reply) {
    assert!(reply.headers.contains_key("retry-after"), "{:?}", reply.headers);
    reply.expect_problem(503, "unavailable");
}

impl Scene {
    async fn at(url: String, connections: u32) -> Self {
        let app = TestApp::start_with(|config| {
            config.database.url = Secret::new(url);
            config.database.connections = connections;
            // All callers are here.
            config.server.max_connections_per_network = config.server.max_connections;
        })
        .await;
        let ada = app.member("ada").await;
        Self { app, ada, stored: BTreeSet::new() }
    }

    async fn write(&self) -> Reply {
        let post = json!({"community": "general", "title": "A post", "body": "Now?"});
        self.ada.post("/posts", post).await
    }

    fn note(&mut self, written: &Reply) {
        if written.status == 201 {
            self.stored.insert(id(&written.json()).replace('-', ""));
        }
    }

    /// Requests that need the database, and some that do not.
    async fn is_refused(&mut self) {
        for _ in 0..3 {
            let (read, write, ready, health, page) = tokio::join!(
                timed(self.ada.get("/sessions")),
                timed(self.write()),
                timed(self.app.client.get("//readyz")),
                timed(self.app.client.get("//healthz")),
                timed(self.app.client.get("//openapi.json")),
            );
            told_to_come_back(&read.0);
            told_to_come_back(&write.0);
            ready.0.expect(503);
            health.0.expect(200);
            assert_eq!(page.0.status, 200);
            // What a request takes on this machine now that needs nothing.
            let busy = health.1.max(page.1);
            let took = read.1.max(write.1).max(ready.1);
            assert!(took < TOLD_WITHIN + busy, "{took:?}, without database {busy:?}");
        }
    }

    /// Everybody is answered again, and nothing was lost.
    async fn is_back(&mut self) {
        let begun = Instant::now();
        loop {
            let (read, write) = tokio::join!(self.ada.get("/sessions"), self.write());
            self.note(&write);
            if read.status == 200 && write.status == 201 {
                break;
            }
            assert!(begun.elapsed() < BACK_WITHIN, "{} {}", read.status, write.status);
            sleep(Duration::from_millis(50)).await;
        }
        self.app.client.get("//readyz").await.expect(200);
        // All connections, not only the first.
        for reply in join_all((0..40).map(|_| self.ada.get("/sessions"))).await {
            reply.expect(200);
        }
        self.has_what_it_acknowledged().await;
    }

    async fn has_what_it_acknowledged(&self) {
        let rows = statement("select lower(hex(id)) as id from posts");
        let rows = self.app.app.db.all(rows).await.unwrap();
        let there: BTreeSet<String> = rows.iter().map(|row| row.value("id").unwrap()).collect();
        let lost: Vec<_> = self.stored.difference(&there).collect();
        assert!(lost.is_empty(), "{lost:?} of {}", self.stored.len());
    }
}

/// A database of a test's own in the server of all tests, and the line to it.
async fn behind_chaos() -> (Chaos, String) {
    let name = format!("chaos_{}", hex::encode(random_bytes::<8>().unwrap()));
    mariadb::database(&name).await;
    let server = mariadb::address(&name).parse().unwrap();
    (Chaos::before(server).await, name)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_told_and_ends_by_itself() {
    let mut server = MariaDb::start();
    let mut scene = Scene::at(server.database("outage").await, 16).await;
    scene.is_back().await;
    server.signal(Signal::STOP);
    scene.is_refused().await;
    server.signal(Signal::CONT);
    scene.is_back().await;
    server.signal(Signal::KILL);
    scene.is_refused().await;
    server.restart();
    scene.is_back().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_or_swallows_everything_is_told_and_ends() {
    let (chaos, name) = behind_chaos().await;
    let mut scene = Scene::at(mariadb::url_over(chaos.address, &name), 16).await;
    scene.is_back().await;
    for line in [Line::Cut, Line::Blocked, Line::Cut, Line::Blocked] {
        chaos.set(line);
        scene.is_refused().await;
        chaos.set(Line::Good);
        scene.is_back().await;
    }
    mariadb::forget(name);
}

/// What was sent before is told as soon as what is sent after.
#[tokio::test(flavor = "multi_thread")]
async fn requests_under_way_do_not_hang() {
    let (chaos, name) = behind_chaos().await;
    let mut scene = Scene::at(mariadb::url_over(chaos.address, &name), 16).await;
    scene.is_back().await;
    for line in [Line::Blocked, Line::Cut] {
        let changed = async {
            sleep(Duration::from_millis(20)).await;
            chaos.set(line);
            Instant::now()
        };
        let callers = join_all((0..40).map(async |n| {
            if n % 4 == 0 { scene.write().await } else { scene.ada.get("/sessions").await }
        }));
        let health = timed(async {
            sleep(Duration::from_millis(20)).await;
            scene.app.client.get("//healthz").await
        });
        let ((replies, ended), changed, health) =
            tokio::join!(async { (callers.await, Instant::now()) }, changed, health);
        let took = ended.saturating_duration_since(changed);
        assert!(took < TOLD_WITHIN + health.1, "{line:?}: {took:?}, health {:?}", health.1);
        for reply in &replies {
            if !matches!(reply.status.as_u16(), 200 | 201) {
                told_to_come_back(reply);
            }
        }
        for reply in &replies {
            scene.note(reply);
        }
        chaos.set(Line::Good);
        scene.is_back().await;
    }
    mariadb::forget(name);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_breaks_now_and_then_loses_nothing() {
    const CALLERS: usize = 8;
    const REQUESTS: usize = 40;
    let (chaos, name) = behind_chaos().await;
    let mut scene = Scene::at(mariadb::url_over(chaos.address, &name), 16).await;
    scene.is_back().await;
    // One percent.
    chaos.set(Line::Breaking(10));
    let asked = join_all((0..CALLERS).map(async |caller| {
        let mut replies = Vec::new();
        for n in 0..REQUESTS {
            let writes = (caller + n) % 2 == 0;
            let reply = if writes { scene.write().await } else { scene.ada.get("/sessions").await };
            replies.push(reply);
        }
        replies
    }));
    let replies: Vec<Reply> = asked.await.into_iter().flatten().collect();
    let mut refused = 0;
    for reply in &replies {
        if !matches!(reply.status.as_u16(), 200 | 201) {
            told_to_come_back(reply);
            refused += 1;
        }
        scene.note(reply);
    }
    assert!((1..replies.len() / 2).contains(&refused), "{refused} of {}", replies.len());
    chaos.set(Line::Good);
    scene.is_back().await;
    mariadb::forget(name);
}

/// Half a second for each answer of the database: what that allows is done, and who
/// waits too long for a turn is told to come back.
#[tokio::test(flavor = "multi_thread")]
async fn behind_a_slow_line_what_can_be_done_is_done() {
    // Some are taken by what looks for work and news now and then.
    const CONNECTIONS: u32 = 32;
    const ONE_WAY: Duration = Duration::from_millis(250);
    const CALLERS: usize = 64;
    const MEASURED: Duration = Duration::from_secs(6);
    const FLOOD: usize = 700;
    let (chaos, name) = behind_chaos().await;
    let mut scene = Scene::at(mariadb::url_over(chaos.address, &name), CONNECTIONS).await;
    scene.is_back().await;
    let read = async || scene.ada.get("/sessions").await;
    let (_, statements) = scene.app.statements(read()).await;
    // The driver asks once more when a connection comes back.
    let each = 2 * ONE_WAY * 2 * u32::try_from(statements).unwrap();
    // No connection is left: they are made over the slow line too.
    chaos.set(Line::Cut);
    told_to_come_back(&read().await);
    chaos.set(Line::Slow(ONE_WAY));
    // All connections are at it before it is measured: to make one takes some answers.
    wait_for("everybody is served", async || {
        let replies = join_all((0..CALLERS).map(|_| read())).await;
        replies.iter().all(|reply| reply.status == 200)
    })
    .await;
    let begun = Instant::now();
    let asked = join_all((0..CALLERS).map(async |_| {
        let mut done = 0;
        while begun.elapsed() < MEASURED {
            done += u32::from(read().await.status == 200);
        }
        done
    }));
    let done: u32 = asked.await.into_iter().sum();
    // Of those that are under way at the end too.
    let took = begun.elapsed();
    let allowed = took.as_secs_f64() / each.as_secs_f64() * f64::from(CONNECTIONS);
    assert!(f64::from(done) >= 0.8 * allowed, "{done} of {allowed} in {took:?}");
    // Far more than that: nobody waits without end, and afterwards it goes on.
    let flood = join_all((0..FLOOD).map(|_| timed(read()))).await;
    let mut refused = 0;
    for (reply, took) in &flood {
        if reply.status != 200 {
            reply.expect_problem(429, "busy");
            refused += 1;
        }
        // A turn is waited for at most five seconds for each statement.
        let most = Duration::from_secs(5) * u32::try_from(statements).unwrap() + each;
        assert!(*took < most + TOLD_WITHIN, "{took:?}");
    }
    assert!((1..flood.len()).contains(&refused), "{refused} of {}", flood.len());
    read().await.expect(200);
    chaos.set(Line::Good);
    scene.is_back().await;
    mariadb::forget(name);
}
