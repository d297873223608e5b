//! `TLP:` strings in text, and single values that claim to be a label.

use crate::formats::plain;
use crate::model::label::Label;

/// What a text says about TLP at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
}

/// Reads a value that stands where a label should, such as `definition.tlp` or the name of a tag.
pub(crate) fn value(text: &str) -> Claim {
    let text = plain::plain(text);
    if let Some(label) = Label::parse(&text) {
        return Claim::Known(label);
    }
    // Spellings beyond the plain ones, such as `TLP="clear"`, are read as in text.
    let mut found = Vec::new();
    strings(&text, true, &mut |f| found.extend(f.claim));
    match found.as_slice() {
        [] => Claim::Unknown,
        [first, rest @ ..] => rest.iter().fold(*first, |a, b| a.stricter(*b)),
    }
}

/// The text is of the TLP family as a whole, such as a tag `tlp:rainbow` or a name `TLP AMBER`: it begins with `TLP` and
/// goes on with something else than a letter or digit, or not at all.
pub(crate) fn is_family(text: &str) -> bool {
    let text = plain::plain(text);
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
    plain::plain(text).trim().eq_ignore_ascii_case("tlp:ex:chr")
}

/// Finds every `TLP:` string. Cheap where there is none.
pub(crate) fn scan(text: &str, visit: &mut dyn FnMut(Found)) {
    if text.is_ascii() {
        if has_tlp(text.as_bytes()) {
            strings(text, false, visit);
        }
        return;
    }
    let text = plain::plain(text);
    if has_tlp(text.as_bytes()) {
        strings(&text, false, visit);
    }
}

/// `tlp` stands somewhere, in any case.
pub(crate) fn has_tlp(bytes: &[u8]) -> bool {
    find_tlp(bytes, 0).is_some()
}

/// Where `tlp` stands next, in any case.
fn find_tlp(bytes: &[u8], from: usize) -> Option<usize> {
    // Blocks without a branch inside, which compile to vector instructions: attachments are megabytes of base64.
    const BLOCK: usize = 64;
    let t = bytes.get(from..bytes.len().saturating_sub(2))?;
    let l = bytes.get(from.saturating_add(1)..)?;
    let p = bytes.get(from.saturating_add(2)..)?;
    let differs =
        |t: &u8, l: &u8, p: &u8| ((t | 0x20) ^ b't') | ((l | 0x20) ^ b'l') | ((p | 0x20) ^ b'p');
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

/// Finds every `TLP:` string in normalised text. What is only nearly one, such as `TLP CLEAR` or `cert-fr:TLP="clear"`,
/// can restrict but not release, unless the whole text is there to say a label.
fn strings(text: &str, may_release: bool, visit: &mut dyn FnMut(Found)) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(start) = find_tlp(bytes, from) {
        from = start + "tlp".len();
        let before = text.get(..start).and_then(|t| t.chars().next_back());
        if before.is_some_and(char::is_alphanumeric) {
            continue;
        }
        if let Some((found, end)) = after_tlp(text, start, from) {
            let is_exact = bytes.get(from) == Some(&b':');
            from = end;
            if is_exact || may_release || found.claim != Some(Claim::Known(Label::Clear)) {
                visit(found);
            }
        }
    }
}

/// What separates `TLP` from its label in practice: `TLP:AMBER`, `TLP: AMBER`, `TLP-AMBER`, `TLP="amber"`,
/// `**TLP:** AMBER`, `| TLP | AMBER |`.
fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t'
            | ':'
            | '='
            | '-'
            | '_'
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
            | '\u{2013}'
            | '\u{2014}'
            | '\u{201c}'
            | '\u{201d}'
            | '\u{2018}'
            | '\u{2019}'
    )
}

/// Most separating characters that are looked through.
const SEPARATORS_MAX: usize = 16;

/// Reads what follows a `TLP` that stands at `start` and ends at `end`; returns it with its end.
fn after_tlp(text: &str, start: usize, end: usize) -> Option<(Found, usize)> {
    let rest = text.get(end..)?;
    let separators: usize = rest
        .chars()
        .take(SEPARATORS_MAX)
        .take_while(|c| is_separator(*c))
        .map(char::len_utf8)
        .sum();
    if separators == 0 {
        return None;
    }
    let tail = rest.get(separators..)?;
    let found = |claim: Option<Claim>, len: usize| {
        let end = end.saturating_add(separators).saturating_add(len);
        let found = Found {
            claim,
            text: plain::one_line(text.get(start..end).unwrap_or_default(), TEXT_BYTES_MAX),
        };
        (found, end)
    };
    if let Some((claim, len)) = label_at(tail) {
        // `TLP:GREEN/AMBER` says both.
        let both = tail
            .get(len..)
            .and_then(|t| t.strip_prefix('/'))
            .and_then(label_at);
        return Some(match both {
            Some((other, more)) => found(Some(claim.stricter(other)), len + 1 + more),
            None => found(Some(claim), len),
        });
    }
    // `TLP:FOO` names a label that does not exist; `TLP: see below` and `TLP - a protocol` are sentences.
    if rest
        .strip_prefix(':')
        .is_none_or(|r| !r.starts_with(|c: char| c.is_alphanumeric()))
    {
        return None;
    }
    let ex_chr = rest
        .get(..":ex:chr".len())
        .is_some_and(|t| t.eq_ignore_ascii_case(":ex:chr"))
        && !rest
            .get(":ex:chr".len()..)
            .unwrap_or_default()
            .starts_with(|c: char| c.is_alphanumeric() || c == ':');
    if ex_chr {
        return Some(found(None, "ex:chr".len()));
    }
    let len: usize = tail
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '+' | '-' | '_'))
        .map(char::len_utf8)
        .sum();
    Some(found(Some(Claim::Unknown), len))
}

/// The label whose name begins this text, and the length of the name.
fn label_at(text: &str) -> Option<(Claim, usize)> {
    let name = word(text);
    let label = Label::parse(name)?;
    let after = text.get(name.len()..).unwrap_or_default();
    let len: usize = after
        .chars()
        .take(4)
        .take_while(|c| matches!(c, ' ' | '+' | '_' | '-'))
        .map(char::len_utf8)
        .sum();
    let more = word(after.get(len..).unwrap_or_default());
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

/// The letters and digits at the beginning.
fn word(text: &str) -> &str {
    let len: usize = text
        .chars()
        .take_while(|c| c.is_alphanumeric())
        .map(char::len_utf8)
        .sum();
    text.get(..len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Label::*;

    fn all(text: &str) -> Vec<Option<Claim>> {
        let mut found = Vec::new();
        scan(text, &mut |f| found.push(f.claim));
        found
    }

    #[test]
    fn spellings_met_in_practice_are_read() {
        for (text, label) in [
            ("TLP:RED", Red),
            ("tlp: amber", Amber),
            ("TLP-AMBER Information", Amber),
            ("(TLP:AMBER+STRICT)", AmberStrict),
            ("TLP:AMBER STRICT.", AmberStrict),
            ("TLP:AMBER-STRICT", AmberStrict),
            ("TLP:AMBER_STRICT", AmberStrict),
            ("TLP: AMBER + STRICT", AmberStrict),
            ("cert-fr:TLP=\"green\"", Green),
            ("**TLP:** GREEN", Green),
            ("| TLP | GREEN |", Green),
            ("_TLP:RED_", Red),
            ("@[tag](tlp:red) x", Red),
            ("iep2-policy:tlp=\"red\"", Red),
            ("ＴＬＰ：ＡＭＢＥＲ＋ＳＴＲＩＣＴ", AmberStrict),
            ("T\u{200b}LP:R\u{ad}ED", Red),
            ("TLP AMBER", Amber),
            ("TLP:GREEN/AMBER", Amber),
            ("TLP v2.0: TLP:AMBER+STRICT", AmberStrict),
        ] {
            assert_eq!(all(text), [Some(Claim::Known(label))], "{text}");
        }
    }

    #[test]
    fn what_only_speaks_of_tlp_is_no_marking() {
        for text in [
            "",
            "tl",
            "TLP",
            "Traffic Light Protocol (TLP) marking in the header",
            "https://www.first.org/tlp/",
            "https://us-cert.cisa.gov/tlp/.",
            "TLP: see below",
            "TLP 2.0 as an extension",
            "XTLP:RED",
            "TLPRED",
            "TLP redaction",
            "TLP CLEAR",
            "cert-fr:TLP=\"clear\"",
            "GqWTLpKpM+TLP/Red",
        ] {
            assert_eq!(all(text), [], "{text}");
        }
    }

    #[test]
    fn unknown_labels_are_unknown_and_the_source_rule_is_no_label() {
        assert_eq!(all("TLP:TEST"), [Some(Claim::Unknown)]);
        assert_eq!(all("tlp:unclear"), [Some(Claim::Unknown)]);
        assert_eq!(all("TLP:AMBER+FOO"), [Some(Claim::Unknown)]);
        assert_eq!(all("TLP:GREEN+STRICT"), [Some(Claim::Unknown)]);
        assert_eq!(all("TLP:AMBERSTRICT"), [Some(Claim::Unknown)]);
        assert_eq!(all("tlp:ex:chr"), [None]);
        assert_eq!(value("rainbow"), Claim::Unknown);
        assert_eq!(value("TLP=\"clear\""), Claim::Known(Clear));
        assert_eq!(value("amber+strict"), Claim::Known(AmberStrict));
        assert!(is_family("tlp:rainbow") && is_family("TLP") && !is_family("tlpx"));
    }

    #[test]
    fn several_in_one_text_are_all_found() {
        assert_eq!(
            all("not TLP:RED but TLP:GREEN, TLP:AMBER"),
            [Red, Green, Amber].map(|l| Some(Claim::Known(l)))
        );
    }
}
