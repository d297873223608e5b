//! Renewal: a new key and certificate for the same name, at two thirds of the old one's life, by itself.

use std::sync::Arc;
use std::time::Duration;

use super::connect::{ConnectError, connect, explain};
use super::profile::{Profile, ProfileError};
use crate::clock::{Clock, Timestamp};
use crate::trust::{Bundles, LiveCredential, RENEWAL_GRACE_SECONDS, TrustError};
use crate::wire::pb::RenewRequest;
use crate::wire::pb::enrollment_service_client::EnrollmentServiceClient;

/// Why a certificate was not renewed.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// It expired too long ago.
    #[error(
        "the certificate of this profile expired at {0}, more than 30 days ago: ask the operator for a new invite and join again"
    )]
    TooLate(Timestamp),
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The node refuses.
    #[error("the node refused to renew this certificate: {0}")]
    Refused(String),
    /// The profile cannot be written.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The key cannot be made, or a certificate does not read.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// Renews the certificate of a profile if two thirds of its life are over, also up to 30 days after its end. Returns the
/// profile as it is then, on disk too.
///
/// # Errors
/// If it is too late, the node is not reachable or refuses, or the files cannot be written. The old certificate stays.
pub async fn renew(profile: &Profile, clock: Arc<dyn Clock>) -> Result<Profile, RenewError> {
    let now = clock.now();
    if !profile.credential().needs_renewal(now) {
        return Ok(profile.clone());
    }
    // Another process may have been faster.
    if let Ok(on_disk) = Profile::load(profile.directory())
        && on_disk.id() == profile.id()
        && !on_disk.credential().needs_renewal(now)
    {
        return Ok(on_disk);
    }
    let end = profile.credential().not_after();
    if end.plus_seconds(RENEWAL_GRACE_SECONDS) < now {
        return Err(RenewError::TooLate(end));
    }
    let channel = connect(profile.address(), profile.tls(clock)?).await?;
    let (key, request) = profile.credential().request()?;
    let answer = EnrollmentServiceClient::new(channel)
        .renew(RenewRequest {
            signing_request: request.into(),
        })
        .await
        .map_err(|status| {
            RenewError::Refused(explain(&status).unwrap_or_else(|| status.message().to_owned()))
        })?
        .into_inner();
    let credential = key.into_credential(vec![answer.certificate.to_vec()])?;
    let ca_certificates = answer
        .ca_certificates
        .iter()
        .map(|ca| ca.to_vec())
        .collect();
    Ok(profile.renewed(credential, ca_certificates)?)
}

/// Keeps a profile in use renewed for as long as this future is polled: at two thirds of its life the next certificate
/// takes the place of the old one in `credential`, and the node's CA certificates theirs in `bundles`. What fails is
/// logged and tried again, ever less often.
pub async fn keep_renewed(
    mut profile: Profile,
    credential: LiveCredential,
    bundles: Bundles,
    clock: Arc<dyn Clock>,
) {
    let mut pause = RETRY_FIRST;
    loop {
        let due = profile.credential().renewal_due();
        tokio::time::sleep(until(due, clock.now())).await;
        if !profile.credential().needs_renewal(clock.now()) {
            continue;
        }
        let renewed = match renew(&profile, Arc::clone(&clock)).await {
            Ok(next) => take_up(&next, &credential, &bundles).map(|()| next),
            Err(error) => Err(error),
        };
        match renewed {
            Ok(next) => {
                tracing::debug!(until = %next.credential().not_after(), "the certificate was renewed");
                profile = next;
                pause = RETRY_FIRST;
                if profile.credential().needs_renewal(clock.now()) {
                    tracing::warn!(
                        "the new certificate is old already: this machine's clock and the node's differ by days"
                    );
                    tokio::time::sleep(RETRY_LAST).await;
                }
            }
            Err(error) => {
                tracing::warn!(
                    error = %Chain(&error),
                    "the certificate could not be renewed yet, trying again"
                );
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2).min(RETRY_LAST);
            }
        }
    }
}

fn take_up(
    next: &Profile,
    credential: &LiveCredential,
    bundles: &Bundles,
) -> Result<(), RenewError> {
    bundles.set(next.community(), next.ca_certificates())?;
    credential.replace(next.credential().clone())?;
    Ok(())
}

/// How long to sleep, at most [`LOOK_AGAIN`]: a machine that slept in between, or whose clock was set, is not late.
fn until(due: Timestamp, now: Timestamp) -> Duration {
    let micros = due.micros().saturating_sub(now.micros()).max(0);
    Duration::from_micros(u64::try_from(micros).unwrap_or(0)).min(LOOK_AGAIN)
}

/// An error with its causes, in one line.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}

const LOOK_AGAIN: Duration = Duration::from_secs(5 * 60);
/// The node may be restarting.
const RETRY_FIRST: Duration = Duration::from_secs(10);
/// A third of the shortest life, two days, leaves many tries an hour apart.
const RETRY_LAST: Duration = Duration::from_secs(60 * 60);
