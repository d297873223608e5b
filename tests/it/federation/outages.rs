//! A peer that is away misses nothing.

use crate::support::{Federation, until_true};

#[test]
fn a_peer_that_was_down_catches_up_on_pushes_and_withdrawals() {
    let f = Federation::of(&["energy", "water"]);
    let (energy, water) = (f.node("energy"), f.node("water"));
    let (meryem, bram) = (f.person("energy/acme/meryem"), f.person("water/aqua/bram"));
    f.peer("energy", "water", &[], &[]);
    let share = |title: &str| meryem.share(&f.markdown(title, "words"), &["--tlp", "GREEN"]);
    let (kept, wrong) = (share("Kept"), share("Wrong"));
    bram.sees(&wrong);

    let (ended, took) = water.terminate();
    assert!(ended.success() && took.as_secs() < 10);
    let missed = share("Missed");
    let brief = share("Pushed and withdrawn meanwhile");
    for item in [&wrong, &brief] {
        meryem.run(&["withdraw", item, "--reason", "error"]).done();
    }
    let owed = ("water.isac.example".to_owned(), "owed".to_owned());
    assert!(
        energy.holders(&wrong).contains(&owed),
        "the source sees what is owed"
    );
    water.start();
    bram.sees(&missed);
    bram.sees_withdrawn(&wrong);
    assert!(bram.may_show(&kept) && !bram.may_show(&wrong) && !bram.may_show(&brief));
    let erased = ("water.isac.example".to_owned(), "erased".to_owned());
    until_true("the peer confirmed", || {
        energy.holders(&wrong).contains(&erased)
    });

    // The supplier goes and comes back: the follower finds it again by itself.
    energy.kill();
    energy.start();
    let back = share("After the restart");
    bram.sees(&back);
    until_true("the link has caught up", || {
        water
            .link("energy.isac.example")
            .1
            .is_some_and(|lag| lag < 5.0)
    });
}
