//! What can go wrong, in the words of the domain. `http::problem` alone knows
//! which status that is.

use std::{borrow::Cow, time::Duration};

use super::ids::DecisionId;

/// One field of a request that broke a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Name of the field, as the client wrote it; dots lead into objects.
    pub field: Cow<'static, str>,
    /// Stable code of the rule.
    pub rule: &'static str,
    /// The rule in words.
    pub message: Cow<'static, str>,
}

impl FieldError {
    /// A field and the rule that it broke.
    pub fn new(
        field: impl Into<Cow<'static, str>>,
        rule: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field: field.into(), rule, message: message.into() }
    }
}

/// Why a use case did not happen. A variant is there only when a client must be
/// able to tell it from the others.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody, or nobody we know, is asking.
    #[error("not signed in: {0}")]
    Unauthenticated(&'static str),
    /// The actor may know of the thing, but may not do this to it.
    #[error("{message}")]
    Forbidden {
        /// Stable code.
        code: &'static str,
        /// For people.
        message: Cow<'static, str>,
    },
    /// It is not there, or the actor may not know that it is.
    #[error("not found")]
    NotFound,
    /// Fields that broke rules.
    #[error("{}", sentences(.0))]
    Invalid(Vec<FieldError>),
    /// The state of things does not allow it.
    #[error("{message}")]
    Conflict {
        /// Stable code.
        code: &'static str,
        /// For people.
        message: Cow<'static, str>,
    },
    /// A policy refused; with what it lets the actor know.
    #[error("rejected by policy")]
    RejectedByPolicy {
        /// The policy's reason, for the actor.
        message: String,
        /// The decision that an appeal can be against.
        decision: Option<DecisionId>,
    },
    /// More bytes than the operation takes.
    #[error("too large")]
    TooLarge {
        /// Most bytes that are taken.
        limit: u64,
    },
    /// Too often.
    #[error("too many requests")]
    TooMany {
        /// When another try may succeed.
        retry_after: Duration,
    },
    /// Comments are slowed down here.
    #[error("slow mode")]
    SlowMode {
        /// When the next one is taken.
        retry_after: Duration,
    },
    /// Others use all places for this work, and the queue for them is full. The
    /// client's request is fine; there are too many at once.
    #[error("busy: {what}")]
    Busy {
        /// The work that there is no place for, for the log.
        what: &'static str,
        /// When another try may succeed.
        retry_after: Duration,
    },
    /// The client did not send its body in time.
    #[error("the body did not arrive in time")]
    BodyTimeout,
    /// Something that is needed is not there for the moment.
    #[error("unavailable: {what}")]
    Unavailable {
        /// What is missing, for the log.
        what: &'static str,
        /// When another try may succeed.
        retry_after: Duration,
    },
    /// Nothing is written here for now.
    #[error("read-only")]
    ReadOnly,
    /// Our own fault. The client learns nothing but the request's id.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// One field that broke a rule.
    pub fn invalid(
        field: impl Into<Cow<'static, str>>,
        rule: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Invalid(vec![FieldError::new(field, rule, message)])
    }

    /// A refusal to somebody who may know of the thing.
    pub fn forbidden(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Forbidden { code, message: message.into() }
    }

    /// A refusal because of the state of things.
    pub fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Conflict { code, message: message.into() }
    }

    /// A fault of ours.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// Broken rules as one line for people.
fn sentences(errors: &[FieldError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}

impl From<super::secret::NoRandomness> for Error {
    fn from(error: super::secret::NoRandomness) -> Self {
        Self::internal(error)
    }
}
