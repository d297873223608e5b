//! Decompression with a bound: a small file that unpacks to a large one stops there.

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;

use crate::model::submission::{Reason, Refusal};

/// The content of a gzip file; other bytes as they are. Only one layer is unpacked.
pub(crate) fn decompressed(bytes: &Bytes, bytes_max: usize) -> Result<Bytes, Refusal> {
    // RFC 1952 §2.3.1: the two identification bytes, and deflate as the only method.
    if !bytes.starts_with(&[0x1f, 0x8b, 0x08]) {
        return Ok(bytes.clone());
    }
    let mut out = Vec::with_capacity(bytes.len().saturating_mul(4).min(bytes_max));
    // One byte more than allowed tells that there is too much.
    let bound = u64::try_from(bytes_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    MultiGzDecoder::new(bytes.as_ref())
        .take(bound)
        .read_to_end(&mut out)
        .map_err(|e| {
            Refusal::new(
                Reason::UnknownFormat,
                format!("the gzip file is damaged ({e}); compress the document again"),
            )
        })?;
    if out.len() > bytes_max {
        return Err(too_large(bytes_max));
    }
    Ok(Bytes::from(out))
}

/// The refusal of a document larger than so many bytes.
pub(crate) fn too_large(bytes_max: usize) -> Refusal {
    Refusal::new(
        Reason::TooLarge,
        format!(
            "the document is larger than {bytes_max} bytes (decompressed), the most that the node takes; split it"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn packed(bytes: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        Bytes::from(encoder.finish().unwrap())
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = packed(&vec![b' '; 4 << 20]);
        assert!(bomb.len() < 10_000);
        let refusal = decompressed(&bomb, 1 << 20).unwrap_err();
        assert_eq!(refusal.reason, Reason::TooLarge);
        assert_eq!(decompressed(&bomb, 4 << 20).unwrap().len(), 4 << 20);
    }

    #[test]
    fn a_cut_file_is_told() {
        let whole = packed(b"{\"a\":1}");
        let cut = whole.slice(..whole.len() - 4);
        assert_eq!(
            decompressed(&cut, 100).unwrap_err().reason,
            Reason::UnknownFormat
        );
    }
}
