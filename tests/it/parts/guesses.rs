//! Threat 5: whoever guesses values and computes their ids finds none of a higher part in the bytes of a lower one.

use std::collections::HashSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::bundles::MARKINGS;
use super::split::parted;
use crate::labels::extractor::Seen;

/// STIX 2.1 §2.9: the namespace of deterministic ids.
const NAMESPACE: Uuid = Uuid::from_u128(0x00abedb4_aa42_466c_9c01_fed23315a9b7);

/// How many values of a type are guessed.
const GUESSES: usize = 100_000;
/// How many of them are in the higher part.
const HIDDEN: usize = 1_000;

/// The id of an observable whose contributing properties are these, in canonical JSON.
fn id(kind: &str, contributing: &Value) -> String {
    // Members are sorted and nothing needs an escape that RFC 8785 would write otherwise.
    format!("{kind}--{}", Uuid::new_v5(&NAMESPACE, contributing.to_string().as_bytes()))
}

#[test]
fn ids_are_computed_as_the_standard_says() {
    for (kind, contributing, expected) in [
        ("ipv4-addr", json!({"value": "198.51.100.3"}), "28bb3599-77cd-5a82-a950-b5bc3caf07c4"),
        ("ipv6-addr", json!({"value": "2001:db8::1"}), "6469e3a9-b053-5e34-a025-9396ae051d26"),
        ("domain-name", json!({"value": "example.com"}), "bedb4899-d24b-5401-bc86-8f6b4cc18ec7"),
        ("url", json!({"value": "https://example.com/x"}), "fa27c0d6-0d7b-535c-acfe-5ec8978d746d"),
        ("email-addr", json!({"value": "john@example.com"}), "7165e2a9-671f-585d-b1e1-ca59c671d934"),
        ("autonomous-system", json!({"number": 15139}), "3aa27478-50b5-5ab8-9da9-cdc12b657fff"),
        ("file", json!({"hashes": {"SHA-256": "effb46bba03f6c8aea5c653f9cf984f170dcdd3bbbe2ff6843c3e5da0e698766"},
            "name": "a.exe"}), "bca970f2-2c16-5ed3-95be-a1bc1df3fc75"),
    ] {
        assert_eq!(id(kind, &contributing), format!("{kind}--{expected}"));
    }
}

/// The properties of the value with this number that make its id, and what else its type must have.
fn value(kind: &str, number: usize) -> (Value, Value) {
    let (high, low) = (number / 256, number % 256);
    let none = json!({});
    match kind {
        "ipv4-addr" => (json!({"value": format!("198.{}.{}.{low}", 18 + high / 256, high % 256)}), none),
        "ipv6-addr" => (json!({"value": format!("2001:db8::{number:x}")}), none),
        "domain-name" => (json!({"value": format!("c{number}.bad.example")}), none),
        "url" => (json!({"value": format!("https://bad.example/{number}")}), none),
        "email-addr" => (json!({"value": format!("user{number}@victim.example")}), none),
        "mac-addr" => (json!({"value": format!("02:00:00:{:02x}:{:02x}:{low:02x}", high / 256, high % 256)}), none),
        "autonomous-system" => (json!({"number": number}), none),
        "directory" => (json!({"path": format!("/home/user{number}")}), none),
        "mutex" => (json!({"name": format!("Global\\M{number}")}), none),
        "file" => (json!({"hashes": {"MD5": format!("{number:032x}")}}), none),
        "artifact" => (json!({"hashes": {"MD5": format!("{number:032x}")}}), json!({"url": "https://x.example"})),
        "email-message" => (json!({"subject": format!("Invoice {number}")}), json!({"is_multipart": false})),
        "network-traffic" => (json!({"protocols": ["tcp"], "src_port": number % 65_536, "start": format!(
            "2026-01-{:02}T00:00:00Z", 1 + number / 65_536)}), json!({"x_placeholder": 1})),
        "software" => (json!({"name": "Server", "version": format!("1.{number}")}), none),
        "user-account" => (json!({"account_type": "unix", "user_id": number.to_string()}), none),
        "windows-registry-key" => (json!({"key": format!("HKEY_LOCAL_MACHINE\\Software\\K{number}")}), none),
        "x509-certificate" => (json!({"serial_number": format!("{number:x}")}), none),
        other => panic!("{other} has no deterministic id"),
    }
}

const KINDS: [&str; 17] = [
    "ipv4-addr",
    "ipv6-addr",
    "domain-name",
    "url",
    "email-addr",
    "mac-addr",
    "autonomous-system",
    "directory",
    "mutex",
    "file",
    "artifact",
    "email-message",
    "network-traffic",
    "software",
    "user-account",
    "windows-registry-key",
    "x509-certificate",
];

/// The numbers of the values that the higher part holds, spread over all.
fn hidden() -> impl Iterator<Item = usize> {
    (0..HIDDEN).map(|n| (n * 9_973 + 7) % GUESSES)
}

fn observable(kind: &str, number: usize, marking: &str) -> Value {
    let (contributing, more) = value(kind, number);
    let mut object = json!({"type": kind, "id": id(kind, &contributing), "object_marking_refs": [marking]});
    let members = object.as_object_mut().unwrap();
    members.extend(contributing.as_object().unwrap().clone());
    members.extend(more.as_object().unwrap().clone());
    object
}

/// A lower object that names a higher one in one of many ways.
fn naming(other: &str, number: usize) -> Value {
    let (clear, uuid) = (MARKINGS[0], format!("00000000-0000-4000-9000-{number:012x}"));
    let time = "2026-01-05T10:00:00.000Z";
    let object = |kind: &str, more: Value| {
        let mut object = json!({"type": kind, "spec_version": "2.1", "id": format!("{kind}--{uuid}"),
            "created": time, "modified": time, "object_marking_refs": [clear]});
        object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        object
    };
    let actor = "malware--00000000-0000-4000-9000-ffffffffffff";
    match number % 8 {
        0 => object("relationship", json!({"relationship_type": "related-to", "source_ref": actor, "target_ref": other})),
        1 => object("note", json!({"content": "c", "object_refs": [other]})),
        2 => object("report", json!({"name": "r", "published": time, "object_refs": [actor, other]})),
        3 => object("observed-data", json!({"first_observed": time, "last_observed": time, "number_observed": 1,
            "object_refs": [other]})),
        4 => object("course-of-action", json!({"name": "c", "description": format!("look at {other}")})),
        5 => object("malware-analysis", json!({"product": "p", "result": "unknown", "analysis_sco_refs": [other]})),
        6 => object("x-reader-thing", json!({"x_things": [[{"a": other}]]})),
        _ => object("tool", json!({"name": "t", "extensions":
            {"extension-definition--11111111-1111-4111-8111-11111111111e":
                {"extension_type": "property-extension", "linked": other}}})),
    }
}

#[test]
fn no_id_of_a_likely_value_of_a_higher_part_stands_in_a_lower_one() {
    for kind in KINDS {
        let mut objects = vec![json!({"type": "malware", "spec_version": "2.1", "is_family": false, "name": "m",
            "id": "malware--00000000-0000-4000-9000-ffffffffffff", "created": "2026-01-05T10:00:00.000Z",
            "modified": "2026-01-05T10:00:00.000Z", "object_marking_refs": [MARKINGS[0]]})];
        for (index, number) in hidden().enumerate() {
            let higher = observable(kind, number, MARKINGS[4 + index % 3]);
            let its_id = higher["id"].as_str().unwrap().to_owned();
            objects.push(naming(&its_id, index));
            objects.push(higher);
            // A value that everybody may know stands in the lower part, so that there is something to find.
            objects.push(observable(kind, GUESSES + index, MARKINGS[index % 2]));
        }
        let texts: Vec<String> = objects.iter().map(Value::to_string).collect();
        let bundle = super::bundles::bundle(&texts);
        let parted = parted(bundle.as_bytes(), Some(Seen::Clear)).unwrap();
        let guesses: HashSet<String> = (0..GUESSES).map(|n| id(kind, &value(kind, n).0)).collect();
        assert_eq!(guesses.len(), GUESSES, "{kind}");
        let mut in_the_clear = 0;
        for part in &parted.parts {
            let text = std::str::from_utf8(&part.bytes).unwrap();
            let found = uuids(text).filter(|uuid| guesses.contains(&format!("{kind}--{uuid}"))).count();
            if super::split::seen(part.label) < Seen::AmberStrict {
                assert_eq!(found, 0, "{kind}: the part of {} gives away", part.label);
                in_the_clear += uuids(text).filter(|uuid| uuid.as_bytes()[14] == b'5').count();
            } else {
                assert!(found > 0, "{kind}: {} has what was hidden", part.label);
            }
        }
        assert_eq!(in_the_clear, HIDDEN, "{kind}: what may be known is there");
    }
}

/// Every UUID in a text.
fn uuids(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("--").filter_map(move |(at, _)| {
        let uuid = text.get(at + 2..at + 38)?;
        Uuid::try_parse(uuid).is_ok().then_some(uuid)
    })
}
