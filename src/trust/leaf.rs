//! What a leaf certificate says: exactly one name, in the one grammar, for one purpose (threat 25; SPIFFE X.509-SVID 4).
//!
//! Reading says nothing about whether it is true: [`verify`] adds the chain to the CA of the community that the name is
//! in. A certificate for connections is never one for signatures, nor the other way round.

use rustls::CertificateError;
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{ExtendedKeyUsage, GeneralName, ParsedExtension};
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Version;

use super::bundles::Anchor;
use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, Digest, InvalidId, KeyId, Role, SpiffeId};

/// Longest certificate in bytes; usual ones have about 600.
pub const CERTIFICATE_BYTES_MAX: usize = 16 * 1024;

/// What a connection's certificate said, after the handshake verified it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// Whose it is.
    pub id: SpiffeId,
    /// The first second of its life. A credential that was revoked and enrolled anew is told by it from the old one.
    pub not_before: Timestamp,
    /// The last second of its life.
    pub not_after: Timestamp,
    /// It is one of our own community, and its life was over when the connection was made: good for a renewal only.
    pub expired: bool,
    /// SHA-256 of the certificate.
    pub certificate_sha256: Digest,
}

impl Presented {
    /// What a certificate says that this handshake accepted. Not a verification: that was the handshake.
    ///
    /// # Errors
    /// If it is no certificate that a handshake would have accepted.
    pub fn by(certificate: &[u8], now: Timestamp) -> Result<Self, BadCertificate> {
        let leaf = Leaf::read(certificate)?;
        Ok(Self {
            expired: leaf.not_after < now.rounded_down_to_seconds(1),
            id: leaf.id,
            not_before: leaf.not_before,
            not_after: leaf.not_after,
            certificate_sha256: Digest::of(certificate),
        })
    }
}

/// Why a certificate is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificate {
    /// It is not an X.509 certificate of version 3, is too long, or repeats an extension.
    #[error("this does not read as an X.509 certificate")]
    Unreadable,
    /// It names nobody, or several.
    #[error("this certificate has {0} URI names instead of one")]
    Names(usize),
    /// The name is not in the grammar.
    #[error(transparent)]
    Name(#[from] InvalidId),
    /// It has a name that is neither a URI nor a host.
    #[error("this certificate has a name that is neither a URI nor a host")]
    OtherName,
    /// It is a CA's.
    #[error("this is a CA's certificate and names nobody")]
    Authority,
    /// Its key usage is not that of a leaf.
    #[error(
        "this certificate's key usage must be critical, with digital signature and without certificate or CRL signing"
    )]
    KeyUsage,
    /// It is for something else.
    #[error("this certificate is not for {0}")]
    Purpose(&'static str),
    /// The key is of a kind that this purpose does not use.
    #[error("this certificate's key is not {0}")]
    Key(&'static str),
    /// Such a name has no such certificate.
    #[error("{id} has no certificate for {purpose}")]
    Role {
        /// The name.
        id: SpiffeId,
        /// For what.
        purpose: &'static str,
    },
    /// It names another one than was expected.
    #[error("this certificate is of {found}, not of {expected}")]
    Unexpected {
        /// Whose it is.
        found: SpiffeId,
        /// Whose it should be.
        expected: String,
    },
    /// The community that it names is not known here.
    #[error("the CA of {0} is not known here")]
    UnknownCommunity(CommunityId),
    /// Its life is over.
    #[error("this certificate of {id} expired at {at}")]
    Expired {
        /// Whose.
        id: SpiffeId,
        /// When.
        at: Timestamp,
    },
    /// Its life has not begun.
    #[error("this certificate of {id} is not valid before {from}; are both clocks right?")]
    NotYetValid {
        /// Whose.
        id: SpiffeId,
        /// When it begins.
        from: Timestamp,
    },
    /// The CA that it names did not sign it, or not like this.
    #[error("this certificate of {id} does not chain to the CA of its community")]
    Chain {
        /// Whose.
        id: SpiffeId,
        /// What is wrong.
        #[source]
        source: webpki::Error,
    },
    /// A CA certificate is not one, or not one for this community.
    #[error("this is not a CA certificate of {community}: {problem}")]
    NotACa {
        /// The community.
        community: CommunityId,
        /// What is wrong.
        problem: &'static str,
    },
}

impl BadCertificate {
    /// The error by which TLS tells the other side, as precisely as the protocol has alerts.
    pub(super) fn to_tls(&self) -> rustls::Error {
        let error = match self {
            Self::Unreadable => CertificateError::BadEncoding,
            Self::Names(_) | Self::Name(_) | Self::OtherName | Self::Unexpected { .. } => {
                CertificateError::NotValidForName
            }
            Self::Authority
            | Self::KeyUsage
            | Self::Purpose(_)
            | Self::Key(_)
            | Self::Role { .. } => CertificateError::InvalidPurpose,
            Self::UnknownCommunity(_) | Self::NotACa { .. } => CertificateError::UnknownIssuer,
            Self::Expired { .. } => CertificateError::Expired,
            Self::NotYetValid { .. } => CertificateError::NotValidYet,
            Self::Chain { source, .. } => chain_error(source),
        };
        rustls::Error::InvalidCertificate(error)
    }
}

fn chain_error(error: &webpki::Error) -> CertificateError {
    match error {
        webpki::Error::BadDer | webpki::Error::BadDerTime | webpki::Error::TrailingData(_) => {
            CertificateError::BadEncoding
        }
        webpki::Error::CertExpired { .. } | webpki::Error::InvalidCertValidity => {
            CertificateError::Expired
        }
        webpki::Error::CertNotValidYet { .. } => CertificateError::NotValidYet,
        webpki::Error::UnknownIssuer => CertificateError::UnknownIssuer,
        webpki::Error::InvalidSignatureForPublicKey => CertificateError::BadSignature,
        webpki::Error::UnsupportedCriticalExtension => CertificateError::UnhandledCriticalExtension,
        webpki::Error::RequiredEkuNotFoundContext(_)
        | webpki::Error::CaUsedAsEndEntity
        | webpki::Error::EmptyEkuExtension => CertificateError::InvalidPurpose,
        other => CertificateError::Other(rustls::OtherError(std::sync::Arc::new(other.clone()))),
    }
}

/// What a certificate is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    /// Proving who dials.
    Client,
    /// Proving who answers.
    Server,
    /// Signing items.
    Signing,
}

impl Usage {
    const fn name(self) -> &'static str {
        match self {
            Self::Client => "dialling",
            Self::Server => "answering",
            Self::Signing => "signing items",
        }
    }

    const fn oid(self) -> &'static [u8] {
        match self {
            Self::Client => CLIENT_AUTH_OID,
            Self::Server => SERVER_AUTH_OID,
            Self::Signing => SIGNING_OID,
        }
    }

    /// Which names have a certificate for this.
    const fn fits(self, role: &Role) -> bool {
        match (self, role) {
            (Self::Client, Role::Node(_) | Role::Operator(_) | Role::Credential(..))
            | (Self::Server, Role::Node(_))
            | (Self::Signing, Role::Signer(_)) => true,
            (Self::Client, Role::Signer(_) | Role::Member(_))
            | (
                Self::Server,
                Role::Signer(_) | Role::Member(_) | Role::Operator(_) | Role::Credential(..),
            )
            | (
                Self::Signing,
                Role::Node(_) | Role::Member(_) | Role::Operator(_) | Role::Credential(..),
            ) => false,
        }
    }
}

/// A leaf certificate, read and not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    /// The one name.
    pub(super) id: SpiffeId,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    /// SubjectPublicKeyInfo, DER.
    pub(super) public_key: Vec<u8>,
    client: bool,
    server: bool,
    signing: bool,
}

impl Leaf {
    /// Reads a leaf certificate by the rules of SPIFFE, and ours where they are stricter.
    pub(super) fn read(der: &[u8]) -> Result<Self, BadCertificate> {
        let certificate = parse(der)?;
        let id = one_name(&certificate, der)?;

        let constraints = certificate
            .basic_constraints()
            .map_err(|_| BadCertificate::Unreadable)?;
        if constraints.is_some_and(|constraints| constraints.value.ca) {
            return Err(BadCertificate::Authority);
        }
        let key_usage = certificate
            .key_usage()
            .map_err(|_| BadCertificate::Unreadable)?
            .filter(|usage| {
                usage.critical
                    && usage.value.digital_signature()
                    && !usage.value.key_cert_sign()
                    && !usage.value.crl_sign()
            });
        if key_usage.is_none() {
            return Err(BadCertificate::KeyUsage);
        }
        let (client, server, signing) = match certificate
            .extended_key_usage()
            .map_err(|_| BadCertificate::Unreadable)?
        {
            Some(usage) => purposes(usage.value)?,
            // A leaf that may be used for anything is used for nothing.
            None => (false, false, false),
        };
        Ok(Self {
            id,
            not_before: Timestamp::from_seconds(certificate.validity().not_before.timestamp()),
            not_after: Timestamp::from_seconds(certificate.validity().not_after.timestamp()),
            public_key: certificate.public_key().raw.to_vec(),
            client,
            server,
            signing,
        })
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    pub(super) fn key_id(&self) -> KeyId {
        KeyId(Digest::of(&self.public_key))
    }

    /// The certificate, its name and its key are for this.
    pub(super) fn check_usage(&self, usage: Usage) -> Result<(), BadCertificate> {
        let stated = match usage {
            Usage::Client => self.client,
            Usage::Server => self.server,
            Usage::Signing => self.signing,
        };
        if !stated {
            return Err(BadCertificate::Purpose(usage.name()));
        }
        if !usage.fits(&self.id.role) {
            return Err(BadCertificate::Role {
                id: self.id.clone(),
                purpose: usage.name(),
            });
        }
        match usage {
            Usage::Client | Usage::Server if p256_point(&self.public_key).is_none() => {
                Err(BadCertificate::Key("ECDSA on P-256"))
            }
            Usage::Signing if ed25519_key(&self.public_key).is_none() => {
                Err(BadCertificate::Key("Ed25519"))
            }
            Usage::Client | Usage::Server | Usage::Signing => Ok(()),
        }
    }

    /// The certificate is within its life at this time.
    pub(super) fn check_life(&self, at: Timestamp) -> Result<(), BadCertificate> {
        if at < self.not_before {
            Err(BadCertificate::NotYetValid {
                id: self.id.clone(),
                from: self.not_before,
            })
        } else if self.not_after < at.rounded_down_to_seconds(1) {
            Err(BadCertificate::Expired {
                id: self.id.clone(),
                at: self.not_after,
            })
        } else {
            Ok(())
        }
    }
}

/// Verifies a leaf for one use at one time, with the CAs **of the community that it names**: whoever calls looks them up
/// by `leaf.id.community` and by nothing else (invariant 28).
///
/// No intermediate certificates are considered: a community's CA signs its leaves itself.
pub(super) fn verify(
    der: &[u8],
    leaf: &Leaf,
    usage: Usage,
    anchors: &[Anchor],
    at: Timestamp,
) -> Result<(), BadCertificate> {
    leaf.check_usage(usage)?;
    leaf.check_life(at)?;
    let certificate = CertificateDer::from(der);
    let chain = |source| BadCertificate::Chain {
        id: leaf.id.clone(),
        source,
    };
    let end_entity = webpki::EndEntityCert::try_from(&certificate).map_err(chain)?;
    let roots: Vec<_> = anchors.iter().map(|a| a.root().clone()).collect();
    end_entity
        .verify_for_usage(
            CHAIN_ALGORITHMS,
            &roots,
            &[],
            unix_time(at),
            webpki::KeyUsage::required(usage.oid()),
            None,
            None,
        )
        .map_err(chain)?;
    Ok(())
}

/// Parses a certificate of version 3, all of it, with no extension twice and none that does not read.
pub(super) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, BadCertificate> {
    if der.len() > CERTIFICATE_BYTES_MAX {
        return Err(BadCertificate::Unreadable);
    }
    let (rest, certificate) =
        X509Certificate::from_der(der).map_err(|_| BadCertificate::Unreadable)?;
    let whole = rest.is_empty()
        && certificate.version() == X509Version::V3
        && certificate.extensions_map().is_ok()
        && certificate.extensions().iter().all(|extension| {
            !matches!(
                extension.parsed_extension(),
                ParsedExtension::ParseError { .. }
            )
        });
    if whole {
        Ok(certificate)
    } else {
        Err(BadCertificate::Unreadable)
    }
}

/// The URI names of a certificate.
///
/// # Errors
/// If it has a name that is neither a URI, nor a host name, nor an IP address.
pub(super) fn uri_names<'a>(
    certificate: &'a X509Certificate<'_>,
) -> Result<Vec<&'a str>, BadCertificate> {
    let names = certificate
        .subject_alternative_name()
        .map_err(|_| BadCertificate::Unreadable)?;
    let mut uris = Vec::new();
    for name in names.iter().flat_map(|names| &names.value.general_names) {
        match name {
            GeneralName::URI(uri) => uris.push(*uri),
            GeneralName::DNSName(_) | GeneralName::IPAddress(_) => {}
            GeneralName::OtherName(..)
            | GeneralName::RFC822Name(_)
            | GeneralName::X400Address(_)
            | GeneralName::DirectoryName(_)
            | GeneralName::EDIPartyName(_)
            | GeneralName::RegisteredID(_)
            | GeneralName::Invalid(..) => return Err(BadCertificate::OtherName),
        }
    }
    Ok(uris)
}

fn one_name(certificate: &X509Certificate<'_>, der: &[u8]) -> Result<SpiffeId, BadCertificate> {
    let uris = uri_names(certificate)?;
    let [uri] = uris.as_slice() else {
        return Err(BadCertificate::Names(uris.len()));
    };
    // The library that verifies the chain must read the same name as the one that we decide on.
    let der = CertificateDer::from(der);
    let verified = webpki::EndEntityCert::try_from(&der).map_err(|_| BadCertificate::Unreadable)?;
    if !verified.valid_uri_names().eq(std::iter::once(*uri)) {
        return Err(BadCertificate::Unreadable);
    }
    Ok(SpiffeId::parse(uri)?)
}

/// (client, server, signing) of an extended key usage.
fn purposes(usage: &ExtendedKeyUsage<'_>) -> Result<(bool, bool, bool), BadCertificate> {
    let signing = usage
        .other
        .iter()
        .any(|oid: &Oid<'_>| oid.as_bytes() == SIGNING_OID);
    let tls = usage.client_auth || usage.server_auth;
    if usage.any || (signing && tls) {
        return Err(BadCertificate::Purpose("one purpose alone"));
    }
    Ok((usage.client_auth, usage.server_auth, signing))
}

/// The point of a SubjectPublicKeyInfo for ECDSA on P-256, in its one DER form.
pub(super) fn p256_point(public_key: &[u8]) -> Option<&[u8]> {
    public_key
        .strip_prefix(P256_PREFIX)
        .filter(|point| point.len() == 65 && point.first() == Some(&4))
}

/// The key of a SubjectPublicKeyInfo for Ed25519, in its one DER form.
pub(super) fn ed25519_key(public_key: &[u8]) -> Option<[u8; 32]> {
    public_key.strip_prefix(ED25519_PREFIX)?.try_into().ok()
}

pub(super) fn unix_time(at: Timestamp) -> UnixTime {
    let seconds = u64::try_from(at.seconds()).unwrap_or(0);
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
}

pub(super) fn timestamp(at: UnixTime) -> Timestamp {
    Timestamp::from_seconds(i64::try_from(at.as_secs()).unwrap_or(i64::MAX))
}

/// The extended key usage of item-signing certificates, 2.25.4215111701865655561: an arc of this system's own, so that
/// no TLS library takes such a certificate for a connection.
pub(super) const SIGNING_ARCS: [u64; 3] = [2, 25, 4_215_111_701_865_655_561];
/// The same in DER, without tag and length.
const SIGNING_OID: &[u8] = &[0x69, 0xba, 0xbf, 0xc5, 0xb8, 0xa9, 0xf2, 0xad, 0xda, 0x09];
/// 1.3.6.1.5.5.7.3.1
const SERVER_AUTH_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
/// 1.3.6.1.5.5.7.3.2
const CLIENT_AUTH_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
/// SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING of 66 bytes
const P256_PREFIX: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// SEQUENCE { SEQUENCE { id-Ed25519 }, BIT STRING of 33 bytes
const ED25519_PREFIX: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// P-256 in all of X.509: the one curve that every client of the field speaks.
const CHAIN_ALGORITHMS: &[&dyn rustls::pki_types::SignatureVerificationAlgorithm] =
    &[webpki::aws_lc_rs::ECDSA_P256_SHA256];
