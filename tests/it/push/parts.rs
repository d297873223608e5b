//! A mixed document at a real node: each part goes as far as its own label, and no further.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{indicator, list, shared, text};

/// A bundle without a report, so that only markings tie its objects together.
fn bundle(id: u32, objects: &[Value]) -> String {
    let id = format!("bundle--00000000-0000-4000-8000-{id:012}");
    json!({"type": "bundle", "id": id, "objects": objects}).to_string()
}

fn labels(answer: &Value) -> Vec<(String, String)> {
    list(answer, "items")
        .iter()
        .map(|i| (text(i, "label").to_owned(), text(i, "item").to_owned()))
        .collect()
}

#[test]
fn the_harmless_part_of_a_mixed_bundle_crosses_and_the_rest_stays() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let (bob, bram) = (f.viewer("energy/bolt/bob"), f.viewer("water/aqua/bram"));
    let mixed = bundle(
        71,
        &[
            indicator("harmless seventy-one", Some("GREEN")),
            indicator("secret seventy-one", Some("RED")),
            indicator("internal seventy-one", Some("AMBER+STRICT")),
        ],
    );
    let file = f.file("mixed.json", &mixed);
    let flags = [
        "--title",
        "A title of the whole",
        "--tag",
        "whole-tag",
        "--severity",
        "high",
        "--to",
        "bolt/bob",
    ];
    let preview = meryem
        .push(&file, &[&flags[..], &["--dry-run"]].concat())
        .done()
        .object();
    let seen: Vec<&str> = list(&preview, "items")
        .iter()
        .map(|i| text(i, "label"))
        .collect();
    assert_eq!(seen, ["GREEN", "AMBER+STRICT", "RED"]);

    // Without an audience the lower part is everybody's.
    let answer = meryem.push(&file, &flags[..6]).done().object();
    let parts = labels(&answer);
    let of = |label: &str| {
        parts
            .iter()
            .find(|(l, _)| l == label)
            .expect("a part")
            .1
            .clone()
    };
    let (green, strict, red) = (of("GREEN"), of("AMBER+STRICT"), of("RED"));
    let entry = bram.sees(&green);
    assert_eq!(text(&entry, "title"), "harmless seventy-one");
    let content = String::from_utf8(bram.content(&green)).expect("JSON");
    for absent in [
        "secret seventy-one",
        "internal seventy-one",
        "A title",
        "whole-tag",
        "000000000071",
    ] {
        assert!(!content.contains(absent), "{absent} in {content}");
    }
    let shown = bram.run(&["show", &green]).done().text();
    assert!(
        !shown.contains("whole-tag") && !shown.contains("A title"),
        "{shown}"
    );
    assert_eq!(text(&bob.sees(&strict), "title"), "internal seventy-one");
    for hidden in [&strict, &red] {
        assert!(!bram.may_show(hidden));
    }
    assert!(!bob.may_show(&red));
    assert_eq!(text(&meryem.sees(&red), "title"), "A title of the whole");
}

#[test]
fn what_refers_upward_goes_up_and_the_answer_names_the_reference() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let (low, high) = (
        indicator("low seventy-two", Some("GREEN")),
        indicator("high seventy-two", Some("AMBER+STRICT")),
    );
    let mut tied = indicator("tied seventy-two", Some("GREEN"));
    tied["x_see"] = high["id"].clone();
    let file = f.file("tied.json", bundle(72, &[low, tied.clone(), high.clone()]));
    let preview = meryem.push(&file, &["--dry-run"]).done().object();
    let raised = list(&preview, "raised");
    assert_eq!(raised.len(), 1, "{preview}");
    assert_eq!(raised[0]["object"], tied["id"]);
    assert_eq!(raised[0]["because_of"], high["id"]);
    assert_eq!(
        (
            text(&raised[0], "from"),
            text(&raised[0], "to"),
            text(&raised[0], "place")
        ),
        ("GREEN", "AMBER+STRICT", "/objects/1/x_see")
    );
    let answer = meryem.push(&file, &[]).done().object();
    assert!(
        list(&answer, "remarks")
            .iter()
            .any(|r| r.as_str().is_some_and(|r| r.contains("/objects/1/x_see"))),
        "{answer}"
    );
    let inspected = meryem.run(&["inspect", &shown(&file)]).done().object();
    let objects = list(&inspected, "objects");
    assert_eq!(text(&objects[0], "label"), "GREEN");
    assert!(text(&objects[0], "why").starts_with("marked at /objects/0/"));
    assert!(text(&objects[1], "why").starts_with("refers to indicator--"));
    assert_eq!(list(&inspected, "parts").len(), 2);
}

fn shown(file: &Path) -> String {
    file.to_string_lossy().into_owned()
}

#[test]
fn over_revisions_parts_are_matched_by_label_and_one_that_vanished_is_withdrawn() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let bram = f.viewer("water/aqua/bram");
    let report = |modified: &str| {
        json!({"type": "report", "spec_version": "2.1", "id": "report--00000000-0000-4000-8000-000000000073",
            "created": "2026-01-05T10:00:00.000Z", "modified": modified, "published": "2026-01-05T10:00:00.000Z",
            "name": "seventy-three", "object_refs": [indicator("green 73", None)["id"]],
            "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"]})
    };
    let first = bundle(
        73,
        &[
            report("2026-01-05T10:00:00.000Z"),
            indicator("green 73", None),
            indicator("red 73", Some("RED")),
            indicator("amber 73", Some("AMBER+STRICT")),
        ],
    );
    let answer = meryem.push(&f.file("v1.json", first), &[]).done().object();
    let before = labels(&answer);
    assert_eq!(before.len(), 3, "{answer}");
    let second = bundle(
        74,
        &[
            report("2026-01-06T10:00:00.000Z"),
            indicator("green 73", None),
            indicator("red 73 b", Some("RED")),
        ],
    );
    let file = f.file("v2.json", second);
    let answer = meryem.push(&file, &[]).done().object();
    assert_eq!(text(&answer, "status"), "revised");
    let after = labels(&answer);
    assert_eq!(after.len(), 2, "{answer}");
    for (label, item) in &after {
        assert!(
            before.contains(&(label.clone(), item.clone())),
            "{label} is another item"
        );
    }
    let gone = before
        .iter()
        .find(|b| !after.contains(b))
        .expect("one went");
    assert_eq!(gone.0, "AMBER+STRICT");
    let _ = meryem.sees_withdrawn(&gone.1);
    let green = &after.iter().find(|a| a.0 == "GREEN").expect("a part").1;
    assert_eq!(bram.sees(green)["revision"], 2);
    assert_eq!(
        text(&meryem.push(&file, &[]).done().object(), "status"),
        "existing"
    );
}

#[test]
fn a_misp_event_is_split_only_where_that_is_asked_for() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let bram = f.viewer("water/aqua/bram");
    let attribute = |n: u32, tag: Option<&str>| {
        json!({"uuid": format!("00000000-0000-4000-8000-0000007500{n:02}"), "type": "domain",
            "category": "Network activity", "value": format!("c{n}.bad.example"), "timestamp": "1767607200",
            "Tag": tag.map(|tag| json!({"name": tag})).into_iter().collect::<Vec<_>>()})
    };
    let event = json!({"Event": {"uuid": "00000000-0000-4000-8000-000000750000", "info": "seventy-five",
        "date": "2026-01-05", "timestamp": "1767607200", "distribution": "3",
        "Orgc": {"uuid": "00000000-0000-4000-8000-000000750099", "name": "Third Party"}, "Tag": [{"name": "tlp:green"}],
        "Attribute": [attribute(1, None), attribute(2, Some("tlp:amber+strict"))]}});
    let file = f.file("event.json", event.to_string());
    let preview = meryem.push(&file, &["--dry-run"]).done().object();
    assert_eq!(list(&preview, "items").len(), 1);
    assert!(
        list(&preview, "remarks").iter().any(|r| r
            .as_str()
            .is_some_and(|r| r.contains("--split would release 1 as GREEN"))),
        "{preview}"
    );
    let answer = meryem.push(&file, &["--split"]).done().object();
    let parts = labels(&answer);
    assert_eq!(
        parts.iter().map(|p| p.0.as_str()).collect::<Vec<_>>(),
        ["GREEN", "AMBER+STRICT"]
    );
    let _ = bram.sees(&parts[0].1);
    let content: Value = serde_json::from_slice(&bram.content(&parts[0].1)).expect("JSON");
    assert_eq!(content["Event"]["Attribute"], json!([attribute(1, None)]));
    assert!(!bram.may_show(&parts[1].1));
}

#[test]
fn a_declaration_that_is_forgotten_lowers_nothing() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let version = |modified: &str| {
        crate::support::bundle(
            "held up",
            modified,
            &[indicator("held up 76", Some("GREEN"))],
        )
    };
    let item = meryem.share(
        &f.file("v1.json", version("2026-01-05T10:00:00.000Z")),
        &["--tlp", "AMBER"],
    );
    let second = f.file("v2.json", version("2026-01-06T10:00:00.000Z"));
    let _ = meryem.push(&second, &[]).refused("differs");
    assert_eq!(text(&meryem.sees(&item), "label"), "AMBER");
}
