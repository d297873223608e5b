//! Two nodes that meet for the first time, over real mTLS on loopback.

use std::sync::Arc;

use bytes::Bytes;
use sluis::membership::InviteProblem;
use sluis::model::agreement::{Peer, PeerState, Wishes};
use sluis::model::ids::{CommunityId, Name, Role, SpiffeId};
use sluis::model::invite::Invite;
use sluis::model::label::Label;
use sluis::peering::{PeeringError, Presentation};
use sluis::provenance::{Keyring, Payload, SigningKey};
use sluis::trust::{Authority, Issue, Purpose};
use sluis::wire::pb;
use sluis::wire::pb::peering_service_server::{PeeringService, PeeringServiceServer};
use tonic::{Request, Response, Status};

use super::house::{House, Node, community, day};

const ENERGY: &str = "energy.isac.example";
const WATER: &str = "water.isac.example";

async fn two() -> (Node, Node) {
    (Node::of(ENERGY).await, Node::of(WATER).await)
}

async fn invite(from: &Node, to: &CommunityId, wishes: &Wishes) -> String {
    from.peering
        .invite(from.alice(), to, wishes, 0)
        .await
        .expect("an invite")
        .text
}

async fn accept(node: &Node, invite: &str, wishes: &Wishes) -> Result<Peer, PeeringError> {
    node.peering.accept(node.alice(), invite, wishes).await
}

/// First contact of two communities, with the proposal as it is.
async fn met(a: &Node, b: &Node) -> (Peer, Peer) {
    let invite = invite(a, b.id(), &Wishes::default()).await;
    let at_b = accept(b, &invite, &Wishes::default())
        .await
        .expect("first contact");
    (a.peering.peer(b.id()).expect("a knows b"), at_b)
}

async fn confirm(node: &Node, other: &CommunityId) -> Peer {
    node.peering
        .confirm(node.alice(), other)
        .await
        .expect("a signature")
}

fn state(node: &Node, other: &CommunityId) -> PeerState {
    node.peering.peer(other).expect("a peer").state()
}

#[tokio::test]
async fn two_communities_come_to_an_agreement() {
    let (energy, water) = two().await;
    let proposal = Wishes {
        out_ceiling: Some(Label::Amber),
        onward: Some(true),
        ..Wishes::default()
    };
    let line = invite(&energy, water.id(), &proposal).await;
    assert!(
        energy.house.log.roster().peers.is_empty(),
        "an invite is no peer"
    );
    let narrower = Wishes {
        in_ceiling: Some(Label::Green),
        onward: Some(false),
        ..Wishes::default()
    };
    let at_water = accept(&water, &line, &narrower)
        .await
        .expect("first contact");
    let at_energy = energy
        .peering
        .peer(water.id())
        .expect("it presented itself");
    assert_eq!(at_water.phrase, at_energy.phrase);
    assert_eq!(at_water.phrase.split(' ').count(), 6);
    assert_eq!(at_water.terms_bytes, at_energy.terms_bytes);
    assert_eq!(at_water.terms, at_energy.terms);
    let (ours, theirs) = at_water
        .terms
        .sides_seen_from(water.id())
        .expect("two sides");
    assert_eq!((ours.in_ceiling, ours.onward), (Label::Green, false));
    assert_eq!((theirs.out_ceiling, theirs.onward), (Label::Amber, true));
    assert_eq!(at_water.name, "energy.isac.example in words");
    assert_eq!(at_energy.name, "water.isac.example in words");
    assert_eq!(
        (&at_water.address, &at_energy.address),
        (&energy.address, &water.address)
    );
    assert_eq!(
        at_water.ca_certificates,
        energy.house.authority.ca_certificates()
    );
    assert_eq!(
        at_energy.ca_certificates,
        water.house.authority.ca_certificates()
    );
    assert_eq!(
        (at_water.state(), at_energy.state()),
        (PeerState::Proposed, PeerState::Proposed)
    );

    assert_eq!(
        confirm(&water, energy.id()).await.state(),
        PeerState::Accepted
    );
    assert_eq!(
        state(&energy, water.id()),
        PeerState::Proposed,
        "one signature is none"
    );
    assert!(
        !energy
            .peering
            .peer(water.id())
            .expect("a peer")
            .in_force_at(day(1))
    );
    assert_eq!(
        confirm(&energy, water.id()).await.state(),
        PeerState::InForce
    );
    assert_eq!(
        state(&water, energy.id()),
        PeerState::InForce,
        "in the same exchange"
    );
    let again = confirm(&energy, water.id()).await;
    assert_eq!(again, energy.peering.peer(water.id()).expect("a peer"));

    assert_eq!(
        energy.house.acts().await,
        [
            "peer-invited",
            "peer-presented",
            "agreement-countersigned",
            "agreement-signed"
        ]
    );
    assert_eq!(
        water.house.acts().await,
        [
            "peer-accepted",
            "agreement-signed",
            "agreement-countersigned"
        ]
    );
}

#[tokio::test]
async fn a_wider_wish_is_refused_before_the_invite_is_used() {
    let (energy, water) = two().await;
    let line = invite(&energy, water.id(), &Wishes::default()).await;
    let wider = Wishes {
        in_ceiling: Some(Label::Amber),
        ..Wishes::default()
    };
    assert!(matches!(
        accept(&water, &line, &wider).await,
        Err(PeeringError::NotAgreeable(_))
    ));
    assert!(accept(&water, &line, &Wishes::default()).await.is_ok());
}

#[tokio::test]
async fn an_inviter_takes_nothing_wider_than_it_proposed() {
    let (energy, water) = two().await;
    let line = invite(&energy, water.id(), &Wishes::default()).await;
    let parsed = Invite::parse(&line).expect("it reads");
    let mut terms = sluis::wire::agreement::parse(&parsed.proposal).expect("a proposal");
    terms.accepter.in_ceiling = Label::Amber;
    let presented = presentation(&water, &parsed, &sluis::wire::agreement::encode(&terms));
    let refused = energy.peering.begin(presented).await;
    assert!(
        matches!(refused, Err(PeeringError::NotAgreeable(_))),
        "{refused:?}"
    );
    assert!(energy.house.log.roster().peers.is_empty());
}

fn presentation(node: &Node, invite: &Invite, terms: &[u8]) -> Presentation {
    Presentation::read(pb::BeginPeeringRequest {
        secret: Bytes::copy_from_slice(&invite.secret),
        community: node.id().to_string(),
        name: String::new(),
        address: node.address.clone(),
        ca_certificates: node
            .house
            .authority
            .ca_certificates()
            .into_iter()
            .map(Bytes::from)
            .collect(),
        nonce: Bytes::from_static(&[8; 32]),
        terms: Bytes::copy_from_slice(terms),
    })
    .expect("a presentation that reads")
}

#[tokio::test]
async fn an_invite_is_good_once_in_time_and_for_the_community_that_it_names() {
    let (energy, water) = two().await;
    let finance = Node::of("finance.isac.example").await;
    let line = invite(&energy, water.id(), &Wishes::default()).await;
    assert!(matches!(
        accept(&finance, &line, &Wishes::default()).await,
        Err(PeeringError::NotForUs(_))
    ));
    // Its secret in other hands is as good as none.
    let parsed = Invite::parse(&line).expect("it reads");
    let stolen = presentation(&finance, &parsed, &parsed.proposal);
    assert!(matches!(
        energy.peering.begin(stolen).await,
        Err(PeeringError::Invite(InviteProblem::Unknown))
    ));
    let spare = invite(&energy, water.id(), &Wishes::default()).await;
    accept(&water, &line, &Wishes::default())
        .await
        .expect("first contact");
    assert!(matches!(
        accept(&water, &spare, &Wishes::default()).await,
        Err(PeeringError::AlreadyPeer { .. })
    ));
    water
        .peering
        .remove(water.alice(), energy.id())
        .await
        .expect("an end");
    energy
        .peering
        .remove(energy.alice(), water.id())
        .await
        .expect("an end");
    let used = accept(&water, &line, &Wishes::default()).await;
    assert!(
        matches!(used, Err(PeeringError::RefusedByPeer { .. })),
        "{used:?}"
    );
    for node in [&energy, &water] {
        node.house.clock.set(day(7));
    }
    assert!(matches!(
        accept(&water, &spare, &Wishes::default()).await,
        Err(PeeringError::Invite(InviteProblem::Expired))
    ));
    assert!(matches!(
        accept(&water, "sluis1.AAAA", &Wishes::default()).await,
        Err(PeeringError::InvalidInvite(_))
    ));
}

#[tokio::test]
async fn of_many_that_take_up_one_invite_one_is_met() {
    let (energy, water) = two().await;
    let line = invite(&energy, water.id(), &Wishes::default()).await;
    let parsed = Invite::parse(&line).expect("it reads");
    let at_once = (0..16).map(|_| {
        let presented = presentation(&water, &parsed, &parsed.proposal);
        energy.peering.begin(presented)
    });
    let answers = futures_util::future::join_all(at_once).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
}

#[tokio::test]
async fn nobody_peers_with_itself_or_under_anothers_ca() {
    let (energy, water) = two().await;
    assert!(matches!(
        energy
            .peering
            .invite(energy.alice(), energy.id(), &Wishes::default(), 0)
            .await,
        Err(PeeringError::Ourselves(_))
    ));
    let line = invite(&energy, water.id(), &Wishes::default()).await;
    let parsed = Invite::parse(&line).expect("it reads");
    let request = pb::BeginPeeringRequest {
        secret: Bytes::copy_from_slice(&parsed.secret),
        community: WATER.to_owned(),
        name: String::new(),
        address: water.address.clone(),
        // A CA of energy that says that it is water's: it names energy, so that it never reads as water's.
        ca_certificates: energy
            .house
            .authority
            .ca_certificates()
            .into_iter()
            .map(Bytes::from)
            .collect(),
        nonce: Bytes::from_static(&[8; 32]),
        terms: Bytes::copy_from_slice(&parsed.proposal),
    };
    let field = |change: &dyn Fn(&mut pb::BeginPeeringRequest)| {
        let mut request = request.clone();
        change(&mut request);
        Presentation::read(request).map(drop).map_err(|m| m.field)
    };
    assert_eq!(field(&|_| ()), Err("ca_certificates"));
    assert_eq!(
        field(&|r| r.ca_certificates = vec![]),
        Err("ca_certificates")
    );
    assert_eq!(field(&|r| r.secret = Bytes::new()), Err("secret"));
    assert_eq!(
        field(&|r| r.community = "water".to_owned()),
        Err("community")
    );
    assert_eq!(field(&|r| r.address = "water".to_owned()), Err("address"));
    assert_eq!(field(&|r| r.address = "water:0".to_owned()), Err("address"));
    assert_eq!(field(&|r| r.address = "a b:1".to_owned()), Err("address"));
    assert_eq!(field(&|r| r.name = "\u{1b}[2J".to_owned()), Err("name"));
}

/// An inviter that was caught between commitment and nonce.
struct OtherNonce(Arc<sluis::peering::Peering>);

#[tonic::async_trait]
impl PeeringService for OtherNonce {
    async fn begin_peering(
        &self,
        request: Request<pb::BeginPeeringRequest>,
    ) -> Result<Response<pb::BeginPeeringResponse>, Status> {
        let presented = Presentation::read(request.into_inner()).expect("a presentation");
        let mut answer = self.0.begin(presented).await.expect("an answer");
        answer.nonce = Bytes::from_static(&[9; 32]);
        Ok(Response::new(answer))
    }
}

#[tokio::test]
async fn a_nonce_that_the_invite_did_not_commit_to_ends_the_first_contact() {
    let (energy, listener) = Node::closed(ENERGY).await;
    let water = Node::of(WATER).await;
    let hostile = PeeringServiceServer::new(OtherNonce(Arc::clone(&energy.peering)));
    energy.serve(
        listener,
        tonic::service::Routes::new(hostile).into_axum_router(),
    );
    let line = invite(&energy, water.id(), &Wishes::default()).await;
    let refused = accept(&water, &line, &Wishes::default()).await;
    assert!(
        matches!(refused, Err(PeeringError::PeerMisbehaved { .. })),
        "{refused:?}"
    );
    assert!(water.house.log.roster().peers.is_empty());
}

#[tokio::test]
async fn who_answers_in_place_of_the_inviter_learns_nothing() {
    let (energy, water) = two().await;
    // The same name, another CA: the invite tells them apart.
    let impostor = Node::of(ENERGY).await;
    let line = invite(&energy, water.id(), &Wishes::default()).await;
    let mut redirected = Invite::parse(&line).expect("it reads");
    redirected.address = impostor.address.clone();
    let refused = accept(&water, &redirected.to_string(), &Wishes::default()).await;
    assert!(
        matches!(refused, Err(PeeringError::Untrusted { .. })),
        "{refused:?}"
    );
    accept(&water, &line, &Wishes::default())
        .await
        .expect("the invite is still good");
}

#[tokio::test]
async fn a_signature_counts_only_by_a_key_of_that_community_over_these_terms() {
    let (energy, water) = two().await;
    let finance = Node::of("finance.isac.example").await;
    let (at_energy, _) = met(&energy, &water).await;
    met(&energy, &finance).await;
    let terms = Bytes::from(at_energy.terms_bytes.clone());
    let state = |signer: &Node, key: &SigningKey, terms: &Bytes, payload| {
        let signed = key.sign(payload, terms.clone());
        pb::AgreementState {
            terms: terms.clone(),
            signature: Some(sluis::wire::words::signed_to_pb(&signed)),
            signer: Some(pb::Signer {
                certificate: Bytes::copy_from_slice(&signer.signer_certificate),
            }),
        }
    };
    let good = state(&water, &water.signing_key, &terms, Payload::Agreement);
    let exchange = |state: pb::AgreementState| {
        let (peering, from) = (Arc::clone(&energy.peering), water.id().clone());
        async move { peering.exchange(&from, &state).await }
    };

    let (another_key, _) = SigningKey::generate(water.id().clone());
    let forged = state(&water, &another_key, &terms, Payload::Agreement);
    assert!(matches!(
        exchange(forged).await,
        Err(PeeringError::BadSignature { .. })
    ));
    let as_envelope = state(&water, &water.signing_key, &terms, Payload::Envelope);
    assert!(matches!(
        exchange(as_envelope).await,
        Err(PeeringError::BadSignature { .. })
    ));
    let by_another = state(&finance, &finance.signing_key, &terms, Payload::Agreement);
    assert!(matches!(
        exchange(by_another).await,
        Err(PeeringError::PeerMisbehaved { .. })
    ));
    let by_us = state(&energy, &energy.signing_key, &terms, Payload::Agreement);
    assert!(matches!(
        exchange(by_us).await,
        Err(PeeringError::PeerMisbehaved { .. })
    ));

    let mut wider = at_energy.terms.clone();
    wider.accepter.in_ceiling = Label::Amber;
    let wider = sluis::wire::agreement::encode(&wider);
    let other_terms = state(&water, &water.signing_key, &wider, Payload::Agreement);
    assert!(matches!(
        exchange(other_terms.clone()).await,
        Err(PeeringError::TermsDiffer(_))
    ));
    let mut hidden = other_terms;
    hidden.terms = terms.clone();
    assert!(matches!(
        exchange(hidden).await,
        Err(PeeringError::TermsDiffer(_))
    ));

    let mut tls = good.clone();
    let leaf = water.credential.current().chain()[0].clone();
    tls.signer = Some(pb::Signer {
        certificate: leaf.into(),
    });
    assert!(matches!(
        exchange(tls).await,
        Err(PeeringError::BadCertificate { .. })
    ));
    for byte in [0, 31, 63] {
        let mut flipped = good.clone();
        if let Some(record) = &mut flipped.signature {
            let mut signature = record.signature.to_vec();
            signature[byte] ^= 1;
            record.signature = signature.into();
        }
        assert!(matches!(
            exchange(flipped).await,
            Err(PeeringError::BadSignature { .. })
        ));
    }
    assert!(
        energy
            .peering
            .peer(water.id())
            .expect("a peer")
            .their_signature
            .is_none()
    );

    let answer = exchange(good).await.expect("the real one");
    assert!(answer.signature.is_none(), "we have not signed");
    assert!(
        energy
            .peering
            .peer(water.id())
            .expect("a peer")
            .their_signature
            .is_some()
    );
    assert!(matches!(
        energy
            .peering
            .exchange(&community("nobody.isac.example"), &answer)
            .await,
        Err(PeeringError::UnknownPeer(_))
    ));
}

#[tokio::test]
async fn signatures_that_could_not_be_delivered_are_delivered_when_the_nodes_are_back() {
    let (mut energy, mut water) = two().await;
    met(&energy, &water).await;
    water.shut().await;
    assert_eq!(
        confirm(&energy, water.id()).await.state(),
        PeerState::Accepted
    );
    energy.shut().await;
    assert_eq!(
        confirm(&water, energy.id()).await.state(),
        PeerState::Accepted
    );
    for node in [&energy, &water] {
        node.peering.start(&node.house.tasks);
    }
    energy.reopen().await;
    water.reopen().await;
    until_in_force(&energy, water.id()).await;
    until_in_force(&water, energy.id()).await;
}

async fn until_in_force(node: &Node, other: &CommunityId) {
    let mut wakes = node.house.log.wakes();
    while state(node, other) != PeerState::InForce {
        wakes.changed().await.expect("the log runs");
    }
}

#[tokio::test]
async fn either_side_suspends_at_once_and_a_resumption_reads_anew() {
    let (energy, water) = two().await;
    met(&energy, &water).await;
    confirm(&water, energy.id()).await;
    confirm(&energy, water.id()).await;
    let id = |text: &str| SpiffeId::parse(text).expect("a valid id");
    let others = [
        id("spiffe://energy.isac.example/member/acme/tool/siem"),
        id("spiffe://more.water.isac.example/node/n1"),
    ];
    *energy.house.heard.live.lock().unwrap() = others
        .iter()
        .cloned()
        .chain([id("spiffe://water.isac.example/node/n1")])
        .collect();
    let (p, alice) = (&energy.peering, energy.alice());
    let suspended = p.suspend(alice, water.id()).await.expect("a suspension");
    assert_eq!(suspended.state(), PeerState::Suspended);
    assert_eq!(*energy.house.heard.live.lock().unwrap(), others);
    assert_eq!(
        state(&water, energy.id()),
        PeerState::InForce,
        "its own side"
    );
    assert_eq!(
        p.suspend(alice, water.id()).await.expect("may be repeated"),
        suspended
    );
    let resumed = p.resume(alice, water.id()).await.expect("an end of it");
    assert_eq!((resumed.state(), resumed.epoch), (PeerState::InForce, 2));
    assert_eq!(
        p.resume(alice, water.id()).await.expect("may be repeated"),
        resumed
    );
    let ended = p.remove(alice, water.id()).await.expect("an end");
    assert_eq!(ended.state(), PeerState::Ended);
    assert_eq!(
        ended.ca_certificates,
        water.house.authority.ca_certificates()
    );
    assert_eq!(
        p.remove(alice, water.id()).await.expect("may be repeated"),
        ended
    );
    for refused in [
        p.suspend(alice, water.id()).await,
        p.resume(alice, water.id()).await,
        p.confirm(alice, water.id()).await,
    ] {
        assert!(matches!(refused, Err(PeeringError::Ended(_))));
    }
    let acts = energy.house.acts().await;
    assert_eq!(
        acts[acts.len() - 3..],
        ["peer-suspended", "peer-resumed", "peer-removed"]
    );
}

#[tokio::test]
async fn after_an_end_two_communities_may_meet_again_and_old_cursors_read_from_the_start() {
    let (energy, water) = two().await;
    let (first, _) = met(&energy, &water).await;
    energy
        .peering
        .remove(energy.alice(), water.id())
        .await
        .expect("an end");
    water
        .peering
        .remove(water.alice(), energy.id())
        .await
        .expect("an end");
    let (second, at_water) = met(&energy, &water).await;
    assert_eq!(second.state(), PeerState::Proposed);
    assert_ne!(second.phrase, first.phrase);
    assert_ne!(second.terms.agreement, first.terms.agreement);
    assert_eq!((second.epoch, at_water.epoch), (first.epoch + 1, 2));
}

#[tokio::test]
async fn only_the_node_of_a_peer_connects() {
    let (energy, water) = two().await;
    met(&energy, &water).await;
    let house: &House = &water.house;
    let operator = house
        .authority
        .credential(&house.alice, &[], day(0), 86_400)
        .expect("a certificate");
    let tls = sluis::trust::client_config(
        Some(&sluis::trust::LiveCredential::new(operator)),
        sluis::trust::ExpectedServer::Community {
            community: energy.id().clone(),
            bundles: water.bundles.clone(),
        },
        Arc::new(house.clock.clone()),
    )
    .expect("a TLS configuration");
    let refused = sluis::client::connect(&energy.address, tls).await;
    assert!(
        matches!(refused, Err(sluis::client::ConnectError::Rejected { .. })),
        "the handshake fails"
    );
}

/// Threat 24: a third community had introduced the peer with a CA of its own making. The peer is believed for items by
/// what it presented, once both have signed and not before, and the false key is forgotten.
#[tokio::test]
async fn a_peer_is_believed_for_items_once_both_have_signed_and_what_was_introduced_for_it_is_over()
{
    let (energy, water) = two().await;
    let dir = tempfile::tempdir().expect("a directory");
    let false_water = Authority::create(dir.path(), water.id(), day(0)).expect("a CA");
    let (key, _) = SigningKey::generate(water.id().clone());
    let certificate = false_water
        .issue(&Issue {
            id: &SpiffeId {
                community: water.id().clone(),
                role: Role::Signer(Name::parse("k1").expect("a valid name")),
            },
            public_key: &key.public_key_der(),
            not_before: day(0),
            not_after: day(30),
            hosts: &[],
            purpose: Purpose::Signing,
        })
        .expect("a certificate");
    energy
        .keys
        .introduce_from(
            &community("msp.isac.example"),
            water.id(),
            &false_water.ca_certificates(),
        )
        .expect("nobody knows water yet");
    let (false_key, _) = energy
        .keys
        .admit(&certificate, day(0))
        .expect("it chains to what was introduced");

    met(&energy, &water).await;
    confirm(&water, energy.id()).await;
    assert!(
        energy.keys.is_introduced(water.id()),
        "energy has not signed"
    );
    assert!(
        energy
            .keys
            .admit(&water.signer_certificate, day(0))
            .is_err()
    );

    assert_eq!(
        confirm(&energy, water.id()).await.state(),
        PeerState::InForce
    );
    assert!(!energy.keys.is_introduced(water.id()));
    assert!(energy.keys.verifying_key(false_key).is_none());
    assert!(energy.keys.admit(&certificate, day(0)).is_err());
    energy
        .keys
        .admit(&water.signer_certificate, day(0))
        .expect("water's own key");
}
