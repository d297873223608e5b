//! The one task that writes: takes what waits, commits it, tells everyone, answers.
//!
//! In this order, so that nobody sees what is not durable, decides by a roster older than what he sees, or is woken for
//! what he cannot find: commit, roster, tail, wake, answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Entry, EntryBody, LogError, Shared, Wake};
use crate::anonymity::SourceSeal;
use crate::model::ids::{CommunityId, ItemId};
use crate::model::position::Position;
use crate::model::roster::Roster;
use crate::model::words::Attribution;
use crate::store::{
    AppendItem, Committed, DeliveredKind, InviteUse, LogClass, LogRow, RowState, StoreError, Write,
    Written,
};
use crate::tasks::Tasks;

/// Writes that wait. Who pushes more waits for room, and holds one push in memory.
pub(super) const QUEUE_MAX: usize = 4096;

/// Writes in one commit: more gain little, and let the first wait longer for its answer.
const BATCH_MAX: usize = 1024;

/// Bytes of content in one commit, but for one write.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// So long nothing must come before the write-ahead log is emptied into the database: long enough that the next push is
/// not expected in the few milliseconds that this takes.
const QUIET: Duration = Duration::from_secs(1);

/// After so many commits an erasure is carried through to the files even if it never gets quiet.
const ERASE_COMMITS_MAX: u32 = 1024;

/// How often the draining writer looks whether it is the last one.
const DRAIN_LOOK: Duration = Duration::from_millis(20);

/// How often it looks before it ends all the same: two seconds without a write, of the ten that a node has to end.
const DRAIN_LOOKS_MAX: u32 = 100;

/// A write, what its items say, and who waits for its answer.
#[derive(Debug)]
pub(super) struct Request {
    write: Write,
    bodies: Bodies,
    answer: oneshot::Sender<Result<Written, LogError>>,
}

/// What new items say, by item and revision, with the rows that they were read from: two writes may bring the same
/// revision with other bytes, and only one of them takes effect.
type Bodies = HashMap<(ItemId, u32), (LogRow, EntryBody)>;

impl Request {
    /// Parses what the write's items say, so that it is done by the many who write and not by the one who commits.
    pub(super) fn new(
        mut write: Write,
        here: &CommunityId,
        seal: &SourceSeal,
        answer: oneshot::Sender<Result<Written, LogError>>,
    ) -> Self {
        let mut bodies = Bodies::new();
        for_each_item(&write, |row| {
            // What does not parse is told of when it is published, if it comes to that.
            if let Ok(body) = EntryBody::of(&row, here, seal) {
                bodies.insert((row.item, row.revision), (row, body));
            }
        });
        match &mut write {
            Write::Append(append) => seal_sources(&mut append.items, &mut bodies, seal),
            Write::Revise(revise) => {
                seal_sources(std::slice::from_mut(&mut revise.item), &mut bodies, seal);
            }
            _ => {}
        }
        Self {
            write,
            bodies,
            answer,
        }
    }
}

fn class_of(item: &AppendItem) -> LogClass {
    LogClass::Item {
        envelope: item.envelope.clone(),
        hops: Vec::new(),
        local: Some(item.local.clone()),
    }
}

/// Seals who submitted what is not named, in what is written and in the rows that it will be.
fn seal_sources(items: &mut [AppendItem], bodies: &mut Bodies, seal: &SourceSeal) {
    for item in items {
        let known = bodies.get_mut(&(item.item, item.revision));
        let is_named = known.as_ref().is_some_and(|(_, body)| match body {
            EntryBody::Item { envelope, .. } => match envelope.attribution {
                Attribution::Named => true,
                Attribution::Community | Attribution::Anonymous => false,
            },
            EntryBody::Withdrawal { .. } | EntryBody::Recall { .. } => false,
        });
        if is_named {
            continue;
        }
        item.local = seal.sealed(item.item, item.revision, &item.local);
        if let Some((row, _)) = known
            && let LogClass::Item { local, .. } = &mut row.class
        {
            *local = Some(item.local.clone());
        }
    }
}

/// The rows that a write's items will be, apart from position and content.
fn for_each_item(write: &Write, mut each: impl FnMut(LogRow)) {
    let row = |item, revision, class, recorded, supplier| LogRow {
        position: Position::START,
        item,
        revision,
        class,
        state: RowState::Live,
        recorded,
        supplier,
        content: None,
        before: None,
    };
    match write {
        Write::Append(append) => {
            for item in &append.items {
                each(row(
                    item.item,
                    item.revision,
                    class_of(item),
                    append.at,
                    None,
                ));
            }
        }
        Write::Revise(revise) => {
            let item = &revise.item;
            each(row(
                item.item,
                item.revision,
                class_of(item),
                revise.at,
                None,
            ));
        }
        Write::Deliver(deliver) => {
            for entry in &deliver.entries {
                if let DeliveredKind::Revision {
                    revision,
                    envelope,
                    hops,
                    ..
                } = &entry.kind
                {
                    let class = LogClass::Item {
                        envelope: envelope.clone(),
                        hops: hops.clone(),
                        local: None,
                    };
                    let supplier = Some(deliver.supplier.clone());
                    each(row(entry.item, *revision, class, deliver.at, supplier));
                }
            }
        }
        Write::Withdraw(_)
        | Write::Offer { .. }
        | Write::Receipt { .. }
        | Write::Progress { .. }
        | Write::PutMember { .. }
        | Write::PutEndorsement { .. }
        | Write::PutCredential { .. }
        | Write::PutInvite { .. }
        | Write::UseInvite { .. }
        | Write::PutPeer { .. }
        | Write::PinKeys(_)
        | Write::Quarantine(_)
        | Write::SettleQuarantine { .. }
        | Write::PutLink { .. }
        | Write::Audit(_) => {}
    }
}

/// Runs until nobody can write any more, or the node drains and nobody else is left who could.
pub(super) async fn run(shared: Arc<Shared>, mut queue: mpsc::Receiver<Request>, tasks: Tasks) {
    let mut waiting = Vec::with_capacity(BATCH_MAX);
    let mut commits_since_checkpoint = 0_u32;
    loop {
        if waiting.is_empty() {
            let quiet = commits_since_checkpoint > 0;
            let received = tokio::select! {
                biased;
                received = queue.recv_many(&mut waiting, BATCH_MAX) => received,
                () = last_one_left(&tasks) => {
                    // Refuses what comes now; what waits already is taken.
                    queue.close();
                    continue;
                }
                () = tokio::time::sleep(QUIET), if quiet => {
                    checkpoint(&shared).await;
                    commits_since_checkpoint = 0;
                    continue;
                }
            };
            if received == 0 {
                break;
            }
        }
        let batch = take_batch(&mut waiting);
        commit(&shared, batch).await;
        commits_since_checkpoint = commits_since_checkpoint.saturating_add(1);
        if commits_since_checkpoint >= ERASE_COMMITS_MAX && shared.store.owes_checkpoint().await {
            checkpoint(&shared).await;
            commits_since_checkpoint = 0;
        }
    }
    checkpoint(&shared).await;
}

/// Returns once the node drains and either all other tasks have ended or, in case one of them waits for this one in turn,
/// nothing was written for a while.
async fn last_one_left(tasks: &Tasks) {
    tasks.draining().cancelled().await;
    let mut looks = 0_u32;
    while tasks.running() > 1 && looks < DRAIN_LOOKS_MAX {
        tokio::time::sleep(DRAIN_LOOK).await;
        looks += 1;
    }
}

/// The writes that go into one commit, in order; leaves the rest.
fn take_batch(waiting: &mut Vec<Request>) -> Vec<Request> {
    let mut bytes = 0_usize;
    let fits = waiting
        .iter()
        .take_while(|request| {
            bytes = bytes.saturating_add(content_bytes(&request.write));
            bytes <= BATCH_BYTES_MAX
        })
        .count();
    let rest = waiting.split_off(fits.max(1).min(waiting.len()));
    std::mem::replace(waiting, rest)
}

fn content_bytes(write: &Write) -> usize {
    match write {
        Write::Append(append) => append.items.iter().map(|i| i.content.len()).sum(),
        Write::Revise(revise) => revise.item.content.len(),
        Write::Deliver(deliver) => deliver
            .entries
            .iter()
            .map(|e| match &e.kind {
                DeliveredKind::Revision { content, .. } => content.len(),
                DeliveredKind::Withdrawal { .. } | DeliveredKind::Recall => 0,
            })
            .sum(),
        Write::Withdraw(_)
        | Write::Offer { .. }
        | Write::Receipt { .. }
        | Write::Progress { .. }
        | Write::PutMember { .. }
        | Write::PutEndorsement { .. }
        | Write::PutCredential { .. }
        | Write::PutInvite { .. }
        | Write::UseInvite { .. }
        | Write::PutPeer { .. }
        | Write::PinKeys(_)
        | Write::Quarantine(_)
        | Write::SettleQuarantine { .. }
        | Write::PutLink { .. }
        | Write::Audit(_) => 0,
    }
}

async fn commit(shared: &Shared, batch: Vec<Request>) {
    let mut bodies = Bodies::new();
    let mut writes = Vec::with_capacity(batch.len());
    let mut answers = Vec::with_capacity(batch.len());
    for request in batch {
        bodies.extend(request.bodies);
        writes.push(request.write);
        answers.push(request.answer);
    }
    match shared.store.commit_rows(&writes).await {
        Ok(committed) => {
            let written = publish(shared, &writes, bodies, committed);
            for (answer, written) in answers.into_iter().zip(written) {
                // Who asked may be gone; what was asked for is done.
                let _ = answer.send(Ok(written));
            }
        }
        Err(error) if writes.len() == 1 || error.fails_everyone() => {
            let error = Arc::new(error);
            for answer in answers {
                let _ = answer.send(Err(LogError::Store(Arc::clone(&error))));
            }
        }
        Err(_) => one_by_one(shared, writes, answers).await,
    }
}

/// One of the writes is bad: each gets a commit of its own, so that it fails alone.
async fn one_by_one(
    shared: &Shared,
    writes: Vec<Write>,
    answers: Vec<oneshot::Sender<Result<Written, LogError>>>,
) {
    for (write, answer) in writes.into_iter().zip(answers) {
        let write = [write];
        let result = match shared.store.commit_rows(&write).await {
            Ok(committed) => publish(shared, &write, Bodies::new(), committed)
                .into_iter()
                .next()
                .ok_or(LogError::Closed),
            Err(error) => Err(LogError::Store(Arc::new(error))),
        };
        let _ = answer.send(result);
    }
}

/// Makes a commit visible; gives its results.
fn publish(
    shared: &Shared,
    writes: &[Write],
    mut bodies: Bodies,
    committed: Committed,
) -> Vec<Written> {
    let roster_changed = changes_roster(writes, &committed.written);
    if roster_changed {
        let mut roster = Roster::clone(&shared.roster.load());
        for (write, written) in writes.iter().zip(&committed.written) {
            apply(&mut roster, write, written);
        }
        shared.roster.store(Arc::new(roster));
    }
    let head = committed.added.last().map(|row| row.position);
    if let Some(head) = head {
        let rows = committed.added.len() + committed.changed.len();
        let added = entries(shared, &mut bodies, committed.added);
        let changed = entries(shared, &mut bodies, committed.changed);
        let whole = added.len() + changed.len() == rows;
        shared.tail.push(added, changed, whole, head);
    }
    if roster_changed || head.is_some() {
        shared.wake.send_modify(|wake| {
            *wake = Wake {
                head: head.unwrap_or(wake.head),
                roster_version: wake.roster_version + u64::from(roster_changed),
            };
        });
    }
    committed.written
}

/// Rows with what they say. One that does not parse stays in the store and is told of; nobody is served it.
fn entries(shared: &Shared, bodies: &mut Bodies, rows: Vec<LogRow>) -> Vec<Arc<Entry>> {
    rows.into_iter()
        .filter_map(|row| match bodies.remove(&(row.item, row.revision)) {
            Some((read_from, body)) if says_the_same(&read_from, &row) => Some(Arc::new(Entry {
                row,
                body,
                before: None,
            })),
            Some(_) | None => shared.entry(row),
        })
        .collect()
}

/// Whether two rows are live items made of the same bytes, and no more than these decides who is told what.
fn says_the_same(a: &LogRow, b: &LogRow) -> bool {
    let (
        LogClass::Item {
            envelope,
            hops,
            local,
        },
        LogClass::Item {
            envelope: b_envelope,
            hops: b_hops,
            local: b_local,
        },
    ) = (&a.class, &b.class)
    else {
        return false;
    };
    (a.state, b.state) == (RowState::Live, RowState::Live)
        && (a.item, a.revision, a.recorded) == (b.item, b.revision, b.recorded)
        && a.supplier == b.supplier
        && b.before.is_none()
        && (envelope, hops, local) == (b_envelope, b_hops, b_local)
}

async fn checkpoint(shared: &Shared) {
    match shared.store.checkpoint().await {
        Ok(()) | Err(StoreError::Closed | StoreError::Stopped { .. }) => {}
        Err(error) => tracing::warn!(
            error = %crate::fault::chain(&error),
            "the write-ahead log could not be emptied; it is tried again after the next write"
        ),
    }
}

fn changes_roster(writes: &[Write], written: &[Written]) -> bool {
    writes
        .iter()
        .zip(written)
        .any(|(write, written)| match write {
            Write::PutMember { .. }
            | Write::PutEndorsement { .. }
            | Write::PutCredential { .. }
            | Write::PutPeer { .. } => true,
            Write::UseInvite { .. } => {
                matches!(written, Written::Invite(InviteUse::Consumed(_)))
            }
            Write::Append(_)
            | Write::Deliver(_)
            | Write::Withdraw(_)
            | Write::Revise(_)
            | Write::Offer { .. }
            | Write::Receipt { .. }
            | Write::Progress { .. }
            | Write::PutInvite { .. }
            | Write::PinKeys(_)
            | Write::Quarantine(_)
            | Write::SettleQuarantine { .. }
            | Write::PutLink { .. }
            | Write::Audit(_) => false,
        })
}

/// What a write that took effect does to the roster: the same as the store reads back.
fn apply(roster: &mut Roster, write: &Write, written: &Written) {
    match write {
        Write::PutMember { member, .. } => {
            roster.members.insert(member.id.clone(), member.clone());
        }
        Write::PutEndorsement {
            candidate,
            endorser,
            ..
        } => {
            let endorsers = roster.endorsements.entry(candidate.clone()).or_default();
            if !endorsers.contains(endorser) {
                endorsers.push(endorser.clone());
            }
        }
        Write::PutCredential { credential, .. } => put_credential(roster, credential),
        Write::PutPeer { peer, .. } => {
            roster.peers.insert(peer.id.clone(), (**peer).clone());
        }
        Write::UseInvite {
            credential, peer, ..
        } => {
            if matches!(written, Written::Invite(InviteUse::Consumed(_))) {
                if let Some(credential) = credential {
                    put_credential(roster, credential);
                }
                if let Some(peer) = peer {
                    roster.peers.insert(peer.id.clone(), (**peer).clone());
                }
            }
        }
        Write::Append(_)
        | Write::Deliver(_)
        | Write::Withdraw(_)
        | Write::Revise(_)
        | Write::Offer { .. }
        | Write::Receipt { .. }
        | Write::Progress { .. }
        | Write::PutInvite { .. }
        | Write::PinKeys(_)
        | Write::Quarantine(_)
        | Write::SettleQuarantine { .. }
        | Write::PutLink { .. }
        | Write::Audit(_) => {}
    }
}

fn put_credential(roster: &mut Roster, credential: &crate::model::member::Credential) {
    let key = (credential.member.clone(), credential.name.clone());
    roster.credentials.insert(key, credential.clone());
}

/// The first wake: where the log stands when it starts.
pub(super) fn first_wake(head: Position) -> Wake {
    Wake {
        head,
        roster_version: 0,
    }
}
