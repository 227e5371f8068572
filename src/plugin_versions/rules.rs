//! Who manages plugins, and what is said of those that cannot be used. Pure.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    base::{Error, FieldError, actor::Actor},
    hooks::{EffectKind, Grants, Import, LoadCode, LoadError, package::Manifest},
};

/// When another try may succeed after the host could not do its part: a
/// compilation that is under way is over by then.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Most hosts that one binding may ask: each is a party that learns of events.
const HOSTS_MAX: usize = 16;
/// Longest name of a host, as DNS has it.
const HOST_MAX: usize = 253;

/// Effects by name.
pub(super) fn parse_effects(
    field: &str,
    names: &[String],
) -> Result<BTreeSet<EffectKind>, FieldError> {
    let parse = |name: &String| {
        EffectKind::parse(name).ok_or_else(|| {
            let rule = format!("`{name}` is no effect");
            FieldError::new(format!("{field}.effects"), "unknown", rule)
        })
    };
    names.iter().map(parse).collect()
}

/// Names of hosts, without ports and addresses.
pub(super) fn parse_hosts(field: &str, hosts: Vec<String>) -> Result<Vec<String>, FieldError> {
    let is_allowed =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    let is_name = |host: &String| {
        let label = |label: &str| !label.is_empty() && !label.starts_with('-');
        host.len() <= HOST_MAX
            && host.bytes().all(is_allowed)
            && host.split('.').all(label)
            && host.bytes().any(|b| b.is_ascii_lowercase())
    };
    if hosts.len() <= HOSTS_MAX && hosts.iter().all(is_name) {
        return Ok(hosts);
    }
    let rule = format!("must be at most {HOSTS_MAX} names of hosts in lower case");
    Err(FieldError::new(format!("{field}.http"), "host", rule))
}

/// What of `grants` is not in `most`.
pub fn beyond(grants: &Grants, most: &Grants) -> Grants {
    Grants {
        modify: grants.modify && !most.modify,
        state: grants.state && !most.state,
        text: grants.text && !most.text,
        forum: grants.forum && !most.forum,
        http: grants.http.iter().filter(|host| !most.http.contains(host)).cloned().collect(),
        http_in_decisions: grants.http_in_decisions && !most.http_in_decisions,
        effects: grants.effects.difference(&most.effects).copied().collect(),
    }
}

/// What a component asks for: what it says, and what its imports tell.
pub(super) fn wanted(manifest: Option<&Manifest>, imports: &[Import]) -> Grants {
    let said = manifest.map(|manifest| manifest.grants.clone()).unwrap_or_default();
    Grants {
        state: said.state || imports.contains(&Import::State),
        text: said.text || imports.contains(&Import::Text),
        forum: said.forum || imports.contains(&Import::Forum),
        ..said
    }
}

/// Most errors of settings that are told at once.
const SCHEMA_ERRORS_MAX: usize = 10;

/// The schema of settings, made ready. It may refer to nothing outside of itself,
/// and its patterns run in linear time: it came with the component.
fn validator(schema: &serde_json::Value) -> Result<jsonschema::Validator, String> {
    jsonschema::options()
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .build(schema)
        .map_err(|error| error.to_string())
}

/// Refuses a component whose schema is none.
pub(super) fn check_schema(schema: &serde_json::Value) -> Result<(), FieldError> {
    let told = |error| FieldError::new("component", "settings-schema", error);
    validator(schema).map(drop).map_err(told)
}

/// Holds settings to the schema that came with the component; each error names
/// its place. A text that is not JSON is the plugin's own to read.
pub fn check_settings(schema: &serde_json::Value, settings: &str) -> Result<(), Error> {
    let Ok(settings) = serde_json::from_str::<serde_json::Value>(settings) else { return Ok(()) };
    let validator =
        validator(schema).map_err(|error| Error::invalid("component", "settings-schema", error))?;
    let broken: Vec<FieldError> = validator
        .iter_errors(&settings)
        .take(SCHEMA_ERRORS_MAX)
        .map(|error| {
            let place = error.instance_path.as_str().replace('/', ".");
            FieldError::new(format!("settings{place}"), "schema", error.to_string())
        })
        .collect();
    if broken.is_empty() { Ok(()) } else { Err(Error::Invalid(broken)) }
}

/// Plugins are the admins' to manage.
pub fn require_admin(actor: &Actor) -> Result<(), Error> {
    if actor.is_admin() {
        return Ok(());
    }
    Err(Error::forbidden("admins_only", "Plugins are the admins' to manage."))
}

/// A component or settings that cannot be put to work, as the client's mistake;
/// what the host could not do is not.
pub fn refused(component: &'static str, error: &LoadError) -> Error {
    let field = match error.code {
        LoadCode::NotGranted => "grants",
        LoadCode::Host => {
            tracing::error!(%error, "a plugin could not be made ready");

            return Error::Unavailable { what: "plugin host", retry_after: RETRY_AFTER };
        }
        LoadCode::Busy => {
            return Error::Busy { what: "compiling components", retry_after: RETRY_AFTER };
        }
        LoadCode::ConfigureRefused | LoadCode::ConfigureFault => "settings",
        _ => component,
    };
    FieldError::new(field, error.code.as_str(), told(error)).into()
}

/// A load error in one line.
pub fn told(error: &LoadError) -> String {
    let mut text = error.message.clone();
    if let Some(expected) = error.expected.as_ref().filter(|expected| !text.contains(*expected)) {
        text.push_str("; expected ");
        text.push_str(expected);
    }
    if let Some(found) = error.found.as_ref().filter(|found| !text.contains(*found)) {
        text.push_str("; found ");
        text.push_str(found);
    }
    text
}
