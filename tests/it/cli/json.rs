//! The keys of each answer, as design.md part 7 lists them: at least these, in every object of its kind.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Federation, bundle, indicator, keys, list, shared, sluis, text, until_true};

#[track_caller]
fn has(object: &Value, wanted: &[&str]) {
    let there = keys(object);
    let missing: BTreeSet<_> = wanted.iter().filter(|key| !there.contains(**key)).collect();
    assert!(missing.is_empty(), "{missing:?} in {object}");
}

#[track_caller]
fn is_one_of(object: &Value, key: &str, words: &[&str]) {
    assert!(words.contains(&text(object, key)), "{key} in {object}");
}

const FEED: &[&str] = &[
    "item",
    "revision",
    "origin",
    "kind",
    "label",
    "title",
    "submitter",
    "path",
    "created",
    "sha256",
    "media_type",
    "size",
    "cursor",
];

#[test]
fn push_and_its_refusal() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let good = f.markdown("The keys of a push", "words");
    let bad = f.file("bad.json", r#"{"hello":"world"}"#);
    let (good, bad) = (good.to_string_lossy(), bad.to_string_lossy());
    let answers = meryem
        .run(&["push", &good, &bad, "--tlp", "GREEN"])
        .ends(3)
        .objects();
    has(&answers[0], &["file", "status", "items"]);
    assert_eq!(text(&answers[0], "file"), good);
    has(
        &list(&answers[0], "items")[0],
        &["item", "revision", "label", "kind"],
    );
    has(
        &answers[1],
        &["file", "status", "reason", "message", "places"],
    );
    assert_eq!(text(&answers[1], "status"), "refused");

    let preview = meryem
        .run(&["push", &good, "--tlp", "GREEN", "--dry-run"])
        .done()
        .object();
    has(&preview, &["file", "items"]);
    decisions(&preview);
    let item = meryem.one_item(&answers[0]);
    decisions(&meryem.run(&["explain", &item]).done().object());
    let operators = f
        .node("energy")
        .operator(&["explain", &item, "--to", "water.isac.example"]);
    decisions(&operators.done().object());
}

#[track_caller]
fn decisions(answer: &Value) {
    let items = list(answer, "items");
    assert_eq!(items.len(), 1);
    has(&items[0], &["label", "recipients"]);
    assert!(!list(&items[0], "recipients").is_empty());
    for recipient in list(&items[0], "recipients") {
        has(recipient, &["to", "as", "decision", "rule"]);
        is_one_of(recipient, "as", &["member", "peer"]);
        is_one_of(recipient, "decision", &["permit", "withhold"]);
    }
}

#[test]
fn feed_show_trace_and_withdrawals() {
    let f = shared();
    let (meryem, bram) = (f.viewer("energy/acme/meryem"), f.viewer("water/aqua/bram"));
    let file = f.markdown("The keys of a feed", "words");
    let item = meryem.share(&file, &["--tlp", "GREEN"]);
    let entry = bram.sees(&item);
    has(&entry, FEED);
    assert_eq!(
        entry["submitter"],
        Value::Null,
        "null unless this viewer may know"
    );
    assert_eq!(
        entry["size"],
        std::fs::metadata(&file).expect("it is ours").len()
    );
    let shown = meryem.run(&["show", &item]).done().object();
    has(&shown, FEED);
    let trace = meryem.run(&["trace", &item]).done().object();
    has(&trace, &["item", "holders"]);
    for holder in list(&trace, "holders") {
        has(holder, &["place", "as", "state", "at"]);
        is_one_of(holder, "as", &["member", "peer"]);
        is_one_of(holder, "state", &["offered", "received", "erased", "owed"]);
    }
    let _ = meryem
        .run(&["withdraw", &item, "--reason", "outdated"])
        .done()
        .object();
    let gone = bram.sees_withdrawn(&item);
    has(&gone, FEED);
    has(&gone, &["withdraws"]);
    assert_eq!(text(&gone, "kind"), "withdrawal");
}

#[test]
fn inspect_needs_no_node() {
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("bundle.json");
    let objects = [indicator("inspected", Some("AMBER"))];
    std::fs::write(
        &file,
        bundle("inspected", "2026-01-05T10:00:00.000Z", &objects),
    )
    .expect("ours");
    let file = file.to_string_lossy();
    let inspected = sluis(home.path(), &["inspect", &file, "-o", "json"], "")
        .done()
        .object();
    has(
        &inspected,
        &[
            "file", "format", "identity", "version", "label", "markings", "parts", "valid",
            "problems",
        ],
    );
    assert_eq!(text(&inspected, "format"), "stix-2.1");
    assert_eq!(text(&inspected, "label"), "AMBER");
    assert_eq!(inspected["valid"], true);
    has(&list(&inspected, "markings")[0], &["place", "label"]);
    for part in list(&inspected, "parts") {
        has(part, &["label", "objects"]);
    }
    // Several, of which one is not valid.
    let bad = home.path().join("bad.json");
    std::fs::write(&bad, r#"{"hello":"world"}"#).expect("ours");
    let both = ["inspect", &*file, &*bad.to_string_lossy(), "-o", "json"];
    let answers = sluis(home.path(), &both, "").ends(3).objects();
    assert_eq!(answers.len(), 2);
    assert_eq!(
        (text(&answers[1], "format"), &answers[1]["valid"]),
        ("unknown", &false.into())
    );
    assert!(!list(&answers[1], "problems").is_empty());
    has(&list(&answers[1], "problems")[0], &["place", "message"]);
}

#[test]
fn status_members_and_peers() {
    let f = shared();
    let node = f.node("energy");
    until_true("the link has a lag", || {
        node.link("water.isac.example").1.is_some()
    });
    let status = node.status();
    has(
        &status,
        &["community", "ready", "version", "items", "members", "peers"],
    );
    let peer = &list(&status, "peers")[0];
    has(peer, &["peer", "state", "lag"]);
    is_one_of(
        peer,
        "state",
        &["proposed", "accepted", "in-force", "suspended", "ended"],
    );
    let members = node.operator(&["member", "list"]).done().object();
    assert!(
        list(&members, "members")
            .iter()
            .any(|m| text(m, "member") == "acme")
    );
    let shown = node.operator(&["member", "show", "acme"]).done().object();
    has(
        &shown,
        &["member", "state", "name", "domains", "credentials"],
    );
    let peers = node.operator(&["peer", "list"]).done().object();
    has(
        &list(&peers, "peers")[0],
        &["peer", "phrase", "state", "agreement"],
    );
    let shown = node
        .operator(&["peer", "show", "water.isac.example"])
        .done()
        .object();
    assert_eq!(text(&shown, "phrase").split(' ').count(), 6);
}

#[test]
fn invites_have_one_key_that_matters() {
    let f = Federation::of(&["energy"]);
    f.member("energy/acme", &[]);
    let node = f.node("energy");
    for command in [
        &["member", "invite", "acme", "--person", "noor"][..],
        &["member", "invite", "acme", "--tool", "siem", "--ttl", "2h"],
        &["operator", "invite", "bob"],
        &["peer", "invite", "--community", "water.isac.example"],
    ] {
        let answer = node.operator(command).done();
        assert!(
            text(&answer.object(), "invite").starts_with("sluis1."),
            "{answer}"
        );
    }
}
