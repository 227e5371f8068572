//! The statements on decisions, and those that open items for review.

use serde::Serialize;
use uuid::Uuid;

use super::model::{
    DecisionFilter, DecisionKey, DecisionRecord, DecisionTarget, Detail, TargetKind, Wanted,
};
use crate::{
    base::{
        actor::Actor,
        clock::Timestamp,
        ids::{AccountId, BindingId, CommunityId, DecisionId, ReviewItemId, same_millisecond},
        page::PageRequest,
    },
    db::{Columns, Db, Error, Row, SITE, Statement, Tx, sql, statement, up_to_four},
    hooks::{Decision, HookPoint, Mode, Verdict},
};

/// What is on record already stays as it is: what is done at least once is
/// recorded once.
macro_rules! insert_decisions {
    ($($row:literal),+) => {
        concat!(
            "insert into decisions
                 (event_id, binding_id, id, revision, mode, verdict, duration_us, message, patch,
                  evidence, effects, refused_effects, `reads`, input, fault, fault_detail)
             values ",
            $($row,)+
            " on conflict do nothing"
        )
    };
}

/// An event with its decisions is one statement to the driver: the writer is not
/// held for the way there and back of each.
macro_rules! insert_event {
    ($($row:literal),+) => {
        concat!(
            "insert into hook_events
                 (id, hook, input, outcome, actor_id, target_id, community_id, created_at)
             values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing; ",
            insert_decisions!($($row),+)
        )
    };
}

// By the number of decisions, from one.
sql! { INSERT_EVENT[4] =
up_to_four!(insert_event, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)") }
// For those that are more.
sql! { INSERT_DECISION =
insert_decisions!("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)") }

sql! { INSERT_REVIEW_ITEM = "
    insert into review_items
        (id, kind, target_id, community_id, author_id, event_id, reason, state, created_at)
    values (?, ?, ?, ?, ?, ?, ?, 'open', ?)" }
sql! { FIND_OPEN =
"select id from review_items where target_id = ? and state = 'open' and kind = ?" }
sql! { SUPERSEDE_ITEM =
"update review_items set state = 'superseded', resolved_at = ? where id = ? and state = 'open'" }
sql! { SUPERSEDE = "
    update review_items set state = 'superseded', resolved_at = ?
    where target_id = ? and state = 'open' and kind = ?" }

/// Whether the one who asks moderates the community of the row `d`, or of
/// another.
macro_rules! moderates {
    () => {
        $crate::decisions::moderates!("d")
    };
    ($row:literal) => {
        concat!(
            "exists (select 1 from community_members m
                     where m.community_id = ",
            $row,
            ".community_id and m.account_id = ? and m.role = 'moderator')"
        )
    };
}

/// An author knows of the decisions that counted, on own deeds.
macro_rules! own {
    () => {
        "(e.actor_id = ? and d.mode = 'enforce')"
    };
}

/// Decisions as [`record`] reads them; takes the id of the one who asks.
macro_rules! select_decisions {
    ($($more:literal)?) => {
        $crate::decisions::select_decisions!(
            from "decisions d join hook_events e on e.id = d.event_id" $($more)?
        )
    };
    (from $from:literal $($more:literal)?) => {
        concat!(
            "select d.id, e.hook, d.event_id, d.binding_id, b.plugin, v.digest, v.settings_hash,
                    d.revision, d.mode, d.verdict, e.outcome, d.message, d.patch, d.evidence,
                    d.effects, d.refused_effects, d.fault, d.fault_detail, d.duration_us,
                    e.actor_id, a.username as actor, e.target_id, c.slug as community,
                    e.input is null as erased, e.created_at, ", $($more,)?
            $crate::decisions::moderates!("e"), " as moderates from ", $from, "
             cross join plugin_bindings b on b.id = d.binding_id
             left join plugin_binding_revisions v
                 on v.binding_id = d.binding_id and v.revision = d.revision
             left join accounts a on a.id = e.actor_id
             left join communities c on c.id = e.community_id"
        )
    };
}

pub(crate) use {moderates, select_decisions};

// A decision is among those of its millisecond.
sql! { FIND = concat!(
    select_decisions!("coalesce(d.input, e.input) as input, d.reads, "),
    " where d.event_id between ? and ? and d.id = ? and (? or ",
    moderates!("e"),
    " or ",
    own!(),
    ")"
) }

/// A page of decisions, newest first, of those that one condition finds: in decisions, or
/// in events.
macro_rules! list {
    (of decisions, $which:expr) => {
        list!($which, "d.event_id", "decisions d cross join hook_events e on e.id = d.event_id")
    };
    (of events, $which:expr) => {
        list!($which, "e.id", "hook_events e cross join decisions d on d.event_id = e.id")
    };
    ($which:expr, $event:literal, $from:literal) => {
        concat!(
            select_decisions!(from $from),
            " where ",
            $which,
            " and (? or ",
            moderates!("e"),
            " or (? is not null and ",
            own!(),
            "))
               and (? is null or e.target_id = ?)
               and (? is null or d.binding_id = ?)
               and (? is null or c.slug = ?)
               and (? is null or d.verdict = ?)
               and (? is null or d.mode = ?)
               and (? is null or b.plugin = ?)
               and ",
            $event,
            " <= ? and (",
            $event,
            " < ? or d.binding_id < ?)
             order by ",
            $event,
            " desc, d.binding_id desc limit ?"
        )
    };
}

// Each condition has an index to go by, which begins with what it finds and goes on
// with the event; it stands again among the filters. Of what is found in events `MySQL`
// sorts all.
sql! { LIST = list!(of decisions, "1 = 1") }
sql! { LIST_TARGET = list!(of events, "e.target_id = ?") }
sql! { LIST_BINDING = list!(of decisions, "d.binding_id = ?") }
sql! { LIST_COMMUNITY =
list!(of events, "e.community_id = (select id from communities where slug = ?)") }
sql! { LIST_MODERATED = list!(
    of events,
    "e.community_id in (select m.community_id from community_members m
                        where m.account_id = ? and m.role = 'moderator')"
) }

// What those that counted want done about one event.
sql! { WANTED = "
    select d.id, d.binding_id, b.plugin, b.scope_id, d.revision, d.effects, e.target_id,
           e.community_id, e.actor_id, e.created_at
    from decisions d
    join hook_events e on e.id = d.event_id
    join plugin_bindings b on b.id = d.binding_id
    where d.event_id = ? and d.mode = 'enforce' and d.effects is not null
    order by d.id" }

// What people wrote is gone with the content. The answers stay.
sql! { ERASE_ANSWERS = "
    update decisions set patch = null, `reads` = null, input = null
    where event_id in (select id from hook_events where target_id = ? and input is not null)" }
sql! { ERASE_INPUTS =
"update hook_events set input = null where target_id = ? and input is not null" }
sql! { ERASE_ACCOUNT =
"insert into hook_erasures (account_id, swept) values (?, 0) on conflict do nothing" }
sql! { ERASURES = "select account_id, swept from hook_erasures order by account_id limit 1" }
sql! { NEWEST = "select coalesce(max(number), 0) as newest from hook_events" }
sql! { SWEEP_ANSWERS = "
    update decisions set patch = null, `reads` = null, input = null
    where event_id in (select id from hook_events
                       where number > ? and number <= ? and actor_id = ? and input is not null)" }
sql! { SWEEP_INPUTS = "
    update hook_events set input = null
    where number > ? and number <= ? and actor_id = ? and input is not null" }
sql! { SWEPT = "update hook_erasures set swept = ? where account_id = ?" }
sql! { FORGET_ERASURE = "delete from hook_erasures where account_id = ?" }

/// Old events about which nobody has yet to decide.
macro_rules! old_events {
    () => {
        "(select id from
             (select e.id from hook_events e
              where e.id < ?
                and not exists (select 1 from review_items r
                                where r.target_id = e.target_id and r.state = 'open')
              order by e.id limit ?) old)"
    };
}

sql! { FORGET_DECISIONS = concat!("delete from decisions where event_id in ", old_events!()) }
sql! { FORGET_EVENTS = concat!("delete from hook_events where id in ", old_events!()) }

/// An event and what was decided about it.
pub(super) struct NewEvent<'a> {
    pub(super) id: Uuid,
    pub(super) hook: HookPoint,
    pub(super) target: &'a DecisionTarget,
    pub(super) outcome: &'static str,
    pub(super) input: String,
    pub(super) created_at: Timestamp,
    /// Each with what it was asked, where that is not the event's input.
    pub(super) decisions: Vec<(&'a Decision, Option<String>)>,
}

/// Whether it was not on record before.
pub(super) async fn insert(tx: &mut Tx, new: NewEvent<'_>) -> Result<bool, Error> {
    let NewEvent { id, hook, target, outcome, input, created_at, decisions } = new;
    let together = decisions.len().min(INSERT_EVENT.len());
    let Some(sql) = together.checked_sub(1).and_then(|at| INSERT_EVENT.get(at)) else {
        return Ok(false);
    };
    let expected = u64::try_from(together).unwrap_or(u64::MAX).saturating_add(1);
    let (first, more) = decisions.split_at(together);
    let event = statement(*sql)
        .bind(id)
        .bind(hook.name())
        .bind(input)
        .bind(outcome)
        .bind(target.actor.map(|actor| actor.0))
        .bind(target.id)
        .bind(target.community.map(|community| community.0))
        .bind(created_at.0);
    let event = first.iter().fold(event, |event, decision| bind(event, id, decision));
    if !tx.execute_rows_or_none(event, expected).await? {
        return Ok(false);
    }
    for decision in more {
        tx.execute_one(bind(statement(INSERT_DECISION), id, decision)).await?;
    }
    Ok(true)
}

fn bind(
    statement: Statement,
    event: Uuid,
    (decision, input): &(&Decision, Option<String>),
) -> Statement {
    let fault = decision.fault.as_ref();
    statement
        .bind(event)
        .bind(decision.binding_id)
        .bind(decision.id)
        .bind(decision.revision)
        .bind(decision.mode.as_str())
        .bind(decision.verdict.as_str())
        .bind(i64::try_from(decision.duration_us).unwrap_or(i64::MAX))
        .bind(decision.message.clone())
        .bind(decision.patch.as_ref().map(to_json))
        .bind(some_json(&decision.evidence))
        .bind(some_json(&decision.effects))
        .bind(some_json(&decision.refused_effects))
        .bind((!decision.reads.is_empty()).then(|| to_json(&decision.reads)))
        .bind(input.clone())
        .bind(fault.map(|fault| fault.kind.as_str()))
        .bind(fault.map(|fault| fault.detail.clone()))
}

/// A list, if there is something in it.
fn some_json<T: Serialize>(list: &[T]) -> Option<String> {
    (!list.is_empty()).then(|| to_json(&list))
}

fn to_json(value: &impl Serialize) -> String {
    // Strings, numbers and lists: serialising them cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

/// Something that is to wait for a moderator.
pub(super) struct NewReviewItem<'a> {
    pub(super) target: &'a DecisionTarget,
    pub(super) event_id: Option<Uuid>,
    pub(super) reason: &'a str,
    pub(super) created_at: Timestamp,
}

pub(super) async fn insert_review_item(
    tx: &mut Tx,
    id: ReviewItemId,
    new: &NewReviewItem<'_>,
) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT_REVIEW_ITEM)
            .bind(id.0)
            .bind(new.target.kind.as_str())
            .bind(new.target.id)
            .bind(new.target.community.map(|community| community.0))
            .bind(new.target.actor.map(|actor| actor.0))
            .bind(new.event_id)
            .bind(new.reason.to_owned())
            .bind(new.created_at.0),
    )
    .await
}

/// The open item of a kind about a target.
pub(super) async fn open_item(
    tx: &mut Tx,
    target: Uuid,
    kind: TargetKind,
) -> Result<Option<ReviewItemId>, Error> {
    let row = tx.optional(statement(FIND_OPEN).bind(target).bind(kind.as_str())).await?;
    row.map(|row| row.id("id")).transpose()
}

/// Closes an open item in whose place there is a newer one.
pub(super) async fn supersede_item(
    tx: &mut Tx,
    item: ReviewItemId,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(statement(SUPERSEDE_ITEM).bind(now.0).bind(item.0)).await
}

/// Closes the open item of a kind about a target; there may be none.
pub(super) async fn supersede(
    tx: &mut Tx,
    target: Uuid,
    kind: TargetKind,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(statement(SUPERSEDE).bind(now.0).bind(target).bind(kind.as_str())).await.map(drop)
}

/// One decision in full, if `viewer` may see it.
pub(super) async fn find(
    db: &Db,
    viewer: &Actor,
    id: DecisionId,
) -> Result<Option<DecisionRecord>, Error> {
    let me = viewer.id.0;
    let (first, last) = same_millisecond(id.0);
    let statement = statement(FIND)
        .bind(me)
        .bind(first)
        .bind(last)
        .bind(id.0)
        .bind(viewer.is_admin())
        .bind(me)
        .bind(me);
    let Some(row) = db.optional(statement).await? else { return Ok(None) };
    let record = record(&row, viewer)?;
    let (input, reads) = (row.optional_json("input")?, row.optional_json("reads")?);
    Ok(Some(DecisionRecord { input, reads, ..record }))
}

/// Decisions that `viewer` may see, newest first: of the forum, of the
/// communities that the viewer moderates, or about one target.
pub(super) async fn list(
    db: &Db,
    viewer: &Actor,
    filter: DecisionFilter,
    page: &PageRequest<DecisionKey>,
) -> Result<Vec<DecisionRecord>, Error> {
    let DecisionFilter { binding, verdict, mode, plugin, target, community } = filter;
    let (me, binding) = (viewer.id.0, binding.map(|binding| binding.0));
    let (verdict, mode) = (verdict.map(Verdict::as_str), mode.map(Mode::as_str));
    let which = match (target, binding, &community) {
        (Some(target), ..) => statement(LIST_TARGET).bind(me).bind(target),
        (_, Some(binding), _) => statement(LIST_BINDING).bind(me).bind(binding),
        (.., Some(slug)) => statement(LIST_COMMUNITY).bind(me).bind(slug.clone()),
        _ if viewer.is_admin() => statement(LIST).bind(me),
        _ => statement(LIST_MODERATED).bind(me).bind(me),
    };
    let DecisionKey(event, last) =
        page.after.unwrap_or(DecisionKey(Uuid::max(), BindingId(Uuid::max())));
    let statement = which
        .bind(viewer.is_admin())
        .bind(me)
        .bind(target)
        .bind(me)
        .bind(target)
        .bind(target)
        .bind(binding)
        .bind(binding)
        .bind(community.clone())
        .bind(community)
        .bind(verdict)
        .bind(verdict)
        .bind(mode)
        .bind(mode)
        .bind(plugin.clone())
        .bind(plugin)
        .bind(event)
        .bind(event)
        .bind(last.0)
        .bind(page.rows());
    db.all(statement).await?.iter().map(|row| record(row, viewer)).collect()
}

/// What those that counted want done about one event.
pub(super) async fn wanted(db: &Db, event: Uuid) -> Result<Vec<Wanted>, Error> {
    let rows = db.all(statement(WANTED).bind(event)).await?;
    let wanted = rows.iter().map(|row| {
        let scope: Uuid = row.value("scope_id")?;
        Ok(Wanted {
            decision: row.id("id")?,
            binding: row.id("binding_id")?,
            plugin: row.value("plugin")?,
            scope: (scope != SITE).then_some(CommunityId(scope)),
            revision: row.value("revision")?,
            effects: row.optional_json("effects")?.unwrap_or_default(),
            target: row.value("target_id")?,
            community: row.optional_id("community_id")?,
            actor: row.optional_id("actor_id")?,
            decided_at: row.time("created_at")?,
        })
    });
    wanted.collect()
}

/// A row of [`select_decisions`].
pub(crate) fn record(row: &Row, viewer: &Actor) -> Result<DecisionRecord, Error> {
    let is_staff = viewer.is_admin() || row.value("moderates")?;
    Ok(DecisionRecord {
        id: row.id("id")?,
        hook: row.value("hook")?,
        event_id: row.value("event_id")?,
        binding_id: row.id("binding_id")?,
        revision: row.value("revision")?,
        plugin: row.value("plugin")?,
        digest: row.value::<Option<String>>("digest")?.unwrap_or_default(),
        settings_hash: row.value::<Option<String>>("settings_hash")?.unwrap_or_default(),
        mode: row.value("mode")?,
        verdict: row.value("verdict")?,
        outcome: row.value("outcome")?,
        message: row.value("message")?,
        patch: row.optional_json("patch")?,
        evidence: row.optional_json("evidence")?.unwrap_or_default(),
        effects: row.optional_json("effects")?.unwrap_or_default(),
        refused_effects: row.optional_json("refused_effects")?.unwrap_or_default(),
        fault: row.value("fault")?,
        fault_detail: row.value("fault_detail")?,
        duration_us: row.value("duration_us")?,
        input: None,
        reads: None,
        is_erased: row.value("erased")?,
        actor_id: row.optional_id("actor_id")?,
        actor: row.value("actor")?,
        target_id: row.value("target_id")?,
        community: row.value("community")?,
        created_at: row.time("created_at")?,
        detail: if is_staff { Detail::Staff } else { Detail::Author },
    })
}

/// The words of content go from what is on record about it.
pub(super) async fn erase(tx: &mut Tx, target: Uuid) -> Result<(), Error> {
    tx.execute(statement(ERASE_ANSWERS).bind(target)).await?;
    tx.execute(statement(ERASE_INPUTS).bind(target)).await.map(drop)
}

/// Notes that an account is to go from what is on record; there may be a note.
pub(super) async fn note_erasure(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    tx.execute(statement(ERASE_ACCOUNT).bind(account.0)).await.map(drop)
}

/// An account that is to go from what is on record, and how far that has come.
pub(super) struct Erasure {
    pub(super) account: AccountId,
    pub(super) swept: i64,
}

pub(super) async fn next_erasure(db: &Db) -> Result<Option<Erasure>, Error> {
    let row = db.optional(statement(ERASURES)).await?;
    row.map(|row| Ok(Erasure { account: row.id("account_id")?, swept: row.value("swept")? }))
        .transpose()
}

/// The number of the newest event.
pub(super) async fn newest(db: &Db) -> Result<i64, Error> {
    let row = db.optional(statement(NEWEST)).await?;
    row.map_or(Ok(0), |row| row.value("newest"))
}

/// Goes on with an erasure up to the event with the number `to`; with `done`,
/// that was the last.
pub(super) async fn sweep(
    tx: &mut Tx,
    Erasure { account, swept }: Erasure,
    to: i64,
    done: bool,
) -> Result<(), Error> {
    for sql in [SWEEP_ANSWERS, SWEEP_INPUTS] {
        tx.execute(statement(sql).bind(swept).bind(to).bind(account.0)).await?;
    }
    if done {
        return tx.execute_one(statement(FORGET_ERASURE).bind(account.0)).await;
    }
    tx.execute_one(statement(SWEPT).bind(to).bind(account.0)).await
}

/// Deletes up to `most` events whose ids come before `before`, with what was decided about
/// them; how many there were.
pub(super) async fn forget(tx: &mut Tx, before: Uuid, most: i64) -> Result<u64, Error> {
    tx.execute(statement(FORGET_DECISIONS).bind(before).bind(most)).await?;
    tx.execute(statement(FORGET_EVENTS).bind(before).bind(most)).await
}
