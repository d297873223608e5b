//! What a delivery comes to: of what a supplier sent, that which takes effect here.
//!
//! An id proves nothing: whoever has seen an item can sign something else under its id. So what is here gives way only to
//! what its own origin signed, and what was made here gives way to nothing that is delivered.

use super::super::pack::Beside;
use super::super::rows::inconsistent;
use super::{ItemNow, NewRow, Other, Plan};
use crate::model::ids::{CommunityId, Digest, ItemId};
use crate::model::position::Position;
use crate::model::signed::Signed;
use crate::store::{
    AuditRecord, Deliver, DeliveredItem, DeliveredKind, EQUIVOCATION, LogClass, LogRow,
    Quarantined, RowState, StoreError, Written,
};
use crate::wire;

impl<'a> Plan<'a> {
    pub(super) fn deliver(&mut self, deliver: &'a Deliver) -> Result<Written, StoreError> {
        let mut effects = Vec::with_capacity(deliver.entries.len());
        for entry in &deliver.entries {
            effects.push(self.deliver_entry(deliver, entry)?);
        }
        self.others.push(Other::Keys(&deliver.keys));
        self.others.push(Other::Quarantine(&deliver.quarantined));
        self.others
            .push(Other::Cursor(&deliver.supplier, &deliver.cursor));
        Ok(Written::Delivered(effects))
    }

    fn deliver_entry(
        &mut self,
        deliver: &Deliver,
        entry: &DeliveredItem,
    ) -> Result<Option<Position>, StoreError> {
        match &entry.kind {
            DeliveredKind::Revision {
                revision,
                envelope,
                hops,
                content,
                content_key,
                fingerprints,
            } => {
                if !self.takes(entry.item, *revision, envelope)? {
                    self.look_for_equivocation(deliver, entry.item, *revision, envelope);
                    return Ok(None);
                }
                let (before, ends) = match self.known.items.remove(&entry.item) {
                    Some(held @ (ItemNow::Stored(_) | ItemNow::Planned(_))) => {
                        let (remains, ends, _) = self.end(held, RowState::Superseded)?;
                        (Some(remains.into_before()), Some(ends))
                    }
                    // Whoever had what was recalled was told so then.
                    Some(
                        ItemNow::Recalled(..) | ItemNow::Withdrawn(_) | ItemNow::Forestalled(_),
                    )
                    | None => (None, None),
                };
                let row = LogRow {
                    position: Position::START,
                    item: entry.item,
                    revision: *revision,
                    class: LogClass::Item {
                        envelope: envelope.clone(),
                        hops: hops.clone(),
                        local: None,
                    },
                    state: RowState::Live,
                    recorded: deliver.at,
                    supplier: Some(deliver.supplier.clone()),
                    content: Some(content.clone()),
                    before,
                };
                Ok(Some(self.push_item(NewRow {
                    row,
                    beside: Beside {
                        ends,
                        fingerprints: *fingerprints,
                        ..Beside::default()
                    },
                    content_key: Some(*content_key),
                    reissued: Vec::new(),
                })))
            }
            DeliveredKind::Withdrawal { id, statement } => {
                self.deliver_withdrawal(deliver, entry.item, *id, statement)
            }
            DeliveredKind::Recall => self.recall(deliver, entry.item),
        }
    }

    /// Two different envelopes of one revision, both signed by its origin: it tells different readers different things, or
    /// its database was put back without a new generation (threat 39). What is held stays; both are kept as evidence.
    fn look_for_equivocation(
        &mut self,
        deliver: &Deliver,
        item: ItemId,
        revision: u32,
        sent: &Signed,
    ) {
        let Some(LogRow {
            revision: held_revision,
            class: LogClass::Item { envelope: held, .. },
            ..
        }) = self.in_service(item)
        else {
            return;
        };
        let differ = *held_revision == revision && held.record != sent.record;
        if !differ || origin_of(held) != origin_of(sent) {
            return;
        }
        let held = held.clone();
        if !self.known.alarmed.insert((deliver.supplier.clone(), item)) {
            return;
        }
        let sha256 = Digest::of(&sent.record);
        self.audit(&AuditRecord {
            at: deliver.at,
            actor: "node".to_owned(),
            act: "equivocation-found",
            subject: format!(
                "{item} revision {revision} from {}: held {}, sent {sha256}",
                deliver.supplier,
                Digest::of(&held.record)
            ),
        });
        self.others.push(Other::Equivocation(Box::new(Quarantined {
            supplier: deliver.supplier.clone(),
            item: Some(item),
            reason: EQUIVOCATION.to_owned(),
            sha256,
            at: deliver.at,
            evidence: Some(Box::new((held, sent.clone()))),
        })));
    }

    /// Whether a delivered revision takes effect: nothing else of the item is here or kept out, or what is here has the
    /// same origin, and is older or was recalled.
    fn takes(&self, item: ItemId, revision: u32, envelope: &Signed) -> Result<bool, StoreError> {
        let newer = match self.known.items.get(&item) {
            None => return Ok(true),
            Some(ItemNow::Forestalled(by)) => {
                return Ok(origin_of(envelope).is_some_and(|origin| !by.contains(&origin)));
            }
            Some(ItemNow::Stored(_) | ItemNow::Planned(_)) => self
                .in_service(item)
                .is_some_and(|row| row.revision < revision),
            Some(ItemNow::Recalled(_, _, recalled)) => *recalled <= revision,
            Some(ItemNow::Withdrawn(_)) => false,
        };
        if !newer {
            return Ok(false);
        }
        let held = self.supplied_origin(item)?;
        Ok(held.is_some() && held == origin_of(envelope))
    }

    fn deliver_withdrawal(
        &mut self,
        deliver: &Deliver,
        item: ItemId,
        id: ItemId,
        statement: &Signed,
    ) -> Result<Option<Position>, StoreError> {
        let Ok(withdrawal) = wire::withdrawal::parse(&statement.record) else {
            return Ok(None);
        };
        let origin = withdrawal.origin;
        let takes_effect = match self.known.items.get(&item) {
            None => true,
            Some(ItemNow::Forestalled(by)) => !by.contains(&origin),
            Some(ItemNow::Stored(_) | ItemNow::Planned(_) | ItemNow::Recalled(..)) => {
                self.supplied_origin(item)?.as_ref() == Some(&origin)
            }
            Some(ItemNow::Withdrawn(_)) => false,
        };
        if !takes_effect {
            return Ok(None);
        }
        let (ended, forestalled) = match self.known.items.remove(&item) {
            None => (None, Some(Vec::new())),
            Some(ItemNow::Forestalled(by)) => (None, Some(by)),
            Some(held) => (Some(self.end(held, RowState::Withdrawn)?), None),
        };
        let position = self.push_withdrawal(
            item,
            id,
            statement,
            Some(deliver.supplier.clone()),
            deliver.at,
            ended,
            String::new(),
        );
        if let Some(mut by) = forestalled {
            by.push(origin);
            self.known.items.insert(item, ItemNow::Forestalled(by));
        }
        Ok(Some(position))
    }

    /// The row of an item that is in service.
    fn in_service(&self, item: ItemId) -> Option<&LogRow> {
        match self.known.items.get(&item) {
            Some(ItemNow::Stored(held)) => Some(&held.row),
            Some(ItemNow::Planned(at)) => self.rows.get(*at).map(|new| &new.row),
            Some(ItemNow::Recalled(..) | ItemNow::Withdrawn(_) | ItemNow::Forestalled(_))
            | None => None,
        }
    }

    /// The origin of an item that a supplier sent, and that is in service or was recalled; `None`: there is none, or it
    /// was made here.
    fn supplied_origin(&self, item: ItemId) -> Result<Option<CommunityId>, StoreError> {
        if let Some(ItemNow::Recalled(remains, ended, _)) = self.known.items.get(&item) {
            if remains.local.is_some() {
                return Ok(None);
            }
            let tombstone = wire::envelope::parse_tombstone(&remains.tombstone)
                .map_err(|_| inconsistent("log", "signed", ended))?;
            return Ok(Some(tombstone.origin));
        }
        match self.in_service(item) {
            Some(LogRow {
                position,
                class: LogClass::Item { envelope, .. },
                supplier: Some(_),
                ..
            }) => {
                let held = wire::envelope::parse(&envelope.record)
                    .map_err(|_| inconsistent("log", "signed", &position.0))?;
                Ok(Some(held.origin))
            }
            Some(_) | None => Ok(None),
        }
    }

    fn recall(&mut self, deliver: &Deliver, item: ItemId) -> Result<Option<Position>, StoreError> {
        let supplier = self.in_service(item).and_then(|row| row.supplier.as_ref());
        if supplier != Some(&deliver.supplier) {
            return Ok(None);
        }
        let Some(held) = self.known.items.remove(&item) else {
            return Ok(None);
        };
        let (remains, ends, revision) = self.end(held, RowState::Withdrawn)?;
        let row = LogRow {
            position: Position::START,
            item,
            revision,
            class: LogClass::Recall {
                of: (
                    remains.tombstone.clone(),
                    remains.hops.clone(),
                    remains.local.clone(),
                ),
                item_recorded: remains.recorded,
            },
            state: RowState::Live,
            recorded: deliver.at,
            supplier: Some(deliver.supplier.clone()),
            content: None,
            before: None,
        };
        let position = self.push_row(NewRow {
            row,
            beside: Beside {
                ends: Some(ends),
                ..Beside::default()
            },
            content_key: None,
            reissued: Vec::new(),
        });
        let recalled = ItemNow::Recalled(Box::new(remains), ends, revision);
        self.known.items.insert(item, recalled);
        Ok(Some(position))
    }
}

/// The origin that a delivered envelope names; `None`: it does not parse, and then it replaces nothing.
fn origin_of(envelope: &Signed) -> Option<CommunityId> {
    let envelope = wire::envelope::parse(&envelope.record).ok()?;
    Some(envelope.origin)
}
