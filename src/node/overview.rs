//! What operators are shown of items and links.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tonic::Status;

use crate::api::{admin, answers, status};
use crate::audit::{Act, Actor, record};
use crate::federation::Links;
use crate::intake::{Intake, IntakeError, Released};
use crate::log::EntryBody;
use crate::model::agreement::PeerState;
use crate::model::ids::{CommunityId, Digest, ItemId, SpiffeId};
use crate::model::member::Standing;
use crate::model::roster::Roster;
use crate::model::signed::Signed;
use crate::overview::{Asker, Overview, RevealError};
use crate::store::{QuarantineRow, Write};
use crate::wire::{pb, words};

/// Waiting items in one answer: more than a person decides at one sitting.
const WAITING_MAX: i64 = 1000;
/// Quarantined items in one answer: as for those that wait.
const QUARANTINE_SHOWN_MAX: usize = 1000;

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
            last_success: report.heard.map(words::time_to_pb),
            failure_class: report
                .failure
                .as_ref()
                .map(|f| f.class.name().to_owned())
                .unwrap_or_default(),
            failed_at: report.failure.as_ref().map(|f| words::time_to_pb(f.at)),
            next_retry: report.state.next_attempt().map(words::time_to_pb),
            last_failure: report.failure.map(|f| f.reason).unwrap_or_default(),
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
                equivocations: self
                    .overview
                    .log
                    .store()
                    .equivocations()
                    .await
                    .map_err(|e| status::store_error(&e))?,
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

    fn quarantined(
        &self,
        peer: Option<CommunityId>,
        number: Option<i64>,
    ) -> BoxFuture<'_, Result<Vec<pb::QuarantinedItem>, Status>> {
        async move {
            let store = self.overview.log.store();
            let rows = store.quarantine(peer.as_ref(), number, QUARANTINE_SHOWN_MAX);
            let rows = rows.await.map_err(|e| status::store_error(&e))?;
            Ok(rows.iter().map(quarantined_to_pb).collect())
        }
        .boxed()
    }

    fn settle_quarantine(
        &self,
        operator: SpiffeId,
        named: admin::Named,
        settled: admin::Settled,
    ) -> BoxFuture<'_, Result<u32, Status>> {
        async move {
            let log = &self.overview.log;
            let mut found = Vec::new();
            if let Some(peer) = &named.peer {
                let rows = log.store().quarantine(Some(peer), None, usize::MAX).await;
                found.extend(rows.map_err(|e| status::store_error(&e))?);
            }
            for number in named.numbers {
                let row = log.store().quarantine(None, Some(number), 1).await;
                found.extend(row.map_err(|e| status::store_error(&e))?);
            }
            let numbers: BTreeSet<i64> = found.iter().map(|row| row.number).collect();
            if numbers.is_empty() {
                return Err(status::not_found(
                    "nothing of that is in quarantine; `sluis peer quarantine list` shows what is",
                ));
            }
            let peers: BTreeSet<CommunityId> = found
                .into_iter()
                .map(|row| row.quarantined.supplier)
                .collect();
            let act = match settled {
                admin::Settled::Released => Act::QuarantineReleased,
                admin::Settled::Dropped => Act::QuarantineDropped,
            };
            let now = self.overview.clock.now();
            let count = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            let write = Write::SettleQuarantine {
                numbers: numbers.into_iter().collect(),
                reread: match settled {
                    admin::Settled::Released => peers.iter().cloned().collect(),
                    admin::Settled::Dropped => Vec::new(),
                },
                audit: peers
                    .iter()
                    .map(|peer| record(act, Actor::Caller(&operator), peer, now))
                    .collect(),
            };
            log.write(write).await.map_err(|e| status::log_error(&e))?;
            if settled == admin::Settled::Released {
                for peer in &peers {
                    self.links.read_again(peer);
                }
            }
            Ok(count)
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

fn quarantined_to_pb(row: &QuarantineRow) -> pb::QuarantinedItem {
    let quarantined = &row.quarantined;
    let evidence = |signed: &Signed| pb::SignatureEvidence {
        sha256: Digest::of(&signed.record).to_string(),
        signature: hex::encode(&signed.signature),
        key_id: signed.key.to_string(),
    };
    pb::QuarantinedItem {
        number: row.number,
        peer: quarantined.supplier.to_string(),
        item: quarantined
            .item
            .map(|item| item.to_string())
            .unwrap_or_default(),
        reason: quarantined.reason.clone(),
        sha256: quarantined.sha256.to_string(),
        time: Some(words::time_to_pb(quarantined.at)),
        held: quarantined.evidence.as_ref().map(|e| evidence(&e.0)),
        sent: quarantined.evidence.as_ref().map(|e| evidence(&e.1)),
    }
}

fn unknown(item: ItemId) -> Status {
    status::not_found(format!(
        "this node has no item {item}; whoever pushed it sees its id with `sluis feed`"
    ))
}
