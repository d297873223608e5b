//! Invariant 33: what a preview says is what happens afterwards.

use serde_json::Value;

use crate::support::{list, shared, text};

/// Recipients of the only part: to, as, decision, rule.
fn decisions(answer: &Value) -> Vec<(String, String, String, String)> {
    assert_eq!(list(answer, "items").len(), 1, "{answer}");
    list(&list(answer, "items")[0], "recipients")
        .iter()
        .map(|r| {
            let t = |key| text(r, key).to_owned();
            (t("to"), t("as"), t("decision"), t("rule"))
        })
        .collect()
}

#[test]
fn what_a_preview_says_is_what_happens() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let (siem, bob) = (f.viewer("energy/acme/siem"), f.viewer("energy/bolt/bob"));
    let bram = f.viewer("water/aqua/bram");
    let audiences: [&[&str]; 4] = [
        &[],
        &["--to", "water.isac.example"],
        &["--to", "bolt"],
        &["--to", "bolt", "--to", "water.isac.example"],
    ];
    for label in ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"] {
        for (n, audience) in audiences.iter().enumerate() {
            let file = f.markdown(&format!("Previewed {label} {n}"), "words");
            let mut flags = vec!["--tlp", label];
            flags.extend(*audience);
            let pushed = [&flags[..], &["--dry-run"]].concat();
            let preview = meryem.push(&file, &pushed).done().object();
            assert_eq!(text(&list(&preview, "items")[0], "label"), label);
            assert!(
                !meryem
                    .feed()
                    .iter()
                    .any(|e| text(e, "title").ends_with(&format!("{label} {n}")))
            );
            let said = decisions(&preview);

            let item = meryem.share(&file, &flags);
            let explained = meryem.run(&["explain", &item]).done().object();
            assert_eq!(decisions(&explained), said, "{label} {audience:?}");

            let permits = |to: &str| {
                said.iter()
                    .any(|(t, _, decision, _)| t == to && decision == "permit")
            };
            for (to, _, decision, rule) in &said {
                assert_eq!(decision == "withhold", !rule.is_empty(), "{to} {label}");
            }
            // Who is told a decision: the members one by one, and the peer.
            assert_eq!(bob.may_show(&item), permits("bolt"), "{label} {audience:?}");
            assert!(permits("acme"), "the submitter always sees its item");
            if label == "RED" {
                assert!(!siem.may_show(&item), "no tool reads RED");
            }
            if permits("water.isac.example") {
                bram.sees(&item);
            } else {
                // A later item has crossed, over a link that keeps the order; this one has not.
                let later = f.markdown(&format!("After {label} {n}"), "words");
                let later = meryem.share(&later, &["--tlp", "CLEAR"]);
                bram.sees(&later);
                assert!(!bram.may_show(&item), "{label} {audience:?}");
            }
        }
    }
}
