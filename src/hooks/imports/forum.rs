//! The import `forum`: what a visitor could look up.

use serde_json::json;
use wasmtime::{StoreContextMut, component::Linker};

use crate::hooks::{
    answering::{Lent, answer},
    sandbox::Guest,
};

/// Links a look-up by one text.
macro_rules! look_up {
    ($instance:ident, $name:literal, $argument:ident, $ask:expr) => {
        $instance.func_wrap_async(
            $name,
            |mut store: StoreContextMut<'_, Guest>, ($argument,): (String,)| {
                Box::new(async move {
                    let arguments = json!({ (stringify!($argument)): $argument });
                    let ask = |lent: Lent| async move { $ask(lent, $argument).await };
                    let call = concat!("forum.", $name);
                    answer(&mut store, call, arguments, ask).await.map(|answer| (answer,))
                })
            },
        )?;
    };
}

pub(super) fn link(linker: &mut Linker<Guest>, interface: &str) -> wasmtime::Result<()> {
    let mut instance = linker.instance(interface)?;
    look_up!(instance, "account", id, async |lent: Lent, id: String| {
        lent.ports.forum.account(&lent.about, &id).await
    });
    look_up!(instance, "account-by-name", username, async |lent: Lent, username: String| {
        lent.ports.forum.account_by_name(&lent.about, &username).await
    });
    look_up!(instance, "content", id, async |lent: Lent, id: String| {
        lent.ports.forum.content(&lent.about, &id).await
    });
    look_up!(instance, "community", slug, async |lent: Lent, slug: String| {
        lent.ports.forum.community(&slug).await
    });
    instance.func_wrap_async(
        "is-member",
        |mut store: StoreContextMut<'_, Guest>, (account, community): (String, String)| {
            Box::new(async move {
                let arguments = json!({ "account": account, "community": community });
                let ask = |lent: Lent| async move {
                    lent.ports.forum.is_member(&account, &community).await
                };
                answer(&mut store, "forum.is-member", arguments, ask).await.map(|answer| (answer,))
            })
        },
    )
}
