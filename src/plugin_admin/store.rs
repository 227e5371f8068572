//! The statements on bindings.

use uuid::Uuid;

use super::model::{Binding, ChangedAs, Hand, ManagedBy, Revision, Terms};
use crate::{
    bans::{allowed, looking, moderates, viewer},
    base::{
        actor::Actor,
        clock::Timestamp,
        ids::{BindingId, CommunityId},
        page::PageRequest,
        secret::sha256_hex,
    },
    db::{Columns, Db, Error, Row, SITE, Topic, Tx, sql, statement},
    hooks::{FailureMode, Mode},
    plugin_versions::exported_hooks,
};

sql! { COMMUNITY = "select id from communities where slug = ?" }

macro_rules! select_binding {
    () => {
        "select x.id, x.plugin, x.scope_id, c.slug as community, r.digest, r.settings, r.mode,
                r.failure_mode, r.priority, r.grants, r.limits, v.version, v.hooks, v.wanted_grants, x.revision,
                x.file, x.file_hash, x.is_bounded, x.quarantined_at, x.breaker_turns, r.changed_as, r.reason,
                x.created_at, r.changed_at
         from plugin_bindings x
         join plugin_binding_revisions r on r.binding_id = x.id and r.revision = x.revision
         join plugin_versions v on v.digest = r.digest
         left join communities c on c.id = x.scope_id
         where x.removed_at is null"
    };
}

/// Whether the viewer may see the binding `x`: admins all, moderators those of
/// the communities that they moderate and may see.
macro_rules! may_see {
    () => {
        concat!(" and ", moderates!("x.scope_id"), " and ", allowed!("1", "x.scope_id"))
    };
}

sql! { FIND_BINDING = concat!(select_binding!(), " and x.id = ?") }
sql! { SEE_BINDING = concat!(viewer!(), select_binding!(), may_see!(), " and x.id = ?") }
sql! { LIST_BINDINGS =
concat!(viewer!(), select_binding!(), may_see!(), " and x.id < ? order by x.id desc limit ?") }
sql! { ALL_BINDINGS = concat!(select_binding!(), " and r.mode <> 'off'") }
sql! { INSERT_BINDING = "
    insert into plugin_bindings
        (id, scope_id, plugin, revision, file, file_hash, is_bounded, created_at)
    values (?, ?, ?, 1, ?, ?, ?, ?)" }
sql! { NEXT_REVISION = "
    update plugin_bindings
    set revision = revision + 1, is_bounded = coalesce(?, is_bounded)
    where id = ? and revision = ? and removed_at is null" }
sql! { INSERT_REVISION = "
    insert into plugin_binding_revisions
        (binding_id, revision, digest, settings_hash, mode, failure_mode, priority, grants,
         limits, changed_at, changed_by, changed_as, reason, settings)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" }
sql! { REMOVE_BINDING =
"update plugin_bindings set removed_at = ? where id = ? and removed_at is null" }
sql! { QUARANTINE = "
    update plugin_bindings set quarantined_at = ?, breaker_turns = breaker_turns + 1
    where id = ? and removed_at is null" }
sql! { COUNT_IN_SCOPE = "
    select count(*) as bindings from plugin_bindings
    where scope_id = ? and id <> ? and removed_at is null" }
sql! { REVISIONS = "
    select revision, digest, settings, mode, failure_mode, priority, grants, limits,
           changed_at, changed_by, changed_as, reason
    from plugin_binding_revisions where binding_id = ? and revision < ?
    order by revision desc limit ?" }
sql! { CHANGED_SINCE = concat!(
    select_binding!(),
    " and r.mode <> 'off' and r.changed_at >= ? and r.changed_as <> 'system' and x.revision > 1"
) }
// Calls that were made; those that were not for want of room tell nothing.
sql! { TALLY = "
    select count(*) as calls, count(fault) as faults from decisions
    where binding_id = ? and event_id >= ? and revision = ?
      and (fault is null or fault not in ('overload', 'quarantined'))" }
sql! { MANAGED = "
    select id, file, file_hash from plugin_bindings
    where file is not null and removed_at is null" }
sql! { SET_FILE_HASH = "update plugin_bindings set file_hash = ? where id = ?" }
sql! { UNHASHED = "
    select binding_id, revision, settings from plugin_binding_revisions
    where settings_hash = '' limit 100" }
sql! { SET_HASH = "
update plugin_binding_revisions set settings_hash = ? where binding_id = ? and revision = ?" }

sql! { GENERATION = "select generation from plugin_generation where id = 1" }
sql! { NEXT_GENERATION =
"update plugin_generation set generation = generation + 1 where id = 1" }

pub(super) async fn community(db: &Db, slug: &str) -> Result<Option<CommunityId>, Error> {
    let row = db.optional(statement(COMMUNITY).bind(slug.to_owned())).await?;
    row.map(|row| row.id("id")).transpose()
}

pub(super) async fn find_binding(db: &Db, id: BindingId) -> Result<Option<Binding>, Error> {
    let row = db.optional(statement(FIND_BINDING).bind(id.0)).await?;
    row.as_ref().map(binding).transpose()
}

/// A binding, if the viewer may see it.
pub(super) async fn see_binding(
    db: &Db,
    viewer: &Actor,
    id: BindingId,
    now: Timestamp,
) -> Result<Option<Binding>, Error> {
    let row = db.optional(looking(SEE_BINDING, Some(viewer), now).bind(id.0)).await?;
    row.as_ref().map(binding).transpose()
}

/// Bindings that the viewer may see, the newest first.
pub(super) async fn list_bindings(
    db: &Db,
    viewer: &Actor,
    page: &PageRequest<BindingId>,
    now: Timestamp,
) -> Result<Vec<Binding>, Error> {
    let statement = looking(LIST_BINDINGS, Some(viewer), now).bind(before(page)).bind(page.rows());
    db.all(statement).await?.iter().map(binding).collect()
}

/// All bindings that are on.
pub(super) async fn all_bindings(db: &Db) -> Result<Vec<Binding>, Error> {
    db.all(statement(ALL_BINDINGS)).await?.iter().map(binding).collect()
}

/// The bindings that files say.
pub(super) async fn managed(db: &Db) -> Result<Vec<(BindingId, ManagedBy)>, Error> {
    let managed = |row: &Row| {
        let managed = ManagedBy { file: row.value("file")?, hash: row.value("file_hash")? };
        Ok((row.id("id")?, managed))
    };
    db.all(statement(MANAGED)).await?.iter().map(managed).collect()
}

/// Remembers what a file said when it was followed.
pub(super) async fn set_file_hash(
    tx: &mut Tx,
    id: BindingId,
    managed: &ManagedBy,
) -> Result<(), Error> {
    tx.execute_one(statement(SET_FILE_HASH).bind(managed.hash.clone()).bind(id.0)).await
}

/// Bindings that somebody changed since a time.
pub(super) async fn changed_since(db: &Db, since: Timestamp) -> Result<Vec<Binding>, Error> {
    db.all(statement(CHANGED_SINCE).bind(since.0)).await?.iter().map(binding).collect()
}

/// How a revision of a binding did.
pub(super) struct Tally {
    pub(super) calls: u32,
    pub(super) faults: u32,
}

/// How a revision of a binding did since a time.
pub(super) async fn tally(
    db: &Db,
    id: BindingId,
    revision: i64,
    since: Timestamp,
) -> Result<Tally, Error> {
    // Ids of events begin with their milliseconds.
    let first = Uuid::from_u128(u128::from(since.0.unsigned_abs()) << 80);
    let row = db.optional(statement(TALLY).bind(id.0).bind(first).bind(revision)).await?;
    row.map_or(Ok(Tally { calls: 0, faults: 0 }), |row| {
        Ok(Tally { calls: row.value("calls")?, faults: row.value("faults")? })
    })
}

/// What a binding was before a revision, the last first.
pub(super) async fn revisions(
    db: &Db,
    id: BindingId,
    before: i64,
    most: i64,
) -> Result<Vec<Revision>, Error> {
    let statement = statement(REVISIONS).bind(id.0).bind(before).bind(most);
    db.all(statement).await?.iter().map(revision).collect()
}

/// A new binding's row.
pub(super) struct NewRow<'a> {
    pub(super) id: BindingId,
    pub(super) scope: Option<CommunityId>,
    pub(super) plugin: &'a str,
    pub(super) file: Option<&'a ManagedBy>,
    pub(super) terms: &'a Terms,
}

pub(super) async fn insert_binding(
    tx: &mut Tx,
    new: &NewRow<'_>,
    hand: &Hand,
    now: Timestamp,
) -> Result<(), Error> {
    let NewRow { id, scope, plugin, file, terms } = new;
    tx.execute_one(
        statement(INSERT_BINDING)
            .bind(id.0)
            .bind(scope.map_or(SITE, |community| community.0))
            .bind((*plugin).to_owned())
            .bind(file.map(|file| file.file.clone()))
            .bind(file.map(|file| file.hash.clone()))
            .bind(hand.role == ChangedAs::Moderator)
            .bind(now.0),
    )
    .await?;
    insert_revision(tx, (*id, 1), terms, hand, now).await
}

/// Changes a binding that is still at `revision`. Whether it was.
pub(super) async fn update_binding(
    tx: &mut Tx,
    (id, revision): (BindingId, i64),
    terms: &Terms,
    hand: &Hand,
    now: Timestamp,
) -> Result<bool, Error> {
    // What the server does leaves it as bounded as it was.
    let is_bounded = (hand.role != ChangedAs::System).then_some(hand.role == ChangedAs::Moderator);
    if tx.execute(statement(NEXT_REVISION).bind(is_bounded).bind(id.0).bind(revision)).await? == 0 {
        return Ok(false);
    }
    insert_revision(tx, (id, revision + 1), terms, hand, now).await.map(|()| true)
}

async fn insert_revision(
    tx: &mut Tx,
    (id, revision): (BindingId, i64),
    terms: &Terms,
    hand: &Hand,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT_REVISION)
            .bind(id.0)
            .bind(revision)
            .bind(terms.digest.clone())
            .bind(sha256_hex(terms.settings.as_bytes()))
            .bind(terms.mode.as_str())
            .bind(terms.failure_mode.as_str())
            .bind(terms.priority)
            .bind(json(&terms.grants))
            .bind(json(&terms.limits))
            .bind(now.0)
            .bind(hand.account.map(|account| account.0))
            .bind(hand.role.as_str())
            .bind(hand.reason.clone())
            .bind(terms.settings.to_string()),
    )
    .await
}

/// Whether there was such a binding.
pub(super) async fn remove_binding(
    tx: &mut Tx,
    id: BindingId,
    now: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(statement(REMOVE_BINDING).bind(now.0).bind(id.0)).await? == 1)
}

/// Sets or ends a quarantine. Whether there is such a binding.
pub(super) async fn set_quarantine(
    tx: &mut Tx,
    id: BindingId,
    since: Option<Timestamp>,
) -> Result<bool, Error> {
    let quarantine = statement(QUARANTINE).bind(since.map(|since| since.0)).bind(id.0);
    Ok(tx.execute(quarantine).await? == 1)
}

/// How many bindings a community has beside one.
pub(super) async fn count_others(
    db: &Db,
    community: CommunityId,
    beside: BindingId,
) -> Result<u32, Error> {
    let row = db.optional(statement(COUNT_IN_SCOPE).bind(community.0).bind(beside.0)).await?;
    row.map_or(Ok(0), |row| row.value("bindings"))
}

/// Computes the hashes of settings that were stored before hashes were; at most
/// a hundred. Whether there were any.
pub(super) async fn hash_settings(db: &Db) -> Result<bool, Error> {
    let rows = db.all(statement(UNHASHED)).await?;
    if rows.is_empty() {
        return Ok(false);
    }
    let mut tx = db.begin().await?;
    for row in &rows {
        let settings: String = row.value("settings")?;
        let (binding, revision): (Uuid, i64) = (row.value("binding_id")?, row.value("revision")?);
        let hash = sha256_hex(settings.as_bytes());
        tx.execute_one(statement(SET_HASH).bind(hash).bind(binding).bind(revision)).await?;
    }
    tx.commit().await.map(|()| true)
}

pub(super) async fn generation(db: &Db) -> Result<i64, Error> {
    match db.optional(statement(GENERATION)).await? {
        Some(row) => row.value("generation"),
        None => Err(Error::Inconsistent { column: "generation" }),
    }
}

pub(super) async fn next_generation(tx: &mut Tx) -> Result<(), Error> {
    tx.tell_at_commit(Topic::Plugins);
    tx.execute_one(statement(NEXT_GENERATION)).await
}

fn before(page: &PageRequest<BindingId>) -> Uuid {
    page.after.map_or(Uuid::max(), |after| after.0)
}

fn binding(row: &Row) -> Result<Binding, Error> {
    let scope: Uuid = row.value("scope_id")?;
    Ok(Binding {
        id: row.id("id")?,
        plugin: row.value("plugin")?,
        scope: (scope != SITE).then_some(CommunityId(scope)),
        community: row.value("community")?,
        terms: terms(row)?,
        version: row.value("version")?,
        hooks: exported_hooks(row)?,
        wanted: row.json("wanted_grants")?,
        revision: row.value("revision")?,
        changed_as: word("changed_as", row)?,
        reason: row.value("reason")?,
        file: managed_by(row)?,
        is_bounded: row.value("is_bounded")?,
        quarantined_at: row.optional_time("quarantined_at")?,
        breaker_turns: row.value("breaker_turns")?,
        created_at: row.time("created_at")?,
        changed_at: row.time("changed_at")?,
    })
}

fn revision(row: &Row) -> Result<Revision, Error> {
    Ok(Revision {
        revision: row.value("revision")?,
        terms: terms(row)?,
        changed_at: row.time("changed_at")?,
        changed_by: row.optional_id("changed_by")?,
        changed_as: word("changed_as", row)?,
        reason: row.value("reason")?,
    })
}

fn managed_by(row: &Row) -> Result<Option<ManagedBy>, Error> {
    let file: Option<String> = row.value("file")?;
    let hash: Option<String> = row.value("file_hash")?;
    Ok(file.zip(hash).map(|(file, hash)| ManagedBy { file, hash }))
}

fn terms(row: &Row) -> Result<Terms, Error> {
    Ok(Terms {
        digest: row.value("digest")?,
        settings: row.value::<String>("settings")?.into(),
        mode: word::<Mode>("mode", row)?,
        failure_mode: word::<FailureMode>("failure_mode", row)?,
        priority: row.value("priority")?,
        grants: row.json("grants")?,
        limits: row.json("limits")?,
    })
}

/// A value that is stored under the name that it has in JSON.
fn word<T: serde::de::DeserializeOwned>(column: &'static str, row: &Row) -> Result<T, Error> {
    let text: String = row.value(column)?;
    serde_json::from_value(text.into()).map_err(|_| Error::Inconsistent { column })
}

fn json(value: &impl serde::Serialize) -> String {
    // Names, numbers and lists of them: serialising them cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}
