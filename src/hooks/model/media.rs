//! Pictures: `wit/media.wit`.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lower};

use super::{Decided, Subject, account::AdmissionVerdict, whole};
use crate::hooks::catalogue::HookPoint;

/// A picture that somebody uploaded, after it was decoded and cleaned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Media {
    /// Opaque id.
    pub id: String,
    /// As in HTTP.
    #[component(name = "media-type")]
    pub media_type: String,
    /// Size.
    pub bytes: u64,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// SHA-256 of what was uploaded, hexadecimal.
    pub digest: String,
}

impl Subject for Media {
    const HOOK: HookPoint = HookPoint::MediaBeforeAttach;
    const NAME: &'static str = "media";
    type Answer = Decided<AdmissionVerdict>;
    type OldAnswer = Self::Answer;
    whole!();
}
