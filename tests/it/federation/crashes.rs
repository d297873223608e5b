//! Either side of a link is killed while it is under load; the ledger of what was acknowledged is kept outside.

use std::collections::BTreeSet;

use sluis::wire::pb::Label;

use crate::crash::holds_exactly;
use crate::support::{Federation, Load, text, until_true};

/// How often a node is killed, the two in turns.
const CRASHES: usize = 10;

#[test]
fn nothing_is_lost_and_nothing_comes_twice_when_either_side_is_killed() {
    let f = Federation::of(&["energy", "water"]);
    let (energy, water) = (f.node("energy"), f.node("water"));
    let (meryem, bram) = (f.person("energy/acme/meryem"), f.person("water/aqua/bram"));
    f.peer("energy", "water", &[], &[]);
    let follower = bram.follow(&["--kind", "report"]);
    let load = Load::start(f.home(), &meryem.profile, Label::Green);
    for crash in 0..CRASHES {
        load.more(1 + crash % 3 * 4);
        let node = if crash % 2 == 0 { energy } else { water };
        node.kill();
        node.start();
    }
    load.more(3);
    let ledger = load.end();
    let items: BTreeSet<&str> = ledger.values().map(|a| a.item.as_str()).collect();
    until_true("the peer has everything", || {
        let feed = bram.feed();
        items
            .iter()
            .all(|item| feed.iter().any(|e| text(e, "item") == *item))
    });
    holds_exactly(&meryem, &ledger);
    holds_exactly(&bram, &ledger);
    // Who followed all the time got each once, too.
    let mut followed = BTreeSet::new();
    while followed.len() < items.len() {
        let entry = follower.next();
        let item = text(&entry, "item").to_owned();
        assert!(items.contains(item.as_str()), "{entry}");
        assert!(followed.insert(item), "it came twice: {entry}");
    }
    // The supplier has a receipt for each, though acknowledgements were lost with their connections.
    let received = ("water.isac.example".to_owned(), "received".to_owned());
    for item in items.iter().step_by(5) {
        until_true("the receipt is there", || {
            energy.holders(item).contains(&received)
        });
    }
    for node in [energy, water] {
        assert_eq!(
            node.operator(&["audit", "verify"]).done().object()["valid"],
            true
        );
    }
}
