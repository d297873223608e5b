//! A plan written down, table by table, in the transaction that is open.

use super::pack::Beside;
use super::plan::{Change, Document, NewRow, Other, Plan};
use super::rows::{LIVE, SUPERSEDED, Stored, WITHDRAWN};
use super::statement::{ManyRows, PASS_OVER_NULL, Script, bind};
use super::{audit, links, pack, people, seal, waiting};
use crate::model::ids::Digest;
use crate::store::RowState;

/// Writes everything that the plan holds.
pub(super) async fn plan(script: &mut Script<'_>, plan: &Plan<'_>) -> Result<(), sqlx::Error> {
    for stored in &plan.changed {
        erase(script, stored).await?;
    }
    rows(script, &plan.rows).await?;
    documents(script, plan).await?;
    script
        .rows(&REQUESTS, &plan.requests, |a, (request, answer, at)| {
            bind(a, request.as_slice())?;
            bind(a, answer.0.as_slice())?;
            bind(a, at.micros())
        })
        .await?;
    for other in &plan.others {
        write_other(script, other).await?;
    }
    audit::insert(script, &plan.audit).await?;
    if plan.in_service != 0 {
        script
            .one(
                "UPDATE counters SET value = value + ? WHERE name = 'items_in_service'",
                |a| bind(a, plan.in_service),
            )
            .await?;
    }
    Ok(())
}

/// Items as they come in: what is the same in all of them is not bound.
const LIVE_ITEMS: ManyRows = ManyRows {
    head: "INSERT INTO log (position, state, size, content_key, body) SELECT * FROM (VALUES ",
    tuple: "(?,2,?,?,?)",
    tail: PASS_OVER_NULL,
};

const OTHER_ROWS: ManyRows = ManyRows {
    head: "INSERT INTO log (position, state, size, body) SELECT * FROM (VALUES ",
    tuple: "(?,?,0,?)",
    tail: PASS_OVER_NULL,
};

const CONTENTS: ManyRows = ManyRows {
    head: "INSERT INTO contents (position, sealed) SELECT * FROM (VALUES ",
    tuple: "(?,?)",
    tail: PASS_OVER_NULL,
};

const REISSUED: ManyRows = ManyRows {
    head: "INSERT INTO reissued (position, sealed) SELECT * FROM (VALUES ",
    tuple: "(?,?)",
    tail: PASS_OVER_NULL,
};

const REQUESTS: ManyRows = ManyRows {
    head: "INSERT INTO requests (request, answer, at) SELECT * FROM (VALUES ",
    tuple: "(?,?,?)",
    tail: PASS_OVER_NULL,
};

const NEW_DOCUMENTS: ManyRows = ManyRows {
    head: "INSERT INTO documents (number, document, tag, state) SELECT * FROM (VALUES ",
    tuple: "(?,?,?,?)",
    tail: PASS_OVER_NULL,
};

async fn rows(script: &mut Script<'_>, rows: &[NewRow]) -> Result<(), sqlx::Error> {
    let (live, other): (Vec<&NewRow>, Vec<&NewRow>) =
        rows.iter().partition(|new| new.content_key.is_some());
    script
        .rows(&LIVE_ITEMS, &live, |a, new| {
            bind(a, new.row.position.0)?;
            let size = new.row.content.as_ref().map_or(0, bytes::Bytes::len);
            bind(a, i64::try_from(size).unwrap_or(i64::MAX))?;
            bind(a, new.content_key.unwrap_or_default().as_slice())?;
            bind(a, pack::body(&new.row, &new.beside))
        })
        .await?;
    script
        .rows(&CONTENTS, &live, |a, new| {
            bind(a, new.row.position.0)?;
            let content = new.row.content.as_deref().unwrap_or_default();
            let key = new.content_key.unwrap_or_default();
            bind(a, seal::seal(new.row.item, new.row.revision, &key, content))
        })
        .await?;
    let reissued: Vec<&NewRow> = live
        .iter()
        .copied()
        .filter(|new| !new.reissued.is_empty())
        .collect();
    script
        .rows(&REISSUED, &reissued, |a, new| {
            bind(a, new.row.position.0)?;
            let key = new.content_key.unwrap_or_default();
            let ids = pack::reissued(&new.reissued);
            bind(
                a,
                seal::seal_reissued(new.row.item, new.row.revision, &key, &ids),
            )
        })
        .await?;
    // Withdrawals, recalls, and items that went out of service within their own batch.
    script
        .rows(&OTHER_ROWS, &other, |a, new| {
            bind(a, new.row.position.0)?;
            bind(a, state_code(new.row.state))?;
            bind(a, pack::body(&new.row, &new.beside))
        })
        .await
}

/// Takes a row out of service and erases its content, its key and its envelope.
///
/// The key is overwritten where it stands, and the new body is filled up with zeros to the length of the old one: a row
/// that keeps its size is not moved, and so no page keeps a stale copy. `secure_delete` clears the rest, and what the
/// write-ahead log still holds goes with the next checkpoint.
async fn erase(script: &mut Script<'_>, stored: &Stored) -> Result<(), sqlx::Error> {
    let row = &stored.row;
    let beside = Beside {
        document: stored.document,
        ends: stored.ends,
        fingerprints: stored.fingerprints,
        ..Beside::default()
    };
    let mut body = pack::body(row, &beside);
    body.resize(stored.body_bytes.max(body.len()), 0);
    script
        .one(
            "UPDATE log SET state = ?, content_key = zeroblob(length(content_key)), body = ? WHERE position = ?",
            |a| {
                bind(a, state_code(row.state))?;
                bind(a, body)?;
                bind(a, row.position.0)
            },
        )
        .await?;
    // The envelope that is kept as evidence holds a title and a summary: they go with the rest.
    script
        .one(
            "UPDATE quarantine SET held = NULL, sent = NULL WHERE item = ? AND held IS NOT NULL",
            |a| bind(a, row.item.bytes().as_slice()),
        )
        .await?;
    for delete in [
        "DELETE FROM contents WHERE position = ?",
        "DELETE FROM reissued WHERE position = ?",
    ] {
        script.one(delete, |a| bind(a, row.position.0)).await?;
    }
    Ok(())
}

async fn documents(script: &mut Script<'_>, plan: &Plan<'_>) -> Result<(), sqlx::Error> {
    let mut made: Vec<(&Digest, &Document)> = Vec::new();
    for (digest, document) in &plan.known.documents {
        match document.change {
            Change::None => {}
            Change::Made => made.push((digest, document)),
            Change::Changed => {
                script
                    .one(
                        "UPDATE documents SET tag = ?, state = ? WHERE number = ?",
                        |a| {
                            bind(a, document.state.tag)?;
                            bind(a, pack::document(&document.state))?;
                            bind(a, document.number)
                        },
                    )
                    .await?;
            }
        }
    }
    made.sort_unstable_by_key(|(_, document)| document.number);
    script
        .rows(&NEW_DOCUMENTS, &made, |a, (digest, document)| {
            bind(a, document.number)?;
            bind(a, digest.0.as_slice())?;
            bind(a, document.state.tag)?;
            bind(a, pack::document(&document.state))
        })
        .await
}

async fn write_other(script: &mut Script<'_>, other: &Other<'_>) -> Result<(), sqlx::Error> {
    match other {
        Other::Offer(peer, items, at) => links::offer(script, peer, items, *at).await,
        Other::Receipt(peer, items, at) => links::receipt(script, peer, items, *at).await,
        Other::Progress(viewer, position, at) => {
            links::progress(script, viewer, *position, *at).await
        }
        Other::Member(member) => people::put_member(script.flushed().await?, member).await,
        Other::Endorsement(candidate, endorser, at) => {
            people::put_endorsement(script.flushed().await?, candidate, endorser, *at).await
        }
        Other::Credential(credential) => {
            people::put_credential(script.flushed().await?, credential).await
        }
        Other::Invite(invite) => people::put_invite(script.flushed().await?, invite).await,
        Other::InviteUsed(secret, at) => {
            people::use_invite(script.flushed().await?, secret, *at).await
        }
        Other::Peer(peer) => people::put_peer(script.flushed().await?, peer).await,
        Other::Keys(keys) => links::pin(script, keys).await,
        Other::Quarantine(quarantined) => links::quarantine(script, quarantined).await,
        Other::Equivocation(found) => {
            tracing::error!(
                peer.id = %found.supplier,
                item.id = found.item.map(tracing::field::display),
                "a community signed two different envelopes of one revision; `sluis peer quarantine list` has both"
            );
            links::quarantine(script, std::slice::from_ref(&**found)).await
        }
        Other::QuarantineEnds(numbers) => links::end_quarantine(script, numbers).await,
        Other::Link(peer, state) => links::put(script.flushed().await?, peer, state).await,
        Other::Cursor(peer, cursor) => links::put_cursor(script, peer, cursor).await,
        Other::Waits(item, met, at) => waiting::put(script, *item, met, *at).await,
        Other::WaitsNoMore(item) => waiting::delete(script, *item).await,
    }
}

const fn state_code(state: RowState) -> i64 {
    match state {
        RowState::Live => LIVE,
        RowState::Superseded => SUPERSEDED,
        RowState::Withdrawn => WITHDRAWN,
    }
}
