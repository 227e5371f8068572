//! What moderation looks like in answers about content.

use poem_openapi::Object;
use serde::Serialize;
use uuid::Uuid;

use super::{
    model::{ContentState, Revision, Waiting},
    service::Judged,
};
use crate::{attachments::AttachedView, decisions::AuthorDecision};

/// What was decided about content; for its author and for those who moderate.
#[derive(Clone, Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct ModerationView {
    /// `published`, `held` or `removed`; for a change that waits, `held`.
    state: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// What an appeal against its removal names.
    #[serde(skip_serializing_if = "Option::is_none")]
    removal_id: Option<Uuid>,
    /// What plugins decided at this request.
    decisions: Vec<AuthorDecision>,
    /// The text that waits for a moderator while the published one stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<PendingView>,
}

/// A text that waits for a moderator.
#[derive(Clone, Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct PendingView {
    /// For a post.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Markdown.
    body: String,
    /// The pictures that it is to have; absent when those that there are stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<Vec<AttachedView>>,
}

impl From<Revision> for PendingView {
    fn from(Revision { title, body, media }: Revision) -> Self {
        Self { title, body, media: media.map(AttachedView::all) }
    }
}

impl ModerationView {
    /// What there is to tell of content that is read.
    pub fn of_stored(state: ContentState, waiting: Waiting) -> Option<Self> {
        if state == ContentState::Published && waiting.pending.is_none() {
            return None;
        }
        let shown = if waiting.pending.is_some() { ContentState::Held } else { state };
        Some(Self {
            state: shown.as_str().to_owned(),
            message: waiting.reason,
            removal_id: waiting.removal,
            decisions: Vec::new(),
            pending: waiting.pending.map(PendingView::from),
        })
    }

    /// What there is to tell of content that has just been written.
    pub fn of_judged(judged: &Judged) -> Option<Self> {
        let decisions = judged.told();
        if judged.state == ContentState::Published && decisions.is_empty() {
            return None;
        }
        Some(Self {
            state: judged.state.as_str().to_owned(),
            message: judged.reason().map(str::to_owned),
            removal_id: None,
            decisions,
            pending: None,
        })
    }

    /// The same with the text that waits.
    #[must_use]
    pub fn with_pending(self, pending: Option<Revision>) -> Self {
        Self { pending: pending.map(PendingView::from), ..self }
    }
}
