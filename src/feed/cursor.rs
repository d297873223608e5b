//! Cursors: a viewer's place in its feed, sealed so that it tells nothing and fits nobody else.
//!
//! A cursor is AES-256-GCM over generation, epoch and position, with a fresh nonce and the viewer's id as associated data. All
//! cursors have one length; two cursors of one place differ; an edited one, or another viewer's, is refused
//! (threat 11). A cursor is a place, not a right: what may be read from there is decided anew for every item.
//!
//! The generation tells which log the position is of. A cursor that a lost log gave out opens at the start: the positions
//! behind it were, or will be, given again to other entries (threat 45).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::Entropy;
use crate::model::position::{FeedPlace, Position};
use crate::store::Generation;

/// Seals and opens the cursors of one node.
pub struct Cursors {
    key: LessSafeKey,
    generation: Generation,
}

/// A place that a cursor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Where to go on.
    pub place: FeedPlace,
    /// The log that gave the cursor out was lost, and this one was restored from before: the place is the start.
    pub of_lost_log: bool,
}

/// A cursor that this node did not give to this viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this cursor was not given to you by this node; leave it out to read from the beginning")]
pub struct InvalidCursor;

/// Generation (8 bytes), epoch (4 bytes) and position (8 bytes), big-endian.
const PLACE_LEN: usize = 20;
const TAG_LEN: usize = 16;

impl Cursors {
    /// Cursors under this key, which the node keeps, over the log of this generation.
    pub fn new(key: &[u8; 32], generation: Generation) -> Self {
        let unbound = UnboundKey::new(&AES_256_GCM, key)
            .expect("an AES-256 key has 32 bytes, as the argument does");
        Self {
            key: LessSafeKey::new(unbound),
            generation,
        }
    }

    /// The cursor for a place of this viewer.
    pub fn seal(&self, viewer: &str, place: FeedPlace, entropy: &dyn Entropy) -> String {
        let nonce: [u8; NONCE_LEN] = crate::clock::random_bytes(entropy);
        let mut sealed = Vec::with_capacity(PLACE_LEN + TAG_LEN);
        sealed.extend_from_slice(&self.generation.0);
        sealed.extend_from_slice(&place.epoch.to_be_bytes());
        sealed.extend_from_slice(&place.position.0.to_be_bytes());
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(viewer.as_bytes()),
                &mut sealed,
            )
            .expect("sealing twenty bytes is within AES-GCM's bounds");
        let mut cursor = nonce.to_vec();
        cursor.append(&mut sealed);
        URL_SAFE_NO_PAD.encode(cursor)
    }

    /// The place that a cursor of this viewer stands for.
    pub fn open(&self, viewer: &str, cursor: &str) -> Result<Opened, InvalidCursor> {
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
        let (generation, place) = place.split_at_checked(8).ok_or(InvalidCursor)?;
        let (epoch, position) = place.split_at_checked(4).ok_or(InvalidCursor)?;
        let of_lost_log = generation != self.generation.0;
        let position = i64::from_be_bytes(position.try_into().map_err(|_| InvalidCursor)?);
        let place = FeedPlace {
            epoch: u32::from_be_bytes(epoch.try_into().map_err(|_| InvalidCursor)?),
            position: match of_lost_log {
                true => Position::START,
                false => Position(position),
            },
        };
        Ok(Opened { place, of_lost_log })
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

    const FIRST: Generation = Generation([1; 8]);

    fn here(place: FeedPlace) -> Result<Opened, InvalidCursor> {
        let of_lost_log = false;
        Ok(Opened { place, of_lost_log })
    }

    #[test]
    fn a_cursor_of_a_log_that_was_lost_opens_at_the_start() {
        let cursor = Cursors::new(&[7; 32], FIRST).seal("v", place(), &SystemEntropy::default());
        let restored = Cursors::new(&[7; 32], Generation([2; 8]));
        let opened = restored.open("v", &cursor).expect("the key is the same");
        assert!(opened.of_lost_log);
        assert_eq!(opened.place.position, Position::START);
    }

    fn place() -> FeedPlace {
        FeedPlace {
            epoch: 3,
            position: Position(77),
        }
    }

    #[test]
    fn a_cursor_opens_for_its_viewer_alone() {
        let cursors = Cursors::new(&[7; 32], FIRST);
        let cursor = cursors.seal("acme/tool/siem", place(), &SystemEntropy::default());
        assert_eq!(cursors.open("acme/tool/siem", &cursor), here(place()));
        assert_eq!(cursors.open("acme/tool/edr", &cursor), Err(InvalidCursor));
        assert_eq!(
            Cursors::new(&[8; 32], FIRST).open("acme/tool/siem", &cursor),
            Err(InvalidCursor)
        );
    }

    #[test]
    fn cursors_have_one_length_and_never_repeat() {
        let cursors = Cursors::new(&[7; 32], FIRST);
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
        let cursors = Cursors::new(&[7; 32], FIRST);
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
