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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{Limits, read};
    use crate::markings::mark;

    #[test]
    fn a_document_is_one_part_at_its_most_restrictive_label() {
        let text = r#"[{"type":"url","id":"url--dda0a1b4-84e4-5d88-8f44-b2c1c320bcb3","value":"http://x.example/",
            "object_marking_refs":["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"]},
            {"type":"mutex","id":"mutex--eba44954-d4e4-5d3b-814c-2b17dd8de300","name":"m"}]"#;
        let document = read(&Bytes::from_static(text.as_bytes()), &Limits::default()).unwrap();
        let marked = mark(&document, Some(Label::Green), &[]).unwrap();
        let parts = parts(&document, &marked);
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].label, Label::Amber);
        assert_eq!(parts[0].bytes, document.bytes);
        assert_eq!(parts[0].kind, Kind::Indicators);
        assert_eq!(
            parts[0].objects,
            [
                "url--dda0a1b4-84e4-5d88-8f44-b2c1c320bcb3",
                "mutex--eba44954-d4e4-5d3b-814c-2b17dd8de300"
            ]
        );
    }
}
