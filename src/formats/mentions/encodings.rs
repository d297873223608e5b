//! Text that stands for other text: percent-encoding, HTML entities, escapes, defanged and international domains, and
//! quoted-printable. Each decoder looks at a text once, from left to right.

use super::punycode;

/// Longest HTML entity in bytes, from `&` to `;`.
const ENTITY_BYTES_MAX: usize = 18;
/// Shortest line of folded base64: encoders fold at 64 or 76.
const FOLDED_LINE_MIN: usize = 40;

/// Whether something may be encoded in a text. `escapes`: a backslash may begin an escape.
pub(super) fn signs(text: &[u8], escapes: bool) -> bool {
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let is_sign = match first {
            b'%' => hex_byte(after).is_some(),
            b'=' => hex_byte(after).is_some() || matches!(after.first(), Some(b'\r' | b'\n')),
            b'&' => matches!(after.first(), Some(b'#' | b'A'..=b'Z' | b'a'..=b'z')),
            b'\\' => escapes && matches!(after.first(), Some(b'u' | b'U' | b'x' | b'X')),
            b'[' | b'(' | b'{' => undefanged(rest).is_some(),
            b'x' | b'X' => after
                .get(..3)
                .is_some_and(|n| n.eq_ignore_ascii_case(b"n--")),
            _ => false,
        };
        if is_sign {
            return true;
        }
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
            Some('&') => entity(after).map(|(c, length)| (c.into_bytes(), length)),
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

/// The byte that two hex digits stand for.
fn hex_byte(text: &[u8]) -> Option<u8> {
    let [high, low, ..] = text else {
        return None;
    };
    Some(nibble(*high)? << 4 | nibble(*low)?)
}

/// The value of a hex digit.
pub(super) const fn nibble(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
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

/// An HTML entity behind its `&`: the text that it stands for, and how long it is.
fn entity(after: &str) -> Option<(String, usize)> {
    let end = after
        .bytes()
        .take(ENTITY_BYTES_MAX)
        .position(|b| b == b';')?;
    let name = after.get(..end)?;
    let text = if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        char::from_u32(code)?.to_string()
    } else {
        named(name)?
    };
    Some((text, end.saturating_add(1)))
}

/// Entities of letters, and of what stands in names and addresses.
fn named(name: &str) -> Option<String> {
    let text = match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        "nbsp" | "ensp" | "emsp" | "thinsp" | "NewLine" | "Tab" => " ",
        "shy" | "zwj" | "zwnj" | "ZeroWidthSpace" => "",
        "period" => ".",
        "commat" => "@",
        "colon" => ":",
        "sol" => "/",
        "hyphen" | "dash" | "ndash" | "mdash" => "-",
        "lowbar" | "UnderBar" => "_",
        "plus" => "+",
        "percnt" => "%",
        "num" => "#",
        "szlig" => "ß",
        "aelig" => "æ",
        "AElig" => "Æ",
        "oelig" => "œ",
        "OElig" => "Œ",
        "oslash" => "ø",
        "Oslash" => "Ø",
        "eth" => "ð",
        "ETH" => "Ð",
        "thorn" => "þ",
        "THORN" => "Þ",
        "lstrok" => "ł",
        "Lstrok" => "Ł",
        "inodot" => "ı",
        other => return accented(other),
    };
    Some(text.to_owned())
}

/// A letter with the name of its accent: `eacute`.
fn accented(name: &str) -> Option<String> {
    let mut it = name.chars();
    let letter = it.next().filter(char::is_ascii_alphabetic)?;
    let mark = match it.as_str() {
        "grave" => '\u{300}',
        "acute" => '\u{301}',
        "circ" => '\u{302}',
        "tilde" => '\u{303}',
        "macr" => '\u{304}',
        "breve" => '\u{306}',
        "dot" => '\u{307}',
        "uml" => '\u{308}',
        "ring" => '\u{30a}',
        "dblac" => '\u{30b}',
        "caron" => '\u{30c}',
        "cedil" => '\u{327}',
        "ogon" => '\u{328}',
        _ => return None,
    };
    Some([letter, mark].iter().collect())
}
