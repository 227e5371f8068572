//! The statements on decisions, and those that open items for review.

use uuid::Uuid;

use super::model::{DecisionFilter, DecisionRecord, DecisionTarget, Detail};
use crate::{
    base::{
        actor::Actor,
        clock::Timestamp,
        ids::{DecisionId, ReviewItemId},
        page::PageRequest,
    },
    db::{Columns, Db, Error, Row, Statement, Tx, statement},
    hooks::{Decision, Mode, Verdict},
};

macro_rules! insert {
    ($($more:literal)?) => {
        concat!(
            "insert into decisions
                 (id, hook, event_id, binding_id, plugin, digest, settings_hash, mode, verdict,
                  outcome, message, evidence, fault, fault_detail, duration_us, input,
                  actor_id, target_id, community_id, created_at)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            $(, $more)?
        )
    };
}

const INSERT: &str = insert!();
/// Two more decisions at once: the writer is not held for the way there and
/// back of each.
const INSERT_THREE: &str = insert!(
    ", (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     , (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
);

const INSERT_REVIEW_ITEM: &str = "
    insert into review_items
        (id, kind, target_id, community_id, author_id, event_id, reason, state, created_at)
    values (?, ?, ?, ?, ?, ?, ?, 'open', ?)";
const SUPERSEDE_EDIT: &str = "
    update review_items set state = 'superseded'
    where target_id = ? and state = 'open' and kind = 'edit'";
const WITHDRAW: &str =
    "update review_items set state = 'superseded' where target_id = ? and state = 'open'";

/// Whether the one who asks moderates where the decision `d` was made.
macro_rules! moderates {
    () => {
        "exists (select 1 from community_members m
                 where m.community_id = d.community_id
                   and m.account_id = ? and m.role = 'moderator')"
    };
}

/// An author knows of the decisions that counted, on own deeds.
macro_rules! own {
    () => {
        "(d.actor_id = ? and d.mode = 'enforce')"
    };
}

/// Decisions as [`record`] reads them; takes the id of the one who asks.
macro_rules! select_decisions {
    ($($more:literal)?) => {
        concat!(
            "select d.id, d.hook, d.event_id, d.binding_id, d.plugin, d.digest, d.settings_hash,
                    d.mode, d.verdict, d.outcome, d.message, d.evidence, d.fault, d.fault_detail,
                    d.duration_us, d.actor_id, a.username as actor, d.target_id,
                    c.slug as community, d.created_at, ", $($more,)?
            $crate::decisions::moderates!(), " as moderates
             from decisions d
             left join accounts a on a.id = d.actor_id
             left join communities c on c.id = d.community_id"
        )
    };
}

pub(crate) use {moderates, select_decisions};

const FIND: &str = concat!(
    select_decisions!("d.input, "),
    " where d.id = ? and (? or ",
    moderates!(),
    " or ",
    own!(),
    ")"
);

macro_rules! list {
    ($which:expr) => {
        concat!(
            select_decisions!(),
            " where ",
            $which,
            "
               and (? is null or d.binding_id = ?)
               and (? is null or d.verdict = ?)
               and (? is null or d.mode = ?)
               and (? is null or d.plugin = ?)
               and (? is null or c.slug = ?)
               and d.id < ?
             order by d.id desc limit ?"
        )
    };
}

const LIST: &str = list!("1 = 1");
const LIST_MODERATED: &str = list!(
    "d.community_id in (select m.community_id from community_members m
                        where m.account_id = ? and m.role = 'moderator')"
);
const LIST_TARGET: &str =
    list!(concat!("d.target_id = ? and (? or ", moderates!(), " or ", own!(), ")"));

/// A decision and what is recorded with it.
pub(super) struct NewDecision<'a> {
    pub(super) decision: &'a Decision,
    pub(super) event_id: Uuid,
    pub(super) outcome: &'static str,
    pub(super) target: &'a DecisionTarget,
    pub(super) created_at: Timestamp,
}

pub(super) async fn insert(tx: &mut Tx, new: &[NewDecision<'_>]) -> Result<(), Error> {
    let (threes, rest) = new.as_chunks::<3>();
    for three in threes {
        let actual = tx.execute(three.iter().fold(statement(INSERT_THREE), bind)).await?;
        if actual != 3 {
            return Err(Error::WrongRowCount { expected: 3, actual });
        }
    }
    for one in rest {
        tx.execute_one(bind(statement(INSERT), one)).await?;
    }
    Ok(())
}

fn bind(statement: Statement, new: &NewDecision<'_>) -> Statement {
    let NewDecision { decision, target, .. } = new;
    let fault = decision.fault.as_ref();
    statement
        .bind(decision.id)
        .bind(decision.hook.name())
        .bind(new.event_id)
        .bind(decision.binding_id)
        .bind(decision.plugin.to_string())
        .bind(decision.digest.to_string())
        .bind(decision.settings_hash.to_string())
        .bind(decision.mode.as_str())
        .bind(decision.verdict.as_str())
        .bind(new.outcome)
        .bind(decision.message.clone())
        // Strings and numbers: serialising them cannot fail.
        .bind(serde_json::to_string(&decision.evidence).unwrap_or_default())
        .bind(fault.map(|fault| fault.kind.as_str()))
        .bind(fault.map(|fault| fault.detail.clone()))
        .bind(i64::try_from(decision.duration_us).unwrap_or(i64::MAX))
        .bind(decision.input_json().to_string())
        .bind(target.actor.map(|actor| actor.0))
        .bind(target.id)
        .bind(target.community.map(|community| community.0))
        .bind(new.created_at.0)
}

/// Something that is to wait for a moderator.
pub(super) struct NewReviewItem<'a> {
    pub(super) target: &'a DecisionTarget,
    pub(super) event_id: Option<Uuid>,
    pub(super) reason: &'a str,
    pub(super) created_at: Timestamp,
}

pub(super) async fn insert_review_item(tx: &mut Tx, new: &NewReviewItem<'_>) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT_REVIEW_ITEM)
            .bind(ReviewItemId::new(new.created_at).0)
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

/// Closes the item of an edit that waits; there may be none.
pub(super) async fn supersede_edit(tx: &mut Tx, target: Uuid) -> Result<(), Error> {
    tx.execute(statement(SUPERSEDE_EDIT).bind(target)).await.map(drop)
}

/// Closes all items of a target that wait; there may be none.
pub(super) async fn withdraw(tx: &mut Tx, target: Uuid) -> Result<(), Error> {
    tx.execute(statement(WITHDRAW).bind(target)).await.map(drop)
}

/// One decision in full, if `viewer` may see it.
pub(super) async fn find(
    db: &Db,
    viewer: &Actor,
    id: DecisionId,
) -> Result<Option<DecisionRecord>, Error> {
    let me = viewer.id.0;
    let statement = statement(FIND).bind(me).bind(id.0).bind(viewer.is_admin()).bind(me).bind(me);
    let Some(row) = db.optional(statement).await? else { return Ok(None) };
    let input: String = row.value("input")?;
    let input = Some(json("input", &input)?);
    Ok(Some(DecisionRecord { input, ..record(&row, viewer)? }))
}

/// Decisions that `viewer` may see, newest first: of the forum, of the
/// communities that the viewer moderates, or about one target.
pub(super) async fn list(
    db: &Db,
    viewer: &Actor,
    filter: DecisionFilter,
    page: &PageRequest<DecisionId>,
) -> Result<Vec<DecisionRecord>, Error> {
    let me = viewer.id.0;
    let which = match filter.target {
        Some(target) => {
            statement(LIST_TARGET).bind(me).bind(target).bind(viewer.is_admin()).bind(me).bind(me)
        }
        None if viewer.is_admin() => statement(LIST).bind(me),
        None => statement(LIST_MODERATED).bind(me).bind(me),
    };
    let binding = filter.binding.map(|binding| binding.0);
    let verdict = filter.verdict.map(Verdict::as_str);
    let mode = filter.mode.map(Mode::as_str);
    let statement = which
        .bind(binding)
        .bind(binding)
        .bind(verdict)
        .bind(verdict)
        .bind(mode)
        .bind(mode)
        .bind(filter.plugin.clone())
        .bind(filter.plugin)
        .bind(filter.community.clone())
        .bind(filter.community)
        .bind(page.after.map_or(Uuid::max(), |after| after.0))
        .bind(page.rows());
    db.all(statement).await?.iter().map(|row| record(row, viewer)).collect()
}

/// A row of [`select_decisions`].
pub(crate) fn record(row: &Row, viewer: &Actor) -> Result<DecisionRecord, Error> {
    let evidence: String = row.value("evidence")?;
    let is_staff = viewer.is_admin() || row.value("moderates")?;
    Ok(DecisionRecord {
        id: row.id("id")?,
        hook: row.value("hook")?,
        event_id: row.value("event_id")?,
        binding_id: row.id("binding_id")?,
        plugin: row.value("plugin")?,
        digest: row.value("digest")?,
        settings_hash: row.value("settings_hash")?,
        mode: row.value("mode")?,
        verdict: row.value("verdict")?,
        outcome: row.value("outcome")?,
        message: row.value("message")?,
        evidence: json("evidence", &evidence)?,
        fault: row.value("fault")?,
        fault_detail: row.value("fault_detail")?,
        duration_us: row.value("duration_us")?,
        input: None,
        actor_id: row.optional_id("actor_id")?,
        actor: row.value("actor")?,
        target_id: row.value("target_id")?,
        community: row.value("community")?,
        created_at: row.time("created_at")?,
        detail: if is_staff { Detail::Staff } else { Detail::Author },
    })
}

fn json<T: serde::de::DeserializeOwned>(column: &'static str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| Error::Inconsistent { column })
}
