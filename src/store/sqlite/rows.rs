//! Rows of the log as they are stored, and back.

use std::collections::HashMap;

use bytes::Bytes;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Decode, Row, Sqlite, Type};

use super::statement::{ManyRows, bind};
use super::{pack, seal};
use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, Digest, ItemId};
use crate::model::position::Position;
use crate::model::signed::Signed;
use crate::store::{LogClass, LogRow, RowState, StoreError};

/// The columns of a [`Stored`], from `log l`.
macro_rules! columns {
    () => {
        "l.position, l.item, l.revision, l.class, l.state, l.recorded, l.document, l.supplier, \
         l.own_id, l.ends, l.signed, l.hops, l.local, l.tombstone"
    };
}
pub(super) use columns;

/// What joins the content, behind [`columns`].
macro_rules! with_content {
    () => {
        ", c.sealed, k.key FROM log l LEFT JOIN contents c ON c.position = l.position \
         LEFT JOIN content_keys k ON k.position = l.position "
    };
}
pub(super) use with_content;

pub(super) const ITEM: i64 = 1;
pub(super) const WITHDRAWAL: i64 = 2;
pub(super) const RECALL: i64 = 3;

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
    /// For a withdrawal or recall, the position of the item's row that it ended.
    pub ends: Option<i64>,
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

/// Reads rows with [`columns`], and with the content if it was joined.
pub(super) async fn stored(
    connection: &mut SqliteConnection,
    rows: Vec<SqliteRow>,
) -> Result<Vec<Stored>, Failure> {
    let raw: Vec<Raw> = rows.iter().map(raw).collect::<Result<_, _>>()?;
    let ended: Vec<i64> = raw.iter().filter_map(|r| r.ends).collect();
    let ended = if ended.is_empty() {
        HashMap::new()
    } else {
        ended_rows(connection, &ended).await?
    };
    Ok(raw
        .into_iter()
        .map(|r| assemble(r, &ended))
        .collect::<Result<_, _>>()?)
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

struct Raw {
    position: i64,
    item: ItemId,
    revision: u32,
    class: i64,
    state: RowState,
    recorded: Timestamp,
    document: Option<i64>,
    supplier: Option<CommunityId>,
    own_id: Option<ItemId>,
    ends: Option<i64>,
    signed: Signed,
    hops: Vec<Signed>,
    local: Option<Signed>,
    content: Option<Bytes>,
}

fn raw(row: &SqliteRow) -> Result<Raw, StoreError> {
    let position: i64 = column(row, 0, "log", "position", &"?")?;
    let bad = |name| inconsistent("log", name, &position);
    let item = item_id(column(row, 1, "log", "item", &position)?).ok_or_else(|| bad("item"))?;
    let revision: i64 = column(row, 2, "log", "revision", &position)?;
    let revision = u32::try_from(revision).map_err(|_| bad("revision"))?;
    let class: i64 = column(row, 3, "log", "class", &position)?;
    let state = match column(row, 4, "log", "state", &position)? {
        LIVE => RowState::Live,
        SUPERSEDED => RowState::Superseded,
        WITHDRAWN => RowState::Withdrawn,
        _ => return Err(bad("state")),
    };
    let supplier: Option<&str> = column(row, 7, "log", "supplier", &position)?;
    let own_id: Option<&[u8]> = column(row, 8, "log", "own_id", &position)?;
    let packed = if state == RowState::Live {
        column(row, 10, "log", "signed", &position)?
    } else {
        column(row, 13, "log", "tombstone", &position)?
    };
    let hops = match column::<Option<Vec<u8>>>(row, 11, "log", "hops", &position)? {
        Some(hops) => pack::hops_back(Bytes::from(hops)).ok_or_else(|| bad("hops"))?,
        None => Vec::new(),
    };
    let local = column::<Option<Vec<u8>>>(row, 12, "log", "local", &position)?
        .map(|local| pack::signed_back(Bytes::from(local)).ok_or_else(|| bad("local")))
        .transpose()?;
    let content = if row.len() > 14 && state == RowState::Live && class == ITEM {
        let sealed: Vec<u8> = column(row, 14, "contents", "sealed", &position)?;
        let key: &[u8] = column(row, 15, "content_keys", "key", &position)?;
        let content = seal::open(item, revision, key, sealed)
            .ok_or_else(|| inconsistent("contents", "sealed", &position))?;
        Some(content)
    } else {
        None
    };
    Ok(Raw {
        position,
        item,
        revision,
        class,
        state,
        recorded: Timestamp::from_micros(column(row, 5, "log", "recorded", &position)?),
        document: column(row, 6, "log", "document", &position)?,
        supplier: supplier
            .map(|s| CommunityId::parse(s).map_err(|_| bad("supplier")))
            .transpose()?,
        own_id: own_id
            .map(|id| item_id(id).ok_or_else(|| bad("own_id")))
            .transpose()?,
        ends: column(row, 9, "log", "ends", &position)?,
        signed: signed_column(packed).ok_or_else(|| bad("signed"))?,
        hops,
        local,
        content,
    })
}

fn signed_column(bytes: Vec<u8>) -> Option<Signed> {
    pack::signed_back(Bytes::from(bytes))
}

fn assemble(raw: Raw, ended: &HashMap<i64, Remains>) -> Result<Stored, StoreError> {
    let bad = |name| inconsistent("log", name, &raw.position);
    let remains = match raw.ends {
        Some(ends) => Some(ended.get(&ends).cloned().ok_or_else(|| bad("ends"))?),
        None => None,
    };
    let class = match (raw.class, remains) {
        (ITEM, _) => LogClass::Item {
            envelope: raw.signed,
            hops: raw.hops,
            local: raw.local,
        },
        (WITHDRAWAL, remains) => LogClass::Withdrawal {
            id: raw.own_id.ok_or_else(|| bad("own_id"))?,
            statement: raw.signed,
            item_recorded: remains.as_ref().map_or(raw.recorded, |r| r.recorded),
            of: remains.map(|r| (r.tombstone, r.hops, r.local)),
        },
        (RECALL, Some(r)) => LogClass::Recall {
            of: (r.tombstone, r.hops, r.local),
            item_recorded: r.recorded,
        },
        _ => return Err(bad("class")),
    };
    Ok(Stored {
        row: LogRow {
            position: Position(raw.position),
            item: raw.item,
            revision: raw.revision,
            class,
            state: raw.state,
            recorded: raw.recorded,
            supplier: raw.supplier,
            content: raw.content,
        },
        document: raw.document,
        ends: raw.ends,
    })
}

async fn ended_rows(
    connection: &mut SqliteConnection,
    positions: &[i64],
) -> Result<HashMap<i64, Remains>, Failure> {
    let rows = AT_POSITIONS
        .fetch(connection, positions, |a, p| bind(a, *p))
        .await?;
    rows.iter()
        .map(|row| {
            let raw = raw(row)?;
            if raw.class != ITEM || raw.state == RowState::Live {
                return Err(inconsistent("log", "ends", &raw.position).into());
            }
            let remains = Remains {
                tombstone: raw.signed.record,
                hops: raw.hops,
                local: raw.local,
                recorded: raw.recorded,
            };
            Ok((raw.position, remains))
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
