//! Webhooks, their secrets, and what they can be told.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use uuid::Uuid;

use crate::base::{
    Error, FieldError,
    clock::Timestamp,
    ids::WebhookId,
    secret::{NoRandomness, random_bytes},
};

/// Most events that one webhook is told of: all there are and some of plugins.
const EVENTS_MAX: usize = 50;
/// Longest name of a plugin's event, as in the contract.
const PLUGIN_EVENT_MAX: usize = 32;
/// What the names of plugins' events begin with.
pub(super) const PLUGIN_EVENT: &str = "plugin.";

/// Events that the server itself tells of.
pub(super) const EVENTS: [&str; 6] = [
    "content.published",
    "content.removed",
    "report.created",
    "mod_action.applied",
    "appeal.submitted",
    "appeal.decided",
];

/// What somebody wants to be told, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NewWebhook {
    pub(super) url: String,
    pub(super) events: Vec<String>,
}

impl NewWebhook {
    /// `is_reachable` says whether an address may be sent to.
    pub(super) fn parse(
        url: &str,
        events: &[String],
        is_reachable: impl Fn(&str) -> bool,
    ) -> Result<Self, Error> {
        let mut errors = Vec::new();
        if !is_reachable(url) {
            let message = "must be an https URL at the usual port, without credentials, fragment, \
                           white space or control characters";
            errors.push(FieldError::new("url", "url", message));
        }
        if events.is_empty() || events.len() > EVENTS_MAX {
            let message = format!("must have 1 to {EVENTS_MAX}");
            errors.push(FieldError::new("events", "length", message));
        }
        if !events.iter().all(|name| is_event(name)) {
            let message = "has a name that is no event's";
            errors.push(FieldError::new("events", "event", message));
        }
        if errors.is_empty() {
            let mut events = events.to_vec();
            events.sort();
            events.dedup();
            Ok(Self { url: url.to_owned(), events })
        } else {
            Err(Error::Invalid(errors))
        }
    }
}

/// Whether webhooks can be told of an event with this name.
pub(super) fn is_event(name: &str) -> bool {
    EVENTS.contains(&name)
        || name.strip_prefix(PLUGIN_EVENT).is_some_and(|name| {
            (1..=PLUGIN_EVENT_MAX).contains(&name.len())
                && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        })
}

/// What a webhook's deliveries are signed with; not for a log.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SigningSecret(pub(super) Vec<u8>);

impl SigningSecret {
    /// 256 random bits, as the specification recommends.
    pub(super) fn random() -> Result<Self, NoRandomness> {
        random_bytes::<32>().map(|bytes| Self(bytes.to_vec()))
    }

    /// As it is shown, once.
    pub(super) fn shown(&self) -> String {
        format!("whsec_{}", STANDARD.encode(&self.0))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A webhook as those see it who may manage it.
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    pub(super) id: WebhookId,
    pub(super) url: String,
    pub(super) events: Vec<String>,
    /// Slug of the community; none for the whole site.
    pub(super) community: Option<String>,
    pub(super) created_by: String,
    pub(super) created_at: Timestamp,
    pub(super) failing_since: Option<Timestamp>,
    pub(super) last_error: Option<String>,
    pub(super) disabled_at: Option<Timestamp>,
}

/// Something that a webhook is to be told.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) id: Uuid,
    pub(super) webhook: WebhookId,
    pub(super) url: String,
    pub(super) body: String,
    /// Times that it was tried.
    pub(super) attempts: u32,
    pub(super) secret: SigningSecret,
    /// The secret before, and until when it signs beside the new one.
    pub(super) old_secret: Option<(SigningSecret, Timestamp)>,
    pub(super) failing_since: Option<Timestamp>,
}

/// Content that everybody may see.
#[derive(Clone, Debug)]
pub(super) struct Published {
    pub(super) community: Uuid,
    pub(super) slug: String,
    pub(super) post: Uuid,
    pub(super) comment: Option<Uuid>,
    pub(super) parent: Option<Uuid>,
    pub(super) author: String,
    pub(super) title: String,
    pub(super) excerpt: String,
}
