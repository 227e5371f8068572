//! What a binding may be. Pure.

use std::{sync::Arc, time::Duration};

use super::model::{Binding, BindingState, Change, SETTINGS_MAX, Terms};
use crate::{
    base::{Error, FieldError, clock::Timestamp},
    hooks::{BreakerState, FailureMode, Grants, HookPoint, Mode},
    plugin_envelopes::{Limits, PRIORITY_LIMIT, Wish},
};

/// What a plugin is given when nothing is set.
const NO_SETTINGS: &str = "{}";
/// How few calls tell nothing yet of a changed binding.
const JUDGED_CALLS: u32 = 5;
/// The share of calls that may fail after a change, in percent; beyond it the
/// change is taken back.
const FAULTS_BOUND: u32 = 20;

/// Whether a revision fails too often to stay.
pub(super) fn is_troubled(calls: u32, faults: u32) -> bool {
    calls >= JUDGED_CALLS && u64::from(faults) * 100 > u64::from(calls) * u64::from(FAULTS_BOUND)
}

/// Most removals, bans and warnings in an hour: what a few moderators could still
/// look through.
const EFFECTS_PER_HOUR_MAX: u32 = 1_000;
/// Longest deadline of a binding: the ceiling of the whole chain's.
const DEADLINE_MAX_MS: u32 = 5_000;

/// A new binding: tried out first, with nothing granted.
pub(super) fn default_terms(digest: String, hooks: &[HookPoint]) -> Terms {
    let failure_mode = hooks.first().map_or(FailureMode::Open, |hook| hook.failure_mode(None));
    Terms {
        digest,
        settings: NO_SETTINGS.into(),
        mode: Mode::Shadow,
        failure_mode,
        priority: 0,
        grants: Grants::default(),
        limits: Limits::default(),
    }
}

/// The terms with a change; tells every field that breaks a rule. `hooks` are
/// those of the version that the result has.
pub(super) fn changed(terms: &Terms, change: Change, hooks: &[HookPoint]) -> Result<Terms, Error> {
    let mut broken = Vec::new();
    let settings = match change.settings {
        Some(value) => parse_settings(value).unwrap_or_else(|error| {
            broken.push(error);
            Arc::clone(&terms.settings)
        }),
        None => Arc::clone(&terms.settings),
    };
    if let Some(mode) = change.failure_mode {
        broken.extend(check_failure_mode(mode, hooks).err());
    }
    let priority = change.priority.unwrap_or(terms.priority);
    if !(-PRIORITY_LIMIT..=PRIORITY_LIMIT).contains(&priority) {
        let rule = format!("must be from {} to {PRIORITY_LIMIT}", -PRIORITY_LIMIT);
        broken.push(FieldError::new("priority", "range", rule));
    }
    broken.extend(change.limits.as_ref().into_iter().flat_map(check_limits));
    if !broken.is_empty() {
        return Err(Error::Invalid(broken));
    }
    Ok(Terms {
        digest: change.digest.unwrap_or_else(|| terms.digest.clone()),
        settings,
        mode: change.mode.unwrap_or(terms.mode),
        failure_mode: change.failure_mode.unwrap_or(terms.failure_mode),
        priority,
        grants: change.grants.unwrap_or_else(|| terms.grants.clone()),
        limits: change.limits.unwrap_or_else(|| terms.limits.clone()),
    })
}

/// Whether a change needs the plugin to be made ready again: for another version
/// or settings, and before it is asked more than it was. What is left, such as
/// switching a plugin off that cannot be loaded, must always succeed.
pub(super) fn loads_anew(terms: &Terms, change: &Change) -> bool {
    let weight = |mode| match mode {
        Mode::Off => 0,
        Mode::Shadow => 1,
        Mode::Enforce => 2,
    };
    let rises = change.mode.is_some_and(|mode| weight(mode) > weight(terms.mode));
    let grants = change.grants.as_ref().is_some_and(|grants| *grants != terms.grants);
    change.digest.is_some() || change.settings.is_some() || rises || grants
}

/// What envelopes want to know of terms.
pub(super) fn wish<'a>(plugin: &'a str, terms: &'a Terms) -> Wish<'a> {
    Wish {
        plugin,
        grants: &terms.grants,
        priority: terms.priority,
        mode: terms.mode,
        failure_mode: terms.failure_mode,
    }
}

/// Refuses changes of what a file says.
pub(super) fn check_unmanaged(binding: &Binding) -> Result<(), Error> {
    let Some(managed) = &binding.file else { return Ok(()) };
    let message = format!("The file `{}` says what this binding is.", managed.file);
    Err(Error::conflict("managed_by_file", message))
}

/// Settings as the plugin gets them: a text as it is, anything else as JSON.
fn parse_settings(value: serde_json::Value) -> Result<Arc<str>, FieldError> {
    let text = match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => NO_SETTINGS.to_owned(),
        value => value.to_string(),
    };
    if text.len() > SETTINGS_MAX {
        let rule = format!("must have at most {SETTINGS_MAX} bytes");
        return Err(FieldError::new("settings", "length", rule));
    }
    Ok(text.into())
}

fn check_limits(limits: &Limits) -> Vec<FieldError> {
    let mut broken = Vec::new();
    if limits.effects_per_hour.is_some_and(|most| most > EFFECTS_PER_HOUR_MAX) {
        let rule = format!("must be at most {EFFECTS_PER_HOUR_MAX}");
        broken.push(FieldError::new("limits.effects_per_hour", "range", rule));
    }
    if limits.deadline_ms.is_some_and(|ms| !(1..=DEADLINE_MAX_MS).contains(&ms)) {
        let rule = format!("must be from 1 to {DEADLINE_MAX_MS}");
        broken.push(FieldError::new("limits.deadline_ms", "range", rule));
    }
    broken
}

/// A failure mode must mean something for one hook at least; the others keep
/// their default.
fn check_failure_mode(mode: FailureMode, hooks: &[HookPoint]) -> Result<(), FieldError> {
    let allowed = |hook: &HookPoint| hook.row().failure_modes.contains(&mode);
    if hooks.iter().any(allowed) {
        return Ok(());
    }
    let hooks = hooks.iter().map(|hook| hook.name()).collect::<Vec<_>>().join(", ");
    let rule = format!("`{}` is not a failure mode of {hooks}", mode.as_str());
    Err(FieldError::new("failure_mode", "hook", rule))
}

/// The quarantine of a binding that failed again and again at one of its hooks:
/// since it began, until the first call that is tried.
pub(super) fn quarantine(breakers: &[BreakerState], now: Timestamp) -> Option<BindingState> {
    let since = breakers.iter().filter_map(|breaker| breaker.open_for_ms).max()?;
    let until = breakers.iter().filter_map(|breaker| breaker.retry_in_ms).min();
    Some(BindingState::Quarantined {
        since: now.minus(Duration::from_millis(since)),
        until: until.map(|left| now.plus(Duration::from_millis(left))),
    })
}
