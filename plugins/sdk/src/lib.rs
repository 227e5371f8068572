//! Write Gatherly plugins in plain Rust.
//!
//! A plugin is a value made from one binding's settings ([`Plugin`]) that
//! answers the hooks whose traits it implements ([`content::BeforePublish`],
//! [`account::BeforeRegister`], [`vote::BeforeCast`]). [`export!`] turns it into
//! the exports of a component; everything before that line is ordinary code
//! that `cargo test` runs natively. [`testing`] has inputs to start from.
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
#[doc(hidden)]
pub mod bindings;
pub mod content;
mod decision;
mod evidence;
#[doc(hidden)]
pub mod exported;
pub mod log;
pub mod testing;
pub mod vote;

pub use bindings::base::gatherly::plugin::types::{
    Actor, Context, Evidence, Feature, Finding, Mode, Role, Span,
};

/// A policy, configured for one binding.
///
/// The host calls `configure` once and keeps a picture of the memory that it
/// leaves behind; every call of a hook starts from that picture. So do the
/// expensive work (parsing, building automata) here, and do not try to remember
/// anything between two calls.
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

/// Exports a [`Plugin`] from the component, with the hooks that are named and
/// no others: `export!(Automod: content::BeforePublish, account::BeforeRegister);`
#[macro_export]
macro_rules! export {
    ($plugin:ident: $($area:ident::$hook:ident),+ $(,)?) => {
        const _: () = {
            ::std::thread_local! {
                static CONFIGURED: $crate::exported::Configured<$plugin> =
                    const { $crate::exported::Configured::new(None) };
            }

            impl $crate::exported::Exported for $plugin {
                fn configured() -> &'static $crate::exported::Local<Self> {
                    &CONFIGURED
                }
            }

            const _: fn(&str) -> ::std::result::Result<(), ::std::string::String> =
                $crate::exported::configure::<$plugin>;

            struct Component;

            impl $crate::bindings::lifecycle::exports::gatherly::plugin::lifecycle::Guest
                for Component
            {
                fn configure(settings: ::std::string::String)
                -> ::std::result::Result<(), ::std::string::String> {
                    $crate::exported::configure::<$plugin>(&settings)
                }
            }

            #[cfg(target_arch = "wasm32")]
            $crate::bindings::lifecycle::export_lifecycle!(
                Component with_types_in $crate::bindings::lifecycle
            );
            $($crate::export_hook!($plugin Component $area::$hook);)+
        };
    };
}

/// One hook of [`export!`].
#[doc(hidden)]
#[macro_export]
macro_rules! export_hook {
    ($plugin:ident $component:ident content::BeforePublish) => {
        impl $crate::bindings::content::exports::gatherly::plugin::content_before_publish::Guest
            for $component
        {
            fn decide(
                context: $crate::Context,
                content: $crate::content::Content,
            ) -> $crate::content::Decision {
                $crate::exported::with(|plugin: &$plugin| {
                    $crate::content::BeforePublish::before_publish(plugin, &context, &content)
                })
            }
        }
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::content::export_content!(
            $component with_types_in $crate::bindings::content
        );
    };
    ($plugin:ident $component:ident account::BeforeRegister) => {
        impl $crate::bindings::account::exports::gatherly::plugin::account_before_register::Guest
            for $component
        {
            fn decide(
                context: $crate::Context,
                registration: $crate::account::Registration,
            ) -> $crate::account::Decision {
                $crate::exported::with(|plugin: &$plugin| {
                    $crate::account::BeforeRegister::before_register(
                        plugin,
                        &context,
                        &registration,
                    )
                })
            }
        }
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::account::export_account!(
            $component with_types_in $crate::bindings::account
        );
    };
    ($plugin:ident $component:ident vote::BeforeCast) => {
        impl $crate::bindings::vote::exports::gatherly::plugin::vote_before_cast::Guest
            for $component
        {
            fn decide(context: $crate::Context, vote: $crate::vote::Vote) -> $crate::vote::Decision {
                $crate::exported::with(|plugin: &$plugin| {
                    $crate::vote::BeforeCast::before_cast(plugin, &context, &vote)
                })
            }
        }
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::vote::export_vote!($component with_types_in $crate::bindings::vote);
    };
    ($plugin:ident $component:ident $area:ident::$hook:ident) => {
        ::std::compile_error!(::std::concat!(
            "no hook `", ::std::stringify!($area), "::", ::std::stringify!($hook), "`; there are ",
            "content::BeforePublish, account::BeforeRegister and vote::BeforeCast"
        ));
    };
}

#[cfg(test)]
mod tests;
