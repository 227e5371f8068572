//! Doing what plugins want done.

use std::time::Duration;

use super::{
    model::{Done, EffectState, Inverse, NewEffect, Struck, Wish},
    store,
};
use crate::{
    accounts::Accounts,
    attachments::Attachments,
    bans::{Bans, Deed, NewBan},
    base::{
        Error,
        actor::{Agent, Automation},
        clock::Clock,
        ids::{AccountId, ActionId},
        text::{clean_line, clean_lines},
    },
    comments::{Comments, NewComment},
    db::{Db, Tx},
    events::Content,
    hooks::{self, Effect},
    mod_actions::Target,
    moderation::{Label, Moderation, Pace, Slowed},
    notifications::{Kind, NewNotification, Notifications},
    publishing::Mark,
    reports, warnings,
    webhooks::Webhooks,
};

/// What effects are built on.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub accounts: Accounts,
    pub bans: Bans,
    pub comments: Comments,
    pub moderation: Moderation,
    pub notifications: Notifications,
    pub webhooks: Webhooks,
}

/// Does what plugins want done; cheap to clone.
#[derive(Clone)]
pub struct Effects {
    pub(super) parts: Parts,
}

impl Effects {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Does an effect that may be done.
    pub(super) async fn apply(
        &self,
        tx: &mut Tx,
        new: &NewEffect<'_>,
        struck: &Struck,
    ) -> Result<Option<Inverse>, Error> {
        let (moderation, automation) = (&self.parts.moderation, automation(new.wish));
        let (agent, community) = (Agent::Plugin(&automation), new.wish.community);
        let content = || match struck {
            Struck::Content(content, _) => Ok(*content),
            _ => Err(Error::NotFound),
        };
        let target = || match struck {
            Struck::Content(content, _) => Ok((Target::from(*content), community)),
            Struck::Account(account) => Ok((Target::Account(*account), community)),
            _ => Err(Error::NotFound),
        };
        let action = match new.effect {
            Effect::Label(labelling) => {
                let label = Label::parse(&labelling.label)?;
                moderation.set_label_in(tx, agent, target()?, (&label, true), None).await?
            }
            Effect::Lock(_) => {
                moderation.set_locked_in(tx, agent, (content()?, true), None).await?
            }
            Effect::Mark(marking) => {
                let mark = match marking.mark {
                    hooks::Mark::Sensitive => Mark::Sensitive,
                    hooks::Mark::Spoiler => Mark::Spoiler,
                };
                moderation.set_mark_in(tx, agent, content()?, (mark, true), None).await?
            }
            Effect::Remove(removal) => {
                let reason = Some(clean_lines(&removal.reason)).filter(|text| !text.is_empty());
                Some(moderation.remove_in(tx, agent, content()?, reason).await?)
            }
            Effect::Prioritise(wanted) => {
                let priority = i64::from(wanted.priority);
                moderation.prioritise_in(tx, agent, target()?, priority).await?
            }
            Effect::SlowMode(slow) => self.slow_down(tx, agent, (struck, slow)).await?,
            Effect::Report(reporting) => {
                self.report(tx, agent, struck, &reporting.reason).await?;
                None
            }
            Effect::Warn(warning) => {
                return self.warn(tx, agent, (new.wish, struck), &warning.reason).await;
            }

            Effect::Notify(notice) => return self.notify(tx, new, struck, notice).await,
            Effect::EmitWebhook(emission) => {
                self.emit(tx, new, emission).await?;
                None
            }
            // Policies are asked about these: see `apply_judged`.
            Effect::Reply(_) | Effect::Ban(_) => None,
        };
        Ok(action.map(|action| Inverse::Action(action.0)))
    }

    async fn slow_down(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        (struck, slow): (&Struck, &hooks::SlowMode),
    ) -> Result<Option<ActionId>, Error> {
        let place = match struck {
            Struck::Content(Content::Post(id), _) => Slowed::Post((*id).into()),
            Struck::Community(id) => Slowed::Community(*id),
            _ => return Err(Error::NotFound),
        };
        let interval = Duration::from_millis(slow.interval);
        let duration = slow.duration.map(Duration::from_millis);
        let pace = if interval.is_zero() { None } else { Some(Pace::parse(interval, duration)?) };
        self.parts.moderation.set_slow_mode_in(tx, agent, (place, pace), None).await.map(Some)
    }

    async fn warn(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        (wish, struck): (&Wish, &Struck),
        reason: &str,
    ) -> Result<Option<Inverse>, Error> {
        let Struck::Account(account) = *struck else { return Err(Error::NotFound) };
        let (now, place) = (self.parts.clock.now(), (account, wish.community));
        let warning = warnings::warn_in(tx, agent, place, &clean_lines(reason), now).await?;
        Ok(Some(Inverse::Warning(warning.0)))
    }

    /// Does an effect that policies are asked about first: a ban, or an answer.
    pub(super) async fn apply_judged(
        &self,
        new: &NewEffect<'_>,
        struck: &Struck,
    ) -> Result<(), Error> {
        match (new.effect, struck) {
            (Effect::Ban(sanction), Struck::Account(account)) => {
                self.ban(new, *account, sanction).await
            }
            (Effect::Reply(reply), Struck::Content(content, facts)) => {
                let parent = match content {
                    Content::Post(_) => None,
                    Content::Comment(id) => Some((*id).into()),
                };
                let (post, body) = (facts.post.into(), reply.body.clone());
                self.reply(new, &NewComment { post, parent, body, media: Vec::new() }).await
            }
            _ => Err(Error::NotFound),
        }
    }

    async fn ban(
        &self,
        new: &NewEffect<'_>,
        account: AccountId,
        sanction: &hooks::Sanction,
    ) -> Result<(), Error> {
        let (db, bans, now) = (&self.parts.db, &self.parts.bans, self.parts.clock.now());
        let automation = automation(new.wish);
        let agent = Agent::Plugin(&automation);
        let scope = store::ban_scope(db, sanction).await?.ok_or(Error::NotFound)?;
        let own = new.wish.terms.scope;
        if own.is_some() && scope.community() != own {
            return Err(Error::conflict("outside_scope", "The binding is at work elsewhere."));
        }
        let until = sanction.duration.map(Duration::from_millis);
        let wanted = NewBan {
            username: store::name(db, account).await?.ok_or(Error::NotFound)?,
            deeds: sanction.deeds.iter().copied().map(deed).collect(),
            reason: clean_lines(&sanction.reason),
            until: until.map(|duration| now.plus(duration)),
            removes_since: None,
        };
        let sentence = bans.decide(agent, &scope, wanted).await?;
        let mut tx = db.begin().await?;
        if store::is_recorded(&mut tx, new.wish, new.number).await? {
            return Ok(());
        }
        let ban = bans.impose_in(&mut tx, agent, sentence).await?;
        let applied = (EffectState::Applied, Some(Inverse::Ban(ban.id.0)), None);
        store::insert(&mut tx, new, applied, now).await?;
        Ok(tx.commit().await?)
    }

    async fn notify(
        &self,
        tx: &mut Tx,
        new: &NewEffect<'_>,
        struck: &Struck,
        notice: &hooks::Notice,
    ) -> Result<Option<Inverse>, Error> {
        let community = new.wish.community;
        let (recipients, content) = match struck {
            Struck::Content(content, facts) => (vec![facts.author], Some(*content)),
            Struck::Account(account) => (vec![*account], None),
            _ => (store::moderators(tx, community).await?, None),
        };
        let text = clean_line(&notice.text);
        if text.is_empty() {
            return Err(Error::invalid("text", "required", "must have at least one character"));
        }
        for recipient in recipients {
            let told = NewNotification {
                recipient,
                kind: Kind::Notice,
                content,
                binding: None,
                community,
                actor: None,
                values: vec![hooks::Feature { name: "text".to_owned(), value: text.clone() }],
                cause: new.id,
            };
            self.parts.notifications.notify(tx, told).await?;
        }
        Ok(Some(Inverse::Notice))
    }

    /// Asks people to look.
    async fn report(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        struck: &Struck,
        reason: &str,
    ) -> Result<(), Error> {
        let target = match struck {
            Struck::Content(content, _) => Target::from(*content),
            Struck::Account(account) => Target::Account(*account),
            _ => return Err(Error::NotFound),
        };
        let now = self.parts.clock.now();
        reports::file_in(tx, agent, target, &clean_lines(reason), now).await.map(drop)
    }

    /// Asks people to look in place of an effect that is over the budget.
    pub(super) async fn queue(
        &self,
        tx: &mut Tx,
        new: &NewEffect<'_>,
        struck: &Struck,
    ) -> Result<Done, Error> {
        let automation = automation(new.wish);
        let (plugin, kind) = (&automation.plugin, new.effect.kind().as_str());
        let reason = format!("{plugin} wants to {kind}, and has done so too often in this hour.");
        self.report(tx, Agent::Plugin(&automation), struck, &reason).await?;
        Ok(Done::Queued)
    }

    async fn emit(
        &self,
        tx: &mut Tx,
        new: &NewEffect<'_>,
        emission: &hooks::Emission,
    ) -> Result<(), Error> {
        let wish = new.wish;
        let payload: serde_json::Value = serde_json::from_str(&emission.payload)
            .map_err(|_| Error::invalid("payload", "json", "must be JSON"))?;
        // What is bound to a community tells that community's webhooks.
        let place = wish.terms.scope.or(wish.community);
        let name = format!("plugin.{}", emission.name);
        self.parts.webhooks.emit(tx, place, &name, &payload, new.id).await.map(drop)
    }

    /// Answers in the thread, as the plugin's bot.
    async fn reply(&self, new: &NewEffect<'_>, comment: &NewComment) -> Result<(), Error> {
        let bot = self.parts.accounts.bot(&automation(new.wish)).await?;
        let draft = self.parts.comments.draft(&bot, comment).await?;
        let mut tx = self.parts.db.begin().await?;
        if store::is_recorded(&mut tx, new.wish, new.number).await? {
            return Ok(());
        }
        let none = Attachments::default();
        let written = self.parts.comments.write(&mut tx, &bot, &draft, &none).await?;
        let comment = written.ok_or(Error::NotFound)?;
        let applied = (EffectState::Applied, Some(Inverse::Reply(comment.id.0)), None);
        store::insert(&mut tx, new, applied, self.parts.clock.now()).await?;
        Ok(tx.commit().await?)
    }
}

fn automation(wish: &Wish) -> Automation {
    Automation {
        plugin: wish.terms.plugin.clone(),
        binding: wish.terms.binding,
        decision: wish.decision,
    }
}

fn deed(deed: hooks::Deed) -> Deed {
    match deed {
        hooks::Deed::View => Deed::View,
        hooks::Deed::Comment => Deed::Comment,
        hooks::Deed::Vote => Deed::Vote,
        hooks::Deed::Post => Deed::Post,
    }
}
