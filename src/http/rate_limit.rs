//! How often an account or a client network may do something.

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
    base::{Error, actor::Actor, clock::Clock, ids::AccountId},
    config,
};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the keys of [limits] in gatherly.toml say it")]
pub enum Action {
    SignInAccount,
    SignInNetwork,
    RegisterNetwork,
    Password,
    Post,
    Comment,
    Vote,
    SearchNetwork,
    Community,
    Ban,
    Report,
    Appeal,
    Upload,
    Preflight,
    Write,
    RequestNetwork,
}

const ACTIONS: usize = 16;

/// Whom it is counted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Account(AccountId),
    Name(String),
    Network(IpAddr),
}

/// The server's clock as governor wants it.
#[derive(Clone, Debug)]
struct Ticks(Clock);

/// Time since 1970.
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
        let millis = u64::try_from(self.0.now().0).unwrap_or(0);
        Tick(Nanos::from(Duration::from_millis(millis)))
    }
}

type Limiter = RateLimiter<Key, DashMapStateStore<Key>, Ticks, NoOpMiddleware<Tick>>;

/// All limits; counts are kept in memory.
#[derive(Debug)]
pub struct RateLimits {
    clock: Ticks,
    /// In the order of [`Action`]; empty when limits are off.
    limiters: Vec<Limiter>,
}

impl RateLimits {
    /// Limits as the settings say, counted by `clock`.
    pub fn new(limits: &config::Limits, clock: Clock) -> Self {
        let clock = Ticks(clock);
        let quotas: [config::Quota; ACTIONS] = [
            limits.sign_in_account,
            limits.sign_in_network,
            limits.register_network,
            limits.password_account,
            limits.post_account,
            limits.comment_account,
            limits.vote_account,
            limits.search_network,
            limits.community_account,
            limits.ban_account,
            limits.report_account,
            limits.appeal_account,
            limits.upload_account,
            limits.preflight_account,
            limits.write_account,
            limits.request_network,
        ];
        let limiters = if limits.enabled {
            quotas.iter().map(|quota| limiter(*quota, &clock)).collect()
        } else {
            Vec::new()
        };
        Self { clock, limiters }
    }

    /// Counts an action of an account.
    pub fn check_actor(&self, action: Action, actor: &Actor) -> Result<(), Error> {
        self.check(action, &Key::Account(actor.id))
    }

    /// Counts an action that is aimed at a name, whether an account has it or not.
    pub fn check_name(&self, action: Action, name: &str) -> Result<(), Error> {
        self.check(action, &Key::Name(name.to_owned()))
    }

    /// Counts an action that comes from a network.
    pub fn check_network(&self, action: Action, client: ClientAddress) -> Result<(), Error> {
        self.check(action, &Key::Network(client.network()))
    }

    /// Forgets those who have done nothing for a while.
    pub fn forget_idle(&self) {
        for limiter in &self.limiters {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    fn check(&self, action: Action, key: &Key) -> Result<(), Error> {
        let Some(limiter) = self.limiters.get(action as usize) else {
            return Ok(());
        };
        limiter.check_key(key).map_err(|not_until| Error::TooMany {
            retry_after: not_until.wait_time_from(self.clock.now()),
        })
    }
}

fn limiter(quota: config::Quota, clock: &Ticks) -> Limiter {
    // A whole quota may be used at once; then it comes back bit by bit.
    let each = quota.period / quota.count.get();
    let quota =
        Quota::with_period(each).unwrap_or(Quota::per_second(quota.count)).allow_burst(quota.count);
    RateLimiter::new(quota, DashMapStateStore::default(), clock.clone())
}
