//! Who learns who submitted an item.

use crate::support::{shared, text};

#[test]
fn the_submitter_is_shown_only_to_whom_may_know_it() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let (bob, bram) = (f.viewer("energy/bolt/bob"), f.viewer("water/aqua/bram"));
    let acme = "spiffe://energy.isac.example/member/acme";
    for (attribution, in_community, beyond) in [
        ("named", acme, acme),
        ("community", acme, ""),
        ("anonymous", "", ""),
    ] {
        let file = f.markdown(&format!("Attributed as {attribution}"), "words");
        let item = meryem.share(&file, &["--tlp", "GREEN", "--attribution", attribution]);
        assert_eq!(
            text(&bob.sees(&item), "submitter"),
            in_community,
            "{attribution}"
        );
        assert_eq!(
            text(&bram.sees(&item), "submitter"),
            beyond,
            "{attribution}"
        );
        let shown = bram.run(&["show", &item]).done();
        assert_eq!(text(&shown.object(), "submitter"), beyond);
        // Where it may not be known, nothing in the whole answer says it.
        let answers = [(&bob, in_community), (&bram, beyond)];
        for (viewer, known) in answers {
            let shown = viewer.run(&["show", &item]).done().text();
            assert_eq!(
                shown.contains("acme"),
                !known.is_empty(),
                "{attribution}: {shown}"
            );
        }
        // Times of what is not named are rounded.
        let created = shown.object();
        let rounded = text(&created, "created").ends_with(":00:00Z");
        assert!(rounded || attribution == "named", "{created}");
    }
}
