//! Items of one document from different hands (threat 41).

use super::Plan;
use crate::model::ids::{CommunityId, ItemId};
use crate::model::label::Label;
use crate::store::{Append, LogClass, LogRow, Meeting, RowState};
use crate::wire;

/// An item that may be of the same document as another.
#[derive(Clone, Debug)]
pub(in crate::store::sqlite) struct Twin {
    pub item: ItemId,
    pub origin: CommunityId,
    pub label: Label,
    /// It has an audience of its own.
    pub named: bool,
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
            origin: envelope.origin,
            label: envelope.label,
            named: envelope.audience.is_some(),
            document,
        })
    }

    /// Whether a new item with this label would take the document further than this one lets it.
    fn goes_less_far(&self, label: Label, here: &CommunityId) -> bool {
        self.label > label || (self.origin != *here && self.named && self.label == label)
    }
}

impl Plan<'_> {
    /// Somebody else's item of the same document that goes less far than one of the push would, if there is one.
    pub(super) fn met(&self, append: &Append, document: Option<i64>) -> Option<Meeting> {
        append.items.iter().find_map(|item| {
            let part = append.state.parts.iter().find(|p| p.item == item.item)?;
            let here = &append.here;
            self.known
                .twins
                .get(&item.fingerprint?)?
                .iter()
                .find(|twin| {
                    (document.is_none() || twin.document != document)
                        && twin.goes_less_far(part.label, here)
                })
                .map(|twin| Meeting {
                    item: twin.item,
                    origin: twin.origin.clone(),
                    label: twin.label,
                })
        })
    }
}
