//! The statements on replays.

use uuid::Uuid;

use super::model::{Answer, Candidate, Change, Counts, Difference, Recorded, Replay, ReplayState};
use crate::{
    base::{
        actor::Actor,
        clock::Timestamp,
        ids::{AccountId, BindingId, CommunityId, DecisionId, same_millisecond},
        page::PageRequest,
    },
    db::{Columns, Db, Error, Row, Tx, sql, statement},
    hooks::{Grants, HookPoint},
    plugin_admin::{Disclosure, Limits},
};

sql! { COMMUNITY = "select id from communities where slug = ?" }
sql! { TERMS = "
    select v.digest, v.settings, v.grants from plugin_binding_revisions v
    where v.binding_id = ? and v.revision = ?" }
sql! { LIMITS =
"select limits from plugin_binding_revisions where binding_id = ? and revision = ?" }
sql! { EVENT_OF_DECISION = "
    select d.event_id from decisions d join hook_events e on e.id = d.event_id
    where d.event_id between ? and ? and d.id = ? and (? is null or e.community_id = ?)" }
sql! { IS_VERSION_OF = "select 1 from plugin_versions where digest = ? and plugin = ?" }
sql! { COUNT_EVENTS = "
    select count(*) as events from hook_events e
    where e.id > ? and e.id <= ? and e.input is not null
      and (? is null or e.hook = ?) and (? is null or e.community_id = ?)" }

sql! { INSERT = "
    insert into replays
        (id, binding_id, digest, grants, hook, community_id, since_id, until_id, position, events,
         state, total, created_by, created_at, settings)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?)" }
macro_rules! find {
    ($more:literal) => {
        concat!(
            "select r.id, r.binding_id, r.digest, r.settings, r.grants, r.hook, r.community_id,
                    c.slug as community, r.since_id, r.until_id, r.position, r.events, r.state,
                    r.total, r.judged, r.same, r.differs, r.would_allow, r.would_hold,
                    r.would_reject, r.faults, r.error, r.created_by, r.created_at, r.finished_at
             from replays r left join communities c on c.id = r.community_id
             where r.id = ?",
            $more
        )
    };
}
sql! { FIND = find!("") }
// For admins; and, if it is a replay of a community's binding on events of that
// community, for its moderators. Takes whether that is an admin, and the id.
sql! { SEE = find!(
    " and (? or exists (
              select 1 from plugin_bindings b
              join community_members m on m.community_id = b.scope_id and m.role = 'moderator'
              where b.id = r.binding_id and b.scope_id = r.community_id and m.account_id = ?))"
) }
sql! { CANCEL = "
    update replays set state = 'cancelled', finished_at = ?
    where id = ? and state in ('waiting', 'active')" }
sql! { FAIL = "
    update replays set state = 'failed', finished_at = ?, error = ?
    where id = ? and state in ('waiting', 'active')" }
// Only from where this round began: of two that do the same, one counts.
sql! { ADVANCE = "
    update replays
    set state = ?, position = ?, finished_at = ?, judged = judged + ?, same = same + ?,
        differs = differs + ?, would_allow = would_allow + ?, would_hold = would_hold + ?,
        would_reject = would_reject + ?, faults = faults + ?
    where id = ? and position = ? and state in ('waiting', 'active')" }
sql! { INSERT_DIFFERENCE = "
    insert into replay_differences
        (replay_id, event_id, decision_id, was, would, message, fault)
    values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing" }
sql! { DIFFERENCES = "
    select f.event_id, f.decision_id, f.was, f.would, f.message, f.fault, e.target_id, e.hook,
           e.created_at
    from replay_differences f join hook_events e on e.id = f.event_id
    where f.replay_id = ? and f.event_id > ?
    order by f.event_id limit ?" }

macro_rules! recorded {
    ($which:literal) => {
        concat!(
            "select e.id, e.hook, coalesce(d.input, e.input) as input, e.outcome,
                    d.id as decision_id, d.verdict, d.message, d.patch, d.evidence, d.effects,
                    d.reads, d.fault
             from hook_events e
             left join decisions d on d.event_id = e.id and d.binding_id = ?
             where e.input is not null and ",
            $which
        )
    };
}

sql! { RECORDED = recorded!(
    "e.id > ? and e.id <= ? and (? is null or e.hook = ?)
       and (? is null or e.community_id = ?)
     order by e.id limit ?"
) }
sql! { RECORDED_ONE =
recorded!("e.id = ? and (? is null or e.hook = ?) and (? is null or e.community_id = ?)") }

pub(super) async fn community(db: &Db, slug: &str) -> Result<Option<CommunityId>, Error> {
    let row = db.optional(statement(COMMUNITY).bind(slug.to_owned())).await?;
    row.map(|row| row.id("id")).transpose()
}

/// What a binding was at a revision.
pub(super) async fn terms(
    db: &Db,
    binding: BindingId,
    revision: i64,
) -> Result<Option<Candidate>, Error> {
    let row = db.optional(statement(TERMS).bind(binding.0).bind(revision)).await?;
    row.as_ref().map(candidate).transpose()
}

/// What a binding lets be known before something is published.
pub(super) async fn disclosure(db: &Db, binding: Uuid, revision: i64) -> Result<Disclosure, Error> {
    let row = db.optional(statement(LIMITS).bind(binding).bind(revision)).await?;
    let limits = row.map(|row| row.optional_json::<Limits>("limits")).transpose()?.flatten();
    Ok(limits.map_or(Disclosure::None, |limits| limits.disclosure))
}

/// The event that a decision is about, in a community if that is said. Both ids
/// carry one millisecond.
pub(super) async fn event_of(
    db: &Db,
    decision: DecisionId,
    community: Option<CommunityId>,
) -> Result<Option<Uuid>, Error> {
    let (first, last) = same_millisecond(decision.0);
    let community = community.map(|community| community.0);
    let statement = statement(EVENT_OF_DECISION).bind(first).bind(last).bind(decision.0);
    let statement = statement.bind(community).bind(community);
    db.optional(statement).await?.map(|row| row.value("event_id")).transpose()
}

/// Whether a version is one of a plugin.
pub(super) async fn is_version_of(db: &Db, digest: &str, plugin: &str) -> Result<bool, Error> {
    let statement = statement(IS_VERSION_OF).bind(digest.to_owned()).bind(plugin.to_owned());
    Ok(db.optional(statement).await?.is_some())
}

/// How many events there are to judge.
pub(super) async fn count_events(
    db: &Db,
    (since, until): (Uuid, Uuid),
    hook: Option<HookPoint>,
    community: Option<CommunityId>,
) -> Result<i64, Error> {
    let (hook, community) = (hook.map(HookPoint::name), community.map(|community| community.0));
    let statement = statement(COUNT_EVENTS)
        .bind(since)
        .bind(until)
        .bind(hook)
        .bind(hook)
        .bind(community)
        .bind(community);
    db.optional(statement).await?.map_or(Ok(0), |row| row.value("events"))
}

pub(super) async fn insert(tx: &mut Tx, replay: &Replay) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT)
            .bind(replay.id)
            .bind(replay.binding.map(|binding| binding.0))
            .bind(replay.candidate.digest.clone())
            .bind(to_json(&replay.candidate.grants))
            .bind(replay.hook.map(HookPoint::name))
            .bind(replay.community.map(|community| community.0))
            .bind(replay.range.0)
            .bind(replay.range.1)
            .bind(replay.position)
            .bind(replay.events.as_ref().map(to_json))
            .bind(replay.total)
            .bind(replay.created_by.0)
            .bind(replay.created_at.0)
            .bind(replay.candidate.settings.clone()),
    )
    .await
}

pub(super) async fn find(db: &Db, id: Uuid) -> Result<Option<Replay>, Error> {
    let row = db.optional(statement(FIND).bind(id)).await?;
    row.as_ref().map(replay).transpose()
}

/// A replay, if `viewer` may see it.
pub(super) async fn see(db: &Db, viewer: &Actor, id: Uuid) -> Result<Option<Replay>, Error> {
    let statement = statement(SEE).bind(id).bind(viewer.is_admin()).bind(viewer.id.0);
    db.optional(statement).await?.as_ref().map(replay).transpose()
}

/// Stops a replay. Returns whether the replay was not over.
pub(super) async fn cancel(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(statement(CANCEL).bind(now.0).bind(id)).await? == 1)
}

pub(super) async fn fail(tx: &mut Tx, id: Uuid, error: &str, now: Timestamp) -> Result<(), Error> {
    let statement = statement(FAIL).bind(now.0).bind(error.to_owned()).bind(id);
    tx.execute(statement).await.map(drop)
}

/// What came of some events of a replay.
pub(super) struct Round<'a> {
    pub(super) replay: &'a Replay,
    /// The last event of the round.
    pub(super) to: Uuid,
    /// When there are no more.
    pub(super) finished_at: Option<Timestamp>,
    pub(super) counts: Counts,
    pub(super) differences: &'a [(Recorded, Answer, Change)],
}

/// Whether the replay was still wanted.
pub(super) async fn advance(tx: &mut Tx, round: &Round<'_>) -> Result<bool, Error> {
    let Round { replay, to, finished_at, counts, differences } = round;
    let state = finished_at.map_or(ReplayState::Active, |_| ReplayState::Completed);
    let statement_ = statement(ADVANCE)
        .bind(state.as_str())
        .bind(*to)
        .bind(finished_at.map(|at| at.0))
        .bind(counts.judged)
        .bind(counts.same)
        .bind(counts.differs)
        .bind(counts.would_allow)
        .bind(counts.would_hold)
        .bind(counts.would_reject)
        .bind(counts.faults)
        .bind(replay.id)
        .bind(replay.position);
    if tx.execute(statement_).await? == 0 {
        return Ok(false);
    }
    for (recorded, answer, _) in *differences {
        let one = statement(INSERT_DIFFERENCE)
            .bind(replay.id)
            .bind(recorded.event)
            .bind(recorded.decision.map(|decision| decision.0))
            .bind(recorded.was.clone())
            .bind(answer.verdict.clone())
            .bind(answer.message.clone())
            .bind(answer.fault.clone());
        tx.execute(one).await?;
    }
    Ok(true)
}

/// Where a candidate judged otherwise, in the order of time.
pub(super) async fn differences(
    db: &Db,
    replay: Uuid,
    page: &PageRequest<Uuid>,
) -> Result<Vec<Difference>, Error> {
    let after = page.after.unwrap_or(Uuid::nil());
    let statement = statement(DIFFERENCES).bind(replay).bind(after).bind(page.rows());
    db.all(statement).await?.iter().map(difference).collect()
}

/// Events that are to be judged next, at most `most`, in the order of time.
pub(super) async fn recorded(db: &Db, replay: &Replay, most: i64) -> Result<Vec<Recorded>, Error> {
    let binding = replay.binding.map(|binding| binding.0);
    let hook = replay.hook.map(HookPoint::name);
    let community = replay.community.map(|community| community.0);
    let Some(events) = &replay.events else {
        let statement = statement(RECORDED)
            .bind(binding)
            .bind(replay.position)
            .bind(replay.range.1)
            .bind(hook)
            .bind(hook)
            .bind(community)
            .bind(community)
            .bind(most);
        return db.all(statement).await?.iter().map(one_recorded).collect();
    };
    let mut found = Vec::new();
    for event in events.iter().filter(|event| **event > replay.position) {
        let statement = statement(RECORDED_ONE)
            .bind(binding)
            .bind(*event)
            .bind(hook)
            .bind(hook)
            .bind(community)
            .bind(community);
        let row = db.optional(statement).await?;
        found.extend(row.as_ref().map(one_recorded).transpose()?);
    }
    Ok(found)
}

fn candidate(row: &Row) -> Result<Candidate, Error> {
    Ok(Candidate {
        digest: row.value("digest")?,
        settings: row.value("settings")?,
        grants: row.optional_json::<Grants>("grants")?.unwrap_or_default(),
    })
}

fn replay(row: &Row) -> Result<Replay, Error> {
    let state: String = row.value("state")?;
    Ok(Replay {
        id: row.value("id")?,
        binding: row.optional_id("binding_id")?,
        candidate: candidate(row)?,
        hook: row.value::<Option<&str>>("hook")?.and_then(HookPoint::parse),
        community: row.optional_id("community_id")?,
        community_slug: row.value("community")?,
        range: (row.value("since_id")?, row.value("until_id")?),
        position: row.value("position")?,
        events: row.optional_json("events")?,
        state: ReplayState::from_stored(&state).ok_or(Error::Inconsistent { column: "state" })?,
        total: row.value("total")?,
        counts: Counts {
            judged: row.value("judged")?,
            same: row.value("same")?,
            differs: row.value("differs")?,
            would_allow: row.value("would_allow")?,
            would_hold: row.value("would_hold")?,
            would_reject: row.value("would_reject")?,
            faults: row.value("faults")?,
        },
        error: row.value("error")?,
        created_by: row.id::<AccountId>("created_by")?,
        created_at: row.time("created_at")?,
        finished_at: row.optional_time("finished_at")?,
    })
}

fn difference(row: &Row) -> Result<Difference, Error> {
    Ok(Difference {
        event: row.value("event_id")?,
        decision: row.optional_id("decision_id")?,
        was: row.value("was")?,
        would: row.value("would")?,
        message: row.value("message")?,
        fault: row.value("fault")?,
        target: row.value("target_id")?,
        hook: row.value("hook")?,
        at: row.time("created_at")?,
    })
}

fn one_recorded(row: &Row) -> Result<Recorded, Error> {
    let hook = HookPoint::parse(row.value("hook")?);
    let verdict: Option<String> = row.value("verdict")?;
    let answer = match &verdict {
        Some(verdict) => Some(Answer {
            verdict: Some(verdict.clone()),
            message: row.value("message")?,
            patch: row.optional_json("patch")?,
            evidence: row.optional_json("evidence")?.unwrap_or_default(),
            effects: row.optional_json("effects")?.unwrap_or_default(),
            fault: row.value("fault")?,
        }),
        None => None,
    };
    Ok(Recorded {
        event: row.value("id")?,
        hook: hook.ok_or(Error::Inconsistent { column: "hook" })?,
        input: row.value("input")?,
        reads: row.optional_json("reads")?,
        decision: row.optional_id("decision_id")?,
        was: verdict.map_or_else(|| row.value("outcome"), Ok)?,
        answer,
    })
}

fn to_json(value: &impl serde::Serialize) -> String {
    // Names, numbers and ids: serialising them cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}
