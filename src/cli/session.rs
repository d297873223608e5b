//! Who dials the node, and with which credential.
//!
//! ```text
//! operator's commands   --data ▶ --profile ▶ $SLUIS_DATA_DIR ▶ the user's data directory, if a node is there ▶ a profile
//! member's commands     --profile ▶ $SLUIS_PROFILE ▶ default ▶ the only one there is
//! either                --data ▶ --profile ▶ $SLUIS_PROFILE ▶ $SLUIS_DATA_DIR ▶ a profile ▶ the user's data directory
//! ```

use std::path::{Path, PathBuf};

use tonic::transport::Channel;

use super::text::shown;
use super::{Context, Exit, Failure};
use crate::client::verify::Verifier;
use crate::client::{self, ConnectError, JoinError, Profile, ProfileError, RenewError};
use crate::clock::Timestamp;
use crate::fault::chain;
use crate::model::ids::{CommunityId, Name, Role, SpiffeId};
use crate::node::config;
use crate::node::init::OPERATOR;
use crate::trust::{
    Authority, Bundles, CREDENTIAL_LIFE_SECONDS, ExpectedServer, LiveCredential, TlsCredential,
    TrustError, client_config, files,
};
use crate::wire::pb::admin_service_client::AdminServiceClient;
use crate::wire::pb::sharing_service_client::SharingServiceClient;

/// A connection to a node, made and verified, and who we are on it.
pub(super) struct Session {
    channel: Channel,
    id: SpiffeId,
    expires: Timestamp,
    address: String,
    bundles: Bundles,
}

/// A session of either kind.
pub(super) enum As {
    Operator(Session),
    Member(Session),
}

impl Session {
    /// What operators do.
    pub(super) fn admin(&self) -> AdminServiceClient<Channel> {
        AdminServiceClient::new(self.channel.clone())
            .max_decoding_message_size(client::MESSAGE_BYTES_MAX)
    }

    /// What members do.
    pub(super) fn sharing(&self) -> SharingServiceClient<Channel> {
        SharingServiceClient::new(self.channel.clone())
            .max_decoding_message_size(client::MESSAGE_BYTES_MAX)
    }

    /// Verifies what this session reads.
    pub(super) fn verifier(&self) -> Verifier {
        Verifier::new(self.community().clone(), self.bundles.clone())
    }

    pub(super) fn community(&self) -> &CommunityId {
        &self.id.community
    }

    pub(super) fn id(&self) -> &SpiffeId {
        &self.id
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn expires(&self) -> Timestamp {
        self.expires
    }
}

/// A session for an operator's command.
pub(super) async fn as_operator(context: &Context) -> Result<Session, Failure> {
    let options = &context.options;
    if options.data.is_none() && options.profile.is_some() {
        return with_profile(&profile(context)?, context).await;
    }
    let said = options.data.is_some() || context.environment.value(DATA_VARIABLE).is_some();
    let data = data_directory(context)?;
    if said || is_node(&data) {
        return with_data(&data, context).await;
    }
    // An operator who joined with an invite has a profile on another machine than the node's.
    match profile(context) {
        Ok(profile) if matches!(profile.id().role, Role::Operator(_)) => {
            with_profile(&profile, context).await
        }
        Ok(_) | Err(_) => Err(Failure::failed(format!(
            "this is an operator's command, and {} is not the data directory of a node",
            shown(&data.to_string_lossy())
        ))
        .next("say --data DIR on the node's machine, or --profile NAME with an operator's profile; `sluis init` makes a node")),
    }
}

/// A session for a member's command.
pub(super) async fn as_member(context: &Context) -> Result<Session, Failure> {
    if context.options.data.is_some() && said_profile(context).is_none() {
        return Err(Failure::new(
            Exit::NotAllowed,
            "this is a member's command, and --data names an operator's credential",
        )
        .next("operators see no content; choose a person's or tool's profile with --profile"));
    }
    let profile = profile(context)?;
    if matches!(profile.id().role, Role::Operator(_)) {
        return Err(Failure::new(
            Exit::NotAllowed,
            format!(
                "this is a member's command, and this profile is {}",
                profile.id()
            ),
        )
        .next("operators see no content; choose a person's or tool's profile with --profile"));
    }
    with_profile(&profile, context).await
}

/// A session for a command that both have.
pub(super) async fn as_either(context: &Context) -> Result<As, Failure> {
    let options = &context.options;
    let environment = &context.environment;
    let profile_said = options.profile.is_some() || environment.value(PROFILE_VARIABLE).is_some();
    let data_said = environment.value(DATA_VARIABLE).is_some();
    if options.data.is_some() || !profile_said && data_said {
        let data = data_directory(context)?;
        return with_data(&data, context).await.map(As::Operator);
    }
    let missing = match profile(context) {
        Ok(profile) => {
            let session = with_profile(&profile, context).await?;
            return Ok(match profile.id().role {
                Role::Operator(_) => As::Operator(session),
                Role::Node(_) | Role::Signer(_) | Role::Member(_) | Role::Credential(..) => {
                    As::Member(session)
                }
            });
        }
        Err(missing) => missing,
    };
    let data = data_directory(context)?;
    if !profile_said && is_node(&data) {
        return with_data(&data, context).await.map(As::Operator);
    }
    Err(missing)
}

/// The node's data directory that is meant.
pub(super) fn data_directory(context: &Context) -> Result<PathBuf, Failure> {
    if let Some(said) = &context.options.data {
        return Ok(said.clone());
    }
    if let Some(said) = context.environment.value(DATA_VARIABLE) {
        return Ok(said.into());
    }
    dirs::data_dir()
        .map(|dir| dir.join("sluis"))
        .ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "this system names no data directory; say --data DIR",
            )
        })
}

/// The directory of all profiles.
pub(super) fn home(context: &Context) -> Result<PathBuf, Failure> {
    if let Some(said) = context.environment.value(HOME_VARIABLE) {
        return Ok(said.into());
    }
    dirs::config_dir()
        .map(|dir| dir.join("sluis"))
        .ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "this system names no configuration directory; set SLUIS_HOME",
            )
        })
}

/// The name of the profile that is meant, where none has to exist.
pub(super) fn profile_name(context: &Context) -> String {
    said_profile(context).unwrap_or(DEFAULT_PROFILE).to_owned()
}

/// Why an invite did not become a profile.
pub(super) fn join_failure(error: JoinError) -> Failure {
    match error {
        JoinError::Connect(error) => connect_failure(error),
        JoinError::Used | JoinError::Expired | JoinError::Unknown | JoinError::Refused(_) => {
            Failure::new(Exit::NotAllowed, foreign(&error))
        }
        JoinError::NotForJoining
        | JoinError::BadAnswer(_)
        | JoinError::Profile(_)
        | JoinError::Trust(_) => Failure::failed(foreign(&error)),
    }
}

fn said_profile(context: &Context) -> Option<&str> {
    context
        .options
        .profile
        .as_deref()
        .or_else(|| context.environment.value(PROFILE_VARIABLE))
}

/// The profile that is meant: the named one, else `default`, else the only one.
fn profile(context: &Context) -> Result<Profile, Failure> {
    let home = home(context)?;
    let names = Profile::list(&home).map_err(profile_failure)?;
    let name = match said_profile(context) {
        Some(said) => said,
        None if names.iter().any(|name| name == DEFAULT_PROFILE) => DEFAULT_PROFILE,
        None => match names.as_slice() {
            [only] => only,
            [] => {
                return Err(Failure::failed(format!(
                    "this is a member's command, and there is no profile in {}",
                    shown(&home.to_string_lossy())
                ))
                .next("ask the operator of your community for an invite, then: sluis join -"));
            }
            names => {
                return Err(
                    Failure::new(Exit::Usage, "it is not said which profile is meant")
                        .next(format!("say --profile with one of: {}", names.join(", "))),
                );
            }
        },
    };
    let directory = Profile::directory_of(&home, name).map_err(profile_failure)?;
    Profile::load(&directory).map_err(|error| match error {
        ProfileError::NotThere(_) => {
            let failure = Failure::failed(format!("there is no profile {}", shown(name)));
            match names.as_slice() {
                [] => failure.next(format!(
                    "an invite makes one: sluis join - --profile {}",
                    shown(name)
                )),
                names => failure.next(format!("there are: {}", names.join(", "))),
            }
        }
        other => profile_failure(other),
    })
}

async fn with_profile(profile: &Profile, context: &Context) -> Result<Session, Failure> {
    let now = context.clock.now();
    let profile = match client::renew(profile, context.clock.clone()).await {
        Ok(renewed) => renewed,
        // The old certificate still holds: the command goes on with it.
        Err(error) if now < profile.credential().not_after() => {
            tracing::info!(error = %foreign(&error), "the certificate could not be renewed yet");
            profile.clone()
        }
        Err(RenewError::Connect(error)) => return Err(connect_failure(error)),
        Err(error @ (RenewError::TooLate(_) | RenewError::Refused(_))) => {
            return Err(Failure::new(Exit::NotAllowed, foreign(&error)));
        }
        Err(error @ (RenewError::Profile(_) | RenewError::Trust(_))) => {
            return Err(Failure::failed(foreign(&error)));
        }
    };
    let (credential, bundles) = profile.live().map_err(profile_failure)?;
    open(profile.address().to_owned(), credential, bundles, context).await
}

async fn with_data(data: &Path, context: &Context) -> Result<Session, Failure> {
    if let Err(error) = std::fs::metadata(data.join(config::FILE))
        && error.kind() == std::io::ErrorKind::PermissionDenied
    {
        return Err(Failure::because(
            format!("{} cannot be read", shown(&data.to_string_lossy())),
            &error,
        )
        .next("an operator's commands are for the user that runs the node"));
    }
    if !is_node(data) {
        return Err(Failure::failed(format!(
            "{} is not the data directory of a node: it has no {}",
            shown(&data.to_string_lossy()),
            config::FILE
        ))
        .next("`sluis init` makes one; --data names another directory"));
    }
    let credential = operator_credential(data, context)?;
    let bundles = Bundles::new();
    files::read_certificates(&data.join("ca/ca.pem"))
        .and_then(|ca| bundles.set(&credential.id().community, &ca))
        .map_err(trust_failure)?;
    let address = match std::fs::read_to_string(data.join(ADDRESS_FILE)) {
        Ok(address) => address.trim().to_owned(),
        Err(_) => {
            return Err(Failure::new(
                Exit::NotReachable,
                format!("no node serves {}", shown(&data.to_string_lossy())),
            )
            .next(format!(
                "start it: sluis --data {} serve",
                shown(&data.to_string_lossy())
            )));
        }
    };
    // The file says what is listened on; an unspecified address is reached over loopback.
    let address = match address.parse() {
        Ok(bound) => config::reachable_here(bound).to_string(),
        Err(_) => address,
    };
    open(address, LiveCredential::new(credential), bundles, context).await
}

/// The operator's credential in a data directory, issued anew here when it is past two thirds of its life: whoever
/// holds the CA's key needs nobody's leave.
fn operator_credential(data: &Path, context: &Context) -> Result<TlsCredential, Failure> {
    let operators = data.join(OPERATOR);
    let names: Vec<Name> = std::fs::read_dir(&operators)
        .into_iter()
        .flatten()
        .filter_map(|entry| Name::parse(&entry.ok()?.file_name().into_string().ok()?).ok())
        .collect();
    let user = context.environment.value("USER");
    let name = names
        .iter()
        .find(|name| user == Some(name.as_str()))
        .or_else(|| names.iter().min())
        .ok_or_else(|| {
            Failure::failed(format!(
                "there is no operator's credential in {}",
                shown(&operators.to_string_lossy())
            ))
            .next("restore the directory from a backup, or use a profile with --profile")
        })?;
    let directory = operators.join(name.as_str());
    let credential = TlsCredential::load(&directory).map_err(trust_failure)?;
    let now = context.clock.now();
    if !credential.needs_renewal(now) {
        return Ok(credential);
    }
    let lifetime_seconds = config::load(data, &context.environment)
        .map_or(CREDENTIAL_LIFE_SECONDS, |loaded| {
            loaded.settings.certificates.person_seconds
        });
    Authority::open(data)
        .and_then(|authority| authority.credential(credential.id(), &[], now, lifetime_seconds))
        .and_then(|fresh| fresh.save(&directory).map(|()| fresh))
        .map_err(trust_failure)
}

async fn open(
    address: String,
    credential: LiveCredential,
    bundles: Bundles,
    context: &Context,
) -> Result<Session, Failure> {
    let id = credential.id();
    let expected = ExpectedServer::Community {
        community: id.community.clone(),
        bundles: bundles.clone(),
    };
    let tls =
        client_config(Some(&credential), expected, context.clock.clone()).map_err(trust_failure)?;
    let channel = client::connect(&address, tls)
        .await
        .map_err(connect_failure)?;
    Ok(Session {
        channel,
        expires: credential.not_after(),
        id,
        address,
        bundles,
    })
}

fn is_node(data: &Path) -> bool {
    data.join(config::FILE).is_file()
}

/// Why there is no connection, with the exit code that says so.
pub(super) fn connect_failure(error: ConnectError) -> Failure {
    match error {
        ConnectError::NotReachable { .. } => Failure::new(Exit::NotReachable, foreign(&error))
            .next(
                "try again in a moment; the operator's `sluis status` shows whether the node is up",
            ),
        ConnectError::Rejected { .. } => Failure::new(Exit::NotAllowed, foreign(&error)),
        ConnectError::Address { .. } | ConnectError::Untrusted { .. } => {
            Failure::failed(foreign(&error))
        }
    }
}

fn profile_failure(error: ProfileError) -> Failure {
    Failure::failed(foreign(&error))
}

fn trust_failure(error: TrustError) -> Failure {
    Failure::failed(foreign(&error))
}

/// An error with its causes; some repeat what another machine said.
fn foreign(error: &(dyn std::error::Error + 'static)) -> String {
    shown(&chain(error)).into_owned()
}

/// The profile that is meant where none is named.
pub(super) const DEFAULT_PROFILE: &str = "default";
const DATA_VARIABLE: &str = "SLUIS_DATA_DIR";
const HOME_VARIABLE: &str = "SLUIS_HOME";
const PROFILE_VARIABLE: &str = "SLUIS_PROFILE";
/// Written by the node while it serves.
const ADDRESS_FILE: &str = "run/address";
