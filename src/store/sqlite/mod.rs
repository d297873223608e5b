//! The store on SQLite: WAL, `synchronous=FULL`, one connection that writes and a few that read.
//!
//! ```text
//! batch ─▶ load: what it touches ─▶ plan: write by write, in memory ─▶ apply: table by table ─▶ COMMIT (fsync) ─▶ Committed
//! ```
//!
//! A connection in doubt is thrown away: whatever interrupts a commit, the transaction ends with its connection, and the
//! next commit opens a new one and looks at what is there. A commit that fails at the disk stops all writing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{Connection, Executor, Row, Sqlite};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, Digest, ItemId};
use crate::model::position::Position;
use crate::model::roster::Roster;
use crate::store::{
    AuditRow, DocumentState, Fingerprints, Holder, LinkState, LogRow, PinnedKey, Quarantined,
    RowState, Write, Written,
};

mod apply;
mod audit;
mod error;
mod keep;
mod late;
mod links;
mod load;
mod open;
mod pack;
mod people;
mod plan;
mod read;
mod rows;
mod seal;
mod statement;
mod waiting;

pub use error::StoreError;
pub use keep::Generation;

use late::{Key, Late, Round};
use plan::Plan;
use rows::Failure;
use statement::Script;

/// A node's database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: PathBuf,
    readers: SqlitePool,
    items: Late,
    documents: Late,
    /// Held over a whole commit.
    writer: Mutex<Writer>,
    /// Set once a commit failed at the disk.
    stopped: CancellationToken,
}

/// What only the one that writes needs.
#[derive(Debug)]
struct Writer {
    /// `None`: the last one was thrown away.
    connection: Option<SqliteConnection>,
    /// The newest position, and the newest number of a document.
    newest: (i64, i64),
    items_round: Round,
    documents_round: Round,
    /// Something was erased since the write-ahead log was last emptied.
    erased: bool,
    /// Something was written since.
    written: bool,
    closed: bool,
}

/// What a batch came to.
#[derive(Debug)]
pub(crate) struct Committed {
    /// One result a write, in order.
    pub(crate) written: Vec<Written>,
    /// New rows in order, with their content.
    pub(crate) added: Vec<LogRow>,
    /// Rows that went out of service, as they are now.
    pub(crate) changed: Vec<LogRow>,
}

impl Store {
    /// Opens or makes the database in this file, with mode 0600.
    pub async fn open(file: &Path) -> Result<Store, StoreError> {
        let mut connection = open::writer(file).await?;
        open::migrate(file, &mut connection).await?;
        let readers = open::readers(file);
        let items = Late::items();
        let documents = Late::documents();
        let newest = open::newest(&mut connection)
            .await
            .map_err(|e| StoreError::of(file, e))?;
        open::load_late(&mut connection, &items, &documents)
            .await
            .map_err(|e| StoreError::of(file, e))?;
        Ok(Store {
            inner: Arc::new(Inner {
                file: file.to_owned(),
                readers,
                items,
                documents,
                writer: Mutex::new(Writer {
                    connection: Some(connection),
                    newest,
                    items_round: Round::default(),
                    documents_round: Round::default(),
                    erased: true,
                    written: true,
                    closed: false,
                }),
                stopped: CancellationToken::new(),
            }),
        })
    }

    /// Carries out a batch in one transaction, flushed to disk before it answers. One result a write, in order; on an
    /// error nothing of the batch took effect.
    pub async fn commit(&self, batch: Vec<Write>) -> Result<Vec<Written>, StoreError> {
        Ok(self.commit_rows(&batch).await?.written)
    }

    /// The same, with the rows that the log keeps in memory.
    pub(crate) async fn commit_rows(&self, batch: &[Write]) -> Result<Committed, StoreError> {
        let inner = &*self.inner;
        let mut writer = inner.writer.lock().await;
        let mut connection = inner.connection(&mut writer).await?;
        match inner.transact(&mut connection, &mut writer, batch).await {
            Ok(committed) => {
                writer.connection = Some(connection);
                Ok(committed)
            }
            Err(failure) => Err(inner.undo(connection, &mut writer, failure).await),
        }
    }

    /// Sets a value that belongs to the database, durably.
    pub async fn set_meta(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let inner = &*self.inner;
        let mut writer = inner.writer.lock().await;
        let mut connection = inner.connection(&mut writer).await?;
        let set = sqlx::query(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(key.to_owned())
        .bind(value.to_vec())
        .execute(&mut connection)
        .await;
        match set {
            Ok(_) => {
                writer.connection = Some(connection);
                writer.written = true;
                Ok(())
            }
            Err(e) => {
                let failure = Broken::Committing(e);
                Err(inner.undo(connection, &mut writer, failure).await)
            }
        }
    }

    /// Moves what the write-ahead log holds into the database, and empties it if that needs no waiting. What was erased
    /// is then in no file any more. Cheap when nothing was written. For quiet moments.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        let inner = &*self.inner;
        let mut writer = inner.writer.lock().await;
        if !writer.written {
            return Ok(());
        }
        let mut connection = inner.connection(&mut writer).await?;
        match open::checkpoint(&mut connection).await {
            Ok(emptied) => {
                writer.connection = Some(connection);
                writer.written = !emptied;
                writer.erased &= !emptied;
                Ok(())
            }
            Err(e) => Err(inner
                .undo(connection, &mut writer, Broken::Before(e.into()))
                .await),
        }
    }

    /// Whether something was erased that the write-ahead log may still hold.
    pub async fn owes_checkpoint(&self) -> bool {
        self.inner.writer.lock().await.erased
    }

    /// Cancelled once the database failed at the disk: until the node starts again every write is refused.
    pub fn stopped(&self) -> &CancellationToken {
        &self.inner.stopped
    }

    /// Ends all reading and writing and empties the write-ahead log. What the store has answered is durable without it.
    pub async fn close(&self) -> Result<(), StoreError> {
        let inner = &*self.inner;
        let mut writer = inner.writer.lock().await;
        writer.closed = true;
        inner.readers.close().await;
        let Some(mut connection) = writer.connection.take() else {
            return Ok(());
        };
        let closed = async {
            for (late, newest) in [
                (&inner.items, writer.newest.0),
                (&inner.documents, writer.newest.1),
            ] {
                let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
                let mut script = Script::new(&mut transaction, false);
                late.write(&mut script, &late.whole(newest)).await?;
                transaction.commit().await?;
            }
            open::checkpoint(&mut connection).await?;
            connection.close().await
        };
        closed.await.map_err(|e| StoreError::of(&inner.file, e))
    }

    async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        let readers = &self.inner.readers;
        readers.acquire().await.map_err(|e| self.failed(e))
    }

    fn failed(&self, failure: impl Into<Failure>) -> StoreError {
        match failure.into() {
            Failure::Sqlite(e) => StoreError::of(&self.inner.file, e),
            Failure::Store(e) => e,
        }
    }
}

/// Rows up to which the statements of a batch go together.
const SMALL_BATCH: usize = 4;

/// Where a transaction broke.
#[derive(Debug)]
enum Broken {
    /// Before the commit was begun: certainly nothing of it is there.
    Before(Failure),
    /// In the commit itself.
    Committing(sqlx::Error),
}

impl<T: Into<Failure>> From<T> for Broken {
    fn from(failure: T) -> Self {
        Self::Before(failure.into())
    }
}

impl Inner {
    /// The connection that writes, taken out: it is put back by who used it without a fault.
    async fn connection(&self, writer: &mut Writer) -> Result<SqliteConnection, StoreError> {
        if writer.closed {
            return Err(StoreError::Closed);
        }
        if self.stopped.is_cancelled() {
            return Err(StoreError::Stopped {
                file: self.file.clone(),
            });
        }
        if let Some(connection) = writer.connection.take() {
            return Ok(connection);
        }
        let mut connection = open::writer(&self.file).await?;
        let looked = async {
            let newest = open::newest(&mut connection).await?;
            if newest != writer.newest {
                // The commit that was interrupted had come through.
                self.items.clear();
                self.documents.clear();
                writer.items_round = Round::default();
                writer.documents_round = Round::default();
                open::load_late(&mut connection, &self.items, &self.documents).await?;
                writer.newest = newest;
            }
            Ok(connection)
        };
        looked.await.map_err(|e| StoreError::of(&self.file, e))
    }

    async fn transact(
        &self,
        connection: &mut SqliteConnection,
        writer: &mut Writer,
        batch: &[Write],
    ) -> Result<Committed, Broken> {
        connection.execute("BEGIN IMMEDIATE").await?;
        let known = load::known(
            connection,
            &self.items,
            &self.documents,
            batch,
            writer.newest,
        )
        .await?;
        let plan = Plan::of(known, batch)?;
        let items = self.items.next_slice(
            &writer.items_round,
            // An item and its fingerprint.
            plan.rows.len().saturating_mul(2),
            writer.newest.0,
        );
        let documents =
            self.documents
                .next_slice(&writer.documents_round, plan.rows.len(), writer.newest.1);
        let together = plan.rows.len() <= SMALL_BATCH && items.is_none() && documents.is_none();
        let mut script = Script::new(connection, together);
        apply::plan(&mut script, &plan).await?;
        if let Some(slice) = &items {
            self.items.write(&mut script, slice).await?;
        }
        if let Some(slice) = &documents {
            self.documents.write(&mut script, slice).await?;
        }
        let superseded: Vec<(Key, i64)> = plan
            .changed
            .iter()
            .filter(|stored| stored.row.state == RowState::Superseded)
            .flat_map(|stored| {
                let place = stored.row.position.0;
                stored
                    .fingerprints
                    .into_iter()
                    .flatten()
                    .map(move |mark| (mark.bytes(), place))
            })
            .collect();
        self.items.erase(&mut script, &superseded).await?;
        script.flushed().await?;
        connection
            .execute("COMMIT")
            .await
            .map_err(Broken::Committing)?;

        // From here on everything is durable, and nothing below can fail or wait.
        if let Some(slice) = &items {
            self.items.written(&mut writer.items_round, slice);
        }
        if let Some(slice) = &documents {
            self.documents.written(&mut writer.documents_round, slice);
        }
        self.items.add(plan.rows.iter().flat_map(|new| {
            let item = (new.row.item.bytes(), new.row.position.0);
            let marks = marks_of(&new.row, new.beside.fingerprints);
            std::iter::once(item).chain(marks)
        }));
        self.items.remove(&superseded);
        self.documents.add(
            plan.known
                .documents
                .iter()
                .filter(|(_, document)| document.change == plan::Change::Made)
                .map(|(digest, document)| (load::document_key(digest), document.number)),
        );
        writer.newest = (plan.known.head, plan.known.newest_document);
        writer.written = true;
        writer.erased |= !plan.changed.is_empty();
        Ok(Committed {
            written: plan.written,
            added: plan.rows.into_iter().map(|new| new.row).collect(),
            changed: plan.changed.into_iter().map(|s| s.row).collect(),
        })
    }

    /// Ends a transaction that failed, and says why it did.
    async fn undo(
        &self,
        mut connection: SqliteConnection,
        writer: &mut Writer,
        broken: Broken,
    ) -> StoreError {
        let (error, at_commit) = match broken {
            Broken::Before(Failure::Store(e)) => {
                // The rows were read, and what they hold is no fault of the connection.
                if connection.execute("ROLLBACK").await.is_ok() {
                    writer.connection = Some(connection);
                }
                return e;
            }
            Broken::Before(Failure::Sqlite(e)) => (e, false),
            Broken::Committing(e) => (e, true),
        };
        let stops = error::is_io(&error);
        let error = StoreError::of(&self.file, error);
        let full = matches!(error, StoreError::DiskFull { .. });
        if stops || (at_commit && !full) {
            // After a failed flush the page cache may hold what the disk does not: trying again would lie.
            tracing::error!(
                error = %crate::fault::chain(&error),
                "the database failed at the disk; nothing more is written until the node is started again"
            );
            self.stopped.cancel();
        } else if !full && connection.execute("ROLLBACK").await.is_ok() {
            writer.connection = Some(connection);
        }
        error
    }
}

/// The places of an item's fingerprints. What holds in the place of a superseded row has its own.
fn marks_of(row: &LogRow, marks: Fingerprints) -> impl Iterator<Item = (Key, i64)> {
    let place = row.position.0;
    let counts = row.state != RowState::Superseded;
    marks
        .into_iter()
        .flatten()
        .filter(move |_| counts)
        .map(move |mark| (mark.bytes(), place))
}

#[cfg(test)]
mod tests;
