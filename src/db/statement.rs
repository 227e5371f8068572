//! A statement and its arguments, whatever engine runs it. Arguments are owned:
//! a statement outlives what it was made from.

use std::{borrow::Cow, fmt};

use uuid::Uuid;

use super::Engine;

/// The text of a statement: one for every engine, or one for each where they
/// have no words in common.
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    sqlite: &'static str,
    mysql: &'static str,
}

impl Sql {
    /// A text for each engine.
    pub const fn of_each(sqlite: &'static str, mysql: &'static str) -> Self {
        Self { sqlite, mysql }
    }

    /// The same text for every engine.
    pub const fn same(text: &'static str) -> Self {
        Self { sqlite: text, mysql: text }
    }

    /// [`Self::same`], of each of several.
    pub const fn each_same<const N: usize>(texts: [&'static str; N]) -> [Self; N] {
        Self::each_of_each(texts, texts)
    }

    /// [`Self::of_each`], of each of several.
    pub const fn each_of_each<const N: usize>(
        sqlite: [&'static str; N],
        mysql: [&'static str; N],
    ) -> [Self; N] {
        let mut all = [Self::same(""); N];
        let mut at = 0;
        while at < N {
            all[at] = Self::of_each(sqlite[at], mysql[at]);
            at += 1;
        }
        all
    }

    /// What is sent to an engine; to `MySQL` once `dialect` has put it into its words.
    pub const fn text(self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::MySql => self.mysql,
        }
    }
}

impl From<&'static str> for Sql {
    fn from(sql: &'static str) -> Self {
        Self::same(sql)
    }
}

/// A statement of the program, or several of one shape.
#[derive(Debug)]
pub struct Named {
    /// The module that names it.
    pub module: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// What it says.
    pub texts: &'static [Sql],
}

/// Every statement of the program: what [`sql!`] named.
#[linkme::distributed_slice]
pub static EVERY: [Named];

/// Names a statement of a store, so that it can be prepared ahead, with all others.
///
/// `sql! { FIND = "select ..." }`; with a second text for `MySQL` where the engines have no
/// words in common; `sql! { LIST[3] = [...] }` for several of one shape.
macro_rules! sql {
    ($visibility:vis $name:ident = $text:expr $(,)?) => {
        $crate::db::sql!(=> $visibility $name, $crate::db::Sql, $crate::db::Sql::same($text), &[$name]);
    };
    ($visibility:vis $name:ident = $sqlite:expr, $mysql:expr $(,)?) => {
        $crate::db::sql!(=> $visibility $name, $crate::db::Sql, $crate::db::Sql::of_each($sqlite, $mysql), &[$name]);
    };
    ($name:ident[$count:literal] = $texts:expr $(,)?) => {
        $crate::db::sql!(=> $name, [$crate::db::Sql; $count], $crate::db::Sql::each_same($texts), &$name);
    };
    ($name:ident[$count:literal] = $sqlite:expr, $mysql:expr $(,)?) => {
        $crate::db::sql!(=> $name, [$crate::db::Sql; $count], $crate::db::Sql::each_of_each($sqlite, $mysql), &$name);
    };
    (=> $visibility:vis $name:ident, $type:ty, $value:expr, $texts:expr) => {
        $visibility const $name: $type = {
            #[expect(unsafe_code, reason = "where the linker finds it")]
            #[linkme::distributed_slice($crate::db::EVERY)]
            static NAMED: $crate::db::Named =
                $crate::db::Named { module: module_path!(), name: stringify!($name), texts: $texts };
            $value
        };
    };
}

/// The texts of an insert of one to four rows, from `insert!(row, ", ", row, ...)` of the
/// store: each is prepared once.
macro_rules! up_to_four {
    ($insert:ident, $row:literal) => {
        [
            $insert!($row),
            $insert!($row, ", ", $row),
            $insert!($row, ", ", $row, ", ", $row),
            $insert!($row, ", ", $row, ", ", $row, ", ", $row),
        ]
    };
}

pub(crate) use {sql, up_to_four};

/// A value that a statement takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// Numbers, times, marks.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// A text.
    Text(Cow<'static, str>),
    /// Bytes, ids among them.
    Bytes(Vec<u8>),
    /// An id.
    Id(Uuid),
}

/// A statement with its arguments.
#[derive(Clone)]
#[must_use = "a statement does nothing until it is run"]
pub struct Statement {
    pub(super) sql: Sql,
    pub(super) arguments: Vec<Value>,
}

/// Prepares a statement; bind its arguments in order.
pub fn statement(sql: impl Into<Sql>) -> Statement {
    Statement { sql: sql.into(), arguments: Vec::with_capacity(ARGUMENTS) }
}

/// What most statements take.
const ARGUMENTS: usize = 8;

impl Statement {
    /// Adds the next argument.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.arguments.push(value.into());
        self
    }

    /// The arguments so far, to be changed before it is asked again.
    pub fn arguments_mut(&mut self) -> &mut [Value] {
        &mut self.arguments
    }
}

/// Arguments are not for a log.
impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Statement").field(&self.sql.sqlite).finish()
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Integer(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<&'static str> for Value {
    fn from(value: &'static str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Id(value)
    }
}
