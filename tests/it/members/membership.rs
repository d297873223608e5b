//! Who becomes a member, and how its machines come to their certificates.

use std::collections::BTreeSet;
use std::sync::Arc;

use sluis::audit::Act;
use sluis::clock::Timestamp;
use sluis::membership::{Candidate, InviteProblem, Membership, MembershipError};
use sluis::model::ids::{Digest, SpiffeId};
use sluis::model::invite::Invite;
use sluis::model::member::{Member, Standing};
use sluis::trust::Presented;

use super::house::{House, candidate, day, member, person, request, tool};

const ENERGY: &str = "energy.isac.example";

#[tokio::test]
async fn the_first_members_need_no_endorsement_and_later_ones_as_many_as_the_community_decided() {
    let house = House::of(ENERGY).await;
    house.admit("acme", &[]).await;
    house.admit("borealis", &[]).await;
    house.add("cygnus").await;
    let refused = house
        .membership
        .admit(&house.alice, &member("cygnus"))
        .await;
    assert!(matches!(
        refused,
        Err(MembershipError::MissingEndorsements {
            have: 0,
            required: 2,
            ..
        })
    ));
    house.endorse("acme", "cygnus").await;
    let refused = house
        .membership
        .admit(&house.alice, &member("cygnus"))
        .await;
    assert!(matches!(
        refused,
        Err(MembershipError::MissingEndorsements {
            have: 1,
            required: 2,
            ..
        })
    ));
    house.endorse("borealis", "cygnus").await;
    house.clock.set(day(3));
    let admitted = house
        .membership
        .admit(&house.alice, &member("cygnus"))
        .await
        .expect("two of two");
    assert_eq!(admitted.standing, Standing::Admitted { since: day(3) });
    let again = house
        .membership
        .admit(&house.alice, &member("cygnus"))
        .await;
    assert_eq!(
        again.expect("may be repeated").standing,
        Standing::Admitted { since: day(3) }
    );
}

#[tokio::test]
async fn a_member_has_one_vote_and_none_for_itself() {
    let house = House::of(ENERGY).await;
    house.admit("acme", &[]).await;
    house.admit("borealis", &[]).await;
    house.add("cygnus").await;
    for name in ["meryem", "meryem", "joost"] {
        let by = SpiffeId::credential(&house.id, &member("acme"), &person(name));
        let endorsed = house
            .membership
            .endorse(&by, &member("acme"), &member("cygnus"))
            .await
            .expect("an endorsement");
        assert_eq!((endorsed.have, endorsed.required), (1, 2));
    }
    let by = SpiffeId::credential(&house.id, &member("acme"), &person("meryem"));
    let vote = |endorser: &str, candidate: &str| {
        let (endorser, candidate) = (member(endorser), member(candidate));
        let (membership, by) = (Arc::clone(&house.membership), by.clone());
        async move { membership.endorse(&by, &endorser, &candidate).await }
    };
    assert!(matches!(
        vote("acme", "acme").await,
        Err(MembershipError::OwnMember)
    ));
    // Candidates vouch for nobody, so that none can come in on each other's word.
    assert!(matches!(
        vote("cygnus", "cygnus").await,
        Err(MembershipError::NotAdmitted { .. })
    ));
    house.add("dorado").await;
    assert!(matches!(
        vote("cygnus", "dorado").await,
        Err(MembershipError::NotAdmitted { .. })
    ));
    assert!(matches!(
        vote("acme", "borealis").await,
        Err(MembershipError::NotCandidate { .. })
    ));
    assert!(matches!(
        vote("acme", "nobody").await,
        Err(MembershipError::UnknownMember(_))
    ));
}

#[tokio::test]
async fn the_word_of_a_member_that_was_suspended_since_does_not_count() {
    let house = House::requiring(ENERGY, 1).await;
    house.admit("acme", &[]).await;
    house.admit("borealis", &["acme"]).await;
    house.add("cygnus").await;
    house.endorse("borealis", "cygnus").await;
    house
        .membership
        .suspend(&house.alice, &member("borealis"))
        .await
        .expect("a suspension");
    assert!(matches!(
        house
            .membership
            .admit(&house.alice, &member("cygnus"))
            .await,
        Err(MembershipError::MissingEndorsements {
            have: 0,
            required: 1,
            ..
        })
    ));
}

#[tokio::test]
async fn an_id_is_never_given_twice() {
    let house = House::of(ENERGY).await;
    house.admit("acme", &[]).await;
    let again = |id: &str| {
        let (membership, alice, candidate) = (
            Arc::clone(&house.membership),
            house.alice.clone(),
            candidate(id),
        );
        async move { membership.add(&alice, candidate).await }
    };
    assert!(matches!(
        again("acme").await,
        Err(MembershipError::IdTaken(_))
    ));
    house
        .membership
        .remove(&house.alice, &member("acme"))
        .await
        .expect("it leaves");
    assert!(matches!(
        again("acme").await,
        Err(MembershipError::IdTaken(_))
    ));
    for act in ["admit", "suspend", "resume"] {
        let (m, alice, acme) = (&house.membership, &house.alice, member("acme"));
        let refused = match act {
            "admit" => m.admit(alice, &acme).await,
            "suspend" => m.suspend(alice, &acme).await,
            _ => m.resume(alice, &acme).await,
        };
        assert!(
            matches!(refused, Err(MembershipError::NotPossible { .. })),
            "{act}"
        );
    }
    // Of any number at once one gets it.
    let at_once = futures_util::future::join_all((0..16).map(|_| again("borealis"))).await;
    assert_eq!(at_once.iter().filter(|added| added.is_ok()).count(), 1);
}

#[tokio::test]
async fn words_out_of_bounds_are_refused_with_their_field() {
    let house = House::of(ENERGY).await;
    let long = "a".repeat(Member::TEXT_BYTES_MAX + 1);
    let with = |change: &dyn Fn(&mut Candidate)| {
        let mut candidate = candidate("acme");
        change(&mut candidate);
        let (membership, alice) = (Arc::clone(&house.membership), house.alice.clone());
        async move {
            match membership.add(&alice, candidate).await {
                Err(MembershipError::OutOfBounds { field, .. }) => field,
                other => panic!("{other:?}"),
            }
        }
    };
    assert_eq!(with(&|c| c.name = " ".to_owned()).await, "name");
    assert_eq!(with(&|c| c.name = long.clone()).await, "name");
    assert_eq!(with(&|c| c.name = "Acme\u{1b}[2J".to_owned()).await, "name");
    assert_eq!(with(&|c| c.contact = long.clone()).await, "contact");
    assert_eq!(
        with(&|c| c.contact = "\u{202e}moc".to_owned()).await,
        "contact"
    );
    assert_eq!(
        with(&|c| c.domains = vec!["acme".to_owned()]).await,
        "domains"
    );
    assert_eq!(
        with(&|c| c.domains = vec!["https://acme.example".to_owned()]).await,
        "domains"
    );
    assert_eq!(
        with(&|c| c.domains = (0..33).map(|n| format!("d{n}.example")).collect()).await,
        "domains"
    );
    assert_eq!(
        with(&|c| c.identities = vec!["identity--1".to_owned()]).await,
        "identities"
    );
    assert!(house.acts().await.is_empty(), "nothing of it was recorded");
}

#[tokio::test]
async fn suspending_cuts_the_member_and_nobody_else_and_resuming_reads_anew() {
    let house = House::of(ENERGY).await;
    house.admit("acme", &[]).await;
    let id = |text: &str| SpiffeId::parse(text).expect("a valid id");
    let others = [
        id("spiffe://energy.isac.example/member/acme-2/tool/siem"),
        id("spiffe://energy.isac.example/operator/acme"),
        id("spiffe://water.isac.example/member/acme/tool/siem"),
    ];
    *house.heard.live.lock().unwrap() = others
        .iter()
        .cloned()
        .chain([
            id("spiffe://energy.isac.example/member/acme/tool/siem"),
            id("spiffe://energy.isac.example/member/acme/person/meryem"),
        ])
        .collect();
    let suspended = house
        .membership
        .suspend(&house.alice, &member("acme"))
        .await
        .expect("a suspension");
    assert_eq!(suspended.standing.name(), "suspended");
    assert_eq!(*house.heard.live.lock().unwrap(), others);
    assert_eq!(suspended.epoch, 1);
    let repeated = house
        .membership
        .suspend(&house.alice, &member("acme"))
        .await;
    assert_eq!(repeated.expect("may be repeated"), suspended);
    let resumed = house
        .membership
        .resume(&house.alice, &member("acme"))
        .await
        .expect("an end of it");
    assert_eq!(resumed.standing, Standing::Admitted { since: day(0) });
    assert_eq!(resumed.epoch, 2, "what it missed is read again");
    let repeated = house.membership.resume(&house.alice, &member("acme")).await;
    assert_eq!(repeated.expect("may be repeated"), resumed);
}

#[tokio::test]
async fn every_change_is_announced_and_an_announcement_that_fails_undoes_nothing() {
    let house = House::of(ENERGY).await;
    house.admit("acme", &[]).await;
    let (m, alice, acme) = (&house.membership, &house.alice, member("acme"));
    m.suspend(alice, &acme).await.expect("a suspension");
    m.suspend(alice, &acme).await.expect("may be repeated");
    m.resume(alice, &acme).await.expect("an end of it");
    m.remove(alice, &acme).await.expect("it leaves");
    assert_eq!(
        *house.heard.announced.lock().unwrap(),
        [
            "acme N.V. asks to become a member",
            "acme N.V. is a member",
            "acme N.V. is suspended",
            "acme N.V. is a member again",
            "acme N.V. left",
        ]
    );
}

#[tokio::test]
async fn of_64_enrolments_at_once_one_gets_a_certificate() {
    let house = House::of(ENERGY).await;
    house.admit("acme", &[]).await;
    let invite = house.invite("acme", &tool("siem")).await;
    let (membership, secret) = (&house.membership, invite.secret);
    let at_once = (0..64).map(|_| async move { membership.enroll(&secret, &request()).await });
    let mut enrolled = Vec::new();
    for answer in futures_util::future::join_all(at_once).await {
        match answer {
            Ok(one) => enrolled.push(one),
            Err(MembershipError::Invite(InviteProblem::Used)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(enrolled.len(), 1);
    let acts = house.acts().await;
    let records = acts
        .iter()
        .filter(|act| *act == Act::CredentialEnrolled.name());
    assert_eq!(records.count(), 1);
}

#[tokio::test]
async fn an_invite_is_good_once_until_its_end_and_where_it_was_made() {
    let house = House::of(ENERGY).await;
    house.admit("acme", &[]).await;
    let enroll = |secret: [u8; 32]| {
        let membership = Arc::clone(&house.membership);
        async move {
            match membership.enroll(&secret, &request()).await {
                Ok(enrolled) => Ok(enrolled),
                Err(MembershipError::Invite(problem)) => Err(problem),
                Err(other) => panic!("{other}"),
            }
        }
    };
    let invite = house.invite("acme", &person("meryem")).await;
    assert_eq!(invite.expires, day(1));
    assert_eq!(
        enroll([7; 32]).await.expect_err("a guess"),
        InviteProblem::Unknown
    );
    assert!(enroll(invite.secret).await.is_ok());
    assert_eq!(
        enroll(invite.secret).await.expect_err("a second use"),
        InviteProblem::Used
    );
    let late = house.invite("acme", &person("joost")).await;
    house.clock.set(day(1));
    assert_eq!(
        enroll(late.secret).await.expect_err("a late use"),
        InviteProblem::Expired
    );
    let credentials: Vec<_> = house.log.roster().credentials.keys().cloned().collect();
    assert_eq!(credentials, [(member("acme"), person("meryem"))]);
}

#[tokio::test]
async fn an_invite_lasts_30_days_at_most_and_is_made_for_admitted_members_only() {
    let house = House::of(ENERGY).await;
    house.add("acme").await;
    let invite = |ttl: u32| {
        let (membership, alice) = (Arc::clone(&house.membership), house.alice.clone());
        async move {
            membership
                .invite(&alice, &member("acme"), &tool("siem"), ttl)
                .await
        }
    };
    assert!(matches!(
        invite(0).await,
        Err(MembershipError::NotAdmitted { .. })
    ));
    house
        .membership
        .admit(&house.alice, &member("acme"))
        .await
        .expect("the first member");
    assert_eq!(
        invite(30 * 86_400).await.expect("an invite").expires,
        day(30)
    );
    assert!(matches!(
        invite(30 * 86_400 + 1).await,
        Err(MembershipError::OutOfBounds {
            field: "ttl_seconds",
            ..
        })
    ));
    // The secret is kept as its hash only.
    let made = invite(0).await.expect("an invite");
    let secret = Invite::parse(&made.text).expect("it reads").secret;
    house
        .store
        .close()
        .await
        .expect("everything is in the file");
    let file = std::fs::read(house.directory.path().join("sluis.db")).expect("the database");
    assert!(!file.windows(32).any(|window| window == secret));
    let hash = Digest::of(&secret).0;
    assert!(file.windows(32).any(|window| window == hash));
}

#[tokio::test]
async fn a_suspended_member_does_not_enrol_and_its_invite_is_good_when_it_is_back() {
    let house = House::of(ENERGY).await;
    house.admit("acme", &[]).await;
    let invite = house.invite("acme", &tool("siem")).await;
    let (m, alice, acme) = (&house.membership, &house.alice, member("acme"));
    m.suspend(alice, &acme).await.expect("a suspension");
    assert!(matches!(
        m.enroll(&invite.secret, &request()).await,
        Err(MembershipError::NotAdmitted {
            standing: "suspended",
            ..
        })
    ));
    m.resume(alice, &acme).await.expect("an end of it");
    m.enroll(&invite.secret, &request())
        .await
        .expect("a certificate");
}

#[tokio::test]
async fn nothing_of_a_request_is_believed_but_its_key() {
    let house = House::of(ENERGY).await;
    house.admit("acme", &[]).await;
    let invite = house.invite("acme", &tool("siem")).await;
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params =
        rcgen::CertificateParams::new(vec!["node.energy.isac.example".to_owned()]).expect("names");
    params.distinguished_name.push(
        rcgen::DnType::CommonName,
        "spiffe://energy.isac.example/operator/mallory",
    );
    params.subject_alt_names.push(rcgen::SanType::URI(
        "spiffe://energy.isac.example/operator/mallory"
            .try_into()
            .expect("a URI"),
    ));
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let hostile = params.serialize_request(&key).expect("a request");
    let enrolled = house
        .membership
        .enroll(&invite.secret, hostile.der())
        .await
        .expect("a certificate");
    let says = Presented::by(&enrolled.certificate, day(0)).expect("a certificate that reads");
    assert_eq!(
        says.id.to_string(),
        "spiffe://energy.isac.example/member/acme/tool/siem"
    );
    for name in ["mallory", "node.energy"] {
        let found = enrolled
            .certificate
            .windows(name.len())
            .any(|window| window == name.as_bytes());
        assert!(!found, "{name}");
    }
    assert_eq!(says.not_after, day(7));
}

#[tokio::test]
async fn a_request_that_does_not_read_consumes_no_invite() {
    let house = House::of(ENERGY).await;
    house.admit("acme", &[]).await;
    let invite = house.invite("acme", &tool("siem")).await;
    let mut flipped = request();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let p384 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).expect("a key");
    let other_kind = rcgen::CertificateParams::default()
        .serialize_request(&p384)
        .expect("a request");
    for bad in [vec![], vec![0x30], flipped, other_kind.der().to_vec()] {
        assert!(matches!(
            house.membership.enroll(&invite.secret, &bad).await,
            Err(MembershipError::SigningRequest(_))
        ));
    }
    house
        .membership
        .enroll(&invite.secret, &request())
        .await
        .expect("the invite is still good");
}

async fn enrolled(house: &House, id: &str) -> (SpiffeId, Timestamp) {
    let invite = house.invite(id, &person("meryem")).await;
    let enrolled = house
        .membership
        .enroll(&invite.secret, &request())
        .await
        .expect("a certificate");
    let begin = Presented::by(&enrolled.certificate, day(0))
        .expect("a certificate that reads")
        .not_before;
    (enrolled.id, begin)
}

async fn renewed(
    membership: &Membership,
    id: &SpiffeId,
    begin: Timestamp,
) -> Result<Timestamp, MembershipError> {
    membership
        .renew(id, begin, &request())
        .await
        .map(|renewed| renewed.expires)
}

#[tokio::test]
async fn a_certificate_renews_with_a_new_key_also_when_the_last_answer_was_lost() {
    let house = House::of(ENERGY).await;
    house.admit("acme", &[]).await;
    let (id, begin) = enrolled(&house, "acme").await;
    house.clock.set(day(5));
    for _lost in 0..2 {
        let expires = renewed(&house.membership, &id, begin)
            .await
            .expect("a renewal");
        assert_eq!(expires, day(12));
    }
    let key = (member("acme"), person("meryem"));
    assert_eq!(house.log.roster().credentials[&key].expires, day(12));
    let m = &house.membership;
    m.suspend(&house.alice, &member("acme"))
        .await
        .expect("a suspension");
    assert!(matches!(
        renewed(m, &id, begin).await,
        Err(MembershipError::NotAdmitted {
            standing: "suspended",
            ..
        })
    ));
    assert!(
        renewed(m, &house.alice, day(0)).await.is_ok(),
        "an operator renews too"
    );
    let node = SpiffeId::parse("spiffe://energy.isac.example/node/n1").expect("a valid id");
    assert!(matches!(
        renewed(m, &node, day(0)).await,
        Err(MembershipError::NotRenewable)
    ));
}

#[tokio::test]
async fn a_revoked_name_enrols_anew_by_a_new_invite_only_and_the_old_certificate_stays_refused() {
    let house = House::of(ENERGY).await;
    house.admit("acme", &[]).await;
    let (id, old) = enrolled(&house, "acme").await;
    let unused = house.invite("acme", &person("meryem")).await;
    *house.heard.live.lock().unwrap() = vec![id.clone()];
    house.clock.set(day(0).plus_seconds(3600));
    let m = &house.membership;
    let (acme, meryem) = (member("acme"), person("meryem"));
    let revoke = || m.revoke(&house.alice, &acme, &meryem);
    assert_eq!(revoke().await.expect("a revocation"), 1);
    assert_eq!(revoke().await.expect("may be repeated"), 0);
    assert!(matches!(
        renewed(m, &id, old).await,
        Err(MembershipError::Revoked)
    ));
    assert!(matches!(
        m.enroll(&unused.secret, &request()).await,
        Err(MembershipError::Invite(InviteProblem::Void))
    ));
    house.clock.set(day(0).plus_seconds(7200));
    let (_, new) = enrolled(&house, "acme").await;
    assert!(matches!(
        renewed(m, &id, old).await,
        Err(MembershipError::Revoked)
    ));
    renewed(m, &id, new)
        .await
        .expect("the new certificate is good");
    assert!(matches!(
        m.revoke(&house.alice, &member("acme"), &tool("meryem"))
            .await,
        Err(MembershipError::UnknownCredential { .. })
    ));
}

#[tokio::test]
async fn an_operators_invite_makes_an_operator() {
    let house = House::of(ENERGY).await;
    let name = sluis::model::ids::Name::parse("bob").expect("a valid name");
    let made = house
        .membership
        .invite_operator(&house.alice, &name, 0)
        .await
        .expect("an invite");
    let invite = Invite::parse(&made.text).expect("it reads");
    let enrolled = house
        .membership
        .enroll(&invite.secret, &request())
        .await
        .expect("a certificate");
    assert_eq!(
        enrolled.id.to_string(),
        "spiffe://energy.isac.example/operator/bob"
    );
    assert!(house.log.roster().credentials.is_empty());
}

#[tokio::test]
async fn each_deed_leaves_one_record_and_what_was_refused_or_changed_nothing_leaves_none() {
    let house = House::of(ENERGY).await;
    house.admit("acme", &[]).await;
    house.admit("borealis", &[]).await;
    house.add("cygnus").await;
    house.endorse("acme", "cygnus").await;
    house.endorse("acme", "cygnus").await;
    let (m, alice) = (&house.membership, &house.alice);
    m.admit(alice, &member("cygnus"))
        .await
        .expect_err("one of two");
    m.add(alice, candidate("acme")).await.expect_err("taken");
    let (id, begin) = enrolled(&house, "acme").await;
    renewed(m, &id, begin).await.expect("a renewal");
    m.enroll(&[1; 32], &request()).await.expect_err("a guess");
    m.suspend(alice, &member("acme"))
        .await
        .expect("a suspension");
    m.suspend(alice, &member("acme"))
        .await
        .expect("may be repeated");
    m.resume(alice, &member("acme"))
        .await
        .expect("an end of it");
    m.revoke(alice, &member("acme"), &person("meryem"))
        .await
        .expect("a revocation");
    m.revoke(alice, &member("acme"), &person("meryem"))
        .await
        .expect("may be repeated");
    m.remove(alice, &member("acme")).await.expect("it leaves");
    m.remove(alice, &member("acme"))
        .await
        .expect("may be repeated");
    assert_eq!(
        house.acts().await,
        [
            "member-added",
            "member-admitted",
            "member-added",
            "member-admitted",
            "member-added",
            "member-endorsed",
            "credential-invited",
            "credential-enrolled",
            "credential-renewed",
            "member-suspended",
            "member-resumed",
            "credential-revoked",
            "member-removed",
        ]
    );
    let known: BTreeSet<&str> = Act::ALL.iter().map(|act| act.name()).collect();
    assert!(
        house
            .acts()
            .await
            .iter()
            .all(|act| known.contains(act.as_str()))
    );
    let mut chain = sluis::audit::Chain::default();
    for row in &house.audit().await {
        chain.follow(row).expect("the chain is whole");
    }
    assert_eq!(chain.seq(), 13);
}

#[tokio::test]
async fn within_one_moment_a_name_is_revoked_and_enrols_anew_and_the_two_certificates_are_told_apart()
 {
    let house = House::of(ENERGY).await;
    house.admit("acme", &[]).await;
    let (id, old) = enrolled(&house, "acme").await;
    let m = &house.membership;
    m.revoke(&house.alice, &member("acme"), &person("meryem"))
        .await
        .expect("a revocation");
    let (_, new) = enrolled(&house, "acme").await;
    assert!(matches!(
        renewed(m, &id, old).await,
        Err(MembershipError::Revoked)
    ));
    assert!(renewed(m, &id, new).await.is_ok());
}
