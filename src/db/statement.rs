//! A statement and its arguments, whatever engine runs it. Arguments are owned:
//! a statement outlives what it was made from.

use std::{borrow::Cow, fmt};

use uuid::Uuid;

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

    pub(super) const fn sqlite(self) -> &'static str {
        self.sqlite
    }

    pub(super) const fn mysql(self) -> &'static str {
        self.mysql
    }
}

impl From<&'static str> for Sql {
    fn from(sql: &'static str) -> Self {
        Self { sqlite: sql, mysql: sql }
    }
}

/// A value that a statement takes.
#[derive(Clone, Debug)]
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
