//! Making decisions again, and asking before anything is at stake.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    jobs::REPLAY,
    model::{
        Answer, Candidate, Counts, Difference, Draft, NewReplay, Preflight, Replay, ReplayState,
        Reproduction,
    },
    rules, store,
};
use crate::{
    bans::{Bans, Deed},
    base::{
        Error,
        actor::{Actor, Agent},
        clock::{Clock, Timestamp},
        ids::{CommunityId, DecisionId, first_uuid, new_uuid},
        page::{Page, PageRequest},
    },
    comments::CommentText,
    communities::Communities,
    db::Db,
    decisions::Decisions,
    hooks::{Content, ContentKind, HookPoint, Hooks, Loaded, Mode, Operation, Purpose, Question},
    http::{Action, RateLimits},
    jobs::{self, NewJob},
    mod_actions::{self, ActionKind, NewAction},
    plugin_admin::{Binding, Disclosure, PluginAdmin, Terms},
    plugin_versions::{self, refused},
    posts::{self, PostText, Posts},
    publishing::{self, Place},
};

/// A day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Replays go after everything else that waits.
const REPLAY_PRIORITY: i32 = -10;

/// What trials are made of.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub hooks: Hooks,
    pub decisions: Decisions,
    pub plugins: PluginAdmin,
    pub bans: Bans,
    pub communities: Communities,
    pub posts: Posts,
}

/// Trials; cheap to clone.
#[derive(Clone)]
pub struct PluginTrials {
    parts: Parts,
    /// For replays: no answer that is kept in memory depends on them.
    aside: Db,
}

impl std::fmt::Debug for PluginTrials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginTrials").finish_non_exhaustive()
    }
}

impl PluginTrials {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        let aside = parts.db.beside_requests();
        Self { parts, aside }
    }

    fn db(&self) -> &Db {
        &self.parts.db
    }

    /// The database for replays.
    pub(super) fn aside(&self) -> &Db {
        &self.aside
    }

    pub(super) fn hooks(&self) -> &Hooks {
        &self.parts.hooks
    }

    pub(super) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Asks the plugin that decided the same question, with the answers that the
    /// host gave it then.
    pub async fn reproduce(&self, actor: &Actor, id: DecisionId) -> Result<Reproduction, Error> {
        let record = self.parts.decisions.find(actor, id).await?;
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let (input, reads) = rules::question(&record)?;
        let hook = HookPoint::parse(&record.hook).ok_or(Error::NotFound)?;
        let candidate = store::terms(self.db(), record.binding_id, record.revision).await?;
        let candidate = candidate.ok_or(Error::NotFound)?;
        let loaded = self.load(&candidate).await?;
        let purpose =
            if record.mode == Mode::Shadow.as_str() { Purpose::Shadow } else { Purpose::Enforce };
        let binding = Some(record.binding_id.0);
        let transcript = Some(reads);
        let question = Question { hook, input: &input, purpose, transcript, binding };
        let trial = self.parts.hooks.judge_again(&loaded, question).await;
        let trial = trial.map_err(Error::internal)?;
        Ok(Reproduction {
            recorded: Answer::recorded(&record),
            reproduced: Answer::given(&trial, &candidate.grants),
        })
    }

    /// Lets a candidate judge what is on record, in the background: admins what
    /// they like, moderators a binding of their community on what happened there.
    pub async fn start_replay(&self, actor: &Actor, new: NewReplay) -> Result<Replay, Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let bound = match new.binding {
            Some(id) => Some(self.parts.plugins.find(actor, id).await?.binding),
            None => None,
        };
        let new = match &bound {
            _ if actor.is_admin() => new,
            Some(binding) => self.within(binding, new).await?,
            None => return Err(rules::admins_only()),
        };
        let days = rules::check(&new)?;
        let candidate = candidate(bound.map(|binding| binding.terms), &new);
        // What cannot be put to work is refused now, not by the job.
        self.load(&candidate).await?;
        let now = self.now();
        let community = match &new.community {
            Some(slug) => {
                let found = store::community(self.db(), slug).await?;
                Some(found.ok_or_else(rules::unknown_community)?)
            }
            None => None,
        };
        let events = self.events(&new.decisions, community).await?;
        let since = Timestamp(now.0.saturating_sub(i64::from(days) * DAY_MS));
        let range = if events.is_some() {
            (Uuid::nil(), Uuid::max())
        } else {
            (first_uuid(since), first_uuid(Timestamp(now.0 + 1)))
        };
        let total = match &events {
            Some(events) => i64::try_from(events.len()).unwrap_or(i64::MAX),
            None => store::count_events(self.db(), range, new.hook, community).await?,
        };
        let replay = Replay {
            id: new_uuid(now),
            binding: new.binding,
            candidate,
            hook: new.hook,
            community,
            community_slug: new.community,
            range,
            position: range.0,
            events,
            state: ReplayState::Waiting,
            total,
            counts: Counts::default(),
            error: None,
            created_by: actor.id,
            created_at: now,
            finished_at: None,
        };
        let job = NewJob { priority: REPLAY_PRIORITY, ..NewJob::new(REPLAY, &replay.id) };
        let mut tx = self.db().begin().await?;
        store::insert(&mut tx, &replay).await?;
        jobs::enqueue(&mut tx, job.once(format!("replay {}", replay.id)), now).await?;
        tx.commit().await?;
        Ok(replay)
    }

    /// A replay as it stands, and a page of where the candidate judged otherwise.
    pub async fn find_replay(
        &self,
        actor: &Actor,
        id: Uuid,
        page: &PageRequest<Uuid>,
    ) -> Result<(Replay, Page<Difference>), Error> {
        let replay = store::see(self.db(), actor, id).await?.ok_or(Error::NotFound)?;
        let rows = store::differences(self.db(), id, page).await?;
        Ok((replay, Page::cut(rows, page.limit, |row: &Difference| row.event)))
    }

    /// Stops a replay, if it is not over. What came of it stays.
    pub async fn cancel_replay(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let replay = store::see(self.db(), actor, id).await?.ok_or(Error::NotFound)?;
        let now = self.now();
        let mut tx = self.db().begin().await?;
        if store::cancel(&mut tx, id, now).await? {
            let action = NewAction::in_place(ActionKind::CancelReplay, replay.community);
            let action = NewAction { detail: Some(format!("replay {id}")), ..action };
            mod_actions::record(&mut tx, Agent::Person(actor), &action, now).await?;
        }
        Ok(tx.commit().await?)
    }

    /// What policies would say of a text that the actor may publish there.
    pub async fn preflight(&self, actor: &Actor, draft: Draft) -> Result<Preflight, Error> {
        self.parts.limits.check_actor(Action::Preflight, actor).await?;
        match draft {
            Draft::Post { community, title, body } => {
                let text = PostText::parse(&title, &body)?;
                let found = match self.parts.communities.find(Some(actor), &community).await {
                    Err(Error::NotFound) => return Err(rules::unknown_community()),
                    found => found?,
                };
                let (id, standing) = (found.community.id, found.standing);
                if !standing.allows(Deed::Post) {
                    return Err(self.parts.bans.refusal(actor, Deed::Post, id, None).await);
                }
                let place = Place { community: id, slug: &found.community.slug, standing };
                let kind = (ContentKind::Post, None, None);
                self.ask(actor, &place, self.content(kind, Some(text.title), text.body)).await
            }
            Draft::Comment { post, parent, body } => {
                let text = CommentText::parse(&body)?;
                let ground = self.parts.posts.access(Some(actor), post).await?.ground();
                if let Err(refusal) = posts::may_comment(&ground) {
                    return Err(self.parts.posts.refused(actor, &ground, refusal).await);
                }
                let parent = parent.map(|parent| parent.to_string());
                let kind = (ContentKind::Comment, Some(post.to_string()), parent);
                let content = self.content(kind, None, text.as_str().to_owned());
                self.ask(actor, &ground.place(), content).await
            }
        }
    }

    async fn ask(
        &self,
        actor: &Actor,
        place: &Place<'_>,
        content: Content,
    ) -> Result<Preflight, Error> {
        let input = || (publishing::context(actor, place, self.now()), content);
        let asked = self.hooks().preflight(Some(place.community.0), input, |_| Ok(())).await;
        let decisions = asked.map(|outcome| outcome.decisions).unwrap_or_default();
        let mut disclosures = Vec::with_capacity(decisions.len());
        for decision in &decisions {
            let (binding, revision) = (decision.binding_id, decision.revision);
            let disclosure = store::disclosure(self.db(), binding, revision).await?;
            disclosures.push((decision.id, disclosure));
        }
        Ok(rules::disclosed(decisions, |decision| {
            let found = disclosures.iter().find(|(id, _)| *id == decision.id);
            found.map_or(Disclosure::None, |(_, disclosure)| *disclosure)
        }))
    }

    /// A text under an id that nothing will have.
    fn content(
        &self,
        (kind, post_id, parent_id): (ContentKind, Option<String>, Option<String>),
        title: Option<String>,
        body: String,
    ) -> Content {
        let id = new_uuid(self.now()).to_string();
        Content { kind, operation: Operation::Create, id, post_id, parent_id, title, body }
    }

    /// Makes a version with its settings ready to be called.
    pub(super) async fn load(&self, candidate: &Candidate) -> Result<Arc<Loaded>, Error> {
        let component = plugin_versions::component(self.db(), &candidate.digest).await?;
        let component = component
            .ok_or_else(|| Error::invalid("digest", "unknown", "is not a version of a plugin"))?;
        let (settings, grants) = (&candidate.settings, &candidate.grants);
        let loaded = self.parts.hooks.activate(component, settings, grants).await;
        loaded.map_err(|error| refused("digest", &error))
    }

    /// A replay cannot be done.
    pub(super) async fn give_up(&self, id: Uuid, error: &Error) -> Result<(), Error> {
        let mut tx = self.aside.begin().await?;
        store::fail(&mut tx, id, &error.to_string(), self.now()).await?;
        Ok(tx.commit().await?)
    }

    /// What a moderator may replay: versions of the plugin that is bound, with no
    /// more than was granted to it, on what happened in its community.
    async fn within(&self, binding: &Binding, new: NewReplay) -> Result<NewReplay, Error> {
        let community = binding.community.clone().ok_or(Error::NotFound)?;
        if new.grants.as_ref().is_some_and(|grants| *grants != binding.terms.grants)
            || new.community.as_ref().is_some_and(|slug| *slug != community)
        {
            return Err(rules::admins_only());
        }
        if let Some(digest) = &new.digest
            && !store::is_version_of(self.db(), digest, &binding.plugin).await?
        {
            let message = "is not a version of the binding's plugin";
            return Err(Error::invalid("digest", "unknown", message));
        }
        Ok(NewReplay { community: Some(community), ..new })
    }

    /// The events that decisions are about, in the order of time.
    async fn events(
        &self,
        decisions: &[DecisionId],
        community: Option<CommunityId>,
    ) -> Result<Option<Vec<Uuid>>, Error> {
        if decisions.is_empty() {
            return Ok(None);
        }
        let mut events = Vec::with_capacity(decisions.len());
        for id in decisions {
            let event = store::event_of(self.db(), *id, community).await?;
            let unknown = || Error::invalid("decision_ids", "unknown", format!("{id} is unknown"));
            events.push(event.ok_or_else(unknown)?);
        }
        events.sort_unstable();
        events.dedup();
        Ok(Some(events))
    }
}

/// Who judges: the binding's version with its settings and grants, where nothing
/// else is said.
fn candidate(bound: Option<Terms>, new: &NewReplay) -> Candidate {
    let settings = match (&new.settings, &bound) {
        (Some(serde_json::Value::String(text)), _) => text.clone(),
        (Some(value), _) => value.to_string(),
        (None, Some(terms)) => terms.settings.to_string(),
        (None, None) => "{}".to_owned(),
    };
    let digest = new.digest.clone().or(bound.as_ref().map(|terms| terms.digest.clone()));
    let grants = new.grants.clone().or(bound.map(|terms| terms.grants));
    Candidate { digest: digest.unwrap_or_default(), settings, grants: grants.unwrap_or_default() }
}
