//! n CAs × n names: exactly the diagonal is accepted, on both ends of a connection and under signatures (threat 24,
//! invariant 28).

use std::sync::Arc;

use rcgen::{KeyPair, PKCS_ED25519};
use sluis::clock::ManualClock;
use sluis::model::ids::{CommunityId, Digest, KeyId};
use sluis::provenance::Keyring as _;
use sluis::store::PinnedKey;
use sluis::trust::{Bundles, ExpectedServer, Keys, TrustError, client_config};

use super::support::{Community, DAY, Raw, date, good, shake_hands, signing_usage, spki, start};

fn communities() -> Vec<Community> {
    // Names that contain each other, begin with each other and end with each other.
    [
        "energy.isac.example",
        "isac.example",
        "energy.isac.example.org",
        "an-energy.isac.example",
    ]
    .map(Community::new)
    .into()
}

fn all_bundles(communities: &[Community]) -> Bundles {
    let bundles = Bundles::new();
    for community in communities {
        community.authority.add_to(&bundles).unwrap();
    }
    bundles
}

#[tokio::test]
async fn a_node_lets_in_exactly_the_diagonal() {
    let all = communities();
    let bundles = all_bundles(&all);
    let clock = ManualClock::at(start());
    let server = all[0].server(&bundles, &clock);
    for (i, ca) in all.iter().enumerate() {
        for (j, named) in all.iter().enumerate() {
            let raw = Raw::signed(&good(&named.id("/node/n1").to_string()), &ca.issuer());
            let done = shake_hands(Arc::clone(&server), raw.client()).await;
            assert_eq!(
                done.server.is_ok(),
                i == j,
                "CA of {} for {}",
                ca.name,
                named.name
            );
            assert_eq!(done.client.is_ok(), i == j);
        }
    }
}

#[tokio::test]
async fn a_client_believes_exactly_the_diagonal_and_only_whom_it_expects() {
    let all = communities();
    let bundles = all_bundles(&all);
    for (i, ca) in all.iter().enumerate() {
        for (j, named) in all.iter().enumerate() {
            let raw = Raw::signed(&good(&named.id("/node/n1").to_string()), &ca.issuer());
            for (k, expected) in all.iter().enumerate() {
                let expected = ExpectedServer::Community {
                    community: expected.name.clone(),
                    bundles: bundles.clone(),
                };
                let clock = Arc::new(ManualClock::at(start()));
                let client = client_config(None, expected, clock).unwrap();
                let done = shake_hands(raw.server(), client).await;
                assert_eq!(done.client.is_ok(), i == j && j == k, "{i} {j} {k}");
            }
        }
    }
}

fn signer(community: &Community, issuer: &Community, key: &KeyPair) -> Vec<u8> {
    let mut params = good(&community.id("/signer/k1").to_string());
    params.extended_key_usages = vec![signing_usage()];
    params
        .signed_by(key, &issuer.issuer())
        .unwrap()
        .der()
        .to_vec()
}

#[test]
fn signatures_are_believed_on_exactly_the_diagonal() {
    let all = communities();
    let keys = Keys::new(all_bundles(&all));
    for (i, ca) in all.iter().enumerate() {
        for (j, named) in all.iter().enumerate() {
            let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
            let id = KeyId(Digest::of(&spki(&key)));
            let admitted = keys.admit(&signer(named, ca, &key), start());
            if i == j {
                assert_eq!(admitted.unwrap(), (id, named.name.clone()));
                assert_eq!(keys.verifying_key(id).unwrap().community, named.name);
            } else {
                assert!(admitted.is_err(), "CA of {} for {}", ca.name, named.name);
                assert!(keys.verifying_key(id).is_none());
            }
        }
    }
}

#[test]
fn a_certificate_for_connections_is_none_for_signatures_nor_the_other_way_round() {
    let energy = Community::new("energy.isac.example");
    let keys = Keys::new(energy.bundles());
    for path in ["/node/n1", "/operator/alice", "/member/acme/tool/siem"] {
        let chain = energy.credential(path).chain().to_vec();
        assert!(keys.admit(&chain[0], start()).is_err(), "{path}");
    }
    let key = || KeyPair::generate_for(&PKCS_ED25519).unwrap();
    for (what, spoil) in [
        ("no usage", vec![]),
        (
            "TLS usage",
            vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth],
        ),
        (
            "any usage",
            vec![rcgen::ExtendedKeyUsagePurpose::Any, signing_usage()],
        ),
        (
            "both usages",
            vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth, signing_usage()],
        ),
    ] {
        let mut params = good("spiffe://energy.isac.example/signer/k1");
        params.extended_key_usages = spoil;
        let certificate = params.signed_by(&key(), &energy.issuer()).unwrap();
        assert!(keys.admit(certificate.der(), start()).is_err(), "{what}");
    }
    let mut params = good("spiffe://energy.isac.example/node/n1");
    params.extended_key_usages = vec![signing_usage()];
    let node = params.signed_by(&key(), &energy.issuer()).unwrap();
    assert!(
        keys.admit(node.der(), start()).is_err(),
        "a node that signs"
    );
    let mut params = good("spiffe://energy.isac.example/signer/k1");
    params.extended_key_usages = vec![signing_usage()];
    let p256 = params.signed_by(&KeyPair::generate().unwrap(), &energy.issuer());
    assert!(
        keys.admit(p256.unwrap().der(), start()).is_err(),
        "a signer on P-256"
    );
}

/// Threat 33: a new item needs a certificate that is valid now; what was seen in time verifies for ever.
#[test]
fn an_old_signing_key_signs_nothing_new_and_still_verifies_what_it_signed() {
    let energy = Community::new("energy.isac.example");
    let keys = Keys::new(energy.bundles());
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let certificate = signer(&energy, &energy, &key);
    let late = start().plus_seconds(8 * DAY);
    assert!(keys.admit(&certificate, late).is_err());
    let (id, _) = keys.admit(&certificate, start()).unwrap();
    assert!(keys.admit(&certificate, late).is_err());
    assert!(keys.verifying_key(id).is_some());

    // After a restart, from the store.
    let again = Keys::new(energy.bundles());
    let pin = PinnedKey {
        key: id,
        community: energy.name.clone(),
        certificate: certificate.clone(),
        is_ca: false,
        introduced_by: None,
        first_seen: start(),
    };
    assert_eq!(again.restore(std::slice::from_ref(&pin)), []);
    assert_eq!(again.certificate(id), Some(certificate));
    let other = Community::new("water.isac.example");
    let wrong = PinnedKey {
        community: other.name.clone(),
        ..pin
    };
    assert_eq!(Keys::new(energy.bundles()).restore(&[wrong]), [id]);
}

#[test]
fn a_renewed_certificate_of_a_signing_key_takes_the_place_of_the_old_one() {
    let energy = Community::new("energy.isac.example");
    let keys = Keys::new(energy.bundles());
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let old = signer(&energy, &energy, &key);
    let (id, _) = keys.admit(&old, start()).unwrap();
    let mut params = good("spiffe://energy.isac.example/signer/k1");
    params.extended_key_usages = vec![signing_usage()];
    params.not_after = date(start().plus_seconds(30 * DAY));
    let new = params.signed_by(&key, &energy.issuer()).unwrap();
    keys.admit(new.der(), start()).unwrap();
    assert_eq!(keys.certificate(id), Some(new.der().to_vec()));
    keys.admit(&old, start()).unwrap();
    assert_eq!(keys.certificate(id), Some(new.der().to_vec()));
}

#[test]
fn a_second_community_does_not_get_a_signing_key_that_is_known() {
    let (energy, water) = (
        Community::new("energy.isac.example"),
        Community::new("water.isac.example"),
    );
    let bundles = energy.bundles();
    water.authority.add_to(&bundles).unwrap();
    let keys = Keys::new(bundles);
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let (id, _) = keys
        .admit(&signer(&energy, &energy, &key), start())
        .unwrap();
    let claimed = keys.admit(&signer(&water, &water, &key), start());
    assert!(matches!(claimed, Err(TrustError::SharedKey { .. })));
    assert_eq!(keys.verifying_key(id).unwrap().community, energy.name);
}

#[test]
fn an_introduced_community_is_pinned_on_first_sight_and_never_one_that_is_known() {
    let (energy, far, false_far) = (
        Community::new("energy.isac.example"),
        Community::new("far.isac.example"),
        Community::new("far.isac.example"),
    );
    let keys = Keys::new(energy.bundles());
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    assert!(keys.admit(&signer(&far, &far, &key), start()).is_err());
    let impostor = Community::new("energy.isac.example");
    let introduce = |c: &Community| keys.introduce(&c.name, &c.authority.ca_certificates());
    assert!(introduce(&impostor).is_err(), "ourselves");
    introduce(&far).unwrap();
    introduce(&far).unwrap();
    assert!(introduce(&false_far).is_err(), "against the pin");
    assert!(keys.is_introduced(&far.name));
    keys.admit(&signer(&far, &far, &key), start()).unwrap();
    // After a restart, from the store; what was known first-hand is not taken from there.
    let pin = PinnedKey {
        key: KeyId(far.authority.fingerprint()),
        community: far.name.clone(),
        certificate: far.authority.ca_certificates()[0].clone(),
        is_ca: true,
        introduced_by: Some(CommunityId::parse("water.isac.example").unwrap()),
        first_seen: start(),
    };
    let again = Keys::new(energy.bundles());
    assert_eq!(again.restore(std::slice::from_ref(&pin)), []);
    assert!(again.is_introduced(&far.name));
    let first_hand = PinnedKey {
        introduced_by: None,
        ..pin
    };
    let again = Keys::new(energy.bundles());
    assert_eq!(again.restore(&[first_hand]), []);
    assert!(!again.is_introduced(&far.name));

    let other = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    assert!(
        keys.admit(&signer(&far, &false_far, &other), start())
            .is_err()
    );
}

fn pinned(
    key: KeyId,
    certificate: &[u8],
    community: &Community,
    by: Option<&Community>,
) -> PinnedKey {
    PinnedKey {
        key,
        community: community.name.clone(),
        certificate: certificate.to_vec(),
        is_ca: false,
        introduced_by: by.map(|by| by.name.clone()),
        first_seen: start(),
    }
}

/// A peer had introduced it with a CA of its own making; then it showed its own.
#[test]
fn what_was_introduced_for_a_community_ends_when_it_is_known_first_hand() {
    let (energy, water, far, false_far) = (
        Community::new("energy.isac.example"),
        Community::new("water.isac.example"),
        Community::new("far.isac.example"),
        Community::new("far.isac.example"),
    );
    let keys = Keys::new(energy.bundles());
    let key = || KeyPair::generate_for(&PKCS_ED25519).unwrap();
    keys.introduce_from(
        &water.name,
        &far.name,
        &false_far.authority.ca_certificates(),
    )
    .unwrap();
    assert_eq!(keys.introduced_count(&water.name), 1);
    let false_certificate = signer(&far, &false_far, &key());
    let (false_id, _) = keys.admit(&false_certificate, start()).unwrap();

    let own = far.authority.ca_certificates();
    assert_eq!(keys.known_first_hand(&far.name, &own).unwrap(), 1);
    assert!(keys.verifying_key(false_id).is_none());
    assert!(!keys.is_introduced(&far.name));
    assert_eq!(keys.introduced_count(&water.name), 0);
    let certificate = signer(&far, &far, &key());
    let (id, _) = keys.admit(&certificate, start()).unwrap();
    assert_eq!(keys.known_first_hand(&far.name, &own).unwrap(), 0);
    assert!(keys.verifying_key(id).is_some());

    // After a restart: a key that another peer sent is taken if its own community vouched for it when it was first seen.
    let again = Keys::new(energy.bundles());
    again.known_first_hand(&far.name, &own).unwrap();
    let pins = [
        pinned(false_id, &false_certificate, &far, Some(&water)),
        pinned(id, &certificate, &far, Some(&water)),
        PinnedKey {
            is_ca: true,
            ..pinned(
                KeyId(false_far.authority.fingerprint()),
                &false_far.authority.ca_certificates()[0],
                &far,
                Some(&water),
            )
        },
    ];
    assert_eq!(again.restore(&pins), [false_id]);
    assert!(again.verifying_key(id).is_some());
    assert!(!again.is_introduced(&far.name));
}

/// Threat 33: a rotated CA is no reason to forget what a community showed itself, or what chains to what it showed.
#[test]
fn a_key_that_was_known_first_hand_outlives_the_ca_that_vouched_for_it() {
    let (energy, far, rotated) = (
        Community::new("energy.isac.example"),
        Community::new("far.isac.example"),
        Community::new("far.isac.example"),
    );
    let keys = Keys::new(energy.bundles());
    let certificate = signer(&far, &far, &KeyPair::generate_for(&PKCS_ED25519).unwrap());
    keys.introduce(&far.name, &far.authority.ca_certificates())
        .unwrap();
    let (id, _) = keys.admit(&certificate, start()).unwrap();
    for ca in [&far, &rotated] {
        let own = ca.authority.ca_certificates();
        assert_eq!(keys.known_first_hand(&far.name, &own).unwrap(), 0);
        assert!(keys.verifying_key(id).is_some());
    }
}

#[test]
fn a_community_has_sixteen_signing_keys_and_one_of_them_renews() {
    let energy = Community::new("energy.isac.example");
    let keys = Keys::new(energy.bundles());
    let key = || KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let first = signer(&energy, &energy, &key());
    keys.admit(&first, start()).unwrap();
    for _ in 1..Keys::KEYS_MAX {
        keys.admit(&signer(&energy, &energy, &key()), start())
            .unwrap();
    }
    let more = keys.admit(&signer(&energy, &energy, &key()), start());
    assert!(matches!(more, Err(TrustError::TooManyKeys { .. })));
    keys.admit(&first, start()).unwrap();
}

#[test]
fn a_peer_introduces_sixty_four_communities_and_another_peer_its_own() {
    let energy = Community::new("energy.isac.example");
    let [water, msp] =
        ["water", "msp"].map(|id| CommunityId::parse(&format!("{id}.isac.example")).unwrap());
    let keys = Keys::new(energy.bundles());
    let introduce = |by: &CommunityId, c: &Community| {
        keys.introduce_from(by, &c.name, &c.authority.ca_certificates())
    };
    let far: Vec<_> = (0..=Keys::INTRODUCED_MAX)
        .map(|n| Community::new(&format!("far{n}.isac.example")))
        .collect();
    let (more, taken) = far.split_last().unwrap();
    for one in taken {
        introduce(&water, one).unwrap();
    }
    assert_eq!(keys.introduced_count(&water), Keys::INTRODUCED_MAX);
    assert!(matches!(
        introduce(&water, more),
        Err(TrustError::NotIntroduced { .. })
    ));
    introduce(&water, &taken[0]).unwrap();
    introduce(&msp, more).unwrap();
}
