//! How much the node takes.

use super::ConfigError;
use super::values::Values;

/// How much the node takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitSettings {
    /// The largest document in bytes, decompressed.
    pub document_bytes_max: usize,
}

pub(super) fn read(values: &Values) -> Result<LimitSettings, ConfigError> {
    Ok(LimitSettings {
        document_bytes_max: values.required("document_bytes_max", size)?,
    })
}

/// Reads a size: bytes, or with KiB or MiB.
fn size(text: &str) -> Result<usize, String> {
    let text = text.trim();
    let (digits, unit) = if let Some(digits) = text.strip_suffix("MiB") {
        (digits, 1024 * 1024)
    } else if let Some(digits) = text.strip_suffix("KiB") {
        (digits, 1024)
    } else {
        (text, 1)
    };
    digits
        .trim()
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .filter(|bytes| (DOCUMENT_BYTES_LEAST..=DOCUMENT_BYTES_MOST).contains(bytes))
        .ok_or_else(|| {
            "a size from 1 KiB to 16 MiB is wanted, such as “16 MiB” or 1048576".to_owned()
        })
}

/// Less than this and hardly a document passes: a slip of the hand.
const DOCUMENT_BYTES_LEAST: usize = 1024;
/// What one message of the protocol carries (`PushItemRequest.content`).
const DOCUMENT_BYTES_MOST: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_and_bounds() {
        assert_eq!(size("16 MiB"), Ok(16 * 1024 * 1024));
        assert_eq!(size("512KiB"), Ok(512 * 1024));
        assert_eq!(size("1048576"), Ok(1_048_576));
        for text in ["", "0", "17 MiB", "16 MB", "-1", "99999999999999999999"] {
            assert!(size(text).is_err(), "{text:?} was accepted");
        }
    }
}
