//! The handle that every hook is given: `event.event-context` of `wit/`.
//!
//! There is one event in a call, so the handle needs no table: whichever a
//! guest shows means the event of its call.

use serde_json::json;
use wasmtime::{
    StoreContextMut,
    component::{Linker, LinkerInstance, Resource, ResourceType},
};

use super::{
    answering::answer,
    contract::{EVENT, OLD_EVENT},
    sandbox::Guest,
};

/// The host's side of the handle.
pub(super) struct EventContext;

/// Most that `recent` answers, as `wit/` says.
const RECENT_MAX: u32 = 20;

/// The only event there is in a call.
pub(super) fn handle() -> Resource<EventContext> {
    Resource::new_borrow(0)
}

/// Links one method without parameters.
macro_rules! method {
    ($instance:ident, $name:literal, $method:ident) => {
        $instance.func_wrap_async(
            concat!("[method]event-context.", $name),
            |mut store: StoreContextMut<'_, Guest>, (_event,): (Resource<EventContext>,)| {
                Box::new(async move {
                    let ask = |lent: super::answering::Lent| async move {
                        lent.ports.event.$method(&lent.about).await
                    };
                    answer(&mut store, concat!("event.", $name), json!({}), ask)
                        .await
                        .map(|answer| (answer,))
                })
            },
        )?;
    };
}

/// Links the interface, at every version that has it.
pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    link_old(linker, OLD_EVENT)?;
    link_old(linker, EVENT)?.func_wrap(
        "[method]event-context.rendered",
        |mut store: StoreContextMut<'_, Guest>, (_event,): (Resource<EventContext>,)| {
            store.data_mut().rendered().map(|rendered| (rendered,))
        },
    )
}

/// Links what the interface has at 0.2.0.
fn link_old<'l>(
    linker: &'l mut Linker<Guest>,
    interface: &str,
) -> wasmtime::Result<LinkerInstance<'l, Guest>> {
    let mut instance = linker.instance(interface)?;
    instance.resource("event-context", ResourceType::host::<EventContext>(), |_, _| Ok(()))?;
    instance.func_wrap_async(
        "[method]event-context.recent",
        |mut store: StoreContextMut<'_, Guest>, (_event, limit): (Resource<EventContext>, u32)| {
            Box::new(async move {
                let limit = limit.min(RECENT_MAX);
                let ask = |lent: super::answering::Lent| async move {
                    lent.ports.event.recent(&lent.about, limit).await
                };
                answer(&mut store, "event.recent", json!({ "limit": limit }), ask)
                    .await
                    .map(|answer| (answer,))
            })
        },
    )?;
    method!(instance, "thread", thread);
    method!(instance, "reports", reports);
    method!(instance, "sanctions", sanctions);
    method!(instance, "attachments", attachments);
    method!(instance, "labels", labels);
    Ok(instance)
}
