//! What moderators do: the hooks `mod-action.before-apply` and
//! `mod-action.applied`.

pub use crate::bindings::base::gatherly::plugin::types::ActionKind as Kind;
pub use crate::bindings::mod_action_applied::exports::gatherly::plugin::mod_action_applied::Applied as TakenAction;
pub use crate::bindings::mod_action_before_apply::exports::gatherly::plugin::mod_action_before_apply::{
    Action, Decision, Verdict,
};
use crate::verdicts::{allows, decisions, rejects};
use crate::{Context, Outcome, Plugin};

/// Is asked before a moderator's action is carried out.
pub trait BeforeApply: Plugin {
    /// Decides.
    fn before_apply(&self, context: &Context, action: &Action) -> Decision;
}

/// Is told once a moderator's action was carried out.
pub trait Applied: Plugin {
    /// Tells what is to be done.
    fn applied(&self, context: &Context, action: &TakenAction) -> Outcome;
}

decisions!();
allows!();
rejects!();

impl Decision {
    /// Not without a reason.
    #[must_use]
    pub fn require_reason() -> Self {
        Self::from(Verdict::RequireReason)
    }

    /// Not before another moderator asks for the same; the text says why.
    #[must_use]
    pub fn require_second(why: impl Into<String>) -> Self {
        Self::from(Verdict::RequireSecond(why.into()))
    }
}
