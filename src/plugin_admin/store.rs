//! The statements on bindings.

use uuid::Uuid;

use super::model::{Binding, Revision, Terms};
use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, BindingId, CommunityId},
        page::PageRequest,
    },
    db::{Columns, Db, Error, Row, SITE, Tx, statement},
    hooks::{FailureMode, Mode},
    plugin_versions::exported_hooks,
};

const COMMUNITY: &str = "select id from communities where slug = ?";

macro_rules! select_binding {
    () => {
        "select b.id, b.plugin, b.scope_id, c.slug as community, b.digest, b.settings, b.mode,
                b.failure_mode, b.priority, b.may_modify, v.version, v.hooks, b.revision,
                b.created_at, b.changed_at
         from plugin_bindings b
         join plugin_versions v on v.digest = b.digest
         left join communities c on c.id = b.scope_id
         where b.removed_at is null"
    };
}

const FIND_BINDING: &str = concat!(select_binding!(), " and b.id = ?");
const LIST_BINDINGS: &str = concat!(select_binding!(), " and b.id < ? order by b.id desc limit ?");
const ALL_BINDINGS: &str = concat!(select_binding!(), " and b.mode <> 'off'");
const INSERT_BINDING: &str = "
    insert into plugin_bindings
        (id, scope_id, plugin, digest, settings, mode, failure_mode, priority, may_modify,
         revision, created_at, changed_at, changed_by)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)";
const KEEP_REVISION: &str = "
    insert into plugin_binding_revisions
        (binding_id, revision, digest, settings, mode, failure_mode, priority, may_modify,
         changed_at, changed_by)
    select id, revision, digest, settings, mode, failure_mode, priority, may_modify,
           changed_at, changed_by
    from plugin_bindings where id = ? and revision = ? and removed_at is null";
const UPDATE_BINDING: &str = "
    update plugin_bindings
    set digest = ?, settings = ?, mode = ?, failure_mode = ?, priority = ?, may_modify = ?,
        revision = revision + 1, changed_at = ?, changed_by = ?
    where id = ? and revision = ? and removed_at is null";
const REMOVE_BINDING: &str = "
    update plugin_bindings
    set removed_at = ?, revision = revision + 1, changed_at = ?, changed_by = ?
    where id = ? and removed_at is null";
const REVISIONS: &str = "
    select revision, digest, settings, mode, failure_mode, priority, may_modify,
           changed_at, changed_by
    from plugin_binding_revisions where binding_id = ?
    order by revision desc limit ?";

const GENERATION: &str = "select generation from plugin_generation where id = 1";
const NEXT_GENERATION: &str =
    "update plugin_generation set generation = generation + 1 where id = 1";

pub(super) async fn community(db: &Db, slug: &str) -> Result<Option<CommunityId>, Error> {
    let row = db.optional(statement(COMMUNITY).bind(slug.to_owned())).await?;
    row.map(|row| row.id("id")).transpose()
}

pub(super) async fn find_binding(db: &Db, id: BindingId) -> Result<Option<Binding>, Error> {
    let row = db.optional(statement(FIND_BINDING).bind(id.0)).await?;
    row.as_ref().map(binding).transpose()
}

/// Bindings, the newest first.
pub(super) async fn list_bindings(
    db: &Db,
    page: &PageRequest<BindingId>,
) -> Result<Vec<Binding>, Error> {
    let statement = statement(LIST_BINDINGS).bind(before(page)).bind(page.rows());
    db.all(statement).await?.iter().map(binding).collect()
}

/// All bindings that are on.
pub(super) async fn all_bindings(db: &Db) -> Result<Vec<Binding>, Error> {
    db.all(statement(ALL_BINDINGS)).await?.iter().map(binding).collect()
}

/// What a binding was before, the last first.
pub(super) async fn revisions(db: &Db, id: BindingId, most: i64) -> Result<Vec<Revision>, Error> {
    let statement = statement(REVISIONS).bind(id.0).bind(most);
    db.all(statement).await?.iter().map(revision).collect()
}

/// A new binding's row.
pub(super) struct NewRow<'a> {
    pub(super) id: BindingId,
    pub(super) scope: Option<CommunityId>,
    pub(super) plugin: &'a str,
    pub(super) terms: &'a Terms,
}

pub(super) async fn insert_binding(
    tx: &mut Tx,
    new: &NewRow<'_>,
    by: AccountId,
    now: Timestamp,
) -> Result<(), Error> {
    let NewRow { id, scope, plugin, terms } = new;
    tx.execute_one(
        statement(INSERT_BINDING)
            .bind(id.0)
            .bind(scope.map_or(SITE, |community| community.0))
            .bind((*plugin).to_owned())
            .bind(terms.digest.clone())
            .bind(terms.settings.to_string())
            .bind(terms.mode.as_str())
            .bind(terms.failure_mode.as_str())
            .bind(terms.priority)
            .bind(terms.may_modify)
            .bind(now.0)
            .bind(now.0)
            .bind(by.0),
    )
    .await
}

/// Changes a binding that is still at `revision`, and keeps what it was.
/// Whether it was.
pub(super) async fn update_binding(
    tx: &mut Tx,
    (id, revision): (BindingId, i64),
    terms: &Terms,
    by: AccountId,
    now: Timestamp,
) -> Result<bool, Error> {
    if tx.execute(statement(KEEP_REVISION).bind(id.0).bind(revision)).await? == 0 {
        return Ok(false);
    }
    let update = statement(UPDATE_BINDING)
        .bind(terms.digest.clone())
        .bind(terms.settings.to_string())
        .bind(terms.mode.as_str())
        .bind(terms.failure_mode.as_str())
        .bind(terms.priority)
        .bind(terms.may_modify)
        .bind(now.0)
        .bind(by.0)
        .bind(id.0)
        .bind(revision);
    tx.execute_one(update).await.map(|()| true)
}

/// Whether there was such a binding.
pub(super) async fn remove_binding(
    tx: &mut Tx,
    id: BindingId,
    by: AccountId,
    now: Timestamp,
) -> Result<bool, Error> {
    let statement = statement(REMOVE_BINDING).bind(now.0).bind(now.0).bind(by.0).bind(id.0);
    Ok(tx.execute(statement).await? == 1)
}

pub(super) async fn generation(db: &Db) -> Result<i64, Error> {
    match db.optional(statement(GENERATION)).await? {
        Some(row) => row.value("generation"),
        None => Err(Error::Inconsistent { column: "generation" }),
    }
}

pub(super) async fn next_generation(tx: &mut Tx) -> Result<(), Error> {
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
        revision: row.value("revision")?,
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
    })
}

fn terms(row: &Row) -> Result<Terms, Error> {
    Ok(Terms {
        digest: row.value("digest")?,
        settings: row.value::<String>("settings")?.into(),
        mode: word::<Mode>("mode", row)?,
        failure_mode: word::<FailureMode>("failure_mode", row)?,
        priority: row.value("priority")?,
        may_modify: row.value("may_modify")?,
    })
}

/// A value that is stored under the name that it has in JSON.
fn word<T: serde::de::DeserializeOwned>(column: &'static str, row: &Row) -> Result<T, Error> {
    let text: String = row.value(column)?;
    serde_json::from_value(text.into()).map_err(|_| Error::Inconsistent { column })
}
