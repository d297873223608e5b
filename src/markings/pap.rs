//! The PAP level that a document asks its recipients to keep to. It limits what they do, not who they are.

use crate::formats::alike::folded;
use crate::formats::json::Element;
use crate::formats::stix::{Shape, published};
use crate::formats::{Body, Document, Format};
use crate::model::words::Pap;

/// The strictest level that the document says anywhere: as a MISP tag `PAP:RED`, a machine tag `PAP="RED"`, a STIX marking
/// by its published id or by what it says, in a label or in a text. What is no level says nothing.
pub(super) fn find(document: &Document) -> Option<Pap> {
    let mut strictest = None;
    for payload in &document.payloads {
        scan(&payload.text, &mut strictest);
    }
    let Some(root) = document.root() else {
        scan(document.text(), &mut strictest);
        return strictest;
    };
    if matches!(document.format, Format::Stix21 | Format::Stix20) {
        for (_, object) in Shape::of(root).objects(root) {
            strictest = referred(object).max(strictest);
        }
    }
    let may_say = PapIn::document(document);
    if may_say.anywhere() {
        strictest = said(root).max(strictest);
    }
    strictest
}

/// The strictest level that a text says.
pub(super) fn of_text(text: &str) -> Option<Pap> {
    let mut strictest = None;
    scan(text, &mut strictest);
    strictest
}

/// Where a document may speak of PAP at all: most do so nowhere.
#[derive(Clone, Copy)]
pub(crate) struct PapIn {
    in_source: bool,
    /// In a string with escapes.
    in_decoded: bool,
    /// In letters that look alike.
    in_other_letters: bool,
}

impl PapIn {
    pub(crate) fn document(document: &Document) -> Self {
        let [in_source, in_decoded] = match &document.body {
            Body::Json(json) => json.haystacks().map(|text| next(text, 0).is_some()),
            Body::Text | Body::Extracted(_) => [true, true],
        };
        let in_other_letters = match &document.body {
            Body::Json(json) => !json.haystacks().into_iter().all(<[u8]>::is_ascii),
            Body::Text | Body::Extracted(_) => true,
        };
        Self {
            in_source,
            in_decoded,
            in_other_letters,
        }
    }

    const fn anywhere(self) -> bool {
        self.in_source || self.in_decoded || self.in_other_letters
    }

    /// The strictest level that a STIX object of the document says.
    pub(crate) fn of(self, object: Element<'_>) -> Option<Pap> {
        let may_say = |source: &[u8]| {
            (self.in_source && next(source, 0).is_some())
                || (self.in_decoded && memchr::memchr(b'\\', source).is_some())
                || (self.in_other_letters && !source.is_ascii())
        };
        let said = if self.anywhere() && may_say(object.source_bytes()) {
            said(object)
        } else {
            None
        };
        referred(object).max(said)
    }
}

fn referred(object: Element<'_>) -> Option<Pap> {
    references(object).filter_map(published::pap).max()
}

/// What the strings within a value say.
fn said(value: Element<'_>) -> Option<Pap> {
    let mut strictest = None;
    for element in value.all() {
        let Some(text) = element.as_str() else {
            continue;
        };
        if is_pap_key(element.key()) {
            strictest = level(folded(text).trim()).max(strictest);
        }
        scan(text, &mut strictest);
    }
    strictest
}

/// The ids of the markings of an object, also of those of its parts.
fn references(object: Element<'_>) -> impl Iterator<Item = &str> {
    object.children().flat_map(|list| {
        let is_whole = list.is_under("object_marking_refs");
        let is_granular = !is_whole && list.is_under("granular_markings");
        let items = (is_whole || is_granular).then(|| list.items());
        items.into_iter().flatten().filter_map(move |item| {
            if is_whole {
                item.as_str()
            } else {
                item.str("marking_ref")
            }
        })
    })
}

/// The value stands under `pap` or `x_pap`.
fn is_pap_key(key: &str) -> bool {
    const ENDING: &[u8] = b"_pap";
    let key = key.as_bytes();
    let ending = key.len().checked_sub(ENDING.len());
    key.eq_ignore_ascii_case(NAME)
        || ending
            .and_then(|from| key.get(from..))
            .is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING))
}

/// Finds `PAP:LEVEL` in a text, also in letters that look alike.
fn scan(text: &str, strictest: &mut Option<Pap>) {
    /// Most characters between the name and the level: `"**PAP**: \"`.
    const GAP_MAX: usize = 8;
    let text = &*folded(text);
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(start) = next(bytes, from) {
        from = start.saturating_add(NAME.len());
        let before = start.checked_sub(1).and_then(|at| bytes.get(at));
        if before.is_some_and(u8::is_ascii_alphanumeric) {
            continue;
        }
        let rest = bytes.get(from..).unwrap_or_default();
        let gap: Vec<u8> = rest
            .iter()
            .copied()
            .take(GAP_MAX)
            .take_while(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'\n' | b'\r'))
            .collect();
        if !gap.iter().any(|b| matches!(b, b':' | b'=')) {
            continue;
        }
        let start = from.saturating_add(gap.len());
        let tail = bytes.get(start..).unwrap_or_default();
        let len = tail
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric())
            .count();
        let word = text
            .get(start..start.saturating_add(len))
            .unwrap_or_default();
        *strictest = level(word).max(*strictest);
    }
}

/// Reads a level; `WHITE` of older taxonomies is `CLEAR`.
fn level(word: &str) -> Option<Pap> {
    let word = match word.get(..4) {
        Some(head) if head.eq_ignore_ascii_case("pap:") => word.get(4..).unwrap_or_default(),
        _ => word,
    };
    if word.eq_ignore_ascii_case("white") {
        return Some(Pap::Clear);
    }
    Pap::parse(word)
}

const NAME: &[u8; 3] = b"pap";

/// Where the name stands next, in any case.
fn next(bytes: &[u8], from: usize) -> Option<usize> {
    super::signs::find_letters(bytes, *NAME, from)
}
