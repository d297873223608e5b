//! What of the database a batch touches, read with few statements before anything is written.

use std::collections::HashSet;

use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::late::{Key, Late};
use super::plan::{Change, Document, Invite, ItemNow, Known, TWINS_MAX, Twin};
use super::rows::{AT_POSITIONS, Failure, Remains, Stored, column, digest, inconsistent, stored};
use super::statement::{ManyRows, bind};
use super::{audit, links, pack, waiting};
use crate::clock::Timestamp;
use crate::model::ids::{Digest, ItemId, MemberId};
use crate::store::{
    Answer, DeliveredKind, DocumentOfItem, DocumentState, Expect, Fingerprint, LogClass, LogRow,
    RowState, Waiting, Write,
};
use crate::wire;

/// What the writes of a batch name.
#[derive(Default)]
struct Named {
    requests: Vec<[u8; 24]>,
    documents: Vec<Digest>,
    fingerprints: Vec<Fingerprint>,
    items: HashSet<ItemId>,
    /// A push brings the next version of a document.
    revised: bool,
    /// Items are withdrawn or revised by themselves: their documents change with them.
    withdrawn: bool,
    invites: Vec<Digest>,
    endorsements: Vec<(MemberId, MemberId)>,
    audits: bool,
}

/// Reads what the batch touches. `head` and `newest_document` are the newest numbers that were given.
pub(super) async fn known(
    connection: &mut SqliteConnection,
    items: &Late,
    documents: &Late,
    batch: &[Write],
    (head, newest_document): (i64, i64),
) -> Result<Known, Failure> {
    let named = named(batch);
    let mut known = Known {
        head,
        newest_document,
        ..Known::default()
    };
    for row in REQUESTS
        .fetch(connection, &named.requests, |a, k| bind(a, k.as_slice()))
        .await?
    {
        let request: &[u8] = column(&row, 0, "requests", "request", &"?")?;
        let request = <[u8; 24]>::try_from(request)
            .map_err(|_| inconsistent("requests", "request", &hex::encode(request)))?;
        let answer = column(&row, 1, "requests", "answer", &hex::encode(request))?;
        known.requests.insert(request, Answer(answer));
    }
    let item_ids: Vec<ItemId> = named.items.into_iter().collect();
    load_items(connection, items, &item_ids, &mut known).await?;
    load_alarms(connection, batch, &mut known).await?;
    load_documents(connection, documents, &named.documents, &mut known).await?;
    load_twins(connection, items, &named.fingerprints, &mut known).await?;
    if named.revised {
        known.waiting = waiting::of(connection, known.items.keys()).await?;
    }
    if named.withdrawn {
        load_documents_of_items(connection, &mut known).await?;
    }
    for row in INVITES
        .fetch(connection, &named.invites, |a, k| bind(a, k.0.as_slice()))
        .await?
    {
        let secret = digest(&row, 0, "invites", "secret_sha256", &"?")?;
        let invite = Invite {
            purpose: column(&row, 1, "invites", "purpose", &secret)?,
            expires: Timestamp::from_micros(column(&row, 2, "invites", "expires", &secret)?),
            used: column::<Option<i64>>(&row, 3, "invites", "used", &secret)?.is_some(),
        };
        known.invites.insert(secret, invite);
    }
    for (candidate, endorser) in named.endorsements {
        let there = sqlx::query("SELECT 1 FROM endorsements WHERE candidate = ? AND endorser = ?")
            .bind(candidate.as_str().to_owned())
            .bind(endorser.as_str().to_owned())
            .fetch_optional(&mut *connection)
            .await?;
        if there.is_some() {
            known.endorsed.insert((candidate, endorser));
        }
    }
    if named.audits {
        known.last_audit = audit::last(connection).await?;
    }
    Ok(known)
}

const REQUESTS: ManyRows = ManyRows {
    head: "SELECT request, answer FROM requests WHERE request IN (",
    tuple: "?",
    tail: ")",
};

const DOCUMENTS: ManyRows = ManyRows {
    head: "SELECT number, document, tag, state FROM documents WHERE number IN (",
    tuple: "?",
    tail: ")",
};

const INVITES: ManyRows = ManyRows {
    head: "SELECT secret_sha256, purpose, expires, used FROM invites WHERE secret_sha256 IN (",
    tuple: "?",
    tail: ")",
};

fn named(batch: &[Write]) -> Named {
    let mut named = Named::default();
    for write in batch {
        match write {
            Write::Append(append) => {
                named.requests.push(append.request);
                named.documents.push(append.document);
                // The id of a first revision is fresh; only what is revised or withdrawn can be there already.
                if append.waiting == Waiting::IfMet {
                    let new = append.items.iter().filter(|i| i.is_judged_anew());
                    named
                        .fingerprints
                        .extend(new.flat_map(|i| i.fingerprints).flatten());
                    named.revised |= append.items.iter().any(|i| i.revision > 1);
                }
                named.audits |= matches!(&append.waiting, Waiting::Settled { audit: Some(_) });
                let revised = append.items.iter().filter(|i| i.revision > 1);
                named.items.extend(revised.map(|i| i.item));
                named.items.extend(append.vanished.iter().map(|w| w.item));
                named.audits |= !append.vanished.is_empty();
                // A push against a state that is not the present one is answered with the present one.
                named.withdrawn |= matches!(append.expect, Expect::State(_));
            }
            Write::Withdraw(withdraw) => {
                named.items.insert(withdraw.item);
                named.withdrawn = true;
                named.audits = true;
            }
            Write::Revise(revise) => {
                named.items.insert(revise.item.item);
                named.withdrawn = true;
                named.audits = true;
            }
            Write::Deliver(deliver) => {
                named.items.extend(deliver.entries.iter().map(|e| e.item));
                // An equivocation among them is recorded.
                named.audits |= !deliver.entries.is_empty();
            }
            Write::UseInvite { secret_sha256, .. } => {
                named.invites.push(*secret_sha256);
                named.audits = true;
            }
            Write::PutInvite { invite, .. } => {
                named.invites.push(invite.secret_sha256);
                named.audits = true;
            }
            Write::PutEndorsement {
                candidate,
                endorser,
                ..
            } => {
                named
                    .endorsements
                    .push((candidate.clone(), endorser.clone()));
                named.audits = true;
            }
            Write::PutMember { .. }
            | Write::PutCredential { .. }
            | Write::PutPeer { .. }
            | Write::SettleQuarantine { .. }
            | Write::Audit(_) => named.audits = true,
            Write::Offer { .. }
            | Write::Receipt { .. }
            | Write::Progress { .. }
            | Write::PinKeys(_)
            | Write::Quarantine(_)
            | Write::PutLink { .. } => {}
        }
    }
    named
}

/// The newest row of each item says where it stands.
async fn load_items(
    connection: &mut SqliteConnection,
    index: &Late,
    items: &[ItemId],
    known: &mut Known,
) -> Result<(), Failure> {
    if items.is_empty() {
        return Ok(());
    }
    let keys: Vec<Key> = items.iter().map(|i| i.bytes()).collect();
    let positions: Vec<i64> = index
        .newest(connection, &keys)
        .await?
        .into_values()
        .collect();
    let rows = AT_POSITIONS
        .fetch(connection, &positions, |a, p| bind(a, *p))
        .await?;
    let mut early = Vec::new();
    for row in stored(connection, rows, false).await? {
        let item = row.row.item;
        if let LogClass::Withdrawal { of: None, .. } = row.row.class {
            early.push(item.bytes());
        } else {
            let now = item_now(row)?;
            known.items.insert(item, now);
        }
    }
    load_forestalled(connection, index, &early, known).await
}

/// Equivocations that are on record already: each raises one alarm, however often it is sent.
async fn load_alarms(
    connection: &mut SqliteConnection,
    batch: &[Write],
    known: &mut Known,
) -> Result<(), Failure> {
    for write in batch {
        let Write::Deliver(deliver) = write else {
            continue;
        };
        for entry in &deliver.entries {
            let DeliveredKind::Revision {
                revision, envelope, ..
            } = &entry.kind
            else {
                continue;
            };
            let Some(ItemNow::Stored(held)) = known.items.get(&entry.item) else {
                continue;
            };
            let differs = held.row.revision == *revision
                && matches!(&held.row.class, LogClass::Item { envelope: held, .. } if held.record != envelope.record);
            if differs && links::is_alarmed(connection, &deliver.supplier, entry.item).await? {
                known.alarmed.insert((deliver.supplier.clone(), entry.item));
            }
        }
    }
    Ok(())
}

/// Where an item was withdrawn before it came, every row of it is such a withdrawal, each by another community.
async fn load_forestalled(
    connection: &mut SqliteConnection,
    index: &Late,
    early: &[Key],
    known: &mut Known,
) -> Result<(), Failure> {
    if early.is_empty() {
        return Ok(());
    }
    let positions = index.all(connection, early).await?;
    let rows = AT_POSITIONS
        .fetch(connection, &positions, |a, p| bind(a, *p))
        .await?;
    for Stored { row, .. } in stored(connection, rows, false).await? {
        let bad = || inconsistent("log", "body", &row.position.0);
        let LogClass::Withdrawal {
            statement,
            of: None,
            ..
        } = &row.class
        else {
            return Err(bad().into());
        };
        let withdrawal = wire::withdrawal::parse(&statement.record).map_err(|_| bad())?;
        let now = known.items.entry(row.item);
        if let ItemNow::Forestalled(by) = now.or_insert(ItemNow::Forestalled(Vec::new())) {
            by.push(withdrawal.origin);
        }
    }
    Ok(())
}

fn item_now(stored: Stored) -> Result<ItemNow, Failure> {
    let LogRow {
        position, revision, ..
    } = stored.row;
    Ok(match &stored.row.class {
        LogClass::Item { .. } => ItemNow::Stored(Box::new(stored)),
        LogClass::Withdrawal { .. } => ItemNow::Withdrawn(position.0),
        LogClass::Recall { of, item_recorded } => {
            let (tombstone, hops, local) = of.clone();
            let remains = Remains {
                tombstone,
                hops,
                local,
                recorded: *item_recorded,
            };
            let ends = stored
                .ends
                .ok_or_else(|| inconsistent("log", "ends", &position.0))?;
            ItemNow::Recalled(Box::new(remains), ends, revision)
        }
    })
}

async fn load_twins(
    connection: &mut SqliteConnection,
    index: &Late,
    fingerprints: &[Fingerprint],
    known: &mut Known,
) -> Result<(), Failure> {
    if fingerprints.is_empty() {
        return Ok(());
    }
    let keys: Vec<Key> = fingerprints.iter().map(|f| f.bytes()).collect();
    let found = index.newest_of_each(connection, &keys, TWINS_MAX).await?;
    if found.is_empty() {
        return Ok(());
    }
    let positions: Vec<i64> = found.into_values().flatten().collect();
    let rows = AT_POSITIONS
        .fetch(connection, &positions, |a, p| bind(a, *p))
        .await?;
    for Stored {
        row,
        document,
        fingerprints,
        ..
    } in stored(connection, rows, false).await?
    {
        let twin = Twin::of(&row, document);
        for fingerprint in fingerprints.into_iter().flatten() {
            known
                .twins
                .entry(fingerprint)
                .or_default()
                .extend(twin.clone());
        }
    }
    Ok(())
}

async fn load_documents(
    connection: &mut SqliteConnection,
    index: &Late,
    documents: &[Digest],
    known: &mut Known,
) -> Result<(), Failure> {
    if documents.is_empty() {
        return Ok(());
    }
    let keys: Vec<Key> = documents.iter().map(document_key).collect();
    let numbers: Vec<i64> = index
        .newest(connection, &keys)
        .await?
        .into_values()
        .collect();
    load_numbers(connection, &numbers, known).await
}

async fn load_documents_of_items(
    connection: &mut SqliteConnection,
    known: &mut Known,
) -> Result<(), Failure> {
    let numbers: Vec<i64> = known
        .items
        .values()
        .filter_map(|item| match item {
            ItemNow::Stored(held) => held.document,
            ItemNow::Planned(_)
            | ItemNow::Recalled(..)
            | ItemNow::Withdrawn(_)
            | ItemNow::Forestalled(_) => None,
        })
        .filter(|number| !known.document_numbers.contains_key(number))
        .collect::<HashSet<i64>>()
        .into_iter()
        .collect();
    load_numbers(connection, &numbers, known).await
}

async fn load_numbers(
    connection: &mut SqliteConnection,
    numbers: &[i64],
    known: &mut Known,
) -> Result<(), Failure> {
    let rows = DOCUMENTS
        .fetch(connection, numbers, |a, n| bind(a, *n))
        .await?;
    for row in rows {
        let (number, document, state) = document(&row)?;
        known.document_numbers.insert(number, document);
        known.documents.insert(
            document,
            Document {
                number,
                state,
                change: Change::None,
            },
        );
    }
    Ok(())
}

fn document(row: &SqliteRow) -> Result<(i64, Digest, DocumentState), Failure> {
    const TABLE: &str = "documents";
    let number: i64 = row.try_get(0)?;
    let tag: i64 = column(row, 2, TABLE, "tag", &number)?;
    let state = pack::document_back(tag, column(row, 3, TABLE, "state", &number)?)
        .ok_or_else(|| inconsistent(TABLE, "state", &number))?;
    Ok((number, digest(row, 1, TABLE, "document", &number)?, state))
}

/// The state of one document.
pub(super) async fn document_state(
    connection: &mut SqliteConnection,
    index: &Late,
    document: Digest,
) -> Result<Option<DocumentState>, Failure> {
    let mut known = Known::default();
    load_documents(connection, index, &[document], &mut known).await?;
    Ok(known.documents.remove(&document).map(|d| d.state))
}

/// The document of the item's row at a position; `None` where the row is no item in service, or none of this community.
pub(super) async fn document_at(
    connection: &mut SqliteConnection,
    position: i64,
) -> Result<Option<DocumentOfItem>, Failure> {
    let rows = AT_POSITIONS
        .fetch(connection, &[position], |a, p| bind(a, *p))
        .await?;
    let Some(Stored {
        row:
            LogRow {
                state: RowState::Live,
                class: LogClass::Item { .. },
                ..
            },
        document: Some(number),
        fingerprints,
        ..
    }) = stored(connection, rows, false).await?.pop()
    else {
        return Ok(None);
    };
    let rows = DOCUMENTS
        .fetch(connection, &[number], |a, n| bind(a, *n))
        .await?;
    let Some(row) = rows.first() else {
        return Err(inconsistent("documents", "number", &number).into());
    };
    let (_, document, state) = document(row)?;
    Ok(Some(DocumentOfItem {
        document,
        state,
        fingerprints,
    }))
}

/// The key under which a document is found.
pub(super) fn document_key(document: &Digest) -> Key {
    let mut key = Key::default();
    for (to, from) in key.iter_mut().zip(document.0) {
        *to = from;
    }
    key
}
