//! What a document says: bytes to a [`Document`]. Pure.
//!
//! A format is recognised by content, never by a name. What begins as JSON is JSON of a known format or nothing: damaged
//! JSON is never read as text, so that no marking hides in it.

pub(crate) mod alike;
mod csaf;
pub(crate) mod entities;
mod gzip;
pub(crate) mod instant;
pub(crate) mod json;
pub(crate) mod markup;
mod mentions;
pub(crate) mod misp;
mod payload;
mod pdf;
pub(crate) mod plain;
mod recognise;
pub(crate) mod stix;
mod text;
pub(crate) mod uuids;
pub(crate) mod versions;

use std::fmt;

use bytes::Bytes;

use crate::model::ids::Digest;
use crate::model::item::Envelope;
use crate::model::submission::{Place, Reason, Refusal};
use crate::model::words::Kind;
use json::{Element, Json, JsonError};
use payload::{Payload, payloads};
pub(crate) use pdf::Extracted;
use recognise::Form;

pub(crate) use mentions::Search;
pub use mentions::{Aliases, mentions, mentions_in_text};
pub use versions::compare_versions;

/// A format that the node reads, recognised by content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// STIX 2.1.
    Stix21,
    /// STIX 2.0.
    Stix20,
    /// CSAF 2.0.
    Csaf20,
    /// CSAF 2.1.
    Csaf21,
    /// A MISP event.
    Misp,
    /// Markdown.
    Markdown,
    /// Plain text.
    Text,
    /// PDF.
    Pdf,
}

impl Format {
    /// The name in JSON, such as `stix-2.1`.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Stix21 => "stix-2.1",
            Format::Stix20 => "stix-2.0",
            Format::Csaf20 => "csaf-2.0",
            Format::Csaf21 => "csaf-2.1",
            Format::Misp => "misp",
            Format::Markdown => "markdown",
            Format::Text => "text",
            Format::Pdf => "pdf",
        }
    }

    /// All formats.
    pub const ALL: [Format; 8] = [
        Format::Stix21,
        Format::Stix20,
        Format::Csaf20,
        Format::Csaf21,
        Format::Misp,
        Format::Markdown,
        Format::Text,
        Format::Pdf,
    ];

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The media type of a document of this format.
    pub const fn media_type(self) -> &'static str {
        match self {
            Format::Stix21 => "application/stix+json;version=2.1",
            Format::Stix20 => "application/stix+json;version=2.0",
            // Neither CSAF nor MISP has a type of its own.
            Format::Csaf20 | Format::Csaf21 | Format::Misp => "application/json",
            Format::Markdown => "text/markdown; charset=utf-8",
            Format::Text => "text/plain; charset=utf-8",
            Format::Pdf => "application/pdf",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How much of a document the node reads.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes after decompression.
    pub bytes_max: usize,
}

impl Default for Limits {
    /// 16 MiB: four times the largest bundle that is published (ATT&CK), and small enough to hold a few at once.
    fn default() -> Self {
        Self {
            bytes_max: 16 * 1024 * 1024,
        }
    }
}

/// A document that was read: what it says about itself.
#[derive(Debug)]
pub struct Document {
    /// The bytes, decompressed, without a byte order mark.
    pub bytes: Bytes,
    /// Its format.
    pub format: Format,
    /// Its identity in its own format; where it has none, the SHA-256 of its content in hex.
    pub identity: String,
    /// Its version there; empty where it has none.
    pub version: String,
    /// Its own title; empty where it has none. One line of at most [`Envelope::TITLE_BYTES_MAX`].
    pub title: String,
    /// Its own summary; empty where it has none. At most [`Envelope::SUMMARY_BYTES_MAX`].
    pub summary: String,
    /// The default kind of the item.
    pub kind: Kind,
    /// What breaks the structure of its format, at most [`Refusal::PLACES_MAX`]; such a document is not valid.
    pub problems: Vec<Place>,
    /// What breaks another MUST of its format, at most [`Refusal::PLACES_MAX`]; only a strict community minds.
    pub warnings: Vec<Place>,
    /// What cannot be read or searched: such a document is not pushed un-named.
    pub unsearchable: Vec<Place>,
    pub(crate) body: Body,
    /// The texts that lie encoded within its strings, in document order.
    pub(crate) payloads: Vec<Payload>,
    /// STIX: the digest of each object, in document order; empty where the identity is not made of them.
    pub(crate) digests: Vec<[u8; 32]>,
}

/// The parsed content.
#[derive(Debug)]
pub(crate) enum Body {
    /// Of all structured formats.
    Json(Json),
    /// Of Markdown and plain text: the bytes are UTF-8.
    Text,
    /// Of PDF: what could be read of it.
    Extracted(Extracted),
}

impl Document {
    /// The parsed JSON of a structured document, for changes by its bytes.
    pub(crate) fn json(&self) -> Option<&Json> {
        match &self.body {
            Body::Json(json) => Some(json),
            Body::Text | Body::Extracted(_) => None,
        }
    }

    /// The document has no structure: text, Markdown or PDF.
    pub(crate) fn is_prose(&self) -> bool {
        self.json().is_none()
    }

    /// The parsed JSON of a structured document. To be asked for once, as it looks at all bytes.
    pub(crate) fn root(&self) -> Option<Element<'_>> {
        match &self.body {
            Body::Json(json) => Some(json.root()),
            Body::Text | Body::Extracted(_) => None,
        }
    }

    /// The text of an unstructured document, of a PDF as far as it could be read; of a structured one its source.
    pub(crate) fn text(&self) -> &str {
        match &self.body {
            Body::Extracted(extracted) => &extracted.text,
            // Such a document is only made of bytes that are UTF-8.
            Body::Json(_) | Body::Text => std::str::from_utf8(&self.bytes).unwrap_or_default(),
        }
    }

    /// The text of a document without structure in pieces to search, each with its place: lines of Markdown and text, of a
    /// PDF each page as it stands and as it reads on. Of a structured document none.
    pub(crate) fn passages(&self, mut visit: impl FnMut(&str, &dyn Fn() -> String)) {
        match &self.body {
            Body::Json(_) => {}
            Body::Text => {
                for (index, line) in self.text().lines().enumerate() {
                    visit(line, &|| format!("line:{}", index.saturating_add(1)));
                }
            }
            Body::Extracted(extracted) => {
                for passage in &extracted.passages {
                    visit(&passage.text, &|| passage.place.clone());
                    visit(&pdf::flowing(&passage.text), &|| passage.place.clone());
                }
            }
        }
    }
}

/// Longest identity in bytes that is kept as it is; a longer one is replaced by its digest.
const IDENTITY_BYTES_MAX: usize = 512;
/// Longest version in bytes; a longer one cannot be kept, so that the document is not valid.
const VERSION_BYTES_MAX: usize = 128;

/// What a format reads from a document besides its structure.
pub(crate) struct Said {
    pub(crate) identity: Option<String>,
    pub(crate) version: String,
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) kind: Kind,
    pub(crate) problems: Problems,
    /// STIX: the digest of each object, if the identity is made of them.
    pub(crate) digests: Vec<[u8; 32]>,
}

/// What is wrong with a document, up to the number of places that an answer carries.
///
/// A format's MUSTs are of two kinds here. Those of structure say what a reader finds where: the JSON type of a property,
/// the id of an object, a time that is one. A tool that receives a document without them fails. All others are rules
/// about what is said; published documents break them every day, and tools get along.
#[derive(Default)]
pub(crate) struct Problems {
    structure: Vec<Place>,
    rules: Vec<Place>,
}

impl Problems {
    /// Notes what breaks the structure of the format; what is too much for an answer is left out.
    pub(crate) fn add(&mut self, place: impl Into<String>, message: impl Into<String>) {
        note(&mut self.structure, place, message);
    }

    /// Notes what breaks another MUST of the format.
    pub(crate) fn warn(&mut self, place: impl Into<String>, message: impl Into<String>) {
        note(&mut self.rules, place, message);
    }

    /// Nothing further will be noted.
    pub(crate) fn is_full(&self) -> bool {
        self.structure.len() >= Refusal::PLACES_MAX && self.rules.len() >= Refusal::PLACES_MAX
    }
}

fn note(list: &mut Vec<Place>, place: impl Into<String>, message: impl Into<String>) {
    if list.len() < Refusal::PLACES_MAX {
        list.push(Place {
            place: place.into(),
            message: message.into(),
        });
    }
}

/// Reads a document, plain or gzip-compressed.
pub fn read(bytes: &Bytes, limits: &Limits) -> Result<Document, Refusal> {
    let bytes_max = limits.bytes_max.min(json::BYTES_MAX);
    if bytes.len() > bytes_max {
        return Err(gzip::too_large(bytes_max));
    }
    let bytes = gzip::decompressed(bytes, bytes_max)?;
    if pdf::is_pdf(&bytes) {
        return Ok(pdf::read(bytes));
    }
    let bytes = text::without_mark(bytes);
    let text = text::utf8(&bytes)?;
    if text::begins_as_json(&bytes) {
        structured(&bytes, text, bytes_max)
    } else {
        text::read(bytes.clone(), text)
    }
}

fn structured(bytes: &Bytes, text: &str, bytes_max: usize) -> Result<Document, Refusal> {
    let json = Json::parse_text(bytes, text).map_err(json_refusal)?;
    let root = json.root_of(text);
    let (format, said) = match recognise::form(root)? {
        Form::Stix(format, shape) => (format, stix::read(format, shape, root)),
        Form::Csaf(format) => (format, csaf::read(format, root)),
        Form::Misp(events) => (Format::Misp, misp::read(&events)),
    };
    let found = payloads(format, root, bytes_max);
    let mut document = document(bytes.clone(), format, said, Body::Json(json));
    document.payloads = found.texts;
    document.unsearchable = found.opaque;
    Ok(document)
}

fn document(bytes: Bytes, format: Format, said: Said, body: Body) -> Document {
    let mut problems = said.problems;
    let identity = match said.identity {
        Some(identity) if identity.len() > IDENTITY_BYTES_MAX => {
            Digest::of(identity.as_bytes()).to_string()
        }
        Some(identity) => identity,
        None => Digest::of(&bytes).to_string(),
    };
    if said.version.len() > VERSION_BYTES_MAX {
        problems.add(
            "",
            format!("the document's version is longer than {VERSION_BYTES_MAX} bytes"),
        );
    }
    Document {
        format,
        identity,
        version: plain::cut(&said.version, VERSION_BYTES_MAX).to_owned(),
        title: plain::one_line(&said.title, Envelope::TITLE_BYTES_MAX),
        summary: plain::cut(said.summary.trim(), Envelope::SUMMARY_BYTES_MAX).to_owned(),
        kind: said.kind,
        problems: problems.structure,
        warnings: problems.rules,
        unsearchable: Vec::new(),
        bytes,
        body,
        payloads: Vec::new(),
        digests: said.digests,
    }
}

fn json_refusal(error: JsonError) -> Refusal {
    match error {
        JsonError::Syntax {
            line,
            column,
            problem,
        } => Refusal::new(
            Reason::UnknownFormat,
            format!(
                "the document begins as JSON but is damaged at line {line}, column {column}: {problem}"
            ),
        )
        .at([Place {
            place: format!("line:{line}"),
            message: format!("column {column}: {problem}"),
        }]),
        JsonError::TooDeep { pointer } => Refusal::new(
            Reason::TooDeep,
            format!(
                "the document is nested deeper than {} levels; no published format needs that",
                json::DEPTH_MAX
            ),
        )
        .at([Place {
            place: pointer,
            message: "nested deeper from here on".to_owned(),
        }]),
        JsonError::DuplicateKey { pointer } => Refusal::new(
            Reason::DuplicateKey,
            "a key stands twice in one object, so that two readers may read two things; keep one of them",
        )
        .at([Place {
            place: pointer,
            message: "this key stands twice".to_owned(),
        }]),
    }
}

#[cfg(test)]
mod tests;
