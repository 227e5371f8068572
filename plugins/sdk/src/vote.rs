//! Votes on posts and comments: the hook `vote.before-cast`.

pub use crate::bindings::vote::exports::gatherly::plugin::vote_before_cast::{
    Decision, Kind, Verdict, Vote,
};
use crate::decision::decisions;
use crate::{Context, Plugin};

/// Is asked before a vote is counted, changed or taken back.
pub trait BeforeCast: Plugin {
    /// Decides. The host waits only very shortly for this hook.
    fn before_cast(&self, context: &Context, vote: &Vote) -> Decision;
}

decisions!();
