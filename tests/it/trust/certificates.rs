//! Certificates as nobody should make them: each is refused on both ends (threat 25), and a CA makes none (threat 29).

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose as Eku, IsCa, Issuer, KeyPair, KeyUsagePurpose as Ku,
    PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SanType,
};
use sluis::clock::ManualClock;
use sluis::model::ids::CommunityId;
use sluis::trust::{Authority, BadRequest, Bundles, Issue, Purpose, TrustError, client_config};
use x509_parser::prelude::FromDer as _;

use super::support::{
    Community, DAY, Raw, date, good, shake_hands, signing_usage, spki, start, uri_name,
};

const SIEM: &str = "spiffe://energy.isac.example/member/acme/tool/siem";
const NODE: &str = "spiffe://energy.isac.example/node/n1";

/// Names that are not in the one grammar, or that no certificate for a connection has.
const ODD_NAMES: &[&str] = &[
    "",
    "spiffe://",
    "spiffe:///member/acme/tool/siem",
    "spiffe://energy.isac.example",
    "spiffe://energy.isac.example/",
    "spiffe://energy.isac.example/member/acme",
    "spiffe://energy.isac.example/member/acme/tool",
    "spiffe://energy.isac.example/member/acme/tool/",
    "spiffe://energy.isac.example/member/acme/tool/siem/",
    "spiffe://energy.isac.example/member/acme/tool/siem/extra",
    "spiffe://energy.isac.example//member/acme/tool/siem",
    "spiffe://energy.isac.example/member//acme/tool/siem",
    "spiffe://energy.isac.example/member/acme/tool/../../operator/alice",
    "spiffe://energy.isac.example/./operator/alice",
    "spiffe://energy.isac.example/member/acme/tool/%2e%2e",
    "spiffe://energy.isac.example/operator/alic%65",
    "spiffe://energy.isac.example/operator%2falice",
    "spiffe://energy.isac.example/operator/alice?x=1",
    "spiffe://energy.isac.example/operator/alice#x",
    "spiffe://energy.isac.example:443/operator/alice",
    "spiffe://root@energy.isac.example/operator/alice",
    "spiffe://energy.isac.example/operator/alice\0",
    "spiffe://energy.isac.example\0.evil.example/operator/alice",
    "spiffe://energy.isac.example/operator/alice ",
    " spiffe://energy.isac.example/operator/alice",
    "spiffe://energy.isac.example/operator/*",
    "spiffe://*.isac.example/operator/alice",
    "spiffe://energy.isac.example/Operator/alice",
    "spiffe://energy.isac.example/operator/Alice",
    "spiffe://Energy.isac.example/operator/alice",
    "SPIFFE://energy.isac.example/operator/alice",
    "spiffe:/energy.isac.example/operator/alice",
    "spiffe:energy.isac.example/operator/alice",
    "https://energy.isac.example/operator/alice",
    "urn:spiffe:energy.isac.example:operator:alice",
    "spiffe://energy.isac.example./operator/alice",
    "spiffe://xn--nergy-9ua.isac.example/operator/alice",
    "spiffe://energy/operator/alice",
    "spiffe://energy.isac.example/operator/al_ice",
    "spiffe://energy.isac.example/operator/al.ice",
    "spiffe://energy.isac.example/operator/-alice",
    "spiffe://energy.isac.example/admin/alice",
    "spiffe://energy.isac.example/member/acme/operator/alice",
    "spiffe://energy.isac.example/member/acme/node/n1",
    "spiffe://energy.isac.example\\operator\\alice",
    "spiffe://energy.isac.example/signer/k1",
    "spiffe://energy.isac.example.evil.example/operator/alice",
    "spiffe://unknown.isac.example/node/n1",
];

/// What is wrong, and how to do it.
type Spoil = (&'static str, fn(&mut CertificateParams));

/// What else can be wrong with a certificate, whoever it names.
fn spoils() -> Vec<Spoil> {
    vec![
        ("no names", |p| p.subject_alt_names.clear()),
        ("the name as a common name only", |p| {
            let mut name = DistinguishedName::new();
            name.push(DnType::CommonName, SIEM);
            p.distinguished_name = name;
            p.subject_alt_names.clear();
        }),
        ("the name as a DNS name only", |p| {
            p.subject_alt_names = vec![SanType::DnsName(SIEM.try_into().unwrap())];
        }),
        ("the same name twice", |p| {
            let name = p.subject_alt_names[0].clone();
            p.subject_alt_names.push(name);
        }),
        ("two names of ours", |p| {
            let other = "spiffe://energy.isac.example/operator/alice";
            p.subject_alt_names.push(uri_name(other));
        }),
        ("a name of another community first", |p| {
            let other = uri_name("spiffe://water.isac.example/node/n1");
            p.subject_alt_names.insert(0, other);
        }),
        ("a URI that is no SPIFFE id beside it", |p| {
            p.subject_alt_names.push(uri_name("https://example.org/"));
        }),
        ("an e-mail address beside it", |p| {
            let mail = SanType::Rfc822Name("alice@energy.isac.example".try_into().unwrap());
            p.subject_alt_names.push(mail);
        }),
        ("another kind of name beside it", |p| {
            let value = rcgen::string::Ia5String::try_from("alice").unwrap();
            let value = rcgen::OtherNameValue::Utf8String(value.as_str().to_owned());
            let name = SanType::OtherName((vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 3], value));
            p.subject_alt_names.push(name);
        }),
        ("names twice", |p| {
            let der = vec![0x30, 4, 0x86, 2, b'a', b':'];
            let again = CustomExtension::from_oid_content(&[2, 5, 29, 17], der);
            p.custom_extensions.push(again);
        }),
        ("a CA as a leaf", |p| {
            p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }),
        ("a CA that signs", |p| {
            p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            p.key_usages.push(Ku::KeyCertSign);
        }),
        ("no key usage", |p| p.key_usages.clear()),
        ("no digital signature", |p| {
            p.key_usages = vec![Ku::KeyAgreement]
        }),
        ("certificate signing", |p| {
            p.key_usages.push(Ku::KeyCertSign)
        }),
        ("CRL signing", |p| p.key_usages.push(Ku::CrlSign)),
        ("no extended key usage", |p| p.extended_key_usages.clear()),
        ("any use", |p| p.extended_key_usages = vec![Eku::Any]),
        ("any use beside TLS", |p| {
            p.extended_key_usages.push(Eku::Any)
        }),
        ("code signing", |p| {
            p.extended_key_usages = vec![Eku::CodeSigning]
        }),
        ("item signing", |p| {
            p.extended_key_usages = vec![signing_usage()]
        }),
        ("item signing beside TLS", |p| {
            p.extended_key_usages.push(signing_usage())
        }),
        ("expired for a year", |p| {
            p.not_before = date(start().plus_seconds(-400 * DAY));
            p.not_after = date(start().plus_seconds(-365 * DAY));
        }),
        ("not yet valid", |p| {
            p.not_before = date(start().plus_seconds(60))
        }),
        ("a life that ends before it begins", |p| {
            p.not_after = date(start().plus_seconds(-600));
            p.not_before = date(start().plus_seconds(-300));
        }),
        ("a critical extension that nobody knows", |p| {
            let mut extension = CustomExtension::from_oid_content(&[2, 25, 7], vec![5, 0]);
            extension.set_criticality(true);
            p.custom_extensions.push(extension);
        }),
    ]
}

/// Good names with everything else wrong, and wrong keys and issuers.
fn odd_certificates(energy: &Community, water: &Community, name: &str) -> Vec<(String, Raw)> {
    let issuer = energy.issuer();
    let mut odd: Vec<(String, Raw)> = ODD_NAMES
        .iter()
        .map(|uri| (format!("{uri:?}"), Raw::signed(&good(uri), &issuer)))
        .collect();
    for (what, spoil) in spoils() {
        let mut params = good(name);
        spoil(&mut params);
        odd.push((what.to_owned(), Raw::signed(&params, &issuer)));
    }
    let mut add = |what: &str, raw| odd.push((what.to_owned(), raw));
    add(
        "signed by another community's CA",
        Raw::signed(&good(name), &water.issuer()),
    );
    let impostor = Community::new("energy.isac.example");
    add(
        "signed by a CA of the same name",
        Raw::signed(&good(name), &impostor.issuer()),
    );
    let key = KeyPair::generate().unwrap();
    let own = Raw {
        certificate: good(name).self_signed(&key).unwrap().der().to_vec(),
        key: key.serialize_der(),
    };
    add("signed by itself", own);
    let member = KeyPair::generate().unwrap();
    let member = Issuer::new(good(SIEM), member);
    add("signed by a member", Raw::signed(&good(name), &member));
    for algorithm in [&PKCS_ED25519, &PKCS_ECDSA_P384_SHA384] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        add(
            "a key that is not P-256",
            Raw::with_key(&good(name), key, &issuer),
        );
    }
    let fine = Raw::signed(&good(name), &issuer);
    let mut longer = fine.clone();
    longer.certificate.push(0);
    add("something after the certificate", longer);
    let mut flipped = fine.clone();
    *flipped.certificate.last_mut().unwrap() ^= 1;
    add("a flipped bit in the signature", flipped);
    let mut moved = fine;
    let at = moved
        .certificate
        .windows(4)
        .position(|w| w == b"acme" || w == b"node");
    moved.certificate[at.unwrap()] = b'x';
    add("a changed name", moved);
    odd
}

#[tokio::test]
async fn a_node_lets_no_odd_certificate_in() {
    let (energy, water) = (
        Community::new("energy.isac.example"),
        Community::new("water.isac.example"),
    );
    let bundles = energy.bundles();
    water.authority.add_to(&bundles).unwrap();
    let server = energy.server(&bundles, &ManualClock::at(start()));

    for (what, fine) in [
        ("a tool", Raw::signed(&good(SIEM), &energy.issuer())),
        (
            "a peer's node",
            Raw::signed(
                &good("spiffe://water.isac.example/node/n1"),
                &water.issuer(),
            ),
        ),
    ] {
        let done = shake_hands(Arc::clone(&server), fine.client()).await;
        assert!(
            done.server.is_ok() && done.client.is_ok(),
            "{what} is refused"
        );
    }

    let mut odd = odd_certificates(&energy, &water, SIEM);
    for path in [
        "/operator/bob",
        "/member/aqua/tool/siem",
        "/member/aqua/person/b",
        "/signer/k1",
    ] {
        let params = good(&water.id(path).to_string());
        odd.push((
            format!("a peer's {path}"),
            Raw::signed(&params, &water.issuer()),
        ));
    }
    let mut params = good(SIEM);
    params.extended_key_usages = vec![Eku::ServerAuth];
    odd.push((
        "for answering only".into(),
        Raw::signed(&params, &energy.issuer()),
    ));
    assert!(odd.len() >= 80, "only {}", odd.len());
    for (what, raw) in odd {
        let done = shake_hands(Arc::clone(&server), raw.client()).await;
        match done.server {
            // A client that has no key of our kind shows nothing, and is nobody.
            Ok(ended) if what == "a key that is not P-256" => assert_eq!(ended.certificate, None),
            Ok(_) => panic!("let in: {what}"),
            Err(_) => assert!(done.client.is_err(), "not told: {what}"),
        }
    }
}

#[tokio::test]
async fn a_client_believes_no_odd_certificate_of_a_server() {
    let (energy, water) = (
        Community::new("energy.isac.example"),
        Community::new("water.isac.example"),
    );
    let clock = Arc::new(ManualClock::at(start()));
    let client = client_config(None, energy.expected(), clock).unwrap();
    let fine = Raw::signed(&good(NODE), &energy.issuer());
    assert!(
        shake_hands(fine.server(), Arc::clone(&client))
            .await
            .client
            .is_ok()
    );

    let mut odd = odd_certificates(&energy, &water, NODE);
    for path in [
        "/operator/alice",
        "/member/acme/tool/siem",
        "/member/acme/person/m",
        "/signer/k1",
    ] {
        let params = good(&energy.id(path).to_string());
        odd.push((
            format!("our own {path}"),
            Raw::signed(&params, &energy.issuer()),
        ));
    }
    let mut params = good(NODE);
    params.extended_key_usages = vec![Eku::ClientAuth];
    odd.push((
        "for dialling only".into(),
        Raw::signed(&params, &energy.issuer()),
    ));
    let mut params = good(NODE);
    params.not_after = date(start().plus_seconds(-1));
    params.not_before = date(start().plus_seconds(-DAY));
    odd.push((
        "expired a second ago".into(),
        Raw::signed(&params, &energy.issuer()),
    ));
    for (what, raw) in odd {
        let done = shake_hands(raw.server(), Arc::clone(&client)).await;
        assert!(done.client.is_err(), "believed: {what}");
    }
}

#[test]
fn a_ca_vouches_only_for_names_of_its_community_with_the_key_and_purpose_they_have() {
    let energy = Community::new("energy.isac.example");
    let p256 = spki(&KeyPair::generate().unwrap());
    let ed25519 = spki(&KeyPair::generate_for(&PKCS_ED25519).unwrap());
    let host = ["node.energy.isac.example".to_owned()];
    let issue = |id: &str, key: &[u8], purpose, hosts: &[String], life: i64| {
        energy.authority.issue(&Issue {
            id: &super::support::id(id),
            public_key: key,
            not_before: start(),
            not_after: start().plus_seconds(life),
            hosts,
            purpose,
        })
    };
    assert!(issue(NODE, &p256, Purpose::Tls, &host, DAY).is_ok());
    assert!(issue(SIEM, &p256, Purpose::Tls, &[], DAY).is_ok());
    let signer = "spiffe://energy.isac.example/signer/k1";
    assert!(issue(signer, &ed25519, Purpose::Signing, &[], DAY).is_ok());

    let foreign = issue(
        "spiffe://water.isac.example/node/n1",
        &p256,
        Purpose::Tls,
        &[],
        DAY,
    );
    assert!(matches!(foreign, Err(TrustError::NotOurs { .. })));
    for (what, refused) in [
        (
            "a signer for TLS",
            issue(signer, &p256, Purpose::Tls, &[], DAY),
        ),
        (
            "a node for signing",
            issue(NODE, &ed25519, Purpose::Signing, &[], DAY),
        ),
        (
            "a tool with Ed25519",
            issue(SIEM, &ed25519, Purpose::Tls, &[], DAY),
        ),
        (
            "a signer with P-256",
            issue(signer, &p256, Purpose::Signing, &[], DAY),
        ),
        (
            "a tool with hosts",
            issue(SIEM, &p256, Purpose::Tls, &host, DAY),
        ),
        (
            "a host that is none",
            issue(NODE, &p256, Purpose::Tls, &["a b".to_owned()], DAY),
        ),
        ("an empty life", issue(SIEM, &p256, Purpose::Tls, &[], 0)),
        (
            "a life beyond the CA's",
            issue(SIEM, &p256, Purpose::Tls, &[], 20 * 365 * DAY),
        ),
        (
            "a member itself",
            issue(
                "spiffe://energy.isac.example/member/acme",
                &p256,
                Purpose::Tls,
                &[],
                DAY,
            ),
        ),
        ("no key", issue(SIEM, b"", Purpose::Tls, &[], DAY)),
    ] {
        assert!(
            matches!(refused, Err(TrustError::NotIssued { .. })),
            "issued: {what}"
        );
    }
}

#[test]
fn nothing_that_a_signing_request_asks_for_is_given() {
    let energy = Community::new("energy.isac.example");
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "root");
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.subject_alt_names = vec![
        uri_name("spiffe://energy.isac.example/operator/alice"),
        SanType::DnsName("node.energy.isac.example".try_into().unwrap()),
    ];
    params.key_usages = vec![Ku::KeyCertSign, Ku::CrlSign];
    params.extended_key_usages = vec![Eku::ServerAuth, Eku::Any];
    let request = params.serialize_request(&key).unwrap();
    let siem = super::support::id(SIEM);
    let issued = energy
        .authority
        .issue_for_request(request.der(), &siem, start(), 7 * DAY)
        .unwrap();
    assert_eq!(issued.expires, start().plus_seconds(7 * DAY));

    let (_, certificate) =
        x509_parser::certificate::X509Certificate::from_der(&issued.certificate).unwrap();
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    assert_eq!(names.value.general_names.len(), 1);
    assert!(names.value.general_names[0].to_string().contains(SIEM));
    assert!(!certificate.is_ca());
    let usage = certificate.key_usage().unwrap().unwrap();
    assert!(
        usage.critical && usage.value.flags == 1,
        "digital signature alone"
    );
    let usage = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth && !usage.any && usage.other.is_empty());
    assert!(!certificate.subject().to_string().contains("root"));
    assert_eq!(certificate.public_key().raw, spki(&key));
    let begins = certificate.validity().not_before.timestamp();
    assert_eq!(begins, start().seconds() - 300);

    // Twice for the same key: two serial numbers, long and positive.
    let again = energy
        .authority
        .issue_for_request(request.der(), &siem, start(), 7 * DAY)
        .unwrap();
    let (_, second) =
        x509_parser::certificate::X509Certificate::from_der(&again.certificate).unwrap();
    assert_ne!(certificate.raw_serial(), second.raw_serial());
    assert_eq!(certificate.raw_serial().len(), 16);

    for path in ["/node/n1", "/signer/k1", "/member/acme"] {
        let refused =
            energy
                .authority
                .issue_for_request(request.der(), &energy.id(path), start(), DAY);
        assert!(
            matches!(refused, Err(TrustError::NotIssued { .. })),
            "{path}"
        );
    }
}

#[test]
fn a_signing_request_is_bounded_on_p256_and_signed_with_its_own_key() {
    let energy = Community::new("energy.isac.example");
    let siem = super::support::id(SIEM);
    let refused =
        |request: &[u8]| match energy
            .authority
            .issue_for_request(request, &siem, start(), DAY)
        {
            Err(TrustError::Request(bad)) => Some(bad),
            Err(other) => panic!("{other}"),
            Ok(_) => None,
        };
    let key = KeyPair::generate().unwrap();
    let fine = CertificateParams::default()
        .serialize_request(&key)
        .unwrap();
    assert_eq!(refused(fine.der()), None);
    assert_eq!(
        refused(&vec![0x30; 16 * 1024 + 1]),
        Some(BadRequest::TooLong)
    );
    assert_eq!(refused(b""), Some(BadRequest::Unreadable));
    assert_eq!(
        refused(&[fine.der(), &[0u8][..]].concat()),
        Some(BadRequest::Unreadable)
    );
    for algorithm in [&PKCS_ED25519, &PKCS_ECDSA_P384_SHA384] {
        let other = CertificateParams::default()
            .serialize_request(&KeyPair::generate_for(algorithm).unwrap())
            .unwrap();
        assert_eq!(refused(other.der()), Some(BadRequest::Algorithm));
    }
    for at in 0..fine.der().len() {
        let mut changed = fine.der().to_vec();
        changed[at] ^= 1;
        // The kind of the algorithm's number is the one byte that means nothing and is not signed.
        let harmless = sluis::trust::request::public_key_of(&changed) == Ok(spki(&key));
        assert!(
            refused(&changed).is_some() || harmless,
            "byte {at} changed unseen"
        );
    }
}

#[test]
fn a_bundle_takes_only_ca_certificates_that_name_its_community() {
    let (energy, water) = (
        Community::new("energy.isac.example"),
        Community::new("water.isac.example"),
    );
    let bundles = Bundles::new();
    let ca = energy.authority.ca_certificates();
    assert!(bundles.set(&water.name, &ca).is_err());
    assert!(bundles.set(&energy.name, &[]).is_err());
    assert!(bundles.set(&energy.name, &vec![ca[0].clone(); 9]).is_err());
    let leaf = energy.credential("/node/n1").chain()[0].clone();
    assert!(bundles.set(&energy.name, &[leaf]).is_err());
    assert!(
        bundles
            .set(&energy.name, &[ca[0].clone(), b"x".to_vec()])
            .is_err()
    );
    assert!(
        !bundles.contains(&energy.name),
        "a refused bundle was kept in part"
    );
    bundles.set(&energy.name, &ca).unwrap();
    assert_eq!(bundles.certificates(&energy.name), ca);
}

#[test]
fn a_ca_is_made_once_kept_private_and_opened_as_it_was() {
    use std::os::unix::fs::PermissionsExt as _;
    let energy = Community::new("energy.isac.example");
    let data = energy.data.path();
    let mode = |name| {
        std::fs::metadata(data.join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(
        (mode("ca/ca.key"), mode("ca"), mode("ca/ca.pem")),
        (0o600, 0o700, 0o644)
    );
    let again = Authority::create(data, &energy.name, start());
    assert!(matches!(again, Err(TrustError::Exists { .. })));
    let opened = Authority::open(data).unwrap();
    assert_eq!(opened.community(), &energy.name);
    assert_eq!(opened.fingerprint(), energy.authority.fingerprint());
    assert!(!format!("{opened:?}").contains("KeyPair"));

    // During a rotation ca.pem holds two, in any order: the one of the key is in use.
    let next = Community::new("energy.isac.example");
    let pem = |c: &Community| std::fs::read_to_string(c.data.path().join("ca/ca.pem")).unwrap();
    std::fs::write(data.join("ca/ca.pem"), pem(&next) + &pem(&energy)).unwrap();
    let both = Authority::open(data).unwrap();
    assert_eq!(both.fingerprint(), energy.authority.fingerprint());
    assert_eq!(both.ca_certificates().len(), 2);
    std::fs::write(data.join("ca/ca.pem"), pem(&next)).unwrap();
    let error = Authority::open(data).unwrap_err().to_string();
    assert!(
        error.contains("ca/ca.pem") && error.contains("ca.key"),
        "{error}"
    );
    let other = CommunityId::parse("water.isac.example").unwrap();
    assert_ne!(*both.community(), other);
}
