//! The statements on plugin versions.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use uuid::Uuid;

use super::model::{About, Numbers, PublicBinding, PublicChange, Version};
use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, BindingId},
        page::PageRequest,
    },
    db::{Columns, Db, Error, Row, Tx, sql, statement},
    hooks::HookPoint,
};

sql! { INSERT = "
    insert into plugin_versions
        (digest, plugin, version, description, license, hooks, wanted_grants, settings_schema,
         size, component, uploaded_by, created_at)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" }

macro_rules! select {
    () => {
        "select digest, plugin, version, description, license, hooks, wanted_grants,
                settings_schema, size, created_at
         from plugin_versions"
    };
}

sql! { FIND = concat!(select!(), " where digest = ?") }
sql! { NEWEST =
concat!(select!(), " where plugin = ? order by created_at desc, digest desc limit 1") }
sql! { COMPONENT = "select component from plugin_versions where digest = ?" }
sql! { LIST_AT_WORK = "
    select b.id, b.plugin, v.version, r.digest, v.hooks, c.slug as community, r.mode, r.grants,
           r.changed_at,
           (select json_group_array(json_object(
                'revision', l.revision, 'at', l.changed_at, 'by', l.changed_as,
                'digest', l.digest, 'mode', l.mode, 'reason', l.reason))
            from plugin_binding_revisions l
            where l.binding_id = b.id and l.revision > b.revision - 10) as changes
    from plugin_bindings b
    join plugin_binding_revisions r on r.binding_id = b.id and r.revision = b.revision
    join plugin_versions v on v.digest = r.digest
    left join communities c on c.id = b.scope_id
    where b.removed_at is null and r.mode <> 'off' and b.id < ?
    order by b.id desc limit ?" }

sql! { VERDICTS = "
    select binding_id, verdict, count(*) as decisions, count(fault) as faults
    from decisions where event_id >= ? group by +binding_id, verdict" }
// What people let pass that a plugin was against, or the other way round.
sql! { OVERRIDDEN = "
    select d.binding_id, count(*) as overridden
    from review_items i join decisions d on d.event_id = i.event_id
    where i.resolved_at >= ? and d.mode = 'enforce'
      and (i.state = 'approved' and d.verdict in ('hold', 'reject')
           or i.state = 'removed' and d.verdict in ('allow', 'annotate', 'modify'))
    group by d.binding_id" }

/// What came of each binding since a time.
pub(super) async fn numbers(
    db: &Db,
    since: Timestamp,
) -> Result<HashMap<BindingId, Numbers>, Error> {
    let mut numbers: HashMap<BindingId, Numbers> = HashMap::new();
    // Ids of events begin with their milliseconds.
    let first = Uuid::from_u128(u128::from(since.0.unsigned_abs()) << 80);
    for row in db.all(statement(VERDICTS).bind(first)).await? {
        let of = numbers.entry(row.id("binding_id")?).or_default();
        of.verdicts.insert(row.value("verdict")?, row.value("decisions")?);
        of.faults += row.value::<u32>("faults")?;
    }
    for row in db.all(statement(OVERRIDDEN).bind(since.0)).await? {
        let of = numbers.entry(row.id("binding_id")?).or_default();
        of.overridden = row.value("overridden")?;
    }
    Ok(numbers)
}

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
        wanted: row.json("wanted_grants")?,
        settings_schema: row.optional_json("settings_schema")?,
        size: row.value("size")?,
        created_at: row.time("created_at")?,
    })
}

fn public_binding(row: &Row) -> Result<PublicBinding, Error> {
    let mut changes: Vec<PublicChange> = row.json("changes")?;
    changes.sort_unstable_by_key(|change| Reverse(change.revision));
    Ok(PublicBinding {
        id: row.id("id")?,
        plugin: row.value("plugin")?,
        version: row.value("version")?,
        digest: row.value("digest")?,
        hooks: exported_hooks(row)?,
        community: row.value("community")?,
        mode: row.value("mode")?,
        grants: row.json("grants")?,
        changes,
        numbers: Numbers::default(),
        since: row.time("changed_at")?,
    })
}

/// The hooks that this server knows of those that a component exports.
pub(crate) fn exported_hooks(row: &Row) -> Result<Vec<HookPoint>, Error> {
    let names: Vec<String> = row.json("hooks")?;
    Ok(names.iter().filter_map(|name| HookPoint::parse(name)).collect())
}
