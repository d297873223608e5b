//! Items of one document from different hands (threat 41).

use super::Plan;
use crate::model::ids::{CommunityId, ItemId};
use crate::model::item::{Audience, Envelope};
use crate::model::label::Label;
use crate::store::{Append, AppendItem, LogClass, LogRow, Meeting, RowState};
use crate::wire;

/// Items of one document that are looked at. Where there are more, nobody sees through them, and a push waits.
pub(in crate::store::sqlite) const TWINS_MAX: usize = 256;

/// An item that may be of the same document as another.
#[derive(Clone, Debug)]
pub(in crate::store::sqlite) struct Twin {
    pub item: ItemId,
    pub origin: CommunityId,
    pub label: Label,
    /// Its source limits it beyond its label.
    pub limited: bool,
    /// The number of the document that it is a part of, if it was pushed here.
    pub document: Option<i64>,
}

impl Twin {
    /// What a row of the log tells; `None`: it is no item that holds or held.
    pub(in crate::store::sqlite) fn of(row: &LogRow, document: Option<i64>) -> Option<Self> {
        let LogClass::Item { envelope, .. } = &row.class else {
            return None;
        };
        let envelope = match row.state {
            RowState::Live => wire::envelope::parse(&envelope.record).ok()?,
            RowState::Withdrawn => wire::envelope::parse_tombstone(&envelope.record).ok()?,
            // What holds in its place says how far it goes.
            RowState::Superseded => return None,
        };
        Some(Self {
            item: row.item,
            limited: is_limited(&envelope),
            origin: envelope.origin,
            label: envelope.label,
            document,
        })
    }

    /// Whether a new item with this label would take the document further than this one lets it.
    ///
    /// What came from elsewhere under an agreement may not come to others as ours, so that it has to stay, or to be
    /// everybody's.
    fn goes_less_far(&self, label: Label, here: &CommunityId) -> bool {
        if self.label > label {
            return true;
        }
        if self.origin == *here {
            return self.label == label && self.limited;
        }
        let is_everybodys = self.label == Label::Clear && !self.limited;
        !label.never_leaves() && !is_everybodys
    }
}

fn is_limited(envelope: &Envelope) -> bool {
    let names = |audience: &Audience| audience.members_limited || !audience.communities.is_empty();
    envelope.audience.as_ref().is_some_and(names)
        || envelope.hop_limit.is_some()
        || envelope.valid_until.is_some()
        || envelope.terms.no_commercial_use
        || envelope.terms.no_resale
}

impl Plan<'_> {
    /// Which items of a push have to wait, and for what: a revision of one that waits, and a new one whose document is
    /// here from somebody else who lets it go less far. What went its way once goes on.
    pub(super) fn met(&self, append: &Append, document: Option<i64>) -> Vec<(usize, Meeting)> {
        append
            .items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| {
                let met = if item.revision > 1 {
                    self.known.waiting.get(&item.item).cloned()
                } else {
                    self.twin_of(append, item, document)
                };
                Some((index, met?))
            })
            .collect()
    }

    fn twin_of(
        &self,
        append: &Append,
        item: &AppendItem,
        document: Option<i64>,
    ) -> Option<Meeting> {
        let label = append
            .state
            .parts
            .iter()
            .find(|p| p.item == item.item)?
            .label;
        let twins = || {
            item.fingerprints
                .iter()
                .flatten()
                .filter_map(|mark| self.known.twins.get(mark))
        };
        let is_own = |twin: &&Twin| document.is_some() && twin.document == document;
        twins()
            .flatten()
            .find(|twin| !is_own(twin) && twin.goes_less_far(label, &append.here))
            .or_else(|| {
                twins()
                    .filter(|twins| twins.len() >= TWINS_MAX)
                    .find_map(|twins| twins.first())
            })
            .map(|twin| Meeting {
                item: twin.item,
                origin: twin.origin.clone(),
                label: twin.label,
            })
    }
}
