//! The six words that two operators compare by telephone. Pure.
//!
//! The inviter committed to its nonce in the invite, before it saw anything of the accepter. Who stands between the two
//! has to show each side a CA of its own, and must choose its nonce towards each before it knows the other's: the
//! words then agree with probability 2⁻⁶⁶ (threat 34).

use bip39::Language;

use crate::model::ids::{CommunityId, Digest};

/// What one side showed the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown<'a> {
    /// The community.
    pub(crate) community: &'a CommunityId,
    /// Its CA certificates, DER.
    pub(crate) ca_certificates: &'a [Vec<u8>],
    /// Its nonce.
    pub(crate) nonce: &'a [u8; 32],
}

/// The phrase over both sides and the terms: six lower-case words of the English BIP-39 list, 66 bits.
pub(crate) fn phrase(inviter: &Shown<'_>, accepter: &Shown<'_>, terms: &[u8]) -> String {
    let mut text = Vec::new();
    append(&mut text, b"sluis peering phrase v1");
    for side in [inviter, accepter] {
        append(&mut text, side.community.as_str().as_bytes());
        // In one order, so that both sides agree whichever way the certificates were listed.
        let mut fingerprints: Vec<[u8; 32]> = side
            .ca_certificates
            .iter()
            .map(|certificate| Digest::of(certificate).0)
            .collect();
        fingerprints.sort_unstable();
        append(&mut text, &fingerprints.concat());
        append(&mut text, side.nonce);
    }
    append(&mut text, terms);
    words(&Digest::of(&text))
}

/// What the inviter commits to in the invite.
pub(crate) fn commitment(nonce: &[u8; 32]) -> Digest {
    Digest::of(nonce)
}

/// Behind its length, so that no two different sequences make the same bytes.
fn append(text: &mut Vec<u8>, part: &[u8]) {
    let length = u64::try_from(part.len()).expect("a length in memory fits 64 bits");
    text.extend_from_slice(&length.to_be_bytes());
    text.extend_from_slice(part);
}

/// Eleven bits a word, from the left.
fn words(digest: &Digest) -> String {
    let list = Language::English.word_list();
    let mut left: u128 = digest
        .0
        .iter()
        .take(16)
        .fold(0, |number, byte| (number << 8) | u128::from(*byte));
    let mut phrase = Vec::with_capacity(WORDS);
    for _ in 0..WORDS {
        let index = usize::try_from(left >> (128 - BITS_A_WORD))
            .expect("eleven bits fit every machine's word");
        left <<= BITS_A_WORD;
        phrase.push(
            *list
                .get(index)
                .expect("the list has a word for each of 2^11 numbers"),
        );
    }
    phrase.join(" ")
}

/// Few enough to read out, and 66 bits.
const WORDS: usize = 6;
/// The list has 2048 words.
const BITS_A_WORD: u32 = 11;

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> CommunityId {
        CommunityId::parse(text).expect("a valid id")
    }

    #[test]
    fn the_first_bits_choose_the_words() {
        assert_eq!(
            words(&Digest([0; 32])),
            "abandon abandon abandon abandon abandon abandon"
        );
        assert_eq!(words(&Digest([0xff; 32])), "zoo zoo zoo zoo zoo zoo");
        let mut digest = [0; 32];
        digest[1] = 0b0010_0000;
        assert!(words(&Digest(digest)).starts_with("ability abandon"));
        // The 67th bit says nothing any more.
        let mut digest = [0; 32];
        digest[8] = 0b0010_0000;
        assert_eq!(words(&Digest(digest)), words(&Digest([0; 32])));
        digest[8] = 0b0100_0000;
        assert_ne!(words(&Digest(digest)), words(&Digest([0; 32])));
    }

    #[test]
    fn every_input_changes_the_phrase() {
        let (energy, water) = (id("energy.isac.example"), id("water.isac.example"));
        let (ca_e, ca_w) = (vec![vec![1; 9]], vec![vec![2; 9]]);
        let (n, m) = ([3; 32], [4; 32]);
        let inviter = Shown {
            community: &energy,
            ca_certificates: &ca_e,
            nonce: &n,
        };
        let accepter = Shown {
            community: &water,
            ca_certificates: &ca_w,
            nonce: &m,
        };
        let whole = phrase(&inviter, &accepter, b"terms");
        assert_eq!(whole, phrase(&inviter, &accepter, b"terms"));
        assert_eq!(whole.split(' ').count(), 6);
        assert_eq!(whole, whole.to_lowercase());
        let other_ca = vec![vec![9; 9]];
        let others = [
            phrase(&inviter, &accepter, b"other terms"),
            phrase(&accepter, &inviter, b"terms"),
            phrase(
                &Shown {
                    ca_certificates: &other_ca,
                    ..inviter.clone()
                },
                &accepter,
                b"terms",
            ),
            phrase(
                &inviter,
                &Shown {
                    ca_certificates: &other_ca,
                    ..accepter.clone()
                },
                b"terms",
            ),
            phrase(
                &Shown {
                    nonce: &m,
                    ..inviter.clone()
                },
                &accepter,
                b"terms",
            ),
            phrase(
                &inviter,
                &Shown {
                    nonce: &n,
                    ..accepter.clone()
                },
                b"terms",
            ),
            phrase(
                &inviter,
                &Shown {
                    community: &energy,
                    ..accepter.clone()
                },
                b"terms",
            ),
        ];
        for other in others {
            assert_ne!(whole, other);
        }
    }

    #[test]
    fn a_man_in_the_middle_makes_the_phrases_differ() {
        let (energy, water) = (id("energy.isac.example"), id("water.isac.example"));
        let (ca_e, ca_w, ca_m) = (vec![vec![1; 9]], vec![vec![2; 9]], vec![vec![6; 9]]);
        let (nonce_e, nonce_w) = ([3; 32], [4; 32]);
        // Towards water the man in the middle had to commit before he saw water's nonce; towards energy he may repeat
        // any nonce that he saw, or choose freely.
        for free in 0..=255 {
            let towards_water = [free; 32];
            for towards_energy in [nonce_w, towards_water, [free ^ 0x55; 32]] {
                let at_energy = phrase(
                    &Shown {
                        community: &energy,
                        ca_certificates: &ca_e,
                        nonce: &nonce_e,
                    },
                    &Shown {
                        community: &water,
                        ca_certificates: &ca_m,
                        nonce: &towards_energy,
                    },
                    b"terms",
                );
                let at_water = phrase(
                    &Shown {
                        community: &energy,
                        ca_certificates: &ca_m,
                        nonce: &towards_water,
                    },
                    &Shown {
                        community: &water,
                        ca_certificates: &ca_w,
                        nonce: &nonce_w,
                    },
                    b"terms",
                );
                assert_ne!(at_energy, at_water);
            }
        }
    }
}
