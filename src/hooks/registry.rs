//! Which plugins are at work: one immutable set, swapped whole.
//!
//! A call takes the chain of its hook once and keeps it to the end, so it sees
//! one set, never a mixture of two.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{
    breaker::{Breaker, Breakers},
    catalogue::{CATALOGUE, FailureMode, HookPoint},
    decision::Mode,
    grants::Grants,
    loaded::Loaded,
    meters::Meters,
};

/// A plugin version at work in a scope.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Its id.
    pub id: Uuid,
    /// Counts its changes.
    pub revision: i64,
    /// Name of the plugin.
    pub plugin: String,
    /// SHA-256 of the component, hexadecimal.
    pub digest: String,
    /// SHA-256 of the settings, hexadecimal.
    pub settings_hash: String,
    /// The community it works in; `None` for the whole site.
    pub scope: Option<Uuid>,
    /// Whether it is asked, and whether its answer counts.
    pub mode: Mode,
    /// What happens when it cannot answer; `None`, or a choice that a hook does
    /// not allow, is that hook's default.
    pub failure: Option<FailureMode>,
    /// Higher goes first, and gives the reason among equals.
    pub priority: i32,
    /// What it may do beyond judging.
    pub grants: Grants,
    /// Its own deadline, within that of the whole chain.
    pub deadline: Option<Duration>,
    /// The hooks that the component exports, as known from its inspection: they
    /// get the failure mode when it could not be loaded.
    pub hooks: Vec<HookPoint>,
    /// The component, or why there is none.
    pub loaded: Result<Arc<Loaded>, String>,
}

/// A binding with what its calls need at hand.
pub(super) struct Bound {
    pub(super) id: Uuid,
    pub(super) revision: i64,
    pub(super) plugin: Arc<str>,
    pub(super) digest: Arc<str>,
    pub(super) settings_hash: Arc<str>,
    pub(super) mode: Mode,
    pub(super) failure: Option<FailureMode>,
    pub(super) priority: i32,
    pub(super) grants: Arc<Grants>,
    pub(super) deadline: Option<Duration>,
    pub(super) loaded: Result<Arc<Loaded>, String>,
    pub(super) slots: Semaphore,
    pub(super) breaker: Arc<Breaker>,
    pub(super) meters: [Option<Meters>; HookPoint::COUNT],
}

impl Bound {
    pub(super) fn new(binding: Binding, calls: u32, breakers: &Breakers) -> Self {
        let hooks = match &binding.loaded {
            Ok(loaded) => loaded.hooks(),
            Err(_) => binding.hooks,
        };
        let mut meters = [const { None }; HookPoint::COUNT];
        for hook in hooks {
            if let Some(slot) = meters.get_mut(hook.index()) {
                *slot = Some(Meters::new(&binding.plugin, hook, binding.mode));
            }
        }
        Self {
            breaker: breakers.of(binding.id, binding.revision, &binding.plugin),
            id: binding.id,
            revision: binding.revision,
            plugin: binding.plugin.into(),
            digest: binding.digest.into(),
            settings_hash: binding.settings_hash.into(),
            mode: binding.mode,
            failure: binding.failure,
            priority: binding.priority,
            grants: Arc::new(binding.grants),
            deadline: binding.deadline,
            loaded: binding.loaded,
            slots: Semaphore::new(usize::try_from(calls).unwrap_or(usize::MAX)),
            meters,
        }
    }

    /// Whether its changes are taken over: it is asked before the others.
    pub(super) fn changes(&self) -> bool {
        self.grants.modify && self.mode == Mode::Enforce
    }
}

/// The bindings that one event meets: first those that change it, each group by
/// priority.
pub(super) type Chain = Arc<[Arc<Bound>]>;

/// The bindings of one hook, by scope.
struct Chains {
    site: Chain,
    /// Communities with bindings of their own; the site's are among them.
    communities: HashMap<Uuid, Chain>,
}

/// All bindings that are on.
pub(super) struct Registry {
    pub(super) generation: u64,
    hooks: [Chains; HookPoint::COUNT],
}

impl Registry {
    pub(super) fn new(
        generation: u64,
        bindings: Vec<Binding>,
        calls: u32,
        breakers: &Breakers,
    ) -> Self {
        let bound: Vec<(Option<Uuid>, Arc<Bound>)> = bindings
            .into_iter()
            .filter(|binding| binding.mode != Mode::Off)
            .map(|binding| (binding.scope, Arc::new(Bound::new(binding, calls, breakers))))
            .collect();
        breakers.keep(|id| bound.iter().any(|(_, bound)| bound.id == id));
        let hooks = CATALOGUE.each_ref().map(|row| Chains::new(row.point, &bound));
        Self { generation, hooks }
    }

    /// Whom to ask; `None` when nobody is bound.
    pub(super) fn chain(&self, hook: HookPoint, community: Option<Uuid>) -> Option<&Chain> {
        let chains = self.hooks.get(hook.index())?;
        let chain = match community {
            Some(community) if !chains.communities.is_empty() => {
                chains.communities.get(&community).unwrap_or(&chains.site)
            }
            _ => &chains.site,
        };
        (!chain.is_empty()).then_some(chain)
    }

    /// Whether somebody is bound anywhere.
    pub(super) fn is_bound(&self, hook: HookPoint) -> bool {
        let chains = self.hooks.get(hook.index());
        chains.is_some_and(|chains| !chains.site.is_empty() || !chains.communities.is_empty())
    }

    /// Who is bound, by scope.
    pub(super) fn bound(&self, hook: HookPoint) -> Vec<(Option<Uuid>, Vec<Uuid>)> {
        let Some(chains) = self.hooks.get(hook.index()) else { return Vec::new() };
        let ids = |chain: &Chain| chain.iter().map(|bound| bound.id).collect::<Vec<_>>();
        let site = ids(&chains.site);
        let communities = chains.communities.iter().map(|(community, chain)| {
            let own = ids(chain).into_iter().filter(|id| !site.contains(id)).collect();
            (Some(*community), own)
        });
        let all: Vec<_> = communities.chain([(None, site.clone())]).collect();
        all.into_iter().filter(|(_, bindings)| !bindings.is_empty()).collect()
    }
}

impl Chains {
    fn new(hook: HookPoint, bound: &[(Option<Uuid>, Arc<Bound>)]) -> Self {
        let exports = |bound: &Bound| bound.meters.get(hook.index()).is_some_and(Option::is_some);
        let chain = |community: Option<Uuid>| -> Chain {
            let mut chain: Vec<Arc<Bound>> = bound
                .iter()
                .filter(|(scope, bound)| (scope.is_none() || *scope == community) && exports(bound))
                .map(|(_, bound)| Arc::clone(bound))
                .collect();
            chain.sort_by_key(|bound| {
                (!bound.changes(), std::cmp::Reverse(bound.priority), bound.id)
            });
            chain.into()
        };
        let communities =
            bound.iter().filter(|(_, bound)| exports(bound)).filter_map(|(scope, _)| *scope);
        Self {
            site: chain(None),
            communities: communities.map(|community| (community, chain(Some(community)))).collect(),
        }
    }
}
