//! Peers, their links and agreements, as JSON shows them.

use serde::Serialize;

use crate::model::agreement;
use crate::wire::{pb, words};

/// The state of a peer, as its word.
fn peer_state(number: i32) -> &'static str {
    words::peer_state(number)
        .ok()
        .flatten()
        .map_or("unknown", |state| state.name())
}

/// A peer at a glance.
#[derive(Serialize)]
pub(in crate::cli) struct PeerStatusView {
    pub(in crate::cli) peer: String,
    pub(in crate::cli) state: &'static str,
    pub(in crate::cli) lag: Option<f64>,
    pub(in crate::cli) link: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(in crate::cli) last_failure: String,
    pub(in crate::cli) failure_class: Option<String>,
    pub(in crate::cli) failed_at: Option<String>,
    pub(in crate::cli) last_success: Option<String>,
    pub(in crate::cli) next_retry: Option<String>,
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
pub(in crate::cli) struct PeerView {
    pub(in crate::cli) peer: String,
    pub(in crate::cli) name: String,
    pub(in crate::cli) phrase: String,
    pub(in crate::cli) state: &'static str,
    pub(in crate::cli) address: String,
    pub(in crate::cli) signed_by_us: bool,
    pub(in crate::cli) signed_by_them: bool,
    pub(in crate::cli) agreement: Option<TermsView>,
    pub(in crate::cli) lag: Option<f64>,
    pub(in crate::cli) link: Option<String>,
    pub(in crate::cli) last_failure: Option<String>,
    pub(in crate::cli) failure_class: Option<String>,
    pub(in crate::cli) failed_at: Option<String>,
    pub(in crate::cli) last_success: Option<String>,
    pub(in crate::cli) next_retry: Option<String>,
    pub(in crate::cli) ca_fingerprints: Vec<String>,
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
pub(in crate::cli) struct TermsView {
    pub(in crate::cli) version: u32,
    pub(in crate::cli) we: SideView,
    pub(in crate::cli) they: SideView,
    pub(in crate::cli) kinds: Vec<&'static str>,
    pub(in crate::cli) sectors: Vec<String>,
    pub(in crate::cli) from: Option<String>,
    pub(in crate::cli) until: Option<String>,
}

/// What one side says for itself.
#[derive(Serialize)]
pub(in crate::cli) struct SideView {
    pub(in crate::cli) out_ceiling: &'static str,
    pub(in crate::cli) in_ceiling: &'static str,
    pub(in crate::cli) onward: bool,
    pub(in crate::cli) commercial: bool,
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
