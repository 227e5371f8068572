//! The database: connections, transactions, migrations. SQL text lives in each
//! feature's `store.rs`; it runs only through [`Db`] and [`Tx`], which count it.
//!
//! `SQLite` has one writer and many readers: write transactions wait their turn
//! at the writer's connection and begin immediate, so none fails for being late.

mod error;
mod migrations;
mod news;
pub mod once;
mod row;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx::{
    Acquire, Sqlite, SqlitePool, Transaction,
    sqlite::{
        SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow,
        SqliteSynchronous,
    },
};
use tokio::sync::Notify;

use crate::config::{Config, Synchronous};

pub use error::Error;
pub use news::Topic;
pub use row::Columns;

use news::News;

/// The scope id of the whole site, as stored.
pub const SITE: uuid::Uuid = uuid::Uuid::nil();

/// How long a statement waits for a lock that another process holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request waits for a connection before it is told to come back.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Page cache of each connection; negative is KiB, as `SQLite` wants it.
const CACHE_SIZE: &str = "-8000";

/// A statement with its arguments.
pub type Statement = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// A row of a result.
pub type Row = SqliteRow;

/// Prepares a statement; bind its arguments in order.
pub fn statement(sql: &'static str) -> Statement {
    sqlx::query(sql)
}

/// The database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    writer: SqlitePool,
    readers: SqlitePool,
    statements: Arc<AtomicU64>,
    version: Arc<AtomicU64>,
    wake: Arc<Notify>,
    news: Arc<News>,
    /// Whether answers show what is written through this.
    is_shown: bool,
}

impl Db {
    /// Opens the database and brings its schema up to date.
    pub async fn open(config: &Config) -> Result<Self, Error> {
        let file = config.database_file();
        let synchronous = match config.database.synchronous {
            Synchronous::Full => SqliteSynchronous::Full,
            Synchronous::Normal => SqliteSynchronous::Normal,
        };
        let writer = connect(options(&file, synchronous).create_if_missing(true), 1).await?;
        migrations::apply(&writer).await?;
        let readers =
            connect(options(&file, synchronous).read_only(true), config.database.readers).await?;
        let (statements, version, wake) = (Arc::default(), Arc::default(), Arc::default());
        let news = Arc::default();
        Ok(Self { writer, readers, statements, version, wake, news, is_shown: true })
    }

    /// Statements run so far, for tests that hold their number.
    pub fn statements_run(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Changes with every write of this process, before it is acknowledged: what
    /// was read after a version was taken is current while that version stands.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    /// The same database with a count of its own, for what runs beside requests.
    #[must_use]
    pub fn counted_apart(&self) -> Self {
        Self { statements: Arc::default(), ..self.clone() }
    }

    /// The same database for what no answer shows: with a count and a version of
    /// its own, so that what was read stays current.
    #[must_use]
    pub fn beside_requests(&self) -> Self {
        Self { version: Arc::default(), is_shown: false, ..self.counted_apart() }
    }

    /// What was committed here since the last call; waits for something. For one
    /// caller, who tells everybody.
    pub async fn news(&self) -> Vec<Topic> {
        self.news.next().await
    }

    /// Another process has written something that answers show.
    pub fn reads_changed(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
    }

    /// Another process has given the queue work.
    pub fn jobs_added(&self) {
        self.wake.notify_one();
    }

    /// Waits for a transaction that was to wake somebody, see
    /// [`Tx::wake_at_commit`]; returns at once when there was one meanwhile.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// All rows.
    pub async fn all(&self, statement: Statement) -> Result<Vec<Row>, Error> {
        self.count();
        Ok(statement.fetch_all(&self.readers).await?)
    }

    /// The one row, if there is one.
    pub async fn optional(&self, statement: Statement) -> Result<Option<Row>, Error> {
        self.count();
        Ok(statement.fetch_optional(&self.readers).await?)
    }

    /// Begins a write transaction: waits for the writer, then holds it until
    /// [`Tx::commit`] or the drop of the [`Tx`], which rolls back. Nothing but
    /// the database may be waited for in between.
    pub async fn begin(&self) -> Result<Tx, Error> {
        let inner = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Tx {
            inner,
            statements: Arc::clone(&self.statements),
            changed: Changed {
                version: Arc::clone(&self.version),
                news: self.is_shown.then(|| Arc::clone(&self.news)),
            },
            wake: Arc::clone(&self.wake),
            news: Arc::clone(&self.news),
            topics: Vec::new(),
        })
    }

    /// Closes all connections once they are idle.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    fn count(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }
}

/// A write transaction.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Sqlite>,
    statements: Arc<AtomicU64>,
    changed: Changed,
    wake: Arc<Notify>,
    news: Arc<News>,
    topics: Vec<Topic>,
}

impl Tx {
    /// Wakes who waits in [`Db::woken`] once this is stored.
    pub fn wake_at_commit(&mut self) {
        self.tell_at_commit(Topic::Jobs);
    }

    /// Tells who waits for news that there is some, once this is stored.
    pub fn tell_at_commit(&mut self, topic: Topic) {
        if !self.topics.contains(&topic) {
            self.topics.push(topic);
        }
    }

    /// All rows.
    pub async fn all(&mut self, statement: Statement) -> Result<Vec<Row>, Error> {
        self.count();
        Ok(statement.fetch_all(self.inner.acquire().await?).await?)
    }

    /// The one row, if there is one.
    pub async fn optional(&mut self, statement: Statement) -> Result<Option<Row>, Error> {
        self.count();
        Ok(statement.fetch_optional(self.inner.acquire().await?).await?)
    }

    /// Runs a statement; tells how many rows it changed.
    pub async fn execute(&mut self, statement: Statement) -> Result<u64, Error> {
        self.count();
        Ok(statement.execute(self.inner.acquire().await?).await?.rows_affected())
    }

    /// Runs a statement that must change exactly one row.
    pub async fn execute_one(&mut self, statement: Statement) -> Result<(), Error> {
        match self.execute(statement).await? {
            1 => Ok(()),
            actual => Err(Error::WrongRowCount { expected: 1, actual }),
        }
    }

    /// Makes it last. Only after this may anything be acknowledged.
    pub async fn commit(mut self) -> Result<(), Error> {
        if let Some(statement) = once::due() {
            self.execute_one(statement).await?;
        }
        let Self { inner, changed, wake, news, topics, .. } = self;
        // Also when the commit fails, or is no longer waited for: it may have
        // come about all the same.
        let changed = Counted(changed);
        inner.commit().await?;
        drop(changed);
        for topic in topics {
            if topic == Topic::Jobs {
                wake.notify_one();
            }
            news.add(topic);
        }
        Ok(())
    }

    fn count(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }
}

/// A change of what is stored.
#[derive(Debug)]
struct Changed {
    version: Arc<AtomicU64>,
    /// Where it is told, if answers show it.
    news: Option<Arc<News>>,
}

/// Counts a change when it goes out of scope.
struct Counted(Changed);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.version.fetch_add(1, Ordering::SeqCst);
        if let Some(news) = &self.0.news {
            news.add(Topic::Reads);
        }
    }
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
        .optimize_on_close(true, None)
}

async fn connect(options: SqliteConnectOptions, connections: u32) -> Result<SqlitePool, Error> {
    Ok(SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await?)
}
