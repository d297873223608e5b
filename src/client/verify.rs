//! What a reader does with every entry before anybody sees it: the origin's signature and those of the hops are
//! checked against certificates that chain to the CA of the community that they name.
//!
//! The own community's CA is the one pinned when the credential was made; nobody can introduce another one. The CAs of
//! other communities come from the reader's own node, which verified them, and are pinned for as long as the reader
//! runs. An entry that does not verify is not shown.

use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, InvalidId, ItemId};
use crate::model::item::{Envelope, Withdrawal};
use crate::provenance::{Fault, verify_held, verify_withdrawal};
use crate::trust::{Bundles, Keys, TrustError};
use crate::wire::{Malformed, pb, words};

/// Verifies the entries of one reader's feed.
#[derive(Clone, Debug)]
pub struct Verifier {
    here: CommunityId,
    keys: Keys,
}

/// An entry whose signatures hold.
#[derive(Clone, Debug)]
pub struct VerifiedEntry {
    /// What the origin signed.
    pub record: Record,
    /// The communities on the way, origin first, this one last. Of an item every step is signed.
    pub path: Vec<CommunityId>,
    /// The submitting member's SPIFFE id, as the reader's own node says; empty unless this reader may know.
    pub submitter: String,
    /// The position after this entry; empty where it was not asked for.
    pub cursor: String,
}

/// What an entry is.
#[derive(Clone, Debug)]
pub enum Record {
    /// An item.
    Item(Box<Envelope>),
    /// The notice that an item was withdrawn.
    Withdrawal(Withdrawal),
    /// That this community lost its right to an item: whoever has it erases it. Nobody signs this; it is the word of
    /// the reader's own node, and takes away only.
    Recall(ItemId),
}

/// Why an entry, or what should vouch for it, is not believed.
#[derive(Debug, thiserror::Error)]
pub enum Unverified {
    /// A signature, a hop or what they say.
    #[error("what the node sent does not verify")]
    Record(#[source] Fault),
    /// Neither an item nor a withdrawal, or one that says too little.
    #[error("the node sent an entry that does not read")]
    Entry(#[source] Malformed),
    /// A certificate.
    #[error("the node sent a certificate that cannot be trusted")]
    Certificate(#[source] TrustError),
    /// An id.
    #[error("the node sent an id that does not read")]
    Id(#[source] InvalidId),
}

impl Verifier {
    /// A reader of this community, which trusts these bundles first-hand.
    pub fn new(here: CommunityId, bundles: Bundles) -> Self {
        Self {
            here,
            keys: Keys::new(bundles),
        }
    }

    /// Learns the certificates that came with entries. What cannot be trusted is left out and returned; entries that
    /// need it will not verify.
    pub fn learn(
        &self,
        signers: &[pb::Signer],
        introductions: &[pb::Introduction],
        now: Timestamp,
    ) -> Vec<Unverified> {
        let introduced = introductions
            .iter()
            .filter_map(|introduction| self.introduce(introduction).err());
        let admitted = signers.iter().filter_map(|signer| {
            self.keys
                .admit(&signer.certificate, now)
                .err()
                .map(Unverified::Certificate)
        });
        introduced.chain(admitted).collect()
    }

    /// Verifies an entry.
    pub fn entry(&self, entry: &pb::FeedEntry) -> Result<VerifiedEntry, Unverified> {
        let (record, path) = match (&entry.item, &entry.withdrawal, entry.recalled.as_str()) {
            (Some(item), None, "") => {
                let envelope = words::signed(item.envelope.as_ref()).map_err(Unverified::Entry)?;
                let hops = item
                    .hops
                    .iter()
                    .map(|hop| words::signed(Some(hop)))
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(Unverified::Entry)?;
                let (envelope, path) = verify_held(&envelope, &hops, &self.here, &self.keys)
                    .map_err(Unverified::Record)?;
                (Record::Item(Box::new(envelope)), path)
            }
            (None, Some(withdrawal), "") => {
                let signed = words::signed(Some(withdrawal)).map_err(Unverified::Entry)?;
                let withdrawal =
                    verify_withdrawal(&signed, &self.keys).map_err(Unverified::Record)?;
                (Record::Withdrawal(withdrawal), said_path(entry)?)
            }
            (None, None, recalled) if !recalled.is_empty() => {
                let item = ItemId::parse(recalled).map_err(Unverified::Id)?;
                (Record::Recall(item), said_path(entry)?)
            }
            (Some(_), Some(_), _) | (Some(_), None, _) | (None, Some(_), _) | (None, None, _) => {
                return Err(Unverified::Entry(Malformed::new(
                    "entry",
                    "must be either an item, a withdrawal or a recall",
                )));
            }
        };
        Ok(VerifiedEntry {
            record,
            path,
            submitter: entry.submitter.clone(),
            cursor: entry.cursor.clone(),
        })
    }

    fn introduce(&self, introduction: &pb::Introduction) -> Result<(), Unverified> {
        let community = CommunityId::parse(&introduction.community).map_err(Unverified::Id)?;
        if community == self.here {
            // Ours was pinned when the credential was made.
            return Ok(());
        }
        let certificates: Vec<Vec<u8>> = introduction
            .ca_certificates
            .iter()
            .map(|der| der.to_vec())
            .collect();
        self.keys
            .introduce(&community, &certificates)
            .map_err(Unverified::Certificate)
    }
}

/// The way of what has no hops of its own: as the reader's own node says.
fn said_path(entry: &pb::FeedEntry) -> Result<Vec<CommunityId>, Unverified> {
    entry
        .path
        .iter()
        .map(|community| CommunityId::parse(community))
        .collect::<Result<_, _>>()
        .map_err(Unverified::Id)
}
