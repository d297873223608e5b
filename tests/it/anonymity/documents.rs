//! What travels of an un-named push, whoever submitted it.

use super::{csaf, house, identity, item_of, misp, raw, said, stix};
use crate::support::{list, text};

const MODIFIED: &str = "2026-02-05T10:00:00.000Z";

/// Threat 22, invariant 12.
#[test]
fn two_submitters_of_the_same_documents_are_told_apart_by_nobody() {
    let f = house();
    let (meryem, vera) = (f.viewer("energy/acme/meryem"), f.viewer("energy/volt/vera"));
    let (bob, bram) = (f.viewer("energy/bolt/bob"), f.viewer("water/aqua/bram"));
    let (acme, volt) = (identity(0xa), identity(0xb));
    let documents = |creator: &str, name: &str, domain: &str| {
        [
            ("stix.json", stix(creator, name, MODIFIED, "A wave")),
            ("misp.json", misp(creator, name, domain, "A wave")),
            ("csaf.json", csaf(name, domain, "A wave")),
            ("note.md", "# A wave\n\nSeen again.\n".to_owned()),
        ]
    };
    let by_acme = documents(&acme, "ACME Utilities", "acme.example");
    let by_volt = documents(&volt, "VOLT Utilities", "volt.example");
    for ((name, ours), (_, theirs)) in by_acme.iter().zip(&by_volt) {
        for attribution in ["anonymous", "community"] {
            let flags = ["--tlp", "GREEN", "--attribution", attribution];
            let ours = meryem.push(&f.file(name, ours), &flags).done().object();
            let ours = item_of(&meryem, &ours);
            let theirs = vera.push(&f.file(name, theirs), &flags).done().object();
            let theirs = item_of(&vera, &theirs);
            for viewer in [&bob, &bram] {
                let (a, b) = (viewer.sees(&ours), viewer.sees(&theirs));
                let in_community = viewer.profile.starts_with("energy");
                if attribution == "anonymous" || !in_community {
                    assert_eq!(said(&a), said(&b), "{name} {attribution}");
                }
                let (a, b) = (raw(viewer, &ours), raw(viewer, &theirs));
                assert_eq!(a, b, "{name} {attribution}");
                let a = a.to_lowercase();
                for trace in ["acme", "volt", "jane", &acme, &volt] {
                    assert!(!a.contains(trace), "{trace} in {a}");
                }
            }
            // Else the next attribution would be another one of the same document.
            meryem.run(&["withdraw", &ours, "--reason", "error"]).done();
            vera.run(&["withdraw", &theirs, "--reason", "error"]).done();
        }
    }
}

#[test]
fn the_next_version_bears_the_same_new_ids() {
    let f = house();
    let (meryem, bob) = (f.viewer("energy/acme/meryem"), f.viewer("energy/bolt/bob"));
    let ids = |item: &str| -> Vec<String> {
        let document: serde_json::Value =
            serde_json::from_str(&raw(&bob, item)).expect("it is JSON");
        list(&document, "objects")
            .iter()
            .map(|o| text(o, "id").to_owned())
            .collect()
    };
    let flags = ["--tlp", "GREEN"];
    let version = |modified: &str| {
        let file = f.file(
            "a.json",
            stix(&identity(0xa), "ACME Utilities", modified, "A wave"),
        );
        meryem.push(&file, &flags).done().object()
    };
    let item = item_of(&meryem, &version(MODIFIED));
    bob.sees(&item);
    let first = ids(&item);
    let revised = version("2026-03-05T10:00:00.000Z");
    assert_eq!(text(&revised, "status"), "revised", "{revised}");
    assert_eq!(meryem.one_item(&revised), item);
    assert_eq!(ids(&item), first);
    assert_eq!(
        text(&version("2026-03-05T10:00:00.000Z"), "status"),
        "existing"
    );
    // The same identity stands for the community in every document.
    let other = f.file(
        "b.json",
        misp(&identity(0xa), "ACME Utilities", "acme.example", "Other"),
    );
    let other = meryem.share(&other, &flags);
    let uuid = first[0].trim_start_matches("identity--");
    assert!(raw(&meryem, &other).contains(uuid), "{uuid}");
}

#[test]
fn a_third_partys_document_travels_byte_for_byte() {
    let f = house();
    let (meryem, bram) = (f.viewer("energy/acme/meryem"), f.viewer("water/aqua/bram"));
    let third = identity(0xc);
    for (name, document) in [
        (
            "stix.json",
            stix(&third, "A third party", MODIFIED, "Theirs"),
        ),
        (
            "misp.json",
            misp(&third, "A third party", "third.example", "Theirs"),
        ),
        (
            "csaf.json",
            csaf("A third party", "third.example", "Theirs"),
        ),
    ] {
        let item = meryem.share(
            &f.file(name, &document),
            &["--tlp", "GREEN", "--attribution", "anonymous"],
        );
        bram.sees(&item);
        assert_eq!(raw(&bram, &item), document, "{name}");
    }
}
