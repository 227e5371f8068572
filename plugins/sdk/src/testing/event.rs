//! What is known about an event in native tests.

use crate::context::{Attachment, ContentSummary, PriorReport, PriorSanction, Rendered, Thread};

/// The answers to what a plugin asks about an event.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What the actor published last, newest first.
    pub recent: Vec<ContentSummary>,
    /// The thread that it happens in.
    pub thread: Option<Thread>,
    /// Reports of the content or the account.
    pub reports: Vec<PriorReport>,
    /// Sanctions of the account.
    pub sanctions: Vec<PriorSanction>,
    /// Pictures of the content.
    pub attachments: Vec<Attachment>,
    /// Labels of the content.
    pub labels: Vec<String>,
    /// The body as readers see it; [`crate::testing::rendered`] makes one.
    pub rendered: Option<Rendered>,
}

/// Recent content that is told at most: the contract's.
const RECENT: usize = 20;

impl Known {
    pub(crate) fn recent(&self, limit: u32) -> Vec<ContentSummary> {
        let limit = usize::try_from(limit).unwrap_or(RECENT).min(RECENT);
        self.recent.iter().take(limit).cloned().collect()
    }

    pub(crate) fn thread(&self) -> Option<Thread> {
        self.thread.clone()
    }

    pub(crate) fn reports(&self) -> Vec<PriorReport> {
        self.reports.clone()
    }

    pub(crate) fn sanctions(&self) -> Vec<PriorSanction> {
        self.sanctions.clone()
    }

    pub(crate) fn attachments(&self) -> Vec<Attachment> {
        self.attachments.clone()
    }

    pub(crate) fn labels(&self) -> Vec<String> {
        self.labels.clone()
    }

    pub(crate) fn rendered(&self) -> Option<Rendered> {
        self.rendered.clone()
    }
}
