//! What nodes of peer communities call.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::caller::Caller;
use super::status;
use crate::federation::Federation;
use crate::federation::supplier::SupplyEnd;
use crate::peering::Peering;
use crate::wire::pb::federation_service_server::FederationService;
use crate::wire::{Malformed, pb};

/// The federation service.
#[derive(Clone, Debug)]
pub struct FederationApi {
    federation: Arc<Federation>,
    peering: Arc<Peering>,
}

/// Messages that may wait for the connection, each of about 1 MiB at most.
const MESSAGES_WAITING_MAX: usize = 2;

impl FederationApi {
    /// The service over these parts.
    pub fn new(federation: Arc<Federation>, peering: Arc<Peering>) -> Self {
        Self {
            federation,
            peering,
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
        let Some(pb::follow_request::Message::Start(start)) =
            messages.next().await.transpose()?.and_then(|m| m.message)
        else {
            let missing = Malformed::new("start", "the first message must be a start");
            return Err(status::malformed(&missing));
        };
        let (out, stream) = mpsc::channel(MESSAGES_WAITING_MAX);
        let federation = Arc::clone(&self.federation);
        self.federation.tasks.spawn(async move {
            let end = federation
                .supply(peer.clone(), &start.cursor, messages, out.clone())
                .await;
            tracing::info!(peer.id = %peer, reason = %crate::fault::chain(&end), "a peer's stream ended");
            // The peer may be gone; then nobody is left to tell.
            let _ = out.send(Err(ended(&end))).await;
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
