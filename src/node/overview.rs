//! What operators are shown of items and links.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tonic::Status;

use crate::api::{admin, answers, status};
use crate::federation::Links;
use crate::intake::{Intake, IntakeError, Released};
use crate::log::EntryBody;
use crate::model::agreement::PeerState;
use crate::model::ids::{CommunityId, ItemId, SpiffeId};
use crate::model::member::Standing;
use crate::model::roster::Roster;
use crate::overview::{Asker, Overview, RevealError};
use crate::wire::{pb, words};

/// Waiting items in one answer: more than a person decides at one sitting.
const WAITING_MAX: i64 = 1000;

/// The node at a glance, for operators.
#[derive(Clone, Debug)]
pub(super) struct OperatorOverview {
    /// Explains and traces.
    pub(super) overview: Overview,
    /// Lets go what waits.
    pub(super) intake: Arc<Intake>,
    /// How the links do.
    pub(super) links: Links,
    /// Whether the node takes pushes and serves feeds.
    pub(super) ready: Arc<AtomicBool>,
}

impl OperatorOverview {
    fn peer(&self, roster: &Roster, peer: &CommunityId) -> pb::PeerStatus {
        let now = self.overview.clock.now();
        let report = self.links.report(peer);
        let state = roster.peers.get(peer).map_or(PeerState::Ended, |p| {
            // An agreement that is signed but has not begun, or is over by its dates, is not in force.
            match p.state() {
                PeerState::InForce if !p.in_force_at(now) => {
                    if p.terms.until.is_some_and(|until| until <= now) {
                        PeerState::Ended
                    } else {
                        PeerState::Accepted
                    }
                }
                state => state,
            }
        });
        pb::PeerStatus {
            peer: peer.to_string(),
            state: words::peer_state_to_pb(state),
            lag_seconds: report.lag_seconds(now),
            link: report.state.name().to_owned(),
            last_failure: report.last_failure,
        }
    }
}

impl admin::Overview for OperatorOverview {
    fn status(&self) -> BoxFuture<'_, Result<pb::GetStatusResponse, Status>> {
        async {
            let roster = self.overview.log.roster();
            let items = self.overview.log.store().items_in_service().await;
            let admitted = |s: &Standing| matches!(s, Standing::Admitted { .. });
            let members = roster.members.values().filter(|m| admitted(&m.standing));
            Ok(pb::GetStatusResponse {
                community: self.overview.here.to_string(),
                ready: self.ready.load(Ordering::Acquire),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                items: items.map_err(|e| status::store_error(&e))?,
                members: u64::try_from(members.count()).unwrap_or(u64::MAX),
                peers: roster.peers.keys().map(|p| self.peer(&roster, p)).collect(),
            })
        }
        .boxed()
    }

    fn waiting(&self) -> BoxFuture<'_, Result<Vec<pb::WaitingItem>, Status>> {
        async {
            let log = &self.overview.log;
            let waiting = log.store().waiting(WAITING_MAX).await;
            let mut items = Vec::new();
            for waits in waiting.map_err(|e| status::store_error(&e))? {
                let entry = log.entry_of(waits.item, false).await;
                let entry = entry.map_err(|e| status::store_error(&e))?;
                let Some(EntryBody::Item { envelope, .. }) = entry.as_ref().map(|e| &e.body) else {
                    continue;
                };
                items.push(pb::WaitingItem {
                    item: waits.item.to_string(),
                    label: words::label_to_pb(Some(envelope.label)),
                    kind: words::kind_to_pb(Some(envelope.kind)),
                    met: waits.met.item.to_string(),
                    met_origin: waits.met.origin.to_string(),
                    met_label: words::label_to_pb(Some(waits.met.label)),
                    since: Some(words::time_to_pb(waits.since)),
                });
            }
            Ok(items)
        }
        .boxed()
    }

    fn settle(
        &self,
        operator: SpiffeId,
        item: ItemId,
        settled: admin::Settled,
    ) -> BoxFuture<'_, Result<Released, IntakeError>> {
        async move {
            match settled {
                admin::Settled::Released => self.intake.release(&operator, item).await,
                admin::Settled::Dropped => self.intake.drop_waiting(&operator, item).await,
            }
        }
        .boxed()
    }

    fn explain(
        &self,
        item: ItemId,
        to: String,
    ) -> BoxFuture<'_, Result<pb::ExplainItemResponse, Status>> {
        async move {
            let to = (!to.is_empty()).then_some(to.as_str());
            let explained = self.overview.explain(&Asker::Operator, item, to).await;
            let explanation = explained
                .map_err(|e| status::store_error(&e))?
                .ok_or_else(|| unknown(item))?;
            Ok(answers::explanation(&explanation))
        }
        .boxed()
    }

    fn trace(&self, item: ItemId) -> BoxFuture<'_, Result<pb::TraceItemResponse, Status>> {
        async move {
            let traced = self.overview.trace(&Asker::Operator, item).await;
            let places = traced
                .map_err(|e| status::store_error(&e))?
                .ok_or_else(|| unknown(item))?;
            Ok(answers::trace(item, &places))
        }
        .boxed()
    }

    fn reveal_source(
        &self,
        operator: SpiffeId,
        item: ItemId,
    ) -> BoxFuture<'_, Result<pb::RevealSourceResponse, Status>> {
        async move {
            let revealed = self.overview.reveal(&operator, item).await;
            let source = revealed
                .map_err(|error| match error {
                    RevealError::NotRecorded(error) => status::log_error(&error),
                    RevealError::Read(error) => status::store_error(&error),
                })?
                .ok_or_else(|| {
                    status::not_found(format!(
                        "this node has no item {item} whose source it knows; that you looked is recorded"
                    ))
                })?;
            Ok(pb::RevealSourceResponse {
                item: item.to_string(),
                submitter: source.submitter.to_string(),
                attribution: words::attribution_to_pb(Some(source.attribution)),
            })
        }
        .boxed()
    }

    fn link(&self, peer: &CommunityId) -> BoxFuture<'_, Result<pb::PeerStatus, Status>> {
        let report = self.peer(&self.overview.log.roster(), peer);
        async move { Ok(report) }.boxed()
    }
}

fn unknown(item: ItemId) -> Status {
    status::not_found(format!(
        "this node has no item {item}; whoever pushed it sees its id with `sluis feed`"
    ))
}
