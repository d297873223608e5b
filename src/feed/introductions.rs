//! The certificates that a reader needs to verify what it is sent, each sent once a stream.

use std::collections::HashSet;

use crate::model::ids::{CommunityId, KeyId};
use crate::model::signed::Signed;
use crate::provenance::Keyring;
use crate::trust::Keys;
use crate::wire::pb;

/// Remembers what a stream has been told. Bounded by the communities that this node knows and their keys.
#[derive(Debug)]
pub struct Introductions {
    keys: Keys,
    /// Communities whose CA the reader has: its own, and ours.
    known: HashSet<CommunityId>,
    told: HashSet<KeyId>,
}

impl Introductions {
    /// For a reader that knows these communities.
    pub fn new(keys: Keys, known: impl IntoIterator<Item = CommunityId>) -> Self {
        Self {
            keys,
            known: known.into_iter().collect(),
            told: HashSet::new(),
        }
    }

    /// What the reader has not been told yet and needs for these records.
    pub fn for_records<'a>(
        &mut self,
        records: impl IntoIterator<Item = &'a Signed>,
    ) -> (Vec<pb::Signer>, Vec<pb::Introduction>) {
        self.for_keys(records.into_iter().map(|record| record.key))
    }

    /// The same for records that are signed with these keys.
    pub fn for_keys(
        &mut self,
        keys: impl IntoIterator<Item = KeyId>,
    ) -> (Vec<pb::Signer>, Vec<pb::Introduction>) {
        let mut signers = Vec::new();
        let mut introductions = Vec::new();
        for id in keys {
            if !self.told.insert(id) {
                continue;
            }
            let (Some(key), Some(certificate)) =
                (self.keys.verifying_key(id), self.keys.certificate(id))
            else {
                continue;
            };
            signers.push(pb::Signer {
                certificate: certificate.into(),
            });
            if self.known.insert(key.community.clone()) {
                let ca_certificates = self.keys.ca_certificates(&key.community);
                introductions.push(pb::Introduction {
                    community: key.community.to_string(),
                    ca_certificates: ca_certificates.into_iter().map(Into::into).collect(),
                });
            }
        }
        (signers, introductions)
    }
}
