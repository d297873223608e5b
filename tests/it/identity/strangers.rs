//! What somebody without a credential, or with the wrong one, learns: that he may not, and nothing else.

use std::sync::Arc;

use sluis::client::Profile;
use sluis::clock::SystemClock;
use sluis::trust::{Bundles, ExpectedServer, client_config};
use sluis::wire::pb;
use sluis::wire::pb::admin_service_client::AdminServiceClient;
use sluis::wire::pb::federation_service_client::FederationServiceClient;
use sluis::wire::pb::sharing_service_client::SharingServiceClient;
use tonic::Code;
use tonic::transport::Channel;

use crate::support::shared;

/// A connection to energy's node, with meryem's credential or with none.
async fn dial(with_credential: bool) -> Channel {
    let meryem = shared().viewer("energy/acme/meryem");
    let profile = Profile::load(&meryem.directory()).expect("a profile");
    let clock = Arc::new(SystemClock);
    let tls = if with_credential {
        profile.tls(clock).expect("a credential")
    } else {
        let bundles = Bundles::new();
        let community = profile.community().clone();
        bundles
            .set(&community, profile.ca_certificates())
            .expect("certificates");
        client_config(
            None,
            ExpectedServer::Community { community, bundles },
            clock,
        )
        .expect("settings")
    };
    sluis::client::connect(profile.address(), tls)
        .await
        .expect("the node answers")
}

#[tokio::test]
async fn without_a_certificate_nothing_but_enrolment_answers() {
    let channel = dial(false).await;
    let mut sharing = SharingServiceClient::new(channel.clone());
    let mut admin = AdminServiceClient::new(channel);
    let denied = [
        sharing
            .list_items(pb::ListItemsRequest::default())
            .await
            .err(),
        sharing
            .push_item(pb::PushItemRequest::default())
            .await
            .err(),
        sharing
            .get_item(pb::GetItemRequest {
                item: "nonsense".to_owned(),
            })
            .await
            .err(),
        admin.get_status(pb::GetStatusRequest {}).await.err(),
        admin
            .list_members(pb::ListMembersRequest::default())
            .await
            .err(),
    ];
    for status in denied {
        let status = status.expect("it is denied");
        assert!(
            matches!(
                status.code(),
                Code::Unauthenticated | Code::PermissionDenied
            ),
            "{status}"
        );
        // The same whatever the request says: it is not even read.
        assert!(!status.message().contains("nonsense"));
    }
}

#[tokio::test]
async fn a_member_is_no_operator_and_no_peer() {
    let channel = dial(true).await;
    let mut admin = AdminServiceClient::new(channel.clone());
    let status = admin
        .get_status(pb::GetStatusRequest {})
        .await
        .expect_err("it is denied");
    assert_eq!(status.code(), Code::PermissionDenied);
    let mut federation = FederationServiceClient::new(channel);
    let stream = tokio_stream::iter([pb::FollowRequest::default()]);
    let denied = match federation.follow(stream).await {
        Err(status) => status,
        Ok(answers) => answers
            .into_inner()
            .message()
            .await
            .expect_err("it is denied"),
    };
    assert_eq!(denied.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn an_unknown_method_is_told_as_such_and_harms_nothing() {
    let f = shared();
    for with_credential in [false, true] {
        let channel = dial(with_credential).await;
        let mut grpc = tonic::client::Grpc::new(channel);
        grpc.ready().await.expect("it is connected");
        let path = http::uri::PathAndQuery::from_static("/sluis.v1.SharingService/NoSuchMethod");
        let codec = tonic_prost::ProstCodec::<pb::GetItemRequest, pb::FeedEntry>::default();
        let request = tonic::Request::new(pb::GetItemRequest::default());
        let status = grpc
            .unary(request, path, codec)
            .await
            .expect_err("there is none");
        assert!(
            matches!(
                status.code(),
                Code::Unimplemented | Code::Unauthenticated | Code::PermissionDenied
            ),
            "{status}"
        );
    }
    let _ = f.node("energy").operator(&["status"]).done();
}

#[test]
fn bytes_that_are_no_tls_harm_nothing() {
    use std::io::{Read as _, Write as _};

    let f = shared();
    let address = f.node("energy").address();
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0_u8; 300],
        b"\x16\x03\x01\xff\xff",
    ] {
        let mut stream = std::net::TcpStream::connect(&address).expect("it listens");
        stream.write_all(bytes).expect("it takes bytes");
        stream
            .shutdown(std::net::Shutdown::Write)
            .expect("it is open");
        let mut answer = Vec::new();
        // A reset is an end, too.
        let _ = stream.read_to_end(&mut answer);
        assert!(!String::from_utf8_lossy(&answer).contains("sluis"));
    }
    let _ = f.node("energy").operator(&["status"]).done();
}
