//! What a rule wants done beside its verdict, as the settings write it, and the
//! effects that come of it.

use gatherly_plugin::{Actor, Effect, Target, effects};
use serde::Deserialize;

/// What stands for the author's name in texts.
const AUTHOR: &str = "{author}";

/// What a rule wants done. Each key at most once.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Puts a label on the content.
    label: Option<String>,
    /// Puts a label on the author.
    label_author: Option<String>,
    mark: Option<Mark>,
    /// Closes the thread.
    lock: bool,
    /// Takes it away once it is published; the reason is for the author.
    remove: Option<String>,
    /// Reports it; the reason is for moderators.
    report: Option<String>,
    /// Moves it in the queue of moderators.
    prioritise: Option<i32>,
    /// Warns the author.
    warn: Option<String>,
    /// Answers as a bot, in Markdown.
    reply: Option<String>,
    notify_author: Option<String>,
    notify_moderators: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mark {
    Sensitive,
    Spoiler,
}

impl Wanted {
    /// The effects on content and its author.
    pub(crate) fn effects(&self, target: &Target, author: Option<&Actor>) -> Vec<Effect> {
        let name = author.map_or("", |author| author.username.as_str());
        let said = |text: &String| text.replace(AUTHOR, name);
        let on = || target.clone();
        let mark = self.mark.map(|mark| match mark {
            Mark::Sensitive => effects::mark(on(), effects::Mark::Sensitive),
            Mark::Spoiler => effects::mark(on(), effects::Mark::Spoiler),
        });
        let label_author = self.label_author.as_ref().zip(author).map(|(label, author)| {
            effects::label(Target::Account(author.id.clone()), label.as_str())
        });
        let warn = self.warn.as_ref().zip(author);
        [
            self.label.as_ref().map(|label| effects::label(on(), label.as_str())),
            label_author,
            mark,
            self.lock.then(|| effects::lock(on())),
            self.report.as_ref().map(|reason| effects::report(on(), said(reason))),
            self.prioritise.map(|priority| effects::prioritise(on(), priority)),
            warn.map(|(reason, author)| effects::warn(author.id.as_str(), said(reason))),
            self.reply.as_ref().map(|body| effects::reply(on(), said(body))),
            self.notify_author.as_ref().map(|text| effects::notify_author(on(), said(text))),
            self.notify_moderators.as_ref().map(|text| effects::notify_moderators(said(text))),
            // Last: nothing can be done to what is gone.
            self.remove.as_ref().map(|reason| effects::remove(on(), said(reason))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
