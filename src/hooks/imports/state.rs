//! The import `state`: what a binding remembers.
//!
//! Reads come from the port, with the call's own writes on top; writes are
//! collected in the guest, and kept with the decision by whoever records it. Time
//! is the event's.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;
use wasmtime::{
    StoreContextMut,
    component::{ComponentType, Linker, Lower},
};

use super::{overlay, work::steps};
use crate::{
    base::secret::sha256_hex,
    hooks::{
        answering::{Lent, answer},
        ports::{Unanswered, Usage},
        quota,
        sandbox::Guest,
        state_write::StateWrite,
    },
};

/// Longest key of a counter, a value or a set, as `wit/` says.
const KEY_BYTES: usize = 128;
/// Longest member of a set.
const MEMBER_BYTES: usize = 256;
/// Longest value.
const VALUE_BYTES: usize = 64 << 10;
/// Longest subject: an id of this server has 36 bytes.
const SUBJECT_BYTES: usize = 64;
/// Longest window and time to live, in milliseconds: a year.
const DURATION_MAX: u64 = 366 * 24 * 60 * 60 * 1_000;
/// Steps of work for each read beyond the first of one question: 4,000 of them by
/// default.
const READ: u64 = 1_000;
/// Steps in which a window slides.
const STEPS: u64 = 16;

/// `state.error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
enum Error {
    #[component(name = "too-large")]
    TooLarge,
    #[component(name = "quota")]
    Quota,
    #[component(name = "bad-duration")]
    BadDuration,
}

type Store<'a, 'b> = &'a mut StoreContextMut<'b, Guest>;

/// Links one function: its parameters, and the one that serves it.
macro_rules! function {
    ($instance:ident, $name:literal, ($($parameter:ident: $type:ty),+), $serve:ident) => {
        $instance.func_wrap_async(
            $name,
            |mut store: StoreContextMut<'_, Guest>, ($($parameter,)+): ($($type,)+)| {
                Box::new(async move {
                    $serve(&mut store, $($parameter),+).await.map(|answer| (answer,))
                })
            },
        )?;
    };
}

pub(super) fn link(linker: &mut Linker<Guest>, interface: &str) -> wasmtime::Result<()> {
    let mut instance = linker.instance(interface)?;
    function!(
        instance,
        "increment",
        (key: String, by: u32, window: u64, subject: Option<String>),
        increment
    );
    function!(instance, "count", (key: String, window: u64), count);
    function!(instance, "get", (key: String), get);
    function!(
        instance,
        "put",
        (key: String, value: String, ttl: Option<u64>, subject: Option<String>),
        put
    );
    function!(
        instance,
        "add",
        (set: String, member: String, ttl: Option<u64>, subject: Option<String>),
        add
    );
    function!(instance, "contains", (set: String, member: String), contains);
    function!(instance, "size", (set: String), size);
    instance.func_wrap("delete", |mut store: StoreContextMut<'_, Guest>, (key,): (String,)| {
        store.data_mut().count_host_call()?;
        // Under any other key there is nothing.
        let may_be = fits(&[(&key, KEY_BYTES)], None, None).is_ok();
        keep(&mut store, StateWrite::Delete { key }, may_be);
        Ok(())
    })?;
    instance.func_wrap(
        "remove",
        |mut store: StoreContextMut<'_, Guest>, (set, member): (String, String)| {
            store.data_mut().count_host_call()?;
            let texts = [(set.as_str(), KEY_BYTES), (member.as_str(), MEMBER_BYTES)];
            let may_be = fits(&texts, None, None).is_ok();
            keep(&mut store, StateWrite::Remove { set, member }, may_be);
            Ok(())
        },
    )
}

async fn increment(
    store: Store<'_, '_>,
    key: String,
    by: u32,
    window: u64,
    subject: Option<String>,
) -> wasmtime::Result<Result<u64, Error>> {
    if let Err(error) = fits(&[(&key, KEY_BYTES)], subject.as_deref(), Some(window)) {
        return refused(store, error);
    }
    let (binding, now) = origin(store);
    let width = (window / STEPS).max(1);
    let start = now - now % width;
    let (since, expires_at) = (now.saturating_sub(window), start.saturating_add(width + window));
    let before = overlay::counted(&store.data().writes, &key, since);
    let arguments = json!({ "key": key, "by": by, "window": window });
    let write = StateWrite::Increment { key: key.clone(), by, start, width, expires_at, subject };
    let used = (overlay::usage(&store.data().writes), write.bytes());
    let ask = |lent: Lent| async move {
        if !has_room(&lent, binding, now, used).await? {
            return Ok(Err(Error::Quota));
        }
        let stored = lent.ports.state.count(binding, &key, since).await?;
        Ok(Ok(stored.saturating_add(before).saturating_add(u64::from(by))))
    };
    let answer = answer(store, "state.increment", arguments, ask).await?;
    keep(store, write, answer.is_ok());
    Ok(answer)
}

async fn count(
    store: Store<'_, '_>,
    key: String,
    window: u64,
) -> wasmtime::Result<Result<u64, Error>> {
    if let Err(error) = fits(&[(&key, KEY_BYTES)], None, Some(window)) {
        return refused(store, error);
    }
    let (binding, now) = origin(store);
    let since = now.saturating_sub(window);
    let before = overlay::counted(&store.data().writes, &key, since);
    let arguments = json!({ "key": key, "window": window });
    let ask = |lent: Lent| async move {
        Ok(Ok(lent.ports.state.count(binding, &key, since).await? + before))
    };
    answer(store, "state.count", arguments, ask).await
}

async fn get(store: Store<'_, '_>, key: String) -> wasmtime::Result<Option<String>> {
    let (binding, now) = origin(store);
    let own = overlay::last_on_value(&store.data().writes, &key);
    let arguments = json!({ "key": key });
    let ask = |lent: Lent| async move {
        match own {
            Some(StateWrite::Put { value, .. }) => Ok(Some(value)),
            Some(_) => Ok(None),
            None => lent.ports.state.value(binding, &key, now).await,
        }
    };
    answer(store, "state.get", arguments, ask).await
}

async fn put(
    store: Store<'_, '_>,
    key: String,
    value: String,
    ttl: Option<u64>,
    subject: Option<String>,
) -> wasmtime::Result<Result<(), Error>> {
    if value.len() > VALUE_BYTES {
        return refused(store, Error::TooLarge);
    }
    if let Err(error) = fits(&[(&key, KEY_BYTES)], subject.as_deref(), ttl) {
        return refused(store, error);
    }
    let (binding, now) = origin(store);
    store.data_mut().spend_on_bytes(value.len())?;
    // The value stands for itself by its hash: transcripts are short.
    let hash = sha256_hex(value.as_bytes());
    let arguments = json!({ "key": key, "value_sha256": hash, "ttl": ttl });
    let expires_at = ttl.map(|ttl| now.saturating_add(ttl));
    let write = StateWrite::Put { key: key.clone(), value, expires_at, subject };
    let own = overlay::usage(&store.data().writes);
    let (used, values) = ((own, write.bytes()), own.values);
    let ask = |lent: Lent| async move {
        if !has_room(&lent, binding, now, used).await? {
            return Ok(Err(Error::Quota));
        }
        let state = &lent.ports.state;
        let full = state.usage(binding, now).await?.values + values >= quota::VALUES;
        if full && state.value(binding, &key, now).await?.is_none() {
            return Ok(Err(Error::Quota));
        }
        Ok(Ok(()))
    };
    let answer = answer(store, "state.put", arguments, ask).await?;
    keep(store, write, answer.is_ok());
    Ok(answer)
}

async fn add(
    store: Store<'_, '_>,
    set: String,
    member: String,
    ttl: Option<u64>,
    subject: Option<String>,
) -> wasmtime::Result<Result<bool, Error>> {
    let texts = [(set.as_str(), KEY_BYTES), (member.as_str(), MEMBER_BYTES)];
    if let Err(error) = fits(&texts, subject.as_deref(), ttl) {
        return refused(store, error);
    }
    let (binding, now) = origin(store);
    let own = overlay::is_member(&store.data().writes, &set, &member);
    let arguments = json!({ "set": set, "member": member, "ttl": ttl });
    let expires_at = ttl.map(|ttl| now.saturating_add(ttl));
    let write = StateWrite::Add { set: set.clone(), member: member.clone(), expires_at, subject };
    let used = (overlay::usage(&store.data().writes), write.bytes());
    let ask = |lent: Lent| async move {
        if !has_room(&lent, binding, now, used).await? {
            return Ok(Err(Error::Quota));
        }
        let there = match own {
            Some(own) => own,
            None => lent.ports.state.contains(binding, (&set, &member), now).await?,
        };
        Ok(Ok(!there))
    };
    let answer = answer(store, "state.add", arguments, ask).await?;
    keep(store, write, answer.is_ok());
    Ok(answer)
}

async fn contains(store: Store<'_, '_>, set: String, member: String) -> wasmtime::Result<bool> {
    let (binding, now) = origin(store);
    let own = overlay::is_member(&store.data().writes, &set, &member);
    let arguments = json!({ "set": set, "member": member });
    let ask = |lent: Lent| async move {
        match own {
            Some(own) => Ok(own),
            None => lent.ports.state.contains(binding, (&set, &member), now).await,
        }
    };
    answer(store, "state.contains", arguments, ask).await
}

async fn size(store: Store<'_, '_>, set: String) -> wasmtime::Result<u64> {
    let (binding, now) = origin(store);
    let own = overlay::members(&store.data().writes, &set);
    store.data_mut().spend(steps(own.len()).saturating_mul(READ))?;
    let arguments = json!({ "set": set });
    let ask = |lent: Lent| async move {
        let state = &lent.ports.state;
        let mut size = state.size(binding, &set, now).await?;
        for (member, is_in) in &own {
            match (state.contains(binding, (&set, member), now).await?, is_in) {
                (false, true) => size += 1,
                (true, false) => size = size.saturating_sub(1),
                _ => {}
            }
        }
        Ok(size)
    };
    answer(store, "state.size", arguments, ask).await
}

/// Whose state it is, and what time.
fn origin(store: Store<'_, '_>) -> (Uuid, u64) {
    let guest = store.data_mut();
    let binding = guest.call.as_ref().map(|call| call.binding).unwrap_or_default();
    (binding, guest.lent().about.time)
}

/// Whether texts have the sizes that they may have, and a duration is one.
fn fits(
    texts: &[(&str, usize)],
    subject: Option<&str>,
    duration: Option<u64>,
) -> Result<(), Error> {
    let texts_fit = texts.iter().all(|(text, most)| (1..=*most).contains(&text.len()));
    if !texts_fit || subject.is_some_and(|subject| subject.len() > SUBJECT_BYTES) {
        return Err(Error::TooLarge);
    }
    match duration {
        Some(duration) if !(1..=DURATION_MAX).contains(&duration) => Err(Error::BadDuration),
        _ => Ok(()),
    }
}

/// Whether an entry fits into the quota on top of what this call wrote before.
async fn has_room(
    lent: &Lent,
    binding: Uuid,
    now: u64,
    (own, entry): (Usage, u64),
) -> Result<bool, Unanswered> {
    let stored = lent.ports.state.usage(binding, now).await?;
    Ok(stored.bytes.saturating_add(own.bytes).saturating_add(entry) <= quota::BYTES)
}

fn keep(store: Store<'_, '_>, write: StateWrite, is_taken: bool) {
    if is_taken {
        store.data_mut().writes.push(write);
    }
}

/// A refusal that needs no look at what is stored.
fn refused<T>(store: Store<'_, '_>, error: Error) -> wasmtime::Result<Result<T, Error>> {
    store.data_mut().count_host_call()?;
    Ok(Err(error))
}
