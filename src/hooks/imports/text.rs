//! The import `text`: the same answer to the same question, always, so that it
//! stands in no transcript. Every function counts its steps in the budget of the
//! call, and yields while it works.

use std::sync::{Arc, LazyLock};

use aho_corasick::{
    Anchored, MatchKind, PatternID,
    automaton::Automaton,
    nfa::contiguous::{self, NFA},
};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;
use wasmtime::{
    StoreContextMut,
    component::{ComponentType, Linker, Lower},
};

use super::{
    compiling,
    regex::{self, Range},
    work::{Meter, Spent, give_back, steps, take_meter},
};
use crate::{
    base::{secret::sha256_hex, text},
    hooks::{fault::HostWorkExhausted, model::Span, sandbox::Guest},
};

/// Longest text of one question: a post of 40,000 characters of four bytes with
/// its title has 161 kB.
const TEXT_BYTES: usize = 256 << 10;
/// Words and places that are told, as `wit/` says.
const WORDS: usize = 10_000;
const PLACES: usize = 100;
/// Patterns of one search, and the bytes that they may have together: building
/// the automaton takes some ten milliseconds then.
const PATTERNS: usize = 10_000;
const PATTERN_BYTES: usize = 256 << 10;
/// All automata of the process together.
const CACHE_BYTES: u64 = 32 << 20;

/// Steps for each character that is composed or looked up in a table.
const CHARACTER: u64 = 8;
/// Steps for each byte that is split into words.
const WORD_BYTE: u64 = 3;
/// Steps for each byte of patterns, and for each pattern, whether an automaton is
/// built of them or was before: a replay must count the same.
const PATTERN_BYTE: u64 = 2;
const PATTERN: u64 = 16;
/// Steps for each byte that an automaton reads.
const AUTOMATON_BYTE: u64 = 2;

/// `text.match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[component(record)]
struct Match {
    pattern: u32,
    span: Span,
}

/// Automata by the hash of their patterns.
static AUTOMATA: LazyLock<Cache<String, Arc<NFA>>> = LazyLock::new(|| {
    Cache::builder()
        .max_capacity(CACHE_BYTES)
        .weigher(|_: &String, automaton: &Arc<NFA>| {
            u32::try_from(automaton.memory_usage()).unwrap_or(u32::MAX)
        })
        .build()
});

/// Links one function: its parameters, and the one that answers.
macro_rules! function {
    ($instance:ident, $name:literal, ($($parameter:ident: $type:ty),+), $answer:ident) => {
        $instance.func_wrap_async(
            $name,
            |mut store: StoreContextMut<'_, Guest>, ($($parameter,)+): ($($type,)+)| {
                Box::new(async move {
                    let mut meter = take_meter(&mut store)?;
                    let answer = $answer($($parameter,)+ &mut meter).await;
                    give_back(&mut store, meter);
                    Ok((answer?,))
                })
            },
        )?;
    };
}

pub(super) fn link(linker: &mut Linker<Guest>, interface: &str) -> wasmtime::Result<()> {
    let mut instance = linker.instance(interface)?;
    function!(instance, "normalise", (given: String), normalise);
    function!(instance, "fold", (given: String), fold);
    function!(instance, "words", (given: String), words);
    function!(instance, "find", (pattern: String, given: String), find);
    function!(instance, "find-any", (patterns: Vec<String>, given: String), find_any);
    Ok(())
}

async fn normalise(given: String, meter: &mut Meter) -> Result<String, HostWorkExhausted> {
    check_length(&given)?;
    Ok(normalised(&given, meter).await?)
}

async fn fold(given: String, meter: &mut Meter) -> Result<String, HostWorkExhausted> {
    check_length(&given)?;
    let normalised = normalised(&given, meter).await?;
    let folded = collect(normalised.len(), text::case_folded(&normalised), meter).await?;
    Ok(collect(folded.len(), text::skeleton_of_folded(&folded), meter).await?)
}

async fn words(given: String, meter: &mut Meter) -> Result<Vec<Span>, HostWorkExhausted> {
    check_length(&given)?;
    meter.spend(WORD_BYTE * steps(given.len()))?;
    let mut words = Vec::new();
    for (start, word) in given.unicode_word_indices().take(WORDS) {
        words.push(span(&(start..start + word.len())));
        if words.len().is_multiple_of(WORDS_BETWEEN_YIELDS) {
            meter.pause().await;
        }
    }
    Ok(words)
}

/// Words that are told between two yields: some thousand characters.
const WORDS_BETWEEN_YIELDS: usize = 500;

async fn find(
    pattern: String,
    given: String,
    meter: &mut Meter,
) -> wasmtime::Result<Result<Vec<Span>, String>> {
    if given.len() > TEXT_BYTES {
        return Ok(Err(too_long_a_text()));
    }
    let found = regex::find(pattern, &given, PLACES, meter).await;
    Ok(found.map(|found| found.iter().map(span).collect()))
}

async fn find_any(
    patterns: Vec<String>,
    given: String,
    meter: &mut Meter,
) -> wasmtime::Result<Result<Vec<Match>, String>> {
    Ok(find_patterns(patterns, &given, meter).await)
}

async fn find_patterns(
    patterns: Vec<String>,
    text: &str,
    meter: &mut Meter,
) -> Result<Vec<Match>, String> {
    if text.len() > TEXT_BYTES {
        return Err(too_long_a_text());
    }
    if patterns.len() > PATTERNS {
        return Err(format!("more than {PATTERNS} patterns"));
    }
    if patterns.iter().any(String::is_empty) {
        return Err("a pattern is empty".to_owned());
    }
    let bytes = patterns.iter().map(String::len).sum::<usize>();
    if bytes > PATTERN_BYTES {
        return Err(format!("the patterns have more than {PATTERN_BYTES} bytes together"));
    }
    let too_long = |Spent| "the patterns take too long for a text of this length".to_owned();
    let cost = PATTERN_BYTE * steps(bytes) + PATTERN * steps(patterns.len());
    meter.spend(cost).map_err(too_long)?;
    let automaton = automaton(patterns).await?;
    let (mut found, mut at) = (Vec::new(), 0);
    while found.len() < PLACES
        && let Some((pattern, place)) =
            next_match(&automaton, text, at, meter).await.map_err(too_long)?
    {
        at = place.end;
        found.push(Match { pattern: pattern.as_u32(), span: span(&place) });
    }
    Ok(found)
}

/// The leftmost match from `at` on, and of those that begin there the longest.
async fn next_match(
    automaton: &NFA,
    text: &str,
    at: usize,
    meter: &mut Meter,
) -> Result<Option<(PatternID, Range)>, Spent> {
    // Every automaton here can begin anywhere.
    let Ok(mut state) = automaton.start_state(Anchored::No) else { return Ok(None) };
    let mut longest = None;
    for (end, byte) in (at + 1..).zip(text.bytes().skip(at)) {
        meter.spend(AUTOMATON_BYTE)?;
        if meter.is_pause_due() {
            meter.pause().await;
        }
        state = automaton.next_state(Anchored::No, state, byte);
        if automaton.is_dead(state) {
            break;
        }
        if automaton.is_match(state) {
            let pattern = automaton.match_pattern(state, 0);
            // Patterns are whole characters, so places are.
            longest = Some((pattern, end - automaton.pattern_len(pattern)..end));
        }
    }
    Ok(longest)
}

async fn automaton(patterns: Vec<String>) -> Result<Arc<NFA>, String> {
    // With their lengths, so that no two lists of patterns read the same.
    let lengths: Vec<usize> = patterns.iter().map(String::len).collect();
    let list = format!("{lengths:?}{}", patterns.concat());
    let name = sha256_hex(list.as_bytes());
    if let Some(automaton) = AUTOMATA.get(&name) {
        return Ok(automaton);
    }
    compiling::run(move || {
        let automaton = contiguous::Builder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(patterns)
            .map_err(|error| error.to_string())?;
        let automaton = Arc::new(automaton);
        AUTOMATA.insert(name, Arc::clone(&automaton));
        Ok(automaton)
    })
    .await?
}

/// The text as [`text::normalised`] gives it.
async fn normalised(given: &str, meter: &mut Meter) -> Result<String, Spent> {
    let lower = collect(given.len(), text::composed_lower(given), meter).await?;
    Ok(text::single_spaced(&lower))
}

/// Collects the characters that are made of a text of so many bytes, and counts
/// them.
async fn collect(
    bytes: usize,
    characters: impl Iterator<Item = char>,
    meter: &mut Meter,
) -> Result<String, Spent> {
    // Some characters come to nothing, and are looked up all the same.
    meter.spend(steps(bytes))?;
    let mut text = String::with_capacity(bytes);
    for character in characters {
        meter.spend(CHARACTER)?;
        if meter.is_pause_due() {
            meter.pause().await;
        }
        text.push(character);
    }
    Ok(text)
}

/// Whether a text is short enough for a function that has no other refusal.
fn check_length(text: &str) -> Result<(), HostWorkExhausted> {
    if text.len() > TEXT_BYTES { Err(HostWorkExhausted) } else { Ok(()) }
}

fn too_long_a_text() -> String {
    format!("the text is longer than {TEXT_BYTES} bytes")
}

fn span(place: &Range) -> Span {
    let byte = |at| u32::try_from(at).unwrap_or(u32::MAX);
    Span { start: byte(place.start), end: byte(place.end) }
}

#[cfg(test)]
mod tests;
