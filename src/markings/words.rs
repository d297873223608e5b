//! `TLP:` strings in text, and single values that claim to be a label.

use std::collections::HashSet;

use super::alike::folded;
use super::markup::{may_say_tlp, unmarked};
use crate::formats::plain;
use crate::model::label::Label;

/// What a text says about TLP at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Claim {
    /// A known label.
    Known(Label),
    /// Of the TLP family, but no label that TLP knows.
    Unknown,
}

impl Claim {
    /// The label, RED where it is unknown.
    pub(crate) const fn label(self) -> Label {
        match self {
            Claim::Known(label) => label,
            Claim::Unknown => Label::Red,
        }
    }

    /// The stricter of two; of an unknown one and RED the unknown one, which can be settled.
    pub(crate) fn stricter(self, other: Claim) -> Claim {
        if other.label() > self.label() {
            other
        } else {
            self
        }
    }
}

/// A `TLP:` string within a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// What it says; `None`: `tlp:ex:chr`, which is about the source's name only.
    pub(crate) claim: Option<Claim>,
    /// What stands there, after normalisation.
    pub(crate) text: String,
    /// The line of the text, from 1.
    pub(crate) line: usize,
}

/// Reads a value that stands where a label should, such as `definition.tlp` or the name of a tag.
pub(crate) fn value(text: &str) -> Claim {
    let text = folded(text);
    if let Some(label) = Label::parse(&text) {
        return Claim::Known(label);
    }
    // Spellings beyond the plain ones, such as `TLP="clear"`, are read as in text.
    let found: Vec<Claim> = all(&text, true)
        .into_iter()
        .filter_map(|f| f.claim)
        .collect();
    match found.as_slice() {
        [] => Claim::Unknown,
        [first, rest @ ..] => rest.iter().fold(*first, |a, b| a.stricter(*b)),
    }
}

/// The text is of the TLP family as a whole, such as a tag `tlp:rainbow` or a name `TLP AMBER`: it begins with `TLP` and
/// goes on with something else than a letter or digit, or not at all.
pub(crate) fn is_family(text: &str) -> bool {
    let text = folded(text);
    let text = text.trim_start();
    match text.get(..3) {
        Some(head) if head.eq_ignore_ascii_case("tlp") => !text
            .get(3..)
            .unwrap_or_default()
            .starts_with(|c: char| c.is_alphanumeric()),
        _ => false,
    }
}

/// The tag says only that the source must not be named (Chatham House Rule); it limits no recipient.
pub(crate) fn is_source_only(text: &str) -> bool {
    let text = folded(text);
    let found = all(&text, false);
    text.trim().eq_ignore_ascii_case("ex:chr")
        || (!found.is_empty() && found.iter().all(|f| f.claim.is_none()))
}

/// Finds every `TLP:` string, also where look-alike letters or markup hide it. Cheap where there is none.
pub(crate) fn scan(text: &str, visit: &mut dyn FnMut(Found)) {
    all(&folded(text), false).into_iter().for_each(visit);
}

/// The labels of a text of which the white space says nothing, because a layout made it: only what is a label to the
/// letter, each once.
pub(crate) fn compact(text: &str) -> Vec<(Claim, String)> {
    const NAMES: [&str; 8] = [
        "AMBER+STRICT",
        "AMBER-STRICT",
        "AMBERSTRICT",
        "AMBER",
        "RED",
        "GREEN",
        "WHITE",
        "CLEAR",
    ];
    let text: String = folded(text)
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    let bytes = text.as_bytes();
    let mut found: Vec<(Claim, String)> = Vec::new();
    let mut from = 0;
    while let Some(start) = find_tlp(bytes, from) {
        from = start + "tlp".len();
        let Some(tail) = text.get(from..).and_then(|t| t.strip_prefix(':')) else {
            continue;
        };
        let name = NAMES.iter().find(|name| {
            tail.get(..name.len())
                .is_some_and(|t| t.eq_ignore_ascii_case(name))
        });
        let label = name.and_then(|name| match *name {
            "AMBERSTRICT" => Some(Label::AmberStrict),
            name => Label::parse(name),
        });
        if let Some(label) = label {
            let claim = Claim::Known(label);
            if !found.iter().any(|(known, _)| *known == claim) {
                found.push((claim, format!("TLP:{label}")));
            }
        }
    }
    found
}

/// Every `TLP:` string of folded text, as it stands and without its markup.
fn all(text: &str, may_release: bool) -> Vec<Found> {
    let mut raw = Vec::new();
    // Entities may spell the letters themselves.
    if !may_say_tlp(text.as_bytes()) && !text.contains("&#") {
        return raw;
    }
    strings(text, may_release, &mut |f| raw.push(f));
    let Some(unmarked) = unmarked(text) else {
        return raw;
    };
    let mut found = Vec::new();
    strings(&unmarked, may_release, &mut |f| found.push(f));
    // A label that markup breaks up is only read without it; what markup held apart, only with it.
    let lines: HashSet<usize> = found.iter().map(|f| f.line).collect();
    let said: HashSet<(usize, Option<Claim>)> = found.iter().map(|f| (f.line, f.claim)).collect();
    found.extend(raw.into_iter().filter(|f| match f.claim {
        Some(Claim::Unknown) => !lines.contains(&f.line),
        claim => !said.contains(&(f.line, claim)),
    }));
    found.sort_by_key(|f| f.line);
    found
}

/// `tlp` stands somewhere, in any case.
pub(crate) fn has_tlp(bytes: &[u8]) -> bool {
    find_tlp(bytes, 0).is_some()
}

/// Where `tlp` stands next, in any case.
fn find_tlp(bytes: &[u8], from: usize) -> Option<usize> {
    find_name(bytes, from, b"tlp")
}

/// Where a name of three lower-case letters stands next, in any case.
pub(super) fn find_name(bytes: &[u8], from: usize, name: &[u8; 3]) -> Option<usize> {
    // Blocks without a branch inside, which compile to vector instructions: attachments are megabytes of base64.
    const BLOCK: usize = 64;
    let t = bytes.get(from..bytes.len().saturating_sub(2))?;
    let l = bytes.get(from.saturating_add(1)..)?;
    let p = bytes.get(from.saturating_add(2)..)?;
    let [first, second, third] = *name;
    let differs = |t: &u8, l: &u8, p: &u8| {
        ((t | 0x20) ^ first) | ((l | 0x20) ^ second) | ((p | 0x20) ^ third)
    };
    for (index, ((t, l), p)) in t
        .chunks(BLOCK)
        .zip(l.chunks(BLOCK))
        .zip(p.chunks(BLOCK))
        .enumerate()
    {
        let triples = || t.iter().zip(l).zip(p);
        let hits = triples().fold(0u8, |any, ((t, l), p)| {
            any | u8::from(differs(t, l, p) == 0)
        });
        if hits != 0 {
            let within = triples().position(|((t, l), p)| differs(t, l, p) == 0)?;
            return Some(from + index * BLOCK + within);
        }
    }
    None
}

/// Finds every `TLP:` string in folded text. What is only nearly one, such as `TLP CLEAR` or `cert-fr:TLP="clear"`,
/// can restrict but not release, unless the whole text is there to say a label.
fn strings(text: &str, may_release: bool, visit: &mut dyn FnMut(Found)) {
    let bytes = text.as_bytes();
    let mut from = 0;
    let mut line = 1usize;
    let mut counted = 0usize;
    while let Some(start) = find_tlp(bytes, from) {
        from = start + "tlp".len();
        // Other scripts do not part words by spaces.
        let before = start.checked_sub(1).and_then(|at| bytes.get(at));
        if before.is_some_and(u8::is_ascii_alphanumeric) {
            continue;
        }
        if let Some((claim, end)) = after_tlp(text, from) {
            let gap = bytes.get(from..end).unwrap_or_default();
            let is_exact = gap.iter().find(|b| **b != b' ') == Some(&b':');
            let between = bytes.get(counted..start).unwrap_or_default();
            line = line.saturating_add(between.iter().filter(|b| **b == b'\n').count());
            counted = start;
            from = end;
            if is_exact || may_release || claim != Some(Claim::Known(Label::Clear)) {
                visit(Found {
                    claim,
                    text: plain::one_line(text.get(start..end).unwrap_or_default(), TEXT_BYTES_MAX),
                    line,
                });
            }
        }
    }
}

/// What stands between `TLP` and its label: `TLP:AMBER`, `TLP: AMBER`, `TLP – AMBER`, `TLP="amber"`, `**TLP:** AMBER`,
/// `| TLP | AMBER |`, `TLP:` at the end of a line.
struct Gap {
    len: usize,
    /// A colon or equals sign stands in it before its first line end.
    is_assigned: bool,
    /// It is more than spaces.
    is_strong: bool,
    has_line_end: bool,
}

/// Most separating characters that are looked through: a line under a heading is one.
const SEPARATORS_MAX: usize = 100;
/// Most line ends between `TLP` and its label: a heading, a line under it, and an empty line.
const LINE_ENDS_MAX: usize = 3;

impl Gap {
    fn of(text: &str) -> Self {
        let mut gap = Gap {
            len: 0,
            is_assigned: false,
            is_strong: false,
            has_line_end: false,
        };
        let mut line_ends = 0usize;
        for c in text.chars().take(SEPARATORS_MAX) {
            match c {
                '\n' if line_ends < LINE_ENDS_MAX => {
                    line_ends = line_ends.saturating_add(1);
                    gap.has_line_end = true;
                }
                '\r' => {}
                '#' if gap.has_line_end => {}
                ' ' | '\t' => {}
                ':' | '=' => {
                    gap.is_assigned |= !gap.has_line_end;
                    gap.is_strong = true;
                }
                c if is_separator(c) => gap.is_strong = true,
                _ => break,
            }
            gap.len = gap.len.saturating_add(c.len_utf8());
        }
        gap
    }
}

fn is_separator(c: char) -> bool {
    if c.is_ascii() {
        matches!(
            c,
            '-' | '_'
                | '\''
                | '"'
                | '\\'
                | '*'
                | '`'
                | '|'
                | '['
                | ']'
                | '('
                | ')'
                | '<'
                | '>'
                | '{'
                | '}'
                | '~'
        )
    } else {
        // Dashes, quotation marks, arrows, bullets, emoji.
        !c.is_alphanumeric() && !c.is_control()
    }
}

/// Reads what follows a `TLP` that ends at `end`; returns what it says, with its end.
fn after_tlp(text: &str, end: usize) -> Option<(Option<Claim>, usize)> {
    let rest = text.get(end..)?;
    let gap = Gap::of(rest);
    let tail = rest.get(gap.len..)?;
    let at = |len: usize| end.saturating_add(gap.len).saturating_add(len);
    if gap.len > 0 {
        if is_source_rule(tail) && gap.is_strong {
            return Some((None, at(SOURCE_RULE.len())));
        }
        if let Some((claim, len)) = labels_at(tail)
            && is_there(&gap, tail, len)
        {
            return Some((Some(claim), at(len)));
        }
    }
    if let Some((claim, len)) = described(&gap, tail) {
        return Some((Some(claim), at(len)));
    }
    if gap.is_assigned
        && !gap.has_line_end
        && let Some(label) = coloured(rest.get(..gap.len)?)
    {
        return Some((Some(Claim::Known(label)), at(0)));
    }
    // `TLP:FOO` names a label that does not exist; `TLP: see below` and `TLP - a protocol` are sentences.
    if rest
        .strip_prefix(':')
        .is_none_or(|r| !r.starts_with(|c: char| c.is_alphanumeric()))
    {
        return None;
    }
    let len: usize = tail
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '+' | '-' | '_'))
        .map(char::len_utf8)
        .sum();
    Some((Some(Claim::Unknown), at(len)))
}

/// The Chatham House Rule, behind `TLP`.
const SOURCE_RULE: &str = "ex:chr";

fn is_source_rule(tail: &str) -> bool {
    tail.get(..SOURCE_RULE.len())
        .is_some_and(|t| t.eq_ignore_ascii_case(SOURCE_RULE))
        && !tail
            .get(SOURCE_RULE.len()..)
            .unwrap_or_default()
            .starts_with(|c: char| c.is_alphanumeric() || c == ':')
}

/// A label on a line of its own goes with the `TLP` above it, and one that begins the line where that `TLP` asks for one:
/// a sentence that begins with the word `Red` does not.
fn is_there(gap: &Gap, tail: &str, len: usize) -> bool {
    if !gap.has_line_end {
        return true;
    }
    let name = tail.get(..len).unwrap_or_default();
    let behind = tail.get(len..).unwrap_or_default();
    let line = behind.lines().next().unwrap_or_default();
    line.chars()
        .all(|c| matches!(c, ' ' | '\t' | '\r') || is_separator(c))
        || (gap.is_assigned && !name.bytes().any(|b| b.is_ascii_lowercase()))
}

/// A label, or two: `TLP:GREEN/AMBER` says both.
fn labels_at(tail: &str) -> Option<(Claim, usize)> {
    let (claim, len) = label_at(tail)?;
    let both = tail
        .get(len..)
        .and_then(|t| t.strip_prefix('/'))
        .and_then(label_at);
    Some(match both {
        Some((other, more)) => (claim.stricter(other), len + 1 + more),
        None => (claim, len),
    })
}

/// What may stand between `TLP` and its label besides a version: `TLP Level: RED`, `TLP v2.0: RED`, `tlp_label: red`.
const DESCRIPTIONS: [&str; 12] = [
    "level",
    "label",
    "marking",
    "rating",
    "color",
    "colour",
    "status",
    "code",
    "classification",
    "designation",
    "version",
    "protocol",
];

/// Reads a label behind a description.
fn described(gap: &Gap, tail: &str) -> Option<(Claim, usize)> {
    // `tlp:` and `label: red` on the line below, as in front matter.
    if gap.has_line_end && !gap.is_assigned {
        return None;
    }
    let version: usize = tail
        .bytes()
        .enumerate()
        .take_while(|(index, b)| {
            b.is_ascii_digit()
                || (*index > 0 && *b == b'.')
                || (*index == 0 && matches!(b, b'v' | b'V'))
        })
        .count();
    let name = word(tail);
    let is_version = version > 0 && tail.bytes().take(version).any(|b| b.is_ascii_digit());
    let len = if is_version {
        version
    } else if gap.len > 0 && DESCRIPTIONS.iter().any(|d| name.eq_ignore_ascii_case(d)) {
        name.len()
    } else {
        return None;
    };
    let behind = tail.get(len..)?;
    let second = Gap::of(behind);
    let label = behind.get(second.len..)?;
    let (claim, label_len) = labels_at(label)?;
    let is_written_as_label = !word(label).bytes().any(|b| b.is_ascii_lowercase());
    let is_there =
        second.len > 0 && !second.has_line_end && (second.is_strong || is_written_as_label);
    is_there.then(|| {
        (
            claim,
            len.saturating_add(second.len).saturating_add(label_len),
        )
    })
}

/// A label that is only shown by its colour: `TLP:🔴`.
fn coloured(gap: &str) -> Option<Label> {
    gap.chars()
        .filter_map(|c| match c {
            '\u{1f534}' | '\u{1f7e5}' => Some(Label::Red),
            '\u{1f7e0}' | '\u{1f7e1}' | '\u{1f7e7}' | '\u{1f7e8}' => Some(Label::Amber),
            '\u{1f7e2}' | '\u{1f7e9}' => Some(Label::Green),
            _ => None,
        })
        .max()
}

/// The label whose name begins this text, and the length of the name.
fn label_at(text: &str) -> Option<(Claim, usize)> {
    let name = word(text);
    let label = Label::parse(name)?;
    let after = text.get(name.len()..).unwrap_or_default();
    // `AMBER+STRICT`, `AMBER + STRICT`, `AMBER (STRICT)`, `AMBER` at the end of a line and `+STRICT` on the next.
    let len: usize = after
        .chars()
        .take(6)
        .take_while(|c| {
            matches!(
                c,
                ' ' | '+' | '_' | '-' | '(' | '*' | '`' | ':' | '/' | '&' | '|'
            )
        })
        .map(char::len_utf8)
        .sum();
    let wrapped = after.trim_start_matches(['\r', '\n', ' ']);
    let wrapped_len = after.len().saturating_sub(wrapped.len());
    let (len, behind) = match wrapped.strip_prefix('+') {
        Some(behind) if wrapped_len > 0 && wrapped_len < 6 => {
            let behind = behind.trim_start_matches(' ');
            (after.len().saturating_sub(behind.len()), behind)
        }
        _ => (len, after.get(len..).unwrap_or_default()),
    };
    let more = word(behind);
    if label == Label::Amber && len > 0 && more.eq_ignore_ascii_case("strict") {
        return Some((
            Claim::Known(Label::AmberStrict),
            name.len() + len + more.len(),
        ));
    }
    // A label with `+` and anything else behind it is an attempt at one that does not exist.
    if after.starts_with('+') {
        return Some((Claim::Unknown, name.len() + len + more.len()));
    }
    Some((Claim::Known(label), name.len()))
}

/// Longest text of a found string that is kept for people.
const TEXT_BYTES_MAX: usize = 60;

/// The letters and digits at the beginning. Labels are written in ASCII; letters of a script without spaces may follow.
fn word(text: &str) -> &str {
    let len = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    text.get(..len).unwrap_or_default()
}

#[cfg(test)]
mod tests;
