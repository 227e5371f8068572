//! Where an exported plugin lives inside its component. Used by [`export!`](crate::export)
//! only; not part of what authors may rely on.

use std::cell::RefCell;
use std::thread::LocalKey;

use crate::Plugin;

/// The configured plugin, once there is one. A component has one thread.
pub type Configured<P> = RefCell<Option<P>>;

/// The cell that `export!` makes for a plugin.
pub type Local<P> = LocalKey<Configured<P>>;

/// A plugin that has a place in its component.
pub trait Exported: Plugin {
    /// That place.
    fn configured() -> &'static Local<Self>;
}

/// Puts the plugin that these settings make in its place.
///
/// # Errors
/// The plugin's own words about the settings; an earlier plugin then stays.
pub fn configure<P: Exported>(settings: &str) -> Result<(), String> {
    log_panics();
    let plugin = P::configure(settings)?;
    P::configured().set(Some(plugin));
    Ok(())
}

/// Asks the configured plugin.
///
/// # Panics
/// When nothing was configured and the plugin does not accept empty settings:
/// there is no policy to ask, and the host's failure mode must answer.
pub fn with<P: Exported, R>(ask: impl FnOnce(&P) -> R) -> R {
    if P::configured().with_borrow(Option::is_none)
        && let Err(error) = configure::<P>("")
    {
        panic!("called without settings, which are needed: {error}");
    }
    P::configured().with_borrow(|plugin| match plugin {
        Some(plugin) => ask(plugin),
        None => unreachable!("configured above"),
    })
}

/// A panic is a bare trap for the host: say first what and where it was.
#[cfg(target_arch = "wasm32")]
fn log_panics() {
    std::panic::set_hook(Box::new(|info| crate::log::error(&info.to_string())));
}

/// Natively the standard hook prints already.
#[cfg(not(target_arch = "wasm32"))]
fn log_panics() {}
