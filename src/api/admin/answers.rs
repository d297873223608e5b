//! What operators are answered, as messages.

use tonic::Response;

use crate::membership::InviteMade;
use crate::model::agreement::Peer;
use crate::model::ids::{CommunityId, SpiffeId};
use crate::model::member::{Credential, Member, Standing};
use crate::model::roster::Roster;
use crate::wire::{pb, words};

/// A new invite.
pub(super) fn invite_to_pb(made: InviteMade) -> Response<pb::CreateInviteResponse> {
    Response::new(pb::CreateInviteResponse {
        expires: Some(words::time_to_pb(made.expires)),
        invite: made.text,
    })
}

/// A member with its credentials.
pub(super) fn member_to_pb(
    community: &CommunityId,
    roster: &Roster,
    member: &Member,
    endorsements_required: u32,
) -> pb::Member {
    use pb::member::State;
    let (state, admitted) = match member.standing {
        Standing::Candidate => (State::Candidate, None),
        Standing::Admitted { since } => (State::Admitted, Some(since)),
        Standing::Suspended { admitted } => (State::Suspended, Some(admitted)),
        Standing::Left => (State::Left, None),
    };
    pb::Member {
        member: member.id.to_string(),
        name: member.name.clone(),
        state: state.into(),
        domains: member.domains.clone(),
        identities: member.identities.clone(),
        contact: member.contact.clone(),
        commercial: member.commercial,
        endorsed_by: roster
            .endorsements
            .get(&member.id)
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect(),
        admitted: admitted.map(words::time_to_pb),
        credentials: roster
            .credentials
            .values()
            .filter(|credential| credential.member == member.id)
            .map(|credential| credential_to_pb(community, credential))
            .collect(),
        endorsements_required,
    }
}

/// A credential.
fn credential_to_pb(community: &CommunityId, credential: &Credential) -> pb::Credential {
    pb::Credential {
        spiffe_id: SpiffeId::credential(community, &credential.member, &credential.name)
            .to_string(),
        expires: Some(words::time_to_pb(credential.expires)),
        revoked: credential.revoked,
    }
}

/// A peer with its link.
pub(super) fn peer_to_pb(peer: &Peer, link: pb::PeerStatus) -> pb::Peer {
    pb::Peer {
        peer: peer.id.to_string(),
        name: peer.name.clone(),
        state: words::peer_state_to_pb(peer.state()),
        phrase: peer.phrase.clone(),
        address: peer.address.clone(),
        terms: bytes::Bytes::copy_from_slice(&peer.terms_bytes),
        signed_by_us: peer.our_signature.is_some(),
        signed_by_them: peer.their_signature.is_some(),
        status: Some(link),
        ca_fingerprints: peer
            .ca_fingerprints()
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}
