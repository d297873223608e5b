//! The source of an un-named push: in nothing that travels, in no table, and told to an operator only on record.

mod documents;
mod mentions;
mod sealed;

use serde_json::{Value, json};

use crate::support::{Federation, Viewer, text};

/// A UUID for a number.
fn uuid(n: u32) -> String {
    format!("{n:08x}-752e-4e3c-941c-7d3f3cb15e9e")
}

/// The STIX identity that a member registered.
fn identity(n: u32) -> String {
    format!("identity--{}", uuid(n))
}

/// A STIX bundle whose creator is this identity, in this version.
fn stix(creator: &str, name: &str, modified: &str, marker: &str) -> String {
    let object = |kind: &str, n: u32, more: Value| {
        let mut object = json!({
            "type": kind, "spec_version": "2.1", "id": format!("{kind}--{}", uuid(n)),
            "created": "2026-01-05T10:00:00.000Z", "modified": modified, "created_by_ref": creator,
        });
        if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
            object.extend(more);
        }
        object
    };
    json!({
        "type": "bundle",
        "id": format!("bundle--{}", uuid(1)),
        "objects": [
            {
                "type": "identity", "spec_version": "2.1", "id": creator, "name": name,
                "created": "2026-01-05T10:00:00.000Z", "modified": "2026-01-05T10:00:00.000Z",
                "identity_class": "organization", "x_of": name,
            },
            object("indicator", 2, json!({
                "name": marker, "pattern": "[domain-name:value = 'c2.bad.example']", "pattern_type": "stix",
                "valid_from": "2026-01-05T10:00:00Z", "x_number": 1.5
            })),
            object("report", 3, json!({
                "name": marker, "published": "2026-01-05T10:00:00.000Z",
                "object_refs": [format!("indicator--{}", uuid(2))]
            })),
        ]
    })
    .to_string()
}

/// A MISP event whose creator is this organisation.
fn misp(creator: &str, name: &str, domain: &str, marker: &str) -> String {
    let organisation =
        json!({ "id": "7", "name": name, "uuid": creator.trim_start_matches("identity--") });
    json!({
        "Event": {
            "uuid": uuid(9), "info": marker, "date": "2026-01-05", "timestamp": "1767607200", "published": true,
            "analysis": "2", "threat_level_id": "2", "distribution": "3", "org_id": "7", "orgc_id": "7",
            "event_creator_email": format!("jane@{domain}"),
            "Orgc": organisation, "Org": organisation,
            "Attribute": [{
                "uuid": uuid(0x10), "type": "domain", "category": "Network activity", "value": "c2.bad.example",
                "to_ids": true, "distribution": "5", "timestamp": "1767607200"
            }]
        }
    })
    .to_string()
}

/// A CSAF advisory of this publisher.
fn csaf(name: &str, domain: &str, marker: &str) -> String {
    json!({
        "document": {
            "category": "csaf_base", "csaf_version": "2.0", "title": marker,
            "distribution": { "tlp": { "label": "GREEN" } },
            "publisher": { "category": "vendor", "name": name, "namespace": format!("https://psirt.{domain}") },
            "tracking": {
                "id": "2026-1", "version": "1", "status": "final",
                "initial_release_date": "2026-01-05T10:00:00.000Z", "current_release_date": "2026-01-05T10:00:00.000Z",
                "revision_history": [{ "date": "2026-01-05T10:00:00.000Z", "number": "1", "summary": "first" }]
            }
        }
    })
    .to_string()
}

/// The document of an item, as a viewer gets it.
#[track_caller]
fn raw(viewer: &Viewer, item: &str) -> String {
    viewer.run(&["show", item, "--raw"]).done().text()
}

/// Energy with two members that registered an identity each, and a third; water beside it.
fn house() -> Federation {
    let f = Federation::of(&["energy", "water"]);
    f.peer("energy", "water", &[], &[]);
    f.member("energy/acme", &["--identity", &identity(0xa)]);
    f.member("energy/volt", &["--identity", &identity(0xb)]);
    for person in [
        "energy/acme/meryem",
        "energy/volt/vera",
        "energy/bolt/bob",
        "water/aqua/bram",
    ] {
        let _ = f.person(person);
    }
    f
}

/// What a feed says of an item, apart from its ids and times.
fn said(entry: &Value) -> Value {
    let mut entry = entry.clone();
    if let Some(object) = entry.as_object_mut() {
        for key in ["item", "cursor", "created"] {
            assert!(object.remove(key).is_some(), "{key}: {object:?}");
        }
    }
    entry
}

/// The id of the only item of an answer.
fn item_of(viewer: &Viewer, answer: &Value) -> String {
    assert_eq!(text(answer, "status"), "accepted", "{answer}");
    viewer.one_item(answer)
}
