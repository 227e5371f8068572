//! Who is told of what happened, and the way of a notification out. Each may be
//! done more than once: a notification is made once for each cause, and leaves
//! the state it was made in once.

use uuid::Uuid;

use super::{
    model::{Kind, NewNotification, Party},
    rules,
    service::Notifications,
    store::{self, Told},
};
use crate::{
    appeals::Appeals,
    bans,
    base::{
        Error,
        clock::Timestamp,
        ids::{
            AccountId, ActionId, AppealId, BindingId, CommunityId, NotificationId, ReviewItemId,
            new_uuid,
        },
        markdown,
    },
    db::Tx,
    decisions::{DecisionTarget, TargetKind},
    events::{Content, Event, Occurrence, Origin, Trouble},
    hooks::{Channel, Feature},
    http::Action,
    mod_actions::{self, ActionKind, Inverse, LoggedAction},
    review::Review,
};

/// The people whom a text mentions, with their names as the text has them.
#[derive(Debug, Default)]
struct Calls {
    /// To be notified.
    called: Vec<(AccountId, String)>,
    /// Too many.
    left_out: Vec<String>,
}

/// The accounts that a text has notified by name.
async fn mentioned(tx: &mut Tx, content: Content) -> Result<Vec<AccountId>, Error> {
    let caused = store::caused(tx, content.id()).await?;
    let mentions = caused.iter().filter(|caused| caused.kind == Kind::Mention);
    Ok(mentions.map(|caused| caused.recipient).collect())
}

impl Notifications {
    /// Whether an event is one that people are told of.
    pub fn tells(event: &Event) -> bool {
        matches!(
            event,
            Event::ContentPublished { .. }
                | Event::ContentApproved { .. }
                | Event::ContentHeld { .. }
                | Event::ContentRemoved { by: Origin::Moderator | Origin::Plugin, .. }
                | Event::ModActionApplied { .. }
                | Event::AppealDecided { .. }
                | Event::ReviewItemResolved { .. }
                | Event::BindingTrouble { .. }
        )
    }

    /// Tells those whom an event concerns.
    pub async fn on_event(&self, occurrence: &Occurrence) -> Result<(), Error> {
        match occurrence.event {
            Event::ContentPublished { content, .. } => self.announce(content, occurrence.at).await,
            Event::ContentApproved { content } => {
                self.announce(content, occurrence.at).await?;
                self.tell_author(Kind::Approved, content, occurrence).await
            }
            Event::ContentHeld { content } => {
                self.tell_author(Kind::Held, content, occurrence).await
            }
            Event::ContentRemoved { content, by: Origin::Moderator | Origin::Plugin } => {
                self.tell_author(Kind::Removed, content, occurrence).await
            }
            Event::ModActionApplied { action } => self.tell_struck(action.into()).await,
            Event::AppealDecided { appeal } => self.tell_appellant(appeal.into()).await,
            Event::ReviewItemResolved { item } => self.tell_settled(item.into()).await,
            Event::BindingTrouble { binding, trouble } => {
                self.tell_keepers(binding.into(), trouble, occurrence.id).await
            }
            _ => Ok(()),
        }
    }

    /// Asks policies about a notification that was made, and sends it.
    pub async fn on_made(&self, occurrence: &Occurrence) -> Result<(), Error> {
        match occurrence.event {
            Event::NotificationMade { notification } => self.send(notification.into()).await,
            _ => Ok(()),
        }
    }

    /// Tells those whom published content answers or calls by name, once,
    /// however often it is edited.
    async fn announce(&self, content: Content, at: Timestamp) -> Result<(), Error> {
        let db = &self.parts.db;
        let Some(told) = store::told(db, content.id(), at).await? else { return Ok(()) };
        if !told.is_published {
            return Ok(());
        }
        let Calls { called, mut left_out } = self.calls(content, &told).await?;
        if called.is_empty() && left_out.is_empty() && told.answered.is_none() {
            return Ok(());
        }
        let new = |recipient, kind| NewNotification {
            recipient,
            kind,
            content: Some(content),
            binding: None,
            community: None,
            actor: Some(told.author),
            values: Vec::new(),
            cause: content.id(),
        };
        let mut tx = db.begin().await?;
        if let Some(answered) = told.answered {
            self.notify(&mut tx, new(answered, Kind::Reply)).await?;
        }
        // Another version of the text may have called people in the meantime.
        let mut notified = mentioned(&mut tx, content).await?.len();
        for (account, name) in called {
            if notified >= rules::MENTIONS_MAX {
                left_out.push(name);
            } else if self.notify(&mut tx, new(account, Kind::Mention)).await?.is_some() {
                notified += 1;
            }
        }
        if !left_out.is_empty() {
            let notice = NewNotification {
                actor: None,
                values: rules::not_notified(&left_out),
                cause: rules::cause_of_notice(content.id(), &left_out),
                ..new(told.author, Kind::Notice)
            };
            self.notify(&mut tx, notice).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The people whom a text calls and no version of it has called yet, and those who are
    /// too many.
    async fn calls(&self, content: Content, told: &Told) -> Result<Calls, Error> {
        let mut calls = Calls::default();
        let Ok(reading) = markdown::render(&told.body).await else { return Ok(calls) };
        let names = rules::looked_up(&reading.mentions);
        if names.is_empty() {
            return Ok(calls);
        }
        let mut tx = self.parts.db.begin().await?;
        let notified = mentioned(&mut tx, content).await?;
        drop(tx);
        for name in names {
            let Some(account) = store::called(&self.parts.db, name).await? else { continue };
            let is_told = account == told.author
                || Some(account) == told.answered
                || notified.contains(&account);
            if is_told {
                continue;
            }
            let has_room = notified.len() + calls.called.len() < rules::MENTIONS_MAX;
            if has_room && self.may_mention(told.author).await? {
                calls.called.push((account, name.clone()));
            } else {
                calls.left_out.push(name.clone());
            }
        }
        Ok(calls)
    }

    /// Counts a person that an author mentions; whether the author may mention one more.
    async fn may_mention(&self, author: AccountId) -> Result<bool, Error> {
        match self.parts.limits.check_account(Action::Mention, author).await {
            Ok(()) => Ok(true),
            Err(Error::TooMany { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Tells an author that content was held, approved or removed, with the reason of
    /// this very act.
    async fn tell_author(
        &self,
        kind: Kind,
        content: Content,
        occurrence: &Occurrence,
    ) -> Result<(), Error> {
        let db = &self.parts.db;
        let Some(told) = store::told(db, content.id(), occurrence.at).await? else {
            return Ok(());
        };
        let Told { author, held_for, approved_for, removal, .. } = told;
        let (cause, reason) = match (kind, removal) {
            // An undo of the removal finds the notification by the id of the action.
            (Kind::Removed, Some((action, reason))) => (action, reason),
            // The removal was undone in the meantime.
            (Kind::Removed, None) => return Ok(()),
            (Kind::Held, _) => (occurrence.id, held_for),
            _ => (occurrence.id, approved_for),
        };
        let reason = reason.filter(|reason| !reason.is_empty());
        self.notify_all([NewNotification {
            recipient: author,
            kind,
            content: Some(content),
            binding: None,
            community: None,
            actor: None,
            values: reason.map(|reason| rules::value("reason", reason)).into_iter().collect(),
            cause,
        }])
        .await
    }

    /// Tells an author of a resolution that changes nothing about published content: of
    /// an edit that was refused, and of a picture.
    async fn tell_settled(&self, id: ReviewItemId) -> Result<(), Error> {
        let Some(item) = Review::settled(&self.parts.db, id).await? else { return Ok(()) };
        let (Some(text), Some(author)) = (rules::settled(&item), item.author) else {
            return Ok(());
        };
        self.notify_all([NewNotification {
            recipient: author,
            kind: Kind::Notice,
            // The author does not see a deleted text any more.
            content: item.content.filter(|_| !item.is_deleted),
            binding: None,
            community: item.community,
            actor: None,
            values: rules::notice(text, item.reason),
            cause: id.0,
        }])
        .await
    }

    /// Tells an account of a ban, a warning or a lock; and when something was taken
    /// back, takes back what was told of it.
    async fn tell_struck(&self, id: ActionId) -> Result<(), Error> {
        let mut tx = self.parts.db.begin().await?;
        let Some(action) = mod_actions::find(&mut tx, id).await? else { return Ok(()) };
        let reversed = match action.kind {
            ActionKind::Restore => Some(ActionKind::Remove),
            ActionKind::WithdrawWarning => Some(ActionKind::Warn),
            ActionKind::LiftBan => Some(ActionKind::Ban),
            _ => None,
        };
        if let Some(kind) = reversed {
            for undone in mod_actions::taken_back(&mut tx, action.target.id(), kind).await? {
                self.correct(&mut tx, undone).await?;
            }
        }
        let told = match action.kind {
            ActionKind::Ban => Some(Kind::Banned),
            ActionKind::Warn => Some(Kind::Warned),
            _ => rules::profile_notice(action.kind).map(|_| Kind::Notice),
        };
        if let Some(locked) = locked(&action) {
            self.notify(&mut tx, locked).await?;
        }
        if let (Some(kind), Some(recipient), None) = (told, action.account, action.undone_at) {
            let text = rules::profile_notice(action.kind).map(|text| rules::value("text", text));
            let reason = action.reason.map(|reason| rules::value("reason", reason));
            let removed_since = match action.inverse {
                Some(Inverse::LiftBan { ban }) => bans::removes_since(&mut tx, ban.into()).await?,
                _ => None,
            };
            let removed_since =
                removed_since.map(|since| rules::value("removed_since", since.to_string()));
            let struck = NewNotification {
                recipient,
                kind,
                content: None,
                binding: None,
                community: action.community,
                actor: None,
                values: text.into_iter().chain(reason).chain(removed_since).collect(),
                cause: id.0,
            };
            self.notify(&mut tx, struck).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Tells an account how its appeal was decided, and why.
    async fn tell_appellant(&self, appeal: AppealId) -> Result<(), Error> {
        let Some(decided) = Appeals::decided(&self.parts.db, appeal).await? else {
            return Ok(());
        };
        let text = rules::decided(decided.is_granted);
        self.notify_all([NewNotification {
            recipient: decided.account,
            kind: Kind::Notice,
            content: None,
            binding: None,
            community: decided.community,
            actor: None,
            values: rules::notice(text, decided.note),
            cause: appeal.0,
        }])
        .await
    }

    /// Tells those who look after a binding what is wrong with it.
    async fn tell_keepers(
        &self,
        id: BindingId,
        trouble: Trouble,
        occurrence: Uuid,
    ) -> Result<(), Error> {
        let db = &self.parts.db;
        let Some(binding) = store::binding(db, id).await? else { return Ok(()) };
        let reason = match trouble {
            Trouble::Quarantined => self.last_fault(id),
            Trouble::BudgetSpent | Trouble::RolledBack => binding.reason,
        };
        let values: Vec<Feature> =
            [rules::value("plugin", binding.plugin), rules::value("trouble", trouble.as_str())]
                .into_iter()
                .chain(reason.map(|reason| rules::value("reason", reason)))
                .collect();
        let keepers = store::keepers(db, binding.community).await?;
        self.notify_all(keepers.into_iter().map(|recipient| NewNotification {
            recipient,
            kind: Kind::PluginTrouble,
            content: None,
            binding: Some(id),
            community: binding.community,
            actor: None,
            values: values.clone(),
            cause: occurrence,
        }))
        .await
    }

    /// What kind of failure a binding's last was, if it failed in this process.
    fn last_fault(&self, id: BindingId) -> Option<String> {
        let states = self.parts.hooks.breakers().into_iter();
        let fault = states.filter(|state| state.binding == id.0).find_map(|state| state.last_fault);
        fault.map(|fault| fault.kind.as_str().to_owned())
    }

    async fn notify_all(
        &self,
        all: impl IntoIterator<Item = NewNotification>,
    ) -> Result<(), Error> {
        let mut all = all.into_iter().peekable();
        if all.peek().is_none() {
            return Ok(());
        }
        let mut tx = self.parts.db.begin().await?;
        for new in all {
            self.notify(&mut tx, new).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Asks policies about a notification and lets it go its way, in one
    /// transaction with what they said.
    async fn send(&self, id: NotificationId) -> Result<(), Error> {
        let (db, now) = (self.parts.db.clone(), self.parts.clock.now());
        let which = (id, store::MADE);
        let Some((recipient, actor)) = store::parties(&db, which).await? else { return Ok(()) };
        let Some(made) = store::made(&db, recipient.actor.id, which, now).await? else {
            return Ok(());
        };
        let kind = rules::asked_as(made.kind).filter(|_| made.is_visible);
        let outcome = if let Some(kind) = kind {
            let parties = (&recipient, actor.as_ref());
            let input = || rules::question((id.0, id, Channel::InApp), parties, (&made, kind), now);
            let community = made.community.map(|community| community.0);
            self.parts.hooks.ask_checked(community, input, rules::recheck).await
        } else {
            None
        };
        let fate = rules::fate(&made, outcome.as_ref(), now);
        let mut tx = db.begin().await?;
        if !store::settle(&mut tx, (id, recipient.actor.id), &fate, now).await? {
            return Ok(());
        }
        if let Some(outcome) = &outcome {
            let target = target(id, made.community, &recipient);
            self.parts.decisions.record(&mut tx, &target, outcome).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Asks policies about a notification that a mail is to tell of: the values for
    /// it; `None` when it is not to.
    pub(super) async fn for_mail(&self, id: NotificationId) -> Result<Option<Vec<Feature>>, Error> {
        let (db, now, which) = (&self.parts.db, self.parts.clock.now(), (id, store::SENT));
        let Some((recipient, actor)) = store::parties(db, which).await? else { return Ok(None) };
        let made = store::made(db, recipient.actor.id, which, now).await?;
        let Some(made) = made.filter(|made| made.is_visible) else { return Ok(None) };
        let Some(kind) = rules::asked_as(made.kind) else { return Ok(Some(made.values)) };
        let (event, parties) = (new_uuid(now), (&recipient, actor.as_ref()));
        let input = || rules::question((event, id, Channel::Mail), parties, (&made, kind), now);
        let community = made.community.map(|community| community.0);
        let Some(outcome) = self.parts.hooks.ask_checked(community, input, rules::recheck).await
        else {
            return Ok(Some(made.values));
        };
        let mut tx = db.begin().await?;
        let target = target(id, made.community, &recipient);
        self.parts.decisions.record(&mut tx, &target, &outcome).await?;
        tx.commit().await?;
        Ok(rules::mailed(outcome))
    }
}

/// The notice to an author whose content was locked for a reason.
fn locked(action: &LoggedAction) -> Option<NewNotification> {
    let is_own = action.actor == action.account;
    let reason = action.reason.clone().filter(|reason| !reason.is_empty() && !is_own)?;
    if action.kind != ActionKind::Lock || action.undone_at.is_some() {
        return None;
    }
    Some(NewNotification {
        recipient: action.account?,
        kind: Kind::Notice,
        content: action.target.content(),
        binding: None,
        community: action.community,
        actor: None,
        values: rules::notice(rules::LOCKED, Some(reason)),
        cause: action.id.0,
    })
}

/// What a decision on a notification is about.
fn target(id: NotificationId, community: Option<CommunityId>, recipient: &Party) -> DecisionTarget {
    let (kind, actor) = (TargetKind::Notification, Some(recipient.actor.id));
    DecisionTarget { kind, id: id.0, community, actor }
}
