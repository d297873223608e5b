//! Where each value comes from: the environment before the file before the default.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::environment::Environment;
use super::keys::{KEYS, Key, VARIABLES, nearest, variable};
use super::{ConfigError, FILE};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody said anything.
    Default,
    /// A line of `sluis.toml`, from 1.
    File {
        /// The line.
        line: usize,
    },
    /// A variable of the environment.
    Environment {
        /// Its name.
        variable: String,
    },
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::File { line } => write!(f, "{FILE}:{line}"),
            Source::Environment { variable } => f.write_str(variable),
        }
    }
}

/// A key with the value that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: &'static str,
    /// The value as it was written; `None`: there is none.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: Source,
}

/// The values of all keys, not yet checked.
pub(super) struct Values {
    path: PathBuf,
    entries: Vec<Entry>,
}

impl Values {
    /// Reads the text of `sluis.toml` (at `path`, for messages) and lays the environment over it.
    pub(super) fn read(
        path: &Path,
        text: &str,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let mut file = lines(path, text)?;
        let entries = KEYS
            .iter()
            .map(|key| entry(key, file.remove(key.name), environment))
            .collect();
        Ok(Self {
            path: path.to_owned(),
            entries,
        })
    }

    pub(super) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// Reads a key that may be absent.
    pub(super) fn optional<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let Some((value, source)) = self
            .entries
            .iter()
            .find(|entry| entry.key == key)
            .and_then(|entry| Some((entry.value.as_deref()?, &entry.source)))
        else {
            return Ok(None);
        };
        read(value)
            .map(Some)
            .map_err(|problem| ConfigError::Invalid {
                place: match source {
                    Source::File { line } => format!("{}:{line}", self.path.display()),
                    Source::Default | Source::Environment { .. } => source.to_string(),
                },
                key,
                problem,
            })
    }

    /// Reads a key that must be there.
    pub(super) fn required<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        self.optional(key, read)?
            .ok_or_else(|| ConfigError::Missing {
                path: self.path.clone(),
                key,
                variable: variable(key),
            })
    }
}

/// What in the environment looks like a key and is none; the node starts, but its operator should know.
pub(super) fn warnings(environment: &Environment) -> Vec<String> {
    let known: Vec<String> = KEYS.iter().map(|key| variable(key.name)).collect();
    environment
        .names()
        .filter(|name| {
            name.starts_with("SLUIS_")
                && !known.iter().any(|known| known == name)
                && !VARIABLES.contains(name)
        })
        .filter_map(|name| {
            // Only what is nearly a key: orchestrators put variables of their own beside ours.
            let meant = nearest(name, known.iter().map(String::as_str))?;
            Some(format!(
                "the variable {name} means nothing to sluis; {meant} does"
            ))
        })
        .collect()
}

fn entry(key: &Key, file: Option<(usize, String)>, environment: &Environment) -> Entry {
    let variable = variable(key.name);
    let (value, source) = match (environment.value(&variable), file) {
        (Some(value), _) => (Some(value.to_owned()), Source::Environment { variable }),
        (None, Some((line, value))) => (Some(value), Source::File { line }),
        (None, None) => (key.default.map(str::to_owned), Source::Default),
    };
    Entry {
        key: key.name,
        value,
        source,
    }
}

/// The keys that a file has, each with its line and its value as text.
fn lines(path: &Path, text: &str) -> Result<BTreeMap<&'static str, (usize, String)>, ConfigError> {
    let line_at = |offset: usize| {
        text.bytes()
            .take(offset)
            .filter(|byte| *byte == b'\n')
            .count()
            .saturating_add(1)
    };
    let table = DeTable::parse(text).map_err(|error| ConfigError::NotToml {
        path: path.to_owned(),
        line: line_at(error.span().map_or(0, |span| span.start)),
        problem: error.message().to_owned(),
    })?;
    let mut found = BTreeMap::new();
    for (name, value) in table.get_ref() {
        let line = line_at(name.span().start);
        let Some(key) = KEYS.iter().find(|key| key.name == name.get_ref().as_ref()) else {
            return Err(ConfigError::UnknownKey {
                path: path.to_owned(),
                line,
                key: name.get_ref().escape_debug().to_string(),
                hint: match nearest(name.get_ref(), KEYS.iter().map(|key| key.name)) {
                    Some(meant) => format!("is “{meant}” meant?"),
                    None => format!(
                        "the keys are {}",
                        KEYS.iter()
                            .map(|key| key.name)
                            .collect::<Vec<_>>()
                            .join(", ")
                    ),
                },
            });
        };
        let value = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().replace('_', ""),
            other => {
                return Err(ConfigError::Invalid {
                    place: format!("{}:{line}", path.display()),
                    key: key.name,
                    problem: format!(
                        "a text in quotes or a whole number is wanted, this is of type {}",
                        other.type_str()
                    ),
                });
            }
        };
        found.insert(key.name, (line, value));
    }
    Ok(found)
}
