//! Quotas that all servers count together: the generic cell rate algorithm, as
//! one number for each key, the time at which all of its quota is back.

use std::{num::NonZeroU32, sync::LazyLock, time::Duration};

use redis::Script;

use super::connection::{Away, Redis};
use crate::base::clock::Timestamp;

/// Spends one and answers 0, or answers how long to wait; in microseconds, which
/// fit into the numbers that scripts have. The key is gone when it says nothing.
/// A key can be full at most one whole quota from now. One that is further ahead
/// was written by a server whose clock is ahead of this one's: it is begun afresh,
/// for otherwise everybody would wait for as long as the clocks differ.
static SPEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local now, each, whole = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
        local full = tonumber(redis.call('get', KEYS[1]) or now)
        if full < now or full > now + whole then full = now end
        local wait = full + each - whole - now
        if wait > 0 then return wait end
        full = full + each
        local lifetime = math.ceil((full - now) / 1000)
        redis.call('set', KEYS[1], string.format('%.0f', full), 'px', lifetime)
        return 0",
    )
});

impl Redis {
    /// Spends one of a quota of so many in a period: all at once, or bit by bit
    /// as it comes back. `Some` is how long to wait when nothing is left of it.
    /// `now` is a steady reading, see [`crate::base::clock::Clock::steady`].
    pub async fn spend(
        &self,
        key: &str,
        (count, period): (NonZeroU32, Duration),
        now: Timestamp,
    ) -> Result<Option<Duration>, Away> {
        let each = period / count.get();
        let mut script = SPEND.key(self.key(key));
        script.arg(now.0.saturating_mul(1_000));
        script.arg(micros(each)).arg(micros(each.saturating_mul(count.get())));
        let wait: u64 = self
            .call(|mut connection| async move { script.invoke_async(&mut connection).await })
            .await?;
        Ok((wait > 0).then(|| Duration::from_micros(wait)))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
