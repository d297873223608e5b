//! How long certificates live.

use super::values::Values;
use super::{ConfigError, number};

/// How long certificates live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSettings {
    /// Those of persons, tools and operators, in seconds.
    pub person_seconds: i64,
    /// The node's own, in seconds.
    pub node_seconds: i64,
}

pub(super) fn read(values: &Values) -> Result<CertificateSettings, ConfigError> {
    Ok(CertificateSettings {
        person_seconds: values.required("person_certificate_hours", |text| {
            number(text, 1..=PERSON_HOURS_MAX).map(|hours| hours.saturating_mul(HOUR_SECONDS))
        })?,
        node_seconds: values.required("node_certificate_hours", |text| {
            number(text, 1..=NODE_HOURS_MAX).map(|hours| hours.saturating_mul(HOUR_SECONDS))
        })?,
    })
}

const HOUR_SECONDS: i64 = 3600;
/// 90 days: beyond that a lost laptop stays dangerous for longer than anybody remembers it.
const PERSON_HOURS_MAX: i64 = 90 * 24;
/// 30 days: the node renews by itself, nothing is gained by more.
const NODE_HOURS_MAX: i64 = 30 * 24;
