//! A document and the items that it was made into, over its versions and their revisions.

use bytes::Bytes;

use super::Fingerprints;
use crate::clock::Timestamp;
use crate::model::ids::{Digest, ItemId};
use crate::model::label::Label;
use crate::model::signed::Signed;
use crate::model::words::Kind;

/// A document of a member, and the items it was made into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentState {
    /// Changes with every change of the state.
    pub tag: i64,
    /// The version in the document's own format; empty where it has none.
    pub version: String,
    /// SHA-256 of the content.
    pub content_sha256: Digest,
    /// The label that was declared.
    pub declared: Option<Label>,
    /// The items, one a part, with the revision that holds. A part whose item was withdrawn is not among them.
    pub parts: Vec<DocumentPart>,
}

impl DocumentState {
    /// The state of a document that is not there: tag 0, which no document has, and no parts.
    pub fn absent() -> Self {
        Self {
            tag: 0,
            version: String::new(),
            content_sha256: Digest([0; 32]),
            declared: None,
            parts: Vec::new(),
        }
    }
}

/// A part of a document as an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentPart {
    /// Its label.
    pub label: Label,
    /// Its item.
    pub item: ItemId,
    /// The revision that holds.
    pub revision: u32,
    /// Its kind.
    pub kind: Kind,
    /// SHA-256 over audience and terms as they were given last.
    pub options_sha256: Digest,
    /// Its label was given by a revision of this item alone: a push of the document keeps it.
    pub label_is_given: bool,
}

/// A document that an item of this community is a part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentOfItem {
    /// Identity of the document.
    pub document: Digest,
    /// What it was made into.
    pub state: DocumentState,
    /// Of which document the item is, whoever it comes from.
    pub fingerprints: Fingerprints,
}

/// What a revision leaves for decisions once the next one holds.
#[derive(Clone, Debug)]
pub struct Before {
    /// Its tombstone, hops and local record.
    pub of: (Bytes, Vec<Signed>, Option<Signed>),
    /// When it became durable here.
    pub recorded: Timestamp,
}
