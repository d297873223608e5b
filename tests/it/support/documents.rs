//! Small documents, made so that what matters in them can be read in the test.

use serde_json::{Value, json};

/// A Markdown document.
pub(crate) fn report(title: &str, text: &str) -> String {
    format!("# {title}\n\n{text}\n")
}

/// A UUID that is the same for the same name: documents keep their identity from one run to the next.
fn uuid(name: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, name.as_bytes());
    let hex = hex::encode(digest.as_ref());
    let part = |from: usize, to: usize| hex.get(from..to).expect("a digest has 64 digits");
    format!(
        "{}-{}-4{}-8{}-{}",
        part(0, 8),
        part(8, 12),
        part(13, 16),
        part(17, 20),
        part(20, 32)
    )
}

/// The published marking ids of TLP 2.0.
fn marking(label: &str) -> &'static str {
    match label {
        "CLEAR" => "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
        "GREEN" => "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        "AMBER" => "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        "AMBER+STRICT" => "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        "RED" => "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
        other => panic!("{other} is no label"),
    }
}

/// A STIX indicator, marked with a label if one is given.
pub(crate) fn indicator(name: &str, label: Option<&str>) -> Value {
    let mut object = json!({
        "type": "indicator",
        "spec_version": "2.1",
        "id": format!("indicator--{}", uuid(name)),
        "created": "2026-01-05T10:00:00.000Z",
        "modified": "2026-01-05T10:00:00.000Z",
        "name": name,
        "pattern": "[domain-name:value = 'c2.bad.example']",
        "pattern_type": "stix",
        "valid_from": "2026-01-05T10:00:00Z"
    });
    if let (Some(label), Some(object)) = (label, object.as_object_mut()) {
        object.insert("object_marking_refs".to_owned(), json!([marking(label)]));
    }
    object
}

/// A STIX bundle of a report, in this version, and these objects.
pub(crate) fn bundle(name: &str, modified: &str, objects: &[Value]) -> String {
    let refs: Vec<&Value> = objects.iter().filter_map(|o| o.get("id")).collect();
    let report = json!({
        "type": "report",
        "spec_version": "2.1",
        "id": format!("report--{}", uuid(name)),
        "created": "2026-01-05T10:00:00.000Z",
        "modified": modified,
        "name": name,
        "published": "2026-01-05T10:00:00.000Z",
        "object_refs": refs
    });
    let mut all = vec![report];
    all.extend_from_slice(objects);
    json!({
        "type": "bundle",
        "id": format!("bundle--{}", uuid(&format!("bundle of {name}"))),
        "objects": all
    })
    .to_string()
}

/// A MISP event with these tags and this distribution.
pub(crate) fn misp(name: &str, tags: &[&str], distribution: u8) -> String {
    let tags: Vec<Value> = tags.iter().map(|tag| json!({ "name": tag })).collect();
    json!({
        "Event": {
            "uuid": uuid(name),
            "info": name,
            "date": "2026-01-05",
            "timestamp": "1767607200",
            "published": true,
            "analysis": "2",
            "threat_level_id": "2",
            "distribution": distribution.to_string(),
            "Orgc": { "uuid": uuid("a third party"), "name": "Third Party" },
            "Tag": tags,
            "Attribute": [{
                "uuid": uuid(&format!("attribute of {name}")),
                "type": "domain",
                "category": "Network activity",
                "value": "c2.bad.example",
                "to_ids": true,
                "distribution": "5",
                "timestamp": "1767607200"
            }]
        }
    })
    .to_string()
}
