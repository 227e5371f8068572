//! Labels and paces, and what rules need to know of content.

use std::time::Duration;

use crate::{
    base::{
        Error, FieldError,
        clock::Timestamp,
        ids::{AccountId, CommunityId, PostId},
    },
    comments,
    mod_actions::Target,
    posts,
    publishing::{ContentState, Marks},
};

/// Most characters of a label, as the contract of plugins says.
const LABEL_MAX: usize = 32;
/// Longest pause between two comments: a day is as good as a lock.
const INTERVAL_MAX: Duration = Duration::from_hours(24);

/// Content as far as rules need it, read where it cannot change until the end of
/// the transaction.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// Who wrote it.
    pub author: AccountId,
    /// Where it is.
    pub community: CommunityId,
    /// Who may see it.
    pub state: ContentState,
    /// Its public marks.
    pub marks: Marks,
    /// When its text was last written.
    pub changed_at: Timestamp,
}

/// What a person wants to do with content that they see.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) target: Target,
    pub(super) author: AccountId,
    pub(super) community: CommunityId,
    pub(super) slug: String,
    pub(super) state: ContentState,
    pub(super) locked: bool,
    /// Whether they moderate there.
    pub(super) moderates: bool,
    pub(super) reason: Option<String>,
}

impl Wish {
    pub(super) fn of_post(access: posts::Access) -> Self {
        let post = access.post;
        Self {
            target: Target::Post(post.id),
            author: post.author,
            community: post.community,
            slug: post.slug,
            state: post.state,
            locked: post.locked,
            moderates: access.standing.moderates,
            reason: None,
        }
    }

    pub(super) fn of_comment(access: comments::Access) -> Self {
        let (comment, ground) = (access.comment, access.ground);
        Self {
            target: Target::Comment(comment.id),
            author: comment.author,
            community: ground.community,
            slug: ground.slug,
            state: comment.state,
            locked: comment.locked,
            moderates: ground.standing.moderates,
            reason: None,
        }
    }
}

/// Something that moderators and plugins call content or an account: 1 to 32 of
/// `a` to `z`, digits and `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label(String);

impl Label {
    /// Reads a label.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let is_right = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=LABEL_MAX).contains(&text.len()) && text.chars().all(is_right) {
            return Ok(Self(text.to_owned()));
        }
        let message = format!("must be 1 to {LABEL_MAX} of `a` to `z`, digits and `-`");
        Err(FieldError::new("label", "label", message))
    }

    /// Its letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How far two comments of one account must be apart, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The pause.
    pub interval: Duration,
    /// How long that holds; `None`: until it is ended.
    pub duration: Option<Duration>,
}

impl Pace {
    /// Checks a pace; a pause of nothing is not one.
    pub fn parse(interval: Duration, duration: Option<Duration>) -> Result<Self, Error> {
        if interval.is_zero() || interval > INTERVAL_MAX {
            return Err(Error::invalid("interval_seconds", "range", "must be from 1 to 86400"));
        }
        if duration.is_some_and(|duration| duration.is_zero()) {
            return Err(Error::invalid("duration_seconds", "range", "must be at least 1"));
        }
        Ok(Self { interval, duration })
    }
}

/// Where comments are slowed down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slowed {
    /// Under a post.
    Post(PostId),
    /// In a community.
    Community(CommunityId),
}
