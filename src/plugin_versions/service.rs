//! Uploading versions, and telling which are at work.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::sync::Mutex;

use super::{
    model::{About, Numbers, PluginName, PublicBinding, Version},
    rules::{check_schema, refused, require_admin, wanted},
    store,
};
use crate::{
    base::{
        Error,
        actor::Actor,
        clock::{Clock, Timestamp},
        ids::{AccountId, BindingId},
        page::{Page, PageRequest},
        secret::sha256_hex,
    },
    db::Db,
    hooks::{Hooks, Inspection, package::read_settings_schema},
    http::{Action, RateLimits},
    mod_actions::{self, ActionKind, NewAction, Target},
};

/// What the public numbers are of: long enough to show a habit.
const NUMBERS_OF: Duration = Duration::from_hours(30 * 24);
/// How long they are told before they are counted again: everybody may ask.
const COUNTED_FOR: Duration = Duration::from_mins(1);

/// Versions of plugins; cheap to clone.
#[derive(Clone)]
pub struct PluginVersions {
    db: Db,
    clock: Clock,
    limits: Arc<RateLimits>,
    hooks: Hooks,
    counted: Arc<Mutex<Option<Counted>>>,
}

/// The numbers of each binding, and the steady reading at which they were counted.
type Counted = (Timestamp, Arc<HashMap<BindingId, Numbers>>);

impl PluginVersions {
    /// Versions stored in `db` and checked by `hooks`.
    pub fn new(db: Db, clock: Clock, limits: Arc<RateLimits>, hooks: Hooks) -> Self {
        Self { db, clock, limits, hooks, counted: Arc::default() }
    }

    /// Stores a component as a version of a plugin. `false` when it was there.
    pub async fn upload(
        &self,
        actor: &Actor,
        name: Option<&str>,
        component: Arc<[u8]>,
    ) -> Result<(Version, bool), Error> {
        require_admin(actor)?;
        self.limits.check_actor(Action::Upload, actor).await?;
        self.keep(Some(actor.id), name, component).await
    }

    /// Stores a component that somebody, or a file, brought.
    pub(crate) async fn keep(
        &self,
        by: Option<AccountId>,
        name: Option<&str>,
        component: Arc<[u8]>,
    ) -> Result<(Version, bool), Error> {
        let name = name.map(|name| PluginName::parse("name", name)).transpose()?;
        let digest = sha256_hex(&component);
        if let Some(known) = self.known(&digest, name.as_ref()).await? {
            return Ok((known, false));
        }
        let inspection = self
            .hooks
            .inspect(Arc::clone(&component))
            .await
            .map_err(|error| refused("component", &error))?;
        let version = self.version(inspection, name.as_ref(), &component)?;
        let mut tx = self.db.begin().await?;
        match store::insert(&mut tx, &version, &component, by).await {
            Ok(()) => {
                let detail = Some(format!("{} {digest}", version.plugin));
                let action = NewAction::of(ActionKind::UploadPlugin, Target::Site);
                let action = NewAction { detail, ..action };
                mod_actions::record_of(&mut tx, by, &action, self.clock.now()).await?;
                tx.commit().await?;
            }
            // Somebody else uploaded the same meanwhile.
            Err(error) if error.is_unique("plugin_versions.digest") => {
                drop(tx);
                let known = self.known(&digest, name.as_ref()).await?;
                return known.map(|known| (known, false)).ok_or(Error::NotFound);
            }
            Err(error) => return Err(error.into()),
        }
        tracing::info!(
            by = by.map(tracing::field::display),
            plugin = version.plugin,
            digest = version.digest,
            "a plugin was uploaded"
        );
        Ok((version, true))
    }

    /// A component that is there already; under another name it is refused.
    async fn known(
        &self,
        digest: &str,
        name: Option<&PluginName>,
    ) -> Result<Option<Version>, Error> {
        let known = store::find(&self.db, digest).await?;
        match known {
            Some(known) if name.is_some_and(|name| name.as_str() != known.plugin) => {
                let message = format!("This component is a version of `{}`.", known.plugin);
                Err(Error::conflict("other_plugin", message))
            }
            known => Ok(known),
        }
    }

    fn version(
        &self,
        inspection: Inspection,
        name: Option<&PluginName>,
        component: &[u8],
    ) -> Result<Version, Error> {
        let settings_schema = schema(component)?;
        let manifest = inspection.manifest;
        let wanted = wanted(manifest.as_ref(), &inspection.wanted);
        let name = match (name, &manifest) {
            (Some(name), _) => name.clone(),
            (None, Some(manifest)) => PluginName::parse("name", &manifest.name)?,
            (None, None) => {
                let rule = "is needed: the component does not say what it is called";
                return Err(Error::invalid("name", "required", rule));
            }
        };
        let about = manifest.map_or_else(About::default, |manifest| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            About::new(&manifest.version, &text(&manifest.description), &text(&manifest.license))
        });
        Ok(Version {
            digest: inspection.digest,
            plugin: name.as_str().to_owned(),
            about,
            hooks: inspection.hooks,
            wanted,
            settings_schema,
            size: i64::try_from(inspection.size).unwrap_or(i64::MAX),
            created_at: self.clock.now(),
        })
    }

    /// A version, as everybody may know it.
    pub async fn find(&self, plugin: &str, digest: &str) -> Result<Version, Error> {
        let version = store::find(&self.db, digest).await?;
        version.filter(|version| version.plugin == plugin).ok_or(Error::NotFound)
    }

    /// What came of each binding lately, counted now and then.
    async fn numbers(&self) -> Result<Arc<HashMap<BindingId, Numbers>>, Error> {
        let mut counted = self.counted.lock().await;
        let now = self.clock.steady();
        if let Some((at, numbers)) = counted.as_ref()
            && now.minus(COUNTED_FOR) < *at
        {
            return Ok(Arc::clone(numbers));
        }
        let since = self.clock.now().minus(NUMBERS_OF);
        let numbers = Arc::new(store::numbers(&self.db, since).await?);
        *counted = Some((now, Arc::clone(&numbers)));
        Ok(numbers)
    }

    /// The bindings that are on, as everybody may know them.
    pub async fn at_work(
        &self,
        page: &PageRequest<BindingId>,
    ) -> Result<Page<PublicBinding>, Error> {
        let mut rows = store::list_at_work(&self.db, page).await?;
        let numbers = self.numbers().await?;
        for row in &mut rows {
            row.numbers = numbers.get(&row.id).cloned().unwrap_or_default();
        }
        Ok(Page::cut(rows, page.limit, |row: &PublicBinding| row.id))
    }
}

/// The schema of a component's settings, if it has one, and it is one.
fn schema(component: &[u8]) -> Result<Option<serde_json::Value>, Error> {
    let schema = read_settings_schema(component)
        .map_err(|error| Error::invalid("component", "settings-schema", error.to_string()))?;
    schema.as_ref().map(check_schema).transpose()?;
    Ok(schema)
}
