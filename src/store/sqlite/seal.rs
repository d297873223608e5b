//! Content sealed under a key of its own (AES-256-GCM), so that erasing the key erases the content.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use bytes::Bytes;

use crate::model::ids::ItemId;

/// Seals the content of a revision.
///
/// A key seals one content only. Should a caller use one again for another revision or item, the nonce, made of the
/// item's random tail and the revision, still differs.
pub(super) fn seal(item: ItemId, revision: u32, key: &[u8; 32], content: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(content.len() + AES_256_GCM.tag_len());
    sealed.extend_from_slice(content);
    cipher(key)
        .seal_in_place_append_tag(nonce(item, revision), aad(item, revision), &mut sealed)
        .expect("content is far below the 64 GiB that the cipher seals");
    sealed
}

/// Opens what [`seal`] made; `None` if it was altered or belongs elsewhere.
pub(super) fn open(item: ItemId, revision: u32, key: &[u8], mut sealed: Vec<u8>) -> Option<Bytes> {
    let key: &[u8; 32] = key.try_into().ok()?;
    let length = cipher(key)
        .open_in_place(nonce(item, revision), aad(item, revision), &mut sealed)
        .ok()?
        .len();
    sealed.truncate(length);
    Some(Bytes::from(sealed))
}

/// Seals what the objects of a revision were called under the key of its content, apart from that content.
pub(super) fn seal_reissued(item: ItemId, revision: u32, key: &[u8; 32], ids: &[u8]) -> Vec<u8> {
    seal(item, revision ^ REISSUED, key, ids)
}

/// Opens what [`seal_reissued`] made.
pub(super) fn open_reissued(
    item: ItemId,
    revision: u32,
    key: &[u8],
    sealed: Vec<u8>,
) -> Option<Bytes> {
    open(item, revision ^ REISSUED, key, sealed)
}

/// Keeps the nonce of what the objects were called apart from that of the content: no item has so many revisions.
const REISSUED: u32 = 1 << 31;

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, key).expect("the key has the cipher's 32 bytes");
    LessSafeKey::new(key)
}

fn nonce(item: ItemId, revision: u32) -> Nonce {
    let mut nonce = [0; 12];
    let id = item.bytes();
    let bytes = id.iter().skip(8).copied().chain(revision.to_be_bytes());
    for (to, from) in nonce.iter_mut().zip(bytes) {
        *to = from;
    }
    Nonce::assume_unique_for_key(nonce)
}

fn aad(item: ItemId, revision: u32) -> Aad<[u8; 20]> {
    let mut aad = [0; 20];
    let bytes = item.bytes().into_iter().chain(revision.to_be_bytes());
    for (to, from) in aad.iter_mut().zip(bytes) {
        *to = from;
    }
    Aad::from(aad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_content_opens_only_where_it_belongs() {
        let item = ItemId::new(1_000, [7; 10]);
        let sealed = seal(item, 3, &[1; 32], b"content");
        assert_eq!(
            open(item, 3, &[1; 32], sealed.clone()).as_deref(),
            Some(&b"content"[..])
        );
        assert_eq!(open(item, 4, &[1; 32], sealed.clone()), None);
        assert_eq!(open(item, 3, &[2; 32], sealed.clone()), None);
        assert_eq!(open(item, 3, &[], sealed), None);
        let sealed = seal_reissued(item, 3, &[1; 32], b"content");
        assert_eq!(open(item, 3, &[1; 32], sealed.clone()), None);
        assert_eq!(
            open_reissued(item, 3, &[1; 32], sealed).as_deref(),
            Some(&b"content"[..])
        );
    }
}
