//! Copies of the database, and what begins with one that is brought back.

use super::*;
use crate::store::AuditRecord;

/// The generation of the log, in `meta`.
const GENERATION: &str = "generation";
/// The lowest number of a new revision, in `meta`: four bytes, big-endian.
const REVISION_FLOOR: &str = "revision-floor";
/// Faults that are read: the first tells enough.
const FAULTS_MAX: i64 = 20;

/// Which log it is that the positions are of. It changes when a database is restored, because from there on positions are
/// given again that the lost log had given already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(pub [u8; 8]);

impl Store {
    /// Writes a consistent copy of a database into a new file, with mode 0600, while its node runs or not.
    ///
    /// # Errors
    /// If the database cannot be read, or the file is there or cannot be written.
    pub async fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
        let mut connection = open::one(from).await?;
        copy_with(&mut connection, to).await?;
        connection
            .close()
            .await
            .map_err(|e| StoreError::of(from, e))
    }

    /// What SQLite finds wrong with a database, changing nothing; empty if it is whole.
    ///
    /// # Errors
    /// If it cannot be read at all.
    pub async fn faults(file: &Path) -> Result<Vec<String>, StoreError> {
        let mut connection = open::one(file).await?;
        let rows = sqlx::query("SELECT quick_check FROM pragma_quick_check LIMIT ?")
            .bind(FAULTS_MAX)
            .fetch_all(&mut connection)
            .await;
        let faults = rows.and_then(|rows| {
            rows.iter()
                .map(|row| row.try_get::<String, _>(0))
                .filter(|told| !matches!(told, Ok(fine) if fine == "ok"))
                .collect()
        });
        let faults = faults.map_err(|e| StoreError::of(file, e))?;
        connection
            .close()
            .await
            .map_err(|e| StoreError::of(file, e))?;
        Ok(faults)
    }

    /// When the newest audit record of a database was made.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn newest_record(file: &Path) -> Result<Option<Timestamp>, StoreError> {
        let failed = |e| StoreError::of(file, e);
        let mut connection = open::one(file).await?;
        let row = sqlx::query("SELECT max(at) FROM audit")
            .fetch_one(&mut connection)
            .await
            .map_err(failed)?;
        let newest: Option<i64> = row.try_get(0).map_err(failed)?;
        connection.close().await.map_err(failed)?;
        Ok(newest.map(Timestamp::from_micros))
    }

    /// Writes a consistent copy of the database into a new file, with mode 0600, while the node runs.
    pub async fn backup(&self, file: &Path) -> Result<(), StoreError> {
        let mut connection = self.reader().await?;
        copy_with(&mut connection, file).await
    }

    /// The generation of this log, where it was ever set.
    pub async fn generation(&self) -> Result<Option<Generation>, StoreError> {
        let stored = self.meta(GENERATION).await?;
        Ok(stored.and_then(|g| g.try_into().ok()).map(Generation))
    }

    /// Sets the generation of a log that has none yet.
    pub async fn set_generation(&self, generation: Generation) -> Result<(), StoreError> {
        self.set_meta(GENERATION, &generation.0).await
    }

    /// The lowest number that a new revision may have; 0 where the database was never restored.
    pub async fn revision_floor(&self) -> Result<u32, StoreError> {
        let stored = self.meta(REVISION_FLOOR).await?;
        let floor = stored.and_then(|f| f.try_into().ok());
        Ok(floor.map_or(0, u32::from_be_bytes))
    }

    /// Begins a new generation, in a database that was brought back from a copy: what was given out after the copy is not
    /// known here. Open invites are void, since each may have been used; new revisions have higher numbers than any that
    /// the lost log can have given, up to `revision_floor` and beyond. Answers how many invites became void.
    pub async fn begin_generation(
        &self,
        generation: Generation,
        revision_floor: u32,
        audit: AuditRecord,
    ) -> Result<u64, StoreError> {
        let at = audit.at;
        let floor = self.revision_floor().await?.max(revision_floor);
        self.commit(vec![Write::Audit(audit)]).await?;
        let inner = &*self.inner;
        let mut writer = inner.writer.lock().await;
        let mut connection = inner.connection(&mut writer).await?;
        let begun = async {
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            let voided = sqlx::query("UPDATE invites SET used = ? WHERE used IS NULL")
                .bind(at.micros())
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            for (key, value) in [
                (GENERATION, generation.0.to_vec()),
                (REVISION_FLOOR, floor.to_be_bytes().to_vec()),
            ] {
                sqlx::query(
                    "INSERT INTO meta (key, value) VALUES (?, ?) \
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                )
                .bind(key)
                .bind(value)
                .execute(&mut *transaction)
                .await?;
            }
            transaction.commit().await?;
            Ok(voided)
        };
        match begun.await {
            Ok(voided) => {
                writer.connection = Some(connection);
                writer.written = true;
                Ok(voided)
            }
            Err(e) => Err(inner
                .undo(connection, &mut writer, Broken::Committing(e))
                .await),
        }
    }
}

async fn copy_with(connection: &mut SqliteConnection, to: &Path) -> Result<(), StoreError> {
    open::private_file(to, true)
        .await
        .map_err(|source| StoreError::Open {
            file: to.to_owned(),
            source,
        })?;
    sqlx::query("VACUUM INTO ?")
        .bind(to.to_string_lossy().into_owned())
        .execute(connection)
        .await
        .map_err(|e| StoreError::of(to, e))?;
    Ok(())
}
