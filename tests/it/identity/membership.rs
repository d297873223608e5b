//! From candidate to member: vouched for, announced, suspended and gone.

use crate::support::{Federation, list, text};

#[test]
fn from_the_third_on_two_members_vouch_and_admissions_are_announced() {
    let f = Federation::with(&["energy"], &[]);
    let node = f.node("energy");
    let (meryem, bob) = (f.person("energy/acme/meryem"), f.person("energy/bolt/bob"));
    let add = [
        "member",
        "add",
        "core",
        "--name",
        "Core Works",
        "--domain",
        "core.example",
    ];
    let added = node.operator(&add).done().object();
    assert_eq!(text(&added, "state"), "candidate");
    assert_eq!(added["endorsements_required"], 2);
    let early = node.operator(&["member", "admit", "core"]);
    assert_eq!(early.code, 3, "{early}");
    let _ = meryem.run(&["member", "endorse", "core"]).done();
    // The same member twice is one.
    let _ = meryem.run(&["member", "endorse", "core"]).done();
    assert_eq!(node.operator(&["member", "admit", "core"]).code, 3);
    let _ = bob.run(&["member", "endorse", "core"]).done();
    let admitted = node.operator(&["member", "admit", "core"]).done().object();
    assert_eq!(text(&admitted, "state"), "admitted");
    let vouched = list(&admitted, "endorsed_by");
    assert_eq!(vouched.len(), 2, "it is recorded who: {admitted}");

    let notice = crate::support::until("the admission is announced", || {
        let feed = bob.run(&["feed", "--kind", "notice"]).done().objects();
        feed.into_iter()
            .find(|e| text(e, "title").contains("Core Works"))
    });
    assert_eq!(text(&notice, "label"), "AMBER+STRICT");
    assert_eq!(text(&notice, "submitter"), "");
}

#[test]
fn an_id_is_never_given_twice() {
    let f = Federation::of(&["energy"]);
    let node = f.node("energy");
    f.member("energy/acme", &[]);
    let add = ["member", "add", "acme", "--name", "Another Acme"];
    assert_ne!(node.operator(&add).code, 0);
    let _ = node.operator(&["member", "remove", "acme"]).done();
    let again = node.operator(&add);
    assert_ne!(again.code, 0, "{again}");
    for id in ["with.dot", "UPPER", "sp ace", ""] {
        let answer = node.operator(&["member", "add", id, "--name", "Odd"]);
        assert_eq!(answer.code, 2, "{answer}");
    }
}

#[test]
fn who_left_reads_nothing_and_what_it_shared_stays() {
    let f = Federation::of(&["energy"]);
    let (meryem, bob) = (f.person("energy/acme/meryem"), f.person("energy/bolt/bob"));
    let item = bob.share(&f.markdown("From who leaves", "words"), &["--tlp", "GREEN"]);
    let follower = bob.follow(&[]);
    follower.next();
    let _ = f
        .node("energy")
        .operator(&["member", "remove", "bolt"])
        .done();
    assert_eq!(follower.ended().0, 5);
    let _ = bob.run(&["feed"]).ends(5);
    assert!(meryem.items().contains(&item));
}
