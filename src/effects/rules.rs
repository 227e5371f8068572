//! Whether an effect may be done. Pure.

use super::model::{Struck, Terms, Wish};
use crate::{
    base::{Error, clock::Timestamp, secret::sha256},
    hooks::{Effect, EffectKind, Recipient, Target},
};

/// What an effect names: content or an account that it is done to.
pub(super) fn target(effect: &Effect) -> Option<Target> {
    let account = |id: &String| Target::Account(id.clone());
    Some(match effect {
        Effect::Label(labelling) => labelling.target.clone(),
        Effect::Lock(target) => target.clone(),
        Effect::Mark(marking) => marking.target.clone(),
        Effect::Remove(removal) => removal.target.clone(),
        Effect::Report(reporting) => reporting.target.clone(),
        Effect::Prioritise(priority) => priority.target.clone(),
        Effect::Warn(warning) => account(&warning.account),
        Effect::Ban(sanction) => account(&sanction.account),
        Effect::Reply(reply) => reply.target.clone(),
        Effect::Notify(notice) => match &notice.to {
            Recipient::Author(target) => target.clone(),
            Recipient::Moderators => return None,
        },
        Effect::SlowMode(slow) => Target::Post(slow.post.clone()?),
        Effect::EmitWebhook(_) => return None,
    })
}

/// Whether an effect counts against the hourly budget: those that hurt.
pub(super) fn is_counted(kind: EffectKind) -> bool {
    matches!(kind, EffectKind::Remove | EffectKind::Ban | EffectKind::Warn)
}

/// Whether a binding may still do it, and to this.
pub(super) fn may_do(wish: &Wish, effect: &Effect, struck: &Struck) -> Result<(), Error> {
    let Terms { is_obeyed, grants, plugin, .. } = &wish.terms;
    if !is_obeyed {
        return Err(Error::conflict("binding_off", "The binding is not obeyed any more."));
    }
    if !grants.effects.contains(&effect.kind()) {
        return Err(Error::conflict("not_granted", "The binding does not grant it."));
    }
    if let Struck::Content(content, facts) = struck {
        let is_own_event = wish.about == Some(content.id());
        if !(facts.is_published || facts.is_held && is_own_event) {
            return Err(Error::NotFound);
        }
        if facts.bot.as_ref() == Some(plugin) {
            return Err(Error::conflict("own_content", "The plugin wrote it."));
        }
    }
    in_scope(wish, effect, struck)
}

/// What is bound to a community acts there alone.
fn in_scope(wish: &Wish, effect: &Effect, struck: &Struck) -> Result<(), Error> {
    let outside = || Err(Error::conflict("outside_scope", "The binding is at work elsewhere."));
    let Some(scope) = wish.terms.scope else {
        return if *struck == Struck::Missing { Err(Error::NotFound) } else { Ok(()) };
    };
    match struck {
        Struck::Content(_, facts) if facts.community == scope => Ok(()),
        Struck::Community(community) if *community == scope => Ok(()),
        Struck::Nothing if wish.community == Some(scope) => Ok(()),
        // A label would be seen everywhere, and people may be told or struck for
        // what they did there.
        Struck::Account(account) => match effect.kind() {
            EffectKind::Label => outside(),
            _ if wish.community == Some(scope) && wish.actor == Some(*account) => Ok(()),
            _ => outside(),
        },
        Struck::Missing => Err(Error::NotFound),
        Struck::Content(..) | Struck::Community(_) | Struck::Nothing => outside(),
    }
}

/// What an effect of its kind is about beyond its target: two of them are two
/// effects when this differs.
fn detail(effect: &Effect) -> String {
    match effect {
        Effect::Label(labelling) => labelling.label.clone(),
        Effect::Mark(marking) => format!("{:?}", marking.mark),
        Effect::Ban(ban) => format!("{:?} {:?}", ban.scope, ban.place),
        Effect::SlowMode(slow) => slow.interval.to_string(),
        Effect::Notify(notice) => format!("{:?} {}", notice.to, notice.text),
        Effect::EmitWebhook(emission) => format!("{} {}", emission.name, emission.payload),
        Effect::Prioritise(priority) => priority.priority.to_string(),
        Effect::Lock(_)
        | Effect::Remove(_)
        | Effect::Report(_)
        | Effect::Warn(_)
        | Effect::Reply(_) => String::new(),
    }
}

/// What is the same for effects that are the same: of a binding, one of them is
/// done. It is tied to the text that is struck, or that caused it; where there
/// is none, to the hour, so that two plugins which undo each other do so at the
/// pace of a clock.
pub(super) fn once(
    effect: &Effect,
    (target, text): (&str, Option<&str>),
    now: Timestamp,
) -> [u8; 32] {
    let hour = (now.0 / 3_600_000).to_string();
    let parts = [effect.kind().as_str(), target, &detail(effect), text.unwrap_or(&hour)];
    // Lengths first, so that no two lists of parts read the same.
    let mut all = String::new();
    for part in parts {
        all.extend([part.len().to_string().as_str(), ":", part]);
    }
    sha256(all.as_bytes())
}

/// What the hour's budget has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Budget {
    /// There is some of it left.
    Left,
    /// People are to be asked.
    Spent,
    /// People were asked as often as effects were done: it is to be stopped.
    Overspent,
}

/// What an hour with so many effects, done and queued, leaves.
pub(super) fn budget(per_hour: u32, (applied, queued): (u32, u32)) -> Budget {
    if applied < per_hour {
        Budget::Left
    } else if queued < per_hour {
        Budget::Spent
    } else {
        Budget::Overspent
    }
}

/// Whether an error is final. A failure of the server and a full queue are not: the
/// effect is tried again.
pub(super) fn is_refusal(error: &Error) -> bool {
    !matches!(error, Error::Internal(_) | Error::Unavailable { .. } | Error::Busy { .. })
}

/// What is kept of a refusal.
pub(super) fn reason(error: &Error) -> String {
    match error {
        Error::Forbidden { code, .. } | Error::Conflict { code, .. } => (*code).to_owned(),
        Error::NotFound => "not_found".to_owned(),
        Error::RejectedByPolicy { .. } => "rejected_by_policy".to_owned(),
        error => error.to_string(),
    }
}
