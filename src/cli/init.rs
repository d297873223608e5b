//! `sluis init`: makes a node's data directory and says what to save and what to do next.

use std::net::SocketAddr;

use serde::Serialize;

use super::text::shown;
use super::values::{community, name};
use super::{Context, Exit, Failure, session};
use crate::model::ids::{CommunityId, Name};
use crate::node::config::{self, Environment};
use crate::node::init::{InitOptions, Initialised, init};

/// Make a node's data directory.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  sluis --data /var/lib/sluis init --community energy.isac.example \
                        --name \"Energy ISAC\" --sector energy --advertise sluis.energy.example:7443"
)]
pub(super) struct InitArguments {
    /// The community's id, a DNS-style name; it can never be changed
    #[arg(long, value_name = "ID", value_parser = community)]
    community: CommunityId,
    /// The community's name for people
    #[arg(long, value_name = "NAME", value_parser = config::community::name)]
    name: String,
    /// The community's sector, such as energy
    #[arg(long, value_name = "S", value_parser = config::community::sector)]
    sector: String,
    /// Where members and peers connect
    #[arg(long, value_name = "ADDR:PORT", default_value = "0.0.0.0:7443", value_parser = config::listeners::socket)]
    listen: SocketAddr,
    /// Where TAXII and the console are served
    #[arg(long, value_name = "ADDR:PORT", default_value = "0.0.0.0:7444", value_parser = config::listeners::socket)]
    https: SocketAddr,
    /// Where probes and metrics are served; a loopback address
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:7445", value_parser = config::listeners::loopback)]
    ops: SocketAddr,
    /// Where others reach this node; it stands in invites and agreements [default: the address listened on]
    #[arg(long, value_name = "HOST:PORT", value_parser = config::listeners::advertise)]
    advertise: Option<String>,
    /// The first operator [default: your user name]
    #[arg(long, value_name = "NAME", value_parser = name)]
    operator: Option<Name>,
}

/// What `init` answers.
#[derive(Serialize)]
struct Made {
    community: String,
    data: String,
    operator: String,
    ca_fingerprint: String,
    save: Vec<String>,
}

pub(super) fn run(arguments: InitArguments, context: &Context) -> Result<Exit, Failure> {
    let data = session::data_directory(context)?;
    let advertised = arguments.advertise.is_some();
    let made = init(&InitOptions {
        data,
        community: arguments.community,
        name: arguments.name,
        sector: arguments.sector,
        listen: arguments.listen,
        https: arguments.https,
        ops: arguments.ops,
        advertise: arguments.advertise,
        operator: arguments
            .operator
            .unwrap_or_else(|| user(&context.environment)),
    })
    .map_err(|error| Failure::because("nothing was made", &error))?;
    report(made, advertised, context)
}

/// The user's name, where it is a valid one.
fn user(environment: &Environment) -> Name {
    ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .filter_map(|variable| environment.value(variable))
        .find_map(|user| Name::parse(&user.to_lowercase()).ok())
        .unwrap_or_else(|| Name::parse("operator").expect("operator is lower-case letters"))
}

fn report(made: Initialised, advertised: bool, context: &Context) -> Result<Exit, Failure> {
    let data = made.data.display().to_string();
    let data = shown(&data);
    let ca_key = made.ca_key.display().to_string();
    if context.output.is_json() {
        context.output.object(&Made {
            community: made.community.to_string(),
            data: made.data.display().to_string(),
            operator: made.operator.to_string(),
            ca_fingerprint: made.ca_fingerprint.to_string(),
            save: vec![ca_key],
        })?;
        return Ok(Exit::Done);
    }
    context
        .output
        .line(&format!("{} is made in {data}:", made.community))?;
    let width = made
        .files
        .iter()
        .map(|(file, _)| file.len())
        .max()
        .unwrap_or(0);
    for (file, about) in &made.files {
        context.output.line(&format!("  {file:width$}  {about}"))?;
    }
    context
        .output
        .line(&format!("CA fingerprint  {}", made.ca_fingerprint))?;
    context
        .output
        .line(&format!("operator        {}", made.operator))?;
    context.output.note(format!(
        "\nSave {} now, offline: without it the community has to begin anew.\n\
         Make backups with `sluis backup`, from a timer.\n",
        shown(&ca_key)
    ));
    if !advertised {
        context.output.note(format!(
            "Others find this node only when sluis.toml says so: set advertise = \"HOST:PORT\" in {data}/{}.\n",
            config::FILE
        ));
    }
    context.output.note(format!(
        "next:\n  sluis --data {data} serve\n  sluis --data {data} member add ID --name NAME\n  \
         sluis --data {data} peer invite --community ID"
    ));
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_operator_has_the_users_name_where_it_is_one() {
        let of = |user| user_of(&[("USER", user)]);
        assert_eq!(of("alice"), "alice");
        assert_eq!(of("Alice"), "alice");
        assert_eq!(of("alice smith"), "operator");
        assert_eq!(user_of(&[]), "operator");
    }

    fn user_of(variables: &[(&str, &str)]) -> String {
        let environment = match variables {
            [one] => Environment::of([*one]),
            _ => Environment::default(),
        };
        user(&environment).to_string()
    }
}
