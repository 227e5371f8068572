//! How evidence is put together.

use std::ops::Range;

use crate::{Evidence, Feature, Finding, Span};

impl Evidence {
    /// What a rule saw. `rule` is its id within the settings; `text` is for
    /// people. Shown to moderators only, until [`Evidence::public`].
    #[must_use]
    pub fn new(rule: impl Into<String>, text: impl Into<String>) -> Self {
        Self { rule: rule.into(), field: None, finding: None, text: text.into(), public: false }
    }

    /// Where it stands: bytes of a field of the hook's input, on character
    /// boundaries. The field `rendered` is the text of [`crate::Event::rendered`].
    #[must_use]
    pub fn at(self, field: impl Into<String>, bytes: Range<usize>) -> Self {
        Self {
            field: Some(field.into()),
            finding: Some(Finding::Span(Span {
                start: offset(bytes.start),
                end: offset(bytes.end),
            })),
            ..self
        }
    }

    /// A property of the event or the actor, and the value it had; of a long value
    /// its beginning.
    #[must_use]
    pub fn measured(self, name: impl Into<String>, value: &impl ToString) -> Self {
        Self {
            finding: Some(Finding::Feature(Feature {
                name: name.into(),
                value: beginning(value.to_string()),
            })),
            ..self
        }
    }

    /// The field of the hook's input that it is about.
    #[must_use]
    pub fn field(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// Shows it to the author too.
    #[must_use]
    pub fn public(self) -> Self {
        Self { public: true, ..self }
    }
}

/// Bytes of a value that the host takes.
const VALUE_BYTES: usize = 512;

/// As much of a value as the host takes: an address can be as long as its author likes.
fn beginning(mut value: String) -> String {
    value.truncate(value.floor_char_boundary(VALUE_BYTES));
    value
}

/// A component cannot hold a text of 4 GiB, so nothing is ever cut off.
fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
