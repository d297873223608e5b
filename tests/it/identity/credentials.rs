//! Certificates that are foreign, too old, or of another kind than the call needs.

use sluis::clock::{Clock as _, SystemClock, Timestamp};
use sluis::model::ids::SpiffeId;
use sluis::trust::Authority;

use crate::support::{Federation, Viewer, report, shared, until_true};

const DAY: i64 = 86_400;

/// Copies a profile under another name, to be spoilt.
fn copied(of: &Viewer, name: &str) -> Viewer {
    let copy = Viewer {
        home: of.home.clone(),
        profile: name.to_owned(),
    };
    std::fs::create_dir_all(copy.directory()).expect("the directory is ours");
    for entry in std::fs::read_dir(of.directory()).expect("a profile") {
        let entry = entry.expect("a file");
        std::fs::copy(entry.path(), copy.directory().join(entry.file_name())).expect("a copy");
    }
    copy
}

/// Gives a profile a certificate that is issued now and lives so long; until when it holds.
fn issued(f: &Federation, viewer: &Viewer, id: &str, lifetime_seconds: i64) -> Timestamp {
    let authority = Authority::open(&f.node("energy").data).expect("the community's own");
    let id = SpiffeId::parse(id).expect("an id");
    let credential = authority.credential(&id, &[], SystemClock.now(), lifetime_seconds);
    let credential = credential.expect("a credential");
    credential.save(&viewer.directory()).expect("a profile");
    credential.not_after()
}

fn certificate(of: &Viewer) -> Vec<u8> {
    std::fs::read(of.directory().join("cert.pem")).expect("a certificate")
}

#[test]
fn a_certificate_of_another_community_is_not_let_in() {
    let f = shared();
    let (meryem, bram) = (f.viewer("energy/acme/meryem"), f.viewer("water/aqua/bram"));
    // Water's person dials energy, and knows energy's CA.
    let stranger = copied(&bram, "stranger");
    std::fs::copy(
        meryem.directory().join("ca.pem"),
        stranger.directory().join("ca.pem"),
    )
    .expect("a copy");
    let profile = stranger.directory().join("profile.toml");
    let text = std::fs::read_to_string(&profile).expect("a profile");
    let text = text.replace(&f.node("water").address(), &f.node("energy").address());
    std::fs::write(&profile, text).expect("a profile");
    for command in [
        &["feed"][..],
        &["trace", "01a20c5a-b180-7153-9933-080a5e18d23d"],
    ] {
        let answer = stranger.run(command);
        assert!(matches!(answer.code, 1 | 5), "{answer}");
        assert!(answer.out.is_empty() && !answer.err.is_empty(), "{answer}");
    }
}

#[test]
fn a_node_of_another_community_is_not_believed() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let misled = copied(&meryem, "misled");
    let profile = misled.directory().join("profile.toml");
    let text = std::fs::read_to_string(&profile).expect("a profile");
    let text = text.replace(&f.node("energy").address(), &f.node("water").address());
    std::fs::write(&profile, text).expect("a profile");
    let answer = misled.push(
        &f.file("a.md", report("Not for them", "words")),
        &["--tlp", "RED"],
    );
    assert_ne!(answer.code, 0, "{answer}");
    assert!(answer.out.is_empty(), "{answer}");
}

#[test]
fn a_certificate_renews_by_itself_when_it_is_due_and_after_it_expired() {
    let f = Federation::of(&["energy"]);
    let meryem = f.person("energy/acme/meryem");
    let fresh = certificate(&meryem);
    let _ = meryem.run(&["feed"]).done();
    assert_eq!(certificate(&meryem), fresh, "not before it is due");
    let id = "spiffe://energy.isac.example/member/acme/person/meryem";
    let end = issued(&f, &meryem, id, 2);
    let brief = certificate(&meryem);
    until_true("it expires", || SystemClock.now() > end.plus_seconds(1));
    let _ = meryem.run(&["feed"]).done();
    assert_ne!(certificate(&meryem), brief, "it renewed");
    let _ = meryem.run(&["feed"]).done();
}

#[test]
fn a_revoked_credential_does_not_renew() {
    let f = Federation::of(&["energy"]);
    let siem = f.tool("energy/acme/siem");
    let id = "spiffe://energy.isac.example/member/acme/tool/siem";
    let end = issued(&f, &siem, id, 2);
    let _ = f
        .node("energy")
        .operator(&["member", "revoke", "acme", "--tool", "siem"])
        .done();
    until_true("it expires", || SystemClock.now() > end.plus_seconds(1));
    let answer = siem.run(&["feed"]).ends(5);
    assert!(
        answer.err.contains("revoked") && answer.err.contains("invite"),
        "{answer}"
    );
}

#[test]
fn an_unknown_credential_of_the_community_is_not_a_member() {
    let f = Federation::of(&["energy"]);
    let meryem = f.person("energy/acme/meryem");
    for id in [
        "spiffe://energy.isac.example/member/nobody/person/meryem",
        "spiffe://energy.isac.example/member/acme/person/nobody",
        "spiffe://energy.isac.example/operator/mallory",
    ] {
        let forged = copied(&meryem, "forged");
        let _ = issued(&f, &forged, id, DAY);
        let profile = forged.directory().join("profile.toml");
        let text = std::fs::read_to_string(&profile).expect("a profile");
        let text = text.replace("spiffe://energy.isac.example/member/acme/person/meryem", id);
        std::fs::write(&profile, text).expect("a profile");
        let answer = forged.run(&["feed"]);
        assert_eq!(answer.code, 5, "{id}: {answer}");
    }
}
