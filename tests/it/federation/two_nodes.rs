//! What crosses from a community to its peer, and what does not.

use crate::support::{Federation, list, shared, text};

#[test]
fn green_and_clear_cross_with_their_path_and_verify_there() {
    let f = shared();
    let (meryem, bram) = (f.viewer("energy/acme/meryem"), f.viewer("water/aqua/bram"));
    for label in ["GREEN", "CLEAR"] {
        let file = f.markdown(&format!("Crossing {label}"), "words");
        let item = meryem.share(&file, &["--tlp", label]);
        // The command verifies the origin's signature before it shows an entry.
        let entry = bram.sees(&item);
        assert_eq!(text(&entry, "origin"), "energy.isac.example");
        assert_eq!(
            entry["path"],
            serde_json::json!(["energy.isac.example", "water.isac.example"])
        );
        assert_eq!(text(&entry, "label"), label);
        assert_eq!(
            bram.content(&item),
            std::fs::read(&file).expect("it is ours")
        );
    }
}

#[test]
fn amber_crosses_only_to_the_named_community_and_stricter_labels_never() {
    let f = shared();
    let (meryem, bram) = (f.viewer("energy/acme/meryem"), f.viewer("water/aqua/bram"));
    let water = "water.isac.example";
    let share = |title: &str, flags: &[&str]| meryem.share(&f.markdown(title, "words"), flags);
    let unnamed = share("Amber for us", &["--tlp", "AMBER"]);
    let strict = share("Strict", &["--tlp", "AMBER+STRICT", "--to", water]);
    let red = share(
        "Red",
        &["--tlp", "RED", "--to", water, "--to", "acme/meryem"],
    );
    let for_members = share("Green for members", &["--tlp", "GREEN", "--to", "bolt"]);
    let for_others = share(
        "Green for others",
        &["--tlp", "GREEN", "--to", "health.isac.example"],
    );
    let at_home = share("Green at home", &["--tlp", "GREEN", "--hop-limit", "0"]);
    let named = share("Amber for water", &["--tlp", "AMBER", "--to", water]);
    // Links keep the order: when the last is there, the others would be.
    assert_eq!(text(&bram.sees(&named), "label"), "AMBER");
    let there = bram.items();
    for item in [&unnamed, &strict, &red, &for_members, &for_others, &at_home] {
        assert!(!there.contains(item));
        assert!(!bram.may_show(item));
    }
    let rule = |item: &str| {
        let explained = meryem
            .run(&["explain", item, "--to", water])
            .done()
            .object();
        let recipients = list(&list(&explained, "items")[0], "recipients").to_vec();
        assert_eq!(recipients.len(), 1, "{explained}");
        text(&recipients[0], "rule").to_owned()
    };
    assert_eq!(rule(&unnamed), "not-named");
    assert_eq!(rule(&strict), "label-never-leaves");
    assert_eq!(rule(&red), "label-never-leaves");
    assert_eq!(rule(&for_members), "not-named");
    assert_eq!(rule(&for_others), "not-named");
    assert_eq!(rule(&at_home), "hop-limit");
    assert_eq!(rule(&named), "");
    // Who pushed sees where it is.
    let trace = meryem.run(&["trace", &named]).done().object();
    let holder = list(&trace, "holders")
        .iter()
        .find(|h| text(h, "place") == water);
    let holder = holder.expect("the peer has it");
    assert_eq!(
        (text(holder, "as"), text(holder, "state")),
        ("peer", "received")
    );
}

#[test]
fn a_new_peer_gets_what_was_there_before() {
    let f = Federation::of(&["energy", "water"]);
    let (meryem, bram) = (f.person("energy/acme/meryem"), f.person("water/aqua/bram"));
    let early = meryem.share(
        &f.markdown("Before the agreement", "words"),
        &["--tlp", "GREEN"],
    );
    let strict = meryem.share(&f.markdown("Never", "words"), &["--tlp", "AMBER+STRICT"]);
    f.peer("energy", "water", &[], &[]);
    bram.sees(&early);
    let late = meryem.share(&f.markdown("After it", "words"), &["--tlp", "GREEN"]);
    bram.sees(&late);
    assert!(!bram.may_show(&strict));
    // Both directions.
    let back = bram.share(&f.markdown("From water", "words"), &["--tlp", "GREEN"]);
    assert_eq!(text(&meryem.sees(&back), "origin"), "water.isac.example");
}

#[test]
fn a_revision_replaces_the_earlier_one_at_the_peer() {
    let f = shared();
    let (meryem, bram) = (f.viewer("energy/acme/meryem"), f.viewer("water/aqua/bram"));
    let objects = [crate::support::indicator(
        "of a crossing document",
        Some("GREEN"),
    )];
    let version = |n: u8| {
        crate::support::bundle(
            "revised and crossing",
            &format!("2026-01-0{n}T10:00:00.000Z"),
            &objects,
        )
    };
    let item = meryem.share(&f.file("v1.json", version(5)), &["--tlp", "GREEN"]);
    bram.sees(&item);
    meryem
        .push(&f.file("v2.json", version(6)), &["--tlp", "GREEN"])
        .done();
    crate::support::until_true("the revision is there", || {
        bram.sees(&item)["revision"] == 2
    });
    assert_eq!(bram.items().iter().filter(|i| **i == item).count(), 1);
    assert_eq!(bram.content(&item), version(6).as_bytes());
}

#[test]
fn a_peers_members_see_what_the_rules_allow_there() {
    let f = Federation::of(&["energy", "water"]);
    let (meryem, bram) = (f.person("energy/acme/meryem"), f.person("water/aqua/bram"));
    f.member("water/sells", &["--commercial"]);
    let (sam, siem) = (f.person("water/sells/sam"), f.tool("water/aqua/siem"));
    f.peer("energy", "water", &["--out-ceiling", "AMBER"], &[]);
    let share = |title: &str, flags: &[&str]| meryem.share(&f.markdown(title, "words"), flags);
    let green = share("Green", &["--tlp", "GREEN"]);
    let unsold = share(
        "Not for sale",
        &["--tlp", "GREEN", "--terms", "no-commercial-use"],
    );
    let amber = share("Amber", &["--tlp", "AMBER", "--to", "water.isac.example"]);
    for viewer in [&bram, &siem] {
        viewer.sees(&amber);
        let there = viewer.items();
        assert!(
            there.contains(&green) && there.contains(&unsold),
            "{}",
            viewer.profile
        );
    }
    let sold = sam.items();
    assert!(sold.contains(&green) && sold.contains(&amber) && !sold.contains(&unsold));
    // Who is admitted later sees of what came before up to green, there as at home.
    let later = f.person("water/later/lea").items();
    assert!(later.contains(&green) && !later.contains(&amber));
    let _ = f
        .node("water")
        .operator(&["member", "suspend", "aqua"])
        .done();
    let _ = bram.run(&["feed"]).ends(5);
}
