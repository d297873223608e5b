//! An un-named push gives its source away nowhere (invariant 11): creators that are the submitter are replaced, and where
//! its name still stands the push is refused.

use super::Settings;
use crate::anonymity::{Pseudonyms, Reissued, StandIn, Unnamed, unnamed};
use crate::formats::{self, Aliases, Document, Limits};
use crate::markings::Marked;
use crate::model::ids::{MemberId, SpiffeId};
use crate::model::roster::Roster;
use crate::model::submission::{Place, PushOptions, Reason, Refusal};
use crate::model::words::Attribution;

/// A document that may travel under the attribution that holds.
pub(super) struct Cleared {
    pub(super) document: Document,
    pub(super) attribution: Attribution,
    pub(super) reissued: Vec<Reissued>,
    pub(super) remarks: Vec<String>,
}

/// Applies the attribution that was asked for, or that the document demands.
pub(super) fn clear(
    document: Document,
    marked: &Marked,
    options: &PushOptions,
    member: &MemberId,
    roster: &Roster,
    settings: &Settings,
    pseudonyms: &Pseudonyms,
) -> Result<Cleared, Refusal> {
    let mut remarks = Vec::new();
    let mut attribution = options.attribution.unwrap_or(Attribution::Community);
    if let (Attribution::Named, Some(place)) = (attribution, &marked.unnamed_by) {
        attribution = Attribution::Community;
        remarks.push(format!(
            "tlp:ex:chr at {place} asks not to name the source, so the item goes out un-named (attribution community)"
        ));
    }
    let cleared = |document, reissued, remarks| Cleared {
        document,
        attribution,
        reissued,
        remarks,
    };
    let submitter = match (attribution, roster.members.get(member)) {
        (Attribution::Named, _) | (_, None) => return Ok(cleared(document, Vec::new(), remarks)),
        (Attribution::Community | Attribution::Anonymous, Some(submitter)) => submitter,
    };
    if !document.unsearchable.is_empty() {
        return Err(Refusal::new(
            Reason::Unsearchable,
            "part of the document cannot be searched for your organisation's name, and the push is not to name it; \
             take that part out, or push with --attribution named",
        )
        .at(document.unsearchable));
    }
    let mut ids = submitter.identities.clone();
    ids.push(SpiffeId::member(&settings.community, member).to_string());
    let aliases = Aliases {
        name: submitter.name.clone(),
        domains: submitter.domains.clone(),
        ids,
    };
    let stand_in = StandIn {
        community: &settings.community,
        name: &settings.name,
    };
    let limits = Limits {
        bytes_max: settings.document_bytes_max,
    };
    let Unnamed { document, reissued } =
        unnamed(document, &aliases, &stand_in, pseudonyms, &limits)?;
    if !options.accept_mentions {
        refuse_mentions(&document, options, &aliases)?;
    }
    if !reissued.is_empty() {
        let n = reissued.len();
        remarks.push(format!(
            "{n} object{} that named your organisation as {} creator, or referred to one that did, go out under new ids, \
             as made by {}",
            if n == 1 { "" } else { "s" },
            if n == 1 { "its" } else { "their" },
            settings.name
        ));
    }
    Ok(cleared(document, reissued, remarks))
}

fn refuse_mentions(
    document: &Document,
    options: &PushOptions,
    aliases: &Aliases,
) -> Result<(), Refusal> {
    let mut places = formats::mentions(document, aliases);
    for (option, text) in [("--title", &options.title), ("--summary", &options.summary)]
        .into_iter()
        .chain(options.tags.iter().map(|tag| ("--tag", tag)))
        .chain(options.sectors.iter().map(|sector| ("--sector", sector)))
    {
        if formats::mentions_in_text(text, aliases) {
            places.push(Place {
                place: option.to_owned(),
                message: "names your organisation".to_owned(),
            });
        }
    }
    if places.is_empty() {
        return Ok(());
    }
    let n = places.len();
    Err(Refusal::new(
        Reason::NamesSubmitter,
        format!(
            "your organisation stands in {n} place{} of a push that is not to name it; take it out, push with --attribution named, or, after reading the places, with --accept-mentions",
            if n == 1 { "" } else { "s" }
        ),
    )
    .at(places))
}
