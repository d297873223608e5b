//! What a batch writes without a look at what is there.

use crate::clock::Timestamp;
use crate::model::agreement::Peer;
use crate::model::ids::{CommunityId, Digest, ItemId, MemberId};
use crate::model::member::{Credential, Member};
use crate::model::position::Position;
use crate::store::{LinkState, Meeting, NewInvite, PinnedKey, Quarantined};

/// What needs no knowledge of what is there.
#[derive(Debug)]
pub(in super::super) enum Other<'a> {
    Offer(&'a CommunityId, &'a [(ItemId, u32)], Timestamp),
    Receipt(&'a CommunityId, &'a [(ItemId, u32, bool)], Timestamp),
    Progress(&'a str, Position, Timestamp),
    Member(&'a Member),
    Endorsement(&'a MemberId, &'a MemberId, Timestamp),
    Credential(&'a Credential),
    Invite(&'a NewInvite),
    InviteUsed(&'a Digest, Timestamp),
    Peer(&'a Peer),
    Keys(&'a [PinnedKey]),
    Quarantine(&'a [Quarantined]),
    Equivocation(Box<Quarantined>),
    QuarantineEnds(&'a [i64]),
    Link(&'a CommunityId, &'a LinkState),
    Cursor(&'a CommunityId, &'a str),
    Waits(ItemId, &'a Meeting, Timestamp),
    WaitsNoMore(ItemId),
}
