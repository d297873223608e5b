//! Live streams: what comes while one looks, over restarts of the node, and until the right to look ends.

use crate::support::{Federation, shared, text};

#[test]
fn who_follows_sees_what_is_pushed_meanwhile() {
    let f = shared();
    let bob = f.viewer("energy/bolt/bob").follow(&["--kind", "minutes"]);
    let meryem = f.viewer("energy/acme/meryem");
    let mut pushed = Vec::new();
    for n in 0..3 {
        let file = f.markdown(&format!("Live, {n}"), "words");
        pushed.push(meryem.share(&file, &["--tlp", "GREEN", "--kind", "minutes"]));
        assert_eq!(text(&bob.next(), "item"), pushed[n]);
    }
}

#[test]
fn who_follows_loses_nothing_and_sees_nothing_twice_over_a_crash_of_the_node() {
    let f = Federation::of(&["energy"]);
    let node = f.node("energy");
    let (meryem, bob) = (f.person("energy/acme/meryem"), f.person("energy/bolt/bob"));
    let follower = bob.follow(&["--kind", "report"]);
    let mut pushed = Vec::new();
    let mut seen = Vec::new();
    for round in 0..3 {
        for n in 0..3 {
            let file = f.markdown(&format!("Round {round}, {n}"), "words");
            pushed.push(meryem.share(&file, &["--tlp", "GREEN"]));
        }
        if round == 0 {
            seen.extend(follower.up_to(&pushed[2]));
        }
        node.kill();
        node.start();
    }
    let file = f.markdown("After all rounds", "words");
    pushed.push(meryem.share(&file, &["--tlp", "GREEN"]));
    seen.extend(follower.up_to(&pushed[pushed.len() - 1]));
    assert_eq!(seen, pushed);
}

#[test]
fn a_suspended_members_streams_end_and_a_resumed_one_gets_what_it_missed() {
    let f = Federation::of(&["energy"]);
    let node = f.node("energy");
    let (meryem, bob) = (f.person("energy/acme/meryem"), f.person("energy/bolt/bob"));
    let before = meryem.share(&f.markdown("Before", "words"), &["--tlp", "GREEN"]);
    let follower = bob.follow(&["--kind", "report"]);
    follower.up_to(&before);
    node.operator(&["member", "suspend", "bolt"]).done();
    let (code, said) = follower.ended();
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("suspended"), "{said}");
    let missed = meryem.share(&f.markdown("Missed", "words"), &["--tlp", "GREEN"]);
    for command in [&["feed"][..], &["show", &before], &["explain", &before]] {
        let answer = bob.run(command).ends(5);
        assert!(
            answer.out.is_empty() && answer.err.contains("suspended"),
            "{answer}"
        );
    }
    let file = f.markdown("From a suspended member", "words");
    let _ = bob.push(&file, &["--tlp", "GREEN"]).ends(5);

    node.operator(&["member", "resume", "bolt"]).done();
    let items = bob.items();
    let ours: Vec<&String> = items
        .iter()
        .filter(|i| **i == before || **i == missed)
        .collect();
    assert_eq!(ours, [&before, &missed]);
}

#[test]
fn a_revoked_tool_loses_its_stream_and_its_member_keeps_the_others() {
    let f = Federation::of(&["energy"]);
    let (meryem, siem) = (f.person("energy/acme/meryem"), f.tool("energy/acme/siem"));
    let item = meryem.share(&f.markdown("Before", "words"), &["--tlp", "GREEN"]);
    let follower = siem.follow(&["--kind", "report"]);
    follower.up_to(&item);
    f.node("energy")
        .operator(&["member", "revoke", "acme", "--tool", "siem"])
        .done();
    let (code, said) = follower.ended();
    assert_eq!(code, 5, "{said}");
    let answer = siem.run(&["feed"]).ends(5);
    assert!(answer.err.contains("revoked"), "{answer}");
    assert!(meryem.items().contains(&item));
}
