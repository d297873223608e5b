//! A node that comes back from an older backup, and everybody who had come further than it reaches.

use std::path::PathBuf;

use serde_json::Value;

use super::backup::{bring_back, save};
use crate::support::{Federation, Viewer, text, until_true};

/// I24: whoever had read further than the backup reaches misses nothing of what is pushed afterwards, also where the
/// lost positions were given again meanwhile.
#[test]
fn peers_and_members_read_a_restored_log_again_from_its_start() {
    let f = Federation::of(&["energy", "water"]);
    let (energy, water) = (f.node("energy"), f.node("water"));
    let (meryem, bram) = (f.person("energy/acme/meryem"), f.person("water/aqua/bram"));
    f.peer("energy", "water", &[], &[]);
    let kept = meryem.share(&f.markdown("Kept", "kept"), &["--tlp", "GREEN"]);
    bram.sees(&kept);
    let file = save(&f, energy, "energy.sluis");
    // Three positions that the backup does not reach, and that peer and member have read.
    let lost: Vec<String> = (0..3)
        .map(|n| {
            let text = format!("Lost {n}");
            meryem.share(&f.markdown(&text, &text), &["--tlp", "GREEN"])
        })
        .collect();
    for item in &lost {
        bram.sees(item);
    }
    let cursor = text(meryem.feed().last().expect("it has entries"), "cursor").to_owned();

    // The peer must not look in before the lost positions are given again.
    water.kill();
    bring_back(&f, energy, &file);
    let pushed: Vec<String> = (0..5)
        .map(|n| {
            let text = format!("Pushed on {n}");
            meryem.share(&f.markdown(&text, &text), &["--tlp", "GREEN"])
        })
        .collect();
    let again = meryem.run(&["feed", "--after", &cursor]).done().objects();
    for item in pushed.iter().chain([&kept]) {
        let times = again.iter().filter(|e| text(e, "item") == *item).count();
        assert_eq!(times, 1, "{item}");
    }
    water.start();
    for item in &pushed {
        bram.sees(item);
    }
    // What was there before took effect once, and what was lost is still where it arrived.
    let feed = bram.feed();
    for item in pushed.iter().chain(&lost).chain([&kept]) {
        let times = feed.iter().filter(|e| text(e, "item") == *item).count();
        assert_eq!(times, 1, "{item}");
    }
    until_true("the link has caught up", || {
        water.link("energy.isac.example").1 == Some(0.0)
    });
    for node in [energy, water] {
        node.kill();
        let verdict = node.operator(&["audit", "verify"]).done().object();
        assert_eq!(verdict["valid"], true);
    }
}

/// A version of one advisory.
pub(super) fn advisory(f: &Federation, version: u32, what: &str) -> PathBuf {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/csaf/own__energy-2026-0007-green.json"
    ))
    .expect("it is in the repository");
    let mut advisory: Value = serde_json::from_str(&text).expect("it is JSON");
    let tracking = &mut advisory["document"]["tracking"];
    tracking["version"] = version.to_string().into();
    let mut revision = tracking["revision_history"][0].clone();
    let history: Vec<Value> = (1..=version)
        .map(|number| {
            revision["number"] = number.to_string().into();
            revision["summary"] = what.into();
            revision.clone()
        })
        .collect();
    tracking["revision_history"] = history.into();
    f.file("advisory.json", advisory.to_string().as_bytes())
}

/// I24: no revision has two digests.
#[test]
fn a_revision_number_is_not_given_twice() {
    let f = Federation::of(&["energy", "water"]);
    let energy = f.node("energy");
    let (meryem, bram) = (f.person("energy/acme/meryem"), f.person("water/aqua/bram"));
    f.peer("energy", "water", &[], &[]);
    let item = meryem.share(&advisory(&f, 1, "first"), &[]);
    bram.sees(&item);
    let file = save(&f, energy, "energy.sluis");
    let revision = |of: &Viewer| {
        let entry = of.sees(&item);
        entry["revision"].as_u64().expect("a number")
    };
    meryem.push(&advisory(&f, 2, "lost"), &[]).done();
    until_true("the peer has the revision that will be lost", || {
        revision(&bram) == 2
    });
    let lost = text(&bram.sees(&item), "sha256").to_owned();
    bring_back(&f, energy, &file);
    assert_eq!(revision(&meryem), 1);
    meryem.push(&advisory(&f, 2, "made anew"), &[]).done();
    let anew = meryem.sees(&item);
    assert_ne!(text(&anew, "sha256"), lost);
    assert!(revision(&meryem) > 2);
    until_true("the peer has the one that was made anew", || {
        text(&bram.sees(&item), "sha256") == text(&anew, "sha256")
    });
    assert_eq!(revision(&bram), revision(&meryem));
}

/// I24: no used invite works.
#[test]
fn an_invite_that_was_open_in_the_backup_is_void() {
    let f = Federation::of(&["energy"]);
    let energy = f.node("energy");
    f.member("energy/acme", &[]);
    let invite = |person: &str| {
        let invite = ["member", "invite", "acme", "--person", person];
        let answer = energy.operator(&invite).done().object();
        text(&answer, "invite").to_owned()
    };
    let (before, file) = (invite("meryem"), save(&f, energy, "energy.sluis"));
    let join = |invite: &str, profile: &str| {
        let arguments = ["join", "-", "--profile", profile];
        crate::support::sluis(f.home(), &arguments, invite)
    };
    let _ = join(&before, "first").done();
    bring_back(&f, energy, &file);
    let again = join(&before, "second");
    assert_ne!(again.code, 0, "{again}");
    let _ = join(&invite("meryem"), "third").done();
}
