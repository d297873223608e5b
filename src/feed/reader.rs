//! One viewer's way through the log.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Feed, FeedError, Filter, MemberViewer, Visible};
use crate::log::Wake;
use crate::model::position::{FeedPlace, Position};
use crate::model::roster::Roster;

/// Reads one viewer's feed.
#[derive(Debug)]
pub struct Reader {
    feed: Arc<Feed>,
    wakes: watch::Receiver<Wake>,
    viewer: MemberViewer,
    /// The viewer's SPIFFE id, to which its cursors are bound.
    id: String,
    place: FeedPlace,
    filter: Filter,
}

/// What a reader read.
#[derive(Debug)]
pub struct Page {
    /// What the viewer may see, oldest first.
    pub entries: Vec<Visible>,
    /// Nothing more is stored.
    pub caught_up: bool,
}

/// Most entries of the log that a reader looks at in one step: bounds what one subscriber's turn costs.
pub const PAGE_ROWS_MAX: usize = 512;
/// Most bytes of content in one page, but for a single larger document.
pub const PAGE_BYTES_MAX: usize = 1024 * 1024;

impl Reader {
    pub(super) fn new(
        feed: Arc<Feed>,
        viewer: MemberViewer,
        id: String,
        place: FeedPlace,
        filter: Filter,
    ) -> Self {
        let wakes = feed.log.wakes();
        Self {
            feed,
            wakes,
            viewer,
            id,
            place,
            filter,
        }
    }

    /// The next entries that the viewer may see: at most `most`, and about [`PAGE_BYTES_MAX`]. Fewer only where nothing more
    /// is there for it, so that the size of a page tells nothing of what is withheld (threat 11).
    pub async fn next(&mut self, most: usize, content: bool) -> Result<Page, FeedError> {
        let mut entries: Vec<Visible> = Vec::new();
        let mut bytes = 0_usize;
        loop {
            let roster = self.feed.log.roster();
            let sight = self.feed.sight(&roster, &self.viewer)?;
            if self.follow_epoch(&roster) {
                entries.clear();
                bytes = 0;
            }
            // Seen before reading, so that what is appended meanwhile wakes the reader again.
            let head = self.wakes.borrow_and_update().head;
            let rows = self
                .feed
                .log
                .entries_after(self.place.position, PAGE_ROWS_MAX, PAGE_BYTES_MAX, content)
                .await?;
            // What was appended after a change of the roster is not judged by the roster from before it.
            if !Arc::ptr_eq(&roster, &self.feed.log.roster()) {
                continue;
            }
            let Some(last) = rows.last().map(|entry| entry.row.position) else {
                return Ok(Page {
                    entries,
                    caught_up: true,
                });
            };
            for entry in &rows {
                if let Some(visible) = sight.of(entry)
                    && self.filter.wants(&visible)
                {
                    let weight = visible.weight();
                    let full = entries.len() >= most || bytes + weight > PAGE_BYTES_MAX;
                    if full && !entries.is_empty() {
                        return Ok(Page {
                            entries,
                            caught_up: false,
                        });
                    }
                    bytes += weight;
                    entries.push(visible);
                }
                self.place.position = entry.row.position;
            }
            if last >= head {
                // A full page always has a next one, be it empty.
                return Ok(Page {
                    caught_up: entries.len() < most,
                    entries,
                });
            }
        }
    }

    /// Waits until something changed in the log or among the members; `false` once the log has ended.
    pub async fn changed(&mut self) -> bool {
        self.wakes.changed().await.is_ok()
    }

    /// The cursor after the last page.
    pub fn cursor(&self) -> String {
        self.cursor_at(self.place.position)
    }

    /// The cursor after an entry of the last page.
    pub fn cursor_at(&self, position: Position) -> String {
        let place = FeedPlace {
            epoch: self.place.epoch,
            position,
        };
        self.feed.cursors.seal(&self.id, place, &*self.feed.entropy)
    }

    /// The position after the last page.
    pub fn position(&self) -> Position {
        self.place.position
    }

    /// The viewer's SPIFFE id.
    pub fn viewer_id(&self) -> &str {
        &self.id
    }

    /// What the viewer may see has widened since its cursor was made: it reads again from the start.
    fn follow_epoch(&mut self, roster: &Roster) -> bool {
        let epoch = roster
            .members
            .get(&self.viewer.member)
            .map_or(self.place.epoch, |m| m.epoch);
        let changed = self.place.epoch != epoch;
        if changed {
            self.place = FeedPlace {
                epoch,
                position: Position::START,
            };
        }
        changed
    }

    /// The viewer reads everything that it may see: how far it has come says what it has.
    pub fn is_unfiltered(&self) -> bool {
        self.filter == Filter::default()
    }
}
