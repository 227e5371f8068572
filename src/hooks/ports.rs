//! What the host needs from outside to answer plugins: stored state, facts about
//! the event, the forum as a visitor sees it, and requests to other servers.
//!
//! The host knows none of the features behind these traits; the composition root
//! fills them once with [`super::Hooks::lend`]. A host that nobody lent anything,
//! as on the command line, answers empty.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, ready};
use uuid::Uuid;

use super::{
    answers::{
        Attachment, CommunitySummary, ContentSummary, HttpError, HttpRequest, HttpResponse,
        PriorReport, PriorSanction, Thread,
    },
    model::Actor,
};

/// An answer on its way.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Unanswered>>;

/// The host itself could not answer: the database is not there. The call of the
/// plugin fails; it is not the plugin's fault.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the host could not answer: {0}")]
pub struct Unanswered(pub String);

/// What an event is about, by opaque ids: enough to look up the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Unix milliseconds at which the event happened.
    pub time: u64,
    /// Slug of its community.
    pub community: Option<String>,
    /// The account that acts.
    pub actor: Option<String>,
    /// The account that the event is about; often the one that acts.
    pub account: Option<String>,
    /// The post or comment that it is about.
    pub content: Option<String>,
    /// The post in whose thread it happens.
    pub post: Option<String>,
    /// The comment that is answered.
    pub parent: Option<String>,
}

/// What a binding has stored, as of `now`, Unix milliseconds.
pub trait StateReads: Send + Sync {
    /// The sum of a counter's buckets that reach beyond `since`.
    fn count<'a>(&'a self, binding: Uuid, key: &'a str, since: u64) -> Answer<'a, u64>;
    /// The value of a key.
    fn value<'a>(&'a self, binding: Uuid, key: &'a str, now: u64) -> Answer<'a, Option<String>>;
    /// Whether a set, named first, has a member.
    fn contains<'a>(
        &'a self,
        binding: Uuid,
        member: (&'a str, &'a str),
        now: u64,
    ) -> Answer<'a, bool>;
    /// How many members a set has.
    fn size<'a>(&'a self, binding: Uuid, set: &'a str, now: u64) -> Answer<'a, u64>;
    /// How much of its quota the binding uses.
    fn usage(&self, binding: Uuid, now: u64) -> Answer<'_, Usage>;
}

/// How much a binding has stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Values by key.
    pub values: u64,
    /// Bytes of everything, see [`super::StateWrite::bytes`].
    pub bytes: u64,
}

/// What can be asked about an event beyond its records; see `event` in `wit/`.
pub trait EventReads: Send + Sync {
    /// What the actor published last in the event's place, newest first.
    fn recent<'a>(&'a self, about: &'a About, limit: u32) -> Answer<'a, Vec<ContentSummary>>;
    /// The conversation.
    fn thread<'a>(&'a self, about: &'a About) -> Answer<'a, Option<Thread>>;
    /// Reports of the content or the account, newest first.
    fn reports<'a>(&'a self, about: &'a About) -> Answer<'a, Vec<PriorReport>>;
    /// Sanctions of the account, newest first.
    fn sanctions<'a>(&'a self, about: &'a About) -> Answer<'a, Vec<PriorSanction>>;
    /// Pictures of the content.
    fn attachments<'a>(&'a self, about: &'a About) -> Answer<'a, Vec<Attachment>>;
    /// Labels of the content.
    fn labels<'a>(&'a self, about: &'a About) -> Answer<'a, Vec<String>>;
}

/// The forum as a visitor of the event's community sees it.
pub trait ForumReads: Send + Sync {
    /// An account by id.
    fn account<'a>(&'a self, about: &'a About, id: &'a str) -> Answer<'a, Option<Actor>>;
    /// An account by name.
    fn account_by_name<'a>(&'a self, about: &'a About, name: &'a str) -> Answer<'a, Option<Actor>>;
    /// Published content by id.
    fn content<'a>(&'a self, about: &'a About, id: &'a str) -> Answer<'a, Option<ContentSummary>>;
    /// A community by slug.
    fn community<'a>(&'a self, slug: &'a str) -> Answer<'a, Option<CommunitySummary>>;
    /// Whether an account has joined a community.
    fn is_member<'a>(&'a self, account: &'a str, community: &'a str) -> Answer<'a, bool>;
}

/// Requests to other servers. What may be asked of whom was checked before.
pub trait HttpSend: Send + Sync {
    /// Sends a request and waits for its answer.
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>>;
}

/// Everything that the host is lent.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its trait")]
pub struct Ports {
    pub state: Arc<dyn StateReads>,
    pub event: Arc<dyn EventReads>,
    pub forum: Arc<dyn ForumReads>,
    pub http: Arc<dyn HttpSend>,
}

impl Default for Ports {
    fn default() -> Self {
        let empty = Arc::new(Empty);
        Self {
            state: Arc::clone(&empty) as Arc<dyn StateReads>,
            event: Arc::clone(&empty) as Arc<dyn EventReads>,
            forum: Arc::clone(&empty) as Arc<dyn ForumReads>,
            http: empty,
        }
    }
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ports")
    }
}

/// Lends nothing.
struct Empty;

fn nothing<'a, T: Default + Send + 'a>() -> Answer<'a, T> {
    ready(Ok(T::default())).boxed()
}

impl StateReads for Empty {
    fn count<'a>(&'a self, _: Uuid, _: &'a str, _: u64) -> Answer<'a, u64> {
        nothing()
    }
    fn value<'a>(&'a self, _: Uuid, _: &'a str, _: u64) -> Answer<'a, Option<String>> {
        nothing()
    }
    fn contains<'a>(&'a self, _: Uuid, _: (&'a str, &'a str), _: u64) -> Answer<'a, bool> {
        nothing()
    }
    fn size<'a>(&'a self, _: Uuid, _: &'a str, _: u64) -> Answer<'a, u64> {
        nothing()
    }
    fn usage(&self, _: Uuid, _: u64) -> Answer<'_, Usage> {
        nothing()
    }
}

impl EventReads for Empty {
    fn recent<'a>(&'a self, _: &'a About, _: u32) -> Answer<'a, Vec<ContentSummary>> {
        nothing()
    }
    fn thread<'a>(&'a self, _: &'a About) -> Answer<'a, Option<Thread>> {
        nothing()
    }
    fn reports<'a>(&'a self, _: &'a About) -> Answer<'a, Vec<PriorReport>> {
        nothing()
    }
    fn sanctions<'a>(&'a self, _: &'a About) -> Answer<'a, Vec<PriorSanction>> {
        nothing()
    }
    fn attachments<'a>(&'a self, _: &'a About) -> Answer<'a, Vec<Attachment>> {
        nothing()
    }
    fn labels<'a>(&'a self, _: &'a About) -> Answer<'a, Vec<String>> {
        nothing()
    }
}

impl ForumReads for Empty {
    fn account<'a>(&'a self, _: &'a About, _: &'a str) -> Answer<'a, Option<Actor>> {
        nothing()
    }
    fn account_by_name<'a>(&'a self, _: &'a About, _: &'a str) -> Answer<'a, Option<Actor>> {
        nothing()
    }
    fn content<'a>(&'a self, _: &'a About, _: &'a str) -> Answer<'a, Option<ContentSummary>> {
        nothing()
    }
    fn community<'a>(&'a self, _: &'a str) -> Answer<'a, Option<CommunitySummary>> {
        nothing()
    }
    fn is_member<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, bool> {
        nothing()
    }
}

impl HttpSend for Empty {
    fn send(&self, _: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        ready(Err(HttpError::Denied)).boxed()
    }
}
