//! 0 done, 1 failed, 2 wrong usage, 3 refused by the rules, 4 not reachable, 5 not allowed.

use crate::support::{Federation, shared, sluis};

#[test]
fn done_is_0_and_help_and_version_are_answers() {
    let home = tempfile::tempdir().expect("a directory");
    for command in [
        &["--help"][..],
        &["--version"],
        &["push", "--help"],
        &["completions", "bash"],
    ] {
        let answer = sluis(home.path(), command, "").done();
        assert!(!answer.out.is_empty(), "{answer}");
    }
}

#[test]
fn failed_is_1() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let _ = meryem
        .run(&["show", "01a20c5a-b180-7153-9933-080a5e18d23d"])
        .ends(1);
    let _ = meryem
        .run(&["push", "/no/such/file.md", "--tlp", "GREEN"])
        .ends(1);
    let home = tempfile::tempdir().expect("a directory");
    let nobody = sluis(home.path(), &["feed"], "").ends(1);
    assert!(nobody.err.contains("join"), "says the next step: {nobody}");
}

#[test]
fn wrong_usage_is_2() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    for command in [
        &["frobnicate"][..],
        &["push"],
        &["push", "a.md", "--tlp", "PINK"],
        &["push", "a.md", "--to", "not an id"],
        &["push", "a.md", "--kind", "gossip"],
        &["show", "not-an-id"],
        &["feed", "--limit", "0"],
        &["withdraw", "01a20c5a-b180-7153-9933-080a5e18d23d"],
        &["member", "invite", "acme"],
        &["init"],
    ] {
        let answer = meryem.run(command);
        assert_eq!(answer.code, 2, "{answer}");
        assert!(answer.out.is_empty() && !answer.err.is_empty(), "{answer}");
    }
}

#[test]
fn refused_is_3_and_not_allowed_is_5() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let file = f.markdown("Without a label", "words");
    let _ = meryem.push(&file, &[]).refused("no-label");
    // A member's credential for an operator's command, and the other way round.
    let answer = meryem.run(&["member", "list"]);
    assert_eq!(answer.code, 5, "{answer}");
    assert!(answer.out.is_empty(), "{answer}");
}

#[test]
fn not_reachable_is_4_and_says_the_next_step() {
    let f = Federation::of(&["energy"]);
    let meryem = f.person("energy/acme/meryem");
    let node = f.node("energy");
    let (ended, _) = node.terminate();
    assert!(ended.success());
    let file = f.markdown("To nobody", "words");
    let file = file.to_string_lossy();
    for command in [
        &["feed"][..],
        &["push", &file, "--tlp", "GREEN"],
        &["push", &file, &file, "--tlp", "GREEN"],
    ] {
        let answer = meryem.run(command).ends(4);
        assert!(!answer.err.is_empty(), "{answer}");
    }
    let status = node.operator(&["status"]).ends(4);
    assert!(
        status.err.contains("serve") || status.err.contains("node"),
        "{status}"
    );
}

#[test]
fn everything_but_the_answer_goes_to_standard_error_and_nothing_prompts() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let item = meryem.share(
        &f.markdown("To be withdrawn by a script", "words"),
        &["--tlp", "GREEN"],
    );
    // Without --yes, where nobody can be asked.
    let typed = [
        "--profile",
        &*meryem.profile,
        "-o",
        "json",
        "withdraw",
        &*item,
        "--reason",
        "error",
    ];
    let answer = sluis(f.home(), &typed, "");
    assert!(answer.code >= 0, "it ended by itself: {answer}");
    for object in answer.objects() {
        assert!(object.is_object());
    }
    let quiet = sluis(
        f.home(),
        &["-q", "--profile", &meryem.profile, "feed", "--limit", "1"],
        "",
    )
    .done();
    assert!(quiet.err.is_empty(), "{quiet}");
    // Global options may stand anywhere.
    let typed = [
        "feed",
        "--limit",
        "1",
        "-o",
        "json",
        "--profile",
        &*meryem.profile,
    ];
    assert_eq!(sluis(f.home(), &typed, "").done().objects().len(), 1);
}

#[test]
fn a_table_has_no_colours_where_nobody_looks() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let _ = meryem.share(
        &f.markdown("A row of a table", "words"),
        &["--tlp", "GREEN"],
    );
    let table = sluis(f.home(), &["--profile", &meryem.profile, "feed"], "").done();
    assert!(!table.text().contains('\u{1b}'), "no escape sequence");
    assert!(table.text().contains("TLP:GREEN"), "{table}");
}
