//! How connections begin and end at the door of a node.

use std::time::Duration;

use sluis::api::listener::ListenerLimits;
use sluis::client::{ConnectError, connect, explain};
use sluis::wire::pb::enrollment_service_client::EnrollmentServiceClient;
use sluis::wire::pb::{EnrollRequest, RenewRequest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::Channel;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::support::{Community, DAY, Node, quick_limits, start};

const SIEM: &str = "/member/acme/tool/siem";

async fn open_stream(channel: Channel) -> tonic::Streaming<HealthCheckResponse> {
    let mut stream = HealthClient::new(channel)
        .watch(HealthCheckRequest::default())
        .await
        .unwrap()
        .into_inner();
    stream.message().await.unwrap().unwrap();
    stream
}

#[tokio::test]
async fn every_call_knows_who_is_at_the_other_end() {
    let energy = Community::new("energy.isac.example");
    let node = Node::of(&energy).await;
    let credential = energy.credential(SIEM);
    for credential in [Some(credential.clone()), None] {
        let tls = node.client(&energy, credential);
        let channel = connect(&node.address, tls).await.unwrap();
        // Whether it is answered is up to the desk; that it was reached matters here.
        let _ = EnrollmentServiceClient::new(channel)
            .renew(RenewRequest::default())
            .await;
    }
    let seen = node.desk.seen();
    let presented = seen[0].clone().unwrap();
    assert_eq!(presented.id, energy.id(SIEM));
    assert_eq!(presented.not_after, start().plus_seconds(7 * DAY));
    assert!(!presented.expired);
    assert_eq!(seen[1], None);
}

#[tokio::test]
async fn who_is_revoked_loses_every_stream_at_once_and_nobody_else_does() {
    let energy = Community::new("energy.isac.example");
    let node = Node::of(&energy).await;
    let mut revoked = Vec::new();
    for _ in 0..3 {
        let tls = node.client(&energy, Some(energy.credential(SIEM)));
        let channel = connect(&node.address, tls).await.unwrap();
        revoked.push(open_stream(channel.clone()).await);
        revoked.push(open_stream(channel).await);
    }
    let tls = node.client(&energy, Some(energy.credential("/operator/alice")));
    let others = connect(&node.address, tls).await.unwrap();
    let _stays = open_stream(others.clone()).await;

    let siem = energy.id(SIEM);
    assert_eq!(node.connections.end_where(|id| *id == siem), 3);
    for mut stream in revoked {
        assert!(stream.message().await.is_err());
    }
    open_stream(others).await;
    assert_eq!(node.connections.count(), 1);
}

#[tokio::test]
async fn a_connection_ends_when_its_certificate_does() {
    let energy = Community::new("energy.isac.example");
    let node = Node::of(&energy).await;
    let tls = node.client(&energy, Some(energy.credential(SIEM)));
    let mut stream = open_stream(connect(&node.address, tls).await.unwrap()).await;
    // Its last second counts whole.
    node.clock.set(start().plus_seconds(7 * DAY + 1));
    assert!(stream.message().await.is_err());
}

/// Reads until the node ends the connection, however it does.
async fn shown_out(mut stream: impl tokio::io::AsyncRead + Unpin) {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
}

#[tokio::test]
async fn a_stranger_may_not_stay() {
    let energy = Community::new("energy.isac.example");
    let limits = ListenerLimits {
        stranger_life: Duration::from_millis(20),
        ..quick_limits()
    };
    let node = Node::with(&energy, &energy.bundles(), limits).await;
    let stream = TcpStream::connect(&node.address).await.unwrap();
    let stream = TlsConnector::from(node.client(&energy, None))
        .connect("node".try_into().unwrap(), stream)
        .await
        .unwrap();
    shown_out(stream).await;

    // Whoever has shown one that is good for a renewal only is a stranger too.
    node.set_clock(&energy, start().plus_seconds(8 * DAY));
    let stream = TcpStream::connect(&node.address).await.unwrap();
    let stream = TlsConnector::from(node.client(&energy, Some(energy.credential(SIEM))))
        .connect("node".try_into().unwrap(), stream)
        .await
        .unwrap();
    shown_out(stream).await;
    node.set_clock(&energy, start());

    // Whoever has shown a certificate may.
    let tls = node.client(&energy, Some(energy.credential(SIEM)));
    let known = connect(&node.address, tls).await.unwrap();
    open_stream(known).await;
}

#[tokio::test]
async fn unfinished_handshakes_hold_up_nobody() {
    let energy = Community::new("energy.isac.example");
    let node = Node::of(&energy).await;
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(&node.address).await.unwrap();
        stream.write_all(&[0x16, 0x03]).await.unwrap();
        slow.push(stream);
    }
    let tls = node.client(&energy, Some(energy.credential(SIEM)));
    let channel = connect(&node.address, tls).await.unwrap();
    open_stream(channel).await;
    drop(slow);
}

#[tokio::test]
async fn unfinished_handshakes_are_ended_in_time() {
    let energy = Community::new("energy.isac.example");
    let limits = ListenerLimits {
        handshake: Duration::from_millis(20),
        ..quick_limits()
    };
    let node = Node::with(&energy, &energy.bundles(), limits).await;
    for half in [
        &b""[..],
        b"\x16",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(&node.address).await.unwrap();
        stream.write_all(half).await.unwrap();
        shown_out(stream).await;
    }
}

#[tokio::test]
async fn no_more_connections_are_open_than_the_total_allows() {
    let energy = Community::new("energy.isac.example");
    let limits = ListenerLimits {
        connections: 2,
        ..quick_limits()
    };
    let node = Node::with(&energy, &energy.bundles(), limits).await;
    let tls = node.client(&energy, Some(energy.credential(SIEM)));
    let first = connect(&node.address, std::sync::Arc::clone(&tls))
        .await
        .unwrap();
    let second = connect(&node.address, std::sync::Arc::clone(&tls))
        .await
        .unwrap();
    assert!(
        connect(&node.address, std::sync::Arc::clone(&tls))
            .await
            .is_err()
    );
    drop(second);
    while node.connections.count() > 1 {
        tokio::task::yield_now().await;
    }
    connect(&node.address, tls).await.unwrap();
    open_stream(first).await;
}

#[tokio::test]
async fn a_handler_that_panics_takes_only_its_own_call_down() {
    let energy = Community::new("energy.isac.example");
    let node = Node::of(&energy).await;
    let tls = node.client(&energy, Some(energy.credential(SIEM)));
    let channel = connect(&node.address, tls).await.unwrap();
    let mut open = open_stream(channel.clone()).await;
    let mut desk = EnrollmentServiceClient::new(channel.clone());
    for _ in 0..3 {
        let request = EnrollRequest {
            secret: vec![3; 32].into(),
            signing_request: Default::default(),
        };
        let status = desk.enroll(request).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::Internal);
        assert!(!status.message().contains("panics"), "{status}");
    }
    open_stream(channel).await;
    node.connections.end_where(|_| true);
    assert!(open.message().await.is_err());
}

#[tokio::test]
async fn a_node_that_drains_lets_calls_finish_and_takes_no_more() {
    let energy = Community::new("energy.isac.example");
    let node = Node::of(&energy).await;
    let tls = node.client(&energy, Some(energy.credential(SIEM)));
    let channel = connect(&node.address, std::sync::Arc::clone(&tls))
        .await
        .unwrap();
    let stream = open_stream(channel).await;
    let (all_finished, ()) = tokio::join!(node.tasks.drain(Duration::from_secs(60)), async {
        node.tasks.draining().cancelled().await;
        drop(stream);
    });
    assert!(all_finished);
    let refused = connect(&node.address, tls).await.unwrap_err();
    assert!(matches!(refused, ConnectError::NotReachable { .. }));
}

#[tokio::test]
async fn a_stream_that_does_not_finish_is_ended_at_the_deadline() {
    let energy = Community::new("energy.isac.example");
    let node = Node::of(&energy).await;
    let tls = node.client(&energy, Some(energy.credential(SIEM)));
    let mut stream = open_stream(connect(&node.address, tls).await.unwrap()).await;
    assert!(!node.tasks.drain(Duration::from_millis(50)).await);
    assert!(stream.message().await.is_err());
}

#[tokio::test]
async fn what_is_wrong_with_a_connection_is_a_sentence() {
    let energy = Community::new("energy.isac.example");
    let water = Community::new("water.isac.example");
    let node = Node::of(&energy).await;
    let says = async |tls| connect(&node.address, tls).await.unwrap_err().to_string();

    let foreign = node.client(&energy, Some(water.credential("/member/aqua/tool/siem")));
    let text = says(foreign).await;
    assert!(text.contains("refused this credential"), "{text}");

    let text = says(node.client(&water, None)).await;
    assert!(text.contains("not the node that should"), "{text}");

    // The node's certificate lives for a day.
    node.clock.set(start().plus_seconds(2 * DAY));
    let text = says(node.client(&energy, None)).await;
    assert!(text.contains("has expired"), "{text}");

    let nobody = connect("127.0.0.1:1", node.client(&energy, None)).await;
    assert!(matches!(nobody, Err(ConnectError::NotReachable { .. })));
    for address in ["", "node", "node:", "node:99999", "a b:1"] {
        let error = connect(address, node.client(&energy, None))
            .await
            .unwrap_err();
        assert!(matches!(error, ConnectError::Address { .. }), "{address}");
    }
}

#[tokio::test]
async fn a_refusal_on_a_lazy_channel_is_found_in_the_status() {
    let energy = Community::new("energy.isac.example");
    let water = Community::new("water.isac.example");
    let node = Node::of(&energy).await;
    let foreign = node.client(&energy, Some(water.credential("/member/aqua/tool/siem")));
    let channel = sluis::client::channel(&node.address, foreign);
    let status = HealthClient::new(channel)
        .check(HealthCheckRequest::default())
        .await
        .unwrap_err();
    let sentence = explain(&status).unwrap();
    assert!(sentence.contains("refused this credential"), "{sentence}");

    let gone = sluis::client::channel("127.0.0.1:1", node.client(&energy, None));
    let status = HealthClient::new(gone)
        .check(HealthCheckRequest::default())
        .await
        .unwrap_err();
    let sentence = explain(&status).unwrap();
    assert!(
        sentence.contains("no node answers at 127.0.0.1:1"),
        "{sentence}"
    );

    let tls = node.client(&energy, Some(energy.credential(SIEM)));
    let fine = connect(&node.address, tls).await.unwrap();
    let request = HealthCheckRequest {
        service: "no.such.Service".into(),
    };
    let status = HealthClient::new(fine).check(request).await.unwrap_err();
    assert_eq!(
        (status.code(), explain(&status)),
        (tonic::Code::NotFound, None)
    );
}
