//! Signing in, staying signed in, signing out.

use std::{sync::Arc, time::Duration};

use super::{
    model::{Grant, Session, StoredToken, TokenState, Verified},
    rules::{self, Refresh},
    store,
    tokens::Keys,
};
use crate::{
    base::{
        Error,
        actor::Actor,
        clock::{Clock, Timestamp},
        ids::{AccountId, SessionId},
        password::{Match, Passwords},
        secret::{HashKeys, Secret, random_token, token_hash},
        text::{clean_line, name_key},
    },
    config,
    db::{
        Db, Tx,
        once::{self, Earlier},
    },
    http::{Action, ClientAddress, RateLimits},
    mail,
};

/// So much of a name is counted by when a password is tried: a character more than a name
/// can have, so that what is longer is nobody's and takes no more memory.
const TRIED_NAME_MAX: usize = 31;
/// Longest description of a device that is kept.
const USER_AGENT_MAX: usize = 200;
/// Most sessions that are listed; who has more ends some.
const LIST_MAX: i64 = 100;
/// Most networks from which an account is known to be signed in to: home, work, a phone's
/// and those of some journeys.
const NETWORKS_MAX: i64 = 20;
/// How long after a sign-in its network is known: a season.
const KEEP_NETWORKS: Duration = Duration::from_hours(90 * 24);
/// Most tokens that are gone through from one that was used a moment ago to the live one.
/// Within the grace a client has no reason to refresh more often.
const FOLLOW_MAX: usize = 8;
/// Networks are hashed as this.
const NETWORK: &str = "network";

const REFUSED: Error = Error::Unauthenticated("invalid_refresh_token");
const WRONG: Error = Error::Unauthenticated("wrong_credentials");

/// How long ended sessions are kept: long enough to notice that an old token is
/// used again.
pub const KEEP_ENDED: Duration = Duration::from_hours(30 * 24);

/// Where somebody signs in from.
#[derive(Clone, Debug)]
pub struct Device {
    /// Address of the client.
    pub address: ClientAddress,
    /// What it calls itself.
    pub user_agent: String,
}

/// Somebody who has given the right password.
struct SigningIn {
    account: AccountId,
    verified: Verified,
    /// Another hash of the same password, in the form that is hashed today.
    renewed: Option<String>,
    /// Where they are, as a hash.
    network: Vec<u8>,
}

/// Sessions; cheap to clone.
#[derive(Clone, Debug)]
pub struct Sessions {
    db: Db,
    clock: Clock,
    limits: Arc<RateLimits>,
    passwords: Passwords,
    keys: Arc<Keys>,
    identities: HashKeys,
    settings: config::Sessions,
    public_read: bool,
}

impl Sessions {
    /// Sessions of accounts in `db`.
    pub fn new(
        db: Db,
        clock: Clock,
        limits: Arc<RateLimits>,
        passwords: Passwords,
        keys: Keys,
        config: &config::Config,
    ) -> Self {
        let (settings, public_read) = (config.sessions.clone(), config.forum.public_read);
        let (identities, keys) = (keys.identities(), Arc::new(keys));
        Self { db, clock, limits, passwords, keys, identities, settings, public_read }
    }

    /// The keys of hashes that are stored in place of what people are known by.
    pub fn identities(&self) -> &HashKeys {
        &self.identities
    }

    /// Whether people who are not signed in may read.
    pub fn is_public(&self) -> bool {
        self.public_read
    }

    /// Begins a session. The answer and the work are the same for a wrong
    /// password and for a name that nobody has.
    pub async fn sign_in(
        &self,
        username: &str,
        password: Secret<String>,
        device: &Device,
    ) -> Result<Grant, Error> {
        let name: String = name_key(username).chars().take(TRIED_NAME_MAX).collect();
        let since = self.clock.now().minus(KEEP_NETWORKS);
        // An account's own: nobody can tell who shares a network.
        let network = format!("{name} {}", device.address.network());
        let network = self.identities.hash(NETWORK, &network);
        let found = store::credentials(&self.db, &name, &network, since).await?;
        let is_known = found.as_ref().is_some_and(|found| found.is_known_network);
        self.count_try(&name, device.address, is_known).await?;
        let hash = found.as_ref().and_then(|found| found.password_hash.clone());
        let matches = self.passwords.verify(password.clone(), hash.clone()).await?;
        let (Some(found), Some(hash), true) = (found, hash, matches.is_right()) else {
            return Err(WRONG);
        };
        if !found.active {
            return Err(Error::forbidden("account_held", "This account waits for a decision."));
        }
        let renewed = match matches {
            Match::AsTyped => Some(self.passwords.hash(password).await?),
            Match::Yes | Match::No => None,
        };
        let who = SigningIn { account: found.id, verified: Verified::new(hash), renewed, network };
        self.begin(who, &device.user_agent).await
    }

    /// Counts a try of a password, whether an account has the name or not. Nobody can use
    /// up what a network has that the account is known to be signed in to from; strangers
    /// on other networks can only slow each other down, and none is shut out.
    async fn count_try(
        &self,
        name: &str,
        client: ClientAddress,
        is_known: bool,
    ) -> Result<(), Error> {
        if is_known {
            return self.limits.check_name_from(Action::SignInNetwork, name, client).await;
        }
        self.limits.check_network(Action::SignInNetwork, client).await?;
        self.limits.check_name_from(Action::SignInAccount, name, client).await?;
        match self.limits.check_name(Action::SignInStrangers, name).await {
            Err(Error::TooMany { .. }) => {
                self.limits.check_name_from(Action::SignInSlowed, name, client).await
            }
            other => other,
        }
    }

    async fn begin(&self, who: SigningIn, user_agent: &str) -> Result<Grant, Error> {
        let (now, account) = (self.clock.now(), who.account);
        let user_agent = clean_line(user_agent).chars().take(USER_AGENT_MAX).collect();
        let session = Session {
            id: SessionId::new(now),
            user_agent,
            created_at: now,
            used_at: now,
            expires_at: now.plus(self.settings.refresh_lifetime()),
        };
        let refresh_token = random_token()?;
        let mut tx = self.db.begin().await?;
        if !store::insert(&mut tx, (account, &who.verified), &session).await? {
            return Err(WRONG);
        }
        if let Some(hash) = who.renewed {
            store::renew_hash(&mut tx, account, &who.verified, hash).await?;
        }
        store::put_network(&mut tx, account, (&who.network, NETWORKS_MAX), now).await?;
        if store::is_new_device(&mut tx, account, &session).await? {
            let device = vec![("user_agent", session.user_agent.clone())];
            mail::tell(&mut tx, account, mail::Kind::SignedIn, device, now).await?;
        }
        store::insert_token(&mut tx, token_hash(refresh_token.expose()), session.id, now).await?;
        tx.commit().await?;
        self.grant(account, session.id, refresh_token, now)
    }

    fn grant(
        &self,
        account: AccountId,
        session: SessionId,
        refresh_token: Secret<String>,
        now: Timestamp,
    ) -> Result<Grant, Error> {
        let access_lifetime = self.settings.access_lifetime();
        let access_token = self.keys.sign(account, session, now, access_lifetime)?;
        Ok(Grant { session, access_token, access_lifetime, refresh_token })
    }

    /// Trades a refresh token for the next grant. One that was traded a moment ago, by
    /// another tab or by a client that got no answer, gets the same once more.
    pub async fn refresh(&self, token: &str, device: &Device) -> Result<Grant, Error> {
        self.limits.check_network(Action::SignInNetwork, device.address).await?;
        let (now, hash) = (self.clock.now(), token_hash(token));
        let mut tx = self.db.begin().await?;
        let Some(stored) = store::find_token(&mut tx, hash, now).await? else {
            return Err(REFUSED);
        };
        let next = self.keys.successor(token, now)?;
        let next_hash = token_hash(next.expose());
        match rules::refresh(&stored, now) {
            Refresh::Refuse => return Err(REFUSED),
            Refresh::EndFamily => {
                store::end(&mut tx, stored.account, stored.session, now).await?;
                tx.commit().await?;
                tracing::warn!(session = %stored.session, "a used refresh token came back: session ended");
                return Err(REFUSED);
            }
            Refresh::Follow => {
                let (account, session) = (stored.account, stored.session);
                let live = self.follow(&mut tx, token, stored, now).await?.ok_or(REFUSED)?;
                return self.grant(account, session, live, now);
            }
            Refresh::Replace => {
                if let Some(lost) = stored.successor {
                    store::supersede_token(&mut tx, lost, next_hash).await?;
                }
            }
            Refresh::Rotate => {}
        }
        store::insert_token(&mut tx, next_hash, stored.session, now).await?;
        store::use_token(&mut tx, hash, next_hash).await?;
        let expires_at = now.plus(self.settings.refresh_lifetime());
        store::touch(&mut tx, stored.session, now, expires_at).await?;
        tx.commit().await?;
        self.grant(stored.account, stored.session, next, now)
    }

    /// The live token that came of one that was used a moment ago. None when it came about
    /// otherwise, by a key that is the first no more.
    async fn follow(
        &self,
        tx: &mut Tx,
        token: &str,
        mut stored: StoredToken,
        now: Timestamp,
    ) -> Result<Option<Secret<String>>, Error> {
        let mut token = Secret::new(token.to_owned());
        for _ in 0..FOLLOW_MAX {
            let Some(at) = stored.succeeded_at else { return Ok(None) };
            token = self.keys.successor(token.expose(), at)?;
            let hash = token_hash(token.expose());
            if stored.successor.as_deref() != Some(&hash) {
                return Ok(None);
            }
            match store::find_token(tx, hash, now).await? {
                Some(next) if next.state == TokenState::Live => return Ok(Some(token)),
                Some(next) => stored = next,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Who acts with an access token.
    pub async fn authenticate(&self, token: &str) -> Result<Actor, Error> {
        let now = self.clock.now();
        let session = self.keys.verify(token, now)?;
        let actor = store::actor(&self.db, session, now).await?;
        actor.ok_or(Error::Unauthenticated("session_ended"))
    }

    /// Who acts through a session; `None` when it is over.
    pub async fn actor(&self, session: SessionId) -> Result<Option<Actor>, Error> {
        Ok(store::actor(&self.db, session, self.clock.now()).await?)
    }

    /// The outcome of an earlier request of the actor with the same key. `asked` is a
    /// hash of this request.
    pub async fn claim(&self, actor: &Actor, asked: [u8; 32]) -> Result<Earlier, Error> {
        Ok(once::claim(&self.db, actor.id, asked).await?)
    }

    /// The actor's sessions, the one used last first.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<Session>, Error> {
        Ok(store::list(&self.db, actor.id, self.clock.now(), LIST_MAX).await?)
    }

    /// Ends one of the actor's sessions.
    pub async fn end(&self, actor: &Actor, id: SessionId) -> Result<(), Error> {
        self.limits.check_actor(Action::Write, actor).await?;
        let mut tx = self.db.begin().await?;
        if !store::end(&mut tx, actor.id, id, self.clock.now()).await? {
            return Err(Error::NotFound);
        }
        Ok(tx.commit().await?)
    }

    /// Ends an account's sessions, all but `keep`, as part of `tx`.
    pub async fn end_all(
        &self,
        tx: &mut Tx,
        account: AccountId,
        keep: Option<SessionId>,
    ) -> Result<(), Error> {
        store::end_all(tx, account, keep, self.clock.now()).await?;
        Ok(())
    }

    /// The hash of the password of an account that can be used, if this is the password.
    pub async fn verify_password(
        &self,
        account: AccountId,
        password: Secret<String>,
    ) -> Result<Option<Verified>, Error> {
        let hash = store::password_hash(&self.db, account).await?;
        let matches = self.passwords.verify(password, hash.clone()).await?;
        Ok(hash.filter(|_| matches.is_right()).map(Verified::new))
    }

    /// Forgets sessions that nobody could have used for long, and networks.
    pub async fn forget_ended(&self) -> Result<u64, Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let forgotten = store::forget(&mut tx, now.minus(KEEP_ENDED)).await?;
        store::forget_networks(&mut tx, now.minus(KEEP_NETWORKS)).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}

/// Forgets from which networks an account was signed in to, as part of `tx`.
pub async fn erase_networks(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    Ok(store::erase_networks(tx, account).await?)
}
