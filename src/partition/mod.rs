//! One document to one valid document per label. Pure.

use bytes::Bytes;

use crate::formats::{Document, stix};
use crate::markings::{Marked, Restriction};
use crate::model::item::SourceReference;
use crate::model::label::Label;
use crate::model::words::Kind;

/// A part of a document: what becomes one item.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its label.
    pub label: Label,
    /// Its bytes.
    pub bytes: Bytes,
    /// Their media type.
    pub media_type: &'static str,
    /// Its own title.
    pub title: String,
    /// Its own summary.
    pub summary: String,
    /// Its default kind.
    pub kind: Kind,
    /// The ids of its objects, where the format has ids.
    pub objects: Vec<String>,
    /// What the document limits beyond the label.
    pub restriction: Restriction,
    /// The document's identity, where this part may know it.
    pub source: SourceReference,
}

/// The parts of a document, the most restrictive last. Until mixed documents are split, that is one.
pub fn parts(document: &Document, marked: &Marked) -> Vec<Part> {
    vec![Part {
        label: marked.label,
        bytes: document.bytes.clone(),
        media_type: document.format.media_type(),
        title: document.title.clone(),
        summary: document.summary.clone(),
        kind: document.kind,
        objects: stix::ids(document),
        restriction: marked.restriction,
        source: SourceReference {
            format: document.format.name().to_owned(),
            id: document.identity.clone(),
            version: document.version.clone(),
        },
    }]
}
