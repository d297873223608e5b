//! PDF: the text and metadata of a document for people, as far as they can be read within bounds.
//!
//! The reader is this node's own, because it looks for what a document says and nothing else: it goes through the file from
//! front to back, trusts no table, and counts everything that it makes. What an earlier revision said, what stands in notes,
//! form fields, bookmarks and attached files is read too. What cannot be read (encrypted files, pages that are pictures,
//! fonts without a character map, more than the bounds) is told, so that nothing passes for searched that was not.
//!
//! ```text
//! bytes ─▶ file: objects, object streams ─▶ content of each page ─▶ font: codes to text ─▶ passages
//!          lexer: values   filter: unpacking                         glyphs: encodings
//! ```

mod content;
mod file;
mod filter;
mod font;
mod glyphs;
mod lexer;
mod strings;

use std::collections::HashSet;
use std::rc::Rc;

use bytes::Bytes;

use super::{Body, Document, Format, Problems, Said, document, plain};
use crate::model::submission::{Place, Refusal};
use crate::model::words::Kind;
use content::{Reader, Shown};
use file::{File, find};
use lexer::{Dict, Value};
use strings::{clean, decoded, xml_text};

/// Most pages of one file.
const PAGES_MAX: usize = 5_000;
/// Deepest nesting of the tree of pages.
const TREE_DEPTH_MAX: usize = 64;
/// How far into a file its head may stand (the readers of ISO 32000-1 annex H are as lenient).
const HEAD_BYTES: usize = 1024;
/// Longest string in bytes that is taken from values outside the pages.
const STRING_BYTES_MAX: usize = 64 * 1024;

/// The text of a PDF document.
#[derive(Debug, Default)]
pub(crate) struct Extracted {
    /// Pages first, in order, then everything else.
    pub(crate) passages: Vec<Passage>,
    /// The texts of the passages one after the other.
    pub(crate) text: String,
}

/// A part of the text with its place.
#[derive(Debug)]
pub(crate) struct Passage {
    /// `page:N` from 1, `metadata`, or `object:N` for what no page shows.
    pub(crate) place: String,
    /// Its text by lines.
    pub(crate) text: String,
}

/// The bytes are a PDF file: its head stands at the beginning, or near it before objects.
pub(crate) fn is_pdf(bytes: &[u8]) -> bool {
    const HEAD: &[u8] = b"%PDF-";
    let head = bytes.get(..HEAD_BYTES.min(bytes.len())).unwrap_or_default();
    bytes.starts_with(HEAD)
        || (find(head, HEAD).is_some()
            && !super::text::begins_as_json(bytes)
            && find(bytes, b"endobj").is_some())
}

/// Reads a PDF document.
pub(crate) fn read(bytes: Bytes) -> Document {
    let read = extracted(&bytes);
    let title = if read.title.trim().is_empty() {
        first_line(&read.body).to_owned()
    } else {
        read.title
    };
    let said = Said {
        identity: None,
        version: String::new(),
        title,
        summary: String::new(),
        kind: Kind::Report,
        problems: Problems::default(),
        digests: Vec::new(),
    };
    let mut document = document(bytes, Format::Pdf, said, Body::Extracted(read.body));
    document.unsearchable = read.unsearchable;
    document
}

fn first_line(body: &Extracted) -> &str {
    body.passages
        .iter()
        .filter(|p| p.place == "page:1")
        .flat_map(|p| p.text.lines())
        .map(str::trim)
        .find(|line| !line.is_empty() && crate::model::label::Label::parse(line).is_none())
        .unwrap_or_default()
}

/// What was read of a file.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) body: Extracted,
    pub(crate) title: String,
    pub(crate) unsearchable: Vec<Place>,
}

impl Read {
    fn add(&mut self, place: String, text: String) {
        if !text.trim().is_empty() {
            self.body.text.push_str(&text);
            self.body.text.push('\n');
            self.body.passages.push(Passage { place, text });
        }
    }

    fn unsearchable(&mut self, place: &str, message: &str) {
        if self.unsearchable.len() < Refusal::PLACES_MAX {
            self.unsearchable.push(Place {
                place: place.to_owned(),
                message: message.to_owned(),
            });
        }
    }
}

/// Reads the text of a PDF file.
pub(crate) fn extracted(bytes: &[u8]) -> Read {
    let mut read = Read::default();
    let mut file = File::read(bytes);
    if file.is_encrypted {
        read.unsearchable(
            "",
            "the PDF is encrypted, so that the node cannot search it",
        );
        return read;
    }
    let mut reader = Reader::default();
    let (pages, is_whole) = pages(&file);
    if pages.is_empty() {
        read.unsearchable(
            "",
            "no page was found in the PDF, so that the node cannot search it",
        );
    }
    if !is_whole {
        read.unsearchable("", "the PDF has more pages than the node reads");
    }
    for (index, page) in pages.iter().enumerate() {
        let place = format!("page:{}", index.saturating_add(1));
        let shown = page_text(&mut file, &mut reader, page);
        if let Some(what) = unreadable(&shown) {
            read.unsearchable(&place, what);
        }
        read.add(place, clean(&shown.text));
    }
    beside(&mut file, &mut reader, &mut read);
    if file.is_partial || reader.is_partial || file.is_used_up() {
        read.unsearchable(
            "",
            "the PDF is damaged, or larger than the node reads, so that a part of it was not searched",
        );
    }
    read
}

/// Why a page may say more than was read.
fn unreadable(shown: &Shown) -> Option<&'static str> {
    // A few unknown characters are bullets and signs.
    const UNKNOWN_MAX: usize = 3;
    const UNKNOWN_SHARE: usize = 50;
    let has_text = shown.text.chars().any(char::is_alphanumeric);
    if shown.unknown > UNKNOWN_MAX && shown.unknown.saturating_mul(UNKNOWN_SHARE) > shown.glyphs {
        Some("a font of this page has no character map, so that the node cannot search its text")
    } else if has_text {
        None
    } else if shown.has_image {
        Some("this page is a picture, which the node cannot search")
    } else {
        shown
            .has_drawing
            .then_some("this page is drawn without text, so that the node cannot search it")
    }
}

/// A page: its dictionary, with the resources that it inherits, and its object's number.
struct Page {
    dict: Dict,
    resources: Dict,
}

/// The pages in order; `false`: there are more.
fn pages(file: &File<'_>) -> (Vec<Page>, bool) {
    let mut pages = Vec::new();
    let mut visited = HashSet::new();
    let mut is_whole = true;
    let root = file
        .trailer
        .get("Root")
        .and_then(|root| file.dict(root))
        .or_else(|| {
            let catalogs = file
                .objects
                .iter()
                .rev()
                .filter_map(|o| file.dict(&o.value));
            catalogs
                .into_iter()
                .find(|d| d.name("Type") == Some("Catalog"))
        });
    if let Some(tree) = root.and_then(|root| root.get("Pages")) {
        // Each with the resources of its parents; the next one last.
        let mut waiting = vec![(tree, None::<&Dict>, 0usize)];
        while let Some((value, inherited, depth)) = waiting.pop() {
            if let Value::Reference(number) = value
                && !visited.insert(*number)
            {
                continue;
            }
            let Some(dict) = file.dict(value) else {
                continue;
            };
            let resources = file.dict_at(dict, "Resources").or(inherited);
            match file.get(dict, "Kids") {
                Some(Value::Array(kids)) if depth < TREE_DEPTH_MAX => {
                    let depth = depth.saturating_add(1);
                    waiting.extend(kids.iter().rev().map(|kid| (kid, resources, depth)));
                }
                Some(_) => is_whole = false,
                None if pages.len() >= PAGES_MAX => is_whole = false,
                None => pages.push(Page {
                    dict: dict.clone(),
                    resources: resources.cloned().unwrap_or_default(),
                }),
            }
        }
    }
    // Without a tree, or outside of it: a reader that repairs files shows them.
    for (index, object) in file.objects.iter().enumerate() {
        if let Value::Dict(dict) = &object.value
            && dict.name("Type") == Some("Page")
            && file.is_latest(index)
            && visited.insert(object.number)
        {
            if pages.len() >= PAGES_MAX {
                is_whole = false;
                break;
            }
            pages.push(Page {
                dict: dict.clone(),
                resources: file.dict_at(dict, "Resources").cloned().unwrap_or_default(),
            });
        }
    }
    (pages, is_whole)
}

fn page_text(file: &mut File<'_>, reader: &mut Reader, page: &Page) -> Shown {
    let contents: Vec<u32> = match page.dict.get("Contents") {
        Some(Value::Reference(number)) => match file.object(*number).map(|o| &o.value) {
            Some(Value::Array(items)) => references(items),
            _ => vec![*number],
        },
        Some(Value::Array(items)) => references(items),
        _ => Vec::new(),
    };
    // A content stream may go on in the next one.
    let mut data = Vec::new();
    let resources = Rc::new(page.resources.clone());
    for number in contents {
        reader.seen.insert(number);
        reader.resources.insert(number, Rc::clone(&resources));
        if let Ok(more) = file.stream(number) {
            data.extend_from_slice(&more);
            data.push(b'\n');
        } else {
            file.is_partial = true;
        }
    }
    let mut shown = reader.read(file, &data, &page.resources);
    for appearance in appearances(file, page) {
        if reader.seen.insert(appearance)
            && let Some(more) = form(file, reader, appearance)
        {
            shown.text.push('\n');
            shown.text.push_str(&more.text);
            shown.glyphs = shown.glyphs.saturating_add(more.glyphs);
            shown.unknown = shown.unknown.saturating_add(more.unknown);
            shown.has_image |= more.has_image;
        }
    }
    shown
}

fn references(items: &[Value]) -> Vec<u32> {
    items
        .iter()
        .filter_map(|item| match item {
            Value::Reference(number) => Some(*number),
            _ => None,
        })
        .collect()
}

/// The forms that the annotations of a page show: stamps, filled fields, notes.
fn appearances(file: &File<'_>, page: &Page) -> Vec<u32> {
    let Some(Value::Array(annotations)) = file.get(&page.dict, "Annots") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for annotation in annotations {
        let normal = file
            .dict(annotation)
            .and_then(|a| file.dict_at(a, "AP"))
            .and_then(|ap| ap.get("N"));
        match normal {
            Some(Value::Reference(number)) => {
                found.push(*number);
                if let Some(states) = file.object(*number).and_then(|o| file.dict(&o.value)) {
                    found.extend(forms_of(file, states));
                }
            }
            Some(Value::Dict(states)) => found.extend(forms_of(file, states)),
            _ => {}
        }
    }
    found
}

/// The forms among the values of a dictionary.
fn forms_of(file: &File<'_>, dict: &Dict) -> Vec<u32> {
    dict.0
        .iter()
        .filter_map(|(_, value)| match value {
            Value::Reference(number) => file
                .dict(value)
                .is_some_and(|d| d.name("Subtype") == Some("Form"))
                .then_some(*number),
            _ => None,
        })
        .collect()
}

fn form(file: &mut File<'_>, reader: &mut Reader, number: u32) -> Option<Shown> {
    let dict = file
        .object(number)
        .and_then(|o| file.dict(&o.value))?
        .clone();
    let resources = file
        .dict_at(&dict, "Resources")
        .cloned()
        .unwrap_or_default();
    let data = file.stream(number).ok()?;
    Some(reader.read(file, &data, &resources))
}

/// Everything that is no page: metadata, strings of any object, earlier revisions, attached files.
fn beside(file: &mut File<'_>, reader: &mut Reader, read: &mut Read) {
    let mut metadata = String::new();
    if let Some(info) = file.trailer.get("Info").and_then(|info| file.dict(info)) {
        read.title = match file.get(info, "Title") {
            Some(Value::String(title)) => decoded(title),
            _ => String::new(),
        };
    }
    for index in 0..file.objects.len() {
        let Some(object) = file.objects.get(index) else {
            break;
        };
        let number = object.number;
        strings_of(&object.value, &mut metadata);
        if metadata.len() > content::TEXT_BYTES_MAX {
            reader.is_partial = true;
            break;
        }
        if !file.is_stream(index) {
            continue;
        }
        let Value::Dict(dict) = &object.value else {
            continue;
        };
        let dict = dict.clone();
        let place = format!("object:{number}");
        let is_shown = file.is_latest(index) && reader.seen.contains(&number);
        match (dict.name("Type"), dict.name("Subtype")) {
            (Some("Metadata"), _) | (_, Some("XML")) => match file.stream_at(index) {
                Ok(xml) => {
                    if read.title.trim().is_empty() {
                        read.title = xmp_title(&xml).unwrap_or_default();
                    }
                    metadata.push_str(&xml_text(&xml));
                }
                Err(_) => file.is_partial = true,
            },
            (Some("EmbeddedFile"), _) => attached(file, index, &place, read),
            (_, Some("Form")) | (None, None) if !is_shown && !is_technical(&dict) => {
                let resources = match file.dict_at(&dict, "Resources") {
                    Some(resources) => Rc::new(resources.clone()),
                    None => reader.resources.get(&number).cloned().unwrap_or_default(),
                };
                if let Ok(data) = file.stream_at(index) {
                    loose(file, reader, &data, &resources, &place, read);
                }
            }
            _ => {}
        }
    }
    read.add("metadata".to_owned(), metadata);
}

/// The title in XMP metadata: the last text within `dc:title`, behind the names of languages.
fn xmp_title(xml: &[u8]) -> Option<String> {
    let from = find(xml, b"<dc:title")?;
    let rest = xml.get(from..)?;
    let title = rest.get(..find(rest, b"</dc:title")?)?;
    xml_text(title).lines().last().map(str::to_owned)
}

/// The dictionary is of a stream that is no text: a font, a colour profile, a function, a shading.
fn is_technical(dict: &Dict) -> bool {
    [
        "Length1",
        "Length3",
        "FunctionType",
        "ShadingType",
        "Alternate",
        "N",
        "CMapName",
    ]
    .iter()
    .any(|key| dict.get(key).is_some())
}

/// A stream of its own: content that no page shows, or other text.
fn loose(
    file: &mut File<'_>,
    reader: &mut Reader,
    data: &[u8],
    resources: &Dict,
    place: &str,
    read: &mut Read,
) {
    let is_content =
        find(data, b"BT").is_some() && (find(data, b"Tj").is_some() || find(data, b"TJ").is_some());
    if is_content {
        let shown = reader.read(file, data, resources);
        read.add(place.to_owned(), clean(&shown.text));
    } else if data.starts_with(b"<") || data.starts_with(b"\xef\xbb\xbf<") {
        // Forms in XML.
        read.add(place.to_owned(), xml_text(data));
    }
}

fn attached(file: &mut File<'_>, index: usize, place: &str, read: &mut Read) {
    match file
        .stream_at(index)
        .ok()
        .and_then(|data| super::payload::plain_text(&data))
    {
        Some(text) => read.add(place.to_owned(), clean(&text)),
        None => read.unsearchable(
            place,
            "a file is attached to the PDF here, which the node cannot search",
        ),
    }
}

/// The text strings within a value, each on a line.
fn strings_of(value: &Value, out: &mut String) {
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            Value::String(bytes) if (2..=STRING_BYTES_MAX).contains(&bytes.len()) => {
                let text = decoded(bytes);
                // Digests and keys are strings too.
                let written = text
                    .chars()
                    .filter(|c| c.is_alphanumeric() || c.is_whitespace());
                if written.count().saturating_mul(2) > text.chars().count() {
                    out.push_str(&text);
                    out.push('\n');
                }
            }
            Value::Array(items) => waiting.extend(items.iter().rev()),
            Value::Dict(dict) => waiting.extend(dict.0.iter().rev().map(|(_, v)| v)),
            _ => {}
        }
    }
}

/// The text as people read it on, without what the width of a page did to it: lines joined, words that were parted at the
/// end of a line whole again.
pub(crate) fn flowing(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim();
        let starts_small = line.starts_with(char::is_lowercase);
        if out.ends_with(['-', '\u{2010}', '\u{ad}']) && starts_small {
            out.pop();
        } else if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(line);
    }
    plain::plain(&out).into_owned()
}

#[cfg(test)]
mod tests;
