//! Joining, telling of oneself, leaving.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    model::{
        self, Account, AccountState, Applicant, Email, Password, Registered, Username, closed_name,
        compared, new_account, parse, parse_bio, username_taken, wrong,
    },
    store::{self, Leaving, NewAccount},
};
use crate::{
    attachments,
    base::{
        Error, FieldError,
        actor::{Actor, Agent, Automation, SiteRole},
        clock::{Clock, Timestamp},
        ids::{AccountId, MediaId, SessionId, new_uuid},
        page::{Page, PageRequest},
        password::Passwords,
        secret::Secret,
        text::name_key,
    },
    config::Registration as RegistrationMode,
    db::{Db, Tx},
    decisions::{self, DecisionTarget, Decisions, TargetKind},
    events::{Cause, Event, Occurrence},
    hooks::{Context, Hooks, Merged, Outcome, Purpose, Registration},
    http::{Action, ClientAddress, RateLimits},
    identities::{self, Earlier},
    jobs, mail,
    mod_actions::{self, ActionKind, NewAction, Target, parse_reason},
    plugin_state,
    sessions::{self, Sessions, Verified},
};

/// What is said to somebody who waits for an admin because of a setting.
const APPROVAL_REASON: &str = "New accounts are approved by an admin.";

/// The reason that an applicant is told whose address or name staff have to look at.
const WAIT_REASON: &str = "This account waits for an admin's decision.";
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

    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Counts a write of the actor, and refuses one above the limit.
    pub(crate) async fn check_write(&self, actor: &Actor) -> Result<(), Error> {
        self.limits.check_actor(Action::Write, actor).await
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
        let mut tx = self.db.begin().await?;
        let earlier = self.find_earlier(&mut tx, (&username, &email), now).await?;
        let told = held.clone().or_else(|| earlier.is_some().then(|| WAIT_REASON.to_owned()));
        let state = if told.is_some() { AccountState::Held } else { AccountState::Active };
        let account = Account { state, ..new_account(id, &username, &email, now) };
        insert(&mut tx, (&account, &username), &password_hash).await?;
        if let Some(outcome) = &outcome {
            self.decisions.record(&mut tx, &target, outcome).await?;
        }
        let by_plugin =
            outcome.is_some_and(|outcome| matches!(outcome.verdict, Merged::Hold { .. }));
        if by_plugin && earlier.is_some() {
            // One item, with both reasons.
            self.decisions.withdraw(&mut tx, id.0).await?;
        }
        if earlier.is_some() || (held.is_some() && !by_plugin) {
            let reasons: Vec<String> = earlier.into_iter().chain(held).collect();
            self.decisions.hold(&mut tx, &target, None, &reasons.join(" ")).await?;
        }
        if told.is_none() {
            announce(&mut tx, id, now).await?;
        }
        tx.commit().await?;
        Ok(match told {
            Some(reason) => Registered::Held(account, reason),
            None => Registered::Active(account),
        })
    }

    /// The reason for which staff have to look at a new account because of an earlier one;
    /// an error if the name is reserved for that.
    async fn find_earlier(
        &self,
        tx: &mut Tx,
        (username, email): (&Username, &Email),
        now: Timestamp,
    ) -> Result<Option<String>, Error> {
        let (name, address) = (username.compared(), email.person_key());
        let keys = self.sessions.identities();
        match identities::earlier(tx, keys, &name, &address, now).await? {
            Earlier::Taken => Err(username_taken()),
            Earlier::Free(why_it_waits) => Ok(why_it_waits),
        }
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
        let member = new_account(AccountId::new(now), &username, &email, now);
        let account = Account { role: SiteRole::Admin, ..member };
        let mut tx = self.db.begin().await?;
        self.find_earlier(&mut tx, (&username, &email), now).await?;
        insert(&mut tx, (&account, &username), &password_hash).await?;
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
        store::find_by_key(&self.db, name_key(username), self.clock.now())
            .await?
            .ok_or(Error::NotFound)
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
        let rows = store::list(&self.db, &name_key(query), page, self.clock.now()).await?;
        Ok(Page::cut(rows, page.limit, |(_, key)| key.clone()).map(|(account, _)| account))
    }

    /// Changes what the actor says of itself.
    pub async fn edit_me(&self, actor: &Actor, bio: &str) -> Result<Account, Error> {
        self.limits.check_actor(Action::Write, actor).await?;
        let bio = parse_bio(bio)?;
        let mut tx = self.db.begin().await?;
        let now = self.clock.now();
        if !store::update_bio(&mut tx, actor.id, bio, now).await? {
            return Err(frozen(&mut tx, actor.id, now).await);
        }
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
        let field = "current_password";
        let verified = self.confirm(actor, field, current).await?;
        let hash = self.passwords.hash(new.into_secret()).await?;
        let mut tx = self.db.begin().await?;
        if !store::update_password(&mut tx, (actor.id, &verified), hash).await? {
            return Err(wrong(field));
        }
        self.sessions.end_all(&mut tx, actor.id, Some(actor.session)).await?;
        let (kind, now) = (mail::Kind::PasswordChanged, self.clock.now());
        mail::tell(&mut tx, actor.id, kind, Vec::new(), now).await?;
        Ok(tx.commit().await?)
    }

    /// Closes the actor's account: name, address and password are erased and
    /// all sessions end; what it wrote stays, under a name that says nothing. Its name
    /// stays taken, and what counts against it is found by its address.
    pub async fn close(&self, actor: &Actor, password: Secret<String>) -> Result<(), Error> {
        self.limits.check_actor(Action::Password, actor).await?;
        let verified = self.confirm(actor, "password", password).await?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let leaving = store::find_leaving(&mut tx, actor.id, now).await?;
        let leaving = leaving.ok_or_else(|| wrong("password"))?;
        // While the account has its addresses still.
        mail::erase(&mut tx, actor.id).await?;
        let closing = (actor.id, Some(&verified));
        if !store::close(&mut tx, closing, closed_name(actor.id)).await? {
            return Err(if store::is_admin(&mut tx, actor.id, &verified).await? {
                Error::conflict("last_admin", "The last admin cannot leave the forum.")
            } else {
                wrong("password")
            });
        }
        self.keep_identity(&mut tx, actor.id, leaving, now).await?;
        erase(&mut tx, actor.id, now).await?;
        self.sessions.end_all(&mut tx, actor.id, None).await?;
        Ok(tx.commit().await?)
    }

    /// Closes an account for an admin, as part of `tx`. Returns whether that was possible: not when the account is closed already.
    pub async fn close_in(
        &self,
        tx: &mut Tx,
        id: AccountId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let Some(leaving) = store::find_leaving(tx, id, now).await? else { return Ok(false) };
        mail::erase(tx, id).await?;
        if !store::close(tx, (id, None), closed_name(id)).await? {
            return Ok(false);
        }
        self.keep_identity(tx, id, leaving, now).await?;
        erase(tx, id, now).await?;
        self.sessions.end_all(tx, id, None).await?;
        Ok(true)
    }

    /// Gives an account another name, as part of `tx`; the old one stays taken. Admins
    /// and bots keep theirs.
    pub async fn rename_in(
        &self,
        tx: &mut Tx,
        account: &Account,
        name: &Username,
        now: Timestamp,
    ) -> Result<(), Error> {
        let keys = self.sessions.identities();
        if identities::is_reserved(tx, keys, account.id, &name.compared()).await? {
            return Err(username_taken());
        }
        let renamed = store::rename(tx, account.id, name).await?.ok_or_else(username_taken)?;
        if !renamed {
            return Err(Error::NotFound);
        }
        let old = compared(&account.username);
        identities::reserve(tx, keys, account.id, &old, now).await
    }

    /// Stores hashes of what a closed account was known by: of its name, which stays
    /// taken, and of its addresses, if something counts against it.
    async fn keep_identity(
        &self,
        tx: &mut Tx,
        account: AccountId,
        leaving: Leaving,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Leaving { username, email, pending_email, is_sanctioned } = leaving;
        let keys = self.sessions.identities();
        identities::reserve(tx, keys, account, &compared(&username), now).await?;
        for address in [email, pending_email].into_iter().flatten().filter(|_| is_sanctioned) {
            // One that no program of today would take was nobody's to come back with.
            let Ok(address) = Email::parse(&address) else { continue };
            identities::keep_address(tx, keys, account, &address.person_key(), now).await?;
        }
        Ok(())
    }

    /// Lets others take the names that a closed or renamed account had. For admins.
    pub async fn release_name(
        &self,
        actor: &Actor,
        username: &str,
        reason: &str,
    ) -> Result<(), Error> {
        if !actor.is_admin() {
            return Err(Error::forbidden("not_admin", "Only admins free names."));
        }
        self.limits.check_actor(Action::Write, actor).await?;
        let reason = parse_reason(Some(reason))?
            .ok_or_else(|| FieldError::new("reason", "required", "must be given"))?;
        let unknown = || {
            Error::invalid(
                "username",
                "unknown",
                "is not a name that a closed or renamed account had",
            )
        };
        let mut tx = self.db.begin().await?;
        let (keys, name) = (self.sessions.identities(), compared(username));
        let account = identities::release(&mut tx, keys, &name).await?.ok_or_else(unknown)?;
        let action = NewAction {
            detail: Some(name.key),
            reason: Some(reason),
            ..NewAction::of(ActionKind::ReleaseName, Target::Account(account))
        };
        mod_actions::record(&mut tx, Agent::Person(actor), &action, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes what is known of closed accounts against which nothing counts any more.
    pub async fn forget_closed(&self) -> Result<u64, Error> {
        identities::forget(&self.db, self.clock.now()).await
    }

    async fn confirm(
        &self,
        actor: &Actor,
        field: &'static str,
        password: Secret<String>,
    ) -> Result<Verified, Error> {
        self.sessions.verify_password(actor.id, password).await?.ok_or_else(|| wrong(field))
    }

    /// Gives an account another role; ends its sessions, so that it takes
    /// effect at once. For admins.
    pub async fn change_role(
        &self,
        actor: &Actor,
        username: &str,
        role: SiteRole,
        reason: Option<&str>,
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
        // The actor may have lost their own role since the request began.
        if !store::update_role(&mut tx, (actor.id, account.id), role).await? {
            return Err(Error::conflict(
                "changed_meanwhile",
                "Something has changed in the meantime; try again.",
            ));
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
    mail::erase(tx, id).await?;
    // Nobody has seen its name: that is free again.
    store::close(tx, (id, None), closed_name(id)).await?;
    erase(tx, id, now).await?;
    Ok(true)
}

/// Sets the avatar of an account, or none, as part of `tx`, and returns the avatar before.
/// Refused while a ban from the site is in force.
pub async fn put_avatar(
    tx: &mut Tx,
    id: AccountId,
    avatar: Option<MediaId>,
    now: Timestamp,
) -> Result<Option<MediaId>, Error> {
    let before = store::find_avatar(tx, id).await?;
    if !store::update_avatar(tx, id, avatar, now).await? {
        return Err(frozen(tx, id, now).await);
    }
    Ok(before)
}

/// The refusal of a change to a profile, with the ban that is in force.
async fn frozen(tx: &mut Tx, id: AccountId, now: Timestamp) -> Error {
    match store::site_ban(tx, id, now).await {
        Ok(Some((reason, until))) => model::profile_frozen(&reason, until),
        // The account was closed, or the ban ended, in this very moment.
        Ok(None) => Error::NotFound,
        Err(error) => error.into(),
    }
}

/// An account, as part of `tx`.
pub async fn find_in(tx: &mut Tx, id: AccountId) -> Result<Option<Account>, Error> {
    Ok(store::find_in(tx, id).await?)
}

/// Erases what other features know of an account that was closed.
async fn erase(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<(), Error> {
    sessions::erase_networks(tx, id).await?;
    plugin_state::erase_subject(tx, id).await?;
    attachments::erase_account(tx, id, now).await?;
    mod_actions::erase_account(tx, id).await?;
    store::forget_removed(tx, id).await?;
    decisions::erase_account(tx, id).await
}

async fn insert(
    tx: &mut Tx,
    (account, username): (&Account, &Username),
    password_hash: &str,
) -> Result<(), Error> {
    let row = NewAccount::new(account, username, password_hash);
    if store::insert(tx, &row).await? { Ok(()) } else { Err(username_taken()) }
}
