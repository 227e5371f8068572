//! Keeps notifications back at night, in the time of the person who gets them.
//! What moderators did comes at once.

use gatherly_plugin::notification::{BeforeSend, Decision, Kind, Notification, Patch};
use gatherly_plugin::{Context, Evidence, Plugin};
use serde::Deserialize;

const MINUTE: u64 = 60 * 1000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// When it is quiet.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quiet {
    /// The hour in which it begins.
    from: u64,
    /// The hour in which it ends.
    until: u64,
}

impl Default for Quiet {
    fn default() -> Self {
        Self { from: 22, until: 7 }
    }
}

impl Plugin for Quiet {
    fn configure(settings: &str) -> Result<Self, String> {
        let settings = if settings.trim().is_empty() { "{}" } else { settings };
        let quiet: Self = serde_json::from_str(settings).map_err(|error| error.to_string())?;
        if quiet.from > 23 || quiet.until > 23 {
            return Err("hours are from 0 to 23".to_owned());
        }
        Ok(quiet)
    }
}

impl Quiet {
    /// Milliseconds until it is no longer quiet; none if it is not.
    fn wait(&self, time_of_day: u64) -> Option<u64> {
        let since = (time_of_day + DAY - self.from * HOUR) % DAY;
        let length = (self.until + 24 - self.from) % 24 * HOUR;
        length.checked_sub(since).filter(|wait| *wait > 0)
    }
}

impl BeforeSend for Quiet {
    fn before_send(&self, context: &Context, notification: &Notification) -> Decision {
        if !matches!(notification.kind, Kind::Reply | Kind::Mention | Kind::Approved | Kind::Notice)
        {
            return Decision::deliver();
        }
        let offset = i64::from(notification.utc_offset).rem_euclid(24 * 60);
        let offset = u64::try_from(offset).unwrap_or(0) * MINUTE;
        match self.wait((context.time + offset) % DAY) {
            Some(wait) => Decision::modify(Patch { delay: Some(wait), ..Patch::default() })
                .because(Evidence::new("quiet-hours", "it is night there").measured("wait", &wait)),
            None => Decision::deliver(),
        }
    }
}

gatherly_plugin::export!(Quiet: notification::BeforeSend);

#[cfg(test)]
mod tests {
    use gatherly_plugin::testing;

    use super::*;

    /// What a reply does at an hour of UTC, for somebody east of it by minutes.
    fn delay(hour: u64, utc_offset: i32) -> Option<u64> {
        let context = Context { time: 20_000 * DAY + hour * HOUR, ..testing::context() };
        let reply = Notification { utc_offset, ..testing::notification(Kind::Reply) };
        let decision = Quiet::default().before_send(&context, &reply);
        match decision.verdict {
            gatherly_plugin::notification::Verdict::Modify(patch) => patch.delay,
            _ => None,
        }
    }

    #[test]
    fn night_is_where_the_recipient_is() {
        assert_eq!(delay(12, 0), None);
        assert_eq!(delay(23, 0), Some(8 * HOUR));
        assert_eq!(delay(2, 0), Some(5 * HOUR));
        assert_eq!(delay(7, 0), None);
        assert_eq!(delay(23, -300), None, "six in the evening");
        assert_eq!(delay(16, 540), Some(6 * HOUR), "one in the morning");
    }

    #[test]
    fn what_moderators_did_comes_at_once() {
        let context = Context { time: 20_000 * DAY, ..testing::context() };
        let banned = testing::notification(Kind::Banned);
        assert_eq!(Quiet::default().before_send(&context, &banned), Decision::deliver());
    }

    #[test]
    fn hours_are_hours() {
        assert!(Quiet::configure(r#"{"from": 24}"#).is_err());
        assert!(Quiet::configure("").is_ok());
    }
}
