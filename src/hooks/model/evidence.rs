//! Why a plugin decided as it did.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lift, Lower};

/// A range of bytes in a text field, on character boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift, Lower)]
#[component(record)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// A measured property and the value it had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift, Lower)]
#[component(record)]
pub struct Feature {
    /// What was measured.
    pub name: String,
    /// What it was.
    pub value: String,
}

/// What a piece of evidence points at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[serde(rename_all = "snake_case")]
#[component(variant)]
pub enum Finding {
    /// Bytes of the field that `Evidence::field` names.
    #[component(name = "span")]
    Span(Span),
    /// A property of the event or the actor.
    #[component(name = "feature")]
    Feature(Feature),
}

/// Why a plugin decided as it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct Evidence {
    /// Id of the rule within the plugin's settings.
    pub rule: String,
    /// Field of the hook's input that it is about; `rendered` is the body as
    /// readers see it.
    pub field: Option<String>,
    /// Where or what was found.
    pub finding: Option<Finding>,
    /// For people.
    pub text: String,
    /// Shown to the author, not only to moderators.
    pub public: bool,
}
