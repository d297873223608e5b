//! Bundles of mixed labels, made from a string of bytes: every choice takes the next one, so that a shorter string is a
//! simpler bundle. Objects refer to each other in every way that STIX and its users know.

use serde_json::{Value, json};

/// Choices, read from bytes; where they end, every choice is the first.
pub(crate) struct Dice<'a> {
    bytes: std::slice::Iter<'a, u8>,
}

impl<'a> Dice<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes: bytes.iter(),
        }
    }

    /// One of so many.
    fn roll(&mut self, sides: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or_default()) % sides
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.roll(choices.len())]
    }

    fn is_over(&self) -> bool {
        self.bytes.len() == 0
    }
}

/// The types that take part, each with the members that its own rules ask for.
const KINDS: [&str; 26] = [
    "indicator",
    "malware",
    "identity",
    "relationship",
    "report",
    "sighting",
    "note",
    "opinion",
    "grouping",
    "observed-data",
    "language-content",
    "domain-name",
    "ipv4-addr",
    "file",
    "directory",
    "email-addr",
    "email-message",
    "network-traffic",
    "process",
    "mutex",
    "autonomous-system",
    "malware-analysis",
    "x-reader-thing",
    "extension-definition",
    "marking-definition",
    "threat-actor",
];

const OBSERVABLES: [&str; 9] = [
    "domain-name",
    "ipv4-addr",
    "file",
    "directory",
    "email-addr",
    "email-message",
    "network-traffic",
    "process",
    "mutex",
];

/// The published markings, least restrictive first.
pub(crate) const MARKINGS: [&str; 7] = [
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
];

/// Most objects of a generated bundle.
const OBJECTS_MAX: usize = 20;

/// The objects of a bundle as they are written, each with its own layout.
pub(crate) fn objects(dice: &mut Dice<'_>) -> Vec<String> {
    let mut kinds = Vec::new();
    while kinds.len() < 2 || (!dice.is_over() && kinds.len() < OBJECTS_MAX && dice.roll(12) != 0) {
        kinds.push(dice.one_of(&KINDS));
    }
    let ids: Vec<String> = kinds
        .iter()
        .enumerate()
        .map(|(index, kind)| id(kind, index))
        .collect();
    let mut written = Vec::new();
    for (index, kind) in kinds.iter().enumerate() {
        let mut object = object(kind, index, &ids, dice);
        mark(&mut object, &ids, dice);
        embed(&mut object, &ids, dice);
        written.push(text(&object, dice));
    }
    written
}

/// A bundle of these objects as it is written.
pub(crate) fn bundle(objects: &[String]) -> String {
    format!(
        "{{\"type\":\"bundle\",\"id\":\"bundle--6f3c1f0e-0000-4000-8000-00000000ffff\",\"objects\":[{}]}}",
        objects.join(",")
    )
}

fn id(kind: &str, index: usize) -> String {
    // Versions 4 and 5, as they occur; the numbers differ in more than the last digits.
    let version = if OBSERVABLES.contains(&kind) { 5 } else { 4 };
    format!("{kind}--6f3c1f{index:02x}-aaaa-{version}bbb-8ccc-dddddd0000{index:02x}")
}

/// One of the ids whose type is among these.
fn target(ids: &[String], kinds: &[&str], dice: &mut Dice<'_>) -> Option<String> {
    let fitting: Vec<&String> = ids
        .iter()
        .filter(|id| kinds.iter().any(|kind| is_of(id, kind)))
        .collect();
    (!fitting.is_empty()).then(|| fitting[dice.roll(fitting.len())].clone())
}

fn is_of(id: &str, kind: &str) -> bool {
    id.split_once("--").is_some_and(|(of, _)| of == kind)
}

/// Some ids, at least one.
fn several(ids: &[String], dice: &mut Dice<'_>) -> Vec<String> {
    let count = 1 + dice.roll(4);
    (0..count)
        .map(|_| ids[dice.roll(ids.len())].clone())
        .collect()
}

/// The ids that a report may list: everything but what only has a meaning for other objects.
fn listable(ids: &[String]) -> Vec<String> {
    let listed = ids
        .iter()
        .filter(|id| !id.starts_with("marking-definition--"));
    listed.cloned().collect()
}

fn object(kind: &str, index: usize, ids: &[String], dice: &mut Dice<'_>) -> Value {
    let time = "2026-01-05T10:00:00.000Z";
    let mut object = json!({"type": kind, "spec_version": "2.1", "id": id(kind, index)});
    let is_observable = OBSERVABLES.contains(&kind) || kind == "autonomous-system";
    if !is_observable {
        object["created"] = time.into();
        if kind != "marking-definition" {
            object["modified"] = time.into();
        }
    }
    let listed = listable(ids);
    let name = format!("name of {index}");
    let more = match kind {
        "indicator" => json!({"name": name, "pattern": "[domain-name:value = 'c2.bad.example']",
            "pattern_type": "stix", "valid_from": time}),
        "malware" => {
            let mut more = json!({"name": name, "is_family": false});
            if let Some(sample) = target(ids, &["file"], dice) {
                more["sample_refs"] = json!([sample]);
            }
            more
        }
        "identity" | "threat-actor" => json!({"name": name}),
        "relationship" => {
            let ends = [
                "indicator",
                "malware",
                "identity",
                "threat-actor",
                "domain-name",
                "file",
                "x-reader-thing",
            ];
            match (target(ids, &ends, dice), target(ids, &ends, dice)) {
                (Some(source), Some(target)) => json!({"relationship_type": "related-to",
                    "source_ref": source, "target_ref": target}),
                // Nothing to relate: ends that are not in the bundle.
                _ => json!({"relationship_type": "related-to",
                    "source_ref": "identity--11111111-1111-4111-8111-111111111111",
                    "target_ref": "malware--11111111-1111-4111-8111-111111111112"}),
            }
        }
        "sighting" => {
            let mut more = json!({"sighting_of_ref": target(ids, &["indicator", "malware", "threat-actor"], dice)
                .unwrap_or_else(|| "malware--11111111-1111-4111-8111-111111111112".to_owned())});
            if let Some(observed) = target(ids, &["observed-data"], dice) {
                more["observed_data_refs"] = json!([observed]);
            }
            if let Some(place) = target(ids, &["identity"], dice) {
                more["where_sighted_refs"] = json!([place]);
            }
            more
        }
        "report" => {
            json!({"name": name, "published": time, "object_refs": several(&listed_or(&listed), dice)})
        }
        "grouping" => {
            json!({"context": "suspicious-activity", "object_refs": several(&listed_or(&listed), dice)})
        }
        "note" => json!({"content": name, "object_refs": several(&listed_or(&listed), dice)}),
        "opinion" => json!({"opinion": "agree", "object_refs": several(&listed_or(&listed), dice)}),
        "observed-data" => {
            let mut more =
                json!({"first_observed": time, "last_observed": time, "number_observed": 1});
            let observable = target(ids, &OBSERVABLES, dice);
            match observable.filter(|_| dice.roll(2) == 0) {
                Some(observable) => more["object_refs"] = json!([observable]),
                None => {
                    more["objects"] = json!({"0": {"type": "domain-name", "value": "x.bad.example",
                        "resolves_to_refs": ["1"]}, "1": {"type": "ipv4-addr", "value": "198.51.100.7",
                        "x_same_as": ids[dice.roll(ids.len())]}});
                }
            }
            more
        }
        "language-content" => {
            json!({"object_ref": target(ids, &["indicator", "malware", "identity", "report"], dice)
                .unwrap_or_else(|| "indicator--11111111-1111-4111-8111-111111111113".to_owned()),
            "contents": {"nl": {"name": "naam"}}})
        }
        "domain-name" => {
            let mut more = json!({"value": format!("d{index}.bad.example")});
            if let Some(address) = target(ids, &["ipv4-addr", "domain-name"], dice) {
                more["resolves_to_refs"] = json!([address]);
            }
            more
        }
        "ipv4-addr" => {
            let mut more = json!({"value": format!("198.51.100.{index}")});
            if let Some(system) = target(ids, &["autonomous-system"], dice) {
                more["belongs_to_refs"] = json!([system]);
            }
            more
        }
        "file" => {
            let mut more = json!({"name": format!("f{index}.exe")});
            if let Some(directory) = target(ids, &["directory"], dice) {
                more["parent_directory_ref"] = directory.into();
            }
            if let Some(inner) = target(ids, &["file", "domain-name"], dice) {
                more["contains_refs"] = json!([inner]);
            }
            more
        }
        "directory" => {
            let mut more = json!({"path": format!("C:\\dir{index}")});
            if let Some(inner) = target(ids, &["file", "directory"], dice) {
                more["contains_refs"] = json!([inner]);
            }
            more
        }
        "email-addr" => json!({"value": format!("u{index}@bad.example")}),
        "email-message" => {
            let mut more = json!({"is_multipart": false, "subject": name});
            if let Some(sender) = target(ids, &["email-addr"], dice) {
                more["from_ref"] = sender.into();
            }
            more
        }
        "network-traffic" => {
            let mut more = json!({"protocols": ["tcp"]});
            more["src_ref"] = target(ids, &["ipv4-addr", "domain-name"], dice)
                .unwrap_or_else(|| "ipv4-addr--11111111-1111-5111-8111-111111111114".to_owned())
                .into();
            more
        }
        "process" => {
            let mut more = json!({"command_line": name});
            if let Some(image) = target(ids, &["file"], dice) {
                more["image_ref"] = image.into();
            }
            if let Some(parent) = target(ids, &["process"], dice) {
                more["parent_ref"] = parent.into();
            }
            more
        }
        "mutex" => json!({"name": name}),
        "autonomous-system" => json!({"number": index}),
        "malware-analysis" => {
            let mut more = json!({"product": "a-scanner", "result": "malicious"});
            if let Some(sample) = target(ids, &["file", "domain-name"], dice) {
                more["analysis_sco_refs"] = json!([sample]);
            }
            more
        }
        "x-reader-thing" => json!({"x_thing_ref": ids[dice.roll(ids.len())],
            "x_more": {"deep": [[{"linked_to": ids[dice.roll(ids.len())]}]]}}),
        "extension-definition" => {
            json!({"name": name, "schema": "https://x.example/s", "version": "1.0.0",
            "extension_types": ["property-extension"], "created_by_ref": target(ids, &["identity"], dice)
                .unwrap_or_else(|| "identity--11111111-1111-4111-8111-111111111111".to_owned())})
        }
        _ => json!({"definition_type": "statement", "definition": {"statement": name}}),
    };
    if let (Value::Object(members), Value::Object(more)) = (&mut object, more) {
        members.extend(more);
    }
    let has_creator = !is_observable && kind != "extension-definition";
    if has_creator
        && dice.roll(3) == 1
        && let Some(creator) = target(ids, &["identity"], dice)
    {
        object["created_by_ref"] = creator.into();
    }
    object
}

fn listed_or(listed: &[String]) -> Vec<String> {
    if listed.is_empty() {
        vec!["indicator--11111111-1111-4111-8111-111111111113".to_owned()]
    } else {
        listed.to_vec()
    }
}

/// Marks the object in one way or not at all.
fn mark(object: &mut Value, ids: &[String], dice: &mut Dice<'_>) {
    let kind = object["type"].as_str().unwrap_or_default().to_owned();
    let is_definition = kind.ends_with("-definition");
    let custom: Vec<&String> = ids
        .iter()
        .filter(|id| is_of(id, "marking-definition") && object["id"] != id.as_str())
        .collect();
    // Few definitions are marked, most other objects are.
    let ways = if is_definition { 24 } else { 10 };
    match dice.roll(ways) {
        0..=3 => object["object_marking_refs"] = json!([dice.one_of(&MARKINGS)]),
        4 => {
            object["granular_markings"] =
                json!([{"selectors": ["type"], "marking_ref": dice.one_of(&MARKINGS)}]);
        }
        5 if !is_definition => {
            let label = dice.one_of(&["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"]);
            object["x_said"] = format!("Handle as TLP:{label}.").into();
        }
        6 if !custom.is_empty() && !is_definition => {
            let own = custom[dice.roll(custom.len())];
            object["object_marking_refs"] = json!([own, dice.one_of(&MARKINGS)]);
        }
        7 if dice.roll(4) == 0 => {
            object["object_marking_refs"] =
                json!(["marking-definition--11111111-1111-4111-8111-11111111111f"]);
        }
        _ => {}
    }
}

/// Refers to another object where no key says so.
fn embed(object: &mut Value, ids: &[String], dice: &mut Dice<'_>) {
    let other = ids[dice.roll(ids.len())].clone();
    let uuid = other.split_once("--").map_or("", |(_, uuid)| uuid);
    let extension = "extension-definition--11111111-1111-4111-8111-11111111111e";
    let custom = ids.iter().find(|id| is_of(id, "extension-definition"));
    match dice.roll(24) {
        0 => object["x_text"] = format!("see {other}, please").into(),
        1 => object["x_text"] = format!("see {}", other.to_uppercase()).into(),
        2 => object["x_text"] = format!("urn:uuid:{uuid}").into(),
        3 => object["x_dictionary"] = json!({ other: "seen" }),
        4 => object["external_references"] = json!([{"source_name": "ours", "external_id": other}]),
        5 => {
            object["extensions"] =
                json!({extension: {"extension_type": "property-extension", "link": [[other]]}});
        }
        6 => {
            let key = custom.map_or(extension, String::as_str);
            object["extensions"] = json!({key: {"extension_type": "property-extension", "a": 1}});
        }
        7 => object["x_url"] = format!("https://x.example/{other}/view").into(),
        _ => {}
    }
}

/// The object as text, in one of several layouts.
fn text(object: &Value, dice: &mut Dice<'_>) -> String {
    match dice.roll(6) {
        0 => serde_json::to_string_pretty(object).unwrap_or_default(),
        // The hyphens of ids as escapes: no search of the bytes finds them.
        1 => escaped(object),
        2 => object.to_string().replace("\":", "\" : "),
        _ => object.to_string(),
    }
}

fn escaped(object: &Value) -> String {
    let members = object.as_object().into_iter().flatten();
    let written: Vec<String> = members
        .map(|(key, value)| {
            let value = value.to_string();
            // What names the object itself stays readable.
            let value = match key.as_str() {
                "id" | "type" => value,
                _ => value.replace("--", "\\u002d\\u002D"),
            };
            format!("\"{key}\":{value}")
        })
        .collect();
    format!("{{{}}}", written.join(","))
}
