//! Suspending, resuming and ending the relation to a peer. Each side does so at once and by itself.

use super::{Peering, PeeringError};
use crate::audit::{Act, Actor};
use crate::model::agreement::Peer;
use crate::model::ids::{CommunityId, SpiffeId};

impl Peering {
    /// Suspends a peer and cuts its live connections. A suspended one stays as it is.
    pub async fn suspend(&self, actor: &SpiffeId, id: &CommunityId) -> Result<Peer, PeeringError> {
        let peer = self
            .change(actor, id, Act::PeerSuspended, |peer| peer.suspended = true)
            .await?;
        self.cut(id);
        Ok(peer)
    }

    /// Ends a suspension. The peer reads its feed again and gets what it missed.
    pub async fn resume(&self, actor: &SpiffeId, id: &CommunityId) -> Result<Peer, PeeringError> {
        let peer = self
            .change(actor, id, Act::PeerResumed, |peer| {
                if peer.suspended {
                    peer.suspended = false;
                    peer.epoch = peer.epoch.saturating_add(1);
                }
            })
            .await?;
        self.wake.notify_one();
        Ok(peer)
    }

    /// Ends the relation for good and cuts the live connections. The peer's CA and address stay: withdrawals of what it
    /// holds are still owed to it.
    pub async fn remove(&self, actor: &SpiffeId, id: &CommunityId) -> Result<Peer, PeeringError> {
        let ended = self.peer(id)?.ended;
        let peer = if ended {
            self.peer(id)?
        } else {
            self.change(actor, id, Act::PeerRemoved, |peer| peer.ended = true)
                .await?
        };
        self.cut(id);
        Ok(peer)
    }

    /// Changes a peer that has not ended; one that is as wanted already is not written again.
    async fn change(
        &self,
        actor: &SpiffeId,
        id: &CommunityId,
        act: Act,
        change: impl FnOnce(&mut Peer),
    ) -> Result<Peer, PeeringError> {
        let _turn = self.turn.lock().await;
        let before = self.peer(id)?;
        if before.ended {
            return Err(PeeringError::Ended(id.clone()));
        }
        let mut peer = before.clone();
        change(&mut peer);
        if peer != before {
            self.put_peer(&peer, act, Actor::Caller(actor)).await?;
        }
        Ok(peer)
    }
}
