//! HTML entities and percent-encoding: characters that stand for others.

/// Longest HTML entity in bytes, from `&` to `;`, such as `&CounterClockwiseContourIntegral;`.
const ENTITY_BYTES_MAX: usize = 40;

/// The byte that two hex digits stand for.
pub(crate) fn hex_byte(text: &[u8]) -> Option<u8> {
    let [high, low, ..] = text else {
        return None;
    };
    Some(nibble(*high)? << 4 | nibble(*low)?)
}

/// The value of a hex digit.
pub(crate) const fn nibble(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// An HTML entity behind its `&`: the text that it stands for, and how long it is. A number may lack its `;`, as browsers
/// allow.
pub(crate) fn entity(after: &str) -> Option<(String, usize)> {
    if let Some(number) = after.strip_prefix('#') {
        let (radix, digits, skipped) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (16, digits, 2_usize),
            None => (10, number, 1),
        };
        let length = digits
            .bytes()
            .take(ENTITY_BYTES_MAX)
            .take_while(|b| char::from(*b).is_digit(radix))
            .count();
        let code = u32::from_str_radix(digits.get(..length)?, radix).ok()?;
        let end = digits.as_bytes().get(length) == Some(&b';');
        let length = skipped
            .saturating_add(length)
            .saturating_add(usize::from(end));
        return Some((char::from_u32(code)?.to_string(), length));
    }
    let end = after
        .bytes()
        .take(ENTITY_BYTES_MAX)
        .position(|b| b == b';')?;
    Some((named(after.get(..end)?)?, end.saturating_add(1)))
}

/// Entities of letters, and of what stands in names, addresses and labels.
fn named(name: &str) -> Option<String> {
    let text = match name {
        "amp" | "AMP" => "&",
        "lt" | "LT" => "<",
        "gt" | "GT" => ">",
        "quot" | "QUOT" => "\"",
        "apos" => "'",
        "nbsp" | "NonBreakingSpace" | "ensp" | "emsp" | "thinsp" | "NewLine" | "Tab" => " ",
        "shy" | "zwj" | "zwnj" | "ZeroWidthSpace" | "NoBreak" => "",
        "period" => ".",
        "comma" => ",",
        "commat" => "@",
        "colon" => ":",
        "equals" => "=",
        "sol" => "/",
        "hyphen" | "dash" | "ndash" | "mdash" | "minus" => "-",
        "lowbar" | "UnderBar" => "_",
        "plus" => "+",
        "percnt" => "%",
        "num" => "#",
        "ast" | "midast" => "*",
        "vert" | "verbar" | "VerticalLine" => "|",
        "lpar" => "(",
        "rpar" => ")",
        "lsqb" | "lbrack" => "[",
        "rsqb" | "rbrack" => "]",
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
