//! `EnrollmentService`: how a machine comes to its certificate and keeps it.

use std::sync::Arc;

use bytes::Bytes;
use tonic::{Request, Response, Status};

use super::caller::Caller;
use super::listener::ConnectionInfo;
use super::{SMALL_MESSAGE_BYTES_MAX, status};
use crate::membership::Membership;
use crate::wire::pb::enrollment_service_server::{EnrollmentService, EnrollmentServiceServer};
use crate::wire::{Malformed, pb, words};

/// Largest PKCS#10 request; one for P-256 has about 300 bytes.
const SIGNING_REQUEST_BYTES_MAX: usize = 16 * 1024;

/// The service over a membership.
#[derive(Debug)]
pub struct Enrollment {
    membership: Arc<Membership>,
}

impl Enrollment {
    /// The service, ready to be mounted.
    pub fn server(membership: Arc<Membership>) -> EnrollmentServiceServer<Self> {
        EnrollmentServiceServer::new(Self { membership })
            .max_decoding_message_size(SMALL_MESSAGE_BYTES_MAX)
            .max_encoding_message_size(SMALL_MESSAGE_BYTES_MAX)
    }
}

#[tonic::async_trait]
impl EnrollmentService for Enrollment {
    async fn enroll(
        &self,
        request: Request<pb::EnrollRequest>,
    ) -> Result<Response<pb::EnrollResponse>, Status> {
        let request = request.into_inner();
        if request.secret.len() != 32 {
            return Err(status::malformed(&Malformed::new(
                "secret",
                "it has 32 bytes",
            )));
        }
        let signing_request = signing_request(&request.signing_request)?;
        let enrolled = self
            .membership
            .enroll(&request.secret, signing_request)
            .await
            .map_err(|error| status::enrollment(&error))?;
        Ok(Response::new(pb::EnrollResponse {
            certificate: enrolled.certificate.into(),
            ca_certificates: certificates(enrolled.ca_certificates),
            spiffe_id: enrolled.id.to_string(),
            expires: Some(words::time_to_pb(enrolled.expires)),
        }))
    }

    async fn renew(
        &self,
        request: Request<pb::RenewRequest>,
    ) -> Result<Response<pb::RenewResponse>, Status> {
        // The table admitted whoever has a certificate of this community; whose it is and since when it holds stands in
        // the certificate itself.
        Caller::of(&request)?;
        let presented = request
            .extensions()
            .get::<ConnectionInfo>()
            .and_then(|connection| connection.presented.clone())
            .ok_or_else(status::no_credential)?;
        let request = request.into_inner();
        let renewed = self
            .membership
            .renew(
                &presented.id,
                presented.not_before,
                signing_request(&request.signing_request)?,
            )
            .await
            .map_err(|error| status::enrollment(&error))?;
        Ok(Response::new(pb::RenewResponse {
            certificate: renewed.certificate.into(),
            ca_certificates: certificates(renewed.ca_certificates),
            expires: Some(words::time_to_pb(renewed.expires)),
        }))
    }
}

fn signing_request(given: &Bytes) -> Result<&[u8], Status> {
    if (1..=SIGNING_REQUEST_BYTES_MAX).contains(&given.len()) {
        Ok(given)
    } else {
        Err(status::malformed(&Malformed::new(
            "signing_request",
            "a PKCS#10 request in DER, at most 16 KiB",
        )))
    }
}

fn certificates(der: Vec<Vec<u8>>) -> Vec<Bytes> {
    der.into_iter().map(Bytes::from).collect()
}
