//! The statements on plugin versions.

use std::sync::Arc;

use uuid::Uuid;

use super::model::{About, PublicBinding, Version};
use crate::{
    base::{
        ids::{AccountId, BindingId},
        page::PageRequest,
    },
    db::{Columns, Db, Error, Row, Tx, statement},
    hooks::HookPoint,
};

const INSERT: &str = "
    insert into plugin_versions
        (digest, plugin, version, description, license, hooks, wanted_grants, settings_schema,
         size, component, uploaded_by, created_at)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

macro_rules! select {
    () => {
        "select digest, plugin, version, description, license, hooks, wanted_grants,
                settings_schema, size, created_at
         from plugin_versions"
    };
}

const FIND: &str = concat!(select!(), " where digest = ?");
const NEWEST: &str =
    concat!(select!(), " where plugin = ? order by created_at desc, digest desc limit 1");
const COMPONENT: &str = "select component from plugin_versions where digest = ?";
const LIST_AT_WORK: &str = "
    select b.id, b.plugin, v.version, r.digest, v.hooks, c.slug as community, r.mode, r.changed_at
    from plugin_bindings b
    join plugin_binding_revisions r on r.binding_id = b.id and r.revision = b.revision
    join plugin_versions v on v.digest = r.digest
    left join communities c on c.id = b.scope_id
    where b.removed_at is null and r.mode <> 'off' and b.id < ?
    order by b.id desc limit ?";

pub(super) async fn insert(
    tx: &mut Tx,
    version: &Version,
    component: &[u8],
    by: Option<AccountId>,
) -> Result<(), Error> {
    let hooks: Vec<&str> = version.hooks.iter().map(|hook| hook.name()).collect();
    tx.execute_one(
        statement(INSERT)
            .bind(version.digest.clone())
            .bind(version.plugin.clone())
            .bind(version.about.version.clone())
            .bind(version.about.description.clone())
            .bind(version.about.license.clone())
            // A list of strings: serialising it cannot fail.
            .bind(serde_json::to_string(&hooks).unwrap_or_default())
            // Names and lists of them: neither can this.
            .bind(serde_json::to_string(&version.wanted).unwrap_or_default())
            .bind(version.settings_schema.as_ref().map(ToString::to_string))
            .bind(version.size)
            .bind(component.to_vec())
            .bind(by.map(|by| by.0))
            .bind(version.created_at.0),
    )
    .await
}

/// A version by its digest.
pub(crate) async fn find(db: &Db, digest: &str) -> Result<Option<Version>, Error> {
    let row = db.optional(statement(FIND).bind(digest.to_owned())).await?;
    row.as_ref().map(version).transpose()
}

/// The version of a plugin that was uploaded last.
pub(crate) async fn newest(db: &Db, plugin: &str) -> Result<Option<Version>, Error> {
    let row = db.optional(statement(NEWEST).bind(plugin.to_owned())).await?;
    row.as_ref().map(version).transpose()
}

/// The bytes of a version.
pub(crate) async fn component(db: &Db, digest: &str) -> Result<Option<Arc<[u8]>>, Error> {
    let row = db.optional(statement(COMPONENT).bind(digest.to_owned())).await?;
    row.map(|row| row.value::<Vec<u8>>("component").map(Arc::from)).transpose()
}

/// Bindings that are on, as everybody may know them, the newest first.
pub(super) async fn list_at_work(
    db: &Db,
    page: &PageRequest<BindingId>,
) -> Result<Vec<PublicBinding>, Error> {
    let statement = statement(LIST_AT_WORK)
        .bind(page.after.map_or(Uuid::max(), |after| after.0))
        .bind(page.rows());
    db.all(statement).await?.iter().map(public_binding).collect()
}

fn version(row: &Row) -> Result<Version, Error> {
    Ok(Version {
        digest: row.value("digest")?,
        plugin: row.value("plugin")?,
        about: About {
            version: row.value("version")?,
            description: row.value("description")?,
            license: row.value("license")?,
        },
        hooks: exported_hooks(row)?,
        wanted: parsed("wanted_grants", row.value("wanted_grants")?)?,
        settings_schema: row
            .value::<Option<&str>>("settings_schema")?
            .map(|schema| parsed("settings_schema", schema))
            .transpose()?,
        size: row.value("size")?,
        created_at: row.time("created_at")?,
    })
}

fn public_binding(row: &Row) -> Result<PublicBinding, Error> {
    Ok(PublicBinding {
        id: row.id("id")?,
        plugin: row.value("plugin")?,
        version: row.value("version")?,
        digest: row.value("digest")?,
        hooks: exported_hooks(row)?,
        community: row.value("community")?,
        mode: row.value("mode")?,
        since: row.time("changed_at")?,
    })
}

/// The hooks that this server knows of those that a component exports.
pub(crate) fn exported_hooks(row: &Row) -> Result<Vec<HookPoint>, Error> {
    let names: String = row.value("hooks")?;
    let names: Vec<String> =
        serde_json::from_str(&names).map_err(|_| Error::Inconsistent { column: "hooks" })?;
    Ok(names.iter().filter_map(|name| HookPoint::parse(name)).collect())
}

fn parsed<T: serde::de::DeserializeOwned>(column: &'static str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| Error::Inconsistent { column })
}
