//! Oldest first, the same for everybody who may see it, and limited as asked.

use crate::support::{shared, text};

#[test]
fn a_feed_is_in_the_order_of_the_pushes() {
    let f = shared();
    let (meryem, bob) = (f.viewer("energy/acme/meryem"), f.viewer("energy/bolt/bob"));
    let mut pushed = Vec::new();
    for n in 0..6 {
        let file = f.markdown(&format!("In order, {n}"), "words");
        let by = if n % 2 == 0 { &meryem } else { &bob };
        pushed.push(by.share(&file, &["--tlp", "GREEN"]));
    }
    for viewer in [&meryem, &bob] {
        let feed = viewer.items();
        let ours: Vec<String> = feed.into_iter().filter(|i| pushed.contains(i)).collect();
        assert_eq!(ours, pushed);
    }
    // Over one link items keep the supplier's order.
    let bram = f.viewer("water/aqua/bram");
    bram.sees(pushed.last().expect("six"));
    let there: Vec<String> = bram
        .items()
        .into_iter()
        .filter(|i| pushed.contains(i))
        .collect();
    assert_eq!(there, pushed);
}

#[test]
fn a_limit_cuts_and_filters_select() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    for n in 0..3 {
        meryem.share(
            &f.markdown(&format!("Limited, {n}"), "words"),
            &["--tlp", "GREEN", "--kind", "rfi"],
        );
    }
    assert_eq!(
        meryem.run(&["feed", "--limit", "2"]).done().objects().len(),
        2
    );
    let asked = meryem.run(&["feed", "--kind", "rfi"]).done().objects();
    assert!(asked.len() >= 3 && asked.iter().all(|e| text(e, "kind") == "rfi"));
    let elsewhere = meryem
        .run(&["feed", "--origin", "water.isac.example"])
        .done()
        .objects();
    assert!(
        elsewhere
            .iter()
            .all(|e| text(e, "origin") == "water.isac.example")
    );
}
