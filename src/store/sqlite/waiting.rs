//! Items that wait for the operator.

use std::collections::HashMap;

use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::pack::{label_back, label_code};
use super::rows::{Failure, column, inconsistent, item_id};
use super::statement::{ManyRows, Script, bind};
use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, ItemId};
use crate::store::{Meeting, WaitingItem};

/// An item waits from now on.
pub(super) async fn put(
    script: &mut Script<'_>,
    item: ItemId,
    met: &Meeting,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    script
        .one(
            "INSERT OR REPLACE INTO waiting (item, met, met_origin, met_label, since) VALUES (?, ?, ?, ?, ?)",
            |a| {
                bind(a, item.bytes().as_slice())?;
                bind(a, met.item.bytes().as_slice())?;
                bind(a, met.origin.as_str())?;
                bind(a, i64::from(label_code(met.label)))?;
                bind(a, at.micros())
            },
        )
        .await
}

/// It waits no more.
pub(super) async fn delete(script: &mut Script<'_>, item: ItemId) -> Result<(), sqlx::Error> {
    script
        .one("DELETE FROM waiting WHERE item = ?", |a| {
            bind(a, item.bytes().as_slice())
        })
        .await
}

/// Which of these items wait, and for what.
pub(super) async fn of(
    connection: &mut SqliteConnection,
    items: impl Iterator<Item = &ItemId>,
) -> Result<HashMap<ItemId, Meeting>, Failure> {
    const WAITING: ManyRows = ManyRows {
        head: "SELECT item, met, met_origin, met_label, since FROM waiting WHERE item IN (",
        tuple: "?",
        tail: ")",
    };
    let keys: Vec<[u8; 16]> = items.map(|item| item.bytes()).collect();
    let rows = WAITING
        .fetch(connection, &keys, |a, key| bind(a, key.as_slice()))
        .await?;
    rows.iter()
        .map(|row| waiting(row).map(|waits| (waits.item, waits.met)))
        .collect()
}

/// Those that wait, oldest first, at most so many.
pub(super) async fn list(
    connection: &mut SqliteConnection,
    most: i64,
) -> Result<Vec<WaitingItem>, Failure> {
    let rows = sqlx::query(
        "SELECT item, met, met_origin, met_label, since FROM waiting ORDER BY since, item LIMIT ?",
    )
    .bind(most)
    .fetch_all(connection)
    .await?;
    rows.iter().map(waiting).collect()
}

fn waiting(row: &SqliteRow) -> Result<WaitingItem, Failure> {
    const TABLE: &str = "waiting";
    let item = item_id(row.try_get(0)?).ok_or_else(|| inconsistent(TABLE, "item", &"?"))?;
    let bad = |name| inconsistent(TABLE, name, &item);
    let origin: &str = column(row, 2, TABLE, "met_origin", &item)?;
    let label: i64 = column(row, 3, TABLE, "met_label", &item)?;
    Ok(WaitingItem {
        item,
        met: Meeting {
            item: item_id(row.try_get(1)?).ok_or_else(|| bad("met"))?,
            origin: CommunityId::parse(origin).map_err(|_| bad("met_origin"))?,
            label: u8::try_from(label)
                .ok()
                .and_then(label_back)
                .ok_or_else(|| bad("met_label"))?,
        },
        since: Timestamp::from_micros(column(row, 4, TABLE, "since", &item)?),
    })
}
