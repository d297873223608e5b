//! Who a connection is, over every kind of certificate and every state of the roster.

use super::*;
use crate::model::agreement::{Peer, Side, Terms};
use crate::model::ids::{Digest, ItemId};
use crate::model::label::Label;
use crate::model::member::{Credential, Member};

pub(crate) fn here() -> CommunityId {
    CommunityId::parse("energy.isac.example").expect("a valid id")
}

fn day(n: i64) -> Timestamp {
    Timestamp::from_seconds(n * 86_400)
}

/// `acme` (person meryem, tool siem) in this standing, and a peer at first contact.
pub(crate) fn roster(standing: Standing) -> Roster {
    let mut roster = Roster::default();
    let acme = MemberId::parse("acme").expect("a valid id");
    roster.members.insert(
        acme.clone(),
        Member {
            id: acme.clone(),
            name: "Acme".to_owned(),
            domains: vec![],
            identities: vec![],
            contact: String::new(),
            commercial: false,
            standing,
            epoch: 1,
        },
    );
    let name = |text| Name::parse(text).expect("a valid name");
    for name in [
        CredentialName::Person(name("meryem")),
        CredentialName::Tool(name("siem")),
    ] {
        roster.credentials.insert(
            (acme.clone(), name.clone()),
            Credential {
                member: acme.clone(),
                name,
                enrolled: day(5),
                expires: day(12),
                revoked: false,
            },
        );
    }
    let water = CommunityId::parse("water.isac.example").expect("a valid id");
    let side = |community: &CommunityId| Side {
        community: community.clone(),
        out_ceiling: Label::Green,
        in_ceiling: Label::Green,
        onward: false,
        commercial: false,
    };
    roster.peers.insert(
        water.clone(),
        Peer {
            id: water.clone(),
            name: "Water".to_owned(),
            address: "water.example:7443".to_owned(),
            ca_certificates: vec![],
            phrase: String::new(),
            terms_bytes: vec![],
            terms: Terms {
                agreement: ItemId::new(1, [0; 10]),
                version: 1,
                inviter: side(&here()),
                accepter: side(&water),
                kinds: vec![],
                sectors: vec![],
                from: None,
                until: None,
            },
            our_signature: None,
            their_signature: None,
            suspended: false,
            ended: false,
            epoch: 1,
        },
    );
    roster
}

/// A connection whose certificate names this id and runs from day 5.
pub(crate) fn connection(id: &str) -> ConnectionInfo {
    ConnectionInfo {
        presented: Some(Presented {
            id: SpiffeId::parse(id).expect("a valid id"),
            not_before: day(5),
            not_after: day(12),
            expired: false,
            certificate_sha256: Digest([0; 32]),
        }),
        remote: ([127, 0, 0, 1], 4000).into(),
    }
}

fn expired(mut connection: ConnectionInfo) -> ConnectionInfo {
    if let Some(presented) = &mut connection.presented {
        presented.expired = true;
    }
    connection
}

const PERSON: &str = "spiffe://energy.isac.example/member/acme/person/meryem";
const TOOL: &str = "spiffe://energy.isac.example/member/acme/tool/siem";
const OPERATOR: &str = "spiffe://energy.isac.example/operator/alice";

fn resolved(id: &str, roster: &Roster) -> Result<Kind, Denied> {
    Caller::resolve(Some(&connection(id)), &here(), roster).map(|caller| caller.kind())
}

#[test]
fn each_certificate_is_one_kind_of_caller() {
    let roster = roster(Standing::Admitted { since: day(1) });
    for (id, kind) in [
        (PERSON, Kind::Person),
        (TOOL, Kind::Tool),
        (OPERATOR, Kind::Operator),
        ("spiffe://water.isac.example/node/n1", Kind::Peer),
        // A known peer speaks through its nodes only; an unknown community not at all.
        ("spiffe://water.isac.example/operator/alice", Kind::Nobody),
        (
            "spiffe://water.isac.example/member/acme/person/meryem",
            Kind::Nobody,
        ),
        ("spiffe://water.isac.example/signer/k1", Kind::Nobody),
        ("spiffe://finance.isac.example/node/n1", Kind::Nobody),
        ("spiffe://energy.isac.example/node/n1", Kind::Nobody),
        ("spiffe://energy.isac.example/signer/k1", Kind::Nobody),
        ("spiffe://energy.isac.example/member/acme", Kind::Nobody),
    ] {
        assert_eq!(resolved(id, &roster), Ok(kind), "{id}");
    }
    let stranger = ConnectionInfo {
        presented: None,
        ..connection(PERSON)
    };
    for connection in [None, Some(&stranger)] {
        assert_eq!(
            Caller::resolve(connection, &here(), &roster),
            Ok(Caller::Nobody)
        );
    }
}

#[test]
fn only_an_admitted_member_calls() {
    let acme = || MemberId::parse("acme").expect("a valid id");
    for (standing, denied) in [
        (Standing::Candidate, Denied::NotMember(acme())),
        (Standing::Left, Denied::NotMember(acme())),
        (
            Standing::Suspended { admitted: day(1) },
            Denied::MemberSuspended(acme()),
        ),
    ] {
        let roster = roster(standing);
        for id in [PERSON, TOOL] {
            assert_eq!(resolved(id, &roster), Err(denied.clone()));
            let late = expired(connection(id));
            assert_eq!(
                Caller::resolve(Some(&late), &here(), &roster),
                Err(denied.clone()),
                "an expired certificate gives no more than a good one"
            );
        }
        let meryem = Caller::Member {
            member: acme(),
            credential: CredentialName::Person(Name::parse("meryem").expect("a valid name")),
        };
        let status = still_admitted(&meryem, &roster).expect_err("its stream ends");
        assert_eq!(status.code(), tonic::Code::PermissionDenied);
    }
    assert_eq!(
        resolved(PERSON, &Roster::default()),
        Err(Denied::NotMember(acme()))
    );
}

#[test]
fn a_revoked_credential_is_told_so_and_others_of_its_member_are_not_touched() {
    let mut roster = roster(Standing::Admitted { since: day(1) });
    for credential in roster.credentials.values_mut() {
        credential.revoked = matches!(credential.name, CredentialName::Tool(_));
    }
    assert_eq!(resolved(TOOL, &roster), Err(Denied::CredentialRevoked));
    assert_eq!(resolved(PERSON, &roster), Ok(Kind::Person));
}

#[test]
fn a_certificate_from_before_a_revocation_stays_refused_after_the_name_enrols_anew() {
    let mut roster = roster(Standing::Admitted { since: day(1) });
    for credential in roster.credentials.values_mut() {
        credential.enrolled = day(6);
    }
    assert_eq!(resolved(PERSON, &roster), Err(Denied::CredentialRevoked));
}

#[test]
fn a_credential_that_never_enrolled_is_refused() {
    let roster = roster(Standing::Admitted { since: day(1) });
    assert_eq!(
        resolved(
            "spiffe://energy.isac.example/member/acme/person/mallory",
            &roster
        ),
        Err(Denied::CredentialUnknown)
    );
    // A person's certificate is not the tool's of the same name.
    assert_eq!(
        resolved(
            "spiffe://energy.isac.example/member/acme/tool/meryem",
            &roster
        ),
        Err(Denied::CredentialUnknown)
    );
}

#[test]
fn an_expired_certificate_can_only_be_renewed() {
    let roster = roster(Standing::Admitted { since: day(1) });
    for id in [PERSON, TOOL, OPERATOR] {
        let late = expired(connection(id));
        let caller = Caller::resolve(Some(&late), &here(), &roster).expect("a caller");
        assert_eq!(caller.kind(), Kind::Renewal);
    }
    let late = expired(connection("spiffe://water.isac.example/node/n1"));
    assert_eq!(
        Caller::resolve(Some(&late), &here(), &roster),
        Ok(Caller::Nobody)
    );
}
