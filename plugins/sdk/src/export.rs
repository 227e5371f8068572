//! From a plugin to the exports of a component.

/// Exports a [`Plugin`](crate::Plugin) from the component, with the hooks that
/// are named and no others:
/// `export!(Automod: content::BeforePublish, account::BeforeRegister);`
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

            #[cfg(target_arch = "wasm32")]
            struct Component;

            #[cfg(target_arch = "wasm32")]
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
            $($crate::export_hook!($plugin $area::$hook);)+
        };
    };
}

/// One hook of [`export!`]: kind of hook, the module of its bindings and the
/// macro that exports it, its trait and method, its input.
#[doc(hidden)]
#[macro_export]
macro_rules! export_hook {
    ($plugin:ident account::BeforeRegister) => {
        $crate::export_deciding!($plugin account_before_register export_account_before_register
            account::BeforeRegister before_register Registration);
    };
    ($plugin:ident account::AfterRegister) => {
        $crate::export_after!($plugin account_after_register export_account_after_register
            account::AfterRegister after_register Registered);
    };
    ($plugin:ident content::BeforePublish) => {
        $crate::export_deciding!($plugin content_before_publish export_content_before_publish
            content::BeforePublish before_publish Content);
    };
    ($plugin:ident content::AfterPublish) => {
        $crate::export_after!($plugin content_after_publish export_content_after_publish
            content::AfterPublish after_publish Content);
    };
    ($plugin:ident content::AfterRemove) => {
        $crate::export_after!($plugin content_after_remove export_content_after_remove
            content::AfterRemove after_remove Removed);
    };
    ($plugin:ident vote::BeforeCast) => {
        $crate::export_deciding!($plugin vote_before_cast export_vote_before_cast
            vote::BeforeCast before_cast Vote);
    };
    ($plugin:ident media::BeforeAttach) => {
        $crate::export_deciding!($plugin media_before_attach export_media_before_attach
            media::BeforeAttach before_attach Media);
    };
    ($plugin:ident ban::Decide) => {
        $crate::export_deciding!($plugin ban_decide export_ban_decide
            ban::Decide decide Proposal);
    };
    ($plugin:ident mod_action::BeforeApply) => {
        $crate::export_deciding!($plugin mod_action_before_apply export_mod_action_before_apply
            mod_action::BeforeApply before_apply Action);
    };
    ($plugin:ident mod_action::Applied) => {
        $crate::export_after!($plugin mod_action_applied export_mod_action_applied
            mod_action::Applied applied TakenAction);
    };
    ($plugin:ident report::BeforeCreate) => {
        $crate::export_deciding!($plugin report_before_create export_report_before_create
            report::BeforeCreate before_create Report);
    };
    ($plugin:ident report::Created) => {
        $crate::export_after!($plugin report_created export_report_created
            report::Created created FiledReport);
    };
    ($plugin:ident notification::BeforeSend) => {
        $crate::export_deciding!($plugin notification_before_send export_notification_before_send
            notification::BeforeSend before_send Notification);
    };
    ($plugin:ident appeal::Submitted) => {
        $crate::export_after!($plugin appeal_submitted export_appeal_submitted
            appeal::Submitted submitted Appeal);
    };
    ($plugin:ident decision::Overridden) => {
        $crate::export_after!($plugin decision_overridden export_decision_overridden
            decision::Overridden overridden OverriddenDecision);
    };
    ($plugin:ident schedule::Tick) => {
        $crate::export_after!($plugin schedule_tick export_schedule_tick
            schedule::Tick tick Moment);
    };
    ($plugin:ident $area:ident::$hook:ident) => {
        ::std::compile_error!(::std::concat!(
            "no hook `", ::std::stringify!($area), "::", ::std::stringify!($hook), "`; there are ",
            "account::{BeforeRegister, AfterRegister}, ",
            "content::{BeforePublish, AfterPublish, AfterRemove}, vote::BeforeCast, ",
            "media::BeforeAttach, ban::Decide, mod_action::{BeforeApply, Applied}, ",
            "report::{BeforeCreate, Created}, notification::BeforeSend, appeal::Submitted, ",
            "decision::Overridden and schedule::Tick"
        ));
    };
}

/// A hook that answers with a verdict.
#[doc(hidden)]
#[macro_export]
macro_rules! export_deciding {
    ($plugin:ident $module:ident $export:ident $area:ident::$hook:ident $method:ident $input:ident) => {
        // Natively there is nothing to export to: the types must fit all the same.
        const _: fn(&$plugin, &$crate::Context<'_>, &$crate::$area::$input) -> $crate::$area::Decision =
            <$plugin as $crate::$area::$hook>::$method;

        #[cfg(target_arch = "wasm32")]
        impl $crate::bindings::$module::exports::gatherly::plugin::$module::Guest for Component {
            fn decide(
                context: $crate::bindings::base::gatherly::plugin::types::Context,
                event: &$crate::bindings::base::gatherly::plugin::event::EventContext,
                input: $crate::$area::$input,
            ) -> $crate::$area::Decision {
                let context = $crate::Context::of(context, event);
                $crate::exported::with(|plugin: &$plugin| {
                    $crate::$area::$hook::$method(plugin, &context, &input)
                })
            }
        }

        #[cfg(target_arch = "wasm32")]
        $crate::bindings::$module::$export!(Component with_types_in $crate::bindings::$module);
    };
}

/// A hook that runs after the event.
#[doc(hidden)]
#[macro_export]
macro_rules! export_after {
    ($plugin:ident $module:ident $export:ident $area:ident::$hook:ident $method:ident $input:ident) => {
        const _: fn(&$plugin, &$crate::Context<'_>, &$crate::$area::$input) -> $crate::Outcome =
            <$plugin as $crate::$area::$hook>::$method;

        #[cfg(target_arch = "wasm32")]
        impl $crate::bindings::$module::exports::gatherly::plugin::$module::Guest for Component {
            fn handle(
                context: $crate::bindings::base::gatherly::plugin::types::Context,
                event: &$crate::bindings::base::gatherly::plugin::event::EventContext,
                input: $crate::$area::$input,
            ) -> $crate::bindings::$module::exports::gatherly::plugin::$module::Outcome {
                let context = $crate::Context::of(context, event);
                let $crate::Outcome { evidence, effects } =
                    $crate::exported::with(|plugin: &$plugin| {
                        $crate::$area::$hook::$method(plugin, &context, &input)
                    });
                $crate::bindings::$module::exports::gatherly::plugin::$module::Outcome {
                    evidence,
                    effects,
                }
            }
        }

        #[cfg(target_arch = "wasm32")]
        $crate::bindings::$module::$export!(Component with_types_in $crate::bindings::$module);
    };
}
