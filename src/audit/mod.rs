//! Who did what. A record is made here and written by the store in the transaction of the deed itself, so that there is
//! no deed without a record and no record without a deed (threat 54, invariant 31).
//!
//! A record holds ids only, never content, a title, a key or an invite.

mod chain;

pub use chain::{Broken, Chain};

use crate::clock::Timestamp;
use crate::model::ids::SpiffeId;
use crate::model::words::{Attribution, vocabulary};
use crate::store::AuditRecord;

vocabulary! {
    /// What can be done that leaves a record. No other word stands in the audit log.
    Act {
        /// A candidate was registered.
        MemberAdded = "member-added",
        /// A member vouched for a candidate.
        MemberEndorsed = "member-endorsed",
        /// A candidate was admitted.
        MemberAdmitted = "member-admitted",
        /// A member was suspended.
        MemberSuspended = "member-suspended",
        /// A suspension ended.
        MemberResumed = "member-resumed",
        /// A membership ended for good.
        MemberRemoved = "member-removed",
        /// An invite for a member's credential was made.
        CredentialInvited = "credential-invited",
        /// A member's credential enrolled.
        CredentialEnrolled = "credential-enrolled",
        /// A member's credential got a new certificate.
        CredentialRenewed = "credential-renewed",
        /// A member's credential was revoked.
        CredentialRevoked = "credential-revoked",
        /// An invite for an operator was made.
        OperatorInvited = "operator-invited",
        /// An operator enrolled.
        OperatorEnrolled = "operator-enrolled",
        /// An operator got a new certificate.
        OperatorRenewed = "operator-renewed",
        /// An invite for a peer was made.
        PeerInvited = "peer-invited",
        /// A community took up our invite.
        PeerPresented = "peer-presented",
        /// We took up a community's invite.
        PeerAccepted = "peer-accepted",
        /// We signed an agreement.
        AgreementSigned = "agreement-signed",
        /// The other side's signature over an agreement arrived and was verified.
        AgreementCountersigned = "agreement-countersigned",
        /// A peer was suspended.
        PeerSuspended = "peer-suspended",
        /// A peer's suspension ended.
        PeerResumed = "peer-resumed",
        /// An agreement ended.
        PeerRemoved = "peer-removed",
        /// An item was withdrawn.
        ItemWithdrawn = "item-withdrawn",
        /// A push waits because its document came from elsewhere and goes less far there.
        ItemWaits = "item-waits",
        /// An operator let an item go that waited.
        ItemReleased = "item-released",
        /// An operator looked at who submitted an item, or asked for one that is not there.
        SourceDisclosed = "source-disclosed",
        /// The node was brought back from a backup; the subject is the time that it was made.
        NodeRestored = "node-restored",
        /// A community signed two different envelopes of one revision.
        EquivocationFound = "equivocation-found",
        /// A peer is asked again for what was put in quarantine.
        QuarantineReleased = "quarantine-released",
        /// What was put in quarantine is no longer on record.
        QuarantineDropped = "quarantine-dropped",
    }
}

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor<'a> {
    /// A person, tool, operator, or the node of another community.
    Caller(&'a SpiffeId),
    /// The member that submitted the item that the record is about, which is not named (invariant 13): who it was is
    /// only sealed in the item's own record.
    Submitter,
    /// The node by itself.
    Node,
}

impl<'a> Actor<'a> {
    /// Who acts on an item of its own.
    pub fn of_own(id: &'a SpiffeId, attribution: Attribution) -> Self {
        match attribution {
            Attribution::Named => Actor::Caller(id),
            Attribution::Community | Attribution::Anonymous => Actor::Submitter,
        }
    }
}

impl std::fmt::Display for Actor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Actor::Caller(id) => std::fmt::Display::fmt(id, f),
            Actor::Submitter => f.write_str("submitter"),
            Actor::Node => f.write_str("node"),
        }
    }
}

/// The record of an act. `subject` is the id of whom or what it was done to.
pub fn record(
    act: Act,
    actor: Actor<'_>,
    subject: impl std::fmt::Display,
    at: Timestamp,
) -> AuditRecord {
    AuditRecord {
        at,
        actor: actor.to_string(),
        act: act.name(),
        subject: subject.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_has_its_own_word() {
        let mut words: Vec<_> = Act::ALL.iter().map(|act| act.name()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Act::ALL.len());
    }

    #[test]
    fn a_record_names_actor_act_and_subject() {
        let alice = SpiffeId::parse("spiffe://energy.isac.example/operator/alice").expect("an id");
        let made = record(
            Act::MemberAdmitted,
            Actor::Caller(&alice),
            "acme",
            Timestamp::from_seconds(7),
        );
        assert_eq!(made.actor, "spiffe://energy.isac.example/operator/alice");
        assert_eq!(
            (made.act, made.subject.as_str()),
            ("member-admitted", "acme")
        );
    }
}
