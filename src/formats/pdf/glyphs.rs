//! The characters of the encodings that PDF names (ISO 32000-1 annex D), of glyph names, and the widths of the font that is
//! taken where a file has none.

/// The character of a code in an encoding; without one in that of a font that has none, nearly Latin-1.
pub(super) fn character(encoding: &str, code: u8) -> Option<char> {
    let high = |table: &str, first: u8| table.chars().nth(usize::from(code.checked_sub(first)?));
    match code {
        // What TeX fonts have where others have nothing: ff, fi, fl, ffi, ffl.
        0x0b..=0x0f => high("\u{fb00}\u{fb01}\u{fb02}\u{fb03}\u{fb04}", 0x0b),
        0..=0x1f | 0x7f => None,
        0x20..=0x7e => Some(char::from(code)),
        _ => match encoding {
            "MacRomanEncoding" => high(MAC, 0x80),
            "WinAnsiEncoding" | "" => match code {
                0x80..=0x9f => high(WINDOWS, 0x80),
                _ => Some(char::from(code)),
            },
            "StandardEncoding" => match code {
                0xae => Some('\u{fb01}'),
                0xaf => Some('\u{fb02}'),
                0xad => Some('-'),
                _ => Some(char::from(code)),
            },
            _ => Some(char::from(code)),
        },
    }
}

/// Windows-1252 from 0x80 to 0x9f.
const WINDOWS: &str = "\u{20ac}\u{2022}\u{201a}\u{192}\u{201e}\u{2026}\u{2020}\u{2021}\u{2c6}\u{2030}\u{160}\u{2039}\
    \u{152}\u{2022}\u{17d}\u{2022}\u{2022}\u{2018}\u{2019}\u{201c}\u{201d}\u{2022}\u{2013}\u{2014}\
    \u{2dc}\u{2122}\u{161}\u{203a}\u{153}\u{2022}\u{17e}\u{178}";

/// Mac Roman from 0x80.
const MAC: &str = "\u{c4}\u{c5}\u{c7}\u{c9}\u{d1}\u{d6}\u{dc}\u{e1}\u{e0}\u{e2}\u{e4}\u{e3}\
    \u{e5}\u{e7}\u{e9}\u{e8}\u{ea}\u{eb}\u{ed}\u{ec}\u{ee}\u{ef}\u{f1}\u{f3}\
    \u{f2}\u{f4}\u{f6}\u{f5}\u{fa}\u{f9}\u{fb}\u{fc}\u{2020}\u{b0}\u{a2}\u{a3}\
    \u{a7}\u{2022}\u{b6}\u{df}\u{ae}\u{a9}\u{2122}\u{b4}\u{a8}\u{2260}\u{c6}\u{d8}\
    \u{221e}\u{b1}\u{2264}\u{2265}\u{a5}\u{b5}\u{2202}\u{2211}\u{220f}\u{3c0}\u{222b}\u{aa}\
    \u{ba}\u{3a9}\u{e6}\u{f8}\u{bf}\u{a1}\u{ac}\u{221a}\u{192}\u{2248}\u{2206}\u{ab}\
    \u{bb}\u{2026}\u{a0}\u{c0}\u{c3}\u{d5}\u{152}\u{153}\u{2013}\u{2014}\u{201c}\u{201d}\
    \u{2018}\u{2019}\u{f7}\u{25ca}\u{ff}\u{178}\u{2044}\u{20ac}\u{2039}\u{203a}\u{fb01}\u{fb02}\
    \u{2021}\u{b7}\u{201a}\u{201e}\u{2030}\u{c2}\u{ca}\u{c1}\u{cb}\u{c8}\u{cd}\u{ce}\
    \u{cf}\u{cc}\u{d3}\u{d4}\u{f8ff}\u{d2}\u{da}\u{db}\u{d9}\u{131}\u{2c6}\u{2dc}\
    \u{af}\u{2d8}\u{2d9}\u{2da}\u{b8}\u{2dd}\u{2db}\u{2c7}";

/// The text of a glyph by its name, as the Adobe Glyph List and its rules give it; only what texts are written in.
pub(super) fn standard(name: &str) -> Option<String> {
    // `A.sc` is an A.
    let name = name.split('.').next().filter(|n| !n.is_empty())?;
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return Some(c.to_string());
    }
    if let Some((_, text)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some((*text).to_owned());
    }
    let code = name
        .strip_prefix("uni")
        .and_then(|hex| hex.get(..4))
        .or_else(|| name.strip_prefix('u').filter(|hex| hex.len() >= 4));
    if let Some(c) = code
        .and_then(|hex| u32::from_str_radix(hex, 16).ok())
        .and_then(char::from_u32)
    {
        return Some(c.to_string());
    }
    if let Some((letters, _)) = name.split_once('_') {
        // A ligature such as `f_i`.
        return (letters.len() == 1).then(|| name.replace('_', ""));
    }
    let (letter, mark) = name.split_at_checked(1)?;
    let mark = MARKS.iter().find(|(known, _)| *known == mark)?;
    let is_letter = letter.bytes().all(|b| b.is_ascii_alphabetic());
    is_letter.then(|| format!("{letter}{}", mark.1))
}

/// Marks on letters, as combining characters.
const MARKS: [(&str, char); 12] = [
    ("acute", '\u{301}'),
    ("grave", '\u{300}'),
    ("circumflex", '\u{302}'),
    ("dieresis", '\u{308}'),
    ("tilde", '\u{303}'),
    ("cedilla", '\u{327}'),
    ("ring", '\u{30a}'),
    ("caron", '\u{30c}'),
    ("ogonek", '\u{328}'),
    ("macron", '\u{304}'),
    ("breve", '\u{306}'),
    ("hungarumlaut", '\u{30b}'),
];

const NAMES: [(&str, &str); 80] = [
    ("space", " "),
    ("exclam", "!"),
    ("quotedbl", "\""),
    ("numbersign", "#"),
    ("dollar", "$"),
    ("percent", "%"),
    ("ampersand", "&"),
    ("quotesingle", "'"),
    ("quoteright", "'"),
    ("quoteleft", "'"),
    ("parenleft", "("),
    ("parenright", ")"),
    ("asterisk", "*"),
    ("plus", "+"),
    ("comma", ","),
    ("hyphen", "-"),
    ("minus", "-"),
    ("period", "."),
    ("slash", "/"),
    ("zero", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("colon", ":"),
    ("semicolon", ";"),
    ("less", "<"),
    ("equal", "="),
    ("greater", ">"),
    ("question", "?"),
    ("at", "@"),
    ("bracketleft", "["),
    ("backslash", "\\"),
    ("bracketright", "]"),
    ("asciicircum", "^"),
    ("underscore", "_"),
    ("grave", "`"),
    ("braceleft", "{"),
    ("bar", "|"),
    ("braceright", "}"),
    ("asciitilde", "~"),
    ("fi", "fi"),
    ("fl", "fl"),
    ("ff", "ff"),
    ("ffi", "ffi"),
    ("ffl", "ffl"),
    ("endash", "\u{2013}"),
    ("emdash", "\u{2014}"),
    ("quotedblleft", "\u{201c}"),
    ("quotedblright", "\u{201d}"),
    ("quotedblbase", "\u{201e}"),
    ("quotesinglbase", "\u{201a}"),
    ("guillemotleft", "\u{ab}"),
    ("guillemotright", "\u{bb}"),
    ("bullet", "\u{2022}"),
    ("ellipsis", "\u{2026}"),
    ("germandbls", "\u{df}"),
    ("ae", "\u{e6}"),
    ("AE", "\u{c6}"),
    ("oe", "\u{153}"),
    ("OE", "\u{152}"),
    ("oslash", "\u{f8}"),
    ("Oslash", "\u{d8}"),
    ("dotlessi", "\u{131}"),
    ("lslash", "\u{142}"),
    ("Lslash", "\u{141}"),
    ("eth", "\u{f0}"),
    ("thorn", "\u{fe}"),
    ("Thorn", "\u{de}"),
    ("Euro", "\u{20ac}"),
    ("copyright", "\u{a9}"),
    ("registered", "\u{ae}"),
    ("degree", "\u{b0}"),
    ("nbspace", " "),
    ("section", "\u{a7}"),
];

/// How wide Helvetica is from the space on, in thousandths of its size.
pub(super) const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
