//! Keeps the source of an un-named push out of what travels (design.md part 3, *Attribution*; threats 21, 22). Pure.
//!
//! Creators that are the submitting member are replaced by the community; what cannot be altered under its id (a STIX
//! object) is issued anew under an id that [`Pseudonyms`] derives, with everything that refers to it. What is not changed
//! stays byte for byte as it was written. A document that does not have the member for a creator, such as a third
//! party's, is not touched; where the member still stands in what is left, `formats::mentions` finds it.
//!
//! Objects keep their order and number, so that labels by index stay with what they are labels of.

mod csaf;
mod misp;
mod pseudonyms;
mod source;
mod stix;
mod who;

use bytes::Bytes;

use crate::formats::json::edit::Edits;
use crate::formats::{self, Aliases, Document, Format, Limits};
use crate::model::ids::CommunityId;
use crate::model::submission::Refusal;

pub use pseudonyms::Pseudonyms;
pub use source::SourceSeal;
use who::{Community, Who};

/// Who stands in for the submitting member.
#[derive(Clone, Debug)]
pub struct StandIn<'a> {
    /// The community.
    pub community: &'a CommunityId,
    /// Its name.
    pub name: &'a str,
}

/// A document without its source.
#[derive(Debug)]
pub struct Unnamed {
    /// The document; its objects stand in the order in which they stood.
    pub document: Document,
    /// Objects that were issued anew, in the order in which they stand; each id once.
    pub reissued: Vec<Reissued>,
}

/// An object that was issued anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reissued {
    /// Its id as it was pushed.
    pub from: String,
    /// Its id as it travels.
    pub to: String,
}

/// Replaces the submitting member by the community wherever it is the creator. Where it is so nowhere, the very same
/// document comes back.
///
/// Fails only where the result does not read, which no document that reads leads to.
pub fn unnamed(
    document: Document,
    submitter: &Aliases,
    stand_in: &StandIn<'_>,
    pseudonyms: &Pseudonyms,
    limits: &Limits,
) -> Result<Unnamed, Refusal> {
    let Some((bytes, reissued)) = edited(&document, submitter, stand_in, pseudonyms) else {
        return Ok(Unnamed {
            document,
            reissued: Vec::new(),
        });
    };
    // The community's name may be longer than the member's; the submitter is not to blame for that.
    let limits = Limits {
        bytes_max: limits.bytes_max.max(bytes.len()),
        ..*limits
    };
    Ok(Unnamed {
        document: formats::read(&bytes, &limits)?,
        reissued,
    })
}

/// The changed bytes; `None`: nothing is to be changed.
fn edited(
    document: &Document,
    submitter: &Aliases,
    stand_in: &StandIn<'_>,
    pseudonyms: &Pseudonyms,
) -> Option<(Bytes, Vec<Reissued>)> {
    let json = document.json()?;
    let who = Who::of(submitter);
    let community = Community::of(stand_in, pseudonyms);
    match document.format {
        Format::Stix20 | Format::Stix21 => {
            let plan = stix::plan(json.root(), &who, &community, pseudonyms)?;
            let mut edits = Edits::of(json);
            let reissued = plan.apply(document.format, &community, &mut edits);
            Some((edits.apply(), reissued))
        }
        Format::Misp => {
            let plan = misp::plan(json.root(), &who)?;
            let mut edits = Edits::of(json);
            plan.apply(json.root(), &who, &community, &mut edits);
            Some((edits.apply(), Vec::new()))
        }
        Format::Csaf20 | Format::Csaf21 => {
            let creators = csaf::creators(json.root(), &who)?;
            let mut edits = Edits::of(json);
            csaf::apply(&creators, &community, &mut edits);
            Some((edits.apply(), Vec::new()))
        }
        Format::Markdown | Format::Text | Format::Pdf => None,
    }
}

#[cfg(test)]
mod tests;
