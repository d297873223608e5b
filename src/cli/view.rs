//! The answers as JSON shows them (design.md part 7), made from messages and verified records.

use serde::Serialize;

use super::failure::Refused;
use crate::client::verify::{Record, VerifiedEntry};
use crate::model::agreement;
use crate::model::label::Label;
use crate::model::words::Kind;
use crate::wire::{pb, words};

/// A label's name; `None` for a number that is no label.
pub(super) fn label(number: i32) -> Option<Label> {
    words::label(number).ok().flatten()
}

fn label_name(number: i32) -> Option<&'static str> {
    label(number).map(Label::name)
}

/// A time as JSON shows it: RFC 3339 in UTC.
pub(super) fn time(time: Option<&prost_types::Timestamp>) -> Option<String> {
    words::time(time)
        .ok()
        .flatten()
        .map(|time| time.to_string())
}

/// One file of a push.
#[derive(Serialize)]
pub(super) struct Pushed<'a> {
    pub(super) file: &'a str,
    pub(super) status: &'static str,
    pub(super) items: Vec<PushedItem>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) remarks: Vec<String>,
    #[serde(flatten)]
    pub(super) refusal: Option<RefusalView>,
}

/// One item of a push.
#[derive(Serialize)]
pub(super) struct PushedItem {
    pub(super) item: String,
    pub(super) revision: u32,
    pub(super) label: Option<&'static str>,
    pub(super) kind: Option<&'static str>,
}

impl From<pb::PushedItem> for PushedItem {
    fn from(item: pb::PushedItem) -> Self {
        Self {
            item: item.item,
            revision: item.revision,
            label: label_name(item.label),
            kind: words::kind(item.kind).ok().flatten().map(Kind::name),
        }
    }
}

/// Why a push was refused, or failed.
#[derive(Serialize)]
pub(super) struct RefusalView {
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) places: Vec<PlaceView>,
}

/// A place and what is wrong there.
#[derive(Serialize)]
pub(super) struct PlaceView {
    pub(super) place: String,
    pub(super) message: String,
}

impl From<Refused> for RefusalView {
    fn from(refused: Refused) -> Self {
        Self {
            reason: refused.reason,
            message: refused.message,
            places: refused
                .places
                .into_iter()
                .map(|(place, message)| PlaceView { place, message })
                .collect(),
        }
    }
}

/// Where the parts of a document, or an item, go.
#[derive(Serialize)]
pub(super) struct Decisions<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<&'a str>,
    pub(super) items: Vec<ItemView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) raised: Vec<RaisedView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) raised_count: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) remarks: Vec<String>,
}

/// An object that goes less far than it could.
#[derive(Serialize)]
pub(super) struct RaisedView {
    pub(super) object: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) from: Option<&'static str>,
    pub(super) to: Option<&'static str>,
    pub(super) place: String,
    pub(super) because_of: String,
}

impl From<pb::RaisedObject> for RaisedView {
    fn from(raised: pb::RaisedObject) -> Self {
        Self {
            object: raised.object,
            kind: raised.r#type,
            from: label_name(raised.from),
            to: label_name(raised.to),
            place: raised.place,
            because_of: raised.because_of,
        }
    }
}

/// One part or item with its readers.
#[derive(Serialize)]
pub(super) struct ItemView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) item: Option<String>,
    pub(super) label: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) objects: Option<u32>,
    pub(super) recipients: Vec<Recipient>,
}

/// One reader.
#[derive(Serialize)]
pub(super) struct Recipient {
    pub(super) to: String,
    #[serde(rename = "as")]
    pub(super) role: &'static str,
    pub(super) decision: &'static str,
    pub(super) rule: Option<&'static str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) remedy: String,
}

impl From<pb::ItemDecisions> for ItemView {
    fn from(decisions: pb::ItemDecisions) -> Self {
        Self {
            item: Some(decisions.item).filter(|item| !item.is_empty()),
            label: label_name(decisions.label),
            objects: (decisions.objects > 0).then_some(decisions.objects),
            recipients: decisions
                .recipients
                .into_iter()
                .map(Recipient::from)
                .collect(),
        }
    }
}

impl From<pb::RecipientDecision> for Recipient {
    fn from(decision: pb::RecipientDecision) -> Self {
        Self {
            to: decision.to,
            role: role(decision.role),
            decision: if decision.permit {
                "permit"
            } else {
                "withhold"
            },
            rule: words::rule(decision.rule)
                .ok()
                .flatten()
                .map(|rule| rule.name()),
            remedy: decision.remedy,
        }
    }
}

fn role(number: i32) -> &'static str {
    match pb::recipient_decision::Role::try_from(number) {
        Ok(pb::recipient_decision::Role::Member) => "member",
        Ok(pb::recipient_decision::Role::Peer) => "peer",
        Ok(pb::recipient_decision::Role::Unspecified) | Err(_) => "unknown",
    }
}

/// Who has an item.
#[derive(Serialize)]
pub(super) struct Trace {
    pub(super) item: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) withdrawal: Option<String>,
    pub(super) holders: Vec<HolderView>,
}

/// Who submitted an item.
#[derive(Serialize)]
pub(super) struct RevealedView {
    pub(super) item: String,
    pub(super) submitter: String,
    pub(super) attribution: Option<&'static str>,
}

/// One place.
#[derive(Serialize)]
pub(super) struct HolderView {
    pub(super) place: String,
    #[serde(rename = "as")]
    pub(super) role: &'static str,
    pub(super) state: &'static str,
    pub(super) at: Option<String>,
}

impl From<pb::Holder> for HolderView {
    fn from(holder: pb::Holder) -> Self {
        use pb::holder::State;
        Self {
            role: role(holder.role),
            state: match holder.state() {
                State::Unspecified => "unknown",
                State::Offered => "offered",
                State::Received => "received",
                State::Erased => "erased",
                State::Owed => "owed",
            },
            at: time(holder.time.as_ref()),
            place: holder.place,
        }
    }
}

/// One entry of a feed. A key that does not apply is null.
#[derive(Serialize)]
pub(super) struct EntryView<'a> {
    item: String,
    revision: Option<u32>,
    origin: &'a str,
    kind: &'static str,
    label: Option<&'static str>,
    title: Option<&'a str>,
    submitter: Option<&'a str>,
    path: Vec<&'a str>,
    created: Option<String>,
    sha256: Option<String>,
    media_type: Option<&'a str>,
    size: Option<u64>,
    cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdraws: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(flatten)]
    more: Option<EnvelopeView<'a>>,
}

/// What else an envelope says.
#[derive(Serialize)]
pub(super) struct EnvelopeView<'a> {
    summary: Option<&'a str>,
    attribution: &'static str,
    sectors: &'a [String],
    tags: &'a [String],
    severity: Option<&'static str>,
    urgency: Option<&'static str>,
    pap: Option<&'static str>,
    reliability: Option<&'static str>,
    credibility: Option<&'static str>,
    valid_until: Option<String>,
    hop_limit: Option<u32>,
    terms: Vec<&'static str>,
    audience: Option<Vec<&'a str>>,
    source: SourceView<'a>,
    answers: Option<String>,
    derived_from: Option<String>,
}

/// The document's identity in its own format.
#[derive(Serialize)]
pub(super) struct SourceView<'a> {
    format: &'a str,
    id: &'a str,
    version: &'a str,
}

impl<'a> From<&'a VerifiedEntry> for EntryView<'a> {
    fn from(entry: &'a VerifiedEntry) -> Self {
        let some = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        let path = entry
            .path
            .iter()
            .map(|community| community.as_str())
            .collect();
        match &entry.record {
            Record::Item(envelope) => Self {
                item: envelope.item.to_string(),
                revision: Some(envelope.revision),
                origin: envelope.origin.as_str(),
                kind: envelope.kind.name(),
                label: Some(envelope.label.name()),
                title: Some(&envelope.title),
                submitter: some(&entry.submitter),
                path,
                created: Some(envelope.created.to_string()),
                sha256: Some(envelope.content.sha256.to_string()),
                media_type: Some(&envelope.content.media_type),
                size: Some(envelope.content.size),
                cursor: some(&entry.cursor),
                withdraws: None,
                reason: None,
                more: Some(EnvelopeView::from(&**envelope)),
            },
            Record::Withdrawal(withdrawal) => Self {
                item: withdrawal.id.to_string(),
                revision: None,
                origin: withdrawal.origin.as_str(),
                kind: Kind::Withdrawal.name(),
                label: None,
                title: None,
                submitter: None,
                path,
                created: Some(withdrawal.time.to_string()),
                sha256: None,
                media_type: None,
                size: None,
                cursor: some(&entry.cursor),
                withdraws: Some(withdrawal.item.to_string()),
                reason: Some(withdrawal.reason.name()),
                more: None,
            },
            // To a reader a recall is a withdrawal: what it has of the item goes.
            Record::Recall(item) => Self {
                item: item.to_string(),
                revision: None,
                origin: entry.path.first().map_or("", |origin| origin.as_str()),
                kind: Kind::Withdrawal.name(),
                label: None,
                title: None,
                submitter: None,
                path,
                created: None,
                sha256: None,
                media_type: None,
                size: None,
                cursor: some(&entry.cursor),
                withdraws: Some(item.to_string()),
                reason: Some("recalled"),
                more: None,
            },
        }
    }
}

impl<'a> From<&'a crate::model::item::Envelope> for EnvelopeView<'a> {
    fn from(envelope: &'a crate::model::item::Envelope) -> Self {
        use crate::model::item::Relation;
        let mut terms = Vec::new();
        if envelope.terms.no_commercial_use {
            terms.push("no-commercial-use");
        }
        if envelope.terms.no_resale {
            terms.push("no-resale");
        }
        let (answers, derived_from) = match envelope.relation {
            Some(Relation::Answers(item)) => (Some(item.to_string()), None),
            Some(Relation::DerivedFrom(item)) => (None, Some(item.to_string())),
            None => (None, None),
        };
        Self {
            summary: Some(envelope.summary.as_str()).filter(|text| !text.is_empty()),
            attribution: envelope.attribution.name(),
            sectors: &envelope.sectors,
            tags: &envelope.tags,
            severity: envelope.severity.map(|word| word.name()),
            urgency: envelope.urgency.map(|word| word.name()),
            pap: envelope.pap.map(|word| word.name()),
            reliability: envelope.reliability.map(|word| word.name()),
            credibility: envelope.credibility.map(|word| word.name()),
            valid_until: envelope.valid_until.map(|time| time.to_string()),
            hop_limit: envelope.hop_limit,
            terms,
            audience: envelope.audience.as_ref().map(|audience| {
                audience
                    .communities
                    .iter()
                    .map(|community| community.as_str())
                    .collect()
            }),
            source: SourceView {
                format: &envelope.source.format,
                id: &envelope.source.id,
                version: &envelope.source.version,
            },
            answers,
            derived_from,
        }
    }
}

/// A member, as the operator sees it.
#[derive(Serialize)]
pub(super) struct MemberView {
    pub(super) member: String,
    pub(super) name: String,
    pub(super) state: &'static str,
    pub(super) domains: Vec<String>,
    pub(super) identities: Vec<String>,
    pub(super) contact: String,
    pub(super) commercial: bool,
    pub(super) endorsed_by: Vec<String>,
    pub(super) endorsements_required: u32,
    pub(super) admitted: Option<String>,
    pub(super) credentials: Vec<CredentialView>,
}

/// A credential of a member.
#[derive(Serialize)]
pub(super) struct CredentialView {
    pub(super) id: String,
    pub(super) expires: Option<String>,
    pub(super) revoked: bool,
}

impl From<pb::Member> for MemberView {
    fn from(member: pb::Member) -> Self {
        use pb::member::State;
        Self {
            state: match member.state() {
                State::Unspecified => "unknown",
                State::Candidate => "candidate",
                State::Admitted => "admitted",
                State::Suspended => "suspended",
                State::Left => "left",
            },
            admitted: time(member.admitted.as_ref()),
            credentials: member
                .credentials
                .into_iter()
                .map(|credential| CredentialView {
                    expires: time(credential.expires.as_ref()),
                    id: credential.spiffe_id,
                    revoked: credential.revoked,
                })
                .collect(),
            member: member.member,
            name: member.name,
            domains: member.domains,
            identities: member.identities,
            contact: member.contact,
            commercial: member.commercial,
            endorsed_by: member.endorsed_by,
            endorsements_required: member.endorsements_required,
        }
    }
}

/// The state of a peer, as its word.
pub(super) fn peer_state(number: i32) -> &'static str {
    words::peer_state(number)
        .ok()
        .flatten()
        .map_or("unknown", |state| state.name())
}

/// A peer at a glance.
#[derive(Serialize)]
pub(super) struct PeerStatusView {
    pub(super) peer: String,
    pub(super) state: &'static str,
    pub(super) lag: Option<f64>,
    pub(super) link: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) last_failure: String,
    pub(super) failure_class: Option<String>,
    pub(super) failed_at: Option<String>,
    pub(super) last_success: Option<String>,
    pub(super) next_retry: Option<String>,
}

fn time_of(time: Option<&prost_types::Timestamp>) -> Option<String> {
    let time = words::time(time).ok().flatten();
    time.map(|time| time.to_string())
}

impl From<pb::PeerStatus> for PeerStatusView {
    fn from(status: pb::PeerStatus) -> Self {
        Self {
            state: peer_state(status.state),
            peer: status.peer,
            lag: status.lag_seconds,
            link: status.link,
            last_failure: status.last_failure,
            failure_class: Some(status.failure_class).filter(|class| !class.is_empty()),
            failed_at: time_of(status.failed_at.as_ref()),
            last_success: time_of(status.last_success.as_ref()),
            next_retry: time_of(status.next_retry.as_ref()),
        }
    }
}

/// A peer.
#[derive(Serialize)]
pub(super) struct PeerView {
    pub(super) peer: String,
    pub(super) name: String,
    pub(super) phrase: String,
    pub(super) state: &'static str,
    pub(super) address: String,
    pub(super) signed_by_us: bool,
    pub(super) signed_by_them: bool,
    pub(super) agreement: Option<TermsView>,
    pub(super) lag: Option<f64>,
    pub(super) link: Option<String>,
    pub(super) last_failure: Option<String>,
    pub(super) failure_class: Option<String>,
    pub(super) failed_at: Option<String>,
    pub(super) last_success: Option<String>,
    pub(super) next_retry: Option<String>,
    pub(super) ca_fingerprints: Vec<String>,
}

impl From<pb::Peer> for PeerView {
    fn from(peer: pb::Peer) -> Self {
        let status = peer.status.unwrap_or_default();
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            agreement: TermsView::seen_from_beside(&peer.terms, &peer.peer),
            state: peer_state(peer.state),
            peer: peer.peer,
            name: peer.name,
            phrase: peer.phrase,
            address: peer.address,
            signed_by_us: peer.signed_by_us,
            signed_by_them: peer.signed_by_them,
            lag: status.lag_seconds,
            link: some(status.link),
            last_failure: some(status.last_failure),
            failure_class: some(status.failure_class),
            failed_at: time_of(status.failed_at.as_ref()),
            last_success: time_of(status.last_success.as_ref()),
            next_retry: time_of(status.next_retry.as_ref()),
            ca_fingerprints: peer.ca_fingerprints,
        }
    }
}

/// An agreement, turned so that "we" is whoever asks.
#[derive(Serialize)]
pub(super) struct TermsView {
    pub(super) version: u32,
    pub(super) we: SideView,
    pub(super) they: SideView,
    pub(super) kinds: Vec<&'static str>,
    pub(super) sectors: Vec<String>,
    pub(super) from: Option<String>,
    pub(super) until: Option<String>,
}

/// What one side says for itself.
#[derive(Serialize)]
pub(super) struct SideView {
    pub(super) out_ceiling: &'static str,
    pub(super) in_ceiling: &'static str,
    pub(super) onward: bool,
    pub(super) commercial: bool,
}

impl From<&agreement::Side> for SideView {
    fn from(side: &agreement::Side) -> Self {
        Self {
            out_ceiling: side.out_ceiling.name(),
            in_ceiling: side.in_ceiling.name(),
            onward: side.onward,
            commercial: side.commercial,
        }
    }
}

impl TermsView {
    /// The terms as the side sees them that is not `peer`. `None` where they do not read.
    fn seen_from_beside(bytes: &[u8], peer: &str) -> Option<Self> {
        let terms = crate::wire::agreement::parse(bytes).ok()?;
        let (we, they) = if terms.inviter.community.as_str() == peer {
            (&terms.accepter, &terms.inviter)
        } else {
            (&terms.inviter, &terms.accepter)
        };
        Some(Self {
            version: terms.version,
            we: we.into(),
            they: they.into(),
            kinds: terms.kinds.iter().map(|kind| kind.name()).collect(),
            sectors: terms.sectors.clone(),
            from: terms.from.map(|time| time.to_string()),
            until: terms.until.map(|time| time.to_string()),
        })
    }
}
