//! The envelope between its bytes and its type.
//!
//! The bytes are made once, by the origin, and then travel as they are. Whoever reads them reads all of them or none:
//! an envelope that holds anything that this version does not understand is malformed, and the item stays.

use bytes::Bytes;
use prost::Message;

use super::{Malformed, form, pb, words};
use crate::model::ids::{CommunityId, Digest, Role};
use crate::model::item::{Audience, Content, Envelope, Relation, SourceReference, Terms};
use crate::model::words::{Attribution, Kind};

/// Longest name of a format in bytes: those of design.md part 7, with room for more.
pub const FORMAT_BYTES_MAX: usize = 64;
/// Longest id that a document has in its own format, in bytes: a URL still fits.
pub const SOURCE_ID_BYTES_MAX: usize = 512;
/// Longest version that a document has in its own format, in bytes.
pub const SOURCE_VERSION_BYTES_MAX: usize = 128;
/// Longest media type in bytes.
pub const MEDIA_TYPE_BYTES_MAX: usize = 128;

/// The digest that stands in a parsed tombstone, which has no content.
pub const NO_CONTENT: Digest = Digest([0; 32]);

/// The bytes that the origin signs.
///
/// The inverse of [`parse`] for every envelope that passes [`check`].
pub fn encode(envelope: &Envelope) -> Bytes {
    message(envelope).encode_to_vec().into()
}

/// Parses an envelope. Refuses what is out of bounds, unknown, or not the encoding of what was understood.
pub fn parse(bytes: &[u8]) -> Result<Envelope, Malformed> {
    let message = form::record("envelope", bytes, Envelope::BYTES_MAX)?;
    let envelope = understand(message, Extent::Whole)?;
    bounds(&envelope, Extent::Whole)?;
    Ok(envelope)
}

/// Whether an envelope is one that [`parse`] would take. Whoever makes an envelope asks before it is signed.
pub fn check(envelope: &Envelope) -> Result<(), Malformed> {
    bounds(envelope, Extent::Whole)?;
    parse(&encode(envelope)).map(|_| ())
}

/// The unsigned remainder of an envelope: without title, summary, tags, source and content.
pub fn tombstone(envelope: &Envelope) -> Bytes {
    let remainder = pb::Envelope {
        title: String::new(),
        summary: String::new(),
        tags: Vec::new(),
        source: None,
        content: None,
        ..message(envelope)
    };
    remainder.encode_to_vec().into()
}

/// Parses a tombstone; what it leaves out is empty, and the digest of the content is [`NO_CONTENT`].
pub fn parse_tombstone(bytes: &[u8]) -> Result<Envelope, Malformed> {
    let message = form::record("tombstone", bytes, Envelope::BYTES_MAX)?;
    let envelope = understand(message, Extent::Tombstone)?;
    bounds(&envelope, Extent::Tombstone)?;
    Ok(envelope)
}

/// How much of an envelope there is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    Tombstone,
}

/// The message of an envelope.
pub(crate) fn message(envelope: &Envelope) -> pb::Envelope {
    pb::Envelope {
        item: envelope.item.to_string(),
        revision: envelope.revision,
        origin: envelope.origin.as_str().to_owned(),
        kind: words::kind_to_pb(Some(envelope.kind)),
        title: envelope.title.clone(),
        summary: envelope.summary.clone(),
        label: words::label_to_pb(Some(envelope.label)),
        audience: envelope.audience.as_ref().map(|audience| pb::Audience {
            communities: audience
                .communities
                .iter()
                .map(|community| community.as_str().to_owned())
                .collect(),
            members_limited: audience.members_limited,
        }),
        hop_limit: envelope.hop_limit,
        attribution: words::attribution_to_pb(Some(envelope.attribution)),
        submitter: envelope
            .submitter
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        pap: words::pap_to_pb(envelope.pap),
        terms: terms_to_pb(envelope.terms),
        sectors: envelope.sectors.clone(),
        tags: envelope.tags.clone(),
        severity: words::severity_to_pb(envelope.severity),
        urgency: words::urgency_to_pb(envelope.urgency),
        reliability: words::reliability_to_pb(envelope.reliability),
        credibility: words::credibility_to_pb(envelope.credibility),
        created: Some(words::time_to_pb(envelope.created)),
        valid_until: envelope.valid_until.map(words::time_to_pb),
        source: Some(pb::SourceReference {
            format: envelope.source.format.clone(),
            id: envelope.source.id.clone(),
            version: envelope.source.version.clone(),
        }),
        relation: envelope.relation.map(relation_to_pb),
        content: Some(pb::Content {
            media_type: envelope.content.media_type.clone(),
            size: envelope.content.size,
            sha256: Bytes::copy_from_slice(&envelope.content.sha256.0),
        }),
    }
}

/// What a canonical message says. Every step keeps the whole of a field or fails, so that the bytes are the encoding
/// of the result too.
fn understand(message: pb::Envelope, extent: Extent) -> Result<Envelope, Malformed> {
    let (source, content) = match extent {
        Extent::Whole => (
            form::required("source", message.source)?,
            form::required("content", message.content)?,
        ),
        Extent::Tombstone => {
            form::absent("source", message.source.is_none())?;
            form::absent("content", message.content.is_none())?;
            let nothing = pb::Content {
                sha256: Bytes::from_static(&NO_CONTENT.0),
                ..pb::Content::default()
            };
            (pb::SourceReference::default(), nothing)
        }
    };
    let submitter = match message.submitter.as_str() {
        "" => None,
        id => Some(form::spiffe("submitter", id)?),
    };
    Ok(Envelope {
        item: form::item("item", &message.item)?,
        revision: form::from_one("revision", message.revision)?,
        origin: form::community("origin", &message.origin)?,
        kind: form::required("kind", words::kind(message.kind)?)?,
        title: message.title,
        summary: message.summary,
        label: form::required("label", words::label(message.label)?)?,
        audience: message.audience.map(audience).transpose()?,
        hop_limit: message.hop_limit,
        attribution: form::required("attribution", words::attribution(message.attribution)?)?,
        submitter,
        pap: words::pap(message.pap)?,
        terms: signed_terms(message.terms)?,
        sectors: message.sectors,
        tags: message.tags,
        severity: words::severity(message.severity)?,
        urgency: words::urgency(message.urgency)?,
        reliability: words::reliability(message.reliability)?,
        credibility: words::credibility(message.credibility)?,
        created: form::required("created", words::time(message.created.as_ref())?)?,
        valid_until: words::time(message.valid_until.as_ref())?,
        source: SourceReference {
            format: source.format,
            id: source.id,
            version: source.version,
        },
        relation: message.relation.as_ref().map(relation).transpose()?,
        content: Content {
            media_type: content.media_type,
            size: content.size,
            sha256: form::digest("content.sha256", &content.sha256)?,
        },
    })
}

/// The bounds of an envelope, and what of it must fit together.
fn bounds(envelope: &Envelope, extent: Extent) -> Result<(), Malformed> {
    if envelope.kind == Kind::Withdrawal {
        return Err(Malformed::new(
            "kind",
            "withdrawal is no kind of an envelope; a withdrawal is a record of its own",
        ));
    }
    form::line("title", &envelope.title, Envelope::TITLE_BYTES_MAX)?;
    form::paragraphs("summary", &envelope.summary, Envelope::SUMMARY_BYTES_MAX)?;
    if let Some(audience) = &envelope.audience {
        form::count(
            "audience.communities",
            audience.communities.len(),
            Envelope::AUDIENCE_MAX,
        )?;
    }
    hop_limit_bound(envelope.hop_limit)?;
    submitter_bound(envelope)?;
    form::words(
        "sectors",
        &envelope.sectors,
        Envelope::SECTORS_MAX,
        Envelope::SECTOR_BYTES_MAX,
    )?;
    form::words(
        "tags",
        &envelope.tags,
        Envelope::TAGS_MAX,
        Envelope::TAG_BYTES_MAX,
    )?;
    match extent {
        Extent::Whole => {
            let SourceReference {
                format,
                id,
                version,
            } = &envelope.source;
            form::word("source.format", format, FORMAT_BYTES_MAX)?;
            form::word("source.id", id, SOURCE_ID_BYTES_MAX)?;
            form::line("source.version", version, SOURCE_VERSION_BYTES_MAX)?;
            let media_type = &envelope.content.media_type;
            form::word("content.media_type", media_type, MEDIA_TYPE_BYTES_MAX)
        }
        Extent::Tombstone => {
            form::absent("title", envelope.title.is_empty())?;
            form::absent("summary", envelope.summary.is_empty())?;
            form::absent("tags", envelope.tags.is_empty())
        }
    }
}

pub(super) fn hop_limit_bound(limit: Option<u32>) -> Result<(), Malformed> {
    let max = Envelope::HOPS_MAX;
    match limit {
        Some(limit) if limit > max => Err(Malformed::new(
            "hop_limit",
            format!("is {limit}; at most {max} is taken, and none at all means no limit"),
        )),
        Some(_) | None => Ok(()),
    }
}

/// The submitter stands in the envelope if it is named, and only then (design.md part 3, *Attribution*).
fn submitter_bound(envelope: &Envelope) -> Result<(), Malformed> {
    match (envelope.attribution, &envelope.submitter) {
        (Attribution::Named, None) => Err(Malformed::new(
            "submitter",
            "is missing, though the attribution is named",
        )),
        (Attribution::Named, Some(submitter)) => match &submitter.role {
            Role::Member(_) if submitter.community == envelope.origin => Ok(()),
            Role::Member(_)
            | Role::Credential(_, _)
            | Role::Node(_)
            | Role::Signer(_)
            | Role::Operator(_) => Err(Malformed::new(
                "submitter",
                format!("{submitter} is no member of {}", envelope.origin),
            )),
        },
        (Attribution::Community | Attribution::Anonymous, submitter) => {
            form::absent("submitter", submitter.is_none())
        }
    }
}

fn audience(audience: pb::Audience) -> Result<Audience, Malformed> {
    // Counted before anything is made of it.
    form::count(
        "audience.communities",
        audience.communities.len(),
        Envelope::AUDIENCE_MAX,
    )?;
    let communities = audience
        .communities
        .iter()
        .map(|id| form::community("audience.communities", id))
        .collect::<Result<Vec<CommunityId>, Malformed>>()?;
    Ok(Audience {
        communities,
        members_limited: audience.members_limited,
    })
}

/// Terms as a message; none at all where they ask for nothing, so that they have one form.
pub(super) fn terms_to_pb(terms: Terms) -> Option<pb::Terms> {
    (terms != Terms::default()).then_some(pb::Terms {
        no_commercial_use: terms.no_commercial_use,
        no_resale: terms.no_resale,
    })
}

pub(super) fn terms(terms: Option<pb::Terms>) -> Terms {
    let terms = terms.unwrap_or_default();
    Terms {
        no_commercial_use: terms.no_commercial_use,
        no_resale: terms.no_resale,
    }
}

fn signed_terms(message: Option<pb::Terms>) -> Result<Terms, Malformed> {
    if message == Some(pb::Terms::default()) {
        return Err(Malformed::new(
            "terms",
            "ask for nothing; then they are left out",
        ));
    }
    Ok(terms(message))
}

pub(super) fn relation_to_pb(relation: Relation) -> pb::Relation {
    use pb::relation::Nature;
    let (nature, item) = match relation {
        Relation::Answers(item) => (Nature::Answers, item),
        Relation::DerivedFrom(item) => (Nature::DerivedFrom, item),
    };
    pb::Relation {
        nature: nature.into(),
        item: item.to_string(),
    }
}

pub(super) fn relation(relation: &pb::Relation) -> Result<Relation, Malformed> {
    use pb::relation::Nature;
    let item = form::item("relation.item", &relation.item)?;
    match Nature::try_from(relation.nature) {
        Ok(Nature::Answers) => Ok(Relation::Answers(item)),
        Ok(Nature::DerivedFrom) => Ok(Relation::DerivedFrom(item)),
        Ok(Nature::Unspecified) | Err(_) => Err(Malformed::new(
            "relation.nature",
            "is missing, or not one that this version knows",
        )),
    }
}

#[cfg(test)]
pub(crate) mod tests;
