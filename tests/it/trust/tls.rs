//! The protocol itself: version, key exchange, resumption, and the one exception for expired certificates.

use std::sync::Arc;

use rustls::{HandshakeKind, NamedGroup, ProtocolVersion};
use sluis::clock::ManualClock;
use sluis::trust::{ExpectedServer, LiveCredential, Presented, client_config};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::support::{Community, DAY, Node, Raw, careless_client, good, shake_hands, start};

#[tokio::test]
async fn both_ends_prefer_hybrid_post_quantum_key_exchange_over_tls_1_3() {
    let energy = Community::new("energy.isac.example");
    let clock = ManualClock::at(start());
    let credential = LiveCredential::new(energy.credential("/member/acme/tool/siem"));
    let client = client_config(
        Some(&credential),
        energy.expected(),
        Arc::new(clock.clone()),
    )
    .unwrap();
    let done = shake_hands(energy.server(&energy.bundles(), &clock), client).await;
    for end in [done.server.unwrap(), done.client.unwrap()] {
        assert_eq!(end.group, Some(NamedGroup::X25519MLKEM768));
        assert_eq!(end.version, Some(ProtocolVersion::TLSv1_3));
    }
}

#[tokio::test]
async fn no_session_is_resumed_by_our_server_or_our_client() {
    let energy = Community::new("energy.isac.example");
    let clock = ManualClock::at(start());
    let raw = Raw::signed(
        &good("spiffe://energy.isac.example/node/n1"),
        &energy.issuer(),
    );

    // A client that would like to resume, and shows that it can with a server that lets it.
    let eager = Arc::new(careless_client(Some(&raw)));
    let lenient = raw.server();
    shake_hands(Arc::clone(&lenient), Arc::clone(&eager)).await;
    let again = shake_hands(Arc::clone(&lenient), Arc::clone(&eager)).await;
    assert_eq!(
        again.client.unwrap().kind,
        Some(HandshakeKind::Resumed),
        "this test would prove nothing"
    );

    let eager = Arc::new(careless_client(Some(&raw)));
    let ours = energy.server(&energy.bundles(), &clock);
    for _ in 0..3 {
        let done = shake_hands(Arc::clone(&ours), Arc::clone(&eager)).await;
        assert!(is_full(done.server.unwrap().kind) && is_full(done.client.unwrap().kind));
    }

    let our_client = client_config(None, energy.expected(), Arc::new(clock)).unwrap();
    for _ in 0..3 {
        let done = shake_hands(Arc::clone(&lenient), Arc::clone(&our_client)).await;
        assert!(is_full(done.server.unwrap().kind) && is_full(done.client.unwrap().kind));
    }
}

fn is_full(kind: Option<HandshakeKind>) -> bool {
    matches!(
        kind,
        Some(HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest)
    )
}

#[tokio::test]
async fn a_client_of_tls_1_2_gets_an_alert_and_no_connection() {
    let energy = Community::new("energy.isac.example");
    let node = Node::of(&energy).await;
    // A ClientHello of TLS 1.2: ECDHE-ECDSA with AES-GCM, P-256, ECDSA with SHA-256, no supported_versions.
    let mut body = vec![0x03, 0x03];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]);
    let extensions = [
        0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17, 0x00, 0x0b, 0x00, 0x02, 0x01, 0x00, 0x00,
        0x0d, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03,
    ];
    body.extend([0, u8::try_from(extensions.len()).unwrap()]);
    body.extend(extensions);
    let length = u8::try_from(body.len()).unwrap();
    let mut hello = vec![0x16, 0x03, 0x01, 0, length + 4, 1, 0, 0, length];
    hello.extend(body);

    let mut stream = TcpStream::connect(&node.address).await.unwrap();
    stream.write_all(&hello).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    // A fatal alert: protocol_version (70).
    assert_eq!(answer, [0x15, 0x03, 0x03, 0, 2, 2, 70]);
}

#[tokio::test]
async fn an_expired_certificate_of_our_own_people_passes_for_thirty_days_and_is_marked() {
    let energy = Community::new("energy.isac.example");
    let water = Community::new("water.isac.example");
    let bundles = energy.bundles();
    water.authority.add_to(&bundles).unwrap();
    let end = start().plus_seconds(7 * DAY);

    for (path, days_late, passes) in [
        ("/member/acme/tool/siem", 0, true),
        ("/member/acme/person/meryem", 29, true),
        ("/operator/alice", 30, true),
        ("/operator/alice", 31, false),
        ("/member/acme/tool/siem", 31, false),
        ("/node/n2", 1, false),
    ] {
        let now = end.plus_seconds(days_late * DAY);
        let clock = ManualClock::at(now);
        let server = energy.server(&bundles, &clock);
        let raw = Raw::signed(&good(&energy.id(path).to_string()), &energy.issuer());
        let done = shake_hands(server, raw.client()).await;
        assert_eq!(done.server.is_ok(), passes, "{path}, {days_late} days late");
        match done.server {
            Ok(ended) => {
                let presented = Presented::by(&ended.certificate.unwrap(), now).unwrap();
                assert_eq!(
                    presented.expired,
                    days_late > 0,
                    "{path}, {days_late} days late"
                );
                assert_eq!(presented.not_after, end);
            }
            Err(error) => {
                let told = done.client.err().unwrap();
                assert!(told.contains("CertificateExpired"), "{error}: {told}");
            }
        }
    }

    // A peer's node has no such grace.
    let clock = ManualClock::at(end.plus_seconds(DAY));
    let raw = Raw::signed(
        &good("spiffe://water.isac.example/node/n1"),
        &water.issuer(),
    );
    let done = shake_hands(energy.server(&bundles, &clock), raw.client()).await;
    assert!(done.server.is_err());
}

#[tokio::test]
async fn a_pinned_server_must_send_the_very_ca_of_the_fingerprint() {
    let energy = Community::new("energy.isac.example");
    let impostor = Community::new("energy.isac.example");
    let clock = ManualClock::at(start());
    let pinned = |community: &Community, name: &str| ExpectedServer::Pinned {
        community: name.parse_id(),
        ca_fingerprint: community.authority.fingerprint(),
    };
    for (expected, passes) in [
        (pinned(&energy, "energy.isac.example"), true),
        (pinned(&impostor, "energy.isac.example"), false),
        (pinned(&energy, "water.isac.example"), false),
    ] {
        let client = client_config(None, expected, Arc::new(clock.clone())).unwrap();
        let server = energy.server(&energy.bundles(), &clock);
        let done = shake_hands(server, client).await;
        assert_eq!(done.client.is_ok(), passes);
    }
}

#[tokio::test]
async fn a_new_bundle_and_a_new_certificate_take_effect_with_the_next_handshake() {
    let energy = Community::new("energy.isac.example");
    let water = Community::new("water.isac.example");
    let clock = ManualClock::at(start());
    let bundles = energy.bundles();
    let server = energy.server(&bundles, &clock);
    let peer = LiveCredential::new(water.credential("/node/n1"));
    let client = client_config(Some(&peer), energy.expected(), Arc::new(clock.clone())).unwrap();

    let enters = async || {
        shake_hands(Arc::clone(&server), Arc::clone(&client))
            .await
            .server
            .map(|ended| ended.certificate)
    };
    assert!(enters().await.is_err());
    water.authority.add_to(&bundles).unwrap();
    let first = enters().await.unwrap();
    peer.replace(water.credential("/node/n1")).unwrap();
    assert_ne!(enters().await.unwrap(), first);
    assert!(peer.replace(water.credential("/node/n2")).is_err());
    assert!(bundles.remove(&water.name));
    assert!(enters().await.is_err());
}

trait ParseId {
    fn parse_id(&self) -> sluis::model::ids::CommunityId;
}

impl ParseId for str {
    fn parse_id(&self) -> sluis::model::ids::CommunityId {
        sluis::model::ids::CommunityId::parse(self).unwrap()
    }
}
