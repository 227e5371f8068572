//! Signatures, retries and names of events.

use std::time::Duration;

use uuid::Uuid;

use super::{
    model::{Delivery, SigningSecret, is_event},
    rules::{gives_up, headers, next_attempt},
};
use crate::base::{clock::Timestamp, ids::WebhookId};

const NOW: Timestamp = Timestamp(1_767_225_600_123);

fn delivery(old: Option<Timestamp>) -> Delivery {
    Delivery {
        id: Uuid::nil(),
        webhook: WebhookId(Uuid::nil()),
        url: "https://example.org/".to_owned(),
        body: "{}".to_owned(),
        attempts: 0,
        secret: SigningSecret(b"new".to_vec()),
        old_secret: old.map(|until| (SigningSecret(b"old".to_vec()), until)),
        failing_since: None,
    }
}

fn header(headers: &[(String, String)], name: &str) -> String {
    headers.iter().find(|(found, _)| found == name).unwrap().1.clone()
}

#[test]
fn a_signature_is_over_id_time_and_body() {
    let headers = headers(&delivery(None), NOW);
    assert_eq!(header(&headers, "webhook-timestamp"), "1767225600");
    assert_eq!(header(&headers, "webhook-id"), Uuid::nil().to_string());
    // printf %s '00000000-0000-0000-0000-000000000000.1767225600.{}' |
    //     openssl dgst -sha256 -hmac new -binary | base64
    assert_eq!(
        header(&headers, "webhook-signature"),
        "v1,TK7QGKqeESlBZUXw3Mp6wMTvFnvyFfJbMKZkH3yUFmA="
    );
}

#[test]
fn an_old_secret_signs_until_its_time_has_passed() {
    let signatures = |old| header(&headers(&delivery(old), NOW), "webhook-signature");
    assert_eq!(signatures(Some(Timestamp(NOW.0 + 1))).split(' ').count(), 2);
    assert_eq!(signatures(Some(NOW)).split(' ').count(), 1);
}

#[test]
fn attempts_are_further_and_further_apart_and_end() {
    let waits: Vec<u64> = (1..)
        .map_while(|failed| next_attempt(failed, NOW))
        .map(|at| at.since(NOW).as_secs())
        .collect();
    assert_eq!(waits, [5, 300, 1_800, 7_200, 18_000, 36_000]);
    assert_eq!(next_attempt(0, NOW), None);
}

#[test]
fn a_webhook_is_given_up_after_days_or_when_it_is_gone() {
    let since = |days: u64| Some(NOW.minus(Duration::from_hours(24 * days)));
    assert!(!gives_up(None, Some(500), NOW));
    assert!(!gives_up(since(4), None, NOW));
    assert!(gives_up(since(5), None, NOW));
    assert!(gives_up(None, Some(410), NOW));
}

#[test]
fn plugins_name_their_events_as_the_contract_says() {
    assert!(is_event("content.published") && is_event("plugin.a-1"));
    let long = format!("plugin.{}", "a".repeat(33));
    for name in ["content", "plugin.", "plugin.A", "plugin.a b", "a-1", long.as_str()] {
        assert!(!is_event(name), "{name}");
    }
}
