use proptest::prelude::*;

use super::{model::*, rules::*, set_terms};
use crate::{
    bans::{Deed, Deeds, Standing},
    base::{
        Error,
        actor::{Actor, SiteRole},
        clock::Timestamp,
        ids::{AccountId, CommunityId, PostId, SessionId},
        terms,
    },
    db::Engine,
    publishing::{ContentState, Marks, Tallies, Waiting},
};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn actor() -> Actor {
    Actor {
        id: AccountId::new(NOW),
        session: SessionId::new(NOW),
        username: "ada".into(),
        role: SiteRole::Member,
        created_at: NOW,
        verified: true,
        post_count: 0,
        comment_count: 0,
        score: 0,
        strikes: 0,
        labels: Vec::new(),
        bot_of: None,
    }
}

fn access(author: AccountId, state: ContentState) -> Access {
    let post = Post {
        id: PostId::new(NOW),
        community: CommunityId::new(NOW),
        slug: "general".into(),
        author,
        author_name: "ada".into(),
        title: "A title".into(),
        body: "A body".into(),
        body_html: String::new(),
        state,
        locked: false,
        marks: Marks::default(),
        tallies: Tallies::default(),
        hot: 0.5,
        comment_count: 0,
        created_at: NOW,
        edited_at: None,
        my_vote: 0,
        media: Vec::new(),
    };
    Access { post, standing: Standing::default(), waiting: Waiting::default() }
}

fn code<T>(result: Result<T, Refusal>) -> &'static str {
    match result {
        Ok(_) => "",
        Err(Refusal::Banned(deed)) => deed.as_str(),
        Err(Refusal::Other(Error::Conflict { code, .. } | Error::Forbidden { code, .. })) => code,
        Err(Refusal::Other(error)) => panic!("{error}"),
    }
}

#[test]
fn every_broken_field_is_told() {
    let broken = |title: &str, body: &str| match PostText::parse(title, body) {
        Ok(_) => Vec::new(),
        Err(Error::Invalid(errors)) => errors.iter().map(|error| error.field.clone()).collect(),
        Err(error) => panic!("{error}"),
    };
    assert_eq!(broken("abc", ""), [""; 0]);
    assert_eq!(broken(&"t".repeat(200), &"b".repeat(40_000)), [""; 0]);
    assert_eq!(broken("a\u{200b}b", &"b".repeat(40_001)), ["title", "body"]);
    assert_eq!(broken(&"t".repeat(201), ""), ["title"]);
}

#[test]
fn authors_edit_what_is_theirs_and_open() {
    let me = actor();
    let edit = |access: &Access| code(may_edit(&me, access));
    assert_eq!(edit(&access(me.id, ContentState::Published)), "");
    assert_eq!(edit(&access(me.id, ContentState::Held)), "");
    assert_eq!(edit(&access(me.id, ContentState::Removed)), "removed");
    assert_eq!(edit(&access(AccountId::new(NOW), ContentState::Published)), "author_only");
    let mut locked = access(me.id, ContentState::Published);
    locked.post.locked = true;
    assert_eq!(edit(&locked), "locked");
    locked.standing.moderates = true;
    assert_eq!(edit(&locked), "");
    locked.standing.denied = Deeds::from_stored(8);
    assert_eq!(edit(&locked), "post");
}

#[test]
fn comments_and_votes_need_a_published_post() {
    let mut seen = access(AccountId::new(NOW), ContentState::Published);
    assert_eq!((code(may_comment(&seen.ground())), code(may_vote(&seen.ground()))), ("", ""));
    seen.post.locked = true;
    assert_eq!((code(may_comment(&seen.ground())), code(may_vote(&seen.ground()))), ("locked", ""));
    let held = access(AccountId::new(NOW), ContentState::Held);
    assert_eq!(
        (code(may_comment(&held.ground())), code(may_vote(&held.ground()))),
        ("held", "held")
    );
    let removed = access(AccountId::new(NOW), ContentState::Removed);
    assert_eq!(
        (code(may_comment(&removed.ground())), code(may_vote(&removed.ground()))),
        ("removed", "removed")
    );
    let mut banned = access(AccountId::new(NOW), ContentState::Published);
    banned.standing.denied = Deeds::from_stored(6);
    assert_eq!(
        (code(may_comment(&banned.ground())), code(may_vote(&banned.ground()))),
        ("comment", "vote")
    );
    assert!(banned.standing.allows(Deed::View));
}

#[test]
fn words_are_quoted_for_the_index() {
    let terms = |text: &str| SearchTerms::parse(text).map(|terms| terms.expression(Engine::Sqlite));
    assert_eq!(terms(" rust  forum ").unwrap(), "\"rustzz\" \"forumzz\"");
    assert_eq!(terms("a\"b OR c*").unwrap(), "\"azz bzz\" \"orzz\" \"czz\"");
    assert_eq!(terms("- title:x ^").unwrap(), "\"titlezz xzz\"");
    let words = SearchTerms::parse("a\"b +c*").unwrap();
    assert_eq!(words.expression(Engine::MySql), "+\"azz bzz\" +\"czz\"");
    assert_eq!(terms("\" * ( )").unwrap_err().rule, "words");
    assert_eq!(terms("").unwrap_err().rule, "words");
    assert_eq!(terms(&"a".repeat(201)).unwrap_err().rule, "length");
}

proptest! {
    /// What was accepted once is accepted again, unchanged: a text survives any
    /// number of edits that do not touch it.
    #[test]
    fn a_text_that_was_accepted_stays_as_it_is(title in "\\PC{0,60}", body in "(?s).{0,200}") {
        if let Ok(text) = PostText::parse(&title, &body) {
            let again = PostText::parse(&text.title, &text.body).unwrap();
            prop_assert_eq!(again, text);
        }
    }

    #[test]
    fn ranks_survive_a_cursor(hot in any::<f64>()) {
        let key = PostKey::Hot(hot.to_bits(), PostId::new(NOW));
        let text = serde_json::to_string(&key).unwrap();
        prop_assert_eq!(serde_json::from_str::<PostKey>(&text).unwrap(), key);
    }
}

#[test]
fn statements_name_the_version_of_the_terms_that_they_store() {
    assert_eq!(set_terms!(), format!("terms = ?, terms_version = {}", terms::VERSION));
}
