//! Where a document gives away who submitted it (threat 21).
//!
//! Each text is searched as a reader sees it and as what it encodes: percent-encoding, HTML entities, escapes with a
//! backslash, quoted-printable, defanged and international domains, base64 and hex within it, one in another to a small
//! depth. Payloads that the format keeps in base64 are decoded when the document is read and searched like its own text.
//!
//! ```text
//! document ─▶ prefilter: one look at all its bytes ─▶ nothing: done
//!                                                  └▶ each string and key, or line ─▶ plain ─▶ decoded ─▶ …
//! ```

mod encodings;
mod hidden;
mod needles;
mod punycode;

use std::borrow::Cow;

use super::plain::{cut, plain};
use super::{Body, Document};
use crate::model::submission::{Place, Refusal};
use needles::Needles;

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

/// How deep encodings within one another are followed: a name in a percent-encoded address in the base64 of an HTML page.
const DEPTH_MAX: usize = 3;

/// How many bytes are decoded of a document for each byte that it has: addresses and mails are decoded once or twice. What
/// holds more is made to keep the node busy, and is told of as if it named the submitter.
const DECODED_FACTOR: usize = 8;
/// How many more, so that small documents may be all encoding.
const DECODED_MORE: usize = 1024 * 1024;

/// Where in the decoded content any of these stands, keys included; at most [`Refusal::PLACES_MAX`] places.
///
/// Letters compare without case and after NFKC. A match ends where its word ends: `acme.example` is found in
/// `mail.acme.example` and in `https://acme.example/x`, not in `notacme.example` or `acme.example.com`. The words of a name
/// may stand together or apart: `Acme Energie` is found in `acme-energie.pdf` and in `AcmeEnergie`. A name of fewer than
/// five letters is not looked for in base64 and hex that stand within other text, where it would be found by chance.
pub fn mentions(document: &Document, aliases: &Aliases) -> Vec<Place> {
    let needles = Needles::of(aliases);
    let mut found = Found {
        places: Vec::new(),
        left: decoded_max(document.bytes.len()),
    };
    match &document.body {
        Body::Json(json) => {
            let [source, decoded] = json.haystacks();
            // Most documents mention nobody. A string with escapes stands in `decoded`, so that a backslash in the source
            // is none of the text.
            let in_source = needles.signs(source, false);
            let in_decoded = needles.signs(decoded, true);
            if in_source || in_decoded {
                json.root().walk(|path, element| {
                    for text in [path.key(), element.as_str()].into_iter().flatten() {
                        found.look(&needles, text, || path.pointer());
                    }
                });
            }
        }
        Body::Text => lines(document.text(), &needles, &mut found),
        Body::Extracted(_) => document.passages(|text, place| {
            found.look(&needles, text, place);
        }),
    }
    for payload in &document.payloads {
        found.look(&needles, &payload.text, || payload.place.clone());
    }
    found.places
}

/// Whether any of these stands in a text that goes with the document, such as its title or the name of its file.
pub fn mentions_in_text(text: &str, aliases: &Aliases) -> bool {
    Search::of(aliases).finds(text)
}

/// What gives a member away, to be looked for in many texts.
pub(crate) struct Search(Needles);

impl Search {
    pub(crate) fn of(aliases: &Aliases) -> Self {
        Self(Needles::of(aliases))
    }

    /// Whether any of it stands in a text.
    pub(crate) fn finds(&self, text: &str) -> bool {
        find(text, &self.0, 0, &mut decoded_max(text.len())).is_some()
    }
}

const fn decoded_max(bytes: usize) -> usize {
    bytes
        .saturating_mul(DECODED_FACTOR)
        .saturating_add(DECODED_MORE)
}

/// The places found so far.
struct Found {
    places: Vec<Place>,
    /// How many bytes may still be decoded.
    left: usize,
}

impl Found {
    /// Whether something stands in a text; notes its place.
    fn look(&mut self, needles: &Needles, text: &str, place: impl Fn() -> String) -> bool {
        if self.places.len() >= Refusal::PLACES_MAX {
            return true;
        }
        let Some(message) = find(text, needles, 0, &mut self.left) else {
            return false;
        };
        let place = place();
        // A key and its value may both match; the place is one.
        if self.places.last().is_none_or(|last| last.place != place) {
            self.places.push(Place { place, message });
        }
        true
    }
}

/// What stands in a text or in what it encodes.
fn find(text: &str, needles: &Needles, depth: usize, left: &mut usize) -> Option<String> {
    if text.is_ascii() && !needles.signs(text.as_bytes(), true) {
        return None;
    }
    if let Some(what) = needles.stands_in(&folded(text)) {
        return Some(what);
    }
    if depth >= DEPTH_MAX {
        return None;
    }
    let inner: [fn(&str, &Needles) -> Vec<String>; 3] = [
        |text, _| encodings::decoded(text).into_iter().collect(),
        |text, _| encodings::quoted_printable(text).into_iter().collect(),
        |text, needles| needles.hidden_in(text),
    ];
    for decode in inner {
        for inner in decode(text, needles) {
            match left.checked_sub(inner.len()) {
                Some(rest) => *left = rest,
                None => return Some("more is encoded here than is searched".to_owned()),
            }
            if let Some(what) = find(&inner, needles, depth.saturating_add(1), left) {
                return Some(what);
            }
        }
    }
    None
}

/// Searches text line by line, and what goes on over the end of a line where no line holds it by itself.
fn lines(text: &str, needles: &Needles, found: &mut Found) {
    let reach = needles.longest();
    let place = |index: usize| format!("line:{}", index.saturating_add(1));
    // The line before, if nothing was found in it.
    let mut previous: Option<&str> = None;
    // Encoded text is folded at the ends of lines: what of it was read, and from which line on.
    let mut folded = String::new();
    let mut folded_from = 0_usize;
    for (index, line) in text.lines().enumerate() {
        let is_found = found.look(needles, line, || place(index));
        if let Some(before) = previous.filter(|_| !is_found) {
            let joined = format!("{}\n{}", ending(before, reach), cut(line, reach));
            found.look(needles, &joined, || place(index.saturating_sub(1)));
            if encodings::goes_on(before, line) && folded.len() < FOLDED_BYTES_MAX {
                if folded.is_empty() {
                    folded_from = index.saturating_sub(1);
                    folded.push_str(before);
                }
                folded.push('\n');
                folded.push_str(line);
            } else if !folded.is_empty() {
                found.look(needles, &folded, || place(folded_from));
                folded.clear();
            }
        }
        previous = (!is_found).then_some(line);
    }
    found.look(needles, &folded, || place(folded_from));
}

/// Most bytes of folded lines that are searched as one: a mail's attachment; what is longer is searched in pieces.
const FOLDED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The end of a text, at most so many bytes.
fn ending(text: &str, bytes_max: usize) -> &str {
    let mut start = text.len().saturating_sub(bytes_max);
    while !text.is_char_boundary(start) {
        start = start.saturating_add(1);
    }
    text.get(start..).unwrap_or_default()
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
mod tests;
