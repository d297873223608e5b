//! A STIX document to one bundle per label.

use std::collections::HashMap;

use bytes::Bytes;
use uuid::Uuid;

use super::closure::{Closed, close};
use super::cut::{Cut, cut, cut_into, in_place};
use super::references::{References, Thing, Uuid128, uuid_of, uuids, uuids_in};
use super::{Outlined, Part, Parted, Raised, Why, why_unmarked};
use crate::formats::json::{Element, Step, push_step};
use crate::formats::stix::{Shape, about, digests};
use crate::formats::{Document, Format};
use crate::markings::{Marked, Marking, PapIn, Restriction};
use crate::model::item::SourceReference;
use crate::model::label::Label;
use crate::model::words::Pap;

/// Parts a STIX document.
pub(super) fn parts(
    document: &Document,
    marked: &Marked,
    bundle_id: &dyn Fn(Label) -> Uuid,
) -> Parted {
    let one_label = marked
        .objects
        .iter()
        .all(|label| label.is_none_or(|label| label == marked.label));
    let Some(root) = document.root().filter(|_| !one_label) else {
        return Parted::whole(document, marked);
    };
    let bundle = Bundle::of(document, root, marked);
    let chosen: Vec<(Label, Vec<bool>)> = Label::ALL
        .into_iter()
        .filter_map(|label| Some((label, bundle.chosen(label)?)))
        .collect();
    let highest = chosen.last().map(|(label, _)| *label);
    let parts = if chosen.len() < 2 {
        Parted::whole(document, marked).parts
    } else {
        chosen
            .iter()
            .map(|(label, objects)| {
                if Some(*label) == highest {
                    bundle.highest(document, *label, objects)
                } else {
                    bundle.lower(document, *label, objects, bundle_id(*label))
                }
            })
            .collect()
    };
    Parted {
        parts,
        raised: bundle.raised(),
        releasable: Vec::new(),
    }
}

/// Each object with its label and why.
pub(super) fn outline(document: &Document, marked: &Marked) -> Vec<Outlined> {
    let Some(root) = document.root() else {
        return Vec::new();
    };
    let bundle = Bundle::of(document, root, marked);
    let by_object = markings_by_object(bundle.shape, marked);
    let id = |index: usize| {
        bundle
            .objects
            .get(index)
            .and_then(|o| o.str("id"))
            .unwrap_or_default()
            .to_owned()
    };
    let mut raised = bundle.raised().into_iter().peekable();
    bundle
        .objects
        .iter()
        .enumerate()
        .map(|(index, object)| {
            let place = bundle.shape.pointer(index);
            let own = bundle.own.get(index).copied().flatten();
            let label = own.and(bundle.label(index));
            let up = raised.next_if(|r| {
                r.place
                    .strip_prefix(&place)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            let container = marked.containers.get(index).copied().flatten();
            let why = match (label, up) {
                (None, _) => Why::Definition,
                (Some(_), Some(raised)) => Why::Refers {
                    place: raised.place,
                    to: raised.because_of,
                },
                (Some(label), None) => by_object
                    .get(&index)
                    .and_then(|markings| markings.iter().find(|m| m.label == label))
                    .map_or_else(
                        || why_unmarked(label, container.map(id), marked),
                        |marking| Why::Marked(marking.place.clone()),
                    ),
            };
            Outlined {
                object: id(index),
                place,
                kind: object.str("type").unwrap_or_default().to_owned(),
                label,
                why,
            }
        })
        .collect()
}

/// The markings of each object.
fn markings_by_object(shape: Shape, marked: &Marked) -> HashMap<usize, Vec<&Marking>> {
    let mut by_object: HashMap<usize, Vec<&Marking>> = HashMap::new();
    for marking in &marked.markings {
        if let Some(index) = shape.object_of(&marking.place) {
            by_object.entry(index).or_default().push(marking);
        }
    }
    by_object
}

/// A document's objects, and who goes up with whom.
struct Bundle<'a> {
    document: &'a Document,
    root: Element<'a>,
    shape: Shape,
    objects: Vec<Element<'a>>,
    /// Whether each is a definition, marked or not.
    defines: Vec<bool>,
    /// The label of each object before references count; `None`: a definition that goes with whatever uses it.
    own: &'a [Option<Label>],
    references: References,
    closed: Closed,
    strictest: Label,
    pap: PapIn,
}

impl<'a> Bundle<'a> {
    fn of(document: &'a Document, root: Element<'a>, marked: &'a Marked) -> Self {
        debug_assert!(matches!(document.format, Format::Stix21 | Format::Stix20));
        let shape = Shape::of(root);
        let objects: Vec<Element<'a>> = shape.objects(root).map(|(_, object)| object).collect();
        let things: Vec<Thing<'a>> = objects
            .iter()
            .map(|object| Thing {
                id: object.str("id").and_then(uuid_of),
                value: *object,
                more: Vec::new(),
            })
            .collect();
        let defines = objects
            .iter()
            .map(|object| {
                matches!(
                    object.str("type"),
                    Some("marking-definition" | "extension-definition")
                )
            })
            .collect();
        let references = References::read(&things);
        let closed = close(&marked.objects, &references);
        Self {
            document,
            root,
            shape,
            objects,
            defines,
            own: &marked.objects,
            references,
            closed,
            strictest: marked.label,
            pap: PapIn::document(document),
        }
    }

    /// A definition that is not itself marked.
    fn is_definition(&self, index: usize) -> bool {
        self.own.get(index).is_some_and(Option::is_none)
    }

    /// A definition, marked or not, that may stand beside objects of this label: whoever uses it needs it there, or its
    /// readers could not tell what the marking means.
    fn is_definition_for(&self, index: usize, label: Label) -> bool {
        self.defines.get(index) == Some(&true) && self.label(index) <= Some(label)
    }

    fn label(&self, index: usize) -> Option<Label> {
        self.closed.labels.get(index).copied().flatten()
    }

    /// The objects of the part with this label, and the definitions that they use; `None`: there is no such part.
    fn chosen(&self, label: Label) -> Option<Vec<bool>> {
        let mut chosen: Vec<bool> = (0..self.objects.len())
            .map(|index| !self.is_definition(index) && self.label(index) == Some(label))
            .collect();
        if label == self.strictest {
            // A definition that nothing uses is nobody's: it stays with what goes least far.
            for index in self.unused() {
                if let Some(slot) = chosen.get_mut(index) {
                    *slot = true;
                }
            }
        }
        if !chosen.contains(&true) {
            return None;
        }
        self.add_definitions(&mut chosen, label);
        Some(chosen)
    }

    /// Adds the definitions that chosen objects of this label name, and those that these name.
    fn add_definitions(&self, chosen: &mut [bool], label: Label) {
        let mut waiting: Vec<usize> = (0..chosen.len())
            .filter(|index| chosen.get(*index).copied().unwrap_or_default())
            .collect();
        while let Some(namer) = waiting.pop() {
            for named in self.references.named_by(namer) {
                if self.is_definition_for(named, label)
                    && let Some(slot) = chosen.get_mut(named)
                    && !*slot
                {
                    *slot = true;
                    waiting.push(named);
                }
            }
        }
    }

    /// Definitions that no object uses, directly or through other definitions.
    fn unused(&self) -> Vec<usize> {
        let mut used: Vec<bool> = (0..self.objects.len())
            .map(|index| !self.is_definition(index))
            .collect();
        self.add_definitions(&mut used, Label::Red);
        (0..self.objects.len())
            .filter(|index| {
                self.is_definition(*index) && !used.get(*index).copied().unwrap_or(true)
            })
            .collect()
    }

    /// Writes the list of objects with these.
    fn list(&self, chosen: &[bool], out: &mut Vec<u8>) {
        let list = match self.shape {
            Shape::StixBundle | Shape::Envelope => self.root.get("objects"),
            Shape::List => Some(self.root),
            Shape::Object => None,
        };
        if let Some(list) = list {
            cut_into(out, list, |index, _, _| {
                if chosen.get(index).copied().unwrap_or_default() {
                    Cut::Keep
                } else {
                    Cut::Drop
                }
            });
        }
    }

    /// The document with these objects and of its head only what `member` keeps.
    fn bytes(&self, chosen: &[bool], mut member: impl FnMut(&str) -> Cut<'static>) -> Bytes {
        let list = |out: &mut Vec<u8>| self.list(chosen, out);
        let bytes = match self.shape {
            Shape::List | Shape::Object => {
                let mut out = Vec::with_capacity(self.root.range().len());
                list(&mut out);
                out
            }
            Shape::StixBundle | Shape::Envelope => cut(self.root, |_, key, _| match key {
                Some("objects") => Cut::Write(&list),
                Some(key) => member(key),
                None => Cut::Drop,
            }),
        };
        Bytes::from(in_place(self.root, &bytes))
    }

    /// The part that goes least far: the document's own head, and the objects that no other part has.
    fn highest(&self, document: &Document, label: Label, chosen: &[bool]) -> Part {
        let bytes = self.bytes(chosen, |_| Cut::Keep);
        let source = SourceReference {
            format: document.format.name().to_owned(),
            id: document.identity.clone(),
            version: document.version.clone(),
        };
        Part {
            source,
            ..self.part(document, label, chosen, bytes)
        }
    }

    /// A part that goes further. Its head is a new one: what stands beside the objects may speak of all of them.
    fn lower(&self, document: &Document, label: Label, chosen: &[bool], id: Uuid) -> Part {
        let bytes = self.bytes(chosen, |key| match key {
            "type" | "spec_version" => Cut::Keep,
            "id" => Cut::Put(format!("\"bundle--{id}\"").into_bytes()),
            _ => Cut::Drop,
        });
        self.part(document, label, chosen, bytes)
    }

    fn part(&self, document: &Document, label: Label, chosen: &[bool], bytes: Bytes) -> Part {
        let format = document.format;
        let objects = || {
            self.objects
                .iter()
                .zip(chosen)
                .filter(|(_, chosen)| **chosen)
                .map(|(object, _)| *object)
        };
        // One look at each object, while it is at hand.
        let mut ids = Vec::new();
        let mut pap = None;
        let seen = objects().inspect(|object| {
            ids.extend(object.str("id").map(str::to_owned));
            pap = self.pap.of(*object).max(pap);
        });
        let about = about(seen, || {
            if document.digests.is_empty() {
                return digests(objects());
            }
            let known = document.digests.iter().zip(chosen);
            known
                .filter(|(_, chosen)| **chosen)
                .map(|(digest, _)| *digest)
                .collect()
        });
        Part {
            label,
            pap: pap.max(self.pap_in_payloads(chosen)),
            bytes,
            media_type: format.media_type(),
            title: about.title,
            summary: about.summary,
            kind: about.kind,
            objects: ids,
            restriction: Restriction::default(),
            source: SourceReference {
                format: format.name().to_owned(),
                id: about.identity,
                version: about.version,
            },
        }
    }

    fn pap_in_payloads(&self, chosen: &[bool]) -> Option<Pap> {
        crate::markings::pap_in_payloads(self.document, |index| {
            chosen.get(index).copied().unwrap_or_default()
        })
    }

    /// The objects that went up.
    fn raised(&self) -> Vec<Raised> {
        let mut raised = Vec::new();
        for (index, object) in self.objects.iter().enumerate() {
            let (Some(Some(from)), Some(to), Some(Some(because))) = (
                self.own.get(index).copied(),
                self.label(index),
                self.closed.because_of.get(index),
            ) else {
                continue;
            };
            let named = self.objects.get(*because);
            let pointer = self.shape.pointer(index);
            let place = named
                .and_then(|named| place_of(*object, named.str("id").and_then(uuid_of)?))
                .map_or_else(|| pointer.clone(), |inner| format!("{pointer}{inner}"));
            let name = |object: Option<&Element<'_>>| {
                object
                    .and_then(|o| o.str("id"))
                    .unwrap_or_default()
                    .to_owned()
            };
            raised.push(Raised {
                object: name(Some(object)),
                kind: object.str("type").unwrap_or_default().to_owned(),
                from,
                to,
                place,
                because_of: name(named),
            });
        }
        raised
    }
}

/// Where in a value a UUID stands, other than as the value's own id.
pub(super) fn place_of(value: Element<'_>, wanted: Uuid128) -> Option<String> {
    let stands_in = |text: &str| {
        let mut found = false;
        uuids_in(text.as_bytes(), &mut |uuid| found |= uuid == wanted);
        found
    };
    let is_object = value.is_object();
    for (index, child) in value.children().enumerate() {
        let key = child.key();
        let text = child.as_str();
        if is_object && key == "id" && text.is_some() {
            continue;
        }
        if (is_object && stands_in(key)) || text.is_some_and(stands_in) {
            return Some(pointer(is_object, key, index));
        }
        if text.is_none() && names(child, wanted) {
            // A container is walked only where it has it.
            let mut place = None;
            child.walk(|path, element| {
                let texts = [path.key(), element.as_str()];
                if place.is_none() && texts.into_iter().flatten().any(stands_in) {
                    place = Some(path.pointer());
                }
            });
            if let Some(place) = place {
                return Some(format!("{}{place}", pointer(is_object, key, index)));
            }
        }
    }
    None
}

fn pointer(is_object: bool, key: &str, index: usize) -> String {
    let mut pointer = String::new();
    push_step(
        &mut pointer,
        if is_object {
            Step::Key(key)
        } else {
            Step::Index(index)
        },
    );
    pointer
}

/// The UUID stands in a string or key within a value.
fn names(value: Element<'_>, wanted: Uuid128) -> bool {
    let mut found = false;
    uuids(value, &mut |uuid| found |= uuid == wanted);
    found
}
