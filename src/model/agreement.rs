//! What two communities agreed to let through, and how far that has got.

use super::ids::{CommunityId, Digest, ItemId};
use super::label::Label;
use super::words::Kind;
use crate::clock::Timestamp;

/// The terms that both sides sign (design.md part 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The agreement's id, the same in all its versions.
    pub agreement: ItemId,
    /// From 1.
    pub version: u32,
    /// The side that invited.
    pub inviter: Side,
    /// The side that accepted.
    pub accepter: Side,
    /// Kinds that may pass; empty: all.
    pub kinds: Vec<Kind>,
    /// Sectors that may pass; empty: all.
    pub sectors: Vec<String>,
    /// From when; `None`: when both have signed.
    pub from: Option<Timestamp>,
    /// Until when; `None`: until one side ends it.
    pub until: Option<Timestamp>,
}

/// What one side says for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The community.
    pub community: CommunityId,
    /// The strictest label that it sends.
    pub out_ceiling: Label,
    /// The strictest label that it takes.
    pub in_ceiling: Label,
    /// The other side may pass on what comes from this one.
    pub onward: bool,
    /// It serves a commercial purpose.
    pub commercial: bool,
}

impl Terms {
    /// The two sides as (that community's, the other's); `None` if it is neither.
    pub fn sides_seen_from(&self, community: &CommunityId) -> Option<(&Side, &Side)> {
        if self.inviter.community == *community {
            Some((&self.inviter, &self.accepter))
        } else if self.accepter.community == *community {
            Some((&self.accepter, &self.inviter))
        } else {
            None
        }
    }
}

/// What one operator wants of an agreement, seen from where he sits; `None` or empty: he did not say.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Wishes {
    /// The strictest label that we send.
    pub out_ceiling: Option<Label>,
    /// The strictest label that we take.
    pub in_ceiling: Option<Label>,
    /// They may pass on what comes from us.
    pub onward: Option<bool>,
    /// Kinds.
    pub kinds: Vec<Kind>,
    /// Sectors.
    pub sectors: Vec<String>,
    /// We serve a commercial purpose.
    pub commercial: bool,
    /// From when.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// A peer: another community, and what stands between it and us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The other community.
    pub id: CommunityId,
    /// Its name for people.
    pub name: String,
    /// HOST:PORT of its node.
    pub address: String,
    /// Its CA certificates, DER, pinned at first contact.
    pub ca_certificates: Vec<Vec<u8>>,
    /// The six words that both operators compare.
    pub phrase: String,
    /// The serialized terms, exactly as signed.
    pub terms_bytes: Vec<u8>,
    /// What these bytes say.
    pub terms: Terms,
    /// Our signature over the terms, once given.
    pub our_signature: Option<TermsSignature>,
    /// Theirs.
    pub their_signature: Option<TermsSignature>,
    /// This side suspended it.
    pub suspended: bool,
    /// It ended.
    pub ended: bool,
    /// Raised whenever what the peer may get widens: its cursors of an earlier epoch read again from the start.
    pub epoch: u32,
}

/// A signature over an agreement's terms, with the certificate of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermsSignature {
    /// Ed25519, 64 bytes.
    pub signature: Vec<u8>,
    /// The signer's certificate, DER.
    pub certificate: Vec<u8>,
}

/// The state of the relation to a peer, as `sluis status` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeerState {
    /// First contact was made, this side has not signed.
    Proposed,
    /// This side has signed, the other has not.
    Accepted,
    /// Both have signed.
    InForce,
    /// This side suspended it.
    Suspended,
    /// It ended.
    Ended,
}

impl PeerState {
    /// The word for people and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            PeerState::Proposed => "proposed",
            PeerState::Accepted => "accepted",
            PeerState::InForce => "in-force",
            PeerState::Suspended => "suspended",
            PeerState::Ended => "ended",
        }
    }
}

impl Peer {
    /// The state, apart from the dates in the terms.
    pub fn state(&self) -> PeerState {
        if self.ended {
            PeerState::Ended
        } else if self.suspended {
            PeerState::Suspended
        } else {
            match (&self.our_signature, &self.their_signature) {
                (Some(_), Some(_)) => PeerState::InForce,
                (Some(_), None) => PeerState::Accepted,
                (None, _) => PeerState::Proposed,
            }
        }
    }

    /// Both sides have signed, each after its operator compared the phrase; suspended, over or ended as it may be. From
    /// then on the CA that the peer presented is known to be its own.
    pub fn is_signed_by_both(&self) -> bool {
        self.our_signature.is_some() && self.their_signature.is_some()
    }

    /// The agreement holds at this time: signed by both, begun, not over, not suspended, not ended.
    pub fn in_force_at(&self, now: Timestamp) -> bool {
        self.state() == PeerState::InForce
            && self.terms.from.is_none_or(|from| from <= now)
            && self.terms.until.is_none_or(|until| now < until)
    }

    /// It was in force and is not any more: suspended, ended, or over. Nothing passes but withdrawals of what this peer
    /// holds.
    pub fn only_owed_at(&self, now: Timestamp) -> bool {
        self.is_signed_by_both()
            && (self.suspended || self.ended || self.terms.until.is_some_and(|until| until <= now))
    }

    /// SHA-256 fingerprints of the CA certificates.
    pub fn ca_fingerprints(&self) -> Vec<Digest> {
        self.ca_certificates.iter().map(|c| Digest::of(c)).collect()
    }
}
