//! Pictures: the hook `media.before-attach`.

pub use crate::bindings::media_before_attach::exports::gatherly::plugin::media_before_attach::{
    Decision, Media, Verdict,
};
use crate::verdicts::{allows, decisions, holds, rejects};
use crate::{Context, Plugin};

/// Is asked before an uploaded picture can be used.
pub trait BeforeAttach: Plugin {
    /// Decides.
    fn before_attach(&self, context: &Context, media: &Media) -> Decision;
}

decisions!();
allows!();
holds!();
rejects!();
