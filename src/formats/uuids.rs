//! UUIDs in text, as numbers.

use memchr::memchr_iter;

/// A UUID as a number.
pub(crate) type Uuid128 = u128;

/// Length of a UUID in text (RFC 9562 §4).
const UUID_LENGTH: usize = 36;
/// Where its hyphens stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// Every UUID in a text, whatever stands around it.
pub(crate) fn uuids_in(text: &[u8], found: &mut dyn FnMut(Uuid128)) {
    let [first, ..] = HYPHENS;
    for at in memchr_iter(b'-', text) {
        let Some(start) = at.checked_sub(first) else {
            continue;
        };
        let window = text.get(start..start.saturating_add(UUID_LENGTH));
        if let Some(uuid) = window.and_then(uuid_at) {
            found(uuid);
        }
    }
}

fn uuid_at(window: &[u8]) -> Option<Uuid128> {
    let mut value: u128 = 0;
    let mut rest = window;
    // Most of what is none is told by its first group.
    for (digits, is_last) in [(8, false), (4, false), (4, false), (4, false), (12, true)] {
        let (group, behind) = rest.split_at_checked(digits)?;
        let mut number = 0u64;
        let mut all = 0u8;
        for byte in group {
            let nibble = NIBBLES.get(usize::from(*byte)).copied().unwrap_or(NO_DIGIT);
            all |= nibble;
            number = (number << 4) | u64::from(nibble);
        }
        if all >= NO_DIGIT {
            return None;
        }
        value = (value << (4 * digits)) | u128::from(number);
        rest = if is_last {
            behind
        } else {
            behind.strip_prefix(b"-")?
        };
    }
    Some(value)
}

const NO_DIGIT: u8 = 0x10;

/// The value of each hexadecimal digit.
const NIBBLES: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let (mut digit, mut rest) = (0, "0123456789abcdef".as_bytes());
    while let [first, behind @ ..] = rest {
        let (mut at, mut slots) = (0u8, table.as_mut_slice());
        while let [slot, more @ ..] = slots {
            if at == *first || at == first.to_ascii_uppercase() {
                *slot = digit;
            }
            at = at.wrapping_add(1);
            slots = more;
        }
        digit += 1;
        rest = behind;
    }
    table
};

/// The UUID of an id such as `type--uuid`, or of a bare one.
pub(crate) fn uuid_of(id: &str) -> Option<Uuid128> {
    let tail = id.len().checked_sub(UUID_LENGTH)?;
    uuid_at(id.as_bytes().get(tail..)?)
}

/// The text is an id such as `type--uuid` and nothing else: its UUID.
pub(crate) fn uuid_of_whole(text: &str) -> Option<Uuid128> {
    let (kind, uuid) = text.split_once("--")?;
    let is_kind = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (is_kind && uuid.len() == UUID_LENGTH)
        .then(|| uuid_at(uuid.as_bytes()))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<u128> {
        let mut found = Vec::new();
        uuids_in(text.as_bytes(), &mut |u| found.push(u));
        found
    }

    #[test]
    fn uuids_are_found_in_any_text_and_case() {
        let id = 0xdda0a1b4_84e4_5d88_8f44_b2c1c320bcb3u128;
        for text in [
            "url--dda0a1b4-84e4-5d88-8f44-b2c1c320bcb3",
            "DDA0A1B4-84E4-5D88-8F44-B2C1C320BCB3",
            "2024-01-01 (see dda0a1b4-84e4-5d88-8f44-b2c1c320bcb3)",
            "0-dda0a1b4-84e4-5d88-8f44-b2c1c320bcb30",
        ] {
            assert_eq!(all(text), [id], "{text}");
        }
        assert_eq!(
            all("dda0a1b4-84e4-5d88-8f44-b2c1c320bcb3dda0a1b4-84e4-5d88-8f44-b2c1c320bcb3"),
            [id, id]
        );
        for text in [
            "",
            "-",
            "dda0a1b4-84e4-5d88-8f44-b2c1c320bcb",
            "dda0a1b4-84e4-5d88-8f44_b2c1c320bcb3",
        ] {
            assert_eq!(all(text), [], "{text}");
        }
        assert_eq!(
            uuid_of("url--dda0a1b4-84e4-5d88-8f44-b2c1c320bcb3"),
            Some(id)
        );
        assert_eq!(uuid_of("url--x"), None);
    }

    #[test]
    fn an_id_is_one_only_as_a_whole() {
        let id = "url--dda0a1b4-84e4-5d88-8f44-b2c1c320bcb3";
        assert_eq!(uuid_of_whole(id), uuid_of(id));
        assert!(uuid_of_whole(&format!("see {id}")).is_none());
        assert!(uuid_of_whole(&format!("{id}.")).is_none());
        assert!(uuid_of_whole("dda0a1b4-84e4-5d88-8f44-b2c1c320bcb3").is_none());
    }
}
