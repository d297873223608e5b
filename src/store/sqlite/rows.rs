//! Rows of the log as they are stored, and back.

use std::collections::HashMap;

use bytes::Bytes;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Decode, Row, Sqlite, Type};

use super::pack::{Body, Class};
use super::statement::{ManyRows, bind};
use super::{pack, seal};
use crate::anonymity::Reissued;
use crate::clock::Timestamp;
use crate::model::ids::{Digest, ItemId};
use crate::model::position::Position;
use crate::model::signed::Signed;
use crate::store::{Before, Fingerprints, LogClass, LogRow, RowState, StoreError};

/// The columns of a [`Stored`], from `log`.
macro_rules! columns {
    () => {
        "position, state, content_key, body"
    };
}
pub(super) use columns;

pub(super) const LIVE: i64 = 2;
pub(super) const SUPERSEDED: i64 = 3;
pub(super) const WITHDRAWN: i64 = 4;

/// A row of the log, and what stands beside it only for the store.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// The row.
    pub row: LogRow,
    /// The number of the document that it is a part of.
    pub document: Option<i64>,
    /// For a withdrawal or recall, the position of the item's row that it ended; for a revision, that of the one before.
    pub ends: Option<i64>,
    /// Of which document the item is.
    pub fingerprints: Fingerprints,
    /// How long its body is where it is stored.
    pub body_bytes: usize,
}

/// A column by its place; a value of another type is inconsistent.
pub(super) fn column<'r, T>(
    row: &'r SqliteRow,
    at: usize,
    table: &'static str,
    name: &'static str,
    id: &dyn std::fmt::Display,
) -> Result<T, StoreError>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(at).map_err(|_| inconsistent(table, name, id))
}

/// A row that does not read.
pub(super) fn inconsistent(
    table: &'static str,
    column: &'static str,
    id: &dyn std::fmt::Display,
) -> StoreError {
    StoreError::Inconsistent {
        table,
        id: id.to_string(),
        column,
    }
}

/// Reads rows with [`columns`], and what else they need: of what ended the item's remains, and the content if it is
/// asked for. The caller holds a transaction, so that all of it is of one moment.
pub(super) async fn stored(
    connection: &mut SqliteConnection,
    rows: Vec<SqliteRow>,
    content: bool,
) -> Result<Vec<Stored>, Failure> {
    let raw: Vec<Raw> = rows.into_iter().map(raw).collect::<Result<_, _>>()?;
    let ended: Vec<i64> = raw.iter().filter_map(|r| r.body.ends).collect();
    let ended = if ended.is_empty() {
        HashMap::new()
    } else {
        ended_rows(connection, &ended).await?
    };
    let mut contents = if content {
        contents(connection, &raw).await?
    } else {
        HashMap::new()
    };
    Ok(raw
        .into_iter()
        .map(|r| {
            let content = contents.remove(&r.position);
            assemble(r, content, &ended)
        })
        .collect::<Result<_, _>>()?)
}

/// The contents of those rows that have one.
async fn contents(
    connection: &mut SqliteConnection,
    rows: &[Raw],
) -> Result<HashMap<i64, Bytes>, Failure> {
    let live: Vec<&Raw> = rows.iter().filter(|r| r.has_content()).collect();
    let (Some(first), Some(last)) = (live.first(), live.last()) else {
        return Ok(HashMap::new());
    };
    let sealed = sqlx::query(
        "SELECT position, sealed FROM contents WHERE position BETWEEN ? AND ? ORDER BY position",
    )
    .bind(first.position)
    .bind(last.position)
    .fetch_all(connection)
    .await?;
    let mut contents = HashMap::with_capacity(live.len());
    // Both are in the order of positions, and nothing but live items has content.
    let mut sealed = sealed.iter();
    for raw in live {
        let bad = || inconsistent("contents", "sealed", &raw.position);
        let row = sealed.next().ok_or_else(bad)?;
        if column::<i64>(row, 0, "contents", "position", &raw.position)? != raw.position {
            return Err(bad().into());
        }
        let bytes: Vec<u8> = column(row, 1, "contents", "sealed", &raw.position)?;
        let key = raw.content_key.as_deref().unwrap_or_default();
        let content = seal::open(raw.body.item, raw.body.revision, key, bytes).ok_or_else(bad)?;
        contents.insert(raw.position, content);
    }
    Ok(contents)
}

/// What the objects of a row were called, from a row with [`columns`] and what is sealed.
pub(super) fn reissued(row: SqliteRow, position: i64) -> Result<Vec<Reissued>, StoreError> {
    let sealed: Vec<u8> = column(&row, 4, "reissued", "sealed", &position)?;
    let raw = raw(row)?;
    let key = raw.content_key.as_deref().unwrap_or_default();
    seal::open_reissued(raw.body.item, raw.body.revision, key, sealed)
        .and_then(pack::reissued_back)
        .ok_or_else(|| inconsistent("reissued", "sealed", &position))
}

/// Either half of what can go wrong while rows are read.
#[derive(Debug)]
pub(super) enum Failure {
    Sqlite(sqlx::Error),
    Store(StoreError),
}

impl From<sqlx::Error> for Failure {
    fn from(e: sqlx::Error) -> Self {
        Self::Sqlite(e)
    }
}

impl From<StoreError> for Failure {
    fn from(e: StoreError) -> Self {
        Self::Store(e)
    }
}

/// What an ended item leaves for decisions.
#[derive(Clone, Debug)]
pub(super) struct Remains {
    pub tombstone: Bytes,
    pub hops: Vec<Signed>,
    pub local: Option<Signed>,
    pub recorded: Timestamp,
}

impl Remains {
    /// As the next revision holds it.
    pub(super) fn into_before(self) -> Box<Before> {
        Box::new(Before {
            of: (self.tombstone, self.hops, self.local),
            recorded: self.recorded,
        })
    }
}

struct Raw {
    position: i64,
    state: RowState,
    content_key: Option<Vec<u8>>,
    body: Body,
    body_bytes: usize,
}

impl Raw {
    fn has_content(&self) -> bool {
        self.state == RowState::Live && self.body.class == Class::Item
    }
}

fn raw(row: SqliteRow) -> Result<Raw, StoreError> {
    let position: i64 = column(&row, 0, "log", "position", &"?")?;
    let state = match column(&row, 1, "log", "state", &position)? {
        LIVE => RowState::Live,
        SUPERSEDED => RowState::Superseded,
        WITHDRAWN => RowState::Withdrawn,
        _ => return Err(inconsistent("log", "state", &position)),
    };
    let body: Vec<u8> = column(&row, 3, "log", "body", &position)?;
    let body_bytes = body.len();
    Ok(Raw {
        position,
        state,
        content_key: column(&row, 2, "log", "content_key", &position)?,
        body: pack::body_back(Bytes::from(body))
            .ok_or_else(|| inconsistent("log", "body", &position))?,
        body_bytes,
    })
}

fn assemble(
    raw: Raw,
    content: Option<Bytes>,
    ended: &HashMap<i64, Remains>,
) -> Result<Stored, StoreError> {
    let bad = |name| inconsistent("log", name, &raw.position);
    let remains = match raw.body.ends {
        Some(ends) => Some(ended.get(&ends).cloned().ok_or_else(|| bad("body"))?),
        None => None,
    };
    let Body {
        class,
        item,
        revision,
        recorded,
        document,
        ends,
        fingerprints,
        supplier,
        hops,
        local,
        signed,
    } = raw.body;
    let mut before = None;
    let class = match (class, signed, remains) {
        (Class::Item, Some(envelope), remains) => {
            before = remains.map(Remains::into_before);
            LogClass::Item {
                envelope,
                hops,
                local,
            }
        }
        (Class::Withdrawal(id), Some(statement), remains) => LogClass::Withdrawal {
            id,
            statement,
            item_recorded: remains.as_ref().map_or(recorded, |r| r.recorded),
            of: remains.map(|r| (r.tombstone, r.hops, r.local)),
        },
        (Class::Recall, None, Some(r)) => LogClass::Recall {
            of: (r.tombstone, r.hops, r.local),
            item_recorded: r.recorded,
        },
        _ => return Err(bad("body")),
    };
    Ok(Stored {
        row: LogRow {
            position: Position(raw.position),
            item,
            revision,
            class,
            state: raw.state,
            recorded,
            supplier,
            content,
            before,
        },
        document,
        ends,
        fingerprints,
        body_bytes: raw.body_bytes,
    })
}

async fn ended_rows(
    connection: &mut SqliteConnection,
    positions: &[i64],
) -> Result<HashMap<i64, Remains>, Failure> {
    let rows = AT_POSITIONS
        .fetch(connection, positions, |a, p| bind(a, *p))
        .await?;
    rows.into_iter()
        .map(|row| {
            let raw = raw(row)?;
            match (raw.state, raw.body.class, raw.body.signed) {
                (
                    RowState::Superseded | RowState::Withdrawn,
                    Class::Item,
                    Some(Signed { record, .. }),
                ) => {
                    let remains = Remains {
                        tombstone: record,
                        hops: raw.body.hops,
                        local: raw.body.local,
                        recorded: raw.body.recorded,
                    };
                    Ok((raw.position, remains))
                }
                _ => Err(inconsistent("log", "body", &raw.position).into()),
            }
        })
        .collect()
}

/// Rows of the log at certain positions, without content.
pub(super) const AT_POSITIONS: ManyRows = ManyRows {
    head: concat!("SELECT ", columns!(), " FROM log l WHERE l.position IN ("),
    tuple: "?",
    tail: ")",
};

/// An id of 16 bytes.
pub(super) fn item_id(bytes: &[u8]) -> Option<ItemId> {
    bytes.try_into().ok().map(ItemId::from_bytes)
}

/// A digest column.
pub(super) fn digest(
    row: &SqliteRow,
    at: usize,
    table: &'static str,
    name: &'static str,
    id: &dyn std::fmt::Display,
) -> Result<Digest, StoreError> {
    Digest::from_slice(column(row, at, table, name, id)?)
        .ok_or_else(|| inconsistent(table, name, id))
}
