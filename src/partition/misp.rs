//! A MISP event to one event per label, where its submitter asks for that.
//!
//! An event is a frame – title, creator, tags, dates – around pieces: attributes, objects, reports, proposals. A part holds
//! the pieces of its label. The highest keeps the event's identity; each lower one has an id and a time of its own, and
//! none of the numbers that an instance gave to its pieces. Where the frame itself is stricter than the part, a neutral one
//! stands in its place. No part counts its pieces or has an empty list, and neither has an event that comes out whole.

mod numbers;

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use serde_json::json;

use super::closure::{Closed, close};
use super::cut::{Cut, cut, in_place};
use super::references::{References, Thing, uuid_of};
use super::stix::place_of;
use super::{Outlined, Parted, Parting, Raised, Why, part_of, why_unmarked};
use crate::formats::json::Element;
use crate::formats::{Document, Limits, misp, read};
use crate::markings::{Marked, Marking, Restriction, distribution};
use crate::model::label::Label;
use numbers::{Numbers, is_number, is_of_an_instance, without_numbers};

/// Lists of an event whose items have labels of their own.
const LISTS: [&str; 4] = ["Attribute", "Object", "EventReport", "ShadowAttribute"];
/// What of a frame counts its pieces.
const COUNTS: [&str; 2] = ["attribute_count", "object_count"];

/// Parts a MISP document, or says what splitting it would release.
pub(super) fn parts(document: &Document, marked: &Marked, parting: Parting<'_>) -> Parted {
    let whole = || Parted::whole(document, marked);
    let Some(root) = document.root() else {
        return whole();
    };
    let events = misp::events_with_pointers(root);
    // Several events are one document without an identity of its own; it stays whole.
    let [(pointer, event)] = events.as_slice() else {
        return whole();
    };
    let event = Event::of(*event, pointer, marked);
    let labels = event.labels();
    let [.., strictest] = labels.as_slice() else {
        return whole();
    };
    if !parting.split {
        let is_mixed = labels.len() > 1;
        let releasable = is_mixed.then(|| event.counts(*strictest));
        return Parted {
            raised: event.raised(),
            releasable: releasable.unwrap_or_default(),
            ..whole()
        };
    }
    let mut parts = Vec::with_capacity(labels.len());
    for label in &labels {
        let bytes = event.bytes(*label, *label == *strictest, parting);
        let limits = Limits {
            bytes_max: bytes.len(),
        };
        match read(&bytes, &limits) {
            // What is not split has the limits and the label of the whole document.
            Ok(part) if labels.len() < 2 => {
                parts.push(part_of(marked.label, &part, marked.restriction));
            }
            Ok(part) => parts.push(part_of(*label, &part, event.restriction(*label))),
            // A part that does not read would be lost: then nothing is split.
            Err(_) => return whole(),
        }
    }
    Parted {
        parts,
        raised: event.raised(),
        releasable: Vec::new(),
    }
}

/// The event's frame and each piece with its label and why; of several events none.
pub(super) fn outline(document: &Document, marked: &Marked) -> Vec<Outlined> {
    let Some(root) = document.root() else {
        return Vec::new();
    };
    let events = misp::events_with_pointers(root);
    let [(pointer, event)] = events.as_slice() else {
        return Vec::new();
    };
    let event = Event::of(*event, pointer, marked);
    let mut raised: HashMap<String, Raised> = event
        .raised()
        .into_iter()
        .map(|raised| (raised.object.clone(), raised))
        .collect();
    let mut own: HashMap<Option<(&str, usize)>, Vec<&Marking>> = HashMap::new();
    for marking in &marked.markings {
        let piece = piece_of(pointer, &marking.place);
        own.entry(piece).or_default().push(marking);
    }
    let mut why = |label: Label, place: &str, piece: Option<(&str, usize)>| {
        if let Some(raised) = raised.remove(place) {
            return Why::Refers {
                place: raised.place,
                to: raised.because_of,
            };
        }
        let own = own.get(&piece).into_iter().flatten();
        match own.into_iter().find(|m| m.label == label) {
            Some(marking) => Why::Marked(marking.place.clone()),
            None if piece.is_some() && event.own.last() == Some(&Some(label)) => {
                Why::Container((*pointer).clone())
            }
            None => why_unmarked(label, None, marked),
        }
    };
    let frame = event.frame_label().map(|label| Outlined {
        object: event.event.str("uuid").unwrap_or_default().to_owned(),
        place: (*pointer).clone(),
        kind: "Event".to_owned(),
        label: Some(label),
        why: why(label, pointer, None),
    });
    let pieces = event
        .pieces
        .iter()
        .enumerate()
        .filter_map(|(index, piece)| {
            let label = event.label(index)?;
            let place = event.place(piece);
            Some(Outlined {
                object: piece.value.str("uuid").unwrap_or_default().to_owned(),
                kind: piece
                    .value
                    .str("type")
                    .or_else(|| piece.value.str("name"))
                    .unwrap_or(piece.list)
                    .to_owned(),
                label: Some(label),
                why: why(label, &place, Some((piece.list, piece.index))),
                place,
            })
        });
    frame.into_iter().chain(pieces).collect()
}

/// The list and the index of the piece in which a place is; `None`: it is in the frame.
fn piece_of<'p>(pointer: &str, place: &'p str) -> Option<(&'p str, usize)> {
    let (list, rest) = place
        .strip_prefix(pointer)?
        .strip_prefix('/')?
        .split_once('/')?;
    let index = rest.split(['/', ' ']).next()?.parse().ok()?;
    LISTS.contains(&list).then_some((list, index))
}

/// An attribute, object, report or proposal.
struct Piece<'a> {
    list: &'static str,
    index: usize,
    value: Element<'a>,
}

struct Event<'a> {
    event: Element<'a>,
    pointer: &'a str,
    pieces: Vec<Piece<'a>>,
    /// Of the pieces, and last of the frame.
    own: Vec<Option<Label>>,
    numbers: Numbers,
    closed: Closed,
}

impl<'a> Event<'a> {
    fn of(event: Element<'a>, pointer: &'a str, marked: &Marked) -> Self {
        let pieces: Vec<Piece<'a>> = LISTS
            .into_iter()
            .flat_map(|list| {
                event
                    .get(list)
                    .into_iter()
                    .flat_map(Element::items)
                    .enumerate()
                    .map(move |(index, value)| Piece { list, index, value })
            })
            .collect();
        let own = own_labels(&pieces, pointer, marked);
        let frame = || {
            event
                .entries()
                .filter(|(key, _)| !LISTS.contains(key))
                .map(|(_, value)| value)
        };
        let numbers = Numbers::read(&pieces, frame());
        let mut frame = frame();
        let things: Vec<Thing<'a>> = pieces
            .iter()
            .map(|piece| Thing {
                id: piece.value.str("uuid").and_then(uuid_of),
                value: piece.value,
                more: Vec::new(),
            })
            .chain(frame.next().map(|value| Thing {
                id: event.str("uuid").and_then(uuid_of),
                value,
                more: frame.collect(),
            }))
            .collect();
        let by_number = numbers
            .references
            .keys()
            .map(|(namer, named)| (*named, *namer));
        let references = References::read_with(&things, &numbers.inner, by_number.collect());
        let closed = close(&own, &references);
        Self {
            event,
            pointer,
            pieces,
            own,
            numbers,
            closed,
        }
    }

    fn label(&self, piece: usize) -> Option<Label> {
        self.closed.labels.get(piece).copied().flatten()
    }

    fn frame_label(&self) -> Option<Label> {
        self.label(self.pieces.len())
    }

    /// The labels of the parts, the most restrictive last. The frame is a part of its own where no piece shares its label
    /// and none that is stricter carries it.
    fn labels(&self) -> Vec<Label> {
        let mut labels: Vec<Label> = (0..self.pieces.len())
            .filter_map(|piece| self.label(piece))
            .collect();
        if let Some(frame) = self.frame_label()
            && labels.iter().all(|label| *label < frame)
        {
            labels.push(frame);
        }
        labels.sort_unstable();
        labels.dedup();
        labels
    }

    /// How many pieces have each label below the strictest.
    fn counts(&self, strictest: Label) -> Vec<(Label, usize)> {
        let mut counts = BTreeMap::new();
        for label in (0..self.pieces.len()).filter_map(|piece| self.label(piece)) {
            if label < strictest {
                *counts.entry(label).or_insert(0usize) += 1;
            }
        }
        counts.into_iter().collect()
    }

    /// The event's own limit, and those of the pieces in this part.
    fn restriction(&self, label: Label) -> Restriction {
        self.pieces
            .iter()
            .enumerate()
            .filter(|(piece, _)| self.label(*piece) == Some(label))
            .fold(distribution(self.event), |limit, (_, piece)| {
                piece
                    .value
                    .get("Attribute")
                    .into_iter()
                    .flat_map(Element::items)
                    .chain([piece.value])
                    .fold(limit, |limit, owner| limit.and(distribution(owner)))
            })
    }

    fn bytes(&self, label: Label, is_highest: bool, parting: Parting<'_>) -> Bytes {
        if self.frame_label() > Some(label) {
            return self.neutral(label, parting);
        }
        let event = cut(self.event, |_, key, value| match key {
            Some(key) if COUNTS.contains(&key) => Cut::Drop,
            Some(key) if LISTS.contains(&key) && (value.is_array() || value.is_null()) => {
                let list = LISTS.into_iter().find(|list| *list == key);
                match self.list(list.unwrap_or_default(), value, label, is_highest) {
                    // An empty list would tell that something was in it.
                    None => Cut::Drop,
                    Some(list) => Cut::Put(list),
                }
            }
            _ if is_highest => Cut::Keep,
            Some("uuid") => Cut::Put(format!("\"{}\"", (parting.id)(label)).into_bytes()),
            Some("timestamp") => Cut::Put(format!("\"{}\"", self.newest(label)).into_bytes()),
            Some("publish_timestamp") => Cut::Drop,
            Some(key) if is_of_an_instance(key) && is_number(value) => Cut::Drop,
            _ => Cut::Keep,
        });
        Bytes::from(in_place(self.event, &event))
    }

    /// The pieces of this label in one list; `None`: there are none.
    fn list(
        &self,
        list: &'static str,
        value: Element<'a>,
        label: Label,
        is_highest: bool,
    ) -> Option<Vec<u8>> {
        // The pieces of one list stand one behind the other.
        let first = self
            .pieces
            .iter()
            .position(|piece| piece.list == list)
            .unwrap_or_default();
        let is_here = |index: usize| self.label(first.saturating_add(index)) == Some(label);
        if !(0..value.items().count()).any(is_here) {
            return None;
        }
        Some(cut(value, |index, _, piece| {
            if !is_here(index) {
                Cut::Drop
            } else if is_highest {
                Cut::Keep
            } else {
                Cut::Put(without_numbers(piece))
            }
        }))
    }

    /// The pieces of a part.
    fn pieces_of(&self, label: Label) -> impl Iterator<Item = &Piece<'a>> {
        let with_index = self.pieces.iter().enumerate();
        with_index
            .filter(move |(index, _)| self.label(*index) == Some(label))
            .map(|(_, piece)| piece)
    }

    /// When the last of the pieces of a part was changed.
    fn newest(&self, label: Label) -> u64 {
        self.pieces_of(label)
            .filter_map(|piece| piece.value.get("timestamp")?.as_text()?.parse().ok())
            .max()
            .unwrap_or_default()
    }

    /// An event that says nothing of the one that its pieces come from.
    fn neutral(&self, label: Label, parting: Parting<'_>) -> Bytes {
        let mut lists: BTreeMap<&str, Vec<Vec<u8>>> = BTreeMap::new();
        for piece in self.pieces_of(label) {
            let pieces = lists.entry(piece.list).or_default();
            pieces.push(without_numbers(piece.value));
        }
        let head = json!({
            "uuid": (parting.id)(label).to_string(),
            "info": NEUTRAL_INFO,
            "timestamp": self.newest(label).to_string(),
            "distribution": self.narrowest(label),
            "Orgc": { "name": parting.creator.name, "uuid": parting.creator.uuid.to_string() },
        });
        let mut bytes = br#"{"Event":"#.to_vec();
        bytes.extend_from_slice(head.to_string().as_bytes());
        bytes.pop();
        for (list, pieces) in lists {
            bytes.extend_from_slice(format!(",\"{list}\":[").as_bytes());
            bytes.extend_from_slice(&pieces.join(&b","[..]));
            bytes.push(b']');
        }
        bytes.extend_from_slice(b"}}");
        Bytes::from(bytes)
    }

    /// The narrowest distribution that a piece of a part has of its own, else the widest.
    fn narrowest(&self, label: Label) -> &'static str {
        // Nobody else, a sharing group, this community, connected communities, all.
        const FROM_NARROW: [&str; 5] = ["0", "4", "1", "2", "3"];
        let own = self
            .pieces_of(label)
            .filter_map(|piece| piece.value.get("distribution")?.as_text())
            .filter_map(|own| FROM_NARROW.iter().position(|known| *known == own))
            .min();
        own.and_then(|at| FROM_NARROW.get(at)).unwrap_or(&"3")
    }

    fn place(&self, piece: &Piece<'_>) -> String {
        format!("{}/{}/{}", self.pointer, piece.list, piece.index)
    }

    /// Where within a piece another is named by its number.
    fn by_number(&self, namer: usize, named: usize) -> Option<String> {
        let pair = (u32::try_from(namer).ok()?, u32::try_from(named).ok()?);
        self.numbers.references.get(&pair).cloned()
    }

    fn raised(&self) -> Vec<Raised> {
        let place = |piece: &Piece<'_>| self.place(piece);
        self.pieces
            .iter()
            .enumerate()
            .filter_map(|(index, piece)| {
                let because = self.closed.because_of.get(index).copied().flatten()?;
                let (uuid, because_of) = match self.pieces.get(because) {
                    Some(named) => (named.value.str("uuid"), place(named)),
                    None => (self.event.str("uuid"), self.pointer.to_owned()),
                };
                let inner = uuid
                    .and_then(uuid_of)
                    .and_then(|uuid| place_of(piece.value, uuid))
                    .or_else(|| self.by_number(index, because))
                    .unwrap_or_default();
                Some(Raised {
                    object: place(piece),
                    kind: piece.list.to_owned(),
                    from: self.own.get(index).copied().flatten()?,
                    to: self.label(index)?,
                    place: format!("{}{inner}", place(piece)),
                    because_of,
                })
            })
            .collect()
    }
}

/// The title of a neutral event.
const NEUTRAL_INFO: &str = "Indicators";

/// The labels of the pieces, then of the frame: what stands in them, else what stands on the event, else what was declared,
/// else the strictest of all; and nothing below what was declared.
fn own_labels(pieces: &[Piece<'_>], pointer: &str, marked: &Marked) -> Vec<Option<Label>> {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, piece) in pieces.iter().enumerate() {
        first.entry(piece.list).or_insert(index);
    }
    let mut own: Vec<Option<Label>> = vec![None; pieces.len()];
    let mut frame: Option<Label> = None;
    for marking in &marked.markings {
        let piece = piece_of(pointer, &marking.place).and_then(|(list, index)| {
            let first = first.get(list)?;
            own.get_mut(first.saturating_add(index))
        });
        let slot = piece.unwrap_or(&mut frame);
        *slot = (*slot).max(Some(marking.label));
    }
    let declared = marked.declared;
    let frame = frame.or(declared).or(Some(marked.label)).max(declared);
    for label in &mut own {
        *label = (*label).or(frame).max(declared);
    }
    own.push(frame);
    own
}
