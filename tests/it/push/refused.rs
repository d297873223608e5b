//! Refusals: exit code 3, the reason, the places, and nothing of the document left in the node.

use std::io::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::support::{Federation, Viewer, bundle, indicator, list, report, shared, text};

/// Pushes what must be refused, and looks that nothing of it is there.
#[track_caller]
fn refused(reason: &str, file: &Path, flags: &[&str]) -> Value {
    let meryem = shared().viewer("energy/acme/meryem");
    let answer = meryem.push(file, flags).refused(reason);
    assert!(list(&answer, "items").is_empty(), "{answer}");
    assert!(!is_there(&meryem, file), "a refused push left something");
    answer
}

/// Whether a document is in the feed of who pushed it, and would always see it.
fn is_there(viewer: &Viewer, file: &Path) -> bool {
    let bytes = std::fs::read(file).expect("it is ours");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    let digest = hex::encode(digest.as_ref());
    viewer.feed().iter().any(|e| text(e, "sha256") == digest)
}

#[track_caller]
fn has_place(answer: &Value, place: &str) {
    let places = list(answer, "places");
    assert!(places.iter().any(|p| text(p, "place") == place), "{answer}");
    assert!(
        places.iter().all(|p| !text(p, "message").is_empty()),
        "{answer}"
    );
}

#[track_caller]
fn green(reason: &str, name: &str, bytes: impl AsRef<[u8]>) -> Value {
    refused(reason, &shared().file(name, bytes), &["--tlp", "GREEN"])
}

#[test]
fn no_label_anywhere_is_refused() {
    let file = shared().markdown("Nobody said how far", "words");
    let answer = refused("no-label", &file, &[]);
    assert!(
        text(&answer, "message").contains("--tlp"),
        "says what would help"
    );
}

#[test]
fn text_that_says_a_higher_label_is_refused_with_its_line() {
    let f = shared();
    let file = f.markdown("Quoted", "first\n\nTLP:RED they said");
    let answer = refused("label-in-text", &file, &["--tlp", "GREEN"]);
    has_place(&answer, "line:5");
    // Settled by hand, where the words are only quoted.
    let meryem = f.viewer("energy/acme/meryem");
    let flags = ["--tlp", "GREEN", "--resolve-marking", "line:5=GREEN"];
    let item = meryem.share(&file, &flags);
    assert_eq!(text(&meryem.sees(&item), "label"), "GREEN");
}

#[test]
fn a_key_that_stands_twice_is_refused_with_its_place() {
    let answer = green(
        "duplicate-key",
        "document.json",
        r#"{"type":"bundle","objects":[{"type":"a","type":"b"}]}"#,
    );
    has_place(&answer, "/objects/0/type");
}

#[test]
fn a_document_nested_too_deep_is_refused() {
    let deep = format!(
        r#"{{"type":"bundle","objects":{}{}}}"#,
        "[".repeat(500),
        "]".repeat(500)
    );
    let answer = green("too-deep", "document.json", deep);
    assert_eq!(list(&answer, "places").len(), 1);
}

#[test]
fn bytes_that_are_not_utf8_are_refused_with_their_line() {
    let answer = green("not-utf8", "document.md", b"# title\nand then \xff\n");
    has_place(&answer, "line:2");
}

#[test]
fn what_is_too_large_is_refused_before_and_after_decompression() {
    let mut large = report("Too much", "").into_bytes();
    large.resize((16 << 20) + 1, b'x');
    let _ = green("too-large", "document.md", &large);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&large).expect("memory takes it");
    let packed = packed.finish().expect("memory takes it");
    assert!(packed.len() < 1 << 20, "small on its way");
    let _ = green("too-large", "document.md.gz", &packed);
    // Not even sent.
    large.resize((64 << 20) + 1, b'x');
    let _ = green("too-large", "document.huge.md", &large);
}

#[test]
fn what_is_exactly_as_large_as_allowed_is_accepted() {
    let f = shared();
    let mut most = report("As much as may be", "").into_bytes();
    most.resize(16 << 20, b'x');
    let file = f.file("most.md", &most);
    let item = f
        .viewer("energy/acme/meryem")
        .share(&file, &["--tlp", "AMBER+STRICT"]);
    assert_eq!(f.viewer("energy/bolt/bob").content(&item), most);
}

#[test]
fn json_of_no_known_format_is_refused() {
    let _ = green("unknown-format", "document.json", r#"{"hello":"world"}"#);
    let _ = green(
        "unknown-format",
        "document.bin",
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0",
    );
    let _ = green(
        "unknown-format",
        "document.cut.json",
        r#"{"type":"bundle","objects":["#,
    );
    let _ = green(
        "unknown-format",
        "document.md.gz",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03cut",
    );
}

#[test]
fn a_document_that_breaks_its_own_format_is_refused_with_its_places() {
    let mut broken = indicator("without a pattern", None);
    broken.as_object_mut().expect("an object").remove("pattern");
    let stix = bundle("broken", "2026-01-05T10:00:00.000Z", &[broken]);
    let answer = green("not-valid", "document.json", stix);
    has_place(&answer, "/objects/1");
}

#[test]
fn an_audience_that_does_not_exist_is_refused() {
    let f = shared();
    for to in ["nobody", "acme/nobody", "nobody/meryem"] {
        let file = f.markdown(&format!("For {to}"), "words");
        let answer = refused("unknown-audience", &file, &["--tlp", "GREEN", "--to", to]);
        has_place(&answer, to);
    }
}

#[test]
fn the_submitters_own_name_or_domain_is_refused_with_its_places() {
    let f = shared();
    let file = f.markdown("Seen by us", "at mail.acme.example\nby ACME utilities");
    let answer = refused("names-submitter", &file, &["--tlp", "GREEN"]);
    has_place(&answer, "line:3");
    has_place(&answer, "line:4");
    // Named, or read and accepted, it passes.
    let meryem = f.viewer("energy/acme/meryem");
    let flags = ["--tlp", "GREEN", "--attribution", "named"];
    let item = meryem.share(&file, &flags);
    let other = f.markdown("Seen by us again", "at mail.acme.example");
    let accepted = meryem.share(&other, &["--tlp", "GREEN", "--accept-mentions"]);
    let bob = f.viewer("energy/bolt/bob");
    assert!(text(&bob.sees(&item), "submitter").ends_with("/member/acme"));
    bob.sees(&accepted);
}

#[test]
fn a_title_or_summary_that_names_the_submitter_is_refused() {
    let f = shared();
    let file = f.markdown("An innocent document", "words");
    for flag in ["--title", "--summary"] {
        let flags = ["--tlp", "GREEN", flag, "Found at acme utilities"];
        let answer = refused("names-submitter", &file, &flags);
        has_place(&answer, flag);
    }
}

#[test]
fn a_word_outside_its_bounds_is_refused() {
    let f = shared();
    let file = f.markdown("A title that is too long", "words");
    let title = "x".repeat(600);
    let answer = refused("bad-option", &file, &["--tlp", "GREEN", "--title", &title]);
    has_place(&answer, "title");
    // On a stream likewise.
    let file = file.to_string_lossy();
    let typed = ["push", &*file, &*file, "--tlp", "GREEN", "--title", &title];
    let answers = f.viewer("energy/acme/meryem").run(&typed).ends(3).objects();
    for answer in &answers {
        assert_eq!(text(answer, "reason"), "bad-option", "{answer}");
        has_place(answer, "title");
    }
}

#[test]
fn an_answer_to_what_is_not_there_is_refused() {
    let file = shared().markdown("An answer to nothing", "words");
    let nothing = "01a20c5a-b180-7153-9933-080a5e18d23d";
    let _ = refused(
        "not-found",
        &file,
        &["--tlp", "GREEN", "--answers", nothing],
    );
}

#[test]
fn several_files_are_all_tried_and_each_is_answered_in_order() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let good = f.markdown("The first of three", "words");
    let bad = f.file("bad.json", r#"{"hello":"world"}"#);
    let last = f.markdown("The last of three", "words");
    let typed = [&good, &bad, &last].map(|p| p.to_string_lossy().into_owned());
    let mut all = vec!["push", "--tlp", "GREEN"];
    all.extend(typed.iter().map(String::as_str));
    let answers = meryem.run(&all).ends(3).objects();
    let files: Vec<&str> = answers.iter().map(|a| text(a, "file")).collect();
    assert_eq!(files, typed);
    let statuses: Vec<&str> = answers.iter().map(|a| text(a, "status")).collect();
    assert_eq!(statuses, ["accepted", "refused", "accepted"]);
}

#[test]
fn a_refused_push_leaves_no_trace_in_the_store() {
    const SECRET: &str = "zebra-crossing-at-midnight";
    let f = Federation::of(&["energy"]);
    let node = f.node("energy");
    let meryem = f.person("energy/acme/meryem");
    meryem.share(&f.markdown("Something", "shared"), &["--tlp", "GREEN"]);
    let (items, records) = counts(&f);
    let file = f.markdown("Refused", &format!("TLP:RED {SECRET}"));
    let _ = meryem
        .push(&file, &["--tlp", "GREEN"])
        .refused("label-in-text");
    let _ = meryem
        .push(&file, &["--tlp", "RED", "--to", "nobody"])
        .refused("unknown-audience");
    let unlabelled = f.markdown("Refused", SECRET);
    let _ = meryem.push(&unlabelled, &[]).refused("no-label");
    assert_eq!(counts(&f), (items, records));
    let (ended, _) = node.terminate();
    assert!(ended.success());
    for entry in std::fs::read_dir(&node.data).expect("the data directory") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let bytes = std::fs::read(&path).expect("it is ours");
            let found = bytes.windows(SECRET.len()).any(|w| w == SECRET.as_bytes());
            assert!(!found, "{} has the refused text", path.display());
        }
    }
    assert!(!node.logged().contains(SECRET));
}

/// How many items and audit records the node has.
fn counts(f: &Federation) -> (u64, u64) {
    let verified = f
        .node("energy")
        .operator(&["audit", "verify"])
        .done()
        .object();
    let count = |key: &str| verified[key].as_u64().expect("a number");
    (count("items"), count("records"))
}
