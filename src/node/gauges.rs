//! The node's numbers, read when they are asked for.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::api::listener::Connections;
use crate::clock::Clock;
use crate::federation::Links;
use crate::federation::link::State;
use crate::http::metrics::Metrics;
use crate::http::ops::Gauges;
use crate::log::Log;
use crate::model::member::Standing;

/// Where the numbers are.
#[derive(Debug)]
pub(super) struct NodeGauges {
    /// Items, members and peers.
    pub(super) log: Log,
    /// How the links do.
    pub(super) links: Links,
    /// Who is connected.
    pub(super) connections: Connections,
    /// Tells the time.
    pub(super) clock: Arc<dyn Clock>,
}

impl Gauges for NodeGauges {
    fn read(&self) -> BoxFuture<'_, Metrics> {
        async {
            let roster = self.log.roster();
            let now = self.clock.now();
            let admitted = |s: &Standing| matches!(s, Standing::Admitted { .. });
            let members = roster.members.values().filter(|m| admitted(&m.standing));
            let in_force = roster.peers.values().filter(|p| p.in_force_at(now));
            let live = roster
                .peers
                .keys()
                .filter(|peer| self.links.report(peer).state == State::Live);
            Metrics {
                items: self.log.store().items_in_service().await.ok(),
                members: u64::try_from(members.count()).ok(),
                peers_in_force: u64::try_from(in_force.count()).ok(),
                links_live: u64::try_from(live.count()).ok(),
                connections: u64::try_from(self.connections.count()).ok(),
            }
        }
        .boxed()
    }
}
