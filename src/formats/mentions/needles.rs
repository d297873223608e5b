//! What is looked for, and where its words end.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::hidden::Hidden;
use super::{Aliases, encodings, punycode};
use crate::formats::plain::plain;

/// Everything that gives a member away.
pub(super) struct Needles {
    needles: Vec<Needle>,
    hidden: Hidden,
    longest: usize,
}

/// Something to look for.
struct Needle {
    what: &'static str,
    shown: String,
    /// The words in their order, folded; of what has no words apart, one.
    words: Vec<String>,
    /// Which of them is searched for; the others must stand around it.
    anchor: usize,
    /// How far the search may go on from a byte under the anchor's end.
    shifts: [u8; 256],
    /// Characters that continue the word besides letters and digits.
    continues: &'static [char],
    /// A point with a letter or digit behind it continues the word, as in a longer domain.
    is_domain: bool,
}

/// Most characters between two words of a name: a line's end with an indentation.
const APART_MAX: usize = 8;
/// Fewest letters of a name whose words may stand without anything between them.
const TOGETHER_MIN: usize = 4;
/// Shortest anchor in bytes that is looked for within base64 and hex: a shorter one stands there by chance.
const HIDDEN_BYTES_MIN: usize = 5;

/// Legal forms that are left out in speech, in lower case and without points.
const LEGAL_FORMS: [&str; 34] = [
    "ab",
    "ag",
    "aps",
    "as",
    "asa",
    "bv",
    "co",
    "corp",
    "corporation",
    "doo",
    "ek",
    "ev",
    "gmbh",
    "inc",
    "kft",
    "kg",
    "kgaa",
    "limited",
    "llc",
    "llp",
    "ltd",
    "mbh",
    "nv",
    "nyrt",
    "oy",
    "oyj",
    "plc",
    "sa",
    "sarl",
    "sas",
    "se",
    "spa",
    "srl",
    "zrt",
];

impl Needles {
    pub(super) fn of(aliases: &Aliases) -> Self {
        let mut needles: Vec<Needle> = Vec::new();
        for domain in &aliases.domains {
            let written = fold(domain.trim().trim_matches('.'));
            let read = punycode::labels(&written);
            for domain_text in [Some(written), read].into_iter().flatten() {
                needles.extend(Needle::of(
                    "a domain",
                    domain,
                    vec![domain_text],
                    &['-', '_'],
                    true,
                ));
            }
        }
        for id in &aliases.ids {
            // A STIX id is the same organisation under its UUID alone, as MISP writes it.
            let (text, continues): (&str, &'static [char]) = match id.rsplit_once("--") {
                // Whatever stands around a UUID, such as the `--` of its own id, is not part of it.
                Some((_, uuid)) => (uuid, &[]),
                None => (id, &['-', '_']),
            };
            let words = vec![fold(text.trim())];
            needles.extend(Needle::of("an id", id, words, continues, false));
        }
        for words in names(&aliases.name) {
            needles.extend(Needle::of("the name", &aliases.name, words, &[], false));
        }
        let anchors = needles.iter().map(Needle::anchor);
        let hidden = Hidden::of(anchors.filter(|anchor| anchor.len() >= HIDDEN_BYTES_MIN));
        let longest = needles.iter().map(Needle::length).max().unwrap_or_default();
        Self {
            needles,
            hidden,
            longest,
        }
    }

    /// Most bytes that a match has before or behind any of its bytes, with what stands around it.
    pub(super) fn longest(&self) -> usize {
        self.longest.saturating_add(APART_MAX)
    }

    /// Whether a text may hold any of these, as it is or encoded. If not, it holds none, unless it is not ASCII.
    pub(super) fn signs(&self, text: &[u8], escapes: bool) -> bool {
        self.needles.iter().any(|n| n.find(text, 0).is_some())
            || !text.is_ascii()
            || encodings::signs(text, escapes)
            || self.hidden.signs(text)
    }

    /// What stands in a folded text, as a sentence.
    pub(super) fn stands_in(&self, text: &str) -> Option<String> {
        let needle = self.needles.iter().find(|n| n.stands_in(text))?;
        Some(format!(
            "{} of the submitter stands here: {}",
            needle.what, needle.shown
        ))
    }

    /// What base64 and hex in a text decode to, where that may hold any of these.
    pub(super) fn hidden_in(&self, text: &str) -> Vec<String> {
        self.hidden.decoded(text)
    }
}

impl Needle {
    fn of(
        what: &'static str,
        shown: &str,
        words: Vec<String>,
        continues: &'static [char],
        is_domain: bool,
    ) -> Option<Self> {
        let anchor = (0..words.len()).max_by_key(|i| words.get(*i).map_or(0, String::len))?;
        let word = words.get(anchor).filter(|word| !word.is_empty())?;
        Some(Self {
            what,
            shown: shown.to_owned(),
            shifts: shifts(word),
            anchor,
            continues,
            is_domain,
            words,
        })
    }

    fn anchor(&self) -> &str {
        self.words.get(self.anchor).map_or("", String::as_str)
    }

    fn length(&self) -> usize {
        let apart = self.words.len().saturating_mul(APART_MAX * 4);
        self.words
            .iter()
            .map(String::len)
            .sum::<usize>()
            .saturating_add(apart)
    }

    fn stands_in(&self, text: &str) -> bool {
        let mut from = 0;
        while let Some(at) = self.find(text.as_bytes(), from) {
            if self.stands_around(text, at) {
                return true;
            }
            from = at.saturating_add(1);
        }
        false
    }

    /// The anchor stands here: whether the other words do around it, and the first and the last are whole.
    fn stands_around(&self, text: &str, at: usize) -> bool {
        let end = at.saturating_add(self.anchor().len());
        let (Some(mut before), Some(mut after)) = (text.get(..at), text.get(end..)) else {
            return false;
        };
        for word in self.words.iter().take(self.anchor).rev() {
            match self.words_before(before, word) {
                Some(rest) => before = rest,
                None => return false,
            }
        }
        for word in self.words.iter().skip(self.anchor.saturating_add(1)) {
            match self.words_after(after, word) {
                Some(rest) => after = rest,
                None => return false,
            }
        }
        let (start, stop) = (before.len(), text.len().saturating_sub(after.len()));
        let matched = text.get(start..stop).unwrap_or_default();
        let mut following = after.chars();
        let next = following.next();
        let longer_domain = self.is_domain
            && next == Some('.')
            && following.next().is_some_and(char::is_alphanumeric);
        !longer_domain
            && !self.goes_on(before.chars().next_back(), matched.chars().next(), true)
            && !self.goes_on(next, matched.chars().next_back(), false)
    }

    /// What is left before a word that stands at the end of a text, with little or nothing between.
    fn words_before<'t>(&self, text: &'t str, word: &str) -> Option<&'t str> {
        let trimmed = (0..APART_MAX).fold(text, |rest, _| {
            rest.strip_suffix(is_between).unwrap_or(rest)
        });
        let start = trimmed.len().checked_sub(word.len())?;
        let (rest, found) = trimmed.split_at_checked(start)?;
        (found.eq_ignore_ascii_case(word) && self.may_touch(text.len() != trimmed.len()))
            .then_some(rest)
    }

    /// What is left behind a word that stands at the beginning of a text, with little or nothing between.
    fn words_after<'t>(&self, text: &'t str, word: &str) -> Option<&'t str> {
        let trimmed = (0..APART_MAX).fold(text, |rest, _| {
            rest.strip_prefix(is_between).unwrap_or(rest)
        });
        let (found, rest) = trimmed.split_at_checked(word.len())?;
        (found.eq_ignore_ascii_case(word) && self.may_touch(text.len() != trimmed.len()))
            .then_some(rest)
    }

    fn may_touch(&self, are_apart: bool) -> bool {
        are_apart || self.words.iter().map(|w| w.chars().count()).sum::<usize>() >= TOGETHER_MIN
    }

    /// Whether the word goes on beyond its edge. A name of several words is so rare that digits and a change of case end
    /// it too: `AcmeEnergieReport2.pdf`.
    fn goes_on(&self, beyond: Option<char>, edge: Option<char>, is_before: bool) -> bool {
        let (Some(beyond), Some(edge)) = (beyond, edge) else {
            return false;
        };
        if self.words.len() > 1 && beyond.is_alphanumeric() {
            let (left, right) = if is_before {
                (beyond, edge)
            } else {
                (edge, beyond)
            };
            let case_changes = left.is_lowercase() && right.is_uppercase();
            return !beyond.is_numeric() && !case_changes;
        }
        beyond.is_alphanumeric() || self.continues.contains(&beyond)
    }

    /// Position of the anchor from `from` on; ASCII letters compare without case.
    fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let needle = self.anchor().as_bytes();
        let mut at = from;
        loop {
            let window = text.get(at..at.saturating_add(needle.len()))?;
            if window.eq_ignore_ascii_case(needle) {
                return Some(at);
            }
            let last = window.last().copied().unwrap_or_default();
            let shift = self.shifts.get(usize::from(last)).copied().unwrap_or(1);
            at = at.saturating_add(usize::from(shift));
        }
    }
}

/// Compared without case where the text is ASCII, and with text in lower case where it is not.
fn fold(text: &str) -> String {
    plain(text).to_lowercase()
}

/// The ways in which a name is written, each as its words: as registered, without its legal form, and without what ASCII
/// lacks.
fn names(name: &str) -> Vec<Vec<String>> {
    let mut names: Vec<Vec<String>> = Vec::new();
    let written = fold(name);
    let spelled: String = written.chars().flat_map(spelled_out).collect();
    let bare: String = written.nfd().filter(|c| !is_combining_mark(*c)).collect();
    for text in [written, spelled, bare] {
        let words: Vec<String> = text
            .split(is_between)
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        let mut short = words.clone();
        // `S.A.` is two words by now.
        while let Some(form) = legal_form(&short) {
            short.truncate(short.len().saturating_sub(form));
        }
        for words in [words, short] {
            if !words.is_empty() && !names.contains(&words) {
                names.push(words);
            }
        }
    }
    names
}

/// How many words at the end of a name are a legal form; two words at least are left, because one alone may be any word.
fn legal_form(words: &[String]) -> Option<usize> {
    (1..=3_usize).find(|count| {
        let Some(at) = words.len().checked_sub(*count).filter(|at| *at >= 2) else {
            return false;
        };
        let form: String = words.iter().skip(at).map(String::as_str).collect();
        LEGAL_FORMS.contains(&form.trim_matches(','))
    })
}

/// What may stand between two words of a name.
fn is_between(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '_'
                | '.'
                | ','
                | ';'
                | '+'
                | '('
                | ')'
                | '['
                | ']'
                | '"'
                | '\''
                | '\u{2010}'..='\u{2015}'
                | '\u{2018}'..='\u{201f}'
                | '\u{b7}'
        )
}

/// Letters as they are spelled out where they are missing.
fn spelled_out(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'ä' | 'æ' => ('a', Some('e')),
        'ö' | 'ø' | 'œ' => ('o', Some('e')),
        'ü' => ('u', Some('e')),
        'å' => ('a', Some('a')),
        'ß' => ('s', Some('s')),
        other => (other, None),
    };
    std::iter::once(first).chain(second)
}

/// Horspool's table for text without case.
fn shifts(needle: &str) -> [u8; 256] {
    let far = u8::try_from(needle.len()).unwrap_or(u8::MAX);
    let mut shifts = [far; 256];
    for (index, byte) in needle.bytes().enumerate() {
        let from_end = needle.len().saturating_sub(index).saturating_sub(1);
        if from_end == 0 {
            break;
        }
        let shift = u8::try_from(from_end).unwrap_or(u8::MAX);
        for byte in [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] {
            if let Some(slot) = shifts.get_mut(usize::from(byte)) {
                *slot = shift;
            }
        }
    }
    shifts
}
