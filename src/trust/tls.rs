//! TLS as this system speaks it, both ends: 1.3 only, hybrid post-quantum key exchange first, HTTP/2, no resumption (a
//! resumed session would skip the verifier: threat 26), no early data.

use std::fmt;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::server::NoServerSessionStorage;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ServerConfig};

use super::TrustError;
use super::bundles::Bundles;
use super::credential::LiveCredential;
use super::leaf::unix_time;
use super::verifier::{ClientVerifier, ServerVerifier};
use crate::clock::Clock;
use crate::model::ids::{CommunityId, Digest};

/// Who must answer when we dial.
#[derive(Clone, Debug)]
pub enum ExpectedServer {
    /// A node of this community, as its bundle in `bundles` says at the time of the handshake.
    Community {
        /// The community.
        community: CommunityId,
        /// Where its CA certificates stand.
        bundles: Bundles,
    },
    /// A node of this community whose CA certificate, sent along by the node, has this fingerprint: first contact.
    Pinned {
        /// The community.
        community: CommunityId,
        /// SHA-256 of the CA certificate, as the invite carries it.
        ca_fingerprint: Digest,
    },
}

/// How the node of the credential's community answers. A client certificate is optional: enrolment has none.
///
/// # Errors
/// If the TLS library refuses a setting.
pub fn server_config(
    credential: &LiveCredential,
    bundles: &Bundles,
    clock: Arc<dyn Clock>,
) -> Result<Arc<ServerConfig>, TrustError> {
    let provider = provider();
    let verifier = ClientVerifier {
        community: credential.id().community,
        bundles: bundles.clone(),
        algorithms: provider.signature_verification_algorithms,
    };
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(ClockTime(clock)))
        .with_protocol_versions(VERSIONS)?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(credential.clone()));
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.alpn_protocols = vec![ALPN_H2.to_vec()];
    Ok(Arc::new(config))
}

/// How we dial, with our credential or without one.
///
/// # Errors
/// If the TLS library refuses a setting.
pub fn client_config(
    credential: Option<&LiveCredential>,
    expected: ExpectedServer,
    clock: Arc<dyn Clock>,
) -> Result<Arc<ClientConfig>, TrustError> {
    let provider = provider();
    let verifier = ServerVerifier {
        expected,
        algorithms: provider.signature_verification_algorithms,
    };
    let builder = ClientConfig::builder_with_details(provider, Arc::new(ClockTime(clock)))
        .with_protocol_versions(VERSIONS)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match credential {
        Some(credential) => builder.with_client_cert_resolver(Arc::new(credential.clone())),
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![ALPN_H2.to_vec()];
    Ok(Arc::new(config))
}

/// The cryptography, named and not the process's default. Its first key exchange group is X25519MLKEM768.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The node's clock as the TLS library asks for it.
struct ClockTime(Arc<dyn Clock>);

impl fmt::Debug for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClockTime")
    }
}

impl TimeProvider for ClockTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix_time(self.0.now()))
    }
}

/// Stated, because another crate may switch TLS 1.2 on in the library.
const VERSIONS: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];
/// gRPC is HTTP/2.
const ALPN_H2: &[u8] = b"h2";
