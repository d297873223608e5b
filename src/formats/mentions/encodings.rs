//! Text that stands for other text: percent-encoding, HTML entities, escapes, defanged and international domains, and
//! quoted-printable. Each decoder looks at a text once, from left to right.

use super::punycode;
use crate::formats::entities::{entity, hex_byte};

/// Shortest line of folded base64: encoders fold at 64 or 76.
const FOLDED_LINE_MIN: usize = 40;

/// Whether something may be encoded in a text. `escapes`: a backslash may begin an escape.
pub(super) fn signs(text: &[u8], escapes: bool) -> bool {
    let mut rest = text;
    let mut previous = 0;
    while let Some((first, after)) = rest.split_first() {
        // Markup within a word.
        if u8::is_ascii_alphanumeric(&previous)
            && (matches!(first, b'*' | b'`' | b'~' | b'<' | b']') || (escapes && *first == b'\\'))
        {
            return true;
        }
        previous = *first;
        let is_sign = match first {
            b'%' => hex_byte(after).is_some(),
            b'=' => hex_byte(after).is_some() || matches!(after.first(), Some(b'\r' | b'\n')),
            b'&' => matches!(after.first(), Some(b'#' | b'A'..=b'Z' | b'a'..=b'z')),
            b'\\' => escapes && matches!(after.first(), Some(b'u' | b'U' | b'x' | b'X')),
            b'[' | b'(' | b'{' => undefanged(after).is_some(),
            b'x' | b'X' => after
                .get(..3)
                .is_some_and(|n| n.eq_ignore_ascii_case(b"n--")),
            _ => false,
        };
        if is_sign {
            return true;
        }
        rest = after;
    }
    false
}

/// The text with all that is decoded but quoted-printable; `None`: nothing is.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut out: Vec<u8> = Vec::new();
    let mut is_changed = false;
    let mut rest = text;
    while let Some(at) = rest.find(['%', '&', '\\', '[', '(', '{', 'x', 'X']) {
        let (before, here) = rest.split_at(at);
        out.extend_from_slice(before.as_bytes());
        let mut it = here.chars();
        let sign = it.next();
        let after = it.as_str();
        let found = match sign {
            Some('%') => hex_byte(after.as_bytes()).map(|byte| (vec![byte], 2)),
            Some('&') => entity(after).map(|(text, length)| (text.into_bytes(), length)),
            Some('\\') => escape(after),
            Some('[' | '(' | '{') => {
                undefanged(after.as_bytes()).map(|(byte, length)| (vec![byte], length))
            }
            _ => international(after),
        };
        match found {
            Some((bytes, length)) => {
                is_changed = true;
                out.extend_from_slice(&bytes);
                rest = after.get(length..).unwrap_or_default();
            }
            None => {
                out.extend(sign.map(|c| c.to_string()).unwrap_or_default().bytes());
                rest = after;
            }
        }
    }
    if !is_changed {
        return None;
    }
    out.extend_from_slice(rest.as_bytes());
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// The text with quoted-printable decoded (RFC 2045 §6.7); `None`: there is none.
pub(super) fn quoted_printable(text: &str) -> Option<String> {
    let mut out: Vec<u8> = Vec::new();
    let mut is_changed = false;
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'=' {
            if let Some(byte) = hex_byte(after) {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
                is_changed = true;
                continue;
            }
            let soft = after
                .strip_prefix(b"\r\n")
                .or_else(|| after.strip_prefix(b"\n"));
            if let Some(next) = soft {
                rest = next;
                is_changed = true;
                continue;
            }
        }
        out.push(*first);
    }
    is_changed.then(|| String::from_utf8_lossy(&out).into_owned())
}

/// Whether an encoding goes on from one line to the next.
pub(super) fn goes_on(line: &str, next: &str) -> bool {
    let is_base64 = |text: &str| {
        text.trim()
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'='))
    };
    let is_folded = line.trim().len() >= FOLDED_LINE_MIN
        && is_base64(line)
        && !next.trim().is_empty()
        && is_base64(next);
    line.ends_with('=') || is_folded
}

/// What follows an opening bracket in a defanged address: `.]`, `dot]`, `@]`, `at]`; how long it is.
fn undefanged(after: &[u8]) -> Option<(u8, usize)> {
    let close = after
        .iter()
        .take(4)
        .position(|b| matches!(b, b']' | b')' | b'}'))?;
    let word = after.get(..close)?;
    let byte = if word == b"." || word.eq_ignore_ascii_case(b"dot") {
        b'.'
    } else if word == b"@" || word.eq_ignore_ascii_case(b"at") {
        b'@'
    } else if word == b":" {
        b':'
    } else {
        return None;
    };
    Some((byte, close.saturating_add(1)))
}

/// An escape behind its backslash: `u0041`, `u{41}`, `U00000041`, `x41`.
fn escape(after: &str) -> Option<(Vec<u8>, usize)> {
    let (kind, digits) = after.split_at_checked(1)?;
    let number = |digits: &str| u32::from_str_radix(digits, 16).ok();
    let (code, length) = match kind {
        "x" | "X" => {
            return hex_byte(digits.as_bytes()).map(|byte| (vec![byte], 3));
        }
        "u" if digits.starts_with('{') => {
            let end = digits.bytes().take(8).position(|b| b == b'}')?;
            (number(digits.get(1..end)?)?, end.saturating_add(2))
        }
        "u" => (number(digits.get(..4)?)?, 5),
        "U" => (number(digits.get(..8)?)?, 9),
        _ => return None,
    };
    let c = char::from_u32(code)?;
    Some((c.to_string().into_bytes(), length))
}

/// An international label behind the `x` of its prefix.
fn international(after: &str) -> Option<(Vec<u8>, usize)> {
    const REST: usize = punycode::PREFIX.len() - 1;
    let (prefix, label) = after.split_at_checked(REST)?;
    if !prefix.eq_ignore_ascii_case("n--") {
        return None;
    }
    // What is longer than a label is none, and is not read on.
    let end = label
        .bytes()
        .take(punycode::LABEL_BYTES_MAX)
        .position(|b| !b.is_ascii_alphanumeric() && b != b'-')
        .unwrap_or(label.len());
    let decoded = punycode::decoded(label.get(..end)?)?;
    Some((decoded.into_bytes(), end.saturating_add(REST)))
}
