//! How much a binding may remember.

/// Values by key: enough for settings-like memory; what comes in numbers goes
/// into counters and sets.
pub const VALUES: u64 = 1_000;
/// Bytes of everything together, see [`super::StateWrite::bytes`].
pub const BYTES: u64 = 8 << 20;
