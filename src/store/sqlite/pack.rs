//! Small lists of bytes in one column: signed records, hops, parts, certificates.

use bytes::{Buf, BufMut, Bytes};

use crate::model::ids::{Digest, ItemId, KeyId};
use crate::model::label::Label;
use crate::model::signed::Signed;
use crate::model::words::Kind;
use crate::store::DocumentPart;

/// A signed record: the length of the signature (one byte), the key id, the signature, the record.
pub(super) fn signed(signed: &Signed) -> Vec<u8> {
    let mut out = Vec::with_capacity(signed_length(signed));
    put_signed(&mut out, signed);
    out
}

/// The way back.
pub(super) fn signed_back(mut bytes: Bytes) -> Option<Signed> {
    let signature_length = usize::from(bytes.try_get_u8().ok()?);
    if bytes.len() < 32 + signature_length {
        return None;
    }
    let key = Digest::from_slice(&bytes.split_to(32))?;
    let signature = bytes.split_to(signature_length);
    Some(Signed {
        record: bytes,
        signature,
        key: KeyId(key),
    })
}

/// Hops, each with its length before it; `None` if there are none.
pub(super) fn hops(hops: &[Signed]) -> Option<Vec<u8>> {
    if hops.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(hops.iter().map(|h| 4 + signed_length(h)).sum());
    for hop in hops {
        put_length(&mut out, signed_length(hop));
        put_signed(&mut out, hop);
    }
    Some(out)
}

/// The way back.
pub(super) fn hops_back(bytes: Bytes) -> Option<Vec<Signed>> {
    list_back(bytes)?.into_iter().map(signed_back).collect()
}

/// Byte strings, each with its length before it.
pub(super) fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(items.iter().map(|i| 4 + i.len()).sum());
    for item in items {
        put_length(&mut out, item.len());
        out.extend_from_slice(item);
    }
    out
}

/// The way back.
pub(super) fn list_back(mut bytes: Bytes) -> Option<Vec<Bytes>> {
    let mut items = Vec::new();
    while !bytes.is_empty() {
        let length = usize::try_from(bytes.try_get_u32().ok()?).ok()?;
        if bytes.len() < length {
            return None;
        }
        items.push(bytes.split_to(length));
    }
    Some(items)
}

/// The parts of a document, 22 bytes each.
pub(super) fn parts(parts: &[DocumentPart]) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.len() * PART_BYTES);
    for part in parts {
        out.put_u8(label_code(part.label));
        out.put_slice(&part.item.bytes());
        out.put_u32(part.revision);
        out.put_u8(kind_code(part.kind));
    }
    out
}

/// The way back. A number that stands for nothing is not read as something.
pub(super) fn parts_back(bytes: &[u8]) -> Option<Vec<DocumentPart>> {
    let chunks = bytes.chunks_exact(PART_BYTES);
    if !chunks.remainder().is_empty() {
        return None;
    }
    chunks
        .map(|mut chunk| {
            let label = chunk.try_get_u8().ok()?;
            let mut item = [0; 16];
            chunk.try_copy_to_slice(&mut item).ok()?;
            let revision = chunk.try_get_u32().ok()?;
            let kind = chunk.try_get_u8().ok()?;
            Some(DocumentPart {
                label: Label::ALL.into_iter().find(|l| label_code(*l) == label)?,
                item: ItemId::from_bytes(item),
                revision,
                kind: Kind::ALL.iter().copied().find(|k| kind_code(*k) == kind)?,
            })
        })
        .collect()
}

const PART_BYTES: usize = 22;

fn signed_length(signed: &Signed) -> usize {
    1 + 32 + signed.signature.len() + signed.record.len()
}

fn put_signed(out: &mut Vec<u8>, signed: &Signed) {
    let signature_length = u8::try_from(signed.signature.len())
        .expect("an Ed25519 signature has 64 bytes, and wire accepts no other");
    out.put_u8(signature_length);
    out.put_slice(&signed.key.0.0);
    out.put_slice(&signed.signature);
    out.put_slice(&signed.record);
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    out.put_u32(u32::try_from(length).expect("records are far below 4 GiB"));
}

const fn label_code(label: Label) -> u8 {
    match label {
        Label::Clear => 1,
        Label::Green => 2,
        Label::Amber => 3,
        Label::AmberStrict => 4,
        Label::Red => 5,
    }
}

const fn kind_code(kind: Kind) -> u8 {
    match kind {
        Kind::Indicators => 1,
        Kind::Report => 2,
        Kind::Advisory => 3,
        Kind::Alert => 4,
        Kind::Rfi => 5,
        Kind::Answer => 6,
        Kind::Minutes => 7,
        Kind::Agenda => 8,
        Kind::Decision => 9,
        Kind::Notice => 10,
        Kind::Withdrawal => 11,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_signed(record: &'static [u8]) -> Signed {
        Signed {
            record: Bytes::from_static(record),
            signature: Bytes::from_static(&[7; 64]),
            key: KeyId(Digest([9; 32])),
        }
    }

    #[test]
    fn what_is_packed_comes_back() {
        let one = a_signed(b"one");
        assert_eq!(
            signed_back(Bytes::from(signed(&one))),
            Some(one.clone()),
            "signed"
        );
        let two = vec![one, a_signed(b"")];
        let packed = hops(&two).expect("there are hops");
        assert_eq!(hops_back(Bytes::from(packed)), Some(two));
        let part = DocumentPart {
            label: Label::AmberStrict,
            item: ItemId::new(5, [1; 10]),
            revision: 9,
            kind: Kind::Report,
        };
        assert_eq!(parts_back(&parts(&[part, part])), Some(vec![part, part]));
    }

    #[test]
    fn damage_is_nothing() {
        let packed = hops(&[a_signed(b"one")]).expect("there are hops");
        for length in 1..packed.len() {
            let cut = Bytes::from(packed.iter().copied().take(length).collect::<Vec<u8>>());
            assert_eq!(hops_back(cut), None, "{length}");
        }
        assert_eq!(parts_back(&[0; 22]), None);
        assert_eq!(parts_back(&[1; 23]), None);
        assert_eq!(signed_back(Bytes::new()), None);
    }
}
