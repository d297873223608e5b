//! Enrolment: an invite becomes a profile. The key is made here and never leaves this machine; the node is known by the
//! fingerprint of its CA that the invite carries.

use std::path::Path;
use std::sync::Arc;

use tonic_types::StatusExt as _;

use super::connect::{ConnectError, connect, explain};
use super::profile::{Profile, ProfileError};
use crate::clock::Clock;
use crate::model::ids::Digest;
use crate::model::invite::Invite;
use crate::trust::bundles::check_ca_certificates;
use crate::trust::{ExpectedServer, NewKey, TrustError, client_config, files};
use crate::wire::pb::EnrollRequest;
use crate::wire::pb::enrollment_service_client::EnrollmentServiceClient;

/// Why an invite did not become a profile.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// It is for two communities, not for a person or tool.
    #[error(
        "this invite starts a peering of two communities: an operator takes it up with `sluis peer accept`"
    )]
    NotForJoining,
    /// The invite was used before.
    #[error(
        "this invite was used already; if not by you, tell the operator at once: someone else enrolled with it. Ask for a new one"
    )]
    Used,
    /// The invite is too old.
    #[error("this invite has expired; ask for a new one")]
    Expired,
    /// The node did not make this invite, or took it back.
    #[error("the node does not know this invite: it was altered, or taken back; ask for a new one")]
    Unknown,
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The node refuses for another reason.
    #[error("the node refused: {0}")]
    Refused(String),
    /// The node's answer does not fit the invite.
    #[error("the node's answer does not fit the invite: {0}; nothing was kept. Tell its operator")]
    BadAnswer(&'static str),
    /// The profile cannot be written.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The key cannot be made, or a certificate does not read.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// Enrols with an invite and writes the profile into `directory`, which has none yet.
///
/// # Errors
/// If the invite is not accepted, the node is not the one that the invite names, or the profile cannot be written. The
/// invite is not used up before the directory was found free and writable.
pub async fn join(
    invite: &Invite,
    directory: &Path,
    clock: Arc<dyn Clock>,
) -> Result<Profile, JoinError> {
    let id = invite.credential().ok_or(JoinError::NotForJoining)?;
    Profile::check_is_free(directory)?;
    files::create_private_dir(directory)?;
    let key = NewKey::generate()?;
    // The key is on disk before the invite is used up: a full disk is found out while there is still an invite.
    files::write_private(&directory.join(ENROLLING_KEY_FILE), key.pem().as_bytes())?;
    let enrolled = enroll(invite, &key, clock).await;
    let removed = std::fs::remove_file(directory.join(ENROLLING_KEY_FILE));
    let (certificate, ca_certificates) = match enrolled {
        Ok(answer) => answer,
        Err(error) => {
            // Leave nothing behind; a directory with anything else in it stays.
            let _ = removed.and_then(|()| std::fs::remove_dir(directory));
            return Err(error);
        }
    };
    if !ca_certificates
        .iter()
        .any(|ca| Digest::of(ca) == invite.ca_fingerprint)
    {
        return Err(JoinError::BadAnswer("its CA is another one"));
    }
    check_ca_certificates(&invite.community, &ca_certificates)?;
    let credential = key.into_credential(vec![certificate])?;
    if *credential.id() != id {
        return Err(JoinError::BadAnswer("the certificate is for another name"));
    }
    Ok(Profile::create(
        directory,
        &invite.address,
        credential,
        ca_certificates,
    )?)
}

/// The certificate, and the community's CA certificates.
async fn enroll(
    invite: &Invite,
    key: &NewKey,
    clock: Arc<dyn Clock>,
) -> Result<(Vec<u8>, Vec<Vec<u8>>), JoinError> {
    let expected = ExpectedServer::Pinned {
        community: invite.community.clone(),
        ca_fingerprint: invite.ca_fingerprint,
    };
    let tls = client_config(None, expected, clock)?;
    let channel = connect(&invite.address, tls).await?;
    let request = EnrollRequest {
        secret: invite.secret.to_vec().into(),
        signing_request: key.request()?.into(),
    };
    let answer = EnrollmentServiceClient::new(channel)
        .enroll(request)
        .await
        .map_err(|status| refused(&status))?
        .into_inner();
    let ca_certificates = answer
        .ca_certificates
        .iter()
        .map(|ca| ca.to_vec())
        .collect();
    Ok((answer.certificate.to_vec(), ca_certificates))
}

fn refused(status: &tonic::Status) -> JoinError {
    let reason = status.get_details_error_info().map(|info| info.reason);
    match reason.as_deref() {
        Some("INVITE_USED") => JoinError::Used,
        Some("INVITE_EXPIRED") => JoinError::Expired,
        Some("INVITE_UNKNOWN") => JoinError::Unknown,
        Some(_) | None => {
            JoinError::Refused(explain(status).unwrap_or_else(|| status.message().to_owned()))
        }
    }
}

/// Where the new key waits for its certificate.
const ENROLLING_KEY_FILE: &str = "key.pem.enrolling";
