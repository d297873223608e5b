//! The two ends of a handshake: whom we let in, and to whom we talk. Both read memory only: they run where connections
//! are accepted.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible, SignatureScheme};

use super::RENEWAL_GRACE_SECONDS;
use super::bundles::{Anchor, Bundles};
use super::leaf::{BadCertificate, Leaf, Usage, timestamp, verify};
use super::tls::ExpectedServer;
use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, Digest, Role};

/// Whom a node of `community` lets in: its own people, tools, operators and replicas, and the nodes of communities whose
/// bundle it holds. Nobody needs a certificate to connect; what may be called without one is decided per call.
#[derive(Debug)]
pub(super) struct ClientVerifier {
    pub(super) community: CommunityId,
    pub(super) bundles: Bundles,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl ClientVerifier {
    fn verify(&self, certificate: &[u8], now: Timestamp) -> Result<(), BadCertificate> {
        let leaf = Leaf::read(certificate)?;
        let at = if leaf.id.community == self.community {
            time_to_judge(&leaf, now)
        } else {
            // A peer's members are known to the peer alone.
            match leaf.id.role {
                Role::Node(_) => now,
                Role::Signer(_) | Role::Operator(_) | Role::Member(_) | Role::Credential(..) => {
                    return Err(BadCertificate::Role {
                        id: leaf.id,
                        purpose: "dialling another community's node",
                    });
                }
            }
        };
        let anchors = self.bundles.anchors_at(&leaf.id.community, now)?;
        verify(certificate, &leaf, Usage::Client, &anchors, at)
    }
}

/// Now, or the last moment of a life that ended within the grace for renewals. The connection is marked as expired, and
/// nothing but a renewal is answered on it.
fn time_to_judge(leaf: &Leaf, now: Timestamp) -> Timestamp {
    match leaf.id.role {
        Role::Operator(_) | Role::Credential(..)
            if leaf.not_after < now
                && now <= leaf.not_after.plus_seconds(RENEWAL_GRACE_SECONDS) =>
        {
            leaf.not_after
        }
        Role::Operator(_)
        | Role::Credential(..)
        | Role::Node(_)
        | Role::Signer(_)
        | Role::Member(_) => now,
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// None: the set changes while it would be borrowed, and without hints a client offers what it has.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verify(end_entity, timestamp(now))
            .map(|()| ClientCertVerified::assertion())
            .map_err(|bad| bad.to_tls())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        HANDSHAKE_SCHEMES.to_vec()
    }
}

/// To whom a client talks: a node of the expected community, whatever host it runs on. Names of hosts prove nothing
/// here; the SPIFFE id does.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    pub(super) expected: ExpectedServer,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl ServerVerifier {
    fn verify(
        &self,
        certificate: &[u8],
        others: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Result<(), BadCertificate> {
        let leaf = Leaf::read(certificate)?;
        let (community, anchors) = match &self.expected {
            ExpectedServer::Community { community, bundles } => {
                (community, bundles.anchors_at(community, now)?)
            }
            ExpectedServer::Pinned {
                community,
                ca_fingerprint,
            } => (community, pinned(community, ca_fingerprint, others, now)?),
        };
        if leaf.id.community != *community {
            return Err(BadCertificate::Unexpected {
                found: leaf.id,
                expected: format!("a node of {community}"),
            });
        }
        verify(certificate, &leaf, Usage::Server, &anchors, now)
    }
}

/// The CA among the certificates that the server sent whose fingerprint was handed over another way.
fn pinned(
    community: &CommunityId,
    fingerprint: &Digest,
    sent: &[CertificateDer<'_>],
    now: Timestamp,
) -> Result<Vec<Anchor>, BadCertificate> {
    let ca = sent
        .iter()
        .take(Bundles::CERTIFICATES_MAX)
        .find(|certificate| Digest::of(certificate) == *fingerprint)
        .ok_or_else(|| BadCertificate::UnknownCommunity(community.clone()))?;
    let anchor = Anchor::read(community, ca)?;
    if anchor.is_valid_at(now) {
        Ok(vec![anchor])
    } else {
        Err(BadCertificate::UnknownCommunity(community.clone()))
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verify(end_entity, intermediates, timestamp(now))
            .map(|()| ServerCertVerified::assertion())
            .map_err(|bad| bad.to_tls())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        HANDSHAKE_SCHEMES.to_vec()
    }
}

/// TLS 1.2 is not offered, so that its signatures are never asked for.
fn no_tls12() -> Error {
    Error::PeerIncompatible(PeerIncompatible::SupportedVersionsExtensionRequired)
}

/// P-256 in all of X.509, so in the handshake too.
const HANDSHAKE_SCHEMES: &[SignatureScheme] = &[SignatureScheme::ECDSA_NISTP256_SHA256];
