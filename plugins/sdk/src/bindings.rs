//! What `wit-bindgen` makes of the contract in `wit/`: the only place of this
//! crate with unsafe code. One world per exported interface, because a
//! component must export exactly what its author named; the worlds share one
//! set of types.
#![expect(clippy::same_length_and_capacity, reason = "generated")]

/// The shared types, and the imports.
pub mod base {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package gatherly:sdk-base;
            world base {
                import gatherly:plugin/types@0.1.0;
                import gatherly:plugin/log@0.1.0;
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
            world lifecycle { export gatherly:plugin/lifecycle@0.1.0; }",
        pub_export_macro: true,
        export_macro_name: "export_lifecycle",
        default_bindings_module: "gatherly_plugin::bindings::lifecycle",
        additional_derives: [PartialEq, Eq],
    });
}

/// The interface `account-before-register`.
pub mod account {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package gatherly:sdk-account;
            world account { export gatherly:plugin/account-before-register@0.1.0; }",
        with: { "gatherly:plugin/types@0.1.0": crate::bindings::base::gatherly::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_account",
        default_bindings_module: "gatherly_plugin::bindings::account",
        additional_derives: [PartialEq, Eq],
    });
}

/// The interface `content-before-publish`.
pub mod content {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package gatherly:sdk-content;
            world content { export gatherly:plugin/content-before-publish@0.1.0; }",
        with: { "gatherly:plugin/types@0.1.0": crate::bindings::base::gatherly::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_content",
        default_bindings_module: "gatherly_plugin::bindings::content",
        additional_derives: [PartialEq, Eq],
    });
}

/// The interface `vote-before-cast`.
pub mod vote {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package gatherly:sdk-vote;
            world vote { export gatherly:plugin/vote-before-cast@0.1.0; }",
        with: { "gatherly:plugin/types@0.1.0": crate::bindings::base::gatherly::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_vote",
        default_bindings_module: "gatherly_plugin::bindings::vote",
        additional_derives: [PartialEq, Eq],
    });
}
