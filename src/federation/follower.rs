//! We follow a peer: dial, read, verify, store items and cursor in one transaction, acknowledge.
//!
//! One task a peer, for as long as the node runs: it waits while no agreement is in force, and comes back by itself
//! after every failure (see [`super::link`] for its states).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use super::apply::{self, Assembly};
use super::link::{Action, Event, FailureClass, State};
use super::{Federation, LinkFailure, supplier};
use crate::clock::random_bytes;
use crate::log::LogError;
use crate::model::ids::CommunityId;
use crate::store::{LinkState, StoreError, Write};
use crate::trust::{ExpectedServer, client_config};
use crate::wire::pb;
use crate::wire::pb::federation_service_client::FederationServiceClient;

/// A supplier that says nothing for this long is taken for gone: three heartbeats.
const SILENCE: Duration = supplier::HEARTBEAT.saturating_mul(3);
/// Acknowledgements that may wait to be sent.
const ACKS_WAITING_MAX: usize = supplier::UNACKNOWLEDGED_MAX;
/// Largest message from a supplier: a round of documents and one chunk, with room for envelopes and hops.
const MESSAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Why a session with a supplier ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionEnd {
    /// It could not be reached, or broke off.
    #[error("the supplier is not reachable: {0}")]
    Unreachable(String),
    /// One of the two does not believe the other's certificate.
    #[error("no connection that both trust: {0}")]
    Untrusted(String),
    /// It refused by its rules, or we did.
    #[error("the supplier refused: {0}")]
    Refused(String),
    /// It failed.
    #[error("the supplier answered with an error: {0}")]
    Failed(String),
    /// It said nothing for too long.
    #[error("the supplier said nothing for {} seconds", SILENCE.as_secs())]
    Silent,
    /// It broke the protocol.
    #[error("the supplier broke the protocol: {0}")]
    Misbehaved(&'static str),
    /// Our own log failed.
    #[error("our own log could not take what came")]
    Log(#[from] LogError),
    /// Our own store failed.
    #[error("our own store could not be read")]
    Store(#[from] StoreError),
    /// Our own TLS configuration failed.
    #[error("our own credential cannot be used: {0}")]
    Credential(String),
    /// The work was cut off.
    #[error("verifying was cut off")]
    CutOff(#[from] tokio::task::JoinError),
}

impl SessionEnd {
    fn class(&self) -> FailureClass {
        match self {
            SessionEnd::Unreachable(_) | SessionEnd::Silent => FailureClass::Network,
            SessionEnd::Untrusted(_) | SessionEnd::Credential(_) => FailureClass::Certificate,
            SessionEnd::Refused(_) => FailureClass::Policy,
            SessionEnd::Failed(_) | SessionEnd::Misbehaved(_) => FailureClass::Protocol,
            SessionEnd::Log(_) | SessionEnd::Store(_) | SessionEnd::CutOff(_) => FailureClass::Node,
        }
    }
}

/// Starts a task for every peer, and for each that comes later.
pub async fn follow_all(federation: Arc<Federation>) {
    let mut wakes = federation.log.wakes();
    let mut following: HashMap<CommunityId, CancellationToken> = HashMap::new();
    let draining = federation.tasks.draining().clone();
    loop {
        let roster = federation.log.roster();
        for peer in roster.peers.keys() {
            following.entry(peer.clone()).or_insert_with(|| {
                let token = draining.child_token();
                let follow = follow(Arc::clone(&federation), peer.clone(), token.clone());
                federation.tasks.spawn(follow);
                token
            });
        }
        tokio::select! {
            changed = wakes.changed() => if changed.is_err() { return },
            () = draining.cancelled() => return,
        }
    }
}

/// Follows one peer until the node drains.
async fn follow(federation: Arc<Federation>, peer: CommunityId, end: CancellationToken) {
    let mut state = State::Idle;
    let mut action = Action::Nothing;
    let reread = federation.links.reread(&peer);
    loop {
        let event = match action {
            Action::Nothing | Action::HangUp => {
                tokio::select! {
                    () = until_in_force(&federation, &peer, true) => Event::InForce,
                    () = end.cancelled() => return,
                }
            }
            Action::Wait(until) => {
                let now = federation.clock.now();
                let wait = u64::try_from(until.micros() - now.micros()).unwrap_or(0);
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_micros(wait)) => Event::Elapsed,
                    () = until_in_force(&federation, &peer, false) => Event::NotInForce,
                    () = reread.notified() => from_the_start(&federation, &peer).await,
                    () = end.cancelled() => return,
                }
            }
            Action::Dial => {
                let session = Session {
                    federation: &federation,
                    peer: &peer,
                    state: &mut state,
                };
                tokio::select! {
                    ended = session.run() => failed(&federation, &peer, &ended),
                    () = reread.notified() => from_the_start(&federation, &peer).await,
                    () = until_in_force(&federation, &peer, false) => Event::NotInForce,
                    () = end.cancelled() => return,
                }
            }
        };
        let (next, what) =
            std::mem::replace(&mut state, State::Idle).step(event, federation.clock.now());
        state = next;
        action = what;
        federation
            .links
            .update(&peer, |report| report.state = state.clone());
    }
}

/// Logs a failure once and keeps it for the status.
fn failed(federation: &Federation, peer: &CommunityId, end: &SessionEnd) -> Event {
    tracing::warn!(peer.id = %peer, error = %crate::fault::chain(end), "the link to a peer broke off; trying again");
    federation.links.update(peer, |report| {
        report.failure = Some(LinkFailure {
            class: end.class(),
            reason: end.to_string(),
            at: federation.clock.now(),
        });
    });
    let jitter = u32::from_be_bytes(random_bytes(&*federation.entropy));
    Event::Failed { jitter }
}

/// Forgets the cursor of a link, behind whatever of the session that just ended is still on its way into the log.
async fn from_the_start(federation: &Federation, peer: &CommunityId) -> Event {
    let forgotten = async {
        let state = LinkState {
            cursor: String::new(),
            ..federation.log.store().link(peer).await?
        };
        let peer = peer.clone();
        federation.log.write(Write::PutLink { peer, state }).await?;
        Ok::<_, SessionEnd>(Event::Again)
    };
    forgotten
        .await
        .unwrap_or_else(|end| failed(federation, peer, &end))
}

/// Waits until the agreement is (or is no longer) in force.
async fn until_in_force(federation: &Federation, peer: &CommunityId, wanted: bool) {
    /// An agreement begins and ends by its dates without any commit: look again this often.
    const LOOK_AGAIN: Duration = Duration::from_secs(1);
    let mut wakes = federation.log.wakes();
    loop {
        let now = federation.clock.now();
        let roster = federation.log.roster();
        let in_force = roster.peers.get(peer).is_some_and(|p| p.in_force_at(now));
        if in_force == wanted {
            return;
        }
        tokio::select! {
            changed = wakes.changed() => if changed.is_err() {
                // The log ended: the node is shutting down and this task is about to be ended.
                return std::future::pending().await;
            },
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

/// One connection to a supplier.
struct Session<'a> {
    federation: &'a Arc<Federation>,
    peer: &'a CommunityId,
    state: &'a mut State,
}

impl Session<'_> {
    async fn run(mut self) -> SessionEnd {
        match self.serve().await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn serve(&mut self) -> Result<std::convert::Infallible, SessionEnd> {
        let cursor = self.federation.log.store().link(self.peer).await?.cursor;
        let (acks, acks_sent) = mpsc::channel(ACKS_WAITING_MAX);
        let start = pb::follow_request::Message::Start(pb::FollowStart { cursor });
        send(&acks, start).await?;
        let mut client = self.client()?;
        let stream = client.follow(ReceiverStream::new(acks_sent));
        let mut stream = tokio::time::timeout(SILENCE, stream)
            .await
            .map_err(|_| SessionEnd::Silent)?
            .map_err(|status| refused(&status))?
            .into_inner();
        let mut assembly = Assembly::default();
        let mut spoke = false;
        loop {
            let message = tokio::time::timeout(SILENCE, stream.message())
                .await
                .map_err(|_| SessionEnd::Silent)?
                .map_err(|status| refused(&status))?
                .ok_or_else(|| SessionEnd::Unreachable("it closed the stream".to_owned()))?;
            // A supplier that refuses does so instead of its first message: that attempt did not work.
            if !std::mem::replace(&mut spoke, true) {
                self.event(Event::Connected);
            }
            let now = self.federation.clock.now();
            self.federation
                .links
                .update(self.peer, |report| report.heard = Some(now));
            let heartbeat = apply::is_heartbeat(&message);
            let cursor = message.cursor.clone();
            assembly.take(message)?;
            if heartbeat {
                self.event(Event::CaughtUp);
                self.federation.links.update(self.peer, |report| {
                    report.caught_up = Some(now);
                    report.failure = None;
                });
            } else if !cursor.is_empty() {
                let batch = assembly.batch()?;
                let quarantined = apply::apply(self.federation, self.peer, &cursor, batch).await?;
                let ack = pb::follow_request::Message::Ack(pb::FollowAck {
                    cursor,
                    quarantined,
                });
                send(&acks, ack).await?;
            }
        }
    }

    fn client(&self) -> Result<FederationServiceClient<tonic::transport::Channel>, SessionEnd> {
        let federation = self.federation;
        let roster = federation.log.roster();
        let address = roster
            .peers
            .get(self.peer)
            .map(|p| p.address.clone())
            .ok_or_else(|| SessionEnd::Unreachable("it is no peer".to_owned()))?;
        let expected = ExpectedServer::Community {
            community: self.peer.clone(),
            bundles: federation.bundles.clone(),
        };
        let tls = client_config(
            Some(&federation.credential),
            expected,
            Arc::clone(&federation.clock),
        )
        .map_err(|e| SessionEnd::Credential(crate::fault::chain(&e)))?;
        let channel = crate::client::channel(&address, tls);
        Ok(FederationServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX))
    }

    fn event(&mut self, event: Event) {
        let state = std::mem::replace(self.state, State::Idle);
        let (next, _) = state.step(event, self.federation.clock.now());
        *self.state = next;
        let shown = self.state.clone();
        self.federation
            .links
            .update(self.peer, |report| report.state = shown);
    }
}

async fn send(
    acks: &mpsc::Sender<pb::FollowRequest>,
    message: pb::follow_request::Message,
) -> Result<(), SessionEnd> {
    acks.send(pb::FollowRequest {
        message: Some(message),
    })
    .await
    .map_err(|_| SessionEnd::Unreachable("the stream broke off".to_owned()))
}

fn refused(status: &tonic::Status) -> SessionEnd {
    /// What a peer says goes into our log and status: a sentence of it.
    const CHARS_MAX: usize = 300;
    let told = || -> String {
        let visible = status.message().chars().filter(|c| !c.is_control());
        visible.take(CHARS_MAX).collect()
    };
    if crate::client::is_distrust(status) || status.code() == tonic::Code::Unauthenticated {
        return SessionEnd::Untrusted(crate::client::explain(status).unwrap_or_else(told));
    }
    match status.code() {
        tonic::Code::PermissionDenied | tonic::Code::FailedPrecondition => {
            SessionEnd::Refused(told())
        }
        tonic::Code::Unavailable | tonic::Code::Unknown | tonic::Code::Cancelled => {
            SessionEnd::Unreachable(crate::client::explain(status).unwrap_or_else(told))
        }
        _ => SessionEnd::Failed(told()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_supplier_answers_says_who_has_to_do_something() {
        use FailureClass::{Certificate, Network, Policy, Protocol};
        for (status, class) in [
            (tonic::Status::unavailable("gone"), Network),
            (tonic::Status::permission_denied("no agreement"), Policy),
            (tonic::Status::unauthenticated("who are you"), Certificate),
            (tonic::Status::internal("broken"), Protocol),
            (tonic::Status::invalid_argument("a cursor"), Protocol),
        ] {
            assert_eq!(refused(&status).class(), class, "{status}");
        }
        assert_eq!(SessionEnd::Silent.class(), Network);
    }
}
