//! What the store tells: rows of the log, counts, and the rest.

use super::rows::{Stored, columns, stored, with_content};
use super::*;
use crate::store::RowState;

/// Rows in one answer at most, whatever is asked for.
const ROWS_MAX: usize = 10_000;

/// How often an item that is just being revised is looked up again.
const LOOKS_MAX: u32 = 100;

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
        let bytes_max = i64::try_from(bytes_max).unwrap_or(i64::MAX);
        let mut connection = self.reader().await?;
        let rows = if content {
            // How far the page goes is asked first, so that no more content is read than goes into it.
            let last: Option<i64> = sqlx::query(
                "SELECT max(position) FROM (SELECT position, size, \
                 sum(size) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) AS total \
                 FROM (SELECT position, CASE state WHEN 2 THEN size ELSE 0 END AS size \
                 FROM log WHERE position > ?1 ORDER BY position LIMIT ?2)) WHERE total <= ?3 OR total = size",
            )
            .bind(after.0)
            .bind(rows_max)
            .bind(bytes_max)
            .fetch_one(&mut *connection)
            .await
            .and_then(|row| row.try_get(0))
            .map_err(|e| self.failed(e))?;
            let Some(last) = last else {
                return Ok(Vec::new());
            };
            sqlx::query(concat!(
                "SELECT ",
                columns!(),
                with_content!(),
                "WHERE l.position > ?1 AND l.position <= ?2 ORDER BY l.position"
            ))
            .bind(after.0)
            .bind(last)
            .fetch_all(&mut *connection)
            .await
        } else {
            sqlx::query(concat!(
                "SELECT ",
                columns!(),
                " FROM log l WHERE l.position > ?1 ORDER BY l.position LIMIT ?2"
            ))
            .bind(after.0)
            .bind(rows_max)
            .fetch_all(&mut *connection)
            .await
        };
        let rows = rows.map_err(|e| self.failed(e))?;
        let rows = stored(&mut connection, rows)
            .await
            .map_err(|e| self.failed(e))?;
        Ok(rows.into_iter().map(|s: Stored| s.row).collect())
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
        let sql = if content {
            concat!(
                "SELECT ",
                columns!(),
                with_content!(),
                "WHERE l.position = ?1"
            )
        } else {
            concat!("SELECT ", columns!(), " FROM log l WHERE l.position = ?1")
        };
        let rows = sqlx::query(sql)
            .bind(*position)
            .fetch_all(&mut *connection)
            .await
            .map_err(|e| self.failed(e))?;
        let rows = stored(connection, rows).await.map_err(|e| self.failed(e))?;
        Ok(rows.into_iter().map(|s| s.row).next())
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

    /// The peers that may hold an item, also those that erased it.
    pub async fn holders(&self, item: ItemId) -> Result<Vec<Holder>, StoreError> {
        let mut connection = self.reader().await?;
        let holders = links::holders(&mut connection, item).await;
        holders.map_err(|e| self.failed(e))
    }

    /// Which of these items this peer may hold and has not erased, in the order in which they were asked for.
    pub async fn held_by(
        &self,
        peer: &CommunityId,
        items: &[ItemId],
    ) -> Result<Vec<ItemId>, StoreError> {
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
        let quarantined = links::quarantined(&mut connection, most).await;
        quarantined.map_err(|e| self.failed(e))
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

    /// The state of a document.
    pub async fn document(&self, document: Digest) -> Result<Option<DocumentState>, StoreError> {
        let mut connection = self.reader().await?;
        let state = load::document_state(&mut connection, &self.inner.documents, document).await;
        state.map_err(|e| self.failed(e))
    }
}
