//! What plugins remember in native tests: kept for the thread, with a clock
//! that only tests move. It has the limits of keys, values and times, and no
//! quota.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::millis;
use crate::state::Error;

/// Longest key and longest member of a set, in bytes: the contract's.
const KEY: usize = 128;
const MEMBER: usize = 256;
/// Longest value: the contract's.
const VALUE: usize = 64 * 1024;
/// Longest window or time to live: a year.
const LONGEST: u64 = 365 * 24 * 60 * 60 * 1000;

/// An entry that ends at a time, or never.
type Until = Option<u64>;

#[derive(Default)]
struct Memory {
    now: u64,
    counters: BTreeMap<String, Vec<(u64, u32)>>,
    values: BTreeMap<String, (String, Until)>,
    sets: BTreeMap<String, BTreeMap<String, Until>>,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::new(Memory::default());
}

/// The hand on what plugins remember.
#[derive(Debug)]
pub struct State(());

/// Empties the memory, and gives the hand on it.
#[must_use]
pub fn state() -> State {
    MEMORY.take();
    State(())
}

impl State {
    /// Lets time pass for windows and times to live.
    pub fn advance(&self, by: Duration) {
        MEMORY.with_borrow_mut(|memory| memory.now += millis(by));
    }
}

fn lives(until: Until, now: u64) -> bool {
    until.is_none_or(|until| now < until)
}

fn is_key(key: &str) -> bool {
    (1..=KEY).contains(&key.len())
}

fn check_duration(duration: u64) -> Result<(), Error> {
    if (1..=LONGEST).contains(&duration) { Ok(()) } else { Err(Error::BadDuration) }
}

pub(crate) fn increment(
    key: &str,
    by: u32,
    window: u64,
    _subject: Option<&str>,
) -> Result<u64, Error> {
    check_duration(window)?;
    if !is_key(key) {
        return Err(Error::TooLarge);
    }
    MEMORY.with_borrow_mut(|memory| {
        memory.counters.entry(key.to_owned()).or_default().push((memory.now, by));
    });
    count(key, window)
}

pub(crate) fn count(key: &str, window: u64) -> Result<u64, Error> {
    check_duration(window)?;
    Ok(MEMORY.with_borrow(|memory| {
        let counted = memory.counters.get(key).into_iter().flatten();
        let within = counted.filter(|(at, _)| at + window > memory.now);
        within.map(|(_, by)| u64::from(*by)).sum()
    }))
}

pub(crate) fn get(key: &str) -> Option<String> {
    MEMORY.with_borrow(|memory| {
        let (value, until) = memory.values.get(key)?;
        lives(*until, memory.now).then(|| value.clone())
    })
}

pub(crate) fn put(
    key: &str,
    value: &str,
    ttl: Option<u64>,
    _subject: Option<&str>,
) -> Result<(), Error> {
    ttl.map_or(Ok(()), check_duration)?;
    if !is_key(key) || value.len() > VALUE {
        return Err(Error::TooLarge);
    }
    MEMORY.with_borrow_mut(|memory| {
        let until = ttl.map(|ttl| memory.now + ttl);
        memory.values.insert(key.to_owned(), (value.to_owned(), until));
    });
    Ok(())
}

pub(crate) fn delete(key: &str) {
    MEMORY.with_borrow_mut(|memory| memory.values.remove(key));
}

pub(crate) fn add(
    set: &str,
    member: &str,
    ttl: Option<u64>,
    _subject: Option<&str>,
) -> Result<bool, Error> {
    ttl.map_or(Ok(()), check_duration)?;
    if !is_key(set) || !(1..=MEMBER).contains(&member.len()) {
        return Err(Error::TooLarge);
    }
    Ok(MEMORY.with_borrow_mut(|memory| {
        let (now, until) = (memory.now, ttl.map(|ttl| memory.now + ttl));
        let members = memory.sets.entry(set.to_owned()).or_default();
        let before = members.insert(member.to_owned(), until);
        !before.is_some_and(|until| lives(until, now))
    }))
}

pub(crate) fn remove(set: &str, member: &str) {
    MEMORY.with_borrow_mut(|memory| memory.sets.get_mut(set)?.remove(member));
}

pub(crate) fn contains(set: &str, member: &str) -> bool {
    MEMORY.with_borrow(|memory| {
        let until = memory.sets.get(set).and_then(|members| members.get(member));
        until.is_some_and(|until| lives(*until, memory.now))
    })
}

pub(crate) fn size(set: &str) -> u64 {
    MEMORY.with_borrow(|memory| {
        let members = memory.sets.get(set).into_iter().flatten();
        members.filter(|(_, until)| lives(**until, memory.now)).map(|_| 1).sum()
    })
}
