//! Files with keys and certificates: written whole or not at all, private ones for their owner only.

use std::fs::{DirBuilder, File, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::TrustError;

/// Writes a file that only its owner may read (mode 0600), durably and in one step: a reader sees the old bytes or the
/// new ones.
///
/// # Errors
/// If the directory is not there or the disk refuses.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), TrustError> {
    write(path, bytes, 0o600).map_err(|source| failed("write", path, source))
}

/// Writes a file that everyone may read (mode 0644), durably and in one step.
///
/// # Errors
/// As [`write_private`].
pub fn write_public(path: &Path, bytes: &[u8]) -> Result<(), TrustError> {
    write(path, bytes, 0o644).map_err(|source| failed("write", path, source))
}

/// Makes a directory that only its owner may enter (mode 0700), and those above it; one that is there stays as it is.
///
/// # Errors
/// If the disk refuses.
pub fn create_private_dir(path: &Path) -> Result<(), TrustError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| failed("make the directory", path, source))
}

/// Reads a file of at most [`FILE_BYTES_MAX`].
///
/// # Errors
/// If it cannot be read or is longer.
pub fn read(path: &Path) -> Result<Vec<u8>, TrustError> {
    let file = File::open(path).map_err(|source| failed("read", path, source))?;
    read_file(file, path)
}

/// Reads a file with a private key. One that others may read or write is read all the same, and said to be open: whoever
/// mounts a key from elsewhere may not choose its mode.
///
/// # Errors
/// As [`read`].
pub fn read_private(path: &Path) -> Result<Vec<u8>, TrustError> {
    let file = File::open(path).map_err(|source| failed("read", path, source))?;
    if let Some(mode) = open_to_others(&file) {
        tracing::warn!(
            file = %path.display(),
            mode = %format_args!("{mode:03o}"),
            "this file holds a private key and is not for its owner only; do chmod 600, and think of the key as known to others"
        );
    }
    read_file(file, path)
}

/// The mode of a file that group or others may read or write.
fn open_to_others(file: &File) -> Option<u32> {
    let mode = file.metadata().ok()?.permissions().mode() & 0o777;
    (mode & 0o066 != 0).then_some(mode)
}

fn read_file(file: File, path: &Path) -> Result<Vec<u8>, TrustError> {
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| failed("read", path, source))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= FILE_BYTES_MAX) {
        Ok(bytes)
    } else {
        Err(TrustError::Content {
            path: path.to_owned(),
            problem: "this is too long for a file of keys or certificates",
        })
    }
}

/// Reads the certificates of a PEM file, in their order, as DER.
///
/// # Errors
/// If it cannot be read, holds no certificate, or something that is none.
pub fn read_certificates(path: &Path) -> Result<Vec<Vec<u8>>, TrustError> {
    let bytes = read(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes)
        .map(|certificate| certificate.map(|der| der.as_ref().to_vec()))
        .collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err(TrustError::Content {
            path: path.to_owned(),
            problem: "this does not read as certificates in PEM; restore it from a backup, or enrol again",
        }),
    }
}

/// One PEM block after the other.
pub fn pem(label: &str, blocks: &[impl AsRef<[u8]>]) -> String {
    let mut out = String::new();
    for block in blocks {
        out.push_str(&format!("-----BEGIN {label}-----\n"));
        let mut rest = STANDARD.encode(block);
        while !rest.is_empty() {
            let tail = rest.split_off(rest.len().min(PEM_LINE_LETTERS));
            out.push_str(&rest);
            out.push('\n');
            rest = tail;
        }
        out.push_str(&format!("-----END {label}-----\n"));
    }
    out
}

pub(super) fn failed(what: &'static str, path: &Path, source: std::io::Error) -> TrustError {
    TrustError::File {
        what,
        path: path.to_owned(),
        source,
    }
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    // The mode is given when the file is made, so that there is no moment in which others could open it.
    let mut file = tempfile::Builder::new()
        .prefix(".new-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(directory)?;
    file.write_all(bytes)?;
    // The umask may have taken bits away from a public file.
    file.as_file()
        .set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(directory)?.sync_all()
}

/// Longest file of keys or certificates: a hundred times a usual one.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// RFC 7468: lines of exactly 64 letters.
const PEM_LINE_LETTERS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_files_are_for_their_owner_only_also_over_an_open_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        write_private(&path, b"new").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(
            (mode & 0o777, read(&path).unwrap()),
            (0o600, b"new".to_vec())
        );
        write_public(&path, b"open").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "a temporary file stayed behind");
    }

    #[test]
    fn a_key_that_others_may_read_is_noticed_and_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        write_private(&path, b"key").unwrap();
        for (mode, noticed) in [
            (0o600, None),
            (0o400, None),
            (0o700, None),
            (0o640, Some(0o640)),
            (0o604, Some(0o604)),
            (0o660, Some(0o660)),
        ] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_eq!(open_to_others(&File::open(&path).unwrap()), noticed);
            assert_eq!(read_private(&path).unwrap(), b"key");
        }
    }

    #[test]
    fn a_failed_write_names_the_file() {
        let error = write_private(Path::new("/nowhere/at/all/key.pem"), b"x").unwrap_err();
        assert_eq!(error.to_string(), "cannot write /nowhere/at/all/key.pem");
    }
}
