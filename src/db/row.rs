//! Rows of either engine, and their columns, by name.

use serde::de::DeserializeOwned;
use sqlx::{
    Decode, Row as _, Sqlite, Type, TypeInfo, ValueRef,
    error::BoxDynError,
    mysql::{MySql, MySqlRow, MySqlValueRef},
    sqlite::SqliteRow,
};
use uuid::Uuid;

use super::Error;
use crate::base::clock::Timestamp;

/// A row of a result.
#[derive(Debug)]
pub enum Row {
    /// From the embedded engine.
    Sqlite(SqliteRow),
    /// From `MySQL` or `MariaDB`.
    MySql(MySqlRow),
}

/// A value that either engine can give.
pub trait Field<'r>: Decode<'r, Sqlite> + Type<Sqlite> {
    /// Reads what `MySQL` sent. Its types are wider than ours: a sum is a
    /// decimal, a truth is a number.
    fn from_mysql(value: MySqlValueRef<'r>) -> Result<Self, BoxDynError>;
}

/// Reads columns by name.
pub trait Columns {
    /// The value of a column.
    fn value<'r, T: Field<'r>>(&'r self, name: &str) -> Result<T, Error>;

    /// An id.
    fn id<T: From<Uuid>>(&self, name: &str) -> Result<T, Error>;

    /// An id that may be absent.
    fn optional_id<T: From<Uuid>>(&self, name: &str) -> Result<Option<T>, Error>;

    /// A time.
    fn time(&self, name: &str) -> Result<Timestamp, Error>;

    /// A time that may be absent.
    fn optional_time(&self, name: &str) -> Result<Option<Timestamp>, Error>;

    /// A value that is stored as JSON.
    fn json<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, Error>;

    /// A value that is stored as JSON and may be absent.
    fn optional_json<T: DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, Error>;
}

impl Columns for Row {
    fn value<'r, T: Field<'r>>(&'r self, name: &str) -> Result<T, Error> {
        let row = match self {
            Self::Sqlite(row) => return row.try_get(name).map_err(Error::Driver),
            Self::MySql(row) => row,
        };
        let value = row.try_get_raw(name).map_err(Error::Driver)?;
        T::from_mysql(value).map_err(|source| {
            Error::Driver(sqlx::Error::ColumnDecode { index: name.to_owned(), source })
        })
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

    fn json<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, Error> {
        from_json(name, self.value(name)?)
    }

    fn optional_json<T: DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, Error> {
        self.value::<Option<&str>>(name)?.map(|text| from_json(name, text)).transpose()
    }
}

fn from_json<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| Error::Inconsistent { column })
}

impl<'r, T: Field<'r>> Field<'r> for Option<T> {
    fn from_mysql(value: MySqlValueRef<'r>) -> Result<Self, BoxDynError> {
        if value.is_null() { Ok(None) } else { T::from_mysql(value).map(Some) }
    }
}

impl<'r> Field<'r> for i64 {
    fn from_mysql(value: MySqlValueRef<'r>) -> Result<Self, BoxDynError> {
        if value.type_info().name() == "DECIMAL" {
            let digits = <&str as Decode<'_, MySql>>::decode(value)?;
            return Ok(digits.parse()?);
        }
        <Self as Decode<'_, MySql>>::decode(value)
    }
}

impl<'r> Field<'r> for bool {
    fn from_mysql(value: MySqlValueRef<'r>) -> Result<Self, BoxDynError> {
        i64::from_mysql(value).map(|number| number != 0)
    }
}

/// Values that are read as a number that fits.
macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl<'r> Field<'r> for $number {
            fn from_mysql(value: MySqlValueRef<'r>) -> Result<Self, BoxDynError> {
                Ok(Self::try_from(i64::from_mysql(value)?)?)
            }
        }
    )*};
}

numbers! { i32 u32 u16 }

/// Values that the driver reads as we do.
macro_rules! decoded {
    ($($value:ty)*) => {$(
        impl<'r> Field<'r> for $value {
            fn from_mysql(value: MySqlValueRef<'r>) -> Result<Self, BoxDynError> {
                <Self as Decode<'r, MySql>>::decode(value)
            }
        }
    )*};
}

decoded! { f64 String &'r str Vec<u8> &'r [u8] Uuid }
