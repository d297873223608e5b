//! The PAP level that a document asks its recipients to keep to. It limits what they do, not who they are.

use crate::formats::alike::folded;
use crate::formats::json::{Element, Path};
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
    let speaks = match &document.body {
        Body::Json(json) => json
            .haystacks()
            .into_iter()
            .any(|text| next(text, 0).is_some() || !text.is_ascii()),
        Body::Text | Body::Extracted(_) => true,
    };
    if speaks {
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

/// The strictest level that one STIX object says.
pub(super) fn of_object(object: Element<'_>) -> Option<Pap> {
    let source = object.source_bytes();
    // What is escaped may be anything, and so may what is not ASCII.
    let speaks = next(source, 0).is_some() || source.contains(&b'\\') || !source.is_ascii();
    let said = if speaks { said(object) } else { None };
    referred(object).max(said)
}

fn referred(object: Element<'_>) -> Option<Pap> {
    references(object).filter_map(published::pap).max()
}

/// What the strings within a value say.
fn said(value: Element<'_>) -> Option<Pap> {
    let mut strictest = None;
    value.walk(|path, element| {
        let Some(text) = element.as_str() else {
            return;
        };
        if is_pap_key(path) {
            strictest = level(folded(text).trim()).max(strictest);
        }
        scan(text, &mut strictest);
    });
    strictest
}

/// The ids of the markings of an object, also of those of its parts.
fn references(object: Element<'_>) -> impl Iterator<Item = &str> {
    let granular = object
        .get("granular_markings")
        .into_iter()
        .flat_map(Element::items)
        .filter_map(|m| m.str("marking_ref"));
    object
        .get("object_marking_refs")
        .into_iter()
        .flat_map(Element::items)
        .filter_map(Element::as_str)
        .chain(granular)
}

/// The value stands under `pap` or `x_pap`.
fn is_pap_key(path: &Path<'_>) -> bool {
    path.key().is_some_and(|key| {
        key.eq_ignore_ascii_case("pap") || key.to_ascii_lowercase().ends_with("_pap")
    })
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

const NAME: &[u8] = b"pap";

/// Where the name stands next, in any case.
fn next(bytes: &[u8], from: usize) -> Option<usize> {
    bytes
        .get(from..)?
        .windows(NAME.len())
        .position(|window| window.eq_ignore_ascii_case(NAME))
        .map(|at| at.saturating_add(from))
}
