//! What two communities agreed, each direction for itself.

use crate::support::{Federation, list, text, until_true};

/// Pushes at each label and sees which arrive; the last always does.
#[track_caller]
fn crossing(f: &Federation, from: &str, to: &str, title: &str) -> Vec<&'static str> {
    let (by, reader) = (f.viewer(from), f.viewer(to));
    let community = format!(
        "{}.isac.example",
        to.split('/').next().expect("a community")
    );
    let items = ["AMBER", "GREEN", "CLEAR"].map(|label| {
        let file = f.markdown(&format!("{title} {label} {from}"), "words");
        (
            label,
            by.share(&file, &["--tlp", label, "--to", &community]),
        )
    });
    reader.sees(&items[2].1);
    let there = reader.items();
    items
        .iter()
        .filter(|(_, item)| there.contains(item))
        .map(|(label, _)| *label)
        .collect()
}

#[test]
fn ceilings_hold_for_each_direction_as_each_side_set_them() {
    let f = Federation::of(&["energy", "water", "msp"]);
    for whom in ["energy/acme/meryem", "water/aqua/bram", "msp/cloud/mo"] {
        let _ = f.person(whom);
    }
    // Accepted as proposed.
    f.peer(
        "energy",
        "water",
        &["--out-ceiling", "AMBER", "--in-ceiling", "CLEAR"],
        &[],
    );
    assert_eq!(
        crossing(&f, "energy/acme/meryem", "water/aqua/bram", "a"),
        ["AMBER", "GREEN", "CLEAR"]
    );
    assert_eq!(
        crossing(&f, "water/aqua/bram", "energy/acme/meryem", "a"),
        ["CLEAR"]
    );
    // Narrowed by who accepts.
    f.peer(
        "energy",
        "msp",
        &["--out-ceiling", "AMBER"],
        &["--in-ceiling", "GREEN", "--out-ceiling", "CLEAR"],
    );
    assert_eq!(
        crossing(&f, "energy/acme/meryem", "msp/cloud/mo", "b"),
        ["GREEN", "CLEAR"]
    );
    assert_eq!(
        crossing(&f, "msp/cloud/mo", "energy/acme/meryem", "b"),
        ["CLEAR"]
    );
    let shown = f
        .node("energy")
        .operator(&["peer", "show", "msp.isac.example"])
        .done()
        .object();
    assert_eq!(text(&shown["agreement"]["we"], "out_ceiling"), "AMBER");
    assert_eq!(text(&shown["agreement"]["they"], "in_ceiling"), "GREEN");
}

#[test]
fn an_agreement_may_list_kinds_and_sectors_and_forbid_commerce() {
    let f = Federation::of(&["energy", "water"]);
    let (meryem, bram) = (f.person("energy/acme/meryem"), f.person("water/aqua/bram"));
    f.peer(
        "energy",
        "water",
        &["--kinds", "advisory,alert", "--sectors", "energy,water"],
        &["--commercial"],
    );
    let share = |title: &str, flags: &[&str]| {
        let all = [&["--tlp", "GREEN"], flags].concat();
        meryem.share(&f.markdown(title, "words"), &all)
    };
    let kind = share("Another kind", &["--kind", "minutes"]);
    let sector = share("Another sector", &["--kind", "alert", "--sector", "health"]);
    let terms = share(
        "No commerce",
        &["--kind", "alert", "--terms", "no-commercial-use"],
    );
    let good = share(
        "As agreed",
        &["--kind", "alert", "--sector", "health", "--sector", "water"],
    );
    bram.sees(&good);
    let there = bram.items();
    assert!(
        [&kind, &sector, &terms]
            .iter()
            .all(|item| !there.contains(item))
    );
    let rule = |item: &str| {
        let explained = meryem
            .run(&["explain", item, "--to", "water.isac.example"])
            .done()
            .object();
        text(
            &list(&list(&explained, "items")[0], "recipients")[0],
            "rule",
        )
        .to_owned()
    };
    assert_eq!(rule(&kind), "kind-not-agreed");
    assert_eq!(rule(&sector), "sector-not-agreed");
    assert_eq!(rule(&terms), "commercial-use");
}

#[test]
fn nothing_flows_before_both_have_signed_nor_while_suspended_and_then_what_was_missed() {
    let f = Federation::of(&["energy", "water"]);
    let (energy, water) = (f.node("energy"), f.node("water"));
    let (meryem, bram) = (f.person("energy/acme/meryem"), f.person("water/aqua/bram"));
    let invite = ["peer", "invite", "--community", "water.isac.example"];
    let invite = energy.operator(&invite).done().object();
    let there = water
        .operator(&["peer", "accept", text(&invite, "invite")])
        .done()
        .object();
    assert_eq!(text(&there, "phrase").split(' ').count(), 6);
    assert_eq!(text(&there, "state"), "accepted");
    let first = meryem.share(
        &f.markdown("Before it is in force", "words"),
        &["--tlp", "GREEN"],
    );
    let explained = meryem.run(&["explain", &first]).done().object();
    assert!(
        explained.to_string().contains("not-in-force"),
        "{explained}"
    );
    assert!(!bram.may_show(&first));
    energy
        .operator(&["peer", "confirm", "water.isac.example"])
        .done();
    f.in_force("energy", "water");
    bram.sees(&first);

    for side in ["energy", "water"] {
        let (here, peer) = match side {
            "energy" => (energy, "water.isac.example"),
            _ => (water, "energy.isac.example"),
        };
        let suspended = here.operator(&["peer", "suspend", peer]).done().object();
        assert_eq!(text(&suspended, "state"), "suspended");
        let missed = meryem.share(
            &f.markdown(&format!("Missed, {side}"), "words"),
            &["--tlp", "GREEN"],
        );
        let second = bram.share(
            &f.markdown(&format!("Missed back, {side}"), "words"),
            &["--tlp", "GREEN"],
        );
        // The side that suspended says so; nothing crosses that it could wait for.
        assert_eq!(here.link(peer).0, "suspended");
        assert!(!bram.may_show(&missed) && !meryem.may_show(&second));
        here.operator(&["peer", "resume", peer]).done();
        until_true("both directions caught up", || {
            bram.may_show(&missed) && meryem.may_show(&second)
        });
        let there = bram.items();
        assert_eq!(there.iter().filter(|i| **i == missed).count(), 1);
    }
}

#[test]
fn a_removed_peer_gets_nothing_more() {
    let f = Federation::of(&["energy", "water"]);
    let (meryem, bram) = (f.person("energy/acme/meryem"), f.person("water/aqua/bram"));
    f.peer("energy", "water", &[], &[]);
    let item = meryem.share(&f.markdown("Before the end", "words"), &["--tlp", "GREEN"]);
    bram.sees(&item);
    f.node("energy")
        .operator(&["peer", "remove", "water.isac.example"])
        .done();
    let after = meryem.share(&f.markdown("After the end", "words"), &["--tlp", "GREEN"]);
    let explained = meryem.run(&["explain", &after]).done().object();
    assert!(
        !explained
            .to_string()
            .contains("\"as\":\"peer\",\"decision\":\"permit\""),
        "{explained}"
    );
    assert!(!bram.may_show(&after));
    // What it has can still be taken back.
    let _ = meryem.run(&["withdraw", &item, "--reason", "error"]).done();
    bram.sees_withdrawn(&item);
    let erased = ("water.isac.example".to_owned(), "erased".to_owned());
    until_true("the withdrawal is confirmed", || {
        f.node("energy").holders(&item).contains(&erased)
    });
}

#[test]
fn a_withdrawal_goes_over_an_agreement_that_the_source_suspended() {
    let f = Federation::of(&["energy", "water"]);
    let (meryem, bram) = (f.person("energy/acme/meryem"), f.person("water/aqua/bram"));
    f.peer("energy", "water", &[], &[]);
    let item = meryem.share(&f.markdown("Wrong", "words"), &["--tlp", "GREEN"]);
    bram.sees(&item);
    let suspend = ["peer", "suspend", "water.isac.example"];
    let _ = f.node("energy").operator(&suspend).done();
    let _ = meryem.run(&["withdraw", &item, "--reason", "error"]).done();
    bram.sees_withdrawn(&item);
}

#[test]
fn a_withdrawal_reaches_a_peer_that_suspended_the_agreement_when_it_resumes() {
    let f = Federation::of(&["energy", "water"]);
    let (meryem, bram) = (f.person("energy/acme/meryem"), f.person("water/aqua/bram"));
    f.peer("energy", "water", &[], &[]);
    let item = meryem.share(&f.markdown("Wrong", "words"), &["--tlp", "GREEN"]);
    bram.sees(&item);
    let water = f.node("water");
    let _ = water
        .operator(&["peer", "suspend", "energy.isac.example"])
        .done();
    let _ = meryem.run(&["withdraw", &item, "--reason", "error"]).done();
    let _ = water
        .operator(&["peer", "resume", "energy.isac.example"])
        .done();
    bram.sees_withdrawn(&item);
}
