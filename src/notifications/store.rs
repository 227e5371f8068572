//! The statements on notifications. Whatever shows one asks the predicates on
//! posts and comments whether its reader may see what it is about.

use uuid::Uuid;

use super::model::{
    Fate, Inbox, Kind, Made, NewNotification, Notification, Party, Preferences, Shown,
    stored_offset,
};
use crate::{
    bans::{Deeds, Standing, looking, viewer, viewer_known_by_id},
    base::{
        actor::Actor,
        clock::Timestamp,
        ids::{AccountId, BindingId, CommunityId, NotificationId, SessionId},
        text::name_key,
    },
    comments::comment_readable,
    db::{Columns, Db, Error, Row, SITE, Statement, Topic, Tx, sql, statement},
    hooks::Feature,
    posts::post_visible,
    sessions::to_actor,
};

/// The state of one that plugins are still to be asked about.
pub(super) const MADE: &str = "made";
/// The state of one that is in its recipient's list.
pub(super) const SENT: &str = "sent";
/// Most unread notifications that are counted: beyond it nobody cares how many.
const UNREAD_MAX: i64 = 1_000;

sql! { INSERT = "
    insert into notifications
        (id, recipient_id, kind, cause_id, content_id, binding_id, community_id, actor_id, details,
         state, created_at)
    select ?, a.id, ?, ?, ?, ?, ?, ?, ?, 'made', ?
    from accounts a
    where a.id = ? and a.state = 'active'
      and not exists (select 1 from notifications n
                      where n.cause_id = ? and n.recipient_id = a.id and n.kind = ?)
      and (? is null
           or not exists (select 1 from notifications u
                          where u.recipient_id = a.id and u.state in ('made', 'sent')
                            and u.read_at is null and u.binding_id = ? and u.details = ?))
      and not exists (select 1 from notification_preferences f
                      where f.account_id = a.id and instr(f.muted, ?) > 0)" }

/// What the notification `n` is about.
macro_rules! about {
    () => {
        "left join comments k on k.id = n.content_id
         left join posts p on p.id = coalesce(k.post_id, n.content_id)
         left join communities c on c.id = coalesce(p.community_id, n.community_id) "
    };
}

macro_rules! columns {
    () => {
        concat!(
            "n.kind, n.details, n.binding_id, k.id as comment_id, p.id as post_id, c.id as community_id, c.slug,
             p.title, substr(coalesce(k.body, p.body), 1, 200) as excerpt,
             (n.content_id is null or (p.id is not null and ",
            post_visible!(),
            " and (k.id is null or ",
            comment_readable!(),
            "))) and (n.binding_id is null or (select is_admin from viewer)
               or exists (select 1 from plugin_bindings b
                          join community_members m on m.community_id = b.scope_id
                          where b.id = n.binding_id and m.account_id = (select id from viewer)
                            and m.role = 'moderator')) as visible "
        )
    };
}

/// One row for each notification of a part of the viewer's list, or one without
/// a notification. Takes the part's arguments and a limit.
macro_rules! list {
    ($which:literal, $order:literal) => {
        concat!(
            viewer!(),
            "select n.id, n.position, n.sent_at, n.read_at, a.username as actor, ",
            columns!(),
            ", (select count(*) from (select 1 from notifications u
                 where u.recipient_id = (select id from viewer) and u.state = 'sent'
                   and u.read_at is null limit ?) some) as unread
             from viewer
             left join (select * from notifications
                        where recipient_id = ? and state = 'sent' and ",
            $which,
            " order by position ",
            $order,
            " limit ?) n on 1 = 1
             left join accounts a on a.id = n.actor_id ",
            about!(),
            " order by n.position ",
            $order
        )
    };
}

sql! { LIST = list!("position < ? and (? or read_at is null)", "desc") }
sql! { LIST_AFTER = list!("position > ? and (? or read_at is null)", "asc") }
sql! { FIND_PARTIES = concat!(
    "select n.recipient_id, n.actor_id, coalesce(p.community_id, n.community_id) as community_id
     from notifications n ",
    about!(),
    "where n.id = ? and n.state = ?"
) }
sql! { FIND_PARTY = "
    select a.id, a.username, a.role, a.verified_at, a.post_count, a.comment_count, a.score,
           a.strikes, a.labels, a.created_at,
           a.role = 'admin' or exists (select 1 from community_members m
               where m.community_id = ? and m.account_id = a.id and m.role = 'moderator')
               as moderates
    from accounts a where a.id = ?" }
sql! { FIND_MADE = concat!(
    viewer_known_by_id!(),
    "select n.actor_id, coalesce(f.utc_offset, 0) as utc_offset, ",
    columns!(),
    "from notifications n
     left join notification_preferences f on f.account_id = n.recipient_id ",
    about!(),
    "where n.id = ? and n.recipient_id = (select id from viewer) and n.state = ?"
) }
// Content, and the accounts that it concerns. Takes its id and a time twice, then its id
// four times. Held for: the reason of the item that was opened last before that time.
// Approved for: the reason of the resolution at exactly that time.
sql! { FIND_TOLD = "
    select coalesce(k.author_id, p.author_id) as author_id, coalesce(k.body, p.body) as body,
           p.state = 'published' and coalesce(k.state, 'published') = 'published' as is_published,
           case when k.id is not null then coalesce(o.author_id, p.author_id) end as answered_id,
           (select r.reason from review_items r
            where r.target_id = ? and r.created_at <= ? and r.kind in ('post', 'comment', 'edit')
            order by r.id desc limit 1) as held_for,
           (select r.resolution_reason from review_items r
            where r.target_id = ? and r.resolved_at = ? and r.state = 'approved'
              and r.kind in ('post', 'comment', 'edit') limit 1) as approved_for,
           m.id as removal_id, m.reason as removed_for
    from posts p
    left join mod_actions m on m.id = (
        select max(id) from mod_actions
        where target_id = ? and kind = 'remove' and undone_at is null)
    left join comments k on k.id = ? and k.post_id = p.id
    left join comments o on o.id = k.parent_id
    where p.id = coalesce((select post_id from comments where id = ?), ?)" }
sql! { FIND_BINDING = "
    select x.plugin, x.scope_id, r.reason
    from plugin_bindings x
    join plugin_binding_revisions r on r.binding_id = x.id and r.revision = x.revision
    where x.id = ? and x.removed_at is null" }
sql! { LIST_KEEPERS = "
    select id from accounts where role = 'admin'
    union
    select account_id from community_members where community_id = ? and role = 'moderator'" }
sql! { FIND_CALLED = "select id from accounts where name_key = ? and state = 'active'" }
// At the end of the recipient's list.
sql! { SEND = "
    update notifications
    set state = 'sent', details = coalesce(?, details), sent_at = ?, deliver_at = null,
        position = (select next from (select coalesce(max(position), 0) + 1 as next
                                      from notifications where recipient_id = ?) last)
    where id = ? and state in ('made', 'delayed')" }
sql! { DELAY = "
    update notifications set state = 'delayed', details = ?, deliver_at = ?
    where id = ? and state = 'made'" }
sql! { SUPPRESS =
"update notifications set state = 'suppressed' where id = ? and state = 'made'" }
sql! { LIST_DUE = "
select id, recipient_id from notifications where deliver_at <= ? order by deliver_at limit ?" }
sql! { PULSE = "
    select coalesce((select max(n.position) from notifications n
                     where n.recipient_id = s.account_id), 0) as position
    from sessions s cross join accounts a on a.id = s.account_id
    where s.id = ? and s.ended_at is null and s.expires_at > ? and a.state = 'active'" }
sql! { FIND_POSITION =
"select position from notifications where id = ? and recipient_id = ? and position is not null" }
sql! { READ = "
    update notifications set read_at = ?
    where id = ? and recipient_id = ? and state = 'sent' and read_at is null" }
sql! { READ_UP_TO = "
    update notifications set read_at = ?
    where recipient_id = ? and state = 'sent' and read_at is null and position <= ?" }
sql! { LIST_CAUSED = "
    select id, recipient_id, kind, community_id, read_at is not null as was_read
    from notifications where cause_id = ? and state <> 'withdrawn'" }
sql! { WITHDRAW = "
    update notifications set state = 'withdrawn', deliver_at = null
    where id = ? and state <> 'withdrawn'" }
sql! { FORGET = "delete from notifications where id < ?" }
sql! { FIND_PREFERENCES =
"select muted, utc_offset from notification_preferences where account_id = ?" }
sql! { DELETE_PREFERENCES = "delete from notification_preferences where account_id = ?" }
sql! { INSERT_PREFERENCES =
"insert into notification_preferences (account_id, muted, utc_offset) values (?, ?, ?)" }

/// Whether it was inserted: not when its recipient is told of it already, has
/// not read the same about the same binding, or does not want to be told.
pub(super) async fn insert(
    tx: &mut Tx,
    id: NotificationId,
    new: &NewNotification,
    now: Timestamp,
) -> Result<bool, Error> {
    let statement = statement(INSERT)
        .bind(id.0)
        .bind(new.kind.as_str())
        .bind(new.cause)
        .bind(new.content.map(crate::events::Content::id))
        .bind(new.binding.map(|binding| binding.0))
        .bind(new.community.map(|community| community.0))
        .bind(new.actor.map(|actor| actor.0))
        .bind(stored(&new.values))
        .bind(now.0)
        .bind(new.recipient.0)
        .bind(new.cause)
        .bind(new.kind.as_str())
        .bind(new.binding.map(|binding| binding.0))
        .bind(new.binding.map(|binding| binding.0))
        .bind(stored(&new.values))
        .bind(new.kind.as_str());
    Ok(tx.execute(statement).await? == 1)
}

/// A binding, as those who look after it are told of it.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) plugin: String,
    pub(super) community: Option<CommunityId>,
    /// Why the server changed it last, if it did.
    pub(super) reason: Option<String>,
}

/// A binding that is there.
pub(super) async fn binding(db: &Db, id: BindingId) -> Result<Option<Kept>, Error> {
    let row = db.optional(statement(FIND_BINDING).bind(id.0)).await?;
    row.map(|row| {
        let scope: Uuid = row.value("scope_id")?;
        let community = (scope != SITE).then_some(CommunityId(scope));
        Ok(Kept { plugin: row.value("plugin")?, community, reason: row.value("reason")? })
    })
    .transpose()
}

/// Who looks after bindings in a community, or on the site: admins and the
/// community's moderators.
pub(super) async fn keepers(
    db: &Db,
    community: Option<CommunityId>,
) -> Result<Vec<AccountId>, Error> {
    let community = community.map(|community| community.0);
    let rows = db.all(statement(LIST_KEEPERS).bind(community)).await?;
    rows.iter().map(|row| row.id("id")).collect()
}

/// What part of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// The position that it begins after: downwards, or upwards.
    pub(super) after: i64,
    pub(super) upwards: bool,
    /// Whether it has what was read, too.
    pub(super) with_read: bool,
    pub(super) rows: i64,
}

/// A part of the actor's list.
pub(super) async fn list(
    db: &Db,
    actor: &Actor,
    part: Part,
    now: Timestamp,
) -> Result<Inbox, Error> {
    let sql = if part.upwards { LIST_AFTER } else { LIST };
    let statement = looking(sql, Some(actor), now)
        .bind(UNREAD_MAX)
        .bind(actor.id.0)
        .bind(part.after)
        .bind(part.with_read)
        .bind(part.rows);
    let rows = db.all(statement).await?;
    let unread = rows.first().map_or(Ok(0), |row| row.value("unread"))?;
    let is_notification = |row: &&Row| !matches!(row.value::<Option<Uuid>>("id"), Ok(None));
    let items = rows.iter().filter(is_notification).map(notification).collect::<Result<_, _>>()?;
    Ok(Inbox { items, unread })
}

/// Content as it stands, and whom it concerns.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) author: AccountId,
    pub(super) body: String,
    pub(super) is_published: bool,
    /// Who wrote what a comment answers.
    pub(super) answered: Option<AccountId>,
    /// Reason of the item that was opened last before the time asked for.
    pub(super) held_for: Option<String>,
    /// Reason that a moderator gave for the approval at the time asked for.
    pub(super) approved_for: Option<String>,
    /// The action that took it away, and why.
    pub(super) removal: Option<(Uuid, Option<String>)>,
}

/// Content as it stands, and the reasons of what was done to it at a time.
pub(super) async fn told(db: &Db, content: Uuid, at: Timestamp) -> Result<Option<Told>, Error> {
    let reasons = statement(FIND_TOLD).bind(content).bind(at.0).bind(content).bind(at.0);
    let row = db.optional((0..4).fold(reasons, |statement, _| statement.bind(content))).await?;
    row.map(|row| {
        Ok(Told {
            author: row.id("author_id")?,
            body: row.value("body")?,
            is_published: row.value("is_published")?,
            answered: row.optional_id("answered_id")?,
            held_for: row.value("held_for")?,
            approved_for: row.value("approved_for")?,
            removal: match row.value("removal_id")? {
                Some(action) => Some((action, row.value("removed_for")?)),
                None => None,
            },
        })
    })
    .transpose()
}

/// The active account of a name.
pub(super) async fn called(db: &Db, name: &str) -> Result<Option<AccountId>, Error> {
    let row = db.optional(statement(FIND_CALLED).bind(name_key(name))).await?;
    row.map(|row| row.id("id")).transpose()
}

/// Whom a notification is for, who caused it, and where; `None` when it is in
/// another state.
pub(super) async fn parties(
    db: &Db,
    (id, state): (NotificationId, &'static str),
) -> Result<Option<(Party, Option<Party>)>, Error> {
    let Some(row) = db.optional(statement(FIND_PARTIES).bind(id.0).bind(state)).await? else {
        return Ok(None);
    };
    let community: Option<CommunityId> = row.optional_id("community_id")?;
    let Some(recipient) = party(db, row.id("recipient_id")?, community).await? else {
        return Ok(None);
    };
    let actor = match row.optional_id("actor_id")? {
        Some(actor) => party(db, actor, community).await?,
        None => None,
    };
    Ok(Some((recipient, actor)))
}

pub(super) async fn party(
    db: &Db,
    id: AccountId,
    community: Option<CommunityId>,
) -> Result<Option<Party>, Error> {
    let community = community.map(|community| community.0);
    let row = db.optional(statement(FIND_PARTY).bind(community).bind(id.0)).await?;
    row.map(|row| {
        let standing = Standing { moderates: row.value("moderates")?, denied: Deeds::default() };
        // Acts through none.
        let actor = to_actor(&row, SessionId(Uuid::nil()))?;
        Ok(Party { actor, standing })
    })
    .transpose()
}

/// A notification that plugins are to be asked about; `None` when it is in another
/// state.
pub(super) async fn made(
    db: &Db,
    recipient: AccountId,
    which: (NotificationId, &'static str),
    now: Timestamp,
) -> Result<Option<Made>, Error> {
    db.optional(find_made(recipient, which, now)).await?.as_ref().map(to_made).transpose()
}

/// The same of one that `tx` has just made.
pub(super) async fn just_made(
    tx: &mut Tx,
    (id, recipient): (NotificationId, AccountId),
    now: Timestamp,
) -> Result<Option<Made>, Error> {
    tx.optional(find_made(recipient, (id, MADE), now)).await?.as_ref().map(to_made).transpose()
}

fn find_made(
    recipient: AccountId,
    (id, state): (NotificationId, &'static str),
    now: Timestamp,
) -> Statement {
    let find = [recipient.0; 3].into_iter().fold(statement(FIND_MADE), Statement::bind);
    find.bind(now.0).bind(id.0).bind(state)
}

fn to_made(row: &Row) -> Result<Made, Error> {
    let is_visible = row.value("visible")?;
    Ok(Made {
        kind: kind(row)?,
        community: row.optional_id("community_id")?,
        slug: row.value("slug")?,
        values: if is_visible { values(row)? } else { Vec::new() },
        is_visible,
        utc_offset: stored_offset(row.value("utc_offset")?),
    })
}

/// Lets a notification go its way. Whether it had not gone already.
pub(super) async fn settle(
    tx: &mut Tx,
    (id, recipient): (NotificationId, AccountId),
    fate: &Fate,
    now: Timestamp,
) -> Result<bool, Error> {
    match fate {
        Fate::Send(values) => send(tx, (id, recipient), values.as_deref().map(stored), now).await,
        Fate::Delay(values, until) => {
            let statement = statement(DELAY).bind(stored(values)).bind(until.0).bind(id.0);
            Ok(tx.execute(statement).await? == 1)
        }
        Fate::Suppress => Ok(tx.execute(statement(SUPPRESS).bind(id.0)).await? == 1),
    }
}

/// Puts a notification into its recipient's list.
pub(super) async fn send(
    tx: &mut Tx,
    (id, recipient): (NotificationId, AccountId),
    details: Option<String>,
    now: Timestamp,
) -> Result<bool, Error> {
    tx.tell_at_commit(Topic::Notified(recipient.0));
    let statement = statement(SEND).bind(details).bind(now.0).bind(recipient.0).bind(id.0);
    Ok(tx.execute(statement).await? == 1)
}

/// Delayed notifications whose time has come, at most `limit`.
pub(super) async fn due(
    db: &Db,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(NotificationId, AccountId)>, Error> {
    let rows = db.all(statement(LIST_DUE).bind(now.0).bind(limit)).await?;
    rows.iter().map(|row| Ok((row.id("id")?, row.id("recipient_id")?))).collect()
}

/// The last position of the list of a session's account; `None` when the session
/// is over.
pub(super) async fn pulse(
    db: &Db,
    session: SessionId,
    now: Timestamp,
) -> Result<Option<i64>, Error> {
    let row = db.optional(statement(PULSE).bind(session.0).bind(now.0)).await?;
    row.map(|row| row.value("position")).transpose()
}

/// Where a notification stands in its recipient's list.
pub(super) async fn position(
    db: &Db,
    recipient: AccountId,
    id: Uuid,
) -> Result<Option<i64>, Error> {
    let row = db.optional(statement(FIND_POSITION).bind(id).bind(recipient.0)).await?;
    row.map(|row| row.value("position")).transpose()
}

pub(super) async fn read(
    tx: &mut Tx,
    recipient: AccountId,
    id: Uuid,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(statement(READ).bind(now.0).bind(id).bind(recipient.0)).await.map(drop)
}

pub(super) async fn read_up_to(
    tx: &mut Tx,
    recipient: AccountId,
    position: i64,
    now: Timestamp,
) -> Result<(), Error> {
    let statement = statement(READ_UP_TO).bind(now.0).bind(recipient.0).bind(position);
    tx.execute(statement).await.map(drop)
}

/// A notification that is to be taken back.
#[derive(Debug)]
pub(super) struct Caused {
    pub(super) id: NotificationId,
    pub(super) recipient: AccountId,
    pub(super) kind: Kind,
    pub(super) community: Option<CommunityId>,
    pub(super) was_read: bool,
}

/// What was told because of something.
pub(super) async fn caused(tx: &mut Tx, cause: Uuid) -> Result<Vec<Caused>, Error> {
    let rows = tx.all(statement(LIST_CAUSED).bind(cause)).await?;
    rows.iter()
        .map(|row| {
            Ok(Caused {
                id: row.id("id")?,
                recipient: row.id("recipient_id")?,
                kind: kind(row)?,
                community: row.optional_id("community_id")?,
                was_read: row.value("was_read")?,
            })
        })
        .collect()
}

pub(super) async fn withdraw(tx: &mut Tx, id: NotificationId) -> Result<(), Error> {
    tx.execute_one(statement(WITHDRAW).bind(id.0)).await
}

/// Deletes what is older than an id.
pub(super) async fn forget(tx: &mut Tx, before: Uuid) -> Result<u64, Error> {
    tx.execute(statement(FORGET).bind(before)).await
}

pub(super) async fn preferences(db: &Db, account: AccountId) -> Result<Preferences, Error> {
    let row = db.optional(statement(FIND_PREFERENCES).bind(account.0)).await?;
    row.map_or(Ok(Preferences::of("", 0)), |row| {
        Ok(Preferences::of(row.value("muted")?, row.value("utc_offset")?))
    })
}

pub(super) async fn put_preferences(
    tx: &mut Tx,
    account: AccountId,
    preferences: &Preferences,
) -> Result<(), Error> {
    tx.execute(statement(DELETE_PREFERENCES).bind(account.0)).await?;
    let statement = statement(INSERT_PREFERENCES)
        .bind(account.0)
        .bind(preferences.muted_stored())
        .bind(preferences.utc_offset);
    tx.execute_one(statement).await
}

fn stored(values: &[Feature]) -> String {
    // Strings: serialising them cannot fail.
    serde_json::to_string(values).unwrap_or_default()
}

fn kind(row: &Row) -> Result<Kind, Error> {
    Kind::parse(row.value("kind")?).ok_or(Error::Inconsistent { column: "kind" })
}

/// What a text can be made of: what is stored, and the words of the content as
/// they now are, unless a plugin put others in their place.
fn values(row: &Row) -> Result<Vec<Feature>, Error> {
    let mut values: Vec<Feature> = row.json("details")?;
    for name in ["title", "excerpt"] {
        let found: Option<String> = row.value(name)?;
        if let Some(value) = found.filter(|_| values.iter().all(|value| value.name != name)) {
            values.push(Feature { name: name.to_owned(), value });
        }
    }
    Ok(values)
}

fn notification(row: &Row) -> Result<Notification, Error> {
    let shown = row.value::<bool>("visible")?.then(|| shown(row)).transpose()?;
    Ok(Notification {
        id: row.id("id")?,
        position: row.value("position")?,
        kind: kind(row)?,
        sent_at: row.time("sent_at")?,
        is_read: row.optional_time("read_at")?.is_some(),
        shown,
    })
}

fn shown(row: &Row) -> Result<Shown, Error> {
    Ok(Shown {
        actor: row.value("actor")?,
        post: row.value("post_id")?,
        comment: row.value("comment_id")?,
        binding: row.value("binding_id")?,
        community: row.value("slug")?,
        values: values(row)?,
    })
}
