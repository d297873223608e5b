//! A draft against the state of its document: a new item, the next revision, the one that exists, or a refusal.

use std::collections::HashSet;

use prost::Message;

use super::Settings;
use super::draft::{Draft, DraftPart, content};
use super::{IntakeError, Pushed, Status};
use crate::anonymity::{Reissued, SourceSeal};
use crate::audit::{Act, Actor, record};
use crate::clock::{Entropy, Timestamp, random_bytes};
use crate::formats;
use crate::model::ids::{CommunityId, ItemId, SpiffeId};
use crate::model::item::{
    Content, Envelope, LocalRecord, Relation, Said, SourceReference, Withdrawal,
};
use crate::model::label::Label;
use crate::model::submission::{Reason, Refusal};
use crate::model::words::{Attribution, Kind, WithdrawalReason};
use crate::policy::ItemFacts;
use crate::provenance::SigningKey;
use crate::store::{
    Answer, Append, AppendItem, DocumentPart, DocumentState, Expect, Waiting, Withdraw,
};
use crate::wire::{self, pb, words};

/// An item that a push made or met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedItem {
    /// The item.
    pub item: ItemId,
    /// The revision that holds.
    pub revision: u32,
    /// Its label.
    pub label: Label,
    /// Its kind.
    pub kind: Kind,
}

/// What is needed to make items: who signs, with what randomness, and when.
pub(super) struct Desk<'a> {
    pub(super) settings: &'a Settings,
    pub(super) community: &'a CommunityId,
    pub(super) signer: &'a SigningKey,
    /// Hides what could give a source away.
    pub(super) seal: &'a SourceSeal,
    pub(super) entropy: &'a dyn Entropy,
    pub(super) now: Timestamp,
}

/// What a draft comes to.
pub(super) enum Settled {
    /// What to append, and what the caller is told once it is.
    Append(Box<Append>, Pushed),
    Refused(Refusal),
}

/// Un-named items are dated to the hour, so that their time tells nobody who pushed (threat 22).
const ROUNDED_TO_SECONDS: i64 = 3600;

/// Decides what a draft is, against what is known of its document. Parts that were withdrawn are not in its state.
pub(super) fn against(known: Option<&DocumentState>, draft: &Draft, desk: &Desk<'_>) -> Settled {
    let Some(known) = known.filter(|state| !state.parts.is_empty()) else {
        // New, or all of it was withdrawn: the document starts with new items.
        return settled(append(known, draft, desk));
    };
    let same_content =
        known.content_sha256 == draft.content_sha256 && known.version == draft.version;
    if !same_content
        && formats::compare_versions(draft.format, &draft.version, &known.version).is_lt()
    {
        return Settled::Refused(Refusal::new(
            Reason::OlderVersion,
            format!(
                "version {} of this document is older than version {}, which is shared; push a newer one",
                shown(&draft.version),
                shown(&known.version)
            ),
        ));
    }
    if let Some(difference) = difference(known, draft, same_content) {
        return Settled::Refused(Refusal::new(
            Reason::Differs,
            format!(
                "this document is shared already, with {difference}; a push does not change that: `sluis revise ITEM` does, or withdraw it and push it anew"
            ),
        ));
    }
    if same_content && is_whole(known, draft) {
        let (append, pushed) = existing(known, draft, desk);
        return Settled::Append(Box::new(append), pushed);
    }
    settled(append(Some(known), draft, desk))
}

fn settled(append: Result<(Append, Pushed), Refusal>) -> Settled {
    match append {
        Ok((append, pushed)) => Settled::Append(Box::new(append), pushed),
        Err(refusal) => Settled::Refused(refusal),
    }
}

/// How what the submitter says differs from what he said before; `None`: it does not.
fn difference(state: &DocumentState, draft: &Draft, same_content: bool) -> Option<&'static str> {
    if state
        .parts
        .iter()
        .any(|p| p.options_sha256 != draft.options_sha256)
    {
        return Some("another audience, hop limit, attribution or terms");
    }
    let before = || state.parts.iter().map(|p| p.label);
    let now = || draft.parts.iter().map(|p| p.part.label);
    // What a revision said of one item is not undone by a push that does not know of it.
    if state
        .parts
        .iter()
        .any(|p| p.label_is_given && now().all(|label| label != p.label))
    {
        return Some("another label, which a revision gave it");
    }
    let other = if same_content {
        // A part may be missing that was withdrawn, or one be new because the document is split now.
        before().any(|label| now().all(|l| l != label))
    } else {
        // The parts of a new version are what its content says, unless a declaration alone says it. A declaration that
        // is forgotten does not lower what it held up.
        (draft.label_declared && before().max() != now().max()) || state.declared > now().min()
    };
    other.then_some("another label")
}

/// Every part of the document is there, under its label.
fn is_whole(state: &DocumentState, draft: &Draft) -> bool {
    draft
        .parts
        .iter()
        .all(|part| state.parts.iter().any(|p| p.label == part.part.label))
}

/// Records the request and its answer; the document stays as it is.
fn existing(known: &DocumentState, draft: &Draft, desk: &Desk<'_>) -> (Append, Pushed) {
    let items = known.parts.iter().map(pushed).collect();
    let pushed = told(Status::Existing, items, &draft.remarks);
    let append = Append {
        request: draft.request,
        document: draft.document,
        expect: Expect::State(known.tag),
        state: known.clone(),
        items: Vec::new(),
        vanished: Vec::new(),
        answer: answer(&pushed, draft, desk),
        here: desk.community.clone(),
        waiting: Waiting::Settled { audit: None },
        at: desk.now,
    };
    (append, pushed)
}

/// New items and revisions, signed.
fn append(
    known: Option<&DocumentState>,
    draft: &Draft,
    desk: &Desk<'_>,
) -> Result<(Append, Pushed), Refusal> {
    let before: &[DocumentPart] = known.map_or(&[], |state| state.parts.as_slice());
    let mut items = Vec::with_capacity(draft.parts.len());
    let mut parts = Vec::with_capacity(draft.parts.len());
    for part in &draft.parts {
        let earlier = before.iter().find(|p| p.label == part.part.label);
        let (item, revision) = match earlier {
            Some(p) => (p.item, desk.settings.revision_after(p.revision)),
            None => (new_item(draft.attribution, desk), 1),
        };
        items.push(sign(item, revision, part, draft, desk)?);
        parts.push(DocumentPart {
            label: part.part.label,
            item,
            revision,
            kind: part.kind,
            options_sha256: draft.options_sha256,
            label_is_given: earlier.is_some_and(|p| p.label_is_given),
        });
    }
    let vanished = before
        .iter()
        .filter(|p| !parts.iter().any(|q| q.item == p.item))
        .map(|p| vanish(p, draft, desk))
        .collect();
    let status = if before.is_empty() {
        Status::Accepted
    } else {
        Status::Revised
    };
    let pushed = told(status, parts.iter().map(pushed).collect(), &draft.remarks);
    let append = Append {
        request: draft.request,
        document: draft.document,
        expect: known.map_or(Expect::New, |state| Expect::State(state.tag)),
        state: DocumentState {
            tag: 0,
            version: draft.version.clone(),
            content_sha256: draft.content_sha256,
            declared: draft.options.label,
            parts,
        },
        items,
        vanished,
        answer: answer(&pushed, draft, desk),
        here: desk.community.clone(),
        waiting: waiting(draft, desk),
        at: desk.now,
    };
    Ok((append, pushed))
}

pub(super) fn sign(
    item: ItemId,
    revision: u32,
    part: &DraftPart,
    draft: &Draft,
    desk: &Desk<'_>,
) -> Result<AppendItem, Refusal> {
    let envelope = checked(envelope(item, revision, part, draft, desk))?;
    let signed = desk.signer.sign_envelope(&envelope);
    let mut local = local_record(&envelope, part, draft, desk);
    local.envelope_sha256 = crate::model::ids::Digest::of(&signed.record);
    Ok(AppendItem {
        item,
        revision,
        envelope: signed,
        local: desk.signer.sign_local_record(&local),
        content: content(&part.part),
        content_key: random_bytes(desk.entropy),
        fingerprints: part.fingerprints,
        met: part.met.clone(),
        goes_elsewhere: false,
        reissued: reissued(part, draft, desk.seal),
    })
}

/// What the objects of this part were called: a part knows nothing of another one's.
fn reissued(part: &DraftPart, draft: &Draft, seal: &SourceSeal) -> Vec<Reissued> {
    if draft.reissued.is_empty() {
        return Vec::new();
    }
    let objects: HashSet<&str> = part.part.objects.iter().map(String::as_str).collect();
    draft
        .reissued
        .iter()
        .filter(|r| objects.contains(r.to.as_str()))
        .map(|r| seal.reissued_hidden(r))
        .collect()
}

/// The record names no document and no submitter: the operator is told what was met.
pub(super) fn waiting(draft: &Draft, desk: &Desk<'_>) -> Waiting {
    if !draft.settled {
        return Waiting::IfMet;
    }
    let met = draft.parts.iter().find_map(|part| part.met.as_ref());
    Waiting::Settled {
        audit: met.map(|met| record(Act::ItemWaits, Actor::Node, met.item, desk.now)),
    }
}

/// What is out of bounds is found before it is signed, and not by whoever receives it.
pub(super) fn checked(envelope: Envelope) -> Result<Envelope, Refusal> {
    match wire::envelope::check(&envelope) {
        Ok(()) => Ok(envelope),
        Err(malformed) => Err(Refusal::new(Reason::BadOption, malformed.to_string())),
    }
}

pub(super) fn envelope(
    item: ItemId,
    revision: u32,
    part: &DraftPart,
    draft: &Draft,
    desk: &Desk<'_>,
) -> Envelope {
    let options = &draft.options;
    let highest = part.is_highest.then_some(options);
    let relation_travels = part.is_highest
        && draft
            .relation_from
            .is_some_and(|label| part.part.label >= label);
    Envelope {
        item,
        revision,
        origin: desk.community.clone(),
        kind: part.kind,
        title: part.title.clone(),
        summary: part.summary.clone(),
        label: part.part.label,
        audience: part.named.audience.clone(),
        hop_limit: part.hop_limit,
        attribution: draft.attribution,
        submitter: match draft.attribution {
            Attribution::Named => Some(SpiffeId::member(desk.community, &draft.member)),
            Attribution::Community | Attribution::Anonymous => None,
        },
        pap: options.pap.max(part.part.pap),
        terms: options.terms,
        sectors: draft.sectors.clone(),
        tags: highest.map(|o| o.tags.clone()).unwrap_or_default(),
        severity: highest.and_then(|o| o.severity),
        urgency: highest.and_then(|o| o.urgency),
        reliability: highest.and_then(|o| o.reliability),
        credibility: highest.and_then(|o| o.credibility),
        created: rounded(desk.now, draft.attribution),
        valid_until: options.valid_until,
        source: source_reference(&part.part.source),
        relation: draft
            .answers
            .filter(|_| relation_travels)
            .map(Relation::Answers),
        content: Content {
            media_type: part.part.media_type.to_owned(),
            size: u64::try_from(part.part.bytes.len()).unwrap_or(u64::MAX),
            sha256: part.content_sha256,
        },
    }
}

/// A document's own id may be any text; one too long for an envelope is replaced by its digest.
fn source_reference(source: &SourceReference) -> SourceReference {
    const ID_BYTES_MAX: usize = 512;
    const VERSION_BYTES_MAX: usize = 128;
    let bounded = |text: &str, max: usize| {
        if text.len() <= max && !text.chars().any(char::is_control) {
            text.to_owned()
        } else {
            crate::model::ids::Digest::of(text.as_bytes()).to_string()
        }
    };
    SourceReference {
        format: source.format.clone(),
        id: bounded(&source.id, ID_BYTES_MAX),
        version: bounded(&source.version, VERSION_BYTES_MAX),
    }
}

pub(super) fn local_record(
    envelope: &Envelope,
    part: &DraftPart,
    draft: &Draft,
    desk: &Desk<'_>,
) -> LocalRecord {
    LocalRecord {
        item: envelope.item,
        revision: envelope.revision,
        envelope_sha256: crate::model::ids::Digest([0; 32]),
        submitter: draft.submitter.clone(),
        members: part.named.members.clone(),
        persons: part.named.persons.clone(),
        relation: match envelope.relation {
            Some(_) => None,
            None => draft
                .answers
                .filter(|_| part.is_highest)
                .map(Relation::Answers),
        },
        resolved: draft.options.resolved.clone(),
        mentions_accepted: draft.options.accept_mentions,
        declared: draft.options.label,
        pushed: desk.now,
        waits: part.met.is_some() || draft.waits,
        said: Said {
            to: draft.options.to.clone(),
            hop_limit: draft.options.hop_limit,
            title: part.is_highest && !draft.options.title.is_empty(),
            summary: part.is_highest && !draft.options.summary.is_empty(),
            kind: draft.options.kind.is_some(),
        },
    }
}

/// What the policy will be told of each part, for a preview: no id and no signature is needed for that.
pub(super) fn facts(draft: &Draft, desk: &Desk<'_>) -> Result<Vec<ItemFacts>, Refusal> {
    let item = ItemId::new(0, [0; 10]);
    draft
        .parts
        .iter()
        .map(|part| {
            let envelope = checked(envelope(item, 1, part, draft, desk))?;
            let local = local_record(&envelope, part, draft, desk);
            Ok(ItemFacts::at_origin(&envelope, &local, desk.now))
        })
        .collect()
}

/// The statement that an item ends, with an id of its own. Of an un-named item it tells no more of the time than the item.
pub(super) fn withdrawal(
    item: ItemId,
    reason: WithdrawalReason,
    attribution: Attribution,
    desk: &Desk<'_>,
) -> Withdrawal {
    Withdrawal {
        id: new_item(attribution, desk),
        item,
        origin: desk.community.clone(),
        reason,
        time: rounded(desk.now, attribution),
    }
}

/// A part that the new version no longer has is withdrawn.
fn vanish(part: &DocumentPart, draft: &Draft, desk: &Desk<'_>) -> Withdraw {
    let withdrawal = withdrawal(
        part.item,
        WithdrawalReason::Outdated,
        draft.attribution,
        desk,
    );
    Withdraw {
        item: part.item,
        id: withdrawal.id,
        statement: desk.signer.sign_withdrawal(&withdrawal),
        note: "the new version of the document has no part of this label".to_owned(),
        audit: record(
            Act::ItemWithdrawn,
            Actor::of_own(&draft.submitter, draft.attribution),
            part.item,
            desk.now,
        ),
        at: desk.now,
    }
}

/// A fresh id. Of an un-named item its time is rounded and the rest is random.
fn new_item(attribution: Attribution, desk: &Desk<'_>) -> ItemId {
    let ms = rounded(desk.now, attribution).micros().div_euclid(1000);
    ItemId::new(
        u64::try_from(ms).unwrap_or_default(),
        random_bytes(desk.entropy),
    )
}

/// The time as the envelope may show it.
pub(crate) fn rounded(time: Timestamp, attribution: Attribution) -> Timestamp {
    match attribution {
        Attribution::Named => time,
        Attribution::Community | Attribution::Anonymous => {
            time.rounded_down_to_seconds(ROUNDED_TO_SECONDS)
        }
    }
}

pub(super) fn pushed(part: &DocumentPart) -> PushedItem {
    PushedItem {
        item: part.item,
        revision: part.revision,
        label: part.label,
        kind: part.kind,
    }
}

pub(super) fn shown(version: &str) -> &str {
    if version.is_empty() {
        "(none)"
    } else {
        version
    }
}

pub(super) fn told(status: Status, items: Vec<PushedItem>, remarks: &[String]) -> Pushed {
    Pushed {
        status,
        items,
        remarks: remarks.to_vec(),
    }
}

/// For what an answer is sealed.
const ANSWER: &str = "answer";

/// The answer as it is recorded with the request, so that a retry gets the very same.
pub(super) fn answer(pushed: &Pushed, draft: &Draft, desk: &Desk<'_>) -> Answer {
    // It names items and, in its remarks, whom the submitter addressed.
    let clear = to_pb(pushed).encode_to_vec();
    Answer(desk.seal.hidden(ANSWER, &draft.request, &clear))
}

/// A push's answer as the message that the caller gets.
pub(crate) fn to_pb(pushed: &Pushed) -> pb::PushItemResponse {
    pb::PushItemResponse {
        status: i32::from(match pushed.status {
            Status::Accepted => pb::push_item_response::Status::Accepted,
            Status::Existing => pb::push_item_response::Status::Existing,
            Status::Revised => pb::push_item_response::Status::Revised,
        }),
        items: pushed
            .items
            .iter()
            .map(|i| pb::PushedItem {
                item: i.item.to_string(),
                revision: i.revision,
                label: words::label_to_pb(Some(i.label)),
                kind: words::kind_to_pb(Some(i.kind)),
            })
            .collect(),
        remarks: pushed.remarks.clone(),
    }
}

/// Reads an answer that was recorded.
pub(super) fn read_answer(
    answer: &Answer,
    request: &[u8; 24],
    seal: &SourceSeal,
) -> Result<Pushed, IntakeError> {
    let clear = seal
        .shown(ANSWER, request, &answer.0)
        .ok_or(IntakeError::Answer)?;
    let message =
        pb::PushItemResponse::decode(clear.as_slice()).map_err(|_| IntakeError::Answer)?;
    let status = match message.status() {
        pb::push_item_response::Status::Accepted => Status::Accepted,
        pb::push_item_response::Status::Existing => Status::Existing,
        pb::push_item_response::Status::Revised => Status::Revised,
        pb::push_item_response::Status::Unspecified => return Err(IntakeError::Answer),
    };
    let items = message
        .items
        .iter()
        .map(|i| {
            Some(PushedItem {
                item: ItemId::parse(&i.item).ok()?,
                revision: i.revision,
                label: words::label(i.label).ok()??,
                kind: words::kind(i.kind).ok()??,
            })
        })
        .collect::<Option<_>>()
        .ok_or(IntakeError::Answer)?;
    Ok(Pushed {
        status,
        items,
        remarks: message.remarks,
    })
}
