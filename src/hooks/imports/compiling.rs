//! Building automata of patterns, away from the threads that serve requests.

use std::sync::{Arc, LazyLock};

use tokio::sync::Semaphore;

/// Automata built at once, all plugins together: as many as a small server has
/// cores. What is being built goes on when its call has ended, so this bounds what
/// calls that ended leave behind.
const AT_ONCE: usize = 2;

static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(AT_ONCE)));

/// Runs `build` on a thread for blocking work once it is its turn; an error when
/// it cannot be run to its end.
pub(super) async fn run<T: Send + 'static>(
    build: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let broken = |error: &dyn std::fmt::Display| format!("the pattern was not compiled: {error}");
    let turn = Arc::clone(&TURNS).acquire_owned().await.map_err(|error| broken(&error))?;
    let task = tokio::task::spawn_blocking(move || {
        let built = build();
        drop(turn);
        built
    });
    task.await.map_err(|error| broken(&error))
}
