//! Opening: options, file modes, migrations, and the checkpoint.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Executor, Row, SqlSafeStr};

use super::error::StoreError;
use super::late::{Key, Late};
use super::load::document_key;
use super::pack::{self, fingerprints_of_body, item_of_body};
use super::people;
use super::rows::SUPERSEDED;
use crate::model::ids::Digest;

/// `SLUI`, as the first migration writes it.
const APPLICATION_ID: i64 = 0x534c_5549;

/// Readers beside each other. Each has a thread; more than a few only take turns on the same disk.
const READERS_MAX: u32 = 4;

/// How long a connection waits for another process, such as one that makes a backup.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// Pages in the write-ahead log before a commit moves them into the database: 160 MB. Rarely, since a page that changes
/// often is then moved once.
const CHECKPOINT_PAGES: &str = "20000";

/// Page cache of the writer, in KiB (negative: SQLite's way to say KiB): the inner pages of all tables of a large log.
const WRITER_CACHE: &str = "-65536";

/// Page cache of each reader.
const READER_CACHE: &str = "-16384";

/// Statements that stay compiled: four sizes of some dozen statements.
const STATEMENTS_MAX: usize = 200;

/// Rows on their way from SQLite's thread, so that it seldom waits. A page is collected whole in any case, and its bytes
/// are bounded before it is read.
const ROW_BUFFER: usize = 512;

/// The schema, in steps that are never changed once released.
fn migrations() -> Vec<Migration> {
    vec![Migration::new(
        1,
        "initial".into(),
        MigrationType::Simple,
        include_str!("migrations/0001_initial.sql").into_sql_str(),
        false,
    )]
}

/// The connection that writes; makes the file, with mode 0600.
pub(super) async fn writer(file: &Path) -> Result<SqliteConnection, StoreError> {
    private_file(file, false)
        .await
        .map_err(|source| StoreError::Open {
            file: file.to_owned(),
            source,
        })?;
    let options = common(file)
        .page_size(8192)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("cache_size", WRITER_CACHE)
        // Erased means gone, also from pages that are free.
        .pragma("secure_delete", "ON")
        // No content in temporary files.
        .pragma("temp_store", "MEMORY");
    options.connect().await.map_err(|e| StoreError::of(file, e))
}

/// The connections that read.
pub(super) fn readers(file: &Path) -> SqlitePool {
    let options = common(file)
        .read_only(true)
        .pragma("cache_size", READER_CACHE)
        .pragma("temp_store", "MEMORY");
    SqlitePoolOptions::new()
        .max_connections(READERS_MAX)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options)
}

/// One connection to a database that is there, beside the node that serves it or without one. It changes nothing of itself.
pub(super) async fn one(file: &Path) -> Result<SqliteConnection, StoreError> {
    let options = common(file)
        .create_if_missing(false)
        .pragma("temp_store", "MEMORY");
    options.connect().await.map_err(|e| StoreError::of(file, e))
}

fn common(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .busy_timeout(BUSY_MAX)
        .row_buffer_size(ROW_BUFFER)
        .statement_cache_capacity(STATEMENTS_MAX)
        .disable_statement_logging()
}

/// Makes a file that only its owner may read, or sees to it that it is one. SQLite gives its other files the same mode.
pub(super) async fn private_file(file: &Path, new: bool) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let opened = tokio::fs::OpenOptions::new()
        .write(true)
        .create(!new)
        .create_new(new)
        .truncate(false)
        .mode(0o600)
        .open(file)
        .await?;
    opened
        .set_permissions(std::fs::Permissions::from_mode(0o600))
        .await
}

/// Brings the schema to this version; refuses another program's database, and a later version's.
pub(super) async fn migrate(
    file: &Path,
    connection: &mut SqliteConnection,
) -> Result<(), StoreError> {
    let failed = |e| StoreError::of(file, e);
    let application: i64 = number(connection, "PRAGMA application_id")
        .await
        .map_err(failed)?;
    let tables: i64 = number(connection, "SELECT count(*) FROM sqlite_schema")
        .await
        .map_err(failed)?;
    if application != APPLICATION_ID && (application != 0 || tables != 0) {
        return Err(StoreError::Foreign {
            file: file.to_owned(),
        });
    }
    let known = migrations();
    let latest = known.iter().map(|m| m.version).max().unwrap_or_default();
    let migrated = Migrator::with_migrations(known)
        .run_direct(None, connection, false)
        .await;
    match migrated {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(_)) => {
            let found = number(connection, "SELECT max(version) FROM _sqlx_migrations")
                .await
                .map_err(failed)?;
            Err(StoreError::NewerVersion {
                file: file.to_owned(),
                found,
                known: latest,
            })
        }
        Err(source) => Err(StoreError::Migrate {
            file: file.to_owned(),
            source,
        }),
    }
}

/// The newest position, and the newest number of a document.
pub(super) async fn newest(connection: &mut SqliteConnection) -> Result<(i64, i64), sqlx::Error> {
    Ok((
        number(connection, "SELECT coalesce(max(position), 0) FROM log").await?,
        number(connection, "SELECT coalesce(max(number), 0) FROM documents").await?,
    ))
}

/// Reads again what is not in the late tables yet.
pub(super) async fn load_late(
    connection: &mut SqliteConnection,
    items: &Late,
    documents: &Late,
) -> Result<(), sqlx::Error> {
    let until = people::count(connection, items.counter).await?;
    let rows = sqlx::query(concat!(
        "SELECT ",
        item_of_body!(),
        ", position, ",
        fingerprints_of_body!(),
        ", state FROM log WHERE position > ?"
    ))
    .bind(until)
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        let item: &[u8] = row.try_get(0)?;
        if let Ok(key) = Key::try_from(item) {
            items.add([(key, row.try_get(1)?)]);
        }
        // What holds in the place of a superseded row has its fingerprints.
        if row.try_get::<i64, _>(3)? != SUPERSEDED {
            let position = row.try_get(1)?;
            let marks = pack::fingerprints(row.try_get(2)?);
            items.add(marks.into_iter().flatten().map(|f| (f.bytes(), position)));
        }
    }
    let until = people::count(connection, documents.counter).await?;
    let rows = sqlx::query("SELECT document, number FROM documents WHERE number > ?")
        .bind(until)
        .fetch_all(connection)
        .await?;
    for row in rows {
        if let Some(document) = Digest::from_slice(row.try_get(0)?) {
            documents.add([(document_key(&document), row.try_get(1)?)]);
        }
    }
    Ok(())
}

/// Moves the write-ahead log into the database and cuts it to nothing, without waiting long for readers. Whether it
/// came to that.
pub(super) async fn checkpoint(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // The first does the work beside readers; the second then holds the lock only for a moment.
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").await?;
    connection.execute("PRAGMA busy_timeout = 50").await?;
    let row = connection
        .fetch_one("PRAGMA wal_checkpoint(TRUNCATE)")
        .await;
    connection.execute("PRAGMA busy_timeout = 5000").await?;
    let busy: i64 = row?.try_get(0)?;
    Ok(busy == 0)
}

async fn number(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64, sqlx::Error> {
    connection.fetch_one(sql).await?.try_get(0)
}
