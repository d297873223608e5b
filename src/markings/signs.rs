//! Whether a text may say anything about TLP at all: what lets most of a document be passed over. Whatever
//! [`words`](super::words) reads must be told here, or a label is missed where everything else is silent.

use memchr::{memchr_iter, memchr2_iter};

use crate::formats::entities::hex_byte;
use crate::formats::markup::TAG_BYTES_MAX;
use crate::model::label::Label;

/// `tlp` may stand in text of which only ASCII is looked at: whole, broken up, encoded, or spelled out.
pub(super) fn may_say_tlp(bytes: &[u8]) -> bool {
    has_tlp(bytes) || says_broken_tlp(bytes) || says_encoded(bytes) || says_phrase(bytes)
}

/// `tlp` stands somewhere, in any case.
pub(super) fn has_tlp(bytes: &[u8]) -> bool {
    find_tlp(bytes, 0).is_some()
}

/// Where `tlp` stands next, in any case.
pub(super) fn find_tlp(bytes: &[u8], from: usize) -> Option<usize> {
    find_letters(bytes, *b"tlp", from)
}

/// Where three letters stand next, in any case.
pub(super) fn find_letters(bytes: &[u8], letters: [u8; 3], from: usize) -> Option<usize> {
    // Blocks without a branch inside, which compile to vector instructions: attachments are megabytes of base64.
    const BLOCK: usize = 64;
    let [first, second, third] = letters;
    let a = bytes.get(from..bytes.len().saturating_sub(2))?;
    let b = bytes.get(from.saturating_add(1)..)?;
    let c = bytes.get(from.saturating_add(2)..)?;
    let differs = |a: &u8, b: &u8, c: &u8| {
        ((a | 0x20) ^ first) | ((b | 0x20) ^ second) | ((c | 0x20) ^ third)
    };
    for (index, ((a, b), c)) in a
        .chunks(BLOCK)
        .zip(b.chunks(BLOCK))
        .zip(c.chunks(BLOCK))
        .enumerate()
    {
        let triples = || a.iter().zip(b).zip(c);
        let hits = triples().fold(0u8, |any, ((a, b), c)| {
            any | u8::from(differs(a, b, c) == 0)
        });
        if hits != 0 {
            let within = triples().position(|((a, b), c)| differs(a, b, c) == 0)?;
            return Some(from + index * BLOCK + within);
        }
    }
    None
}

/// A `t`, an `l` and a `p` with markup, points or spaces between them.
fn says_broken_tlp(bytes: &[u8]) -> bool {
    memchr2_iter(b't', b'T', bytes).any(|at| {
        matches!(next_letter(bytes, at.saturating_add(1)), Some((b'l', after))
            if matches!(next_letter(bytes, after), Some((b'p', _))))
    })
}

const fn breaks(byte: u8) -> bool {
    matches!(
        byte,
        b'*' | b'`'
            | b'~'
            | b'\\'
            | b' '
            | b'_'
            | b'\t'
            | b'.'
            | b'-'
            | b'/'
            | b'['
            | b']'
            | b'('
            | b')'
            | b','
            | b':'
            | b'+'
    )
}

/// The next letter behind markup, in lower case, and the position behind it.
fn next_letter(bytes: &[u8], from: usize) -> Option<(u8, usize)> {
    // Some marks, tags or entities.
    const MARKS_MAX: usize = 16;
    let mut at = from;
    let mut previous = 0;
    for _ in 0..MARKS_MAX {
        let byte = *bytes.get(at)?;
        let through = |end: &[u8]| {
            let rest = bytes.get(at..)?;
            rest.iter()
                .take(TAG_BYTES_MAX)
                .position(|b| end.contains(b))
        };
        let skipped = match byte {
            b'<' | b'&' => through(b">;").unwrap_or(0),
            b'(' if previous == b']' => through(b")").unwrap_or(0),
            b'[' if previous == b']' => through(b"]").unwrap_or(0),
            b'%' => 2,
            byte if breaks(byte) => 0,
            _ => break,
        };
        previous = byte;
        at = at.saturating_add(skipped).saturating_add(1);
    }
    Some((bytes.get(at)?.to_ascii_lowercase(), at.saturating_add(1)))
}

/// A letter of `tlp` as an entity or in percent-encoding.
fn says_encoded(bytes: &[u8]) -> bool {
    let at = |at: usize| bytes.get(at.saturating_add(1)..).unwrap_or_default();
    memchr_iter(b'&', bytes).any(|sign| at(sign).first() == Some(&b'#'))
        || memchr_iter(b'%', bytes).any(|sign| {
            hex_byte(at(sign)).is_some_and(|b| matches!(b.to_ascii_lowercase(), b't' | b'l' | b'p'))
        })
}

/// `Traffic`, and shortly behind it `Protocol`.
fn says_phrase(bytes: &[u8]) -> bool {
    // Two words with markup between them.
    const BETWEEN_MAX: usize = 120;
    let mut from = 0;
    while let Some(at) = find_letters(bytes, *b"oto", from) {
        from = at.saturating_add(1);
        let start = at.saturating_sub(BETWEEN_MAX);
        let is_proto = bytes
            .get(at.saturating_sub(2)..at)
            .is_some_and(|head| head.eq_ignore_ascii_case(b"pr"));
        let before = bytes.get(start..at).unwrap_or_default();
        if is_proto
            && before
                .windows(7)
                .any(|w| w.eq_ignore_ascii_case(b"traffic"))
        {
            return true;
        }
    }
    false
}

/// The text with `TLP` where its name is spelled out or has points: `Traffic Light Protocol`, `T.L.P.`, `T-L-P`. `None`: it
/// is so nowhere.
pub(super) fn spelled(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut copied = 0;
    for at in memchr2_iter(b't', b'T', bytes) {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        if at < copied || before.is_some_and(u8::is_ascii_alphanumeric) {
            continue;
        }
        // `S-T-L-P` is another word.
        let is_joined = matches!(before, Some(b'.' | b'-' | b'_' | b'/'))
            && at
                .checked_sub(2)
                .and_then(|at| bytes.get(at))
                .is_some_and(u8::is_ascii_alphanumeric);
        let letters = || letters_end(bytes, at).filter(|_| !is_joined);
        let Some(end) = phrase_end(bytes, at).or_else(letters) else {
            continue;
        };
        if is_prose(text.get(end..).unwrap_or_default()) {
            continue;
        }
        out.push_str(text.get(copied..at).unwrap_or_default());
        // Lines stay lines.
        let name = text.get(at..end).unwrap_or_default();
        out.extend(name.chars().filter(|c| *c == '\n'));
        out.push_str("TLP");
        copied = end;
    }
    if copied == 0 {
        return None;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Some(out)
}

/// Where the name ends that begins here, written out.
fn phrase_end(bytes: &[u8], at: usize) -> Option<usize> {
    let word = |at: usize, word: &str| {
        let end = at.checked_add(word.len())?;
        bytes
            .get(at..end)
            .is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
            .then_some(end)
    };
    let gap = |at: usize| {
        const GAP_MAX: usize = 8;
        let rest = bytes.get(at..).unwrap_or_default();
        let spaces = rest
            .iter()
            .take(GAP_MAX)
            .take_while(|b| b.is_ascii_whitespace() || matches!(b, b'-' | b'_'));
        at.saturating_add(spaces.count())
    };
    let light = gap(word(at, "traffic")?);
    let protocol = gap(word(light, "light")?);
    let end = word(protocol, "protocol").or_else(|| word(protocol, "protokoll"))?;
    is_end(bytes, end).then_some(end)
}

/// Where the three letters end that begin here, with points or dashes between them.
fn letters_end(bytes: &[u8], at: usize) -> Option<usize> {
    const GAP_MAX: usize = 3;
    let mut at = at;
    for letter in [b'l', b'p'] {
        let rest = bytes.get(at.saturating_add(1)..)?;
        let gap = rest
            .iter()
            .take(GAP_MAX)
            .take_while(|b| matches!(b, b'.' | b'-' | b'_' | b'/' | b' '))
            .count();
        let is_marked = rest.iter().take(gap).any(|b| *b != b' ');
        if !is_marked || rest.get(gap)?.to_ascii_lowercase() != letter {
            return None;
        }
        at = at.saturating_add(gap).saturating_add(1);
    }
    let end = at.saturating_add(1);
    let end = end.saturating_add(usize::from(bytes.get(end) == Some(&b'.')));
    is_end(bytes, end).then_some(end)
}

fn is_end(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_none_or(|b| !b.is_ascii_alphanumeric())
}

/// What follows the name goes on as a sentence does, in which a colour is a word: `the traffic light protocol red means …`.
fn is_prose(behind: &str) -> bool {
    let word = behind.trim_start_matches([' ', '\t', '\r', '\n']);
    let len = word.bytes().take_while(u8::is_ascii_lowercase).count();
    len > 0 && word.get(..len).is_some_and(|w| Label::parse(w).is_some())
}
