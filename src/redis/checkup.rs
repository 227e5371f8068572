//! A look at Redis for who runs the server. Writes one key of its own, which is
//! gone when it is over, or soon after.

use std::collections::HashMap;

use redis::{Client, RedisResult, aio::MultiplexedConnection};
use uuid::Uuid;

use crate::{
    base::{
        clock::{Clock, Timestamp},
        finding::{Finding, clocks},
    },
    config,
};

/// What is looked at.
const REDIS: &str = "redis";
const CLOCK: &str = "redis clock";
/// Oldest version with what the queues use.
const VERSION_MIN: (u32, u32) = (6, 2);
/// How long the key stays when this is killed.
const PROBE_LIFETIME_MS: u64 = 10_000;
const UNREACHED: &str = "see that the server of redis.url runs, that this machine may reach it, \
                         and that password and number are right; servers go on without it, each \
                         with limits of its own";

/// Looks at the Redis that the settings name. For who bounds its time.
pub async fn checkup(settings: &config::Redis, clock: &Clock) -> Vec<Finding> {
    // The cause is not told: it might repeat the password.
    let Ok(client) = Client::open(settings.url.expose().as_str()) else {
        return vec![Finding::failed(REDIS, "redis.url cannot be used", "correct redis.url")];
    };
    let mut connection = match client.get_multiplexed_async_connection().await {
        Ok(connection) => connection,
        Err(error) => return vec![Finding::failed(REDIS, error.to_string(), UNREACHED)],
    };
    let mut findings = Vec::new();
    if let Err(error) = look(&mut connection, settings, (clock, &mut findings)).await {
        let advice = "let the account of redis.url write, run scripts, INFO and TIME, at a primary";
        findings.push(Finding::failed(REDIS, error.to_string(), advice));
    }
    findings
}

async fn look(
    connection: &mut MultiplexedConnection,
    settings: &config::Redis,
    (clock, findings): (&Clock, &mut Vec<Finding>),
) -> RedisResult<()> {
    let info: String = redis::cmd("info").query_async(connection).await?;
    findings.extend(told(&info));
    let asked = clock.now();
    let (seconds, micros): (i64, i64) = redis::cmd("time").query_async(connection).await?;
    let theirs = Timestamp(seconds.saturating_mul(1_000).saturating_add(micros / 1_000));
    findings.push(clocks(CLOCK, theirs, (asked, clock.now())));
    let (key, value) = (format!("{}:doctor:{}", settings.prefix, Uuid::new_v4()), "here");
    let mut set = redis::cmd("set");
    set.arg(&key).arg(value).arg("px").arg(PROBE_LIFETIME_MS);
    set.query_async::<()>(connection).await?;
    let found: Option<String> = redis::cmd("get").arg(&key).query_async(connection).await?;
    redis::cmd("del").arg(&key).query_async::<()>(connection).await?;
    findings.push(if found.as_deref() == Some(value) {
        Finding::ok(REDIS, "a key is written, read and deleted")
    } else {
        let advice = "give it memory, or let nothing else use it";
        Finding::failed(REDIS, "a key that was written is not there", advice)
    });
    Ok(())
}

/// What follows from what it says of itself.
fn told(info: &str) -> Vec<Finding> {
    let said: HashMap<&str, &str> =
        info.lines().filter_map(|line| line.trim_end().split_once(':')).collect();
    let value = |name: &str| said.get(name).copied().unwrap_or("");
    let version = value("redis_version");
    let mut numbers = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let seen = format!("version {version}");
    let mut findings = vec![if found >= VERSION_MIN {
        Finding::ok(REDIS, seen)
    } else {
        let advice = format!("run Redis {}.{} or newer, or Valkey", VERSION_MIN.0, VERSION_MIN.1);
        Finding::failed(REDIS, seen, advice)
    }];
    if value("redis_mode") == "cluster" {
        let advice = "use one without: scripts use keys of several slots";
        findings.push(Finding::failed(REDIS, "it is a Redis Cluster", advice));
    }
    // Where it is not told, somebody else looks after it.
    let policy = value("maxmemory_policy");
    if !policy.is_empty() {
        let seen = format!("maxmemory-policy {policy}");
        findings.push(if policy == "noeviction" {
            Finding::ok(REDIS, seen)
        } else {
            Finding::warning(
                REDIS,
                format!("{seen}: when memory is short, jobs leave the queues and are late"),
                "set maxmemory-policy noeviction",
            )
        });
    }
    findings
}

#[cfg(test)]
mod tests;
