//! Text without its markup: what a reader sees where Markdown, HTML or a URL breaks a word up. Only for the search for
//! labels and for names.
//!
//! Emphasis, tags and the targets of links go away, entities and percent-encoding become their characters, comments stay as text, and letters that
//! stand apart close up. Lines stay lines, so that what is found has its place.

use super::entities::{entity, hex_byte};

/// Longest tag in bytes: attributes of links are long, the text between two stray brackets longer.
pub(crate) const TAG_BYTES_MAX: usize = 512;
/// Fewest letters apart that are closed up: `T L P`.
const APART_MIN: usize = 3;

/// The text without markup; `None`: it has none.
pub(crate) fn unmarked(text: &str) -> Option<String> {
    let stripped = stripped(text);
    let closed = closed_up(stripped.as_deref().unwrap_or(text));
    closed.or(stripped)
}

fn stripped(text: &str) -> Option<String> {
    if !text
        .bytes()
        .any(|b| matches!(b, b'*' | b'`' | b'~' | b'<' | b'&' | b'%' | b'\\' | b']'))
    {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Where the text of a link may have begun.
    let mut opened: Option<usize> = None;
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '*' | '`' => behind,
            '~' if behind.starts_with('~') => behind.get(1..).unwrap_or_default(),
            '\\' if behind.starts_with(|c: char| c.is_ascii_punctuation()) => behind,
            '<' => tag(behind, &mut out),
            '[' => {
                opened = Some(out.len());
                out.push(c);
                behind
            }
            ']' => match target(behind) {
                Some(behind) => {
                    // Only the text of the link moves.
                    if let Some(at) = opened.take() {
                        out.remove(at);
                    }
                    behind
                }
                None => {
                    out.push(c);
                    behind
                }
            },
            '&' => match entity(behind) {
                Some((text, len)) => {
                    out.extend(text.chars().map(|c| if c == '\n' { ' ' } else { c }));
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

/// What follows the target of a link, which stands in brackets behind its text: `[text](target)`, `[text][name]`. `None`:
/// there is none.
fn target(behind: &str) -> Option<&str> {
    let close = match behind.as_bytes().first() {
        Some(b'(') => b')',
        Some(b'[') => b']',
        _ => return None,
    };
    let end = behind
        .bytes()
        .take(TAG_BYTES_MAX)
        .take_while(|b| *b != b'\n')
        .position(|b| b == close);
    behind.get(end?.saturating_add(1)..)
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

/// The printable character that two hexadecimal digits behind `%` stand for.
fn percent(behind: &str) -> Option<char> {
    let byte = hex_byte(behind.as_bytes())?;
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
