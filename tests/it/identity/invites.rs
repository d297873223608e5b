//! An invite is good once, for whom it was made, until it expires.

use crate::support::{Answer, Federation, keys, sluis, text};

fn invite(f: &Federation, flags: &[&str]) -> String {
    let all = [&["member", "invite", "acme", "--person", "noor"], flags].concat();
    let answer = f.node("energy").operator(&all).done().object();
    text(&answer, "invite").to_owned()
}

fn join(f: &Federation, invite: &str, profile: &str) -> Answer {
    sluis(
        f.home(),
        &["join", invite, "--profile", profile, "-o", "json"],
        "",
    )
}

#[test]
fn a_used_an_altered_a_cut_and_an_expired_invite_are_refused_and_say_so() {
    let f = Federation::of(&["energy"]);
    f.member("energy/acme", &[]);
    let good = invite(&f, &[]);

    // From standard input, so that it stands in no list of processes.
    let joined = sluis(
        f.home(),
        &["join", "-", "--profile", "noor", "-o", "json"],
        &good,
    )
    .done();
    assert!(keys(&joined.object()).contains("profile"));
    let _ = f.viewer("noor").run(&["feed"]).done();

    let used = join(&f, &good, "again").ends(5);
    assert!(used.err.contains("used"), "{used}");
    let mut altered = good.clone().into_bytes();
    altered[40] = if altered[40] == b'A' { b'B' } else { b'A' };
    let altered = join(&f, &String::from_utf8(altered).expect("text"), "altered");
    assert_ne!(altered.code, 0, "{altered}");
    let cut = join(&f, &good[..good.len() - 4], "cut");
    assert_ne!(cut.code, 0, "{cut}");
    let nonsense = join(&f, "nonsense", "nonsense");
    assert_ne!(nonsense.code, 0, "{nonsense}");
    let brief = invite(&f, &["--ttl", "1s"]);
    crate::support::until("it expires", || {
        let answer = join(&f, &brief, "late");
        if answer.code == 0 {
            // It was fast enough; another one.
            let _ = std::fs::remove_dir_all(f.viewer("late").directory());
            return None;
        }
        assert!(
            answer.err.contains("expired") || answer.err.contains("used"),
            "{answer}"
        );
        Some(())
    });
    for profile in ["again", "altered", "cut", "nonsense", "late"] {
        let answer = f.viewer(profile).run(&["feed"]);
        assert_ne!(answer.code, 0, "no profile came of it");
    }
}

#[test]
fn no_secret_is_logged_or_left_readable() {
    use std::os::unix::fs::PermissionsExt as _;

    let f = Federation::of(&["energy"]);
    let meryem = f.person("energy/acme/meryem");
    let invite = invite(&f, &[]);
    let _ = join(&f, &invite, "noor").done();
    let logged = f.node("energy").logged();
    assert!(!logged.contains(&invite) && !logged.contains("PRIVATE"));
    let private = [
        meryem.directory().join("key.pem"),
        f.node("energy").data.join("ca/ca.key"),
        f.node("energy").data.join("node/key.pem"),
        f.node("energy").data.join("node/signer.key"),
        f.node("energy").data.join("operator/operator/key.pem"),
    ];
    for file in private {
        let mode = std::fs::metadata(&file)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[test]
fn an_invite_is_only_made_for_who_is_there() {
    let f = Federation::of(&["energy"]);
    let node = f.node("energy");
    let answer = node.operator(&["member", "invite", "nobody", "--person", "noor"]);
    assert_ne!(answer.code, 0, "{answer}");
    assert!(answer.out.is_empty());
}
