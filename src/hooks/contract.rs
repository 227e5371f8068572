//! The versions of the contract, and the interfaces beside the hooks.
//!
//! Each import is one row of [`IMPORTS`]: what a component may import, in which
//! version, and what has to be granted for it.

use serde::{Deserialize, Serialize};

use super::{
    grants::{Grants, Import},
    imports::wasi,
    load_error::{LoadCode, LoadError},
};

/// A version of `wit/` that this server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Contract {
    /// Three hooks, no effects.
    #[serde(rename = "0.1.0")]
    V0_1,
    /// Every hook.
    #[serde(rename = "0.2.0")]
    V0_2,
    /// The same hooks, and the text as readers see it.
    #[serde(rename = "0.3.0")]
    V0_3,
}

impl Contract {
    /// All versions, the newest first.
    pub const ALL: [Self; 3] = [Self::V0_3, Self::V0_2, Self::V0_1];

    /// As in the name of an interface.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V0_1 => "0.1.0",
            Self::V0_2 => "0.2.0",
            Self::V0_3 => "0.3.0",
        }
    }
}

/// The optional interface that takes the settings.
pub(super) const LIFECYCLE: [&str; 3] = [
    "gatherly:plugin/lifecycle@0.3.0",
    "gatherly:plugin/lifecycle@0.2.0",
    "gatherly:plugin/lifecycle@0.1.0",
];

/// Its function.
pub(super) const CONFIGURE: &str = "configure";

/// The interface of log lines.
pub(super) const LOG: [&str; 3] =
    ["gatherly:plugin/log@0.3.0", "gatherly:plugin/log@0.2.0", "gatherly:plugin/log@0.1.0"];

/// The interfaces that hold shared types and no functions.
pub(super) const TYPES: [&str; 5] = [
    "gatherly:plugin/types@0.3.0",
    "gatherly:plugin/effects@0.3.0",
    "gatherly:plugin/types@0.2.0",
    "gatherly:plugin/effects@0.2.0",
    "gatherly:plugin/types@0.1.0",
];

/// The interface of the handle that hooks are given.
pub(super) const EVENT: &str = "gatherly:plugin/event@0.3.0";
/// The same at 0.2.0: without the text as readers see it.
pub(super) const OLD_EVENT: &str = "gatherly:plugin/event@0.2.0";

/// What a binding remembers.
pub(super) const STATE: [&str; 2] = ["gatherly:plugin/state@0.3.0", "gatherly:plugin/state@0.2.0"];
/// Text at native speed.
pub(super) const TEXT: [&str; 2] = ["gatherly:plugin/text@0.3.0", "gatherly:plugin/text@0.2.0"];
/// The forum as visitors see it.
pub(super) const FORUM: [&str; 2] = ["gatherly:plugin/forum@0.3.0", "gatherly:plugin/forum@0.2.0"];
/// Requests to other servers.
pub(super) const HTTP: [&str; 2] = ["gatherly:plugin/http@0.3.0", "gatherly:plugin/http@0.2.0"];

/// What an import takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// Nothing.
    Free,
    /// This grant.
    Granted(Import),
}

impl Offer {
    fn import(self) -> Option<Import> {
        match self {
            Self::Free => None,
            Self::Granted(import) => Some(import),
        }
    }
}

/// What an import takes; `None` when it is not offered at all.
pub(super) fn import(name: &str) -> Option<Offer> {
    let is = |interface: &str| serves(interface, name);
    let free = LOG.iter().chain(&TYPES).chain(&[EVENT, OLD_EVENT]).any(|interface| is(interface));
    if free || wasi::is_offered(name) {
        return Some(Offer::Free);
    }
    [(STATE, Import::State), (TEXT, Import::Text), (FORUM, Import::Forum), (HTTP, Import::Http)]
        .into_iter()
        .find(|(interfaces, _)| interfaces.iter().any(|interface| is(interface)))
        .map(|(_, import)| Offer::Granted(import))
}

/// What has to be granted for these imports.
pub(super) fn wanted(imports: &[String]) -> Vec<Import> {
    imports.iter().filter_map(|name| import(name)?.import()).collect()
}

/// The import that is not granted, if there is one.
pub(super) fn not_granted(imports: &[String], grants: &Grants) -> Option<LoadError> {
    let (name, import) = imports.iter().find_map(|name| {
        let import = import(name)?.import().filter(|import| !grants.import(*import))?;
        Some((name, import))
    })?;
    let grant = import.as_str();
    let message = format!("the component imports `{name}`, and `{grant}` is not granted to it");
    Some(LoadError::mismatch(LoadCode::NotGranted, message, grant, name.as_str()))
}

/// Whether `name` is `interface` or differs from it in the patch version only.
pub(super) fn serves(interface: &str, name: &str) -> bool {
    let minor = |name: &str| name.rsplit_once('.').map(|(minor, _)| minor.to_owned());
    name == interface || (name.contains('@') && minor(name) == minor(interface))
}
