//! Plugins and their versions. A version is a component, named by its digest; it
//! is checked before it is stored and never changes. `plugin_admin` puts versions
//! to work; which ones are, everybody may know.

mod api;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::PluginsApi;
pub(crate) use api::{FailureModeName, GrantsView, ModeName, names, not_empty};
pub use model::{About, PluginName, PublicBinding, Version};
pub use rules::{beyond, check_settings, refused, require_admin, told};
pub use service::PluginVersions;
pub(crate) use store::{component, exported_hooks, find, newest};
