//! A plan written down, table by table, in the transaction that is open.

use sqlx::sqlite::{SqliteArguments, SqliteConnection};

use super::plan::{Change, NewRow, Other, Plan};
use super::rows::{ITEM, LIVE, RECALL, SUPERSEDED, WITHDRAWAL, WITHDRAWN};
use super::statement::{ManyRows, bind};
use super::{audit, links, pack, people, seal};
use crate::model::ids::Digest;
use crate::store::{LogClass, LogRow, RowState};

/// Writes everything that the plan holds.
pub(super) async fn plan(
    connection: &mut SqliteConnection,
    plan: &Plan<'_>,
) -> Result<(), sqlx::Error> {
    for row in &plan.changed {
        erase(connection, row).await?;
    }
    rows(connection, &plan.rows).await?;
    documents(connection, plan).await?;
    REQUESTS
        .execute(connection, &plan.requests, |a, (request, answer, at)| {
            bind(a, request.as_slice())?;
            bind(a, answer.0.as_slice())?;
            bind(a, at.micros())
        })
        .await?;
    for other in &plan.others {
        write_other(connection, other).await?;
    }
    audit::insert(connection, &plan.audit).await?;
    if plan.in_service != 0 {
        sqlx::query("UPDATE counters SET value = value + ? WHERE name = 'items_in_service'")
            .bind(plan.in_service)
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Items as they come in: class and state are constants, so that fewer values are bound.
const LIVE_ITEMS: ManyRows = ManyRows {
    head: "INSERT INTO log (position, item, revision, class, state, recorded, size, document, supplier, signed, hops, local) VALUES ",
    tuple: "(?,?,?,1,2,?,?,?,?,?,?,?)",
    tail: "",
};

const OTHER_ROWS: ManyRows = ManyRows {
    head: "INSERT INTO log (position, item, revision, class, state, recorded, size, document, supplier, own_id, ends, signed, hops, local, tombstone, note) VALUES ",
    tuple: "(?,?,?,?,?,?,0,?,?,?,?,?,?,?,?,?)",
    tail: "",
};

const CONTENTS: ManyRows = ManyRows {
    head: "INSERT INTO contents (position, sealed) VALUES ",
    tuple: "(?,?)",
    tail: "",
};

const CONTENT_KEYS: ManyRows = ManyRows {
    head: "INSERT INTO content_keys (position, key) VALUES ",
    tuple: "(?,?)",
    tail: "",
};

const REQUESTS: ManyRows = ManyRows {
    head: "INSERT INTO requests (request, answer, at) VALUES ",
    tuple: "(?,?,?)",
    tail: "",
};

const NEW_DOCUMENTS: ManyRows = ManyRows {
    head: "INSERT INTO documents (number, document, tag, version, content_sha256, options_sha256, parts) VALUES ",
    tuple: "(?,?,?,?,?,?,?)",
    tail: "",
};

async fn rows(connection: &mut SqliteConnection, rows: &[NewRow]) -> Result<(), sqlx::Error> {
    let (live, other): (Vec<&NewRow>, Vec<&NewRow>) =
        rows.iter().partition(|new| new.content_key.is_some());
    LIVE_ITEMS
        .execute(connection, &live, |a, new| {
            bind_first(a, &new.row)?;
            bind(a, new.row.recorded.micros())?;
            let size = new.row.content.as_ref().map_or(0, bytes::Bytes::len);
            bind(a, i64::try_from(size).unwrap_or(i64::MAX))?;
            bind(a, new.document)?;
            bind(a, new.row.supplier.as_ref().map(|s| s.as_str().to_owned()))?;
            if let LogClass::Item {
                envelope,
                hops,
                local,
            } = &new.row.class
            {
                bind(a, pack::signed(envelope))?;
                bind(a, pack::hops(hops))?;
                bind(a, local.as_ref().map(pack::signed))?;
            }
            Ok(())
        })
        .await?;
    CONTENTS
        .execute(connection, &live, |a, new| {
            bind(a, new.row.position.0)?;
            let content = new.row.content.as_deref().unwrap_or_default();
            let key = new.content_key.unwrap_or_default();
            bind(a, seal::seal(new.row.item, new.row.revision, &key, content))
        })
        .await?;
    CONTENT_KEYS
        .execute(connection, &live, |a, new| {
            bind(a, new.row.position.0)?;
            bind(a, new.content_key.unwrap_or_default().as_slice())
        })
        .await?;
    OTHER_ROWS
        .execute(connection, &other, |a, new| bind_other(a, new))
        .await
}

fn bind_first(a: &mut SqliteArguments, row: &LogRow) -> Result<(), sqlx::Error> {
    bind(a, row.position.0)?;
    bind(a, row.item.bytes().as_slice())?;
    bind(a, i64::from(row.revision))
}

/// A withdrawal, a recall, or an item that went out of service within its own batch.
fn bind_other(a: &mut SqliteArguments, new: &NewRow) -> Result<(), sqlx::Error> {
    let row = &new.row;
    bind_first(a, row)?;
    bind(a, class_code(&row.class))?;
    bind(a, state_code(row.state))?;
    bind(a, row.recorded.micros())?;
    bind(a, new.document)?;
    bind(a, row.supplier.as_ref().map(|s| s.as_str().to_owned()))?;
    match &row.class {
        LogClass::Item {
            envelope,
            hops,
            local,
        } => {
            bind(a, None::<Vec<u8>>)?;
            bind(a, new.ends)?;
            bind(a, Vec::new())?;
            bind(a, pack::hops(hops))?;
            bind(a, local.as_ref().map(pack::signed))?;
            bind(a, Some(pack::signed(envelope)))?;
        }
        LogClass::Withdrawal { id, statement, .. } => {
            bind(a, Some(id.bytes().to_vec()))?;
            bind(a, new.ends)?;
            bind(a, pack::signed(statement))?;
            bind(a, None::<Vec<u8>>)?;
            bind(a, None::<Vec<u8>>)?;
            bind(a, None::<Vec<u8>>)?;
        }
        LogClass::Recall { .. } => {
            bind(a, None::<Vec<u8>>)?;
            bind(a, new.ends)?;
            bind(a, NOTHING_SIGNED.to_vec())?;
            bind(a, None::<Vec<u8>>)?;
            bind(a, None::<Vec<u8>>)?;
            bind(a, None::<Vec<u8>>)?;
        }
    }
    bind(a, new.note.clone())
}

/// The packed form of an empty record without a signature.
const NOTHING_SIGNED: [u8; 33] = [0; 33];

/// Takes a row out of service and erases its content, its key and its envelope.
///
/// The key is overwritten where it stands, and the row of the log becomes a few bytes shorter, never longer, by filling
/// the envelope's place with zeros: so neither moves to another page, and no page keeps a stale copy. `secure_delete`
/// clears the rest; what the write-ahead log still holds goes with the next checkpoint.
async fn erase(connection: &mut SqliteConnection, row: &LogRow) -> Result<(), sqlx::Error> {
    let LogClass::Item { envelope, .. } = &row.class else {
        return Ok(());
    };
    sqlx::query(
        "UPDATE log SET state = ?2, size = 0, tombstone = ?3, \
         signed = zeroblob(max(0, length(signed) - length(?3) - ?4)) WHERE position = ?1",
    )
    .bind(row.position.0)
    .bind(state_code(row.state))
    .bind(pack::signed(envelope))
    .bind(ROW_SLACK_BYTES)
    .execute(&mut *connection)
    .await?;
    sqlx::query("UPDATE content_keys SET key = zeroblob(length(key)) WHERE position = ?")
        .bind(row.position.0)
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM contents WHERE position = ?")
        .bind(row.position.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// More than the lengths in a row's header can grow when a column that was NULL gets a value.
const ROW_SLACK_BYTES: i64 = 8;

async fn documents(connection: &mut SqliteConnection, plan: &Plan<'_>) -> Result<(), sqlx::Error> {
    let mut made: Vec<(&Digest, &super::plan::Document)> = Vec::new();
    for (digest, document) in &plan.known.documents {
        match document.change {
            Change::None => {}
            Change::Made => made.push((digest, document)),
            Change::Changed => {
                sqlx::query(
                    "UPDATE documents SET tag = ?2, version = ?3, content_sha256 = ?4, options_sha256 = ?5, parts = ?6 \
                     WHERE number = ?1",
                )
                .bind(document.number)
                .bind(document.state.tag)
                .bind(document.state.version.as_str())
                .bind(document.state.content_sha256.0.as_slice())
                .bind(document.state.options_sha256.0.as_slice())
                .bind(pack::parts(&document.state.parts))
                .execute(&mut *connection)
                .await?;
            }
        }
    }
    made.sort_unstable_by_key(|(_, document)| document.number);
    NEW_DOCUMENTS
        .execute(connection, &made, |a, (digest, document)| {
            bind(a, document.number)?;
            bind(a, digest.0.as_slice())?;
            bind(a, document.state.tag)?;
            bind(a, document.state.version.as_str())?;
            bind(a, document.state.content_sha256.0.as_slice())?;
            bind(a, document.state.options_sha256.0.as_slice())?;
            bind(a, pack::parts(&document.state.parts))
        })
        .await
}

async fn write_other(
    connection: &mut SqliteConnection,
    other: &Other<'_>,
) -> Result<(), sqlx::Error> {
    match other {
        Other::Offer(peer, items, at) => links::offer(connection, peer, items, *at).await,
        Other::Receipt(peer, items, at) => links::receipt(connection, peer, items, *at).await,
        Other::Progress(viewer, position, at) => {
            links::progress(connection, viewer, *position, *at).await
        }
        Other::Member(member) => people::put_member(connection, member).await,
        Other::Endorsement(candidate, endorser, at) => {
            people::put_endorsement(connection, candidate, endorser, *at).await
        }
        Other::Credential(credential) => people::put_credential(connection, credential).await,
        Other::Invite(invite) => people::put_invite(connection, invite).await,
        Other::InviteUsed(secret, at) => people::use_invite(connection, secret, *at).await,
        Other::Peer(peer) => people::put_peer(connection, peer).await,
        Other::Keys(keys) => links::pin(connection, keys).await,
        Other::Quarantine(quarantined) => links::quarantine(connection, quarantined).await,
        Other::Link(peer, state) => links::put(connection, peer, state).await,
        Other::Cursor(peer, cursor) => links::put_cursor(connection, peer, cursor).await,
    }
}

const fn class_code(class: &LogClass) -> i64 {
    match class {
        LogClass::Item { .. } => ITEM,
        LogClass::Withdrawal { .. } => WITHDRAWAL,
        LogClass::Recall { .. } => RECALL,
    }
}

const fn state_code(state: RowState) -> i64 {
    match state {
        RowState::Live => LIVE,
        RowState::Superseded => SUPERSEDED,
        RowState::Withdrawn => WITHDRAWN,
    }
}
