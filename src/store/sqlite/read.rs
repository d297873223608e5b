//! What the store tells: rows of the log, counts, and the rest.

use sqlx::sqlite::SqliteRow;

use super::rows::{AT_POSITIONS, LIVE, Stored, column, columns, stored};
use super::statement::bind;
use super::*;
use crate::anonymity::Reissued;
use crate::store::{DocumentOfItem, EQUIVOCATION, QuarantineRow, RowState, WaitingItem};

/// Rows in one answer at most, whatever is asked for.
const ROWS_MAX: usize = 10_000;

/// How often an item that is just being revised is looked up again.
const LOOKS_MAX: u32 = 100;

/// Cuts a page where its content would be more than so many bytes, behind the first row at the earliest. The sizes stand
/// beside the rows, so that no more content is read than goes into the page.
fn cut(rows: &mut Vec<SqliteRow>, bytes_max: usize) -> Result<(), StoreError> {
    let bytes_max = i64::try_from(bytes_max).unwrap_or(i64::MAX);
    let mut bytes = 0_i64;
    let mut fits = 0;
    for row in rows.iter() {
        let state: i64 = column(row, 1, "log", "state", &"?")?;
        let size: i64 = column(row, 4, "log", "size", &"?")?;
        if state == LIVE {
            bytes = bytes.saturating_add(size);
        }
        if bytes > bytes_max && fits > 0 {
            break;
        }
        fits += 1;
    }
    rows.truncate(fits);
    Ok(())
}

impl Store {
    /// Rows after a position in order, at most so many and (but for one row) so many bytes of content.
    pub async fn rows_after(
        &self,
        after: Position,
        rows_max: usize,
        bytes_max: usize,
        content: bool,
    ) -> Result<Vec<LogRow>, StoreError> {
        let rows_max = i64::try_from(rows_max.min(ROWS_MAX)).unwrap_or(i64::MAX);
        let mut connection = self.reader().await?;
        let read = async {
            let mut transaction = connection.begin().await?;
            let mut rows = sqlx::query(concat!(
                "SELECT ",
                columns!(),
                ", size FROM log WHERE position > ? ORDER BY position LIMIT ?"
            ))
            .bind(after.0)
            .bind(rows_max)
            .fetch_all(&mut *transaction)
            .await?;
            if content {
                cut(&mut rows, bytes_max)?;
            }
            stored(&mut transaction, rows, content).await
        };
        let rows: Vec<Stored> = read.await.map_err(|e| self.failed(e))?;
        Ok(rows.into_iter().map(|s| s.row).collect())
    }

    /// The newest row of an item, in or out of service.
    pub async fn row_of(&self, item: ItemId, content: bool) -> Result<Option<LogRow>, StoreError> {
        let mut connection = self.reader().await?;
        let mut looks = 1;
        loop {
            let row = self.newest_row(&mut connection, item, content).await?;
            let superseded = row
                .as_ref()
                .is_some_and(|r| r.state == RowState::Superseded);
            if !superseded || looks == LOOKS_MAX {
                return Ok(row);
            }
            // A later row is always there with the one that it supersedes: it came while this one was looked up.
            looks += 1;
            tokio::task::yield_now().await;
        }
    }

    async fn newest_row(
        &self,
        connection: &mut SqliteConnection,
        item: ItemId,
        content: bool,
    ) -> Result<Option<LogRow>, StoreError> {
        let key = item.bytes();
        let newest = self.inner.items.newest(connection, &[key]).await;
        let newest = newest.map_err(|e| self.failed(e))?;
        let Some(position) = newest.get(&key) else {
            return Ok(None);
        };
        let position = *position;
        let read = async {
            let mut transaction = connection.begin().await?;
            let rows = sqlx::query(concat!(
                "SELECT ",
                columns!(),
                " FROM log WHERE position = ?"
            ))
            .bind(position)
            .fetch_all(&mut *transaction)
            .await?;
            stored(&mut transaction, rows, content).await
        };
        let rows = read.await.map_err(|e| self.failed(e))?;
        Ok(rows.into_iter().map(|s| s.row).next())
    }

    /// The rows of an item, oldest first and at most so many of the newest, without content.
    pub async fn history(&self, item: ItemId, most: usize) -> Result<Vec<LogRow>, StoreError> {
        let mut connection = self.reader().await?;
        let key = item.bytes();
        let read = async {
            let mut positions = self.inner.items.all(&mut connection, &[key]).await?;
            positions.sort_unstable();
            let newest = positions.split_off(positions.len().saturating_sub(most));
            let mut transaction = connection.begin().await?;
            let rows = AT_POSITIONS
                .fetch(&mut transaction, &newest, |a, p| bind(a, *p))
                .await?;
            stored(&mut transaction, rows, false).await
        };
        let rows: Result<Vec<Stored>, Failure> = read.await;
        let mut rows: Vec<LogRow> = rows
            .map_err(|e| self.failed(e))?
            .into_iter()
            .map(|s| s.row)
            .collect();
        rows.sort_unstable_by_key(|row| row.position);
        Ok(rows)
    }

    /// What the objects of an item in service were called when it was pushed: empty where none was issued anew.
    pub async fn reissued(&self, item: ItemId) -> Result<Vec<Reissued>, StoreError> {
        let mut connection = self.reader().await?;
        let key = item.bytes();
        let newest = self.inner.items.newest(&mut connection, &[key]).await;
        let newest = newest.map_err(|e| self.failed(e))?;
        let Some(position) = newest.get(&key) else {
            return Ok(Vec::new());
        };
        let row = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            ", sealed FROM log JOIN reissued USING (position) WHERE position = ?"
        ))
        .bind(*position)
        .fetch_optional(&mut *connection)
        .await;
        let Some(row) = row.map_err(|e| self.failed(e))? else {
            return Ok(Vec::new());
        };
        rows::reissued(row, *position)
    }

    /// The position of the newest row.
    pub async fn head(&self) -> Result<Position, StoreError> {
        let mut connection = self.reader().await?;
        let newest = open::newest(&mut connection).await;
        newest
            .map(|(head, _)| Position(head))
            .map_err(|e| self.failed(e))
    }

    /// How many items are in service.
    pub async fn items_in_service(&self) -> Result<u64, StoreError> {
        let mut connection = self.reader().await?;
        let count = people::count(&mut connection, "items_in_service").await;
        count
            .map(|count| u64::try_from(count).unwrap_or_default())
            .map_err(|e| self.failed(e))
    }

    /// Everyone, as of the last commit.
    pub async fn roster(&self) -> Result<Roster, StoreError> {
        let mut connection = self.reader().await?;
        let read = async {
            let mut transaction = connection.begin().await?;
            people::roster(&mut transaction).await
        };
        read.await.map_err(|e| self.failed(e))
    }

    /// The items that wait for the operator, oldest first, at most so many.
    pub async fn waiting(&self, most: i64) -> Result<Vec<WaitingItem>, StoreError> {
        let mut connection = self.reader().await?;
        let waiting = waiting::list(&mut connection, most).await;
        waiting.map_err(|e| self.failed(e))
    }

    /// The peers that may hold an item, also those that erased it.
    pub async fn holders(&self, item: ItemId) -> Result<Vec<Holder>, StoreError> {
        let mut connection = self.reader().await?;
        let holders = links::holders(&mut connection, item).await;
        holders.map_err(|e| self.failed(e))
    }

    /// Which of these items this peer may hold and has not erased, in the order in which they were asked for, each with
    /// the highest revision that was offered.
    pub async fn held_by(
        &self,
        peer: &CommunityId,
        items: &[ItemId],
    ) -> Result<Vec<(ItemId, u32)>, StoreError> {
        let mut connection = self.reader().await?;
        let held = links::held_by(&mut connection, peer, items).await;
        held.map_err(|e| self.failed(e))
    }

    /// How far each credential was sent its feed: SPIFFE id, position, when.
    pub async fn progress(&self) -> Result<Vec<(String, Position, Timestamp)>, StoreError> {
        let mut connection = self.reader().await?;
        let progress = links::all_progress(&mut connection).await;
        progress.map_err(|e| self.failed(e))
    }

    /// All pinned keys and CA certificates.
    pub async fn pinned_keys(&self) -> Result<Vec<PinnedKey>, StoreError> {
        let mut connection = self.reader().await?;
        let pinned = links::pinned(&mut connection).await;
        pinned.map_err(|e| self.failed(e))
    }

    /// The state of the link to a supplier.
    pub async fn link(&self, peer: &CommunityId) -> Result<LinkState, StoreError> {
        let mut connection = self.reader().await?;
        let link = links::link(&mut connection, peer).await;
        link.map_err(|e| self.failed(e))
    }

    /// What suppliers sent that was invalid, newest first, at most so many.
    pub async fn quarantined(&self, most: usize) -> Result<Vec<Quarantined>, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut connection = self.reader().await?;
        let rows = links::quarantined(&mut connection, None, None, most).await;
        let rows = rows.map_err(|e| self.failed(e))?;
        Ok(rows.into_iter().map(|row| row.quarantined).collect())
    }

    /// The same with their numbers, of one supplier or of all, one record or all.
    pub async fn quarantine(
        &self,
        supplier: Option<&CommunityId>,
        number: Option<i64>,
        most: usize,
    ) -> Result<Vec<QuarantineRow>, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut connection = self.reader().await?;
        let rows = links::quarantined(&mut connection, supplier, number, most).await;
        rows.map_err(|e| self.failed(e))
    }

    /// How many equivocations are on record and not settled.
    pub async fn equivocations(&self) -> Result<u64, StoreError> {
        let mut connection = self.reader().await?;
        let count = links::count_quarantined(&mut connection, EQUIVOCATION).await;
        count
            .map(|count| u64::try_from(count).unwrap_or_default())
            .map_err(|e| self.failed(e))
    }

    /// Audit records after a number in order, at most so many. Whether the chain holds is for the reader to check.
    pub async fn audit_after(&self, seq: i64, most: usize) -> Result<Vec<AuditRow>, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut connection = self.reader().await?;
        let rows = audit::after(&mut connection, seq, most).await;
        rows.map_err(|e| self.failed(e))
    }

    /// A value that belongs to the database, such as the cursor key.
    pub async fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut connection = self.reader().await?;
        let row = sqlx::query("SELECT value FROM meta WHERE key = ?")
            .bind(key.to_owned())
            .fetch_optional(&mut *connection)
            .await
            .map_err(|e| self.failed(e))?;
        row.map(|row| row.try_get(0))
            .transpose()
            .map_err(|e| self.failed(e))
    }

    /// What an invite is good for, used or not; `None` if there is none with this hash of its secret.
    pub async fn invite(&self, secret_sha256: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let mut connection = self.reader().await?;
        let row = sqlx::query("SELECT purpose FROM invites WHERE secret_sha256 = ?")
            .bind(secret_sha256.0.to_vec())
            .fetch_optional(&mut *connection)
            .await
            .map_err(|e| self.failed(e))?;
        row.map(|row| row.try_get(0))
            .transpose()
            .map_err(|e| self.failed(e))
    }

    /// The document that an item of this community in service is a part of.
    pub async fn document_of(&self, item: ItemId) -> Result<Option<DocumentOfItem>, StoreError> {
        let mut connection = self.reader().await?;
        let key = item.bytes();
        let read = async {
            let newest = self.inner.items.newest(&mut connection, &[key]).await?;
            let Some(position) = newest.get(&key) else {
                return Ok(None);
            };
            let mut transaction = connection.begin().await?;
            load::document_at(&mut transaction, *position).await
        };
        let read: Result<_, Failure> = read.await;
        read.map_err(|e| self.failed(e))
    }

    /// The state of a document.
    pub async fn document(&self, document: Digest) -> Result<Option<DocumentState>, StoreError> {
        let mut connection = self.reader().await?;
        let state = load::document_state(&mut connection, &self.inner.documents, document).await;
        state.map_err(|e| self.failed(e))
    }
}
