//! The table against the descriptors, and every RPC against every kind of caller.

use std::collections::BTreeSet;

use prost::Message as _;
use tonic::Code;
use tonic_types::StatusExt;

use super::*;
use crate::api::caller::tests::{connection, here, roster};
use crate::clock::Timestamp;
use crate::model::member::Standing;
use crate::wire::pb;

fn described(descriptors: &[u8]) -> Vec<String> {
    let set = prost_types::FileDescriptorSet::decode(descriptors).expect("the build wrote it");
    let mut paths = Vec::new();
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                paths.push(format!(
                    "/{}.{}/{}",
                    file.package(),
                    service.name(),
                    method.name()
                ));
            }
        }
    }
    paths
}

fn admitted() -> Roster {
    roster(Standing::Admitted {
        since: Timestamp::from_seconds(1),
    })
}

/// A connection of each kind.
fn of_kind(kind: Kind) -> Option<ConnectionInfo> {
    let mut connection = match kind {
        Kind::Person => connection("spiffe://energy.isac.example/member/acme/person/meryem"),
        Kind::Tool => connection("spiffe://energy.isac.example/member/acme/tool/siem"),
        Kind::Operator | Kind::Renewal => connection("spiffe://energy.isac.example/operator/alice"),
        Kind::Peer => connection("spiffe://water.isac.example/node/n1"),
        Kind::Nobody => return None,
    };
    if let (Kind::Renewal, Some(presented)) = (kind, &mut connection.presented) {
        presented.expired = true;
    }
    Some(connection)
}

const ALL: [Kind; 6] = [
    Kind::Person,
    Kind::Tool,
    Kind::Operator,
    Kind::Peer,
    Kind::Renewal,
    Kind::Nobody,
];

#[test]
fn every_rpc_has_its_row_and_every_row_its_rpc() {
    let mut paths = described(pb::DESCRIPTORS);
    paths.extend(described(tonic_health::pb::FILE_DESCRIPTOR_SET));
    paths.extend(described(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET));
    paths.extend(described(
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
    ));
    let described: BTreeSet<&str> = paths.iter().map(String::as_str).collect();
    let listed: BTreeSet<&str> = TABLE.iter().map(|(path, _)| *path).collect();
    assert_eq!(listed, described);
    assert_eq!(listed.len(), TABLE.len(), "no RPC has two rows");
}

#[test]
fn each_rpc_admits_its_callers_and_denies_all_others() {
    let roster = admitted();
    for (path, kinds) in TABLE {
        for kind in ALL {
            let connection = of_kind(kind);
            let answer = admit(path, connection.as_ref(), &here(), &roster);
            if kinds.contains(&kind) {
                assert_eq!(answer.map(|c| c.kind()).ok(), Some(kind), "{path} {kind:?}");
                continue;
            }
            let denied = answer.expect_err("the row does not name this kind");
            let (code, reason) = match kind {
                Kind::Nobody => (Code::Unauthenticated, "NO_CREDENTIAL"),
                Kind::Renewal => (Code::Unauthenticated, "CREDENTIAL_EXPIRED"),
                Kind::Person | Kind::Tool | Kind::Operator | Kind::Peer => {
                    (Code::PermissionDenied, "NOT_ALLOWED")
                }
            };
            assert_eq!(denied.code(), code, "{path} {kind:?}");
            let info = denied.get_details_error_info().expect("an ErrorInfo");
            assert_eq!(
                (info.reason.as_str(), info.domain.as_str()),
                (reason, "sluis")
            );
        }
    }
}

#[test]
fn who_may_call_a_service_is_who_its_comment_says() {
    let of = |service: &str| -> BTreeSet<Kind> {
        TABLE
            .iter()
            .filter(|(path, _)| path.starts_with(&format!("/sluis.v1.{service}/")))
            .flat_map(|(_, kinds)| kinds.iter().copied())
            .collect()
    };
    assert_eq!(of("AdminService"), BTreeSet::from([Kind::Operator]));
    assert_eq!(
        of("SharingService"),
        BTreeSet::from([Kind::Person, Kind::Tool])
    );
    assert_eq!(of("FederationService"), BTreeSet::from([Kind::Peer]));
    assert_eq!(
        row("/sluis.v1.SharingService/EndorseMember"),
        Some([Kind::Person].as_slice())
    );
}

#[test]
fn odd_paths_are_no_methods_whoever_calls() {
    let roster = admitted();
    for path in [
        "",
        "/",
        "*",
        "/sluis.v1.AdminService",
        "/sluis.v1.AdminService/",
        "/sluis.v1.AdminService/GetStatus/",
        "//sluis.v1.AdminService/GetStatus",
        "/sluis.v1.AdminService//GetStatus",
        "/sluis.v1.AdminService/getstatus",
        "/sluis.v1.AdminService/GetStatus%00",
        "/sluis.v1.SharingService/../sluis.v1.AdminService/GetStatus",
        "sluis.v1.AdminService/GetStatus",
        "/sluis.v1.EnrollmentService/Enroll;x",
    ] {
        for kind in ALL {
            let connection = of_kind(kind);
            let refused = admit(path, connection.as_ref(), &here(), &roster)
                .expect_err("there is no such method");
            assert_eq!(refused.code(), Code::Unimplemented, "{path:?}");
            assert_eq!(refused.message(), "there is no such method");
        }
    }
}

#[test]
fn a_suspended_member_is_told_so_on_every_call_but_those_that_are_open_to_anyone() {
    let roster = roster(Standing::Suspended {
        admitted: Timestamp::from_seconds(1),
    });
    let connection = of_kind(Kind::Person);
    for (path, kinds) in TABLE {
        let answer = admit(path, connection.as_ref(), &here(), &roster);
        if kinds.contains(&Kind::Nobody) {
            assert_eq!(answer.ok(), Some(Caller::Nobody), "{path}");
            continue;
        }
        let denied = answer.expect_err("a suspended member may not call");
        assert_eq!(denied.code(), Code::PermissionDenied);
        let info = denied.get_details_error_info().expect("an ErrorInfo");
        assert_eq!(info.reason, "MEMBER_SUSPENDED");
        assert_eq!(
            info.metadata.get("member").map(String::as_str),
            Some("acme")
        );
    }
}

#[tokio::test]
async fn the_layer_stands_before_the_handler_and_says_who_calls() {
    use tower::ServiceExt as _;
    let inner = tower::service_fn(|request: http::Request<()>| async move {
        let caller = request.extensions().get::<Caller>().cloned();
        Ok::<_, std::convert::Infallible>(http::Response::new(format!("{caller:?}")))
    });
    let everyone = Arc::new(admitted());
    let service = AccessLayer::new(here(), Arc::new(move || Arc::clone(&everyone))).layer(inner);
    let call = |path: &str, kind: Kind, forged: bool| {
        let mut request = http::Request::builder()
            .uri(path)
            .body(())
            .expect("a valid request");
        if let Some(connection) = of_kind(kind) {
            request.extensions_mut().insert(connection);
        }
        if forged {
            let alice = crate::model::ids::Name::parse("alice").expect("a valid name");
            request.extensions_mut().insert(Caller::Operator(alice));
        }
        service.clone().oneshot(request)
    };
    let path = "/sluis.v1.AdminService/GetStatus";
    let passed = call(path, Kind::Operator, false).await.expect("an answer");
    assert_eq!(passed.body(), "Some(Operator(alice))");
    for kind in [Kind::Nobody, Kind::Tool, Kind::Peer] {
        let denied = call(path, kind, true).await.expect("an answer");
        assert_eq!(denied.body(), "", "the handler did not run for {kind:?}");
        assert_ne!(denied.headers()["grpc-status"], "0");
    }
}
