//! The way of every answer that the host gives a plugin: counted, taken from the
//! transcript when a recorded call is played back, kept in it otherwise.

use std::{future::Future, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use wasmtime::StoreContextMut;

use super::{
    ports::{About, Ports, Unanswered},
    sandbox::Guest,
};

/// What the host answers from.
pub(super) struct Lent {
    pub(super) ports: Arc<Ports>,
    pub(super) about: Arc<About>,
}

/// Answers a question of the guest's. `call` is the interface and the function,
/// as `state.get`; `ask` is not called in playback.
pub(super) async fn answer<T, F>(
    store: &mut StoreContextMut<'_, Guest>,
    call: &'static str,
    arguments: Value,
    ask: impl FnOnce(Lent) -> F + Send,
) -> wasmtime::Result<T>
where
    T: Serialize + DeserializeOwned,
    F: Future<Output = Result<T, Unanswered>> + Send,
{
    let guest = store.data_mut();
    guest.count_host_call()?;
    guest.spend_on_bytes(bytes(&arguments))?;
    if let Some(answer) = guest.tape.played(call, &arguments)? {
        return Ok(answer);
    }
    let answer = ask(guest.lent()).await?;
    store.data_mut().tape.keep(call, arguments, &answer);
    Ok(answer)
}

/// Bytes of the texts in arguments.
fn bytes(arguments: &Value) -> usize {
    match arguments {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(bytes).sum(),
        Value::Object(fields) => fields.values().map(bytes).sum(),
        _ => 0,
    }
}
