//! Inputs for native tests. Change what the test is about and leave the rest:
//! `Content { title: None, ..testing::post("Title", "Body") }`.

use crate::account::Registration;
use crate::content::{Content, Kind, Operation};
use crate::vote::{self, Vote};
use crate::{Actor, Context, Mode, Role};

/// An ordinary member: a month old, verified, with nothing published.
#[must_use]
pub fn actor() -> Actor {
    Actor {
        id: "actor-1".to_owned(),
        username: "robin".to_owned(),
        role: Role::Member,
        account_age: 30 * 24 * 60 * 60 * 1000,
        verified: true,
        post_count: 0,
        comment_count: 0,
        score: 0,
    }
}

/// [`actor`] does something in the community `general`.
#[must_use]
pub fn context() -> Context {
    Context {
        event_id: "event-1".to_owned(),
        mode: Mode::Enforce,
        time: 1_700_000_000_000,
        community: Some("general".to_owned()),
        actor: Some(actor()),
    }
}

/// A new post.
#[must_use]
pub fn post(title: &str, body: &str) -> Content {
    Content {
        kind: Kind::Post,
        operation: Operation::Create,
        id: "post-1".to_owned(),
        post_id: None,
        parent_id: None,
        title: Some(title.to_owned()),
        body: body.to_owned(),
    }
}

/// A new comment.
#[must_use]
pub fn comment(body: &str) -> Content {
    Content {
        kind: Kind::Comment,
        operation: Operation::Create,
        id: "comment-1".to_owned(),
        post_id: Some("post-1".to_owned()),
        parent_id: None,
        title: None,
        body: body.to_owned(),
    }
}

/// Somebody wants to join; nobody is signed in, so take [`context`] without an
/// actor.
#[must_use]
pub fn registration(username: &str, email_domain: &str) -> Registration {
    Registration { username: username.to_owned(), email_domain: email_domain.to_owned() }
}

/// A first vote on a post, 1 or -1.
#[must_use]
pub fn vote(value: i8) -> Vote {
    Vote {
        kind: vote::Kind::Post,
        content_id: "post-1".to_owned(),
        author_id: "actor-2".to_owned(),
        previous: 0,
        value,
    }
}
