//! A node that is killed while it is pushed to, judged by a ledger that it never saw.

use std::collections::BTreeMap;

use sluis::wire::pb::Label;

use crate::support::{Acknowledged, Federation, Load, Viewer, text};

/// How often the node is killed.
const CRASHES: usize = 15;

/// Every acknowledged push is in the feed exactly once, as the bytes that were pushed, and nothing else is there.
#[track_caller]
pub(crate) fn holds_exactly(viewer: &Viewer, ledger: &BTreeMap<String, Acknowledged>) {
    let mut seen = BTreeMap::<String, usize>::new();
    for entry in viewer.run(&["feed", "--kind", "report"]).done().objects() {
        let title = text(&entry, "title");
        *seen.entry(title.to_owned()).or_default() += 1;
        let pushed = ledger
            .get(title)
            .unwrap_or_else(|| panic!("nobody pushed {title}"));
        assert_eq!(text(&entry, "item"), pushed.item, "{title}");
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &pushed.content);
        assert_eq!(
            text(&entry, "sha256"),
            hex::encode(digest.as_ref()),
            "{title}"
        );
    }
    for title in ledger.keys() {
        assert_eq!(seen.get(title), Some(&1), "{title} for {}", viewer.profile);
    }
}

#[test]
fn what_was_acknowledged_survives_every_crash_exactly_once() {
    let f = Federation::of(&["energy"]);
    let node = f.node("energy");
    let (meryem, bob) = (f.person("energy/acme/meryem"), f.person("energy/bolt/bob"));
    let load = Load::start(f.home(), &meryem.profile, Label::Green);
    for crash in 0..CRASHES {
        load.more(1 + crash % 4 * 3);
        node.kill();
        node.start();
    }
    load.more(3);
    let ledger = load.end();
    assert!(ledger.len() > CRASHES);
    for viewer in [&meryem, &bob] {
        holds_exactly(viewer, &ledger);
    }
    for pushed in ledger.values().step_by(10) {
        assert_eq!(bob.content(&pushed.item), pushed.content);
    }
    let verified = node.operator(&["audit", "verify"]).done().object();
    assert_eq!(verified["valid"], true, "{verified}");
    assert_eq!(verified["problems"], serde_json::json!([]));
}
