//! `PeeringService`: where another community that holds our invite presents itself.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{SMALL_MESSAGE_BYTES_MAX, status};
use crate::peering::{Peering, Presentation};
use crate::wire::pb;
use crate::wire::pb::peering_service_server::{PeeringService, PeeringServiceServer};

/// The service over the peering.
#[derive(Debug)]
pub struct FirstContact {
    peering: Arc<Peering>,
}

impl FirstContact {
    /// The service, ready to be mounted.
    pub fn server(peering: Arc<Peering>) -> PeeringServiceServer<Self> {
        PeeringServiceServer::new(Self { peering })
            .max_decoding_message_size(SMALL_MESSAGE_BYTES_MAX)
            .max_encoding_message_size(SMALL_MESSAGE_BYTES_MAX)
    }
}

#[tonic::async_trait]
impl PeeringService for FirstContact {
    async fn begin_peering(
        &self,
        request: Request<pb::BeginPeeringRequest>,
    ) -> Result<Response<pb::BeginPeeringResponse>, Status> {
        let presented =
            Presentation::read(request.into_inner()).map_err(|error| status::malformed(&error))?;
        let answer = self
            .peering
            .begin(presented)
            .await
            .map_err(|error| status::peering(&error))?;
        Ok(Response::new(answer))
    }
}
