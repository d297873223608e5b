//! What [`decide`](super::decide) is told of an item and of a viewer.

use crate::clock::Timestamp;
use crate::model::agreement::{Peer, Side};
use crate::model::ids::CredentialName;
use crate::model::ids::{CommunityId, SpiffeId};
use crate::model::item::{Audience, Envelope, LocalRecord, Terms};
use crate::model::label::Label;
use crate::model::member::{Member, Standing};
use crate::model::words::Kind;

/// What is known of an item at one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemFacts {
    /// The community whose node decides.
    pub here: CommunityId,
    /// The item's origin.
    pub origin: CommunityId,
    /// The communities on the item's way, origin first, this one last.
    pub path: Vec<CommunityId>,
    /// The agreement over which it came allows passing it on. Without meaning at the origin.
    pub onward_in: bool,
    /// Its label.
    pub label: Label,
    /// Its kind.
    pub kind: Kind,
    /// Its audience.
    pub audience: Option<Audience>,
    /// Members that the audience names; known at the origin only.
    pub members: Vec<SpiffeId>,
    /// Persons and tools that the audience names or means; known at the origin only.
    pub persons: Vec<SpiffeId>,
    /// The credential that pushed; known at the origin only.
    pub submitter: Option<SpiffeId>,
    /// How far beyond the origin.
    pub hop_limit: Option<u32>,
    /// Its sectors.
    pub sectors: Vec<String>,
    /// Its terms.
    pub terms: Terms,
    /// Until when it holds.
    pub valid_until: Option<Timestamp>,
    /// It was withdrawn.
    pub withdrawn: bool,
    /// It waits for the operator, so that nobody but its submitter is named; known at the origin only.
    pub waits: bool,
    /// When this node made it durable, by its own clock.
    pub recorded: Timestamp,
}

impl ItemFacts {
    /// The facts of an item that has its origin here.
    pub fn at_origin(envelope: &Envelope, local: &LocalRecord, recorded: Timestamp) -> Self {
        Self {
            members: local.members.clone(),
            persons: local.persons.clone(),
            submitter: Some(local.submitter.clone()),
            waits: local.waits,
            ..Self::elsewhere(
                envelope,
                envelope.origin.clone(),
                vec![envelope.origin.clone()],
                false,
                recorded,
            )
        }
    }

    /// The facts of an item that came to `here` over `path`.
    pub fn elsewhere(
        envelope: &Envelope,
        here: CommunityId,
        path: Vec<CommunityId>,
        onward_in: bool,
        recorded: Timestamp,
    ) -> Self {
        Self {
            here,
            origin: envelope.origin.clone(),
            path,
            onward_in,
            label: envelope.label,
            kind: envelope.kind,
            audience: envelope.audience.clone(),
            members: Vec::new(),
            persons: Vec::new(),
            submitter: None,
            hop_limit: envelope.hop_limit,
            sectors: envelope.sectors.clone(),
            terms: envelope.terms,
            valid_until: envelope.valid_until,
            withdrawn: false,
            waits: false,
            recorded,
        }
    }
}

/// Who would read the item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// A peer community.
    Peer(PeerFacts),
    /// A person or a tool of a member of the community whose node decides.
    Member(MemberFacts),
}

/// What is known of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerFacts {
    /// The peer.
    pub community: CommunityId,
    /// The agreement, seen from the sending side; `None` where none is in force now.
    pub agreement: Option<AgreementFacts>,
}

/// What an agreement in force says for the direction towards the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementFacts {
    /// The strictest label that this side sends.
    pub out_ceiling: Label,
    /// The strictest label that the peer takes.
    pub in_ceiling: Label,
    /// The peer may pass on what comes from this side.
    pub onward: bool,
    /// The peer is commercial.
    pub commercial: bool,
    /// Kinds that may pass; empty: all.
    pub kinds: Vec<Kind>,
    /// Sectors that may pass; empty: all.
    pub sectors: Vec<String>,
}

impl PeerFacts {
    /// The facts of a peer at this time, seen from `here`, which sends.
    pub fn of(peer: &Peer, here: &CommunityId, now: Timestamp) -> Self {
        Self {
            community: peer.id.clone(),
            agreement: direction(peer, here, now)
                .map(|(ours, theirs)| AgreementFacts::from_to(ours, theirs, peer)),
        }
    }

    /// The facts of a peer as if what was agreed with it held now, seen from `here`: what it would have lost by a change of
    /// an item alone.
    pub fn as_if_in_force(peer: &Peer, here: &CommunityId) -> Self {
        Self {
            community: peer.id.clone(),
            agreement: sides(peer, here)
                .map(|(ours, theirs)| AgreementFacts::from_to(ours, theirs, peer)),
        }
    }

    /// The facts of ourselves as the peer sees us, which sends: for judging what came.
    pub fn of_ourselves(peer: &Peer, here: &CommunityId, now: Timestamp) -> Self {
        Self {
            community: here.clone(),
            agreement: direction(peer, here, now)
                .map(|(ours, theirs)| AgreementFacts::from_to(theirs, ours, peer)),
        }
    }
}

impl AgreementFacts {
    fn from_to(sender: &Side, receiver: &Side, peer: &Peer) -> Self {
        Self {
            out_ceiling: sender.out_ceiling,
            in_ceiling: receiver.in_ceiling,
            onward: sender.onward,
            commercial: receiver.commercial,
            kinds: peer.terms.kinds.clone(),
            sectors: peer.terms.sectors.clone(),
        }
    }
}

/// Our side and theirs, while the agreement is in force.
fn direction<'a>(
    peer: &'a Peer,
    here: &CommunityId,
    now: Timestamp,
) -> Option<(&'a Side, &'a Side)> {
    peer.in_force_at(now).then(|| sides(peer, here)).flatten()
}

fn sides<'a>(peer: &'a Peer, here: &CommunityId) -> Option<(&'a Side, &'a Side)> {
    peer.terms
        .sides_seen_from(here)
        .filter(|(_, theirs)| theirs.community == peer.id)
}

/// What is known of a member's credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberFacts {
    /// The person or tool.
    pub id: SpiffeId,
    /// Where its member stands.
    pub standing: Standing,
    /// The member declared a commercial interest.
    pub commercial: bool,
    /// The strictest label of items from before its admission that a newcomer sees.
    pub newcomer_history: Label,
}

impl MemberFacts {
    /// The facts of a credential of this member.
    pub fn of(
        member: &Member,
        here: &CommunityId,
        credential: &CredentialName,
        newcomer_history: Label,
    ) -> Self {
        Self {
            id: SpiffeId::credential(here, &member.id, credential),
            standing: member.standing,
            commercial: member.commercial,
            newcomer_history,
        }
    }
}
