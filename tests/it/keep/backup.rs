//! Everything of a node in one file, made while it serves, and back.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::support::{Answer, Federation, Node, text};

const PASSPHRASE: &str = "six words that nobody puts together";

/// A file with a passphrase in it.
pub(super) fn passphrase(f: &Federation, name: &str, words: &str) -> String {
    let file = f.home().join(name);
    std::fs::write(&file, format!("{words}\n")).expect("the directory is ours");
    file.to_string_lossy().into_owned()
}

/// Saves a node that runs.
pub(super) fn save(f: &Federation, node: &Node, name: &str) -> PathBuf {
    let file = f.home().join(name);
    let key = passphrase(f, "backup.pass", PASSPHRASE);
    node.operator(&["backup", path(&file), "--passphrase-file", &key])
        .done();
    file
}

/// Brings it back in the place of what is there, and starts it.
pub(super) fn bring_back(f: &Federation, node: &Node, file: &Path) {
    node.kill();
    std::fs::remove_dir_all(&node.data).expect("it is ours");
    let key = passphrase(f, "backup.pass", PASSPHRASE);
    node.operator(&["restore", path(file), "--passphrase-file", &key])
        .done();
    node.start();
}

fn path(file: &Path) -> &str {
    file.to_str().expect("tests have plain names")
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("it is ours");
    let mut names: Vec<String> = entries
        .map(|entry| {
            let entry = entry.expect("it is ours");
            entry.file_name().to_string_lossy().into_owned()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn a_backup_of_a_node_that_serves_brings_everything_back() {
    let f = Federation::of(&["energy"]);
    let energy = f.node("energy");
    let meryem = f.person("energy/acme/meryem");
    let canary = "canary-5c1f7b20";
    let item = meryem.share(&f.markdown(canary, canary), &["--tlp", "GREEN"]);
    let before = meryem.feed();
    let beside = f.home().join("safe");
    std::fs::create_dir(&beside).expect("it is ours");
    let key = passphrase(&f, "backup.pass", PASSPHRASE);
    let file = beside.join("energy.sluis");
    let in_data = names(&energy.data);
    let answer = energy
        .operator(&["backup", path(&file), "--passphrase-file", &key])
        .done()
        .object();
    assert_eq!(text(&answer, "community"), "energy.isac.example");
    let bytes = std::fs::read(&file).expect("it was made");
    assert_eq!(answer["bytes"], bytes.len());
    // One file, for its owner, with nothing in clear, and no copy is left anywhere.
    assert_eq!(names(&beside), ["energy.sluis"]);
    let mode = std::fs::metadata(&file).expect("it is there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    for clear in [canary.as_bytes(), b"SQLite format 3", b"PRIVATE KEY"] {
        assert!(!bytes.windows(clear.len()).any(|window| window == clear));
    }
    assert_eq!(names(&energy.data), in_data);

    let secrets = [
        "ca/ca.key",
        "node/signer.key",
        "node/pseudonym.key",
        "sluis.toml",
    ];
    let saved: Vec<Vec<u8>> = secrets
        .iter()
        .map(|name| std::fs::read(energy.data.join(name)).expect("a node has it"))
        .collect();
    bring_back(&f, energy, &file);
    for (name, bytes) in secrets.iter().zip(saved) {
        let now = std::fs::read(energy.data.join(name)).expect("it came back");
        assert!(now == bytes, "{name}");
    }
    for private in ["ca/ca.key", "node/key.pem", "node/signer.key", "sluis.db"] {
        let file = std::fs::metadata(energy.data.join(private)).expect("it came back");
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "{private}");
    }
    let after = meryem.feed();
    let what = |feed: &[serde_json::Value]| -> Vec<(String, String)> {
        feed.iter()
            .map(|e| (text(e, "item").to_owned(), text(e, "sha256").to_owned()))
            .collect()
    };
    assert_eq!(what(&before), what(&after));
    assert!(
        meryem
            .content(&item)
            .windows(canary.len())
            .any(|w| w == canary.as_bytes())
    );
    energy.kill();
    let verdict = energy.operator(&["audit", "verify"]).done().object();
    assert_eq!(verdict["valid"], true);
}

#[test]
fn what_cannot_be_restored_is_refused_with_a_sentence_and_leaves_nothing() {
    let f = Federation::of(&["energy"]);
    let energy = f.node("energy");
    let file = save(&f, energy, "energy.sluis");
    let key = passphrase(&f, "backup.pass", PASSPHRASE);
    let restore = |file: &Path, into: &Path, key: &str| -> Answer {
        let arguments = [
            "--data",
            path(into),
            "restore",
            path(file),
            "--passphrase-file",
            key,
        ];
        crate::support::sluis(f.home(), &arguments, "")
    };
    let says = |answer: Answer, what: &str| {
        let answer = answer.ends(1);
        assert!(answer.err.contains(what), "{answer}");
    };
    says(
        energy.operator(&["backup", path(&file), "--passphrase-file", &key]),
        "is there already",
    );
    let bytes = std::fs::read(&file).expect("it was made");
    let fresh = f.home().join("fresh");
    let wrong = passphrase(&f, "wrong.pass", "seven words that nobody puts together");
    says(
        restore(&file, &fresh, &wrong),
        "the passphrase is not the one",
    );
    let damaged = f.home().join("damaged.sluis");
    for at in [70, bytes.len() / 2] {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        std::fs::write(&damaged, &altered).expect("the directory is ours");
        says(restore(&damaged, &fresh, &key), "damaged");
    }
    for length in [60, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&damaged, &bytes[..length]).expect("the directory is ours");
        says(restore(&damaged, &fresh, &key), "cut off");
    }
    std::fs::write(&damaged, b"something else").expect("the directory is ours");
    says(restore(&damaged, &fresh, &key), "no backup of sluis");
    assert!(!fresh.exists());
    std::fs::create_dir(&fresh).expect("it is ours");
    std::fs::write(fresh.join("thesis.txt"), "x").expect("it is ours");
    says(restore(&file, &fresh, &key), "is not empty");
    assert_eq!(names(&fresh), ["thesis.txt"]);
    // Where a node runs nothing is touched.
    says(restore(&file, &energy.data, &key), "a node runs in");
    assert_eq!(energy.operator(&["status"]).code, 0);
    // A passphrase is never typed as an argument, and never guessed away.
    let short = passphrase(&f, "short.pass", "tulip");
    let other = f.home().join("other.sluis");
    let _ = energy
        .operator(&["backup", path(&other), "--passphrase-file", &short])
        .ends(2);
    let _ = energy.operator(&["backup", path(&other)]).ends(2);
    assert!(!other.exists());
}
