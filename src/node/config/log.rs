//! How the node writes its log.

use super::ConfigError;
use super::values::Values;

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object on each line.
    Json,
}

pub(super) fn read(values: &Values) -> Result<LogFormat, ConfigError> {
    values.required("log_format", |text| match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("text or json is wanted".to_owned()),
    })
}
