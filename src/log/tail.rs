//! The newest entries in memory, so that readers who keep up need no disk.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;

use super::Entry;
use crate::model::position::Position;
use crate::store::LogClass;

/// Entries in memory: some seconds of a busy node.
const ROWS_MAX: usize = 4096;

/// Bytes of content and signed records in memory. A single larger entry is not kept.
const BYTES_MAX: usize = 32 * 1024 * 1024;

/// The end of the log.
#[derive(Debug)]
pub(super) struct Tail {
    /// Under this lock only memory is touched, and an entry is never made or dropped.
    held: RwLock<Held>,
}

#[derive(Debug)]
struct Held {
    /// Every entry after this position is here.
    after: Position,
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
}

impl Tail {
    /// Nothing, after this position.
    pub(super) fn after(position: Position) -> Self {
        Self {
            held: RwLock::new(Held {
                after: position,
                entries: VecDeque::new(),
                bytes: 0,
            }),
        }
    }

    /// Adds entries in order, and puts those that changed in place of what they were. `whole` says that every new row of
    /// the log is among them; if not, readers are sent to the store for what is before `head`.
    pub(super) fn push(
        &self,
        added: Vec<Arc<Entry>>,
        changed: Vec<Arc<Entry>>,
        whole: bool,
        head: Position,
    ) {
        let mut gone = Vec::new();
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        for entry in changed {
            let at = held
                .entries
                .binary_search_by_key(&entry.row.position, |e| e.row.position);
            if let Some(place) = at.ok().and_then(|at| held.entries.get_mut(at)) {
                let after = weight(&entry);
                let before = std::mem::replace(place, entry);
                held.bytes = held.bytes.saturating_sub(weight(&before)) + after;
                gone.push(before);
            }
        }
        if whole {
            held.bytes += added.iter().map(|e| weight(e)).sum::<usize>();
            held.entries.extend(added);
        } else {
            gone.extend(held.entries.drain(..));
            held.bytes = 0;
            held.after = head;
        }
        while held.entries.len() > ROWS_MAX || held.bytes > BYTES_MAX {
            let Some(oldest) = held.entries.pop_front() else {
                break;
            };
            held.bytes = held.bytes.saturating_sub(weight(&oldest));
            held.after = oldest.row.position;
            gone.push(oldest);
        }
        drop(held);
        drop(gone);
    }

    /// Entries after a position; `None` if the tail does not reach back so far.
    pub(super) fn entries_after(
        &self,
        after: Position,
        rows_max: usize,
        bytes_max: usize,
        content: bool,
    ) -> Option<Vec<Arc<Entry>>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        if after < held.after {
            return None;
        }
        let first = held.entries.partition_point(|e| e.row.position <= after);
        let mut bytes = 0_usize;
        let page = held
            .entries
            .range(first..)
            .take(rows_max)
            .enumerate()
            .take_while(|(at, entry)| {
                bytes = bytes.saturating_add(entry.row.content.as_ref().map_or(0, Bytes::len));
                !content || *at == 0 || bytes <= bytes_max
            })
            .map(|(_, entry)| Arc::clone(entry))
            .collect();
        Some(page)
    }
}

fn weight(entry: &Entry) -> usize {
    let signed = match &entry.row.class {
        LogClass::Item {
            envelope,
            hops,
            local,
        } => {
            let hops: usize = hops.iter().map(|h| h.record.len()).sum();
            envelope.record.len() + hops + local.as_ref().map_or(0, |l| l.record.len())
        }
        LogClass::Withdrawal { statement, .. } => statement.record.len(),
        LogClass::Recall { of, .. } => of.0.len(),
    };
    let before = entry.row.before.as_ref().map_or(0, |b| b.of.0.len());
    signed + before + entry.row.content.as_ref().map_or(0, Bytes::len)
}
