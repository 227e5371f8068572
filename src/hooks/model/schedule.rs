//! Time: `wit/schedule.wit`.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lower};

use super::{Subject, told_afterwards, whole};
use crate::hooks::catalogue::HookPoint;

/// Five minutes have passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Tick {
    /// Unix milliseconds of the tick before, if there was one.
    pub previous: Option<u64>,
}

impl Subject for Tick {
    const HOOK: HookPoint = HookPoint::ScheduleTick;
    const NAME: &'static str = "tick";
    told_afterwards!();
    whole!();
}
