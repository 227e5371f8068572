//! Lines for the people who run the plugin. The host bounds what one call may
//! write and drops the rest; in native tests the lines go to standard error.

use crate::bindings::base::gatherly::plugin::log::Level;

/// For the author while writing the plugin.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Worth knowing.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Somebody should look at this.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// The plugin could not do its work.
pub fn error(message: &str) {
    write(Level::Error, message);
}

#[cfg(target_arch = "wasm32")]
fn write(level: Level, message: &str) {
    crate::bindings::base::gatherly::plugin::log::log(level, message);
}

#[cfg(not(target_arch = "wasm32"))]
#[expect(
    clippy::print_stderr,
    reason = "there is no host to write to; only native tests come here"
)]
fn write(level: Level, message: &str) {
    eprintln!("{level:?}: {message}");
}
