//! Item-signing keys: Ed25519, apart from all TLS keys.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use bytes::Bytes;
use prost::Message;

use super::fault::Fault;
use super::pae::{self, Payload};
use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, Digest, KeyId};
use crate::model::item::{Envelope, Hop, LocalRecord, Withdrawal};
use crate::model::signed::Signed;
use crate::wire;

/// The SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410, section 4).
const SPKI_HEAD: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

fn spki(public: &[u8; 32]) -> Vec<u8> {
    [SPKI_HEAD.as_slice(), public.as_slice()].concat()
}

/// The id of a raw Ed25519 public key: SHA-256 of its SubjectPublicKeyInfo.
pub fn key_id_of(public: &[u8; 32]) -> KeyId {
    KeyId(Digest::of(&spki(public)))
}

/// An item-signing key of this community: Ed25519, apart from all TLS keys. `Debug` shows the key id only.
pub struct SigningKey {
    community: CommunityId,
    pair: Ed25519KeyPair,
    public: [u8; 32],
    id: KeyId,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} of {})", self.id, self.community)
    }
}

/// A key that does not read.
#[derive(Debug, thiserror::Error)]
#[error("this is not an Ed25519 key in PKCS#8")]
pub struct InvalidKey;

impl SigningKey {
    /// Makes a new key and its PKCS#8 document, which is the secret.
    pub fn generate(community: CommunityId) -> (Self, Vec<u8>) {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .expect("the operating system's random source does not fail once it was seeded");
        let der = document.as_ref().to_vec();
        let key = Self::from_pkcs8(community, &der).expect("a key that was just made reads");
        (key, der)
    }

    /// Reads a key. Fails on anything that is not an Ed25519 private key in PKCS#8, version 1 or 2.
    pub fn from_pkcs8(community: CommunityId, der: &[u8]) -> Result<Self, InvalidKey> {
        let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| InvalidKey)?;
        let public = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| InvalidKey)?;
        Ok(Self {
            community,
            pair,
            id: key_id_of(&public),
            public,
        })
    }

    /// Whose key it is.
    pub fn community(&self) -> &CommunityId {
        &self.community
    }

    /// SHA-256 of its SubjectPublicKeyInfo.
    pub fn key_id(&self) -> KeyId {
        self.id
    }

    /// Its SubjectPublicKeyInfo, DER.
    pub fn public_key_der(&self) -> Vec<u8> {
        spki(&self.public)
    }

    /// Its public half, as whoever trusts it holds it.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey {
            community: self.community.clone(),
            key: self.id,
            public: self.public,
        }
    }

    /// Signs these bytes as what they are.
    pub fn sign(&self, payload: Payload, record: Bytes) -> Signed {
        let signature = self.pair.sign(&pae::of_bytes(payload, &record));
        self.signed(record, signature.as_ref())
    }

    /// Encodes and signs an envelope.
    ///
    /// The envelope must be one that [`wire::envelope::check`] takes, or nobody will read it.
    pub fn sign_envelope(&self, envelope: &Envelope) -> Signed {
        self.sign_message(Payload::Envelope, &wire::envelope::message(envelope))
    }

    /// Encodes and signs a local record.
    pub fn sign_local_record(&self, record: &LocalRecord) -> Signed {
        self.sign_message(Payload::LocalRecord, &wire::local_record::message(record))
    }

    /// Encodes and signs a withdrawal.
    pub fn sign_withdrawal(&self, withdrawal: &Withdrawal) -> Signed {
        self.sign_message(Payload::Withdrawal, &wire::withdrawal::message(withdrawal))
    }

    /// Signs the next hop of an item, from this community to the next. `signed` is the envelope as its origin signed it,
    /// `hops` the way so far, empty at the origin.
    pub fn sign_hop(
        &self,
        envelope: &Envelope,
        signed: &Signed,
        hops: &[Signed],
        to: &CommunityId,
        now: Timestamp,
    ) -> Signed {
        let hop = Hop {
            item: envelope.item,
            revision: envelope.revision,
            envelope_sha256: Digest::of(&signed.record),
            from: self.community.clone(),
            to: to.clone(),
            time: now,
            previous: hops.last().map(|hop| Digest::of(&hop.record)),
        };
        self.sign_message(Payload::Hop, &wire::hop::message(&hop))
    }

    fn sign_message(&self, payload: Payload, message: &impl Message) -> Signed {
        let (encoded, begin) = pae::of_message(payload, message);
        let signature = self.pair.sign(&encoded);
        self.signed(Bytes::from(encoded).slice(begin..), signature.as_ref())
    }

    fn signed(&self, record: Bytes, signature: &[u8]) -> Signed {
        Signed {
            record,
            signature: Bytes::copy_from_slice(signature),
            key: self.id,
        }
    }
}

/// A key that a community signs items with, as trusted by whoever made this value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    /// Whose key it is.
    pub community: CommunityId,
    /// Its id.
    pub key: KeyId,
    /// The raw Ed25519 public key.
    pub public: [u8; 32],
}

impl VerifyingKey {
    /// Verifies a signature over these bytes as what they are.
    pub(super) fn verify(
        &self,
        payload: Payload,
        record: &[u8],
        signature: &[u8],
    ) -> Result<(), Fault> {
        UnparsedPublicKey::new(&ED25519, self.public.as_slice())
            .verify(&pae::of_bytes(payload, record), signature)
            .map_err(|_| Fault::BadSignature { record: payload })
    }
}

/// Finds trusted keys. An answer must be a key whose certificate chains to the community that it names.
pub trait Keyring {
    /// The key with this id.
    fn verifying_key(&self, id: KeyId) -> Option<VerifyingKey>;
}
