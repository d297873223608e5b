//! A submission that passed every rule that needs no log: what remains is to sign it and to append it.

use bytes::Bytes;

use super::{Settings, audience};
use crate::clock::Timestamp;
use crate::formats::{self, Aliases, Format, Limits};
use crate::log::{Entry, EntryBody};
use crate::markings::{self, Marked};
use crate::model::ids::{
    CommunityId, CredentialName, Digest, ItemId, MemberId, RequestId, SpiffeId,
};
use crate::model::item::{Envelope, Terms};
use crate::model::label::Label;
use crate::model::roster::Roster;
use crate::model::submission::{Addressee, Place, PushOptions, Reason, Refusal, Submission};
use crate::model::words::{Attribution, Kind};
use crate::partition::{self, Part};
use crate::policy::{MemberFacts, Viewer, decide};

/// A push that is ready to be signed.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) request: RequestId,
    pub(super) submitter: SpiffeId,
    pub(super) member: MemberId,
    pub(super) format: Format,
    /// Identity of the document among this member's: SHA-256 over member, format and id.
    pub(super) document: Digest,
    /// The version in its own format.
    pub(super) version: String,
    /// SHA-256 of the whole document.
    pub(super) content_sha256: Digest,
    /// SHA-256 over what holds for all parts: audience, hop limit, terms, attribution.
    pub(super) options_sha256: Digest,
    /// The label comes from the declaration alone.
    pub(super) label_declared: bool,
    pub(super) options: PushOptions,
    pub(super) attribution: Attribution,
    pub(super) sectors: Vec<String>,
    pub(super) parts: Vec<DraftPart>,
    pub(super) answers: Option<ItemId>,
    /// The relation may stand in the envelope of parts at least this strict; `None`: in no envelope.
    pub(super) relation_from: Option<Label>,
    pub(super) remarks: Vec<String>,
}

/// A part with its audience.
#[derive(Debug)]
pub(super) struct DraftPart {
    pub(super) part: Part,
    pub(super) content_sha256: Digest,
    pub(super) kind: Kind,
    pub(super) title: String,
    pub(super) summary: String,
    pub(super) named: audience::Named,
    pub(super) hop_limit: Option<u32>,
}

/// Reads a submission and applies every rule that needs no log.
pub(super) fn read(
    submission: Submission,
    roster: &Roster,
    settings: &Settings,
) -> Result<Draft, Refusal> {
    let Submission {
        request,
        member,
        credential,
        document,
        mut options,
    } = submission;
    if matches!(options.kind, Some(Kind::Notice | Kind::Withdrawal)) {
        return Err(Refusal::new(
            Reason::BadOption,
            "notices and withdrawals are made by the node; choose another --kind",
        ));
    }
    let limits = Limits {
        bytes_max: settings.document_bytes_max,
    };
    let document = formats::read(&document, &limits)?;
    if !document.problems.is_empty() {
        let first = document
            .problems
            .first()
            .map(|p| format!("{}: {}", p.place, p.message))
            .unwrap_or_default();
        return Err(Refusal::new(
            Reason::NotValid,
            format!(
                "the document is not valid {}: {first}; `sluis inspect` shows all problems",
                document.format.name()
            ),
        )
        .at(document.problems));
    }
    let marked = mark(&document, &options, settings)?;
    let attribution = options.attribution.unwrap_or(Attribution::Community);
    if attribution != Attribution::Named && !options.accept_mentions {
        refuse_mentions(&document, &options, &member, roster, settings)?;
    }
    let mut remarks = marked.remarks.clone();
    let content_sha256 = Digest::of(&document.bytes);
    let parts: Vec<DraftPart> = partition::parts(&document, &marked)
        .into_iter()
        .map(|part| {
            // A part that is the whole document has its digest.
            let whole = part.bytes.as_ptr() == document.bytes.as_ptr()
                && part.bytes.len() == document.bytes.len();
            let sha256 = if whole {
                content_sha256
            } else {
                Digest::of(&part.bytes)
            };
            draft_part(part, sha256, &mut options, &member, roster, settings)
        })
        .collect::<Result<_, _>>()?;
    for part in &parts {
        for remark in &part.named.remarks {
            if !remarks.contains(remark) {
                remarks.push(remark.clone());
            }
        }
    }
    let sectors = if options.sectors.is_empty() {
        vec![settings.sector.clone()]
    } else {
        options.sectors.clone()
    };
    Ok(Draft {
        request,
        submitter: SpiffeId::credential(&settings.community, &member, &credential),
        document: document_key(&member, document.format, &document.identity),
        version: document.version.clone(),
        content_sha256,
        options_sha256: options_digest(&options, attribution, &parts),
        label_declared: marked.decided_by.is_none(),
        format: document.format,
        answers: options.answers,
        relation_from: None,
        member,
        options,
        attribution,
        sectors,
        parts,
        remarks,
    })
}

impl Draft {
    /// Takes up the item that this one answers. Not there, and there but not for this caller, are one answer.
    pub(super) fn related(
        mut self,
        item: ItemId,
        entry: Option<&Entry>,
        roster: &Roster,
        newcomer_history: Label,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let visible = entry.and_then(|entry| match &entry.body {
            EntryBody::Item {
                facts, envelope, ..
            } => {
                let member = roster.members.get(&self.member)?;
                let viewer =
                    MemberFacts::of(member, &facts.here, self.credential()?, newcomer_history);
                decide(facts, &Viewer::Member(viewer), now)
                    .permits()
                    .then_some((facts, envelope))
            }
            EntryBody::Withdrawal { .. } | EntryBody::Recall { .. } => None,
        });
        let Some((facts, envelope)) = visible else {
            return Err(Refusal::new(
                Reason::NotFound,
                format!(
                    "there is no item {item} to answer; `sluis feed` shows the items that there are"
                ),
            ));
        };
        self.relation_from = if facts.here == facts.origin {
            self.travels_with_ours(envelope, roster)
        } else {
            self.travels_with_theirs(&facts.origin)
        };
        Ok(self)
    }

    /// From which label on the relation to an item of ours may stand in the envelope: an item names only what goes at least
    /// as far as it does itself (design.md part 3). What is in doubt stays here.
    fn travels_with_ours(&self, answered: &Envelope, roster: &Roster) -> Option<Label> {
        let unlimited = answered.audience.is_none()
            && answered.hop_limit.is_none()
            && answered.valid_until.is_none()
            && answered.terms == Terms::default();
        let sectors = self.sectors.iter().all(|s| answered.sectors.contains(s));
        let kinds = roster
            .peers
            .values()
            .all(|p| p.terms.kinds.is_empty() || p.terms.kinds.contains(&answered.kind));
        if !(unlimited && sectors && kinds) {
            return None;
        }
        match answered.label {
            Label::Clear => Some(Label::Clear),
            Label::Green => Some(Label::Green),
            // Without an audience it stays here, and so must what names it.
            Label::Amber | Label::AmberStrict => Some(Label::AmberStrict),
            Label::Red => None,
        }
    }

    /// The same for an item of another community: it may be named to that community alone.
    fn travels_with_theirs(&self, origin: &CommunityId) -> Option<Label> {
        let mut communities = self.options.to.iter().filter_map(|to| match to {
            Addressee::Community(community) => Some(community),
            Addressee::Member(_) | Addressee::Credential(..) => None,
        });
        let first = communities.next()?;
        (first == origin && communities.all(|c| c == origin)).then_some(Label::Clear)
    }

    fn credential(&self) -> Option<&CredentialName> {
        match &self.submitter.role {
            crate::model::ids::Role::Credential(_, name) => Some(name),
            _ => None,
        }
    }
}

fn mark(
    document: &formats::Document,
    options: &PushOptions,
    settings: &Settings,
) -> Result<Marked, Refusal> {
    match markings::mark(document, options.label, &options.resolved) {
        Err(refusal) if refusal.reason == Reason::NoLabel && settings.default_label.is_some() => {
            markings::mark(document, settings.default_label, &options.resolved)
        }
        marked => marked,
    }
}

fn draft_part(
    part: Part,
    content_sha256: Digest,
    options: &mut PushOptions,
    member: &MemberId,
    roster: &Roster,
    settings: &Settings,
) -> Result<DraftPart, Refusal> {
    options.to.sort();
    options.to.dedup();
    let named = if part.restriction.submitter_only {
        audience::only_submitter(&settings.community, member)
    } else {
        audience::resolve(&options.to, part.label, &settings.community, roster)?
    };
    let hop_limit = match (options.hop_limit, part.restriction.hop_limit) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    let title = first_of(&options.title, &part.title, Envelope::TITLE_BYTES_MAX);
    let summary = first_of(&options.summary, &part.summary, Envelope::SUMMARY_BYTES_MAX);
    Ok(DraftPart {
        content_sha256,
        kind: options.kind.unwrap_or(part.kind),
        title,
        summary,
        named,
        hop_limit,
        part,
    })
}

/// What was given at the push, which was checked, or what the document says of itself, made fit for an envelope:
/// without characters that act on a terminal, and cut where it would be too long.
fn first_of(given: &str, own: &str, bytes_max: usize) -> String {
    if !given.is_empty() {
        return given.to_owned();
    }
    let mut text: String = own
        .chars()
        .map(|c| if acts_on_readers(c) { ' ' } else { c })
        .collect();
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.trim().to_owned()
}

/// Control characters, and those that turn the direction of what follows (threat 55).
fn acts_on_readers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Invariant 11: an un-named push says its submitter's name nowhere.
fn refuse_mentions(
    document: &formats::Document,
    options: &PushOptions,
    member: &MemberId,
    roster: &Roster,
    settings: &Settings,
) -> Result<(), Refusal> {
    let Some(known) = roster.members.get(member) else {
        return Ok(());
    };
    let mut ids = known.identities.clone();
    ids.push(SpiffeId::member(&settings.community, member).to_string());
    let aliases = Aliases {
        name: known.name.clone(),
        domains: known.domains.clone(),
        ids,
    };
    let mut places = formats::mentions(document, &aliases);
    for (option, text) in [("--title", &options.title), ("--summary", &options.summary)]
        .into_iter()
        .chain(options.tags.iter().map(|tag| ("--tag", tag)))
    {
        if formats::mentions_in_text(text, &aliases) {
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

/// Identity includes the submitting member, so that nobody learns of or revises another's document (threat 16).
fn document_key(member: &MemberId, format: Format, identity: &str) -> Digest {
    let mut key = Vec::with_capacity(identity.len().saturating_add(96));
    for field in [member.as_str(), family(format), identity] {
        key.extend_from_slice(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        key.extend_from_slice(field.as_bytes());
    }
    Digest::of(&key)
}

/// Versions of one document may move on within a family of formats.
fn family(format: Format) -> &'static str {
    match format {
        Format::Stix20 | Format::Stix21 => "stix",
        Format::Csaf20 | Format::Csaf21 => "csaf",
        Format::Misp => "misp",
        Format::Markdown => "markdown",
        Format::Text => "text",
        Format::Pdf => "pdf",
    }
}

/// What holds for a document over its versions, whoever says it: the submitter, or the document of itself.
fn options_digest(options: &PushOptions, attribution: Attribution, parts: &[DraftPart]) -> Digest {
    let mut text = String::new();
    for addressee in &options.to {
        text.push_str(&format!("{addressee:?}\n"));
    }
    let limits: Vec<_> = parts.iter().map(|p| p.part.restriction).collect();
    text.push_str(&format!(
        "{:?} {:?} {attribution:?} {limits:?}",
        options.hop_limit, options.terms
    ));
    Digest::of(text.as_bytes())
}

/// The key of a request: the caller's id first, so that ids made in the order of time lie in that order on disk.
pub(super) fn request_key(request: RequestId, submitter: &SpiffeId) -> [u8; 24] {
    let mut key = [0; 24];
    let digest = Digest::of(submitter.to_string().as_bytes());
    let (head, tail) = key.split_at_mut(16);
    head.copy_from_slice(&request.bytes());
    tail.iter_mut().zip(digest.0).for_each(|(k, d)| *k = d);
    key
}

/// A document's bytes without a copy.
pub(super) fn content(part: &Part) -> Bytes {
    part.bytes.clone()
}
