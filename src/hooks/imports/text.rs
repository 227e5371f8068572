//! The import `text`: the same answer to the same question, always, so that it
//! stands in no transcript. Every function is bounded by the size of its text,
//! which the boundary bounds.

use std::sync::{Arc, LazyLock};

use aho_corasick::{AhoCorasick, MatchKind};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;
use wasmtime::{
    StoreContextMut,
    component::{ComponentType, Linker, Lower},
};

use super::regex;
use crate::{
    base::{secret::sha256_hex, text},
    hooks::{contract::TEXT, model::Span, sandbox::Guest},
};

/// Words and places that are told, as `wit/` says.
const WORDS: usize = 10_000;
const PLACES: usize = 100;
/// Patterns of one search, and the bytes that they may have together: building
/// the automaton takes some ten milliseconds then.
const PATTERNS: usize = 10_000;
const PATTERN_BYTES: usize = 256 << 10;
/// All automata of the process together.
const CACHE_BYTES: u64 = 32 << 20;

/// `text.match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[component(record)]
struct Match {
    pattern: u32,
    span: Span,
}

/// Automata by the hash of their patterns.
static AUTOMATA: LazyLock<Cache<String, Arc<AhoCorasick>>> = LazyLock::new(|| {
    Cache::builder()
        .max_capacity(CACHE_BYTES)
        .weigher(|_: &String, automaton: &Arc<AhoCorasick>| {
            u32::try_from(automaton.memory_usage()).unwrap_or(u32::MAX)
        })
        .build()
});

type Store<'a> = StoreContextMut<'a, Guest>;

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut instance = linker.instance(TEXT)?;
    instance.func_wrap("normalise", |mut store: Store<'_>, (given,): (String,)| {
        store.data_mut().count_host_call()?;
        Ok((text::normalised(&given),))
    })?;
    instance.func_wrap("fold", |mut store: Store<'_>, (given,): (String,)| {
        store.data_mut().count_host_call()?;
        Ok((text::look_alike_key(&text::normalised(&given)),))
    })?;
    instance.func_wrap("words", |mut store: Store<'_>, (given,): (String,)| {
        store.data_mut().count_host_call()?;
        Ok((words(&given),))
    })?;
    instance.func_wrap("find", |mut store: Store<'_>, (pattern, given): (String, String)| {
        store.data_mut().count_host_call()?;
        let found = regex::find(&pattern, &given, PLACES);
        Ok((found.map(|found| {
            found.into_iter().map(|place| span(place.start(), place.end())).collect::<Vec<_>>()
        }),))
    })?;
    instance.func_wrap(
        "find-any",
        |mut store: Store<'_>, (patterns, given): (Vec<String>, String)| {
            store.data_mut().count_host_call()?;
            Ok((find_any(&patterns, &given),))
        },
    )
}

fn words(text: &str) -> Vec<Span> {
    text.unicode_word_indices()
        .take(WORDS)
        .map(|(start, word)| span(start, start + word.len()))
        .collect()
}

fn find_any(patterns: &[String], text: &str) -> Result<Vec<Match>, String> {
    if patterns.len() > PATTERNS {
        return Err(format!("more than {PATTERNS} patterns"));
    }
    if patterns.iter().any(String::is_empty) {
        return Err("a pattern is empty".to_owned());
    }
    if patterns.iter().map(String::len).sum::<usize>() > PATTERN_BYTES {
        return Err(format!("the patterns have more than {PATTERN_BYTES} bytes together"));
    }
    let automaton = automaton(patterns)?;
    // Patterns are whole characters, so places are.
    let found = automaton.find_iter(text).take(PLACES).map(|place| Match {
        pattern: place.pattern().as_u32(),
        span: span(place.start(), place.end()),
    });
    Ok(found.collect())
}

fn automaton(patterns: &[String]) -> Result<Arc<AhoCorasick>, String> {
    // With their lengths, so that no two lists of patterns read the same.
    let lengths: Vec<usize> = patterns.iter().map(String::len).collect();
    let list = format!("{lengths:?}{}", patterns.concat());
    let name = sha256_hex(list.as_bytes());
    if let Some(automaton) = AUTOMATA.get(&name) {
        return Ok(automaton);
    }
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(patterns)
        .map_err(|error| error.to_string())?;
    let automaton = Arc::new(automaton);
    AUTOMATA.insert(name, Arc::clone(&automaton));
    Ok(automaton)
}

fn span(start: usize, end: usize) -> Span {
    let byte = |at| u32::try_from(at).unwrap_or(u32::MAX);
    Span { start: byte(start), end: byte(end) }
}
