//! What the effects of an answer may hold: the sizes of `wit/types.wit`.

use super::{ID_BYTES, REASON_BYTES, clean, nonsense, too_much};
use crate::hooks::{
    fault::Fault,
    model::{Effect, Emission, Recipient, Target},
};

/// More than any rule needs for one event.
const EFFECTS: usize = 16;
/// Lengths within effects, as `wit/` tells them.
const NAME_BYTES: usize = 32;
const NOTICE_BYTES: usize = 1 << 10;
const PAYLOAD_BYTES: usize = 16 << 10;
/// What a person may write in a comment, and some room: it is checked as such.
const REPLY_BYTES: usize = 64 << 10;
/// How far something can be moved in a queue.
const PRIORITY: i32 = 100;
/// A year, in milliseconds: no pause and no slow mode lasts longer.
const YEAR: u64 = 365 * 24 * 60 * 60 * 1_000;

/// Checks the effects of one answer and cleans their text.
pub(super) fn check(effects: &mut [Effect]) -> Result<(), Fault> {
    if effects.len() > EFFECTS {
        return Err(too_much(&format!("more than {EFFECTS} effects")));
    }
    effects.iter_mut().try_for_each(check_one)
}

fn check_one(effect: &mut Effect) -> Result<(), Fault> {
    match effect {
        Effect::Warn(warning) => {
            check_id(&warning.account)?;
            clean("reason", &mut warning.reason, REASON_BYTES)
        }
        Effect::Ban(ban) => {
            check_id(&ban.account)?;
            in_range(
                !ban.deeds.is_empty() && ban.deeds.len() <= super::DEEDS,
                "a ban of no deeds",
            )?;
            if let Some(place) = &mut ban.place {
                clean("place", place, super::FIELD_BYTES)?;
            }
            clean("reason", &mut ban.reason, REASON_BYTES)
        }
        Effect::SlowMode(slow) => {
            if let Some(post) = &slow.post {
                check_id(post)?;
            }
            let longest = slow.interval.max(slow.duration.unwrap_or(0));
            in_range(longest <= YEAR, "a slow mode of more than a year")
        }
        Effect::Notify(notice) => {
            if let Recipient::Author(target) = &notice.to {
                check_target(target)?;
            }
            clean("notice", &mut notice.text, NOTICE_BYTES)
        }
        Effect::EmitWebhook(emission) => check_emission(emission),
        on_target => check_on_target(on_target),
    }
}

fn check_emission(emission: &Emission) -> Result<(), Fault> {
    check_name("name", &emission.name)?;
    if emission.payload.len() > PAYLOAD_BYTES {
        return Err(too_much(&format!("a payload of more than {PAYLOAD_BYTES} bytes")));
    }
    serde_json::from_str::<serde::de::IgnoredAny>(&emission.payload)
        .map(drop)
        .map_err(|error| nonsense(&format!("a payload that is not JSON: {error}")))
}

/// Checks an effect on content, or on an account.
fn check_on_target(effect: &mut Effect) -> Result<(), Fault> {
    match effect {
        Effect::Label(label) => {
            check_target(&label.target)?;
            check_name("label", &label.label)
        }
        Effect::Lock(target) => check_content(target),
        Effect::Mark(mark) => check_content(&mark.target),
        Effect::Remove(removal) => {
            check_content(&removal.target)?;
            clean("reason", &mut removal.reason, REASON_BYTES)
        }
        Effect::Report(report) => {
            check_target(&report.target)?;
            clean("reason", &mut report.reason, REASON_BYTES)
        }
        Effect::Prioritise(item) => {
            check_target(&item.target)?;
            in_range((-PRIORITY..=PRIORITY).contains(&item.priority), "a priority beyond 100")
        }
        Effect::Reply(reply) => {
            check_content(&reply.target)?;
            if reply.body.len() > REPLY_BYTES {
                return Err(too_much(&format!("a reply of more than {REPLY_BYTES} bytes")));
            }
            Ok(())
        }
        Effect::Warn(_)
        | Effect::Ban(_)
        | Effect::SlowMode(_)
        | Effect::Notify(_)
        | Effect::EmitWebhook(_) => Ok(()),
    }
}

fn check_target(target: &Target) -> Result<(), Fault> {
    check_id(target.id())
}

fn check_content(target: &Target) -> Result<(), Fault> {
    in_range(target.content_kind().is_some(), "an effect on content that names an account")?;
    check_id(target.id())
}

/// Whether it can be an id at all; whose is looked up when the effect is applied.
fn check_id(id: &str) -> Result<(), Fault> {
    let is_id = !id.is_empty() && id.len() <= ID_BYTES && id.parse::<uuid::Uuid>().is_ok();
    in_range(is_id, "an id that is none")
}

fn check_name(what: &str, name: &str) -> Result<(), Fault> {
    let fits = (1..=NAME_BYTES).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    in_range(fits, &format!("a {what} that is not 1 to {NAME_BYTES} of a-z, 0-9 and -"))
}

fn in_range(is: bool, otherwise: &str) -> Result<(), Fault> {
    is.then_some(()).ok_or_else(|| nonsense(otherwise))
}
