//! Why something signed is not accepted, and who is at fault.

use super::pae::Payload;
use crate::model::ids::{CommunityId, KeyId};
use crate::model::label::Label;
use crate::wire::Malformed;

/// Why something signed is not accepted. Hops are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The key is not among the trusted ones.
    #[error("the key {0} is not known")]
    UnknownKey(KeyId),
    /// The signature is not one of this key over these bytes as this kind of record.
    #[error("the signature of the {record} does not verify")]
    BadSignature {
        /// What was signed.
        record: Payload,
    },
    /// A community signed for another one.
    #[error("the {record} of {claimed} is signed with a key of {signer}")]
    ForeignKey {
        /// What was signed.
        record: Payload,
        /// Whom the record names.
        claimed: CommunityId,
        /// Whose key it is.
        signer: CommunityId,
    },
    /// The bytes do not say what they must.
    #[error("the {record} is malformed")]
    Malformed {
        /// What was signed.
        record: Payload,
        /// Where and why.
        source: Malformed,
    },
    /// The content is not that which the origin described.
    #[error("the content has another size or digest than the envelope says")]
    ContentDiffers,
    /// An item of ours came from elsewhere.
    #[error("the item is our own and comes from elsewhere")]
    OwnOrigin,
    /// The label never leaves its origin.
    #[error("an item labelled {0} left its origin")]
    LabelNeverLeaves(Label),
    /// AMBER came from a community that is not its origin.
    #[error("an item labelled AMBER was passed on by a community that is not its origin")]
    OnwardAmber,
    /// The audience leaves us out.
    #[error("the item's audience does not name this community")]
    NotNamed,
    /// Nobody signed that it was forwarded.
    #[error("the item comes without a hop")]
    NoHops,
    /// More hops than there may be.
    #[error("the item comes with {hops} hops; at most {max} are taken")]
    TooManyHops {
        /// How many came.
        hops: usize,
        /// How many may come.
        max: usize,
    },
    /// The source's hop limit was passed.
    #[error("the item made {hops} hops; its source allowed {limit}")]
    HopLimit {
        /// How many it made.
        hops: usize,
        /// How many its source allowed.
        limit: u32,
    },
    /// A hop is about another item, revision or envelope.
    #[error("hop {hop} is about another item, revision or envelope")]
    HopOfAnotherItem {
        /// Which one.
        hop: usize,
    },
    /// A hop does not go on where the one before ended.
    #[error("hop {hop} does not follow the one before it")]
    BrokenPath {
        /// Which one.
        hop: usize,
    },
    /// A community is on the way twice.
    #[error("{0} is on the item's way twice")]
    Loop(CommunityId),
    /// The last hop goes to somebody else.
    #[error("the item was forwarded to {0}, not to this community")]
    ForwardedElsewhere(CommunityId),
    /// The last hop is not by who supplies the item.
    #[error("the item was forwarded by {0}, not by the community that supplies it")]
    ForwardedByAnother(CommunityId),
    /// The local record does not belong to the envelope.
    #[error("the local record belongs to another envelope")]
    RecordsDiffer,
}

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Who supplied it sent what no honest node sends: forged, damaged, or against the rules.
    PeerMisbehaved,
    /// Who supplied it may be of a version that this node does not understand.
    PeerIncompatible,
    /// Something is missing on this side; the item may be good, and may be tried again.
    Ours,
}

impl Fault {
    /// The name for JSON, logs and quarantine.
    pub const fn reason(&self) -> &'static str {
        match self {
            Fault::UnknownKey(_) => "unknown-key",
            Fault::BadSignature { .. } => "bad-signature",
            Fault::ForeignKey { .. } => "foreign-key",
            Fault::Malformed { .. } => "malformed",
            Fault::ContentDiffers => "content-differs",
            Fault::OwnOrigin => "own-origin",
            Fault::LabelNeverLeaves(_) => "label-never-leaves",
            Fault::OnwardAmber => "onward-amber",
            Fault::NotNamed => "not-named",
            Fault::NoHops => "no-hops",
            Fault::TooManyHops { .. } => "too-many-hops",
            Fault::HopLimit { .. } => "hop-limit",
            Fault::HopOfAnotherItem { .. } => "hop-of-another-item",
            Fault::BrokenPath { .. } => "broken-path",
            Fault::Loop(_) => "loop",
            Fault::ForwardedElsewhere(_) => "forwarded-elsewhere",
            Fault::ForwardedByAnother(_) => "forwarded-by-another",
            Fault::RecordsDiffer => "records-differ",
        }
    }

    /// Who is at fault.
    pub const fn blame(&self) -> Blame {
        match self {
            Fault::UnknownKey(_) => Blame::Ours,
            Fault::Malformed { .. } => Blame::PeerIncompatible,
            Fault::BadSignature { .. }
            | Fault::ForeignKey { .. }
            | Fault::ContentDiffers
            | Fault::OwnOrigin
            | Fault::LabelNeverLeaves(_)
            | Fault::OnwardAmber
            | Fault::NotNamed
            | Fault::NoHops
            | Fault::TooManyHops { .. }
            | Fault::HopLimit { .. }
            | Fault::HopOfAnotherItem { .. }
            | Fault::BrokenPath { .. }
            | Fault::Loop(_)
            | Fault::ForwardedElsewhere(_)
            | Fault::ForwardedByAnother(_)
            | Fault::RecordsDiffer => Blame::PeerMisbehaved,
        }
    }
}
