//! How a link does, as the operator sees it.

use super::backup::{bring_back, save};
use crate::support::{Federation, text, until, until_true};

#[test]
fn an_operator_sees_why_a_link_fails_and_when_it_is_tried_again() {
    let f = Federation::of(&["energy", "water"]);
    let (energy, water) = (f.node("energy"), f.node("water"));
    let before = save(&f, energy, "before.sluis");
    f.peer("energy", "water", &[], &[]);
    let show = || {
        let show = ["peer", "show", "energy.isac.example"];
        water.operator(&show).done().object()
    };
    let live = until("the link lives", || {
        let peer = show();
        (text(&peer, "link") == "live").then_some(peer)
    });
    assert!(!text(&live, "last_success").is_empty());
    for absent in ["failure_class", "failed_at", "next_retry", "last_failure"] {
        assert!(live[absent].is_null(), "{absent} in {live}");
    }
    energy.kill();
    let failed = until("the next attempt is waited for", || {
        let peer = show();
        (!peer["next_retry"].is_null()).then_some(peer)
    });
    assert_eq!(text(&failed, "failure_class"), "network");
    for key in ["last_success", "failed_at", "next_retry", "last_failure"] {
        assert!(!text(&failed, key).is_empty(), "{key} in {failed}");
    }
    // A node that never heard of us is told from one that cannot be reached.
    energy.start();
    until_true("the link lives again", || text(&show(), "link") == "live");
    bring_back(&f, energy, &before);
    until_true("it is seen that there is no trust", || {
        text(&show(), "failure_class") == "certificate"
    });
    let status = water.status();
    let peer = &status["peers"][0];
    assert_eq!(text(peer, "failure_class"), "certificate");
    assert!(!text(peer, "failed_at").is_empty());
}
