//! What of a peer was not valid: on record with its reason, read again once the cause is gone, or dropped.

use std::path::Path;

use serde_json::Value;

use super::restored::advisory;
use crate::support::{Federation, Node, text, until};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("it is ours");
    for entry in std::fs::read_dir(from).expect("it is ours") {
        let entry = entry.expect("it is ours");
        let there = to.join(entry.file_name());
        match entry.file_type().expect("it is ours").is_dir() {
            true => copy(&entry.path(), &there),
            false => {
                let _ = std::fs::copy(entry.path(), there).expect("it is ours");
            }
        }
    }
}

fn records(node: &Node) -> Vec<Value> {
    let list = [
        "peer",
        "quarantine",
        "list",
        "--peer",
        "energy.isac.example",
    ];
    node.operator(&list).done().objects()
}

/// Threat 39, I30: a directory that was put back by hand begins no new generation, and gives a number twice.
#[test]
fn two_signed_forms_of_one_revision_raise_an_alarm_and_both_are_kept() {
    let f = Federation::of(&["energy", "water"]);
    let (energy, water) = (f.node("energy"), f.node("water"));
    let (meryem, bram) = (f.person("energy/acme/meryem"), f.person("water/aqua/bram"));
    f.peer("energy", "water", &[], &[]);
    let item = meryem.share(&advisory(&f, 1, "first"), &[]);
    bram.sees(&item);
    energy.kill();
    let saved = f.home().join("copied-by-hand");
    copy(&energy.data, &saved);
    energy.start();
    meryem.push(&advisory(&f, 2, "one form"), &[]).done();
    let held = until("the peer has the first form", || {
        let entry = bram.sees(&item);
        (entry["revision"] == 2).then_some(entry)
    });
    assert_eq!(water.status()["equivocations"], 0);
    assert!(records(water).is_empty());
    energy.kill();
    std::fs::remove_dir_all(&energy.data).expect("it is ours");
    copy(&saved, &energy.data);
    energy.start();
    // It takes the position that the peer has read, so that the next is one that it has not.
    meryem.share(&f.markdown("Between", "between"), &["--tlp", "GREEN"]);
    meryem.push(&advisory(&f, 2, "another form"), &[]).done();
    let record = until("the peer noticed", || records(water).into_iter().next());
    assert_eq!(text(&record, "reason"), "equivocation");
    assert_eq!(text(&record, "item"), item);
    assert_eq!(text(&record, "peer"), "energy.isac.example");
    let number = record["number"].to_string();
    let shown = water
        .operator(&["peer", "quarantine", "show", &number])
        .done()
        .object();
    let (one, other) = (&shown["held"], &shown["sent"]);
    for key in ["sha256", "signature"] {
        assert!(!text(one, key).is_empty());
        assert_ne!(text(one, key), text(other, key), "{shown}");
    }
    assert_eq!(text(one, "key_id"), text(other, "key_id"));
    // What is held stays, and the alarm stays until somebody looks at it.
    assert_eq!(text(&bram.sees(&item), "sha256"), text(&held, "sha256"));
    assert_eq!(water.status()["equivocations"], 1);
    assert!(water.logged().contains("two different envelopes"));

    // Read again from the start, it is found again, once.
    let release = ["peer", "quarantine", "release", &number];
    assert_eq!(water.operator(&release).done().object()["records"], 1);
    let again = until("it was read again", || records(water).into_iter().next());
    assert_ne!(again["number"], record["number"]);
    assert_eq!(text(&again, "sha256"), text(&record, "sha256"));
    let drop = [
        "peer",
        "quarantine",
        "drop",
        "--peer",
        "energy.isac.example",
    ];
    assert_eq!(water.operator(&drop).done().object()["records"], 1);
    assert!(records(water).is_empty());
    assert_eq!(water.status()["equivocations"], 0);
    let _ = water.operator(&drop).ends(1);
    let _ = water.operator(&["peer", "quarantine", "drop"]).ends(2);
    let feed = bram.feed();
    let times = feed.iter().filter(|e| text(e, "item") == item).count();
    assert_eq!(times, 1);
    water.kill();
    let verdict = water.operator(&["audit", "verify"]).done().object();
    assert_eq!(verdict["valid"], true);
}
