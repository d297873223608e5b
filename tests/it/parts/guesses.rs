//! Threat 5: whoever guesses values and computes their ids finds none of a higher part in the bytes of a lower one.

use std::collections::HashSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::bundles::MARKINGS;
use super::split::{parted, seen};
use crate::labels::extractor::Seen;

/// STIX 2.1 §2.9: the namespace of deterministic ids.
const NAMESPACE: Uuid = Uuid::from_u128(0x00abedb4_aa42_466c_9c01_fed23315a9b7);

/// How many values of a type are guessed.
const GUESSES: usize = 100_000;
/// How many of them are in the higher part.
const HIDDEN: usize = 1_000;

/// The UUID of an observable whose contributing properties are these, in canonical JSON.
fn guess(contributing: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, contributing.as_bytes())
}

/// Its id.
fn id(kind: &str, contributing: &str) -> String {
    format!("{kind}--{}", guess(contributing))
}

#[test]
fn ids_are_computed_as_the_standard_says() {
    for (kind, contributing, expected) in [
        (
            "ipv4-addr",
            json!({"value": "198.51.100.3"}),
            "28bb3599-77cd-5a82-a950-b5bc3caf07c4",
        ),
        (
            "ipv6-addr",
            json!({"value": "2001:db8::1"}),
            "6469e3a9-b053-5e34-a025-9396ae051d26",
        ),
        (
            "domain-name",
            json!({"value": "example.com"}),
            "bedb4899-d24b-5401-bc86-8f6b4cc18ec7",
        ),
        (
            "url",
            json!({"value": "https://example.com/x"}),
            "fa27c0d6-0d7b-535c-acfe-5ec8978d746d",
        ),
        (
            "email-addr",
            json!({"value": "john@example.com"}),
            "7165e2a9-671f-585d-b1e1-ca59c671d934",
        ),
        (
            "autonomous-system",
            json!({"number": 15139}),
            "3aa27478-50b5-5ab8-9da9-cdc12b657fff",
        ),
        (
            "file",
            json!({"hashes": {"SHA-256": "effb46bba03f6c8aea5c653f9cf984f170dcdd3bbbe2ff6843c3e5da0e698766"},
            "name": "a.exe"}),
            "bca970f2-2c16-5ed3-95be-a1bc1df3fc75",
        ),
    ] {
        assert_eq!(
            id(kind, &contributing.to_string()),
            format!("{kind}--{expected}")
        );
    }
}

/// The properties that make the id of the value with this number, in canonical JSON.
fn canonical(kind: &str, number: usize) -> String {
    let (high, low) = (number / 256, number % 256);
    match kind {
        "ipv4-addr" => format!(
            r#"{{"value":"198.{}.{}.{low}"}}"#,
            18 + high / 256,
            high % 256
        ),
        "ipv6-addr" => format!(r#"{{"value":"2001:db8::{high:x}:{low:x}"}}"#),
        "domain-name" => format!(r#"{{"value":"c{number}.bad.example"}}"#),
        "url" => format!(r#"{{"value":"https://bad.example/{number}"}}"#),
        "email-addr" => format!(r#"{{"value":"user{number}@victim.example"}}"#),
        "mac-addr" => {
            let (first, second) = (high / 256, high % 256);
            format!(r#"{{"value":"02:00:00:{first:02x}:{second:02x}:{low:02x}"}}"#)
        }
        "autonomous-system" => format!(r#"{{"number":{number}}}"#),
        "directory" => format!(r#"{{"path":"/home/user{number}"}}"#),
        "mutex" => format!(r#"{{"name":"Global\\M{number}"}}"#),
        "file" | "artifact" => format!(r#"{{"hashes":{{"MD5":"{number:032x}"}}}}"#),
        "email-message" => format!(r#"{{"subject":"Invoice {number}"}}"#),
        "network-traffic" => format!(
            r#"{{"protocols":["tcp"],"src_port":{},"src_ref":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","start":"2026-01-{:02}T00:00:00Z"}}"#,
            number % 65_536,
            1 + number / 65_536
        ),
        "software" => format!(r#"{{"name":"Server","version":"1.{number}"}}"#),
        "user-account" => format!(r#"{{"account_type":"unix","user_id":"{number}"}}"#),
        "windows-registry-key" => {
            format!(r#"{{"key":"HKEY_LOCAL_MACHINE\\Software\\K{number}"}}"#)
        }
        "x509-certificate" => format!(r#"{{"serial_number":"{number:x}"}}"#),
        other => panic!("{other} has no deterministic id"),
    }
}

/// What else a type must have.
fn besides(kind: &str) -> Value {
    match kind {
        "artifact" => json!({"url": "https://x.example"}),
        "email-message" => json!({"is_multipart": false}),
        _ => json!({}),
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
    let contributing = canonical(kind, number);
    let mut object =
        json!({"type": kind, "id": id(kind, &contributing), "object_marking_refs": [marking]});
    let members = object.as_object_mut().unwrap();
    let contributing: Value = serde_json::from_str(&contributing).unwrap();
    members.extend(contributing.as_object().unwrap().clone());
    members.extend(besides(kind).as_object().unwrap().clone());
    object
}

/// A lower object that names a higher one in one of many ways.
fn naming(other: &str, number: usize) -> Value {
    let (clear, uuid) = (
        MARKINGS[0],
        format!("00000000-0000-4000-9000-{number:012x}"),
    );
    let time = "2026-01-05T10:00:00.000Z";
    let object = |kind: &str, more: Value| {
        let mut object = json!({"type": kind, "spec_version": "2.1", "id": format!("{kind}--{uuid}"),
            "created": time, "modified": time, "object_marking_refs": [clear]});
        object
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        object
    };
    let actor = "malware--00000000-0000-4000-9000-ffffffffffff";
    match number % 8 {
        0 => object(
            "relationship",
            json!({"relationship_type": "related-to", "source_ref": actor, "target_ref": other}),
        ),
        1 => object("note", json!({"content": "c", "object_refs": [other]})),
        2 => object(
            "report",
            json!({"name": "r", "published": time, "object_refs": [actor, other]}),
        ),
        3 => object(
            "observed-data",
            json!({"first_observed": time, "last_observed": time, "number_observed": 1,
            "object_refs": [other]}),
        ),
        4 => object(
            "course-of-action",
            json!({"name": "c", "description": format!("look at {other}")}),
        ),
        5 => object(
            "malware-analysis",
            json!({"product": "p", "result": "unknown", "analysis_sco_refs": [other]}),
        ),
        6 => object("x-reader-thing", json!({"x_things": [[{"a": other}]]})),
        _ => object(
            "tool",
            json!({"name": "t", "extensions":
            {"extension-definition--11111111-1111-4111-8111-11111111111e":
                {"extension_type": "property-extension", "linked": other}}}),
        ),
    }
}

#[test]
fn no_id_of_a_likely_value_of_a_higher_part_stands_in_a_lower_one() {
    for kind in KINDS {
        let mut objects = vec![
            json!({"type": "malware", "spec_version": "2.1", "is_family": false, "name": "m",
            "id": "malware--00000000-0000-4000-9000-ffffffffffff", "created": "2026-01-05T10:00:00.000Z",
            "modified": "2026-01-05T10:00:00.000Z", "object_marking_refs": [MARKINGS[0]]}),
        ];
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
        let likely: HashSet<Uuid> = (0..GUESSES).map(|n| guess(&canonical(kind, n))).collect();
        assert_eq!(likely.len(), GUESSES, "{kind}");
        let mut in_the_clear = 0;
        for part in &parted.parts {
            let text = std::str::from_utf8(&part.bytes).unwrap();
            let found = uuids(text).filter(|uuid| likely.contains(uuid)).count();
            if seen(part.label) < Seen::AmberStrict {
                let is_known = |id: &&String| id.starts_with(&format!("{kind}--"));
                assert_eq!(found, 0, "{kind}: the part of {} gives away", part.label);
                in_the_clear += part.objects.iter().filter(is_known).count();
            } else {
                assert!(found > 0, "{kind}: {} lacks what was hidden", part.label);
            }
        }
        assert_eq!(in_the_clear, HIDDEN, "{kind}: what may be known is there");
    }
}

/// Every UUID in a text.
fn uuids(text: &str) -> impl Iterator<Item = Uuid> {
    text.match_indices("--")
        .filter_map(move |(at, _)| Uuid::try_parse(text.get(at + 2..at + 38)?).ok())
}
