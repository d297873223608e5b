//! A row of the log with what its signed bytes say, parsed once and shared by all readers.

use bytes::Bytes;

use crate::anonymity::SourceSeal;
use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, ItemId};
use crate::model::item::{Envelope, LocalRecord, Withdrawal};
use crate::model::signed::Signed;
use crate::policy::ItemFacts;
use crate::provenance;
use crate::store::{LogClass, LogRow, RowState};
use crate::wire;

/// A row of the log and what decisions need to know of it.
#[derive(Debug)]
pub struct Entry {
    /// The row.
    pub row: LogRow,
    /// What its bytes say.
    pub body: EntryBody,
    /// Of a revision, the facts of the one before it as they were while that one held; `None` where none held.
    pub before: Option<Box<ItemFacts>>,
}

/// What the bytes of an [`Entry`] say.
#[derive(Debug)]
pub enum EntryBody {
    /// An item.
    Item {
        /// The envelope (of a row out of service: what the tombstone keeps of it).
        envelope: Box<Envelope>,
        /// The local record, at the origin.
        local: Option<Box<LocalRecord>>,
        /// What the policy is told. `onward_in` is false here; who decides about a peer sets it from the roster.
        facts: Box<ItemFacts>,
    },
    /// A withdrawal.
    Withdrawal {
        /// What was signed.
        withdrawal: Withdrawal,
        /// The facts of the withdrawn item as they were while it was in service; `None` where the item never came.
        facts: Option<Box<ItemFacts>>,
    },
    /// The supplier took back the right to the item.
    Recall {
        /// The facts of the recalled item as they were while it was in service.
        facts: Box<ItemFacts>,
    },
}

impl Entry {
    /// Parses a row that was verified when it was stored. Fails on bytes that do not say what they must.
    pub fn of(row: LogRow, here: &CommunityId, seal: &SourceSeal) -> Result<Self, wire::Malformed> {
        let body = EntryBody::of(&row, here, seal)?;
        let before = row
            .before
            .as_deref()
            .map(|before| facts_of_ended(row.item, &before.of, here, before.recorded, seal))
            .transpose()?;
        Ok(Self { row, body, before })
    }

    /// The item that the entry is about.
    pub fn item(&self) -> ItemId {
        self.row.item
    }
}

impl EntryBody {
    /// Parses what a row holds; its position and content do not matter.
    pub(super) fn of(
        row: &LogRow,
        here: &CommunityId,
        seal: &SourceSeal,
    ) -> Result<Self, wire::Malformed> {
        Ok(match &row.class {
            LogClass::Item {
                envelope,
                hops,
                local,
            } => {
                let parsed = if row.state == RowState::Live {
                    wire::envelope::parse(&envelope.record)?
                } else {
                    wire::envelope::parse_tombstone(&envelope.record)?
                };
                let local = local_record(row.item, local.as_ref(), seal)?;
                let mut facts = facts(&parsed, local.as_ref(), hops, here, row.recorded)?;
                facts.withdrawn = row.state != RowState::Live;
                EntryBody::Item {
                    envelope: Box::new(parsed),
                    local: local.map(Box::new),
                    facts: Box::new(facts),
                }
            }
            LogClass::Withdrawal {
                statement,
                of,
                item_recorded,
                ..
            } => {
                let withdrawal = wire::withdrawal::parse(&statement.record)?;
                let facts = of
                    .as_ref()
                    .map(|of| facts_of_ended(row.item, of, here, *item_recorded, seal))
                    .transpose()?;
                EntryBody::Withdrawal { withdrawal, facts }
            }
            LogClass::Recall { of, item_recorded } => EntryBody::Recall {
                facts: facts_of_ended(row.item, of, here, *item_recorded, seal)?,
            },
        })
    }
}

/// The facts of an item that is out of service, as they were while it was in service.
fn facts_of_ended(
    item: ItemId,
    (tombstone, hops, local): &(Bytes, Vec<Signed>, Option<Signed>),
    here: &CommunityId,
    recorded: Timestamp,
    seal: &SourceSeal,
) -> Result<Box<ItemFacts>, wire::Malformed> {
    let envelope = wire::envelope::parse_tombstone(tombstone)?;
    let local = local_record(item, local.as_ref(), seal)?;
    facts(&envelope, local.as_ref(), hops, here, recorded).map(Box::new)
}

/// The local record, opened if it is sealed. One that does not open says nothing, and what depends on it is not served.
fn local_record(
    item: ItemId,
    local: Option<&Signed>,
    seal: &SourceSeal,
) -> Result<Option<LocalRecord>, wire::Malformed> {
    let Some(local) = local else {
        return Ok(None);
    };
    let opened = seal.opened(item, local).ok_or_else(|| {
        wire::Malformed::new(
            "local record",
            "is sealed with another secret; node/pseudonym.key is not the one that belongs to this database",
        )
    })?;
    wire::local_record::parse(&opened.record).map(Some)
}

fn facts(
    envelope: &Envelope,
    local: Option<&LocalRecord>,
    hops: &[Signed],
    here: &CommunityId,
    recorded: Timestamp,
) -> Result<ItemFacts, wire::Malformed> {
    Ok(match local {
        Some(local) => ItemFacts::at_origin(envelope, local, recorded),
        None => ItemFacts::elsewhere(
            envelope,
            here.clone(),
            provenance::path_of(&envelope.origin, hops)?,
            false,
            recorded,
        ),
    })
}
