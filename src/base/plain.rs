//! Errors of deserialisation in plain English: the rule that a value broke, in the terms
//! of JSON and of TOML, without names of Rust types.

/// A rule that a value from outside broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The field that is missing, unknown or repeated, where the error names one: it is
    /// inside the value at which the error was found.
    pub field: Option<String>,
    /// Stable code of the rule: `required`, `unknown`, `repeated` or `type`.
    pub rule: &'static str,
    /// The rule in words that follow the name of the field.
    pub message: String,
}

impl Broken {
    /// The rule of the type, with these words.
    pub fn kind(message: impl Into<String>) -> Self {
        Self { field: None, rule: "type", message: message.into() }
    }

    /// A field that has to be there.
    pub fn required(field: &str) -> Self {
        Self { field: Some(field.to_owned()), rule: "required", message: "is required".into() }
    }

    /// A field that is not known, with those that are.
    pub fn unknown<S: AsRef<str>>(field: &str, known: &[S]) -> Self {
        let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
        let message = if known.is_empty() {
            "is not known; no field is".to_owned()
        } else {
            format!("is not known; known are {}", known.join(", "))
        };
        Self { field: Some(field.to_owned()), rule: "unknown", message }
    }

    /// A field that is there more than once.
    pub fn repeated(field: &str) -> Self {
        let message = "is given more than once".into();
        Self { field: Some(field.to_owned()), rule: "repeated", message }
    }

    /// A value of which only some are possible.
    pub fn one_of<S: AsRef<str>>(values: &[S]) -> Self {
        let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
        Self::kind(format!("must be one of {}", values.join(", ")))
    }

    /// A value of another type.
    pub fn expected(wanted: &str, found: &str) -> Self {
        match name_of(found) {
            Some(found) => Self::kind(format!("must be {}, not {found}", wanted_words(wanted))),
            None => Self::kind(format!("must be {}", wanted_words(wanted))),
        }
    }

    /// Reads the words of a deserialiser.
    pub fn parse(words: &str) -> Self {
        let words = without_place(words);
        let named = || between(words).unwrap_or_default();
        let says = |text: &str| words.starts_with(text);
        let (before, wanted) = words.rsplit_once(", expected ").unwrap_or((words, ""));
        let found = before.split_once(": ").map_or("", |(_, found)| found);
        if says("missing field") {
            Self::required(named())
        } else if says("duplicate field") {
            Self::repeated(named())
        } else if says("unknown field") {
            Self::unknown(named(), &listed(wanted))
        } else if says("unknown variant") {
            Self::one_of(&listed(wanted))
        } else if says("invalid type") {
            Self::expected(wanted, found)
        } else if says("invalid value") {
            Self::kind(format!("must be {}", wanted_words(wanted)))
        } else if says("invalid length") {
            Self::kind("does not have the right number of items")
        } else if says("UUID parsing failed") {
            Self::kind("must be a UUID")
        } else if says("invalid socket address") {
            Self::kind("must be an address with a port, like 127.0.0.1:8080")
        } else if says("number out of range") {
            Self::kind("is a number out of range")
        } else if says("data did not match any variant") || is_of_a_program(words) {
            Self::kind("does not have a form that is known here")
        } else {
            Self::kind(words)
        }
    }
}

/// The words without the line and column that `serde_json` puts behind them.
pub fn without_place(words: &str) -> &str {
    words.rsplit_once(" at line ").map_or(words, |(words, _)| words)
}

/// The text between the first two backticks.
fn between(words: &str) -> Option<&str> {
    let (_, rest) = words.split_once('`')?;
    rest.split_once('`').map(|(inside, _)| inside)
}

/// Every text between backticks.
fn listed(words: &str) -> Vec<&str> {
    words.split('`').skip(1).step_by(2).collect()
}

/// Words for the type that is wanted.
fn wanted_words(wanted: &str) -> String {
    let range = |least: i128, most: i128| format!("a whole number from {least} to {most}");
    let first = wanted.split(' ').next().unwrap_or_default();
    match wanted {
        "u8" => range(0, u8::MAX.into()),
        "u16" => range(0, u16::MAX.into()),
        "u32" => range(0, u32::MAX.into()),
        "u64" | "usize" => "a whole number from 0".into(),
        "i8" => range(i8::MIN.into(), i8::MAX.into()),
        "i16" => range(i16::MIN.into(), i16::MAX.into()),
        "i32" => range(i32::MIN.into(), i32::MAX.into()),
        "i64" | "isize" => "a whole number".into(),
        "a nonzero u16" | "a nonzero u32" | "a nonzero u64" | "a nonzero usize" => {
            "a whole number above 0".into()
        }
        "f32" | "f64" => "a number".into(),
        "a boolean" | "bool" => "true or false".into(),
        "a string" | "str" | "string" | "a borrowed string" | "path string" => "a string".into(),
        "a UUID string" => "a UUID".into(),
        "a map" | "map" => "an object".into(),
        "a sequence" | "sequence" => "an array".into(),
        "socket address" => "an address with a port, like \"127.0.0.1:8080\"".into(),
        _ => match first {
            "struct" | "internally" => "an object".into(),
            "tuple" => "an array".into(),
            "enum" | "variant" | "externally" => "one of the values that are known".into(),
            _ if is_of_a_program(wanted) || wanted.is_empty() => "of another type".into(),
            _ => wanted.to_owned(),
        },
    }
}

/// The type of the value that came, in the terms of JSON.
fn name_of(found: &str) -> Option<&'static str> {
    let kinds: &[(&str, &str)] = &[
        ("bool", "a boolean"),
        ("integer", "a number"),
        ("unsigned int", "a number"),
        ("signed int", "a number"),
        ("float", "a fraction"),
        ("number", "a number"),
        ("string", "a string"),
        ("character", "a string"),
        ("null", "null"),
        ("unit", "null"),
        ("Option", "null"),
        ("sequence", "an array"),
        ("map", "an object"),
    ];
    kinds.iter().find(|(kind, _)| found.starts_with(kind)).map(|(_, name)| *name)
}

/// Whether words speak of the program that reads and not of the value.
fn is_of_a_program(words: &str) -> bool {
    words.contains("::") || words.contains("untagged") || words.contains("struct ")
}

#[cfg(test)]
mod tests {
    use super::Broken;

    #[test]
    fn words_of_a_deserialiser_become_plain_rules() {
        for (words, field, message) in [
            ("missing field `title` at line 1 column 2", Some("title"), "is required"),
            (
                "unknown field `a`, expected one of `b`, `c`",
                Some("a"),
                "is not known; known are b, c",
            ),
            ("unknown field `a`, there are no fields", Some("a"), "is not known; no field is"),
            ("unknown variant `a`, expected `b` or `c`", None, "must be one of b, c"),
            ("duplicate field `a`", Some("a"), "is given more than once"),
            (
                "invalid type: string \"x, expected y\", expected u8 at line 1 column 8",
                None,
                "must be a whole number from 0 to 255, not a string",
            ),
            ("invalid type: null, expected a string", None, "must be a string, not null"),
            (
                "invalid value: integer `-1`, expected u16",
                None,
                "must be a whole number from 0 to 65535",
            ),
            (
                "invalid type: sequence, expected struct gatherly::posts::New",
                None,
                "must be an object, not an array",
            ),
            (
                "data did not match any variant of untagged enum Settings",
                None,
                "does not have a form that is known here",
            ),
            ("UUID parsing failed: invalid length", None, "must be a UUID"),
            ("must be a colour", None, "must be a colour"),
        ] {
            let broken = Broken::parse(words);
            assert_eq!((broken.field.as_deref(), &*broken.message), (field, message), "{words}");
        }
    }
}
