//! What stands in one column in one piece: a row's body, a document's state, lists of certificates.

use bytes::{Buf, BufMut, Bytes};

use crate::anonymity::Reissued;
use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, Digest, ItemId, KeyId};
use crate::model::label::Label;
use crate::model::signed::Signed;
use crate::model::words::Kind;
use crate::store::{DocumentPart, DocumentState, Fingerprint, Fingerprints, LogClass, LogRow};

/// What of a log's row stands in one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Body {
    pub class: Class,
    pub item: ItemId,
    pub revision: u32,
    pub recorded: Timestamp,
    /// The number of the document that it is a part of.
    pub document: Option<i64>,
    /// For a withdrawal or recall, the position of the item's row that it ended; for a revision, that of the one before.
    pub ends: Option<i64>,
    /// Of which document the item is.
    pub fingerprints: Fingerprints,
    pub supplier: Option<CommunityId>,
    pub hops: Vec<Signed>,
    pub local: Option<Signed>,
    /// The envelope or its tombstone, or the withdrawal; of a recall nothing.
    pub signed: Option<Signed>,
}

/// What a row's body holds that a [`LogRow`] does not show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Beside {
    /// The number of the document that an item is a part of.
    pub document: Option<i64>,
    /// For a withdrawal or recall, the position of the item's row that it ended; for a revision, that of the one before.
    pub ends: Option<i64>,
    /// Of which document the item is.
    pub fingerprints: Fingerprints,
    /// The reason of a withdrawal as it was given. Nothing reads it yet but people who look into the database.
    pub note: String,
}

/// Where the item's id stands in a body, in SQL, where bytes are counted from 1.
macro_rules! item_of_body {
    () => {
        "substr(body, 2, 16)"
    };
}
pub(super) use item_of_body;

/// The same for the fingerprints.
macro_rules! fingerprints_of_body {
    () => {
        "substr(body, 46, 32)"
    };
}
pub(super) use fingerprints_of_body;

/// What a row of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Item,
    /// With the withdrawal's own id.
    Withdrawal(ItemId),
    Recall,
}

/// A row's body: class (1 byte), item (16), revision (4), recorded, document and ends (8 each, 0: none), fingerprints (16 each,
/// zeros: none), then with a length
/// before each (1 byte: supplier and own id; 4 bytes: the others) supplier, own id, note, hops, local record, and the
/// signed record. Zeros may follow.
pub(super) fn body(row: &LogRow, beside: &Beside) -> Vec<u8> {
    const NONE: &[Signed] = &[];
    let (class, own_id, hops, local, signed) = match &row.class {
        LogClass::Item {
            envelope,
            hops,
            local,
        } => (ITEM, None, hops.as_slice(), local.as_ref(), Some(envelope)),
        LogClass::Withdrawal { id, statement, .. } => {
            (WITHDRAWAL, Some(id.bytes()), NONE, None, Some(statement))
        }
        LogClass::Recall { .. } => (RECALL, None, NONE, None, None),
    };
    let supplier = row.supplier.as_ref().map_or("", |s| s.as_str());
    let own_id = own_id.as_ref().map_or(&[][..], |id| &id[..]);
    let hops_length: usize = hops.iter().map(|h| 4 + signed_length(h)).sum();
    let local_length = local.map_or(0, signed_length);
    let signed_length = signed.map_or(0, signed_length);
    let fixed = 1 + 16 + 4 + 3 * 8 + 2 * 16 + 2 + 4 * 4;
    let mut out = Vec::with_capacity(
        fixed
            + supplier.len()
            + own_id.len()
            + beside.note.len()
            + hops_length
            + local_length
            + signed_length,
    );
    out.put_u8(class);
    out.put_slice(&row.item.bytes());
    out.put_u32(row.revision);
    out.put_i64(row.recorded.micros());
    out.put_i64(beside.document.unwrap_or_default());
    out.put_i64(beside.ends.unwrap_or_default());
    for fingerprint in beside.fingerprints {
        out.put_slice(&fingerprint.map_or([0; 16], Fingerprint::bytes));
    }
    for short in [supplier.as_bytes(), own_id] {
        out.put_u8(u8::try_from(short.len()).expect("an id has at most 253 bytes"));
        out.put_slice(short);
    }
    put_length(&mut out, beside.note.len());
    out.put_slice(beside.note.as_bytes());
    put_length(&mut out, hops_length);
    for hop in hops {
        put_length(&mut out, self::signed_length(hop));
        put_signed(&mut out, hop);
    }
    for (length, record) in [(local_length, local), (signed_length, signed)] {
        put_length(&mut out, length);
        if let Some(record) = record {
            put_signed(&mut out, record);
        }
    }
    out
}

/// The way back.
pub(super) fn body_back(mut bytes: Bytes) -> Option<Body> {
    let class = bytes.try_get_u8().ok()?;
    let item = id_back(&mut bytes)?;
    let revision = bytes.try_get_u32().ok()?;
    let recorded = Timestamp::from_micros(bytes.try_get_i64().ok()?);
    let document = bytes.try_get_i64().ok()?;
    let ends = bytes.try_get_i64().ok()?;
    let mut marks = [0; 32];
    bytes.try_copy_to_slice(&mut marks).ok()?;
    let supplier = short_back(&mut bytes)?;
    let mut own_id = short_back(&mut bytes)?;
    let _note = long_back(&mut bytes)?;
    let hops = long_back(&mut bytes)?;
    let local = long_back(&mut bytes)?;
    let signed = long_back(&mut bytes)?;
    if bytes.iter().any(|b| *b != 0) {
        return None;
    }
    Some(Body {
        class: match class {
            ITEM => Class::Item,
            WITHDRAWAL => Class::Withdrawal(id_back(&mut own_id)?),
            RECALL => Class::Recall,
            _ => return None,
        },
        item,
        revision,
        recorded,
        document: (document != 0).then_some(document),
        ends: (ends != 0).then_some(ends),
        fingerprints: fingerprints(&marks),
        supplier: if supplier.is_empty() {
            None
        } else {
            Some(CommunityId::parse(std::str::from_utf8(&supplier).ok()?).ok()?)
        },
        hops: list_back(hops)?
            .into_iter()
            .map(signed_back)
            .collect::<Option<_>>()?,
        local: optional_signed_back(local)?,
        signed: optional_signed_back(signed)?,
    })
}

/// The state of a document without its tag: the digest of the content (32 bytes), the declared label (0: none), the version
/// with two bytes of length before it, and the parts.
pub(super) fn document(state: &DocumentState) -> Vec<u8> {
    let version = state.version.as_bytes();
    let mut out = Vec::with_capacity(35 + version.len() + state.parts.len() * PART_BYTES);
    out.put_slice(&state.content_sha256.0);
    out.put_u8(state.declared.map_or(0, label_code));
    out.put_u16(u16::try_from(version.len()).expect("wire bounds a version at 128 bytes"));
    out.put_slice(version);
    put_parts(&mut out, &state.parts);
    out
}

/// The way back.
pub(super) fn document_back(tag: i64, bytes: &[u8]) -> Option<DocumentState> {
    let (content_sha256, bytes) = bytes.split_at_checked(32)?;
    let mut bytes = bytes;
    let declared = match bytes.try_get_u8().ok()? {
        0 => None,
        code => Some(label_back(code)?),
    };
    let length = usize::from(bytes.try_get_u16().ok()?);
    let (version, parts) = bytes.split_at_checked(length)?;
    Some(DocumentState {
        tag,
        version: std::str::from_utf8(version).ok()?.to_owned(),
        content_sha256: Digest::from_slice(content_sha256)?,
        declared,
        parts: parts_back(parts)?,
    })
}

/// Both fingerprints of a row; zeros are none.
pub(super) fn fingerprints(bytes: &[u8]) -> Fingerprints {
    let (marks, _) = bytes.as_chunks::<16>();
    let mut marks = marks.iter().copied().map(Fingerprint::from_bytes);
    [marks.next().flatten(), marks.next().flatten()]
}

/// Old and new ids by turns.
pub(super) fn reissued(reissued: &[Reissued]) -> Vec<u8> {
    let ids: Vec<Vec<u8>> = reissued
        .iter()
        .flat_map(|r| [r.from.as_bytes().to_vec(), r.to.as_bytes().to_vec()])
        .collect();
    list(&ids)
}

/// The way back.
pub(super) fn reissued_back(bytes: Bytes) -> Option<Vec<Reissued>> {
    let ids: Vec<String> = list_back(bytes)?
        .into_iter()
        .map(|id| String::from_utf8(id.to_vec()).ok())
        .collect::<Option<_>>()?;
    let (pairs, rest) = ids.as_chunks::<2>();
    rest.is_empty().then(|| {
        pairs
            .iter()
            .map(|[from, to]| Reissued {
                from: from.clone(),
                to: to.clone(),
            })
            .collect()
    })
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

/// The parts of a document, 22 bytes each: label, item, revision, kind.
fn put_parts(out: &mut Vec<u8>, parts: &[DocumentPart]) {
    for part in parts {
        out.put_u8(label_code(part.label));
        out.put_slice(&part.item.bytes());
        out.put_u32(part.revision);
        out.put_u8(kind_code(part.kind));
        out.put_slice(&part.options_sha256.0);
        out.put_u8(u8::from(part.label_is_given));
    }
}

/// The way back. A number that stands for nothing is not read as something.
fn parts_back(bytes: &[u8]) -> Option<Vec<DocumentPart>> {
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
            let mut options = [0; 32];
            chunk.try_copy_to_slice(&mut options).ok()?;
            let label_is_given = match chunk.try_get_u8().ok()? {
                0 => false,
                1 => true,
                _ => return None,
            };
            Some(DocumentPart {
                label: label_back(label)?,
                item: ItemId::from_bytes(item),
                revision,
                kind: Kind::ALL.iter().copied().find(|k| kind_code(*k) == kind)?,
                options_sha256: Digest(options),
                label_is_given,
            })
        })
        .collect()
}

const PART_BYTES: usize = 55;

const ITEM: u8 = 1;
const WITHDRAWAL: u8 = 2;
const RECALL: u8 = 3;

/// The length of the signature (one byte), the key id, the signature, the record.
fn signed_back(mut bytes: Bytes) -> Option<Signed> {
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

/// Nothing, or a signed record; `None` if it is neither.
#[expect(
    clippy::option_option,
    reason = "the outer one says that it does not read"
)]
fn optional_signed_back(bytes: Bytes) -> Option<Option<Signed>> {
    if bytes.is_empty() {
        Some(None)
    } else {
        signed_back(bytes).map(Some)
    }
}

fn id_back(bytes: &mut Bytes) -> Option<ItemId> {
    let mut id = [0; 16];
    bytes.try_copy_to_slice(&mut id).ok()?;
    Some(ItemId::from_bytes(id))
}

fn short_back(bytes: &mut Bytes) -> Option<Bytes> {
    let length = usize::from(bytes.try_get_u8().ok()?);
    (length <= bytes.len()).then(|| bytes.split_to(length))
}

fn long_back(bytes: &mut Bytes) -> Option<Bytes> {
    let length = usize::try_from(bytes.try_get_u32().ok()?).ok()?;
    (length <= bytes.len()).then(|| bytes.split_to(length))
}

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

/// The label that a number stands for.
pub(super) fn label_back(code: u8) -> Option<Label> {
    Label::ALL.into_iter().find(|l| label_code(*l) == code)
}

pub(super) const fn label_code(label: Label) -> u8 {
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
    use crate::model::position::Position;
    use crate::store::RowState;

    fn a_signed(record: &'static [u8]) -> Signed {
        Signed {
            record: Bytes::from_static(record),
            signature: Bytes::from_static(&[7; 64]),
            key: KeyId(Digest([9; 32])),
        }
    }

    fn a_row(class: LogClass, supplier: Option<CommunityId>) -> LogRow {
        LogRow {
            position: Position(1),
            item: ItemId::new(1, [1; 10]),
            revision: 3,
            class,
            state: RowState::Live,
            recorded: Timestamp::from_seconds(-4),
            supplier,
            content: None,
            before: None,
        }
    }

    #[test]
    fn what_is_packed_comes_back() {
        let water = CommunityId::parse("water.isac.example").expect("a valid id");
        let (hops, local) = (vec![a_signed(b"one"), a_signed(b"")], a_signed(b"local"));
        let row = a_row(
            LogClass::Item {
                envelope: a_signed(b"envelope"),
                hops: hops.clone(),
                local: Some(local.clone()),
            },
            Some(water.clone()),
        );
        let beside = Beside {
            document: Some(8),
            ends: None,
            fingerprints: [Fingerprint::from_bytes([0x88; 16]), None],
            note: "a note".into(),
        };
        let mut packed = body(&row, &beside);
        packed.extend_from_slice(&[0; 9]);
        let expected = Body {
            class: Class::Item,
            item: row.item,
            revision: 3,
            recorded: row.recorded,
            document: Some(8),
            ends: None,
            fingerprints: [Fingerprint::from_bytes([0x88; 16]), None],
            supplier: Some(water),
            hops,
            local: Some(local),
            signed: Some(a_signed(b"envelope")),
        };
        assert_eq!(body_back(Bytes::from(packed)), Some(expected.clone()));
        let id = ItemId::new(7, [7; 10]);
        let row = a_row(
            LogClass::Withdrawal {
                id,
                statement: a_signed(b"withdrawal"),
                of: None,
                item_recorded: row.recorded,
            },
            None,
        );
        let expected = Body {
            class: Class::Withdrawal(id),
            document: None,
            ends: Some(9),
            fingerprints: [None; 2],
            supplier: None,
            hops: Vec::new(),
            local: None,
            signed: Some(a_signed(b"withdrawal")),
            ..expected
        };
        let beside = Beside {
            ends: Some(9),
            ..Beside::default()
        };
        assert_eq!(body_back(Bytes::from(body(&row, &beside))), Some(expected));
        let part = DocumentPart {
            label: Label::AmberStrict,
            item: id,
            revision: 9,
            kind: Kind::Report,
            options_sha256: Digest([2; 32]),
            label_is_given: true,
        };
        let state = DocumentState {
            tag: 4,
            version: "1.2".into(),
            content_sha256: Digest([1; 32]),
            declared: Some(Label::Amber),
            parts: vec![part, part],
        };
        assert_eq!(document_back(4, &document(&state)), Some(state));
    }

    #[test]
    fn damage_is_nothing() {
        let row = a_row(
            LogClass::Item {
                envelope: a_signed(b"one"),
                hops: vec![a_signed(b"hop")],
                local: None,
            },
            None,
        );
        let packed = body(&row, &Beside::default());
        for length in 0..packed.len() {
            let cut = Bytes::from(packed.iter().copied().take(length).collect::<Vec<u8>>());
            let back = body_back(cut).and_then(|b| b.signed);
            assert_ne!(back, Some(a_signed(b"one")), "{length}");
        }
        assert_eq!(parts_back(&[0; 55]), None);
        assert_eq!(parts_back(&[1; 56]), None);
        assert_eq!(document_back(1, &[0; 33]), None);
    }
}
