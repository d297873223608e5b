//! The unit of sharing: the envelope that travels, the local record that does not, and the withdrawal.

use super::ids::{CommunityId, Digest, ItemId, SpiffeId};
use super::label::Label;
use super::words::{
    Attribution, Credibility, Kind, Pap, Reliability, Severity, Urgency, WithdrawalReason,
};
use crate::clock::Timestamp;

/// What a community says about a document and signs once; it travels with the document (design.md part 3).
///
/// A value of this type is what its bytes say, no more: whether the bytes were signed by the origin is known only of
/// `provenance::VerifiedItem`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The item's id.
    pub item: ItemId,
    /// The revision, from 1.
    pub revision: u32,
    /// The community that signs.
    pub origin: CommunityId,
    /// What the item is.
    pub kind: Kind,
    /// At most [`Envelope::TITLE_BYTES_MAX`].
    pub title: String,
    /// At most [`Envelope::SUMMARY_BYTES_MAX`].
    pub summary: String,
    /// The label.
    pub label: Label,
    /// The source's further limit; `None`: none beyond the label's.
    pub audience: Option<Audience>,
    /// How many communities beyond the origin, one after the other; `None`: no limit.
    pub hop_limit: Option<u32>,
    /// Who may learn the submitter.
    pub attribution: Attribution,
    /// The submitting member, only if `attribution` is `Named`.
    pub submitter: Option<SpiffeId>,
    /// What recipients may do.
    pub pap: Option<Pap>,
    /// Terms of use.
    pub terms: Terms,
    /// Sectors, at most [`Envelope::SECTORS_MAX`].
    pub sectors: Vec<String>,
    /// Free tags, at most [`Envelope::TAGS_MAX`].
    pub tags: Vec<String>,
    /// How bad.
    pub severity: Option<Severity>,
    /// How soon.
    pub urgency: Option<Urgency>,
    /// How reliable the source.
    pub reliability: Option<Reliability>,
    /// How credible the information.
    pub credibility: Option<Credibility>,
    /// When the origin accepted this revision; rounded down to the hour unless `named`.
    pub created: Timestamp,
    /// Until when the item holds.
    pub valid_until: Option<Timestamp>,
    /// The document's identity in its own format.
    pub source: SourceReference,
    /// The item that this one answers or derives from.
    pub relation: Option<Relation>,
    /// What the bytes beside the envelope must be.
    pub content: Content,
}

impl Envelope {
    /// Longest title in bytes: a line for a list, also in UTF-8 with accents.
    pub const TITLE_BYTES_MAX: usize = 512;
    /// Longest summary in bytes.
    pub const SUMMARY_BYTES_MAX: usize = 8 * 1024;
    /// Most sectors.
    pub const SECTORS_MAX: usize = 32;
    /// Longest sector in bytes.
    pub const SECTOR_BYTES_MAX: usize = 64;
    /// Most tags.
    pub const TAGS_MAX: usize = 64;
    /// Longest tag in bytes.
    pub const TAG_BYTES_MAX: usize = 128;
    /// Most communities in an audience.
    pub const AUDIENCE_MAX: usize = 64;
    /// Highest hop limit, and most hops on an item's way.
    pub const HOPS_MAX: u32 = 16;
    /// Longest serialized envelope in bytes: all of the above with room to spare.
    pub const BYTES_MAX: usize = 64 * 1024;
}

/// The communities to which the source limited an item.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Audience {
    /// Peer communities that may receive; empty: none.
    pub communities: Vec<CommunityId>,
    /// Members or persons of the origin are named too, so that not all of its members see the item. Which ones
    /// stands in the [`LocalRecord`].
    pub members_limited: bool,
}

/// Terms of use (FIRST IEP 2.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Terms {
    /// A recipient may not use the item commercially.
    pub no_commercial_use: bool,
    /// A recipient may not resell it.
    pub no_resale: bool,
}

/// The identity of a document in its own format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceReference {
    /// The format's name, such as `stix-2.1`.
    pub format: String,
    /// The id there; where the format has none, the digest of the content in hex.
    pub id: String,
    /// The version there; empty where the format has none.
    pub version: String,
}

/// How an item relates to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It answers that item.
    Answers(ItemId),
    /// It is derived from that item.
    DerivedFrom(ItemId),
}

impl Relation {
    /// The other item.
    pub const fn item(self) -> ItemId {
        match self {
            Relation::Answers(item) | Relation::DerivedFrom(item) => item,
        }
    }
}

/// What the content must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Media type.
    pub media_type: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256.
    pub sha256: Digest,
}

/// What the origin alone knows about a revision. Signed like the envelope; never leaves the origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalRecord {
    /// The item.
    pub item: ItemId,
    /// The revision.
    pub revision: u32,
    /// SHA-256 of the envelope's bytes.
    pub envelope_sha256: Digest,
    /// The credential that pushed.
    pub submitter: SpiffeId,
    /// Members that the audience names.
    pub members: Vec<SpiffeId>,
    /// Persons and tools that the audience names; for RED also those persons that each named member had at the push.
    pub persons: Vec<SpiffeId>,
    /// A relation that the envelope leaves out because the other item goes less far.
    pub relation: Option<Relation>,
    /// Markings settled by hand.
    pub resolved: Vec<ResolvedMarking>,
    /// The submitter accepted the places where its own name stands.
    pub mentions_accepted: bool,
    /// The declared label.
    pub declared: Option<Label>,
    /// When the push was accepted, exact.
    pub pushed: Timestamp,
    /// The item waits for the operator: only its submitter sees it until a revision without this mark (threat 41).
    pub waits: bool,
    /// What the submitter said, as far as the envelope does not tell it from what the document says of itself.
    pub said: Said,
}

/// What a submitter said at a push or a revision, so that the next revision knows what stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Said {
    /// The audience, as it was named.
    pub to: Vec<super::submission::Addressee>,
    /// The hop limit.
    pub hop_limit: Option<u32>,
    /// The envelope's title was given.
    pub title: bool,
    /// The envelope's summary was given.
    pub summary: bool,
    /// The envelope's kind was given.
    pub kind: bool,
}

/// The submitter's word on a marking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedMarking {
    /// A marking definition's id, a tag, or `line:N`.
    pub marking: String,
    /// What it stands for.
    pub label: Label,
}

/// That the origin withdrew an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Its own id.
    pub id: ItemId,
    /// The withdrawn item.
    pub item: ItemId,
    /// The origin.
    pub origin: CommunityId,
    /// The class of reason.
    pub reason: WithdrawalReason,
    /// When; rounded like the item's own time.
    pub time: Timestamp,
}

/// That a community forwarded an item to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The item.
    pub item: ItemId,
    /// Its revision.
    pub revision: u32,
    /// SHA-256 of the envelope's bytes.
    pub envelope_sha256: Digest,
    /// Who forwards, and signs.
    pub from: CommunityId,
    /// Who receives.
    pub to: CommunityId,
    /// When, at the forwarding node's clock.
    pub time: Timestamp,
    /// SHA-256 of the hop statement before; `None` in the first, which the origin signs.
    pub previous: Option<Digest>,
}
