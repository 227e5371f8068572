//! Regular expressions of plugins: all states of an expression are tried at each
//! byte of the text side by side, so the time is at most the product of both, and
//! every step of it is counted.
//!
//! A lazy automaton would be faster on most expressions, and its cost cannot be
//! counted: it spends its time where it makes new states.

use std::{
    ops,
    sync::{Arc, LazyLock},
};

use moka::sync::Cache;
use regex_automata::{
    nfa::thompson::{self, NFA, State, WhichCaptures},
    util::primitives::StateID,
};

use super::{
    compiling,
    work::{Meter, Spent, steps},
};

/// Longest expression.
const PATTERN_BYTES: usize = 1 << 10;
/// Most memory of a compiled expression.
const COMPILED_BYTES: usize = 1 << 20;
/// All compiled expressions of the process together, the refused ones included.
const CACHE_BYTES: u64 = 16 << 20;
/// Steps for each byte of an expression, whether it is compiled or was before: a
/// replay must count the same.
const STEPS_PER_PATTERN_BYTE: u64 = 64;
/// Bytes of text that are passed over for one step while nothing of the expression
/// can begin there.
const SKIPPED_PER_STEP: usize = 4;
/// Steps of looking where a byte leads from one state.
const STEP: u64 = 2;
/// Steps of an assertion such as `\b`, which reads the characters around it.
const ASSERTION: u64 = 4;

/// A range of bytes of a text.
pub(super) type Range = ops::Range<usize>;

/// An expression, or what is wrong with it.
type Compiled = Arc<Result<Expression, String>>;

static COMPILED: LazyLock<Cache<String, Compiled>> = LazyLock::new(|| {
    Cache::builder()
        .max_capacity(CACHE_BYTES)
        .weigher(|pattern: &String, compiled: &Compiled| {
            let bytes = compiled.as_ref().as_ref().map_or_else(String::len, Expression::bytes);
            u32::try_from(pattern.len() + bytes).unwrap_or(u32::MAX)
        })
        .build()
});

struct Expression {
    nfa: NFA,
    /// The bytes that a match can begin with; `None` when it can be empty.
    first: Option<Box<[bool; 256]>>,
}

impl Expression {
    fn compile(pattern: &str) -> Result<Self, String> {
        let config = thompson::Config::new()
            .nfa_size_limit(Some(COMPILED_BYTES))
            .which_captures(WhichCaptures::None);
        let nfa =
            NFA::compiler().configure(config).build(pattern).map_err(|error| root_cause(&error))?;
        let first = first_bytes(&nfa);
        Ok(Self { nfa, first })
    }

    fn bytes(&self) -> usize {
        self.nfa.memory_usage() + size_of::<[bool; 256]>()
    }

    async fn find_all(
        &self,
        text: &str,
        most: usize,
        meter: &mut Meter,
    ) -> Result<Vec<Range>, Spent> {
        let mut search = Search::new(self, text);
        let (mut found, mut at) = (Vec::<Range>::new(), 0);
        while found.len() < most
            && let Some(place) = search.run(at, meter).await?
        {
            // An empty match right behind another does not count: the search goes
            // on one character later.
            let is_behind = found.last().is_some_and(|last| last.end == place.end);
            if !place.is_empty() || !is_behind {
                at = place.end;
                found.push(place);
            } else if place.end < text.len() {
                at = text.ceil_char_boundary(place.end + 1);
            } else {
                break;
            }
        }
        Ok(found)
    }
}

/// One state, in the order of preference, and where its match would begin.
#[derive(Clone, Copy)]
struct Thread {
    state: StateID,
    start: usize,
}

/// A text on its way through an expression.
struct Search<'a> {
    expression: &'a Expression,
    text: &'a str,
    /// For each state, the last round in which it was reached. A round is one
    /// place in the text.
    reached: Vec<u64>,
    round: u64,
    /// States that are still to be followed in [`Search::reach`].
    stack: Vec<StateID>,
}

impl<'a> Search<'a> {
    fn new(expression: &'a Expression, text: &'a str) -> Self {
        let reached = vec![0; expression.nfa.states().len()];
        Self { expression, text, reached, round: 0, stack: Vec::new() }
    }

    /// The leftmost match that begins at `at` or later; among those that begin
    /// there, the one that the expression prefers.
    async fn run(&mut self, mut at: usize, meter: &mut Meter) -> Result<Option<Range>, Spent> {
        let (mut current, mut next, mut matched) = (Vec::new(), Vec::new(), None);
        self.round += 1;
        while at <= self.text.len() {
            if meter.is_pause_due() {
                meter.pause().await;
            }
            if current.is_empty() {
                if matched.is_some() {
                    break;
                }
                let Some(start) = self.next_start(at, meter)? else { break };
                at = start;
                self.round += 1;
            }
            meter.spend(1)?;
            // Matches begin at whole characters.
            if matched.is_none() && self.text.is_char_boundary(at) {
                let start = Thread { state: self.expression.nfa.start_anchored(), start: at };
                self.reach(start, at, &mut current, meter)?;
            }
            self.round += 1;
            matched = self.step(&current, at, &mut next, meter)?.or(matched);
            std::mem::swap(&mut current, &mut next);
            next.clear();
            at += 1;
        }
        Ok(matched)
    }

    /// The first place from `at` on where a match can begin.
    fn next_start(&self, at: usize, meter: &mut Meter) -> Result<Option<usize>, Spent> {
        let Some(first) = &self.expression.first else { return Ok(Some(at)) };
        let begins = |byte: &u8| first.get(usize::from(*byte)).is_some_and(|begins| *begins);
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        let skipped = rest.iter().position(begins);
        meter.spend(steps(skipped.unwrap_or(rest.len()) / SKIPPED_PER_STEP))?;
        Ok(skipped.map(|skipped| at + skipped))
    }

    /// Takes all states over the byte at `at`; the match that ends before it, if
    /// one does.
    fn step(
        &mut self,
        current: &[Thread],
        at: usize,
        next: &mut Vec<Thread>,
        meter: &mut Meter,
    ) -> Result<Option<Range>, Spent> {
        let byte = self.text.as_bytes().get(at).copied();
        let nfa = &self.expression.nfa;
        for thread in current {
            let state = nfa.state(thread.state);
            if matches!(state, State::Match { .. }) {
                // The threads behind this one are preferred less.
                return Ok(Some(thread.start..at));
            }
            let Some(byte) = byte else { continue };
            meter.spend(STEP)?;
            if let Some(state) = successor(state, byte) {
                self.reach(Thread { state, ..*thread }, at + 1, next, meter)?;
            }
        }
        Ok(None)
    }

    /// Adds what can be reached from a state without another byte.
    fn reach(
        &mut self,
        from: Thread,
        at: usize,
        into: &mut Vec<Thread>,
        meter: &mut Meter,
    ) -> Result<(), Spent> {
        let nfa = &self.expression.nfa;
        self.stack.push(from.state);
        while let Some(state) = self.stack.pop() {
            meter.spend(1)?;
            match self.reached.get_mut(state.as_usize()) {
                Some(round) if *round != self.round => *round = self.round,
                _ => continue,
            }
            match nfa.state(state) {
                State::Fail => {}
                State::Match { .. }
                | State::ByteRange { .. }
                | State::Sparse(_)
                | State::Dense(_) => into.push(Thread { state, ..from }),
                State::Look { look, next } => {
                    meter.spend(ASSERTION)?;
                    if nfa.look_matcher().matches(*look, self.text.as_bytes(), at) {
                        self.stack.push(*next);
                    }
                }
                // The preferred one is followed first.
                State::Union { alternates } => self.stack.extend(alternates.iter().rev()),
                State::BinaryUnion { alt1, alt2 } => self.stack.extend([*alt2, *alt1]),
                State::Capture { next, .. } => self.stack.push(*next),
            }
        }
        Ok(())
    }
}

/// Where a byte leads from a state.
fn successor(state: &State, byte: u8) -> Option<StateID> {
    match state {
        State::ByteRange { trans } => trans.matches_byte(byte).then_some(trans.next),
        State::Sparse(sparse) => {
            let after = sparse.transitions.partition_point(|transition| transition.end < byte);
            let transition = sparse.transitions.get(after)?;
            transition.matches_byte(byte).then_some(transition.next)
        }
        State::Dense(dense) => dense.matches_byte(byte),
        _ => None,
    }
}

/// The bytes that a match can begin with, assertions taken as true; `None` when a
/// match can be empty.
fn first_bytes(nfa: &NFA) -> Option<Box<[bool; 256]>> {
    let mut first = Box::new([false; 256]);
    let mut seen = vec![false; nfa.states().len()];
    let mut stack = vec![nfa.start_anchored()];
    while let Some(state) = stack.pop() {
        let Some(seen) = seen.get_mut(state.as_usize()) else { continue };
        if std::mem::replace(seen, true) {
            continue;
        }
        match nfa.state(state) {
            State::Fail => {}
            State::Match { .. } => return None,
            State::Look { next, .. } | State::Capture { next, .. } => stack.push(*next),
            State::Union { alternates } => stack.extend(alternates.iter()),
            State::BinaryUnion { alt1, alt2 } => stack.extend([*alt1, *alt2]),
            reads => {
                for (byte, begins) in (0..=u8::MAX).zip(first.iter_mut()) {
                    *begins |= successor(reads, byte).is_some();
                }
            }
        }
    }
    Some(first)
}

/// Finds where an expression matches, at most `most` places; the error says what
/// is wrong with the expression.
pub(super) async fn find(
    pattern: String,
    text: &str,
    most: usize,
    meter: &mut Meter,
) -> Result<Vec<Range>, String> {
    if pattern.len() > PATTERN_BYTES {
        return Err(format!("the expression is longer than {PATTERN_BYTES} bytes"));
    }
    let too_long = |Spent| "the expression takes too long for a text of this length".to_owned();
    meter.spend(STEPS_PER_PATTERN_BYTE * steps(pattern.len())).map_err(too_long)?;
    let compiled = match COMPILED.get(&pattern) {
        Some(compiled) => compiled,
        None => compiling::run(move || compile(pattern)).await?,
    };
    let expression = compiled.as_ref().as_ref().map_err(Clone::clone)?;
    expression.find_all(text, most, meter).await.map_err(too_long)
}

/// Compiles an expression for this call and for later ones.
fn compile(pattern: String) -> Compiled {
    let compiled = Arc::new(Expression::compile(&pattern));
    COMPILED.insert(pattern, Arc::clone(&compiled));
    compiled
}

/// The innermost cause of an error: the outer ones do not say what is wrong.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
