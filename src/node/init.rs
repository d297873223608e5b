//! Makes a node's data directory, offline: the community's CA, the node's keys, the first operator's credential, and
//! `sluis.toml`.
//!
//! `sluis.toml` is written last: a directory that has it is whole, and one that has only the rest was left by an
//! interrupted run and is refused with that reason. Nothing is ever overwritten.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::config::{self, ConfigError, Environment, template};
use super::identity;
use crate::clock::{Clock as _, SystemClock};
use crate::model::ids::{CommunityId, Digest, Name, Role, SpiffeId};
use crate::trust::{Authority, TrustError, files};

/// What to make.
#[derive(Clone, Debug)]
pub struct InitOptions {
    /// The data directory: absent or empty.
    pub data: PathBuf,
    /// The community's id.
    pub community: CommunityId,
    /// Its name for people.
    pub name: String,
    /// Its sector.
    pub sector: String,
    /// Where members and peers connect.
    pub listen: SocketAddr,
    /// HTTPS.
    pub https: SocketAddr,
    /// Probes and metrics; a loopback address.
    pub ops: SocketAddr,
    /// HOST:PORT for others; `None`: the address that is listened on.
    pub advertise: Option<String>,
    /// The first operator.
    pub operator: Name,
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Initialised {
    /// The data directory.
    pub data: PathBuf,
    /// The community.
    pub community: CommunityId,
    /// The first operator.
    pub operator: SpiffeId,
    /// SHA-256 of the CA's certificate, as invites carry it.
    pub ca_fingerprint: Digest,
    /// The file without which the community cannot go on: the CA's private key.
    pub ca_key: PathBuf,
    /// What was made, relative to the data directory, each with what it is.
    pub files: Vec<(&'static str, &'static str)>,
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is a node already.
    #[error("{} is the data directory of a node already", .0.display())]
    Initialised(PathBuf),
    /// A run was interrupted.
    #[error("{} was left by an init that did not finish; remove it and try again", .0.display())]
    Interrupted(PathBuf),
    /// The directory holds something else.
    #[error("{} is not empty and not ours: it holds {entry}; choose an empty directory", directory.display())]
    NotEmpty {
        /// The directory.
        directory: PathBuf,
        /// One of the things in it.
        entry: String,
    },
    /// The directory cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The options do not make valid settings.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// A key, a certificate or a file could not be made.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// Makes the data directory.
///
/// # Errors
/// If the directory holds something, the options are not valid, or the disk refuses. The options are checked before
/// anything is written.
pub fn init(options: &InitOptions) -> Result<Initialised, InitError> {
    let data = &options.data;
    check_is_free(data)?;
    let text = template::document(&values(options));
    let settings =
        config::parse(&data.join(config::FILE), &text, &Environment::default())?.settings;
    let now = SystemClock.now();

    files::create_private_dir(data)?;
    let authority = Authority::create(data, &options.community, now)?;
    identity::keys(&authority, data, &settings, now)?;

    let operator = SpiffeId {
        community: options.community.clone(),
        role: Role::Operator(options.operator.clone()),
    };
    let directory = data.join(OPERATOR).join(options.operator.as_str());
    files::create_private_dir(&directory)?;
    authority
        .credential(&operator, &[], now, settings.certificates.person_seconds)?
        .save(&directory)?;
    files::write_public(&data.join(config::FILE), text.as_bytes())?;
    Ok(Initialised {
        data: data.clone(),
        community: options.community.clone(),
        operator,
        ca_fingerprint: authority.fingerprint(),
        ca_key: data.join("ca/ca.key"),
        files: FILES.to_vec(),
    })
}

/// The values of `sluis.toml` that init writes; the others keep their defaults.
fn values(options: &InitOptions) -> BTreeMap<&'static str, String> {
    let mut values = BTreeMap::from([
        ("community", options.community.to_string()),
        ("name", options.name.clone()),
        ("sector", options.sector.clone()),
        ("listen", options.listen.to_string()),
        ("https", options.https.to_string()),
        ("ops", options.ops.to_string()),
    ]);
    if let Some(advertise) = &options.advertise {
        values.insert("advertise", advertise.clone());
    }
    values
}

/// The directory is absent, or holds nothing.
pub(super) fn check_is_free(directory: &Path) -> Result<(), InitError> {
    let unreadable = |source| InitError::Unreadable {
        path: directory.to_owned(),
        source,
    };
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(
            entry
                .map_err(unreadable)?
                .file_name()
                .to_string_lossy()
                .into_owned(),
        );
    }
    if names.iter().any(|name| name == config::FILE) {
        return Err(InitError::Initialised(directory.to_owned()));
    }
    // A file system of its own has this directory from the start.
    names.retain(|name| name != "lost+found");
    match names.first() {
        None => Ok(()),
        Some(_) if names.iter().all(|name| OURS.contains(&name.as_str())) => {
            Err(InitError::Interrupted(directory.to_owned()))
        }
        Some(entry) => Err(InitError::NotEmpty {
            directory: directory.to_owned(),
            entry: entry.escape_debug().to_string(),
        }),
    }
}

/// Below the data directory: the operators' credentials, a directory each.
pub const OPERATOR: &str = "operator";
const NODE: &str = "node";
/// What init makes before `sluis.toml`.
const OURS: &[&str] = &["ca", NODE, OPERATOR];
const FILES: &[(&str, &str)] = &[
    (
        "ca/ca.key",
        "the CA's private key: whoever has it can be anyone in this community",
    ),
    ("ca/ca.pem", "the CA's certificate"),
    ("node/", "the node's keys and certificates"),
    ("operator/", "the operators' credentials"),
    ("sluis.toml", "the settings"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn options(data: &Path) -> InitOptions {
        let any = || "127.0.0.1:0".parse().expect("an address");
        InitOptions {
            data: data.to_owned(),
            community: CommunityId::parse("energy.isac.example").expect("an id"),
            name: "Energy ISAC".to_owned(),
            sector: "energy".to_owned(),
            listen: any(),
            https: any(),
            ops: any(),
            advertise: Some("node.energy.example:0".to_owned()),
            operator: Name::parse("alice").expect("a name"),
        }
    }

    #[test]
    fn a_new_data_directory_is_whole_and_private() {
        let parent = tempfile::tempdir().expect("a temporary directory");
        let data = parent.path().join("node");
        let made = init(&options(&data)).expect("an absent directory");
        let loaded = config::load(&data, &Environment::default()).expect("valid settings");
        assert_eq!(loaded.settings.community.id, made.community);
        assert_eq!(
            made.operator.to_string(),
            "spiffe://energy.isac.example/operator/alice"
        );
        let authority = Authority::open(&data).expect("a CA");
        assert_eq!(authority.fingerprint(), made.ca_fingerprint);
        for credential in ["node", "operator/alice"] {
            crate::trust::TlsCredential::load(&data.join(credential)).expect("a credential");
        }
        #[cfg(unix)]
        for secret in [
            "ca/ca.key",
            "node/key.pem",
            "node/signer.key",
            "operator/alice/key.pem",
        ] {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(data.join(secret))
                .expect("a file")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{secret}");
        }
    }

    #[test]
    fn nothing_is_overwritten() {
        let parent = tempfile::tempdir().expect("a temporary directory");
        let data = parent.path().join("node");
        init(&options(&data)).expect("an absent directory");
        assert!(matches!(
            init(&options(&data)),
            Err(InitError::Initialised(_))
        ));
        std::fs::remove_file(data.join(config::FILE)).expect("a file");
        assert!(matches!(
            init(&options(&data)),
            Err(InitError::Interrupted(_))
        ));
        let other = parent.path().join("other");
        std::fs::create_dir(&other).expect("a new directory");
        std::fs::write(other.join("thesis.txt"), "x").expect("a new file");
        assert!(matches!(
            init(&options(&other)),
            Err(InitError::NotEmpty { .. })
        ));
    }

    #[test]
    fn wrong_options_make_nothing() {
        let parent = tempfile::tempdir().expect("a temporary directory");
        let data = parent.path().join("node");
        let wrong = InitOptions {
            ops: "0.0.0.0:1".parse().expect("an address"),
            ..options(&data)
        };
        assert!(matches!(init(&wrong), Err(InitError::Settings(_))));
        assert!(!data.exists());
    }
}
