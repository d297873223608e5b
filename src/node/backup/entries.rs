//! What is in a backup: files, one after the other, each with its name and length before it.
//!
//! The first entry says what it is a backup of; an empty name ends it. Names are relative, `/` between their parts, and
//! only those that a data directory has.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::BackupError;
use super::sealed::{SealedReader, SealedWriter};
use crate::node::config;
use crate::node::identity;
use crate::node::init::OPERATOR;
use crate::node::running::DATABASE;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct About {
    /// The community.
    pub(super) community: String,
    /// The version of the program.
    pub(super) version: String,
    /// When it was made, RFC 3339.
    pub(super) made: String,
}

/// The name of the entry that holds [`About`].
const ABOUT: &str = "about.json";
/// Bytes that are moved at a time.
const STEP: usize = 64 * 1024;
/// Longest name: a directory, an operator's name, a file.
const NAME_MAX: u16 = 256;
/// Longest entry that is read into memory.
const SMALL_MAX: u64 = 1024 * 1024;

/// Writes the entry that comes first.
pub(super) fn write_about<W: Write>(
    out: &mut SealedWriter<W>,
    about: &About,
) -> Result<(), BackupError> {
    let json = serde_json::to_vec(about).map_err(io::Error::from)?;
    write(out, ABOUT, &mut json.as_slice(), length(&json), &mut |_| {})
}

/// Writes a file of this length. `moved` is told of the bytes as they go.
pub(super) fn write<W: Write>(
    out: &mut SealedWriter<W>,
    name: &str,
    from: &mut impl Read,
    length: u64,
    moved: &mut dyn FnMut(u64),
) -> Result<(), BackupError> {
    out.write(&u16::try_from(name.len()).unwrap_or(u16::MAX).to_be_bytes())?;
    out.write(name.as_bytes())?;
    out.write(&length.to_be_bytes())?;
    let mut buffer = vec![0; STEP];
    let mut left = length;
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(STEP).min(STEP);
        let count = from.read(buffer.get_mut(..most).unwrap_or_default())?;
        if count == 0 {
            // It was there in this length a moment ago.
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        out.write(buffer.get(..count).unwrap_or_default())?;
        let count = u64::try_from(count).unwrap_or(left);
        moved(count);
        left = left.saturating_sub(count);
    }
    Ok(())
}

/// Writes the end.
pub(super) fn finish<W: Write>(mut out: SealedWriter<W>) -> Result<W, BackupError> {
    out.write(&0_u16.to_be_bytes())?;
    Ok(out.finish()?)
}

/// What is done with each entry: its name and length, and where its bytes come from. It may leave bytes unread.
pub(super) type Visit<'a, R> = dyn FnMut(&str, &mut Entry<'_, R>) -> Result<(), BackupError> + 'a;

/// Reads a whole backup, to its verified end, and shows each file.
pub(super) fn read<R: Read>(
    mut from: SealedReader<R>,
    visit: &mut Visit<'_, R>,
) -> Result<About, BackupError> {
    let mut about = None;
    loop {
        let mut length = [0; 2];
        exactly(&mut from, &mut length)?;
        let length = u16::from_be_bytes(length);
        if length == 0 {
            break;
        }
        if length > NAME_MAX {
            return Err(BackupError::Content("a name in it is too long"));
        }
        let mut name = vec![0; usize::from(length)];
        exactly(&mut from, &mut name)?;
        let name =
            String::from_utf8(name).map_err(|_| BackupError::Content("a name in it is no text"))?;
        let mut size = [0; 8];
        exactly(&mut from, &mut size)?;
        let mut entry = Entry {
            from: &mut from,
            left: u64::from_be_bytes(size),
        };
        if about.is_none() {
            if name != ABOUT {
                return Err(BackupError::Content("it does not say what it is"));
            }
            let json = entry.whole()?;
            let read = serde_json::from_slice(&json)
                .map_err(|_| BackupError::Content("what it says of itself does not read"))?;
            about = Some(read);
            continue;
        }
        if !is_ours(&name) {
            return Err(BackupError::Content(
                "it holds a file that a data directory does not have",
            ));
        }
        visit(&name, &mut entry)?;
        entry.pass_over()?;
    }
    if from.read(&mut [0])? != 0 {
        return Err(BackupError::Content("something comes after its end"));
    }
    about.ok_or(BackupError::Content("it does not say what it is"))
}

/// One file in a backup that is read.
pub(super) struct Entry<'a, R> {
    from: &'a mut SealedReader<R>,
    left: u64,
}

impl<R: Read> Entry<'_, R> {
    /// Its bytes, where they are few.
    pub(super) fn whole(&mut self) -> Result<Vec<u8>, BackupError> {
        if self.left > SMALL_MAX {
            return Err(BackupError::Content("a file in it is too long"));
        }
        let mut bytes = Vec::new();
        self.pieces(&mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Its bytes in pieces.
    pub(super) fn pieces(
        &mut self,
        each: &mut dyn FnMut(&[u8]) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        let mut buffer = vec![0; STEP];
        while self.left > 0 {
            let most = usize::try_from(self.left).unwrap_or(STEP).min(STEP);
            let count = self.from.read(buffer.get_mut(..most).unwrap_or_default())?;
            if count == 0 {
                return Err(BackupError::Content("a file in it ends too early"));
            }
            each(buffer.get(..count).unwrap_or_default())?;
            self.left = self
                .left
                .saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    fn pass_over(&mut self) -> Result<(), BackupError> {
        self.pieces(&mut |_| Ok(()))
    }
}

fn exactly<R: Read>(from: &mut SealedReader<R>, out: &mut [u8]) -> Result<(), BackupError> {
    let mut at = 0;
    while at < out.len() {
        match from.read(out.get_mut(at..).unwrap_or_default())? {
            0 => return Err(BackupError::Content("it ends too early")),
            count => at += count,
        }
    }
    Ok(())
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// The directories that are saved, with everything in them.
pub(super) const DIRECTORIES: [&str; 3] = ["ca", identity::FOLDER, OPERATOR];

/// Whether a file of this name belongs to a data directory, and is no way out of it.
fn is_ours(name: &str) -> bool {
    let part = |part: &str| {
        let first = part.chars().next();
        first.is_some_and(|c| c != '.')
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    match name.split_once('/') {
        None => name == DATABASE || name == config::FILE,
        Some((directory, rest)) => DIRECTORIES.contains(&directory) && rest.split('/').all(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_directory() {
        for name in [
            "sluis.toml",
            "sluis.db",
            "ca/ca.key",
            "operator/alice/key.pem",
        ] {
            assert!(is_ours(name), "{name}");
        }
        for name in [
            "",
            "/etc/passwd",
            "ca/../../x",
            "ca/",
            "ca//x",
            "ca/.",
            "../ca/ca.key",
            "operator/a\\b",
            "other/x",
            "sluis.db-wal",
            "node/.new-1",
        ] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
