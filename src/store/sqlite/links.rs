//! What stands between nodes and viewers: holders, progress, cursors, pinned keys, quarantine.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::rows::{Failure, column, digest, inconsistent, item_id};
use super::statement::{ManyRows, Script, bind};
use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, ItemId, KeyId};
use crate::model::position::Position;
use crate::model::signed::Signed;
use crate::store::{
    EQUIVOCATION, Holder, LinkState, PinnedKey, QuarantineRow, Quarantined, StoreError,
};
use crate::wire::{pb, words};

/// Records kept of what one supplier sent that was invalid, so that one peer cannot fill the disk or crowd out another.
pub(super) const QUARANTINE_MAX: i64 = 10_000;

/// These may be held by that peer. What it confirmed before holds no longer where it gets a newer revision, or again
/// what it had erased.
pub(super) async fn offer(
    script: &mut Script<'_>,
    peer: &CommunityId,
    items: &[(ItemId, u32)],
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    const OFFER: ManyRows = ManyRows {
        head: "INSERT INTO holders (item, peer, revision, offered) SELECT * FROM (VALUES ",
        tuple: "(?,?,?,?)",
        tail: ") WHERE column1 IS NOT NULL ON CONFLICT (item, peer) DO UPDATE SET \
                received = CASE WHEN excluded.revision > revision OR erased IS NOT NULL THEN NULL ELSE received END, \
                erased = NULL, revision = max(revision, excluded.revision)",
    };
    script
        .rows(&OFFER, items, |a, (item, revision)| {
            bind(a, item.bytes().as_slice())?;
            bind(a, peer.as_str())?;
            bind(a, i64::from(*revision))?;
            bind(a, at.micros())
        })
        .await
}

/// The peer confirmed these. A receipt for a revision older than the one offered says nothing of that one.
pub(super) async fn receipt(
    script: &mut Script<'_>,
    peer: &CommunityId,
    items: &[(ItemId, u32, bool)],
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    const HEAD: &str = "WITH c (item, peer, revision, at) AS (VALUES ";
    const RECEIVED: ManyRows = ManyRows {
        head: HEAD,
        tuple: "(?,?,?,?)",
        tail: ") UPDATE holders SET received = coalesce(received, c.at) FROM c \
                WHERE holders.item = c.item AND holders.peer = c.peer AND holders.revision <= c.revision",
    };
    const ERASED: ManyRows = ManyRows {
        head: HEAD,
        tuple: "(?,?,?,?)",
        tail: ") UPDATE holders SET erased = coalesce(erased, c.at) FROM c \
                WHERE holders.item = c.item AND holders.peer = c.peer AND holders.revision <= c.revision",
    };
    let (erased, received): (Vec<_>, Vec<_>) = items.iter().partition(|(_, _, erased)| *erased);
    for (statement, items) in [(RECEIVED, received), (ERASED, erased)] {
        script
            .rows(&statement, &items, |a, (item, revision, _)| {
                bind(a, item.bytes().as_slice())?;
                bind(a, peer.as_str())?;
                bind(a, i64::from(*revision))?;
                bind(a, at.micros())
            })
            .await?;
    }
    Ok(())
}

/// The peers that may hold an item.
pub(super) async fn holders(
    connection: &mut SqliteConnection,
    item: ItemId,
) -> Result<Vec<Holder>, Failure> {
    let rows = sqlx::query(
        "SELECT peer, revision, offered, received, erased FROM holders WHERE item = ? ORDER BY peer",
    )
    .bind(item.bytes().to_vec())
    .fetch_all(connection)
    .await?;
    Ok(rows
        .iter()
        .map(|row| holder(row, item))
        .collect::<Result<_, _>>()?)
}

fn holder(row: &SqliteRow, item: ItemId) -> Result<Holder, StoreError> {
    const TABLE: &str = "holders";
    let time = |at, name| -> Result<Option<Timestamp>, StoreError> {
        Ok(column::<Option<i64>>(row, at, TABLE, name, &item)?.map(Timestamp::from_micros))
    };
    let revision: i64 = column(row, 1, TABLE, "revision", &item)?;
    Ok(Holder {
        peer: community(row, 0, TABLE, "peer", &item)?,
        revision: u32::try_from(revision).map_err(|_| inconsistent(TABLE, "revision", &item))?,
        offered: Timestamp::from_micros(column(row, 2, TABLE, "offered", &item)?),
        received: time(3, "received")?,
        erased: time(4, "erased")?,
    })
}

/// Which of these items this peer may hold and has not erased, in the order in which they were asked for, each with the
/// highest revision that was offered.
pub(super) async fn held_by(
    connection: &mut SqliteConnection,
    peer: &CommunityId,
    items: &[ItemId],
) -> Result<Vec<(ItemId, u32)>, Failure> {
    const TABLE: &str = "holders";
    const HELD: ManyRows = ManyRows {
        head: "SELECT item, revision FROM holders WHERE erased IS NULL AND (item, peer) IN (VALUES ",
        tuple: "(?,?)",
        tail: ")",
    };
    let rows = HELD
        .fetch(connection, items, |a, item| {
            bind(a, item.bytes().as_slice())?;
            bind(a, peer.as_str())
        })
        .await?;
    let held: BTreeMap<ItemId, u32> = rows
        .iter()
        .map(|row| {
            let item = item_id(column(row, 0, TABLE, "item", &"?")?)
                .ok_or_else(|| inconsistent(TABLE, "item", &"?"))?;
            let revision: i64 = column(row, 1, TABLE, "revision", &item)?;
            let revision =
                u32::try_from(revision).map_err(|_| inconsistent(TABLE, "revision", &item))?;
            Ok((item, revision))
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(items
        .iter()
        .filter_map(|item| Some((*item, *held.get(item)?)))
        .collect())
}

/// A credential was sent everything up to this position. One that reads again from further back had the later ones before.
pub(super) async fn progress(
    script: &mut Script<'_>,
    viewer: &str,
    position: Position,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    script
        .one(
            "INSERT INTO progress (viewer, position, at) VALUES (?, ?, ?) \
             ON CONFLICT (viewer) DO UPDATE SET position = excluded.position, at = excluded.at \
             WHERE excluded.position > progress.position",
            |a| {
                bind(a, viewer)?;
                bind(a, position.0)?;
                bind(a, at.micros())
            },
        )
        .await
}

/// How far each credential was sent its feed.
pub(super) async fn all_progress(
    connection: &mut SqliteConnection,
) -> Result<Vec<(String, Position, Timestamp)>, Failure> {
    let rows = sqlx::query("SELECT viewer, position, at FROM progress ORDER BY viewer")
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get(0)?,
                Position(row.try_get(1)?),
                Timestamp::from_micros(row.try_get(2)?),
            ))
        })
        .collect()
}

/// How a link does.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    peer: &CommunityId,
    state: &LinkState,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO links (peer, cursor, caught_up) VALUES (?, ?, ?) \
         ON CONFLICT (peer) DO UPDATE SET cursor = excluded.cursor, caught_up = excluded.caught_up",
    )
    .bind(peer.as_str().to_owned())
    .bind(state.cursor.clone())
    .bind(state.caught_up.map(Timestamp::micros))
    .execute(connection)
    .await?;
    Ok(())
}

/// A link's cursor alone, together with what it covers.
pub(super) async fn put_cursor(
    script: &mut Script<'_>,
    peer: &CommunityId,
    cursor: &str,
) -> Result<(), sqlx::Error> {
    script
        .one(
            "INSERT INTO links (peer, cursor) VALUES (?, ?) \
             ON CONFLICT (peer) DO UPDATE SET cursor = excluded.cursor",
            |a| {
                bind(a, peer.as_str())?;
                bind(a, cursor)
            },
        )
        .await
}

/// The state of the link to a supplier.
pub(super) async fn link(
    connection: &mut SqliteConnection,
    peer: &CommunityId,
) -> Result<LinkState, Failure> {
    let row = sqlx::query("SELECT cursor, caught_up FROM links WHERE peer = ?")
        .bind(peer.as_str().to_owned())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else {
        return Ok(LinkState::default());
    };
    let caught_up: Option<i64> = column(&row, 1, "links", "caught_up", peer)?;
    Ok(LinkState {
        cursor: column(&row, 0, "links", "cursor", peer)?,
        caught_up: caught_up.map(Timestamp::from_micros),
    })
}

/// Keeps keys: when and by whom one was seen first, and the certificate that was seen last. Another community's certificate
/// of the same key changes nothing.
pub(super) async fn pin(script: &mut Script<'_>, keys: &[PinnedKey]) -> Result<(), sqlx::Error> {
    const PIN: ManyRows = ManyRows {
        head: "INSERT INTO pinned_keys (key, community, certificate, is_ca, introduced_by, first_seen) SELECT * FROM (VALUES ",
        tuple: "(?,?,?,?,?,?)",
        tail: ") WHERE column1 IS NOT NULL ON CONFLICT (key) DO UPDATE SET certificate = excluded.certificate \
                WHERE excluded.community = pinned_keys.community AND excluded.is_ca = pinned_keys.is_ca \
                AND excluded.first_seen >= pinned_keys.first_seen \
                AND excluded.certificate <> pinned_keys.certificate",
    };
    script
        .rows(&PIN, keys, |a, key| {
            bind(a, key.key.0.0.as_slice())?;
            bind(a, key.community.as_str())?;
            bind(a, key.certificate.as_slice())?;
            bind(a, key.is_ca)?;
            bind(a, key.introduced_by.as_ref().map(|c| c.as_str().to_owned()))?;
            bind(a, key.first_seen.micros())
        })
        .await
}

/// All pinned keys and CA certificates.
pub(super) async fn pinned(connection: &mut SqliteConnection) -> Result<Vec<PinnedKey>, Failure> {
    const TABLE: &str = "pinned_keys";
    let rows = sqlx::query(
        "SELECT key, community, certificate, is_ca, introduced_by, first_seen FROM pinned_keys \
         ORDER BY first_seen, key",
    )
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let key = digest(row, 0, TABLE, "key", &"?")?;
            let introduced_by: Option<&str> = column(row, 4, TABLE, "introduced_by", &key)?;
            Ok(PinnedKey {
                key: KeyId(key),
                community: community(row, 1, TABLE, "community", &key)?,
                certificate: column(row, 2, TABLE, "certificate", &key)?,
                is_ca: column(row, 3, TABLE, "is_ca", &key)?,
                introduced_by: introduced_by
                    .map(CommunityId::parse)
                    .transpose()
                    .map_err(|_| inconsistent(TABLE, "introduced_by", &key))?,
                first_seen: Timestamp::from_micros(column(row, 5, TABLE, "first_seen", &key)?),
            })
        })
        .collect()
}

/// Keeps aside what was invalid, and of each supplier only the newest.
pub(super) async fn quarantine(
    script: &mut Script<'_>,
    quarantined: &[Quarantined],
) -> Result<(), sqlx::Error> {
    const INSERT: ManyRows = ManyRows {
        head: "INSERT INTO quarantine (supplier, item, reason, sha256, at, held, sent) SELECT * FROM (VALUES ",
        tuple: "(?,?,?,?,?,?,?)",
        // What comes again is not one more, but may be wrong for another reason now.
        tail: ") WHERE column1 IS NOT NULL ON CONFLICT (supplier, sha256) DO UPDATE \
                SET reason = excluded.reason, at = excluded.at, held = excluded.held, sent = excluded.sent",
    };
    script
        .rows(&INSERT, quarantined, |a, q| {
            bind(a, q.supplier.as_str())?;
            bind(a, q.item.map(|i| i.bytes().to_vec()))?;
            bind(a, q.reason.as_str())?;
            bind(a, q.sha256.0.as_slice())?;
            bind(a, q.at.micros())?;
            let packed = |signed: &Signed| words::signed_to_pb(signed).encode_to_vec();
            bind(a, q.evidence.as_ref().map(|e| packed(&e.0)))?;
            bind(a, q.evidence.as_ref().map(|e| packed(&e.1)))
        })
        .await?;
    let suppliers: BTreeSet<&CommunityId> = quarantined.iter().map(|q| &q.supplier).collect();
    for supplier in suppliers {
        script
            .one(
                "DELETE FROM quarantine WHERE supplier = ? AND number <= \
                 (SELECT number FROM quarantine WHERE supplier = ? ORDER BY number DESC LIMIT 1 OFFSET ?)",
                |a| {
                    bind(a, supplier.as_str())?;
                    bind(a, supplier.as_str())?;
                    bind(a, QUARANTINE_MAX)
                },
            )
            .await?;
    }
    Ok(())
}

/// These are kept aside no longer.
pub(super) async fn end_quarantine(
    script: &mut Script<'_>,
    numbers: &[i64],
) -> Result<(), sqlx::Error> {
    for number in numbers {
        script
            .one("DELETE FROM quarantine WHERE number = ?", |a| {
                bind(a, *number)
            })
            .await?;
    }
    Ok(())
}

/// Whether an equivocation about this item is on record from this supplier.
pub(super) async fn is_alarmed(
    connection: &mut SqliteConnection,
    supplier: &CommunityId,
    item: ItemId,
) -> Result<bool, Failure> {
    let row =
        sqlx::query("SELECT 1 FROM quarantine WHERE supplier = ? AND item = ? AND reason = ?")
            .bind(supplier.as_str().to_owned())
            .bind(item.bytes().to_vec())
            .bind(EQUIVOCATION)
            .fetch_optional(connection)
            .await?;
    Ok(row.is_some())
}

/// How many records there are with a reason.
pub(super) async fn count_quarantined(
    connection: &mut SqliteConnection,
    reason: &str,
) -> Result<i64, Failure> {
    let row = sqlx::query("SELECT count(*) FROM quarantine WHERE reason = ?")
        .bind(reason.to_owned())
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}

/// What was invalid, of one supplier or of all, newest first, at most so many.
pub(super) async fn quarantined(
    connection: &mut SqliteConnection,
    supplier: Option<&CommunityId>,
    number: Option<i64>,
    most: i64,
) -> Result<Vec<QuarantineRow>, Failure> {
    const TABLE: &str = "quarantine";
    let rows = sqlx::query(
        "SELECT number, supplier, item, reason, sha256, at, held, sent FROM quarantine \
         WHERE (?1 IS NULL OR supplier = ?1) AND (?2 IS NULL OR number = ?2) ORDER BY number DESC LIMIT ?3",
    )
    .bind(supplier.map(|s| s.as_str().to_owned()))
    .bind(number)
    .bind(most)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let number: i64 = row.try_get(0)?;
            let item: Option<&[u8]> = column(row, 2, TABLE, "item", &number)?;
            let quarantined = Quarantined {
                supplier: community(row, 1, TABLE, "supplier", &number)?,
                item: item
                    .map(|i| item_id(i).ok_or_else(|| inconsistent(TABLE, "item", &number)))
                    .transpose()?,
                reason: column(row, 3, TABLE, "reason", &number)?,
                sha256: digest(row, 4, TABLE, "sha256", &number)?,
                at: Timestamp::from_micros(column(row, 5, TABLE, "at", &number)?),
                evidence: match (evidence(row, 6, "held")?, evidence(row, 7, "sent")?) {
                    (Some(held), Some(sent)) => Some(Box::new((held, sent))),
                    _ => None,
                },
            };
            Ok(QuarantineRow {
                number,
                quarantined,
            })
        })
        .collect()
}

fn evidence(row: &SqliteRow, at: usize, name: &'static str) -> Result<Option<Signed>, StoreError> {
    let bytes: Option<&[u8]> = column(row, at, "quarantine", name, &"?")?;
    bytes
        .map(|bytes| {
            pb::SignedRecord::decode(bytes)
                .ok()
                .and_then(|record| words::signed(Some(&record)).ok())
                .ok_or_else(|| inconsistent("quarantine", name, &"?"))
        })
        .transpose()
}

fn community(
    row: &SqliteRow,
    at: usize,
    table: &'static str,
    name: &'static str,
    id: &dyn std::fmt::Display,
) -> Result<CommunityId, StoreError> {
    CommunityId::parse(column(row, at, table, name, id)?).map_err(|_| inconsistent(table, name, id))
}
