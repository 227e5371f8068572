//! What the database may answer instead of rows.

use std::time::Duration;

use super::once;
use crate::base;

/// When a client may try again after the database did not answer.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Why a statement did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection in time, a lock not given, the disk full.
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

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(database) = &error {
            if database.is_unique_violation() {
                // "UNIQUE constraint failed: accounts.email_key"
                let columns = database.message().rsplit(": ").next().unwrap_or_default();
                return Self::Unique(columns.to_owned());
            }
            // SQLITE_BUSY 5, LOCKED 6, READONLY 8, IOERR 10, FULL 13, CANTOPEN 14.
            let code = database.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or(0);
            if matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14) {
                return Self::Unavailable(error);
            }
        }
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Self::Unavailable(error)
            }
            error => Self::Driver(error),
        }
    }
}

impl From<Error> for base::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable(source) => {
                tracing::warn!(error = %source, "the database is not available");
                Self::Unavailable { what: "database", retry_after: RETRY_AFTER }
            }
            error if error.is_unique(once::UNIQUE) => Self::conflict(
                "idempotency_key_in_use",
                "A request with this key is under way; its answer is not known yet.",
            ),
            error => Self::internal(error),
        }
    }
}
