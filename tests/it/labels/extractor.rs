//! A second reading of a document's markings, for tests only. It shares no code with the crate and was written from the
//! standards alone. It is plain and slow, and errs in one direction: **what it finds, a reader would see too**. What it
//! does not find says nothing.
//!
//! | format | where it looks |
//! | --- | --- |
//! | STIX | what `object_marking_refs` and granular `marking_ref`s point at: the published ids, the definitions in the document by every claim that they make, and RED where nothing is defined; `tlp` and `tlp_2_0` values; strings |
//! | CSAF | `document.distribution.tlp.label`; strings |
//! | MISP | names of tags wherever they hang, also of the TLP family and unknown; strings |
//! | Markdown, text | the text, as it is rendered |
//! | PDF | strings that a content stream draws and that are stored as they are |
//!
//! A *string* counts when it says `TLP:` and a label, after full-width and other compatible letters were folded, what has
//! no width was left out, and emphasis and quotes between the colon and the label were skipped.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::Value;

/// A label, least restrictive first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    Clear,
    Green,
    Amber,
    AmberStrict,
    Red,
}

impl Seen {
    /// All, least restrictive first.
    pub(crate) const ALL: [Seen; 5] = [
        Seen::Clear,
        Seen::Green,
        Seen::Amber,
        Seen::AmberStrict,
        Seen::Red,
    ];

    /// The name in TLP 2.0, without `TLP:`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Seen::Clear => "CLEAR",
            Seen::Green => "GREEN",
            Seen::Amber => "AMBER",
            Seen::AmberStrict => "AMBER+STRICT",
            Seen::Red => "RED",
        }
    }

    /// The label with this TLP 2.0 name.
    pub(crate) fn named(name: &str) -> Option<Seen> {
        Seen::ALL.into_iter().find(|label| label.name() == name)
    }
}

/// The published marking definitions of TLP 1.0 and 2.0: the id without its type, and the label.
pub(crate) const PUBLISHED: [(&str, Seen); 9] = [
    ("613f2e26-407d-48c7-9eca-b8e91df99dc9", Seen::Clear),
    ("34098fce-860f-48ae-8e50-ebd3cc5e41da", Seen::Green),
    ("f88d31f6-486f-44da-b317-01333bde0b82", Seen::Amber),
    ("5e57c739-391a-4eb3-b6be-7d15ca92d5ed", Seen::Red),
    ("94868c89-83c2-464b-929b-a1a8aa3c8487", Seen::Clear),
    ("bab4a63c-aed9-4cf5-a766-dfca5abac2bb", Seen::Green),
    ("55d920b0-5e8b-4f79-9ee9-91f868d9b421", Seen::Amber),
    ("939a9414-2ddd-4d32-a0cd-375ea402b003", Seen::AmberStrict),
    ("e828b379-4e03-4974-9ac4-e53a884c97c1", Seen::Red),
];

/// The published definitions of PAP: markings, but not of how far something goes.
const PAP: [&str; 5] = [
    "740d36e5-7714-4c30-961a-3ae632ceee0e",
    "60f8932b-e51e-4458-b265-a2e8be9a80ab",
    "c43594d1-4b11-4c59-93ab-1c9b14d53ce9",
    "a3bea94c-b469-41dc-9cfe-d6e7daba7730",
    "ad15a0cd-55b6-4588-a14c-a66105329b92",
];

/// The highest label that a reader of the document would see.
pub(crate) fn highest(bytes: &[u8]) -> Option<Seen> {
    let bytes = inflated(bytes);
    if bytes.starts_with(b"%PDF-") {
        return drawn(&bytes);
    }
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return None;
    };
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with(['{', '[']) {
        let value: Value = serde_json::from_str(text).ok()?;
        return structured(&value);
    }
    said(&rendered(text))
}

/// The highest label that an object of STIX, alone and with the definitions of its document, says of itself.
pub(crate) fn of_object(object: &Value, definitions: &BTreeMap<String, Value>) -> Option<Seen> {
    let mut found = Vec::new();
    strings(object, &mut found);
    tlp_values(object, &mut found);
    for id in marking_refs(object) {
        found.extend(meant(&id, definitions));
    }
    found.into_iter().max()
}

/// The label of a definition itself, by what it refers to; what it means for others marks it not.
pub(crate) fn of_definition(object: &Value, definitions: &BTreeMap<String, Value>) -> Option<Seen> {
    let refs = marking_refs(object).into_iter();
    refs.filter_map(|id| meant(&id, definitions)).max()
}

/// The marking definitions of a STIX document by id.
pub(crate) fn definitions(value: &Value) -> BTreeMap<String, Value> {
    objects(value)
        .into_iter()
        .filter(|object| object["type"] == "marking-definition")
        .filter_map(|object| Some((object["id"].as_str()?.to_owned(), object.clone())))
        .collect()
}

fn inflated(bytes: &[u8]) -> Vec<u8> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return bytes.to_vec();
    }
    let mut out = Vec::new();
    // More than this, and no test document is meant.
    let mut read = flate2::read::MultiGzDecoder::new(bytes).take(64 << 20);
    if read.read_to_end(&mut out).is_err() {
        return Vec::new();
    }
    out
}

fn structured(value: &Value) -> Option<Seen> {
    let mut found = Vec::new();
    strings(value, &mut found);
    if let Some(label) = value.pointer("/document/distribution/tlp/label") {
        found.extend(label.as_str().and_then(whole));
    }
    tags(value, &mut found);
    let definitions = definitions(value);
    for object in objects(value) {
        // A definition says what a marking means; that it is there marks nothing.
        if object["type"] == "marking-definition" {
            found.extend(of_definition(object, &definitions));
        } else {
            found.extend(of_object(object, &definitions));
        }
    }
    found.into_iter().max()
}

/// The objects of a bundle, of a list, or the only one.
pub(crate) fn objects(value: &Value) -> Vec<&Value> {
    let is_object = |v: &&Value| v["type"].is_string() && v["id"].is_string();
    match value {
        Value::Array(list) => list.iter().filter(is_object).collect(),
        Value::Object(members) => match members.get("objects") {
            Some(Value::Array(list)) => list.iter().filter(is_object).collect(),
            _ => Some(value).filter(is_object).into_iter().collect(),
        },
        _ => Vec::new(),
    }
}

/// Every id in `object_marking_refs` and in granular markings.
fn marking_refs(object: &Value) -> Vec<String> {
    let whole = object["object_marking_refs"].as_array();
    let granular = object["granular_markings"].as_array();
    whole
        .into_iter()
        .flatten()
        .chain(
            granular
                .into_iter()
                .flatten()
                .map(|marking| &marking["marking_ref"]),
        )
        .filter_map(Value::as_str)
        .filter(|id| id.starts_with("marking-definition--"))
        .map(str::to_owned)
        .collect()
}

/// What a reference to a marking means: the published table first, whatever the document defines under that id. How the
/// definition itself is marked is another matter.
fn meant(id: &str, definitions: &BTreeMap<String, Value>) -> Option<Seen> {
    let uuid = id.strip_prefix("marking-definition--")?.to_lowercase();
    if let Some((_, label)) = PUBLISHED.iter().find(|(known, _)| *known == uuid) {
        return Some(*label);
    }
    if PAP.contains(&uuid.as_str()) {
        return None;
    }
    let Some(definition) = definitions.get(id) else {
        return Some(Seen::Red);
    };
    let mut found = Vec::new();
    strings(definition, &mut found);
    tlp_values(definition, &mut found);
    // A definition of TLP that says no label.
    let of_tlp_2 = "/extensions/extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d/tlp_2_0";
    for claim in ["/definition/tlp", of_tlp_2] {
        let claim = definition.pointer(claim).and_then(Value::as_str);
        found.extend(claim.map(|claim| whole(claim).unwrap_or(Seen::Red)));
    }
    found.into_iter().max()
}

/// `{"tlp": "red"}` and `{"tlp_2_0": "red"}` at any depth.
fn tlp_values(value: &Value, found: &mut Vec<Seen>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                if matches!(key.as_str(), "tlp" | "tlp_2_0") {
                    found.extend(member.as_str().and_then(whole));
                }
                tlp_values(member, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| tlp_values(item, found)),
        _ => {}
    }
}

/// The names of MISP tags, wherever a `Tag` hangs.
fn tags(value: &Value, found: &mut Vec<Seen>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                if key == "Tag" {
                    for tag in member.as_array().into_iter().flatten() {
                        found.extend(tag["name"].as_str().and_then(tag_of_the_family));
                    }
                }
                tags(member, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| tags(item, found)),
        _ => {}
    }
}

/// A tag `tlp:…`; one that nobody knows is RED, and Chatham House is no label.
fn tag_of_the_family(name: &str) -> Option<Seen> {
    let name = folded(name);
    let value = name.trim().strip_prefix("tlp:")?;
    match value.trim() {
        "" | "ex:chr" => None,
        // Emphasis has no place in a tag, but does not make it another one.
        value if value.starts_with(char::is_alphanumeric) => {
            Some(whole(value).unwrap_or(Seen::Red))
        }
        _ => said(&name),
    }
}

/// A string that is a label and nothing else, with or without `TLP:`.
fn whole(text: &str) -> Option<Seen> {
    let text = folded(text);
    let text = text.trim();
    let text = text.strip_prefix("tlp:").unwrap_or(text).trim();
    let (label, rest) = label_at(text)?;
    rest.is_empty().then_some(label)
}

fn strings(value: &Value, found: &mut Vec<Seen>) {
    match value {
        Value::String(text) => found.extend(said(text)),
        Value::Array(items) => {
            // What a definition in the document says marks only who refers to it.
            let items = items
                .iter()
                .filter(|item| item["type"] != "marking-definition");
            items.for_each(|item| strings(item, found));
        }
        Value::Object(members) => {
            for (key, member) in members {
                found.extend(said(key));
                strings(member, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The highest label that a text says.
pub(crate) fn said(text: &str) -> Option<Seen> {
    let text = folded(text);
    let mut highest = None;
    for (at, found) in text.match_indices("tlp") {
        let before = text.get(..at).unwrap_or_default();
        let before = before.trim_end_matches('_');
        if before.ends_with(char::is_alphanumeric) {
            continue;
        }
        let rest = text.get(at + found.len()..).unwrap_or_default();
        let rest = rest.trim_start_matches(is_decoration);
        let Some(rest) = rest.strip_prefix(':') else {
            continue;
        };
        let label = label_at(rest.trim_start_matches(is_decoration)).map(|(label, _)| label);
        highest = highest.max(label);
    }
    highest
}

fn is_decoration(c: char) -> bool {
    matches!(c, ' ' | '\n' | '*' | '_' | '`' | '~' | '"' | '\'')
}

/// The label at the beginning of a folded text, and what follows it.
fn label_at(text: &str) -> Option<(Seen, &str)> {
    let names = [
        ("amber", Seen::Amber),
        ("white", Seen::Clear),
        ("clear", Seen::Clear),
        ("green", Seen::Green),
        ("red", Seen::Red),
    ];
    let (label, rest) = names
        .into_iter()
        .find_map(|(name, label)| Some((label, text.strip_prefix(name)?)))?;
    if label == Seen::Amber {
        let strict = rest.trim_start_matches(' ');
        let strict = strict.strip_prefix(['+', '-', '_']).unwrap_or(strict);
        let strict = strict.trim_start_matches(' ').strip_prefix("strict");
        if let Some(after) = strict.filter(|after| !after.starts_with(char::is_alphanumeric)) {
            // `amberstrict` is no spelling that anybody wrote.
            if !rest.starts_with("strict") {
                return Some((Seen::AmberStrict, after));
            }
        }
    }
    (!rest.starts_with(char::is_alphanumeric)).then_some((label, rest))
}

/// Lower case, compatible letters as plain ones, every space as one character, nothing without width.
fn folded(text: &str) -> String {
    text.chars().filter_map(plain).collect()
}

fn plain(c: char) -> Option<char> {
    let code = u32::from(c);
    let letter = |index: u32| char::from_u32(u32::from('a') + index % 26);
    match code {
        // Nothing to see: soft hyphen, joiners, marks of direction, selectors, tags.
        0xad | 0x34f | 0x61c | 0x180b..=0x180e | 0x200b..=0x200f | 0x202a..=0x202e => None,
        0x2060..=0x206f | 0xfe00..=0xfe0f | 0xfeff | 0xe0000..=0xe0fff => None,
        0x09 | 0x20 | 0xa0 | 0x1680 | 0x2000..=0x200a | 0x202f | 0x205f | 0x3000 => Some(' '),
        0x0d => Some(' '),
        // Full-width ASCII, and the small and vertical colon.
        0xff01..=0xff5e => char::from_u32(code - 0xff01 + 0x21).map(|c| c.to_ascii_lowercase()),
        0xfe55 | 0xfe13 => Some(':'),
        0xfe62 | 0x207a | 0x208a => Some('+'),
        // Circled and squared letters.
        0x24b6..=0x24e9 => letter(code - 0x24b6),
        0x1f130..=0x1f149 => letter(code - 0x1f130),
        // Mathematical letters, thirteen alphabets of capitals and small ones; some are missing there and stand below.
        0x1d400..=0x1d6a3 => letter(code - 0x1d400),
        0x212c => Some('b'),
        0x2102 | 0x212d => Some('c'),
        0x212f | 0x2130 => Some('e'),
        0x210a => Some('g'),
        0x210b..=0x210e => Some('h'),
        0x2110 | 0x2111 => Some('i'),
        0x2112 | 0x2113 => Some('l'),
        0x2133 => Some('m'),
        0x2115 => Some('n'),
        0x2119 => Some('p'),
        0x211b..=0x211d => Some('r'),
        _ => c.to_lowercase().next(),
    }
}

/// Markdown as a reader sees it: without tags, with entities and escapes resolved. Plain text stays nearly what it is.
fn rendered(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '<' && after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') {
            let line = after.lines().next().unwrap_or_default();
            if let Some(end) = line.find('>') {
                rest = after.get(end + 1..).unwrap_or_default();
                continue;
            }
        }
        if c == '&'
            && let Some((decoded, length)) = entity(after)
        {
            out.push(decoded);
            rest = after.get(length..).unwrap_or_default();
            continue;
        }
        let is_escape = c == '\\' && after.starts_with(|c: char| c.is_ascii_punctuation());
        if !is_escape {
            out.push(c);
        }
        rest = after;
    }
    out
}

/// The character that a reference such as `colon;` or `#58;` stands for, and its length.
fn entity(text: &str) -> Option<(char, usize)> {
    let end = text.find(';').filter(|end| *end <= 8)?;
    let name = text.get(..end)?;
    let c = match name {
        "colon" => ':',
        "plus" => '+',
        "nbsp" => '\u{a0}',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((c, end + 1))
}

/// What the content streams of a PDF draw with `(…) Tj`, where they are stored uncompressed.
fn drawn(bytes: &[u8]) -> Option<Seen> {
    let text: String = bytes.iter().map(|b| char::from(*b)).collect();
    text.split("BT")
        .skip(1)
        .filter_map(|block| block.split("ET").next())
        .flat_map(|block| {
            block
                .split('(')
                .skip(1)
                .filter_map(|rest| rest.split_once(')'))
                .filter(|(_, after)| after.trim_start().starts_with("Tj"))
                .map(|(text, _)| said(text))
        })
        .max()
        .flatten()
}
