//! Cursors: a viewer's place in its feed, sealed so that it tells nothing and fits nobody else.
//!
//! A cursor is AES-256-GCM over epoch and position, with a fresh nonce and the viewer's id as associated data. All
//! cursors have one length; two cursors of one place differ; an edited one, or another viewer's, is refused
//! (threat 11). A cursor is a place, not a right: what may be read from there is decided anew for every item.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::Entropy;
use crate::model::position::{FeedPlace, Position};

/// Seals and opens the cursors of one node.
pub struct Cursors {
    key: LessSafeKey,
}

/// A cursor that this node did not give to this viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this cursor was not given to you by this node; leave it out to read from the beginning")]
pub struct InvalidCursor;

/// Epoch (4 bytes) and position (8 bytes), big-endian.
const PLACE_LEN: usize = 12;
const TAG_LEN: usize = 16;

impl Cursors {
    /// Cursors under this key, which the node keeps.
    pub fn new(key: &[u8; 32]) -> Self {
        let unbound = UnboundKey::new(&AES_256_GCM, key)
            .expect("an AES-256 key has 32 bytes, as the argument does");
        Self {
            key: LessSafeKey::new(unbound),
        }
    }

    /// The cursor for a place of this viewer.
    pub fn seal(&self, viewer: &str, place: FeedPlace, entropy: &dyn Entropy) -> String {
        let nonce: [u8; NONCE_LEN] = crate::clock::random_bytes(entropy);
        let mut sealed = Vec::with_capacity(PLACE_LEN + TAG_LEN);
        sealed.extend_from_slice(&place.epoch.to_be_bytes());
        sealed.extend_from_slice(&place.position.0.to_be_bytes());
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(viewer.as_bytes()),
                &mut sealed,
            )
            .expect("sealing twelve bytes is within AES-GCM's bounds");
        let mut cursor = nonce.to_vec();
        cursor.append(&mut sealed);
        URL_SAFE_NO_PAD.encode(cursor)
    }

    /// The place that a cursor of this viewer stands for.
    pub fn open(&self, viewer: &str, cursor: &str) -> Result<FeedPlace, InvalidCursor> {
        // Longer texts are no cursors, and need not be decoded to know it.
        const CURSOR_CHARS_MAX: usize = (NONCE_LEN + PLACE_LEN + TAG_LEN).div_ceil(3) * 4;
        if cursor.len() > CURSOR_CHARS_MAX {
            return Err(InvalidCursor);
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| InvalidCursor)?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(InvalidCursor)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| InvalidCursor)?;
        let place = self
            .key
            .open_in_place(nonce, Aad::from(viewer.as_bytes()), sealed)
            .map_err(|_| InvalidCursor)?;
        let (epoch, position) = place.split_at_checked(4).ok_or(InvalidCursor)?;
        Ok(FeedPlace {
            epoch: u32::from_be_bytes(epoch.try_into().map_err(|_| InvalidCursor)?),
            position: Position(i64::from_be_bytes(
                position.try_into().map_err(|_| InvalidCursor)?,
            )),
        })
    }
}

impl std::fmt::Debug for Cursors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cursors")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    fn place() -> FeedPlace {
        FeedPlace {
            epoch: 3,
            position: Position(77),
        }
    }

    #[test]
    fn a_cursor_opens_for_its_viewer_alone() {
        let cursors = Cursors::new(&[7; 32]);
        let cursor = cursors.seal("acme/tool/siem", place(), &SystemEntropy::default());
        assert_eq!(cursors.open("acme/tool/siem", &cursor), Ok(place()));
        assert_eq!(cursors.open("acme/tool/edr", &cursor), Err(InvalidCursor));
        assert_eq!(
            Cursors::new(&[8; 32]).open("acme/tool/siem", &cursor),
            Err(InvalidCursor)
        );
    }

    #[test]
    fn cursors_have_one_length_and_never_repeat() {
        let cursors = Cursors::new(&[7; 32]);
        let entropy = SystemEntropy::default();
        let far = FeedPlace {
            epoch: u32::MAX,
            position: Position(i64::MAX),
        };
        let (a, b) = (
            cursors.seal("v", place(), &entropy),
            cursors.seal("v", far, &entropy),
        );
        assert_eq!(a.len(), b.len());
        assert_ne!(a, cursors.seal("v", place(), &entropy));
    }

    #[test]
    fn every_edit_is_refused() {
        let cursors = Cursors::new(&[7; 32]);
        let cursor = cursors.seal("v", place(), &SystemEntropy::default());
        for i in 0..cursor.len() {
            let mut edited = cursor.clone().into_bytes();
            edited[i] = if edited[i] == b'A' { b'B' } else { b'A' };
            if edited != cursor.as_bytes() {
                let edited = String::from_utf8(edited).expect("ASCII stays ASCII");
                assert_eq!(cursors.open("v", &edited), Err(InvalidCursor));
            }
        }
        for text in ["", "x", "AAAA", &"A".repeat(10_000)] {
            assert_eq!(cursors.open("v", text), Err(InvalidCursor));
        }
    }
}
