//! A stream of bytes sealed under a passphrase: written and read in pieces, so that memory stays flat whatever its length.
//!
//! ```text
//! header   magic, cost of the derivation, salt, check of the key, checksum of all this
//! pieces   64 KiB each, AES-256-GCM; the nonce is the piece's number and whether it is the last, the header is bound to each
//! ```
//!
//! The key is derived with Argon2id (RFC 9106) from the passphrase and a salt of this file alone, so a nonce is used once
//! under a key. A piece that was altered, moved, left out or repeated does not open, and a file that was cut has no last one.

use std::fmt;
use std::io::{self, Read, Write};

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::clock::{Entropy, random_bytes};
use crate::model::ids::Digest;

/// What a backup is locked with.
#[derive(Clone)]
pub struct Passphrase(String);

impl Passphrase {
    /// Fewest characters of a passphrase for a new backup: whoever has the file can try as many as he likes.
    pub const CHARS_MIN: usize = 12;

    /// A passphrase as it was typed, or stands in a file: a line end behind it is not part of it.
    pub fn new(text: &str) -> Self {
        Self(text.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Whether it is too short for a new backup.
    pub fn is_short(&self) -> bool {
        self.0.chars().count() < Self::CHARS_MIN
    }
}

impl PartialEq for Passphrase {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

/// Why a sealed stream does not open.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// It is some other file.
    #[error("this is no backup of sluis")]
    Foreign,
    /// It was made by a later version.
    #[error("this backup was made by a later version of sluis; use that one")]
    Newer,
    /// The passphrase does not fit.
    #[error("the passphrase is not the one that this backup was made with")]
    WrongPassphrase,
    /// Bytes were altered.
    #[error("the backup is damaged {0} bytes from its beginning; use another copy of it")]
    Damaged(u64),
    /// The end is missing.
    #[error("the backup was cut off, or its end is damaged; use another copy of it")]
    CutOff,
    /// The disk.
    #[error("the backup cannot be read or written")]
    Io(#[from] io::Error),
}

const MAGIC: &[u8; 7] = b"SLUISBK";
const FORMAT: u8 = b'1';
/// Bytes of clear text in a piece.
const PIECE: usize = 64 * 1024;
const TAG: usize = 16;
const SALT: usize = 16;
const CHECK: usize = 16;
const CHECKSUM: usize = 8;
const HEADER: usize = 8 + 12 + SALT + CHECK + CHECKSUM;

/// What deriving the key costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// The second recommendation of RFC 9106, for machines without memory to spare: 64 MiB, three passes, four lanes.
    pub(super) const USUAL: Cost = Cost {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 4,
    };
    /// A file from elsewhere must not take all memory before it is known to be ours: 1 GiB, and as many passes and lanes.
    const MOST: Cost = Cost {
        memory_kib: 1024 * 1024,
        passes: 64,
        lanes: 64,
    };
}

/// The key of one file.
struct PieceKey {
    key: LessSafeKey,
    header: [u8; HEADER],
    number: u64,
}

impl PieceKey {
    fn nonce(&self, last: bool) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        for (to, from) in nonce.iter_mut().zip(self.number.to_be_bytes()) {
            *to = from;
        }
        if let Some(end) = nonce.last_mut() {
            *end = u8::from(last);
        }
        Nonce::assume_unique_for_key(nonce)
    }

    fn seal(&mut self, piece: &mut Vec<u8>, last: bool) {
        let nonce = self.nonce(last);
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(&self.header), piece)
            .expect("a piece is far below AES-GCM's bounds");
        self.number = self.number.saturating_add(1);
    }

    /// Whether it opened; then it is the clear text.
    fn open(&self, piece: &mut Vec<u8>, last: bool) -> bool {
        let nonce = self.nonce(last);
        let opened = self
            .key
            .open_in_place(nonce, Aad::from(&self.header), piece)
            .map(|clear| clear.len());
        match opened {
            Ok(length) => {
                piece.truncate(length);
                true
            }
            Err(_) => false,
        }
    }
}

/// The key, and what tells a wrong passphrase from damage.
fn derive(
    passphrase: &Passphrase,
    salt: &[u8; SALT],
    cost: Cost,
) -> Option<(LessSafeKey, [u8; CHECK])> {
    const KEY: usize = 32;
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY + CHECK)).ok()?;
    let mut derived = [0; KEY + CHECK];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.0.as_bytes(), salt, &mut derived)
        .ok()?;
    let (key, check) = derived.split_at(KEY);
    let key = UnboundKey::new(&AES_256_GCM, key).ok()?;
    Some((LessSafeKey::new(key), check.try_into().ok()?))
}

/// Seals what is written to it.
pub(super) struct SealedWriter<W> {
    out: W,
    key: PieceKey,
    piece: Vec<u8>,
}

impl<W: Write> SealedWriter<W> {
    /// Writes the header.
    pub(super) fn new(
        mut out: W,
        passphrase: &Passphrase,
        cost: Cost,
        entropy: &dyn Entropy,
    ) -> Result<Self, SealError> {
        let salt: [u8; SALT] = random_bytes(entropy);
        let (key, check) = derive(passphrase, &salt, cost)
            .ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
        let mut header = Vec::with_capacity(HEADER);
        header.extend_from_slice(MAGIC);
        header.push(FORMAT);
        for number in [cost.memory_kib, cost.passes, cost.lanes] {
            header.extend_from_slice(&number.to_be_bytes());
        }
        header.extend_from_slice(&salt);
        header.extend_from_slice(&check);
        let checksum = Digest::of(&header).0;
        header.extend(checksum.into_iter().take(CHECKSUM));
        out.write_all(&header)?;
        let header = header
            .try_into()
            .expect("the parts of a header have the lengths that its length is the sum of");
        Ok(Self {
            out,
            key: PieceKey {
                key,
                header,
                number: 0,
            },
            piece: Vec::with_capacity(PIECE + TAG),
        })
    }

    /// Seals and writes.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<(), SealError> {
        while !bytes.is_empty() {
            if self.piece.len() == PIECE {
                self.pass_on(false)?;
            }
            let room = PIECE.saturating_sub(self.piece.len());
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.piece.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Writes the last piece.
    pub(super) fn finish(mut self) -> Result<W, SealError> {
        self.pass_on(true)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn pass_on(&mut self, last: bool) -> Result<(), SealError> {
        self.key.seal(&mut self.piece, last);
        self.out.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }
}

/// Opens a sealed stream. What it gives was verified.
pub(super) struct SealedReader<R> {
    from: R,
    key: PieceKey,
    /// Opened; read up to `at`.
    piece: Vec<u8>,
    at: usize,
    /// Sealed: the one after. Empty: there is none.
    next: Vec<u8>,
    /// Bytes of the file before `next`.
    offset: u64,
}

impl<R: Read> SealedReader<R> {
    /// Reads the header.
    pub(super) fn new(mut from: R, passphrase: &Passphrase) -> Result<Self, SealError> {
        let header = up_to(&mut from, HEADER)?;
        let Some((magic, rest)) = header.split_first_chunk::<7>() else {
            return Err(SealError::Foreign);
        };
        if magic != MAGIC {
            return Err(SealError::Foreign);
        }
        if rest.first().is_some_and(|format| *format != FORMAT) {
            return Err(SealError::Newer);
        }
        let header: [u8; HEADER] = header.try_into().map_err(|_| SealError::CutOff)?;
        let (said, checksum) = header.split_at(HEADER - CHECKSUM);
        if !Digest::of(said).0.starts_with(checksum) {
            return Err(SealError::Damaged(0));
        }
        let (cost, salt, check) = parts(said).ok_or(SealError::Damaged(0))?;
        let most = Cost::MOST;
        if cost.memory_kib > most.memory_kib || cost.passes > most.passes || cost.lanes > most.lanes
        {
            return Err(SealError::Newer);
        }
        let (key, derived) = derive(passphrase, &salt, cost).ok_or(SealError::Damaged(0))?;
        verify_slices_are_equal(&derived, &check).map_err(|_| SealError::WrongPassphrase)?;
        let next = up_to(&mut from, PIECE + TAG)?;
        if next.is_empty() {
            return Err(SealError::CutOff);
        }
        Ok(Self {
            from,
            key: PieceKey {
                key,
                header,
                number: 0,
            },
            piece: Vec::new(),
            at: 0,
            next,
            offset: u64::try_from(HEADER).unwrap_or(u64::MAX),
        })
    }

    /// The next bytes, at most so many as fit; 0: the end, and all of it was verified.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, SealError> {
        while self.at >= self.piece.len() {
            if self.next.is_empty() {
                return Ok(0);
            }
            self.advance()?;
        }
        let rest = self.piece.get(self.at..).unwrap_or_default();
        let count = rest.len().min(out.len());
        for (to, from) in out.iter_mut().zip(rest) {
            *to = *from;
        }
        self.at = self.at.saturating_add(count);
        Ok(count)
    }

    fn advance(&mut self) -> Result<(), SealError> {
        let after = up_to(&mut self.from, PIECE + TAG)?;
        let last = after.is_empty();
        let sealed = std::mem::replace(&mut self.next, after);
        let length = u64::try_from(sealed.len()).unwrap_or(u64::MAX);
        let mut piece = sealed.clone();
        if !self.key.open(&mut piece, last) {
            // One that opens as a piece in the middle and is the end of the file lost what came after it.
            let mut inner = sealed;
            let cut = last && (self.key.open(&mut inner, false) || inner.len() < PIECE + TAG);
            return Err(match cut {
                true => SealError::CutOff,
                false => SealError::Damaged(self.offset),
            });
        }
        self.key.number = self.key.number.saturating_add(1);
        self.offset = self.offset.saturating_add(length);
        self.piece = piece;
        self.at = 0;
        Ok(())
    }
}

fn parts(said: &[u8]) -> Option<(Cost, [u8; SALT], [u8; CHECK])> {
    let (_, rest) = said.split_first_chunk::<8>()?;
    let (memory, rest) = rest.split_first_chunk::<4>()?;
    let (passes, rest) = rest.split_first_chunk::<4>()?;
    let (lanes, rest) = rest.split_first_chunk::<4>()?;
    let (salt, rest) = rest.split_first_chunk::<SALT>()?;
    let cost = Cost {
        memory_kib: u32::from_be_bytes(*memory),
        passes: u32::from_be_bytes(*passes),
        lanes: u32::from_be_bytes(*lanes),
    };
    Some((cost, *salt, rest.try_into().ok()?))
}

/// So many bytes, or fewer where the file ends.
fn up_to(from: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(most);
    from.take(u64::try_from(most).unwrap_or(u64::MAX))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    /// As little as Argon2 takes: what is tested here does not rest on the cost.
    const CHEAP: Cost = Cost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    fn sealed(bytes: &[u8]) -> Vec<u8> {
        let passphrase = Passphrase::new("correct horse battery");
        let entropy = SystemEntropy::default();
        let mut writer =
            SealedWriter::new(Vec::new(), &passphrase, CHEAP, &entropy).expect("memory");
        // In pieces of an odd size.
        for part in bytes.chunks(10_007) {
            writer.write(part).expect("memory");
        }
        writer.finish().expect("memory")
    }

    fn opened(bytes: &[u8], passphrase: &str) -> Result<Vec<u8>, SealError> {
        let mut reader = SealedReader::new(bytes, &Passphrase::new(passphrase))?;
        let mut out = Vec::new();
        let mut buffer = [0; 4099];
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(out),
                count => out.extend_from_slice(&buffer[..count]),
            }
        }
    }

    fn some(length: usize) -> Vec<u8> {
        (0..length)
            .map(|i| u8::try_from(i % 251).unwrap_or_default())
            .collect()
    }

    #[test]
    fn what_was_sealed_opens_again_whatever_its_length() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 5] {
            let clear = some(length);
            let sealed = sealed(&clear);
            let back = opened(&sealed, "correct horse battery\n").expect("it opens");
            assert!(back == clear, "{length}");
        }
    }

    #[test]
    fn a_wrong_passphrase_is_told_from_damage() {
        let sealed = sealed(b"x");
        let wrong = opened(&sealed, "incorrect horse");
        assert!(matches!(wrong, Err(SealError::WrongPassphrase)));
    }

    #[test]
    fn a_file_that_was_cut_anywhere_does_not_open() {
        let sealed = sealed(&some(2 * PIECE + 100));
        for length in (0..sealed.len()).step_by(997).chain([
            HEADER,
            HEADER + PIECE + TAG,
            HEADER + 2 * (PIECE + TAG),
            sealed.len() - 1,
        ]) {
            let error = opened(&sealed[..length], "correct horse battery").unwrap_err();
            match length {
                0..7 => assert!(matches!(error, SealError::Foreign), "{length}: {error}"),
                _ => assert!(matches!(error, SealError::CutOff), "{length}: {error}"),
            }
        }
    }

    #[test]
    fn a_byte_that_was_altered_anywhere_is_found() {
        let clear = some(2 * PIECE + 100);
        let sealed = sealed(&clear);
        for at in (0..HEADER)
            .chain((HEADER..sealed.len()).step_by(1009))
            .chain([sealed.len() - 1])
        {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(opened(&altered, "correct horse battery").is_err(), "{at}");
        }
        let mut swapped = sealed[..HEADER].to_vec();
        let pieces: Vec<&[u8]> = sealed[HEADER..].chunks(PIECE + TAG).collect();
        swapped.extend_from_slice(pieces[1]);
        swapped.extend_from_slice(pieces[0]);
        swapped.extend_from_slice(pieces[2]);
        assert!(matches!(
            opened(&swapped, "correct horse battery"),
            Err(SealError::Damaged(_))
        ));
        let mut longer = sealed.clone();
        longer.push(0);
        assert!(opened(&longer, "correct horse battery").is_err());
    }

    #[test]
    fn other_files_are_told_apart() {
        for bytes in [&b""[..], b"SQLite format 3\0", b"SLUISB"] {
            assert!(matches!(opened(bytes, "x"), Err(SealError::Foreign)));
        }
        let mut later = sealed(b"x");
        later[7] = b'2';
        assert!(matches!(
            opened(&later, "correct horse battery"),
            Err(SealError::Newer)
        ));
        // A header that asks for more memory than any of ours.
        let mut greedy = sealed(b"x")[..HEADER - CHECKSUM].to_vec();
        greedy[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        let checksum = Digest::of(&greedy).0;
        greedy.extend_from_slice(&checksum[..CHECKSUM]);
        assert!(matches!(
            opened(&greedy, "correct horse battery"),
            Err(SealError::Newer)
        ));
    }
}
