//! Real documents are read as the manifest beside them says, and a second extractor that shares no code with the first
//! finds no marking that the first one missed.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::Value;
use sluis::inspect::{Inspection, inspect};
use sluis::model::label::Label;

/// The directories with a manifest: the one in the repository, and another one named in the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no configuration that could name a directory"
)]
fn directories() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let other = std::env::var_os("SLUIS_DATA").map(PathBuf::from);
    [Some(own), other]
        .into_iter()
        .flatten()
        .filter(|d| d.join("manifest.json").is_file())
        .collect()
}

struct File {
    path: String,
    bytes: Bytes,
    entry: Value,
}

impl File {
    fn seen(&self) -> Inspection {
        inspect(&self.bytes, None)
    }

    fn validity(&self) -> &str {
        self.entry["validity"].as_str().unwrap()
    }
}

fn files() -> Vec<File> {
    let mut files = Vec::new();
    for directory in directories() {
        let manifest = std::fs::read(directory.join("manifest.json")).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        for entry in manifest["files"].as_array().unwrap() {
            // Text has no structure that a second reading could go by.
            if matches!(entry["kind"].as_str(), Some("markdown" | "text")) {
                continue;
            }
            let path = entry["path"].as_str().unwrap().to_owned();
            let bytes = Bytes::from(std::fs::read(directory.join(&path)).unwrap());
            files.push(File {
                path,
                bytes,
                entry: entry.clone(),
            });
        }
    }
    files
}

/// Every document of the collections, with its path, also those without structure.
pub(crate) fn all_bytes() -> Vec<(String, Bytes)> {
    let mut all = Vec::new();
    for directory in directories() {
        for path in crate::conformance::paths(&directory) {
            let bytes = std::fs::read(directory.join(&path)).unwrap();
            all.push((path, Bytes::from(bytes)));
        }
    }
    all
}

/// What the manifest expects, where the markings that it leaves out count as RED.
fn expected_label(entry: &Value) -> Option<&str> {
    let unknown = entry["tlp_unknown"]
        .as_array()
        .is_some_and(|a| !a.is_empty());
    let unresolved = entry["unresolved_marking_refs"].as_u64().unwrap_or(0) > 0;
    if unknown || unresolved {
        return Some("RED");
    }
    entry["expected_tlp"].as_str()
}

fn expected_format(entry: &Value) -> &'static str {
    match (entry["kind"].as_str(), entry["format_version"].as_str()) {
        (Some("csaf"), Some("2.0")) => "csaf-2.0",
        (Some("csaf"), Some("2.1")) => "csaf-2.1",
        (Some("misp-event"), _) => "misp",
        (Some(kind), Some("2.0")) if kind.starts_with("stix") => "stix-2.0",
        (Some(kind), Some("2.1")) if kind.starts_with("stix") => "stix-2.1",
        _ => "unknown",
    }
}

/// Damaged JSON has no format, whatever it was meant to be.
fn is_damaged(file: &File) -> bool {
    file.path.starts_with("invalid/syntax/")
}

#[test]
fn every_format_is_recognised_by_content() {
    for file in files() {
        let expected = if is_damaged(&file) {
            "unknown"
        } else {
            expected_format(&file.entry)
        };
        assert_eq!(file.seen().format, expected, "{}", file.path);
    }
}

#[test]
fn every_label_is_the_one_of_the_manifest() {
    for file in files().iter().filter(|f| !is_damaged(f)) {
        let seen = file.seen();
        assert_eq!(
            seen.label,
            expected_label(&file.entry),
            "{}: {:?}",
            file.path,
            seen.markings
        );
    }
}

#[test]
fn valid_documents_have_no_problems_and_negative_examples_have() {
    let mut missed = Vec::new();
    for file in files() {
        let seen = file.seen();
        match file.validity() {
            "valid" | "valid-with-warnings" | "other-version" => {
                assert!(seen.valid, "{}: {:?}", file.path, seen.problems);
            }
            "invalid" if seen.valid => missed.push(file.path),
            // A published document that breaks a MUST may or may not break one that is looked at.
            _ => {}
        }
    }
    missed.sort();
    missed.dedup();
    assert_eq!(missed, [""; 0]);
}

#[test]
fn every_document_keeps_its_identity_over_white_space_and_compression() {
    for file in files().iter().filter(|f| f.bytes.len() < 100_000) {
        let seen = file.seen();
        if !seen.valid || seen.format == "unknown" {
            continue;
        }
        let value: Value = serde_json::from_slice(&unpacked(&file.bytes)).unwrap();
        let written = Bytes::from(serde_json::to_vec_pretty(&value).unwrap());
        let again = inspect(&written, None);
        assert_eq!(
            (again.format, again.label, again.version, again.parts),
            (seen.format, seen.label, seen.version, seen.parts),
            "{}",
            file.path
        );
        if seen.format.starts_with("stix") {
            assert_eq!(again.identity, seen.identity, "{}", file.path);
        }
        assert_eq!(inspect(&packed(&written), None), inspect(&written, None));
    }
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return bytes.to_vec();
    }
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_end(&mut out)
        .unwrap();
    out
}

fn packed(bytes: &[u8]) -> Bytes {
    let mut out = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::fast())
        .read_to_end(&mut out)
        .unwrap();
    Bytes::from(out)
}

/// A second reading of markings, as plain as it can be: any published id anywhere, any value under a key `tlp`, any
/// `tlp:` followed by a name.
fn second_reading(value: &Value) -> Option<Label> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, value)| {
                let claimed = match (key.to_lowercase().as_str(), value) {
                    ("tlp" | "tlp_2_0", Value::String(text)) => named(&text.to_lowercase()),
                    ("tlp", Value::Object(tlp)) => tlp
                        .get("label")
                        .and_then(Value::as_str)
                        .and_then(|l| named(&l.to_lowercase())),
                    _ => None,
                };
                [claimed, said(key), second_reading(value)]
            })
            .max()
            .flatten(),
        Value::Array(items) => items.iter().map(second_reading).max().flatten(),
        Value::String(text) => published(text).max(said(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn published(id: &str) -> Option<Label> {
    let label = match id.strip_prefix("marking-definition--")?.get(..8)? {
        "613f2e26" | "94868c89" => Label::Clear,
        "34098fce" | "bab4a63c" => Label::Green,
        "f88d31f6" | "55d920b0" => Label::Amber,
        "939a9414" => Label::AmberStrict,
        "5e57c739" | "e828b379" => Label::Red,
        _ => return None,
    };
    Some(label)
}

fn said(text: &str) -> Option<Label> {
    let text = text.to_lowercase();
    text.match_indices("tlp:")
        .filter(|(at, _)| !text[..*at].ends_with(char::is_alphanumeric))
        .filter_map(|(at, _)| named(text[at + 4..].trim_start()))
        .max()
}

fn named(text: &str) -> Option<Label> {
    let text = text.strip_prefix("tlp:").unwrap_or(text);
    [
        ("amber+strict", Label::AmberStrict),
        ("amber", Label::Amber),
        ("white", Label::Clear),
        ("clear", Label::Clear),
        ("green", Label::Green),
        ("red", Label::Red),
    ]
    .into_iter()
    .find(|(name, _)| {
        text.strip_prefix(name)
            .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    })
    .map(|(_, label)| label)
}

#[test]
fn the_label_is_never_below_what_a_second_reading_finds() {
    for file in files().iter().filter(|f| !is_damaged(f)) {
        let seen = file.seen();
        let Ok(value) = serde_json::from_slice::<Value>(&unpacked(&file.bytes)) else {
            assert_eq!(seen.format, "unknown", "{}", file.path);
            continue;
        };
        let second = second_reading(&value);
        let label = seen.label.map(|l| Label::parse(l).unwrap());
        assert!(
            label >= second,
            "{}: {label:?}, but a second reading finds {second:?}",
            file.path
        );
    }
}

/// Every place of every small document gets a marking planted; the label is never below it.
#[test]
fn a_marking_planted_into_a_real_document_is_always_found() {
    let mut planted = 0;
    for file in files().iter().filter(|f| f.bytes.len() < 2_000) {
        if !file.seen().valid {
            continue;
        }
        let value: Value = serde_json::from_slice(&unpacked(&file.bytes)).unwrap();
        let mut places = Vec::new();
        strings(&value, &mut String::new(), &mut places);
        for place in places {
            for (text, label) in [
                ("see TLP:RED there", "RED"),
                ("tlp:amber+strict", "AMBER+STRICT"),
            ] {
                let mut copy = value.clone();
                *copy.pointer_mut(&place).unwrap() = text.into();
                let seen = inspect(&Bytes::from(copy.to_string()), None);
                // Where the string made it a document of its format, it may now be none at all.
                if seen.format == "unknown" {
                    continue;
                }
                let found = seen.label.and_then(Label::parse);
                assert!(found >= Label::parse(label), "{} {place} {text}", file.path);
                planted += 1;
            }
        }
    }
    assert!(planted > 1_000 || directories().is_empty(), "{planted}");
}

fn strings(value: &Value, pointer: &mut String, places: &mut Vec<String>) {
    let length = pointer.len();
    match value {
        Value::String(_) => places.push(pointer.clone()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                strings(item, pointer, places);
                pointer.truncate(length);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                strings(member, pointer, places);
                pointer.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn the_conformance_in_numbers() {
    let mut counts: BTreeMap<(String, bool), usize> = BTreeMap::new();
    for file in files() {
        let key = (file.validity().to_owned(), file.seen().valid);
        *counts.entry(key).or_default() += 1;
    }
    for ((validity, valid), count) in &counts {
        println!(
            "{validity}: {count} read as {}",
            if *valid { "valid" } else { "not valid" }
        );
    }
    for format in ["stix-2.1", "stix-2.0", "csaf-2.0", "csaf-2.1", "misp"] {
        assert!(
            directories().is_empty() || files().iter().any(|f| f.seen().format == format),
            "no document of {format}"
        );
    }
}
