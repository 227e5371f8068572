//! What mails say. Pure. Nothing that people write is in a subject, and in a text
//! it is quoted and cannot be taken for an address: the only links are ours.

use std::time::Duration;

use super::model::{Digest, DigestItem, Kind, Queued};
use crate::base::{clock::Timestamp, text::clean_line};

/// Most characters that are quoted of what somebody wrote.
const QUOTED_MAX: usize = 120;
/// Most characters that are quoted of a reason: the longest that a moderator can give.
const REASON_MAX: usize = 1_000;

/// The forum, as mails call it.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// What clients call this server.
    pub(super) url: String,
    /// Its host.
    pub(super) host: String,
}

/// A mail's words.
#[derive(Debug, PartialEq)]
pub(super) struct Words {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// A paragraph.
enum Part {
    Says(String),
    /// An address of ours, to go to.
    Link(String),
    /// To copy.
    Code(String),
}

fn says(text: impl Into<String>) -> Part {
    Part::Says(text.into())
}

/// What a mail says to somebody with this name. `token` is for kinds that have a
/// link, and is good for `lifetime`.
pub(super) fn words(
    mail: &Queued,
    username: &str,
    token: Option<(&str, Duration)>,
    site: &Site,
) -> Words {
    let (name, host) = (quoted(username), &site.host);
    let at = moment(mail.created_at);
    let unexpected = "If that was not you, set another password now: whoever it was knows it.";
    let (subject, mut parts) = match mail.kind {
        Kind::VerifyAddress => (
            "Confirm your address",
            vec![
                says(format!("This address was given for the account {name} at {host}.")),
                says("If that was you, confirm it:"),
            ],
        ),
        Kind::ResetPassword => (
            "Set another password",
            vec![
                says(format!("Somebody asked for another password of {name} at {host}.")),
                says("If that was you, set it here:"),
            ],
        ),
        Kind::SignedIn => {
            let device = mail.values.get("user_agent").map(String::as_str).unwrap_or_default();
            let device = if device.is_empty() { "no name".to_owned() } else { quoted(device) };
            let what = format!("On {at}, {name} signed in at {host} from a new device: {device}.");
            ("A new sign-in", vec![says(what), says(unexpected)])
        }
        Kind::PasswordChanged => {
            let what = format!("On {at}, the password of {name} at {host} was changed.");
            let what_now = "If that was not you, ask for another password at once.";
            ("Your password was changed", vec![says(what), says(what_now)])
        }
        Kind::AddressChanged => {
            let what = format!("On {at}, {name} at {host} got another mail address than this.");
            let what_now = "Mails go there from now on. If that was not you, tell an admin.";
            ("Your address was changed", vec![says(what), says(what_now)])
        }
        // Has words of its own, in [`digest`].
        Kind::Digest => ("What you have not read", Vec::new()),
    };
    if let Some((token, lifetime)) = token {
        parts.push(Part::Link(link(mail.kind, token, site)));
        parts.push(says("Or give this code to the app that you use:"));
        parts.push(Part::Code(token.to_owned()));
        let lifetime = span(lifetime);
        parts.push(says(format!("It is good for {lifetime}. If it was not you, do nothing.")));
    }
    let (text, html) = (as_text(&parts), as_html(&parts));
    Words { subject: format!("{subject} at {host}"), text, html }
}

/// What a mail of what somebody has not read says. One such comes in a `window`.
pub(super) fn digest(digest: &Digest, username: &str, window: Duration, site: &Site) -> Words {
    let Site { url, host } = site;
    let name = quoted(username);
    let mut parts = vec![says(format!("This is new for {name} at {host}:"))];
    parts.extend(digest.items.iter().map(|item| says(format!("- {}", told(item)))));
    parts.push(Part::Link(format!("{url}/notifications")));
    let window = span(window);
    parts.push(says(format!("You get one such mail in {window} at most. To get none:")));
    parts.push(Part::Link(format!("{url}/end-digests#{}", digest.token)));
    let (text, html) = (as_text(&parts), as_html(&parts));
    Words { subject: format!("What you have not read at {host}"), text, html }
}

/// Where a `POST` ends these mails (RFC 8058).
pub(super) fn one_click(token: &str, site: &Site) -> String {
    format!("{}/api/v1/digest-unsubscriptions/{token}", site.url)
}

fn told(item: &DigestItem) -> String {
    let event = happened(item);
    match &item.reason {
        Some(reason) => format!("{event} Reason: {}", quoted_up_to(reason, REASON_MAX)),
        None => event,
    }
}

fn happened(item: &DigestItem) -> String {
    let actor = item.actor.as_deref().map_or_else(|| "Somebody".to_owned(), quoted);
    let place = item.title.as_deref().map(|title| format!(" in {}", quoted(title)));
    let place = place.unwrap_or_default();
    match item.kind {
        "reply" => format!("{actor} answered you{place}."),
        "mention" => format!("{actor} wrote your name{place}."),
        "held" => format!("What you wrote{place} waits for a moderator."),
        "removed" => format!("What you wrote{place} was removed."),
        "approved" => format!("What you wrote{place} can be seen."),
        "banned" => "You were banned.".to_owned(),
        "warned" => "You were warned.".to_owned(),
        "plugin_trouble" => "Something is wrong with a plugin that you look after.".to_owned(),
        _ => match &item.text {
            Some(text) => format!("There is a notice for you{place}: {}", quoted(text)),
            None => "There is a notice for you.".to_owned(),
        },
    }
}

/// Where a link leads. What it proves stands behind the `#`, which no browser
/// sends to a server: it is in no log on the way, and opening it does nothing.
fn link(kind: Kind, token: &str, site: &Site) -> String {
    let page = if kind == Kind::ResetPassword { "reset-password" } else { "verify-address" };
    format!("{}/{page}#{token}", site.url)
}

/// What people wrote, in quotes, and so that no program makes a link of it.
pub(super) fn quoted(text: &str) -> String {
    quoted_up_to(text, QUOTED_MAX)
}

/// The same up to a number of characters.
fn quoted_up_to(text: &str, most: usize) -> String {
    let text = clean_line(text);
    let mut characters = text.chars();
    let mut shown = String::from("“");
    for c in characters.by_ref().take(most) {
        // Each looks like what it stands for, and divides no address.
        shown.push(match c {
            '.' => '\u{b7}',
            '/' | '\\' => '\u{2215}',
            '@' => '\u{ff20}',
            ':' => '\u{2236}',
            '“' | '”' | '"' => '\'',
            c => c,
        });
    }
    if characters.next().is_some() {
        shown.push('…');
    }
    shown.push('”');
    shown
}

/// A time, to the minute.
fn moment(time: Timestamp) -> String {
    let minute: String = time.to_string().chars().take("2026-01-01T00:00".len()).collect();
    format!("{} UTC", minute.replace('T', " at "))
}

fn span(time: Duration) -> String {
    match time.as_secs() / 60 {
        1 => "a minute".to_owned(),
        minutes if minutes < 120 => format!("{minutes} minutes"),
        minutes => format!("{} hours", minutes / 60),
    }
}

fn as_text(parts: &[Part]) -> String {
    let paragraphs: Vec<&str> = parts
        .iter()
        .map(|part| match part {
            Part::Says(text) | Part::Link(text) | Part::Code(text) => text.as_str(),
        })
        .collect();
    paragraphs.join("\n\n") + "\n"
}

fn as_html(parts: &[Part]) -> String {
    let paragraph = |part: &Part| match part {
        Part::Says(text) => escaped(text),
        Part::Link(url) => {
            let url = escaped(url);
            format!("<a href=\"{url}\">{url}</a>")
        }
        Part::Code(text) => format!("<code>{}</code>", escaped(text)),
    };
    let paragraphs: Vec<String> =
        parts.iter().map(|part| format!("<p>{}</p>", paragraph(part))).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<body>\n{}\n</body>\n</html>\n",
        paragraphs.join("\n")
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
