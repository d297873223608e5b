//! The real documents of `tests/data` pushed to one of two real nodes, and compared with what should have crossed: worked
//! out here from the documents' own manifest and the label that the push answered, without any code of the policy.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use serde_json::Value;

use crate::support::{Federation, Viewer, list, text};

const WATER: &str = "water.isac.example";

/// What the manifest says of a document, as far as it matters here.
struct Described {
    path: String,
    /// A node has no reason to refuse it.
    good: bool,
    /// Damaged so that no reader reads it.
    damaged: bool,
    /// What somebody would declare for it: for text what it says, or more.
    declared: &'static str,
    /// The most restrictive label that is applied in it.
    least: Option<usize>,
    /// Its own distribution keeps it in the community.
    stays: bool,
}

const LABELS: [&str; 5] = ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"];

fn rank(label: &str) -> Option<usize> {
    LABELS.iter().position(|l| *l == label)
}

fn described() -> Vec<Described> {
    let base = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/");
    let manifest = std::fs::read_to_string(format!("{base}manifest.json")).expect("it is there");
    let manifest: Value = serde_json::from_str(&manifest).expect("it is JSON");
    list(&manifest, "files")
        .iter()
        .map(|file| describe(base, file))
        .collect()
}

fn describe(base: &str, file: &Value) -> Described {
    let path = format!("{base}{}", text(file, "path"));
    let validity = text(file, "validity");
    let expected = rank(text(file, "expected_tlp"));
    let is_text = matches!(text(file, "kind"), "markdown" | "text");
    let applied = match file.get("tlp_applied").and_then(Value::as_array) {
        Some(labels) => labels.iter().filter_map(|l| rank(l.as_str()?)).max(),
        None => expected,
    };
    Described {
        good: matches!(validity, "valid" | "valid-with-warnings" | "other-version")
            && (!is_text || list(file, "tlp_unknown").is_empty()),
        damaged: text(file, "path").starts_with("invalid/syntax/"),
        declared: match expected {
            Some(label) if is_text => LABELS[label],
            _ => "CLEAR",
        },
        least: applied,
        stays: stays(&std::fs::read(&path).expect("the manifest lists it")),
        path,
    }
}

/// Whether a document's own distribution keeps it in the community: in MISP, anywhere, 0 (the own organisation), 1 (the
/// community) or 4 (a group in it); in CSAF a sharing group other than everybody.
fn stays(bytes: &[u8]) -> bool {
    const EVERYBODY: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";
    let mut unpacked = Vec::new();
    let packed = flate2::read::GzDecoder::new(bytes)
        .read_to_end(&mut unpacked)
        .is_ok();
    let document = serde_json::from_slice(if packed { &unpacked } else { bytes });
    let document: Value = document.unwrap_or_default();
    let group = document.pointer("/document/distribution/sharing_group/id");
    group.is_some_and(|id| id != EVERYBODY) || is_distributed_less(&document)
}

fn is_distributed_less(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, value)| {
            let less = value.as_str().is_some_and(|v| matches!(v, "0" | "1" | "4"))
                || value.as_u64().is_some_and(|v| matches!(v, 0 | 1 | 4));
            key == "distribution" && less || is_distributed_less(value)
        }),
        Value::Array(values) => values.iter().any(is_distributed_less),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Pushes all documents, those of each declared label in one command; the answers by file.
fn push_all(by: &Viewer, documents: &[Described], flags: &[&str]) -> BTreeMap<String, Value> {
    let mut answers = BTreeMap::new();
    for label in LABELS {
        let files = documents.iter().filter(|d| d.declared == label);
        let files: Vec<&str> = files.map(|d| d.path.as_str()).collect();
        if files.is_empty() {
            continue;
        }
        let all = [
            &["push", "--tlp", label, "--accept-mentions"],
            flags,
            &files[..],
        ]
        .concat();
        let answer = by.run(&all);
        assert!(matches!(answer.code, 0 | 3), "{answer}");
        let objects = answer.objects();
        assert_eq!(objects.len(), files.len(), "one answer for each file");
        answers.extend(
            objects
                .into_iter()
                .map(|o| (text(&o, "file").to_owned(), o)),
        );
    }
    answers
}

/// Items that should be at the peer, by what was answered, and those that should not.
fn sorted_out(
    documents: &[Described],
    answers: &BTreeMap<String, Value>,
    named: bool,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut crosses, mut stays) = (BTreeSet::new(), BTreeSet::new());
    for document in documents {
        let answer = &answers[&document.path];
        let refused = text(answer, "status") == "refused";
        assert!(!(document.good && refused), "{answer}");
        assert!(!document.damaged || refused, "{answer}");
        let items = list(answer, "items");
        let labels = items.iter().filter_map(|i| rank(text(i, "label")));
        let highest = labels.max();
        if !refused {
            assert!(
                highest >= rank(document.declared) && highest >= document.least,
                "{answer}"
            );
        }
        for item in items {
            let may = match text(item, "label") {
                "CLEAR" | "GREEN" => true,
                "AMBER" => named,
                _ => false,
            };
            let id = text(item, "item").to_owned();
            if may && !document.stays {
                crosses.insert(id);
            } else {
                stays.insert(id);
            }
        }
    }
    (crosses, stays)
}

#[test]
fn real_documents_go_exactly_as_far_as_their_labels_say() {
    let f = Federation::of(&["energy", "water"]);
    let (zoe, yuri) = (
        f.person("energy/zephyr/zoe"),
        f.person("energy/yonder/yuri"),
    );
    let bram = f.person("water/quench/bram");
    f.peer(
        "energy",
        "water",
        &["--out-ceiling", "AMBER", "--in-ceiling", "AMBER"],
        &[],
    );
    let documents = described();
    let unnamed = push_all(&zoe, &documents, &[]);
    let named = push_all(&yuri, &documents, &["--to", WATER]);
    let (mut crosses, mut stays) = sorted_out(&documents, &unnamed, false);
    let (also, not) = sorted_out(&documents, &named, true);
    assert!(also.len() > crosses.len(), "naming lets AMBER cross");
    crosses.extend(also);
    stays.extend(not);
    assert!(
        crosses.len() > 100 && stays.len() > 20,
        "{} {}",
        crosses.len(),
        stays.len()
    );

    let last = zoe.share(&f.markdown("The last of all", "words"), &["--tlp", "CLEAR"]);
    let arrived = bram.sees(&last);
    crosses.insert(last);
    assert_eq!(text(&arrived, "origin"), "energy.isac.example");
    let there = bram
        .run(&["feed", "--origin", "energy.isac.example"])
        .done()
        .objects();
    let there: BTreeSet<String> = there.iter().map(|e| text(e, "item").to_owned()).collect();
    let of = |item: &String| {
        let answers = unnamed.iter().chain(&named);
        let found =
            answers.filter(|(_, a)| list(a, "items").iter().any(|i| text(i, "item") == item));
        found
            .map(|(path, answer)| format!("{path} {}", answer["items"]))
            .next()
    };
    let leaked: Vec<_> = there.difference(&crosses).map(of).collect();
    let missing: Vec<_> = crosses.difference(&there).map(of).collect();
    assert!(
        leaked.is_empty() && missing.is_empty(),
        "leaked {leaked:#?}, missing {missing:#?}"
    );
    for item in stays.iter().step_by(7) {
        assert!(!bram.may_show(item));
    }
    // At home everything is there, and both nodes' records verify.
    let home: BTreeSet<String> = zoe.items().into_iter().collect();
    let own = unnamed.values().flat_map(|a| list(a, "items"));
    for item in own {
        assert!(home.contains(text(item, "item")));
    }
    for node in [f.node("energy"), f.node("water")] {
        let verified = node.operator(&["audit", "verify"]).done().object();
        assert_eq!(verified["valid"], true, "{verified}");
    }
}
