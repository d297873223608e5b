use super::*;
use crate::formats::{Limits, read};
use bytes::Bytes;

fn object(kind: &str, more: &str) -> String {
    format!(
        r#"{{"type":"{kind}","spec_version":"2.1","id":"{kind}--84e4d88f-44ea-4bcd-bbf3-b2c1c320bcb3","created":"2024-01-01T00:00:00.000Z","modified":"2024-02-01T00:00:00.000Z"{more}}}"#
    )
}

fn document(text: &str) -> Document {
    read(&Bytes::copy_from_slice(text.as_bytes()), &Limits::default()).unwrap()
}

/// Where a document breaks its structure, and where other rules.
fn places(text: &str) -> (Vec<String>, Vec<String>) {
    let document = document(text);
    let places = |list: &[crate::model::submission::Place]| {
        list.iter().map(|p| p.place.clone()).collect::<Vec<_>>()
    };
    (places(&document.problems), places(&document.warnings))
}

const IDENTITY: &str = "identity--023d105b-752e-4e3c-941c-7d3f3cb15e9e";

#[test]
fn what_breaks_the_structure_is_a_problem() {
    for (text, place) in [
        (object("tool", r#","name":5"#), "/name"),
        (object("tool", r#","name":"n","labels":"x""#), "/labels"),
        (object("tool", r#","name":"n","revoked":"no""#), "/revoked"),
        (
            object("tool", r#","name":"n","confidence":"50""#),
            "/confidence",
        ),
        (
            object("tool", r#","name":"n","created_by_ref":7"#),
            "/created_by_ref",
        ),
        (
            object(
                "tool",
                r#","name":"n","object_marking_refs":["identity--023d105b-752e-4e3c-941c-7d3f3cb15e9e"]"#,
            ),
            "/object_marking_refs",
        ),
        (
            object(
                "tool",
                r#","name":"n","granular_markings":[{"marking_ref":"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"}]"#,
            ),
            "/granular_markings",
        ),
        (
            object("tool", r#","name":"n","external_references":[1]"#),
            "/external_references",
        ),
        (
            object("tool", r#","name":"n""#)
                .replace("2024-01-01T00:00:00.000Z", "2024-01-32T00:00:00Z"),
            "/created",
        ),
        (object("tool", ""), ""),
        (
            object(
                "tool",
                r#","name":"n","created_by_ref":"malware--023d105b-752e-4e3c-941c-7d3f3cb15e9e""#,
            ),
            "/created_by_ref",
        ),
        (
            object("tool", r#","name":"n","created_by_ref":"somebody""#),
            "/created_by_ref",
        ),
        (
            object("tool", r#","name":"n""#).replace("2024-02-01", "2023-02-01"),
            "/modified",
        ),
        (
            object(
                "sighting",
                r#","sighting_of_ref":"relationship--023d105b-752e-4e3c-941c-7d3f3cb15e9e""#,
            ),
            "/sighting_of_ref",
        ),
        (
            object("tool", r#","name":"n""#).replace("tool--84e4d88f", "tool--84e4d88"),
            "/id",
        ),
    ] {
        assert_eq!(places(&text).0, [place], "{text}");
    }
    let inner = format!(
        r#"{{"type":"bundle","id":"bundle--{}","objects":[{}]}}"#,
        &IDENTITY[10..],
        r#"{"type":"bundle"}"#
    );
    assert_eq!(places(&inner).0, ["/objects/0/type"]);
}

#[test]
fn what_breaks_another_rule_is_a_warning() {
    for (text, place) in [
        (object("tool", r#","name":"n","confidence":101"#), "/confidence"),
        (object("tool", r#","name":"n","ab":1"#), "/ab"),
        (object("tool", r#","name":"n","labels":[]"#), "/labels"),
        (object("tool", r#","name":"n","external_references":[{"source_name":"s"}]"#), "/external_references"),
        (object("tool", r#","name":"n","external_references":[{"source_name":"s","url":"x.example"}]"#), "/external_references"),
        (object("tool", r#","name":"n","kill_chain_phases":[{"phase_name":"p"}]"#), "/kill_chain_phases"),
        (object("tool", r#","name":"n","extensions":{"other":{"a":1}}"#), "/extensions"),
        (
            object("tool", r#","name":"n","granular_markings":[{"selectors":["nothing"],"lang":"en"}]"#),
            "/granular_markings",
        ),
        (object("tool", r#","name":"n""#).replace("-4bcd-", "-0bcd-"), "/id"),
        (object("location", r#","latitude":91,"longitude":0"#), "/latitude"),
        (
            object("sighting", r#","sighting_of_ref":"tool--023d105b-752e-4e3c-941c-7d3f3cb15e9e","count":1000000000"#),
            "/count",
        ),
        (
            object("indicator", r#","pattern":"[file:name = 5","pattern_type":"stix","valid_from":"2024-01-01T00:00:00Z""#),
            "/pattern",
        ),
        (
            object("indicator", r#","pattern":"[file:name = '5']","pattern_type":"stix","valid_from":"2024-01-01T00:00:00Z","valid_until":"2024-01-01T00:00:00Z""#),
            "/valid_until",
        ),
        (object("marking-definition", r#","definition_type":"statement","definition":{"statement":"s"}"#), "/modified"),
        (r#"{"type":"url","id":"url--dda0a1b4-84e4-5d88-8f44-b2c1c320bcb3","value":"x[.]example"}"#.to_owned(), "/value"),
        (
            r#"{"type":"file","id":"file--dda0a1b4-84e4-5d88-8f44-b2c1c320bcb3","hashes":{"MD5":"00"}}"#.to_owned(),
            "/hashes",
        ),
        (
            r#"{"type":"windows-registry-key","id":"windows-registry-key--dda0a1b4-84e4-5d88-8f44-b2c1c320bcb3","key":"hklm\\x"}"#.to_owned(),
            "/key",
        ),
    ] {
        assert_eq!(places(&text), (vec![], vec![place.to_owned()]), "{text}");
    }
}

#[test]
fn what_the_standard_leaves_open_is_no_fault() {
    for text in [
        // Another language than STIX is nobody's but its reader's.
        object(
            "indicator",
            r#","pattern":"alert tcp any","pattern_type":"snort","valid_from":"2024-01-01T00:00:00Z""#,
        ),
        // Custom properties and types mean what their maker says.
        object("tool", r#","name":"n","x_ref":7,"x_list":[[]]"#),
        object("x-thing", r#","anything":{"at":[1,null,{"all":true}]}"#),
        object(
            "tool",
            r#","name":"n","created_by_ref":"x-somebody--023d105b-752e-4e3c-941c-7d3f3cb15e9e""#,
        ),
        object(
            "tool",
            r#","name":"n","granular_markings":[{"selectors":["name","aliases.[1]"],"lang":"en"}],"aliases":["a","b"]"#,
        ),
        object(
            "relationship",
            &format!(
                r#","relationship_type":"x-of","source_ref":"{IDENTITY}","target_ref":"ipv4-addr--023d105b-752e-4e3c-941c-7d3f3cb15e9e""#
            ),
        ),
    ] {
        assert_eq!(places(&text), (vec![], vec![]), "{text}");
    }
}

#[test]
fn a_published_marking_cannot_be_redefined_and_is_spelled_as_published() {
    let definition = |said: &str| {
        format!(
            r#"{{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9","created":"2017-01-20T00:00:00.000Z","definition_type":"tlp","name":"TLP:WHITE","definition":{{"tlp":"{said}"}}}}"#
        )
    };
    assert_eq!(places(&definition("white")), (vec![], vec![]));
    assert_eq!(places(&definition("TLP:CLEAR")).1, [""]);
    assert_eq!(places(&definition("red")).0, [""]);
    let own = definition("white").replace("613f2e26", "713f2e26");
    assert_eq!(places(&own).1, ["/definition_type"]);
}

#[test]
fn at_most_a_hundred_places_of_each_kind_are_told() {
    let one = r#"{"type":"tool","spec_version":"2.1","id":"tool--84e4d88f-44ea-4bcd-bbf3-b2c1c320bcb3","created":"2024-01-01T00:00:00.000Z","modified":"2024-01-01T00:00:00.000Z","name":"n","labels":1,"confidence":101}"#;
    let many = format!("[{}]", vec![one; 300].join(","));
    let (problems, warnings) = places(&many);
    assert_eq!((problems.len(), warnings.len()), (100, 100));
}
