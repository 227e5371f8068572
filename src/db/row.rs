//! Columns of a row, by name.

use sqlx::{ColumnIndex, Decode, Row as _, Sqlite, Type};
use uuid::Uuid;

use super::{Error, Row};
use crate::base::clock::Timestamp;

/// Reads columns by name or number.
pub trait Columns {
    /// The value of a column.
    fn value<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(&'r self, name: &str) -> Result<T, Error>
    where
        for<'n> &'n str: ColumnIndex<Row>;

    /// An id.
    fn id<T: From<Uuid>>(&self, name: &str) -> Result<T, Error>;

    /// An id that may be absent.
    fn optional_id<T: From<Uuid>>(&self, name: &str) -> Result<Option<T>, Error>;

    /// A time.
    fn time(&self, name: &str) -> Result<Timestamp, Error>;

    /// A time that may be absent.
    fn optional_time(&self, name: &str) -> Result<Option<Timestamp>, Error>;
}

impl Columns for Row {
    fn value<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(&'r self, name: &str) -> Result<T, Error> {
        self.try_get(name).map_err(Error::Driver)
    }

    fn id<T: From<Uuid>>(&self, name: &str) -> Result<T, Error> {
        self.value::<Uuid>(name).map(T::from)
    }

    fn optional_id<T: From<Uuid>>(&self, name: &str) -> Result<Option<T>, Error> {
        Ok(self.value::<Option<Uuid>>(name)?.map(T::from))
    }

    fn time(&self, name: &str) -> Result<Timestamp, Error> {
        self.value(name).map(Timestamp)
    }

    fn optional_time(&self, name: &str) -> Result<Option<Timestamp>, Error> {
        Ok(self.value::<Option<i64>>(name)?.map(Timestamp))
    }
}
