//! The server dies at each place where a half would be left behind if something were
//! done in the wrong order: in every transaction, between doing and answering, and
//! all along the way of a job.

use std::{os::unix::process::ExitStatusExt, sync::Arc, time::Duration};

use futures_util::future::join_all;
use gatherly::{config::JobBackend, crash::Point, db::Db};
use hyper::Method;
use serde_json::json;
use tokio::time::timeout;

use super::{
    Scene, checks,
    queue::Seen,
    settings,
    writers::{self, Ledger},
};
use crate::support::{Client, Installation, RedisServer};

/// The server dies when it comes there for this time: early, and when much is going on.
const TIMES: [u64; 2] = [25, 60];
/// With so much to do, every place is come to long before.
const DEAD_WITHIN: Duration = Duration::from_mins(1);

/// What carries the jobs that pass a place.
fn backends(point: Point) -> &'static [JobBackend] {
    match point {
        Point::JobsTaken | Point::JobDone => &[JobBackend::Database, JobBackend::Bullmq],
        Point::TicketsDue => &[JobBackend::Rsmq, JobBackend::Bullmq],
        _ => &[JobBackend::Database],
    }
}

/// Puts another plugin to work, again and again.
async fn swap(admin: &Client, binding: &str) {
    for n in 0.. {
        let change = json!({"priority": n % 100});
        let path = format!("/plugin-bindings/{binding}");
        if admin.try_send(Method::PATCH, &path, Some(change)).await.is_none() {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_under_way_is_done_or_not_begun() {
    let redis = RedisServer::start();
    let installation = Installation::new(&settings(JobBackend::Database, None));
    let Scene { admin, thread, binding } = super::prepare(&installation).await;
    let config = installation.config();
    let ledger = Arc::new(Ledger::new(thread));
    let (mut seen, mut round) = (Seen::default(), 0);
    // Nobody here uploads pictures: `media::crash` does.
    for point in Point::ALL.into_iter().filter(|point| *point != Point::FileKept) {
        for (backend, times) in backends(point).iter().flat_map(|b| TIMES.map(|times| (*b, times)))
        {
            round += 1;
            installation.settings(&settings(backend, Some(&redis)));
            let at = format!("{}:{times}", point.name());
            let mut server = installation.serve_with(&[("CRASH_AT", &at)]).await;
            let boss = server.client.with_token(admin.token.as_deref().unwrap());
            // Who comes too late finds nobody.
            if let Some(writers) = writers::start(&ledger, &server.client, round).await {
                let all = async { tokio::join!(join_all(writers), swap(&boss, &binding)) };
                timeout(DEAD_WITHIN, all).await.unwrap_or_else(|_| panic!("alive: {at}"));
            }
            assert_eq!(server.ended().await.signal(), Some(9), "{at}");
            let db = Db::open(&config).await.unwrap();
            ledger.check(&db).await;
            checks::whole(&db).await;
            seen.look(&db).await;
            db.close().await;
        }
    }
    // What is held there by who is gone would be waited for.
    let _redis = RedisServer::start_on(redis.kill());
    super::finish(&installation, (&ledger, &seen), super::LEAST_OF_FEW).await;
}
