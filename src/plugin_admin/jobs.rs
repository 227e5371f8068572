//! Keeping what is at work here in step with what is stored, whoever changed it.
//! One swap at a time; what did not change is not loaded again.

use std::{collections::HashMap, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, MutexGuard};

use super::{
    model::{Binding, BindingState, Terms},
    store,
};
use crate::{
    base::{Error, ids::BindingId, secret::sha256_hex},
    db::Db,
    hooks::{self, Grants, Hooks, LoadCode, LoadError, Loaded, Mode},
    plugin_versions,
};

/// What a version with settings became, or why it became nothing.
type Attempt = Result<Arc<Loaded>, String>;

/// What is at work in this process.
pub(super) struct AtWork {
    db: Db,
    hooks: Hooks,
    set: ArcSwap<Set>,
    turn: Mutex<()>,
}

/// The bindings that are on, as of one generation.
#[derive(Default)]
struct Set {
    generation: i64,
    running: HashMap<BindingId, Running>,
}

#[derive(Clone)]
struct Running {
    digest: String,
    settings: Arc<str>,
    grants: Grants,
    attempt: Attempt,
}

impl Running {
    fn is_of(&self, terms: &Terms) -> bool {
        self.digest == terms.digest
            && self.settings == terms.settings
            && self.grants == terms.grants
    }
}

impl AtWork {
    pub(super) fn new(db: Db, hooks: Hooks) -> Self {
        Self { db, hooks, set: ArcSwap::default(), turn: Mutex::default() }
    }

    /// Makes a version with its settings ready to be called.
    pub(super) async fn activate(&self, terms: &Terms) -> Result<Arc<Loaded>, LoadError> {
        let unreadable = |what: &str| LoadError {
            code: LoadCode::Host,
            message: format!("the stored component {what}"),
            expected: Some(terms.digest.clone()),
            found: None,
        };
        let component = plugin_versions::component(&self.db, &terms.digest).await.map_err(|error| {
            tracing::error!(%error, digest = terms.digest, "a stored component could not be read");
            unreadable("could not be read")
        })?;
        let component = component.ok_or_else(|| unreadable("is not there"))?;
        if sha256_hex(&component) != terms.digest {
            return Err(unreadable("is damaged: it has another digest"));
        }
        self.hooks.activate(component, &terms.settings, &terms.grants).await
    }

    /// Waits until no other change is being made.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// How a binding does here.
    pub(super) fn state(&self, binding: &Binding) -> BindingState {
        if binding.terms.mode == Mode::Off {
            return BindingState::Off;
        }
        let set = self.set.load();
        match set.running.get(&binding.id).filter(|running| running.is_of(&binding.terms)) {
            Some(Running { attempt: Ok(loaded), .. }) => {
                BindingState::Active { snapshot: loaded.is_snapshot() }
            }
            Some(Running { attempt: Err(error), .. }) => {
                BindingState::Failed { error: error.clone() }
            }
            None => BindingState::Failed {
                error: "this server has not taken the change over yet".into(),
            },
        }
    }

    /// Puts to work what is stored. `ready` is a binding that was made ready
    /// before it was stored.
    pub(super) async fn reload(
        &self,
        _turn: &MutexGuard<'_, ()>,
        ready: Option<(BindingId, Arc<Loaded>)>,
    ) -> Result<(), Error> {
        let old = self.set.load_full();
        // Read before the bindings: what changes in between is read again.
        let generation = store::generation(&self.db).await?;
        let bindings = store::all_bindings(&self.db).await?;
        let mut running = HashMap::with_capacity(bindings.len());
        for binding in &bindings {
            let ready = ready.as_ref().filter(|(id, _)| *id == binding.id);
            let known = old.running.get(&binding.id).filter(|known| known.is_of(&binding.terms));
            let attempt = match (ready, known) {
                (Some((_, loaded)), _) => Ok(Arc::clone(loaded)),
                (None, Some(known)) => known.attempt.clone(),
                (None, None) => self.attempt(binding).await,
            };
            let Terms { digest, settings, grants, .. } = binding.terms.clone();
            running.insert(binding.id, Running { digest, settings, grants, attempt });
        }
        self.hooks
            .replace(bindings.iter().filter_map(|binding| at_work(binding, &running)).collect());
        self.set.store(Arc::new(Set { generation, running }));
        Ok(())
    }

    async fn attempt(&self, binding: &Binding) -> Attempt {
        self.activate(&binding.terms).await.map_err(|error| {
            let error = plugin_versions::told(&error);
            let Binding { id, plugin, terms, .. } = binding;
            tracing::error!(binding = %id, plugin, digest = terms.digest, error, "a plugin cannot be loaded");
            error
        })
    }

    /// Takes over what other processes changed, if they did.
    pub(super) async fn catch_up(&self) -> Result<(), Error> {
        if store::generation(&self.db).await? == self.set.load().generation {
            return Ok(());
        }
        let turn = self.turn().await;
        self.reload(&turn, None).await
    }
}

fn at_work(binding: &Binding, running: &HashMap<BindingId, Running>) -> Option<hooks::Binding> {
    let running = running.get(&binding.id)?;
    Some(hooks::Binding {
        id: binding.id.0,
        revision: binding.revision,
        plugin: binding.plugin.clone(),
        digest: binding.terms.digest.clone(),
        settings_hash: sha256_hex(binding.terms.settings.as_bytes()),
        scope: binding.scope.map(|community| community.0),
        mode: binding.terms.mode,
        failure: Some(binding.terms.failure_mode),
        priority: binding.terms.priority,
        grants: binding.terms.grants.clone(),
        deadline: binding.terms.limits.deadline_ms.map(|ms| Duration::from_millis(ms.into())),
        hooks: binding.hooks.clone(),
        loaded: running.attempt.clone(),
    })
}
