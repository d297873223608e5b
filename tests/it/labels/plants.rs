//! Documents of each format in which nothing is marked, and every way in which a marking is planted into them.

use serde_json::{Map, Value, json};

use super::extractor::{PUBLISHED, Seen};

/// A document with one marking in it.
pub(crate) struct Plant {
    /// Where and how, for a failure.
    pub(crate) what: String,
    pub(crate) bytes: Vec<u8>,
    /// The label of the marking.
    pub(crate) label: Seen,
    /// STIX: the object that carries it.
    pub(crate) carrier: Option<String>,
}

/// The label as people write it.
pub(crate) struct Spelling {
    pub(crate) text: String,
    pub(crate) label: Seen,
}

/// How the characters of a string stand in JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Encoding {
    /// As they are.
    Plain,
    /// Each as an escape.
    Escaped,
}

/// All ways of writing all labels in a text.
pub(crate) fn spellings() -> Vec<Spelling> {
    let mut all = Vec::new();
    for label in Seen::ALL {
        for name in names(label) {
            let upper = format!("TLP:{name}");
            let lower = upper.to_lowercase();
            let texts = [
                upper.clone(),
                lower.clone(),
                mixed(&upper),
                upper.replace(':', ": "),
                upper.replace(':', " : "),
                upper.replace(':', " :\u{a0}\u{2009}"),
                upper.replace(':', ":\t"),
                format!("Please note: {upper}."),
                format!("({lower}), and nobody else"),
                format!("[{upper}] Weekly report"),
                format!("first\nsecond\n{upper}\nlast"),
                format!("see **{upper}**, or _{lower}_"),
                upper.replace(':', ":**") + "**",
                upper.replace(':', ": `") + "`",
                upper.replace(':', ":\"") + "\"",
                upper.chars().map(full_width).collect(),
                upper.replace("TLP", "\u{1d413}\u{1d40b}\u{1d40f}"),
                upper.replace("TLP", "\u{24c9}\u{24c1}\u{24c5}"),
                upper.replace(':', "\u{ff1a}"),
                joined(&upper, "\u{200b}"),
                joined(&lower, "\u{ad}"),
                joined(&upper, "\u{2060}\u{feff}"),
                upper.replace(':', ":\u{200e}"),
                format!("\u{202e}{upper}\u{202c}"),
                format!("{}{upper}", "a word of many. ".repeat(400)),
            ];
            all.extend(texts.into_iter().map(|text| Spelling { text, label }));
        }
    }
    all
}

/// The names of a label after `TLP:`, in TLP 1.0 and 2.0 and as they are found.
pub(crate) fn names(label: Seen) -> &'static [&'static str] {
    match label {
        Seen::Clear => &["CLEAR", "WHITE"],
        Seen::Green => &["GREEN"],
        Seen::Amber => &["AMBER"],
        Seen::AmberStrict => &[
            "AMBER+STRICT",
            "AMBER-STRICT",
            "AMBER_STRICT",
            "AMBER STRICT",
        ],
        Seen::Red => &["RED"],
    }
}

fn mixed(text: &str) -> String {
    let case = |(at, c): (usize, char)| {
        if at % 2 == 0 {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        }
    };
    text.chars().enumerate().map(case).collect()
}

fn joined(text: &str, between: &str) -> String {
    let characters: Vec<String> = text.chars().map(String::from).collect();
    characters.join(between)
}

fn full_width(c: char) -> char {
    match u32::from(c) {
        code @ 0x21..=0x7e => char::from_u32(code - 0x21 + 0xff01).unwrap(),
        _ => c,
    }
}

/// The characters of a string as they stand in JSON.
fn written(text: &str, encoding: Encoding) -> String {
    match encoding {
        Encoding::Plain => {
            let quoted = Value::from(text).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        Encoding::Escaped => text
            .encode_utf16()
            .map(|unit| format!("\\u{unit:04X}"))
            .collect(),
    }
}

/// A word that no document holds otherwise.
const HERE: &str = "@planted-here@";

/// The document with the spelling at a place of it.
pub(crate) fn planted_at(base: &Value, place: &str, text: &str, encoding: Encoding) -> Vec<u8> {
    let mut copy = base.clone();
    *copy.pointer_mut(place).unwrap() = HERE.into();
    copy.to_string()
        .replacen(HERE, &written(text, encoding), 1)
        .into_bytes()
}

/// The id of the STIX object in which a place lies.
pub(crate) fn carrier(base: &Value, place: &str) -> Option<String> {
    let mut steps = place.split('/').skip(1);
    if steps.next() != Some("objects") {
        return None;
    }
    let index: usize = steps.next()?.parse().ok()?;
    let is_id = place == format!("/objects/{index}/id");
    (!is_id).then_some(())?;
    base["objects"][index]["id"].as_str().map(str::to_owned)
}

/// Every place of a document where a string stands.
pub(crate) fn places(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, &mut String::new(), &mut found);
    found
}

fn collect(value: &Value, pointer: &mut String, found: &mut Vec<String>) {
    let length = pointer.len();
    match value {
        Value::String(_) => found.push(pointer.clone()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                collect(item, pointer, found);
                pointer.truncate(length);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                collect(member, pointer, found);
                pointer.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A UUID that ends with this number.
pub(crate) fn uuid(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

/// A STIX object with what its type must have besides.
pub(crate) fn object(kind: &str, number: usize, more: Value) -> Value {
    let mut members =
        json!({"type": kind, "spec_version": "2.1", "id": format!("{kind}--{}", uuid(number))});
    let observables = ["file", "domain-name", "ipv4-addr", "mutex", "url"];
    if !observables.contains(&kind) {
        members["created"] = "2026-01-05T10:00:00.000Z".into();
        if kind != "marking-definition" {
            members["modified"] = "2026-01-05T10:00:00.000Z".into();
        }
    }
    let Value::Object(more) = more else {
        return members;
    };
    members.as_object_mut().unwrap().extend(more);
    members
}

/// An unmarked bundle with an object of each sort that people write into.
pub(crate) fn stix() -> Value {
    let indicator = format!("indicator--{}", uuid(1));
    let malware = format!("malware--{}", uuid(2));
    let extension = format!("extension-definition--{}", uuid(90));
    let identity = format!("identity--{}", uuid(3));
    let observed = format!("observed-data--{}", uuid(5));
    json!({
        "type": "bundle",
        "id": format!("bundle--{}", uuid(99)),
        "objects": [
            object("indicator", 1, json!({
                "name": "a name", "description": "a description", "indicator_types": ["malicious-activity"],
                "pattern": "[domain-name:value = 'c2.bad.example']", "pattern_type": "stix",
                "valid_from": "2026-01-05T10:00:00Z", "labels": ["phishing", "second"], "lang": "en",
                "external_references": [{"source_name": "a source", "description": "of it",
                    "url": "https://reader.example/1", "external_id": "R-1"}],
                "kill_chain_phases": [{"kill_chain_name": "a-chain", "phase_name": "a-phase"}],
                "x_reader_note": "custom", "x_reader_list": ["custom"], "x_reader_more": {"a": {"b": "c"}},
                "extensions": {extension.clone(): {"extension_type": "property-extension",
                    "remark": "extended", "list": [{"deep": "er"}]}}
            })),
            object("malware", 2, json!({"name": "m", "is_family": false, "aliases": ["m2"], "description": "d"})),
            object("identity", 3, json!({"name": "an organisation", "identity_class": "organization",
                "contact_information": "nobody", "description": "d", "roles": ["reader"]})),
            object("relationship", 4, json!({"relationship_type": "indicates", "source_ref": indicator,
                "target_ref": malware, "description": "how sure"})),
            object("observed-data", 5, json!({"first_observed": "2026-01-05T10:00:00Z",
                "last_observed": "2026-01-05T10:00:00Z", "number_observed": 1,
                "objects": {"0": {"type": "file", "name": "a.exe"}, "1": {"type": "url", "value": "https://x.example"}}})),
            object("sighting", 6, json!({"sighting_of_ref": malware, "where_sighted_refs": [identity],
                "observed_data_refs": [observed], "description": "seen", "summary": false})),
            object("note", 7, json!({"abstract": "in short", "content": "a note", "authors": ["a person"],
                "object_refs": [indicator]})),
            object("opinion", 8, json!({"opinion": "agree", "explanation": "because", "authors": ["a person"],
                "object_refs": [indicator]})),
            object("report", 9, json!({"name": "a report", "description": "of a week", "report_types": ["campaign"],
                "published": "2026-01-05T10:00:00Z", "object_refs": [indicator, malware]})),
            object("grouping", 10, json!({"name": "a group", "context": "suspicious-activity", "description": "d",
                "object_refs": [malware]})),
            object("file", 11, json!({"name": "b.exe", "hashes":
                {"SHA-256": "effb46bba03f6c8aea5c653f9cf984f170dcdd3bbbe2ff6843c3e5da0e698766"}})),
            object("language-content", 12, json!({"object_ref": indicator, "object_modified": "2026-01-05T10:00:00.000Z",
                "contents": {"nl": {"name": "een naam", "description": "een beschrijving"}}})),
            object("course-of-action", 13, json!({"name": "do this", "description": "so"})),
            object("threat-actor", 14, json!({"name": "somebody", "goals": ["g"], "threat_actor_types": ["hacker"]})),
            object("vulnerability", 15, json!({"name": "CVE-2026-0001", "description": "d"})),
            object("location", 16, json!({"name": "here", "country": "NL", "administrative_area": "x"})),
            object("incident", 17, json!({"name": "an incident", "description": "d"})),
            object("extension-definition", 90, json!({"name": "an extension", "description": "d",
                "schema": "https://reader.example/schema", "version": "1.0.0",
                "extension_types": ["property-extension"], "created_by_ref": identity})),
        ]
    })
}

/// Documents of STIX with a marking that is one by structure: by reference, definition, label or value.
pub(crate) fn structural_in_stix() -> Vec<Plant> {
    let base = stix();
    let mut plants = Vec::new();
    // Every sort of object carries every published marking, whole and on a property.
    let count = base["objects"].as_array().unwrap().len();
    for index in 0..count {
        for (uuid, label) in PUBLISHED {
            for uuid in [uuid.to_owned(), uuid.to_uppercase()] {
                let id = format!("marking-definition--{uuid}");
                plants.push(on(&base, index, label, &id, &[], &refs(&id)));
                plants.push(on(&base, index, label, &id, &[], &granular(&id)));
                let both = json!({"object_marking_refs":
                    [format!("marking-definition--{}", PUBLISHED[4].0), id.clone()]});
                plants.push(on(&base, index, label, &id, &[], &both));
            }
        }
        let nowhere = format!("marking-definition--{}", uuid(77));
        for how in [refs(&nowhere), granular(&nowhere)] {
            plants.push(on(&base, index, Seen::Red, "unresolved", &[], &how));
        }
    }
    for label in Seen::ALL {
        for name in names(label) {
            for definition in definitions_that_claim(name) {
                let id = definition["id"].as_str().unwrap().to_owned();
                let what = definition.to_string();
                for how in [refs(&id), granular(&id)] {
                    plants.push(on(
                        &base,
                        0,
                        label,
                        &what,
                        std::slice::from_ref(&definition),
                        &how,
                    ));
                    plants.push(on(
                        &base,
                        10,
                        label,
                        &what,
                        std::slice::from_ref(&definition),
                        &how,
                    ));
                }
            }
            for labels in [
                json!([format!("tlp:{}", name.to_lowercase())]),
                json!(["x", format!("TLP:{name}")]),
            ] {
                plants.push(on(
                    &base,
                    0,
                    label,
                    "labels",
                    &[],
                    &json!({"labels": labels}),
                ));
            }
        }
    }
    // A definition that is marked itself marks those that refer to it.
    for (uuid_of_it, label) in PUBLISHED {
        let id = format!("marking-definition--{}", uuid(70));
        let harmless = object(
            "marking-definition",
            70,
            json!({"definition_type": "statement", "definition": {"statement": "Copyright."},
                "object_marking_refs": [format!("marking-definition--{uuid_of_it}")]}),
        );
        plants.push(on(
            &base,
            0,
            label,
            "marked marking",
            &[harmless],
            &refs(&id),
        ));
    }
    // The bundle says that a published id means something lower.
    for (published, label) in PUBLISHED {
        let id = format!("marking-definition--{published}");
        for lie in [
            json!({"definition_type": "tlp", "definition": {"tlp": "white"}, "name": "TLP:WHITE"}),
            json!({"definition_type": "statement", "definition": {"statement": "Free for all."}}),
            json!({"name": "TLP:CLEAR", "extensions": {"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":
                {"extension_type": "property-extension", "tlp_2_0": "clear"}}}),
        ] {
            let mut definition = object("marking-definition", 0, lie);
            definition["id"] = id.clone().into();
            plants.push(on(&base, 0, label, "redefined", &[definition], &refs(&id)));
        }
    }
    plants
}

/// Definitions under an id of nobody's that claim a label in each way.
fn definitions_that_claim(name: &str) -> Vec<Value> {
    let lower = name.to_lowercase();
    let tlp2 = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";
    [
        json!({"definition_type": "tlp", "definition": {"tlp": lower}}),
        json!({"definition_type": "tlp", "definition": {"tlp": name}, "name": "ours"}),
        json!({"definition_type": "statement", "definition": {"statement": format!("TLP:{name}")}}),
        json!({"definition_type": "statement", "definition": {"statement": format!("Handle as tlp: {lower}, please.")}}),
        json!({"name": format!("TLP:{name}"), "definition_type": "statement", "definition": {"statement": "ours"}}),
        json!({"name": "ours", "extensions": {tlp2: {"extension_type": "property-extension", "tlp_2_0": lower}}}),
        json!({"name": format!("TLP:{name}"), "extensions": {tlp2:
            {"extension_type": "property-extension", "tlp_2_0": "clear"}}}),
    ]
    .into_iter()
    .map(|more| object("marking-definition", 71, more))
    .collect()
}

fn refs(id: &str) -> Value {
    json!({"object_marking_refs": [id]})
}

fn granular(id: &str) -> Value {
    json!({"granular_markings": [{"selectors": ["type"], "marking_ref": id}]})
}

/// The bundle with more members on one object, and more objects.
fn on(
    base: &Value,
    index: usize,
    label: Seen,
    what: &str,
    more_objects: &[Value],
    more: &Value,
) -> Plant {
    let mut copy = base.clone();
    let objects = copy["objects"].as_array_mut().unwrap();
    let members: &Map<String, Value> = more.as_object().unwrap();
    objects[index]
        .as_object_mut()
        .unwrap()
        .extend(members.clone());
    let carrier = objects[index]["id"].as_str().map(str::to_owned);
    objects.extend_from_slice(more_objects);
    Plant {
        what: format!("object {index}: {more} with {what}"),
        bytes: copy.to_string().into_bytes(),
        label,
        carrier,
    }
}

/// An unmarked MISP event with everything that carries words.
pub(crate) fn misp() -> Value {
    let organisation = json!({"id": "1", "name": "An organisation", "uuid": uuid(200)});
    let attribute = json!({
        "uuid": uuid(202), "type": "domain", "category": "Network activity", "value": "c2.bad.example",
        "to_ids": true, "distribution": "5", "timestamp": "1767607200", "comment": "a comment",
        "Tag": [{"name": "type:osint"}],
        "Sighting": [{"uuid": uuid(203), "type": "0", "date_sighting": "1767607200", "source": "a sensor"}],
        "Galaxy": [{"name": "g", "GalaxyCluster": [{"value": "v", "tag_name": "misp-galaxy:g=\"v\""}]}],
        "ShadowAttribute": [
            {"uuid": uuid(204), "type": "domain", "value": "other.bad.example", "comment": "proposed"}]
    });
    let object = json!({
        "uuid": uuid(205), "name": "file", "meta-category": "file", "description": "a file",
        "template_uuid": uuid(206), "template_version": "1", "timestamp": "1767607200", "distribution": "5",
        "comment": "an object", "deleted": false,
        "ObjectReference": [{"uuid": uuid(207), "referenced_uuid": uuid(202), "relationship_type": "drops",
            "comment": "a reference"}],
        "Attribute": [{"uuid": uuid(208), "type": "filename", "object_relation": "filename",
            "category": "Payload delivery", "value": "a.exe", "to_ids": false, "distribution": "5",
            "timestamp": "1767607200", "comment": "in it", "Tag": [{"name": "type:osint"}]}]
    });
    let report = json!({
        "uuid": uuid(209), "name": "a report", "content": "# a report\n\nof the week",
        "distribution": "5", "timestamp": "1767607200", "deleted": false
    });
    let galaxy = json!({
        "uuid": uuid(210), "name": "Threat actor", "type": "threat-actor", "description": "of it",
        "GalaxyCluster": [{"uuid": uuid(211), "value": "APT 0", "description": "an actor",
            "tag_name": "misp-galaxy:threat-actor=\"APT 0\"",
            "meta": {"refs": ["https://x.example"], "synonyms": ["A0"]}}]
    });
    let group = json!({"uuid": uuid(213), "name": "group", "releasability": "to us", "description": "ours"});
    json!({"Event": {
        "uuid": uuid(201), "id": "1", "info": "an event", "date": "2026-01-05", "timestamp": "1767607200",
        "threat_level_id": "2", "analysis": "1", "distribution": "3", "published": true, "extends_uuid": "",
        "Org": organisation, "Orgc": organisation, "Tag": [{"name": "type:osint"}],
        "Attribute": [attribute], "Object": [object], "EventReport": [report], "Galaxy": [galaxy],
        "RelatedEvent": [{"Event": {"uuid": uuid(212), "info": "another"}}], "SharingGroup": group
    }})
}

/// MISP events with a tag, also of nobody's.
pub(crate) fn structural_in_misp() -> Vec<Plant> {
    let base = misp();
    let holders = [
        "/Event",
        "/Event/Attribute/0",
        "/Event/Object/0",
        "/Event/Object/0/Attribute/0",
        "/Event/EventReport/0",
        "/Event/Galaxy/0/GalaxyCluster/0",
        "/Event/Attribute/0/ShadowAttribute/0",
    ];
    let mut tags: Vec<(String, Seen)> = Vec::new();
    for label in Seen::ALL {
        for name in names(label) {
            tags.push((format!("tlp:{}", name.to_lowercase()), label));
            tags.push((format!("TLP:{name}"), label));
            tags.push((format!("Tlp: {}", name.to_lowercase()), label));
            tags.push((format!(" tlp:{} ", name.to_lowercase()), label));
        }
    }
    for unknown in [
        "tlp:unclear",
        "tlp:purple",
        "TLP:AMBER+RED",
        "tlp:redacted",
        "tlp:amber+",
    ] {
        tags.push((unknown.to_owned(), Seen::Red));
    }
    let mut plants = Vec::new();
    for holder in holders {
        for (tag, label) in &tags {
            for before in [
                json!([]),
                json!([{"name": "tlp:clear"}]),
                json!([{"name": "tlp:ex:chr"}]),
            ] {
                let mut list = before.as_array().unwrap().clone();
                list.push(json!({"name": tag, "colour": "#ffffff", "local": true}));
                let mut copy = base.clone();
                copy.pointer_mut(holder).unwrap()["Tag"] = list.clone().into();
                plants.push(Plant {
                    what: format!("{holder}/Tag {list:?}"),
                    bytes: copy.to_string().into_bytes(),
                    label: *label,
                    carrier: None,
                });
            }
        }
    }
    plants
}

/// An unmarked CSAF document of this version with everything that carries words.
pub(crate) fn csaf(version: &str) -> Value {
    let mut document = json!({
        "document": {
            "category": "csaf_security_advisory", "csaf_version": version, "title": "an advisory", "lang": "en",
            "aggregate_severity": {"text": "high", "namespace": "https://x.example"},
            "acknowledgments": [{"names": ["a person"], "organization": "theirs", "summary": "for finding it"}],
            "distribution": {"text": "as agreed"},
            "notes": [{"category": "summary", "title": "Summary", "text": "a text", "audience": "all"}],
            "publisher": {"category": "vendor", "name": "A vendor", "namespace": "https://vendor.example",
                "contact_details": "nobody", "issuing_authority": "ours"},
            "references": [{"category": "self", "summary": "here", "url": "https://vendor.example/a.json"}],
            "tracking": {"id": "A-1", "status": "final", "version": "1", "aliases": ["A-one"],
                "current_release_date": "2026-01-05T10:00:00.000Z", "initial_release_date": "2026-01-05T10:00:00.000Z",
                "generator": {"engine": {"name": "by hand", "version": "1"}},
                "revision_history": [{"date": "2026-01-05T10:00:00.000Z", "number": "1", "summary": "first"}]}
        },
        "product_tree": {
            "branches": [{"category": "vendor", "name": "A vendor", "branches": [{"category": "product_name", "name": "p",
                "product": {"name": "a product", "product_id": "P-1"}}]}],
            "product_groups": [{"group_id": "G-1", "product_ids": ["P-1", "P-2"], "summary": "a group"}],
            "full_product_names": [{"name": "another product", "product_id": "P-2"}]
        },
        "vulnerabilities": [{
            "cve": "CVE-2026-0001", "title": "a hole", "ids": [{"system_name": "theirs", "text": "17"}],
            "notes": [{"category": "description", "title": "What", "text": "a text"}],
            "acknowledgments": [{"summary": "thanks"}],
            "references": [{"summary": "there", "url": "https://vendor.example/b"}],
            "product_status": {"known_affected": ["P-1"], "fixed": ["P-2"]},
            "remediations": [{"category": "vendor_fix", "details": "update", "product_ids": ["P-1"], "entitlements": ["all"]}],
            "threats": [{"category": "impact", "details": "bad", "product_ids": ["P-1"]}]
        }]
    });
    if version == "2.1" {
        document["$schema"] = "https://docs.oasis-open.org/csaf/csaf/v2.1/schema/csaf.json".into();
    }
    document
}

/// CSAF documents with a label where it belongs, also one of nobody's.
pub(crate) fn structural_in_csaf() -> Vec<Plant> {
    let mut plants = Vec::new();
    for version in ["2.0", "2.1"] {
        let mut labels: Vec<(String, Seen)> = Vec::new();
        for label in Seen::ALL {
            for name in names(label) {
                labels.push(((*name).to_owned(), label));
                labels.push((name.to_lowercase(), label));
                labels.push((format!("TLP:{name}"), label));
            }
        }
        for (name, label) in labels {
            let mut copy = csaf(version);
            copy["document"]["distribution"]["tlp"] = json!({"label": name});
            plants.push(Plant {
                what: format!("csaf {version} tlp {name}"),
                bytes: copy.to_string().into_bytes(),
                label,
                carrier: None,
            });
        }
        for name in names(Seen::AmberStrict) {
            let mut copy = csaf(version);
            let text = format!("TLP v2.0: TLP:{name}");
            copy["document"]["distribution"] = json!({"tlp": {"label": "AMBER"}, "text": text});
            plants.push(Plant {
                what: format!("csaf {version} text {text}"),
                bytes: copy.to_string().into_bytes(),
                label: Seen::AmberStrict,
                carrier: None,
            });
        }
    }
    plants
}

/// Markdown with a marking in each place where people put one.
pub(crate) fn markdown(spelling: &str) -> Vec<(&'static str, String)> {
    let flat = spelling.replace('\n', " ");
    vec![
        ("first heading", format!("# {flat}\n\nText.\n")),
        ("heading", format!("# Report\n\n## Part, {flat}\n\nText.\n")),
        (
            "closed heading",
            format!("# Report\n\n### {flat} ###\n\nText.\n"),
        ),
        ("underlined heading", format!("{flat}\n=====\n\nText.\n")),
        ("paragraph", format!("# Report\n\n{spelling}\n")),
        ("last line", format!("# Report\n\nText.\n\n{flat}")),
        ("list", format!("# Report\n\n- one\n- {flat}\n")),
        ("numbered list", format!("# Report\n\n1. one\n2. {flat}\n")),
        ("quote", format!("# Report\n\n> {flat}\n")),
        (
            "table",
            format!("# Report\n\n| a | b |\n| --- | --- |\n| c | {flat} |\n"),
        ),
        (
            "head of a table",
            format!("# Report\n\n| a | {flat} |\n| --- | --- |\n| c | d |\n"),
        ),
        ("code", format!("# Report\n\n```\n{flat}\n```\n")),
        (
            "front matter",
            format!("---\ntitle: {flat}\n---\n\n# Report\n"),
        ),
        (
            "front matter list",
            format!("---\ntags:\n  - {flat}\n---\n\n# Report\n"),
        ),
        ("strong", format!("# Report\n\n**{flat}**\n")),
        (
            "emphasis",
            format!("# Report\n\nThis is _{flat}_ for you.\n"),
        ),
        ("struck out", format!("# Report\n\n~~{flat}~~\n")),
        (
            "link",
            format!("# Report\n\n[{flat}](https://www.first.org/tlp/)\n"),
        ),
        ("picture", format!("# Report\n\n![{flat}](tlp.png)\n")),
        (
            "footnote",
            format!("# Report\n\nText[^1].\n\n[^1]: {flat}\n"),
        ),
        (
            "html",
            format!("# Report\n\n<p class=\"label\">{flat}</p>\n"),
        ),
        (
            "carriage returns",
            format!("# Report\r\n\r\n{flat}\r\nText.\r\n"),
        ),
        (
            "only carriage returns",
            format!("# Report\r\r{flat}\rText.\r"),
        ),
        ("byte order mark", format!("\u{feff}{flat}\n\n# Report\n")),
    ]
}

/// Markdown in which the marking is one only as it is rendered, or as a value of its front matter.
pub(crate) fn rendered_markdown(name: &str) -> Vec<(&'static str, String)> {
    let lower = name.to_lowercase();
    vec![
        (
            "value",
            format!("---\ntitle: x\ntlp: {lower}\n---\n\n# Report\n"),
        ),
        (
            "upper value",
            format!("---\nTLP: {name}\n---\n\n# Report\n"),
        ),
        (
            "quoted value",
            format!("---\ntlp: \"{name}\"\n---\n\n# Report\n"),
        ),
        (
            "single quotes",
            format!("---\ntlp: 'TLP:{name}'\n---\n\n# Report\n"),
        ),
        (
            "value with spaces",
            format!("---\ntlp :   {lower}   \n---\n\n# Report\n"),
        ),
        ("strong word", format!("# Report\n\n**TLP:**{name}\n")),
        ("strong and space", format!("# Report\n\n**TLP:** {name}\n")),
        ("strong label", format!("# Report\n\nTLP: **{name}**\n")),
        (
            "strong label at once",
            format!("# Report\n\nTLP:**{name}**\n"),
        ),
        ("code label", format!("# Report\n\nTLP: `{name}`\n")),
        (
            "strong before colon",
            format!("# Report\n\n**TLP**: {name}\n"),
        ),
        (
            "under before colon",
            format!("# Report\n\n__TLP__: {name}\n"),
        ),
        ("both", format!("# Report\n\n*TLP*:*{name}*\n")),
        (
            "soft break",
            format!("# Report\n\nThis is TLP:\n{name}, as agreed.\n"),
        ),
        ("element", format!("# Report\n\nTLP:<b>{name}</b>\n")),
        (
            "element with attributes",
            format!("# Report\n\n<b>TLP:</b> <span class=\"x\">{name}</span>\n"),
        ),
        ("entity", format!("# Report\n\nTLP&#58;{name}\n")),
        (
            "hexadecimal entity",
            format!("# Report\n\nTLP&#x3A;{name}\n"),
        ),
        ("named entity", format!("# Report\n\nTLP&colon;{name}\n")),
        ("escaped colon", format!("# Report\n\nTLP\\:{name}\n")),
        (
            "escaped plus",
            format!("# Report\n\nTLP:{}\n", name.replace('+', "\\+")),
        ),
        (
            "far in the line",
            format!("# Report\n\nTLP: {} {name}\n", " ".repeat(40)),
        ),
        (
            "far front matter",
            format!("---\ntlp:{}{name}\n---\n\n# Report\n", " ".repeat(40)),
        ),
    ]
}
