//! Joining, telling of oneself, leaving.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    model::{self, Account, AccountState, Email, Password, Username, parse_bio},
    store::{self, NewAccount},
};
use crate::{
    attachments,
    base::{
        Error,
        actor::{Actor, Agent, Automation, SiteRole},
        clock::{Clock, Timestamp},
        ids::{AccountId, MediaId, SessionId, new_uuid},
        page::{Page, PageRequest},
        password::Passwords,
        secret::Secret,
        text::look_alike_key,
    },
    config::Registration as RegistrationMode,
    db::{Db, Tx},
    decisions::{self, DecisionTarget, Decisions, TargetKind},
    events::{Cause, Event, Occurrence},
    hooks::{Context, Hooks, Merged, Outcome, Purpose, Registration},
    http::{Action, ClientAddress, RateLimits},
    jobs, mail,
    mod_actions::{self, ActionKind, NewAction, Target, parse_reason},
    plugin_state,
    sessions::Sessions,
};

/// What is said to somebody who waits for an admin because of a setting.
const APPROVAL_REASON: &str = "New accounts are approved by an admin.";

/// Somebody who wants to join, as the request says it.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// The name wanted.
    pub username: String,
    /// A mail address.
    pub email: String,
    /// The password wanted.
    pub password: Secret<String>,
}

/// Whether a new account can be used.
#[derive(Clone, Debug)]
pub enum Registered {
    /// At once.
    Active(Account),
    /// When an admin has approved; with the reason.
    Held(Account, String),
}

/// Accounts; cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    db: Db,
    clock: Clock,
    limits: Arc<RateLimits>,
    hooks: Hooks,
    passwords: Passwords,
    sessions: Sessions,
    decisions: Decisions,
    mode: RegistrationMode,
}

/// What accounts are built from.
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub hooks: Hooks,
    pub passwords: Passwords,
    pub sessions: Sessions,
    pub decisions: Decisions,
    pub mode: RegistrationMode,
}

impl Accounts {
    /// Accounts in a database.
    pub fn new(parts: Parts) -> Self {
        let Parts { db, clock, limits, hooks, passwords, sessions, decisions, mode } = parts;
        Self { db, clock, limits, hooks, passwords, sessions, decisions, mode }
    }

    /// Makes an account, if the forum and its policies allow it.
    pub async fn register(
        &self,
        applicant: Applicant,
        client: ClientAddress,
    ) -> Result<Registered, Error> {
        self.limits.check_network(Action::RegisterNetwork, client).await?;
        if self.mode == RegistrationMode::Closed {
            return Err(Error::forbidden(
                "registration_closed",
                "This forum takes no new accounts.",
            ));
        }
        let (username, email, password) = parse(applicant)?;
        let password_hash = self.passwords.hash(password.into_secret()).await?;
        let now = self.clock.now();
        let id = AccountId::new(now);
        let outcome = self.ask(&username, &email, now).await;
        let target = DecisionTarget {
            kind: TargetKind::Account,
            id: id.0,
            community: None,
            actor: Some(id),
        };
        let held = self.settle(&target, outcome.as_ref()).await?;
        let account = Account {
            id,
            username: username.as_str().to_owned(),
            email: Some(email.as_str().to_owned()),
            verified: false,
            pending_email: None,
            role: SiteRole::Member,
            state: if held.is_some() { AccountState::Held } else { AccountState::Active },
            bio: String::new(),
            post_count: 0,
            comment_count: 0,
            score: 0,
            created_at: now,
            is_bot: false,
            avatar: None,
        };
        let mut tx = self.db.begin().await?;
        insert(&mut tx, &account, &password_hash).await?;
        if let Some(outcome) = &outcome {
            self.decisions.record(&mut tx, &target, outcome).await?;
        }
        let held_by_plugin =
            outcome.is_some_and(|outcome| matches!(outcome.verdict, Merged::Hold { .. }));
        if let Some(reason) = held.as_ref().filter(|_| !held_by_plugin) {
            self.decisions.hold(&mut tx, &target, reason).await?;
        }
        if held.is_none() {
            announce(&mut tx, id, now).await?;
        }
        tx.commit().await?;
        Ok(match held {
            Some(reason) => Registered::Held(account, reason),
            None => Registered::Active(account),
        })
    }

    async fn ask(
        &self,
        username: &Username,
        email: &Email,
        now: Timestamp,
    ) -> Option<Outcome<Registration>> {
        self.hooks
            .ask(None, || {
                let context = Context {
                    event_id: new_uuid(now).to_string(),
                    mode: Purpose::Enforce,
                    time: u64::try_from(now.0).unwrap_or(0),
                    community: None,
                    actor: None,
                };
                let registration = Registration {
                    username: username.as_str().to_owned(),
                    email_domain: email.domain(),
                };
                (context, registration)
            })
            .await
    }

    /// Why the account has to wait, if it has to; an error if it may not be made.
    async fn settle(
        &self,
        target: &DecisionTarget,
        outcome: Option<&Outcome<Registration>>,
    ) -> Result<Option<String>, Error> {
        let by_setting =
            (self.mode == RegistrationMode::Approval).then(|| APPROVAL_REASON.to_owned());
        let Some(outcome) = outcome else { return Ok(by_setting) };
        match &outcome.verdict {
            Merged::Allow | Merged::Annotate => Ok(by_setting),
            Merged::Hold { reason } => Ok(Some(reason.clone())),
            Merged::Reject { reason } => {
                self.decisions.record_refusal(target, outcome).await?;
                Err(Error::RejectedByPolicy { message: reason.clone(), decision: None })
            }
            Merged::Unavailable => {
                self.decisions.record_refusal(target, outcome).await?;
                Err(Error::forbidden(
                    "policy_unavailable",
                    "A policy could not be asked; try again.",
                ))
            }
        }
    }

    /// Makes an admin's account; for the command line only.
    pub async fn create_admin(&self, applicant: Applicant) -> Result<Account, Error> {
        let username = Username::parse(&applicant.username)?;
        let email = Email::parse(&applicant.email)?;
        let password = Password::parse("password", applicant.password, username.as_str())?;
        let password_hash = self.passwords.hash(password.into_secret()).await?;
        let now = self.clock.now();
        let account = Account {
            id: AccountId::new(now),
            username: username.as_str().to_owned(),
            email: Some(email.as_str().to_owned()),
            verified: false,
            pending_email: None,
            role: SiteRole::Admin,
            state: AccountState::Active,
            bio: String::new(),
            post_count: 0,
            comment_count: 0,
            score: 0,
            created_at: now,
            is_bot: false,
            avatar: None,
        };
        let mut tx = self.db.begin().await?;
        insert(&mut tx, &account, &password_hash).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// The account that a plugin writes through, made when it is first needed. It
    /// has no password, so nobody signs in with it.
    pub async fn bot(&self, automation: &Automation) -> Result<Actor, Error> {
        let (plugin, now) = (automation.plugin.as_str(), self.clock.now());
        let mut tx = self.db.begin().await?;
        let account = if let Some(account) = store::find_bot(&mut tx, plugin).await? {
            account
        } else {
            let name = model::bot_name(plugin);
            let id = AccountId::new(now);
            store::insert_bot(&mut tx, id, (plugin, &name), now).await?;
            store::find_bot(&mut tx, plugin).await?.ok_or(Error::NotFound)?
        };
        tx.commit().await?;
        Ok(Actor {
            id: account.id,
            // Acts through none.
            session: SessionId(Uuid::nil()),
            username: account.username,
            role: SiteRole::Member,
            created_at: account.created_at,
            verified: false,
            post_count: account.post_count,
            comment_count: account.comment_count,
            score: account.score,
            strikes: 0,
            labels: Vec::new(),
            bot_of: Some(automation.binding),
        })
    }

    /// An account that can be used, by its name.
    pub async fn find(&self, username: &str) -> Result<Account, Error> {
        store::find_by_key(&self.db, look_alike_key(username)).await?.ok_or(Error::NotFound)
    }

    /// The actor's own account.
    pub async fn me(&self, actor: &Actor) -> Result<Account, Error> {
        store::find(&self.db, actor.id).await?.ok_or(Error::NotFound)
    }

    /// Accounts whose name begins like `query`, in the order of names.
    pub async fn list(
        &self,
        query: &str,
        client: ClientAddress,
        page: &PageRequest<String>,
    ) -> Result<Page<Account>, Error> {
        self.limits.check_network(Action::SearchNetwork, client).await?;
        let rows = store::list(&self.db, &look_alike_key(query), page).await?;
        Ok(Page::cut(rows, page.limit, |(_, key)| key.clone()).map(|(account, _)| account))
    }

    /// Changes what the actor says of itself.
    pub async fn edit_me(&self, actor: &Actor, bio: &str) -> Result<Account, Error> {
        self.limits.check_actor(Action::Write, actor).await?;
        let bio = parse_bio(bio)?;
        let mut tx = self.db.begin().await?;
        store::update_bio(&mut tx, actor.id, bio).await?;
        tx.commit().await?;
        self.me(actor).await
    }

    /// Sets another password; ends all other sessions.
    pub async fn change_password(
        &self,
        actor: &Actor,
        current: Secret<String>,
        new: Secret<String>,
    ) -> Result<(), Error> {
        self.limits.check_actor(Action::Password, actor).await?;
        let new = Password::parse("new_password", new, &actor.username)?;
        self.confirm(actor, "current_password", current).await?;
        let hash = self.passwords.hash(new.into_secret()).await?;
        let mut tx = self.db.begin().await?;
        store::update_password(&mut tx, actor.id, hash).await?;
        self.sessions.end_all(&mut tx, actor.id, Some(actor.session)).await?;
        let (kind, now) = (mail::Kind::PasswordChanged, self.clock.now());
        mail::tell(&mut tx, actor.id, kind, Vec::new(), now).await?;
        Ok(tx.commit().await?)
    }

    /// Closes the actor's account: name, address and password are erased and
    /// all sessions end; what it wrote stays, under a name that says nothing.
    pub async fn close(&self, actor: &Actor, password: Secret<String>) -> Result<(), Error> {
        self.limits.check_actor(Action::Password, actor).await?;
        self.confirm(actor, "password", password).await?;
        let mut tx = self.db.begin().await?;
        close(&mut tx, actor.id, self.clock.now()).await?;
        self.sessions.end_all(&mut tx, actor.id, None).await?;
        Ok(tx.commit().await?)
    }

    async fn confirm(
        &self,
        actor: &Actor,
        field: &'static str,
        password: Secret<String>,
    ) -> Result<(), Error> {
        if self.sessions.check_password(actor.id, password).await? {
            Ok(())
        } else {
            Err(Error::invalid(field, "wrong", "is not the account's password"))
        }
    }

    /// Gives an account another role; ends its sessions, so that it takes
    /// effect at once. For admins.
    pub async fn change_role(
        &self,
        actor: &Actor,
        username: &str,
        (role, reason): (SiteRole, Option<&str>),
    ) -> Result<Account, Error> {
        if !actor.is_admin() {
            return Err(Error::forbidden("not_admin", "Only admins give roles."));
        }
        self.limits.check_actor(Action::Write, actor).await?;
        let account = self.find(username).await?;
        if account.id == actor.id {
            return Err(Error::conflict("own_role", "Another admin has to change your role."));
        }
        let reason = parse_reason(reason)?;
        if account.role == role {
            return Ok(account);
        }
        let mut tx = self.db.begin().await?;
        if !store::update_role(&mut tx, look_alike_key(username), role).await? {
            return Err(Error::NotFound);
        }
        self.sessions.end_all(&mut tx, account.id, None).await?;
        let action = NewAction::of(ActionKind::ChangeRole, Target::Account(account.id));
        let action = NewAction { detail: Some(role.as_str().to_owned()), reason, ..action };
        mod_actions::record(&mut tx, Agent::Person(actor), &action, self.clock.now()).await?;
        tx.commit().await?;
        tracing::info!(actor = %actor.id, account = %account.id, ?role, "a role was given");
        Ok(Account { role, ..account })
    }
}

/// Somebody in whose name something is done later, without a session, and
/// whether the account can be used still.
pub async fn find_actor(tx: &mut Tx, id: AccountId) -> Result<Option<(Actor, bool)>, Error> {
    Ok(store::find_actor(tx, id).await?)
}

/// Lets a held account be used, as part of `tx`; false when it was not held.
pub async fn approve_held(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<bool, Error> {
    let held = store::update_state(tx, id, AccountState::Held, AccountState::Active).await?;
    if held {
        announce(tx, id, now).await?;
    }
    Ok(held)
}

/// Tells that somebody has joined, and asks them to confirm their address.
async fn announce(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<(), Error> {
    mail::verify(tx, account, now).await?;
    let registered = Event::AccountRegistered { account: account.0 };
    Ok(jobs::publish(tx, &Occurrence::new(now, Cause::Person(account.0), registered)).await?)
}

/// Closes a held account, as part of `tx`; false when it was not held.
pub async fn refuse_held(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<bool, Error> {
    if !store::update_state(tx, id, AccountState::Held, AccountState::Active).await? {
        return Ok(false);
    }
    close(tx, id, now).await?;
    Ok(true)
}

/// Puts a picture beside an account's name, or none, as part of `tx`; the one
/// that was there.
pub async fn put_avatar(
    tx: &mut Tx,
    id: AccountId,
    avatar: Option<MediaId>,
) -> Result<Option<MediaId>, Error> {
    let before = store::find_avatar(tx, id).await?;
    store::update_avatar(tx, id, avatar).await?;
    Ok(before)
}

async fn close(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<(), Error> {
    // The id is unique and no name that somebody may choose looks like this.
    store::close(tx, id, format!("[closed {id}]")).await?;
    mail::erase(tx, id).await?;
    plugin_state::erase_subject(tx, id).await?;
    attachments::erase_account(tx, id, now).await?;
    decisions::erase_account(tx, id).await
}

fn parse(applicant: Applicant) -> Result<(Username, Email, Password), Error> {
    let username = Username::parse_unreserved(&applicant.username);
    let email = Email::parse(&applicant.email);
    let password = Password::parse("password", applicant.password, &applicant.username);
    match (username, email, password) {
        (Ok(username), Ok(email), Ok(password)) => Ok((username, email, password)),
        (username, email, password) => Err(Error::Invalid(
            [username.err(), email.err(), password.err()].into_iter().flatten().collect(),
        )),
    }
}

async fn insert(tx: &mut Tx, account: &Account, password_hash: &str) -> Result<(), Error> {
    let username_key = look_alike_key(&account.username);
    let row = NewAccount {
        id: account.id,
        username: &account.username,
        username_key: &username_key,
        email: account.email.as_deref(),
        email_key: account.email.as_ref().map(|email| email.to_ascii_lowercase()),
        password_hash,
        role: account.role,
        state: account.state,
        created_at: account.created_at,
    };
    store::insert(tx, &row).await.map_err(|error| {
        if error.is_unique("accounts.username_key") {
            Error::conflict("username_taken", "Somebody has this name, or one that looks like it.")
        } else {
            error.into()
        }
    })
}
