//! What a binding may be. Pure.

use std::sync::Arc;

use super::model::{Change, PRIORITY_LIMIT, SETTINGS_MAX, Terms};
use crate::{
    base::{Error, FieldError},
    hooks::{FailureMode, HookPoint, Mode},
};

/// What a plugin is given when nothing is set.
const NO_SETTINGS: &str = "{}";
/// A new binding: tried out first, with nothing granted.
pub(super) fn default_terms(digest: String, hooks: &[HookPoint]) -> Terms {
    let failure_mode = hooks.first().map_or(FailureMode::Open, |hook| hook.failure_mode(None));
    Terms {
        digest,
        settings: NO_SETTINGS.into(),
        mode: Mode::Shadow,
        failure_mode,
        priority: 0,
        may_modify: false,
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
    if !broken.is_empty() {
        return Err(Error::Invalid(broken));
    }
    Ok(Terms {
        digest: change.digest.unwrap_or_else(|| terms.digest.clone()),
        settings,
        mode: change.mode.unwrap_or(terms.mode),
        failure_mode: change.failure_mode.unwrap_or(terms.failure_mode),
        priority,
        may_modify: change.may_modify.unwrap_or(terms.may_modify),
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
    change.digest.is_some() || change.settings.is_some() || rises
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
