//! What `wit-bindgen` makes of the contract in `wit/`: the only place of this
//! crate with unsafe code. One world per exported interface, because a
//! component must export exactly what its author named; the worlds share one
//! set of types.
#![expect(clippy::same_length_and_capacity, reason = "generated")]

/// The shared types, and the imports. What a plugin does not call is not
/// linked, and so not imported.
pub mod base {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package gatherly:sdk-base;
            world base {
                import gatherly:plugin/types@0.3.0;
                import gatherly:plugin/effects@0.3.0;
                import gatherly:plugin/event@0.3.0;
                import gatherly:plugin/log@0.3.0;
                import gatherly:plugin/state@0.3.0;
                import gatherly:plugin/text@0.3.0;
                import gatherly:plugin/forum@0.3.0;
                import gatherly:plugin/http@0.3.0;
            }",
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq, Eq],
    });
}

/// The interface `lifecycle`.
pub mod lifecycle {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package gatherly:sdk-lifecycle;
            world lifecycle { export gatherly:plugin/lifecycle@0.3.0; }",
        pub_export_macro: true,
        export_macro_name: "export_lifecycle",
        default_bindings_module: "gatherly_plugin::bindings::lifecycle",
        additional_derives: [PartialEq, Eq],
    });
}

/// One interface that has a hook: its module, its world, the name of the macro
/// that exports it, and where that macro finds the module.
macro_rules! hook {
    ($module:ident, $world:tt, $export:tt, $path:tt) => {
        #[doc = concat!("The interface of `", stringify!($module), "`.")]
        pub mod $module {
            wit_bindgen::generate!({
                path: "../../wit",
                inline: $world,
                with: {
                    "gatherly:plugin/types@0.3.0": crate::bindings::base::gatherly::plugin::types,
                    "gatherly:plugin/effects@0.3.0": crate::bindings::base::gatherly::plugin::effects,
                    "gatherly:plugin/event@0.3.0": crate::bindings::base::gatherly::plugin::event,
                },
                pub_export_macro: true,
                export_macro_name: $export,
                default_bindings_module: $path,
                additional_derives: [PartialEq, Eq],
            });
        }
    };
}

hook!(
    account_before_register,
    "package gatherly:sdk-account-before-register;
     world account-before-register { export gatherly:plugin/account-before-register@0.3.0; }",
    "export_account_before_register",
    "gatherly_plugin::bindings::account_before_register"
);

hook!(
    account_after_register,
    "package gatherly:sdk-account-after-register;
     world account-after-register { export gatherly:plugin/account-after-register@0.3.0; }",
    "export_account_after_register",
    "gatherly_plugin::bindings::account_after_register"
);

hook!(
    content_before_publish,
    "package gatherly:sdk-content-before-publish;
     world content-before-publish { export gatherly:plugin/content-before-publish@0.3.0; }",
    "export_content_before_publish",
    "gatherly_plugin::bindings::content_before_publish"
);

hook!(
    content_after_publish,
    "package gatherly:sdk-content-after-publish;
     world content-after-publish { export gatherly:plugin/content-after-publish@0.3.0; }",
    "export_content_after_publish",
    "gatherly_plugin::bindings::content_after_publish"
);

hook!(
    content_after_remove,
    "package gatherly:sdk-content-after-remove;
     world content-after-remove { export gatherly:plugin/content-after-remove@0.3.0; }",
    "export_content_after_remove",
    "gatherly_plugin::bindings::content_after_remove"
);

hook!(
    vote_before_cast,
    "package gatherly:sdk-vote-before-cast;
     world vote-before-cast { export gatherly:plugin/vote-before-cast@0.3.0; }",
    "export_vote_before_cast",
    "gatherly_plugin::bindings::vote_before_cast"
);

hook!(
    media_before_attach,
    "package gatherly:sdk-media-before-attach;
     world media-before-attach { export gatherly:plugin/media-before-attach@0.3.0; }",
    "export_media_before_attach",
    "gatherly_plugin::bindings::media_before_attach"
);

hook!(
    ban_decide,
    "package gatherly:sdk-ban-decide;
     world ban-decide { export gatherly:plugin/ban-decide@0.3.0; }",
    "export_ban_decide",
    "gatherly_plugin::bindings::ban_decide"
);

hook!(
    mod_action_before_apply,
    "package gatherly:sdk-mod-action-before-apply;
     world mod-action-before-apply { export gatherly:plugin/mod-action-before-apply@0.3.0; }",
    "export_mod_action_before_apply",
    "gatherly_plugin::bindings::mod_action_before_apply"
);

hook!(
    mod_action_applied,
    "package gatherly:sdk-mod-action-applied;
     world mod-action-applied { export gatherly:plugin/mod-action-applied@0.3.0; }",
    "export_mod_action_applied",
    "gatherly_plugin::bindings::mod_action_applied"
);

hook!(
    report_before_create,
    "package gatherly:sdk-report-before-create;
     world report-before-create { export gatherly:plugin/report-before-create@0.3.0; }",
    "export_report_before_create",
    "gatherly_plugin::bindings::report_before_create"
);

hook!(
    report_created,
    "package gatherly:sdk-report-created;
     world report-created { export gatherly:plugin/report-created@0.3.0; }",
    "export_report_created",
    "gatherly_plugin::bindings::report_created"
);

hook!(
    notification_before_send,
    "package gatherly:sdk-notification-before-send;
     world notification-before-send { export gatherly:plugin/notification-before-send@0.3.0; }",
    "export_notification_before_send",
    "gatherly_plugin::bindings::notification_before_send"
);

hook!(
    appeal_submitted,
    "package gatherly:sdk-appeal-submitted;
     world appeal-submitted { export gatherly:plugin/appeal-submitted@0.3.0; }",
    "export_appeal_submitted",
    "gatherly_plugin::bindings::appeal_submitted"
);

hook!(
    decision_overridden,
    "package gatherly:sdk-decision-overridden;
     world decision-overridden { export gatherly:plugin/decision-overridden@0.3.0; }",
    "export_decision_overridden",
    "gatherly_plugin::bindings::decision_overridden"
);

hook!(
    schedule_tick,
    "package gatherly:sdk-schedule-tick;
     world schedule-tick { export gatherly:plugin/schedule-tick@0.3.0; }",
    "export_schedule_tick",
    "gatherly_plugin::bindings::schedule_tick"
);
