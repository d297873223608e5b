//! The community's certificate authority: one P-256 key on the node's own disk, and the few kinds of certificate that
//! it issues. It decides nothing about who may have one; it only never vouches for a name outside its community.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber, SubjectPublicKeyInfo,
};
use time::OffsetDateTime;

use super::bundles::{Anchor, Bundles, community_of_ca};
use super::credential::{NewKey, TlsCredential};
use super::leaf::{SIGNING_ARCS, ed25519_key, p256_point};
use super::{BACKDATE_SECONDS, TrustError, files, request};
use crate::clock::{SystemEntropy, Timestamp, random_bytes};
use crate::model::ids::{CommunityId, Digest, Role, SpiffeId};

/// The community's CA. `Debug` shows whose, never the key.
pub struct Authority {
    community: CommunityId,
    issuer: Issuer<'static, KeyPair>,
    /// The certificate of `issuer` first, then those of before or to come.
    certificates: Vec<Vec<u8>>,
    not_after: Timestamp,
    entropy: SystemEntropy,
}

/// A certificate to issue.
#[derive(Clone, Debug)]
pub struct Issue<'a> {
    /// Whose it will be.
    pub id: &'a SpiffeId,
    /// Its key: SubjectPublicKeyInfo, DER. P-256 for TLS, Ed25519 for signing.
    pub public_key: &'a [u8],
    /// The first second of its life.
    pub not_before: Timestamp,
    /// The last second of its life; the CA's own is the limit.
    pub not_after: Timestamp,
    /// Host names and IP addresses under which a node is reached; nobody else has any. At most [`Issue::HOSTS_MAX`].
    pub hosts: &'a [String],
    /// What it is for.
    pub purpose: Purpose,
}

impl Issue<'_> {
    /// Most hosts of one node.
    pub const HOSTS_MAX: usize = 16;
}

/// What a certificate is for; never both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Connections.
    Tls,
    /// Signatures under items.
    Signing,
}

/// An issued certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// The last second of its life.
    pub expires: Timestamp,
}

impl Authority {
    /// Makes a new CA for a community in `ca/` of this data directory: `ca.key` (mode 0600) and `ca.pem`.
    ///
    /// # Errors
    /// If there is one already, or the disk refuses.
    pub fn create(
        data: &Path,
        community: &CommunityId,
        now: Timestamp,
    ) -> Result<Self, TrustError> {
        let (key_path, certificate_path) = (data.join(KEY_FILE), data.join(CERTIFICATES_FILE));
        for path in [&key_path, &certificate_path] {
            if path.exists() {
                return Err(TrustError::Exists { path: path.clone() });
            }
        }
        let key = KeyPair::generate()?;
        let entropy = SystemEntropy::default();
        let certificate = ca_certificate(community, &key, now, &entropy)?;
        files::create_private_dir(&data.join(DIRECTORY))?;
        files::write_private(
            &key_path,
            files::pem("PRIVATE KEY", &[key.serialized_der()]).as_bytes(),
        )?;
        files::write_public(
            &certificate_path,
            files::pem("CERTIFICATE", &[&certificate]).as_bytes(),
        )?;
        Self::open(data)
    }

    /// Opens the CA in `ca/` of this data directory.
    ///
    /// # Errors
    /// If the files are not there, do not read, or do not belong together.
    pub fn open(data: &Path) -> Result<Self, TrustError> {
        let (key_path, certificate_path) = (data.join(KEY_FILE), data.join(CERTIFICATES_FILE));
        let wrong = |path: &Path, problem| TrustError::Content {
            path: path.to_owned(),
            problem,
        };
        let key = files::read_private(&key_path)?;
        let key = std::str::from_utf8(&key)
            .ok()
            .and_then(|pem| KeyPair::from_pem(pem).ok())
            .filter(|key| p256_point(&rcgen::PublicKeyData::subject_public_key_info(key)).is_some())
            .ok_or_else(|| {
                wrong(
                    &key_path,
                    "this does not read as a P-256 key in PEM; restore it from a backup",
                )
            })?;
        let public_key = rcgen::PublicKeyData::subject_public_key_info(&key);

        let mut certificates = files::read_certificates(&certificate_path)?;
        let current = certificates
            .iter()
            .position(|der| {
                super::leaf::parse(der).is_ok_and(|c| c.public_key().raw == public_key.as_slice())
            })
            .ok_or_else(|| {
                wrong(
                    &certificate_path,
                    "no certificate here belongs to the key in ca.key; restore both from one backup",
                )
            })?;
        let certificate = certificates.remove(current);
        let community = community_of_ca(&certificate)?;
        let anchor = Anchor::read(&community, &certificate)?;
        certificates.insert(0, certificate.clone());
        super::bundles::check_ca_certificates(&community, &certificates)?;
        Ok(Self {
            issuer: Issuer::from_ca_cert_der(&certificate.into(), key)?,
            not_after: anchor.not_after(),
            community,
            certificates,
            entropy: SystemEntropy::default(),
        })
    }

    /// Whose CA it is.
    pub fn community(&self) -> &CommunityId {
        &self.community
    }

    /// Its certificates, DER: the one in use first, then those of before or to come.
    pub fn ca_certificates(&self) -> Vec<Vec<u8>> {
        self.certificates.clone()
    }

    /// SHA-256 of the certificate in use, as invites carry it.
    pub fn fingerprint(&self) -> Digest {
        self.certificates
            .first()
            .map_or_else(|| Digest::of(&[]), |certificate| Digest::of(certificate))
    }

    /// Trusts this CA for its own community.
    ///
    /// # Errors
    /// None in practice: the certificates were checked when the CA was opened.
    pub fn add_to(&self, bundles: &Bundles) -> Result<(), TrustError> {
        bundles.set(&self.community, &self.certificates)
    }

    /// Issues a certificate, DER, with a random serial number.
    ///
    /// # Errors
    /// If the name is of another community, the name, purpose and key do not belong together, a host is none, or the
    /// life is empty or goes beyond the CA's.
    pub fn issue(&self, issue: &Issue<'_>) -> Result<Vec<u8>, TrustError> {
        let id = issue.id;
        let refuse = |problem| TrustError::NotIssued {
            id: id.clone(),
            problem,
        };
        if id.community != self.community {
            return Err(TrustError::NotOurs {
                id: id.clone(),
                community: self.community.clone(),
            });
        }
        let (usages, name) = match (&id.role, issue.purpose) {
            (Role::Node(name), Purpose::Tls) => (
                vec![
                    ExtendedKeyUsagePurpose::ClientAuth,
                    ExtendedKeyUsagePurpose::ServerAuth,
                ],
                name,
            ),
            (Role::Operator(name), Purpose::Tls) => {
                (vec![ExtendedKeyUsagePurpose::ClientAuth], name)
            }
            (Role::Credential(_, credential), Purpose::Tls) => {
                (vec![ExtendedKeyUsagePurpose::ClientAuth], credential.name())
            }
            (Role::Signer(name), Purpose::Signing) => (
                vec![ExtendedKeyUsagePurpose::Other(SIGNING_ARCS.to_vec())],
                name,
            ),
            (Role::Signer(_), Purpose::Tls) => {
                return Err(refuse("a signer never answers or dials"));
            }
            (Role::Member(_), _) => {
                return Err(refuse(
                    "only a member's persons and tools have certificates",
                ));
            }
            (Role::Node(_) | Role::Operator(_) | Role::Credential(..), Purpose::Signing) => {
                return Err(refuse("only a signer signs items"));
            }
        };
        let key_fits = match issue.purpose {
            Purpose::Tls => p256_point(issue.public_key).is_some(),
            Purpose::Signing => ed25519_key(issue.public_key).is_some(),
        };
        if !key_fits {
            return Err(refuse(
                "its key must be P-256 for TLS and Ed25519 for signing",
            ));
        }
        if issue.not_after <= issue.not_before {
            return Err(refuse("its life would be empty"));
        }
        if issue.not_after > self.not_after {
            return Err(refuse("the CA's own certificate ends before"));
        }

        let mut params = self.params(issue.not_before, issue.not_after)?;
        // Shown by other tools; nothing here ever reads it.
        params.distinguished_name = common_name(name.as_str());
        params.subject_alt_names = vec![SanType::URI(id.to_string().try_into()?)];
        params.subject_alt_names.extend(host_names(issue)?);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = usages;
        let public_key = SubjectPublicKeyInfo::from_der(issue.public_key)?;
        let certificate = params.signed_by(&public_key, &self.issuer)?;
        Ok(certificate.der().as_ref().to_vec())
    }

    /// Issues a certificate for a person, tool or operator from a signing request, of which only the public key is
    /// believed. It begins five minutes ago and lives `lifetime_seconds` from now, or as long as the CA.
    ///
    /// # Errors
    /// If the request is not accepted, or the name has no such certificate.
    pub fn issue_for_request(
        &self,
        request: &[u8],
        id: &SpiffeId,
        now: Timestamp,
        lifetime_seconds: i64,
    ) -> Result<Issued, TrustError> {
        let public_key = request::public_key_of(request)?;
        match id.role {
            Role::Operator(_) | Role::Credential(..) => {}
            Role::Node(_) | Role::Signer(_) | Role::Member(_) => {
                return Err(TrustError::NotIssued {
                    id: id.clone(),
                    problem: "only persons, tools and operators enrol",
                });
            }
        }
        let expires = self.end_of_life(now, lifetime_seconds);
        let certificate = self.issue(&Issue {
            id,
            public_key: &public_key,
            not_before: now.plus_seconds(-BACKDATE_SECONDS),
            not_after: expires,
            hosts: &[],
            purpose: Purpose::Tls,
        })?;
        Ok(Issued {
            certificate,
            expires,
        })
    }

    /// Makes a key and a TLS certificate for it, here: for the node itself, and for the operator who holds the data
    /// directory.
    ///
    /// # Errors
    /// As [`Authority::issue`].
    pub fn credential(
        &self,
        id: &SpiffeId,
        hosts: &[String],
        now: Timestamp,
        lifetime_seconds: i64,
    ) -> Result<TlsCredential, TrustError> {
        let key = NewKey::generate()?;
        let certificate = self.issue(&Issue {
            id,
            public_key: key.public_key(),
            not_before: now.plus_seconds(-BACKDATE_SECONDS),
            not_after: self.end_of_life(now, lifetime_seconds),
            hosts,
            purpose: Purpose::Tls,
        })?;
        // The CA's certificate travels with the leaf, so that whoever knows its fingerprint only can pin it.
        let mut chain = vec![certificate];
        chain.extend(self.ca_certificates());
        key.into_credential(chain)
    }

    fn end_of_life(&self, now: Timestamp, lifetime_seconds: i64) -> Timestamp {
        now.plus_seconds(lifetime_seconds)
            .rounded_down_to_seconds(1)
            .min(self.not_after)
    }

    fn params(
        &self,
        not_before: Timestamp,
        not_after: Timestamp,
    ) -> Result<CertificateParams, TrustError> {
        params(not_before, not_after, &self.entropy)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("community", &self.community)
            .finish_non_exhaustive()
    }
}

fn ca_certificate(
    community: &CommunityId,
    key: &KeyPair,
    now: Timestamp,
    entropy: &SystemEntropy,
) -> Result<Vec<u8>, TrustError> {
    let mut params = params(
        now.plus_seconds(-BACKDATE_SECONDS),
        now.plus_seconds(CA_LIFE_SECONDS),
        entropy,
    )?;
    params.distinguished_name = common_name(&format!("CA of {community}"));
    // SPIFFE X.509-SVID 3.2: a signing certificate names the trust domain, without a path.
    params.subject_alt_names = vec![SanType::URI(format!("spiffe://{community}").try_into()?)];
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params.self_signed(key)?.der().as_ref().to_vec())
}

/// Everything that must not be the library's default: life, serial number, key identifiers.
fn params(
    not_before: Timestamp,
    not_after: Timestamp,
    entropy: &SystemEntropy,
) -> Result<CertificateParams, TrustError> {
    let date = |at: Timestamp| {
        OffsetDateTime::from_unix_timestamp(at.seconds()).map_err(|_| rcgen::Error::Time)
    };
    let mut serial: [u8; 16] = random_bytes(entropy);
    // Positive, and of full length: the first byte is between 0x40 and 0x7f.
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    let mut params = CertificateParams::default();
    params.not_before = date(not_before)?;
    params.not_after = date(not_after)?;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn common_name(text: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    // RFC 5280, upper bound of a common name: 64.
    name.push(
        DnType::CommonName,
        text.chars().take(64).collect::<String>(),
    );
    name
}

fn host_names(issue: &Issue<'_>) -> Result<Vec<SanType>, TrustError> {
    let refuse = |problem| TrustError::NotIssued {
        id: issue.id.clone(),
        problem,
    };
    let is_node = matches!(issue.id.role, Role::Node(_));
    if !issue.hosts.is_empty() && !is_node || issue.hosts.len() > Issue::HOSTS_MAX {
        return Err(refuse("only a node has hosts, at most 16"));
    }
    issue
        .hosts
        .iter()
        .map(|host| match host.parse::<IpAddr>() {
            Ok(address) => Ok(SanType::IpAddress(address)),
            Err(_) if rustls::pki_types::DnsName::try_from(host.as_str()).is_ok() => {
                Ok(SanType::DnsName(host.as_str().try_into()?))
            }
            Err(_) => Err(refuse("a host is neither a DNS name nor an IP address")),
        })
        .collect()
}

const DIRECTORY: &str = "ca";
const KEY_FILE: &str = "ca/ca.key";
const CERTIFICATES_FILE: &str = "ca/ca.pem";
/// Ten years: a CA is rotated with overlap long before.
const CA_LIFE_SECONDS: i64 = 3650 * 24 * 60 * 60;
