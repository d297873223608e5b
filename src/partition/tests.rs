use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::formats::{Limits, read};
use crate::markings::mark;

const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const AMBER: &str = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
/// A statement that is defined in the bundle.
const STATEMENT: &str = "marking-definition--11111111-1111-4111-8111-111111111111";

fn id(kind: &str, n: u32) -> String {
    format!("{kind}--00000000-0000-4000-8000-{n:012}")
}

fn url(n: u32, marking: &str) -> Value {
    json!({"type": "url", "spec_version": "2.1", "id": id("url", n),
        "value": format!("http://{n}.example/"), "object_marking_refs": [marking]})
}

fn bundle(objects: &[Value]) -> Value {
    json!({"type": "bundle", "id": id("bundle", 1), "objects": objects})
}

fn parted_text(text: &str, declared: Option<Label>, split: bool) -> Parted {
    let document = read(&Bytes::copy_from_slice(text.as_bytes()), &Limits::default()).unwrap();
    let marked = mark(&document, declared, &[]).unwrap();
    parts(
        &document,
        &marked,
        Parting {
            split,
            id: &|label| Uuid::new_v5(&Uuid::NAMESPACE_OID, label.name().as_bytes()),
            creator: Creator {
                name: "Energy ISAC",
                uuid: Uuid::from_u128(0xe000_0000_0000_4000_8000_0000_0000_0000),
            },
        },
    )
}

fn parted(value: &Value, declared: Option<Label>) -> Parted {
    parted_text(&value.to_string(), declared, false)
}

fn labels(parted: &Parted) -> Vec<Label> {
    parted.parts.iter().map(|p| p.label).collect()
}

fn value(part: &Part) -> Value {
    serde_json::from_slice(&part.bytes).unwrap()
}

#[test]
fn a_bundle_of_one_label_keeps_its_bytes() {
    let text = bundle(&[url(1, GREEN), url(2, GREEN)]).to_string();
    let parted = parted_text(&text, None, false);
    assert_eq!(labels(&parted), [Label::Green]);
    assert_eq!(parted.parts[0].bytes, text.as_bytes());
}

#[test]
fn each_label_becomes_a_bundle_and_the_lower_says_nothing_of_the_higher() {
    let mut mixed = bundle(&[url(1, GREEN), url(2, RED), url(3, GREEN)]);
    mixed["x_count"] = json!(3);
    let parted = parted(&mixed, None);
    assert_eq!(labels(&parted), [Label::Green, Label::Red]);
    let [lower, higher] = parted.parts.as_slice() else {
        unreachable!()
    };
    assert_eq!(lower.objects, [id("url", 1), id("url", 3)]);
    assert_eq!(higher.objects, [id("url", 2)]);
    assert_eq!(
        value(lower)["objects"],
        json!([url(1, GREEN), url(3, GREEN)])
    );
    assert_eq!(
        value(lower).as_object().unwrap().len(),
        3,
        "{:?}",
        value(lower)
    );
    assert_ne!(value(lower)["id"], mixed["id"]);
    assert_eq!(
        (&value(higher)["id"], &value(higher)["x_count"]),
        (&mixed["id"], &json!(3))
    );
    // What the lower part is called is what a push of its objects alone would be called.
    let alone = self::parted(&bundle(&[url(1, GREEN), url(3, GREEN)]), None);
    assert_eq!(lower.source, alone.parts[0].source);
    assert_ne!(lower.source, higher.source);
}

#[test]
fn the_lower_part_is_the_same_with_and_without_the_higher_objects() {
    for pretty in [false, true] {
        let text = |objects: &[Value]| {
            let bundle = bundle(objects);
            if pretty {
                let text = serde_json::to_string_pretty(&bundle).unwrap();
                format!("\n  {text}\r\n\n")
            } else {
                bundle.to_string()
            }
        };
        let with = parted_text(
            &text(&[url(9, RED), url(1, GREEN), url(8, RED), url(2, GREEN)]),
            None,
            false,
        );
        let without = parted_text(&text(&[url(1, GREEN), url(2, GREEN)]), None, false);
        let [lower, _] = with.parts.as_slice() else {
            unreachable!()
        };
        let new_id = value(lower)["id"].as_str().unwrap().to_owned();
        let text = String::from_utf8(lower.bytes.to_vec()).unwrap();
        assert_eq!(
            text.replace(&new_id, &id("bundle", 1)).as_bytes(),
            without.parts[0].bytes
        );
    }
}

#[test]
fn whoever_names_a_stricter_object_goes_up_with_it() {
    let secret = url(1, RED);
    let secret_id = id("url", 1);
    let uuid = &secret_id["url--".len()..];
    let relationship = |a: &str, b: &str| {
        json!({"type": "relationship", "spec_version": "2.1", "id": id("relationship", 5),
            "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z",
            "relationship_type": "related-to", "source_ref": a, "target_ref": b, "object_marking_refs": [GREEN]})
    };
    let namers = [
        relationship(&secret_id, &id("url", 2)),
        relationship(&id("url", 2), &secret_id),
        json!({"type": "report", "spec_version": "2.1", "id": id("report", 6), "name": "r",
            "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z",
            "published": "2024-01-01T00:00:00.000Z", "object_refs": [id("url", 2), secret_id], "object_marking_refs": [GREEN]}),
        json!({"type": "url", "spec_version": "2.1", "id": id("url", 7), "value": "http://7.example/",
            "object_marking_refs": [GREEN], "extensions": {"extension-definition--22222222-2222-4222-8222-222222222222":
                {"extension_type": "property-extension", "x": {"deep": [format!("see {}", uuid.to_uppercase())]}}}}),
        json!({"type": "url", "spec_version": "2.1", "id": id("url", 7), "value": "http://7.example/",
            "object_marking_refs": [GREEN], "x_by": {secret_id.clone(): 1}}),
        json!({"type": "language-content", "spec_version": "2.1", "id": id("language-content", 7),
            "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z",
            "object_ref": secret_id, "contents": {"de": {"value": "x"}}, "object_marking_refs": [GREEN]}),
    ];
    for namer in namers {
        let parted = parted(
            &bundle(&[url(2, GREEN), namer.clone(), secret.clone()]),
            None,
        );
        assert_eq!(labels(&parted), [Label::Green, Label::Red], "{namer}");
        assert_eq!(parted.parts[0].objects, [id("url", 2)], "{namer}");
        let text = String::from_utf8(parted.parts[0].bytes.to_vec()).unwrap();
        assert!(!text.contains(uuid), "{text}");
        let [raised] = parted.raised.as_slice() else {
            panic!("{namer}: {:?}", parted.raised)
        };
        assert_eq!(raised.because_of, secret_id);
        assert_eq!((raised.from, raised.to), (Label::Green, Label::Red));
        assert!(raised.place.starts_with("/objects/1/"), "{}", raised.place);
    }
}

#[test]
fn an_id_behind_an_escape_is_an_id() {
    let text = bundle(&[
        json!({"type": "url", "spec_version": "2.1", "id": id("url", 7), "value": "http://7.example/",
            "object_marking_refs": [GREEN], "x_see": "ESCAPED"}),
        url(1, RED),
    ])
    .to_string()
    .replace("ESCAPED", "url-\\u002d0000000\\u0030-0000-4000-8000-000000000001");
    let parted = parted_text(&text, None, false);
    assert_eq!(labels(&parted), [Label::Red]);
}

#[test]
fn two_types_of_one_value_and_two_versions_of_one_object_stay_together() {
    let domain = json!({"type": "domain-name", "spec_version": "2.1", "id": id("domain-name", 1),
        "value": "x.example", "object_marking_refs": [GREEN]});
    let parted = parted(&bundle(&[domain, url(1, RED), url(2, GREEN)]), None);
    assert_eq!(parted.parts[0].objects, [id("url", 2)]);
}

#[test]
fn definitions_without_a_marking_go_with_each_part_that_uses_them() {
    let statement = json!({"type": "marking-definition", "spec_version": "2.1", "id": STATEMENT,
        "created": "2024-01-01T00:00:00.000Z", "definition_type": "statement", "definition": {"statement": "(c) us"}});
    let unused = json!({"type": "marking-definition", "spec_version": "2.1",
        "id": "marking-definition--33333333-3333-4333-8333-333333333333",
        "created": "2024-01-01T00:00:00.000Z", "definition_type": "statement", "definition": {"statement": "nobody's"}});
    let both = |n: u32, marking: &str| {
        let mut url = url(n, marking);
        url["object_marking_refs"] = json!([marking, STATEMENT]);
        url
    };
    let parted = parted(
        &bundle(&[
            statement,
            unused,
            both(1, GREEN),
            both(2, AMBER),
            url(3, RED),
        ]),
        None,
    );
    assert_eq!(labels(&parted), [Label::Green, Label::Amber, Label::Red]);
    let objects: Vec<Vec<String>> = parted.parts.iter().map(|p| p.objects.clone()).collect();
    assert_eq!(objects[0], [STATEMENT.to_owned(), id("url", 1)]);
    assert_eq!(objects[1], [STATEMENT.to_owned(), id("url", 2)]);
    assert_eq!(
        objects[2],
        [
            "marking-definition--33333333-3333-4333-8333-333333333333".to_owned(),
            id("url", 3)
        ]
    );
}

#[test]
fn a_definition_that_names_a_stricter_object_takes_its_users_along() {
    let author = json!({"type": "identity", "spec_version": "2.1", "id": id("identity", 4), "name": "x",
        "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z", "object_marking_refs": [RED]});
    let statement = json!({"type": "marking-definition", "spec_version": "2.1", "id": STATEMENT,
        "created": "2024-01-01T00:00:00.000Z", "created_by_ref": id("identity", 4),
        "definition_type": "statement", "definition": {"statement": "(c) x"}});
    let mut user = url(1, GREEN);
    user["object_marking_refs"] = json!([GREEN, STATEMENT]);
    let parted = parted(&bundle(&[author, statement, user, url(2, GREEN)]), None);
    assert_eq!(labels(&parted), [Label::Green, Label::Red]);
    assert_eq!(parted.parts[0].objects, [id("url", 2)]);
}

fn attribute(n: u32, tag: &str) -> Value {
    json!({"uuid": format!("00000000-0000-4000-8000-{n:012}"), "type": "domain", "category": "Network activity",
        "value": format!("{n}.example"), "timestamp": "1700000000", "Tag": [{"name": tag}]})
}

fn event(attributes: &[Value], tag: &str) -> String {
    json!({"Event": {"uuid": "aaaaaaaa-0000-4000-8000-000000000001", "info": "Storm", "date": "2024-01-01",
        "timestamp": "1700000001", "attribute_count": "9", "Orgc": {"name": "CERT", "uuid": "bbbbbbbb-0000-4000-8000-000000000001"},
        "Tag": [{"name": tag}], "Attribute": attributes}})
    .to_string()
}

#[test]
fn a_misp_event_is_one_item_and_says_what_splitting_would_release() {
    let text = event(
        &[
            attribute(1, "tlp:red"),
            attribute(2, "x"),
            attribute(3, "y"),
        ],
        "tlp:green",
    );
    let whole = parted_text(&text, None, false);
    assert_eq!(labels(&whole), [Label::Red]);
    assert_eq!(whole.parts[0].bytes, text.as_bytes());
    assert_eq!(whole.releasable, [(Label::Green, 2)]);
    let split = parted_text(&text, None, true);
    assert_eq!(labels(&split), [Label::Green, Label::Red]);
    let [lower, higher] = split.parts.as_slice() else {
        unreachable!()
    };
    assert_eq!(
        value(lower)["Event"]["Attribute"],
        json!([attribute(2, "x"), attribute(3, "y")])
    );
    assert_eq!(
        value(higher)["Event"]["Attribute"],
        json!([attribute(1, "tlp:red")])
    );
    assert_eq!(lower.title, "Storm");
    for part in [lower, higher] {
        assert!(value(part)["Event"].get("attribute_count").is_none());
    }
    // The higher part is the event; the lower one is an event of its own, as old as its newest piece.
    let own = "aaaaaaaa-0000-4000-8000-000000000001";
    assert_eq!(
        (higher.source.id.as_str(), higher.source.version.as_str()),
        (own, "1700000001")
    );
    assert_ne!(lower.source.id, own);
    assert_eq!(lower.source.version, "1700000000");
    assert!(!String::from_utf8_lossy(&lower.bytes).contains(own));
}

#[test]
fn a_part_below_its_misp_event_has_a_head_of_its_own() {
    let text = event(&[attribute(1, "tlp:green"), attribute(2, "x")], "tlp:amber");
    let split = parted_text(&text, None, true);
    assert_eq!(labels(&split), [Label::Green, Label::Amber]);
    let lower = &split.parts[0];
    let text = String::from_utf8(lower.bytes.to_vec()).unwrap();
    for secret in [
        "Storm",
        "CERT",
        "aaaaaaaa",
        "bbbbbbbb",
        "2024-01-01",
        "amber",
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert_eq!(
        value(lower)["Event"]["Attribute"],
        json!([attribute(1, "tlp:green")])
    );
    assert_eq!(value(lower)["Event"]["Orgc"]["name"], "Energy ISAC");
    let document = read(&lower.bytes, &Limits::default()).unwrap();
    assert_eq!(document.problems, []);
}

#[test]
fn a_misp_object_that_refers_to_a_stricter_attribute_goes_up_with_it() {
    let object = json!({"uuid": "cccccccc-0000-4000-8000-000000000001", "name": "file", "Attribute": [attribute(5, "x")],
        "ObjectReference": [{"referenced_uuid": "00000000-0000-4000-8000-000000000001", "relationship_type": "drops"}]});
    let mut event: Value = serde_json::from_str(&event(
        &[attribute(1, "tlp:red"), attribute(2, "x")],
        "tlp:green",
    ))
    .unwrap();
    event["Event"]["Object"] = json!([object]);
    let split = parted_text(&event.to_string(), None, true);
    assert_eq!(labels(&split), [Label::Green, Label::Red]);
    assert_eq!(value(&split.parts[0])["Event"].get("Object"), None);
    assert_eq!(
        value(&split.parts[1])["Event"]["Object"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(split.raised[0].object, "/Event/Object/0");
    assert_eq!(split.raised[0].because_of, "/Event/Attribute/0");
}

#[test]
fn each_part_of_a_misp_event_has_the_limits_of_its_own_pieces() {
    let mut only_us = attribute(1, "tlp:red");
    only_us["distribution"] = json!("0");
    let text = event(&[only_us, attribute(2, "x")], "tlp:green");
    let whole = parted_text(&text, None, false);
    assert!(whole.parts[0].restriction.submitter_only);
    let split = parted_text(&text, None, true);
    assert_eq!(split.parts[0].restriction, Restriction::default());
    assert!(split.parts[1].restriction.submitter_only);
}

/// An event with a RED attribute of number 101 in which `piece` stands in `list`.
fn with_number(list: &str, piece: Value) -> String {
    let mut secret = attribute(1, "tlp:red");
    secret["id"] = json!("101");
    secret["event_id"] = json!("7");
    let text = event(&[secret, attribute(2, "x")], "tlp:green");
    let mut event: Value = serde_json::from_str(&text).unwrap();
    match event["Event"][list].as_array_mut() {
        Some(pieces) => pieces.push(piece),
        None => event["Event"][list] = json!([piece]),
    }
    event.to_string()
}

#[test]
fn a_piece_of_a_misp_event_that_names_a_stricter_one_by_its_number_goes_up_with_it() {
    let object = |reference: Value| {
        json!({"uuid": "cccccccc-0000-4000-8000-000000000001", "id": "101", "name": "file",
            "Attribute": [attribute(5, "x")], "ObjectReference": [reference]})
    };
    let with = |n: u32, key: &str, value: Value| {
        let mut piece = attribute(n, "x");
        piece[key] = value;
        piece
    };
    for (list, piece, place) in [
        (
            "Object",
            object(json!({"referenced_id": "101"})),
            "/Event/Object/0/ObjectReference/0/referenced_id",
        ),
        (
            "Object",
            object(json!({"referenced_id": 101})),
            "/Event/Object/0/ObjectReference/0/referenced_id",
        ),
        (
            "ShadowAttribute",
            with(6, "old_id", json!("101")),
            "/Event/ShadowAttribute/0/old_id",
        ),
        (
            "Attribute",
            with(6, "Sighting", json!([{"attribute_id": "101"}])),
            "/Event/Attribute/2/Sighting/0/attribute_id",
        ),
    ] {
        let split = parted_text(&with_number(list, piece.clone()), None, true);
        assert_eq!(labels(&split), [Label::Green, Label::Red], "{piece}");
        let [raised] = split.raised.as_slice() else {
            panic!("{piece}: {:?}", split.raised)
        };
        assert_eq!(raised.place, place);
        assert_eq!(raised.because_of, "/Event/Attribute/0");
    }
    // Numbers of another list, of none, and of the event say nothing.
    for piece in [
        with(6, "object_id", json!("101")),
        with(6, "old_id", json!("0")),
        with(6, "event_id", json!("7")),
    ] {
        let split = parted_text(&with_number("Attribute", piece.clone()), None, true);
        assert_eq!(split.raised, [], "{piece}");
    }
}

#[test]
fn an_attribute_within_a_stricter_misp_object_is_named_by_its_own_uuid() {
    let secret = json!({"uuid": "cccccccc-0000-4000-8000-000000000001", "name": "file", "Attribute": [attribute(5, "tlp:red")]});
    let mut namer = attribute(6, "x");
    namer["comment"] = json!("see 00000000-0000-4000-8000-000000000005");
    let mut event: Value =
        serde_json::from_str(&event(&[namer, attribute(2, "x")], "tlp:green")).unwrap();
    event["Event"]["Object"] = json!([secret]);
    let split = parted_text(&event.to_string(), None, true);
    assert_eq!(split.raised.len(), 1);
    assert_eq!(
        value(&split.parts[0])["Event"]["Attribute"],
        json!([attribute(2, "x")])
    );
}

#[test]
fn a_lower_part_of_a_misp_event_has_no_numbers_counts_or_empty_lists() {
    let mut text = String::new();
    for tag in ["tlp:green", "tlp:red"] {
        let mut secret = attribute(1, "tlp:red");
        secret["id"] = json!("101");
        let mut lower = attribute(2, "tlp:green");
        for (key, value) in [
            ("id", "102"),
            ("event_id", "7"),
            ("object_id", "0"),
            ("sharing_group_id", "3"),
            ("distribution", "1"),
        ] {
            lower[key] = json!(value);
        }
        lower["Galaxy"] = json!([{"id": "9", "meta": {"id": "12"}}]);
        let mut event: Value = serde_json::from_str(&event(&[secret, lower], tag)).unwrap();
        event["Event"]["id"] = json!("7");
        event["Event"]["distribution"] = json!("0");
        event["Event"]["publish_timestamp"] = json!("1700000009");
        event["Event"]["EventReport"] = json!([]);
        let split = parted_text(&event.to_string(), None, true);
        assert_eq!(labels(&split), [Label::Green, Label::Red]);
        let part = &split.parts[0];
        let mut expected = attribute(2, "tlp:green");
        expected["distribution"] = json!("1");
        expected["Galaxy"] = json!([{"meta": {"id": "12"}}]);
        let lower = &value(part)["Event"];
        assert_eq!(lower["Attribute"], json!([expected]));
        for key in ["id", "publish_timestamp", "EventReport", "attribute_count"] {
            assert_eq!(lower.get(key), None, "{key}");
        }
        if tag == "tlp:red" {
            assert_eq!(lower["distribution"], json!("1"));
        }
        // The event's own limit holds, whatever the frame says.
        assert!(part.restriction.submitter_only);
        assert_eq!(value(&split.parts[1])["Event"].get("EventReport"), None);
        text = event.to_string();
    }
    // Nor has an event that comes out whole.
    let one = text.replace("tlp:red", "tlp:green");
    let whole = parted_text(&one, None, true);
    assert_eq!(labels(&whole), [Label::Green]);
    let event = &value(&whole.parts[0])["Event"];
    assert_eq!(event["uuid"], "aaaaaaaa-0000-4000-8000-000000000001");
    for key in ["attribute_count", "EventReport"] {
        assert_eq!(event.get(key), None, "{key}");
    }
    assert_eq!(
        parted_text(&one, None, false).parts[0].bytes,
        one.as_bytes()
    );
}
