//! Text without its markup: what a reader sees where Markdown, HTML or a URL breaks a label up. Only for the search for
//! labels.
//!
//! Emphasis and tags go away, entities and percent-encoding become their characters, comments stay as text, and letters that
//! stand apart close up. Lines stay lines, so that what is found has its place.

use std::ops::Range;

/// Longest tag in bytes: attributes of links are long, the text between two stray brackets longer.
const TAG_BYTES_MAX: usize = 512;
/// Longest entity in bytes, such as `&CounterClockwiseContourIntegral;`.
const ENTITY_BYTES_MAX: usize = 40;
/// Fewest letters apart that are closed up: `T L P`.
const APART_MIN: usize = 3;

/// The text without markup; `None`: it has none.
pub(crate) fn unmarked(text: &str) -> Option<String> {
    let stripped = stripped(text);
    let closed = closed_up(stripped.as_deref().unwrap_or(text));
    closed.or(stripped)
}

/// `tlp` may stand in text of which only ASCII is looked at, whole or broken up.
pub(crate) fn may_say_tlp(bytes: &[u8]) -> bool {
    super::words::has_tlp(bytes) || says_broken_tlp(bytes)
}

/// A `t`, an `l` and a `p` with markup or a space between them.
fn says_broken_tlp(bytes: &[u8]) -> bool {
    // Blocks without a branch inside, which compile to vector instructions: most hold nothing that begins so.
    const BLOCK: usize = 64;
    let behind = |n: usize| bytes.get(n..).unwrap_or_default().chunks(BLOCK);
    let blocks = behind(0).zip(behind(1)).zip(behind(2));
    blocks.enumerate().any(|(index, ((t, l), p))| {
        let begins = t.iter().zip(l).zip(p).fold(0u8, |any, ((t, l), p)| {
            let is_t = t | 0x20 == b't';
            let is_apart =
                breaks(*l) & ((p | 0x20 == b'l') | breaks(*p) | (*l == b'<') | (*l == b'&'));
            let is_behind = (l | 0x20 == b'l') & breaks(*p);
            any | u8::from(is_t & (is_apart | is_behind))
        });
        let start = index.saturating_mul(BLOCK);
        // The two bytes behind the block may end what begins in it.
        let end = start.saturating_add(BLOCK + 2).min(bytes.len());
        begins != 0 && says_broken_tlp_in(bytes, start..end)
    })
}

fn says_broken_tlp_in(bytes: &[u8], block: Range<usize>) -> bool {
    let start = block.start;
    let windows = bytes.get(block).unwrap_or_default().windows(3);
    windows.zip(start..).any(|(three, at)| match three {
        [b't' | b'T', b'l' | b'L', c] if breaks(*c) => {
            next_letter(bytes, at.saturating_add(2)).is_some_and(|(c, _)| c == b'p')
        }
        [b't' | b'T', c, _] if breaks(*c) => {
            matches!(next_letter(bytes, at.saturating_add(1)), Some((b'l', after))
                if matches!(next_letter(bytes, after), Some((b'p', _))))
        }
        _ => false,
    })
}

const fn breaks(byte: u8) -> bool {
    // Without branches, see above.
    (byte == b'*')
        | (byte == b'`')
        | (byte == b'~')
        | (byte == b'<')
        | (byte == b'&')
        | (byte == b'\\')
        | (byte == b' ')
        | (byte == b'_')
        | (byte == b'\t')
}

/// The next letter behind markup, in lower case, and the position behind it.
fn next_letter(bytes: &[u8], from: usize) -> Option<(u8, usize)> {
    // A few marks, or one tag.
    const MARKS_MAX: usize = 8;
    let rest = bytes.get(from..)?;
    let marks = rest
        .iter()
        .take(MARKS_MAX)
        .take_while(|b| breaks(**b))
        .count();
    let mut at = from.saturating_add(marks);
    if rest.iter().take(marks).any(|b| matches!(b, b'<' | b'&')) {
        let end = rest
            .iter()
            .take(TAG_BYTES_MAX)
            .position(|b| matches!(b, b'>' | b';'))?;
        at = from.saturating_add(end).saturating_add(1);
    }
    Some((bytes.get(at)?.to_ascii_lowercase(), at.saturating_add(1)))
}

fn stripped(text: &str) -> Option<String> {
    if !text
        .bytes()
        .any(|b| matches!(b, b'*' | b'`' | b'~' | b'<' | b'&' | b'%' | b'\\'))
    {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '*' | '`' => behind,
            '~' if behind.starts_with('~') => behind.get(1..).unwrap_or_default(),
            '\\' if behind.starts_with(|c: char| c.is_ascii_punctuation()) => behind,
            '<' => tag(behind, &mut out),
            '&' => match entity(behind) {
                Some((c, len)) => {
                    out.push(c);
                    behind.get(len..).unwrap_or_default()
                }
                None => {
                    out.push(c);
                    behind
                }
            },
            '%' => match percent(behind) {
                Some(c) => {
                    out.push(c);
                    behind.get(2..).unwrap_or_default()
                }
                None => {
                    out.push(c);
                    behind
                }
            },
            other => {
                out.push(other);
                behind
            }
        };
    }
    Some(out)
}

/// Reads what stands behind a `<`: takes a tag away, opens a comment; what is neither stays.
fn tag<'a>(behind: &'a str, out: &mut String) -> &'a str {
    if let Some(comment) = behind.strip_prefix("!--") {
        out.push(' ');
        return comment;
    }
    let is_tag = behind.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let end = behind
        .bytes()
        .take(TAG_BYTES_MAX)
        .position(|b| matches!(b, b'<' | b'>'))
        .filter(|end| is_tag && behind.as_bytes().get(*end) == Some(&b'>'));
    let Some(end) = end else {
        out.push('<');
        return behind;
    };
    let (tag, after) = behind.split_at_checked(end).unwrap_or((behind, ""));
    // A tag that ends a block ends a word too; a line end within the tag stays one.
    const BLOCKS: [&str; 8] = ["p", "br", "div", "td", "th", "tr", "li", "h"];
    let name = tag
        .trim_start_matches('/')
        .split(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or_default();
    if BLOCKS.iter().any(|block| name.eq_ignore_ascii_case(block)) {
        out.push(' ');
    }
    out.extend(tag.chars().filter(|c| *c == '\n'));
    after.get(1..).unwrap_or_default()
}

/// The character that an entity behind `&` stands for, and the length of the entity.
fn entity(behind: &str) -> Option<(char, usize)> {
    let end = behind
        .bytes()
        .take(ENTITY_BYTES_MAX)
        .position(|b| b == b';')?;
    let name = behind.get(..end)?;
    let c = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
        None => match name {
            "colon" => ':',
            "plus" => '+',
            "equals" => '=',
            "nbsp" | "ensp" | "emsp" | "thinsp" | "Tab" | "NonBreakingSpace" => ' ',
            "NewLine" => ' ',
            "hyphen" | "dash" | "ndash" | "mdash" | "minus" => '-',
            "lowbar" => '_',
            "quot" => '"',
            "apos" => '\'',
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "ast" => '*',
            "vert" | "verbar" => '|',
            "lpar" => '(',
            "rpar" => ')',
            "lsqb" | "lbrack" => '[',
            "rsqb" | "rbrack" => ']',
            "shy" | "zwj" | "zwnj" | "ZeroWidthSpace" | "NoBreak" => '\u{ad}',
            _ => return None,
        },
    };
    Some((if c == '\n' { ' ' } else { c }, end.saturating_add(1)))
}

/// The printable character that two hexadecimal digits behind `%` stand for.
fn percent(behind: &str) -> Option<char> {
    let digits = behind.get(..2)?;
    let byte = u8::from_str_radix(digits, 16).ok()?;
    (byte == b' ' || byte.is_ascii_graphic()).then(|| char::from(byte))
}

/// Closes up letters that stand apart: `T L P : R E D`. `None`: none do.
fn closed_up(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0usize;
    let mut run: Vec<&str> = Vec::new();
    let mut run_start = 0usize;
    let mut at = 0usize;
    let base = text;
    let mut close = |run: &mut Vec<&str>, start: usize, end: usize| {
        if run.len() >= APART_MIN {
            out.push_str(base.get(copied..start).unwrap_or_default());
            out.extend(run.iter().copied());
            copied = end;
        }
        run.clear();
    };
    let mut run_end = 0usize;
    for piece in text.split_inclusive([' ', '\t', '\n']) {
        let word = piece.trim_end_matches([' ', '\t', '\n']);
        let end = at.saturating_add(word.len());
        let mut chars = word.chars();
        let is_letter = matches!(
            (chars.next(), chars.next(), chars.next()),
            (Some(_), None, None)
        ) || matches!(
            word.as_bytes(),
            [_, b':' | b'+' | b'.' | b',' | b')'] | [b'(' | b'[', _]
        );
        if is_letter {
            if run.is_empty() {
                run_start = at;
            }
            run.push(word);
            run_end = end;
        }
        if word.is_empty() && !run.is_empty() {
            // More than one space stands between words that are spaced out.
            run.push(" ");
        }
        if !is_letter && !word.is_empty() || piece.ends_with('\n') {
            close(&mut run, run_start, run_end);
        }
        at = at.saturating_add(piece.len());
    }
    close(&mut run, run_start, run_end);
    if copied == 0 {
        return None;
    }
    out.push_str(base.get(copied..).unwrap_or_default());
    Some(out)
}
