//! The audit records: a chain in which each record's digest covers the one before.

use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::rows::{Failure, column, digest};
use super::statement::{ManyRows, PASS_OVER_NULL, Script, bind};
use crate::clock::Timestamp;
use crate::model::ids::Digest;
use crate::store::{AuditRow, StoreError};

/// The number and digest of the last record.
pub(super) async fn last(
    connection: &mut SqliteConnection,
) -> Result<Option<(i64, Digest)>, Failure> {
    let row = sqlx::query("SELECT seq, sha256 FROM audit ORDER BY seq DESC LIMIT 1")
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let seq: i64 = row.try_get(0)?;
    Ok(Some((seq, digest(&row, 1, "audit", "sha256", &seq)?)))
}

/// Adds records to the end of the chain.
pub(super) async fn insert(script: &mut Script<'_>, rows: &[AuditRow]) -> Result<(), sqlx::Error> {
    const INSERT: ManyRows = ManyRows {
        head: "INSERT INTO audit (seq, at, actor, act, subject, previous_sha256, sha256) SELECT * FROM (VALUES ",
        tuple: "(?,?,?,?,?,?,?)",
        tail: PASS_OVER_NULL,
    };
    script
        .rows(&INSERT, rows, |a, row| {
            bind(a, row.seq)?;
            bind(a, row.at.micros())?;
            bind(a, row.actor.as_str())?;
            bind(a, row.act.as_str())?;
            bind(a, row.subject.as_str())?;
            bind(a, row.previous_sha256.0.as_slice())?;
            bind(a, row.sha256.0.as_slice())
        })
        .await
}

/// Records after a number in order, at most so many.
pub(super) async fn after(
    connection: &mut SqliteConnection,
    seq: i64,
    most: i64,
) -> Result<Vec<AuditRow>, Failure> {
    let rows = sqlx::query(
        "SELECT seq, at, actor, act, subject, previous_sha256, sha256 FROM audit WHERE seq > ? ORDER BY seq LIMIT ?",
    )
    .bind(seq)
    .bind(most)
    .fetch_all(connection)
    .await?;
    Ok(rows.iter().map(audit_row).collect::<Result<_, _>>()?)
}

fn audit_row(row: &SqliteRow) -> Result<AuditRow, StoreError> {
    const TABLE: &str = "audit";
    let seq: i64 = column(row, 0, TABLE, "seq", &"?")?;
    Ok(AuditRow {
        seq,
        at: Timestamp::from_micros(column(row, 1, TABLE, "at", &seq)?),
        actor: column(row, 2, TABLE, "actor", &seq)?,
        act: column(row, 3, TABLE, "act", &seq)?,
        subject: column(row, 4, TABLE, "subject", &seq)?,
        previous_sha256: digest(row, 5, TABLE, "previous_sha256", &seq)?,
        sha256: digest(row, 6, TABLE, "sha256", &seq)?,
    })
}
