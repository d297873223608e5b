//! Names that are planted in a document are found and refused, all at once (threat 21).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{house, identity, stix};
use crate::support::{Viewer, list, shared, text};

/// The places of a refusal, sorted.
fn places(answer: &Value) -> Vec<String> {
    let mut places: Vec<String> = list(answer, "places")
        .iter()
        .map(|p| text(p, "place").to_owned())
        .collect();
    places.sort();
    places
}

fn indicator(n: u32, more: Value) -> Value {
    let mut object = json!({
        "type": "indicator", "spec_version": "2.1", "id": format!("indicator--{}", super::uuid(n)),
        "created": "2026-01-05T10:00:00.000Z", "modified": "2026-01-05T10:00:00.000Z",
        "pattern": "[domain-name:value = 'c2.bad.example']", "pattern_type": "stix",
        "valid_from": "2026-01-05T10:00:00Z"
    });
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
    object
}

#[test]
fn a_name_in_any_place_and_encoding_is_refused_with_all_places() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let sentence = "seen by ACME Utilities";
    let wide: Vec<u8> = sentence.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let planted = [
        json!({ "description": sentence }),
        json!({ "description": "acme-utilities.pdf" }),
        json!({ "x_acme_utilities": true }),
        json!({ "labels": ["a", "AcmeUtilities"] }),
        json!({ "description": "ask soc@mail.acme.example" }),
        json!({ "external_references": [{ "source_name": "x", "url": "https://x.example/?by=ACME%20Utilities" }] }),
        json!({ "description": "&#65;cme&nbsp;Utilities" }),
        json!({ "description": "=41cme=20Utilities" }),
        json!({ "x_note": STANDARD.encode(sentence) }),
        json!({ "description": format!("powershell -enc {}", STANDARD.encode(wide)) }),
        json!({ "description": format!("bytes {}", hex::encode(sentence)) }),
        json!({ "description": "acme[.]example" }),
        json!({ "description": "spiffe://energy.isac.example/member/acme/person/x" }),
    ];
    let objects: Vec<Value> = planted
        .iter()
        .zip(0x100..)
        .map(|(more, n)| indicator(n, more.clone()))
        .collect();
    let bundle = json!({ "type": "bundle", "id": format!("bundle--{}", super::uuid(0xff)), "objects": objects });
    let file = f.file("planted.json", bundle.to_string());
    let answer = meryem
        .push(&file, &["--tlp", "GREEN"])
        .refused("names-submitter");
    let mut expected = [
        "/objects/0/description",
        "/objects/1/description",
        "/objects/2/x_acme_utilities",
        "/objects/3/labels/1",
        "/objects/4/description",
        "/objects/5/external_references/0/url",
        "/objects/6/description",
        "/objects/7/description",
        "/objects/8/x_note",
        "/objects/9/description",
        "/objects/10/description",
        "/objects/11/description",
        "/objects/12/description",
    ];
    expected.sort_unstable();
    // A payload has its encoding behind its place, where it is not found in the string itself.
    let found: Vec<String> = places(&answer)
        .iter()
        .map(|p| p.trim_end_matches(" (base64)").to_owned())
        .collect();
    let mut found_once = found.clone();
    found_once.dedup();
    assert_eq!(found_once, expected, "{answer}");
    // Named, or after reading the places, it goes.
    assert!(is_taken(&meryem, &file, &["--accept-mentions"]));
}

fn is_taken(viewer: &Viewer, file: &std::path::Path, flags: &[&str]) -> bool {
    let mut all = vec!["--tlp", "GREEN"];
    all.extend(flags);
    text(&viewer.push(file, &all).done().object(), "status") == "accepted"
}

#[test]
fn what_is_given_beside_the_document_is_searched_too() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let file = f.markdown("Nobody is named", "words");
    for (flag, value) in [
        ("--title", "By ACME Utilities"),
        ("--summary", "see acme%2Eexample"),
        ("--tag", "acme-utilities"),
    ] {
        let answer = meryem
            .push(&file, &["--tlp", "GREEN", flag, value])
            .refused("names-submitter");
        assert_eq!(places(&answer), [flag], "{answer}");
    }
    assert!(is_taken(&meryem, &file, &[]));
}

#[test]
fn the_creator_is_replaced_but_a_mention_beside_it_is_refused() {
    let f = house();
    let meryem = f.viewer("energy/acme/meryem");
    let document = stix(
        &identity(0xa),
        "ACME Utilities",
        "2026-02-05T10:00:00.000Z",
        "Found by ACME Utilities",
    );
    let answer = meryem
        .push(&f.file("a.json", document), &["--tlp", "GREEN"])
        .refused("names-submitter");
    assert_eq!(places(&answer), ["/objects/1/name", "/objects/2/name"]);
}

#[test]
fn what_cannot_be_searched_goes_only_named() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let mut archive = b"PK\x03\x04".to_vec();
    archive.resize(200, 0xa5);
    let artifact = json!({
        "type": "artifact", "spec_version": "2.1", "id": format!("artifact--{}", super::uuid(0x200)),
        "payload_bin": STANDARD.encode(archive)
    });
    let bundle = json!({ "type": "bundle", "id": format!("bundle--{}", super::uuid(0x201)), "objects": [artifact] });
    let file = f.file("carrier.json", bundle.to_string());
    for attribution in ["community", "anonymous"] {
        let answer = meryem
            .push(&file, &["--tlp", "GREEN", "--attribution", attribution])
            .refused("unsearchable");
        assert_eq!(places(&answer), ["/objects/0/payload_bin (base64)"]);
    }
    assert!(is_taken(&meryem, &file, &["--attribution", "named"]));
}
