//! The way out to a peer: asks the policy, and yields what alone may become a federation message.
//!
//! ```text
//! Entry ─▶ gate::judge (policy::decide) ─▶ Passed ─▶ signed hop ─▶ last check on the very bytes ─▶ pb::Item
//! ```
//!
//! [`Passed`] has a private constructor: a leak would not compile. The last check shares no code with the policy.

mod last_check;

use std::borrow::Cow;
use std::sync::Arc;

pub use last_check::{LastCheckFailed, last_check};

use crate::clock::Timestamp;
use crate::intake::rounded;
use crate::log::{Entry, EntryBody};
use crate::model::decision::Rule;
use crate::model::ids::CommunityId;
use crate::model::item::Envelope;
use crate::model::roster::Roster;
use crate::model::signed::Signed;
use crate::policy::{ItemFacts, PeerFacts, Viewer, decide};
use crate::provenance::SigningKey;
use crate::store::{LogClass, RowState};
use crate::wire::{pb, words};

/// An item that may go to one peer, by a decision on one snapshot of the roster.
#[derive(Clone, Debug)]
pub struct Passed {
    entry: Arc<Entry>,
    to: CommunityId,
}

/// What failed between a decision to permit and the bytes.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The bytes do not bear out the decision. Nothing left.
    #[error("the last check stopped what the policy had permitted")]
    LastCheck(#[from] LastCheckFailed),
    /// Only items pass the gate.
    #[error("this entry of the log is no item")]
    NotAnItem,
}

/// Judges an item towards a peer. A withdrawal is not for this gate: it goes to whoever may hold the item.
pub fn judge(
    entry: &Arc<Entry>,
    peer: &CommunityId,
    here: &CommunityId,
    roster: &Roster,
    now: Timestamp,
) -> Result<Passed, Rule> {
    let EntryBody::Item { facts, .. } = &entry.body else {
        return Err(Rule::Withdrawn);
    };
    let known = roster.peers.get(peer).ok_or(Rule::NotInForce)?;
    let viewer = Viewer::Peer(PeerFacts::of(known, here, now));
    match decide(&with_onward(facts, entry, roster), &viewer, now).rule() {
        Some(rule) => Err(rule),
        None if entry.row.state != RowState::Live => Err(Rule::Withdrawn),
        None => Ok(Passed {
            entry: Arc::clone(entry),
            to: peer.clone(),
        }),
    }
}

/// Whether a peer that may hold an earlier revision of an item has no right to the one that holds now, whatever became of
/// the agreement since: it is told to erase. What only expired, or would come back to where it was, is not lost.
pub fn is_lost(
    entry: &Entry,
    peer: &CommunityId,
    here: &CommunityId,
    roster: &Roster,
    now: Timestamp,
) -> bool {
    let EntryBody::Item { facts, .. } = &entry.body else {
        return false;
    };
    let Some(known) = roster.peers.get(peer) else {
        return false;
    };
    if entry.row.state != RowState::Live || entry.row.revision < 2 {
        return false;
    }
    let facts = ItemFacts {
        // A receiver sees for itself when an item is past its end; a label that it lost it would not see.
        valid_until: None,
        ..with_onward(facts, entry, roster).into_owned()
    };
    let viewer = Viewer::Peer(PeerFacts::as_if_in_force(known, here));
    match decide(&facts, &viewer, now).rule() {
        None | Some(Rule::Loop) => false,
        Some(_) => true,
    }
}

/// Judges what a supplier sent, by the same rules, as the supplier should have: the receiving side trusts no sender
/// with its own ceiling (threat 36). `path` ends here.
pub fn judge_inbound(
    envelope: &Envelope,
    path: &[CommunityId],
    supplier: &CommunityId,
    here: &CommunityId,
    roster: &Roster,
    now: Timestamp,
) -> Result<(), Rule> {
    let peer = roster.peers.get(supplier).ok_or(Rule::NotInForce)?;
    let before_us = path.iter().filter(|c| *c != here).cloned().collect();
    let facts = ItemFacts {
        // What the agreement over which the supplier got it says is between those two.
        onward_in: true,
        // An item may expire on its way; the feeds leave it out.
        valid_until: None,
        ..ItemFacts::elsewhere(envelope, supplier.clone(), before_us, true, now)
    };
    let viewer = Viewer::Peer(PeerFacts::of_ourselves(peer, here, now));
    match decide(&facts, &viewer, now).rule() {
        Some(rule) => Err(rule),
        None => Ok(()),
    }
}

/// The facts of an item with what the agreement over which it came says now about passing it on.
pub fn with_onward<'a>(facts: &'a ItemFacts, entry: &Entry, roster: &Roster) -> Cow<'a, ItemFacts> {
    let onward_in = entry
        .row
        .supplier
        .as_ref()
        .and_then(|supplier| roster.peers.get(supplier))
        .and_then(|peer| peer.terms.sides_seen_from(&facts.here))
        .is_some_and(|(_, theirs)| theirs.onward);
    if onward_in == facts.onward_in {
        // Every item at its origin, and most elsewhere.
        return Cow::Borrowed(facts);
    }
    Cow::Owned(ItemFacts {
        onward_in,
        ..facts.clone()
    })
}

impl Passed {
    /// The entry.
    pub fn entry(&self) -> &Arc<Entry> {
        &self.entry
    }

    /// The message for the peer, its first content chunk included: the envelope unchanged, the hop to the peer signed,
    /// and the label read once more from the bytes that leave.
    pub fn into_message(
        self,
        here: &CommunityId,
        signer: &SigningKey,
        now: Timestamp,
        first_chunk: bytes::Bytes,
        content_continues: bool,
    ) -> Result<pb::Item, GateError> {
        let (
            EntryBody::Item {
                envelope: parsed, ..
            },
            LogClass::Item { envelope, hops, .. },
        ) = (&self.entry.body, &self.entry.row.class)
        else {
            return Err(GateError::NotAnItem);
        };
        // The first hop of an un-named item must not tell when it was pushed (threat 22).
        let time = if parsed.origin == *here {
            rounded(now, parsed.attribution)
        } else {
            now
        };
        let hop = signer.sign_hop(parsed, envelope, hops, &self.to, time);
        last_check(&envelope.record, here, &self.to)?;
        let hops: Vec<&Signed> = hops.iter().chain(std::iter::once(&hop)).collect();
        Ok(pb::Item {
            envelope: Some(words::signed_to_pb(envelope)),
            hops: hops.into_iter().map(words::signed_to_pb).collect(),
            content: first_chunk,
            content_continues,
        })
    }
}
