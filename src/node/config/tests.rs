use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::model::label::Label;

const LEAST: &str =
    "community = \"energy.isac.example\"\nname = \"Energy ISAC\"\nsector = \"energy\"\n";

fn of(text: &str, environment: &Environment) -> Result<Configuration, String> {
    parse(Path::new("sluis.toml"), text, environment).map_err(|error| error.to_string())
}

fn fails(text: &str) -> String {
    of(text, &Environment::default()).expect_err("the settings must not be accepted")
}

#[test]
fn what_is_not_said_has_its_default() {
    let settings = of(LEAST, &Environment::default())
        .expect("valid settings")
        .settings;
    assert_eq!(settings.community.endorsements_required, 2);
    assert_eq!(settings.community.newcomer_history, Label::Green);
    assert_eq!(settings.community.default_label, None);
    assert!(!settings.community.strict);
    assert_eq!(settings.listeners.listen.to_string(), "0.0.0.0:7443");
    assert_eq!(settings.listeners.ops.to_string(), "127.0.0.1:7445");
    assert_eq!(settings.limits.document_bytes_max, 16 * 1024 * 1024);
    assert_eq!(settings.certificates.person_seconds, 7 * 24 * 3600);
    assert_eq!(settings.certificates.node_seconds, 24 * 3600);
    assert_eq!(settings.log, LogFormat::Text);
}

#[test]
fn the_environment_goes_before_the_file_and_the_file_before_the_default() {
    let environment = Environment::of([
        ("SLUIS_SECTOR", "water"),
        ("SLUIS_DEFAULT_LABEL", "tlp:amber+strict"),
        ("SLUIS_LISTEN", ""),
    ]);
    let loaded =
        of(&format!("{LEAST}endorsements_required = 0\n"), &environment).expect("valid settings");
    assert_eq!(loaded.settings.community.sector, "water");
    assert_eq!(
        loaded.settings.community.default_label,
        Some(Label::AmberStrict)
    );
    assert_eq!(loaded.settings.community.endorsements_required, 0);
    let source = |key: &str| {
        loaded
            .entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| entry.source.to_string())
    };
    assert_eq!(source("sector").as_deref(), Some("SLUIS_SECTOR"));
    assert_eq!(
        source("endorsements_required").as_deref(),
        Some("sluis.toml:4")
    );
    assert_eq!(source("listen").as_deref(), Some("default"));
}

#[test]
fn a_community_chooses_between_lenient_and_strict_validation() {
    let strict = |line: &str, environment: &Environment| {
        let loaded = of(&format!("{LEAST}{line}\n"), environment).expect("valid settings");
        loaded.settings.community.strict
    };
    let nothing = Environment::default();
    assert!(strict("validation = \"strict\"", &nothing));
    assert!(!strict("validation = \"lenient\"", &nothing));
    let environment = Environment::of([("SLUIS_VALIDATION", "strict")]);
    assert!(strict("validation = \"lenient\"", &environment));
}

#[test]
fn an_unknown_key_is_told_with_its_line_and_the_nearest_known_one() {
    assert_eq!(
        fails(&format!("{LEAST}\nlissten = \"0.0.0.0:1\"\n")),
        "sluis.toml:5: there is no key “lissten”; is “listen” meant?"
    );
    assert!(
        fails(&format!("{LEAST}[database]\nurl = 1\n"))
            .contains("sluis.toml:4: there is no key “database”")
    );
}

#[test]
fn a_wrong_value_is_told_with_its_place_and_what_is_wanted() {
    for (line, wanted) in [
        (
            "endorsements_required = 1000",
            "a whole number from 0 to 100",
        ),
        ("endorsements_required = [2]", "a whole number"),
        ("newcomer_history = \"PINK\"", "they are CLEAR, GREEN"),
        ("validation = \"loose\"", "neither lenient nor strict"),
        ("ops = \"0.0.0.0:7445\"", "loopback"),
        ("listen = \"7443\"", "ADDR:PORT"),
        ("advertise = \"http://x\"", "HOST:PORT"),
        ("log_format = \"xml\"", "text or json"),
        ("document_bytes_max = \"1 GiB\"", "16 MiB"),
        ("person_certificate_hours = 0", "from 1"),
    ] {
        let message = fails(&format!("{LEAST}{line}\n"));
        assert!(message.starts_with("sluis.toml:4: "), "{message}");
        assert!(message.contains(wanted), "{message}");
    }
    assert!(fails("community = \"Energy\"\n").contains("is not a community's id"));
    assert!(fails("community =").starts_with("sluis.toml:1: "));
    assert!(fails("name = \"x\"\n").contains("SLUIS_COMMUNITY"));
    assert!(fails(&format!("{LEAST}https = \"0.0.0.0:7443\"\n")).contains("both want port 7443"));
    let environment = Environment::of([("SLUIS_OPS", "0.0.0.0:1")]);
    assert!(
        of(LEAST, &environment)
            .expect_err("not loopback")
            .starts_with("SLUIS_OPS: ops: ")
    );
}

#[test]
fn a_mistyped_variable_is_told_and_foreign_ones_are_left_alone() {
    let environment = Environment::of([
        ("SLUIS_LISTN", "x"),
        ("SLUIS_PORT_7443_TCP_PROTO", "tcp"),
        ("SLUIS_HOME", "/x"),
        ("SLUIS_DATA_DIR", "/x"),
    ]);
    let warnings = of(LEAST, &environment).expect("valid settings").warnings;
    assert_eq!(
        warnings,
        ["the variable SLUIS_LISTN means nothing to sluis; SLUIS_LISTEN does"]
    );
}

#[test]
fn the_file_that_init_writes_reads_back() {
    let values = BTreeMap::from([
        ("community", "energy.isac.example".to_owned()),
        ("name", "The \"Energy\" ISAC\\ é".to_owned()),
        ("sector", "energy".to_owned()),
        ("listen", "127.0.0.1:0".to_owned()),
    ]);
    let text = template::document(&values);
    let settings = of(&text, &Environment::default())
        .expect("valid settings")
        .settings;
    assert_eq!(settings.community.name, "The \"Energy\" ISAC\\ é");
    assert_eq!(settings.listeners.listen.port(), 0);
    for key in super::keys::KEYS {
        assert!(
            text.contains(&format!("{} =", key.name)),
            "{} is missing",
            key.name
        );
    }
}
