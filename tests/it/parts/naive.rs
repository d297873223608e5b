//! What partition has to do, said again as plainly as possible, and what is wrong with parts that it made.
//!
//! Labels are computed by going round until nothing changes; a reference is any string or key of an object in which the
//! UUID of another one stands. It knows nothing of the crate.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use serde_json::value::RawValue;

use super::extractor::{Seen, definitions, of_definition, of_object};

/// A part, seen from outside.
pub(crate) struct Piece {
    pub(crate) label: Seen,
    pub(crate) bytes: Vec<u8>,
}

/// An object with what the plain rule says of it.
#[derive(Debug)]
pub(crate) struct Plain {
    pub(crate) id: String,
    /// Its bytes.
    pub(crate) text: String,
    /// The label that it takes; of a definition that is not marked, the strictest of what it names.
    pub(crate) label: Option<Seen>,
    /// Its own label, before references count; `None`: a definition that goes with whatever uses it.
    pub(crate) own: Option<Seen>,
    refers_to: Vec<usize>,
    is_definition: bool,
}

#[derive(serde::Deserialize)]
struct Bundle<'a> {
    #[serde(borrow, default)]
    objects: Vec<&'a RawValue>,
}

/// The objects of a bundle as they stand in it; `None` if it is no bundle.
pub(crate) fn raw_objects(bytes: &[u8]) -> Option<Vec<String>> {
    let bundle: Bundle<'_> = serde_json::from_slice(bytes).ok()?;
    Some(bundle.objects.iter().map(|o| o.get().to_owned()).collect())
}

/// The objects with their labels.
pub(crate) fn labelled(bytes: &[u8], declared: Option<Seen>) -> Option<Vec<Plain>> {
    let whole: Value = serde_json::from_slice(bytes).ok()?;
    let texts = raw_objects(bytes)?;
    let values: Vec<Value> = texts
        .iter()
        .map(|text| serde_json::from_str(text).ok())
        .collect::<Option<_>>()?;
    let meanings = definitions(&whole);
    let ids: Vec<String> = values
        .iter()
        .map(|v| v["id"].as_str().unwrap_or_default().to_owned())
        .collect();
    let is_definition = |v: &Value| {
        matches!(
            v["type"].as_str(),
            Some("marking-definition" | "extension-definition")
        )
    };
    let said: Vec<Option<Seen>> = values
        .iter()
        .map(|v| {
            if v["type"] == "marking-definition" {
                of_definition(v, &meanings)
            } else {
                of_object(v, &meanings)
            }
        })
        .collect();
    let strictest = said.iter().copied().max().flatten();
    let mut own = said.clone();
    // Unmarked objects take the strictest label of what lists them, through unmarked containers too.
    loop {
        let before = own.clone();
        for (container, value) in values.iter().enumerate() {
            for listed in value["object_refs"].as_array().into_iter().flatten() {
                for (member, id) in ids.iter().enumerate() {
                    if listed == id.as_str() && said[member].is_none() {
                        own[member] = own[member].max(before[container]);
                    }
                }
            }
        }
        if own == before {
            break;
        }
    }
    for (label, value) in own.iter_mut().zip(&values) {
        *label = match *label {
            Some(label) => Some(label).max(declared),
            None if is_definition(value) => None,
            None => declared.or(strictest),
        };
    }
    let refers_to: Vec<Vec<usize>> = values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let mut words = Vec::new();
            all_words(value, &mut words);
            (0..ids.len())
                .filter(|other| *other != index && !uuid(&ids[*other]).is_empty())
                .filter(|other| words.iter().any(|word| word.contains(&uuid(&ids[*other]))))
                .collect()
        })
        .collect();
    let mut labels = own.clone();
    loop {
        let before = labels.clone();
        for (index, others) in refers_to.iter().enumerate() {
            let highest = others.iter().map(|other| before[*other]).max().flatten();
            labels[index] = labels[index].max(highest);
        }
        if labels == before {
            break;
        }
    }
    Some(
        (0..ids.len())
            .map(|index| Plain {
                id: ids[index].clone(),
                text: texts[index].clone(),
                label: labels[index],
                own: own[index],
                refers_to: refers_to[index].clone(),
                is_definition: is_definition(&values[index]),
            })
            .collect(),
    )
}

fn uuid(id: &str) -> String {
    id.split_once("--")
        .map_or_else(String::new, |(_, uuid)| uuid.to_lowercase())
}

fn all_words(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::String(text) => words.push(text.to_lowercase()),
        Value::Array(items) => items.iter().for_each(|item| all_words(item, words)),
        Value::Object(members) => {
            for (key, member) in members {
                words.push(key.to_lowercase());
                all_words(member, words);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// How much of a document the plain rule understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// All of its markings: labels must be equal.
    Whole,
    /// Some: labels must not be lower.
    AtLeast,
}

/// Everything that is wrong with the parts of a document.
pub(crate) fn wrong(
    bytes: &[u8],
    declared: Option<Seen>,
    parts: &[Piece],
    reading: Reading,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(plain) = labelled(bytes, declared) else {
        return vec!["the document is no bundle".to_owned()];
    };
    if !parts.windows(2).all(|pair| pair[0].label < pair[1].label) {
        wrong.push("parts are not one per label, the most restrictive last".to_owned());
    }
    let mut seen: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
    for part in parts {
        let Some(objects) = raw_objects(&part.bytes) else {
            wrong.push(format!("the part of {:?} is no bundle", part.label));
            continue;
        };
        // In the order of the document, and none altered.
        let mut rest = plain.iter();
        for object in &objects {
            let Some(found) = rest.find(|p| p.text == *object) else {
                wrong.push(format!(
                    "{:?} has what the document has not, or not there: {object}",
                    part.label
                ));
                continue;
            };
            let is_lower = found.label > Some(part.label);
            // A definition may be copied to where it is used.
            let is_other = !found.is_definition && found.label != Some(part.label);
            if is_lower || (is_other && reading == Reading::Whole) {
                wrong.push(format!(
                    "{} of {:?} is in the part of {:?}",
                    found.id, found.label, part.label
                ));
            }
            seen.entry(object.clone()).or_default().push(part.label);
        }
        if objects.is_empty() && !plain.is_empty() {
            wrong.push(format!("the part of {:?} is empty", part.label));
        }
    }
    for object in &plain {
        let places = seen.get(&object.text).map_or(&[][..], Vec::as_slice);
        let lowest = places.iter().min().copied();
        if reading == Reading::Whole && object.own.is_some() && lowest != object.label {
            wrong.push(format!(
                "{} of {:?} is first in {lowest:?}",
                object.id, object.label
            ));
        }
        match places {
            [] => wrong.push(format!("{} is in no part", object.id)),
            [_] => {}
            _ if object.is_definition => {}
            _ => wrong.push(format!("{} is in several parts: {places:?}", object.id)),
        }
    }
    // Of what is in a higher part only, no id stands in the bytes of a lower one.
    for part in parts {
        let higher = plain.iter().filter(|object| {
            seen.get(&object.text)
                .is_some_and(|places| places.iter().all(|label| *label > part.label))
        });
        wrong.extend(traces(part, higher));
    }
    // What an object uses travels with it, if it goes as far.
    for (index, object) in plain.iter().enumerate() {
        for used in object.refers_to.iter().map(|used| &plain[*used]) {
            let of_object = seen.get(&object.text).map_or(&[][..], Vec::as_slice);
            let of_used = seen.get(&used.text).map_or(&[][..], Vec::as_slice);
            if used.is_definition && !of_object.iter().all(|label| of_used.contains(label)) {
                wrong.push(format!(
                    "{} lacks its definition {}",
                    plain[index].id, used.id
                ));
            }
        }
    }
    wrong
}

/// Ids of higher objects in the bytes of a part, and in what they decode to.
fn traces<'a>(part: &Piece, higher: impl Iterator<Item = &'a Plain>) -> Vec<String> {
    let raw = String::from_utf8_lossy(&part.bytes).to_lowercase();
    let mut words = Vec::new();
    if let Ok(value) = serde_json::from_slice::<Value>(&part.bytes) {
        all_words(&value, &mut words);
    }
    let text = words.join("\n");
    // An object of this part may bear the same UUID under another type.
    let higher: BTreeSet<String> = higher.map(|object| uuid(&object.id)).collect();
    higher
        .into_iter()
        .filter(|uuid| !uuid.is_empty())
        .filter(|uuid| raw.contains(uuid) || text.contains(uuid))
        .map(|uuid| format!("the part of {:?} names {uuid}, which is higher", part.label))
        .collect()
}
