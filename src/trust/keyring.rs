//! Whose signatures the node believes. Apart from TLS trust: a signature outlives its key's certificate, so a certificate
//! is judged when it is first seen and stays good for what it signed (threat 33).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

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
    /// Our own community, and the peers with which an agreement was signed by both sides.
    first_hand: Bundles,
    /// Communities further away, introduced by a hop and pinned on first sight: believed for signatures, never for TLS.
    introduced: Bundles,
    /// Who introduced each of them; `None`: a reader's own node. Held by whoever changes what is believed, so that a key
    /// is taken up under the CA that counts at that moment. Nothing is waited for under it.
    introducers: Arc<Mutex<HashMap<CommunityId, Option<CommunityId>>>>,
}

#[derive(Clone, Debug)]
struct Known {
    key: VerifyingKey,
    certificate: Arc<[u8]>,
    not_after: Timestamp,
    /// When its certificate was verified.
    first_seen: Timestamp,
    /// By a CA that its community showed itself, not by an introduced one.
    first_hand: bool,
}

/// Verifies the certificate, DER, of whoever signed the terms of an agreement that is not in force yet: by the CA that
/// its community presented at first contact. Nothing is remembered.
///
/// # Errors
/// If it is not a signer's or does not verify.
pub fn verify_signer(
    certificate: &[u8],
    presented: &Bundles,
    now: Timestamp,
) -> Result<VerifyingKey, TrustError> {
    let leaf = Leaf::read(certificate)?;
    let anchors = presented.anchors_at(&leaf.id.community, now)?;
    verify(certificate, &leaf, Usage::Signing, &anchors, now)?;
    verifying_key(&leaf)
}

impl Keys {
    /// Most communities that one peer introduces: far more than a sector has, and few enough to be kept.
    pub const INTRODUCED_MAX: usize = 64;
    /// Most signing keys of one community: one a year, and a few that were lost.
    pub const KEYS_MAX: usize = 16;

    /// No keys yet; certificates will be checked against these bundles. In a node they are not those of TLS: a community
    /// with which there was first contact connects, and is believed for items only once both sides have signed.
    pub fn new(first_hand: Bundles) -> Self {
        Self {
            known: Arc::default(),
            first_hand,
            introduced: Bundles::new(),
            introducers: Arc::default(),
        }
    }

    /// Judges a community's signatures by the CA certificates, DER, that it showed itself, from now on. An introduction
    /// of it is over, and keys that it vouched for are forgotten unless they chain to these certificates as well.
    /// Returns how many were forgotten.
    ///
    /// # Errors
    /// As [`Bundles::set`]; nothing changes then.
    pub fn known_first_hand(
        &self,
        community: &CommunityId,
        ca_certificates: &[Vec<u8>],
    ) -> Result<usize, TrustError> {
        let mut introducers = self.turn();
        self.first_hand.set(community, ca_certificates)?;
        introducers.remove(community);
        self.introduced.remove(community);
        let mut new = HashMap::clone(&self.known.load());
        let before = new.len();
        new.retain(|_, known| {
            if known.key.community != *community || known.first_hand {
                return true;
            }
            known.first_hand = self.is_first_hand(&known.certificate, known.first_seen);
            known.first_hand
        });
        let forgotten = before - new.len();
        self.known.store(Arc::new(new));
        if forgotten > 0 {
            tracing::error!(
                community.id = %community,
                keys = forgotten,
                "a community that had been introduced with another CA than its own is now known first-hand; what was signed with these keys does not verify any more"
            );
        }
        Ok(forgotten)
    }

    /// Takes up the certificate, DER, of whoever signed something new, if it chains to the CA of the community that it
    /// names and is within its life, also if it was taken up before: an old key signs nothing new (threat 33). What it
    /// signed while it was good still verifies.
    ///
    /// # Errors
    /// If it is not a signer's, does not verify, its key is known as another community's, or is new and its
    /// community has [`Keys::KEYS_MAX`] already.
    pub fn admit(
        &self,
        certificate: &[u8],
        now: Timestamp,
    ) -> Result<(KeyId, CommunityId), TrustError> {
        let leaf = Leaf::read(certificate)?;
        let community = leaf.id.community.clone();
        let id = leaf.key_id();
        let _turn = self.turn();
        let first_hand = self.first_hand.contains(&community);
        let trusted = if first_hand {
            &self.first_hand
        } else {
            &self.introduced
        };
        let anchors = trusted.anchors_at(&community, now)?;
        verify(certificate, &leaf, Usage::Signing, &anchors, now)?;
        let known = self.known.load();
        let of_community = known
            .values()
            .filter(|known| known.key.community == community)
            .count();
        if !known.contains_key(&id) && of_community >= Self::KEYS_MAX {
            return Err(TrustError::TooManyKeys {
                community,
                most: Self::KEYS_MAX,
            });
        }
        self.insert(&leaf, certificate, now, first_hand)?;
        Ok((id, community))
    }

    /// Takes up again what was verified at first sight and pinned in the store. Returns those that do not read, and those
    /// that were introduced for a community which is known first-hand since and did not vouch for them; they stay
    /// unknown. Who is known first-hand must have been said before.
    pub fn restore(&self, pinned: &[PinnedKey]) -> Vec<KeyId> {
        pinned
            .iter()
            .filter(|pin| self.restore_one(pin).is_err())
            .map(|pin| pin.key)
            .collect()
    }

    /// Believes these CA certificates, DER, for the signatures of a community further away, on the word of a reader's own
    /// node.
    ///
    /// # Errors
    /// If the community is ours or a peer, or is pinned with other certificates: a conflict, to be told.
    pub fn introduce(
        &self,
        community: &CommunityId,
        ca_certificates: &[Vec<u8>],
    ) -> Result<(), TrustError> {
        self.pin(None, community, ca_certificates)
    }

    /// The same on the word of a peer, the hop before that community. The caller pins them.
    ///
    /// # Errors
    /// As [`Keys::introduce`]; or if the peer has introduced [`Keys::INTRODUCED_MAX`] others.
    pub fn introduce_from(
        &self,
        introducer: &CommunityId,
        community: &CommunityId,
        ca_certificates: &[Vec<u8>],
    ) -> Result<(), TrustError> {
        self.pin(Some(introducer), community, ca_certificates)
    }

    /// How many communities are known only because this one introduced them.
    pub fn introduced_count(&self, introducer: &CommunityId) -> usize {
        count(&self.turn(), introducer)
    }

    fn pin(
        &self,
        introducer: Option<&CommunityId>,
        community: &CommunityId,
        ca_certificates: &[Vec<u8>],
    ) -> Result<(), TrustError> {
        let refuse = |problem| TrustError::NotIntroduced {
            community: community.clone(),
            problem,
        };
        let mut introducers = self.turn();
        if self.first_hand.contains(community) {
            return Err(refuse("its CA is known first-hand"));
        }
        let pinned = self.introduced.certificates(community);
        if pinned.is_empty() {
            if introducer.is_some_and(|by| count(&introducers, by) >= Self::INTRODUCED_MAX) {
                return Err(refuse(
                    "whoever introduces it has introduced 64 communities already",
                ));
            }
            self.introduced.set(community, ca_certificates)?;
            introducers.insert(community.clone(), introducer.cloned());
            Ok(())
        } else if ca_certificates.iter().all(|ca| pinned.contains(ca)) {
            Ok(())
        } else {
            Err(refuse("another CA was pinned for it on first sight"))
        }
    }

    /// The CA certificates, DER, by which a community's signatures are judged: first-hand or introduced.
    pub fn ca_certificates(&self, community: &CommunityId) -> Vec<Vec<u8>> {
        if self.first_hand.contains(community) {
            self.first_hand.certificates(community)
        } else {
            self.introduced.certificates(community)
        }
    }

    /// Whether a community is known only by introduction.
    pub fn is_introduced(&self, community: &CommunityId) -> bool {
        !self.first_hand.contains(community) && self.introduced.contains(community)
    }

    /// The certificate of a known key, DER.
    pub fn certificate(&self, id: KeyId) -> Option<Vec<u8>> {
        self.known
            .load()
            .get(&id)
            .map(|known| known.certificate.to_vec())
    }

    /// Whoever changes what is believed. What is held under it is consistent after every statement.
    fn turn(&self) -> MutexGuard<'_, HashMap<CommunityId, Option<CommunityId>>> {
        self.introducers
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The certificate chained, at this time, to what its community showed itself.
    fn is_first_hand(&self, certificate: &[u8], at: Timestamp) -> bool {
        let Ok(leaf) = Leaf::read(certificate) else {
            return false;
        };
        let anchors = self.first_hand.anchors_at(&leaf.id.community, at);
        anchors
            .and_then(|anchors| verify(certificate, &leaf, Usage::Signing, &anchors, at))
            .is_ok()
    }

    fn restore_one(&self, pin: &PinnedKey) -> Result<(), TrustError> {
        let mut introducers = self.turn();
        let first_hand = self.first_hand.contains(&pin.community);
        if pin.is_ca {
            // What is known first-hand comes from the peers themselves, and goes with them.
            if pin.introduced_by.is_none() || first_hand {
                return Ok(());
            }
            introducers.insert(pin.community.clone(), pin.introduced_by.clone());
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
        if first_hand && pin.introduced_by.is_some() {
            let anchors = self.first_hand.anchors_at(&pin.community, pin.first_seen)?;
            verify(
                &pin.certificate,
                &leaf,
                Usage::Signing,
                &anchors,
                pin.first_seen,
            )?;
        }
        let first_hand = first_hand || pin.introduced_by.is_none();
        self.insert(&leaf, &pin.certificate, pin.first_seen, first_hand)
    }

    /// Takes up a key that was verified, now or at first sight. A newer certificate of the same key takes the place of the
    /// older one; a certificate does not prove that its community has the private key, so a second community gets nothing.
    fn insert(
        &self,
        leaf: &Leaf,
        certificate: &[u8],
        first_seen: Timestamp,
        first_hand: bool,
    ) -> Result<(), TrustError> {
        let id = leaf.key_id();
        let known = Known {
            key: verifying_key(leaf)?,
            certificate: certificate.into(),
            not_after: leaf.not_after,
            first_seen,
            first_hand,
        };
        self.known.rcu(|old| match old.get(&id) {
            Some(first)
                if first.key.community != known.key.community
                    || (first.first_hand, first.not_after)
                        >= (known.first_hand, known.not_after) =>
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

fn verifying_key(leaf: &Leaf) -> Result<VerifyingKey, TrustError> {
    Ok(VerifyingKey {
        community: leaf.id.community.clone(),
        key: leaf.key_id(),
        public: ed25519_key(&leaf.public_key).ok_or(BadCertificate::Key("Ed25519"))?,
    })
}

fn count(
    introducers: &HashMap<CommunityId, Option<CommunityId>>,
    introducer: &CommunityId,
) -> usize {
    introducers
        .values()
        .filter(|by| by.as_ref() == Some(introducer))
        .count()
}

impl Keyring for Keys {
    fn verifying_key(&self, id: KeyId) -> Option<VerifyingKey> {
        self.known.load().get(&id).map(|known| known.key.clone())
    }
}
