//! Enrolment, profiles and renewal, from the machine of a member.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use sluis::client::{
    ConnectError, JoinError, Profile, ProfileError, RenewError, connect, join, keep_renewed, renew,
};
use sluis::clock::{ManualClock, Timestamp};
use sluis::model::ids::Digest;
use sluis::model::invite::{Invite, InviteKind};
use sluis::trust::TlsCredential;

use super::support::{Community, DAY, Node, start};

const SIEM: &str = "/member/acme/tool/siem";

struct Home {
    home: tempfile::TempDir,
    energy: Community,
    node: Node,
}

impl Home {
    async fn new() -> Self {
        let energy = Community::new("energy.isac.example");
        Self {
            home: tempfile::tempdir().unwrap(),
            node: Node::of(&energy).await,
            energy,
        }
    }

    fn invite(&self) -> Invite {
        let address = &self.node.address;
        self.energy.invite(InviteKind::Member, SIEM, address)
    }

    async fn join(&self, invite: &Invite) -> Result<Profile, JoinError> {
        let directory = Profile::directory_of(self.home.path(), "siem").unwrap();
        join(invite, &directory, Arc::new(self.node.clock.clone())).await
    }

    fn set_clock(&self, now: Timestamp) {
        self.node.set_clock(&self.energy, now);
    }

    fn clock(&self) -> Arc<ManualClock> {
        Arc::new(self.node.clock.clone())
    }
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_invite_becomes_a_profile_of_plain_pem_files_with_a_private_key() {
    let at = Home::new().await;
    let line = at.invite().to_string();
    let joined = at.join(&Invite::parse(&line).unwrap()).await.unwrap();
    assert_eq!(joined.id(), &at.energy.id(SIEM));

    let directory = at.home.path().join("siem");
    let files = ["ca.pem", "cert.pem", "key.pem", "profile.toml"];
    assert_eq!(names(&directory)[1..], files, "and a lock");
    let mode = |name: &str| {
        let file = std::fs::metadata(directory.join(name)).unwrap();
        file.permissions().mode() & 0o777
    };
    assert_eq!((mode("key.pem"), mode(".")), (0o600, 0o700));
    let key = std::fs::read_to_string(directory.join("key.pem")).unwrap();
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let settings = std::fs::read_to_string(directory.join("profile.toml")).unwrap();
    assert!(
        settings.contains("community = \"energy.isac.example\""),
        "{settings}"
    );
    assert!(!format!("{joined:?}").contains("BEGIN"));

    let loaded = Profile::load(&directory).unwrap();
    assert_eq!(loaded.address(), at.node.address);
    assert_eq!(Profile::list(at.home.path()).unwrap(), ["siem"]);
    assert_eq!(
        Profile::list(&at.home.path().join("none")).unwrap(),
        [""; 0]
    );
    let tls = loaded.tls(Arc::new(at.node.clock.clone())).unwrap();
    sluis::client::connect(loaded.address(), tls).await.unwrap();
}

#[tokio::test]
async fn a_profile_is_never_overwritten_and_the_invite_not_used_for_it() {
    let at = Home::new().await;
    let first = at.join(&at.invite()).await.unwrap();
    let calls = at.node.desk.seen().len();
    let again = at.join(&at.invite()).await;
    assert!(matches!(
        again,
        Err(JoinError::Profile(ProfileError::Exists(_)))
    ));
    assert_eq!(at.node.desk.seen().len(), calls);
    let kept = Profile::load(first.directory()).unwrap();
    assert_eq!(kept.credential().chain(), first.credential().chain());
}

#[tokio::test]
async fn a_used_an_expired_and_an_unknown_invite_are_told_apart_and_leave_nothing() {
    let at = Home::new().await;
    let with = |secret: u8| Invite {
        secret: [secret; 32],
        ..at.invite()
    };
    assert!(matches!(at.join(&with(1)).await, Err(JoinError::Used)));
    assert!(matches!(at.join(&with(2)).await, Err(JoinError::Expired)));
    assert!(matches!(at.join(&with(9)).await, Err(JoinError::Unknown)));
    let peering = Invite {
        kind: InviteKind::Peer,
        to: "water.isac.example".into(),
        ..at.invite()
    };
    assert!(matches!(
        at.join(&peering).await,
        Err(JoinError::NotForJoining)
    ));
    assert_eq!(names(at.home.path()), [""; 0]);
}

#[tokio::test]
async fn the_secret_goes_to_nobody_but_the_node_of_the_invite() {
    let at = Home::new().await;
    let wrong = Invite {
        ca_fingerprint: Digest([1; 32]),
        ..at.invite()
    };
    let refused = at.join(&wrong).await;
    assert!(matches!(
        refused,
        Err(JoinError::Connect(ConnectError::Untrusted { .. }))
    ));
    assert!(at.node.desk.seen().is_empty());
    assert_eq!(names(at.home.path()), [""; 0]);
}

#[tokio::test]
async fn an_answer_for_another_name_is_not_kept() {
    let at = Home::new().await;
    // The desk of these tests gives everybody the same name.
    let invite = at
        .energy
        .invite(InviteKind::Operator, "/operator/alice", &at.node.address);
    let refused = at.join(&invite).await;
    assert!(matches!(refused, Err(JoinError::BadAnswer(_))));
    assert_eq!(Profile::list(at.home.path()).unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_profile_that_does_not_read_says_which_file_and_what_to_do() {
    let at = Home::new().await;
    let directory = at.join(&at.invite()).await.unwrap().directory().to_owned();
    for (file, what) in [
        ("profile.toml", "expected"),
        ("key.pem", "enrol again"),
        ("cert.pem", "enrol again"),
        ("ca.pem", "enrol again"),
    ] {
        let path = directory.join(file);
        let kept = std::fs::read(&path).unwrap();
        std::fs::write(&path, "nonsense").unwrap();
        let error = Profile::load(&directory).unwrap_err().to_string();
        assert!(error.contains(file) && error.contains(what), "{error}");
        std::fs::write(&path, kept).unwrap();
    }
    let other = at.energy.credential(SIEM);
    other.save(&at.home.path().join("siem")).unwrap();
    Profile::load(&directory).unwrap();
    let nowhere = Profile::load(&at.home.path().join("nobody")).unwrap_err();
    assert!(nowhere.to_string().contains("sluis join"), "{nowhere}");
    for name in ["", "..", "a/b", "A", "-x"] {
        assert!(
            Profile::directory_of(at.home.path(), name).is_err(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_certificate_renews_at_two_thirds_of_its_life_and_not_before() {
    let at = Home::new().await;
    let profile = at.join(&at.invite()).await.unwrap();
    let due = profile.credential().renewal_due();
    let days = (due.seconds() - start().seconds()) / DAY;
    assert_eq!(days, 4, "two thirds of seven days");

    at.set_clock(due.plus_seconds(-1));
    let same = renew(&profile, at.clock()).await.unwrap();
    assert_eq!(same.credential().chain(), profile.credential().chain());

    at.set_clock(due);
    let next = renew(&profile, at.clock()).await.unwrap();
    assert_eq!(next.id(), profile.id());
    assert_eq!(next.credential().not_after(), due.plus_seconds(7 * DAY));
    let loaded = Profile::load(profile.directory()).unwrap();
    assert_eq!(loaded.credential().chain(), next.credential().chain());
    assert_ne!(key_of(&next), key_of(&profile), "the key is a new one");

    // Who still has the old one in memory takes what is on disk.
    let calls = at.node.desk.seen().len();
    let other = renew(&profile, at.clock()).await.unwrap();
    assert_eq!(other.credential().chain(), next.credential().chain());
    assert_eq!(at.node.desk.seen().len(), calls);
}

/// The public key in a profile's certificate.
fn key_of(profile: &Profile) -> Vec<u8> {
    let certificate = &profile.credential().chain()[0];
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).unwrap();
    certificate.public_key().raw.to_vec()
}

#[tokio::test]
async fn an_expired_certificate_renews_for_thirty_days_and_then_says_what_to_do() {
    let at = Home::new().await;
    let profile = at.join(&at.invite()).await.unwrap();
    let end = profile.credential().not_after();

    at.set_clock(end.plus_seconds(31 * DAY));
    let error = renew(&profile, at.clock()).await.unwrap_err();
    assert!(matches!(error, RenewError::TooLate(_)));
    assert!(error.to_string().contains("new invite"), "{error}");
    let tls = profile.tls(at.clock()).unwrap();
    let error = connect(profile.address(), tls).await.unwrap_err();
    assert!(matches!(error, ConnectError::Rejected { .. }));
    assert!(error.to_string().contains("30 days"), "{error}");

    at.set_clock(end.plus_seconds(29 * DAY));
    let next = renew(&profile, at.clock()).await.unwrap();
    assert_eq!(next.credential().not_after(), end.plus_seconds(36 * DAY));
    let seen = at.node.desk.seen();
    let presented = seen.last().unwrap().clone().unwrap();
    assert!(presented.expired && presented.id == at.energy.id(SIEM));
}

#[tokio::test]
async fn renewal_goes_on_by_itself_and_swaps_the_credential_in_use() {
    let at = Home::new().await;
    let profile = at.join(&at.invite()).await.unwrap();
    let (live, bundles) = profile.live().unwrap();
    let first = live.not_after();
    at.set_clock(profile.credential().renewal_due());
    let renewing = keep_renewed(profile.clone(), live.clone(), bundles, at.clock());
    tokio::select! {
        () = renewing => panic!("this goes on for ever"),
        () = async {
            while live.not_after() == first {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    let on_disk = Profile::load(profile.directory()).unwrap();
    assert_eq!(on_disk.credential().chain(), live.current().chain());
}

#[tokio::test]
async fn an_interrupted_save_of_a_renewed_credential_is_finished_by_the_next_load() {
    let energy = Community::new("energy.isac.example");
    let directory = tempfile::tempdir().unwrap();
    let (old, new) = (energy.credential(SIEM), energy.credential(SIEM));
    old.save(directory.path()).unwrap();
    let old_certificate = std::fs::read(directory.path().join("cert.pem")).unwrap();
    new.save(directory.path()).unwrap();
    // As after a crash between the two renames.
    let at = |name: &str| directory.path().join(name);
    std::fs::rename(at("cert.pem"), at("cert.pem.next")).unwrap();
    std::fs::write(at("cert.pem"), old_certificate).unwrap();
    let loaded = TlsCredential::load(directory.path()).unwrap();
    assert_eq!(loaded.chain(), new.chain());
    assert!(!at("cert.pem.next").exists());

    // A key with somebody else's certificate is not accepted.
    let pem = std::fs::read(at("cert.pem")).unwrap();
    old.save(directory.path()).unwrap();
    std::fs::write(at("cert.pem"), pem).unwrap();
    let error = TlsCredential::load(directory.path())
        .unwrap_err()
        .to_string();
    assert!(error.contains("does not belong to the key"), "{error}");
}
