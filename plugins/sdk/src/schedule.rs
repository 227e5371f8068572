//! Time: the hook `schedule.tick`.

pub use crate::bindings::schedule_tick::exports::gatherly::plugin::schedule_tick::Tick as Moment;
use crate::{Context, Outcome, Plugin};

/// Is told every five minutes, once on all nodes together.
pub trait Tick: Plugin {
    /// Tells what is to be done.
    fn tick(&self, context: &Context, moment: &Moment) -> Outcome;
}
