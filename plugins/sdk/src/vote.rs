//! Votes on posts and comments: the hook `vote.before-cast`.

pub use crate::bindings::base::gatherly::plugin::types::ContentKind as Kind;
pub use crate::bindings::vote_before_cast::exports::gatherly::plugin::vote_before_cast::{
    Decision, Verdict, Vote,
};
use crate::verdicts::{allows, decisions, rejects};
use crate::{Context, Plugin};

/// Is asked before a vote is counted, changed or taken back.
pub trait BeforeCast: Plugin {
    /// Decides. The host waits only very shortly for this hook.
    fn before_cast(&self, context: &Context, vote: &Vote) -> Decision;
}

decisions!();
allows!();
rejects!();
