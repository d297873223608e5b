//! Whose signatures the node believes. Apart from TLS trust: a signature outlives its key's certificate, so a certificate
//! is judged when it is first seen and stays good for what it signed (threat 33).

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::TrustError;
use super::bundles::Bundles;
use super::leaf::{BadCertificate, Leaf, Usage, ed25519_key, verify};
use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, KeyId};
use crate::provenance::{Keyring, VerifyingKey};
use crate::store::PinnedKey;

/// The item-signing keys that were verified, by their id. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Keys {
    known: Arc<ArcSwap<HashMap<KeyId, Known>>>,
    /// Our own community and the peers.
    bundles: Bundles,
    /// Communities further away, introduced by a hop and pinned on first sight: believed for signatures, never for TLS.
    introduced: Bundles,
}

#[derive(Clone, Debug)]
struct Known {
    key: VerifyingKey,
    certificate: Arc<[u8]>,
    not_after: Timestamp,
}

impl Keys {
    /// No keys yet; certificates will be checked against these bundles.
    pub fn new(bundles: Bundles) -> Self {
        Self {
            known: Arc::default(),
            bundles,
            introduced: Bundles::new(),
        }
    }

    /// Takes up the certificate, DER, of whoever signed something new, if it chains to the CA of the community that it
    /// names and is within its life, also if it was taken up before: an old key signs nothing new (threat 33). What it
    /// signed while it was good still verifies.
    ///
    /// # Errors
    /// If it is not a signer's, does not verify, or its key is known as another community's.
    pub fn admit(
        &self,
        certificate: &[u8],
        now: Timestamp,
    ) -> Result<(KeyId, CommunityId), TrustError> {
        let leaf = Leaf::read(certificate)?;
        let community = leaf.id.community.clone();
        let id = leaf.key_id();
        let trusted = if self.bundles.contains(&community) {
            &self.bundles
        } else {
            &self.introduced
        };
        let anchors = trusted.anchors_at(&community, now)?;
        verify(certificate, &leaf, Usage::Signing, &anchors, now)?;
        self.insert(&leaf, certificate)?;
        Ok((id, community))
    }

    /// Takes up again what was verified at first sight and pinned in the store. Returns those that do not read, which
    /// stay unknown.
    pub fn restore(&self, pinned: &[PinnedKey]) -> Vec<KeyId> {
        pinned
            .iter()
            .filter(|pin| self.restore_one(pin).is_err())
            .map(|pin| pin.key)
            .collect()
    }

    /// Believes these CA certificates, DER, for the signatures of a community further away, on the word of the hop before
    /// it. The caller pins them.
    ///
    /// # Errors
    /// If the community is ours or a peer, or is pinned with other certificates: a conflict, to be told to the operator.
    pub fn introduce(
        &self,
        community: &CommunityId,
        ca_certificates: &[Vec<u8>],
    ) -> Result<(), TrustError> {
        let refuse = |problem| TrustError::NotIntroduced {
            community: community.clone(),
            problem,
        };
        if self.bundles.contains(community) {
            return Err(refuse("its CA is known first-hand"));
        }
        let pinned = self.introduced.certificates(community);
        if pinned.is_empty() {
            self.introduced.set(community, ca_certificates)
        } else if ca_certificates.iter().all(|ca| pinned.contains(ca)) {
            Ok(())
        } else {
            Err(refuse("another CA was pinned for it on first sight"))
        }
    }

    /// The CA certificates, DER, by which a community's signatures are judged: first-hand or introduced.
    pub fn ca_certificates(&self, community: &CommunityId) -> Vec<Vec<u8>> {
        if self.bundles.contains(community) {
            self.bundles.certificates(community)
        } else {
            self.introduced.certificates(community)
        }
    }

    /// Whether a community is known only by introduction.
    pub fn is_introduced(&self, community: &CommunityId) -> bool {
        !self.bundles.contains(community) && self.introduced.contains(community)
    }

    /// The certificate of a known key, DER.
    pub fn certificate(&self, id: KeyId) -> Option<Vec<u8>> {
        self.known
            .load()
            .get(&id)
            .map(|known| known.certificate.to_vec())
    }

    fn restore_one(&self, pin: &PinnedKey) -> Result<(), TrustError> {
        if pin.is_ca {
            // What is known first-hand comes from the peers themselves, and goes with them.
            if pin.introduced_by.is_none() {
                return Ok(());
            }
            let mut certificates = self.introduced.certificates(&pin.community);
            certificates.push(pin.certificate.clone());
            return self.introduced.set(&pin.community, &certificates);
        }
        let leaf = Leaf::read(&pin.certificate)?;
        leaf.check_usage(Usage::Signing)?;
        if leaf.id.community != pin.community || leaf.key_id() != pin.key {
            return Err(BadCertificate::Unexpected {
                found: leaf.id,
                expected: format!("a signer of {}", pin.community),
            }
            .into());
        }
        self.insert(&leaf, &pin.certificate)
    }

    /// Takes up a key that was verified, now or at first sight. A newer certificate of the same key takes the place of the
    /// older one; a certificate does not prove that its community has the private key, so a second community gets nothing.
    fn insert(&self, leaf: &Leaf, certificate: &[u8]) -> Result<(), TrustError> {
        let id = leaf.key_id();
        let known = Known {
            key: VerifyingKey {
                community: leaf.id.community.clone(),
                key: id,
                public: ed25519_key(&leaf.public_key).ok_or(BadCertificate::Key("Ed25519"))?,
            },
            certificate: certificate.into(),
            not_after: leaf.not_after,
        };
        self.known.rcu(|old| match old.get(&id) {
            Some(first)
                if first.key.community != known.key.community
                    || first.not_after >= known.not_after =>
            {
                Arc::clone(old)
            }
            Some(_) | None => {
                let mut new = HashMap::clone(old);
                new.insert(id, known.clone());
                Arc::new(new)
            }
        });
        match self.known.load().get(&id) {
            Some(first) if first.key.community != known.key.community => {
                Err(TrustError::SharedKey {
                    first: first.key.community.clone(),
                    second: known.key.community,
                })
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Keyring for Keys {
    fn verifying_key(&self, id: KeyId) -> Option<VerifyingKey> {
        self.known.load().get(&id).map(|known| known.key.clone())
    }
}
