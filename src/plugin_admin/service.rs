//! Putting versions to work, and changing what is at work.

use std::sync::Arc;

use super::{
    jobs::AtWork,
    model::{Binding, BindingPage, Change, ChangedAs, Hand, NewBinding, Revision, Terms},
    rules,
    store::{self, NewRow},
};
use crate::{
    base::{
        Error,
        actor::Actor,
        clock::Clock,
        ids::{BindingId, CommunityId},
        page::{Page, PageRequest},
    },
    db::Db,
    hooks::{Hooks, Loaded, Mode},
    http::{Action, RateLimits},
    plugin_versions::{self, PluginName, Version, refused, require_admin},
};

/// How many earlier revisions a binding can be rolled back to: enough to leave a
/// mistake and the attempt to correct it behind.
const PREVIOUS_KEPT: i64 = 3;

/// Bindings; cheap to clone.
#[derive(Clone)]
pub struct PluginAdmin {
    db: Db,
    clock: Clock,
    limits: Arc<RateLimits>,
    at_work: Arc<AtWork>,
}

impl std::fmt::Debug for PluginAdmin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginAdmin").finish_non_exhaustive()
    }
}

impl PluginAdmin {
    /// Bindings stored in `db` and run by `hooks`.
    pub fn new(db: Db, clock: Clock, limits: Arc<RateLimits>, hooks: Hooks) -> Self {
        let at_work = Arc::new(AtWork::new(db.counted_apart(), hooks));
        Self { db, clock, limits, at_work }
    }

    /// Puts all bindings to work, at the start and before the first request. One
    /// that fails keeps its error and does not stop the others.
    pub async fn load_all(&self) -> Result<(), Error> {
        while store::hash_settings(&self.db).await? {}
        let turn = self.at_work.turn().await;
        self.at_work.reload(&turn, None).await
    }

    /// Takes over what other processes changed, if they did.
    pub async fn catch_up(&self) -> Result<(), Error> {
        self.at_work.catch_up().await
    }

    /// Bindings that the actor may see, the newest first; without what they were
    /// before.
    pub async fn list(
        &self,
        actor: &Actor,
        page: &PageRequest<BindingId>,
    ) -> Result<Page<BindingPage>, Error> {
        let rows = store::list_bindings(&self.db, actor, page, self.clock.now()).await?;
        let page = Page::cut(rows, page.limit, |row: &Binding| row.id);
        Ok(page.map(|binding| {
            let state = self.at_work.state(&binding);
            BindingPage { binding, state, previous: Vec::new() }
        }))
    }

    /// One binding with its last states.
    pub async fn find(&self, actor: &Actor, id: BindingId) -> Result<BindingPage, Error> {
        let binding = self.seen(actor, id).await?;
        let state = self.at_work.state(&binding);
        let previous = store::revisions(&self.db, id, binding.revision, PREVIOUS_KEPT).await?;
        Ok(BindingPage { binding, state, previous })
    }

    /// Puts a version to work in a scope.
    pub async fn bind(&self, actor: &Actor, new: NewBinding) -> Result<BindingPage, Error> {
        require_admin(actor)?;
        self.limits.check_actor(Action::Write, actor)?;
        let plugin = PluginName::parse("plugin", &new.plugin)?;
        let version = self.version_for(&plugin, new.change.digest.as_deref()).await?;
        let scope = self.scope(new.community.as_deref()).await?;
        let defaults = rules::default_terms(version.digest, &version.hooks);
        let terms = rules::changed(&defaults, new.change, &version.hooks)?;
        let loaded = self.activate(&terms).await?;
        let now = self.clock.now();
        let id = BindingId::new(now);
        let turn = self.at_work.turn().await;
        let mut tx = self.db.begin().await?;
        let row = NewRow { id, scope, plugin: plugin.as_str(), file: None, terms: &terms };
        let hand = Hand::person(actor, ChangedAs::Admin);
        store::insert_binding(&mut tx, &row, &hand, now).await?;
        store::next_generation(&mut tx).await?;
        tx.commit().await?;
        log(actor, id, &terms, "a plugin was bound");
        self.at_work.reload(&turn, Some((id, loaded))).await?;
        drop(turn);
        self.find(actor, id).await
    }

    /// Changes a binding live. When the new state cannot be put to work, nothing
    /// changes.
    pub async fn change(
        &self,
        actor: &Actor,
        id: BindingId,
        change: Change,
    ) -> Result<BindingPage, Error> {
        self.limits.check_actor(Action::Write, actor)?;
        let binding = self.seen(actor, id).await?;
        require_admin(actor)?;
        let hooks = match &change.digest {
            Some(digest) => {
                let plugin = PluginName::parse("plugin", &binding.plugin)?;
                self.version_for(&plugin, Some(digest)).await?.hooks
            }
            None => binding.hooks.clone(),
        };
        let loads = rules::loads_anew(&binding.terms, &change);
        let terms = rules::changed(&binding.terms, change, &hooks)?;
        let loaded = if loads { Some(self.activate(&terms).await?) } else { None };
        self.swap(actor, &binding, &terms, loaded).await
    }

    /// Makes a binding again what it was at one of its last revisions, or before
    /// its last change.
    pub async fn roll_back(
        &self,
        actor: &Actor,
        id: BindingId,
        revision: Option<i64>,
    ) -> Result<BindingPage, Error> {
        self.limits.check_actor(Action::Write, actor)?;
        let binding = self.seen(actor, id).await?;
        require_admin(actor)?;
        let previous = store::revisions(&self.db, id, binding.revision, PREVIOUS_KEPT).await?;
        let wanted = |past: &Revision| revision.is_none_or(|number| past.revision == number);
        let Some(previous) = previous.into_iter().find(wanted) else {
            let message = "The binding has no such revision to go back to.";
            return Err(Error::conflict("no_previous_revision", message));
        };
        let loaded = match previous.terms.mode {
            Mode::Off => None,
            Mode::Shadow | Mode::Enforce => Some(self.activate(&previous.terms).await?),
        };
        self.swap(actor, &binding, &previous.terms, loaded).await
    }

    /// Takes a binding out of work for good.
    pub async fn unbind(&self, actor: &Actor, id: BindingId) -> Result<(), Error> {
        self.limits.check_actor(Action::Write, actor)?;
        self.seen(actor, id).await?;
        require_admin(actor)?;
        let turn = self.at_work.turn().await;
        let mut tx = self.db.begin().await?;
        if !store::remove_binding(&mut tx, id, self.clock.now()).await? {
            return Err(Error::NotFound);
        }
        store::next_generation(&mut tx).await?;
        tx.commit().await?;
        tracing::info!(by = actor.username, binding = %id, "a plugin was unbound");
        self.at_work.reload(&turn, None).await
    }

    /// Stores the new state of a binding that nobody changed meanwhile, and
    /// swaps it in.
    async fn swap(
        &self,
        actor: &Actor,
        binding: &Binding,
        terms: &Terms,
        loaded: Option<Arc<Loaded>>,
    ) -> Result<BindingPage, Error> {
        let turn = self.at_work.turn().await;
        let mut tx = self.db.begin().await?;
        let version = (binding.id, binding.revision);
        let hand = Hand::person(actor, ChangedAs::Admin);
        if !store::update_binding(&mut tx, version, terms, &hand, self.clock.now()).await? {
            let message = "Somebody else changed the binding meanwhile.";
            return Err(Error::conflict("binding_changed", message));
        }
        store::next_generation(&mut tx).await?;
        tx.commit().await?;
        log(actor, binding.id, terms, "a binding was changed");
        self.at_work.reload(&turn, loaded.map(|loaded| (binding.id, loaded))).await?;
        drop(turn);
        self.find(actor, binding.id).await
    }

    async fn activate(&self, terms: &Terms) -> Result<Arc<Loaded>, Error> {
        self.at_work.activate(terms).await.map_err(|error| refused("digest", &error))
    }

    /// A binding, if the actor may see it.
    async fn seen(&self, actor: &Actor, id: BindingId) -> Result<Binding, Error> {
        let binding = store::see_binding(&self.db, actor, id, self.clock.now()).await?;
        binding.ok_or(Error::NotFound)
    }

    /// The version that a request names, or the newest.
    async fn version_for(
        &self,
        plugin: &PluginName,
        digest: Option<&str>,
    ) -> Result<Version, Error> {
        let Some(digest) = digest else {
            let newest = plugin_versions::newest(&self.db, plugin.as_str()).await?;
            return newest
                .ok_or_else(|| Error::invalid("plugin", "unknown", "has not been uploaded"));
        };
        let version = plugin_versions::find(&self.db, digest).await?;
        version.filter(|version| version.plugin == plugin.as_str()).ok_or_else(|| {
            Error::invalid(
                "digest",
                "unknown",
                format!("is not a version of `{}`", plugin.as_str()),
            )
        })
    }

    async fn scope(&self, community: Option<&str>) -> Result<Option<CommunityId>, Error> {
        let Some(slug) = community else { return Ok(None) };
        let unknown =
            || Error::invalid("scope.community", "unknown", "is not the slug of a community");
        store::community(&self.db, slug).await?.map(Some).ok_or_else(unknown)
    }
}

fn log(actor: &Actor, id: BindingId, terms: &Terms, what: &'static str) {
    let (by, mode) = (&actor.username, terms.mode.as_str());
    tracing::info!(by, binding = %id, digest = terms.digest, mode, "{what}");
}
