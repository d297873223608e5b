//! `sluis member`: who belongs to the community, and with which credentials.

use serde::Serialize;

use super::output::Field;
use super::prompt::confirm;
use super::text::counted;
use super::values::{member, name, seconds};
use super::view::{self, MemberView};
use super::{Context, Exit, Failure, session};
use crate::model::ids::{MemberId, Name};
use crate::wire::pb;

/// The members of the community and their credentials.
#[derive(Debug, clap::Subcommand)]
pub(super) enum MemberCommand {
    /// Register a candidate
    #[command(
        after_help = "Example:\n  sluis member add acme --name \"ACME Power\" --domain acme.example \
                            --contact \"+31 20 555 0100\"\n\nThe name, domains and identities are what a push without \
                            attribution must not mention."
    )]
    Add(AddArguments),
    /// Vouch for a candidate, as a person of an admitted member
    #[command(after_help = "Example:\n  sluis member endorse acme --profile meryem")]
    Endorse(Which),
    /// Admit a candidate that has the endorsements it needs
    Admit(Which),
    /// Suspend a member: its streams end within a second
    Suspend(Which),
    /// End a suspension
    Resume(Which),
    /// End a membership for good; its id is never given again
    Remove(Which),
    /// List the members
    List,
    /// Show one member and its credentials
    Show(Which),
    /// Make an invite for a person or a tool of a member
    #[command(
        after_help = "Examples:\n  sluis member invite acme --person meryem\n  \
                            sluis member invite acme --tool siem --ttl 1h -o json\n\nGive the invite over a channel \
                            that you trust; on the other machine: sluis join -"
    )]
    Invite(InviteArguments),
    /// Revoke a credential: its streams end within a second
    #[command(after_help = "Example:\n  sluis member revoke acme --tool siem")]
    Revoke(RevokeArguments),
}

/// Names a member.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The member's id, such as acme
    #[arg(value_name = "ID", value_parser = member)]
    id: MemberId,
}

/// A candidate's particulars.
#[derive(Debug, clap::Args)]
pub(super) struct AddArguments {
    /// The member's id: lower-case letters, digits and hyphens, such as acme
    #[arg(value_name = "ID", value_parser = member)]
    id: MemberId,
    /// The registered name
    #[arg(long, value_name = "N")]
    name: String,
    /// A domain of the member; may be given several times
    #[arg(long = "domain", value_name = "D")]
    domains: Vec<String>,
    /// A STIX identity id of the member; may be given several times
    #[arg(long = "identity", value_name = "STIX-ID")]
    identities: Vec<String>,
    /// Whom to call
    #[arg(long, value_name = "C", default_value = "", hide_default_value = true)]
    contact: String,
    /// The member declares a commercial interest
    #[arg(long)]
    commercial: bool,
}

/// Names a person or a tool.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Credential {
    /// A person
    #[arg(long, value_name = "P", value_parser = name)]
    person: Option<Name>,
    /// A tool
    #[arg(long, value_name = "T", value_parser = name)]
    tool: Option<Name>,
}

/// For whom an invite is.
#[derive(Debug, clap::Args)]
pub(super) struct InviteArguments {
    #[command(flatten)]
    member: Which,
    #[command(flatten)]
    credential: Credential,
    /// How long the invite is good for: a number with s, m, h or d
    #[arg(long, default_value = "24h", value_parser = seconds)]
    ttl: u32,
}

/// Which credential to revoke.
#[derive(Debug, clap::Args)]
pub(super) struct RevokeArguments {
    #[command(flatten)]
    member: Which,
    #[command(flatten)]
    credential: Credential,
}

pub(super) async fn run(command: MemberCommand, context: &Context) -> Result<Exit, Failure> {
    match command {
        MemberCommand::Add(arguments) => add(arguments, context).await,
        MemberCommand::Endorse(Which { id }) => endorse(&id, context).await,
        MemberCommand::Admit(Which { id }) => admit(&id, context).await,
        MemberCommand::Suspend(Which { id }) => suspend(&id, context).await,
        MemberCommand::Resume(Which { id }) => resume(&id, context).await,
        MemberCommand::Remove(Which { id }) => remove(&id, context).await,
        MemberCommand::List => list(context).await,
        MemberCommand::Show(Which { id }) => show(&id, context).await,
        MemberCommand::Invite(arguments) => invite(arguments, context).await,
        MemberCommand::Revoke(arguments) => revoke(arguments, context).await,
    }
}

async fn add(arguments: AddArguments, context: &Context) -> Result<Exit, Failure> {
    let member = session::as_operator(context)
        .await?
        .admin()
        .add_member(pb::AddMemberRequest {
            member: arguments.id.as_str().to_owned(),
            name: arguments.name,
            domains: arguments.domains,
            identities: arguments.identities,
            contact: arguments.contact,
            commercial: arguments.commercial,
        })
        .await?
        .into_inner();
    let next = if member.endorsements_required == 0 {
        format!(
            "next: {}",
            context.again(&format!("member admit {}", arguments.id))
        )
    } else {
        format!(
            "next: persons of {} admitted members vouch for it (`sluis member endorse {}`), then: {}",
            member.endorsements_required,
            arguments.id,
            context.again(&format!("member admit {}", arguments.id))
        )
    };
    changed(member, &next, context)
}

/// What `member endorse` answers.
#[derive(Serialize)]
struct Endorsed<'a> {
    member: &'a str,
    endorsements: u32,
    required: u32,
}

async fn endorse(id: &MemberId, context: &Context) -> Result<Exit, Failure> {
    let answer = session::as_member(context)
        .await?
        .sharing()
        .endorse_member(pb::EndorseMemberRequest {
            member: id.as_str().to_owned(),
        })
        .await?
        .into_inner();
    let endorsed = Endorsed {
        member: id.as_str(),
        endorsements: answer.endorsements,
        required: answer.required,
    };
    if context.output.is_json() {
        context.output.object(&endorsed)?;
    } else {
        context.output.line(&format!(
            "{id} has {} of {} endorsements",
            endorsed.endorsements, endorsed.required
        ))?;
    }
    if endorsed.endorsements >= endorsed.required {
        context.output.note(format!(
            "the operator can admit it now: sluis member admit {id}"
        ));
    }
    Ok(Exit::Done)
}

async fn admit(id: &MemberId, context: &Context) -> Result<Exit, Failure> {
    let member = session::as_operator(context)
        .await?
        .admin()
        .admit_member(pb::AdmitMemberRequest {
            member: id.as_str().to_owned(),
        })
        .await?
        .into_inner();
    changed(
        member,
        &format!(
            "next: {}",
            context.again(&format!("member invite {id} --person NAME"))
        ),
        context,
    )
}

async fn suspend(id: &MemberId, context: &Context) -> Result<Exit, Failure> {
    let member = session::as_operator(context)
        .await?
        .admin()
        .suspend_member(pb::SuspendMemberRequest {
            member: id.as_str().to_owned(),
        })
        .await?
        .into_inner();
    let next = format!(
        "its streams have ended; it reads again, and what it missed, after: {}",
        context.again(&format!("member resume {id}"))
    );
    changed(member, &next, context)
}

async fn resume(id: &MemberId, context: &Context) -> Result<Exit, Failure> {
    let member = session::as_operator(context)
        .await?
        .admin()
        .resume_member(pb::ResumeMemberRequest {
            member: id.as_str().to_owned(),
        })
        .await?
        .into_inner();
    changed(member, "it reads again, and gets what it missed", context)
}

async fn remove(id: &MemberId, context: &Context) -> Result<Exit, Failure> {
    confirm(
        &format!("End the membership of {id} for good? The id is never given again."),
        context.options.yes,
    )?;
    let member = session::as_operator(context)
        .await?
        .admin()
        .remove_member(pb::RemoveMemberRequest {
            member: id.as_str().to_owned(),
        })
        .await?
        .into_inner();
    changed(
        member,
        "its credentials have ended; what it shared stays",
        context,
    )
}

/// What `member list` answers.
#[derive(Serialize)]
struct Members {
    members: Vec<MemberView>,
}

async fn list(context: &Context) -> Result<Exit, Failure> {
    let members: Vec<MemberView> = session::as_operator(context)
        .await?
        .admin()
        .list_members(pb::ListMembersRequest {})
        .await?
        .into_inner()
        .members
        .into_iter()
        .map(MemberView::from)
        .collect();
    if members.is_empty() {
        context.output.note(format!(
            "there is no member yet; next: {}",
            context.again("member add ID --name NAME")
        ));
    }
    if context.output.is_json() {
        context.output.object(&Members { members })?;
    } else if !members.is_empty() {
        context.output.table(
            ["member", "state", "endorsed", "credentials", "name"],
            members.into_iter().map(|member| {
                let live = member.credentials.iter().filter(|c| !c.revoked).count();
                [
                    Field::from(member.member),
                    member.state.into(),
                    match member.state {
                        "candidate" => format!(
                            "{} of {}",
                            member.endorsed_by.len(),
                            member.endorsements_required
                        ),
                        _ => member.endorsed_by.len().to_string(),
                    }
                    .into(),
                    live.to_string().into(),
                    member.name.into(),
                ]
            }),
        )?;
    }
    Ok(Exit::Done)
}

async fn show(id: &MemberId, context: &Context) -> Result<Exit, Failure> {
    let member = session::as_operator(context)
        .await?
        .admin()
        .get_member(pb::GetMemberRequest {
            member: id.as_str().to_owned(),
        })
        .await?
        .into_inner();
    changed(member, "", context)
}

async fn invite(arguments: InviteArguments, context: &Context) -> Result<Exit, Failure> {
    use pb::create_member_invite_request::Credential as Named;
    let id = arguments.member.id;
    let (credential, whom) = match (arguments.credential.person, arguments.credential.tool) {
        (Some(person), _) => (
            Named::Person(person.as_str().to_owned()),
            format!("person {person} of {id}"),
        ),
        (None, Some(tool)) => (
            Named::Tool(tool.as_str().to_owned()),
            format!("tool {tool} of {id}"),
        ),
        (None, None) => return Err(neither()),
    };
    let invite = session::as_operator(context)
        .await?
        .admin()
        .create_member_invite(pb::CreateMemberInviteRequest {
            member: id.as_str().to_owned(),
            credential: Some(credential),
            ttl_seconds: arguments.ttl,
        })
        .await?
        .into_inner();
    show_invite(&invite, &whom, "sluis join -", context)
}

/// What commands that make an invite answer.
#[derive(Serialize)]
struct InviteView<'a> {
    invite: &'a str,
    expires: Option<String>,
}

/// Shows an invite: alone on standard output, so that it can be piped, and beside it what to do with it.
pub(super) fn show_invite(
    invite: &pb::CreateInviteResponse,
    whom: &str,
    next: &str,
    context: &Context,
) -> Result<Exit, Failure> {
    let view = InviteView {
        invite: &invite.invite,
        expires: view::time(invite.expires.as_ref()),
    };
    let expires = view
        .expires
        .clone()
        .unwrap_or_else(|| "it is used".to_owned());
    if context.output.is_json() {
        context.output.object(&view)?;
    } else {
        context.output.line(&super::text::shown(view.invite))?;
    }
    context.output.note(format!(
        "this invite is for {whom}, good for one use until {expires}, and shown only now\n\
         give it over a channel that you trust; there: {next}"
    ));
    Ok(Exit::Done)
}

/// What `member revoke` answers.
#[derive(Serialize)]
struct Revoked<'a> {
    member: &'a str,
    credential: String,
    streams_ended: u32,
}

async fn revoke(arguments: RevokeArguments, context: &Context) -> Result<Exit, Failure> {
    use pb::revoke_credential_request::Credential as Named;
    let id = arguments.member.id;
    let (credential, named) = match (arguments.credential.person, arguments.credential.tool) {
        (Some(person), _) => (
            format!("person/{person}"),
            Named::Person(person.as_str().to_owned()),
        ),
        (None, Some(tool)) => (
            format!("tool/{tool}"),
            Named::Tool(tool.as_str().to_owned()),
        ),
        (None, None) => return Err(neither()),
    };
    let answer = session::as_operator(context)
        .await?
        .admin()
        .revoke_credential(pb::RevokeCredentialRequest {
            member: id.as_str().to_owned(),
            credential: Some(named),
        })
        .await?
        .into_inner();
    let revoked = Revoked {
        member: id.as_str(),
        credential,
        streams_ended: answer.streams_ended,
    };
    if context.output.is_json() {
        context.output.object(&revoked)?;
    } else {
        context.output.line(&format!(
            "{} of {id} is revoked; {} ended",
            revoked.credential,
            counted(revoked.streams_ended.into(), "stream", "streams")
        ))?;
    }
    Ok(Exit::Done)
}

fn neither() -> Failure {
    Failure::new(Exit::Usage, "say --person or --tool")
}

/// A text that may be empty, as a list of none or one.
fn texts(text: String) -> Vec<String> {
    Some(text)
        .filter(|text| !text.is_empty())
        .into_iter()
        .collect()
}

/// Shows a member, and what comes next.
fn changed(member: pb::Member, next: &str, context: &Context) -> Result<Exit, Failure> {
    let member = MemberView::from(member);
    if context.output.is_json() {
        context.output.object(&member)?;
    } else {
        let or_none = |texts: &[String]| match texts {
            [] => "-".to_owned(),
            texts => texts.join(", "),
        };
        context.output.pairs([
            ("member", Field::from(member.member)),
            ("name", member.name.into()),
            ("state", member.state.into()),
            (
                "admitted",
                member.admitted.unwrap_or_else(|| "-".to_owned()).into(),
            ),
            (
                "endorsed by",
                match member.state {
                    // How many are needed is asked of candidates only.
                    "candidate" => format!(
                        "{} ({} needed)",
                        or_none(&member.endorsed_by),
                        member.endorsements_required
                    ),
                    _ => or_none(&member.endorsed_by),
                }
                .into(),
            ),
            ("contact", or_none(&texts(member.contact)).into()),
            (
                "commercial",
                (if member.commercial { "yes" } else { "no" }).into(),
            ),
            ("domains", or_none(&member.domains).into()),
            ("identities", or_none(&member.identities).into()),
        ])?;
        if !member.credentials.is_empty() {
            context.output.line("")?;
            context.output.table(
                ["credential", "certificate until", "revoked"],
                member.credentials.into_iter().map(|credential| {
                    [
                        Field::from(credential.id),
                        credential
                            .expires
                            .unwrap_or_else(|| "not enrolled".to_owned())
                            .into(),
                        (if credential.revoked { "yes" } else { "no" }).into(),
                    ]
                }),
            )?;
        }
    }
    if !next.is_empty() {
        context.output.note(next);
    }
    Ok(Exit::Done)
}
