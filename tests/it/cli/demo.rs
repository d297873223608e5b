//! `sluis demo --once`: the whole play, and what an oracle of its own says of it.

use std::collections::BTreeSet;

use crate::support::{list, sluis, text};

#[test]
fn the_demonstration_ends_by_itself_leaks_nothing_and_leaves_nothing() {
    let home = tempfile::tempdir().expect("a directory");
    let stage = home.path().join("stage");
    let typed = [
        "demo",
        "--once",
        "-o",
        "json",
        "--dir",
        &*stage.to_string_lossy(),
    ];
    let report = sluis(home.path(), &typed, "").done().object();
    for key in [
        "nodes",
        "pushed",
        "deliveries",
        "withheld",
        "leaks",
        "latency_ms",
    ] {
        assert!(report.get(key).is_some(), "{key} in {report}");
    }
    assert_eq!(report["leaks"], 0);
    for quantile in ["p50", "p99"] {
        assert!(report["latency_ms"][quantile].is_number(), "{report}");
    }
    let rules: BTreeSet<&str> = list(&report, "withheld")
        .iter()
        .map(|w| text(w, "rule"))
        .collect();
    assert!(rules.len() >= 10, "{rules:?}");
    for withheld in list(&report, "withheld") {
        assert!(
            !text(withheld, "item").is_empty() && !text(withheld, "to").is_empty(),
            "{withheld}"
        );
    }
    // Nothing outside its directory.
    let left: Vec<_> = std::fs::read_dir(home.path())
        .expect("ours")
        .filter_map(Result::ok)
        .collect();
    assert!(left.iter().all(|entry| entry.path() == stage), "{left:?}");
}
