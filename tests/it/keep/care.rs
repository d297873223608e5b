//! `doctor` and `audit export`: what an operator looks at.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{Answer, Federation, text};

/// How a thing is, by its name; the worst where there are several.
fn health(answer: &Answer, check: &str) -> String {
    let of: Vec<Value> = answer.objects();
    let of = of.iter().filter(|c| text(c, "check") == check);
    let mut all: Vec<&str> = of.map(|c| text(c, "health")).collect();
    all.sort_by_key(|health| ["ok", "warn", "fail"].iter().position(|h| h == health));
    (*all.last().unwrap_or(&"")).to_owned()
}

#[test]
fn the_doctor_finds_what_is_wrong_and_changes_nothing() {
    let f = Federation::of(&["energy"]);
    let energy = f.node("energy");
    let well = energy.operator(&["doctor"]).done();
    for check in [
        "configuration",
        "modes",
        "keys",
        "certificates",
        "database",
        "clock",
        "node",
    ] {
        assert_eq!(health(&well, check), "ok", "{check}: {well}");
    }
    energy.kill();
    let well = energy.operator(&["doctor"]).done();
    assert_eq!(health(&well, "node"), "ok", "{well}");

    let key = energy.data.join("node/signer.key");
    let mode = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&key, mode).expect("it is ours");
    };
    mode(0o644);
    let open = energy.operator(&["doctor"]).ends(1);
    assert_eq!(health(&open, "modes"), "fail", "{open}");
    let now = std::fs::metadata(&key).expect("it is there").permissions();
    assert_eq!(now.mode() & 0o777, 0o644, "it only looks");
    mode(0o600);

    let pseudonym = energy.data.join("node/pseudonym.key");
    let away = energy.data.join("node/away");
    std::fs::rename(&pseudonym, &away).expect("it is ours");
    let missing = energy.operator(&["doctor"]).ends(1);
    assert_eq!(health(&missing, "keys"), "fail", "{missing}");
    assert!(!pseudonym.exists());
    std::fs::rename(&away, &pseudonym).expect("it is ours");

    // A page in the middle of the database.
    let database = energy.data.join("sluis.db");
    let whole = std::fs::read(&database).expect("it is ours");
    let mut damaged = whole.clone();
    let from = 8192 * 3;
    damaged[from..from + 4096].fill(0xaa);
    std::fs::write(&database, &damaged).expect("it is ours");
    let sick = energy.operator(&["doctor"]).ends(1);
    assert_eq!(health(&sick, "database"), "fail", "{sick}");
    std::fs::write(&database, &whole).expect("it is ours");

    let settings = energy.data.join("sluis.toml");
    let text = std::fs::read_to_string(&settings).expect("it is ours");
    std::fs::write(&settings, format!("{text}\nnonsense = 1\n")).expect("it is ours");
    let wrong = energy.operator(&["doctor"]);
    assert_ne!(health(&wrong, "configuration"), "ok", "{wrong}");
}

#[test]
fn an_exported_chain_verifies_anywhere_and_any_change_is_found() {
    let f = Federation::of(&["energy"]);
    let energy = f.node("energy");
    f.member("energy/acme", &[]);
    f.member("energy/bolt", &[]);
    let exported = energy.operator(&["audit", "export"]).done().text();
    let lines: Vec<&str> = exported.lines().collect();
    assert!(lines.len() > 3, "{exported}");
    let file = f.home().join("audit.jsonl");
    let name = file.to_str().expect("a plain name");
    let verify = |lines: &[&str]| {
        std::fs::write(&file, lines.join("\n")).expect("it is ours");
        let arguments = ["-o", "json", "audit", "verify", "--file", name];
        crate::support::sluis(f.home(), &arguments, "")
    };
    let verdict = verify(&lines).done().object();
    assert_eq!(verdict["valid"], true);
    assert_eq!(verdict["records"], lines.len());
    let last: Value = serde_json::from_str(lines[lines.len() - 1]).expect("JSON");
    assert_eq!(text(&verdict, "head"), text(&last, "sha256"));
    let mut without = lines.clone();
    without.remove(1);
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    let changed = lines[1].replacen("member-added", "member-removed", 1);
    let other = lines[1].replacen("20", "21", 1);
    assert!(changed != lines[1] || other != lines[1]);
    let mut altered = lines.clone();
    altered[1] = match changed == lines[1] {
        true => &other,
        false => &changed,
    };
    for wrong in [without, swapped, altered, vec!["{}"]] {
        let answer = verify(&wrong).ends(1);
        assert_eq!(answer.object()["valid"], false, "{answer}");
    }
}
