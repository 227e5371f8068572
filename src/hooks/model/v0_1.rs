//! Version 0.1 of the contract, where it differs: an actor without strikes and
//! labels, no handle for more questions, answers without effects. Its three
//! hooks and all other records are as they still are.

use wasmtime::component::{ComponentType, Lift, Lower};

use super::{
    RawVerdict, Said,
    context::{Purpose, Role, Told},
    evidence::Evidence,
};

/// `types.actor` at 0.1.0.
#[derive(Clone, Copy, Debug, ComponentType, Lower)]
#[component(record)]
pub(crate) struct OldActor<'a> {
    id: &'a str,
    username: &'a str,
    role: Role,
    #[component(name = "account-age")]
    account_age: u64,
    verified: bool,
    #[component(name = "post-count")]
    post_count: u32,
    #[component(name = "comment-count")]
    comment_count: u32,
    score: i64,
}

/// `types.context` at 0.1.0.
#[derive(Clone, Copy, Debug, ComponentType, Lower)]
#[component(record)]
pub(crate) struct OldTold<'a> {
    #[component(name = "event-id")]
    event_id: &'a str,
    mode: Purpose,
    time: u64,
    community: Option<&'a str>,
    actor: Option<OldActor<'a>>,
}

impl<'a> From<Told<'a>> for OldTold<'a> {
    fn from(told: Told<'a>) -> Self {
        let actor = told.actor.map(|actor| OldActor {
            id: &actor.id,
            username: &actor.username,
            role: actor.role,
            account_age: actor.account_age,
            verified: actor.verified,
            post_count: actor.post_count,
            comment_count: actor.comment_count,
            score: actor.score,
        });
        Self {
            event_id: told.event_id,
            mode: told.mode,
            time: told.time,
            community: told.community,
            actor,
        }
    }
}

/// `decision` of every interface at 0.1.0.
#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub struct OldDecision<V> {
    verdict: V,
    evidence: Vec<Evidence>,
}

impl<V: Into<RawVerdict>> From<OldDecision<V>> for Said {
    fn from(OldDecision { verdict, evidence }: OldDecision<V>) -> Self {
        Self { verdict: verdict.into(), evidence, effects: Vec::new() }
    }
}
