//! `sluis.toml`, the environment over it, and `sluis config`, which says what is in force and where it comes from.

use crate::support::Node;

#[test]
fn config_says_each_value_and_where_it_comes_from() {
    let home = tempfile::tempdir().expect("a directory");
    let node = Node::init(
        home.path(),
        "energy",
        &[("SLUIS_NEWCOMER_HISTORY", "CLEAR")],
    );
    let config = node.operator(&["config"]).done().object();
    assert_eq!(config["newcomer_history"]["value"], "CLEAR");
    let from = config["newcomer_history"]["source"]
        .as_str()
        .expect("a source");
    assert!(from.contains("SLUIS_NEWCOMER_HISTORY"), "{from}");
    assert_eq!(config["community"]["value"], "energy.isac.example");
    assert!(
        config["community"]["source"]
            .as_str()
            .is_some_and(|s| s.starts_with("sluis.toml"))
    );
    assert_eq!(config["endorsements_required"]["source"], "default");
    assert_eq!(config["validation"]["value"], "lenient");
}

#[test]
fn a_wrong_setting_is_named_with_its_place() {
    let home = tempfile::tempdir().expect("a directory");
    let node = Node::init(home.path(), "energy", &[]);
    let file = node.data.join("sluis.toml");
    let good = std::fs::read_to_string(&file).expect("settings");
    for (line, named) in [
        ("no_such_key = 1\n", "no_such_key"),
        ("newcomer_history = \"PINK\"\n", "newcomer_history"),
        ("document_bytes_max = \"1 TiB\"\n", "document_bytes_max"),
    ] {
        std::fs::write(&file, format!("{good}\n{line}")).expect("ours");
        for command in ["serve", "config"] {
            let answer = node.operator(&[command]).ends(1);
            assert!(answer.err.contains(named), "{answer}");
        }
    }
}

#[test]
fn a_community_may_set_a_default_label_and_a_smaller_limit() {
    use crate::support::{Federation, list, text};

    let f = Federation::with(
        &["energy"],
        &[
            ("SLUIS_ENDORSEMENTS_REQUIRED", "0"),
            ("SLUIS_DEFAULT_LABEL", "AMBER+STRICT"),
            ("SLUIS_DOCUMENT_BYTES_MAX", "1 KiB"),
        ],
    );
    let meryem = f.person("energy/acme/meryem");
    let answer = meryem
        .push(&f.markdown("Unlabelled", "words"), &[])
        .done()
        .object();
    assert_eq!(text(&list(&answer, "items")[0], "label"), "AMBER+STRICT");
    let large = f.markdown("Large", &"x".repeat(1024));
    let _ = meryem.push(&large, &[]).refused("too-large");
}
