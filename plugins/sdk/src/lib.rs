//! Write Gatherly plugins in plain Rust.
//!
//! A plugin is a value made from one binding's settings ([`Plugin`]) that
//! answers the hooks whose traits it implements ([`content::BeforePublish`],
//! [`vote::BeforeCast`], [`schedule::Tick`] and the others). A deciding hook
//! answers with a verdict, evidence and [`effects`]; one that runs after the
//! event answers with an [`Outcome`]. [`state`], [`text`], [`forum`] and
//! [`http`] are what the host lends; what a plugin does not call it does not
//! import. [`export!`] turns it all into the exports of a component; everything
//! before that line is ordinary code that `cargo test` runs natively, with the
//! inputs and the host of [`testing`].
//!
//! ```
//! use gatherly_plugin::{Context, Evidence, Plugin, content, no_settings};
//!
//! /// Holds what newcomers shout.
//! struct Calm;
//!
//! impl Plugin for Calm {
//!     fn configure(settings: &str) -> Result<Self, String> {
//!         no_settings(settings).map(|()| Self)
//!     }
//! }
//!
//! impl content::BeforePublish for Calm {
//!     fn before_publish(&self, context: &Context, draft: &content::Content) -> content::Decision {
//!         let newcomer = context.actor.as_ref().is_some_and(|actor| actor.score < 10);
//!         match draft.body.find("!!!") {
//!             Some(at) if newcomer => content::Decision::hold("Calm down; a moderator will look.")
//!                 .because(Evidence::new("shouting", "three exclamation marks").at("body", at..at + 3)),
//!             _ => content::Decision::allow(),
//!         }
//!     }
//! }
//!
//! gatherly_plugin::export!(Calm: content::BeforePublish);
//!
//! # use content::BeforePublish;
//! let calm = Calm::configure("").unwrap();
//! let context = gatherly_plugin::testing::context();
//! let decision = calm.before_publish(&context, &gatherly_plugin::testing::comment("Hello!!!"));
//! assert_eq!(decision.verdict, content::Verdict::Hold("Calm down; a moderator will look.".into()));
//! let decision = calm.before_publish(&context, &gatherly_plugin::testing::comment("Hello."));
//! assert_eq!(decision, content::Decision::allow());
//! ```

pub mod account;
pub mod appeal;
pub mod ban;
#[doc(hidden)]
pub mod bindings;
pub mod content;
mod context;
pub mod decision;
pub mod effects;
mod evidence;
mod export;
#[doc(hidden)]
pub mod exported;
pub mod forum;
pub mod http;
pub mod log;
pub mod media;
pub mod mod_action;
pub mod notification;
mod outcome;
pub mod report;
pub mod schedule;
pub mod state;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod text;
mod verdicts;
pub mod vote;

use std::time::Duration;

pub use bindings::base::gatherly::plugin::effects::Effect;
pub use bindings::base::gatherly::plugin::types::{
    Actor, Evidence, Feature, Finding, Mode, Role, Span, Target,
};
pub use context::{
    Attachment, ContentSummary, Context, Event, Link, LinkKind, PriorReport, PriorSanction,
    Rendered, Thread,
};
pub use outcome::Outcome;

/// A policy, configured for one binding.
///
/// The host calls `configure` once and keeps a picture of the memory that it
/// leaves behind; every call of a hook starts from that picture. So do the
/// expensive work (parsing, building automata) here, and do not try to remember
/// anything between two calls: that is what [`state`] is for.
pub trait Plugin: Sized + 'static {
    /// Makes the plugin from the settings of a binding, as its moderator wrote
    /// them.
    ///
    /// A hook that is called without `configure` before it gets the plugin that
    /// `configure("")` makes.
    ///
    /// # Errors
    /// What is wrong with the settings, and where, for the person who wrote them.
    fn configure(settings: &str) -> Result<Self, String>;
}

/// For plugins that have no settings: accepts none (nothing, `{}` or `null`).
///
/// # Errors
/// When there are settings, which would have no effect.
pub fn no_settings(settings: &str) -> Result<(), String> {
    match settings.trim() {
        "" | "{}" | "null" => Ok(()),
        _ => Err("this plugin has no settings: leave them empty".to_owned()),
    }
}

/// A length of time as the contract has it.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
