//! The CA certificates of each community that is trusted, kept apart by community: there is no common pool in which one
//! could vouch for another (threat 24).

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::pki_types::{CertificateDer, TrustAnchor};

use super::TrustError;
use super::leaf::{BadCertificate, p256_point, parse, uri_names};
use crate::clock::Timestamp;
use crate::model::ids::CommunityId;

/// Which CAs speak for which community. Cheap to clone; all clones are one, and a change is seen by the next handshake.
#[derive(Clone, Debug, Default)]
pub struct Bundles(Arc<ArcSwap<HashMap<CommunityId, Arc<[Anchor]>>>>);

impl Bundles {
    /// Most CA certificates of one community: one in use and one to come, with room for a rotation that went wrong.
    pub const CERTIFICATES_MAX: usize = 8;

    /// No community is trusted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these CA certificates, DER, for this community and for no other; what was there before is forgotten.
    ///
    /// # Errors
    /// If there are none or too many, or one is not a CA certificate of this community. Nothing changes then.
    pub fn set(&self, community: &CommunityId, certificates: &[Vec<u8>]) -> Result<(), TrustError> {
        let anchors = anchors(community, certificates)?;
        self.0.rcu(|old| {
            let mut new = HashMap::clone(old);
            new.insert(community.clone(), Arc::clone(&anchors));
            new
        });
        Ok(())
    }

    /// Trusts nobody for this community any more. Returns whether anybody was.
    pub fn remove(&self, community: &CommunityId) -> bool {
        let old = self.0.rcu(|old| {
            let mut new = HashMap::clone(old);
            new.remove(community);
            new
        });
        old.contains_key(community)
    }

    /// The CA certificates of a community, DER; empty if it is not trusted.
    pub fn certificates(&self, community: &CommunityId) -> Vec<Vec<u8>> {
        self.anchors(community)
            .iter()
            .map(|anchor| anchor.certificate.clone())
            .collect()
    }

    /// Whether any CA is trusted for this community.
    pub fn contains(&self, community: &CommunityId) -> bool {
        self.0.load().contains_key(community)
    }

    /// The anchors of a community, empty if it is not trusted.
    pub(super) fn anchors(&self, community: &CommunityId) -> Arc<[Anchor]> {
        self.0
            .load()
            .get(community)
            .map_or_else(|| Arc::from([]), Arc::clone)
    }

    /// The anchors of a community that are within their own life.
    pub(super) fn anchors_at(
        &self,
        community: &CommunityId,
        now: Timestamp,
    ) -> Result<Vec<Anchor>, BadCertificate> {
        let anchors: Vec<_> = self
            .anchors(community)
            .iter()
            .filter(|anchor| anchor.is_valid_at(now))
            .cloned()
            .collect();
        if anchors.is_empty() {
            Err(BadCertificate::UnknownCommunity(community.clone()))
        } else {
            Ok(anchors)
        }
    }
}

/// Checks a community's CA certificates, DER, without trusting them.
///
/// # Errors
/// As [`Bundles::set`].
pub fn check_ca_certificates(
    community: &CommunityId,
    certificates: &[Vec<u8>],
) -> Result<(), TrustError> {
    anchors(community, certificates)?;
    Ok(())
}

/// The community for which a CA certificate is made: the one that its URI name says.
///
/// # Errors
/// If it is no CA certificate of this system.
pub fn community_of_ca(certificate: &[u8]) -> Result<CommunityId, BadCertificate> {
    let parsed = parse(certificate)?;
    let uris = uri_names(&parsed)?;
    let [uri] = uris.as_slice() else {
        return Err(BadCertificate::Names(uris.len()));
    };
    // A trust domain alone, with no path: such an id is nobody's.
    let domain = uri.strip_prefix("spiffe://").unwrap_or_default();
    Ok(CommunityId::parse(domain)?)
}

/// A CA certificate that speaks for one community.
#[derive(Clone, Debug)]
pub(super) struct Anchor {
    certificate: Vec<u8>,
    root: TrustAnchor<'static>,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Anchor {
    /// Reads a CA certificate of this community.
    pub(super) fn read(
        community: &CommunityId,
        certificate: &[u8],
    ) -> Result<Self, BadCertificate> {
        let refuse = |problem| BadCertificate::NotACa {
            community: community.clone(),
            problem,
        };
        let parsed = parse(certificate)?;
        let is_ca = parsed
            .basic_constraints()
            .ok()
            .flatten()
            .is_some_and(|constraints| constraints.critical && constraints.value.ca);
        let signs = parsed
            .key_usage()
            .ok()
            .flatten()
            .is_some_and(|usage| usage.critical && usage.value.key_cert_sign());
        if !is_ca || !signs {
            return Err(refuse("it is not for signing certificates"));
        }
        if community_of_ca(certificate).ok().as_ref() != Some(community) {
            return Err(refuse("it does not name this community"));
        }
        if p256_point(parsed.public_key().raw).is_none() {
            return Err(refuse("its key is not ECDSA on P-256"));
        }
        let der = CertificateDer::from(certificate);
        let root = webpki::anchor_from_trusted_cert(&der)
            .map_err(|_| BadCertificate::Unreadable)?
            .to_owned();
        Ok(Self {
            root,
            not_before: Timestamp::from_seconds(parsed.validity().not_before.timestamp()),
            not_after: Timestamp::from_seconds(parsed.validity().not_after.timestamp()),
            certificate: certificate.to_vec(),
        })
    }

    pub(super) fn root(&self) -> &TrustAnchor<'static> {
        &self.root
    }

    pub(super) fn not_after(&self) -> Timestamp {
        self.not_after
    }

    pub(super) fn is_valid_at(&self, now: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }
}

fn anchors(
    community: &CommunityId,
    certificates: &[Vec<u8>],
) -> Result<Arc<[Anchor]>, BadCertificate> {
    if certificates.is_empty() || certificates.len() > Bundles::CERTIFICATES_MAX {
        return Err(BadCertificate::NotACa {
            community: community.clone(),
            problem: "a community has one to eight CA certificates",
        });
    }
    certificates
        .iter()
        .map(|certificate| Anchor::read(community, certificate))
        .collect()
}
