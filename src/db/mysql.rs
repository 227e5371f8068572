//! `MySQL` and `MariaDB`. Many read at once; write transactions take turns, on
//! all nodes together: each begins by changing the one row of `write_turns`,
//! whose lock it keeps to its end. So the rules hold as they do on the embedded
//! engine: nothing that a transaction has read can change before it commits, and
//! none is the victim of a deadlock. A turn is a few milliseconds; its commit
//! waits for the disk after the lock is given on, together with others. On a
//! cluster that has no common locks, two that change that row at once conflict,
//! and one of them is rolled back.

use std::{collections::HashMap, str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, Connection, Executor, MySql, MySqlConnection, MySqlPool, Row as _, SqlSafeStr,
    mysql::{MySqlArguments, MySqlConnectOptions, MySqlPoolOptions},
    pool::PoolConnection,
};

use super::{
    Engine, Error, Row,
    dialect::{self, Conflict, Part},
    health::Health,
    migrations,
    statement::{Sql, Statement, Value},
};
use crate::{base::secret::Secret, config::Database};

/// How long a request waits for a connection before it is told to come back.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections that write: more than one, so that the next in turn waits at the
/// server while others commit.
const WRITERS: u32 = 4;
/// Statements that a connection keeps prepared: those that are run often. A server
/// has room for 16,382 unless it is told otherwise, which is six nodes.
const PREPARED: usize = 128;
/// A connection that nobody used for so long is closed, well before the server
/// does it.
const IDLE: Duration = Duration::from_secs(30);
/// A connection that nobody used for so long is tried before it is used again.
const STALE: Duration = Duration::from_secs(1);
/// Read committed: what a turn reads cannot change anyway. A lock is waited for
/// as long as on the embedded engine. A server that has lost sight of a node
/// ends its turn within `wait_timeout`; `MariaDB` within ten seconds. Rows are joined
/// as they come: a buffer of them would lose the order that an index gave them
/// (`MariaDB` passes over comments of `MySQL` 5.7 to 9).
pub(super) const SESSION: &str = "
    set session transaction isolation level read committed;
    set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,PIPES_AS_CONCAT',
        innodb_lock_wait_timeout = 5, wait_timeout = 60, group_concat_max_len = 1048576
        /*M!100300 , idle_transaction_timeout = 10, join_cache_level = 0 */
        /*!80020 , optimizer_switch = 'block_nested_loop=off' */";
const BEGIN: &str = "begin; update write_turns set turn = turn + 1 where id = 1";
const UNIQUES: &str = "
    select table_name as of_table, index_name as name, column_name as of_column
    from information_schema.statistics
    where table_schema = database() and non_unique = 0
    order by table_name, index_name, seq_in_index";

/// The columns of each unique key, by its table and name.
type Uniques = HashMap<(String, String), String>;

/// Connections to the server.
#[derive(Clone, Debug)]
pub(super) struct Pools {
    writers: MySqlPool,
    readers: MySqlPool,
    health: Arc<Health>,
    uniques: Arc<Uniques>,
}

impl Pools {
    pub(super) async fn open(url: &Secret<String>, database: &Database) -> Result<Self, Error> {
        let options = options(url)?;
        let mut connection = options.connect().await?;
        connection.execute(SESSION).await?;
        migrations::apply_mysql(&mut connection).await?;
        let uniques = Arc::new(uniques(&mut connection).await?);
        connection.close().await?;
        let health = Arc::new(Health::new(options.clone()));
        let writers = pool(&options, WRITERS, &health);
        let readers = pool(&options, database.connections, &health);
        Ok(Self { writers, readers, health, uniques })
    }

    pub(super) async fn all(&self, statement: Statement) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        for part in dialect::mysql(statement.sql.text(Engine::MySql)) {
            let query = query(part, &statement.arguments)?;
            let mut used = self.prepared(part).await?;
            rows = self.health.watch(query.fetch_all(&mut *used.connection)).await?;
            used.is_idle = true;
        }
        Ok(rows.into_iter().map(Row::MySql).collect())
    }

    pub(super) async fn optional(&self, statement: Statement) -> Result<Option<Row>, Error> {
        let mut row = None;
        for part in dialect::mysql(statement.sql.text(Engine::MySql)) {
            let query = query(part, &statement.arguments)?;
            let mut used = self.prepared(part).await?;
            row = self.health.watch(query.fetch_optional(&mut *used.connection)).await?;
            used.is_idle = true;
        }
        Ok(row.map(Row::MySql))
    }

    pub(super) async fn prepare(&self, sql: Sql) -> Result<(), Error> {
        for part in dialect::mysql(sql.text(Engine::MySql)) {
            self.prepared(part).await?.is_idle = true;
        }
        Ok(())
    }

    /// A connection. When none was free in time, that is for other requests if the
    /// server answers those.
    async fn connection(&self, pool: &MySqlPool) -> Result<InUse, Error> {
        match self.health.bear(pool.acquire()).await {
            Err(error @ sqlx::Error::PoolTimedOut) if !self.health.is_well() => {
                Err(Error::Unavailable(error))
            }
            acquired => Ok(InUse::of(acquired?)),
        }
    }

    /// A connection that knows a statement. What has to be sent for that is waited
    /// for by itself: an answer behind a slow line takes long enough alone.
    async fn prepared(&self, part: &'static Part) -> Result<InUse, Error> {
        let mut used = self.connection(&self.readers).await?;
        self.health.bear(used.connection.prepare(part.sql.into_sql_str())).await?;
        Ok(used)
    }

    pub(super) async fn begin(&self) -> Result<Tx, Error> {
        let mut used = self.connection(&self.writers).await?;
        let taken = self.health.watch(used.connection.execute(BEGIN)).await?.rows_affected();
        if taken != 1 {
            return Err(Error::WrongRowCount { expected: 1, actual: taken });
        }
        let (health, uniques) = (Arc::clone(&self.health), Arc::clone(&self.uniques));
        Ok(Tx { used, health, uniques, is_over: false })
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

/// A connection in use. One that is left in the middle of something, as by a request
/// whose client is gone, is closed: the next one would get its answers. What it had
/// begun is rolled back by the server.
#[derive(Debug)]
struct InUse {
    connection: PoolConnection<MySql>,
    /// Nothing is begun and not ended.
    is_idle: bool,
}

impl InUse {
    fn of(connection: PoolConnection<MySql>) -> Self {
        Self { connection, is_idle: false }
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        if !self.is_idle {
            self.connection.close_on_drop();
        }
    }
}

/// A write transaction.
#[derive(Debug)]
pub(super) struct Tx {
    used: InUse,
    health: Arc<Health>,
    uniques: Arc<Uniques>,
    /// The server has rolled it back, or may have: what came now would stand
    /// alone.
    is_over: bool,
}

impl Tx {
    pub(super) async fn all(&mut self, statement: Statement) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        for part in dialect::mysql(statement.sql.text(Engine::MySql)) {
            let query = query(part, &statement.arguments)?;
            let connection = self.prepared(part).await?;
            let result = connection.0.watch(query.fetch_all(connection.1)).await;
            rows = result.map_err(|error| self.failed(error, part))?;
        }
        Ok(rows.into_iter().map(Row::MySql).collect())
    }

    pub(super) async fn optional(&mut self, statement: Statement) -> Result<Option<Row>, Error> {
        let mut row = None;
        for part in dialect::mysql(statement.sql.text(Engine::MySql)) {
            let query = query(part, &statement.arguments)?;
            let connection = self.prepared(part).await?;
            let result = connection.0.watch(query.fetch_optional(connection.1)).await;
            row = result.map_err(|error| self.failed(error, part))?;
        }
        Ok(row.map(Row::MySql))
    }

    pub(super) async fn execute(&mut self, statement: Statement) -> Result<u64, Error> {
        let mut changed = 0;
        for part in dialect::mysql(statement.sql.text(Engine::MySql)) {
            let query = query(part, &statement.arguments)?;
            let connection = self.prepared(part).await?;
            let result = connection.0.watch(query.execute(connection.1)).await;
            let rows = match result.map_err(|error| self.failed(error, part)) {
                Ok(result) => result.rows_affected(),
                Err(Error::Unique(_)) if part.conflict == Conflict::Stays => 0,
                Err(error) => return Err(error),
            };
            // A row that was there and was changed counts twice.
            changed += if part.conflict == Conflict::Changes { rows.min(1) } else { rows };
        }
        Ok(changed)
    }

    /// Runs a statement without arguments that is not prepared.
    pub(super) async fn raw(&mut self, sql: &'static str) -> Result<(), Error> {
        if self.is_over {
            return Err(Error::over());
        }
        self.health.watch(self.used.connection.execute(sql)).await?;
        Ok(())
    }

    pub(super) async fn commit(mut self) -> Result<(), Error> {
        if self.is_over {
            return Err(Error::over());
        }
        self.health.watch(self.used.connection.execute("commit")).await?;
        self.used.is_idle = true;
        Ok(())
    }

    /// The connection, which knows a statement now.
    async fn prepared(
        &mut self,
        part: &'static Part,
    ) -> Result<(&Health, &mut MySqlConnection), Error> {
        if self.is_over {
            return Err(Error::over());
        }
        let preparing = self.used.connection.prepare(part.sql.into_sql_str());
        if let Err(error) = self.health.bear(preparing).await {
            return Err(self.failed(error, part));
        }
        Ok((&self.health, &mut self.used.connection))
    }

    fn failed(&mut self, error: sqlx::Error, part: &Part) -> Error {
        let error = Error::from(error);
        match error {
            Error::Unavailable(_) => self.is_over = true,
            Error::Unique(key) => {
                let place = (table(part.sql).to_owned(), key);
                let columns = self.uniques.get(&place).cloned();
                return Error::Unique(columns.unwrap_or(place.1));
            }
            _ => {}
        }
        error
    }
}

/// How a server is spoken to.
pub(super) fn options(url: &Secret<String>) -> Result<MySqlConnectOptions, sqlx::Error> {
    Ok(MySqlConnectOptions::from_str(url.expose())?
        .charset("utf8mb4")
        .collation("utf8mb4_bin")
        .statement_cache_capacity(PREPARED))
}

/// The table that a statement writes to.
fn table(sql: &str) -> &str {
    let mut words = sql.split_whitespace().skip_while(|word| !matches!(*word, "into" | "update"));
    words.nth(1).unwrap_or_default()
}

async fn uniques(connection: &mut MySqlConnection) -> Result<Uniques, Error> {
    let mut uniques = Uniques::new();
    for row in sqlx::query(UNIQUES).fetch_all(connection).await? {
        let (table, name): (String, String) = (row.try_get("of_table")?, row.try_get("name")?);
        let column = format!("{table}.{}", row.try_get::<String, _>("of_column")?);
        let columns = uniques.entry((table, name)).or_default();
        if !columns.is_empty() {
            columns.push_str(", ");
        }
        columns.push_str(&column);
    }
    Ok(uniques)
}

/// A part of a statement as the driver takes it.
fn query(
    part: &'static Part,
    values: &[Value],
) -> Result<sqlx::query::Query<'static, MySql, MySqlArguments>, Error> {
    let mut query = sqlx::query(part.sql);
    for argument in &part.arguments {
        let value = values.get(*argument).ok_or_else(|| {
            let source = format!("a statement takes an argument {}", argument + 1).into();
            Error::Driver(sqlx::Error::Encode(source))
        })?;
        let added = match value {
            // Were it a number, an id beside it would be made one too, row by row.
            Value::Null => query.try_bind(None::<&[u8]>),
            Value::Integer(number) => query.try_bind(*number),
            Value::Real(number) => query.try_bind(*number),
            Value::Text(text) => query.try_bind(text.as_ref()),
            Value::Bytes(bytes) => query.try_bind(bytes.as_slice()),
            Value::Id(id) => query.try_bind(*id),
        };
        added.map_err(|source| Error::Driver(sqlx::Error::Encode(source)))?;
    }
    Ok(query)
}

fn pool(options: &MySqlConnectOptions, connections: u32, health: &Arc<Health>) -> MySqlPool {
    let [connects, tries, releases] = [(); 3].map(|()| Arc::clone(health));
    MySqlPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(IDLE)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let health = Arc::clone(&connects);
            Box::pin(async move {
                health.hear();
                connection.execute(SESSION).await?;
                health.hear();
                Ok(())
            })
        })
        .before_acquire(move |connection, meta| {
            let health = Arc::clone(&tries);
            Box::pin(async move {
                if meta.idle_for > STALE {
                    connection.ping().await?;
                    health.hear();
                }
                Ok(true)
            })
        })
        // Whoever gave up waiting left an answer behind, which nobody else may get.
        .after_release(move |connection, _| {
            // A component is megabytes, and its buffer would stay with the connection.
            connection.shrink_buffers();
            let is_well = releases.is_well();
            Box::pin(async move { Ok(is_well) })
        })
        .connect_lazy_with(options.clone())
}
