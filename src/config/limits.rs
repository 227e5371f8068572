//! `[limits]`: how often something may be done.

use std::{num::NonZeroU32, time::Duration};

use serde::{Deserialize, Deserializer, de};

/// How often each action is allowed. The figures for signing in and registering
/// are those of large forges; the others leave a busy person room.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys say it, and gatherly.toml explains them")]
pub struct Limits {
    pub enabled: bool,
    pub sign_in_account: Quota,
    pub sign_in_strangers: Quota,
    pub sign_in_slowed: Quota,
    pub sign_in_network: Quota,
    pub register_network: Quota,
    pub password_account: Quota,
    pub reset_address: Quota,
    pub reset_network: Quota,
    pub verification_account: Quota,
    pub post_account: Quota,
    pub comment_account: Quota,
    pub vote_account: Quota,
    pub search_network: Quota,
    pub community_account: Quota,
    pub ban_account: Quota,
    pub report_account: Quota,
    pub appeal_account: Quota,
    pub upload_account: Quota,
    pub media_account: Quota,
    pub mention_account: Quota,
    pub preflight_account: Quota,
    pub write_account: Quota,
    pub request_network: Quota,
}

/// So many in a period, all at once or spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many.
    pub count: NonZeroU32,
    /// In what time.
    pub period: Duration,
}

impl<'de> Deserialize<'de> for Quota {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "{text:?} must be like \"10/minute\": a number above 0, then second, minute or hour"
            ))
        })
    }
}

fn parse(text: &str) -> Option<Quota> {
    let (count, unit) = text.split_once('/')?;
    let seconds = match unit {
        "second" => 1,
        "minute" => 60,
        "hour" => 3_600,
        _ => return None,
    };
    Some(Quota { count: count.parse().ok()?, period: Duration::from_secs(seconds) })
}
