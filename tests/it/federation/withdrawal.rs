//! A wrong push is undone at every place that has it.

use crate::support::{list, shared, text, until_true};

#[test]
fn a_withdrawal_erases_at_every_holder_and_the_source_sees_it() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let (bob, bram) = (f.viewer("energy/bolt/bob"), f.viewer("water/aqua/bram"));
    let item = meryem.share(
        &f.markdown("To be taken back", "words"),
        &["--tlp", "GREEN"],
    );
    bob.sees(&item);
    bram.sees(&item);
    let answer = meryem
        .run(&["withdraw", &item, "--reason", "too-wide"])
        .done()
        .object();
    assert_eq!(text(&answer, "item"), item);
    let water = "water.isac.example";
    assert!(
        list(&answer, "holders")
            .iter()
            .any(|h| text(h, "place") == water)
    );

    let there = bram.sees_withdrawn(&item);
    assert_eq!(text(&there, "kind"), "withdrawal");
    assert_eq!(text(&there, "reason"), "too-wide");
    assert_eq!(text(&there, "withdraws"), item);
    assert_ne!(text(&there, "item"), item);
    for viewer in [&meryem, &bob, &bram] {
        assert!(!viewer.may_show(&item));
        let raw = viewer.run(&["show", &item, "--raw"]);
        assert_ne!(raw.code, 0, "{raw}");
        assert!(raw.out.is_empty());
        let feed = viewer.feed();
        assert!(feed.iter().all(|e| text(e, "item") != item));
        assert_eq!(
            feed.iter().filter(|e| text(e, "withdraws") == item).count(),
            1
        );
        assert!(feed.iter().all(|e| text(e, "title") != "To be taken back"));
    }
    until_true("the peer confirmed", || {
        let trace = meryem.run(&["trace", &item]).done().object();
        list(&trace, "holders")
            .iter()
            .any(|h| text(h, "place") == water && text(h, "state") == "erased")
    });
    assert_eq!(
        f.node("water")
            .operator(&["audit", "verify"])
            .done()
            .object()["valid"],
        true
    );
}

#[test]
fn who_never_had_the_item_hears_nothing_of_its_withdrawal() {
    let f = shared();
    let (meryem, bob) = (f.viewer("energy/acme/meryem"), f.viewer("energy/bolt/bob"));
    let bram = f.viewer("water/aqua/bram");
    let file = f.markdown("Seen by few", "words");
    let item = meryem.share(&file, &["--tlp", "RED", "--to", "acme/meryem"]);
    meryem.run(&["withdraw", &item, "--reason", "error"]).done();
    let later = meryem.share(&f.markdown("Seen by many", "words"), &["--tlp", "CLEAR"]);
    bram.sees(&later);
    for viewer in [&bob, &bram] {
        assert!(
            viewer.feed().iter().all(|e| text(e, "withdraws") != item),
            "{}",
            viewer.profile
        );
    }
}

#[test]
fn words_of_ones_own_stay_at_the_origin() {
    let f = shared();
    let (meryem, bram) = (f.viewer("energy/acme/meryem"), f.viewer("water/aqua/bram"));
    let item = meryem.share(
        &f.markdown("A reason of its own", "words"),
        &["--tlp", "GREEN"],
    );
    bram.sees(&item);
    meryem
        .run(&["withdraw", &item, "--reason", "our lawyer called"])
        .done();
    let entry = bram.sees_withdrawn(&item);
    assert_eq!(text(&entry, "reason"), "other");
    assert!(!entry.to_string().contains("lawyer"));
}

#[test]
fn only_the_submitting_member_withdraws() {
    let f = shared();
    let (meryem, bob) = (f.viewer("energy/acme/meryem"), f.viewer("energy/bolt/bob"));
    let item = meryem.share(&f.markdown("Of one member", "words"), &["--tlp", "GREEN"]);
    let answer = bob.run(&["withdraw", &item, "--reason", "error"]);
    assert_ne!(answer.code, 0, "{answer}");
    assert!(meryem.may_show(&item) && bob.may_show(&item));
    // A colleague may, and twice is once.
    f.viewer("energy/acme/siem")
        .run(&["withdraw", &item, "--reason", "error"])
        .done();
    meryem.run(&["withdraw", &item, "--reason", "error"]).done();
    assert!(!bob.may_show(&item));
}
