//! Who is told what. Pure.

use std::time::Duration;

use uuid::Uuid;

use super::model::{Fate, Kind, Made, Party};
use crate::{
    base::{clock::Timestamp, ids::NotificationId, secret::sha256_of, text::clean_lines},
    hooks::{self, Channel, Context, Feature, Merged, NotificationKind, Outcome},
    mod_actions::ActionKind,
    publishing,
    review::{ItemKind, ItemState, Settled},
};

/// Most people that one text notifies by name, all its versions together: a handful of
/// them, not a crowd.
pub(super) const MENTIONS_MAX: usize = 10;
/// Most names of one version of a text that are looked up, so that its author learns who
/// was not notified: each is a statement.
const NAMES_MAX: usize = 40;
/// Most bytes of a value: the longest reason that a moderator can give.
const VALUE_MAX: usize = 4_096;
/// Names of values that are looked up when they are shown.
const LOOKED_UP: [&str; 2] = ["title", "excerpt"];

/// The names that are looked up of those that a text mentions.
pub(super) fn looked_up(names: &[String]) -> &[String] {
    names.get(..NAMES_MAX).unwrap_or(names)
}

/// The notice to an author whose text mentions people that were not notified.
pub(super) fn not_notified(names: &[String]) -> Vec<Feature> {
    let text = format!(
        "Your text did not notify everybody whom it mentions. A text can notify {MENTIONS_MAX} \
         people by name, and an author a limited number in an hour."
    );
    vec![value("text", text), value("not_notified", names.join(", "))]
}

/// The cause of that notice: an author is told once of the same people of the same text,
/// however often it is edited.
pub(super) fn cause_of_notice(content: Uuid, names: &[String]) -> Uuid {
    let mut names = names.to_vec();
    names.sort_unstable();
    let names = names.join(" ");
    let hash = sha256_of(&[content.as_bytes(), names.as_bytes()]);
    let mut id = [0; 16];
    id.copy_from_slice(hash.split_at(16).0);
    Uuid::from_bytes(id)
}

/// What policies are asked about a notification on its way by a channel, with the
/// id of that event. In the app that is the notification's: asked twice, it is the
/// same question.
pub(super) fn question(
    (event, id, channel): (Uuid, NotificationId, Channel),
    (recipient, actor): (&Party, Option<&Party>),
    (made, kind): (&Made, NotificationKind),
    now: Timestamp,
) -> (Context, hooks::Notification) {
    let told = |party: &Party| publishing::person(&party.actor, party.standing, now);
    let context = Context {
        event_id: event.to_string(),
        ..Context::now(actor.map(told), made.slug.as_deref(), now)
    };
    let notification = hooks::Notification {
        id: id.to_string(),
        kind,
        channel,
        recipient: told(recipient),
        utc_offset: made.utc_offset,
        values: made.values.clone(),
        delay: None,
    };
    (context, notification)
}

/// Holds what a policy put in the place of values to what a text can carry.
pub(super) fn recheck(notification: &hooks::Notification) -> Result<(), String> {
    for Feature { name, value } in &notification.values {
        if value.len() > VALUE_MAX {
            return Err(format!("the value `{name}` has more than {VALUE_MAX} bytes"));
        }
        if clean_lines(value) != value.trim() {
            return Err(format!("the value `{name}` has characters that no text may have"));
        }
    }
    Ok(())
}

/// What becomes of a notification after policies were asked. What they re-route
/// to a way that there is not stays on this one.
pub(super) fn fate(
    made: &Made,
    outcome: Option<&Outcome<hooks::Notification>>,
    now: Timestamp,
) -> Fate {
    let Some(outcome) = outcome else {
        return if made.is_visible { Fate::Send(None) } else { Fate::Suppress };
    };
    let answered = &outcome.subject;
    match (&outcome.verdict, answered.delay.filter(|delay| *delay > 0)) {
        (Merged::Reject { .. }, _) => Fate::Suppress,
        (_, Some(delay)) => {
            let until = now.plus(Duration::from_millis(delay));
            Fate::Delay(kept(&made.values, &answered.values), until)
        }
        (_, None) => Fate::Send(Some(kept(&made.values, &answered.values))),
    }
}

/// What a mail says of a notification after policies were asked; `None` when it is
/// not to. A mail of many is late anyhow: what they put off is in it.
pub(super) fn mailed(outcome: Outcome<hooks::Notification>) -> Option<Vec<Feature>> {
    let dropped = matches!(outcome.verdict, Merged::Reject { .. });
    let answered = outcome.subject;
    (!dropped && answered.channel == Channel::Mail).then_some(answered.values)
}

/// What is stored of the values that plugins were shown and may have changed:
/// not the words of content, unless a plugin put others in their place.
pub(super) fn kept(asked: &[Feature], answered: &[Feature]) -> Vec<Feature> {
    answered
        .iter()
        .filter(|value| !LOOKED_UP.contains(&value.name.as_str()) || !asked.contains(value))
        .cloned()
        .collect()
}

/// The words for who has read what is not so.
pub(super) fn correction(kind: Kind) -> Vec<Feature> {
    let text = match kind {
        Kind::Removed => "Your text had been removed. That was undone.",
        Kind::Held => "Your text had been held back. That was undone.",
        Kind::Banned => "You had been banned. That was undone.",
        Kind::Warned => "You had been warned. That was undone.",
        Kind::Approved | Kind::Reply | Kind::Mention | Kind::Notice | Kind::PluginTrouble => {
            "Something that you were told was taken back."
        }
    };
    vec![value("text", text), value("corrects", kind.as_str())]
}

/// The words for somebody whose profile an admin moderated; `None` for other acts.
pub(super) fn profile_notice(kind: ActionKind) -> Option<&'static str> {
    Some(match kind {
        ActionKind::RemoveBio => "An admin removed your bio.",
        ActionKind::RestoreBio => "An admin restored your bio.",
        ActionKind::RemoveAvatar => "An admin removed your avatar.",
        ActionKind::RestoreAvatar => "An admin restored your avatar.",
        ActionKind::Rename => "An admin gave your account another name.",
        _ => return None,
    })
}

/// The words for an author whose content was locked.
pub(super) const LOCKED: &str = "Your text was closed to comments.";

/// The words for an account whose appeal was decided.
pub(super) fn decided(is_granted: bool) -> &'static str {
    if is_granted { "Your appeal was granted." } else { "Your appeal was denied." }
}

/// The words for the author of a settled item; `None` where another notification tells of
/// the resolution.
pub(super) fn settled(item: &Settled) -> Option<&'static str> {
    match (item.kind, item.state) {
        (_, ItemState::Removed) if item.is_deleted => {
            Some("A moderator decided against a text that you had deleted.")
        }
        (ItemKind::Edit, ItemState::Removed) => Some("Your edit was refused."),
        (ItemKind::Media, ItemState::Removed) => Some("Your picture was refused."),
        (ItemKind::Media, ItemState::Approved) => Some("Your picture can be used now."),
        _ => None,
    }
}

/// The values of a notice, with the reason that a person gave.
pub(super) fn notice(text: &str, reason: Option<String>) -> Vec<Feature> {
    let reason = reason.filter(|reason| !reason.is_empty());
    let text = value("text", text);
    [text].into_iter().chain(reason.map(|reason| value("reason", reason))).collect()
}

/// A named value.
pub(super) fn value(name: &str, value: impl Into<String>) -> Feature {
    Feature { name: name.to_owned(), value: value.into() }
}

/// What policies are asked about it as. `None`: they are not, for it is about
/// one of them.
pub(super) fn asked_as(kind: Kind) -> Option<NotificationKind> {
    Some(match kind {
        Kind::Reply => NotificationKind::Reply,
        Kind::Mention => NotificationKind::Mention,
        Kind::Held => NotificationKind::Held,
        Kind::Removed => NotificationKind::Removed,
        Kind::Approved => NotificationKind::Approved,
        Kind::Banned => NotificationKind::Banned,
        Kind::Warned => NotificationKind::Warned,
        Kind::Notice => NotificationKind::Notice,
        Kind::PluginTrouble => return None,
    })
}
