//! A submission that passed every rule that needs no log: what remains is to sign it and to append it.

use bytes::Bytes;

use super::source::{self, Cleared};
use super::{Settings, audience, told};
use crate::anonymity::{Pseudonyms, Reissued};
use crate::formats::{self, Format, Limits};
use crate::markings::{self, Marked, Restriction};
use crate::model::ids::{Digest, ItemId, MemberId, RequestId, SpiffeId};
use crate::model::item::{Envelope, SourceReference};
use crate::model::label::Label;
use crate::model::roster::Roster;
use crate::model::submission::{PushOptions, Reason, Refusal, Submission};
use crate::model::words::{Attribution, Kind};
use crate::partition::{self, Creator, Part, Parting, Raised};
use crate::store::{Fingerprint, Fingerprints, Meeting};

/// A push that is ready to be signed.
#[derive(Debug)]
pub(super) struct Draft {
    /// The caller's id of the push, made its own.
    pub(super) request: [u8; 24],
    pub(super) submitter: SpiffeId,
    pub(super) member: MemberId,
    pub(super) format: Format,
    /// Identity of the document among this member's.
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
    /// Objects that went up because of what they refer to.
    pub(super) raised: Vec<Raised>,
    /// Objects that travel under another id.
    pub(super) reissued: Vec<Reissued>,
    pub(super) remarks: Vec<String>,
    /// Which parts wait for the operator is known.
    pub(super) settled: bool,
    /// It waits for the operator already.
    pub(super) waits: bool,
}

impl Draft {
    /// These parts wait, because of what they met.
    pub(super) fn wait_for(&mut self, met: Vec<(usize, Meeting)>) {
        for (index, met) in met {
            if let Some(part) = self.parts.get_mut(index) {
                part.met = Some(met);
            }
        }
        self.settled = true;
    }

    /// The state of the document is another one: which parts wait is asked again.
    pub(super) fn unsettle(&mut self) {
        self.settled = false;
        for part in &mut self.parts {
            part.met = None;
        }
    }
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
    /// No part goes less far: this one bears what was said of the whole document.
    pub(super) is_highest: bool,
    /// Of which document it is.
    pub(super) fingerprints: Fingerprints,
    /// Somebody else's item of the same document that goes less far.
    pub(super) met: Option<Meeting>,
}

/// Reads a submission and applies every rule that needs no log.
pub(super) fn read(
    submission: Submission,
    roster: &Roster,
    settings: &Settings,
    pseudonyms: &Pseudonyms,
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
    refuse_invalid(&document, settings)?;
    let marked = mark(&document, &options, settings)?;
    let document_key = document_key(pseudonyms, &member, document.format, &document.identity);
    let content_sha256 = Digest::of(&document.bytes);
    let version = document.version.clone();
    let identity = document.identity.clone();
    let mut remarks = warnings(&document);
    let cleared = source::clear(
        document, &marked, &options, &member, roster, settings, pseudonyms,
    )?;
    let Cleared {
        document,
        attribution,
        reissued,
        ..
    } = cleared;
    remarks.extend(marked.remarks.iter().cloned());
    remarks.extend(cleared.remarks);
    let mut parted = partition::parts(
        &document,
        &marked,
        Parting {
            split: options.split,
            id: &|label| {
                let format = family(document.format).as_bytes();
                let label = label.name().as_bytes();
                pseudonyms.uuid("part", &[format, identity.as_bytes(), label])
            },
            creator: Creator {
                name: &settings.name,
                uuid: pseudonyms.community(&settings.community),
            },
        },
    );
    told::under_own_ids(&mut parted.raised, &reissued);
    remarks.extend(told::of_parting(&parted));
    options.to.sort();
    options.to.dedup();
    let whole = fingerprint(pseudonyms, document.format, &identity);
    let highest = parted.parts.len().saturating_sub(1);
    let parts: Vec<DraftPart> = parted
        .parts
        .into_iter()
        .enumerate()
        .map(|(index, part)| {
            let is_highest = index == highest;
            let travelling = fingerprint(pseudonyms, document.format, &part.source.id);
            let pushed = is_highest.then_some(whole).filter(|w| *w != travelling);
            let part = draft_part(part, is_highest, &options, &member, roster, settings)?;
            Ok(DraftPart {
                fingerprints: [Some(travelling), pushed],
                ..part
            })
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
    let submitter = SpiffeId::credential(&settings.community, &member, &credential);
    Ok(Draft {
        request: request_key(pseudonyms, request, &submitter),
        submitter,
        document: document_key,
        version,
        content_sha256,
        options_sha256: options_digest(&options, attribution, marked.restriction),
        label_declared: marked.decided_by.is_none(),
        format: document.format,
        answers: options.answers,
        relation_from: None,
        member,
        options,
        attribution,
        sectors,
        parts,
        raised: parted.raised,
        reissued,
        remarks,
        settled: false,
        waits: false,
    })
}

fn refuse_invalid(document: &formats::Document, settings: &Settings) -> Result<(), Refusal> {
    let minded = document
        .problems
        .iter()
        .chain(document.warnings.iter().filter(|_| settings.strict));
    let Some(first) = minded.clone().next() else {
        return Ok(());
    };
    Err(Refusal::new(
        Reason::NotValid,
        format!(
            "the document is not valid {}: {}: {}; `sluis inspect` shows all problems",
            document.format.name(),
            first.place,
            first.message
        ),
    )
    .at(minded.cloned()))
}

/// What only a strict community minds, for the submitter to know.
fn warnings(document: &formats::Document) -> Vec<String> {
    let mut remarks: Vec<String> = document
        .warnings
        .iter()
        .take(WARNINGS_TOLD_MAX)
        .map(|w| format!("{}: {}", w.place, w.message))
        .collect();
    let more = document.warnings.len().saturating_sub(WARNINGS_TOLD_MAX);
    if more > 0 {
        remarks.push(format!("and {more} more; `sluis inspect` shows all"));
    }
    remarks
}

/// Warnings in an answer: what a person reads.
const WARNINGS_TOLD_MAX: usize = 10;

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
    is_highest: bool,
    options: &PushOptions,
    member: &MemberId,
    roster: &Roster,
    settings: &Settings,
) -> Result<DraftPart, Refusal> {
    let named = if part.restriction.submitter_only {
        audience::only_submitter(&settings.community, member)
    } else {
        audience::resolve(&options.to, part.label, &settings.community, roster)?
    };
    let hop_limit = match (options.hop_limit, part.restriction.hop_limit) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    // What was said of the whole document belongs to the part that goes least far.
    let said = |text| if is_highest { text } else { "" };
    let title = first_of(said(&options.title), &part.title, Envelope::TITLE_BYTES_MAX);
    let summary = first_of(
        said(&options.summary),
        &part.summary,
        Envelope::SUMMARY_BYTES_MAX,
    );
    Ok(DraftPart {
        content_sha256: Digest::of(&part.bytes),
        kind: options.kind.unwrap_or(part.kind),
        title,
        summary,
        named,
        hop_limit,
        is_highest,
        fingerprints: [None; 2],
        met: None,
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

/// Identity includes the submitting member, so that nobody learns of or revises another's document (threat 16), and
/// nobody who reads the database finds out whose it is by trying members (threat 23).
fn document_key(
    pseudonyms: &Pseudonyms,
    member: &MemberId,
    format: Format,
    identity: &str,
) -> Digest {
    pseudonyms.digest(
        "document",
        &[
            member.as_str().as_bytes(),
            family(format).as_bytes(),
            identity.as_bytes(),
        ],
    )
}

/// What tells that an item from elsewhere is of this document (threat 41).
fn fingerprint(pseudonyms: &Pseudonyms, format: Format, identity: &str) -> Fingerprint {
    let fields = [family(format).as_bytes(), identity.as_bytes()];
    Fingerprint::of(&pseudonyms.digest("twin", &fields))
}

/// The same of an item that came from a peer; `None`: its format is unknown here.
pub(crate) fn fingerprint_of(
    pseudonyms: &Pseudonyms,
    source: &SourceReference,
) -> Option<Fingerprint> {
    let format = Format::parse(&source.format)?;
    Some(fingerprint(pseudonyms, format, &source.id))
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
fn options_digest(
    options: &PushOptions,
    attribution: Attribution,
    restriction: Restriction,
) -> Digest {
    let mut text = String::new();
    for addressee in &options.to {
        text.push_str(&format!("{addressee:?}\n"));
    }
    text.push_str(&format!(
        "{:?} {:?} {attribution:?} {restriction:?}",
        options.hop_limit, options.terms
    ));
    Digest::of(text.as_bytes())
}

/// The key of a request: the caller's id first, so that ids made in the order of time lie in that order on disk.
pub(super) fn request_key(
    pseudonyms: &Pseudonyms,
    request: RequestId,
    submitter: &SpiffeId,
) -> [u8; 24] {
    let mut key = [0; 24];
    // With the id in it no two keys of one caller have anything in common.
    let digest = pseudonyms.digest(
        "request",
        &[&request.bytes(), submitter.to_string().as_bytes()],
    );
    let (head, tail) = key.split_at_mut(16);
    head.copy_from_slice(&request.bytes());
    tail.iter_mut().zip(digest.0).for_each(|(k, d)| *k = d);
    key
}

/// A document's bytes without a copy.
pub(super) fn content(part: &Part) -> Bytes {
    part.bytes.clone()
}
