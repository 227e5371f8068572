//! How often an account or a client network may do something. Each server counts
//! for itself; with Redis all of them count together as well, and while Redis is
//! away each goes on with what it has counted. Redis is told no names and no
//! addresses, only what a key makes of them.
//!
//! Limits measure time by the clock's steady reading: a wall clock that is set
//! forward or back changes no limit.
//!
//! Requests as such are counted by each server alone: they are many, and what
//! they are to protect is that server.

use std::{hash::Hash, net::IpAddr, ops::Add, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as GovernorClock, Reference},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::keyed::DashMapStateStore,
};

use super::ClientAddress;
use crate::{
    base::{
        Error,
        actor::Actor,
        clock::Clock,
        ids::AccountId,
        secret::{Secret, hmac_sha256},
    },
    config,
    redis::Redis,
};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the keys of [limits] in gatherly.toml say it")]
pub enum Action {
    SignInAccount,
    SignInStrangers,
    SignInSlowed,
    SignInNetwork,
    RegisterNetwork,
    Password,
    ResetAddress,
    ResetNetwork,
    Verification,
    Post,
    Comment,
    Vote,
    SearchNetwork,
    Community,
    Ban,
    Report,
    Appeal,
    Upload,
    Media,
    Mention,
    Preflight,
    Write,
    RequestNetwork,
}

const ACTIONS: usize = 23;

/// Whom it is counted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Account(AccountId),
    Name(String),
    Network(IpAddr),
    /// A name, by those of one network.
    NameFrom(String, IpAddr),
}

/// The steady reading of the server's clock, as governor takes it.
#[derive(Clone, Debug)]
struct Ticks(Clock);

/// A steady reading, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Tick(Nanos);

impl Add<Nanos> for Tick {
    type Output = Self;

    fn add(self, nanos: Nanos) -> Self {
        Self(self.0 + nanos)
    }
}

impl Reference for Tick {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.duration_since(earlier.0)
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.saturating_sub(duration))
    }
}

impl GovernorClock for Ticks {
    type Instant = Tick;

    fn now(&self) -> Tick {
        let millis = u64::try_from(self.0.steady().0).unwrap_or(0);
        Tick(Nanos::from(Duration::from_millis(millis)))
    }
}

type Limiter = RateLimiter<Key, DashMapStateStore<Key>, Ticks, NoOpMiddleware<Tick>>;

/// Where all servers count together.
#[derive(Debug)]
pub struct Shared {
    /// What they share.
    pub redis: Redis,
    /// What stands for somebody there is made with this.
    pub pseudonyms: Secret<Vec<u8>>,
}

/// Bytes of a pseudonym: too many to meet by chance.
const PSEUDONYM_BYTES: usize = 16;

impl Shared {
    fn name(&self, action: Action, key: &Key) -> String {
        let whom = match key {
            Key::Account(id) => id.0.to_string(),
            Key::Name(name) => name.clone(),
            Key::Network(address) => address.to_string(),
            // No name has a space.
            Key::NameFrom(name, address) => format!("{name} {address}"),
        };
        let mut pseudonym = hmac_sha256(self.pseudonyms.expose(), whom.as_bytes());
        pseudonym.truncate(PSEUDONYM_BYTES);
        format!("limit:{action:?}:{}", hex::encode(pseudonym))
    }
}

/// One limit.
#[derive(Debug)]
struct Limit {
    quota: config::Quota,
    limiter: Limiter,
}

/// All limits; counts are kept in memory.
#[derive(Debug)]
pub struct RateLimits {
    clock: Ticks,
    /// In the order of [`Action`]; empty when limits are off.
    limits: Vec<Limit>,
    shared: Option<Shared>,
}

impl RateLimits {
    /// Limits as the settings say, counted by `clock`.
    pub fn new(limits: &config::Limits, clock: Clock, shared: Option<Shared>) -> Self {
        let clock = Ticks(clock);
        let quotas: [config::Quota; ACTIONS] = [
            limits.sign_in_account,
            limits.sign_in_strangers,
            limits.sign_in_slowed,
            limits.sign_in_network,
            limits.register_network,
            limits.password_account,
            limits.reset_address,
            limits.reset_network,
            limits.verification_account,
            limits.post_account,
            limits.comment_account,
            limits.vote_account,
            limits.search_network,
            limits.community_account,
            limits.ban_account,
            limits.report_account,
            limits.appeal_account,
            limits.upload_account,
            limits.media_account,
            limits.mention_account,
            limits.preflight_account,
            limits.write_account,
            limits.request_network,
        ];
        let limit =
            |quota: &config::Quota| Limit { quota: *quota, limiter: limiter(*quota, &clock) };
        let limits = if limits.enabled { quotas.iter().map(limit).collect() } else { Vec::new() };
        Self { clock, limits, shared }
    }

    /// Counts an action of an account.
    pub async fn check_actor(&self, action: Action, actor: &Actor) -> Result<(), Error> {
        self.check_account(action, actor.id).await
    }

    /// Counts something that follows from an action of an account.
    pub async fn check_account(&self, action: Action, account: AccountId) -> Result<(), Error> {
        self.check(action, &Key::Account(account)).await
    }

    /// Counts an action that is aimed at a name, whether an account has it or not.
    pub async fn check_name(&self, action: Action, name: &str) -> Result<(), Error> {
        self.check(action, &Key::Name(name.to_owned())).await
    }

    /// Counts an action that is aimed at a name from one network, whether an account has
    /// the name or not.
    pub async fn check_name_from(
        &self,
        action: Action,
        name: &str,
        client: ClientAddress,
    ) -> Result<(), Error> {
        self.check(action, &Key::NameFrom(name.to_owned(), client.network())).await
    }

    /// Counts an action that comes from a network.
    pub async fn check_network(&self, action: Action, client: ClientAddress) -> Result<(), Error> {
        self.check(action, &Key::Network(client.network())).await
    }

    /// Counts a request to this server.
    pub fn check_request(&self, client: ClientAddress) -> Result<(), Error> {
        let key = Key::Network(client.network());
        self.check_here(Action::RequestNetwork, &key).map(drop)
    }

    /// Forgets those who have done nothing for a while.
    pub fn forget_idle(&self) {
        for limit in &self.limits {
            limit.limiter.retain_recent();
            limit.limiter.shrink_to_fit();
        }
    }

    async fn check(&self, action: Action, key: &Key) -> Result<(), Error> {
        let quota = self.check_here(action, key)?;
        let (Some(quota), Some(shared)) = (quota, &self.shared) else { return Ok(()) };
        let quota = (quota.count, quota.period);
        match shared.redis.spend(&shared.name(action, key), quota, self.clock.0.steady()).await {
            Ok(Some(retry_after)) => Err(Error::TooMany { retry_after }),
            Ok(None) | Err(_) => Ok(()),
        }
    }

    /// Counts what this server has seen; the quota, if there is one.
    fn check_here(&self, action: Action, key: &Key) -> Result<Option<config::Quota>, Error> {
        let Some(limit) = self.limits.get(action as usize) else { return Ok(None) };
        match limit.limiter.check_key(key) {
            Ok(()) => Ok(Some(limit.quota)),
            Err(until) => {
                Err(Error::TooMany { retry_after: until.wait_time_from(self.clock.now()) })
            }
        }
    }
}

fn limiter(quota: config::Quota, clock: &Ticks) -> Limiter {
    // A whole quota may be used at once; then it comes back bit by bit.
    let each = quota.period / quota.count.get();
    let quota =
        Quota::with_period(each).unwrap_or(Quota::per_second(quota.count)).allow_burst(quota.count);
    RateLimiter::new(quota, DashMapStateStore::default(), clock.clone())
}
