//! What stands behind the keys of conditions. Each type reads itself from the
//! settings and refuses what makes no sense, with a remedy.

use std::fmt;

use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

/// A list with at least one entry.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Vec<T>", bound = "T: Deserialize<'de>")]
pub(crate) struct NonEmpty<T>(pub(crate) Vec<T>);

impl<T> TryFrom<Vec<T>> for NonEmpty<T> {
    type Error = &'static str;

    fn try_from(list: Vec<T>) -> Result<Self, Self::Error> {
        if list.is_empty() { Err("the list is empty") } else { Ok(Self(list)) }
    }
}

/// Where to look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    Title,
    Body,
    #[default]
    Both,
}

impl Place {
    /// Whether a field is looked at.
    pub(crate) fn includes(self, field: Self) -> bool {
        self == Self::Both || self == field
    }
}

/// From `min` to `max`, both included; one of them may be absent.
#[derive(Debug, Deserialize)]
#[serde(try_from = "BoundsText<T>", bound = "T: Deserialize<'de> + PartialOrd")]
pub(crate) struct Bounds<T> {
    min: Option<T>,
    max: Option<T>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BoundsText<T> {
    min: Option<T>,
    max: Option<T>,
}

impl<T: PartialOrd> TryFrom<BoundsText<T>> for Bounds<T> {
    type Error = &'static str;

    fn try_from(BoundsText { min, max }: BoundsText<T>) -> Result<Self, Self::Error> {
        Self::new(min, max)
    }
}

impl<T: PartialOrd> Bounds<T> {
    fn new(min: Option<T>, max: Option<T>) -> Result<Self, &'static str> {
        match (&min, &max) {
            (None, None) => Err("give `min`, `max` or both"),
            (Some(low), Some(high)) if low > high => Err("`min` is above `max`"),
            _ => Ok(Self { min, max }),
        }
    }

    /// Whether a value lies within.
    pub(crate) fn contain(&self, value: &T) -> bool {
        self.min.as_ref().is_none_or(|min| value >= min)
            && self.max.as_ref().is_none_or(|max| value <= max)
    }
}

/// A length of time in milliseconds, written as `3d`, `12h` or `1d 6h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Age(pub(crate) u64);

/// The units of time, from long to short, in milliseconds.
const UNITS: [(char, u64); 5] =
    [('w', 604_800_000), ('d', 86_400_000), ('h', 3_600_000), ('m', 60_000), ('s', 1_000)];

impl TryFrom<String> for Age {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no duration; write `3d`, `12h`, `30m` or `1d 6h`");
        let mut total = 0_u64;
        let mut number = None;
        for character in text.chars().filter(|character| *character != ' ') {
            if let Some(digit) = character.to_digit(10) {
                let longer = number.unwrap_or(0_u64).checked_mul(10);
                number = longer.and_then(|longer| longer.checked_add(digit.into()));
                number.ok_or_else(wrong)?;
            } else {
                let unit = UNITS.iter().find(|(unit, _)| *unit == character);
                let milliseconds = number
                    .take()
                    .zip(unit)
                    .and_then(|(number, (_, unit))| number.checked_mul(*unit));
                total = milliseconds.and_then(|it| total.checked_add(it)).ok_or_else(wrong)?;
            }
        }
        if text.trim().is_empty() || number.is_some() { Err(wrong()) } else { Ok(Self(total)) }
    }
}

impl fmt::Display for Age {
    /// In the largest unit that fits: people do not want milliseconds.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().find(|(_, unit)| self.0 >= *unit);
        let (unit, milliseconds) = unit.copied().unwrap_or(('s', 1_000));
        write!(formatter, "{}{unit}", self.0 / milliseconds)
    }
}

/// A length in characters.
#[derive(Debug, Deserialize)]
#[serde(try_from = "LengthText")]
pub(crate) struct Length {
    pub(crate) bounds: Bounds<usize>,
    pub(crate) place: Place,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LengthText {
    min: Option<usize>,
    max: Option<usize>,
    #[serde(rename = "in")]
    place: Place,
}

impl TryFrom<LengthText> for Length {
    type Error = &'static str;

    fn try_from(LengthText { min, max, place }: LengthText) -> Result<Self, Self::Error> {
        Ok(Self { bounds: Bounds::new(min, max)?, place })
    }
}

/// How much of the text is in capitals.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Capitals {
    /// Holds from this share of capitals on.
    pub(crate) percent: Percent,
    /// Texts with fewer letters are too short to tell.
    #[serde(default = "enough_letters")]
    pub(crate) letters: usize,
    #[serde(default, rename = "in")]
    pub(crate) place: Place,
}

/// Shorter texts are abbreviations and exclamations.
fn enough_letters() -> usize {
    20
}

/// A share.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "usize")]
pub(crate) struct Percent(pub(crate) usize);

impl TryFrom<usize> for Percent {
    type Error = &'static str;

    fn try_from(percent: usize) -> Result<Self, Self::Error> {
        if (1..=100).contains(&percent) {
            Ok(Self(percent))
        } else {
            Err("a percentage is from 1 to 100")
        }
    }
}

/// How many people are called by `@name`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mentions {
    /// Holds from this many mentions on.
    pub(crate) min: usize,
    #[serde(default, rename = "in")]
    pub(crate) place: Place,
}

/// How often the author has written the same lately.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Repeats {
    /// Holds from this many earlier texts on that say the same.
    #[serde(default = "once")]
    pub(crate) min: usize,
}

fn once() -> usize {
    1
}

/// How much the author has written lately.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recent {
    /// Holds from this many earlier texts on.
    pub(crate) min: usize,
    /// Only those count that are this young.
    pub(crate) within: Age,
}

/// What the author may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Member,
    Moderator,
    Admin,
}

/// One role, or a list of which any will do.
#[derive(Debug)]
pub(crate) struct Roles(pub(crate) Vec<Role>);

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Roles;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`member`, `moderator`, `admin`, or a list of them")
            }

            fn visit_str<E: de::Error>(self, role: &str) -> Result<Roles, E> {
                let role = Role::deserialize(de::value::StrDeserializer::new(role))?;
                Ok(Roles(vec![role]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Roles, A::Error> {
                NonEmpty::deserialize(SeqAccessDeserializer::new(seq)).map(|list| Roles(list.0))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
