//! The local record of an un-named item, sealed: it alone says who submitted (threat 23).
//!
//! The key is derived from the secret behind the pseudonyms, which is in no database: whoever has only that learns
//! nothing. The signature is sealed with the record, because it would confirm a guess.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use bytes::{BufMut, Bytes, BytesMut};

use super::{Pseudonyms, Reissued};
use crate::model::ids::{Digest, ItemId};
use crate::model::signed::Signed;

/// Seals and opens the records that say who submitted. Cheap to clone.
#[derive(Clone)]
pub struct SourceSeal {
    key: Arc<LessSafeKey>,
}

impl std::fmt::Debug for SourceSeal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SourceSeal")
    }
}

/// What a sealed record begins with, and no message does: a field without a number.
const SEALED: u8 = 0;
/// The mark, the item, the revision.
const HEAD_BYTES: usize = 1 + 16 + 4;

impl SourceSeal {
    /// The seal that belongs to the secret of these pseudonyms.
    pub fn of(pseudonyms: &Pseudonyms) -> Self {
        let key = pseudonyms.digest("seal", &[]).0;
        let key =
            UnboundKey::new(&AES_256_GCM_SIV, &key).expect("a digest has the cipher's 32 bytes");
        Self {
            key: Arc::new(LessSafeKey::new(key)),
        }
    }

    /// Seals a record together with its signature. Which key signed stays in clear: it is that of the node.
    ///
    /// A revision may be sealed more than once, with another content, when a push is decided anew or after a restore:
    /// the cipher withstands a nonce that comes again.
    pub fn sealed(&self, item: ItemId, revision: u32, signed: &Signed) -> Signed {
        let head = head(item, revision);
        let signature_length = u8::try_from(signed.signature.len())
            .expect("an Ed25519 signature has 64 bytes, and wire accepts no other");
        let mut content: Vec<u8> = Vec::with_capacity(
            signed.record.len() + signed.signature.len() + AES_256_GCM_SIV.tag_len() + 1,
        );
        content.put_u8(signature_length);
        content.put_slice(&signed.signature);
        content.put_slice(&signed.record);
        self.key
            .seal_in_place_append_tag(nonce(item, revision), Aad::from(head), &mut content)
            .expect("a record is far below what the cipher seals");
        let mut record = BytesMut::with_capacity(head.len() + content.len());
        record.put_slice(&head);
        record.put_slice(&content);
        Signed {
            record: record.freeze(),
            signature: Bytes::new(),
            key: signed.key,
        }
    }

    /// Seals what stands beside a push and could give its source away: an answer, a note, an old id. `about` is what it
    /// belongs to, and opens it again.
    pub fn hidden(&self, purpose: &str, about: &[u8], clear: &[u8]) -> Vec<u8> {
        let mut content = clear.to_vec();
        self.key
            .seal_in_place_append_tag(
                nonce_of(purpose, about),
                Aad::from(purpose.as_bytes()),
                &mut content,
            )
            .expect("what is hidden is far below what the cipher seals");
        content
    }

    /// Opens what [`SourceSeal::hidden`] made; `None`: it was altered, or belongs elsewhere.
    pub fn shown(&self, purpose: &str, about: &[u8], hidden: &[u8]) -> Option<Vec<u8>> {
        let mut content = hidden.to_vec();
        let length = self
            .key
            .open_in_place(
                nonce_of(purpose, about),
                Aad::from(purpose.as_bytes()),
                &mut content,
            )
            .ok()?
            .len();
        content.truncate(length);
        Some(content)
    }

    /// An object's new id with its old one sealed, as it is kept.
    pub fn reissued_hidden(&self, reissued: &Reissued) -> Reissued {
        let from = self.hidden("reissued", reissued.to.as_bytes(), reissued.from.as_bytes());
        Reissued {
            from: hex::encode(from),
            to: reissued.to.clone(),
        }
    }

    /// The way back.
    pub fn reissued_shown(&self, kept: &Reissued) -> Option<Reissued> {
        let hidden = hex::decode(&kept.from).ok()?;
        let from = self.shown("reissued", kept.to.as_bytes(), &hidden)?;
        Some(Reissued {
            from: String::from_utf8(from).ok()?,
            to: kept.to.clone(),
        })
    }

    /// Whether a record is sealed.
    pub fn is_sealed(signed: &Signed) -> bool {
        signed.record.first() == Some(&SEALED)
    }

    /// The record in clear: what is not sealed, such as that of a named item, as it is. `None`: it was altered, or belongs
    /// to another item, or was sealed with another secret.
    pub fn opened(&self, item: ItemId, signed: &Signed) -> Option<Signed> {
        if !Self::is_sealed(signed) {
            return Some(signed.clone());
        }
        let (head, sealed) = signed.record.split_at_checked(HEAD_BYTES)?;
        let head: [u8; HEAD_BYTES] = head.try_into().ok()?;
        let revision = head.last_chunk::<4>().copied().map(u32::from_be_bytes)?;
        if head != self::head(item, revision) {
            return None;
        }
        let mut content = sealed.to_vec();
        let length = self
            .key
            .open_in_place(nonce(item, revision), Aad::from(head), &mut content)
            .ok()?
            .len();
        content.truncate(length);
        let mut content = Bytes::from(content);
        let signature_length = usize::from(*content.first()?);
        if content.len() <= signature_length {
            return None;
        }
        let _ = content.split_to(1);
        let signature = content.split_to(signature_length);
        Some(Signed {
            record: content,
            signature,
            key: signed.key,
        })
    }
}

fn head(item: ItemId, revision: u32) -> [u8; HEAD_BYTES] {
    let mut head = [SEALED; HEAD_BYTES];
    let bytes = item.bytes().into_iter().chain(revision.to_be_bytes());
    for (to, from) in head.iter_mut().skip(1).zip(bytes) {
        *to = from;
    }
    head
}

/// Another one for each purpose and thing; the cipher withstands one that comes again.
fn nonce_of(purpose: &str, about: &[u8]) -> Nonce {
    let mut bytes = Vec::with_capacity(purpose.len() + 1 + about.len());
    bytes.extend_from_slice(purpose.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(about);
    let digest = Digest::of(&bytes).0;
    let mut nonce = [0; 12];
    for (to, from) in nonce.iter_mut().zip(digest) {
        *to = from;
    }
    Nonce::assume_unique_for_key(nonce)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::KeyId;

    fn a_record() -> Signed {
        Signed {
            record: Bytes::from_static(b"\x0a\x03abc"),
            signature: Bytes::from_static(&[7; 64]),
            key: KeyId(Digest([9; 32])),
        }
    }

    #[test]
    fn what_is_sealed_opens_only_with_its_secret_and_for_its_item() {
        let seal = SourceSeal::of(&Pseudonyms::new(&[1; 32]));
        let (item, other) = (ItemId::new(1, [1; 10]), ItemId::new(1, [2; 10]));
        let sealed = seal.sealed(item, 3, &a_record());
        assert!(!sealed.record.windows(3).any(|w| w == b"abc"));
        assert!(!sealed.record.windows(9).any(|w| w == [7; 9]));
        assert!(sealed.signature.is_empty());
        assert_eq!(seal.opened(item, &sealed), Some(a_record()));
        assert_eq!(seal.opened(other, &sealed), None);
        let stranger = SourceSeal::of(&Pseudonyms::new(&[2; 32]));
        assert_eq!(stranger.opened(item, &sealed), None);
        for at in 0..sealed.record.len() {
            let mut record = sealed.record.to_vec();
            record[at] ^= 1;
            let altered = Signed {
                record: record.into(),
                ..sealed.clone()
            };
            assert_ne!(seal.opened(item, &altered), Some(a_record()), "{at}");
            let cut = Signed {
                record: sealed.record.slice(..at),
                ..sealed.clone()
            };
            assert_ne!(seal.opened(item, &cut), Some(a_record()), "{at}");
        }
    }

    #[test]
    fn what_is_hidden_is_shown_only_for_its_purpose_and_thing() {
        let seal = SourceSeal::of(&Pseudonyms::new(&[1; 32]));
        let hidden = seal.hidden("note", b"one", b"why");
        assert_eq!(
            seal.shown("note", b"one", &hidden).as_deref(),
            Some(&b"why"[..])
        );
        assert_eq!(seal.shown("note", b"two", &hidden), None);
        assert_eq!(seal.shown("answer", b"one", &hidden), None);
        let reissued = Reissued {
            from: "identity--old".to_owned(),
            to: "identity--new".to_owned(),
        };
        let kept = seal.reissued_hidden(&reissued);
        assert!(!kept.from.contains("old"));
        assert_eq!(seal.reissued_shown(&kept), Some(reissued));
    }

    #[test]
    fn what_is_not_sealed_is_as_it_is() {
        let seal = SourceSeal::of(&Pseudonyms::new(&[1; 32]));
        let item = ItemId::new(1, [1; 10]);
        assert_eq!(seal.opened(item, &a_record()), Some(a_record()));
    }
}
