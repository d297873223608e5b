//! Order and durability: one writer that takes whatever waits, commits it with one flush, and only then answers.
//!
//! ```text
//! push, delivery, receipt … ─▶ write() ─▶ queue ─▶ writer: one transaction ─▶ fsync ─▶ roster, tail, wake-ups, answers
//! ```
//!
//! Who submitted an un-named item is sealed on the way to the store and opened on the way back: the database alone does
//! not say it (threat 23).
//!
//! Invariants: nothing is visible before it is durable; who saw a head finds every entry up to it; who sees an entry
//! decides by a roster at least as new. What the log does not do: decide who may see an entry.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::anonymity::SourceSeal;
use crate::model::ids::{CommunityId, ItemId};
use crate::model::position::{FeedPlace, Position};
use crate::model::roster::Roster;
use crate::store::{LogRow, Store, StoreError, Write, Written};
use crate::tasks::Tasks;

mod entry;
mod tail;
mod writer;

pub use entry::{Entry, EntryBody};
use tail::Tail;
use writer::Request;

/// What woke a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wake {
    /// The newest position.
    pub head: Position,
    /// Grows with every change of the roster.
    pub roster_version: u64,
}

/// The log of a node. Cheap to clone; the writer ends with the last clone, or at the hard end of its tasks.
#[derive(Clone, Debug)]
pub struct Log {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Request>,
}

/// What the writer and the readers share.
#[derive(Debug)]
struct Shared {
    store: Store,
    here: CommunityId,
    seal: SourceSeal,
    roster: ArcSwap<Roster>,
    tail: Tail,
    wake: watch::Sender<Wake>,
}

/// What a write came to when it did not take effect.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LogError {
    /// The database failed. Nothing of the write took effect.
    #[error("the log could not be written")]
    Store(#[source] Arc<StoreError>),
    /// The node is shutting down.
    #[error("the node is shutting down; try again when it is back")]
    Closed,
}

impl Log {
    /// Starts the writer on a store. `here` is the community whose log this is, `seal` keeps who submitted what.
    pub async fn start(
        store: Store,
        here: CommunityId,
        seal: SourceSeal,
        tasks: &Tasks,
    ) -> Result<Log, StoreError> {
        let head = store.head().await?;
        let roster = store.roster().await?;
        let shared = Arc::new(Shared {
            store,
            here,
            seal,
            roster: ArcSwap::from_pointee(roster),
            tail: Tail::after(head),
            wake: watch::Sender::new(writer::first_wake(head)),
        });
        let (queue, requests) = mpsc::channel(writer::QUEUE_MAX);
        tasks.spawn(writer::run(Arc::clone(&shared), requests, tasks.clone()));
        Ok(Log { shared, queue })
    }

    /// Queues a write and waits until it is durable. Waits for room where the queue is full. If the caller stops waiting
    /// the write may still take effect.
    pub async fn write(&self, write: Write) -> Result<Written, LogError> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .send(Request::new(
                write,
                &self.shared.here,
                &self.shared.seal,
                answer,
            ))
            .await
            .map_err(|_| LogError::Closed)?;
        answered.await.map_err(|_| LogError::Closed)?
    }

    /// Everyone, as of the last commit.
    pub fn roster(&self) -> Arc<Roster> {
        self.shared.roster.load_full()
    }

    /// Sees every change of the newest position and of the roster.
    pub fn wakes(&self) -> watch::Receiver<Wake> {
        self.shared.wake.subscribe()
    }

    /// Entries after a position, in order, from the tail in memory or from the store: at most so many, and (but for one)
    /// so many bytes of content. Fewer than asked for does not mean that the log ends there; none does, as of the wake
    /// that was published last. Entries from memory carry their content also where it was not asked for.
    pub async fn entries_after(
        &self,
        after: Position,
        rows_max: usize,
        bytes_max: usize,
        content: bool,
    ) -> Result<Vec<Arc<Entry>>, StoreError> {
        let mut after = after;
        loop {
            // What was committed and not yet published is not shown: the roster may be older.
            let head = self.shared.wake.borrow().head;
            if after >= head || rows_max == 0 {
                return Ok(Vec::new());
            }
            let from_memory = self
                .shared
                .tail
                .entries_after(after, rows_max, bytes_max, content);
            if let Some(entries) = from_memory {
                return Ok(entries);
            }
            let rows = self
                .shared
                .store
                .rows_after(after, rows_max, bytes_max, content)
                .await?;
            let Some(last) = rows.last().map(|row| row.position) else {
                return Ok(Vec::new());
            };
            let entries: Vec<_> = rows
                .into_iter()
                .take_while(|row| row.position <= head)
                .filter_map(|row| self.shared.entry(row))
                .collect();
            if !entries.is_empty() {
                return Ok(entries);
            }
            // Nothing of this page parses: it must not hold up what comes after it.
            after = last;
        }
    }

    /// The newest entry of an item.
    pub async fn entry_of(
        &self,
        item: ItemId,
        content: bool,
    ) -> Result<Option<Arc<Entry>>, StoreError> {
        let Some(row) = self.shared.store.row_of(item, content).await? else {
            return Ok(None);
        };
        // It may be a moment ahead of the roster that it is to be decided by.
        let position = row.position;
        self.wakes()
            .wait_for(|wake| wake.head >= position)
            .await
            .map_err(|_| StoreError::Closed)?;
        Ok(self.shared.entry(row))
    }

    /// The entries of an item, oldest first and at most so many of the newest, without content.
    pub async fn history(&self, item: ItemId, most: usize) -> Result<Vec<Arc<Entry>>, StoreError> {
        let rows = self.shared.store.history(item, most).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| self.shared.entry(row))
            .collect())
    }

    /// A place as this log can go on from it. One that the log has not reached yet was given out by a log that went
    /// further and was lost: this one was restored from an older backup. Then it is read from the start, so that what
    /// takes the lost positions is not taken for known.
    pub fn resume(&self, place: FeedPlace) -> FeedPlace {
        if place.position > self.shared.wake.borrow().head {
            return FeedPlace {
                position: Position::START,
                ..place
            };
        }
        place
    }

    /// Cancelled once the disk failed: no write is taken any more until the node starts again (threat 51).
    pub fn stopped(&self) -> &CancellationToken {
        self.shared.store.stopped()
    }

    /// The store, for reads.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }
}

impl Shared {
    /// Parses a row. Its bytes were verified when they came; if they do not parse now, nobody is served them.
    fn entry(&self, row: LogRow) -> Option<Arc<Entry>> {
        let (position, item) = (row.position, row.item);
        match Entry::of(row, &self.here, &self.seal) {
            Ok(entry) => Some(Arc::new(entry)),
            Err(malformed) => {
                tracing::error!(
                    log.position = position.0,
                    item.id = %item,
                    error = %crate::fault::chain(&malformed),
                    "an entry of the log cannot be read; it is served to nobody"
                );
                None
            }
        }
    }
}
