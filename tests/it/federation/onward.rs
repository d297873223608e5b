//! Over a second hop: only what its source and every agreement on the way allow.

use serde_json::json;

use crate::support::{Federation, list, text, until_true};

const ONWARD: &[&str] = &[
    "--out-ceiling",
    "AMBER",
    "--in-ceiling",
    "AMBER",
    "--onward",
];

#[test]
fn green_and_clear_go_on_over_a_second_hop_and_amber_does_not() {
    let f = Federation::of(&["energy", "water", "msp"]);
    let meryem = f.person("energy/acme/meryem");
    let (bram, mo) = (f.person("water/aqua/bram"), f.person("msp/cloud/mo"));
    f.peer("energy", "water", ONWARD, &[]);
    f.peer("water", "msp", ONWARD, &[]);
    let share = |title: &str, flags: &[&str]| meryem.share(&f.markdown(title, "words"), flags);
    let both = ["--to", "water.isac.example", "--to", "msp.isac.example"];
    let amber = share("Amber for both", &[&["--tlp", "AMBER"], &both[..]].concat());
    let one_hop = share("One hop", &["--tlp", "GREEN", "--hop-limit", "1"]);
    let only_water = share(
        "Only water",
        &["--tlp", "GREEN", "--to", "water.isac.example"],
    );
    let named = share("Green for both", &[&["--tlp", "GREEN"], &both[..]].concat());
    let two_hops = share("Two hops", &["--tlp", "CLEAR", "--hop-limit", "2"]);
    let green = share("Green", &["--tlp", "GREEN"]);

    let entry = mo.sees(&green);
    let path = json!([
        "energy.isac.example",
        "water.isac.example",
        "msp.isac.example"
    ]);
    assert_eq!(entry["path"], path);
    assert_eq!(text(&entry, "origin"), "energy.isac.example");
    assert_eq!(mo.sees(&two_hops)["path"], path);
    assert_eq!(mo.sees(&named)["path"], path);
    assert_eq!(mo.content(&green), bram.content(&green));
    let (at_water, at_msp) = (bram.items(), mo.items());
    for item in [&amber, &one_hop, &only_water] {
        assert!(at_water.contains(item), "the first peer has it");
        assert!(
            !at_msp.contains(item) && !mo.may_show(item),
            "the second has not"
        );
    }
    let rule = |item: &str| {
        let explained = f
            .node("water")
            .operator(&["explain", item, "--to", "msp.isac.example"]);
        let explained = explained.done().object();
        text(
            &list(&list(&explained, "items")[0], "recipients")[0],
            "rule",
        )
        .to_owned()
    };
    assert_eq!(rule(&amber), "onward-amber");
    assert_eq!(rule(&one_hop), "hop-limit");
    assert_eq!(rule(&only_water), "not-named");

    // Every hop is signed, and the last node's audit checks each again.
    let audit = f.node("msp").operator(&["audit", "verify"]).done().object();
    assert_eq!(audit["valid"], true);
    // Nothing goes back.
    let back = f
        .node("water")
        .operator(&["explain", &green, "--to", "energy.isac.example"])
        .done()
        .object();
    assert_eq!(
        text(&list(&list(&back, "items")[0], "recipients")[0], "rule"),
        "loop"
    );
    assert_eq!(meryem.items().iter().filter(|i| **i == green).count(), 1);

    // Withdrawn at the source, it goes everywhere that had it.
    meryem
        .run(&["withdraw", &green, "--reason", "false-positive"])
        .done();
    let gone = mo.sees_withdrawn(&green);
    assert_eq!(text(&gone, "reason"), "false-positive");
    assert!(!bram.may_show(&green) && !mo.may_show(&green));
    until_true("the next community confirmed to the one before", || {
        f.node("water")
            .holders(&green)
            .contains(&("msp.isac.example".to_owned(), "erased".to_owned()))
    });
}

#[test]
fn a_second_hop_needs_leave_on_every_agreement_of_the_way() {
    let f = Federation::of(&["energy", "water", "msp"]);
    let meryem = f.person("energy/acme/meryem");
    let (bram, mo) = (f.person("water/aqua/bram"), f.person("msp/cloud/mo"));
    // Water gives leave to pass on, energy does not.
    f.peer("water", "energy", &["--onward"], &["--no-onward"]);
    f.peer("water", "msp", &["--onward"], &[]);
    let item = meryem.share(
        &f.markdown("Stays with the first", "words"),
        &["--tlp", "GREEN"],
    );
    bram.sees(&item);
    let own = bram.share(&f.markdown("Water's own", "words"), &["--tlp", "GREEN"]);
    mo.sees(&own);
    assert!(!mo.may_show(&item));
    let explained = f
        .node("water")
        .operator(&["explain", &item, "--to", "msp.isac.example"])
        .done();
    assert!(
        explained.text().contains("onward-not-agreed"),
        "{explained}"
    );
    // The other way round water gave leave to energy, which has nobody to pass to; energy's members see it.
    meryem.sees(&own);
}

#[test]
fn a_triangle_brings_each_item_once() {
    let f = Federation::of(&["energy", "water", "msp"]);
    let meryem = f.person("energy/acme/meryem");
    let (bram, mo) = (f.person("water/aqua/bram"), f.person("msp/cloud/mo"));
    f.peer("energy", "water", ONWARD, &[]);
    f.peer("water", "msp", ONWARD, &[]);
    f.peer("energy", "msp", ONWARD, &[]);
    let mut items = Vec::new();
    for n in 0..5 {
        items.push(meryem.share(
            &f.markdown(&format!("Around, {n}"), "words"),
            &["--tlp", "GREEN"],
        ));
    }
    let last = &items[4];
    bram.sees(last);
    mo.sees(last);
    for viewer in [&meryem, &bram, &mo] {
        let seen: Vec<String> = viewer
            .items()
            .into_iter()
            .filter(|i| items.contains(i))
            .collect();
        assert_eq!(seen.len(), items.len(), "{}", viewer.profile);
    }
    meryem.run(&["withdraw", last, "--reason", "error"]).done();
    bram.sees_withdrawn(last);
    mo.sees_withdrawn(last);
    assert_eq!(
        mo.feed()
            .iter()
            .filter(|e| text(e, "withdraws") == *last)
            .count(),
        1
    );
}
