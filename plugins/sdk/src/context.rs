//! The circumstances of an event, and what can be asked about it.

pub use crate::bindings::base::gatherly::plugin::event::{
    Attachment, ContentSummary, Link, LinkKind, PriorReport, PriorSanction, Rendered, Thread,
};
#[cfg(target_arch = "wasm32")]
use crate::bindings::base::gatherly::plugin::{event::EventContext, types};
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::Known;
use crate::{Actor, Mode};

/// The circumstances of one event.
#[derive(Debug)]
pub struct Context<'e> {
    /// Opaque and unique: the same event asked twice has the same id.
    pub event_id: String,
    /// Why the plugin is being asked.
    pub mode: Mode,
    /// When the event happened, Unix milliseconds. The only clock there is.
    pub time: u64,
    /// Slug of the community that the event belongs to.
    pub community: Option<String>,
    /// Who acts. Absent when nobody is signed in, as at registration, and when
    /// the server acts by itself, as at a tick.
    pub actor: Option<Actor>,
    /// What can be asked beyond this.
    pub event: Event<'e>,
}

/// One event, while a plugin is being asked about it. Each question is a call
/// to the host; the answers become part of the decision's record, except that of
/// [`Event::rendered`], which is derived from the body.
#[derive(Debug)]
pub struct Event<'e> {
    #[cfg(target_arch = "wasm32")]
    host: &'e EventContext,
    #[cfg(not(target_arch = "wasm32"))]
    host: Known,
    #[cfg(not(target_arch = "wasm32"))]
    lifetime: std::marker::PhantomData<&'e ()>,
}

impl Event<'_> {
    /// What the actor published last in the place of the event, newest first;
    /// at most 20.
    #[must_use]
    pub fn recent(&self, limit: u32) -> Vec<ContentSummary> {
        self.host.recent(limit)
    }

    /// Content hooks on comments, and votes: the thread it happens in.
    #[must_use]
    pub fn thread(&self) -> Option<Thread> {
        self.host.thread()
    }

    /// Reports of the content, or of the account, newest first; at most 20.
    #[must_use]
    pub fn reports(&self) -> Vec<PriorReport> {
        self.host.reports()
    }

    /// Sanctions of the account that the event is about, newest first; at most
    /// 50.
    #[must_use]
    pub fn sanctions(&self) -> Vec<PriorSanction> {
        self.host.sanctions()
    }

    /// Pictures of the content.
    #[must_use]
    pub fn attachments(&self) -> Vec<Attachment> {
        self.host.attachments()
    }

    /// Labels of the content.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        self.host.labels()
    }

    /// The body of the content as readers see it, with its links and pictures.
    /// Hooks that are given content have it. Evidence points into its text with
    /// the field `rendered`: `Evidence::new(…).at("rendered", span)`.
    #[must_use]
    pub fn rendered(&self) -> Option<Rendered> {
        self.host.rendered()
    }
}

#[cfg(target_arch = "wasm32")]
impl<'e> Context<'e> {
    /// What the host gave.
    #[doc(hidden)]
    #[must_use]
    pub fn of(facts: types::Context, host: &'e EventContext) -> Self {
        let types::Context { event_id, mode, time, community, actor } = facts;
        Self { event_id, mode, time, community, actor, event: Event { host } }
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl From<Known> for Event<'_> {
    fn from(host: Known) -> Self {
        Self { host, lifetime: std::marker::PhantomData }
    }
}
