//! What a push answers, and what of it can be read.

use std::io::Write as _;

use crate::support::{bundle, indicator, list, misp, shared, text};

#[test]
fn each_of_the_five_labels_is_kept_from_push_to_feed() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    for label in ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"] {
        let file = f.markdown(&format!("Five labels, {label}"), "nothing more");
        let mut flags = vec!["--tlp", label];
        if label == "RED" {
            flags.extend(["--to", "acme/meryem"]);
        }
        let answer = meryem.push(&file, &flags).done().object();
        assert_eq!(text(&answer, "status"), "accepted");
        assert_eq!(text(&list(&answer, "items")[0], "label"), label);
        assert_eq!(text(&list(&answer, "items")[0], "kind"), "report");
        assert_eq!(list(&answer, "items")[0]["revision"], 1);
        let item = meryem.one_item(&answer);
        let entry = meryem.sees(&item);
        assert_eq!(text(&entry, "label"), label);
        assert_eq!(text(&entry, "title"), format!("Five labels, {label}"));
        assert_eq!(
            meryem.content(&item),
            std::fs::read(&file).expect("it is ours")
        );
    }
}

#[test]
fn markings_in_the_content_decide_where_nothing_is_declared() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let marked = indicator("a marked indicator", Some("AMBER"));
    let stix = bundle("marked bundle", "2026-01-05T10:00:00.000Z", &[marked]);
    let answer = meryem.push(&f.file("stix.json", stix), &[]).done().object();
    assert_eq!(text(&list(&answer, "items")[0], "label"), "AMBER");
    assert_eq!(text(&list(&answer, "items")[0], "kind"), "report");

    let event = misp("marked event", &["tlp:green"], 3);
    let answer = meryem
        .push(&f.file("misp.json", event), &[])
        .done()
        .object();
    assert_eq!(text(&list(&answer, "items")[0], "label"), "GREEN");
    assert_eq!(text(&list(&answer, "items")[0], "kind"), "indicators");
}

#[test]
fn a_declared_label_is_a_floor_and_lowers_no_marking() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let strict = indicator("a strictly marked indicator", Some("AMBER+STRICT"));
    let stix = bundle("stricter inside", "2026-01-05T10:00:00.000Z", &[strict]);
    let answer = meryem
        .push(&f.file("stix.json", stix), &["--tlp", "GREEN"])
        .done()
        .object();
    let items = list(&answer, "items");
    assert_eq!(text(&items[items.len() - 1], "label"), "AMBER+STRICT");

    let event = misp("green inside", &["tlp:green"], 3);
    let answer = meryem
        .push(&f.file("misp.json", event), &["--tlp", "AMBER"])
        .done()
        .object();
    assert_eq!(text(&list(&answer, "items")[0], "label"), "AMBER");
}

#[test]
fn white_of_the_first_tlp_reads_as_clear() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let event = misp("an old event", &["tlp:white"], 3);
    let answer = meryem
        .push(&f.file("misp.json", event), &[])
        .done()
        .object();
    assert_eq!(text(&list(&answer, "items")[0], "label"), "CLEAR");
}

#[test]
fn an_unknown_marking_of_the_family_counts_as_red_until_it_is_settled() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let event = misp("an odd event", &["tlp:rainbow"], 3);
    let file = f.file("misp.json", event);
    let answer = meryem.push(&file, &["--dry-run"]).done().object();
    assert_eq!(text(&list(&answer, "items")[0], "label"), "RED");
}

#[test]
fn a_compressed_document_is_shared_as_what_it_contains() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let plain = crate::support::report("Compressed on its way", "the bytes inside count");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(plain.as_bytes()).expect("memory takes it");
    let file = f.file("report.md.gz", packed.finish().expect("memory takes it"));
    let item = meryem.share(&file, &["--tlp", "GREEN"]);
    assert_eq!(meryem.content(&item), plain.as_bytes());
    assert_eq!(text(&meryem.sees(&item), "title"), "Compressed on its way");
    // The same document without its wrapping is the same document.
    let again = meryem
        .push(&f.file("report.md", plain), &["--tlp", "GREEN"])
        .done()
        .object();
    assert_eq!(text(&again, "status"), "existing");
}

#[test]
fn what_the_submitter_says_stands_in_the_envelope() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let file = f.markdown("The document's own title", "words");
    let item = meryem.share(
        &file,
        &[
            "--tlp",
            "GREEN",
            "--title",
            "A better title",
            "--kind",
            "alert",
            "--sector",
            "water",
            "--severity",
            "high",
            "--tag",
            "ot",
            "--hop-limit",
            "2",
        ],
    );
    let entry = meryem.sees(&item);
    assert_eq!(text(&entry, "title"), "A better title");
    assert_eq!(text(&entry, "kind"), "alert");
    let water = meryem
        .run(&["feed", "--kind", "alert", "--sector", "water"])
        .done()
        .objects();
    assert!(water.iter().any(|e| text(e, "item") == item));
    let energy = meryem
        .run(&["feed", "--kind", "alert", "--sector", "energy"])
        .done()
        .objects();
    assert!(energy.iter().all(|e| text(e, "item") != item));
}

#[test]
fn a_named_community_that_is_no_peer_is_told() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let file = f.markdown("For nobody we know", "words");
    let answer = meryem
        .push(&file, &["--tlp", "GREEN", "--to", "unknown.isac.example"])
        .done()
        .object();
    let remarks = list(&answer, "remarks");
    assert!(remarks.iter().any(|r| {
        r.as_str()
            .is_some_and(|r| r.contains("unknown.isac.example"))
    }));
}

#[test]
fn a_red_item_for_a_member_lists_the_persons_it_means() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let file = f.markdown("For the persons of Bolt", "words");
    let answer = meryem
        .push(&file, &["--tlp", "RED", "--to", "bolt"])
        .done()
        .object();
    let remarks = list(&answer, "remarks");
    assert!(
        remarks
            .iter()
            .any(|r| r.as_str().is_some_and(|r| r.contains("bob"))),
        "{answer}"
    );
    let item = meryem.one_item(&answer);
    assert_eq!(
        text(&f.viewer("energy/bolt/bob").sees(&item), "label"),
        "RED"
    );
    assert!(!f.viewer("energy/acme/siem").may_show(&item));
}
