//! The operators' service and enrolment as machines meet them: over mTLS, with the table in front.

use std::sync::Arc;

use sluis::api::status::DOMAIN;
use sluis::client::{Profile, connect, join, renew};
use sluis::clock::Clock as _;
use sluis::model::invite::Invite;
use sluis::trust::{Bundles, ExpectedServer, LiveCredential, client_config};
use sluis::wire::pb;
use sluis::wire::pb::admin_service_client::AdminServiceClient;
use sluis::wire::pb::sharing_service_client::SharingServiceClient;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::house::{Node, day};

const ENERGY: &str = "energy.isac.example";

/// A channel with this credential, or with none.
async fn channel(node: &Node, credential: Option<&LiveCredential>) -> Channel {
    let bundles = Bundles::new();
    node.house.authority.add_to(&bundles).expect("a bundle");
    let expected = ExpectedServer::Community {
        community: node.id().clone(),
        bundles,
    };
    let tls = client_config(credential, expected, Arc::new(node.house.clock.clone()))
        .expect("a TLS configuration");
    connect(&node.address, tls).await.expect("a connection")
}

async fn alice(node: &Node) -> AdminServiceClient<Channel> {
    let credential = node
        .house
        .authority
        .credential(node.alice(), &[], node.house.clock.now(), 30 * 86_400)
        .expect("an operator's certificate");
    AdminServiceClient::new(channel(node, Some(&LiveCredential::new(credential))).await)
}

async fn as_member(node: &Node, profile: &Profile) -> Channel {
    let (credential, _) = profile.live().expect("a credential");
    channel(node, Some(&credential)).await
}

fn reason(status: &Status) -> (Code, String) {
    let info = status.get_details_error_info().expect("an ErrorInfo");
    assert_eq!(info.domain, DOMAIN);
    (status.code(), info.reason)
}

/// Asks for something that every admitted member may ask for. The service is not mounted here: whoever gets past the
/// table is told that it is not there, without a reason.
async fn tries(channel: Channel) -> Option<(Code, String)> {
    let refused = SharingServiceClient::new(channel)
        .list_items(pb::ListItemsRequest::default())
        .await
        .expect_err("no such service here");
    refused
        .get_details_error_info()
        .is_some()
        .then(|| reason(&refused))
}

/// Adds and admits `acme` and enrols its person meryem.
async fn enrolled(
    node: &Node,
    admin: &mut AdminServiceClient<Channel>,
    home: &std::path::Path,
) -> Profile {
    admin
        .add_member(pb::AddMemberRequest {
            member: "acme".to_owned(),
            name: "Acme N.V.".to_owned(),
            ..pb::AddMemberRequest::default()
        })
        .await
        .expect("a candidate");
    let admitted = admin
        .admit_member(pb::AdmitMemberRequest {
            member: "acme".to_owned(),
        })
        .await
        .expect("the first member")
        .into_inner();
    assert_eq!(admitted.state(), pb::member::State::Admitted);
    let profile = home.join("meryem");
    let invite = invite(admin).await;
    join(&invite, &profile, Arc::new(node.house.clock.clone()))
        .await
        .expect("a profile")
}

async fn invite(admin: &mut AdminServiceClient<Channel>) -> Invite {
    let made = admin
        .create_member_invite(pb::CreateMemberInviteRequest {
            member: "acme".to_owned(),
            credential: Some(pb::create_member_invite_request::Credential::Person(
                "meryem".to_owned(),
            )),
            ttl_seconds: 0,
        })
        .await
        .expect("an invite")
        .into_inner();
    Invite::parse(&made.invite).expect("it reads")
}

#[tokio::test]
async fn a_member_comes_in_and_its_right_ends_with_its_membership() {
    let node = Node::of(ENERGY).await;
    let home = tempfile::tempdir().expect("a directory");
    let mut admin = alice(&node).await;
    let profile = enrolled(&node, &mut admin, home.path()).await;
    assert_eq!(
        profile.id().to_string(),
        "spiffe://energy.isac.example/member/acme/person/meryem"
    );
    let shown = admin
        .get_member(pb::GetMemberRequest {
            member: "acme".to_owned(),
        })
        .await
        .expect("a member")
        .into_inner();
    assert_eq!(shown.credentials.len(), 1);
    assert_eq!(shown.credentials[0].spiffe_id, profile.id().to_string());
    let meryem = as_member(&node, &profile).await;
    assert_eq!(tries(meryem.clone()).await, None);
    let denied = AdminServiceClient::new(meryem.clone())
        .list_members(pb::ListMembersRequest {})
        .await
        .expect_err("operators only");
    assert_eq!(
        reason(&denied),
        (Code::PermissionDenied, "NOT_ALLOWED".to_owned())
    );

    admin
        .suspend_member(pb::SuspendMemberRequest {
            member: "acme".to_owned(),
        })
        .await
        .expect("a suspension");
    // The connection was cut; a new one is told why.
    let suspended = Some((Code::PermissionDenied, "MEMBER_SUSPENDED".to_owned()));
    assert_eq!(tries(as_member(&node, &profile).await).await, suspended);
    let mut spare = profile.clone();
    node.house.clock.set(day(5));
    assert!(
        renew(&spare, Arc::new(node.house.clock.clone()))
            .await
            .is_err()
    );
    admin
        .resume_member(pb::ResumeMemberRequest {
            member: "acme".to_owned(),
        })
        .await
        .expect("an end of it");
    spare = renew(&spare, Arc::new(node.house.clock.clone()))
        .await
        .expect("a new certificate");
    assert_eq!(spare.credential().not_after(), day(12));
    let open = as_member(&node, &spare).await;
    assert_eq!(tries(open).await, None);

    node.house.clock.set(day(20));
    let mut admin = alice(&node).await;
    let late = as_member(&node, &spare).await;
    assert_eq!(
        tries(late).await,
        Some((Code::Unauthenticated, "CREDENTIAL_EXPIRED".to_owned()))
    );
    let spare = renew(&spare, Arc::new(node.house.clock.clone()))
        .await
        .expect("back from holiday");
    assert_eq!(tries(as_member(&node, &spare).await).await, None);

    admin
        .revoke_credential(pb::RevokeCredentialRequest {
            member: "acme".to_owned(),
            credential: Some(pb::revoke_credential_request::Credential::Person(
                "meryem".to_owned(),
            )),
        })
        .await
        .expect("a revocation");
    let revoked = Some((Code::PermissionDenied, "CREDENTIAL_REVOKED".to_owned()));
    assert_eq!(tries(as_member(&node, &spare).await).await, revoked);
    // The name comes back by a new invite; the certificate that was revoked does not.
    let again = invite(&mut admin).await;
    let again = join(
        &again,
        &home.path().join("again"),
        Arc::new(node.house.clock.clone()),
    )
    .await
    .expect("a new profile");
    assert_eq!(tries(as_member(&node, &again).await).await, None);
    assert_eq!(tries(as_member(&node, &spare).await).await, revoked);
}

#[tokio::test]
async fn a_stranger_learns_nothing_but_that_a_certificate_is_needed() {
    let node = Node::of(ENERGY).await;
    let stranger = channel(&node, None).await;
    assert_eq!(
        tries(stranger.clone()).await,
        Some((Code::Unauthenticated, "NO_CREDENTIAL".to_owned()))
    );
    let denied = AdminServiceClient::new(stranger.clone())
        .get_status(pb::GetStatusRequest {})
        .await
        .expect_err("operators only");
    assert_eq!(denied.code(), Code::Unauthenticated);
    let unknown = pb::enrollment_service_client::EnrollmentServiceClient::new(stranger.clone())
        .enroll(pb::EnrollRequest {
            secret: bytes::Bytes::from_static(&[7; 32]),
            signing_request: super::house::request().into(),
        })
        .await
        .expect_err("a guess");
    assert_eq!(
        reason(&unknown),
        (Code::PermissionDenied, "INVITE_UNKNOWN".to_owned())
    );
    let short = pb::enrollment_service_client::EnrollmentServiceClient::new(stranger)
        .enroll(pb::EnrollRequest::default())
        .await
        .expect_err("no secret");
    assert_eq!(
        reason(&short),
        (Code::InvalidArgument, "MALFORMED".to_owned())
    );
}

#[tokio::test]
async fn what_is_not_there_is_said_with_its_id_and_what_to_type() {
    let node = Node::of(ENERGY).await;
    let mut admin = alice(&node).await;
    let member = admin
        .get_member(pb::GetMemberRequest {
            member: "acme".to_owned(),
        })
        .await
        .expect_err("no such member");
    assert_eq!(reason(&member), (Code::NotFound, "NOT_FOUND".to_owned()));
    assert!(member.message().contains("acme") && member.message().contains("sluis member list"));
    let peer = admin
        .get_peer(pb::GetPeerRequest {
            peer: "water.isac.example".to_owned(),
        })
        .await
        .expect_err("no such peer");
    assert_eq!(reason(&peer), (Code::NotFound, "NOT_FOUND".to_owned()));
    assert!(peer.message().contains("water.isac.example") && peer.message().contains("sluis peer"));
    let id = admin
        .get_member(pb::GetMemberRequest {
            member: "Acme".to_owned(),
        })
        .await
        .expect_err("no id");
    assert_eq!(reason(&id), (Code::InvalidArgument, "MALFORMED".to_owned()));
    let fields = id.get_details_bad_request().expect("a BadRequest");
    assert_eq!(fields.field_violations[0].field, "member");
}

#[tokio::test]
async fn two_operators_bring_an_agreement_into_force() {
    let energy = Node::of(ENERGY).await;
    let water = Node::of("water.isac.example").await;
    let (mut at_energy, mut at_water) = (alice(&energy).await, alice(&water).await);
    let invite = at_energy
        .create_peer_invite(pb::CreatePeerInviteRequest {
            community: "water.isac.example".to_owned(),
            wishes: None,
            ttl_seconds: 0,
        })
        .await
        .expect("an invite")
        .into_inner()
        .invite;
    let accepted = at_water
        .accept_peer_invite(pb::AcceptPeerInviteRequest {
            invite,
            wishes: None,
        })
        .await
        .expect("first contact")
        .into_inner();
    assert_eq!(accepted.state(), pb::PeerState::Proposed);
    at_water
        .confirm_peer(pb::ConfirmPeerRequest {
            peer: ENERGY.to_owned(),
        })
        .await
        .expect("a signature");
    let confirmed = at_energy
        .confirm_peer(pb::ConfirmPeerRequest {
            peer: "water.isac.example".to_owned(),
        })
        .await
        .expect("a signature")
        .into_inner();
    assert_eq!(confirmed.state(), pb::PeerState::InForce);
    assert_eq!(confirmed.phrase, accepted.phrase);
    let listed = at_water
        .list_peers(pb::ListPeersRequest {})
        .await
        .expect("the peers")
        .into_inner()
        .peers;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].state(), pb::PeerState::InForce);
    assert!(listed[0].signed_by_us && listed[0].signed_by_them);
}
