//! Who manages plugins, and what is said of those that cannot be used. Pure.

use std::time::Duration;

use crate::{
    base::{Error, FieldError, actor::Actor},
    hooks::{LoadCode, LoadError},
};

/// When another try may succeed after the host could not do its part: a
/// compilation that is under way is over by then.
const RETRY_AFTER: Duration = Duration::from_secs(5);

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
        LoadCode::Host => {
            tracing::error!(%error, "a plugin could not be made ready");
            return Error::Unavailable { what: "plugin host", retry_after: RETRY_AFTER };
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
