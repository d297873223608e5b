//! STIX: an object may not be altered under its id, so what is the member or refers to it is issued anew.
//!
//! The member's identity becomes the community's, which is the same object in every document: its id, its times and its
//! properties tell nothing of the member. Should several identities of the member stand in one document, each becomes a
//! version of that one object, a millisecond later than the one before: two objects with the same id and `modified` are
//! one object, and the number of objects must stay. Everything that refers to what is issued anew, directly or through
//! others, gets an id derived from its old one alone, so that the next version of it bears the same; its times stay, as
//! part of its content. Ids with the same UUID change together, whatever their types: a tool that gives an object and its
//! bundle one UUID would give the old id away. Published marking definitions are never issued anew; of one that names the
//! member as its creator, which none has, that is left out.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::who::{Community, Who};
use super::{Pseudonyms, Reissued};
use crate::formats::Format;
use crate::formats::json::Element;
use crate::formats::json::edit::Edits;
use crate::formats::stix::Shape;
use crate::formats::stix::published::published;
use crate::formats::uuids::{Uuid128, uuid_of_whole};

/// What is to be issued anew.
pub(super) struct Plan<'a> {
    root: Element<'a>,
    shape: Shape,
    /// For each object whether it is an identity of the member.
    is_member: Vec<bool>,
    /// Old ids and new ones, in the order in which they stand.
    reissued: Vec<Reissued>,
    new_ids: HashMap<&'a str, usize>,
}

/// Looks what is the member and what refers to it; `None`: nothing.
pub(super) fn plan<'a>(
    root: Element<'a>,
    who: &Who,
    community: &Community<'_>,
    pseudonyms: &Pseudonyms,
) -> Option<Plan<'a>> {
    let shape = Shape::of(root);
    let objects: Vec<Element<'a>> = shape.objects(root).map(|(_, object)| object).collect();
    let is_member: Vec<bool> = objects
        .iter()
        .map(|object| is_member(*object, who))
        .collect();
    if !is_member.contains(&true) && !who.has_identities() {
        return None;
    }
    let mut ids = Ids::default();
    for object in &objects {
        if let Some(id) = object.str("id") {
            ids.number(id);
        }
    }
    if let Some(id) = root.str("id").filter(|_| shape == Shape::StixBundle) {
        ids.number(id);
    }
    let references = references(&objects, who, &mut ids);
    let anew = closure(&objects, &is_member, who, &ids, &references);
    let creators: HashSet<&str> = objects
        .iter()
        .zip(&is_member)
        .filter(|(_, is_member)| **is_member)
        .filter_map(|(object, _)| object.str("id"))
        .collect();
    let mut reissued = Vec::new();
    let mut new_ids = HashMap::new();
    for (id, _) in ids.texts.iter().zip(&anew).filter(|(_, anew)| **anew) {
        let kind = id.split_once("--").map_or("", |(kind, _)| kind);
        let to = if who.is_identity(id) || creators.contains(id) {
            identity(community)
        } else {
            let uuid = pseudonyms.uuid("stix", &[community.id.as_bytes(), id.as_bytes()]);
            format!("{kind}--{uuid}")
        };
        new_ids.insert(*id, reissued.len());
        reissued.push(Reissued {
            from: (*id).to_owned(),
            to,
        });
    }
    (!reissued.is_empty()).then_some(Plan {
        root,
        shape,
        is_member,
        reissued,
        new_ids,
    })
}

/// The ids that objects have or that stand for the member, numbered.
#[derive(Default)]
struct Ids<'a> {
    numbers: HashMap<&'a str, usize>,
    texts: Vec<&'a str>,
    /// The ids with each UUID.
    by_uuid: HashMap<Uuid128, Vec<usize>>,
}

impl<'a> Ids<'a> {
    fn number(&mut self, id: &'a str) -> usize {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        let number = self.texts.len();
        self.texts.push(id);
        self.numbers.insert(id, number);
        if let Some(uuid) = uuid_of_whole(id) {
            self.by_uuid.entry(uuid).or_default().push(number);
        }
        number
    }

    /// Another id has the UUID of this one, such as the id of a bundle that of its report.
    fn shares_uuid(&self, id: &str) -> bool {
        uuid_of_whole(id).is_some_and(|uuid| self.by_uuid.contains_key(&uuid))
    }

    /// The ids with the UUID of this one.
    fn alike(&self, number: usize) -> impl Iterator<Item = usize> {
        let uuid = self.texts.get(number).and_then(|id| uuid_of_whole(id));
        uuid.and_then(|uuid| self.by_uuid.get(&uuid))
            .into_iter()
            .flatten()
            .copied()
    }
}

/// For each id the objects in which it stands, as a value or as a key, by their index.
fn references<'a>(objects: &[Element<'a>], who: &Who, ids: &mut Ids<'a>) -> Vec<Vec<usize>> {
    let mut references: Vec<Vec<usize>> = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        object.walk(|path, element| {
            for text in [path.key(), element.as_str()].into_iter().flatten() {
                if !text.contains("--") {
                    continue;
                }
                let id = match ids.numbers.get(text) {
                    Some(id) => *id,
                    // An identity of the member counts also where the document does not hold it.
                    None if who.is_identity(text) || ids.shares_uuid(text) => ids.number(text),
                    None => continue,
                };
                if references.len() <= id {
                    references.resize_with(id.saturating_add(1), Vec::new);
                }
                if let Some(referring) = references.get_mut(id)
                    && referring.last() != Some(&index)
                {
                    referring.push(index);
                }
            }
        });
    }
    references
}

/// For each id whether it is issued anew: that of the member, and that of every object in which such an id stands.
fn closure(
    objects: &[Element<'_>],
    is_member: &[bool],
    who: &Who,
    ids: &Ids<'_>,
    references: &[Vec<usize>],
) -> Vec<bool> {
    let mut anew = vec![false; ids.texts.len()];
    let mut waiting: Vec<usize> = Vec::new();
    let mut mark = |id: usize, waiting: &mut Vec<usize>| {
        if let Some(slot) = anew.get_mut(id)
            && !*slot
        {
            *slot = true;
            waiting.push(id);
        }
    };
    let own = objects
        .iter()
        .zip(is_member)
        .filter(|(_, is_member)| **is_member)
        .filter_map(|(object, _)| ids.numbers.get(object.str("id")?));
    for id in own {
        mark(*id, &mut waiting);
    }
    for (id, text) in ids.texts.iter().enumerate() {
        if who.is_identity(text) {
            mark(id, &mut waiting);
        }
    }
    while let Some(id) = waiting.pop() {
        for other in ids.alike(id) {
            mark(other, &mut waiting);
        }
        for referring in references.get(id).into_iter().flatten() {
            let number = objects
                .get(*referring)
                .and_then(|object| object.str("id"))
                .filter(|id| published(id).is_none())
                .and_then(|id| ids.numbers.get(id));
            if let Some(number) = number {
                mark(*number, &mut waiting);
            }
        }
    }
    anew
}

impl Plan<'_> {
    /// Writes the objects anew, and gives what they are called now.
    pub(super) fn apply(
        self,
        format: Format,
        community: &Community<'_>,
        edits: &mut Edits<'_>,
    ) -> Vec<Reissued> {
        let mut index = 0;
        let mut version = 0;
        let mut is_published = false;
        self.root.walk(|path, element| {
            if path.steps().len() < self.shape.steps() {
                is_published = false;
            } else if path.steps().len() == self.shape.steps() && element.is_object() {
                is_published = element.str("id").is_some_and(|id| published(id).is_some());
                if self.is_member.get(index) == Some(&true) {
                    edits.replace(element, community_identity(format, community, version));
                    version += 1;
                }
                index += 1;
            }
            if is_published {
                let names_creator = path.key() == Some("created_by_ref")
                    && element.as_str().is_some_and(|id| self.new_id(id).is_some());
                if names_creator {
                    edits.remove(element);
                }
                return;
            }
            if let Some(new) = path.key().and_then(|key| self.new_id(key)) {
                edits.replace_key(element, new);
            }
            if let Some(new) = element.as_str().and_then(|text| self.new_id(text)) {
                edits.replace_with_text(element, new);
            }
        });
        self.reissued
    }

    fn new_id(&self, text: &str) -> Option<&str> {
        let index = self.new_ids.get(text)?;
        Some(self.reissued.get(*index)?.to.as_str())
    }
}

/// An identity that is the member: by its id, its name, or an address at one of its domains.
fn is_member(object: Element<'_>, who: &Who) -> bool {
    object.str("type") == Some("identity")
        && (object.str("id").is_some_and(|id| who.is_identity(id))
            || object.str("name").is_some_and(|name| who.is_name(name))
            || object
                .str("contact_information")
                .is_some_and(|contact| who.has_domain(contact)))
}

fn identity(community: &Community<'_>) -> String {
    format!("identity--{}", community.uuid)
}

/// The community as an object: nothing in it depends on who submitted. Its times are those of no event.
fn community_identity(format: Format, community: &Community<'_>, version: u32) -> String {
    let modified = format!(
        "2020-01-01T00:{:02}:{:02}.{:03}Z",
        version / 60_000 % 60,
        version / 1000 % 60,
        version % 1000
    );
    let mut object = Map::new();
    let mut put = |key: &str, value: &str| object.insert(key.to_owned(), Value::from(value));
    put("type", "identity");
    if format == Format::Stix21 {
        put("spec_version", "2.1");
    }
    put("id", &identity(community));
    put("created", "2020-01-01T00:00:00.000Z");
    put("modified", &modified);
    put("name", community.name);
    put("identity_class", "organization");
    Value::Object(object).to_string()
}
