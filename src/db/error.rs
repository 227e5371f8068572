//! What the database may answer instead of rows.

use std::time::Duration;

use sqlx::{error::DatabaseError, mysql::MySqlDatabaseError};

use super::once;
use crate::base;

/// When a client may try again after the database did not answer.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// When it may after another transaction went first, which is over by then.
const RETRY_AFTER_CONFLICT: Duration = Duration::from_secs(1);

/// Why a statement did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// All connections were in use by other requests for too long.
    #[error("all connections to the database are in use")]
    Busy(#[source] sqlx::Error),
    /// No connection, a lock not given, the disk full.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// A unique rule does not allow the row: `table.column`.
    #[error("{0} exists already")]
    Unique(String),
    /// A write changed another number of rows than it must.
    #[error("a statement changed {actual} rows instead of {expected}")]
    WrongRowCount {
        /// As it should be.
        expected: u64,
        /// As it was.
        actual: u64,
    },
    /// A stored value that cannot be.
    #[error("column {column} holds what it must not")]
    Inconsistent {
        /// Which column.
        column: &'static str,
    },
    /// The migrations cannot be applied.
    #[error("the schema cannot be brought up to date")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// Anything else.
    #[error("the database refused a statement")]
    Driver(#[source] sqlx::Error),
}

impl Error {
    /// Whether this is the unique rule of `columns`, as in `accounts.email_key`.
    pub fn is_unique(&self, columns: &str) -> bool {
        matches!(self, Self::Unique(found) if found == columns)
    }
}

/// `BUSY`, `LOCKED`, `READONLY`, `IOERR`, `FULL`, `CANTOPEN`.
const SQLITE_UNAVAILABLE: [u32; 6] = [5, 6, 8, 10, 13, 14];
/// Disk or table full; too many connections; shutting down; a broken network,
/// packet or connection; a lock not given, a deadlock; read-only; a node of a
/// cluster that is not ready; a statement or connection that was ended.
const MYSQL_UNAVAILABLE: [u16; 25] = [
    1021, 1040, 1047, 1053, 1077, 1079, 1114, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1205, 1213,
    1290, 1317, 1792, 1836, 1927, 1969, 2013, 3024, 4031,
];

/// Of those, a lock not given and a deadlock.
const MYSQL_CONFLICT: [u16; 2] = [1205, 1213];

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if Self::is_gone(&error) {
            return Self::Unavailable(error);
        }
        match &error {
            sqlx::Error::Database(database) if database.is_unique_violation() => {
                Self::Unique(unique(database.as_ref()))
            }
            sqlx::Error::PoolTimedOut => Self::Busy(error),
            sqlx::Error::PoolClosed => Self::Unavailable(error),
            _ => Self::Driver(error),
        }
    }
}

impl Error {
    /// Whether the database could not answer; not whether we did not ask.
    pub(super) fn is_gone(error: &sqlx::Error) -> bool {
        match error {
            sqlx::Error::Io(_) => true,
            sqlx::Error::Database(database) => {
                if let Some(error) = database.try_downcast_ref::<MySqlDatabaseError>() {
                    return MYSQL_UNAVAILABLE.contains(&error.number());
                }
                let code = database.code().and_then(|code| code.parse::<u32>().ok());
                code.is_some_and(|code| SQLITE_UNAVAILABLE.contains(&(code & 0xff)))
            }
            _ => false,
        }
    }

    /// Whether the server took the transaction back for another one's sake: a
    /// deadlock, a lock not given in time, or what another node of a cluster had
    /// committed first.
    pub(super) fn is_conflict(error: &sqlx::Error) -> bool {
        let error = error.as_database_error().and_then(|error| error.try_downcast_ref());
        error.is_some_and(|error: &MySqlDatabaseError| MYSQL_CONFLICT.contains(&error.number()))
    }

    /// A transaction that has broken off.
    pub(super) fn over() -> Self {
        Self::Unavailable(sqlx::Error::Io(std::io::ErrorKind::ConnectionAborted.into()))
    }
}

/// What of a broken rule names it: columns on `SQLite`, a key on `MySQL`.
fn unique(error: &dyn DatabaseError) -> String {
    let message = error.message();
    // "Duplicate entry 'ada' for key 'accounts.username'", or without the table.
    let key = message.rsplit_once("for key '").map(|(_, key)| key.trim_end_matches('\''));
    let key = key.map(|key| key.rsplit('.').next().unwrap_or(key));
    // "UNIQUE constraint failed: accounts.email_key"
    key.or_else(|| message.rsplit(": ").next()).unwrap_or_default().to_owned()
}

impl From<Error> for base::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Busy(_) => Self::Busy { what: "database", retry_after: RETRY_AFTER },
            Error::Unavailable(source) => {
                tracing::warn!(error = %source, "the database is not available");
                let conflict = Error::is_conflict(&source);
                let retry_after = if conflict { RETRY_AFTER_CONFLICT } else { RETRY_AFTER };
                Self::Unavailable { what: "database", retry_after }
            }
            error if error.is_unique(once::UNIQUE) => Self::conflict(
                "idempotency_key_in_use",
                "A request with this key is under way; its answer is not known yet.",
            ),
            error => Self::internal(error),
        }
    }
}
