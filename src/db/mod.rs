//! The database: connections, transactions, migrations. SQL text lives in each
//! feature's `store.rs`; it runs only through [`Db`] and [`Tx`], which count it.
//!
//! Two engines run the same texts: `SQLite`, in this process, and `MySQL` or
//! `MariaDB`. On both, write transactions take turns: what one of them reads
//! stays so until it ends, whatever else is under way, on whatever node.

mod asked;
mod checkup;
mod dialect;
mod error;
mod health;
mod migrations;
mod mysql;
mod news;
pub mod once;
mod row;
mod sqlite;
mod statement;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::Notify;

use crate::{config::Config, crash::Point};

pub use asked::{Asked, of_request, recorded};
pub use checkup::checkup;
pub use error::Error;
pub use news::Topic;
pub use row::{Columns, Field, Row};
pub use statement::{EVERY, Named, Sql, Statement, Value, statement};
pub(crate) use statement::{sql, up_to_four};

use news::News;

/// The scope id of the whole site, as stored.
pub const SITE: uuid::Uuid = uuid::Uuid::nil();

/// What runs the statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// In this process.
    Sqlite,
    /// `MySQL` or `MariaDB`.
    MySql,
}

/// The database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pools: Pools,
    statements: Arc<asked::Counts>,
    version: Arc<AtomicU64>,
    wake: Arc<Notify>,
    news: Arc<News>,
    /// Whether answers show what is written through this.
    is_shown: bool,
}

#[derive(Clone, Debug)]
enum Pools {
    Sqlite(sqlite::Pools),
    MySql(mysql::Pools),
}

impl Db {
    /// Opens the database and brings its schema up to date.
    pub async fn open(config: &Config) -> Result<Self, Error> {
        let pools = match config.database.mysql_url() {
            Some(url) => Pools::MySql(Box::pin(mysql::Pools::open(url, &config.database)).await?),
            None => Pools::Sqlite(sqlite::Pools::open(config).await?),
        };
        let (statements, version, wake) = (Arc::default(), Arc::default(), Arc::default());
        let news = Arc::default();
        Ok(Self { pools, statements, version, wake, news, is_shown: true })
    }

    /// For statements that have no words in common.
    pub fn engine(&self) -> Engine {
        match self.pools {
            Pools::Sqlite(_) => Engine::Sqlite,
            Pools::MySql(_) => Engine::MySql,
        }
    }

    /// Statements run so far within [`of_request`], for tests that hold their number.
    pub fn statements_run(&self) -> u64 {
        self.statements.of_requests()
    }

    /// All statements run so far, for tests that hold what an idle server does.
    pub fn statements_in_all(&self) -> u64 {
        self.statements.in_all()
    }

    /// Changes with every write of this process, before it is acknowledged: what
    /// was read after a version was taken is current while that version stands.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    /// The same database for what no answer shows: with a version of its own, so that
    /// what was read stays current.
    #[must_use]
    pub fn beside_requests(&self) -> Self {
        Self { version: Arc::default(), is_shown: false, ..self.clone() }
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
        asked::count(&self.statements, || Asked::All(statement.clone()));
        match &self.pools {
            Pools::Sqlite(pools) => pools.all(statement).await,
            Pools::MySql(pools) => Box::pin(pools.all(statement)).await,
        }
    }

    /// The one row, if there is one.
    pub async fn optional(&self, statement: Statement) -> Result<Option<Row>, Error> {
        asked::count(&self.statements, || Asked::Optional(statement.clone()));
        match &self.pools {
            Pools::Sqlite(pools) => pools.optional(statement).await,
            Pools::MySql(pools) => Box::pin(pools.optional(statement)).await,
        }
    }

    /// Begins a write transaction: waits for its turn, then keeps it until
    /// [`Tx::commit`] or the drop of the [`Tx`], which rolls back. Nothing but
    /// the database may be waited for in between.
    pub async fn begin(&self) -> Result<Tx, Error> {
        asked::mark(Asked::Begin);
        let inner = match &self.pools {
            Pools::Sqlite(pools) => Inner::Sqlite(pools.begin().await?),
            Pools::MySql(pools) => Inner::MySql(Box::pin(pools.begin()).await?),
        };
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

    /// Those of the statements that this database does not take, and why: none of
    /// [`EVERY`], unless its version or its schema is not one that the program knows.
    pub async fn unprepared(&self, statements: &[Named]) -> Result<Vec<String>, Error> {
        let mut refused = Vec::new();
        for (named, sql) in
            statements.iter().flat_map(|named| named.texts.iter().map(move |sql| (named, *sql)))
        {
            let prepared = match &self.pools {
                Pools::Sqlite(pools) => pools.prepare(sql).await,
                Pools::MySql(pools) => Box::pin(pools.prepare(sql)).await,
            };
            match prepared {
                Ok(()) => {}
                Err(Error::Driver(error)) => {
                    refused.push(format!("{}::{}: {error}", named.module, named.name));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(refused)
    }

    /// Puts what the log of the file has into the file, and empties the log, so that
    /// what was overwritten is nowhere. Only `SQLite` has one; what others are reading
    /// stays until the next time.
    pub async fn truncate_log(&self) -> Result<(), Error> {
        match &self.pools {
            Pools::Sqlite(pools) => pools.truncate_log().await,
            Pools::MySql(_) => Ok(()),
        }
    }

    /// Closes all connections once they are idle.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite(pools) => pools.close().await,
            Pools::MySql(pools) => Box::pin(pools.close()).await,
        }
    }
}

#[derive(Debug)]
enum Inner {
    Sqlite(sqlite::Tx),
    MySql(mysql::Tx),
}

/// A write transaction.
#[derive(Debug)]
pub struct Tx {
    inner: Inner,
    statements: Arc<asked::Counts>,
    changed: Changed,
    wake: Arc<Notify>,
    news: Arc<News>,
    topics: Vec<Topic>,
}

impl Tx {
    /// For statements that have no words in common.
    pub fn engine(&self) -> Engine {
        match self.inner {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::MySql(_) => Engine::MySql,
        }
    }

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
        asked::count(&self.statements, || Asked::All(statement.clone()));
        match &mut self.inner {
            Inner::Sqlite(tx) => tx.all(statement).await,
            Inner::MySql(tx) => Box::pin(tx.all(statement)).await,
        }
    }

    /// The one row, if there is one.
    pub async fn optional(&mut self, statement: Statement) -> Result<Option<Row>, Error> {
        asked::count(&self.statements, || Asked::Optional(statement.clone()));
        match &mut self.inner {
            Inner::Sqlite(tx) => tx.optional(statement).await,
            Inner::MySql(tx) => Box::pin(tx.optional(statement)).await,
        }
    }

    /// Runs a statement; tells how many rows it changed.
    pub async fn execute(&mut self, statement: Statement) -> Result<u64, Error> {
        asked::count(&self.statements, || Asked::Execute(statement.clone()));
        match &mut self.inner {
            Inner::Sqlite(tx) => tx.execute(statement).await,
            Inner::MySql(tx) => Box::pin(tx.execute(statement)).await,
        }
    }

    /// Runs a statement that must change exactly one row.
    pub async fn execute_one(&mut self, statement: Statement) -> Result<(), Error> {
        self.execute_rows(statement, 1).await
    }

    /// Runs a statement that must change exactly so many rows.
    pub async fn execute_rows(&mut self, statement: Statement, expected: u64) -> Result<(), Error> {
        if self.execute_rows_or_none(statement, expected).await? {
            Ok(())
        } else {
            Err(Error::WrongRowCount { expected, actual: 0 })
        }
    }

    /// Runs a statement that must change exactly so many rows, or none. Whether it did.
    pub async fn execute_rows_or_none(
        &mut self,
        statement: Statement,
        expected: u64,
    ) -> Result<bool, Error> {
        match self.execute(statement).await? {
            0 => Ok(false),
            actual if actual == expected => Ok(true),
            actual => Err(Error::WrongRowCount { expected, actual }),
        }
    }

    /// Begins a part of the transaction that can be rolled back alone: see
    /// [`Tx::end_part`]. Parts do not nest.
    pub async fn begin_part(&mut self) -> Result<(), Error> {
        self.raw("savepoint part").await
    }

    /// Ends the part that was begun: its changes stay in the transaction, or, unless
    /// `kept`, are rolled back.
    pub async fn end_part(&mut self, kept: bool) -> Result<(), Error> {
        if !kept {
            self.raw("rollback to savepoint part").await?;
        }
        self.raw("release savepoint part").await
    }

    async fn raw(&mut self, sql: &'static str) -> Result<(), Error> {
        match &mut self.inner {
            Inner::Sqlite(tx) => tx.raw(sql).await,
            Inner::MySql(tx) => Box::pin(tx.raw(sql)).await,
        }
    }

    /// Makes it last. Only after this may anything be acknowledged.
    pub async fn commit(mut self) -> Result<(), Error> {
        if let Some(statement) = once::due() {
            self.execute_one(statement).await.inspect_err(|_| once::not_stored())?;
        }
        let Self { inner, changed, wake, news, topics, .. } = self;
        // Also when the commit fails, or is no longer waited for: it may have
        // come about all the same.
        let changed = Counted(changed);
        asked::mark(Asked::Commit);
        Point::CommitDue.pass();
        match inner {
            Inner::Sqlite(tx) => tx.commit().await?,
            Inner::MySql(tx) => Box::pin(tx.commit()).await?,
        }
        Point::CommitDone.pass();
        drop(changed);
        for topic in topics {
            if topic == Topic::Jobs {
                wake.notify_one();
            }
            news.add(topic);
        }
        Ok(())
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
