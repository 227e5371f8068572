//! People who decided otherwise than a plugin: `decision-overridden` of
//! `wit/moderation.wit`.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lower};

use super::{Subject, acting, content::Content, context::Context, told_afterwards, whole};
use crate::hooks::{catalogue::HookPoint, ports::About};

/// What a person made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ComponentType, Lower)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum Resolution {
    /// Held or removed by a plugin; a person let it stand.
    #[component(name = "approved")]
    Approved,
    /// Let through by a plugin; a person removed it.
    #[component(name = "removed")]
    Removed,
}

/// A decision that a person corrected; the actor of the context is that person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Overridden {
    /// Opaque id of the decision of this plugin.
    #[component(name = "decision-id")]
    pub decision_id: String,
    /// The hook that was asked.
    pub hook: String,
    /// What the plugin had answered.
    pub verdict: String,
    /// What the person decided.
    pub resolution: Resolution,
    /// What it was about, where that is content.
    pub content: Option<Content>,
}

impl Subject for Overridden {
    const HOOK: HookPoint = HookPoint::DecisionOverridden;
    const NAME: &'static str = "overridden";
    told_afterwards!();
    whole!();

    fn about(&self, context: &Context) -> About {
        self.content.as_ref().map_or_else(|| acting(context), |content| content.about(context))
    }

    fn text(&self, field: &str) -> Option<&str> {
        let content = self.content.as_ref()?;
        match field {
            "title" => content.title.as_deref(),
            "body" => Some(&content.body),
            _ => None,
        }
    }

    fn markdown(&self) -> Option<&str> {
        self.content.as_ref().map(|content| content.body.as_str())
    }
}
