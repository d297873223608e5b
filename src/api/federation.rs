//! What nodes of peer communities call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, Streaming};

use super::caller::Caller;
use super::status;
use crate::federation::Federation;
use crate::federation::supplier::SupplyEnd;
use crate::model::ids::CommunityId;
use crate::peering::Peering;
use crate::wire::pb::federation_service_server::FederationService;
use crate::wire::{Malformed, pb};

/// The federation service.
#[derive(Clone, Debug)]
pub struct FederationApi {
    federation: Arc<Federation>,
    peering: Arc<Peering>,
    followers: Followers,
}

/// The one stream of each peer: a follower that comes again has lost the old one, whatever that still holds here
/// (threat 50). Bounded by the peers that there are.
#[derive(Clone, Debug, Default)]
struct Followers {
    // Held to change one entry, never across an await.
    streams: Arc<Mutex<HashMap<CommunityId, CancellationToken>>>,
}

impl Followers {
    /// Ends the peer's earlier stream. What is given ends the new one once another takes its place.
    fn replace(&self, peer: &CommunityId) -> CancellationToken {
        let replaced = CancellationToken::new();
        let old = self
            .streams
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(peer.clone(), replaced.clone());
        if let Some(old) = old {
            old.cancel();
        }
        replaced
    }
}

/// Messages that may wait for the connection, each of about 1 MiB at most.
const MESSAGES_WAITING_MAX: usize = 2;

impl FederationApi {
    /// The service over these parts.
    pub fn new(federation: Arc<Federation>, peering: Arc<Peering>) -> Self {
        Self {
            federation,
            peering,
            followers: Followers::default(),
        }
    }
}

#[tonic::async_trait]
impl FederationService for FederationApi {
    type FollowStream = ReceiverStream<Result<pb::FollowResponse, Status>>;

    async fn follow(
        &self,
        request: Request<Streaming<pb::FollowRequest>>,
    ) -> Result<Response<Self::FollowStream>, Status> {
        let peer = Caller::of(&request)?.peer()?.clone();
        let mut messages = request.into_inner();
        let replaced = self.followers.replace(&peer);
        let first = tokio::select! {
            first = messages.next() => first,
            () = replaced.cancelled() => return Err(superseded()),
        };
        let Some(pb::follow_request::Message::Start(start)) =
            first.transpose()?.and_then(|m| m.message)
        else {
            let missing = Malformed::new("start", "the first message must be a start");
            return Err(status::malformed(&missing));
        };
        let (out, stream) = mpsc::channel(MESSAGES_WAITING_MAX);
        let federation = Arc::clone(&self.federation);
        self.federation.tasks.spawn(async move {
            let serving = async {
                let end = federation
                    .supply(peer.clone(), &start.cursor, messages, out.clone())
                    .await;
                tracing::info!(peer.id = %peer, reason = %crate::fault::chain(&end), "a peer's stream ended");
                // The peer may be gone; then nobody is left to tell.
                let _ = out.send(Err(ended(&end))).await;
            };
            tokio::select! {
                () = serving => {}
                () = replaced.cancelled() => {
                    tracing::info!(peer.id = %peer, "a peer's stream ended: the peer follows anew");
                    // Without waiting: whoever does not read the old stream must not keep it.
                    let _ = out.try_send(Err(superseded()));
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn exchange_agreement(
        &self,
        request: Request<pb::ExchangeAgreementRequest>,
    ) -> Result<Response<pb::ExchangeAgreementResponse>, Status> {
        let peer = Caller::of(&request)?.peer()?.clone();
        let state = request.into_inner().state.unwrap_or_default();
        let ours = self
            .peering
            .exchange(&peer, &state)
            .await
            .map_err(|e| status::peering(&e))?;
        Ok(Response::new(pb::ExchangeAgreementResponse {
            state: Some(ours),
        }))
    }
}

fn superseded() -> Status {
    status::with_reason(
        Code::Aborted,
        "SUPERSEDED",
        "your community follows on another stream, which takes the place of this one",
        &[],
    )
}

fn ended(end: &SupplyEnd) -> Status {
    match end {
        SupplyEnd::NotInForce => status::not_in_force(),
        SupplyEnd::Cursor(invalid) => {
            status::malformed(&Malformed::new("start.cursor", invalid.to_string()))
        }
        SupplyEnd::Draining => status::shutting_down(),
        SupplyEnd::Closed => Status::cancelled("the stream was closed"),
        SupplyEnd::Read(error) => status::internal(error),
        SupplyEnd::Write(error) => status::log_error(error),
        SupplyEnd::Gate(error) => status::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_one_stream_the_last() {
        let followers = Followers::default();
        let peer = |id| CommunityId::parse(id).expect("a valid id");
        let first = followers.replace(&peer("water.isac.example"));
        let other = followers.replace(&peer("msp.isac.example"));
        assert!(!first.is_cancelled());
        let second = followers.replace(&peer("water.isac.example"));
        assert!(first.is_cancelled());
        assert!(!second.is_cancelled() && !other.is_cancelled());
    }
}
