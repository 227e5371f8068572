//! The statements on appeals, and on what they are against.

use uuid::Uuid;

use super::model::{Against, Appeal, AppealState, Decided, Rejection, Strike};
use crate::{
    base::{
        actor::Actor,
        clock::Timestamp,
        ids::{AccountId, AppealId, same_millisecond},
        page::PageRequest,
    },
    db::{Columns, Db, Error, Row, Tx, sql, statement},
    events::Content,
    hooks,
    publishing::{Refused, Terms},
};

sql! { BAN = "
    select b.account_id, coalesce(c.id, p.community_id) as community_id,
           b.lifted_at is null and (b.until is null or b.until > ?) as stands,
           b.created_by as done_by, null as target_kind, null as target_id
    from bans b
    left join communities c on c.id = b.scope_id
    left join posts p on p.id = b.scope_id
    where b.id = ?" }
sql! { REMOVAL = "
    select m.account_id, m.community_id, m.undone_at is null and ? > 0 as stands,
           m.actor_id as done_by, m.target_kind, m.target_id
    from mod_actions m where m.id = ? and m.kind = 'remove'" }
sql! { WARNING = "
    select w.account_id, w.community_id, w.withdrawn_at is null and ? > 0 as stands,
           w.created_by as done_by, null as target_kind, null as target_id
    from warnings w where w.id = ?" }
// A decision that refused a deed of somebody; it is of the same millisecond as
// its event. It stands until the content is there under the id that it was to
// have.
sql! { REJECTION = "
    select e.actor_id as account_id, e.community_id,
           e.hook = 'content.before-publish' as is_appealable,
           e.outcome = 'reject' and d.verdict = 'reject' and ? > 0
               and (coalesce(json_extract(e.input, '$.content.operation'), '') <> 'create'
                    or not exists (select 1 from posts p where p.id = e.target_id)
                       and not exists (select 1 from comments k where k.id = e.target_id))
               as stands,
           null as done_by, null as target_kind, null as target_id
    from decisions d join hook_events e on e.id = d.event_id
    where d.id = ? and d.event_id between ? and ? and d.mode = 'enforce'" }
sql! { REFUSED = "
    select e.id, e.actor_id, e.input, c.slug, e.created_at
    from decisions d
    join hook_events e on e.id = d.event_id
    join communities c on c.id = e.community_id
    where d.id = ? and d.event_id between ? and ?" }
sql! { AGAINST =
"select id, state, account_id = ? as is_own from appeals where subject_id = ?" }
sql! { COUNT_OPEN =
"select count(*) as waiting from appeals where account_id = ? and state = 'open'" }
sql! { INSERT = "
    insert into appeals
        (id, against, subject_id, account_id, community_id, text, state, created_at)
    values (?, ?, ?, ?, ?, ?, 'open', ?)" }
sql! { FIND_DECIDED = "
select account_id, community_id, state, note from appeals where id = ? and state <> 'open'" }
sql! { DECIDE = "
    update appeals set state = ?, decided_by = ?, decided_at = ?, note = ?, own_matter = ?
    where id = ? and state = 'open'" }

/// Whether the viewer moderates where the appeal `p` was made: admins everywhere. Takes
/// whether the viewer is an admin, and the viewer's id.
macro_rules! moderates {
    () => {
        "(? or exists
            (select 1 from community_members m where m.community_id = p.community_id
             and m.account_id = ? and m.role = 'moderator'))"
    };
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "select p.id, p.against, p.subject_id, p.account_id, a.username, c.slug, p.text,
                    p.state, p.created_at, s.username as decided_by, p.decided_at, p.note,
                    p.own_matter, p.account_id = ? as is_own, ",
            moderates!(),
            " as moderates
             from appeals p
             join accounts a on a.id = p.account_id
             left join accounts s on s.id = p.decided_by
             left join communities c on c.id = p.community_id
             where (p.account_id = ? or ",
            moderates!(),
            ") and ",
            $which
        )
    };
}
sql! { FIND = select!("p.id = ?") }
sql! { LIST = select!("(? is null or p.state = ?) and p.id < ? order by p.id desc limit ?") }

/// What struck somebody, by its kind and id.
pub(super) async fn strike(
    tx: &mut Tx,
    (against, id): (Against, Uuid),
    now: Timestamp,
) -> Result<Option<Strike>, Error> {
    let sql = match against {
        Against::Ban => BAN,
        Against::Removal => REMOVAL,
        Against::Warning => WARNING,
        Against::Rejection => REJECTION,
    };
    let mut statement = statement(sql).bind(now.0).bind(id);
    if against == Against::Rejection {
        let (first, last) = same_millisecond(id);
        statement = statement.bind(first).bind(last);
    }
    let Some(row) = tx.optional(statement).await? else { return Ok(None) };
    let Some(account) = row.optional_id("account_id")? else { return Ok(None) };
    let kind: Option<String> = row.value("target_kind")?;
    let target: Option<Uuid> = row.value("target_id")?;
    Ok(Some(Strike {
        account,
        community: row.optional_id("community_id")?,
        is_appealable: match against {
            Against::Rejection => row.value("is_appealable")?,
            Against::Ban | Against::Removal | Against::Warning => true,
        },
        done_by: row.optional_id("done_by")?,
        stands: row.value("stands")?,
        content: match (kind.as_deref(), target) {
            (Some("post"), Some(id)) => Some(Content::Post(id)),
            (Some("comment"), Some(id)) => Some(Content::Comment(id)),
            _ => None,
        },
    }))
}

/// The text that a decision refused.
pub(super) async fn rejection(tx: &mut Tx, decision: Uuid) -> Result<Option<Rejection>, Error> {
    let (first, last) = same_millisecond(decision);
    let statement = statement(REFUSED).bind(decision).bind(first).bind(last);
    let Some(row) = tx.optional(statement).await? else { return Ok(None) };
    let asked: Option<Asked> = row.optional_json("input")?;
    let (community, at) = (row.value("slug")?, row.time("created_at")?);
    let refused = asked.map(|asked| {
        let (media, terms) = (None, Terms::default());
        Refused { content: asked.content, community, media, at, terms }
    });
    Ok(Some(Rejection { asked: row.value("id")?, author: row.id("actor_id")?, refused }))
}

/// What plugins were asked, as far as it is read.
#[derive(serde::Deserialize)]
struct Asked {
    content: hooks::Content,
}

/// How many appeals of an account wait.
pub(super) async fn count_open(tx: &mut Tx, account: AccountId) -> Result<i64, Error> {
    let row = tx.optional(statement(COUNT_OPEN).bind(account.0)).await?;
    row.map_or(Ok(0), |row| row.value("waiting"))
}

pub(super) async fn insert(
    tx: &mut Tx,
    id: AppealId,
    (against, subject): (Against, Uuid),
    (strike, text): (&Strike, &str),
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT)
            .bind(id.0)
            .bind(against.as_str())
            .bind(subject)
            .bind(strike.account.0)
            .bind(strike.community.map(|community| community.0))
            .bind(text.to_owned())
            .bind(now.0),
    )
    .await
}

/// One appeal, if it is the viewer's or theirs to decide.
pub(super) async fn find(
    tx: &mut Tx,
    viewer: &Actor,
    id: AppealId,
) -> Result<Option<Appeal>, Error> {
    let (me, admin) = (viewer.id.0, viewer.is_admin());
    let statement = statement(FIND).bind(me).bind(admin).bind(me);
    let statement = statement.bind(me).bind(admin).bind(me).bind(id.0);
    tx.optional(statement).await?.as_ref().map(appeal).transpose()
}

/// The viewer's appeals and those that are theirs to decide, newest first.
pub(super) async fn list(
    db: &Db,
    viewer: &Actor,
    state: Option<AppealState>,
    page: &PageRequest<AppealId>,
) -> Result<Vec<Appeal>, Error> {
    let (me, admin) = (viewer.id.0, viewer.is_admin());
    let state = state.map(AppealState::as_str);
    let statement = statement(LIST).bind(me).bind(admin).bind(me);
    let statement = statement.bind(me).bind(admin).bind(me).bind(state).bind(state);
    let before = page.after.map_or(Uuid::max(), |after| after.0);
    db.all(statement.bind(before).bind(page.rows())).await?.iter().map(appeal).collect()
}

/// The appeal against something, its state, and whether `viewer` made it.
pub(super) async fn against(
    tx: &mut Tx,
    viewer: &Actor,
    subject: Uuid,
) -> Result<Option<(AppealId, AppealState, bool)>, Error> {
    let statement = statement(AGAINST).bind(viewer.id.0).bind(subject);
    let Some(row) = tx.optional(statement).await? else { return Ok(None) };
    let state = AppealState::from_stored(row.value("state")?);
    let state = state.ok_or(Error::Inconsistent { column: "state" })?;
    Ok(Some((row.id("id")?, state, row.value("is_own")?)))
}

/// A decision on an open appeal.
#[derive(Debug)]
pub(super) struct Ruling {
    pub(super) state: AppealState,
    pub(super) note: Option<String>,
    pub(super) own_matter: bool,
}

/// Whether the appeal was open.
pub(super) async fn decide(
    tx: &mut Tx,
    by: &Actor,
    id: AppealId,
    ruling: Ruling,
    now: Timestamp,
) -> Result<bool, Error> {
    let statement = statement(DECIDE)
        .bind(ruling.state.as_str())
        .bind(by.id.0)
        .bind(now.0)
        .bind(ruling.note)
        .bind(ruling.own_matter)
        .bind(id.0);
    Ok(tx.execute(statement).await? == 1)
}

/// The decision on an appeal, once there is one.
pub(super) async fn decided(db: &Db, id: AppealId) -> Result<Option<Decided>, Error> {
    let row = db.optional(statement(FIND_DECIDED).bind(id.0)).await?;
    row.map(|row| {
        let state: String = row.value("state")?;
        Ok(Decided {
            account: row.id("account_id")?,
            community: row.optional_id("community_id")?,
            is_granted: state == AppealState::Granted.as_str(),
            note: row.value("note")?,
        })
    })
    .transpose()
}

fn appeal(row: &Row) -> Result<Appeal, Error> {
    let inconsistent = |column| Error::Inconsistent { column };
    Ok(Appeal {
        id: row.id("id")?,
        against: Against::from_stored(row.value("against")?)
            .ok_or_else(|| inconsistent("against"))?,
        subject: row.value("subject_id")?,
        account: row.id("account_id")?,
        username: row.value("username")?,
        community: row.value("slug")?,
        text: row.value("text")?,
        state: AppealState::from_stored(row.value("state")?)
            .ok_or_else(|| inconsistent("state"))?,
        created_at: row.time("created_at")?,
        decided_by: row.value("decided_by")?,
        decided_at: row.optional_time("decided_at")?,
        note: row.value("note")?,
        is_own: row.value("is_own")?,
        moderates: row.value("moderates")?,
        own_matter: row.value("own_matter")?,
    })
}
