//! Appeals: the hook `appeal.submitted`.

pub use crate::bindings::appeal_submitted::exports::gatherly::plugin::appeal_submitted::{
    Against, Appeal,
};
use crate::{Context, Outcome, Plugin};

/// Is told once somebody has appealed.
pub trait Submitted: Plugin {
    /// Tells what is to be done.
    fn submitted(&self, context: &Context, appeal: &Appeal) -> Outcome;
}
