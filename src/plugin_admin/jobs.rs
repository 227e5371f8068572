//! Keeping what is at work here in step with what is stored, whoever changed it.
//! One swap at a time; what did not change is not loaded again.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::{
    sync::{Mutex, MutexGuard},
    time::Instant,
};

use super::{
    model::{Binding, BindingState, Terms},
    rules, store,
};
use crate::{
    base::{
        Error,
        clock::Timestamp,
        ids::{BindingId, CommunityId},
        secret::sha256_hex,
    },
    crash::Point,
    db::Db,
    hooks::{self, BreakerState, Grants, Hooks, Loaded, Mode},
    plugin_activations::Activations,
    plugin_envelopes::{Envelope, Envelopes, clamped},
    plugin_versions,
};

/// What a version with settings became, or why it became nothing.
type Attempt = Result<Arc<Loaded>, String>;

/// How long after a call failed its decision is stored, at most: longer than a request or a
/// job takes.
const RECORDED_WITHIN: Duration = Duration::from_mins(1);

/// What is at work in this process.
pub(super) struct AtWork {
    db: Db,
    hooks: Hooks,
    activations: Activations,
    envelopes: Envelopes,
    set: ArcSwap<Set>,
    turn: Mutex<()>,
    /// In quarantine, and people were told so.
    told: ArcSwap<HashSet<BindingId>>,
    looks: std::sync::Mutex<Looks>,
}

/// When changed bindings are looked at: as long as there may be failures of theirs.
struct Looks {
    /// Failed calls of this process, as of the last look.
    faults: u64,
    /// Until when the last of them may still be on its way into the database.
    until: Instant,
    /// The last look found failures, or there was none yet.
    is_troubled: bool,
}

/// The bindings that are on, as of one generation.
#[derive(Default)]
struct Set {
    generation: i64,
    running: HashMap<BindingId, Running>,
    /// What people did to the breakers, as far as it is known here.
    turns: HashMap<BindingId, i64>,
}

#[derive(Clone)]
struct Running {
    digest: String,
    settings: Arc<str>,
    /// Those that are left of what was granted.
    grants: Grants,
    attempt: Attempt,
}

impl Running {
    fn is_of(&self, terms: &Terms, grants: &Grants) -> bool {
        self.digest == terms.digest && self.settings == terms.settings && self.grants == *grants
    }
}

/// What a binding may do: what was granted, and of what moderators granted only
/// what admins allow them now.
fn effective(binding: &Binding, envelopes: &HashMap<CommunityId, Envelope>) -> Grants {
    let granted = &binding.terms.grants;
    match (binding.is_bounded, binding.scope) {
        (true, Some(community)) => envelopes
            .get(&community)
            .map_or_else(Grants::default, |envelope| clamped(granted, envelope)),
        _ => granted.clone(),
    }
}

impl AtWork {
    pub(super) fn new(
        db: Db,
        hooks: Hooks,
        activations: Activations,
        envelopes: Envelopes,
    ) -> Self {
        Self {
            db,
            hooks,
            activations,
            envelopes,
            set: ArcSwap::default(),
            turn: Mutex::default(),
            told: ArcSwap::default(),
            looks: std::sync::Mutex::new(Looks {
                faults: 0,
                until: Instant::now(),
                is_troubled: true,
            }),
        }
    }

    /// Waits until no other change is being made.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// How a binding does here, with its breakers; at one of its hooks at least.
    pub(super) fn state(
        &self,
        binding: &Binding,
        breakers: &[BreakerState],
        now: Timestamp,
    ) -> BindingState {
        if binding.terms.mode == Mode::Off {
            return BindingState::Off;
        }
        if let Some(since) = binding.quarantined_at {
            return BindingState::Quarantined { since, until: None };
        }
        let set = self.set.load();
        let is_current = |running: &&Running| {
            running.digest == binding.terms.digest && running.settings == binding.terms.settings
        };
        match set.running.get(&binding.id).filter(is_current) {
            Some(Running { attempt: Ok(loaded), .. }) => {
                let active = BindingState::Active { snapshot: loaded.is_snapshot() };
                rules::quarantine(breakers, now).unwrap_or(active)
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
        let envelopes = self.envelopes.all().await?;
        let mut running = HashMap::with_capacity(bindings.len());
        for binding in &bindings {
            let ready = ready.as_ref().filter(|(id, _)| *id == binding.id);
            let grants = effective(binding, &envelopes);
            let is_known = |known: &&Running| known.is_of(&binding.terms, &grants);
            let known = old.running.get(&binding.id).filter(is_known);
            let attempt = match (ready, known) {
                (Some((_, loaded)), _) => Ok(Arc::clone(loaded)),
                (None, Some(known)) => known.attempt.clone(),
                (None, None) => self.attempt(binding, &grants).await,
            };
            let Terms { digest, settings, grants, .. } = binding.terms.clone();
            running.insert(binding.id, Running { digest, settings, grants, attempt });
        }
        Point::SwapDue.pass();
        self.hooks
            .replace(bindings.iter().filter_map(|binding| at_work(binding, &running)).collect());
        for binding in &bindings {
            self.take_over_quarantine(binding, &old);
        }
        let turns = bindings.iter().map(|binding| (binding.id, binding.breaker_turns)).collect();
        self.set.store(Arc::new(Set { generation, running, turns }));
        Ok(())
    }

    /// Does to the breaker of this process what somebody asked for, perhaps
    /// another.
    fn take_over_quarantine(&self, binding: &Binding, old: &Set) {
        if binding.quarantined_at.is_some() {
            self.hooks.quarantine(binding.id.0);
        } else if old.turns.get(&binding.id).is_some_and(|turns| *turns != binding.breaker_turns) {
            self.hooks.restore(binding.id.0);
            // When it fails again at once, that is news.
            self.told.rcu(|told| {
                let told = told.iter().copied();
                told.filter(|told| *told != binding.id).collect::<HashSet<_>>()
            });
        }
    }

    /// Whether a look at the changed bindings can find something: not while no call of
    /// this process failed. A process that calls looks itself.
    pub(super) fn is_look_due(&self) -> bool {
        let (now, faults) = (Instant::now(), self.hooks.faults());
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.faults != faults {
            looks.faults = faults;
            looks.until = now + RECORDED_WITHIN;
        }
        looks.is_troubled || now < looks.until
    }

    /// The changed bindings were looked at.
    pub(super) fn looked(&self, is_troubled: bool) {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner).is_troubled = is_troubled;
    }

    /// How the host finds each binding to do at its hooks.
    pub(super) fn breakers(&self) -> HashMap<BindingId, Vec<BreakerState>> {
        let mut breakers: HashMap<_, Vec<_>> = HashMap::new();
        for state in self.hooks.breakers() {
            breakers.entry(BindingId(state.binding)).or_default().push(state);
        }
        breakers
    }

    /// Bindings that the host has put into quarantine here.
    pub(super) fn quarantined(&self) -> HashSet<BindingId> {
        let states = self.hooks.breakers().into_iter();
        states
            .filter(|state| state.quarantined && !state.by_admin)
            .map(|state| BindingId(state.binding))
            .collect()
    }

    /// Those of which nobody was told.
    pub(super) fn untold(&self, quarantined: &HashSet<BindingId>) -> Vec<BindingId> {
        quarantined.difference(&self.told.load()).copied().collect()
    }

    /// People were told of these.
    pub(super) fn told(&self, quarantined: HashSet<BindingId>) {
        self.told.store(Arc::new(quarantined));
    }

    async fn attempt(&self, binding: &Binding, grants: &Grants) -> Attempt {
        let Terms { digest, settings, .. } = &binding.terms;
        self.activations.load(digest, settings, grants).await.map_err(|error| {
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
        grants: running.grants.clone(),
        deadline: binding.terms.limits.deadline_ms.map(|ms| Duration::from_millis(ms.into())),
        hooks: binding.hooks.clone(),
        loaded: running.attempt.clone(),
    })
}
