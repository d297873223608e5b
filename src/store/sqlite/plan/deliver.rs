//! What a delivery comes to: of what a supplier sent, that which takes effect here.

use super::super::pack::Beside;
use super::{ItemNow, NewRow, Other, Plan};
use crate::model::ids::ItemId;
use crate::model::position::Position;
use crate::store::{
    Deliver, DeliveredItem, DeliveredKind, LogClass, LogRow, RowState, StoreError, Written,
};

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
            } => {
                if !self.takes(entry.item, *revision) {
                    return Ok(None);
                }
                match self.known.items.remove(&entry.item) {
                    Some(held @ (ItemNow::Stored(_) | ItemNow::Planned(_))) => {
                        self.end(held, RowState::Superseded)?;
                    }
                    Some(ItemNow::Recalled(..) | ItemNow::Withdrawn(_)) | None => {}
                }
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
                };
                Ok(Some(self.push_item(NewRow {
                    row,
                    beside: Beside::default(),
                    content_key: Some(*content_key),
                })))
            }
            DeliveredKind::Withdrawal { id, statement } => {
                let ended = match self.known.items.remove(&entry.item) {
                    Some(ItemNow::Withdrawn(at)) => {
                        let withdrawn = ItemNow::Withdrawn(at);
                        self.known.items.insert(entry.item, withdrawn);
                        return Ok(None);
                    }
                    Some(held) => Some(self.end(held, RowState::Withdrawn)?),
                    None => None,
                };
                let supplier = Some(deliver.supplier.clone());
                let position = self.push_withdrawal(
                    entry.item,
                    *id,
                    statement,
                    supplier,
                    deliver.at,
                    ended,
                    String::new(),
                );
                Ok(Some(position))
            }
            DeliveredKind::Recall => self.recall(deliver, entry.item),
        }
    }

    /// Whether a delivered revision takes effect: it is newer than what is here, or as new as what was recalled.
    fn takes(&self, item: ItemId, revision: u32) -> bool {
        let newer = |row: &LogRow| row.supplier.is_some() && row.revision < revision;
        match self.known.items.get(&item) {
            None => true,
            Some(ItemNow::Stored(held)) => newer(&held.row),
            Some(ItemNow::Planned(at)) => self.rows.get(*at).is_some_and(|r| newer(&r.row)),
            Some(ItemNow::Recalled(_, _, recalled)) => *recalled <= revision,
            Some(ItemNow::Withdrawn(_)) => false,
        }
    }

    fn recall(&mut self, deliver: &Deliver, item: ItemId) -> Result<Option<Position>, StoreError> {
        let supplier = match self.known.items.get(&item) {
            Some(ItemNow::Stored(held)) => held.row.supplier.as_ref(),
            Some(ItemNow::Planned(at)) => self.rows.get(*at).and_then(|r| r.row.supplier.as_ref()),
            Some(ItemNow::Recalled(..) | ItemNow::Withdrawn(_)) | None => None,
        };
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
        };
        let position = self.push_row(NewRow {
            row,
            beside: Beside {
                ends: Some(ends),
                ..Beside::default()
            },
            content_key: None,
        });
        let recalled = ItemNow::Recalled(Box::new(remains), ends, revision);
        self.known.items.insert(item, recalled);
        Ok(Some(position))
    }
}
