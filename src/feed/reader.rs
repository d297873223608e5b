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

    /// The next entries that the viewer may see: at most `most`, none only where nothing new is there for it.
    pub async fn next(&mut self, most: usize, content: bool) -> Result<Page, FeedError> {
        loop {
            let roster = self.feed.log.roster();
            let facts = self.feed.viewer_facts(&roster, &self.viewer)?;
            self.follow_epoch(&roster);
            // Seen before reading, so that what is appended meanwhile wakes the reader again.
            let head = self.wakes.borrow_and_update().head;
            let rows = self
                .feed
                .log
                .entries_after(
                    self.place.position,
                    PAGE_ROWS_MAX.min(most.max(1)),
                    PAGE_BYTES_MAX,
                    content,
                )
                .await?;
            let Some(last) = rows.last() else {
                return Ok(Page {
                    entries: Vec::new(),
                    caught_up: true,
                });
            };
            self.place.position = last.row.position;
            let caught_up = last.row.position >= head;
            let entries: Vec<Visible> = rows
                .iter()
                .filter(|entry| self.filter.wants(entry))
                .filter_map(|entry| self.feed.visible(entry, &facts))
                .collect();
            if !entries.is_empty() || caught_up {
                return Ok(Page { entries, caught_up });
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
    fn follow_epoch(&mut self, roster: &Roster) {
        let epoch = roster
            .members
            .get(&self.viewer.member)
            .map_or(self.place.epoch, |m| m.epoch);
        if self.place.epoch != epoch {
            self.place = FeedPlace {
                epoch,
                position: Position::START,
            };
        }
    }
}
