//! Putting versions to work, and changing what is at work.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::{sleep, timeout};
use tracing::field::display;

use super::{
    jobs::AtWork,
    model::{
        Binding, BindingPage, Change, ChangedAs, Hand, ManagedBy, NewBinding, Revision, Terms,
    },
    rules,
    store::{self, NewRow},
};
use crate::{
    base::{
        Error,
        actor::Actor,
        clock::{Clock, Timestamp},
        ids::{BindingId, CommunityId},
        page::{Page, PageRequest},
    },
    db::{Db, Tx, once},
    events::{Cause, Event, Occurrence, Trouble},
    hooks::{Hooks, Mode},
    http::{Action, RateLimits},
    jobs,
    lifecycle::Lifecycle,
    mod_actions::{self, ActionKind, NewAction},
    plugin_activations::{Activations, Candidate, Ready},
    plugin_envelopes::{Envelopes, Limits, outside},
    plugin_state,
    plugin_versions::{self, PluginName, Version, require_admin},
};

/// How many earlier revisions a binding can be rolled back to: enough to leave a
/// mistake and the attempt to correct it behind.
const PREVIOUS_KEPT: i64 = 3;

/// How long a change is on trial: what fails later is rather about what comes in.
const ON_TRIAL: Duration = Duration::from_mins(10);

/// Rest between two looks at which bindings the host has stopped asking.
const LOOK_AT_BREAKERS: Duration = Duration::from_millis(50);
/// How long a look is waited for when nothing changes.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);

/// What bindings are made of.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub hooks: Hooks,
    pub lifecycle: Lifecycle,
    pub envelopes: Envelopes,
    /// Whether files say what some bindings are.
    pub has_files: bool,
}

/// Bindings; cheap to clone.
#[derive(Clone)]
pub struct PluginAdmin {
    parts: Parts,
    activations: Activations,
    at_work: Arc<AtWork>,
}

impl std::fmt::Debug for PluginAdmin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginAdmin").finish_non_exhaustive()
    }
}

impl PluginAdmin {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        let Parts { db, clock, hooks, envelopes, .. } = parts.clone();
        let activations = Activations::new(db.clone(), clock, hooks.clone());
        let at_work = Arc::new(AtWork::new(db, hooks, activations.clone(), envelopes));
        Self { parts, activations, at_work }
    }

    /// Puts all bindings to work, at the start and before the first request. One
    /// that fails keeps its error and does not stop the others.
    pub async fn load_all(&self) -> Result<(), Error> {
        while store::hash_settings(&self.parts.db).await? {}
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
        let Parts { db, clock, .. } = &self.parts;
        let rows = store::list_bindings(db, actor, page, clock.now()).await?;
        let page = Page::cut(rows, page.limit, |row: &Binding| row.id);
        let (mut breakers, now) = (self.at_work.breakers(), clock.now());
        Ok(page.map(|binding| {
            let breakers = breakers.remove(&binding.id).unwrap_or_default();
            BindingPage {
                state: self.at_work.state(&binding, &breakers, now),
                breakers,
                binding,
                outside: None,
                candidate: None,
                previous: Vec::new(),
            }
        }))
    }

    /// One binding with its last states.
    pub async fn find(&self, actor: &Actor, id: BindingId) -> Result<BindingPage, Error> {
        let db = &self.parts.db;
        let binding = self.seen(actor, id).await?;
        let outside = match (binding.is_bounded, binding.scope) {
            (true, Some(community)) => {
                let envelope = self.parts.envelopes.of(community).await?;
                outside(&envelope, &rules::wish(&binding.plugin, &binding.terms))
            }
            _ => None,
        };
        let breakers = self.at_work.breakers().remove(&id).unwrap_or_default();
        Ok(BindingPage {
            state: self.at_work.state(&binding, &breakers, self.parts.clock.now()),
            outside,
            breakers,
            candidate: self.activations.last(id).await?,
            previous: store::revisions(db, id, binding.revision, PREVIOUS_KEPT).await?,
            binding,
        })
    }

    /// The bounds of a binding.
    pub async fn limits(&self, id: BindingId) -> Result<Limits, Error> {
        Ok(self.stored(id).await?.terms.limits)
    }

    /// Puts a version to work in a scope: admins anywhere, moderators in their
    /// communities as far as the envelope goes.
    pub async fn bind(&self, actor: &Actor, new: NewBinding) -> Result<BindingPage, Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let hand = Hand::person(actor, self.role_for(actor, new.community.as_deref()).await?);
        let this = self.clone();
        let id = self.complete(async move { this.create(&hand, new, None).await }.boxed()).await?;
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
        let (binding, hand) = self.theirs(actor, id).await?;
        let this = self.clone();
        self.complete(async move { this.apply(&hand, &binding, change).await }.boxed()).await?;
        self.find(actor, id).await
    }

    /// Makes a binding again what it was at one of its last revisions, or before
    /// its last change.
    pub async fn roll_back(
        &self,
        actor: &Actor,
        id: BindingId,
        revision: Option<i64>,
    ) -> Result<BindingPage, Error> {
        let (binding, hand) = self.theirs(actor, id).await?;
        let previous =
            store::revisions(&self.parts.db, id, binding.revision, PREVIOUS_KEPT).await?;
        let wanted = |past: &Revision| revision.is_none_or(|number| past.revision == number);
        let Some(previous) = previous.into_iter().find(wanted) else {
            let message = "The binding has no such revision to go back to.";
            return Err(Error::conflict("no_previous_revision", message));
        };
        let loads = previous.terms.mode != Mode::Off;
        let this = self.clone();
        let settled = async move { this.settle(&hand, &binding, loads, &previous.terms).await };
        self.complete(settled.boxed()).await?;
        self.find(actor, id).await
    }

    /// Goes through a change to its end, also when who asked for it hangs up:
    /// what is on record says how it went.
    async fn complete<T: Send + 'static>(
        &self,
        change: BoxFuture<'static, Result<T, Error>>,
    ) -> Result<T, Error> {
        let done = self.parts.lifecycle.complete(once::carried(change)).await;
        done.unwrap_or_else(|| Err(Error::internal("a change of a binding panicked")))
    }

    /// Ends what a process that is gone had begun.
    pub async fn end_abandoned(&self) -> Result<(), Error> {
        self.activations.end_abandoned().await
    }

    /// Takes a binding out of work for good.
    pub async fn unbind(&self, actor: &Actor, id: BindingId) -> Result<(), Error> {
        let (binding, hand) = self.theirs(actor, id).await?;
        self.remove(&hand, &binding).await
    }

    /// Stops calling a plugin until it is restored: its failure mode applies. Also
    /// of what a file says, for it limits damage.
    pub async fn quarantine(&self, actor: &Actor, id: BindingId) -> Result<BindingPage, Error> {
        self.set_quarantine(actor, id, true).await
    }

    /// Calls a plugin again.
    pub async fn restore(&self, actor: &Actor, id: BindingId) -> Result<BindingPage, Error> {
        self.set_quarantine(actor, id, false).await
    }

    async fn set_quarantine(
        &self,
        actor: &Actor,
        id: BindingId,
        starts: bool,
    ) -> Result<BindingPage, Error> {
        let Parts { db, clock, limits, .. } = &self.parts;
        limits.check_actor(Action::Write, actor).await?;
        let binding = self.seen(actor, id).await?;
        let turn = self.at_work.turn().await;
        let (mut tx, now) = (db.begin().await?, clock.now());
        if !store::set_quarantine(&mut tx, id, starts.then_some(now)).await? {
            return Err(Error::NotFound);
        }
        let kind = if starts { ActionKind::QuarantineBinding } else { ActionKind::EndQuarantine };
        let act = Act { kind, binding: id, scope: binding.scope, terms: &binding.terms };
        record(&mut tx, &Hand::person(actor, ChangedAs::Admin), &act, now).await?;
        store::next_generation(&mut tx).await?;
        tx.commit().await?;
        tracing::warn!(by = actor.username, binding = %id, starts, "quarantine of a binding");
        self.at_work.reload(&turn, None).await?;
        drop(turn);
        self.find(actor, id).await
    }

    /// Makes a binding that does too much a mere observer, and says why.
    pub async fn degrade(&self, id: BindingId, reason: &str) -> Result<(), Error> {
        let binding = self.stored(id).await?;
        if binding.terms.mode != Mode::Enforce {
            return Ok(());
        }
        let change = Change { mode: Some(Mode::Shadow), ..Change::default() };
        let (this, hand) = (self.clone(), Hand::system(Trouble::BudgetSpent, reason));
        self.complete(async move { this.apply(&hand, &binding, change).await }.boxed()).await
    }

    /// Tells of bindings that the host has stopped asking, for as long as the
    /// server is open: as soon as it happens.
    pub async fn tell_quarantines(self) {
        let Parts { hooks, lifecycle, .. } = &self.parts;
        let mut changes = hooks.breaker_changes();
        loop {
            if let Err(error) = self.tell_quarantined().await {
                tracing::warn!(%error, "a quarantine could not be told");
            }
            // Not for each of the failures of a busy forum.
            sleep(LOOK_AT_BREAKERS).await;
            tokio::select! {
                () = lifecycle.closing() => break,
                // Also when there is no change: what could not be told is to be.
                _ = timeout(LOOK_ANYWAY, changes.changed()) => {}
            }
        }
    }

    async fn tell_quarantined(&self) -> Result<(), Error> {
        let Parts { db, clock, .. } = &self.parts;
        let quarantined = self.at_work.quarantined();
        for binding in self.at_work.untold(&quarantined) {
            tracing::warn!(%binding, "a binding failed too often and is in quarantine");
            let mut tx = db.begin().await?;
            jobs::publish(&mut tx, &trouble(binding, Trouble::Quarantined, clock.now())).await?;
            tx.commit().await?;
        }
        self.at_work.told(quarantined);
        Ok(())
    }

    /// Takes back changes that made things worse. Asks the database only while there may be
    /// failed calls to find.
    pub async fn watch(&self) -> Result<(), Error> {
        if !self.at_work.is_look_due() {
            return Ok(());
        }
        let Parts { db, clock, .. } = &self.parts;
        let since = clock.now().minus(ON_TRIAL);
        let mut is_troubled = false;
        for binding in store::changed_since(&self.parts.db, since).await? {
            let tally = store::tally(db, binding.id, binding.revision, since).await?;
            is_troubled |= tally.faults > 0;
            if rules::is_troubled(tally.calls, tally.faults) {
                self.take_back(&binding, &tally).await?;
            }
        }
        self.at_work.looked(is_troubled);
        Ok(())
    }

    /// Makes a binding again what it was when it last did well.
    async fn take_back(&self, binding: &Binding, tally: &store::Tally) -> Result<(), Error> {
        let db = &self.parts.db;
        let before = store::revisions(db, binding.id, binding.revision, PREVIOUS_KEPT).await?;
        for past in before {
            let then = store::tally(db, binding.id, past.revision, past.changed_at).await?;
            if rules::is_troubled(then.calls, then.faults) {
                continue;
            }
            let reason = format!(
                "rolled back to revision {}: {} of {} calls of revision {} failed",
                past.revision, tally.faults, tally.calls, binding.revision
            );
            let hand = Hand::system(Trouble::RolledBack, reason);
            return match self.settle(&hand, binding, false, &past.terms).await {
                // Another process was faster.
                Err(Error::Conflict { .. }) => Ok(()),
                done => done,
            };
        }
        Ok(())
    }

    /// Puts a version to work; what the hand may has been checked but for the
    /// envelope.
    async fn create(
        &self,
        hand: &Hand,
        new: NewBinding,
        file: Option<&ManagedBy>,
    ) -> Result<BindingId, Error> {
        let Parts { db, clock, .. } = &self.parts;
        let plugin = PluginName::parse("plugin", &new.plugin)?;
        let version = self.version_for(plugin.as_str(), new.change.digest.as_deref()).await?;
        let scope = self.scope(new.community.as_deref()).await?;
        let defaults = rules::default_terms(version.digest.clone(), &version.hooks);
        let terms = rules::changed(&defaults, new.change, &version.hooks)?;
        let id = BindingId::new(clock.now());
        self.hold(hand, (id, scope), plugin.as_str(), &terms).await?;
        let ready = self.prepare((id, scope), &terms).await?;
        let turn = self.at_work.turn().await;
        let stored = async {
            let mut tx = db.begin().await?;
            let row = NewRow { id, scope, plugin: plugin.as_str(), file, terms: &terms };
            store::insert_binding(&mut tx, &row, hand, clock.now()).await?;
            let act = Act { kind: ActionKind::BindPlugin, binding: id, scope, terms: &terms };
            record(&mut tx, hand, &act, clock.now()).await?;
            store::next_generation(&mut tx).await?;
            Ok(tx.commit().await?)
        };
        self.finish(Some(&ready), stored.await).await?;
        log(hand, id, &terms, "a plugin was bound");
        self.at_work.reload(&turn, Some((id, ready.loaded))).await?;
        Ok(id)
    }

    /// Changes a binding; what the hand may has been checked but for the envelope.
    async fn apply(&self, hand: &Hand, binding: &Binding, change: Change) -> Result<(), Error> {
        let digest = change.digest.as_deref().unwrap_or(&binding.terms.digest);
        let version = self.version_for(&binding.plugin, Some(digest)).await?;
        let loads = rules::loads_anew(&binding.terms, &change);
        let terms = rules::changed(&binding.terms, change, &version.hooks)?;
        self.settle(hand, binding, loads, &terms).await
    }

    /// The bindings that files say.
    pub(crate) async fn managed(&self) -> Result<Vec<(BindingId, ManagedBy)>, Error> {
        Ok(store::managed(&self.parts.db).await?)
    }

    /// Whether what a file says has been done, by whatever process.
    pub(crate) async fn is_followed(&self, managed: &ManagedBy) -> Result<bool, Error> {
        Ok(self.managed().await?.iter().any(|(_, known)| known == managed))
    }

    /// Binds what a file says, or makes its binding that.
    pub(crate) async fn bind_file(
        &self,
        new: NewBinding,
        managed: &ManagedBy,
    ) -> Result<(), Error> {
        let hand = Hand::file();
        let known = self.managed().await?;
        let known = known.into_iter().find(|(_, known)| known.file == managed.file);
        let Some((id, _)) = known else {
            return self.create(&hand, new, Some(managed)).await.map(drop);
        };
        let binding = self.stored(id).await?;
        if binding.plugin != new.plugin || binding.community != new.community {
            self.remove(&hand, &binding).await?;
            return self.create(&hand, new, Some(managed)).await.map(drop);
        }
        // What the file does not say is as for a new binding.
        let version = self.version_for(&new.plugin, new.change.digest.as_deref()).await?;
        let defaults = rules::default_terms(version.digest, &version.hooks);
        let terms = rules::changed(&defaults, new.change, &version.hooks)?;
        let loads = terms.mode != Mode::Off;
        self.settle(&hand, &binding, loads, &terms).await?;
        let mut tx = self.parts.db.begin().await?;
        store::set_file_hash(&mut tx, id, managed).await?;
        Ok(tx.commit().await?)
    }

    /// Takes what a file said out of work.
    pub(crate) async fn unbind_file(&self, id: BindingId) -> Result<(), Error> {
        let binding = self.stored(id).await?;
        self.remove(&Hand::file(), &binding).await
    }

    /// Takes a binding out of work.
    async fn remove(&self, hand: &Hand, binding: &Binding) -> Result<(), Error> {
        let turn = self.at_work.turn().await;
        let mut tx = self.parts.db.begin().await?;
        let now = self.parts.clock.now();
        if !store::remove_binding(&mut tx, binding.id, now).await? {
            return Err(Error::NotFound);
        }
        let (kind, terms) = (ActionKind::UnbindPlugin, &binding.terms);
        let act = Act { kind, binding: binding.id, scope: binding.scope, terms };
        record(&mut tx, hand, &act, now).await?;
        plugin_state::erase_binding(&mut tx, binding.id).await?;
        store::next_generation(&mut tx).await?;
        tx.commit().await?;
        log(hand, binding.id, &binding.terms, "a plugin was unbound");
        self.at_work.reload(&turn, None).await
    }

    /// Makes the new state of a binding ready if it is to be, stores it unless
    /// somebody changed the binding meanwhile, and swaps it in.
    async fn settle(
        &self,
        hand: &Hand,
        binding: &Binding,
        loads: bool,
        terms: &Terms,
    ) -> Result<(), Error> {
        let place = (binding.id, binding.scope);
        self.hold(hand, place, &binding.plugin, terms).await?;
        let ready = if loads { Some(self.prepare(place, terms).await?) } else { None };
        let turn = self.at_work.turn().await;
        let stored = async {
            let mut tx = self.parts.db.begin().await?;
            let old = (binding.id, binding.revision);
            let now = self.parts.clock.now();
            if !store::update_binding(&mut tx, old, terms, hand, now).await? {
                let message = "Somebody else changed the binding meanwhile.";
                return Err(Error::conflict("binding_changed", message));
            }
            let (kind, terms) = (ActionKind::ChangeBinding, terms);
            let act = Act { kind, binding: binding.id, scope: binding.scope, terms };
            record(&mut tx, hand, &act, now).await?;
            store::next_generation(&mut tx).await?;
            if let Some(what) = hand.trouble {
                jobs::publish(&mut tx, &trouble(binding.id, what, now)).await?;
            }
            Ok(tx.commit().await?)
        };
        self.finish(ready.as_ref(), stored.await).await?;
        log(hand, binding.id, terms, "a binding was changed");
        self.at_work.reload(&turn, ready.map(|ready| (binding.id, ready.loaded))).await
    }

    /// Tells the record of an activation how the swap went.
    async fn finish(&self, ready: Option<&Ready>, stored: Result<(), Error>) -> Result<(), Error> {
        if let Some(ready) = ready {
            self.activations.done(ready.id(), stored.as_ref().copied()).await?;
        }
        stored
    }

    async fn prepare(
        &self,
        (binding, scope): (BindingId, Option<CommunityId>),
        terms: &Terms,
    ) -> Result<Ready, Error> {
        let Terms { digest, settings, grants, .. } = terms;
        let candidate = Candidate { binding, scope, digest, settings, grants };
        self.activations.prepare(&candidate).await
    }

    /// Refuses moderators what is outside of the envelope.
    async fn hold(
        &self,
        hand: &Hand,
        (id, scope): (BindingId, Option<CommunityId>),
        plugin: &str,
        terms: &Terms,
    ) -> Result<(), Error> {
        let (ChangedAs::Moderator, Some(community)) = (hand.role, scope) else { return Ok(()) };
        let others = store::count_others(&self.parts.db, community, id).await?;
        self.parts.envelopes.hold(community, &rules::wish(plugin, terms), others).await
    }

    /// As what the actor may bind there.
    async fn role_for(&self, actor: &Actor, community: Option<&str>) -> Result<ChangedAs, Error> {
        if actor.is_admin() {
            return Ok(ChangedAs::Admin);
        }
        if let Some(slug) = community
            && self.parts.envelopes.moderated(actor, slug).await.is_ok()
        {
            return Ok(ChangedAs::Moderator);
        }
        require_admin(actor).map(|()| ChangedAs::Admin)
    }

    /// A binding that the actor may change, and as what.
    async fn theirs(&self, actor: &Actor, id: BindingId) -> Result<(Binding, Hand), Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let binding = self.seen(actor, id).await?;
        if self.parts.has_files {
            rules::check_unmanaged(&binding)?;
        }
        let role = if actor.is_admin() { ChangedAs::Admin } else { ChangedAs::Moderator };
        Ok((binding, Hand::person(actor, role)))
    }

    /// A binding, if the actor may see it.
    async fn seen(&self, actor: &Actor, id: BindingId) -> Result<Binding, Error> {
        let Parts { db, clock, .. } = &self.parts;
        store::see_binding(db, actor, id, clock.now()).await?.ok_or(Error::NotFound)
    }

    async fn stored(&self, id: BindingId) -> Result<Binding, Error> {
        store::find_binding(&self.parts.db, id).await?.ok_or(Error::NotFound)
    }

    /// The version that a request names, or the newest.
    async fn version_for(&self, plugin: &str, digest: Option<&str>) -> Result<Version, Error> {
        let db = &self.parts.db;
        let Some(digest) = digest else {
            let newest = plugin_versions::newest(db, plugin).await?;
            return newest
                .ok_or_else(|| Error::invalid("plugin", "unknown", "has not been uploaded"));
        };
        let version = plugin_versions::find(db, digest).await?;
        version.filter(|version| version.plugin == plugin).ok_or_else(|| {
            Error::invalid("digest", "unknown", format!("is not a version of `{plugin}`"))
        })
    }

    async fn scope(&self, community: Option<&str>) -> Result<Option<CommunityId>, Error> {
        let Some(slug) = community else { return Ok(None) };
        let unknown =
            || Error::invalid("scope.community", "unknown", "is not the slug of a community");
        store::community(&self.parts.db, slug).await?.map(Some).ok_or_else(unknown)
    }
}

/// Something is wrong with a binding.
fn trouble(binding: BindingId, trouble: Trouble, now: Timestamp) -> Occurrence {
    Occurrence::new(now, Cause::Server, Event::BindingTrouble { binding: binding.0, trouble })
}

/// An act on a binding, for the log of acts.
struct Act<'a> {
    kind: ActionKind,
    binding: BindingId,
    scope: Option<CommunityId>,
    terms: &'a Terms,
}

/// Writes an act on a binding into the log of acts. The detail is the id of the binding
/// and the mode.
async fn record(tx: &mut Tx, hand: &Hand, act: &Act<'_>, now: Timestamp) -> Result<(), Error> {
    let detail = Some(format!("binding {} {}", act.binding, act.terms.mode.as_str()));
    let action = NewAction::in_place(act.kind, act.scope);
    let action = NewAction { detail, reason: hand.reason.clone(), ..action };
    mod_actions::record_of(tx, hand.account, &action, now).await.map(drop)
}

fn log(hand: &Hand, id: BindingId, terms: &Terms, what: &'static str) {
    let (role, mode) = (hand.role.as_str(), terms.mode.as_str());
    let (by, reason) = (hand.account.map(display), hand.reason.as_deref());
    tracing::info!(by, role, reason, binding = %id, digest = terms.digest, mode, "{what}");
}
