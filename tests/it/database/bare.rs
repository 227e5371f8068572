//! A database without the program: what stands in it, whatever the program makes of it,
//! and more of the same.

use std::{collections::BTreeSet, fs, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, MySqlConnection, Row, SqliteConnection,
    sqlite::SqliteConnectOptions,
};

use crate::support::Installation;

/// How long a statement waits for what another one has locked.
const LOCK_LIMIT: Duration = Duration::from_mins(1);
/// What makes a row another one than that which it is a copy of, see [`Bare::fill`].
pub const ID: &str = "random_bytes(16)";
pub const NAME: &str = "lower(hex(random_bytes(12)))";

/// Columns of a copy of an account, with values of its own.
pub const ACCOUNT: &[(&str, &str)] =
    &[("id", ID), ("username", NAME), ("username_key", NAME), ("verified_key", "null")];

/// A database as it stands, without the program.
pub enum Bare {
    Sqlite(SqliteConnection),
    MySql(MySqlConnection),
}

/// Runs the same with either.
macro_rules! either {
    ($bare:expr, $connection:ident => $what:expr) => {
        match $bare {
            Bare::Sqlite($connection) => $what,
            Bare::MySql($connection) => $what,
        }
    };
}

impl Bare {
    /// Of what an installation has, or is to have.
    pub async fn of(installation: &Installation) -> Self {
        let config = installation.config();
        if let Some(url) = config.database.mysql_url() {
            return Self::at(url.expose()).await;
        }
        fs::create_dir_all(installation.data_dir()).unwrap();
        let options = SqliteConnectOptions::new().filename(config.database_file());
        let options = options.busy_timeout(LOCK_LIMIT).create_if_missing(true);
        Self::Sqlite(options.connect().await.unwrap())
    }

    /// Of a server.
    pub async fn at(url: &str) -> Self {
        Self::MySql(MySqlConnection::connect(url).await.unwrap())
    }

    pub async fn run(&mut self, sql: String) {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        either!(self, connection => { connection.execute(sql).await.unwrap(); });
    }

    /// The last column of each row.
    pub async fn all(&mut self, sql: String) -> Vec<String> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        either!(self, connection => {
            let rows = connection.fetch_all(sql).await.unwrap();
            rows.iter().map(|row| row.get(row.len() - 1)).collect()
        })
    }

    pub async fn tables(&mut self) -> Vec<String> {
        let sql = match self {
            Self::Sqlite(_) => {
                "select name from sqlite_master where type = 'table' and name not like 'sqlite%'
                     and name not like '%\\_search%' escape '\\' and name <> '_sqlx_migrations'
                 order by name"
            }
            Self::MySql(_) => {
                "select cast(table_name as char) from information_schema.tables
                 where table_schema = database() and table_name <> '_sqlx_migrations'
                 order by table_name"
            }
        };
        self.all(sql.to_owned()).await
    }

    pub async fn columns(&mut self, table: &str) -> Vec<String> {
        let sql = match self {
            Self::Sqlite(_) => format!("select name from pragma_table_info('{table}')"),
            Self::MySql(_) => format!(
                "select cast(column_name as char) from information_schema.columns
                 where table_schema = database() and table_name = '{table}'
                     and coalesce(generation_expression, '') = '' order by ordinal_position"
            ),
        };
        self.all(sql).await
    }

    /// All that stands in these columns, in no order of its own.
    pub async fn rows(&mut self, table: &str, columns: &[String]) -> Vec<String> {
        let shown: Vec<_> =
            columns.iter().map(|column| format!("coalesce(hex(`{column}`), '-')")).collect();
        let sql = format!("select concat_ws(' ', {}) from {table}", shown.join(", "));
        let mut rows = self.all(sql).await;
        rows.sort();
        rows
    }

    /// What makes each table, index and trigger, line by line.
    pub async fn schema(&mut self) -> BTreeSet<(String, String)> {
        let mut schema = BTreeSet::new();
        match self {
            Self::Sqlite(_) => {
                let names = "from sqlite_master where name not like 'sqlite%' order by type, name";
                let made = self.all(format!("select sql {names}")).await;
                let names = self.all(format!("select type || ' ' || name {names}")).await;
                schema.extend(names.into_iter().zip(made));
            }
            Self::MySql(_) => {
                for table in self.tables().await {
                    let made = self.all(format!("show create table {table}")).await;
                    let lines = made.concat();
                    for line in lines.lines() {
                        // How many rows there were is not how it is made.
                        let words = line.trim_end_matches(',').split(' ');
                        let words = words.filter(|word| !word.starts_with("AUTO_INCREMENT="));
                        schema.insert((table.clone(), words.collect::<Vec<_>>().join(" ")));
                    }
                }
            }
        }
        schema
    }

    pub async fn close(self) {
        either!(self, connection => connection.close().await.unwrap());
    }

    /// Gives a table so many rows or more: copies of all that is there, again and again.
    /// What makes a copy another one is said of its columns; `ROUND` is the round's number.
    pub async fn fill(&mut self, table: &str, others: &[(&str, &str)], rows: usize) {
        let columns = self.columns(table).await;
        let is_other = |column: &str| others.iter().find(|(name, _)| *name == column);
        let values = columns
            .iter()
            .map(|column| is_other(column).map_or(format!("`{column}`"), |(_, it)| (*it).into()));
        let mut values = values.collect::<Vec<_>>().join(", ");
        if matches!(self, Bare::Sqlite(_)) {
            values = values.replace("random_bytes", "randomblob");
        }
        let columns = format!("`{}`", columns.join("`, `"));
        for round in 0.. {
            let there = self.all(format!("select cast(count(*) as char) from {table}")).await;
            let there: usize = there.concat().parse().unwrap();
            assert_ne!(there, 0, "{table} has nothing to copy");
            if there >= rows {
                return;
            }
            let values = values.replace("ROUND", &round.to_string());
            self.run(format!("insert into {table} ({columns}) select {values} from {table}")).await;
        }
    }
}
