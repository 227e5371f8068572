//! Appeals: `appeal-submitted` of `wit/moderation.wit`.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lower};

use super::{Subject, told_afterwards, whole};
use crate::hooks::catalogue::HookPoint;

/// What is appealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ComponentType, Lower)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum Against {
    /// A ban.
    #[component(name = "ban")]
    Ban,
    /// That content was taken away.
    #[component(name = "removal")]
    Removal,
    /// A warning.
    #[component(name = "warning")]
    Warning,
    /// That plugins refused content.
    #[component(name = "rejection")]
    Rejection,
}

/// An appeal; the actor of the context made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Appeal {
    /// Opaque id.
    pub id: String,
    /// What is appealed.
    pub against: Against,
    /// Opaque id of the ban, the removal, the warning or the decision.
    #[component(name = "subject-id")]
    pub subject_id: String,
    /// What the one who was struck says.
    pub text: String,
}

impl Subject for Appeal {
    const HOOK: HookPoint = HookPoint::AppealSubmitted;
    const NAME: &'static str = "appeal";
    told_afterwards!();
    whole!();

    fn text(&self, field: &str) -> Option<&str> {
        (field == "text").then_some(&*self.text)
    }
}
