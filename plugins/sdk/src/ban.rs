//! Bans: the hook `ban.decide`.

pub use crate::bindings::ban_decide::exports::gatherly::plugin::ban_decide::{
    Decision, Patch, Proposal, Term, Verdict,
};
pub use crate::bindings::base::gatherly::plugin::types::{Deed, Origin, Sanction, Scope};
use crate::verdicts::{allows, decisions, modifies, rejects};
use crate::{Context, Plugin};

/// Is asked before a ban is imposed that a moderator or a plugin proposes.
pub trait Decide: Plugin {
    /// Decides. `context.event.sanctions()` tells what went before.
    fn decide(&self, context: &Context, proposal: &Proposal) -> Decision;
}

decisions!();
allows!();
modifies!();
rejects!();

/// Changes nothing.
impl Default for Patch {
    fn default() -> Self {
        Self { scope: None, deeds: None, term: None, reason: None }
    }
}
