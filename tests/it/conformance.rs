//! Every document of a collection, read and compared with what its manifest says of it.
//!
//! The collection is `tests/data`, or the folder that `SLUIS_DATA` names: `manifest.json` in it has an entry for each file
//! (`tests/data/manifest.json` explains the fields). Nothing here knows a document by name: what is expected of one follows
//! from its manifest alone, so that a collection can grow.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::Value;
use sluis::formats::{self, Document, Limits};
use sluis::markings::{self, Marked};
use sluis::model::label::Label;
use sluis::model::submission::{Place, Reason, Refusal};
use sluis::partition::{self, Creator, Parted, Parting};
use uuid::Uuid;

/// As many bytes as a node takes by default.
const LIMITS: Limits = Limits {
    bytes_max: 16 * 1024 * 1024,
};

/// What a manifest says of one document.
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) sha256: String,
    pub(crate) licence: String,
    pub(crate) source: Value,
    kind: String,
    version: String,
    validity: String,
    /// The most restrictive label anywhere in the document.
    expected: Option<Label>,
    /// The most restrictive label that the document applies to something; only STIX can define one and not use it.
    applied: Option<Label>,
    /// It carries a marking that looks like TLP and names no level.
    unknown: bool,
    /// It refers to a marking that is neither in it nor a published TLP one.
    unresolved: bool,
}

impl Entry {
    fn of(value: &Value) -> Self {
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
        let label = |key: &str| Label::parse(text(key));
        let labels = |key: &str| value.get(key).and_then(Value::as_array);
        let expected = label("expected_tlp");
        let applied = match labels("tlp_applied") {
            Some(list) => list
                .iter()
                .filter_map(|name| Label::parse(name.as_str()?))
                .max(),
            None => expected,
        };
        Self {
            path: text("path").to_owned(),
            sha256: text("sha256").to_owned(),
            licence: text("licence").to_owned(),
            source: value.get("source").cloned().unwrap_or_default(),
            kind: text("kind").to_owned(),
            version: text("format_version").to_owned(),
            validity: text("validity").to_owned(),
            expected,
            applied,
            unknown: labels("tlp_unknown").is_some_and(|list| !list.is_empty()),
            unresolved: value
                .get("unresolved_marking_refs")
                .and_then(Value::as_u64)
                .is_some_and(|count| count > 0),
        }
    }

    /// Good enough that a node has no reason to refuse it.
    fn is_good(&self) -> bool {
        matches!(
            self.validity.as_str(),
            "valid" | "valid-with-warnings" | "other-version"
        )
    }

    /// The name of its format; none where the manifest knows none.
    fn format(&self) -> Option<String> {
        if self.kind.starts_with("stix-") {
            return Some(format!("stix-{}", self.version));
        }
        match self.kind.as_str() {
            "csaf" => Some(format!("csaf-{}", self.version)),
            "misp-event" => Some("misp".to_owned()),
            "markdown" | "text" => Some(self.kind.clone()),
            _ => None,
        }
    }
}

/// All entries of a collection.
pub(crate) fn manifest(collection: &Path) -> Vec<Entry> {
    let text = fs::read_to_string(collection.join("manifest.json"))
        .expect("a collection has a manifest.json");
    let manifest: Value = serde_json::from_str(&text).expect("the manifest is JSON");
    let files = manifest.get("files").and_then(Value::as_array);
    files
        .expect("the manifest lists files")
        .iter()
        .map(Entry::of)
        .collect()
}

/// All files of a collection, as paths inside it.
pub(crate) fn paths(collection: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![collection.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("a collection is made of folders") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let inside = path.strip_prefix(collection).expect("the walk began there");
                found.push(inside.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests have no configuration of their own, and SLUIS_DATA is for them alone"
)]
fn collection() -> PathBuf {
    match std::env::var_os("SLUIS_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data"),
    }
}

/// A document of the collection and what became of it.
struct Read {
    entry: Entry,
    document: Result<Document, Refusal>,
}

/// The whole collection, read once. A panic is the reader's worst fault, and is told with the document that provoked it.
fn read_all() -> &'static [Read] {
    static READ: OnceLock<Vec<Read>> = OnceLock::new();
    READ.get_or_init(|| {
        let collection = collection();
        manifest(&collection)
            .into_iter()
            .map(|entry| {
                let bytes = Bytes::from(fs::read(collection.join(&entry.path)).unwrap_or_default());
                match catch_unwind(AssertUnwindSafe(|| formats::read(&bytes, &LIMITS))) {
                    Ok(document) => Read { entry, document },
                    Err(_) => panic!("{}: reading it panicked", entry.path),
                }
            })
            .collect()
    })
}

/// A document of the collection that was read, and what became of finding its label.
struct Marks {
    entry: &'static Entry,
    document: &'static Document,
    marked: Result<Marked, Refusal>,
}

/// The documents that were read, with their labels where one is declared or found.
fn mark_all(declared: Option<Label>) -> Vec<Marks> {
    read_all()
        .iter()
        .filter_map(|read| Some((&read.entry, read.document.as_ref().ok()?)))
        .map(|(entry, document)| {
            match catch_unwind(AssertUnwindSafe(|| markings::mark(document, declared, &[]))) {
                Ok(marked) => Marks {
                    entry,
                    document,
                    marked,
                },
                Err(_) => panic!("{}: finding its markings panicked", entry.path),
            }
        })
        .collect()
}

/// The document's text, so that a label anywhere in it reads `TLP:NAME`; `TLP="name"` is met in tags.
fn labels_as_written(document: &Document) -> String {
    String::from_utf8_lossy(&document.bytes)
        .to_ascii_uppercase()
        .replace(['\\', '"'], "")
        .replace("TLP=", "TLP:")
}

fn parted(document: &Document, marked: &Marked) -> Parted {
    partition::parts(
        document,
        marked,
        Parting {
            split: true,
            id: &|_| Uuid::from_u128(0x4000_8000_0000_0000_0000),
            creator: Creator {
                name: "A community",
                uuid: Uuid::from_u128(0x4000_8000_0000_0000_0001),
            },
        },
    )
}

fn nothing(violations: Vec<String>, rule: &str) {
    assert!(
        violations.is_empty(),
        "{rule}\n  {}\n",
        violations.join("\n  ")
    );
}

#[test]
fn good_documents_are_read_and_known_by_their_content() {
    let mut violations = Vec::new();
    for Read { entry, document } in read_all() {
        if !entry.is_good() {
            continue;
        }
        match document {
            Err(refusal) => violations.push(refused(entry, refusal)),
            Ok(document) => {
                violations.extend(other_format(entry, document));
                let remarks = document.problems.iter().chain(&document.warnings);
                violations.extend(remarks.take(3).map(|place| at(entry, place)));
            }
        }
    }
    nothing(violations, "good documents are read");
}

#[test]
fn what_is_published_with_faults_is_read_with_warnings() {
    let mut violations = Vec::new();
    let (mut found, mut silent, mut not_taken) = (0_u32, Vec::new(), Vec::new());
    for Read { entry, document } in read_all() {
        if entry.validity != "nonconformant" {
            continue;
        }
        match document {
            Err(refusal) => violations.push(refused(entry, refusal)),
            Ok(document) => {
                violations.extend(other_format(entry, document));
                if !document.problems.is_empty() {
                    not_taken.push(entry.path.as_str());
                } else if document.warnings.is_empty() {
                    silent.push(entry.path.as_str());
                } else {
                    found += 1;
                }
            }
        }
    }
    eprintln!("{found} with warnings; silent: {silent:#?}; not taken: {not_taken:#?}");
    // What is published is mostly sound where a reader would stumble.
    assert!(not_taken.len() <= 20, "{not_taken:#?}");
    nothing(violations, "published documents are read");
}

#[test]
fn damaged_documents_are_refused() {
    let mut violations = Vec::new();
    let mut told = BTreeMap::<&str, u32>::new();
    for Read { entry, document } in read_all() {
        if entry.validity != "invalid" {
            continue;
        }
        let what = match document {
            Err(refusal) => refusal.reason.name(),
            Ok(document) if !document.problems.is_empty() => Reason::NotValid.name(),
            Ok(document) if !document.warnings.is_empty() => "(warning)",
            Ok(_) => {
                violations.push(entry.path.clone());
                "(accepted)"
            }
        };
        *told.entry(what).or_default() += 1;
    }
    eprintln!("invalid documents: {told:?}");
    nothing(violations, "what breaks a rule is refused or told");
}

fn refused(entry: &Entry, refusal: &Refusal) -> String {
    let reason = refusal.reason.name();
    format!("{}: refused, {reason}: {}", entry.path, refusal.message)
}

fn other_format(entry: &Entry, document: &Document) -> Option<String> {
    let format = document.format.name();
    entry
        .format()
        .is_some_and(|expected| expected != format)
        .then(|| format!("{}: read as {format}", entry.path))
}

fn at(entry: &Entry, place: &Place) -> String {
    format!("{}: {}: {}", entry.path, place.place, place.message)
}

#[test]
fn a_label_is_never_below_a_marking_in_the_content() {
    let mut violations = Vec::new();
    for declared in [None, Some(Label::Clear)] {
        for Marks {
            entry,
            document,
            marked,
        } in mark_all(declared)
        {
            let Ok(marked) = marked else {
                continue;
            };
            if entry.applied.is_some_and(|floor| marked.label < floor) {
                violations.push(format!("{}: {}", entry.path, marked.label));
            }
            if entry.unknown && marked.label != Label::Red {
                violations.push(format!("{}: {}, not RED", entry.path, marked.label));
            }
            let highest = parted(document, &marked)
                .parts
                .iter()
                .map(|part| part.label)
                .max();
            if highest != Some(marked.label) {
                violations.push(format!("{}: parts end at {highest:?}", entry.path));
            }
        }
    }
    nothing(violations, "a marking is a floor");
}

#[test]
fn a_label_is_what_the_markings_say_and_no_more() {
    let mut violations = Vec::new();
    for Marks {
        entry,
        document,
        marked,
    } in mark_all(None)
    {
        // Unknown and unresolved markings count as RED; the test above looks at them.
        if !entry.is_good() || entry.unknown || entry.unresolved {
            continue;
        }
        let text = labels_as_written(document);
        match (marked, entry.expected) {
            (Ok(marked), Some(expected)) if marked.label == expected => {}
            (Ok(marked), _) => {
                // A label inside a text field counts as a marking of its object; the manifests do not list these.
                let written = text.contains(&format!("TLP:{}", marked.label));
                if !written {
                    let by = marked.decided_by.unwrap_or_default();
                    violations.push(format!("{}: {} by {by}", entry.path, marked.label));
                }
            }
            // What is only defined and used by nothing marks nothing.
            (Err(refusal), _) if entry.applied.is_none() && refusal.reason == Reason::NoLabel => {}
            (Err(refusal), _) => {
                violations.push(format!("{}: {}", entry.path, refusal.message));
            }
        }
    }
    nothing(violations, "the label is the strictest marking");
}

#[test]
fn unmarked_documents_take_the_declared_label() {
    let mut violations = Vec::new();
    for declared in Label::ALL {
        for Marks {
            entry,
            document,
            marked,
        } in mark_all(Some(declared))
        {
            let unmarked = entry.expected.is_none() && !entry.unknown && !entry.unresolved;
            if !entry.is_good() || !unmarked {
                continue;
            }
            let written = labels_as_written(document).contains("TLP:");
            match marked {
                Ok(marked) if marked.label == declared || written => {}
                Ok(marked) => violations.push(format!("{}: {}", entry.path, marked.label)),
                Err(_) if written => {}
                Err(refusal) => violations.push(format!("{}: {}", entry.path, refusal.message)),
            }
        }
    }
    nothing(
        violations,
        "a declared label is the default for unmarked content",
    );
}
