//! What waits for the operator: let go, or ended (threat 41).

use bytes::Bytes;

use super::settle;
use super::{Intake, IntakeError};
use crate::audit::{Act, Actor, record};
use crate::clock::random_bytes;
use crate::log::{Entry, EntryBody};
use crate::model::ids::{Digest, ItemId, SpiffeId};
use crate::model::item::{Envelope, LocalRecord};
use crate::model::words::WithdrawalReason;
use crate::store::{AppendItem, Revise, Withdraw, Write, Written};

/// What became of an operator's word on an item that waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Released {
    /// It is done.
    Done,
    /// No such item waits.
    NotWaiting,
}

impl Intake {
    /// Lets an item go that waits: its next revision goes to everyone who may have it.
    pub async fn release(
        &self,
        operator: &SpiffeId,
        item: ItemId,
    ) -> Result<Released, IntakeError> {
        let Some(entry) = self.log.entry_of(item, true).await? else {
            return Ok(Released::NotWaiting);
        };
        let (Some((envelope, local)), Some(content)) = (waiting(&entry), &entry.row.content) else {
            return Ok(Released::NotWaiting);
        };
        let mut revise = self.released(operator, envelope, local, content.clone());
        revise.item.reissued = self.log.store().reissued(item).await?;
        match self.log.write(Write::Revise(Box::new(revise))).await? {
            Written::Appended(positions) if positions.is_empty() => Ok(Released::NotWaiting),
            Written::Appended(_) => Ok(Released::Done),
            Written::Done
            | Written::Repeated(_)
            | Written::Unexpected(_)
            | Written::Existing(_)
            | Written::Meets(_)
            | Written::Delivered(_)
            | Written::Withdrawn(_)
            | Written::Invite(_) => Err(IntakeError::Answer),
        }
    }

    /// The next revision: the same without the mark that it waits.
    fn released(
        &self,
        operator: &SpiffeId,
        envelope: &Envelope,
        local: &LocalRecord,
        content: Bytes,
    ) -> Revise {
        let (item, revision) = (
            envelope.item,
            self.settings.revision_after(envelope.revision),
        );
        let signed = self.signer.sign_envelope(&Envelope {
            revision,
            ..envelope.clone()
        });
        let local = LocalRecord {
            revision,
            envelope_sha256: Digest::of(&signed.record),
            waits: false,
            ..local.clone()
        };
        let now = self.clock.now();
        Revise {
            item: AppendItem {
                item,
                revision,
                envelope: signed,
                local: self.signer.sign_local_record(&local),
                content,
                content_key: random_bytes(&*self.entropy),
                fingerprints: [None; 2],
                met: None,
                goes_elsewhere: false,
                reissued: Vec::new(),
            },
            audit: record(Act::ItemReleased, Actor::Caller(operator), item, now),
            at: now,
        }
    }

    /// Ends an item that waits, as its submitter could.
    pub async fn drop_waiting(
        &self,
        operator: &SpiffeId,
        item: ItemId,
    ) -> Result<Released, IntakeError> {
        let Some(entry) = self.log.entry_of(item, false).await? else {
            return Ok(Released::NotWaiting);
        };
        let Some((envelope, _)) = waiting(&entry) else {
            return Ok(Released::NotWaiting);
        };
        let desk = self.desk();
        let now = desk.now;
        let withdrawal =
            settle::withdrawal(item, WithdrawalReason::TooWide, envelope.attribution, &desk);
        let withdraw = Withdraw {
            item,
            id: withdrawal.id,
            statement: self.signer.sign_withdrawal(&withdrawal),
            note: String::new(),
            audit: record(Act::ItemWithdrawn, Actor::Caller(operator), item, now),
            at: now,
        };
        match self.log.write(Write::Withdraw(withdraw)).await? {
            Written::Withdrawn(Some(_)) => Ok(Released::Done),
            Written::Withdrawn(None) => Ok(Released::NotWaiting),
            Written::Done
            | Written::Appended(_)
            | Written::Repeated(_)
            | Written::Unexpected(_)
            | Written::Existing(_)
            | Written::Meets(_)
            | Written::Delivered(_)
            | Written::Invite(_) => Err(IntakeError::Answer),
        }
    }
}

fn waiting(entry: &Entry) -> Option<(&Envelope, &LocalRecord)> {
    match &entry.body {
        EntryBody::Item {
            envelope,
            local: Some(local),
            ..
        } if local.waits => Some((envelope, local)),
        EntryBody::Item { .. } | EntryBody::Withdrawal { .. } | EntryBody::Recall { .. } => None,
    }
}
