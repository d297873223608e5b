//! What the community decided for itself.

use super::values::Values;
use super::{ConfigError, number};
use crate::model::ids::CommunityId;
use crate::model::item::Envelope;
use crate::model::label::Label;
use crate::model::member::Member;

/// What the community decided for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommunitySettings {
    /// The community's id.
    pub id: CommunityId,
    /// Its name for people.
    pub name: String,
    /// Its sector, for items whose submitter names none.
    pub sector: String,
    /// How many endorsements an admission needs.
    pub endorsements_required: u32,
    /// The strictest label that a newcomer sees of what was before.
    pub newcomer_history: Label,
    /// The label of a push that has none; `None`: it is refused.
    pub default_label: Option<Label>,
    /// Documents that break more than the structure of their format are refused, not only warned about.
    pub strict: bool,
}

pub(super) fn read(values: &Values) -> Result<CommunitySettings, ConfigError> {
    Ok(CommunitySettings {
        id: values.required("community", |text| {
            CommunityId::parse(text).map_err(|error| error.to_string())
        })?,
        name: values.required("name", name)?,
        sector: values.required("sector", sector)?,
        endorsements_required: values.required("endorsements_required", |text| {
            number(text, 0..=ENDORSEMENTS_MAX)
        })?,
        newcomer_history: values.required("newcomer_history", label)?,
        default_label: values.optional("default_label", label)?,
        strict: values.required("validation", strict)?,
    })
}

/// Checks a name for people.
pub(crate) fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.len() > Member::TEXT_BYTES_MAX || text.chars().any(char::is_control)
    {
        return Err(format!(
            "a name of 1 to {} bytes on one line is wanted",
            Member::TEXT_BYTES_MAX
        ));
    }
    Ok(text.to_owned())
}

/// Checks a sector.
pub(crate) fn sector(text: &str) -> Result<String, String> {
    let fits = (1..=Envelope::SECTOR_BYTES_MAX).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_alphanumeric() && !c.is_uppercase() || matches!(c, '-' | '_'));
    if fits {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "lower-case letters, digits and hyphens are wanted, at most {} bytes, such as energy",
            Envelope::SECTOR_BYTES_MAX
        ))
    }
}

/// Reads how documents are judged: leniently or strictly.
fn strict(text: &str) -> Result<bool, String> {
    match text {
        "lenient" => Ok(false),
        "strict" => Ok(true),
        _ => Err(format!(
            "“{}” is neither lenient nor strict",
            text.escape_debug()
        )),
    }
}

/// Reads a label.
fn label(text: &str) -> Result<Label, String> {
    Label::parse(text).ok_or_else(|| {
        format!(
            "“{}” is no label; they are {}",
            text.escape_debug(),
            Label::ALL.map(Label::name).join(", ")
        )
    })
}

/// More vouchers than any community has members to ask.
const ENDORSEMENTS_MAX: u32 = 100;
