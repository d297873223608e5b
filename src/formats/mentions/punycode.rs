//! International domain names as they are read (RFC 3492): `xn--mller-kva` is `müller`.

/// Longest label in bytes (RFC 1035 §2.3.4); a longer one is none.
pub(super) const LABEL_BYTES_MAX: usize = 63;
/// What an encoded label begins with (RFC 5890 §2.3.2.1).
pub(super) const PREFIX: &str = "xn--";

/// A domain with its encoded labels decoded; `None`: it has none.
pub(super) fn labels(domain: &str) -> Option<String> {
    let mut changed = false;
    let labels: Vec<String> = domain
        .split('.')
        .map(|label| {
            let decoded = label.strip_prefix(PREFIX).and_then(decoded);
            changed |= decoded.is_some();
            decoded.unwrap_or_else(|| label.to_owned())
        })
        .collect();
    changed.then(|| labels.join("."))
}

/// Decodes what stands behind the prefix of a label.
pub(super) fn decoded(encoded: &str) -> Option<String> {
    // RFC 3492 §5.
    const BASE: u32 = 36;
    const T_MIN: u32 = 1;
    const T_MAX: u32 = 26;
    const SKEW: u32 = 38;
    const DAMP: u32 = 700;
    if encoded.len() > LABEL_BYTES_MAX || !encoded.is_ascii() {
        return None;
    }
    let (basic, digits) = encoded.rsplit_once('-').unwrap_or(("", encoded));
    let mut out: Vec<char> = basic.to_ascii_lowercase().chars().collect();
    let (mut n, mut i, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut digits = digits.bytes();
    while digits.len() > 0 {
        let before = i;
        let mut weight = 1_u32;
        let mut k = BASE;
        loop {
            let digit = match digits.next()? {
                b @ b'a'..=b'z' => u32::from(b - b'a'),
                b @ b'A'..=b'Z' => u32::from(b - b'A'),
                b @ b'0'..=b'9' => u32::from(b - b'0') + 26,
                _ => return None,
            };
            i = i.checked_add(digit.checked_mul(weight)?)?;
            let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
            k += BASE;
        }
        let length = u32::try_from(out.len()).ok()?.checked_add(1)?;
        let mut delta = (i - before) / if before == 0 { DAMP } else { 2 };
        delta += delta / length;
        let mut steps = 0;
        while delta > ((BASE - T_MIN) * T_MAX) / 2 {
            delta /= BASE - T_MIN;
            steps += BASE;
        }
        bias = steps + ((BASE - T_MIN + 1) * delta) / (delta + SKEW);
        n = n.checked_add(i / length)?;
        i %= length;
        out.insert(usize::try_from(i).ok()?, char::from_u32(n)?);
        i += 1;
    }
    Some(out.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_as_they_were_meant() {
        assert_eq!(decoded("mller-kva").as_deref(), Some("müller"));
        assert_eq!(decoded("bcher-KVA").as_deref(), Some("bücher"));
        assert_eq!(
            decoded("ihqwcrb4cv8a8dqg056pqjye").as_deref(),
            Some("他们为什么不说中文")
        );
        assert_eq!(
            labels("mail.xn--mller-kva.example").as_deref(),
            Some("mail.müller.example")
        );
        assert_eq!(labels("mail.example"), None);
        for bad in ["99999999", "a-99999999999", "é", "a b"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
