//! What a plugin's answer may hold, and how its text is made harmless.
//!
//! The ABI vouches for types and UTF-8 and for nothing else: sizes, ranges,
//! control characters and sense are checked here, before anything is kept.

mod effects;

use super::{
    decision::{Event, Verdict},
    fault::{Fault, FaultKind},
    model::{Effect, Evidence, Finding, Patch, RawVerdict, Said, Span, Subject},
};

/// A paragraph for the author.
const REASON_BYTES: usize = 1 << 10;
/// More findings than anybody reads.
const EVIDENCE_ITEMS: usize = 32;
/// Lengths within a piece of evidence; `wit/types.wit` tells the first two.
const RULE_BYTES: usize = 64;
const TEXT_BYTES: usize = 512;
const FIELD_BYTES: usize = 64;
const FEATURE_BYTES: usize = 512;
/// New title and body together; above what a user may write.
const PATCH_BYTES: usize = 128 << 10;
/// As many as there are kinds of deeds.
const DEEDS: usize = 4;
/// More values than a notification is made of.
const VALUES: usize = 16;
/// An id as text, and some room.
const ID_BYTES: usize = 64;

/// An answer that keeps to the rules.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    pub(super) message: Option<String>,
    pub(super) patch: Option<Patch>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) effects: Vec<Effect>,
}

/// Checks one answer about `event` and cleans its text.
pub(super) fn check<S: Subject>(said: Said, event: &Event<S>) -> Result<Answer, Fault> {
    let Said { verdict, mut evidence, mut effects } = said;
    if evidence.len() > EVIDENCE_ITEMS {
        return Err(too_much(&format!("more than {EVIDENCE_ITEMS} pieces of evidence")));
    }
    for item in &mut evidence {
        check_evidence(item, event)?;
    }
    effects::check(&mut effects)?;
    let (verdict, message, patch) = match verdict {
        RawVerdict::Allow => (Verdict::Allow, None, None),
        RawVerdict::Annotate => (Verdict::Annotate, None, None),
        RawVerdict::Modify(patch) => (Verdict::Modify, None, Some(check_patch(patch)?)),
        RawVerdict::Hold(reason) => (Verdict::Hold, Some(reason), None),
        RawVerdict::Require(what, reason) => {
            (Verdict::Hold, Some(reason), Some(Patch::Requirement(what)))
        }
        RawVerdict::Reject(reason) => (Verdict::Reject, Some(reason), None),
    };
    let message = message.map(|reason| check_text("reason", reason, REASON_BYTES)).transpose()?;
    Ok(Answer { verdict, message, patch, evidence, effects })
}

fn check_evidence<S: Subject>(evidence: &mut Evidence, event: &Event<S>) -> Result<(), Fault> {
    clean_line("rule", &mut evidence.rule, RULE_BYTES)?;
    clean("text", &mut evidence.text, TEXT_BYTES)?;
    if let Some(field) = &mut evidence.field {
        clean_line("field", field, FIELD_BYTES)?;
    }
    match &mut evidence.finding {
        None => Ok(()),
        Some(Finding::Feature(feature)) => {
            clean_line("feature name", &mut feature.name, FEATURE_BYTES)?;
            clean_line("feature value", &mut feature.value, FEATURE_BYTES)
        }
        Some(Finding::Span(span)) => {
            let field = evidence.field.as_deref().unwrap_or_default();
            let text = event
                .text(field)
                .ok_or_else(|| nonsense(&format!("a span in `{field}`, which is no text here")))?;
            check_span(*span, field, text)
        }
    }
}

fn check_span(span: Span, field: &str, text: &str) -> Result<(), Fault> {
    let start = usize::try_from(span.start).unwrap_or(usize::MAX);
    let end = usize::try_from(span.end).unwrap_or(usize::MAX);
    if text.get(start..end).is_some() {
        return Ok(());
    }
    let length = text.len();
    Err(nonsense(&format!(
        "span {start}..{end} is not a range of characters in `{field}` of {length} bytes"
    )))
}

fn check_patch(mut patch: Patch) -> Result<Patch, Fault> {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    match &mut patch {
        Patch::Content(patch) => {
            if length(&patch.title) + length(&patch.body) > PATCH_BYTES {
                return Err(too_much(&format!("a patch of more than {PATCH_BYTES} bytes")));
            }
        }
        Patch::Ban(patch) => {
            if let Some(reason) = &mut patch.reason {
                clean("reason", reason, REASON_BYTES)?;
            }
            if patch.deeds.as_ref().is_some_and(|deeds| deeds.len() > DEEDS) {
                return Err(too_much(&format!("more than {DEEDS} deeds")));
            }
        }
        Patch::Notification(patch) => {
            if patch.values.len() > VALUES {
                return Err(too_much(&format!("more than {VALUES} values")));
            }
            for value in &mut patch.values {
                clean_line("value name", &mut value.name, FEATURE_BYTES)?;
                clean_line("value", &mut value.value, FEATURE_BYTES)?;
            }
        }
        Patch::Merge(id) => clean_line("id", id, ID_BYTES)?,
        Patch::Requirement(_) => {}
    }
    Ok(patch)
}

fn check_text(what: &str, mut text: String, most: usize) -> Result<String, Fault> {
    clean(what, &mut text, most)?;
    Ok(text)
}

fn clean(what: &str, text: &mut String, most: usize) -> Result<(), Fault> {
    if text.len() > most {
        return Err(too_much(&format!("a {what} of more than {most} bytes")));
    }
    text.retain(is_printable);
    Ok(())
}

/// The same for what is one line wherever it is shown.
fn clean_line(what: &str, text: &mut String, most: usize) -> Result<(), Fault> {
    clean(what, text, most)?;
    if text.contains('\n') {
        *text = text.replace('\n', " ");
    }
    Ok(())
}

fn too_much(what: &str) -> Fault {
    Fault::new(FaultKind::Output, what)
}

fn nonsense(what: &str) -> Fault {
    Fault::new(FaultKind::BadOutput, what)
}

/// Whether a character may stand in a plugin's text: line breaks may, but
/// nothing that moves a cursor or turns the direction of what follows.
fn is_printable(character: char) -> bool {
    let turns_text = matches!(character,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character == '\n' || !(character.is_control() || turns_text)
}

/// The text without control and direction characters, line breaks excepted.
pub fn printable(text: &str) -> String {
    text.chars().filter(|character| is_printable(*character)).collect()
}

/// At most this many bytes of a text, whole characters.
pub(super) fn truncated(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

#[cfg(test)]
mod tests;
