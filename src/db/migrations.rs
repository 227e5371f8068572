//! The schema's history, with the same numbers and names for both engines. Files
//! are never changed once released: a new number is a new file for each engine,
//! and one line here.
//!
//! `SQLite` applies a file as a whole or not at all. `MySQL` cannot take back
//! what has changed a table, so its files are written to be run again: tables
//! are made if they are not there, rows are put where they may be already; what
//! changes a table stands alone in its file. What was broken off is begun anew.

use std::borrow::Cow;

use sqlx::{
    MySqlConnection, SqlSafeStr, SqlitePool,
    migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator},
    mysql::MySqlDatabaseError,
};

use super::Error;
use crate::base::finding::Finding;

/// A migration: its number, its name, its text for `SQLite` and for `MySQL`.
type File = (i64, &'static str, &'static str, &'static str);

macro_rules! migrations {
    ($($version:literal $name:literal)*) => {
        /// All, in order.
        const MIGRATIONS: &[File] = &[$((
            $version,
            $name,
            include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            include_str!(concat!("../../migrations/mysql/", $name, ".sql")),
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
    18 "0018_accounts_role"
    19 "0019_sessions_expires"
    20 "0020_wanted_media"
    21 "0021_schema_compat"
    22 "0022_review_items_community"
    23 "0023_appointments"
    24 "0024_past_appointments"
    25 "0025_mod_actions_detail"
    26 "0026_accounts_name_key"
    27 "0027_accounts_name"
    28 "0028_identities"
    29 "0029_posts_by_author"
    30 "0030_components_last"
    31 "0031_removed_profiles"
    32 "0032_undo_reasons"
    33 "0033_content_removals"
    34 "0034_votes_account"
    35 "0035_retention"
    36 "0036_votes_account_key"
    37 "0037_posts_terms"
    38 "0038_comments_terms"
    39 "0039_review_items_ruling"
    40 "0040_review_items_waiting"
    41 "0041_review_items_waiting_there"
    42 "0042_appeals_own_matter"
    43 "0043_mod_actions_own_matter"
    44 "0044_frozen_copies"
}

/// Programs that know this migration can work with the tables as the newest leaves them:
/// they may be started beside newer ones, and after them. A migration that takes away
/// what they ask for raises this to its own number, and comes a release after the last
/// program that asked.
const OLDEST: i64 = 21;
/// The same of what a database has.
pub(super) const COMPATIBLE: &str = "select migration from schema_compat";
const RAISE: &str = "update schema_compat set migration = ? where migration < ?";

/// Of this database, for somebody who waits at most a minute: migrations of large
/// tables are to be done by a job.
const LOCK: &str =
    "select coalesce(get_lock(concat('gatherly.', left(database(), 50)), 60), 0) as locked";
const FORGET_BROKEN: &str = "delete from _sqlx_migrations where success = false";
const UNLOCK: &str = "do release_lock(concat('gatherly.', left(database(), 50)))";

/// What was applied, each with its text's sum and whether it was done.
pub(super) const APPLIED: &str = "
    select version, checksum, success
    from _sqlx_migrations
    order by version";

/// A row of that.
pub(super) type Applied = (i64, Vec<u8>, bool);

/// Of the embedded engine.
pub(super) fn sqlite() -> Migrator {
    migrator(|(.., sqlite, _)| sqlite)
}

/// Of a server.
pub(super) fn mysql() -> Migrator {
    migrator(|(.., mysql)| mysql)
}

fn newest(ours: &Migrator) -> i64 {
    ours.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// What stands between a database and this program. It is for programs that know the
/// migration `since`, if it says so.
pub(super) fn compared(
    subject: &'static str,
    (applied, since): (&[Applied], Option<i64>),
    ours: &Migrator,
) -> Finding {
    let newest = newest(ours);
    let known = |version: i64| ours.iter().find(|migration| migration.version == version);
    let reached = applied.iter().filter(|(.., done)| *done).map(|(version, ..)| *version).max();
    let later = "gatherly migrate, or the next start, brings it up to date";
    for (version, sum, done) in applied {
        match known(*version) {
            None => {
                let seen =
                    format!("migration {version} is of a newer program; this knows {newest}");
                if since.is_some_and(|since| since <= newest) {
                    let seen = format!("{seen}, and can work with it");
                    return Finding::warning(subject, seen, "run the newer program when you can");
                }
                return Finding::failed(subject, seen, "run that program, or restore a backup");
            }
            Some(_) if !done => {
                return Finding::warning(subject, format!("migration {version} broke off"), later);
            }
            Some(migration) if *migration.checksum != **sum => {
                let seen = format!("migration {version} is another than this program's");
                let advice = "run the program that made this database, or restore a backup";
                return Finding::failed(subject, seen, advice);
            }
            Some(_) => {}
        }
    }
    match reached {
        Some(reached) if reached == newest => {
            Finding::ok(subject, format!("at migration {newest}, as this program"))
        }
        Some(reached) => {
            Finding::warning(subject, format!("at migration {reached} of {newest}"), later)
        }
        None => {
            Finding::ok(subject, "no tables yet: gatherly migrate, or the first start, makes them")
        }
    }
}

/// Applies what is missing. Another process that does the same is waited for.
pub(super) async fn apply_sqlite(writer: &SqlitePool) -> Result<(), Error> {
    let since = sqlx::query_scalar(COMPATIBLE).fetch_optional(writer).await;
    let migrator = that_suits(sqlite(), since).map_err(Error::Migration)?;
    migrator.run(writer).await.map_err(Error::Migration)?;
    sqlx::query(RAISE).bind(OLDEST).bind(OLDEST).execute(writer).await?;
    Ok(())
}

/// The same. The driver has a lock of its own, which `MariaDB` does not give: it
/// knows of no waiting without end.
pub(super) async fn apply_mysql(connection: &mut MySqlConnection) -> Result<(), Error> {
    let locked: i64 = sqlx::query_scalar(LOCK).fetch_one(&mut *connection).await?;
    if locked != 1 {
        return Err(Error::Unavailable(sqlx::Error::PoolTimedOut));
    }
    let result = again(connection).await.map_err(Error::Migration);
    sqlx::query(UNLOCK).execute(connection).await?;
    result
}

/// Applies what is missing, and what was broken off: whoever holds the lock knows
/// that nobody is at it.
async fn again(connection: &mut MySqlConnection) -> Result<(), MigrateError> {
    let since = sqlx::query_scalar(COMPATIBLE).fetch_optional(&mut *connection).await;
    let mut migrator = that_suits(mysql(), since)?;
    migrator.set_locking(false);
    connection.ensure_migrations_table(&migrator.table_name).await?;
    let broken_off = connection.dirty_version(&migrator.table_name).await?;
    sqlx::query(FORGET_BROKEN).execute(&mut *connection).await?;
    match migrator.run(&mut *connection).await {
        Err(MigrateError::ExecuteMigration(error, version))
            if broken_off == Some(version) && is_there(&error) =>
        {
            sqlx::query(FORGET_BROKEN).execute(&mut *connection).await?;
            for done in migrator.iter().filter(|migration| migration.version == version) {
                connection.skip(&migrator.table_name, done).await?;
            }
            migrator.run(&mut *connection).await?;
        }
        result => result?,
    }
    sqlx::query(RAISE).bind(OLDEST).bind(OLDEST).execute(connection).await?;
    Ok(())
}

/// What a program does to a database for programs that know the migration `since`, if
/// that was found: migrations of newer ones are left alone, where it can work with them.
fn that_suits(
    mut ours: Migrator,
    since: sqlx::Result<Option<i64>>,
) -> Result<Migrator, MigrateError> {
    // There is no such table before the migration that makes it.
    let since = since.ok().flatten();
    match since {
        Some(since) if since > newest(&ours) => Err(MigrateError::VersionMissing(since)),
        _ => {
            ours.set_ignore_missing(since.is_some());
            Ok(ours)
        }
    }
}

/// Whether a table has the column or the key that it was to get: all that the
/// migration was to do, for such a statement stands alone in its file.
fn is_there(error: &sqlx::Error) -> bool {
    let error = error.as_database_error().and_then(|error| error.try_downcast_ref());
    error.is_some_and(|error: &MySqlDatabaseError| matches!(error.number(), 1060 | 1061))
}

fn migrator(text: fn(&File) -> &'static str) -> Migrator {
    let migration = |file: &File| {
        let (version, name, ..) = *file;
        let sql = text(file).into_sql_str();
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect())
}
