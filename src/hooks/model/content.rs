//! Posts and comments: `wit/content.wit`.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lift, Lower};

use super::{
    Decided, OldDecision, Patch, RawVerdict, Subject, acting,
    context::{ContentKind, Context, Origin},
    told_afterwards, whole,
};
use crate::hooks::{catalogue::HookPoint, ports::About};

/// What is being done with the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum Operation {
    /// It is new.
    #[component(name = "create")]
    Create,
    /// It stands already and is to change.
    #[component(name = "edit")]
    Edit,
}

/// A text that is published or is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Content {
    /// A post or a comment.
    pub kind: ContentKind,
    /// New or changed.
    pub operation: Operation,
    /// Opaque id that the content has or will have.
    pub id: String,
    /// The post that a comment belongs to.
    #[component(name = "post-id")]
    pub post_id: Option<String>,
    /// The comment that a comment answers.
    #[component(name = "parent-id")]
    pub parent_id: Option<String>,
    /// Posts only.
    pub title: Option<String>,
    /// Markdown.
    pub body: String,
}

/// Content that can be seen now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Published(pub Content);

/// What was taken away; the actor of the context is who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Removed {
    /// As it stood.
    pub content: Content,
    /// Opaque id of who wrote it.
    #[component(name = "author-id")]
    pub author_id: String,
    /// Who took it away.
    pub by: Origin,
    /// What the author is told.
    pub reason: Option<String>,
}

/// New values for what a plugin may change of content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct ContentPatch {
    /// Posts only.
    pub title: Option<String>,
    /// Markdown.
    pub body: Option<String>,
}

/// `content-before-publish.verdict`.
#[derive(Debug, ComponentType, Lift)]
#[component(variant)]
pub enum ContentVerdict {
    #[component(name = "allow")]
    Allow,
    #[component(name = "annotate")]
    Annotate,
    #[component(name = "modify")]
    Modify(ContentPatch),
    #[component(name = "hold")]
    Hold(String),
    #[component(name = "reject")]
    Reject(String),
}

impl From<ContentVerdict> for RawVerdict {
    fn from(verdict: ContentVerdict) -> Self {
        match verdict {
            ContentVerdict::Allow => Self::Allow,
            ContentVerdict::Annotate => Self::Annotate,
            ContentVerdict::Modify(patch) => Self::Modify(Patch::Content(patch)),
            ContentVerdict::Hold(reason) => Self::Hold(reason),
            ContentVerdict::Reject(reason) => Self::Reject(reason),
        }
    }
}

impl Content {
    fn field(&self, field: &str) -> Option<&str> {
        match field {
            "title" => self.title.as_deref(),
            "body" => Some(&self.body),
            _ => None,
        }
    }
}

impl Subject for Content {
    const HOOK: HookPoint = HookPoint::ContentBeforePublish;
    const NAME: &'static str = "content";
    type Answer = Decided<ContentVerdict>;
    type OldAnswer = OldDecision<ContentVerdict>;
    whole!();

    fn about(&self, context: &Context) -> About {
        let post = match self.kind {
            ContentKind::Post => Some(self.id.clone()),
            ContentKind::Comment => self.post_id.clone(),
        };
        let (id, parent) = (self.id.clone(), self.parent_id.clone());
        About { content: Some(id), post, parent, ..acting(context) }
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.field(field)
    }

    fn markdown(&self) -> Option<&str> {
        Some(&self.body)
    }

    fn patched(&self, patch: &Patch) -> Option<Self> {
        let Patch::Content(patch) = patch else { return None };
        if patch.title.is_some() && self.title.is_none() {
            return None;
        }
        let mut patched = self.clone();
        if let Some(title) = &patch.title {
            patched.title = Some(title.clone());
        }
        if let Some(body) = &patch.body {
            patched.body.clone_from(body);
        }
        Some(patched)
    }
}

impl Subject for Published {
    const HOOK: HookPoint = HookPoint::ContentAfterPublish;
    const NAME: &'static str = "content";
    type Wire<'a> = &'a Content;
    told_afterwards!();

    fn wire(&self) -> &Content {
        &self.0
    }

    fn about(&self, context: &Context) -> About {
        self.0.about(context)
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.0.field(field)
    }

    fn markdown(&self) -> Option<&str> {
        Some(&self.0.body)
    }
}

impl Subject for Removed {
    const HOOK: HookPoint = HookPoint::ContentAfterRemove;
    const NAME: &'static str = "removed";
    told_afterwards!();
    whole!();

    fn about(&self, context: &Context) -> About {
        About { account: Some(self.author_id.clone()), ..self.content.about(context) }
    }

    /// The content's own fields, and `reason`.
    fn text(&self, field: &str) -> Option<&str> {
        match field {
            "reason" => self.reason.as_deref(),
            field => self.content.field(field),
        }
    }

    fn markdown(&self) -> Option<&str> {
        Some(&self.content.body)
    }
}
