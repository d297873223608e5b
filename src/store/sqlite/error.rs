//! What goes wrong with a database, in sentences that name the file and the next step.

use std::path::{Path, PathBuf};

/// What went wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row that cannot be read back; the item stays where it is.
    #[error("row {id} of table {table} cannot be read back: column {column}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The row.
        id: String,
        /// The column.
        column: &'static str,
    },
    /// The disk is full. Nothing of the write took effect; writes are taken again as soon as there is room.
    #[error("the disk that holds {} is full; free some space, then try again", .file.display())]
    DiskFull {
        /// The database.
        file: PathBuf,
        /// What SQLite said.
        #[source]
        source: sqlx::Error,
    },
    /// The database was made by a later version.
    #[error(
        "{} has version {found} of the schema and this program knows up to {known}; run a newer sluis, or restore a backup that was made with this one",
        .file.display()
    )]
    NewerVersion {
        /// The database.
        file: PathBuf,
        /// Its version.
        found: i64,
        /// The latest version that this program knows.
        known: i64,
    },
    /// Some other program's file.
    #[error(
        "{} is not a database of sluis; choose another data directory, or move the file away",
        .file.display()
    )]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// Another process holds the database.
    #[error(
        "{} is locked by another process; end the other sluis or the tool that has it open, then try again",
        .file.display()
    )]
    Locked {
        /// The database.
        file: PathBuf,
        /// What SQLite said.
        #[source]
        source: sqlx::Error,
    },
    /// The file cannot be opened or made.
    #[error("{} cannot be opened; see that the directory exists and belongs to you", .file.display())]
    Open {
        /// The database.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The schema could not be brought to this version; the database is as it was.
    #[error("the schema of {} could not be brought to this version; the database was left as it is", .file.display())]
    Migrate {
        /// The database.
        file: PathBuf,
        /// Why.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// The database failed. Nothing of the write took effect.
    #[error("the database {} failed", .file.display())]
    Failed {
        /// The database.
        file: PathBuf,
        /// What SQLite said.
        #[source]
        source: sqlx::Error,
    },
    /// A commit failed, so that nobody knows what the disk has. No write is taken until the node starts again.
    #[error(
        "{} could not be flushed to the disk; no more is written until the node is started again; check the disk first",
        .file.display()
    )]
    Stopped {
        /// The database.
        file: PathBuf,
    },
    /// The store or the log was closed.
    #[error("the database is closed because the node is shutting down")]
    Closed,
}

impl StoreError {
    /// What a failure of SQLite means for this file.
    pub(super) fn of(file: &Path, source: sqlx::Error) -> Self {
        let file = file.to_owned();
        match primary_code(&source) {
            Some(FULL) => Self::DiskFull { file, source },
            Some(BUSY | LOCKED) => Self::Locked { file, source },
            Some(NOT_A_DATABASE) => Self::Foreign { file },
            Some(_) => Self::Failed { file, source },
            None if matches!(source, sqlx::Error::PoolClosed) => Self::Closed,
            None => Self::Failed { file, source },
        }
    }

    /// Whether every write fails likewise, so that trying the writes of a batch one by one is of no use.
    pub(crate) fn fails_everyone(&self) -> bool {
        match self {
            Self::DiskFull { .. }
            | Self::Locked { .. }
            | Self::Stopped { .. }
            | Self::Open { .. }
            | Self::Closed
            | Self::Foreign { .. }
            | Self::NewerVersion { .. }
            | Self::Migrate { .. } => true,
            Self::Inconsistent { .. } => false,
            Self::Failed { source, .. } => primary_code(source) != Some(CONSTRAINT),
        }
    }
}

/// Whether the operating system failed to read or write: what the page cache holds is then no longer what the disk has.
pub(super) fn is_io(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(IO | CORRUPT))
}

/// SQLite's primary result code, the lower byte of the extended one.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

// https://www.sqlite.org/rescode.html
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const IO: u32 = 10;
const CORRUPT: u32 = 11;
const FULL: u32 = 13;
const CONSTRAINT: u32 = 19;
const NOT_A_DATABASE: u32 = 26;
