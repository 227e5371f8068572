//! Posts and comments: the hooks `content.before-publish`,
//! `content.after-publish` and `content.after-remove`.

pub use crate::bindings::base::gatherly::plugin::types::{
    Content, ContentKind as Kind, Operation, Origin,
};
pub use crate::bindings::content_after_remove::exports::gatherly::plugin::content_after_remove::Removed;
pub use crate::bindings::content_before_publish::exports::gatherly::plugin::content_before_publish::{
    Decision, Patch, Verdict,
};
use crate::verdicts::{allows, decisions, holds, modifies, rejects};
use crate::{Context, Outcome, Plugin, Target};

/// Is asked before a post or a comment is published or changed.
pub trait BeforePublish: Plugin {
    /// Decides.
    fn before_publish(&self, context: &Context, draft: &Content) -> Decision;
}

/// Is told once a post or a comment can be seen.
pub trait AfterPublish: Plugin {
    /// Tells what is to be done.
    fn after_publish(&self, context: &Context, content: &Content) -> Outcome;
}

/// Is told once a post or a comment is gone.
pub trait AfterRemove: Plugin {
    /// Tells what is to be done.
    fn after_remove(&self, context: &Context, removed: &Removed) -> Outcome;
}

decisions!();
allows!();
holds!();
modifies!();
rejects!();

impl Decision {
    /// Lets it be published, and keeps the evidence for moderators.
    #[must_use]
    pub fn annotate() -> Self {
        Self::from(Verdict::Annotate)
    }
}

impl Content {
    /// What effects name it by.
    #[must_use]
    pub fn target(&self) -> Target {
        match self.kind {
            Kind::Post => Target::Post(self.id.clone()),
            Kind::Comment => Target::Comment(self.id.clone()),
        }
    }
}

/// Changes nothing.
impl Default for Patch {
    fn default() -> Self {
        Self { title: None, body: None }
    }
}
