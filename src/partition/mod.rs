//! One document to one valid document per label. Pure.
//!
//! ```text
//! Marked: a label per object ─▶ references: who names whom ─▶ closure: who goes up with whom ─▶ stix | misp: bytes per label
//! ```
//!
//! Objects are chosen, never altered. An object that names a stricter one goes up with it, because an id can be guessed from
//! the value that it stands for (threat 5), and a part has nothing in it but what its own objects say (design.md part 4,
//! *Partition*): whoever reads a lower part cannot tell whether there is a higher one.

mod closure;
mod cut;
mod misp;
mod references;
mod stix;

use bytes::Bytes;
use uuid::Uuid;

use crate::formats::{Document, Format, stix as format};
use crate::markings::{Marked, Restriction};
use crate::model::item::SourceReference;
use crate::model::label::Label;
use crate::model::words::{Kind, Pap};

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
    /// The strictest PAP level that its own content gives it.
    pub pap: Option<Pap>,
    /// Its identity in its own format, as far as this part may know it.
    pub source: SourceReference,
}

/// A document in parts.
#[derive(Debug)]
pub struct Parted {
    /// The parts, the most restrictive last; never empty.
    pub parts: Vec<Part>,
    /// Objects that went up because of what they refer to, in document order.
    pub raised: Vec<Raised>,
    /// What of a MISP event could go further if it were split: label, and how many attributes, objects and reports.
    /// Empty where it is split, or all of one label.
    pub releasable: Vec<(Label, usize)>,
}

/// An object that took a stricter label than its own because of what it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// Its id, or its place where it has none.
    pub object: String,
    /// Its type.
    pub kind: String,
    /// The label that it would have had.
    pub from: Label,
    /// The label that it has.
    pub to: Label,
    /// The reference that raised it: a JSON Pointer.
    pub place: String,
    /// The object that it refers to.
    pub because_of: String,
}

/// A piece of a document with a label of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlined {
    /// Its id, or its place where it has none.
    pub object: String,
    /// Where it stands: a JSON Pointer.
    pub place: String,
    /// Its type.
    pub kind: String,
    /// The label of the part that it goes into; `None`: it goes with whatever uses it.
    pub label: Option<Label>,
    /// Why that one.
    pub why: Why,
}

/// Why an object has its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// A marking at this place says so.
    Marked(String),
    /// The container that lists it has it: its id.
    Container(String),
    /// It was declared.
    Declared,
    /// Neither it nor a container is marked, and nothing was declared: the strictest of the document.
    Strictest,
    /// It refers to something that has it: the reference's place, and what it refers to.
    Refers {
        /// A JSON Pointer.
        place: String,
        /// An id or a place.
        to: String,
    },
    /// A definition without a marking of its own.
    Definition,
}

/// The pieces of a STIX document or of a single MISP event, in document order; of other documents none.
pub fn outline(document: &Document, marked: &Marked) -> Vec<Outlined> {
    match document.format {
        Format::Stix21 | Format::Stix20 => stix::outline(document, marked),
        Format::Misp => misp::outline(document, marked),
        _ => Vec::new(),
    }
}

/// Why a piece without a marking of its own has its label.
fn why_unmarked(label: Label, container: Option<String>, marked: &Marked) -> Why {
    match container {
        Some(container) => Why::Container(container),
        None if marked.declared == Some(label) => Why::Declared,
        None => Why::Strictest,
    }
}

/// How a document is to be parted.
#[derive(Clone, Copy)]
pub struct Parting<'a> {
    /// Split a MISP event, too.
    pub split: bool,
    /// The id of the bundle or neutral event that holds the part with this label. The highest part keeps the document's own.
    pub id: &'a dyn Fn(Label) -> Uuid,
    /// Who made a neutral event: the community.
    pub creator: Creator<'a>,
}

/// The creator that a neutral MISP event names.
#[derive(Clone, Copy, Debug)]
pub struct Creator<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its UUID in MISP.
    pub uuid: Uuid,
}

/// Parts a document by the labels of its objects.
pub fn parts(document: &Document, marked: &Marked, parting: Parting<'_>) -> Parted {
    match document.format {
        Format::Stix21 | Format::Stix20 => stix::parts(document, marked, parting.id),
        Format::Misp => misp::parts(document, marked, parting),
        _ => Parted::whole(document, marked),
    }
}

impl Parted {
    /// The document is one part.
    fn whole(document: &Document, marked: &Marked) -> Self {
        Self {
            parts: vec![Part {
                label: marked.label,
                bytes: document.bytes.clone(),
                media_type: document.format.media_type(),
                title: document.title.clone(),
                summary: document.summary.clone(),
                kind: document.kind,
                objects: format::ids(document),
                restriction: marked.restriction,
                pap: crate::markings::pap(document),
                source: SourceReference {
                    format: document.format.name().to_owned(),
                    id: document.identity.clone(),
                    version: document.version.clone(),
                },
            }],
            raised: Vec::new(),
            releasable: Vec::new(),
        }
    }
}

/// A part of its own bytes, which speak for themselves: nothing of the document around it goes into its head.
fn part_of(label: Label, read: &Document, restriction: Restriction) -> Part {
    Part {
        label,
        bytes: read.bytes.clone(),
        media_type: read.format.media_type(),
        title: read.title.clone(),
        summary: read.summary.clone(),
        kind: read.kind,
        objects: format::ids(read),
        restriction,
        pap: crate::markings::pap(read),
        source: SourceReference {
            format: read.format.name().to_owned(),
            id: read.identity.clone(),
            version: read.version.clone(),
        },
    }
}

#[cfg(test)]
mod tests;
