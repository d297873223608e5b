//! Items of one document from different hands (threat 41).

use super::Plan;
use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, ItemId};
use crate::model::item::{Audience, Envelope, Terms};
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
    /// What its source limits beyond the label.
    pub limits: Limits,
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
            limits: Limits::of(&envelope),
            origin: envelope.origin,
            label: envelope.label,
            document,
        })
    }

    /// Whether a new item would take the document further than this one lets it.
    ///
    /// What came from elsewhere under an agreement may not come to others as ours, so that it has to stay, or to be
    /// everybody's.
    fn goes_less_far(&self, label: Label, limits: &Limits, here: &CommunityId) -> bool {
        if self.label > label {
            return true;
        }
        if self.origin == *here {
            return self.label == label && !limits.keep_to(&self.limits);
        }
        let is_everybodys = self.label == Label::Clear && Limits::default().keep_to(&self.limits);
        !label.never_leaves() && !is_everybodys
    }
}

/// How far a source lets an item go beyond its label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store::sqlite) struct Limits {
    audience: Option<Audience>,
    hop_limit: Option<u32>,
    valid_until: Option<Timestamp>,
    terms: Terms,
}

impl Limits {
    fn of(envelope: &Envelope) -> Self {
        Self {
            audience: envelope.audience.clone(),
            hop_limit: envelope.hop_limit,
            valid_until: envelope.valid_until,
            terms: envelope.terms,
        }
    }

    /// Nothing goes further under these limits than under those. Which members an audience names stands elsewhere, so
    /// that two that name any count as different.
    fn keep_to(&self, those: &Self) -> bool {
        let within = |ours: Option<i64>, theirs: Option<i64>| match (ours, theirs) {
            (_, None) => true,
            (Some(ours), Some(theirs)) => ours <= theirs,
            (None, Some(_)) => false,
        };
        let audience = match &those.audience {
            None => true,
            Some(theirs) => !theirs.members_limited && self.audience.as_ref() == Some(theirs),
        };
        audience
            && within(
                self.hop_limit.map(i64::from),
                those.hop_limit.map(i64::from),
            )
            && within(
                self.valid_until.map(Timestamp::micros),
                those.valid_until.map(Timestamp::micros),
            )
            && (self.terms.no_commercial_use || !those.terms.no_commercial_use)
            && (self.terms.no_resale || !those.terms.no_resale)
    }
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
                let waits = self.known.waiting.get(&item.item).cloned();
                let met = waits.or_else(|| {
                    item.is_judged_anew()
                        .then(|| self.twin_of(append, item, document))
                        .flatten()
                });
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
        twins().next()?;
        let limits = wire::envelope::parse(&item.envelope.record)
            .map(|envelope| Limits::of(&envelope))
            .unwrap_or_default();
        let is_own = |twin: &&Twin| document.is_some() && twin.document == document;
        twins()
            .flatten()
            .find(|twin| !is_own(twin) && twin.goes_less_far(label, &limits, &append.here))
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
