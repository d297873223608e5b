//! The node's settings: read from `sluis.toml` and the environment, checked once, and built into small values.
//!
//! ```text
//! SLUIS_… in the environment ─┐
//! sluis.toml ─────────────────┼─▶ values, each with its source ─▶ checked, section by section ─▶ Settings
//! default ────────────────────┘
//! ```
//!
//! An unknown key is an error with its line and the nearest known one. No secret stands here: keys are files.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

mod certificates;
pub(crate) mod community;
mod environment;
mod keys;
mod limits;
pub(crate) mod listeners;
mod log;
pub(crate) mod template;
mod values;

pub use certificates::CertificateSettings;
pub use community::CommunitySettings;
pub use environment::Environment;
pub use limits::LimitSettings;
pub use listeners::{ListenerSettings, reachable_here};
pub use log::LogFormat;
pub use values::{Entry, Source};

/// The file in the data directory.
pub const FILE: &str = "sluis.toml";

/// What is in force, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What the community decided for itself.
    pub community: CommunitySettings,
    /// Where the node listens.
    pub listeners: ListenerSettings,
    /// How much it takes.
    pub limits: LimitSettings,
    /// How long certificates live.
    pub certificates: CertificateSettings,
    /// How it writes its log.
    pub log: LogFormat,
}

/// The settings, with where each comes from.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// What is in force.
    pub settings: Settings,
    /// Every key, with its value as it was written and its source.
    pub entries: Vec<Entry>,
    /// What the operator should know although the node starts, sentences.
    pub warnings: Vec<String>,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no file.
    #[error(
        "{} is not the data directory of a node: it has no {FILE} (`sluis init` makes one, --data names another directory)",
        directory.display()
    )]
    NotANode {
        /// The directory.
        directory: PathBuf,
    },
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{}:{line}: {problem}", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A key that does not exist.
    #[error("{}:{line}: there is no key “{key}”; {hint}", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// Which one may be meant.
        hint: String,
    },
    /// A value that does not fit its key.
    #[error("{place}: {key}: {problem}")]
    Invalid {
        /// The file with its line, or the variable.
        place: String,
        /// The key.
        key: &'static str,
        /// What is wrong and what is wanted.
        problem: String,
    },
    /// A key that must be there.
    #[error("{} does not say {key}; add it, or set {variable}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// The variable that says the same.
        variable: String,
    },
    /// Two listeners on one port.
    #[error("{one} and {other} both want port {port}; give each its own")]
    SamePort {
        /// One key.
        one: &'static str,
        /// The other.
        other: &'static str,
        /// The port.
        port: u16,
    },
}

/// Reads and checks the settings of the node whose data directory this is.
pub fn load(data: &Path, environment: &Environment) -> Result<Configuration, ConfigError> {
    let path = data.join(FILE);
    let text = std::fs::read_to_string(&path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => ConfigError::NotANode {
            directory: data.to_owned(),
        },
        _ => ConfigError::Unreadable {
            path: path.clone(),
            source,
        },
    })?;
    parse(&path, &text, environment)
}

/// The same from the text of a file; the path is for messages only.
pub fn parse(
    path: &Path,
    text: &str,
    environment: &Environment,
) -> Result<Configuration, ConfigError> {
    let values = values::Values::read(path, text, environment)?;
    let settings = Settings {
        community: community::read(&values)?,
        listeners: listeners::read(&values)?,
        limits: limits::read(&values)?,
        certificates: certificates::read(&values)?,
        log: log::read(&values)?,
    };
    Ok(Configuration {
        settings,
        entries: values.into_entries(),
        warnings: values::warnings(environment),
    })
}

/// Reads a whole number within bounds.
fn number<T>(text: &str, bounds: RangeInclusive<T>) -> Result<T, String>
where
    T: FromStr + PartialOrd + Display,
{
    text.trim()
        .parse()
        .ok()
        .filter(|number| bounds.contains(number))
        .ok_or_else(|| {
            format!(
                "a whole number from {} to {} is wanted",
                bounds.start(),
                bounds.end()
            )
        })
}

#[cfg(test)]
mod tests;
