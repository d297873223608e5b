//! The two calls that peering makes to other nodes.

use std::time::Duration;

use super::{Peering, PeeringError};
use crate::client::connect::{ConnectError, connect};
use crate::model::agreement::Peer;
use crate::model::ids::CommunityId;
use crate::model::invite::Invite;
use crate::trust::{ExpectedServer, client_config};
use crate::wire::pb;

impl Peering {
    /// Presents this community to the inviter, whose CA must have the fingerprint that the invite names. Without a
    /// client certificate: the other node does not know our CA yet.
    pub(super) async fn dial_inviter(
        &self,
        invite: &Invite,
        request: pb::BeginPeeringRequest,
    ) -> Result<pb::BeginPeeringResponse, PeeringError> {
        let expected = ExpectedServer::Pinned {
            community: invite.community.clone(),
            ca_fingerprint: invite.ca_fingerprint,
        };
        let tls =
            client_config(None, expected, self.parts.clock.clone()).map_err(PeeringError::Tls)?;
        let call = async {
            let channel = connect(&invite.address, tls)
                .await
                .map_err(|error| not_connected(&invite.community, &invite.address, error))?;
            pb::peering_service_client::PeeringServiceClient::new(channel)
                .begin_peering(request)
                .await
                .map_err(|status| refused(&invite.community, &invite.address, status))
        };
        Ok(within(&invite.community, &invite.address, call)
            .await?
            .into_inner())
    }

    /// Sends our state of the agreement and takes the peer's.
    pub(super) async fn dial_peer(
        &self,
        peer: &Peer,
        state: pb::AgreementState,
    ) -> Result<pb::AgreementState, PeeringError> {
        let expected = ExpectedServer::Community {
            community: peer.id.clone(),
            bundles: self.parts.bundles.clone(),
        };
        let tls = client_config(
            Some(&self.parts.credential),
            expected,
            self.parts.clock.clone(),
        )
        .map_err(PeeringError::Tls)?;
        let call = async {
            let channel = connect(&peer.address, tls)
                .await
                .map_err(|error| not_connected(&peer.id, &peer.address, error))?;
            pb::federation_service_client::FederationServiceClient::new(channel)
                .exchange_agreement(pb::ExchangeAgreementRequest { state: Some(state) })
                .await
                .map_err(|status| refused(&peer.id, &peer.address, status))
        };
        within(&peer.id, &peer.address, call)
            .await?
            .into_inner()
            .state
            .ok_or_else(|| PeeringError::PeerMisbehaved {
                peer: peer.id.clone(),
                problem: "it answered without a state of the agreement".to_owned(),
            })
    }
}

/// An operator waits for this; a node that is there answers sooner.
const DEADLINE: Duration = Duration::from_secs(5);

async fn within<T>(
    peer: &CommunityId,
    address: &str,
    call: impl Future<Output = Result<T, PeeringError>>,
) -> Result<T, PeeringError> {
    tokio::time::timeout(DEADLINE, call)
        .await
        .unwrap_or_else(|late| Err(not_reached(peer, address, late)))
}

fn not_connected(peer: &CommunityId, address: &str, error: ConnectError) -> PeeringError {
    match error {
        ConnectError::Address { .. } | ConnectError::NotReachable { .. } => {
            not_reached(peer, address, error)
        }
        ConnectError::Untrusted { .. } | ConnectError::Rejected { .. } => PeeringError::Untrusted {
            peer: peer.clone(),
            source: Box::new(error),
        },
    }
}

fn not_reached(
    peer: &CommunityId,
    address: &str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> PeeringError {
    PeeringError::NotReached {
        peer: peer.clone(),
        address: address.to_owned(),
        source: Box::new(source),
    }
}

/// A connection that broke is one that was not reached; anything else is the other node's answer. Its words are shown
/// to an operator, so that what acts on a terminal is escaped and the length bounded.
fn refused(peer: &CommunityId, address: &str, status: tonic::Status) -> PeeringError {
    match status.code() {
        tonic::Code::Unavailable | tonic::Code::DeadlineExceeded => {
            not_reached(peer, address, status)
        }
        _ => PeeringError::RefusedByPeer {
            peer: peer.clone(),
            message: status
                .message()
                .chars()
                .take(MESSAGE_CHARS_MAX)
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect(),
        },
    }
}

/// A sentence or two.
const MESSAGE_CHARS_MAX: usize = 400;
