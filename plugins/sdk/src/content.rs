//! Posts and comments: the hook `content.before-publish`.

pub use crate::bindings::content::exports::gatherly::plugin::content_before_publish::{
    Content, Decision, Kind, Operation, Patch, Verdict,
};
use crate::decision::{decisions, holds};
use crate::{Context, Plugin};

/// Is asked before a post or a comment is published or changed.
pub trait BeforePublish: Plugin {
    /// Decides.
    fn before_publish(&self, context: &Context, draft: &Content) -> Decision;
}

decisions!();
holds!();

impl Decision {
    /// Lets it be published, and keeps the evidence for moderators.
    #[must_use]
    pub fn annotate() -> Self {
        Self::from(Verdict::Annotate)
    }

    /// Publishes it with changes, which needs the grant `modify`.
    #[must_use]
    pub fn modify(patch: Patch) -> Self {
        Self::from(Verdict::Modify(patch))
    }
}
