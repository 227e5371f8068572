//! Answers that one server has read and others may give. An answer is found only
//! by who knows the generation that it was read in, and each server that has
//! written something makes a new one before it looks here again.

use std::{sync::LazyLock, time::Duration};

use redis::Script;

use super::connection::{Away, Redis};
use crate::base::{clock::Clock, secret::sha256_hex};

/// How long an answer is kept. With as much again in the memory of who found it
/// here, it is gone a second after it was read, also when all news is lost.
pub const LIFETIME: Duration = Duration::from_millis(500);

/// A new generation. They begin at the time of day, so that they go on growing
/// when Redis comes back empty.
static SUCCEED: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        redis.call('set', KEYS[1], ARGV[1], 'nx')
        return redis.call('incr', KEYS[1])",
    )
});

impl Redis {
    /// Makes a new generation.
    pub(super) async fn next_generation(&self) -> Result<u64, Away> {
        let mut script = SUCCEED.key(self.key("generation"));
        script.arg(Clock::system().now().0.saturating_mul(1_000));
        let generation = self
            .call(|mut connection| async move { script.invoke_async(&mut connection).await })
            .await?;
        self.succeed(generation);
        Ok(generation)
    }

    /// Where an answer of the generation that is known here is kept; `None` while
    /// none is known.
    pub fn place_of(&self, answer: &str) -> Option<String> {
        let generation = self.generation()?;
        Some(self.key(&format!("hot:{generation}:{}", sha256_hex(answer.as_bytes()))))
    }

    /// An answer that was kept.
    pub async fn find(&self, place: &str) -> Result<Option<Vec<u8>>, Away> {
        let mut command = redis::cmd("get");
        command.arg(place);
        self.call(|mut connection| async move { command.query_async(&mut connection).await }).await
    }

    /// Keeps an answer for others.
    pub async fn keep(&self, place: &str, answer: &[u8]) -> Result<(), Away> {
        let lifetime = u64::try_from(LIFETIME.as_millis()).unwrap_or(u64::MAX);
        let mut command = redis::cmd("set");
        command.arg(place).arg(answer).arg("px").arg(lifetime);
        self.call(|mut connection| async move { command.query_async(&mut connection).await }).await
    }
}
