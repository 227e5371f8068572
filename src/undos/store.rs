//! The statements on batches.

use uuid::Uuid;

use super::model::{
    Answer, Asked, Cause, Counts, Fate, Item, ItemState, OfBinding, Order, Piece, Reason, Thing,
    Undo, UndoState,
};
use crate::{
    base::{
        actor::Actor,
        clock::Timestamp,
        ids::{AccountId, CommunityId, ReviewItemId},
        page::PageRequest,
    },
    content_removals::removed_items,
    db::{Columns, Db, Error, Row, Statement, Tx, sql, statement},
    hooks::{Content, Verdict},
    mod_actions::decided_by_people,
};

/// What a count calls mails that told of something and cannot be called back.
const MAIL_SENT: &str = "mail_sent";

/// Of the rows `f` of a binding, those of a cause. Takes what [`bind`] binds.
macro_rules! of_cause {
    ($at:literal) => {
        concat!(
            " f.binding_id = ? and ",
            $at,
            " >= ? and ",
            $at,
            " <= ?
              and (? is null or f.revision = ?)
              and (? is null or exists (
                  select 1 from plugin_binding_revisions r
                  where r.binding_id = f.binding_id and r.revision = f.revision
                    and r.digest = ?))"
        )
    };
}

/// What no other batch takes back, or has taken back.
macro_rules! free {
    ($thing:literal) => {
        concat!(
            " and not exists (select 1 from undo_items o
                              where o.thing_id = ",
            $thing,
            " and o.state in ('waiting', 'undone'))"
        )
    };
}

/// Whether another enforcing plugin gave one of these verdicts on the event of `f`.
macro_rules! others {
    ($verdicts:literal) => {
        concat!(
            "exists (select 1 from decisions o
                     where o.event_id = f.event_id and o.binding_id <> f.binding_id
                       and o.mode = 'enforce' and o.verdict in (",
            $verdicts,
            "))"
        )
    };
}

/// The effects of a cause. On those that people have decided about since, nothing is
/// done: this is looked at before anything is taken back, for that is a person's doing
/// as well. An effect that found all as it wanted has no inverse.
macro_rules! effects {
    () => {
        concat!(
            "select f.applied_at as happened_at, f.decision_id, f.number as place,
                    f.id as thing_id, f.kind, f.target_id, f.event_id,
                    case when json_extract(f.inverse, '$.action') is not null and ",
            decided_by_people!("f.target_id", "f.applied_at"),
            " then 'decided_by_person' end as reason
             from effects f
             where f.state in ('applied', 'queued')
               and (f.inverse is not null or f.state = 'queued'
                    or f.kind in ('report', 'emit_webhook')) and ",
            of_cause!("f.applied_at"),
            free!("f.id")
        )
    };
}

/// Whether something of the target of the item `i` waits though that item does not any
/// more: its author has sent another text.
macro_rules! waits_still {
    () => {
        "exists (select 1 from review_items o
                 where o.target_id = i.target_id and o.state = 'open' and o.kind = i.kind)"
    };
}

/// What a cause decided about: texts, accounts and pictures that wait, texts that were
/// refused or changed, and whatever else did not come about as it was wanted. Of the
/// last, nothing is kept that could be taken back.
macro_rules! decided {
    () => {
        concat!(
            "select e.created_at as happened_at, f.id as decision_id, -1 as place,
                    coalesce(i.id, f.id) as thing_id,
                    case f.verdict when 'unavailable' then 'reject' else f.verdict end as kind,
                    e.target_id, f.event_id,
                    case when i.id is not null then
                             case when i.resolved_by is not null then 'decided_by_person'
                                  when i.state in ('open', 'removed') and ",
            others!("'hold'"),
            " then 'others_decided' end
                         when e.hook = 'content.before-publish' then
                             case when f.verdict <> 'modify' and ",
            others!("'reject', 'unavailable'"),
            " then 'others_decided'
                                  when e.input is null then 'text_expired' end
                         when e.hook = 'account.before-register' then 'registration_refused'
                         when e.hook = 'media.before-attach' then 'picture_refused'
                         when e.hook = 'vote.before-cast' then 'vote_refused'
                         when e.hook = 'report.before-create' then 'report_changed'
                         when e.hook = 'mod-action.before-apply' then 'action_refused'
                         when e.hook = 'ban.decide' then 'ban_changed'
                         else 'notification_changed' end as reason
             from decisions f
             join hook_events e on e.id = f.event_id
             left join review_items i
                 on f.verdict = 'hold' and i.target_id = e.target_id and i.event_id = f.event_id
             where f.mode = 'enforce' and f.verdict in ('modify', 'hold', 'reject', 'unavailable')
               and case when f.verdict = 'hold' and e.hook in
                             ('content.before-publish', 'account.before-register',
                              'media.before-attach')
                        then i.state in ('open', 'removed') or i.state = 'superseded' and ",
            waits_still!(),
            "
                        when e.hook = 'content.before-publish' and f.verdict = 'modify'
                        then e.outcome in ('allow', 'annotate', 'modify', 'hold')
                        else 1 = 1 end and ",
            of_cause!("e.created_at"),
            free!("coalesce(i.id, f.id)")
        )
    };
}

sql! { NOTE = concat!(
    "insert into undo_items
         (undo_id, number, thing_id, kind, target_id, event_id, state, reason)
     select ?, row_number() over
                   (order by x.happened_at desc, x.decision_id desc, x.place desc),
            x.thing_id, x.kind, x.target_id, x.event_id,
            case when x.reason is null then 'waiting' else 'kept' end, x.reason
     from (",
    effects!(),
    " union all ",
    decided!(),
    ") x"
) }

/// Whether somebody manages what is of a community: admins all, moderators what is of
/// their communities. Takes whether that is an admin, and the id.
macro_rules! manages {
    ($community:literal) => {
        concat!(
            "(? or exists (select 1 from community_members m
                           where m.community_id = ",
            $community,
            " and m.account_id = ? and m.role = 'moderator'))"
        )
    };
}

sql! { MANAGED = concat!("select b.scope_id from plugin_bindings b where b.id = ? and ", manages!("b.scope_id")) }
sql! { BAN_MANAGED = concat!(
    "select coalesce(p.community_id, n.scope_id) as scope_id
     from content_removals r
     join bans n on n.id = r.ban_id
     left join posts p on p.id = n.scope_id
     where r.ban_id = ? and ",
    manages!("coalesce(p.community_id, n.scope_id)")
) }
// The newest first. Votes come after contents, as they were removed.
sql! { NOTE_BAN = concat!(
    "insert into undo_items (undo_id, number, thing_id, kind, target_id, state)
     select ?, row_number() over (order by x.thing_id desc), x.thing_id, x.kind, x.target_id,
            'waiting'
     from (",
    removed_items!(),
    free!("i.id"),
    ") x"
) }
sql! { MARK = "
    update effects set state = 'undone', undo_id = ?
    where id = ? and state in ('applied', 'queued')" }
sql! { INSERT = "
    insert into undos (id, binding_id, request, state, total, result, created_by, created_at)
    values (?, ?, ?, 'waiting', 0, '{\"undone\": {}, \"kept\": 0}', ?, ?)" }
sql! { SET_TOTAL = "update undos set total = ?, result = ? where id = ?" }
sql! { BEGIN = "update undos set state = 'running' where id = ? and state = 'waiting'" }
sql! { ORDER = "
    select u.binding_id, b.plugin, u.created_by, u.total
    from undos u left join plugin_bindings b on b.id = u.binding_id
    where u.id = ? and u.state <> 'done'" }
sql! { NEXT = "
    select i.number, i.thing_id, i.kind, i.event_id, i.target_id, f.inverse,
           f.id is not null as is_effect, r.id is not null as is_of_ban
    from undo_items i
    left join effects f on f.id = i.thing_id
    left join content_removal_items r on r.id = i.thing_id
    where i.undo_id = ? and i.state = 'waiting' order by i.number limit ?" }
sql! { SETTLE = "
    update undo_items set state = ?, reason = ?, mailed = ?
    where undo_id = ? and number = ? and state = 'waiting'" }
sql! { COUNT_ITEMS = "
    select kind, state, reason, count(*) as things, cast(sum(mailed) as signed) as mailed
    from undo_items where undo_id = ?
    group by kind, state, reason order by kind, state, reason" }
sql! { PUT_COUNTS = "update undos set result = ? where id = ? and state <> 'done'" }
sql! { FINISH = "
update undos set state = 'done', result = ?, finished_at = ? where id = ? and state <> 'done'" }
// A batch, and a page of what is in it: a row for each, or one.
sql! { FIND = concat!(
    "select u.binding_id, u.state as undo_state, u.total, u.result, u.created_at, u.finished_at,
            i.number, i.thing_id, i.kind, i.target_id, i.state, i.reason,
            n.id is not null as is_of_ban
     from undos u
     left join plugin_bindings b on b.id = u.binding_id
     left join bans n on n.id = u.binding_id
     left join posts p on p.id = n.scope_id
     left join undo_items i on i.undo_id = u.id and i.number > ?
     where u.id = ? and ",
    manages!("coalesce(b.scope_id, p.community_id, n.scope_id)"),
    " order by i.number limit ?"
) }
// What plugins were asked about a text.
sql! { ASKED = "
    select e.input, e.actor_id, e.community_id, c.slug, e.created_at
    from hook_events e join communities c on c.id = e.community_id
    where e.id = ? and e.actor_id is not null" }
sql! { ANSWERS = "
    select d.binding_id, d.verdict, d.message, d.patch from decisions d
    where d.event_id = ? and d.mode = 'enforce' order by d.id" }
// The same text, sent again by its author since. Ids are in the order of time.
sql! { POST_AGAIN = "
    select 1 from posts p
    where p.author_id = ? and p.id > ? and p.community_id = ? and p.title = ? and p.body = ?
      and p.state <> 'deleted' limit 1" }
sql! { COMMENT_AGAIN = "
    select 1 from comments k
    where k.author_id = ? and k.id > ? and k.post_id = ? and k.body = ?
      and k.state <> 'deleted' limit 1" }
// Whose what waits is.
sql! { ITEM = concat!(
    "select i.author_id, i.target_id, i.state, ",
    waits_still!(),
    " as waits_still
     from review_items i where i.id = ?"
) }
// An edit that its author has sent since, and that waits.
sql! { PENDING_SINCE = "
    select 1 from revisions e
    where e.content_id = ? and e.state = 'pending' and e.created_at > ?" }

fn bind(statement: Statement, cause: &OfBinding, until: Timestamp) -> Statement {
    statement
        .bind(cause.binding.0)
        .bind(cause.from.map_or(0, |time| time.0))
        .bind(cause.until.map_or(until, |time| time.min(until)).0)
        .bind(cause.revision)
        .bind(cause.revision)
        .bind(cause.digest.clone())
        .bind(cause.digest.clone())
}

/// Where a cause is, if there is, or was, such a binding, or a ban that removed content,
/// and somebody manages it.
pub(super) async fn managed_scope(
    db: &Db,
    actor: &Actor,
    cause: &Cause,
) -> Result<Option<Uuid>, Error> {
    let sql = match cause {
        Cause::Binding(_) => MANAGED,
        Cause::Ban(_) => BAN_MANAGED,
    };
    let statement = statement(sql).bind(cause.id()).bind(actor.is_admin()).bind(actor.id.0);
    db.optional(statement).await?.map(|row| row.value("scope_id")).transpose()
}

/// Writes down a batch and what is in it; how much that is, and how much of it
/// is settled already.
pub(super) async fn insert(
    tx: &mut Tx,
    id: Uuid,
    (cause, by): (&Cause, AccountId),
    now: Timestamp,
) -> Result<(i64, Counts), Error> {
    tx.execute_one(
        statement(INSERT)
            .bind(id)
            .bind(cause.id())
            // Ids and numbers: serialising them cannot fail.
            .bind(match cause {
                Cause::Binding(of) => serde_json::to_string(of).unwrap_or_default(),
                Cause::Ban(ban) => serde_json::json!({"ban": ban.0}).to_string(),
            })
            .bind(by.0)
            .bind(now.0),
    )
    .await?;
    let noted = match cause {
        Cause::Binding(of) => bind(bind(statement(NOTE).bind(id), of, now), of, now),
        Cause::Ban(ban) => statement(NOTE_BAN).bind(id).bind(ban.0),
    };
    let total = i64::try_from(tx.execute(noted).await?).unwrap_or(i64::MAX);
    let counts = counts(tx, id).await?;
    tx.execute_one(statement(SET_TOTAL).bind(total).bind(json(&counts)).bind(id)).await?;
    Ok((total, counts))
}

/// A batch that is not done.
pub(super) async fn order(tx: &mut Tx, id: Uuid) -> Result<Option<Order>, Error> {
    let Some(row) = tx.optional(statement(ORDER).bind(id)).await? else { return Ok(None) };
    Ok(Some(Order {
        id,
        cause: row.value("binding_id")?,
        plugin: row.value::<Option<String>>("plugin")?.unwrap_or_default(),
        created_by: row.id("created_by")?,
        total: row.value("total")?,
    }))
}

/// Notes that a batch is being done; it may be so already.
pub(super) async fn begin(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    tx.execute(statement(BEGIN).bind(id)).await.map(drop)
}

/// What is to be taken back next.
pub(super) async fn next(tx: &mut Tx, id: Uuid, most: u32) -> Result<Vec<Piece>, Error> {
    let rows = tx.all(statement(NEXT).bind(id).bind(most)).await?;
    rows.iter().map(|row| Ok(Piece { number: row.value("number")?, thing: thing(row)? })).collect()
}

fn thing(row: &Row) -> Result<Thing, Error> {
    let (thing, kind): (Uuid, &str) = (row.value("thing_id")?, row.value("kind")?);
    let inconsistent = |column| Error::Inconsistent { column };
    if row.value("is_of_ban")? {
        return Ok(Thing::Removed(thing));
    }
    if row.value("is_effect")? {
        let target: Option<Uuid> = row.value("target_id")?;
        return match (row.optional_json("inverse")?, target) {
            (Some(inverse), _) => Ok(Thing::Effect(thing, inverse)),
            (None, _) if kind == "emit_webhook" => Ok(Thing::Webhook(thing)),
            (None, Some(target)) => Ok(Thing::Report { effect: thing, target }),
            (None, None) => Err(inconsistent("target_id")),
        };
    }
    let asked = row.value::<Option<Uuid>>("event_id")?;
    match (kind, asked) {
        ("hold", _) => Ok(Thing::Held(thing.into())),
        ("reject", Some(asked)) => Ok(Thing::Refused { decision: thing, asked }),
        ("modify", Some(asked)) => Ok(Thing::Rewritten { asked }),
        _ => Err(inconsistent("kind")),
    }
}

/// Notes what became of something; whether it was still to be settled.
pub(super) async fn settle(
    tx: &mut Tx,
    (undo, number): (Uuid, i64),
    fate: Fate,
) -> Result<bool, Error> {
    let (state, reason, mailed) = match fate {
        Fate::Undone { mailed } => (ItemState::Undone, None, mailed),
        Fate::Kept(reason) => (ItemState::Kept, Some(reason.as_str()), 0),
    };
    let statement = statement(SETTLE).bind(state.as_str()).bind(reason).bind(mailed);
    tx.execute_rows_or_none(statement.bind(undo).bind(number), 1).await
}

/// A text that plugins were asked about; `None` when nothing is on record of it.
pub(super) async fn asked(tx: &mut Tx, id: Uuid, binding: Uuid) -> Result<Option<Asked>, Error> {
    let Some(row) = tx.optional(statement(ASKED).bind(id)).await? else { return Ok(None) };
    let wrote: Option<Input> = row.optional_json("input")?;
    let answers = tx.all(statement(ANSWERS).bind(id)).await?;
    let answer = |row: &Row| {
        let verdict: &str = row.value("verdict")?;
        let verdict = Verdict::ALL.into_iter().find(|known| known.as_str() == verdict);
        Ok(Answer {
            is_cause: row.value::<Uuid>("binding_id")? == binding,
            verdict: verdict.ok_or(Error::Inconsistent { column: "verdict" })?,
            message: row.value("message")?,
            patch: row.optional_json("patch")?,
        })
    };
    Ok(Some(Asked {
        id,
        author: row.id("actor_id")?,
        community: row.id("community_id")?,
        slug: row.value("slug")?,
        at: row.time("created_at")?,
        wrote: wrote.map(|input| input.content),
        answers: answers.iter().map(answer).collect::<Result<_, Error>>()?,
    }))
}

/// What plugins were asked, as far as it is read.
#[derive(serde::Deserialize)]
struct Input {
    content: Content,
}

/// Whether an author has sent a text again since it was refused.
pub(super) async fn is_posted_again(
    tx: &mut Tx,
    (author, community): (AccountId, CommunityId),
    text: &Content,
) -> Result<bool, Error> {
    let uuid =
        |text: &str| text.parse::<Uuid>().map_err(|_| Error::Inconsistent { column: "input" });
    let id = uuid(&text.id)?;
    let statement = match &text.post_id {
        None => statement(POST_AGAIN)
            .bind(author.0)
            .bind(id)
            .bind(community.0)
            .bind(text.title.clone())
            .bind(text.body.clone()),
        Some(post) => statement(COMMENT_AGAIN)
            .bind(author.0)
            .bind(id)
            .bind(uuid(post)?)
            .bind(text.body.clone()),
    };
    Ok(tx.optional(statement).await?.is_some())
}

/// An item that waited because of a binding.
pub(super) struct Held {
    /// Whose it is, if an account's.
    pub(super) author: Option<AccountId>,
    pub(super) target: Uuid,
    /// Something newer has taken its place.
    pub(super) is_superseded: bool,
    /// And that waits.
    pub(super) waits_still: bool,
}

/// An item that waited because of a binding.
pub(super) async fn held(tx: &mut Tx, item: ReviewItemId) -> Result<Option<Held>, Error> {
    let row = tx.optional(statement(ITEM).bind(item.0)).await?;
    row.map(|row| {
        let state: &str = row.value("state")?;
        Ok(Held {
            author: row.optional_id("author_id")?,
            target: row.value("target_id")?,
            is_superseded: state == "superseded",
            waits_still: row.value("waits_still")?,
        })
    })
    .transpose()
}

/// Whether an edit of content waits that was sent after a time.
pub(super) async fn is_edit_waiting(
    tx: &mut Tx,
    content: Uuid,
    since: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.optional(statement(PENDING_SINCE).bind(content).bind(since.0)).await?.is_some())
}

/// Whether the effect was still to be taken back.
pub(super) async fn mark(tx: &mut Tx, undo: Uuid, effect: Uuid) -> Result<bool, Error> {
    Ok(tx.execute(statement(MARK).bind(undo).bind(effect)).await? > 0)
}

/// How much of a batch came to what so far.
pub(super) async fn counts(tx: &mut Tx, id: Uuid) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    for row in &tx.all(statement(COUNT_ITEMS).bind(id)).await? {
        add(&mut counts, row)?;
    }
    Ok(counts)
}

/// Keeps how far a batch is; with `finished_at`, it is done.
pub(super) async fn put_counts(
    tx: &mut Tx,
    id: Uuid,
    counts: &Counts,
    finished_at: Option<Timestamp>,
) -> Result<(), Error> {
    let statement = match finished_at {
        Some(at) => statement(FINISH).bind(json(counts)).bind(at.0).bind(id),
        None => statement(PUT_COUNTS).bind(json(counts)).bind(id),
    };
    tx.execute(statement).await.map(drop)
}

/// A batch and a page of what is in it, if `viewer` manages its binding.
pub(super) async fn find(
    db: &Db,
    viewer: &Actor,
    id: Uuid,
    page: &PageRequest<i64>,
) -> Result<Option<(Undo, Vec<Item>)>, Error> {
    batch(&db.all(find_statement(viewer, id, page)).await?, id)
}

/// [`find`] in a transaction.
pub(super) async fn find_in(
    tx: &mut Tx,
    viewer: &Actor,
    id: Uuid,
    page: &PageRequest<i64>,
) -> Result<Option<(Undo, Vec<Item>)>, Error> {
    batch(&tx.all(find_statement(viewer, id, page)).await?, id)
}

fn find_statement(viewer: &Actor, id: Uuid, page: &PageRequest<i64>) -> Statement {
    statement(FIND)
        .bind(page.after.unwrap_or(0))
        .bind(id)
        .bind(viewer.is_admin())
        .bind(viewer.id.0)
        .bind(page.rows())
}

fn batch(rows: &[Row], id: Uuid) -> Result<Option<(Undo, Vec<Item>)>, Error> {
    let Some(first) = rows.first() else { return Ok(None) };
    let state: &str = first.value("undo_state")?;
    let undo = Undo {
        id: Some(id),
        cause: first.value("binding_id")?,
        is_of_ban: first.value("is_of_ban")?,
        state: UndoState::from_stored(state).ok_or(Error::Inconsistent { column: "state" })?,
        total: first.value("total")?,
        counts: first.json("result")?,
        created_at: first.time("created_at")?,
        finished_at: first.optional_time("finished_at")?,
    };
    let mut items = Vec::new();
    for row in rows {
        if let Some(number) = row.value::<Option<i64>>("number")? {
            items.push(item(row, number)?);
        }
    }
    Ok(Some((undo, items)))
}

/// Adds things of one kind, state and reason.
fn add(counts: &mut Counts, row: &Row) -> Result<(), Error> {
    let (things, mailed): (i64, i64) = (row.value("things")?, row.value("mailed")?);
    match state(row)? {
        ItemState::Waiting => {}
        ItemState::Undone => *counts.undone.entry(row.value("kind")?).or_default() += things,
        ItemState::Kept => {
            counts.kept += things;
            // Batches of before had no reasons: people had decided.
            let reason = row.value::<Option<String>>("reason")?;
            let reason = reason.unwrap_or_else(|| Reason::DecidedByPerson.as_str().to_owned());
            *counts.not_undone.entry(reason).or_default() += things;
        }
    }
    if mailed > 0 {
        *counts.not_undone.entry(MAIL_SENT.to_owned()).or_default() += mailed;
    }
    Ok(())
}

fn item(row: &Row, number: i64) -> Result<Item, Error> {
    Ok(Item {
        number,
        id: row.value("thing_id")?,
        kind: row.value("kind")?,
        target: row.value("target_id")?,
        state: state(row)?,
        reason: row.value("reason")?,
    })
}

fn state(row: &Row) -> Result<ItemState, Error> {
    ItemState::from_stored(row.value("state")?).ok_or(Error::Inconsistent { column: "state" })
}

fn json(counts: &Counts) -> String {
    // Names and numbers: serialising them cannot fail.
    serde_json::to_string(counts).unwrap_or_default()
}
