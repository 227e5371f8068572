//! Who may strike what.

use uuid::Uuid;

use super::{
    model::Facts,
    rules::{is_there, joined, may_remove, may_restore, moderators_only},
};
use crate::{
    base::{
        Error,
        actor::{Actor, Agent, Automation, SiteRole},
        clock::Timestamp,
        ids::{AccountId, BindingId, CommunityId, DecisionId, SessionId},
    },
    publishing::{ContentState, Marks},
};

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const STATES: [ContentState; 4] =
    [ContentState::Published, ContentState::Held, ContentState::Removed, ContentState::Deleted];

fn person() -> Actor {
    Actor {
        id: AccountId::new(NOW),
        session: SessionId::new(NOW),
        username: "mina".to_owned(),
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

fn code<T>(answer: Result<T, Error>) -> &'static str {
    match answer {
        Ok(_) => "ok",
        Err(Error::NotFound) => "not_found",
        Err(Error::Conflict { code, .. } | Error::Forbidden { code, .. }) => code,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn only_those_who_moderate_act() {
    assert_eq!(
        (code(moderators_only(true)), code(moderators_only(false))),
        ("ok", "moderators_only")
    );
}

#[test]
fn what_waits_is_removed_by_people_only() {
    let actor = person();
    let automation = Automation {
        plugin: "automod".to_owned(),
        binding: BindingId(Uuid::nil()),
        decision: DecisionId(Uuid::nil()),
    };
    let by = |agent| STATES.map(|state| code(may_remove(agent, state)));
    assert_eq!(by(Agent::Person(&actor)), ["ok", "ok", "removed", "not_found"]);
    assert_eq!(by(Agent::Plugin(&automation)), ["ok", "held", "removed", "not_found"]);
}

#[test]
fn only_what_was_removed_is_given_back() {
    let codes = STATES.map(|state| code(may_restore(state)));
    assert_eq!(codes, ["not_removed", "not_removed", "ok", "not_found"]);
    // No state can be both removed and given back.
    let actor = person();
    for state in STATES {
        let removable = may_remove(Agent::Person(&actor), state).is_ok();
        assert!(!(removable && may_restore(state).is_ok()), "{state:?}");
    }
}

#[test]
fn what_its_author_took_back_is_not_there() {
    let facts = |state| Facts {
        author: AccountId::new(NOW),
        community: CommunityId::new(NOW),
        state,
        marks: Marks::default(),
        changed_at: NOW,
    };
    let codes = STATES.map(|state| code(is_there(Some(facts(state)))));
    assert_eq!(codes, ["ok", "ok", "ok", "not_found"]);
    assert_eq!(code(is_there(None)), "not_found");
}

#[test]
fn labels_stand_with_a_space_between() {
    assert_eq!(joined(&[]), "");
    assert_eq!(joined(&["new".to_owned(), "spam".to_owned()]), "new spam");
}
