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

use std::collections::HashMap;

use bytes::Bytes;

use crate::formats::json::edit::Edits;
use crate::formats::uuids::{Uuid128, uuid_of, uuids_in};
use crate::formats::{self, Aliases, Document, Format, Limits};
use crate::model::ids::CommunityId;
use crate::model::submission::{Place, Reason, Refusal};

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
/// Refuses where the old id of what is issued anew stands within something else, such as a text that quotes it: whoever
/// knows the object by that id knows its source.
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
    };
    let document = formats::read(&bytes, &limits)?;
    let left = old_ids(&document, &reissued);
    if !left.is_empty() {
        return Err(Refusal::new(
            Reason::NamesSubmitter,
            "objects that are made by your organisation, or refer to one that is, go out under new ids, but their old ids \
             still stand within other text; take them out, or push with --attribution named",
        )
        .at(left));
    }
    Ok(Unnamed { document, reissued })
}

/// Where the UUID of an id that was given up still stands, at most [`Refusal::PLACES_MAX`] places.
fn old_ids(document: &Document, reissued: &[Reissued]) -> Vec<Place> {
    let old: HashMap<Uuid128, &str> = reissued
        .iter()
        .filter_map(|r| Some((uuid_of(&r.from)?, r.from.as_str())))
        .collect();
    let mut places: Vec<Place> = Vec::new();
    if old.is_empty() {
        return places;
    }
    let mut look = |text: &str, place: &dyn Fn() -> String| {
        let mut found = None;
        uuids_in(text.as_bytes(), &mut |uuid| {
            found = found.or(old.get(&uuid).copied());
        });
        if let Some(id) = found
            && places.len() < Refusal::PLACES_MAX
        {
            places.push(Place {
                place: place(),
                message: format!("{id} stands here"),
            });
        }
    };
    if let Some(root) = document.root() {
        root.walk(|path, element| {
            for text in [path.key(), element.as_str()].into_iter().flatten() {
                look(text, &|| path.pointer());
            }
        });
    }
    for payload in &document.payloads {
        look(&payload.text, &|| payload.place.clone());
    }
    places
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
