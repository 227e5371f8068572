//! Decisions that people corrected: the hook `decision.overridden`.

pub use crate::bindings::decision_overridden::exports::gatherly::plugin::decision_overridden::{
    Overridden as OverriddenDecision, Resolution,
};
use crate::{Context, Outcome, Plugin};

/// Is told once a person has decided otherwise than this plugin.
pub trait Overridden: Plugin {
    /// Tells what is to be done, and may learn from it.
    fn overridden(&self, context: &Context, decision: &OverriddenDecision) -> Outcome;
}
