//! First contact: the invite, and what each side does when it is taken up.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::phrase::{Shown, commitment, phrase};
use super::terms::{narrow, not_over, proposal, within};
use super::{Peering, PeeringError};
use crate::audit::{Act, Actor, record};
use crate::clock::random_bytes;
use crate::membership::{InviteMade, InviteProblem};
use crate::model::agreement::{Peer, Wishes};
use crate::model::ids::{CommunityId, Digest, ItemId, SpiffeId};
use crate::model::invite::{Invite, InviteKind};
use crate::store::{InviteUse, NewInvite, Write, Written};
use crate::trust::Bundles;
use crate::trust::bundles::check_ca_certificates;
use crate::wire::{self, Malformed, form, pb};

/// What the accepting community presents; bounds and form are checked here.
#[derive(Clone)]
pub struct Presentation {
    /// SHA-256 of the invite's secret.
    secret_sha256: Digest,
    /// The community.
    community: CommunityId,
    /// Its name for people.
    name: String,
    /// HOST:PORT of its node.
    address: String,
    /// Its CA certificates, DER.
    ca_certificates: Vec<Vec<u8>>,
    /// Its nonce.
    nonce: [u8; 32],
    /// The terms, as it will sign them.
    terms: Bytes,
}

/// What a peer's invite is good for, as it is stored beside the hash of its secret.
#[derive(Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "kebab-case", deny_unknown_fields)]
enum Stored {
    Peer {
        community: String,
        /// Hexadecimal; secret until the invite is taken up.
        nonce: String,
        /// Hexadecimal; the serialized terms.
        proposal: String,
    },
}

impl Peering {
    /// Makes an invite with a proposal for another community; `ttl_seconds` 0 means 7 days, at most 30 days.
    pub async fn invite(
        &self,
        actor: &SpiffeId,
        community: &CommunityId,
        wishes: &Wishes,
        ttl_seconds: u32,
    ) -> Result<InviteMade, PeeringError> {
        self.may_meet(community)?;
        let now = self.parts.clock.now();
        // Invites say their end in whole seconds.
        let expires = now
            .plus_seconds(ttl(ttl_seconds)?)
            .rounded_down_to_seconds(1);
        let unix_ms = u64::try_from(now.micros().div_euclid(1000)).unwrap_or(0);
        let agreement = ItemId::new(unix_ms, random_bytes(&*self.parts.entropy));
        let terms = proposal(agreement, self.community(), community, wishes)?;
        not_over(&terms, now)?;
        let proposal = wire::agreement::encode(&terms);
        let secret: [u8; 32] = random_bytes(&*self.parts.entropy);
        let nonce: [u8; 32] = random_bytes(&*self.parts.entropy);
        let purpose = serde_json::to_vec(&Stored::Peer {
            community: community.to_string(),
            nonce: hex::encode(nonce),
            proposal: hex::encode(&proposal),
        })
        .expect("texts always serialize");
        let written = self
            .parts
            .log
            .write(Write::PutInvite {
                invite: NewInvite {
                    secret_sha256: Digest::of(&secret),
                    purpose,
                    expires,
                },
                audit: record(Act::PeerInvited, Actor::Caller(actor), community, now),
            })
            .await?;
        if written != Written::Done {
            return Err(PeeringError::Unexpected);
        }
        let invite = Invite {
            kind: InviteKind::Peer,
            community: self.community().clone(),
            address: self.parts.settings.advertise.clone(),
            ca_fingerprint: self.parts.authority.fingerprint(),
            secret,
            to: community.to_string(),
            expires,
            commitment: Some(commitment(&nonce)),
            proposal: proposal.to_vec(),
        };
        Ok(InviteMade {
            text: invite.to_string(),
            expires,
        })
    }

    /// Takes up another community's invite: presents this one, and learns what the phrase is made of. Nothing is signed.
    pub async fn accept(
        &self,
        actor: &SpiffeId,
        invite: &str,
        wishes: &Wishes,
    ) -> Result<Peer, PeeringError> {
        let invite = Invite::parse(invite)?;
        let now = self.parts.clock.now();
        if invite.kind != InviteKind::Peer {
            return Err(PeeringError::NotForPeering);
        }
        if invite.to != self.community().as_str() {
            return Err(PeeringError::NotForUs(invite.to.clone()));
        }
        if invite.expires <= now {
            return Err(PeeringError::Invite(InviteProblem::Expired));
        }
        let inviter = invite.community.clone();
        self.may_meet(&inviter)?;
        let committed = invite
            .commitment
            .ok_or_else(|| Malformed::new("invite", "holds no commitment; ask for a new one"))?;
        let proposal = wire::agreement::parse(&invite.proposal)?;
        if proposal.inviter.community != inviter
            || proposal.accepter.community != *self.community()
            || proposal.version != 1
        {
            return Err(Malformed::new(
                "invite",
                "its proposal is not between these two communities; ask for a new one",
            )
            .into());
        }
        let terms = narrow(&proposal, wishes)?;
        not_over(&terms, now)?;
        let terms_bytes = wire::agreement::encode(&terms);
        let nonce: [u8; 32] = random_bytes(&*self.parts.entropy);
        let our_ca = self.parts.authority.ca_certificates();
        let answer = self
            .dial_inviter(
                &invite,
                pb::BeginPeeringRequest {
                    secret: Bytes::copy_from_slice(&invite.secret),
                    community: self.community().to_string(),
                    name: self.parts.settings.name.clone(),
                    address: self.parts.settings.advertise.clone(),
                    ca_certificates: our_ca.iter().cloned().map(Bytes::from).collect(),
                    nonce: Bytes::copy_from_slice(&nonce),
                    terms: terms_bytes.clone(),
                },
            )
            .await?;

        let misbehaved = |problem: &str| PeeringError::PeerMisbehaved {
            peer: inviter.clone(),
            problem: problem.to_owned(),
        };
        let their_nonce: [u8; 32] = (&*answer.nonce)
            .try_into()
            .map_err(|_| misbehaved("its nonce does not have 32 bytes"))?;
        if commitment(&their_nonce) != committed {
            return Err(misbehaved(
                "its nonce is not the one that the invite committed to; somebody may stand between the two nodes",
            ));
        }
        let their_ca = ca_certificates(&inviter, &answer.ca_certificates)?;
        if !their_ca
            .iter()
            .any(|certificate| Digest::of(certificate) == invite.ca_fingerprint)
        {
            return Err(misbehaved("its CA is not the one that the invite names"));
        }
        let their_name = name(&answer.name)?;

        let _turn = self.turn.lock().await;
        self.may_meet(&inviter)?;
        self.not_somebody_elses(&inviter, &their_ca)?;
        let peer = Peer {
            id: inviter.clone(),
            name: named(their_name, &inviter),
            address: invite.address.clone(),
            phrase: phrase(
                &Shown {
                    community: &inviter,
                    ca_certificates: &their_ca,
                    nonce: &their_nonce,
                },
                &Shown {
                    community: self.community(),
                    ca_certificates: &our_ca,
                    nonce: &nonce,
                },
                &terms_bytes,
            ),
            ca_certificates: their_ca,
            terms_bytes: terms_bytes.to_vec(),
            terms,
            our_signature: None,
            their_signature: None,
            suspended: false,
            ended: false,
            epoch: self.next_epoch(&inviter),
        };
        self.put_peer(&peer, Act::PeerAccepted, Actor::Caller(actor))
            .await?;
        self.met(&peer);
        Ok(peer)
    }

    /// The other side of [`Peering::accept`]: consumes the invite in the write that records the peer, and only then
    /// reveals the nonce.
    pub async fn begin(
        &self,
        presented: Presentation,
    ) -> Result<pb::BeginPeeringResponse, PeeringError> {
        let unknown = || PeeringError::Invite(InviteProblem::Unknown);
        let purpose = self
            .parts
            .log
            .store()
            .invite(presented.secret_sha256)
            .await?
            .ok_or_else(unknown)?;
        let (invited, nonce, proposal) = read_purpose(&purpose).ok_or_else(unknown)?;
        // Whoever holds another community's invite learns no more than who holds none.
        if presented.community != invited {
            return Err(unknown());
        }
        let proposal = wire::agreement::parse(&proposal)?;
        let terms = wire::agreement::parse(&presented.terms)?;
        within(&terms, &proposal)?;

        let _turn = self.turn.lock().await;
        self.may_meet(&presented.community)?;
        self.not_somebody_elses(&presented.community, &presented.ca_certificates)?;
        let now = self.parts.clock.now();
        not_over(&terms, now)?;
        let our_ca = self.parts.authority.ca_certificates();
        let peer = Peer {
            id: presented.community.clone(),
            name: named(presented.name, &presented.community),
            address: presented.address,
            phrase: phrase(
                &Shown {
                    community: self.community(),
                    ca_certificates: &our_ca,
                    nonce: &nonce,
                },
                &Shown {
                    community: &presented.community,
                    ca_certificates: &presented.ca_certificates,
                    nonce: &presented.nonce,
                },
                &presented.terms,
            ),
            ca_certificates: presented.ca_certificates,
            terms_bytes: presented.terms.to_vec(),
            terms,
            our_signature: None,
            their_signature: None,
            suspended: false,
            ended: false,
            epoch: self.next_epoch(&presented.community),
        };
        let written = self
            .parts
            .log
            .write(Write::UseInvite {
                secret_sha256: presented.secret_sha256,
                at: now,
                credential: None,
                peer: Some(Box::new(peer.clone())),
                audit: record(Act::PeerPresented, Actor::Node, &peer.id, now),
            })
            .await?;
        let problem = match written {
            Written::Invite(InviteUse::Consumed(_)) => {
                self.met(&peer);
                return Ok(pb::BeginPeeringResponse {
                    nonce: Bytes::copy_from_slice(&nonce),
                    name: self.parts.settings.name.clone(),
                    ca_certificates: our_ca.into_iter().map(Bytes::from).collect(),
                });
            }
            Written::Invite(InviteUse::Used) => {
                tracing::warn!(peer.id = %peer.id, "a peering invite was presented a second time; whoever holds it may have copied it");
                InviteProblem::Used
            }
            Written::Invite(InviteUse::Expired) => InviteProblem::Expired,
            Written::Invite(InviteUse::Unknown) => InviteProblem::Unknown,
            _ => return Err(PeeringError::Unexpected),
        };
        Err(PeeringError::Invite(problem))
    }

    /// From now on the peer's node can connect, to exchange signatures and nothing else.
    fn met(&self, peer: &Peer) {
        self.unmark_delivered(&peer.id);
        self.trust(peer);
    }

    /// A CA speaks for one community: a presented one that is ours or another peer's is a mistake, or worse.
    fn not_somebody_elses(
        &self,
        id: &CommunityId,
        presented: &[Vec<u8>],
    ) -> Result<(), PeeringError> {
        let ours = self.parts.authority.ca_certificates();
        let roster = self.roster();
        let mut others = roster
            .peers
            .values()
            .filter(|peer| peer.id != *id)
            .flat_map(|peer| &peer.ca_certificates)
            .chain(&ours);
        if others.any(|certificate| presented.contains(certificate)) {
            return Err(PeeringError::PeerMisbehaved {
                peer: id.clone(),
                problem: "it presented the CA of another community as its own".to_owned(),
            });
        }
        Ok(())
    }
}

impl Presentation {
    /// Reads the message; refuses what is out of bounds.
    pub fn read(request: pb::BeginPeeringRequest) -> Result<Self, Malformed> {
        if request.secret.len() != 32 {
            return Err(Malformed::new("secret", "it has 32 bytes"));
        }
        let community = form::community("community", &request.community)?;
        Ok(Self {
            secret_sha256: Digest::of(&request.secret),
            name: name(&request.name)?,
            address: address(&request.address)?,
            ca_certificates: ca_certificates(&community, &request.ca_certificates)?,
            community,
            nonce: (&*request.nonce)
                .try_into()
                .map_err(|_| Malformed::new("nonce", "it has 32 bytes"))?,
            terms: request.terms,
        })
    }
}

fn read_purpose(bytes: &[u8]) -> Option<(CommunityId, [u8; 32], Vec<u8>)> {
    let Stored::Peer {
        community,
        nonce,
        proposal,
    } = serde_json::from_slice(bytes).ok()?;
    Some((
        CommunityId::parse(&community).ok()?,
        hex::decode(nonce).ok()?.try_into().ok()?,
        hex::decode(proposal).ok()?,
    ))
}

/// A name for people; empty is allowed.
fn name(text: &str) -> Result<String, Malformed> {
    form::line("name", text, NAME_BYTES_MAX)?;
    Ok(text.trim().to_owned())
}

fn named(name: String, id: &CommunityId) -> String {
    if name.is_empty() {
        id.to_string()
    } else {
        name
    }
}

/// HOST:PORT; the host a name, an IPv4 address, or an IPv6 address in brackets.
fn address(text: &str) -> Result<String, Malformed> {
    let ok = text.len() <= ADDRESS_BYTES_MAX
        && text.rsplit_once(':').is_some_and(|(host, port)| {
            port.parse::<u16>().is_ok_and(|port| port != 0)
                && match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
                    Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
                    None => {
                        !host.is_empty()
                            && host
                                .bytes()
                                .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
                    }
                }
        });
    if ok {
        Ok(text.to_owned())
    } else {
        Err(Malformed::new(
            "address",
            "it is HOST:PORT, such as sluis.water.example:7443",
        ))
    }
}

/// One to eight CA certificates of this community.
fn ca_certificates(community: &CommunityId, given: &[Bytes]) -> Result<Vec<Vec<u8>>, Malformed> {
    let small = given.len() <= Bundles::CERTIFICATES_MAX
        && given
            .iter()
            .all(|der| der.len() <= CA_CERTIFICATE_BYTES_MAX);
    let certificates: Vec<Vec<u8>> = given.iter().map(|der| der.to_vec()).collect();
    let checked = if small {
        check_ca_certificates(community, &certificates).map_err(|error| error.to_string())
    } else {
        Err("at most 8 of 8 KiB each are taken".to_owned())
    };
    checked
        .map(|()| certificates)
        .map_err(|problem| Malformed::new("ca_certificates", problem))
}

fn ttl(seconds: u32) -> Result<i64, Malformed> {
    match seconds {
        0 => Ok(TTL_SECONDS_DEFAULT),
        1..=TTL_SECONDS_MAX => Ok(i64::from(seconds)),
        _ => Err(Malformed::new(
            "ttl_seconds",
            "an invite lasts at most 30 days; give a shorter --ttl",
        )),
    }
}

/// A week: two organisations, two calendars.
const TTL_SECONDS_DEFAULT: i64 = 7 * 24 * 3600;
/// The longest life of an invite.
const TTL_SECONDS_MAX: u32 = 30 * 24 * 3600;
/// Like a member's name.
const NAME_BYTES_MAX: usize = 256;
/// The longest DNS name, a colon and a port.
const ADDRESS_BYTES_MAX: usize = 253 + 1 + 5;
/// As in an Introduction.
const CA_CERTIFICATE_BYTES_MAX: usize = 8 * 1024;
