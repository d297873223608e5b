//! What a STIX document says about itself.

mod pattern;
mod properties;
pub(crate) mod published;
mod references;
mod required;
mod types;
mod validity;
mod values;

use super::json::{Element, Step, push_step};
use super::{Document, Format, Problems, Said};
use crate::model::ids::Digest;
use crate::model::words::Kind;

/// Where the objects of a document stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// In a bundle.
    StixBundle,
    /// In a TAXII envelope `{"objects":[…]}`.
    Envelope,
    /// In a list.
    List,
    /// The document is one object.
    Object,
}

impl Shape {
    /// The shape of a document that was recognised as STIX.
    pub(crate) fn of(root: Element<'_>) -> Self {
        if root.is_array() {
            Shape::List
        } else if root.str("type") == Some("bundle") {
            Shape::StixBundle
        } else if root.str("type").is_none() && root.get("objects").is_some() {
            Shape::Envelope
        } else {
            Shape::Object
        }
    }

    /// The objects with their index.
    pub(crate) fn objects<'a>(
        self,
        root: Element<'a>,
    ) -> impl Iterator<Item = (usize, Element<'a>)> + Clone {
        let (list, single) = match self {
            Shape::StixBundle | Shape::Envelope => (root.get("objects"), None),
            Shape::List => (Some(root), None),
            Shape::Object => (None, Some(root)),
        };
        list.into_iter()
            .flat_map(Element::items)
            .chain(single)
            .enumerate()
    }

    /// The JSON Pointer of an object.
    pub(crate) fn pointer(self, index: usize) -> String {
        let mut pointer = match self {
            Shape::StixBundle | Shape::Envelope => "/objects".to_owned(),
            Shape::List | Shape::Object => String::new(),
        };
        if self != Shape::Object {
            push_step(&mut pointer, Step::Index(index));
        }
        pointer
    }

    /// The index of the object in which a JSON Pointer points.
    pub(crate) fn object_of(self, pointer: &str) -> Option<usize> {
        let rest = match self {
            Shape::StixBundle | Shape::Envelope => pointer.strip_prefix("/objects/")?,
            Shape::List => pointer.strip_prefix('/')?,
            Shape::Object => return Some(0),
        };
        rest.split(['/', ' ']).next()?.parse().ok()
    }

    /// How many steps of a path lead to an object.
    pub(crate) const fn steps(self) -> usize {
        match self {
            Shape::StixBundle | Shape::Envelope => 2,
            Shape::List => 1,
            Shape::Object => 0,
        }
    }
}

/// Reads a STIX document.
pub(crate) fn read(format: Format, shape: Shape, root: Element<'_>) -> Said {
    let mut problems = Problems::default();
    validity::check(format, shape, root, &mut problems);
    let objects = shape.objects(root).map(|(_, object)| object);
    let mut known = Vec::new();
    let about = about(objects.clone(), || {
        known = digests(objects);
        known.clone()
    });
    Said {
        digests: known,
        identity: Some(about.identity),
        version: about.version,
        title: about.title,
        summary: about.summary,
        kind: about.kind,
        problems,
    }
}

/// What objects say of the document that they make up.
pub(crate) struct About {
    /// The id of the one report or grouping; where there is none, or several: a digest of the objects.
    pub(crate) identity: String,
    /// Its `modified`; empty where there is none.
    pub(crate) version: String,
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) kind: Kind,
}

/// What these objects say, read by themselves; their digests are asked for only where they are needed.
pub(crate) fn about<'a>(
    objects: impl Iterator<Item = Element<'a>>,
    digests: impl FnOnce() -> Vec<[u8; 32]>,
) -> About {
    let mut wholes = 0usize;
    let mut whole: Option<Element<'_>> = None;
    let mut has_report = false;
    // The object that says best what the document is about; the first of the best rank.
    let mut speaks: Option<(usize, Element<'_>)> = None;
    for object in objects {
        let kind = object.str("type").unwrap_or_default();
        if matches!(kind, "report" | "grouping") {
            wholes = wholes.saturating_add(1);
            whole = Some(object);
            has_report |= kind == "report";
        }
        // Only what says it better than what was found before counts.
        let best = speaks.map_or(usize::MAX, |(best, _)| best);
        let rank = match RANKS.iter().take(best).position(|k| *k == kind) {
            Some(rank) => rank,
            None if best <= RANKS.len() || NAMELESS.contains(&kind) => continue,
            None => RANKS.len(),
        };
        if object.str("name").is_some() {
            speaks = Some((rank, object));
        }
    }
    let named = whole
        .filter(|_| wholes == 1)
        .and_then(|w| Some((w.str("id")?, w.str("modified")?)));
    let said = |key: &str| {
        speaks
            .and_then(|(_, object)| object.str(key))
            .unwrap_or_default()
            .to_owned()
    };
    About {
        identity: match named {
            Some((id, _)) => id.to_owned(),
            None => digest(digests()).to_string(),
        },
        version: named.map_or_else(String::new, |(_, modified)| modified.to_owned()),
        title: said("name"),
        summary: said("description"),
        kind: if has_report {
            Kind::Report
        } else {
            Kind::Indicators
        },
    }
}

/// What a document is called after, the best first.
const RANKS: [&str; 10] = [
    "report",
    "grouping",
    "incident",
    "campaign",
    "intrusion-set",
    "threat-actor",
    "malware",
    "vulnerability",
    "attack-pattern",
    "indicator",
];
/// What says nothing about the subject of a document, or who made it.
const NAMELESS: [&str; 4] = [
    "identity",
    "marking-definition",
    "extension-definition",
    "language-content",
];

/// The ids of the objects of a STIX document, in document order; of other formats none.
pub(crate) fn ids(document: &Document) -> Vec<String> {
    match document.format {
        Format::Stix21 | Format::Stix20 => document
            .root()
            .map(|root| {
                Shape::of(root)
                    .objects(root)
                    .filter_map(|(_, object)| object.str("id"))
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default(),
        Format::Csaf20
        | Format::Csaf21
        | Format::Misp
        | Format::Markdown
        | Format::Text
        | Format::Pdf => Vec::new(),
    }
}

/// The digest of the objects, without the bundle's own id: tools give a bundle a new one at each export. The order of
/// objects, keys and white space does not count either, because it has no meaning.
fn digest(mut digests: Vec<[u8; 32]>) -> Digest {
    digests.sort_unstable();
    Digest::of(digests.as_flattened())
}

/// The digest of each object.
pub(crate) fn digests<'a>(objects: impl Iterator<Item = Element<'a>>) -> Vec<[u8; 32]> {
    let mut canonical = Canonical::default();
    objects
        .map(|object| {
            canonical.out.clear();
            canonical.write(object);
            Digest::of(&canonical.out).0
        })
        .collect()
}

/// Writes values so that equal ones give equal bytes, and others do not: each string with its length, each container with
/// an end, the keys of an object in order.
#[derive(Default)]
struct Canonical<'a> {
    out: Vec<u8>,
    /// The members of the objects that are being written, each object's behind those of the one around it.
    members: Vec<Member<'a>>,
}

/// A member of an object, with the first bytes of its key as a number, which sorts in the same order and quicker.
#[derive(Clone, Copy)]
struct Member<'a> {
    begin: u64,
    key: &'a str,
    value: Element<'a>,
}

impl<'a> Canonical<'a> {
    /// Recurses no deeper than a document is nested, [`super::json::DEPTH_MAX`].
    fn write(&mut self, value: Element<'a>) {
        if value.is_object() {
            let from = self.members.len();
            self.members
                .extend(value.entries().map(|(key, value)| Member {
                    begin: beginning(key),
                    key,
                    value,
                }));
            if let Some(own) = self.members.get_mut(from..) {
                own.sort_unstable_by(|a, b| a.begin.cmp(&b.begin).then_with(|| a.key.cmp(b.key)));
            }
            self.out.push(b'{');
            let mut at = from;
            while let Some(member) = self.members.get(at).copied() {
                text(b'k', member.key, &mut self.out);
                self.write(member.value);
                at = at.saturating_add(1);
            }
            self.members.truncate(from);
            self.out.push(b'}');
        } else if value.is_array() {
            self.out.push(b'[');
            value.items().for_each(|item| self.write(item));
            self.out.push(b']');
        } else if let Some(string) = value.as_str() {
            text(b's', string, &mut self.out);
        } else if let Some(number) = value.as_number() {
            text(b'n', number, &mut self.out);
        } else {
            self.out.push(match value.as_bool() {
                Some(true) => b't',
                Some(false) => b'f',
                None => b'0',
            });
        }
    }
}

/// The first eight bytes as a number, zeros where there are fewer.
fn beginning(key: &str) -> u64 {
    if let Some(first) = key.as_bytes().first_chunk() {
        return u64::from_be_bytes(*first);
    }
    key.bytes()
        .chain(std::iter::repeat(0))
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(byte))
}

fn text(tag: u8, text: &str, out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests;
