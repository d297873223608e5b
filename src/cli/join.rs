//! `sluis join`: from an invite to a credential. The private key is made on this machine and never leaves it.

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use serde::Serialize;

use super::text::shown;
use super::{Context, Exit, Failure, session};
use crate::client::{self, Profile};
use crate::model::ids::Role;
use crate::model::invite::Invite;

/// Turn an invite into a credential on this machine.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sluis join -                       paste the invite, then press Enter\n  \
                        sluis join - --profile siem < invite.txt\n\nAn invite is good for one use. On a shared \
                        machine give it on standard input: the command line is seen by others."
)]
pub(super) struct JoinArguments {
    /// The invite; `-` reads it from standard input
    #[arg(value_name = "INVITE")]
    invite: String,
}

/// What `join` answers.
#[derive(Serialize)]
struct Joined {
    profile: String,
    id: String,
    community: String,
    address: String,
    expires: String,
}

pub(super) async fn run(arguments: JoinArguments, context: &Context) -> Result<Exit, Failure> {
    let text = invite_text(&arguments.invite, context)?;
    let invite = Invite::parse(&text).map_err(|error| {
        // The error says itself what to copy.
        Failure::failed(error.to_string())
    })?;
    let name = session::profile_name(context);
    let directory = Profile::directory_of(&session::home(context)?, &name)
        .map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    let profile = client::join(&invite, &directory, context.clock.clone())
        .await
        .map_err(session::join_failure)?;
    let joined = Joined {
        profile: name.clone(),
        id: profile.id().to_string(),
        community: profile.community().to_string(),
        address: profile.address().to_owned(),
        expires: profile.credential().not_after().to_string(),
    };
    if context.output.is_json() {
        context.output.object(&joined)?;
    } else {
        context.output.line(&format!(
            "joined {} as {}\nthe credential is kept as profile {} and renews by itself (now good until {})",
            joined.community,
            joined.id,
            shown(&joined.profile),
            joined.expires
        ))?;
        let flag = match name.as_str() {
            session::DEFAULT_PROFILE => String::new(),
            name => format!(" --profile {name}"),
        };
        context.output.note(match profile.id().role {
            Role::Operator(_) => format!("next: `sluis status{flag}`"),
            Role::Node(_) | Role::Signer(_) | Role::Member(_) | Role::Credential(..) => format!(
                "next: `sluis feed{flag}` reads, `sluis push FILE --tlp GREEN{flag}` shares"
            ),
        });
    }
    Ok(Exit::Done)
}

/// The invite as it was typed, or the first line of standard input.
pub(super) fn invite_text(argument: &str, context: &Context) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.trim().to_owned());
    }
    if std::io::stdin().is_terminal() {
        context.output.note("paste the invite, then press Enter:");
    }
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .take(INVITE_BYTES_MAX)
        .read_line(&mut line)
        .map_err(|error| Failure::because("standard input cannot be read", &error))?;
    Ok(line.trim().to_owned())
}

/// Far more than an invite has; what is longer is something else.
const INVITE_BYTES_MAX: u64 = 64 * 1024;
