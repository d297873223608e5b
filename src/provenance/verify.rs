//! From bytes that arrived to an item that can be believed.

use bytes::Bytes;

use super::fault::Fault;
use super::key::{Keyring, VerifyingKey};
use super::pae::Payload;
use crate::model::ids::{CommunityId, Digest};
use crate::model::item::{Envelope, Hop, LocalRecord, Withdrawal};
use crate::model::label::Label;
use crate::model::signed::Signed;
use crate::wire::{self, Malformed};

/// An item whose origin signature, hops and content were all verified; what it says is what was signed.
#[derive(Debug, Clone)]
pub struct VerifiedItem {
    envelope: Envelope,
    signed: Signed,
    hops: Vec<Signed>,
    path: Vec<CommunityId>,
}

impl VerifiedItem {
    /// What the origin signed.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The very bytes that say it, with the origin's signature.
    pub fn signed(&self) -> &Signed {
        &self.signed
    }

    /// The hops, the origin's first, the one to this community last.
    pub fn hops(&self) -> &[Signed] {
        &self.hops
    }

    /// The communities on the way, origin first, the receiver last.
    pub fn path(&self) -> &[CommunityId] {
        &self.path
    }

    /// What remains of the envelope once the item was withdrawn.
    pub fn tombstone(&self) -> Bytes {
        wire::envelope::tombstone(&self.envelope)
    }
}

/// Verifies an item as it arrives at `here` from `supplier` (the origin itself, or the last hop's sender): the
/// origin's signature, each hop, the content, and what no honest supplier sends whatever was agreed.
pub fn verify_item(
    signed: &Signed,
    hops: &[Signed],
    content: &[u8],
    supplier: &CommunityId,
    here: &CommunityId,
    keys: &dyn Keyring,
) -> Result<VerifiedItem, Fault> {
    let envelope = verify_envelope(signed, keys)?;
    let path = verify_arrival(&envelope, signed, hops, here, keys)?;
    // The path ends here, so that the community before the last is the one that forwarded it.
    match path.iter().rev().nth(1) {
        Some(sender) if sender == supplier => {}
        Some(sender) => return Err(Fault::ForwardedByAnother(sender.clone())),
        None => return Err(Fault::NoHops),
    }
    verify_content(&envelope, content)?;
    Ok(VerifiedItem {
        envelope,
        signed: signed.clone(),
        hops: hops.to_vec(),
        path,
    })
}

/// Verifies what a node says of an item that it holds: the envelope and the way to `here`, without the content. An item
/// of `here` itself has no hops. For readers that do not take their own node's word for it.
pub fn verify_held(
    signed: &Signed,
    hops: &[Signed],
    here: &CommunityId,
    keys: &dyn Keyring,
) -> Result<(Envelope, Vec<CommunityId>), Fault> {
    let envelope = verify_envelope(signed, keys)?;
    let path = if envelope.origin == *here && hops.is_empty() {
        vec![here.clone()]
    } else {
        verify_arrival(&envelope, signed, hops, here, keys)?
    };
    Ok((envelope, path))
}

/// Verifies an envelope alone, by its origin's key.
pub fn verify_envelope(signed: &Signed, keys: &dyn Keyring) -> Result<Envelope, Fault> {
    verified(
        Payload::Envelope,
        signed,
        Envelope::BYTES_MAX,
        keys,
        wire::envelope::parse,
        |envelope| &envelope.origin,
    )
}

/// Verifies a local record against the envelope it belongs to: both by keys of the envelope's origin, and about the
/// same revision.
pub fn verify_local_record(
    local: &Signed,
    envelope: &Signed,
    keys: &dyn Keyring,
) -> Result<LocalRecord, Fault> {
    let said = verify_envelope(envelope, keys)?;
    let record = verified(
        Payload::LocalRecord,
        local,
        wire::local_record::BYTES_MAX,
        keys,
        wire::local_record::parse,
        |record| &record.submitter.community,
    )?;
    let belongs = record.item == said.item
        && record.revision == said.revision
        && record.submitter.community == said.origin
        && record.envelope_sha256 == Digest::of(&envelope.record);
    if belongs {
        Ok(record)
    } else {
        Err(Fault::RecordsDiffer)
    }
}

/// Verifies a withdrawal by the key of the origin that it names. Whether the item is that origin's is for the caller to
/// look up.
pub fn verify_withdrawal(signed: &Signed, keys: &dyn Keyring) -> Result<Withdrawal, Fault> {
    verified(
        Payload::Withdrawal,
        signed,
        wire::withdrawal::BYTES_MAX,
        keys,
        wire::withdrawal::parse,
        |withdrawal| &withdrawal.origin,
    )
}

/// Verifies a signature over an agreement's terms by a key of this community.
pub fn verify_terms(terms: &[u8], signature: &[u8], key: &VerifyingKey) -> Result<(), Fault> {
    bounded(Payload::Agreement, terms, wire::agreement::BYTES_MAX)?;
    key.verify(Payload::Agreement, terms, signature)
}

/// The communities on the way of an item whose hops were verified when it was stored: origin first, the last receiver last.
pub fn path_of(origin: &CommunityId, hops: &[Signed]) -> Result<Vec<CommunityId>, Malformed> {
    let mut path = Vec::with_capacity(hops.len().saturating_add(1));
    path.push(origin.clone());
    for signed in hops {
        path.push(hop(signed)?.to);
    }
    Ok(path)
}

/// Parses a hop's bytes.
pub fn hop(signed: &Signed) -> Result<Hop, Malformed> {
    wire::hop::parse(&signed.record)
}

/// Verifies the way of an item that came from elsewhere, and that it is one that may come at all.
fn verify_arrival(
    envelope: &Envelope,
    signed: &Signed,
    hops: &[Signed],
    here: &CommunityId,
    keys: &dyn Keyring,
) -> Result<Vec<CommunityId>, Fault> {
    if envelope.origin == *here {
        return Err(Fault::OwnOrigin);
    }
    if envelope.label.never_leaves() {
        return Err(Fault::LabelNeverLeaves(envelope.label));
    }
    named(envelope, here)?;
    let path = verify_hops(envelope, signed, hops, keys)?;
    if envelope.label == Label::Amber && hops.len() > 1 {
        return Err(Fault::OnwardAmber);
    }
    match path.last() {
        Some(last) if last == here => Ok(path),
        Some(last) => Err(Fault::ForwardedElsewhere(last.clone())),
        None => Err(Fault::NoHops),
    }
}

/// The audience, or its absence, includes this community (design.md part 4, *Who may receive*).
fn named(envelope: &Envelope, here: &CommunityId) -> Result<(), Fault> {
    let included = match &envelope.audience {
        Some(audience) => audience.communities.contains(here),
        None => match envelope.label {
            Label::Clear | Label::Green => true,
            Label::Amber | Label::AmberStrict | Label::Red => false,
        },
    };
    if included {
        Ok(())
    } else {
        Err(Fault::NotNamed)
    }
}

/// Verifies each hop against the envelope and the hop before it. Returns the path.
fn verify_hops(
    envelope: &Envelope,
    signed: &Signed,
    hops: &[Signed],
    keys: &dyn Keyring,
) -> Result<Vec<CommunityId>, Fault> {
    hops_bound(envelope, hops.len())?;
    let envelope_sha256 = Digest::of(&signed.record);
    let mut path = vec![envelope.origin.clone()];
    let mut previous = None;
    for (number, signed_hop) in (1..).zip(hops) {
        let hop = verified(
            Payload::Hop,
            signed_hop,
            wire::hop::BYTES_MAX,
            keys,
            wire::hop::parse,
            |hop| &hop.from,
        )?;
        let of_this_item = hop.item == envelope.item
            && hop.revision == envelope.revision
            && hop.envelope_sha256 == envelope_sha256;
        if !of_this_item {
            return Err(Fault::HopOfAnotherItem { hop: number });
        }
        if path.last() != Some(&hop.from) || hop.previous != previous {
            return Err(Fault::BrokenPath { hop: number });
        }
        if path.contains(&hop.to) {
            return Err(Fault::Loop(hop.to));
        }
        path.push(hop.to);
        previous = Some(Digest::of(&signed_hop.record));
    }
    Ok(path)
}

fn hops_bound(envelope: &Envelope, hops: usize) -> Result<(), Fault> {
    let max = usize::try_from(Envelope::HOPS_MAX).unwrap_or(usize::MAX);
    if hops == 0 {
        return Err(Fault::NoHops);
    }
    if hops > max {
        return Err(Fault::TooManyHops { hops, max });
    }
    match envelope.hop_limit {
        Some(limit) if hops > usize::try_from(limit).unwrap_or(usize::MAX) => {
            Err(Fault::HopLimit { hops, limit })
        }
        Some(_) | None => Ok(()),
    }
}

fn verify_content(envelope: &Envelope, content: &[u8]) -> Result<(), Fault> {
    // The size first: it costs nothing.
    let right_size = u64::try_from(content.len()).is_ok_and(|size| size == envelope.content.size);
    if right_size && Digest::of(content) == envelope.content.sha256 {
        Ok(())
    } else {
        Err(Fault::ContentDiffers)
    }
}

/// Verifies a record's signature, parses those same bytes, and checks that the key is one of the community for which
/// the record speaks.
fn verified<T>(
    payload: Payload,
    signed: &Signed,
    bytes_max: usize,
    keys: &dyn Keyring,
    parse: impl Fn(&[u8]) -> Result<T, Malformed>,
    speaker: impl Fn(&T) -> &CommunityId,
) -> Result<T, Fault> {
    bounded(payload, &signed.record, bytes_max)?;
    let key = keys
        .verifying_key(signed.key)
        .ok_or(Fault::UnknownKey(signed.key))?;
    key.verify(payload, &signed.record, &signed.signature)?;
    let said = parse(&signed.record).map_err(|source| Fault::Malformed {
        record: payload,
        source,
    })?;
    let claimed = speaker(&said);
    if *claimed == key.community {
        Ok(said)
    } else {
        Err(Fault::ForeignKey {
            record: payload,
            claimed: claimed.clone(),
            signer: key.community,
        })
    }
}

/// Refuses a record that is too long before any work is done for it.
fn bounded(payload: Payload, record: &[u8], bytes_max: usize) -> Result<(), Fault> {
    if record.len() <= bytes_max {
        return Ok(());
    }
    let size = record.len();
    Err(Fault::Malformed {
        record: payload,
        source: Malformed::new(
            "record",
            format!("has {size} bytes; at most {bytes_max} are taken"),
        ),
    })
}
