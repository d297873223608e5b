//! What a member pushes, and why the rules may refuse it.

use super::ids::{CommunityId, CredentialName, ItemId, MemberId, RequestId};
use super::item::{ResolvedMarking, Terms};
use super::label::Label;
use super::words::{
    Attribution, Credibility, Kind, Pap, Reliability, Severity, Urgency, vocabulary,
};
use crate::clock::Timestamp;

/// One document and what its submitter says about it; the words are checked, the document is not yet read.
#[derive(Clone)]
pub struct Submission {
    /// The caller's id of this push.
    pub request: RequestId,
    /// The member that pushes, from the caller's certificate.
    pub member: MemberId,
    /// Its credential, from the caller's certificate.
    pub credential: CredentialName,
    /// The document's bytes, plain or gzip-compressed.
    pub document: bytes::Bytes,
    /// What the submitter says.
    pub options: PushOptions,
}

/// What a submitter says about a document.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PushOptions {
    /// The declared label.
    pub label: Option<Label>,
    /// The audience; empty: none beyond the label's.
    pub to: Vec<Addressee>,
    /// The kind; `None`: by the format.
    pub kind: Option<Kind>,
    /// Empty: the document's own.
    pub title: String,
    /// Empty: the document's own.
    pub summary: String,
    /// Empty: the community's own.
    pub sectors: Vec<String>,
    /// How bad.
    pub severity: Option<Severity>,
    /// How soon.
    pub urgency: Option<Urgency>,
    /// What recipients may do.
    pub pap: Option<Pap>,
    /// Free tags.
    pub tags: Vec<String>,
    /// The item that this one answers.
    pub answers: Option<ItemId>,
    /// `None`: community.
    pub attribution: Option<Attribution>,
    /// How far beyond the origin.
    pub hop_limit: Option<u32>,
    /// Until when.
    pub valid_until: Option<Timestamp>,
    /// Terms of use.
    pub terms: Terms,
    /// Markings settled by hand.
    pub resolved: Vec<ResolvedMarking>,
    /// The submitter accepts the places where its own name stands.
    pub accept_mentions: bool,
    /// How reliable the source.
    pub reliability: Option<Reliability>,
    /// How credible the information.
    pub credibility: Option<Credibility>,
    /// Make a MISP event one item per label.
    pub split: bool,
}

/// Whom `--to` names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Addressee {
    /// A community: an id with a dot.
    Community(CommunityId),
    /// A member of the origin.
    Member(MemberId),
    /// One person or tool of a member, `member/name`; which of the two it is the node knows.
    Credential(MemberId, super::ids::Name),
}

/// The next revision of an item: what changes, and what is said of that.
#[derive(Clone)]
pub struct Revision {
    /// The caller's id of this revision.
    pub request: RequestId,
    /// The member that revises, from the caller's certificate.
    pub member: MemberId,
    /// Its credential, from the caller's certificate.
    pub credential: CredentialName,
    /// The item.
    pub item: ItemId,
    /// The revision that the caller has seen; `None`: whichever holds when the node looks.
    pub expected: Option<u32>,
    /// The new document, plain or gzip-compressed; `None`: the content stays.
    pub document: Option<bytes::Bytes>,
    /// What the submitter says anew. What is not among the changes counts for nothing.
    pub options: PushOptions,
    /// What of it changes.
    pub changes: Changes,
}

macro_rules! changes {
    ($($(#[$doc:meta])* $field:ident),+ $(,)?) => {
        /// Which of the [`PushOptions`] a revision changes; the others stay as they were.
        #[derive(Clone, Debug, PartialEq, Eq, Default)]
        pub struct Changes {
            $($(#[$doc])* pub $field: bool),+
        }

        impl Changes {
            /// The names of all that can change.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($field)),+];

            /// Marks one as changed; `false`: there is none of this name.
            pub fn mark(&mut self, name: &str) -> bool {
                match name {
                    $(stringify!($field) => self.$field = true,)+
                    _ => return false,
                }
                true
            }

            /// The names of those that change.
            pub fn names(&self) -> Vec<&'static str> {
                [$((self.$field, stringify!($field))),+]
                    .into_iter()
                    .filter_map(|(changes, name)| changes.then_some(name))
                    .collect()
            }

            /// Puts what changes in place of what was.
            pub fn apply(&self, new: &PushOptions, options: &mut PushOptions) {
                $(if self.$field {
                    options.$field = new.$field.clone();
                })+
            }
        }
    };
}

changes! {
    /// The declared label.
    label,
    /// The audience.
    to,
    /// The kind.
    kind,
    /// The title.
    title,
    /// The summary.
    summary,
    /// The sectors.
    sectors,
    /// How bad.
    severity,
    /// How soon.
    urgency,
    /// What recipients may do.
    pap,
    /// The tags.
    tags,
    /// The item that this one answers.
    answers,
    /// Who may learn the submitter.
    attribution,
    /// How far beyond the origin.
    hop_limit,
    /// Until when.
    valid_until,
    /// Terms of use.
    terms,
    /// Markings settled by hand.
    resolved,
    /// Whether the places where the submitter's own name stands are accepted.
    accept_mentions,
    /// How reliable the source.
    reliability,
    /// How credible the information.
    credibility,
}

vocabulary! {
    /// Why a push is refused.
    Reason {
        /// Nobody said how far it may go.
        NoLabel = "no-label",
        /// Larger than the node takes.
        TooLarge = "too-large",
        /// Nested deeper than the node reads.
        TooDeep = "too-deep",
        /// Not UTF-8.
        NotUtf8 = "not-utf8",
        /// An object has a key twice, so that two readers may read two things.
        DuplicateKey = "duplicate-key",
        /// The document is damaged, or of no format that the node reads.
        UnknownFormat = "unknown-format",
        /// The document breaks its own format's rules.
        NotValid = "not-valid",
        /// Text that says a higher label than the declared one.
        LabelInText = "label-in-text",
        /// The member's own name or domain stands in a push that is not to be named.
        NamesSubmitter = "names-submitter",
        /// Part of the document cannot be searched for the name of a submitter who is not to be named.
        Unsearchable = "unsearchable",
        /// An audience names a member or person that does not exist.
        UnknownAudience = "unknown-audience",
        /// An older version of a document that is held in a newer one.
        OlderVersion = "older-version",
        /// The same document with another label, audience or terms.
        Differs = "differs",
        /// A word of the push is outside its bounds.
        BadOption = "bad-option",
        /// An item that is named is not there for this caller.
        NotFound = "not-found",
        /// A revision that was made without knowing of another one.
        StaleRevision = "stale-revision",
        /// A revision that would make several items of one.
        SeveralParts = "several-parts",
        /// A revision with another document than the item's.
        OtherDocument = "other-document",
    }
}

/// A refused push: why, where, and what would help. Nothing of the push was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub reason: Reason,
    /// What is wrong and what would help, for the person who pushed.
    pub message: String,
    /// Where, at most [`Refusal::PLACES_MAX`].
    pub places: Vec<Place>,
}

impl Refusal {
    /// Most places in an answer: enough to repair a document, too few to flood a terminal.
    pub const PLACES_MAX: usize = 100;

    /// A refusal without places.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            places: Vec::new(),
        }
    }

    /// The same with places, cut at [`Refusal::PLACES_MAX`].
    #[must_use]
    pub fn at(mut self, places: impl IntoIterator<Item = Place>) -> Self {
        self.places
            .extend(places.into_iter().take(Self::PLACES_MAX));
        self
    }
}

/// A place in a document and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A JSON Pointer (RFC 6901), or `line:N` from 1.
    pub place: String,
    /// What is wrong there.
    pub message: String,
}
