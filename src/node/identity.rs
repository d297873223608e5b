//! The node's own keys and certificates: read at the start, renewed while it runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;

use super::config::Settings;
use super::running::ServeError;
use crate::anonymity::{Pseudonyms, SourceSeal};
use crate::clock::{Clock, Entropy, Timestamp, random_bytes};
use crate::model::ids::{CommunityId, Name, Role, SpiffeId};
use crate::provenance::SigningKey;
use crate::tasks::Tasks;
use crate::trust::{
    Authority, BACKDATE_SECONDS, Issue, LiveCredential, Presented, Purpose, SIGNER_LIFE_SECONDS,
    TlsCredential, TrustError, files,
};

/// Who the node is.
#[derive(Debug)]
pub(crate) struct Identity {
    /// The community's CA.
    pub(crate) authority: Arc<Authority>,
    /// The node's TLS credential, renewed at two thirds of its life.
    pub(crate) credential: LiveCredential,
    /// The item-signing key.
    pub(crate) signer: Arc<SigningKey>,
    /// Its certificate, DER.
    pub(crate) signer_certificate: Vec<u8>,
    /// Derives ids that give no source away.
    pub(crate) pseudonyms: Pseudonyms,
}

/// The folder of the node's own keys in the data directory.
pub(crate) const FOLDER: &str = "node";
const SIGNER_KEY: &str = "signer.key";
const SIGNER_CERTIFICATE: &str = "signer.pem";
/// The secret behind pseudonyms. Without it the next version of a document bears other ids.
const PSEUDONYM_KEY: &str = "pseudonym.key";
/// A renewal that failed is tried again after so long; the old certificate still has a third of its life then.
const RETRY_SECONDS: i64 = 300;
/// The clock is looked at this often: a machine that was suspended, or whose clock was set, is late by no more.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Reads the node's keys; makes those that are not there yet.
pub(crate) fn open(
    data: &Path,
    settings: &Settings,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Identity, ServeError> {
    let authority = Authority::open(data)?;
    if *authority.community() != settings.community.id {
        return Err(ServeError::OtherCommunity {
            data: data.to_owned(),
            found: authority.community().clone(),
            configured: settings.community.id.clone(),
        });
    }
    let (credential, signer, signer_certificate) = keys(&authority, data, settings, clock.now())?;
    Ok(Identity {
        authority: Arc::new(authority),
        credential: LiveCredential::new(credential),
        signer: Arc::new(signer),
        signer_certificate,
        pseudonyms: pseudonyms(&data.join(FOLDER), entropy)?,
    })
}

/// The node's TLS credential, and the key and certificate that it signs items with; what is missing is made.
pub(super) fn keys(
    authority: &Authority,
    data: &Path,
    settings: &Settings,
    now: Timestamp,
) -> Result<(TlsCredential, SigningKey, Vec<u8>), TrustError> {
    let folder = data.join(FOLDER);
    files::create_private_dir(&folder)?;
    let credential = node_credential(authority, &folder, settings, now)?;
    let (signer, certificate) = signer(authority, &folder, now)?;
    Ok((credential, signer, certificate))
}

/// Renews the node's certificate at two thirds of its life, for as long as the node runs. New connections use the new
/// one at once.
pub(crate) async fn keep_renewed(
    authority: Arc<Authority>,
    credential: LiveCredential,
    data: PathBuf,
    settings: Settings,
    clock: Arc<dyn Clock>,
    tasks: Tasks,
) {
    let folder = data.join(FOLDER);
    let mut next = credential.current().renewal_due();
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause(next, clock.now())) => {}
            () = tasks.draining().cancelled() => return,
        }
        let now = clock.now();
        if now < next {
            continue;
        }
        let renewed = node_credential(&authority, &folder, &settings, now)
            .and_then(|fresh| credential.replace(fresh));
        next = match renewed {
            Ok(()) => {
                tracing::info!(expires = %credential.not_after(), "the node's certificate was renewed");
                credential.current().renewal_due().max(now.plus_seconds(1))
            }
            Err(error) => {
                tracing::error!(error = %crate::fault::chain(&error), "the node's certificate could not be renewed; trying again");
                now.plus_seconds(RETRY_SECONDS)
            }
        };
    }
}

/// How long to sleep until this time: at most [`LOOK_AGAIN`].
fn pause(due: Timestamp, now: Timestamp) -> Duration {
    let wait = due.micros().saturating_sub(now.micros());
    Duration::from_micros(u64::try_from(wait).unwrap_or(0)).min(LOOK_AGAIN)
}

/// The stored credential, or a fresh one where it is missing or past two thirds of its life.
fn node_credential(
    authority: &Authority,
    folder: &Path,
    settings: &Settings,
    now: Timestamp,
) -> Result<TlsCredential, TrustError> {
    let hosts = hosts(settings);
    if folder.join("cert.pem").exists() {
        let stored = TlsCredential::load(folder)?;
        if !stored.needs_renewal(now) {
            return Ok(stored);
        }
    }
    let id = node_id(authority.community());
    let fresh = authority.credential(&id, &hosts, now, settings.certificates.node_seconds)?;
    fresh.save(folder)?;
    Ok(fresh)
}

fn signer(
    authority: &Authority,
    folder: &Path,
    now: Timestamp,
) -> Result<(SigningKey, Vec<u8>), TrustError> {
    let community = authority.community().clone();
    let path = folder.join(SIGNER_KEY);
    let key = if path.exists() {
        let damaged = || TrustError::Content {
            path: path.clone(),
            problem: "this is no Ed25519 key in PEM (PKCS#8); restore it from a backup",
        };
        let der = PrivatePkcs8KeyDer::from_pem_slice(&files::read_private(&path)?)
            .map_err(|_| damaged())?;
        SigningKey::from_pkcs8(community.clone(), der.secret_pkcs8_der()).map_err(|_| damaged())?
    } else {
        let (key, der) = SigningKey::generate(community.clone());
        files::write_private(&path, files::pem("PRIVATE KEY", &[der]).as_bytes())?;
        key
    };
    let certificate_path = folder.join(SIGNER_CERTIFICATE);
    if let Some(certificate) = stored_signer_certificate(&certificate_path, now)? {
        return Ok((key, certificate));
    }
    let certificate = authority.issue(&Issue {
        id: &SpiffeId {
            community,
            role: Role::Signer(first()),
        },
        public_key: &key.public_key_der(),
        not_before: now.plus_seconds(-BACKDATE_SECONDS),
        not_after: now.plus_seconds(SIGNER_LIFE_SECONDS),
        hosts: &[],
        purpose: Purpose::Signing,
    })?;
    let pem = files::pem("CERTIFICATE", &[&certificate]);
    files::write_public(&certificate_path, pem.as_bytes())?;
    Ok((key, certificate))
}

/// What opens the records of who submitted, of a data directory; `None`: no node ran there yet.
pub(super) fn source_seal(data: &Path) -> Result<Option<SourceSeal>, TrustError> {
    let path = data.join(FOLDER).join(PSEUDONYM_KEY);
    if !path.exists() {
        return Ok(None);
    }
    Ok(Some(SourceSeal::of(&read_pseudonyms(path)?)))
}

fn read_pseudonyms(path: PathBuf) -> Result<Pseudonyms, TrustError> {
    let text = files::read_private(&path)?;
    let mut secret = [0; 32];
    match hex::decode_to_slice(text.trim_ascii(), &mut secret) {
        Ok(()) => Ok(Pseudonyms::new(&secret)),
        Err(_) => Err(TrustError::Content {
            path,
            problem: "these are not 64 hexadecimal digits; restore it from a backup",
        }),
    }
}

/// Reads the secret behind pseudonyms, or makes it.
pub(super) fn pseudonyms(folder: &Path, entropy: &dyn Entropy) -> Result<Pseudonyms, TrustError> {
    let path = folder.join(PSEUDONYM_KEY);
    if path.exists() {
        return read_pseudonyms(path);
    }
    let secret = random_bytes(entropy);
    files::write_private(&path, hex::encode(secret).as_bytes())?;
    Ok(Pseudonyms::new(&secret))
}

/// The stored certificate, unless it is past two thirds of its life.
fn stored_signer_certificate(path: &Path, now: Timestamp) -> Result<Option<Vec<u8>>, TrustError> {
    if !path.exists() {
        return Ok(None);
    }
    let certificate = files::read_certificates(path)?.into_iter().next();
    let renew_before = now.plus_seconds(SIGNER_LIFE_SECONDS / 3);
    Ok(certificate.filter(|der| {
        Presented::by(der, now).is_ok_and(|presented| presented.not_after > renew_before)
    }))
}

/// The names under which clients that check names find the node.
fn hosts(settings: &Settings) -> Vec<String> {
    let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let listen = settings.listeners.listen.ip();
    if !listen.is_unspecified() && !listen.is_loopback() {
        hosts.push(listen.to_string());
    }
    if let Some(host) = settings.listeners.advertised_host() {
        hosts.push(host.to_owned());
    }
    hosts.dedup();
    hosts
}

/// The identity of this node.
pub(crate) fn node_id(community: &CommunityId) -> SpiffeId {
    SpiffeId {
        community: community.clone(),
        role: Role::Node(first()),
    }
}

fn first() -> Name {
    Name::parse("n1").expect("n1 is two lower-case characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_looked_at_every_minute_until_a_renewal_is_due() {
        let now = Timestamp::from_seconds(1_900_000_000);
        let until = |seconds| pause(now.plus_seconds(seconds), now).as_secs();
        assert_eq!([-3600, 0, 30, 61, 16 * 3600].map(until), [0, 0, 30, 60, 60]);
    }
}
