//! What a plugin wants done, as data. The host keeps effects with the decision
//! and applies each once, within what the binding was granted and its budget,
//! and so that it can be undone.

use std::time::Duration;

use crate::ban::Sanction;
pub use crate::bindings::base::gatherly::plugin::effects::{
    Effect, Emission, Labelling, Mark, Marking, Notice, Priority, Recipient, Removal, Reply,
    Reporting, SlowMode, Warning,
};
use crate::{Target, millis};

/// Puts a label on something, for moderators and plugins: 1 to 32 of `a-z`,
/// `0-9` and `-`.
pub fn label(target: Target, label: impl Into<String>) -> Effect {
    Effect::Label(Labelling { target, label: label.into() })
}

/// Closes a post, or the thread below a comment, to new comments.
pub fn lock(target: Target) -> Effect {
    Effect::Lock(target)
}

/// Puts a public remark on content.
pub fn mark(target: Target, mark: Mark) -> Effect {
    Effect::Mark(Marking { target, mark })
}

/// Takes content away; the reason is for its author.
pub fn remove(target: Target, reason: impl Into<String>) -> Effect {
    Effect::Remove(Removal { target, reason: reason.into() })
}

/// Asks moderators to look.
pub fn report(target: Target, reason: impl Into<String>) -> Effect {
    Effect::Report(Reporting { target, reason: reason.into() })
}

/// Moves something in the queue of moderators: from -100 to 100, 0 is usual.
pub fn prioritise(target: Target, priority: i32) -> Effect {
    Effect::Prioritise(Priority { target, priority })
}

/// Warns an account, by its id: one more strike.
pub fn warn(account: impl Into<String>, reason: impl Into<String>) -> Effect {
    Effect::Warn(Warning { account: account.into(), reason: reason.into() })
}

/// Proposes a ban; the plugins of `ban.decide` have their say.
pub fn ban(sanction: Sanction) -> Effect {
    Effect::Ban(sanction)
}

/// Makes commenters of a post, or of the event's community, wait between two
/// comments. An interval of zero ends it; without a duration it stays.
pub fn slow_mode(post: Option<String>, interval: Duration, duration: Option<Duration>) -> Effect {
    let duration = duration.map(millis);
    Effect::SlowMode(SlowMode { post, interval: millis(interval), duration })
}

/// Tells something to the author of content, or to an account.
pub fn notify_author(target: Target, text: impl Into<String>) -> Effect {
    Effect::Notify(Notice { to: Recipient::Author(target), text: text.into() })
}

/// Tells something to the moderators of the event's community.
pub fn notify_moderators(text: impl Into<String>) -> Effect {
    Effect::Notify(Notice { to: Recipient::Moderators, text: text.into() })
}

/// Answers in the thread, in Markdown, under the name of the plugin's bot.
pub fn reply(target: Target, body: impl Into<String>) -> Effect {
    Effect::Reply(Reply { target, body: body.into() })
}

/// Tells those who listen from outside; `payload` is JSON.
pub fn emit_webhook(name: impl Into<String>, payload: impl Into<String>) -> Effect {
    Effect::EmitWebhook(Emission { name: name.into(), payload: payload.into() })
}
