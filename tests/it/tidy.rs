//! The house as README.md draws it, read from its sources as text: what a reader relies on, and no compiler checks.

mod source;

use std::collections::BTreeSet;

use sluis::model::decision::Rule;
use sluis::model::submission::Reason;
use source::{Source, files, has_word, modules_named, root};

/// The modules in reading order. One may use only what stands before it.
const FLOORS: &[&str] = &[
    "clock",
    "fault",
    "model",
    "wire",
    "formats",
    "markings",
    "anonymity",
    "partition",
    "inspect",
    "provenance",
    "policy",
    "tasks",
    "store",
    "log",
    "trust",
    "client",
    "audit",
    "membership",
    "peering",
    "intake",
    "feed",
    "gate",
    "federation",
    "overview",
    "api",
    "http",
    "node",
    "cli",
];

/// A file that names a module above it, the module, and why that is right.
const UPWARDS: &[(&str, &str, &str)] = &[];

/// Modules, and single files, that are functions of values.
const PURE: &[&str] = &[
    "model",
    "wire",
    "formats",
    "markings",
    "anonymity",
    "partition",
    "provenance",
    "policy",
    "federation/link.rs",
];

/// What pure code does not say: waiting, files, network, database, environment, time and chance.
const IMPURE: &[&str] = &[
    "async",
    "await",
    "tokio",
    "sqlx",
    "tonic",
    "std::fs",
    "TcpListener",
    "TcpStream",
    "UdpSocket",
    "ToSocketAddrs",
    "std::env",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime",
    "SystemRandom",
    "rand::",
    "static mut",
];

/// A pure file, a word of [`IMPURE`] in it, and why that is right.
const IMPURE_ALLOWED: &[(&str, &str, &str)] = &[
    (
        "wire/mod.rs",
        "tonic",
        "brings in the messages and services that are generated from proto/",
    ),
    (
        "provenance/key.rs",
        "SystemRandom",
        "makes a new signing key; signing and verifying take no chance",
    ),
    ("provenance/key.rs", "rand::", "as above"),
];

/// Most lines of a source file: more, and it has two subjects.
const LINES_MAX: usize = 600;

/// A longer file, and why it stays one.
const LONGER: &[(&str, &str)] = &[];

/// Names that say nothing.
const EMPTY_NAMES: &[&str] = &[
    "util", "utils", "helper", "helpers", "common", "misc", "manager",
];

/// What is not merged, in code or comment.
const UNFINISHED: &[&str] = &[
    "TODO",
    "FIXME",
    "XXX",
    "dbg!",
    "todo!",
    "unimplemented!",
    "#[ignore",
    "#[should_panic",
];

/// Most bytes of the documents in tests/data: every clone carries them.
const DATA_BYTES_MAX: u64 = 3_000_000;

fn nothing(violations: Vec<String>, rule: &str) {
    assert!(
        violations.is_empty(),
        "{rule}\n  {}\n",
        violations.join("\n  ")
    );
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|name| *name == module)
}

fn is_pure(file: &Source) -> bool {
    let module = file.module().unwrap_or_default();
    PURE.contains(&module) || PURE.contains(&file.path.as_str())
}

#[test]
fn modules_are_declared_in_reading_order() {
    let lib = files("src", ".rs")
        .into_iter()
        .find(|file| file.path == "lib.rs")
        .expect("src/lib.rs is the front page");
    let code = lib.code();
    let declared: Vec<&str> = code
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("pub ").strip_prefix("mod "))
        .map(|rest| rest.trim_end_matches(';'))
        .collect();
    let in_order: Vec<&str> = FLOORS
        .iter()
        .copied()
        .filter(|name| declared.contains(name))
        .collect();
    assert_eq!(declared, in_order, "src/lib.rs declares by floors");
}

#[test]
fn a_module_uses_only_what_is_below_it() {
    let mut violations = Vec::new();
    for file in files("src", ".rs") {
        let Some(module) = file.module() else {
            continue;
        };
        let Some(own) = floor(module) else {
            violations.push(format!("{}: `{module}` is on no floor", file.path));
            continue;
        };
        for named in modules_named(&file.code()) {
            let allowed = UPWARDS
                .iter()
                .any(|(path, name, _)| *path == file.path && *name == named);
            if floor(&named).is_some_and(|other| other > own) && !allowed {
                violations.push(format!("{}: uses crate::{named}, a floor above", file.path));
            }
        }
    }
    nothing(violations, "a module uses only what is declared before it");
}

#[test]
fn pure_modules_neither_wait_nor_look_outside() {
    let mut violations = Vec::new();
    for file in files("src", ".rs").iter().filter(|file| is_pure(file)) {
        let code = file.code();
        for word in IMPURE.iter().filter(|word| has_word(&code, word)) {
            let allowed = IMPURE_ALLOWED
                .iter()
                .any(|(path, name, _)| *path == file.path && name == word);
            if !allowed {
                violations.push(format!("{}: {word}", file.path));
            }
        }
    }
    nothing(violations, "pure modules are functions of values");
}

#[test]
fn tasks_database_and_environment_have_one_room_each() {
    // The word, and where it may stand.
    let rooms: &[(&str, &[&str])] = &[
        ("sqlx", &["store/"]),
        ("tokio::spawn", &["tasks.rs"]),
        ("SystemTime::now", &["clock.rs"]),
        ("anyhow", &["cli/", "cli.rs", "main.rs"]),
        ("println!", &["cli/", "cli.rs", "main.rs"]),
    ];
    let mut violations = Vec::new();
    for file in files("src", ".rs") {
        let code = file.code();
        for (word, allowed) in rooms {
            let inside = allowed.iter().any(|room| file.path.starts_with(room));
            if !inside && has_word(&code, word) {
                violations.push(format!("{}: {word}", file.path));
            }
        }
    }
    nothing(violations, "each has one room");
}

#[test]
fn files_have_one_subject_and_names_say_something() {
    let mut violations = Vec::new();
    for file in files("src", ".rs") {
        if file.is_all_tests() {
            continue;
        }
        let lines = file.text.lines().count();
        let listed = LONGER.iter().any(|(path, _)| *path == file.path);
        if lines > LINES_MAX && !listed {
            violations.push(format!("{}: {lines} lines", file.path));
        }
        let parts = file.path.trim_end_matches(".rs").split('/');
        for part in parts.filter(|part| EMPTY_NAMES.contains(part)) {
            violations.push(format!("{}: `{part}` says nothing", file.path));
        }
        if !file.text.starts_with("//!") {
            violations.push(format!("{}: begins without saying what it is", file.path));
        }
    }
    nothing(violations, "a file has one subject, at most 600 lines");
}

#[test]
fn functions_are_named_by_what_they_do() {
    // The generated service traits dictate these names.
    let rpcs: BTreeSet<String> = rpcs().into_iter().map(|rpc| snake(&rpc.name)).collect();
    let mut violations = Vec::new();
    for file in files("src", ".rs") {
        let code = file.code();
        for declared in code.split("fn ").skip(1) {
            let name: String = declared
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let empty = ["get_", "handle_", "process_"]
                .iter()
                .any(|start| name.starts_with(start));
            if empty && !(file.path.starts_with("api/") && rpcs.contains(&name)) {
                violations.push(format!("{}: {name}", file.path));
            }
        }
    }
    nothing(violations, "no get_, handle_, process_");
}

#[test]
fn nothing_unfinished_is_merged() {
    let mut violations = Vec::new();
    for folder in ["src", "tests/it", "proto"] {
        for file in files(folder, "") {
            // This file has to name what it forbids.
            if folder == "tests/it" && file.path.starts_with("tidy") {
                continue;
            }
            for word in UNFINISHED.iter().filter(|word| has_word(&file.text, word)) {
                violations.push(format!("{folder}/{}: {word}", file.path));
            }
        }
    }
    nothing(
        violations,
        "a reason stands where it acts, or in the commit",
    );
}

#[test]
fn every_rule_and_reason_is_documented() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md is there");
    let violations = words()
        .into_iter()
        .filter(|word| !readme.contains(&format!("`{}`", word.name)))
        .map(|word| word.name.to_owned())
        .collect();
    nothing(violations, "README.md says what each rule and reason means");
}

#[test]
fn every_rule_and_reason_is_provoked() {
    let mut tests: String = files("tests/it", ".rs")
        .into_iter()
        .filter(|file| !file.path.starts_with("tidy"))
        .map(|file| file.text)
        .collect();
    for file in files("src", ".rs") {
        tests.push_str(file.tests());
    }
    let violations = words()
        .into_iter()
        .filter(|word| {
            !has_word(&tests, &word.path) && !tests.contains(&format!("\"{}\"", word.name))
        })
        .map(|word| format!("{} (`{}`)", word.path, word.name))
        .collect();
    nothing(violations, "a test provokes each rule and reason");
}

/// A rule or a reason.
struct Word {
    name: &'static str,
    path: String,
}

fn words() -> Vec<Word> {
    let rules = Rule::ALL.iter().map(|rule| Word {
        name: rule.name(),
        path: format!("Rule::{rule:?}"),
    });
    let reasons = Reason::ALL.iter().map(|reason| Word {
        name: reason.name(),
        path: format!("Reason::{reason:?}"),
    });
    rules.chain(reasons).collect()
}

#[test]
fn every_rpc_says_who_may_call_it() {
    let violations = rpcs()
        .into_iter()
        .filter(|rpc| !(rpc.comment.contains("may call") || rpc.comment.contains("Callers")))
        .map(|rpc| format!("{}/{}", rpc.service, rpc.name))
        .collect();
    nothing(violations, "an RPC's comment says who may call it");
}

#[test]
fn every_rpc_has_its_row_in_the_access_table() {
    let Some(table) = files("src", ".rs")
        .into_iter()
        .find(|file| file.path == "api/access.rs")
    else {
        return;
    };
    let violations = rpcs()
        .into_iter()
        .filter(|rpc| !(table.text.contains(&rpc.service) && has_word(&table.text, &rpc.name)))
        .map(|rpc| format!("{}/{}", rpc.service, rpc.name))
        .collect();
    nothing(violations, "api/access.rs says who may call each RPC");
}

/// An RPC as its proto declares it.
struct Rpc {
    service: String,
    name: String,
    comment: String,
}

fn rpcs() -> Vec<Rpc> {
    let mut found = Vec::new();
    for file in files("proto", "_service.proto") {
        let mut service = String::new();
        let mut comment = String::new();
        for line in file.text.lines().map(str::trim) {
            if let Some(rest) = line.strip_prefix("service ") {
                service = rest.trim_end_matches(" {").to_owned();
            } else if let Some(rest) = line.strip_prefix("rpc ") {
                let name = rest.split('(').next().unwrap_or_default().to_owned();
                let (service, comment) = (service.clone(), std::mem::take(&mut comment));
                found.push(Rpc {
                    service,
                    name,
                    comment,
                });
            } else if line.starts_with("//") {
                comment.push_str(line);
            } else {
                comment.clear();
            }
        }
    }
    found
}

/// `GetItem` as `get_item`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[test]
fn documents_are_those_of_the_manifest_and_may_be_passed_on() {
    let base = root().join("tests/data");
    let manifest = crate::conformance::manifest(&base);
    let mut violations = Vec::new();
    let mut listed = BTreeSet::from(["ATTRIBUTION.md".to_owned(), "manifest.json".to_owned()]);
    let mut total = 0_u64;
    let attribution =
        std::fs::read_to_string(base.join("ATTRIBUTION.md")).expect("the origins are written down");
    for entry in &manifest {
        listed.insert(entry.path.clone());
        let bytes = std::fs::read(base.join(&entry.path)).unwrap_or_default();
        total += u64::try_from(bytes.len()).expect("a file's length fits");
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
        if hex::encode(digest.as_ref()) != entry.sha256 {
            violations.push(format!(
                "{}: is not what the manifest describes",
                entry.path
            ));
        }
        if entry.licence.contains("GPL") || entry.licence.contains("-SA-") {
            violations.push(format!("{}: {}", entry.path, entry.licence));
        }
        let origin = entry.source.get("repository").and_then(|r| r.as_str());
        if let Some(repository) = origin.filter(|r| !attribution.contains(*r)) {
            violations.push(format!(
                "{}: {repository} is not in ATTRIBUTION.md",
                entry.path
            ));
        }
    }
    for path in crate::conformance::paths(&base) {
        if !listed.contains(&path) {
            violations.push(format!("{path}: is not in the manifest"));
        }
    }
    if total > DATA_BYTES_MAX {
        violations.push(format!("{total} bytes, more than {DATA_BYTES_MAX}"));
    }
    nothing(violations, "tests/data is what its manifest says");
}
