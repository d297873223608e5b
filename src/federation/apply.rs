//! What a supplier sent: put together, verified, judged as the receiving side, and stored with the cursor.
//!
//! ```text
//! messages ─▶ Assembly (chunks to documents) ─▶ verify (signatures, hops, content) ─▶ judge ─▶ log::Deliver
//!                                                       └─ invalid: quarantined, with the reason ─┘
//! ```

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use prost::Message;

use super::Federation;
use super::follower::SessionEnd;
use crate::anonymity::Pseudonyms;
use crate::clock::{Timestamp, random_bytes};
use crate::gate;
use crate::intake::fingerprint_of;
use crate::log::EntryBody;
use crate::model::agreement::Peer;
use crate::model::decision::Rule;
use crate::model::ids::{CommunityId, Digest, ItemId, KeyId};
use crate::model::signed::Signed;
use crate::provenance::{self, VerifiedItem};
use crate::store::{Deliver, DeliveredItem, DeliveredKind, PinnedKey, Quarantined, Write, Written};
use crate::tasks;
use crate::wire::{pb, words};

/// Largest document that is taken from a supplier, as design.md part 3 has it for pushes.
const DOCUMENT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most frames between two cursors.
const FRAMES_MAX: usize = 4096;
/// Most bytes between two cursors: a round, and one document of the largest size.
const BATCH_BYTES_MAX: usize = DOCUMENT_BYTES_MAX + 4 * 1024 * 1024;

/// What came since the last cursor, not yet verified.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    received: Vec<Received>,
    open: Option<BytesMut>,
    signers: Vec<pb::Signer>,
    introductions: Vec<pb::Introduction>,
    bytes: usize,
}

/// One thing as it came.
#[derive(Debug)]
pub(super) enum Received {
    Item(pb::Item),
    Recall(pb::Recall),
}

/// A whole batch, ready to be verified.
#[derive(Debug)]
pub(super) struct Batch {
    received: Vec<Received>,
    signers: Vec<pb::Signer>,
    introductions: Vec<pb::Introduction>,
}

/// The message carries nothing but that the link lives.
pub(super) fn is_heartbeat(message: &pb::FollowResponse) -> bool {
    use pb::federation_frame::Frame;
    matches!(
        message.frames.as_slice(),
        [pb::FederationFrame {
            frame: Some(Frame::Heartbeat(_))
        }]
    )
}

impl Assembly {
    /// Takes a message. Refuses what is out of order or out of bounds: then the link is cut and begins again.
    pub(super) fn take(&mut self, message: pb::FollowResponse) -> Result<(), SessionEnd> {
        use pb::federation_frame::Frame;
        self.bytes = self.bytes.saturating_add(message.encoded_len());
        if self.bytes > BATCH_BYTES_MAX {
            return Err(SessionEnd::Misbehaved("too many bytes without a cursor"));
        }
        self.signers.extend(message.signers);
        self.introductions.extend(message.introductions);
        for frame in message.frames {
            let frame = frame
                .frame
                .ok_or(SessionEnd::Misbehaved("an empty frame"))?;
            if self.open.is_some() != matches!(frame, Frame::Chunk(_)) {
                return Err(SessionEnd::Misbehaved("a chunk out of place"));
            }
            match frame {
                Frame::Item(mut item) => {
                    if item.content_continues {
                        self.open = Some(BytesMut::from(&*std::mem::take(&mut item.content)));
                    }
                    self.received.push(Received::Item(item));
                }
                Frame::Chunk(chunk) => self.chunk(&chunk)?,
                Frame::Recall(recall) => self.received.push(Received::Recall(recall)),
                Frame::Heartbeat(_) => {}
            }
        }
        let count = self.received.len() + self.signers.len() + self.introductions.len();
        if count > FRAMES_MAX {
            return Err(SessionEnd::Misbehaved("too many frames without a cursor"));
        }
        if count == 0 && self.open.is_none() {
            self.bytes = 0;
        }
        Ok(())
    }

    /// What came up to a cursor.
    pub(super) fn batch(&mut self) -> Result<Batch, SessionEnd> {
        if self.open.is_some() {
            return Err(SessionEnd::Misbehaved("a cursor within a document"));
        }
        self.bytes = 0;
        Ok(Batch {
            received: std::mem::take(&mut self.received),
            signers: std::mem::take(&mut self.signers),
            introductions: std::mem::take(&mut self.introductions),
        })
    }

    fn chunk(&mut self, chunk: &pb::ContentChunk) -> Result<(), SessionEnd> {
        let Some(open) = &mut self.open else {
            return Err(SessionEnd::Misbehaved("a chunk out of place"));
        };
        open.extend_from_slice(&chunk.data);
        if open.len() > DOCUMENT_BYTES_MAX {
            return Err(SessionEnd::Misbehaved("a document above the largest size"));
        }
        if chunk.last {
            let whole = std::mem::take(open).freeze();
            self.open = None;
            if let Some(Received::Item(item)) = self.received.last_mut() {
                item.content = whole;
            }
        }
        Ok(())
    }
}

/// Verifies a batch and stores what is valid, what is not in quarantine, and the cursor, in one transaction. Answers the
/// items that went into quarantine.
pub(super) async fn apply(
    federation: &Arc<Federation>,
    supplier: &CommunityId,
    cursor: &str,
    batch: Batch,
) -> Result<Vec<String>, SessionEnd> {
    let keys = admit(federation, supplier, &batch);
    let mut deliver = Deliver {
        supplier: supplier.clone(),
        cursor: cursor.to_owned(),
        entries: Vec::with_capacity(batch.received.len()),
        keys,
        quarantined: Vec::new(),
        at: federation.clock.now(),
    };
    let verifier = Verifier {
        federation: Arc::clone(federation),
        supplier: supplier.clone(),
        now: deliver.at,
    };
    // Signatures cost tens of microseconds each: off the async threads, a batch at a time.
    let received = batch.received;
    let small = is_small(&received);
    let check = move || {
        received
            .into_iter()
            .map(|one| verifier.check(one))
            .collect::<Vec<_>>()
    };
    let checked = if small {
        check()
    } else {
        tasks::blocking(check).await?
    };
    for one in checked {
        match one {
            Ok(entry) => match foreign_withdrawal(federation, &entry).await? {
                None => deliver
                    .entries
                    .push(entry.into_delivered(&federation.pseudonyms)),
                Some(reason) => deliver.quarantined.push(Quarantined {
                    supplier: supplier.clone(),
                    item: Some(entry.item()),
                    reason: reason.to_owned(),
                    sha256: Digest::of(entry.item().bytes().as_slice()),
                    at: deliver.at,
                    evidence: None,
                }),
            },
            Err(quarantined) => deliver.quarantined.push(quarantined),
        }
    }
    if deliver
        .quarantined
        .iter()
        .any(|bad| bad.reason == Rule::NotInForce.name())
    {
        // Not the peer's fault, and not lost: the batch comes again when the agreement is in force again.
        return Err(SessionEnd::Refused(
            "the agreement ended while a batch was on its way".to_owned(),
        ));
    }
    let quarantined = deliver
        .quarantined
        .iter()
        .filter_map(|bad| bad.item.map(|item| item.to_string()))
        .collect();
    for bad in &deliver.quarantined {
        tracing::warn!(
            peer.id = %supplier,
            item.id = bad.item.map(tracing::field::display),
            rule = %bad.reason,
            "a peer sent something that is not valid; it was put in quarantine"
        );
    }
    match federation.log.write(Write::Deliver(deliver)).await? {
        Written::Delivered(_) | Written::Done => Ok(quarantined),
        Written::Appended(_)
        | Written::Repeated(_)
        | Written::Unexpected(_)
        | Written::Existing(_)
        | Written::Meets(_)
        | Written::Withdrawn(_)
        | Written::Invite(_) => Err(SessionEnd::Misbehaved("the log answered another question")),
    }
}

/// Items that are verified on the async threads: handing so few over costs more than verifying them.
const INLINE_ITEMS_MAX: usize = 2;
/// The same in bytes of content.
const INLINE_BYTES_MAX: usize = 32 * 1024;

fn is_small(received: &[Received]) -> bool {
    let bytes = |one: &Received| match one {
        Received::Item(item) => item.content.len(),
        Received::Recall(_) => 0,
    };
    received.len() <= INLINE_ITEMS_MAX
        && received.iter().map(bytes).sum::<usize>() <= INLINE_BYTES_MAX
}

/// Takes up certificates and introductions. Ourselves and a peer with whom both have signed are never introduced, and a pin is never
/// changed (design.md part 6).
fn admit(federation: &Federation, supplier: &CommunityId, batch: &Batch) -> Vec<PinnedKey> {
    let now = federation.clock.now();
    let roster = federation.log.roster();
    let mut pinned = Vec::new();
    for introduction in &batch.introductions {
        let Ok(community) = CommunityId::parse(&introduction.community) else {
            continue;
        };
        let first_hand = roster
            .peers
            .get(&community)
            .is_some_and(Peer::is_signed_by_both);
        if community == federation.here || first_hand {
            continue;
        }
        let offered: Vec<Vec<u8>> = introduction
            .ca_certificates
            .iter()
            .take(CA_CERTIFICATES_MAX)
            .filter(|c| c.len() <= CERTIFICATE_BYTES_MAX)
            .map(|c| c.to_vec())
            .collect();
        if offered.is_empty() {
            continue;
        }
        let known = federation.keys.is_introduced(&community);
        if let Err(error) = federation
            .keys
            .introduce_from(supplier, &community, &offered)
        {
            tracing::error!(
                peer.id = %supplier,
                community.id = %community,
                error = %crate::fault::chain(&error),
                "a peer introduces a community in a way that does not fit what is known of it; its items will not verify"
            );
            continue;
        }
        if known {
            continue;
        }
        pinned.extend(offered.iter().map(|certificate| PinnedKey {
            key: KeyId(Digest::of(certificate)),
            community: community.clone(),
            certificate: certificate.clone(),
            is_ca: true,
            introduced_by: Some(supplier.clone()),
            first_seen: now,
        }));
        tracing::info!(peer.id = %supplier, community.id = %community, "a community was introduced by a peer and is pinned");
    }
    for signer in &batch.signers {
        if signer.certificate.len() > CERTIFICATE_BYTES_MAX {
            continue;
        }
        match federation.keys.admit(&signer.certificate, now) {
            Ok((key, community)) => pinned.push(PinnedKey {
                key,
                introduced_by: federation
                    .keys
                    .is_introduced(&community)
                    .then(|| supplier.clone()),
                community,
                // The newest that is known of a renewed key, which this one need not be.
                certificate: federation
                    .keys
                    .certificate(key)
                    .unwrap_or_else(|| signer.certificate.to_vec()),
                is_ca: false,
                first_seen: now,
            }),
            Err(error) => tracing::warn!(
                peer.id = %supplier,
                error = %crate::fault::chain(&error),
                "a peer sent a signer's certificate that does not verify"
            ),
        }
    }
    pinned
}

const CA_CERTIFICATES_MAX: usize = 8;
const CERTIFICATE_BYTES_MAX: usize = 8 * 1024;

/// An entry whose signatures hold.
#[derive(Debug)]
enum Verified {
    Revision {
        item: Box<VerifiedItem>,
        envelope: Signed,
        hops: Vec<Signed>,
        content: Bytes,
        content_key: [u8; 32],
    },
    Withdrawal {
        withdrawal: crate::model::item::Withdrawal,
        statement: Signed,
    },
    Recall(ItemId),
}

impl Verified {
    fn item(&self) -> ItemId {
        match self {
            Verified::Revision { item, .. } => item.envelope().item,
            Verified::Withdrawal { withdrawal, .. } => withdrawal.item,
            Verified::Recall(item) => *item,
        }
    }

    fn into_delivered(self, pseudonyms: &Pseudonyms) -> DeliveredItem {
        let item = self.item();
        let kind = match self {
            Verified::Revision {
                item,
                envelope: signed,
                hops,
                content,
                content_key,
            } => DeliveredKind::Revision {
                revision: item.envelope().revision,
                fingerprints: [fingerprint_of(pseudonyms, &item.envelope().source), None],
                envelope: signed,
                hops,
                content,
                content_key,
            },
            Verified::Withdrawal {
                withdrawal,
                statement,
            } => DeliveredKind::Withdrawal {
                id: withdrawal.id,
                statement,
            },
            Verified::Recall(_) => DeliveredKind::Recall,
        };
        DeliveredItem { item, kind }
    }
}

struct Verifier {
    federation: Arc<Federation>,
    supplier: CommunityId,
    now: Timestamp,
}

impl Verifier {
    fn check(&self, received: Received) -> Result<Verified, Quarantined> {
        match received {
            Received::Item(item) => self.item(item),
            Received::Recall(recall) => self.recall(&recall),
        }
    }

    fn item(&self, item: pb::Item) -> Result<Verified, Quarantined> {
        let bad = |record: &[u8], id: Option<ItemId>, reason: String| Quarantined {
            supplier: self.supplier.clone(),
            item: id,
            reason,
            sha256: Digest::of(record),
            at: self.now,
            evidence: None,
        };
        let signed =
            words::signed(item.envelope.as_ref()).map_err(|e| bad(&[], None, e.to_string()))?;
        let hops: Vec<Signed> = item
            .hops
            .iter()
            .map(|hop| words::signed(Some(hop)))
            .collect::<Result<_, _>>()
            .map_err(|e| bad(&signed.record, None, e.to_string()))?;
        let verified = provenance::verify_item(
            &signed,
            &hops,
            &item.content,
            &self.supplier,
            &self.federation.here,
            &self.federation.keys,
        )
        .map_err(|fault| {
            let claimed = crate::wire::envelope::parse(&signed.record).ok();
            bad(&signed.record, claimed.map(|e| e.item), fault.to_string())
        })?;
        let id = verified.envelope().item;
        let roster = self.federation.log.roster();
        gate::judge_inbound(
            verified.envelope(),
            verified.path(),
            &self.supplier,
            &self.federation.here,
            &roster,
            self.now,
        )
        .map_err(|rule| bad(&signed.record, Some(id), rule.name().to_owned()))?;
        Ok(Verified::Revision {
            item: Box::new(verified),
            envelope: signed,
            hops,
            content: item.content,
            content_key: random_bytes(&*self.federation.entropy),
        })
    }

    fn recall(&self, recall: &pb::Recall) -> Result<Verified, Quarantined> {
        let bad = |reason: String| Quarantined {
            supplier: self.supplier.clone(),
            item: None,
            reason,
            sha256: Digest::of(recall.item.as_bytes()),
            at: self.now,
            evidence: None,
        };
        match &recall.withdrawal {
            Some(record) => {
                let statement = words::signed(Some(record)).map_err(|e| bad(e.to_string()))?;
                let withdrawal = provenance::verify_withdrawal(&statement, &self.federation.keys)
                    .map_err(|fault| bad(fault.to_string()))?;
                if withdrawal.origin == self.federation.here {
                    return Err(bad("a peer withdraws an item of ours".to_owned()));
                }
                Ok(Verified::Withdrawal {
                    withdrawal,
                    statement,
                })
            }
            None => ItemId::parse(&recall.item)
                .map(Verified::Recall)
                .map_err(|e| bad(e.to_string())),
        }
    }
}

/// Only its origin withdraws an item: a withdrawal by another community of an item that is held is not one.
async fn foreign_withdrawal(
    federation: &Federation,
    entry: &Verified,
) -> Result<Option<&'static str>, SessionEnd> {
    let Verified::Withdrawal { withdrawal, .. } = entry else {
        return Ok(None);
    };
    let held = federation.log.entry_of(withdrawal.item, false).await?;
    let foreign = held.is_some_and(|held| match &held.body {
        EntryBody::Item { envelope, .. } => envelope.origin != withdrawal.origin,
        EntryBody::Withdrawal { .. } | EntryBody::Recall { .. } => false,
    });
    Ok(foreign.then_some("withdrawn by another community than its origin"))
}
