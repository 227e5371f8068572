//! `[redis]`: what many servers of one forum share, beside the database.

use serde::Deserialize;

use super::Broken;
use crate::base::{secret::Secret, text::is_url_as_it_stands};

/// Longest prefix of keys: a name.
const PREFIX_MAX: usize = 32;

/// Where Redis is, if there is one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://` or `rediss://`; empty for none. It may hold a password.
    pub url: Secret<String>,
    /// What all keys and channels begin with.
    pub prefix: String,
}

impl Redis {
    /// Whether there is one.
    pub fn is_set(&self) -> bool {
        !self.url.expose().is_empty()
    }

    pub(super) fn validate(&self) -> Result<(), Broken> {
        if self.is_set() && !is_redis_url(self.url.expose()) {
            let rule = "must be \"\", or like redis://host:6379/0 or rediss://user:password@host/0";
            return Err(("redis.url", rule.into()));
        }
        let is_named = (1..=PREFIX_MAX).contains(&self.prefix.len())
            && self.prefix.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
        if !is_named {
            let rule = format!("must be 1 to {PREFIX_MAX} of a-z, 0-9, - and _");
            return Err(("redis.prefix", rule));
        }
        Ok(())
    }
}

fn is_redis_url(text: &str) -> bool {
    let is_redis =
        |url: url::Url| matches!(url.scheme(), "redis" | "rediss") && url.host().is_some();
    is_url_as_it_stands(text) && url::Url::parse(text).is_ok_and(is_redis)
}
