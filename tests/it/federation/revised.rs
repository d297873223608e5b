//! A revision is decided anew for everyone: it goes further, or those who lose it erase it and hear nothing else of it.

use serde_json::Value;

use crate::support::{Federation, Viewer, list, shared, text, until, until_true};

const LABELS: [&str; 5] = ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"];
const WATER: &str = "water.isac.example";
const ONWARD: &[&str] = &[
    "--out-ceiling",
    "AMBER",
    "--in-ceiling",
    "AMBER",
    "--onward",
];

/// The entries of a feed that take this item back.
fn recalls(viewer: &Viewer, item: &str) -> Vec<Value> {
    let feed = viewer.feed();
    feed.into_iter()
        .filter(|e| text(e, "withdraws") == item)
        .collect()
}

/// The entries of a feed that are this item.
fn entries(viewer: &Viewer, item: &str) -> Vec<Value> {
    let feed = viewer.feed();
    feed.into_iter()
        .filter(|e| text(e, "item") == item && e["withdraws"].is_null())
        .collect()
}

fn state_at(viewer: &Viewer, item: &str, place: &str) -> Option<String> {
    let trace = viewer.run(&["trace", item]).done().object();
    list(&trace, "holders")
        .iter()
        .find(|h| text(h, "place") == place)
        .map(|h| {
            assert!(!text(h, "at").is_empty(), "{h}");
            text(h, "state").to_owned()
        })
}

#[track_caller]
fn revised(viewer: &Viewer, item: &str, flags: &[&str]) -> Value {
    let answer = viewer.run(&[&["revise", item], flags].concat());
    let answer = answer.done().object();
    assert_eq!(text(&answer, "status"), "revised", "{answer}");
    assert_eq!(viewer.one_item(&answer), item);
    answer
}

#[track_caller]
fn loses(viewer: &Viewer, item: &str) {
    let recall = until(&format!("{} loses {item}", viewer.profile), || {
        recalls(viewer, item).pop()
    });
    // It tells nothing of what holds now.
    for key in ["label", "title", "revision", "sha256", "size", "created"] {
        assert!(recall[key].is_null(), "{recall}");
    }
    assert_eq!(text(&recall, "reason"), "recalled");
    assert!(entries(viewer, item).is_empty() && !viewer.may_show(item));
    let raw = viewer.run(&["show", item, "--raw"]);
    assert!(raw.code != 0 && raw.out.is_empty(), "{raw}");
}

/// Whether a label lets a viewer see an item.
type Sees<'a> = &'a dyn Fn(&str) -> bool;

#[test]
fn each_of_the_25_label_changes_reaches_or_leaves_members_and_peers() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let (bob, bram) = (f.viewer("energy/bolt/bob"), f.viewer("water/aqua/bram"));
    // No member is named, and water is.
    let member_sees = |label: &str| label != "RED";
    let peer_sees = |label: &str| !matches!(label, "AMBER+STRICT" | "RED");
    let mut items = Vec::new();
    for old in LABELS {
        for new in LABELS {
            let file = f.markdown(&format!("From {old} to {new}"), "words");
            let item = meryem.share(&file, &["--tlp", old, "--to", WATER]);
            items.push((old, new, item));
        }
    }
    let settled = meryem.share(&f.markdown("All are there", "words"), &["--tlp", "GREEN"]);
    bram.sees(&settled);
    bob.sees(&settled);
    for (old, new, item) in &items {
        assert_eq!(bram.may_show(item), peer_sees(old), "{old} at the peer");
        if old == new {
            let same = meryem.run(&["revise", item, "--tlp", new]).done().object();
            assert_eq!(text(&same, "status"), "existing", "{same}");
            continue;
        }
        let answer = revised(&meryem, item, &["--tlp", new]);
        assert_eq!(text(&list(&answer, "items")[0], "label"), *new);
        assert_eq!(list(&answer, "items")[0]["revision"], 2);
    }
    let last = meryem.share(
        &f.markdown("All were revised", "words"),
        &["--tlp", "GREEN"],
    );
    bram.sees(&last);
    bob.sees(&last);
    for (old, new, item) in &items {
        let member: Sees<'_> = &member_sees;
        for (viewer, sees) in [(&bob, member), (&bram, &peer_sees)] {
            let what = format!("{}: {old} to {new}", viewer.profile);
            assert_eq!(viewer.may_show(item), sees(new), "{what}");
            assert_eq!(
                recalls(viewer, item).len(),
                usize::from(sees(old) && !sees(new)),
                "{what}"
            );
            let there = entries(viewer, item);
            assert_eq!(there.len(), usize::from(sees(new)), "{what}");
            assert!(there.iter().all(|e| text(e, "label") == *new), "{what}");
        }
        let wanted = match (peer_sees(old), peer_sees(new)) {
            (_, true) => Some("received"),
            (true, false) => Some("erased"),
            (false, false) => None,
        };
        until_true(&format!("the peer confirmed {old} to {new}"), || {
            state_at(&meryem, item, WATER).as_deref() == wanted
        });
        let wanted = match (member_sees(old), member_sees(new)) {
            (_, true) => Some("received"),
            (true, false) => Some("erased"),
            (false, false) => None,
        };
        until_true(&format!("bolt read {old} to {new}"), || {
            let _ = bob.feed();
            state_at(&meryem, item, "bolt").as_deref() == wanted
        });
    }
    let leaked = bram
        .feed()
        .iter()
        .any(|e| matches!(text(e, "label"), "RED" | "AMBER+STRICT") && text(e, "origin") != WATER);
    assert!(!leaked);
}

#[test]
fn an_audience_that_is_narrowed_takes_back_and_one_that_is_widened_comes_at_a_fresh_position() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let (bob, bram) = (f.viewer("energy/bolt/bob"), f.viewer("water/aqua/bram"));
    let item = meryem.share(
        &f.markdown("For few, then for all", "words"),
        &["--tlp", "GREEN"],
    );
    bob.sees(&item);
    bram.sees(&item);
    revised(&meryem, &item, &["--to", WATER, "--to", "acme"]);
    loses(&bob, &item);
    assert!(bram.may_show(&item) && recalls(&bram, &item).is_empty());
    revised(&meryem, &item, &["--to", "bolt"]);
    loses(&bram, &item);
    assert_eq!(recalls(&bram, &item).len(), 1);
    until_true("bob has it again", || bob.may_show(&item));

    let cursor = text(bram.feed().last().expect("not empty"), "cursor").to_owned();
    revised(&meryem, &item, &["--clear", "to"]);
    until_true("the peer has it again", || bram.may_show(&item));
    let after = bram.run(&["feed", "--after", &cursor]).done().objects();
    assert!(after.iter().any(|e| text(e, "item") == item));
    assert_eq!(entries(&bob, &item).len(), 1);
    until_true("it is traced as received", || {
        state_at(&meryem, &item, WATER).as_deref() == Some("received")
    });
}

#[test]
fn green_that_went_on_and_becomes_amber_is_recalled_from_the_second_hop_alone() {
    let f = Federation::of(&["energy", "water", "msp"]);
    let meryem = f.person("energy/acme/meryem");
    let (bram, mo) = (f.person("water/aqua/bram"), f.person("msp/cloud/mo"));
    f.peer("energy", "water", ONWARD, &[]);
    f.peer("water", "msp", ONWARD, &[]);
    let both = ["--to", WATER, "--to", "msp.isac.example"];
    let share = |title: &str| {
        meryem.share(
            &f.markdown(title, "words"),
            &[&["--tlp", "GREEN"], &both[..]].concat(),
        )
    };
    let (item, strict) = (share("Went on"), share("Went on, and stays at home"));
    mo.sees(&item);
    mo.sees(&strict);
    revised(&meryem, &item, &["--tlp", "AMBER"]);
    revised(&meryem, &strict, &["--tlp", "AMBER+STRICT"]);
    loses(&mo, &item);
    loses(&mo, &strict);
    loses(&bram, &strict);
    assert_eq!(text(&entries(&bram, &item)[0], "label"), "AMBER");
    assert!(recalls(&bram, &item).is_empty());
    for item in [&item, &strict] {
        until_true("the next community confirmed to the one before", || {
            f.node("water")
                .holders(item)
                .contains(&("msp.isac.example".to_owned(), "erased".to_owned()))
        });
    }
    // Released again, it goes the whole way again.
    revised(&meryem, &item, &["--tlp", "CLEAR"]);
    until_true("the second hop has it again", || mo.may_show(&item));
    for node in ["water", "msp"] {
        let audit = f.node(node).operator(&["audit", "verify"]).done().object();
        assert_eq!(audit["valid"], true);
    }
}

#[test]
fn a_recall_is_owed_while_the_link_is_down_and_while_the_agreement_is_suspended_or_over() {
    let f = Federation::of(&["energy", "water"]);
    let (energy, water) = (f.node("energy"), f.node("water"));
    let (meryem, bram) = (f.person("energy/acme/meryem"), f.person("water/aqua/bram"));
    let bob = f.person("energy/bolt/bob");
    f.peer("energy", "water", &[], &[]);
    let share = |title: &str| meryem.share(&f.markdown(title, "words"), &["--tlp", "GREEN"]);
    let items = ["Link down", "Suspended", "Over", "Twice", "Stays"].map(share);
    let [down, suspended, over, twice, stays] = &items;
    bram.sees(stays);

    water.kill();
    revised(&meryem, down, &["--tlp", "AMBER"]);
    revised(&meryem, twice, &["--tlp", "RED"]);
    revised(&meryem, twice, &["--tlp", "AMBER+STRICT"]);
    assert_eq!(
        state_at(&meryem, down, WATER).as_deref(),
        Some("owed"),
        "the source sees what is owed"
    );
    assert_eq!(state_at(&meryem, twice, WATER).as_deref(), Some("owed"));
    water.start();
    loses(&bram, down);
    loses(&bram, twice);
    until_true("it confirmed", || {
        state_at(&meryem, down, WATER).as_deref() == Some("erased")
    });

    energy.operator(&["peer", "suspend", WATER]).done();
    revised(&meryem, suspended, &["--tlp", "AMBER+STRICT"]);
    // Nothing that is permitted goes, and nothing is taken that is not lost.
    revised(&meryem, stays, &["--title", "Another title"]);
    loses(&bram, suspended);
    assert_eq!(entries(&bram, stays)[0]["revision"], 1);
    energy.operator(&["peer", "resume", WATER]).done();
    until_true("the missed revision came", || {
        entries(&bram, stays)[0]["revision"] == 2
    });
    assert_eq!(recalls(&bram, suspended).len(), 1);

    energy.operator(&["peer", "remove", WATER]).done();
    revised(&meryem, over, &["--tlp", "AMBER"]);
    loses(&bram, over);
    until_true("it confirmed after the end", || {
        state_at(&meryem, over, WATER).as_deref() == Some("erased")
    });
    // A member that was away through two changes that it may not see hears of one loss.
    let _ = bob.feed();
    assert_eq!(recalls(&bob, twice).len(), 1);
    assert!(bob.may_show(twice));
}

#[test]
fn who_never_had_it_hears_nothing_of_any_change() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let (bob, bram) = (f.viewer("energy/bolt/bob"), f.viewer("water/aqua/bram"));
    let item = meryem.share(
        &f.markdown("Among ourselves", "words"),
        &["--tlp", "RED", "--to", "acme"],
    );
    for flags in [
        &["--tlp", "AMBER+STRICT"][..],
        &["--tlp", "AMBER"],
        &["--title", "Something else"],
        &["--tlp", "GREEN"],
        &["--tlp", "RED"],
    ] {
        revised(&meryem, &item, flags);
    }
    meryem.run(&["withdraw", &item, "--reason", "error"]).done();
    let later = meryem.share(&f.markdown("Afterwards", "words"), &["--tlp", "CLEAR"]);
    for viewer in [&bob, &bram] {
        viewer.sees(&later);
        let feed = viewer.feed();
        assert!(
            feed.iter()
                .all(|e| text(e, "item") != item && text(e, "withdraws") != item),
            "{}",
            viewer.profile
        );
    }
}
