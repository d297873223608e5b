use super::*;
use crate::model::words::Kind;
use std::cmp::Ordering;

fn read_text(text: &str) -> Result<Document, Refusal> {
    read(&Bytes::copy_from_slice(text.as_bytes()), &Limits::default())
}

fn reason(text: &str) -> Reason {
    read_text(text).unwrap_err().reason
}

const REPORT: &str = r#"{"type":"report","spec_version":"2.1","id":"report--84e4d88f-44ea-4bcd-bbf3-b2c1c320bcb3",
    "created":"2024-01-01T00:00:00.000Z","modified":"2024-02-01T00:00:00.000Z","name":"A wave\n of mail","description":"D",
    "published":"2024-01-01T00:00:00Z","object_refs":["identity--023d105b-752e-4e3c-941c-7d3f3cb15e9e"]}"#;
const OTHER: &str = r#"{"type":"grouping","spec_version":"2.1","id":"grouping--84e4d88f-44ea-4bcd-bbf3-b2c1c320bcb3",
    "created":"2024-01-01T00:00:00.000Z","modified":"2024-02-01T00:00:00.000Z","context":"x",
    "object_refs":["identity--023d105b-752e-4e3c-941c-7d3f3cb15e9e"]}"#;
const URL: &str = r#"{"type":"url","id":"url--dda0a1b4-84e4-5d88-8f44-b2c1c320bcb3","value":"http://x.example/"}"#;
const EVENT: &str = r#"{"uuid":"385283A1-b5e0-4e10-a532-dce11c365a56","info":"E","date":"2024-01-01","timestamp":1700000000,
    "Orgc":{"name":"o","uuid":"10c8f445-888b-4a2d-bac8-4e1e8861d595"},"Attribute":[]}"#;

fn bundle(id: char, objects: &[&str]) -> String {
    format!(
        r#"{{"type":"bundle","id":"bundle--{id}d0092c5-5f74-4287-9642-33f4c354e56d","objects":[{}]}}"#,
        objects.join(",")
    )
}

#[test]
fn a_stix_document_is_known_by_its_only_report() {
    let document = read_text(&bundle('5', &[URL, REPORT])).unwrap();
    assert_eq!(document.format, Format::Stix21);
    assert_eq!(
        document.identity,
        "report--84e4d88f-44ea-4bcd-bbf3-b2c1c320bcb3"
    );
    assert_eq!(document.version, "2024-02-01T00:00:00.000Z");
    assert_eq!(document.title, "A wave of mail");
    assert_eq!(document.summary, "D");
    assert_eq!(document.kind, Kind::Report);
    assert_eq!(document.problems, []);
}

#[test]
fn without_an_only_report_the_objects_are_the_identity_and_the_bundle_id_is_not() {
    let identity = |text: &str| {
        let document = read_text(text).unwrap();
        assert_eq!(document.version, "");
        document.identity
    };
    let digest = identity(&bundle('5', &[URL, REPORT, OTHER]));
    assert_eq!(digest.len(), 64);
    assert_eq!(digest, identity(&bundle('6', &[OTHER, URL, REPORT])));
    assert_eq!(
        digest,
        identity(&format!("{{\"objects\": [{OTHER},\n{URL},{REPORT}]}}"))
    );
    assert_eq!(digest, identity(&format!("[{URL},{REPORT},{OTHER}]")));
    assert_ne!(digest, identity(&bundle('5', &[URL])));
    let other = URL.replace("x.example", "y.example");
    assert_ne!(
        identity(&bundle('5', &[URL])),
        identity(&bundle('5', &[&other]))
    );
    assert_eq!(read_text(URL).unwrap().kind, Kind::Indicators);
}

#[test]
fn a_misp_event_is_known_by_uuid_and_timestamp_in_any_wrapping() {
    for text in [
        format!("{{\"Event\":{EVENT}}}"),
        format!("{{\"response\":[{{\"Event\":{EVENT}}}]}}"),
        format!("[{{\"Event\":{EVENT}}}]"),
        EVENT.to_owned(),
    ] {
        let document = read_text(&text).unwrap();
        assert_eq!(document.format, Format::Misp, "{text}");
        assert_eq!(document.identity, "385283a1-b5e0-4e10-a532-dce11c365a56");
        assert_eq!(document.version, "1700000000");
        assert_eq!(document.title, "E");
        assert_eq!(document.problems, []);
    }
    // Several events are one document without an identity of its own.
    let two = read_text(&format!("[{{\"Event\":{EVENT}}},{{\"Event\":{EVENT}}}]")).unwrap();
    assert_eq!((two.identity.len(), two.version.as_str()), (64, ""));
}

#[test]
fn a_csaf_advisory_is_known_by_publisher_and_id() {
    let text = r#"{"document":{"category":"csaf_base","csaf_version":"2.0","title":"T",
        "publisher":{"category":"vendor","name":"n","namespace":"https://n.example"},
        "notes":[{"category":"summary","text":"S"}],
        "tracking":{"id":"A-1","version":"2","status":"final","current_release_date":"2024-01-01T00:00:00Z",
        "initial_release_date":"2024-01-01T00:00:00Z","revision_history":[
        {"date":"2024-01-01T00:00:00Z","number":"1","summary":"s"},{"date":"2024-01-02T00:00:00Z","number":"2","summary":"s"}]}}}"#;
    let document = read_text(text).unwrap();
    assert_eq!(document.format, Format::Csaf20);
    assert_eq!(document.identity, "https://n.example A-1");
    assert_eq!(document.version, "2");
    assert_eq!(
        (document.title.as_str(), document.summary.as_str()),
        ("T", "S")
    );
    assert_eq!(document.kind, Kind::Advisory);
    assert_eq!(document.problems, []);
    assert_eq!(compare_versions(document.format, "2", "10"), Ordering::Less);
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    let object = &URL[..URL.len() - 1];
    assert_eq!(
        reason(&format!("{object},\"value\":\"http://y.example/\"}}")),
        Reason::DuplicateKey
    );
    // A document of two formats at once, so that each reader would find other markings.
    assert_eq!(
        reason(&format!("{object},\"Event\":{EVENT}}}")),
        Reason::UnknownFormat
    );
    assert_eq!(
        reason(&format!(
            "{object},\"document\":{{\"csaf_version\":\"2.0\"}}}}"
        )),
        Reason::UnknownFormat
    );
}

#[test]
fn limits_hold_before_and_after_decompression() {
    let limits = Limits { bytes_max: 10 };
    let read = |text: &'static str| read(&Bytes::from_static(text.as_bytes()), &limits);
    assert!(read("0123456789").is_ok());
    assert_eq!(read("0123456789a").unwrap_err().reason, Reason::TooLarge);
    assert_eq!(reason(&"[".repeat(1000)), Reason::TooDeep);
}

#[test]
fn other_json_and_damaged_json_are_never_text() {
    for text in [
        "{}",
        "[]",
        "[1]",
        "{\"a\":1}",
        "{\"type\":\"x\"}",
        "{\"objects\":[]}",
        "{\"response\":[]}",
        "[{\"type\":\"x\"}]",
        "{\"document\":{}}",
        "{\"tlp\":\"red\"",
        "[TLP:RED] see the annex",
    ] {
        assert_eq!(reason(text), Reason::UnknownFormat, "{text}");
    }
}

#[test]
fn a_long_identity_is_kept_as_its_digest() {
    let text = format!("{{\"Event\":{EVENT}}}").replace("385283A1", &"a".repeat(2000));
    let document = read_text(&text).unwrap();
    assert_eq!(document.identity.len(), 64);
    assert!(!document.problems.is_empty());
}
