//! What fits into an envelope. Pure.

use super::model::{BINDINGS_MAX, Envelope, PLUGINS_MAX, PRIORITY_LIMIT, Wish};
use crate::{
    base::{Error, FieldError},
    hooks::{Grants, Mode},
    plugin_versions::{PluginName, beyond},
};

/// The field of a wish that an envelope does not allow, if there is one. Off is
/// always allowed: it asks nobody.
pub fn outside(envelope: &Envelope, wish: &Wish<'_>) -> Option<&'static str> {
    let Envelope { plugins, priority_min, priority_max, modes, failure_modes, .. } = envelope;
    let grants = beyond(wish.grants, &envelope.grants);
    let fits = [
        ("plugin", plugins.as_ref().is_none_or(|names| names.contains(wish.plugin))),
        ("mode", wish.mode == Mode::Off || modes.contains(&wish.mode)),
        ("failure_mode", failure_modes.contains(&wish.failure_mode)),
        ("priority", (*priority_min..=*priority_max).contains(&wish.priority)),
        ("grants.modify", !grants.modify),
        ("grants.state", !grants.state),
        ("grants.text", !grants.text),
        ("grants.forum", !grants.forum),
        ("grants.http", grants.http.is_empty()),
        ("grants.http_in_decisions", !grants.http_in_decisions),
        ("grants.effects", grants.effects.is_empty()),
    ];
    fits.into_iter().find(|(_, fits)| !fits).map(|(field, _)| field)
}

/// What of the grants an envelope allows.
pub fn clamped(grants: &Grants, envelope: &Envelope) -> Grants {
    // What is left when what is too much is taken away.
    beyond(grants, &beyond(grants, &envelope.grants))
}

/// The refusal that names the field.
pub(super) fn refusal(field: &str) -> Error {
    let message = format!("`{field}` is outside of what the admins allow moderators here.");
    Error::forbidden("outside_envelope", message)
}

/// What admins may set.
pub(super) fn check(envelope: &Envelope) -> Result<(), Error> {
    let mut broken = Vec::new();
    let names = envelope.plugins.iter().flatten();
    broken.extend(names.filter_map(|name| PluginName::parse("plugins", name).err()));
    if envelope.plugins.as_ref().is_some_and(|names| names.len() > PLUGINS_MAX) {
        let rule = format!("must be at most {PLUGINS_MAX}");
        broken.push(FieldError::new("plugins", "length", rule));
    }
    let limits = -PRIORITY_LIMIT..=PRIORITY_LIMIT;
    let Envelope { priority_min: min, priority_max: max, .. } = envelope;
    if !limits.contains(min) || !limits.contains(max) || min > max {
        let rule = format!("must go up, from {} to {PRIORITY_LIMIT}", -PRIORITY_LIMIT);
        broken.push(FieldError::new("priority", "range", rule));
    }
    if envelope.max_bindings > BINDINGS_MAX {
        let rule = format!("must be at most {BINDINGS_MAX}");
        broken.push(FieldError::new("max_bindings", "range", rule));
    }
    if broken.is_empty() { Ok(()) } else { Err(Error::Invalid(broken)) }
}
