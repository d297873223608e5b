//! A person's or tool's credential on its own machine: a directory with `profile.toml`, `key.pem` (mode 0600), `cert.pem`
//! and `ca.pem`. The PEM files are plain ones, so that any gRPC client can use them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ClientConfig;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::model::ids::{CommunityId, Name, SpiffeId};
use crate::trust::bundles::check_ca_certificates;
use crate::trust::{
    Bundles, ExpectedServer, LiveCredential, TlsCredential, TrustError, client_config, files,
};

/// A profile, read from its directory.
#[derive(Clone, Debug)]
pub struct Profile {
    directory: PathBuf,
    community: CommunityId,
    address: String,
    credential: TlsCredential,
    ca_certificates: Vec<Vec<u8>>,
}

/// What is wrong with a profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The name is none.
    #[error(
        "“{0}” is not a name for a profile: lower-case letters, digits and hyphens, at most 63, such as acme-siem"
    )]
    Name(String),
    /// There is no profile.
    #[error("there is no profile in {}; `sluis join` makes one from an invite", .0.display())]
    NotThere(PathBuf),
    /// There is one already.
    #[error("there is a profile in {} already; choose another name with --profile, or remove that directory if its credential is no longer wanted", .0.display())]
    Exists(PathBuf),
    /// A file does not read.
    #[error("{}: {problem}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A directory cannot be read.
    #[error("cannot read {}", path.display())]
    Directory {
        /// Which one.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A key or certificate is wrong, or the disk refuses.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// `profile.toml`.
#[derive(Serialize, Deserialize)]
struct Settings {
    community: String,
    address: String,
    id: String,
}

impl Profile {
    /// The directory of a named profile under the directory of all profiles.
    ///
    /// # Errors
    /// If the name is none: it is one part of a path.
    pub fn directory_of(home: &Path, name: &str) -> Result<PathBuf, ProfileError> {
        Name::parse(name)
            .map(|name| home.join(name.as_str()))
            .map_err(|_| ProfileError::Name(name.chars().take(80).collect()))
    }

    /// The names of the profiles under the directory of all profiles, in order; none if it is not there.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn list(home: &Path) -> Result<Vec<String>, ProfileError> {
        let failed = |source| ProfileError::Directory {
            path: home.to_owned(),
            source,
        };
        let entries = match std::fs::read_dir(home) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            if let Ok(name) = entry.file_name().into_string()
                && Name::parse(&name).is_ok()
                && entry.path().join(SETTINGS_FILE).is_file()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Reads a profile.
    ///
    /// # Errors
    /// If it is not there, or a file of it does not read or does not belong to the others. The error names the file.
    pub fn load(directory: &Path) -> Result<Self, ProfileError> {
        let path = directory.join(SETTINGS_FILE);
        if !path.is_file() {
            return Err(ProfileError::NotThere(directory.to_owned()));
        }
        let wrong = |problem: String| ProfileError::Content {
            path: path.clone(),
            problem,
        };
        let text = String::from_utf8(files::read(&path)?).map_err(|_| {
            wrong("this is not text; restore it from a backup, or join again".into())
        })?;
        let settings: Settings = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let community = CommunityId::parse(&settings.community)
            .map_err(|error| wrong(format!("community: {error}")))?;
        let id = SpiffeId::parse(&settings.id).map_err(|error| wrong(format!("id: {error}")))?;
        let credential = TlsCredential::load(directory)?;
        if *credential.id() != id || id.community != community {
            return Err(wrong(format!(
                "this says {id} of {community}, and cert.pem is of {}; restore all files from one backup, or join again",
                credential.id()
            )));
        }
        let ca_certificates = files::read_certificates(&directory.join(CA_FILE))?;
        check_ca_certificates(&community, &ca_certificates)?;
        Ok(Self {
            directory: directory.to_owned(),
            community,
            address: settings.address,
            credential,
            ca_certificates,
        })
    }

    /// Writes a new profile. `profile.toml` comes last: without it there is no profile.
    ///
    /// # Errors
    /// If there is a profile already, or the disk refuses.
    pub fn create(
        directory: &Path,
        address: &str,
        credential: TlsCredential,
        ca_certificates: Vec<Vec<u8>>,
    ) -> Result<Self, ProfileError> {
        Self::check_is_free(directory)?;
        let profile = Self {
            directory: directory.to_owned(),
            community: credential.id().community.clone(),
            address: address.to_owned(),
            credential,
            ca_certificates,
        };
        profile.save_credential()?;
        let path = directory.join(SETTINGS_FILE);
        let settings = Settings {
            community: profile.community.to_string(),
            address: profile.address.clone(),
            id: profile.credential.id().to_string(),
        };
        let text = toml::to_string(&settings).map_err(|error| ProfileError::Content {
            path: path.clone(),
            problem: error.to_string(),
        })?;
        files::write_public(&path, text.as_bytes())?;
        Ok(profile)
    }

    /// There is no profile in this directory yet.
    ///
    /// # Errors
    /// If there is one.
    pub fn check_is_free(directory: &Path) -> Result<(), ProfileError> {
        if directory.join(SETTINGS_FILE).exists() {
            Err(ProfileError::Exists(directory.to_owned()))
        } else {
            Ok(())
        }
    }

    /// The directory that it was read from.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The community.
    pub fn community(&self) -> &CommunityId {
        &self.community
    }

    /// HOST:PORT of the community's node.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whose profile it is.
    pub fn id(&self) -> &SpiffeId {
        self.credential.id()
    }

    /// The key with its certificate.
    pub fn credential(&self) -> &TlsCredential {
        &self.credential
    }

    /// The community's CA certificates, DER.
    pub fn ca_certificates(&self) -> &[Vec<u8>] {
        &self.ca_certificates
    }

    /// The credential and the trusted CAs, ready for use and for replacement while in use.
    ///
    /// # Errors
    /// None in practice: both were checked when the profile was read.
    pub fn live(&self) -> Result<(LiveCredential, Bundles), ProfileError> {
        let bundles = Bundles::new();
        bundles.set(&self.community, &self.ca_certificates)?;
        Ok((LiveCredential::new(self.credential.clone()), bundles))
    }

    /// How this profile dials its node, for one command. What goes on for long takes [`Profile::live`] and renews.
    ///
    /// # Errors
    /// As [`Profile::live`].
    pub fn tls(&self, clock: Arc<dyn Clock>) -> Result<Arc<ClientConfig>, ProfileError> {
        let (credential, bundles) = self.live()?;
        let expected = ExpectedServer::Community {
            community: self.community.clone(),
            bundles,
        };
        Ok(client_config(Some(&credential), expected, clock)?)
    }

    /// The same profile with its next credential and the CA certificates that came with it, on disk and here.
    pub(super) fn renewed(
        &self,
        credential: TlsCredential,
        ca_certificates: Vec<Vec<u8>>,
    ) -> Result<Self, ProfileError> {
        check_ca_certificates(&self.community, &ca_certificates)?;
        if credential.id() != self.id() {
            return Err(TrustError::OtherName {
                old: self.id().clone(),
                new: credential.id().clone(),
            }
            .into());
        }
        let next = Self {
            credential,
            ca_certificates,
            ..self.clone()
        };
        next.save_credential()?;
        Ok(next)
    }

    fn save_credential(&self) -> Result<(), ProfileError> {
        self.credential.save(&self.directory)?;
        let pem = files::pem("CERTIFICATE", &self.ca_certificates);
        files::write_public(&self.directory.join(CA_FILE), pem.as_bytes())?;
        Ok(())
    }
}

const SETTINGS_FILE: &str = "profile.toml";
const CA_FILE: &str = "ca.pem";
