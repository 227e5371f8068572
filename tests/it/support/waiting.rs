//! Waiting for what happens by itself: for a condition, with a limit, never for
//! a fixed time.

use std::time::Duration;

use gatherly::db::{Columns, statement};
use tokio::time::{Instant, sleep};

use super::TestApp;

/// A machine that does other things may be slow; nothing here takes longer.
const LIMIT: Duration = Duration::from_secs(20);

/// What is not done yet of what happened.
const UNDONE: &str = "
    select (select count(*) from outbox)
         + (select count(*) from jobs where state in ('waiting', 'active')) as undone";

/// Waits until `is_so`.
#[track_caller]
pub fn wait_for(what: &str, is_so: impl AsyncFn() -> bool) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let begun = Instant::now();
        while !is_so().await {
            assert!(begun.elapsed() < LIMIT, "{place}: {what}: not after {LIMIT:?}");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl TestApp {
    /// Waits until all who listen have been told of everything that happened, and
    /// nothing is to be done now.
    pub async fn settled(&self) {
        wait_for("the queue is empty", async || {
            let row = self.app.db.optional(statement(UNDONE)).await.unwrap().unwrap();
            row.value::<i64>("undone").unwrap() == 0
        })
        .await;
    }
}
