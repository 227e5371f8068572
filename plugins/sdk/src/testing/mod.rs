//! Inputs and a host for native tests. Change what a test is about and leave
//! the rest: `Content { title: None, ..testing::post("Title", "Body") }`.
//!
//! [`state()`], [`forum()`] and [`http()`] are what the imports of those names
//! talk to when a plugin runs natively; [`Known`] is what `context.event` tells:
//! `Context { event: Known { .. }.into(), ..testing::context() }`.

use crate::account::Registration;
use crate::ban::{Deed, Origin, Proposal, Sanction, Scope};
use crate::content::{Content, Kind, Operation};
use crate::media::Media;
use crate::notification::{self, Channel, Notification};
use crate::vote::Vote;
use crate::{Actor, Context, Link, LinkKind, Mode, Rendered, Role, Target, mod_action, report};

mod event;
pub(crate) mod forum;
pub(crate) mod http;
pub(crate) mod state;
pub(crate) mod text;

pub use event::Known;
pub use forum::{Forum, forum};
pub use http::{Http, http};
pub use state::{State, state};

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
        strikes: 0,
        labels: Vec::new(),
    }
}

/// [`actor`] does something in the community `general`.
#[must_use]
pub fn context() -> Context<'static> {
    Context {
        event_id: "event-1".to_owned(),
        mode: Mode::Enforce,
        time: 1_700_000_000_000,
        community: Some("general".to_owned()),
        actor: Some(actor()),
        event: Known::default().into(),
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

/// A body as readers see it, with links to these addresses, for [`Known::rendered`]:
/// native tests have no renderer.
#[must_use]
pub fn rendered(text: &str, links: &[&str]) -> Rendered {
    let link = |url: &&str| Link { kind: LinkKind::Link, url: (*url).to_owned() };
    Rendered { text: text.to_owned(), links: links.iter().map(link).collect() }
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
        kind: Kind::Post,
        content_id: "post-1".to_owned(),
        author_id: "actor-2".to_owned(),
        previous: 0,
        value,
    }
}

/// A small picture.
#[must_use]
pub fn media(media_type: &str) -> Media {
    Media {
        id: "media-1".to_owned(),
        media_type: media_type.to_owned(),
        bytes: 40_000,
        width: 640,
        height: 480,
        digest: "00".repeat(32),
    }
}

/// A moderator proposes a ban of [`actor`] from the community `general`.
#[must_use]
pub fn proposal(prior_bans: u32) -> Proposal {
    let sanction = Sanction {
        account: actor().id,
        scope: Scope::Community,
        place: Some("general".to_owned()),
        deeds: vec![Deed::Comment, Deed::Post],
        duration: None,
        reason: "rude".to_owned(),
    };
    Proposal { sanction, proposed_by: Origin::Moderator, account: actor(), prior_bans }
}

/// A moderator wants to do something with a comment.
#[must_use]
pub fn action(kind: mod_action::Kind, seconded: u32) -> mod_action::Action {
    mod_action::Action {
        kind,
        target: Target::Comment("comment-1".to_owned()),
        account_id: "actor-2".to_owned(),
        reason: None,
        seconded,
    }
}

/// Somebody reports a comment; `open` are reports of it that wait.
#[must_use]
pub fn report(reason: &str, open: &[&str]) -> report::Report {
    report::Report {
        target: Target::Comment("comment-1".to_owned()),
        account_id: "actor-2".to_owned(),
        reason: reason.to_owned(),
        open: open.iter().map(|&id| id.to_owned()).collect(),
    }
}

/// [`actor`] is told something in the app.
#[must_use]
pub fn notification(kind: notification::Kind) -> Notification {
    Notification {
        id: "notification-1".to_owned(),
        kind,
        channel: Channel::InApp,
        recipient: actor(),
        utc_offset: 0,
        values: Vec::new(),
    }
}
