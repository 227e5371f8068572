//! The embedded engine: one file, one writer, many readers. Write transactions
//! wait their turn at the writer's connection and begin immediate, so none fails
//! for being late.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::Path,
    time::Duration,
};

use sqlx::{
    Acquire, Arguments, Connection, Executor, SqlSafeStr, Sqlite, SqliteConnection, SqlitePool,
    Transaction,
    sqlite::{
        SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions,
        SqliteSynchronous,
    },
};

use super::{
    Engine, Error, Row, migrations,
    statement::{Sql, Statement, Value},
};
use crate::config::{Config, Synchronous};

/// How long a statement waits for a lock that another process holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request waits for a connection before it is told to come back.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Page cache of each connection; negative is KiB, as `SQLite` wants it.
const CACHE_SIZE: &str = "-8000";
/// Rights of its files: the owner's alone.
const PRIVATE: u32 = 0o600;
/// Statistics describe the tables as they were when somebody collected them, and the
/// planner believes them for ever: those of an empty forum made each search read every
/// post. Without statistics the planner goes by the indexes alone, and the plans are
/// those that the tests read.
const FORGET_STATISTICS: &str =
    "drop table if exists sqlite_stat1; drop table if exists sqlite_stat4";

/// Connections to the file.
#[derive(Clone, Debug)]
pub(super) struct Pools {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Pools {
    pub(super) async fn open(config: &Config) -> Result<Self, Error> {
        let file = config.database_file();
        let synchronous = match config.database.synchronous {
            Synchronous::Full => SqliteSynchronous::Full,
            Synchronous::Normal => SqliteSynchronous::Normal,
        };
        keep_private(&file).map_err(|error| Error::Driver(sqlx::Error::Io(error)))?;
        let writer = connect(options(&file, synchronous).create_if_missing(true), 1).await?;
        migrations::apply_sqlite(&writer).await?;
        writer.execute(FORGET_STATISTICS).await?;
        let readers =
            connect(options(&file, synchronous).read_only(true), config.database.readers).await?;
        Ok(Self { writer, readers })
    }

    pub(super) async fn all(&self, statement: Statement) -> Result<Vec<Row>, Error> {
        all(statement, &self.readers).await
    }

    pub(super) async fn optional(&self, statement: Statement) -> Result<Option<Row>, Error> {
        optional(statement, &self.readers).await
    }

    pub(super) async fn prepare(&self, sql: Sql) -> Result<(), Error> {
        let mut connection = self.readers.acquire().await?;
        connection.prepare(sql.text(Engine::Sqlite).into_sql_str()).await?;
        Ok(())
    }

    pub(super) async fn begin(&self) -> Result<Tx, Error> {
        Ok(Tx(self.writer.begin_with("BEGIN IMMEDIATE").await?))
    }

    pub(super) async fn truncate_log(&self) -> Result<(), Error> {
        let mut connection = self.writer.acquire().await?;
        connection.execute("pragma wal_checkpoint(truncate)").await?;
        Ok(())
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A write transaction.
#[derive(Debug)]
pub(super) struct Tx(Transaction<'static, Sqlite>);

impl Tx {
    pub(super) async fn all(&mut self, statement: Statement) -> Result<Vec<Row>, Error> {
        all(statement, self.connection().await?).await
    }

    pub(super) async fn optional(&mut self, statement: Statement) -> Result<Option<Row>, Error> {
        optional(statement, self.connection().await?).await
    }

    pub(super) async fn execute(&mut self, statement: Statement) -> Result<u64, Error> {
        let connection = self.connection().await?;
        Ok(query(statement)?.execute(connection).await?.rows_affected())
    }

    /// Runs a statement without arguments that is not prepared.
    pub(super) async fn raw(&mut self, sql: &'static str) -> Result<(), Error> {
        self.connection().await?.execute(sql).await?;
        Ok(())
    }

    pub(super) async fn commit(self) -> Result<(), Error> {
        Ok(self.0.commit().await?)
    }

    async fn connection(&mut self) -> Result<&mut SqliteConnection, Error> {
        Ok(self.0.acquire().await?)
    }
}

async fn all<'c>(
    statement: Statement,
    executor: impl Executor<'c, Database = Sqlite>,
) -> Result<Vec<Row>, Error> {
    let rows = query(statement)?.fetch_all(executor).await?;
    Ok(rows.into_iter().map(Row::Sqlite).collect())
}

async fn optional<'c>(
    statement: Statement,
    executor: impl Executor<'c, Database = Sqlite>,
) -> Result<Option<Row>, Error> {
    Ok(query(statement)?.fetch_optional(executor).await?.map(Row::Sqlite))
}

/// The statement as the driver takes it.
fn query(
    statement: Statement,
) -> Result<sqlx::query::Query<'static, Sqlite, SqliteArguments>, Error> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(statement.arguments.len(), 0);
    for value in statement.arguments {
        let added = match value {
            Value::Null => arguments.add(None::<i64>),
            Value::Integer(number) => arguments.add(number),
            Value::Real(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text),
            Value::Bytes(bytes) => arguments.add(bytes),
            Value::Id(id) => arguments.add(id),
        };
        added.map_err(|source| Error::Driver(sqlx::Error::Encode(source)))?;
    }
    Ok(sqlx::query_with(statement.sql.text(Engine::Sqlite), arguments))
}

fn options(file: &Path, synchronous: SqliteSynchronous) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .pragma("cache_size", CACHE_SIZE)
        .pragma("temp_store", "memory")
        // Erased words are overwritten. Measured: new texts and counts cost the same,
        // a text that replaces another a tenth of a millisecond more.
        .pragma("secure_delete", "on")
}

/// Makes the file that only its owner can read and write, or makes it so: the key of every
/// account is in it. `SQLite` gives its other files the rights of this one.
fn keep_private(file: &Path) -> io::Result<()> {
    fs::OpenOptions::new().append(true).create(true).mode(PRIVATE).open(file)?;
    for end in ["", "-wal", "-shm"] {
        let mut path = file.as_os_str().to_owned();
        path.push(end);
        let is_open = fs::metadata(&path).is_ok_and(|known| known.mode() & !PRIVATE & 0o777 != 0);
        // A file of another user keeps its rights, and works as well.
        if is_open && let Err(error) = fs::set_permissions(&path, Permissions::from_mode(PRIVATE)) {
            tracing::warn!(%error, path = %path.display(), "others can read the database");
        }
    }
    Ok(())
}

async fn connect(options: SqliteConnectOptions, connections: u32) -> Result<SqlitePool, Error> {
    Ok(SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        // A transaction that broke off for want of room is over for the engine, and not
        // for the driver: no other can begin there.
        .before_acquire(|connection, _| {
            Box::pin(async move { Ok(!connection.is_in_transaction()) })
        })
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await?)
}
