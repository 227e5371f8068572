//! Settings that cannot be read, in plain English: where each came from, its key, and the
//! rule that its value breaks.

use figment::{
    Error,
    error::{Actual, Kind},
};

use crate::base::plain::Broken;

/// All that is wrong, each on a line.
pub(super) fn told(error: Error) -> String {
    error.into_iter().map(|error| told_one(&error)).collect::<Vec<_>>().join("\n")
}

fn told_one(error: &Error) -> String {
    let origin = error.metadata.as_ref().map(|metadata| {
        let source = metadata.source.as_ref().map(ToString::to_string);
        source.unwrap_or_else(|| metadata.name.to_string())
    });
    let broken = broken(&error.kind);
    let mut key = error.path.clone();
    if let Some(field) = broken.field.filter(|field| key.last() != Some(field)) {
        key.push(field);
    }
    let message = broken.message;
    let place = origin.into_iter().chain([key.join(".")]).filter(|part| !part.is_empty());
    let parts: Vec<String> = place.chain([message]).collect();
    parts.join(": ")
}

fn broken(kind: &Kind) -> Broken {
    match kind {
        Kind::InvalidType(found, wanted) => Broken::expected(wanted, &name_of(found)),
        Kind::InvalidValue(_, wanted) => Broken::expected(wanted, ""),
        Kind::InvalidLength(..) => Broken::kind("does not have the right number of items"),
        Kind::UnknownVariant(_, known) => Broken::one_of(known),
        Kind::UnknownField(field, known) => Broken::unknown(field, known),
        Kind::MissingField(field) => Broken::required(field),
        Kind::DuplicateField(field) => Broken::repeated(field),
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => {
            Broken::kind("is a number out of range")
        }
        Kind::Unsupported(_) | Kind::UnsupportedKey(..) => {
            Broken::kind("must be a value of another type")
        }
        Kind::Message(words) if words.starts_with("TOML") => Broken::kind(words),
        Kind::Message(words) => Broken::parse(words),
    }
}

/// The type of a value; never the value itself, which may be a secret.
fn name_of(found: &Actual) -> String {
    let words = found.to_string();
    words.split(['`', '"']).next().unwrap_or_default().to_owned()
}
