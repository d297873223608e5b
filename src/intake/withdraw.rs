//! Withdrawal: a wrong push is undone at every place that may hold it.

use super::settle;
use super::{Intake, IntakeError};
use crate::audit::{Act, Actor, record};
use crate::log::EntryBody;
use crate::model::ids::{CredentialName, ItemId, MemberId, Role, SpiffeId};
use crate::model::words::{Attribution, WithdrawalReason};
use crate::store::{Withdraw, Write, Written};

/// What became of a request to withdraw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawn {
    /// It is withdrawn: durable here, and on its way to every place that may hold the item.
    Done {
        /// The withdrawal's own id.
        id: ItemId,
    },
    /// It was withdrawn before.
    Before,
    /// The caller's member submitted no such item. The answer for an item that is not there at all.
    NotFound,
}

impl Intake {
    /// Withdraws an item of the caller's member. Content, title and summary are gone from the store when this returns.
    /// `note` stays here.
    pub async fn withdraw(
        &self,
        member: &MemberId,
        credential: &CredentialName,
        item: ItemId,
        reason: WithdrawalReason,
        note: String,
    ) -> Result<Withdrawn, IntakeError> {
        let Some(entry) = self.log.entry_of(item, false).await? else {
            return Ok(Withdrawn::NotFound);
        };
        let (submitter, attribution) = match &entry.body {
            EntryBody::Item {
                envelope,
                local: Some(local),
                ..
            } => (&local.submitter, envelope.attribution),
            EntryBody::Withdrawal {
                facts: Some(facts), ..
            } if facts.submitter.as_ref().is_some_and(|s| is_of(s, member)) => {
                return Ok(Withdrawn::Before);
            }
            EntryBody::Item { local: None, .. }
            | EntryBody::Withdrawal { .. }
            | EntryBody::Recall { .. } => return Ok(Withdrawn::NotFound),
        };
        if !is_of(submitter, member) {
            return Ok(Withdrawn::NotFound);
        }
        let desk = self.desk();
        let now = desk.now;
        let withdrawal = settle::withdrawal(item, reason, attribution, &desk);
        let actor = SpiffeId::credential(&self.settings.community, member, credential);
        let write = Write::Withdraw(Withdraw {
            item,
            id: withdrawal.id,
            statement: self.signer.sign_withdrawal(&withdrawal),
            note: self.kept_note(item, attribution, note),
            audit: record(
                Act::ItemWithdrawn,
                Actor::of_own(&actor, attribution),
                item,
                now,
            ),
            at: now,
        });
        match self.log.write(write).await? {
            Written::Withdrawn(Some(_)) => Ok(Withdrawn::Done { id: withdrawal.id }),
            Written::Withdrawn(None) => Ok(Withdrawn::Before),
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

impl Intake {
    /// The note as it is kept: of an un-named item it could give the source away (threat 23).
    fn kept_note(&self, item: ItemId, attribution: Attribution, note: String) -> String {
        match attribution {
            Attribution::Named => note,
            Attribution::Community | Attribution::Anonymous if note.is_empty() => note,
            Attribution::Community | Attribution::Anonymous => {
                hex::encode(self.seal.hidden("note", &item.bytes(), note.as_bytes()))
            }
        }
    }
}

fn is_of(submitter: &SpiffeId, member: &MemberId) -> bool {
    match &submitter.role {
        Role::Credential(m, _) => m == member,
        Role::Member(_) | Role::Node(_) | Role::Signer(_) | Role::Operator(_) => false,
    }
}
