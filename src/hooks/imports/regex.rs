//! Regular expressions of plugins, in linear time and with a bound on it.
//!
//! They run on a lazy automaton that gives up, rather than grow without end, on
//! the few expressions that would; then the slow way is taken where the text is
//! short enough for it.

use std::sync::{Arc, LazyLock};

use moka::sync::Cache;
use regex_automata::{
    Input, Match, MatchError,
    hybrid::{dfa, regex},
    nfa::thompson::{self, WhichCaptures, pikevm::PikeVM},
    util::iter::Searcher,
};

/// Longest expression.
const PATTERN_BYTES: usize = 1 << 10;
/// Most memory of a compiled expression, in each direction.
const COMPILED_BYTES: usize = 1 << 20;
/// Memory in which the automaton makes its states; it starts over when that is
/// full, and gives up when it did so [`FRESH_STARTS`] times for little text.
const STATES_BYTES: usize = 1 << 20;
const FRESH_STARTS: usize = 3;
const BYTES_PER_STATE: usize = 10;
/// States times bytes of text that are walked the slow way: some 20 ms.
const SLOW_STEPS: usize = 2_000_000;
/// All compiled expressions of the process together.
const CACHE_BYTES: u64 = 16 << 20;

static COMPILED: LazyLock<Cache<String, Arc<Expression>>> = LazyLock::new(|| {
    Cache::builder()
        .max_capacity(CACHE_BYTES)
        .weigher(|pattern: &String, expression: &Arc<Expression>| {
            u32::try_from(pattern.len() + expression.bytes()).unwrap_or(u32::MAX)
        })
        .build()
});

struct Expression {
    fast: regex::Regex,
    slow: PikeVM,
}

impl Expression {
    fn compile(pattern: &str) -> Result<Self, String> {
        let fast = regex::Regex::builder()
            .thompson(compiling())
            .dfa(
                dfa::Config::new()
                    .cache_capacity(STATES_BYTES)
                    .skip_cache_capacity_check(true)
                    .minimum_cache_clear_count(Some(FRESH_STARTS))
                    .minimum_bytes_per_state(Some(BYTES_PER_STATE))
                    .unicode_word_boundary(true),
            )
            .build(pattern)
            .map_err(|error| chain(&error))?;
        let slow = PikeVM::builder()
            .thompson(compiling().which_captures(WhichCaptures::Implicit))
            .build(pattern)
            .map_err(|error| chain(&error))?;
        Ok(Self { fast, slow })
    }

    fn bytes(&self) -> usize {
        let fast = self.fast.forward().memory_usage() + self.fast.reverse().memory_usage();
        fast + self.slow.get_nfa().memory_usage()
    }

    fn find(&self, text: &str, most: usize) -> Result<Vec<Match>, String> {
        let mut cache = self.fast.create_cache();
        if let Ok(found) = search(text, most, |input| self.fast.try_search(&mut cache, input)) {
            return Ok(found);
        }
        let states = self.slow.get_nfa().states().len();
        if states.saturating_mul(text.len()) > SLOW_STEPS {
            return Err("the expression takes too long for a text of this length".to_owned());
        }
        let mut cache = self.slow.create_cache();
        Ok(self.slow.find_iter(&mut cache, text).take(most).collect())
    }
}

fn compiling() -> thompson::Config {
    thompson::Config::new().nfa_size_limit(Some(COMPILED_BYTES))
}

fn search(
    text: &str,
    most: usize,
    mut next: impl FnMut(&Input<'_>) -> Result<Option<Match>, MatchError>,
) -> Result<Vec<Match>, MatchError> {
    let mut searcher = Searcher::new(Input::new(text));
    let mut found = Vec::new();
    while found.len() < most
        && let Some(place) = searcher.try_advance(&mut next)?
    {
        found.push(place);
    }
    Ok(found)
}

/// Where an expression matches, at most `most` places; what is wrong with it
/// otherwise.
pub(super) fn find(pattern: &str, text: &str, most: usize) -> Result<Vec<Match>, String> {
    if pattern.len() > PATTERN_BYTES {
        return Err(format!("the expression is longer than {PATTERN_BYTES} bytes"));
    }
    if let Some(expression) = COMPILED.get(pattern) {
        return expression.find(text, most);
    }
    let expression = Arc::new(Expression::compile(pattern)?);
    COMPILED.insert(pattern.to_owned(), Arc::clone(&expression));
    expression.find(text, most)
}

/// An error with its causes: the outermost one does not say what is wrong.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = error.to_string();
        cause = error.source();
    }
    words
}
