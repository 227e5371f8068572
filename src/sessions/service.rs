//! Signing in, staying signed in, signing out.

use std::{sync::Arc, time::Duration};

use super::{
    model::{Grant, Session},
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
        password::Passwords,
        secret::{Secret, random_token, token_hash},
        text::{clean_line, look_alike_key},
    },
    config,
    db::{
        Db, Tx,
        once::{self, Earlier},
    },
    http::{Action, ClientAddress, RateLimits},
    mail,
};

/// Longest description of a device that is kept.
const USER_AGENT_MAX: usize = 200;
/// Most sessions that are listed; who has more ends some.
const LIST_MAX: i64 = 100;
/// How long ended sessions are kept: long enough to notice that an old token is
/// used again.
const KEEP_ENDED: Duration = Duration::from_hours(30 * 24);

/// Where somebody signs in from.
#[derive(Clone, Debug)]
pub struct Device {
    /// Address of the client.
    pub address: ClientAddress,
    /// What it calls itself.
    pub user_agent: String,
}

/// Sessions; cheap to clone.
#[derive(Clone, Debug)]
pub struct Sessions {
    db: Db,
    clock: Clock,
    limits: Arc<RateLimits>,
    passwords: Passwords,
    keys: Arc<Keys>,
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
        Self { db, clock, limits, passwords, keys: Arc::new(keys), settings, public_read }
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
        let key = look_alike_key(username);
        self.limits.check_network(Action::SignInNetwork, device.address).await?;
        self.limits.check_name(Action::SignInAccount, &key).await?;
        let credentials = store::credentials(&self.db, key).await?;
        let hash = credentials.as_ref().and_then(|credentials| credentials.password_hash.clone());
        let matches = self.passwords.verify(password, hash).await?;
        let Some(credentials) = credentials.filter(|_| matches) else {
            return Err(Error::Unauthenticated("wrong_credentials"));
        };
        if !credentials.active {
            return Err(Error::forbidden("account_held", "This account waits for a decision."));
        }
        self.begin(credentials.id, &device.user_agent).await
    }

    async fn begin(&self, account: AccountId, user_agent: &str) -> Result<Grant, Error> {
        let now = self.clock.now();
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
        store::insert(&mut tx, account, &session).await?;
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

    /// Trades a refresh token for the next grant.
    pub async fn refresh(&self, token: &str, device: &Device) -> Result<Grant, Error> {
        const REFUSED: Error = Error::Unauthenticated("invalid_refresh_token");
        self.limits.check_network(Action::SignInNetwork, device.address).await?;
        let now = self.clock.now();
        let hash = token_hash(token);
        let mut tx = self.db.begin().await?;
        let Some(stored) = store::find_token(&mut tx, hash, now).await? else {
            return Err(REFUSED);
        };
        match rules::refresh(&stored) {
            Refresh::Refuse => return Err(REFUSED),
            Refresh::EndFamily => {
                store::end(&mut tx, stored.account, stored.session, now).await?;
                tx.commit().await?;
                tracing::warn!(session = %stored.session, "a used refresh token came back: session ended");
                return Err(REFUSED);
            }
            Refresh::Replace => {
                if let Some(lost) = stored.successor {
                    store::supersede_token(&mut tx, lost).await?;
                }
            }
            Refresh::Rotate => {}
        }
        let next = random_token()?;
        let next_hash = token_hash(next.expose());
        store::insert_token(&mut tx, next_hash, stored.session, now).await?;
        store::use_token(&mut tx, hash, next_hash).await?;
        let expires_at = now.plus(self.settings.refresh_lifetime());
        store::touch(&mut tx, stored.session, now, expires_at).await?;
        tx.commit().await?;
        self.grant(stored.account, stored.session, next, now)
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

    /// What became of an earlier request of the actor with the same key; `asked` is a
    /// hash of what this one asks for.
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

    /// Whether this is the password of an account that can be used.
    pub async fn check_password(
        &self,
        account: AccountId,
        password: Secret<String>,
    ) -> Result<bool, Error> {
        let credentials = store::credentials_by_id(&self.db, account).await?;
        let hash = credentials.and_then(|credentials| credentials.password_hash);
        self.passwords.verify(password, hash).await
    }

    /// Forgets sessions that nobody could have used for long.
    pub async fn forget_ended(&self) -> Result<u64, Error> {
        let before = self.clock.now().minus(KEEP_ENDED);
        let mut tx = self.db.begin().await?;
        let forgotten = store::forget(&mut tx, before).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}
