//! How two communities come to an agreement, and how it is suspended and ended.
//!
//! ```text
//!   A: invite ──(invite: address, CA fingerprint, secret, commitment to A's nonce, proposal)──▶ B's operator
//!   B: accept ──BeginPeering: secret, B's CA, B's nonce, terms (the proposal or narrower)──▶ A
//!             ◀────────────── A's nonce (which the invite committed to), A's CA ────────────
//!   both operators see six words over both CAs, both nonces and the terms, and compare them by telephone
//!   A, B: confirm = sign the terms ──ExchangeAgreement, from both sides, until both hold both signatures──▶ in force
//! ```
//!
//! * What both sign are the same bytes, kept as they arrived; they are parsed, never encoded again.
//! * Nothing flows before both signatures are there: `Peer::in_force_at` is the only question that others ask.
//! * A peer's certificates are believed for its own community only (trust/bundles.rs).
//! * A right that ends is durable first, and then the live connections are cut.
//! * What this does deliberately not do: send or fetch items, or forget a peer: an ended one is still owed withdrawals.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex as StdMutex};

use tokio::sync::{Mutex, Notify};

use crate::audit::{Act, Actor, record};
use crate::client::connect::ConnectError;
use crate::clock::{Clock, Entropy};
use crate::log::{Log, LogError};
use crate::membership::{EndConnections, InviteProblem};
use crate::model::agreement::Peer;
use crate::model::ids::{CommunityId, SpiffeId};
use crate::model::roster::Roster;
use crate::provenance::{Fault, SigningKey};
use crate::store::{StoreError, Write, Written};
use crate::trust::{Authority, Bundles, Keys, LiveCredential, TrustError};
use crate::wire::Malformed;

mod agreement;
mod contact;
mod dial;
mod driver;
mod phrase;
mod standing;
mod terms;

pub use contact::Presentation;
pub use terms::NotAgreeable;

/// What a community says of itself to a peer.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The community.
    pub community: CommunityId,
    /// Its name for people.
    pub name: String,
    /// HOST:PORT at which peers reach it.
    pub advertise: String,
}

/// What a [`Peering`] is made of.
pub struct PeeringParts {
    /// Where it is written.
    pub log: Log,
    /// Our CA.
    pub authority: Arc<Authority>,
    /// What we say of ourselves.
    pub settings: Settings,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// For invites, nonces and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// Where a peer's CA is put from first contact on, for connections.
    pub bundles: Bundles,
    /// Where a peer's CA and signing key are put once both have signed, for items. Not over the same bundles.
    pub keys: Keys,
    /// The key that signs terms.
    pub signing_key: Arc<SigningKey>,
    /// The certificate of that key, DER.
    pub signer_certificate: Vec<u8>,
    /// The node's credential for the links.
    pub credential: LiveCredential,
    /// Cuts live connections.
    pub end_connections: EndConnections,
}

/// The peers of one community.
pub struct Peering {
    parts: PeeringParts,
    /// Held from reading the roster to the answer of the write, and by nothing else. No network is waited for under it.
    turn: Mutex<()>,
    /// Peers that were given our signature since this node started. Only marks are set and read under it.
    delivered: StdMutex<BTreeSet<CommunityId>>,
    /// Wakes the task that exchanges signatures.
    wake: Notify,
}

impl std::fmt::Debug for Peering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peering({})", self.parts.settings.community)
    }
}

/// Why something about a peer was not done.
#[derive(Debug, thiserror::Error)]
pub enum PeeringError {
    /// No such peer.
    #[error(
        "there is no peer “{0}”; `sluis peer list` shows all, `sluis peer invite --community {0}` makes an invite"
    )]
    UnknownPeer(CommunityId),
    /// Ourselves.
    #[error("{0} is this community itself; a peering is with another one")]
    Ourselves(CommunityId),
    /// It is a peer already.
    #[error(
        "{peer} is a peer already ({state}); end that with `sluis peer remove {peer}` before a new first contact"
    )]
    AlreadyPeer {
        /// The peer.
        peer: CommunityId,
        /// Its state.
        state: &'static str,
    },
    /// It ended.
    #[error(
        "the agreement with {0} has ended; make a new invite with `sluis peer invite --community {0}`"
    )]
    Ended(CommunityId),
    /// Wider than the proposal, or without sense.
    #[error(transparent)]
    NotAgreeable(#[from] NotAgreeable),
    /// A message or a word that is not what it must be.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The text is no invite.
    #[error(transparent)]
    InvalidInvite(#[from] crate::model::invite::InvalidInvite),
    /// It is an invite for something else.
    #[error(
        "this invite is not for a peering; `sluis join` takes those of persons, tools and operators"
    )]
    NotForPeering,
    /// It is for another community.
    #[error(
        "this invite is for {0}, not for this community; ask for one that names this community"
    )]
    NotForUs(String),
    /// The invite is not good.
    #[error("{0}")]
    Invite(InviteProblem),
    /// Whoever answers is not the node that should, or that node does not take us for who we are.
    #[error("there is no trusted connection to {peer}")]
    Untrusted {
        /// Who.
        peer: CommunityId,
        /// Why.
        #[source]
        source: Box<ConnectError>,
    },
    /// The other node was not reached.
    #[error("{peer} at {address} was not reached")]
    NotReached {
        /// Who.
        peer: CommunityId,
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The other node answered with a refusal.
    #[error("{peer} refused: {message}")]
    RefusedByPeer {
        /// Who.
        peer: CommunityId,
        /// What it said.
        message: String,
    },
    /// The other node did what an honest one does not.
    #[error("{peer} misbehaved: {problem}")]
    PeerMisbehaved {
        /// Who.
        peer: CommunityId,
        /// What it did.
        problem: String,
    },
    /// The two sides hold different terms.
    #[error("{0} holds other terms than we do; end the peering on both sides and begin again")]
    TermsDiffer(CommunityId),
    /// A signature over the terms that does not hold.
    #[error("the signature of {peer} over the terms does not hold")]
    BadSignature {
        /// Whose.
        peer: CommunityId,
        /// Why.
        #[source]
        source: Box<Fault>,
    },
    /// A certificate of the peer that does not hold.
    #[error("a certificate of {peer} was refused")]
    BadCertificate {
        /// Whose.
        peer: CommunityId,
        /// Why.
        #[source]
        source: Box<TrustError>,
    },
    /// Our own TLS set-up failed.
    #[error("a TLS configuration could not be made")]
    Tls(#[source] TrustError),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store answered something else than what was asked.
    #[error("the store answered a write with something else than was asked")]
    Unexpected,
}

impl Peering {
    /// The peering over these parts. Puts the CA and the signer of every known peer where they are looked for.
    pub fn new(parts: PeeringParts) -> Self {
        let peering = Self {
            parts,
            turn: Mutex::new(()),
            delivered: StdMutex::default(),
            wake: Notify::new(),
        };
        for peer in peering.roster().peers.values() {
            peering.trust(peer);
            peering.believe(peer);
        }
        peering
    }

    /// The community's id.
    pub fn community(&self) -> &CommunityId {
        &self.parts.settings.community
    }

    /// Everyone, as of the last commit.
    pub fn roster(&self) -> Arc<Roster> {
        self.parts.log.roster()
    }

    /// One peer.
    pub fn peer(&self, id: &CommunityId) -> Result<Peer, PeeringError> {
        self.roster()
            .peers
            .get(id)
            .cloned()
            .ok_or_else(|| PeeringError::UnknownPeer(id.clone()))
    }

    /// Takes the peer's CA for its own, for signatures of items too, once both have signed. To be called before that is
    /// written: from then on items come.
    fn believe(&self, peer: &Peer) {
        let (Some(_), Some(theirs)) = (&peer.our_signature, &peer.their_signature) else {
            return;
        };
        let keys = &self.parts.keys;
        // A certificate that has ended since is no longer admitted for new items, and need not be.
        let admitted = keys
            .known_first_hand(&peer.id, &peer.ca_certificates)
            .and_then(|_| keys.admit(&theirs.certificate, self.parts.clock.now()));
        if let Err(error) = admitted {
            let cause: &(dyn std::error::Error + 'static) = &error;
            tracing::info!(
                peer.id = %peer.id,
                error = cause,
                "the certificate that signed the agreement is not admitted for new items"
            );
        }
    }

    /// Lets the peer's nodes connect, by its certificates, for its own community, from now on.
    fn trust(&self, peer: &Peer) {
        if let Err(error) = self.parts.bundles.set(&peer.id, &peer.ca_certificates) {
            let cause: &(dyn std::error::Error + 'static) = &error;
            tracing::error!(
                peer.id = %peer.id,
                error = cause,
                "the CA of a peer is not accepted any more; nothing of it can be verified"
            );
        }
    }

    /// Refuses ourselves, and a community with which there is an agreement or the beginning of one.
    fn may_meet(&self, id: &CommunityId) -> Result<(), PeeringError> {
        if id == self.community() {
            return Err(PeeringError::Ourselves(id.clone()));
        }
        match self.roster().peers.get(id) {
            Some(peer) if !peer.ended => Err(PeeringError::AlreadyPeer {
                peer: id.clone(),
                state: peer.state().name(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// The epoch for a new relation: above that of an earlier one, so that the peer's old cursors read from the start.
    fn next_epoch(&self, id: &CommunityId) -> u32 {
        self.roster()
            .peers
            .get(id)
            .map_or(1, |peer| peer.epoch.saturating_add(1))
    }

    /// Writes a peer as it is from now on.
    async fn put_peer(&self, peer: &Peer, act: Act, actor: Actor<'_>) -> Result<(), PeeringError> {
        let write = Write::PutPeer {
            peer: Box::new(peer.clone()),
            audit: record(act, actor, &peer.id, self.parts.clock.now()),
        };
        match self.parts.log.write(write).await? {
            Written::Done => Ok(()),
            _ => Err(PeeringError::Unexpected),
        }
    }

    /// Cuts the live connections of a peer's nodes.
    fn cut(&self, peer: &CommunityId) -> usize {
        (self.parts.end_connections)(&|id: &SpiffeId| id.community == *peer)
    }

    fn mark_delivered(&self, peer: &CommunityId) {
        self.delivered
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .insert(peer.clone());
    }

    fn unmark_delivered(&self, peer: &CommunityId) {
        self.delivered
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .remove(peer);
    }

    fn was_delivered(&self, peer: &CommunityId) -> bool {
        self.delivered
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .contains(peer)
    }
}
