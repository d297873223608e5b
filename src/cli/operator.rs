//! `sluis operator`: who runs the node.

use crate::model::ids::Name;
use crate::wire::pb;

use super::values::{name, seconds};
use super::{Context, Exit, Failure, member, session};

/// The operators of the node.
#[derive(Debug, clap::Subcommand)]
pub(super) enum OperatorCommand {
    /// Make an invite for another operator
    #[command(
        after_help = "Example:\n  sluis operator invite bob   then, on bob's machine: sluis join - --profile ops"
    )]
    Invite {
        /// The operator's name: lower-case letters, digits and hyphens
        #[arg(value_parser = name)]
        name: Name,
        /// How long the invite is good for
        #[arg(long, default_value = "24h", value_parser = seconds)]
        ttl: u32,
    },
}

pub(super) async fn run(command: OperatorCommand, context: &Context) -> Result<Exit, Failure> {
    match command {
        OperatorCommand::Invite { name, ttl } => {
            let invite = session::as_operator(context)
                .await?
                .admin()
                .create_operator_invite(pb::CreateOperatorInviteRequest {
                    name: name.as_str().to_owned(),
                    ttl_seconds: ttl,
                })
                .await?
                .into_inner();
            member::show_invite(
                &invite,
                &format!("operator {name}"),
                "sluis join -",
                context,
            )
        }
    }
}
