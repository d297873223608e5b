//! The task that exchanges signatures until both sides hold both.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::{Peering, PeeringError};
use crate::clock::{Entropy, random_bytes};
use crate::model::ids::CommunityId;
use crate::tasks::Tasks;

/// How often it was tried, and when it is tried again.
struct Attempt {
    failures: u32,
    due: Instant,
}

impl Peering {
    /// Starts the task. It ends when the node drains.
    pub fn start(self: &Arc<Self>, tasks: &Tasks) {
        let peering = Arc::clone(self);
        let draining = tasks.draining().clone();
        tasks.spawn(async move {
            tokio::select! {
                () = draining.cancelled() => {}
                () = peering.drive() => {}
            }
        });
    }

    async fn drive(&self) {
        let mut attempts: BTreeMap<CommunityId, Attempt> = BTreeMap::new();
        loop {
            let unsettled = self.unsettled();
            attempts.retain(|peer, _| unsettled.contains(peer));
            let started = Instant::now();
            let due = unsettled
                .into_iter()
                .filter(|peer| attempts.get(peer).is_none_or(|a| a.due <= started));
            let tried = join_all(due.map(|peer| async move {
                let outcome = self.exchange_with(&peer).await;
                (peer, outcome)
            }))
            .await;
            for (peer, outcome) in tried {
                let failures = attempts.get(&peer).map_or(0, |a| a.failures);
                if let Err(error) = &outcome {
                    tell(&peer, error, failures == 0);
                }
                if matches!(outcome, Ok(true)) {
                    attempts.remove(&peer);
                } else {
                    let due = Instant::now() + pause(failures, &*self.parts.entropy);
                    attempts.insert(
                        peer,
                        Attempt {
                            failures: failures.saturating_add(1),
                            due,
                        },
                    );
                }
            }
            let next = attempts.values().map(|a| a.due).min();
            tokio::select! {
                () = self.wake.notified() => attempts.clear(),
                () = until(next) => {}
            }
        }
    }

    /// Peers for which we have signed, and of which it is not known that both sides hold both signatures.
    fn unsettled(&self) -> Vec<CommunityId> {
        self.roster()
            .peers
            .values()
            .filter(|peer| !peer.ended && !peer.suspended && peer.our_signature.is_some())
            .filter(|peer| peer.their_signature.is_none() || !self.was_delivered(&peer.id))
            .map(|peer| peer.id.clone())
            .collect()
    }
}

/// The first failure is worth a line; what repeats itself every minute is not read.
fn tell(peer: &CommunityId, error: &PeeringError, first: bool) {
    let cause: &(dyn std::error::Error + 'static) = error;
    if first {
        tracing::info!(
            peer.id = %peer,
            error = cause,
            "the signatures under the agreement could not be exchanged; the node goes on trying"
        );
    } else {
        tracing::debug!(
            peer.id = %peer,
            error = cause,
            "the signatures under the agreement still could not be exchanged"
        );
    }
}

async fn until(next: Option<Instant>) {
    match next {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Doubles from [`PAUSE_MS_FIRST`] to [`PAUSE_MS_MAX`]; a random half of it is left out, so that nodes that lost each
/// other at one moment do not come back at one moment.
fn pause(failures: u32, entropy: &dyn Entropy) -> Duration {
    let whole = PAUSE_MS_FIRST
        .saturating_mul(1_u64.checked_shl(failures).unwrap_or(u64::MAX))
        .min(PAUSE_MS_MAX);
    let [byte] = random_bytes::<1>(entropy);
    Duration::from_millis(whole / 2 + whole / 2 * u64::from(byte) / 255)
}

/// Short: the other operator often confirms while both are on the telephone.
const PAUSE_MS_FIRST: u64 = 1_000;
/// The other side calls by itself when its operator confirms; this is for when that call failed.
const PAUSE_MS_MAX: u64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    #[test]
    fn pauses_grow_to_a_minute_and_no_further() {
        let entropy = SystemEntropy::default();
        for failures in [0, 1, 5, 6, 63, 64, 1000] {
            let pause = pause(failures, &entropy);
            assert!(
                pause >= Duration::from_millis(PAUSE_MS_FIRST / 2),
                "{pause:?}"
            );
            assert!(pause <= Duration::from_millis(PAUSE_MS_MAX), "{pause:?}");
        }
        assert!(pause(20, &entropy) >= Duration::from_millis(PAUSE_MS_MAX / 2));
    }
}
