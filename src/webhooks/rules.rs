//! Signatures, and how long one tries. Pure.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::model::{Delivery, SigningSecret};
use crate::base::{clock::Timestamp, secret::hmac_sha256};

/// Waits between the attempts at a delivery, about eighteen hours together: the
/// series of the Standard Webhooks specification. The last one is the end.
const RETRIES: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
];
/// How long nothing may arrive before a webhook is disabled: a long weekend and
/// a day to notice.
const FAILING_MAX: Duration = Duration::from_hours(5 * 24);
/// How long an old secret signs beside a new one: a day to put it in place.
pub(super) const OLD_SECRET_LIFETIME: Duration = Duration::from_hours(24);
/// The answer of a receiver that is gone for good.
const GONE: u16 = 410;

/// When a delivery that failed is tried again; `None` when it is not.
pub(super) fn next_attempt(failed: u32, now: Timestamp) -> Option<Timestamp> {
    let index = usize::try_from(failed.checked_sub(1)?).ok()?;
    RETRIES.get(index).map(|wait| now.plus(*wait))
}

/// Whether a webhook is to be disabled after a failure.
pub(super) fn gives_up(
    failing_since: Option<Timestamp>,
    status: Option<u16>,
    now: Timestamp,
) -> bool {
    status == Some(GONE) || failing_since.is_some_and(|since| now.since(since) >= FAILING_MAX)
}

/// The headers of a delivery: its id, the time in seconds, and a signature over
/// both and the body with each secret that is good now.
pub(super) fn headers(delivery: &Delivery, now: Timestamp) -> Vec<(String, String)> {
    let seconds = now.0.div_euclid(1_000);
    let signed = format!("{}.{seconds}.{}", delivery.id, delivery.body);
    let old = delivery.old_secret.as_ref().filter(|(_, until)| *until > now);
    let secrets = std::iter::once(&delivery.secret).chain(old.map(|(secret, _)| secret));
    let signatures: Vec<String> = secrets.map(|secret| signature(secret, &signed)).collect();
    [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", delivery.id.to_string()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn signature(secret: &SigningSecret, signed: &str) -> String {
    format!("v1,{}", STANDARD.encode(hmac_sha256(&secret.0, signed.as_bytes())))
}
