//! The one source of time. Everything that asks "when" is given a [`Clock`], so
//! that tests can decide what time it is.
//!
//! A clock has two readings. [`Clock::now`] is the wall time: operators and time
//! servers set it forward and back, so use it for what is stored and shown.
//! [`Clock::steady`] never goes back: use it to measure how much time has passed.

use std::{
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A point in time: Unix milliseconds, as stored; RFC 3339 in UTC, as shown.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Reads an RFC 3339 time. `None` when it is not one, or not in the years
    /// that Unix milliseconds and SQL can hold.
    pub fn parse(text: &str) -> Option<Self> {
        let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok().map(Self)
    }

    /// This much later; saturates.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This much earlier; saturates.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Time since `earlier`, zero when that is in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// As the standard library has it; no earlier than 1970.
impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(time.0).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000);
        match time.ok().and_then(|time| time.format(&Rfc3339).ok()) {
            Some(text) => f.write_str(&text),
            None => write!(f, "{}ms", self.0),
        }
    }
}

/// Tells the time; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// `None` is the system's clock.
    fixed: Option<Arc<Fixed>>,
}

/// The readings of a clock that stands still, in milliseconds.
#[derive(Debug)]
struct Fixed {
    wall: AtomicI64,
    steady: AtomicI64,
}

/// The wall time at which this process first asked for a steady reading, and the
/// monotonic reading at that moment.
static START: LazyLock<(Timestamp, Instant)> =
    LazyLock::new(|| (Clock::system().now(), Instant::now()));

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still until it is moved by [`Clock::advance`].
    pub fn fixed(start: Timestamp) -> Self {
        let [wall, steady] = [(); 2].map(|()| AtomicI64::new(start.0));
        Self { fixed: Some(Arc::new(Fixed { wall, steady })) }
    }

    /// The wall time, which can be set back.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that the others are to use")]
    pub fn now(&self) -> Timestamp {
        if let Some(fixed) = &self.fixed {
            return Timestamp(fixed.wall.load(Ordering::SeqCst));
        }
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
    }

    /// A reading for measuring time. The reading starts at the wall time of the first reading
    /// in this process and never goes back, however the wall time is set. Servers
    /// whose wall clocks agreed when they started agree in this reading too.
    pub fn steady(&self) -> Timestamp {
        if let Some(fixed) = &self.fixed {
            return Timestamp(fixed.steady.load(Ordering::SeqCst));
        }
        let (wall, monotonic) = *START;
        wall.plus(monotonic.elapsed())
    }

    /// Moves both readings of a fixed clock on; the system's clock takes no orders.
    pub fn advance(&self, by: Duration) {
        if let Some(fixed) = &self.fixed {
            for reading in [&fixed.wall, &fixed.steady] {
                let now = Timestamp(reading.load(Ordering::SeqCst));
                reading.store(now.plus(by).0, Ordering::SeqCst);
            }
        }
    }

    /// Sets the wall time of a fixed clock, as an operator or a time server does: the
    /// steady reading stays as it is. The system's clock takes no orders.
    pub fn set_wall(&self, now: Timestamp) {
        if let Some(fixed) = &self.fixed {
            fixed.wall.store(now.0, Ordering::SeqCst);
        }
    }
}
