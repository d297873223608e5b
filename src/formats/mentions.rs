//! Where a document gives away who submitted it.

use std::borrow::Cow;

use super::plain::plain;
use super::{Body, Document};
use crate::model::submission::{Place, Refusal};

/// What gives a member away.
#[derive(Clone, Debug, Default)]
pub struct Aliases {
    /// The registered name.
    pub name: String,
    /// Its domains.
    pub domains: Vec<String>,
    /// Its SPIFFE and STIX identity ids.
    pub ids: Vec<String>,
}

/// Where in the decoded content any of these stands, keys included; at most [`Refusal::PLACES_MAX`] places.
///
/// Letters compare without case and after NFKC. A match ends where its word ends: `acme.example` is found in
/// `mail.acme.example` and in `https://acme.example/x`, not in `notacme.example` or `acme.example.com`.
pub fn mentions(document: &Document, aliases: &Aliases) -> Vec<Place> {
    let needles = needles(aliases);
    // Most documents mention nobody: what stands nowhere in ASCII leaves only other text to look at.
    let is_silent = match &document.body {
        Body::Json(json) => {
            let haystacks = json.haystacks();
            let is_silent = haystacks
                .iter()
                .all(|text| needles.iter().all(|n| n.find(text, 0).is_none()));
            if is_silent && haystacks.iter().all(|text| text.is_ascii()) {
                return Vec::new();
            }
            is_silent
        }
        Body::Text | Body::Extracted(_) => false,
    };
    let mut places = Vec::new();
    let mut search = |text: &str, place: &dyn Fn() -> String| {
        if places.len() >= Refusal::PLACES_MAX || (is_silent && text.is_ascii()) {
            return;
        }
        let folded = folded(text);
        for needle in &needles {
            if needle.stands_in(&folded) {
                places.push(Place {
                    place: place(),
                    message: format!(
                        "{} of the submitter stands here: {}",
                        needle.what, needle.shown
                    ),
                });
                return;
            }
        }
    };
    match document.root() {
        Some(root) => root.walk(|path, element| {
            if let Some(key) = path.key() {
                search(key, &|| path.pointer());
            }
            if let Some(text) = element.as_str() {
                search(text, &|| path.pointer());
            }
        }),
        None => {
            document.passages(|text, place| search(text, place));
        }
    }
    // A key and its value may both match; the place is one.
    places.dedup_by(|a, b| a.place == b.place);
    places
}

/// Whether any of these stands in a text that goes with the document, such as its title.
pub fn mentions_in_text(text: &str, aliases: &Aliases) -> bool {
    let folded = folded(text);
    needles(aliases)
        .iter()
        .any(|needle| needle.stands_in(&folded))
}

/// Something to look for.
struct Needle<'a> {
    what: &'static str,
    shown: &'a str,
    folded: String,
    /// How far the search may go on from a byte under the needle's end.
    shifts: [u8; 256],
    /// Characters that continue the word besides letters and digits.
    continues: &'static [char],
    /// A point with a letter or digit behind it continues the word, as in a longer domain.
    is_domain: bool,
}

fn needles(aliases: &Aliases) -> Vec<Needle<'_>> {
    let mut needles = Vec::new();
    let mut add = |what, shown, text: &str, continues, is_domain| {
        // Compared without case where the text is ASCII, and with text in lower case where it is not.
        let folded = plain(text).trim().trim_matches('.').to_lowercase();
        if !folded.is_empty() {
            needles.push(Needle {
                shifts: shifts(&folded),
                what,
                shown,
                folded,
                continues,
                is_domain,
            });
        }
    };
    for domain in &aliases.domains {
        add("a domain", domain.as_str(), domain, &['-', '_'][..], true);
    }
    for id in &aliases.ids {
        // A STIX id is the same organisation under its UUID alone, as MISP writes it.
        let text = id.rsplit_once("--").map_or(id.as_str(), |(_, uuid)| uuid);
        add("an id", id.as_str(), text, &['-', '_'][..], false);
    }
    add(
        "the name",
        aliases.name.as_str(),
        &aliases.name,
        &[][..],
        false,
    );
    needles
}

impl Needle<'_> {
    fn stands_in(&self, text: &str) -> bool {
        let mut from = 0;
        while let Some(at) = self.find(text.as_bytes(), from) {
            let end = at.saturating_add(self.folded.len());
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            let mut after = text.get(end..).unwrap_or_default().chars();
            let next = after.next();
            let longer_domain = self.is_domain
                && next == Some('.')
                && after.next().is_some_and(char::is_alphanumeric);
            if !before.is_some_and(|c| self.continues(c))
                && !next.is_some_and(|c| self.continues(c))
                && !longer_domain
            {
                return true;
            }
            from = at.saturating_add(1);
        }
        false
    }

    /// Position of the needle from `from` on; ASCII letters compare without case.
    fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let needle = self.folded.as_bytes();
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

    fn continues(&self, c: char) -> bool {
        c.is_alphanumeric() || self.continues.contains(&c)
    }
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

/// ASCII as it is; other text normalised and in lower case.
fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(plain(text).to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{Limits, read};
    use bytes::Bytes;

    fn places(text: &str) -> Vec<String> {
        let document = read(&Bytes::copy_from_slice(text.as_bytes()), &Limits::default()).unwrap();
        let aliases = Aliases {
            name: "Acme Energie".into(),
            domains: vec!["acme.example".into()],
            ids: vec![
                "spiffe://energy.isac.example/member/acme".into(),
                "identity--023d105b-752e-4e3c-941c-7d3f3cb15e9e".into(),
            ],
        };
        mentions(&document, &aliases)
            .into_iter()
            .map(|p| p.place)
            .collect()
    }

    #[test]
    fn a_mention_is_found_at_word_boundaries_only() {
        for text in [
            "from mail.acme.example today",
            "see https://ACME.example/x",
            "x@acme.example.",
            "by ACME ENERGIE, in May",
            "by Ａｃｍｅ Energie",
            "by A\u{200b}cme Energie",
            "spiffe://energy.isac.example/member/acme/tool/siem",
            "org 023D105B-752e-4e3c-941c-7d3f3cb15e9e",
        ] {
            assert_eq!(places(text), ["line:1"], "{text}");
        }
        for text in [
            "from notacme.example",
            "from my-acme.example",
            "from acme.example.com",
            "Acme Energiewende",
            "spiffe://energy.isac.example/member/acme-two",
        ] {
            assert_eq!(places(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_mention_in_json_has_a_pointer_also_when_escaped_or_a_key() {
        assert_eq!(
            places(
                r#"{"Event":{"info":"a","x":{"\u0061cme.example":1},"Orgc":{"name":"\u0041cme Energie"}}}"#
            ),
            ["/Event/x/acme.example", "/Event/Orgc/name"]
        );
        assert_eq!(places("a\nb\nacme energie"), ["line:3"]);
    }
}
