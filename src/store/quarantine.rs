//! What suppliers sent that was not valid.

use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, Digest, ItemId};
use crate::model::signed::Signed;

/// Something invalid from a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Who sent it.
    pub supplier: CommunityId,
    /// The item it said it was, if that could be read.
    pub item: Option<ItemId>,
    /// What was wrong.
    pub reason: String,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
    /// When.
    pub at: Timestamp,
    /// Of an equivocation, what is held and what was sent: two envelopes that the origin signed.
    pub evidence: Option<Box<(Signed, Signed)>>,
}

/// The reason of a [`Quarantined`] where two envelopes of one revision differ, and the origin signed both.
pub const EQUIVOCATION: &str = "equivocation";

/// A [`Quarantined`] in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Its number; the newest has the highest.
    pub number: i64,
    /// What was invalid.
    pub quarantined: Quarantined,
}
