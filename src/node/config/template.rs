//! The `sluis.toml` that `sluis init` writes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::keys::{KEYS, variable};

/// A commented file with these values; every other key stands there as a comment with its default.
pub(crate) fn document(values: &BTreeMap<&'static str, String>) -> String {
    let mut text = String::from(
        "# The settings of a sluis node. `sluis config` shows what is in force and where it comes from.\n\
         # Every key can be overruled by the environment. The node reads this file when it starts.\n",
    );
    for key in KEYS {
        text.push('\n');
        for line in key.about {
            let _ = writeln!(text, "# {line}");
        }
        let _ = writeln!(text, "# ({})", variable(key.name));
        let _ = match (values.get(key.name), key.default) {
            (Some(value), _) => writeln!(text, "{} = {}", key.name, literal(value)),
            (None, Some(default)) => writeln!(text, "# {} = {}", key.name, literal(default)),
            (None, None) => writeln!(text, "# {} =", key.name),
        };
    }
    text
}

/// A value as TOML writes it: a whole number, or a text in quotes.
fn literal(value: &str) -> String {
    match value.parse::<u32>() {
        Ok(number) => number.to_string(),
        Err(_) => toml::Value::String(value.to_owned()).to_string(),
    }
}
