//! A member's feed on a stream: what waits is coalesced into one message, and nothing waits in memory.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::Status;

use super::sharing::{SharingParts, feed_status};
use super::{answers, status};
use crate::federation::supplier::Chunks;
use crate::feed::{FeedError, Introductions, PAGE_ROWS_MAX, Page, Reader, Visible};
use crate::model::position::Position;
use crate::model::signed::Signed;
use crate::store::{LogClass, Write};
use crate::wire::pb;

/// Messages that may wait for the connection, each of about 1 MiB at most.
pub(super) const MESSAGES_WAITING_MAX: usize = 2;
/// A stream without news is told so this often, so that both ends know that the other lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How far a subscriber has come is written down at most this often: each time costs a row in a commit, and a hundred
/// subscribers of a busy node would have more of them than there are items.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// What a subscriber asked for beside its filter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wishes {
    pub(super) content: bool,
    pub(super) entry_cursors: bool,
    pub(super) until_caught_up: bool,
}

type Out = mpsc::Sender<Result<pb::SubscribeResponse, Status>>;

/// Serves a subscriber until its right, its stream or the node ends.
pub(super) async fn serve(parts: Arc<SharingParts>, mut reader: Reader, wishes: Wishes, out: Out) {
    let mut progress = Progress {
        sent: Position::START,
        recorded: Position::START,
        next: Instant::now(),
    };
    feed(&parts, &mut reader, wishes, &out, &mut progress).await;
    progress.record(&parts, &reader).await;
}

async fn feed(
    parts: &SharingParts,
    reader: &mut Reader,
    wishes: Wishes,
    out: &Out,
    progress: &mut Progress,
) {
    let mut introductions = Introductions::new(parts.keys.clone(), [parts.overview.here.clone()]);
    let draining = parts.tasks.draining().clone();
    let mut told_caught_up = false;
    // Due so long after the last message, whatever happened unseen in between: its time tells nothing (threat 11).
    let mut beat = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    loop {
        let page = match reader.next(PAGE_ROWS_MAX, wishes.content).await {
            Ok(page) => page,
            Err(error) => {
                // The reader may be gone; then nobody is left to tell.
                let _ = out.send(Err(feed_status(&error))).await;
                return;
            }
        };
        let caught_up = page.caught_up;
        if !page.entries.is_empty() || (caught_up && !told_caught_up) {
            told_caught_up = caught_up;
            if send(reader, page, wishes, &mut introductions, out)
                .await
                .is_err()
            {
                return;
            }
            beat.reset();
        }
        progress.sent = reader.position();
        if !caught_up {
            continue;
        }
        if wishes.until_caught_up {
            return;
        }
        if progress.next <= Instant::now() {
            progress.record(parts, reader).await;
        }
        tokio::select! {
            going_on = reader.changed() => if !going_on { return },
            () = tokio::time::sleep_until(progress.next), if progress.is_owed() => {}
            _ = beat.tick() => {
                let heartbeat = pb::SubscribeResponse {
                    cursor: reader.cursor(),
                    caught_up: true,
                    ..Default::default()
                };
                if out.send(Ok(heartbeat)).await.is_err() {
                    return;
                }
            }
            () = draining.cancelled() => {
                let _ = out.send(Err(status::shutting_down())).await;
                return;
            }
            () = out.closed() => return,
        }
    }
}

/// How far a subscriber was sent its feed, and how far that is written down.
struct Progress {
    sent: Position,
    recorded: Position,
    /// Not before this.
    next: Instant,
}

impl Progress {
    fn is_owed(&self) -> bool {
        self.sent > self.recorded
    }

    async fn record(&mut self, parts: &SharingParts, reader: &Reader) {
        if self.is_owed() {
            self.recorded = self.sent;
            self.next = Instant::now() + PROGRESS_EVERY;
            record_progress(parts, reader, self.sent).await;
        }
    }
}

/// One entry as an answer of its own, with the certificates that it needs.
pub(super) fn single(parts: &SharingParts, visible: &Visible) -> pb::FeedEntry {
    let (mut entry, _) = answers::feed_entry(visible, false);
    (entry.signers, entry.introductions) =
        Introductions::new(parts.keys.clone(), [parts.overview.here.clone()])
            .for_records(records(visible));
    entry
}

/// One page of a feed, for a caller that does not stay.
pub(super) async fn page(
    parts: &SharingParts,
    mut reader: Reader,
    most: usize,
) -> Result<pb::ListItemsResponse, FeedError> {
    let mut introductions = Introductions::new(parts.keys.clone(), [parts.overview.here.clone()]);
    let mut answer = pb::ListItemsResponse::default();
    let page = reader.next(most, false).await?;
    for visible in &page.entries {
        let (signers, introduced) = introductions.for_records(records(visible));
        answer.signers.extend(signers);
        answer.introductions.extend(introduced);
        let (mut entry, _) = answers::feed_entry(visible, false);
        entry.cursor = reader.cursor_at(visible.entry.row.position);
        answer.entries.push(entry);
    }
    if !page.caught_up {
        answer.next_page_token = reader.cursor();
    }
    record_progress(parts, &reader, reader.position()).await;
    Ok(answer)
}

/// Sends a page: small documents together, each large one in pieces of its own.
async fn send(
    reader: &Reader,
    page: Page,
    wishes: Wishes,
    introductions: &mut Introductions,
    out: &Out,
) -> Result<(), Gone> {
    let mut message = pb::SubscribeResponse::default();
    for visible in &page.entries {
        let (signers, introduced) = introductions.for_records(records(visible));
        message.signers.extend(signers);
        message.introductions.extend(introduced);
        let (mut entry, rest) = answers::feed_entry(visible, wishes.content);
        if wishes.entry_cursors {
            entry.cursor = reader.cursor_at(visible.entry.row.position);
        }
        message.entries.push(entry);
        if rest.is_empty() {
            continue;
        }
        // Without a cursor: within a document there is no place to come back to.
        pass_on(out, std::mem::take(&mut message)).await?;
        let mut chunks = Chunks::of(rest);
        while let Some(data) = chunks.next() {
            let last = chunks.is_empty();
            let cursor = if last {
                reader.cursor_at(visible.entry.row.position)
            } else {
                String::new()
            };
            let piece = pb::SubscribeResponse {
                chunk: Some(pb::ContentChunk { data, last }),
                cursor,
                ..Default::default()
            };
            pass_on(out, piece).await?;
        }
    }
    message.cursor = reader.cursor();
    message.caught_up = page.caught_up;
    pass_on(out, message).await
}

/// The subscriber went away.
struct Gone;

async fn pass_on(out: &Out, message: pb::SubscribeResponse) -> Result<(), Gone> {
    out.send(Ok(message)).await.map_err(|_| Gone)
}

/// Remembers how far the viewer has read; a failure costs a line in `trace`, nothing else.
async fn record_progress(parts: &SharingParts, reader: &Reader, position: Position) {
    if !reader.is_unfiltered() {
        return;
    }
    let write = Write::Progress {
        viewer: reader.viewer_id().to_owned(),
        position,
        at: parts.overview.clock.now(),
    };
    if let Err(error) = parts.overview.log.write(write).await {
        tracing::warn!(error = %crate::fault::chain(&error), "a viewer's progress could not be recorded");
    }
}

fn records(visible: &Visible) -> Vec<&Signed> {
    match &visible.entry.row.class {
        LogClass::Item { envelope, hops, .. } if !visible.is_lost => {
            std::iter::once(envelope).chain(hops.iter()).collect()
        }
        LogClass::Withdrawal { statement, .. } => vec![statement],
        // Nobody signs it.
        LogClass::Item { .. } | LogClass::Recall { .. } => Vec::new(),
    }
}
