//! What nodes do with each other: we serve peers ([`supplier`]), and follow them ([`follower`]).
//!
//! ```text
//! our log ─▶ supplier ═══════ mTLS, one stream a peer ═══════▶ follower ─▶ verify ─▶ its log, with the cursor
//!                     ◀══════ acknowledgement after its commit ═══════
//! ```
//!
//! The follower dials, so a node behind a firewall can follow. A frame carries an item, a recall or a heartbeat. What is
//! invalid is quarantined with its reason, and the link goes on (invariant 25).

mod apply;
pub mod follower;
pub mod link;
pub mod supplier;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, mpsc};
use tokio_stream::Stream;

use crate::anonymity::Pseudonyms;
use crate::clock::{Clock, Entropy, Timestamp};
use crate::feed::Cursors;
use crate::log::Log;
use crate::model::ids::CommunityId;
use crate::provenance::SigningKey;
use crate::tasks::Tasks;
use crate::trust::{Bundles, Keys, LiveCredential};
use crate::wire::pb;

/// The federation of one node.
#[derive(Debug)]
pub struct Federation {
    /// The community.
    pub here: CommunityId,
    /// Its log.
    pub log: Log,
    /// Its item-signing key.
    pub signer: Arc<SigningKey>,
    /// Verified signing keys, ours and others', and the communities that were introduced.
    pub keys: Keys,
    /// CA certificates by which connections are believed: ours and our peers'.
    pub bundles: Bundles,
    /// The node's own TLS credential.
    pub credential: LiveCredential,
    /// Derives what tells that two items are of one document.
    pub pseudonyms: Pseudonyms,
    /// Seals cursors.
    pub cursors: Arc<Cursors>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The node's tasks.
    pub tasks: Tasks,
    /// How the links do.
    pub links: Links,
}

impl Federation {
    /// Serves a follower that starts at a cursor, until its right, its stream or the node ends.
    pub async fn supply<A>(
        self: Arc<Self>,
        peer: CommunityId,
        cursor: &str,
        acks: A,
        out: mpsc::Sender<Result<pb::FollowResponse, tonic::Status>>,
    ) -> supplier::SupplyEnd
    where
        A: Stream<Item = Result<pb::FollowRequest, tonic::Status>> + Unpin + Send,
    {
        supplier::Supply::new(self, peer, acks, out)
            .run(cursor)
            .await
    }
}

/// How the links to the suppliers do, for status and metrics. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Links {
    // Held for a look or a change of one entry, never across an await.
    states: Arc<Mutex<BTreeMap<CommunityId, LinkReport>>>,
    rereads: Arc<Mutex<BTreeMap<CommunityId, Arc<Notify>>>>,
}

/// How one link does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkReport {
    /// Where it is.
    pub state: link::State,
    /// When it was last known to be caught up.
    pub caught_up: Option<Timestamp>,
    /// When something was last heard on it.
    pub heard: Option<Timestamp>,
    /// Why the last attempt failed; `None`: it did not.
    pub failure: Option<LinkFailure>,
}

/// Why a link failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkFailure {
    /// Of what kind it is.
    pub class: link::FailureClass,
    /// A sentence.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Default for LinkReport {
    fn default() -> Self {
        Self {
            state: link::State::Idle,
            caught_up: None,
            heard: None,
            failure: None,
        }
    }
}

impl LinkReport {
    /// For how many seconds the link has not been known to be caught up; `None`: it never was.
    pub fn lag_seconds(&self, now: Timestamp) -> Option<f64> {
        let caught_up = self.caught_up?;
        if self.state == link::State::Live {
            return Some(0.0);
        }
        let micros = now.micros().saturating_sub(caught_up.micros()).max(0);
        u32::try_from(micros / 1000)
            .ok()
            .map(|ms| f64::from(ms) / 1000.0)
    }
}

impl Links {
    /// How the link to this supplier does.
    pub fn report(&self, peer: &CommunityId) -> LinkReport {
        self.locked().get(peer).cloned().unwrap_or_default()
    }

    /// Reads again from the start what this supplier has; what is here already takes no effect.
    pub fn read_again(&self, peer: &CommunityId) {
        // One call is kept where nobody waits for it yet.
        self.reread(peer).notify_one();
    }

    fn reread(&self, peer: &CommunityId) -> Arc<Notify> {
        let mut rereads = self
            .rereads
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(rereads.entry(peer.clone()).or_default())
    }

    fn update(&self, peer: &CommunityId, change: impl FnOnce(&mut LinkReport)) {
        change(self.locked().entry(peer.clone()).or_default());
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<CommunityId, LinkReport>> {
        // A panic under the lock leaves a report half-changed at worst, which the next change repairs.
        self.states
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
