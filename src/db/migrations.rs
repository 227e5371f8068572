//! The schema's history. Files are never changed once released: a new number is
//! a new file, and one line here.

use std::borrow::Cow;

use sqlx::{
    SqlSafeStr, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
};

use super::Error;

macro_rules! migrations {
    ($($version:literal $name:literal)*) => {
        /// Number, name and text of each migration, in order.
        const MIGRATIONS: &[(i64, &str, &str)] = &[$((
            $version,
            $name,
            include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
        )),*];
    };
}

migrations! {
    1 "0001_forum"
    2 "0002_plugins"
    3 "0003_search"
    4 "0004_idempotency"
    5 "0005_jobs"
    6 "0006_decisions"
    7 "0007_moderation"
    8 "0008_notifications"
    9 "0009_bindings"
    10 "0010_plugin_state"
    11 "0011_replays"
    12 "0012_effects"
    13 "0013_plugin_trouble"
    14 "0014_undos"
    15 "0015_media"
    16 "0016_mail"
    17 "0017_job_queues"
}

/// Applies what is missing. Another process that does the same is waited for.
pub(super) async fn apply(writer: &SqlitePool) -> Result<(), Error> {
    let migrations = MIGRATIONS
        .iter()
        .map(|(version, name, sql)| {
            Migration::new(
                *version,
                Cow::Borrowed(name),
                MigrationType::Simple,
                sql.into_sql_str(),
                false,
            )
        })
        .collect();
    Migrator::with_migrations(migrations).run(writer).await.map_err(Error::Migration)
}
