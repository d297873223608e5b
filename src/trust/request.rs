//! Signing requests: of all that one may ask for, only its public key is believed (threat 29).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::oid_registry::OID_SIG_ECDSA_WITH_SHA256;
use x509_parser::prelude::FromDer as _;

use super::leaf::p256_point;

/// Longest signing request in bytes; usual ones have about 300.
pub const REQUEST_BYTES_MAX: usize = 16 * 1024;

/// Why a signing request is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// It is too long.
    #[error("a signing request has at most {REQUEST_BYTES_MAX} bytes")]
    TooLong,
    /// It does not parse.
    #[error("this does not read as a PKCS#10 signing request in DER")]
    Unreadable,
    /// Another kind of key.
    #[error("a signing request must be for a P-256 key, signed with ECDSA and SHA-256")]
    Algorithm,
    /// It is not signed with the key that it names.
    #[error("this signing request is not signed with its own key")]
    Signature,
}

/// The SubjectPublicKeyInfo, DER, of a signing request whose sender holds the private key.
///
/// # Errors
/// If it is too long, does not parse, is for another kind of key, or is not signed with it.
pub fn public_key_of(request: &[u8]) -> Result<Vec<u8>, BadRequest> {
    if request.len() > REQUEST_BYTES_MAX {
        return Err(BadRequest::TooLong);
    }
    let (rest, request) =
        X509CertificationRequest::from_der(request).map_err(|_| BadRequest::Unreadable)?;
    if !rest.is_empty() {
        return Err(BadRequest::Unreadable);
    }
    let public_key = request.certification_request_info.subject_pki.raw;
    let point = p256_point(public_key).ok_or(BadRequest::Algorithm)?;
    let algorithm = &request.signature_algorithm;
    if algorithm.algorithm != OID_SIG_ECDSA_WITH_SHA256 || algorithm.parameters.is_some() {
        return Err(BadRequest::Algorithm);
    }
    if request.signature_value.unused_bits != 0 {
        return Err(BadRequest::Unreadable);
    }
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
        .verify(
            request.certification_request_info.raw,
            request.signature_value.data.as_ref(),
        )
        .map_err(|_| BadRequest::Signature)?;
    Ok(public_key.to_vec())
}
