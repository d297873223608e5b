//! `sluis peer`: other communities, and what was agreed with them.
//!
//! ```text
//! here                          there
//! peer invite --community B ─▶  peer accept INVITE      both see the same six words,
//! peer confirm B                (y, --yes, or later     compare them by telephone, and
//!                                peer confirm A)        each signs; then it is in force
//! ```

use serde::Serialize;

use super::agreement::AgreementFlags;
use super::output::Field;
use super::prompt::{Answer, ask, confirm};
use super::text::shown;
use super::values::{community, seconds};
use super::view::{PeerView, TermsView};
use super::{Context, Exit, Failure, join, member, quarantine, session};
use crate::model::ids::CommunityId;
use crate::model::invite::Invite;
use crate::model::label::Label;
use crate::wire::pb;

/// The peers: other communities, and what was agreed with them.
#[derive(Debug, clap::Subcommand)]
pub(super) enum PeerCommand {
    /// Propose an agreement to another community and make its invite
    #[command(
        after_help = "Example:\n  sluis peer invite --community water.isac.example --out-ceiling AMBER --onward"
    )]
    Invite(InviteArguments),
    /// Take up another community's invite, compare the six words, and sign
    #[command(
        after_help = "Examples:\n  sluis peer accept -                       paste the invite\n  \
                            sluis peer accept - --in-ceiling GREEN    narrower than proposed\n\nWithout flags the \
                            proposal is taken as it is. --yes signs without asking: only where the words were compared."
    )]
    Accept(AcceptArguments),
    /// Sign, after both operators read the same six words
    Confirm(Which),
    /// List the peers
    List,
    /// Show a peer and the agreement with it
    Show(Which),
    /// Let nothing through any more, at once; withdrawals still go
    Suspend(Which),
    /// End a suspension
    Resume(Which),
    /// End the agreement; what is needed to deliver owed withdrawals stays
    Remove(Which),
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineCommand),
}

/// Names a peer.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The peer's id, such as water.isac.example
    #[arg(value_name = "ID", value_parser = community)]
    id: CommunityId,
}

/// Whom to invite, and to what.
#[derive(Debug, clap::Args)]
pub(super) struct InviteArguments {
    /// The community that is invited
    #[arg(long, value_name = "ID", value_parser = community)]
    community: CommunityId,
    /// How long the invite is good for: a number with s, m, h or d
    #[arg(long, default_value = "7d", value_parser = seconds)]
    ttl: u32,
    #[command(flatten)]
    agreement: AgreementFlags,
}

/// Which invite to take up, and what should be narrower.
#[derive(Debug, clap::Args)]
pub(super) struct AcceptArguments {
    /// The invite; `-` reads it from standard input
    #[arg(value_name = "INVITE")]
    invite: String,
    #[command(flatten)]
    agreement: AgreementFlags,
}

#[cfg(test)]
impl PeerCommand {
    /// What the flags say, where the command has any.
    pub(super) fn wishes(self) -> Option<pb::AgreementWishes> {
        match self {
            PeerCommand::Invite(arguments) => Some(arguments.agreement.into_wishes()),
            PeerCommand::Accept(arguments) => Some(arguments.agreement.into_wishes()),
            _ => None,
        }
    }
}

pub(super) async fn run(command: PeerCommand, context: &Context) -> Result<Exit, Failure> {
    match command {
        PeerCommand::Invite(arguments) => invite(arguments, context).await,
        PeerCommand::Accept(arguments) => accept(arguments, context).await,
        PeerCommand::Confirm(Which { id }) => confirm_peer(&id, context).await,
        PeerCommand::List => list(context).await,
        PeerCommand::Show(Which { id }) => {
            let peer = read(&id, context).await?;
            show(peer, "", context)
        }
        PeerCommand::Suspend(Which { id }) => suspend(&id, context).await,
        PeerCommand::Resume(Which { id }) => resume(&id, context).await,
        PeerCommand::Remove(Which { id }) => remove(&id, context).await,
        PeerCommand::Quarantine(command) => quarantine::run(command, context).await,
    }
}

async fn invite(arguments: InviteArguments, context: &Context) -> Result<Exit, Failure> {
    let invite = session::as_operator(context)
        .await?
        .admin()
        .create_peer_invite(pb::CreatePeerInviteRequest {
            community: arguments.community.as_str().to_owned(),
            wishes: Some(arguments.agreement.into_wishes()),
            ttl_seconds: arguments.ttl,
        })
        .await?
        .into_inner();
    let next = format!(
        "sluis peer accept -\nthen compare the six words by telephone, and here: {}",
        context.again(&format!("peer confirm {}", arguments.community))
    );
    member::show_invite(&invite, arguments.community.as_str(), &next, context)
}

async fn accept(arguments: AcceptArguments, context: &Context) -> Result<Exit, Failure> {
    let invite = join::invite_text(&arguments.invite, context)?;
    // Told here, so that no other node is asked about a line that was not copied whole.
    Invite::parse(&invite).map_err(|error| Failure::failed(error.to_string()))?;
    let session = session::as_operator(context).await?;
    let peer = session
        .admin()
        .accept_peer_invite(pb::AcceptPeerInviteRequest {
            invite,
            wishes: Some(arguments.agreement.into_wishes()),
        })
        .await?
        .into_inner();
    sign(peer, Unasked::Later, &session, context).await
}

async fn confirm_peer(id: &CommunityId, context: &Context) -> Result<Exit, Failure> {
    let session = session::as_operator(context).await?;
    let peer = session
        .admin()
        .get_peer(pb::GetPeerRequest {
            peer: id.as_str().to_owned(),
        })
        .await?
        .into_inner();
    if peer.signed_by_us {
        return show(peer, "this side has signed already", context);
    }
    sign(peer, Unasked::Signs, &session, context).await
}

/// What holds where there is nobody to ask.
enum Unasked {
    /// `peer accept`: the words were just shown for the first time, nobody can have compared them.
    Later,
    /// `peer confirm` is itself the word of an operator who compared them.
    Signs,
}

async fn sign(
    peer: pb::Peer,
    unasked: Unasked,
    session: &session::Session,
    context: &Context,
) -> Result<Exit, Failure> {
    let later = format!(
        "not signed yet; when both read the same words: {}",
        context.again(&format!("peer confirm {}", shown(&peer.peer)))
    );
    context.output.note(format!(
        "the six words for {}:\n\n    {}\n\nCall its operator, on a number that you know, and compare them.",
        shown(&peer.peer),
        shown(&peer.phrase)
    ));
    let signs = match ask(
        "Does the other operator read the same words?",
        context.options.yes,
    )? {
        Answer::Yes => true,
        Answer::Nobody => matches!(unasked, Unasked::Signs),
        Answer::No => {
            let id = shown(&peer.peer).into_owned();
            show(
                peer,
                &format!(
                    "not signed. If the words differ, somebody is in between: {}",
                    context.again(&format!("peer remove {id}"))
                ),
                context,
            )?;
            return Ok(Exit::Failed);
        }
    };
    if !signs {
        return show(peer, &later, context);
    }
    let mut peer = session
        .admin()
        .confirm_peer(pb::ConfirmPeerRequest { peer: peer.peer })
        .await?
        .into_inner();
    // The link is only beginning: how its first attempts do says nothing yet.
    peer.status = None;
    let next = if peer.signed_by_them {
        "both sides have signed".to_owned()
    } else {
        "signed; it is in force as soon as the other side has signed too".to_owned()
    };
    show(peer, &next, context)
}

/// What `peer list` answers.
#[derive(Serialize)]
struct Peers {
    peers: Vec<PeerView>,
}

async fn list(context: &Context) -> Result<Exit, Failure> {
    let peers: Vec<PeerView> = session::as_operator(context)
        .await?
        .admin()
        .list_peers(pb::ListPeersRequest {})
        .await?
        .into_inner()
        .peers
        .into_iter()
        .map(PeerView::from)
        .collect();
    if peers.is_empty() {
        context.output.note(format!(
            "there is no peer yet; next: {}, or: {}",
            context.again("peer invite --community ID"),
            context.again("peer accept INVITE")
        ));
    }
    if context.output.is_json() {
        context.output.object(&Peers { peers })?;
    } else if !peers.is_empty() {
        context.output.table(
            [
                "peer",
                "state",
                "lag",
                "we send up to",
                "we take up to",
                "name",
            ],
            peers.into_iter().map(|peer| {
                let ceiling = |of: fn(&TermsView) -> &'static str| {
                    Field::Label(peer.agreement.as_ref().map(of).and_then(Label::parse))
                };
                let (sent, taken) = (
                    ceiling(|terms| terms.we.out_ceiling),
                    ceiling(|terms| terms.we.in_ceiling),
                );
                [
                    Field::from(peer.peer),
                    peer.state.into(),
                    lag(peer.lag).into(),
                    sent,
                    taken,
                    peer.name.into(),
                ]
            }),
        )?;
    }
    Ok(Exit::Done)
}

async fn read(id: &CommunityId, context: &Context) -> Result<pb::Peer, Failure> {
    Ok(session::as_operator(context)
        .await?
        .admin()
        .get_peer(pb::GetPeerRequest {
            peer: id.as_str().to_owned(),
        })
        .await?
        .into_inner())
}

async fn suspend(id: &CommunityId, context: &Context) -> Result<Exit, Failure> {
    let peer = session::as_operator(context)
        .await?
        .admin()
        .suspend_peer(pb::SuspendPeerRequest {
            peer: id.as_str().to_owned(),
        })
        .await?
        .into_inner();
    let next = format!(
        "nothing passes but withdrawals, until: {}",
        context.again(&format!("peer resume {id}"))
    );
    show(peer, &next, context)
}

async fn resume(id: &CommunityId, context: &Context) -> Result<Exit, Failure> {
    let peer = session::as_operator(context)
        .await?
        .admin()
        .resume_peer(pb::ResumePeerRequest {
            peer: id.as_str().to_owned(),
        })
        .await?
        .into_inner();
    show(peer, "what was missed is sent now", context)
}

async fn remove(id: &CommunityId, context: &Context) -> Result<Exit, Failure> {
    confirm(
        &format!("End the agreement with {id}? A new one needs a new invite."),
        context.options.yes,
    )?;
    let peer = session::as_operator(context)
        .await?
        .admin()
        .remove_peer(pb::RemovePeerRequest {
            peer: id.as_str().to_owned(),
        })
        .await?
        .into_inner();
    show(
        peer,
        "withdrawals that are owed are still delivered",
        context,
    )
}

/// Shows a peer, and what comes next.
fn show(peer: pb::Peer, next: &str, context: &Context) -> Result<Exit, Failure> {
    let peer = PeerView::from(peer);
    let signed = |signed: bool| if signed { "signed" } else { "not signed" };
    if context.output.is_json() {
        context.output.object(&peer)?;
    } else {
        context.output.pairs([
            ("peer", Field::from(peer.peer.clone())),
            ("name", peer.name.clone().into()),
            ("state", peer.state.into()),
            ("phrase", peer.phrase.clone().into()),
            ("address", peer.address.clone().into()),
            ("we have", signed(peer.signed_by_us).into()),
            ("they have", signed(peer.signed_by_them).into()),
            (
                "link",
                peer.link.clone().unwrap_or_else(|| "-".to_owned()).into(),
            ),
            ("lag", lag(peer.lag).into()),
        ])?;
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        context.output.pairs([
            ("last heard", Field::from(or_none(&peer.last_success))),
            ("next try", or_none(&peer.next_retry).into()),
        ])?;
        if let Some(failure) = &peer.last_failure {
            context.output.pairs([
                ("failure", Field::from(failure.clone())),
                ("of kind", or_none(&peer.failure_class).into()),
                ("failed at", or_none(&peer.failed_at).into()),
            ])?;
        }
        if let Some(terms) = &peer.agreement {
            context.output.line("")?;
            agreement(terms, context)?;
        }
    }
    if !next.is_empty() {
        context.output.note(next);
    }
    Ok(Exit::Done)
}

fn agreement(terms: &TermsView, context: &Context) -> Result<(), Failure> {
    let label = |name: &str| Field::Label(Label::parse(name));
    let yes = |yes: bool| Field::from(if yes { "yes" } else { "no" });
    let side = |who: &str, side: &super::view::SideView| {
        [
            Field::from(who),
            label(side.out_ceiling),
            label(side.in_ceiling),
            yes(side.onward),
            yes(side.commercial),
        ]
    };
    context.output.table(
        [
            "agreement",
            "sends up to",
            "takes up to",
            "may be passed on",
            "commercial",
        ],
        [side("we", &terms.we), side("they", &terms.they)],
    )?;
    let all = |texts: String| {
        if texts.is_empty() {
            "all".to_owned()
        } else {
            texts
        }
    };
    context.output.pairs([
        ("kinds", Field::from(all(terms.kinds.join(", ")))),
        ("sectors", all(terms.sectors.join(", ")).into()),
        (
            "from",
            terms
                .from
                .clone()
                .unwrap_or_else(|| "when both have signed".to_owned())
                .into(),
        ),
        (
            "until",
            terms
                .until
                .clone()
                .unwrap_or_else(|| "one side ends it".to_owned())
                .into(),
        ),
    ])
}

/// A lag for people.
pub(super) fn lag(seconds: Option<f64>) -> String {
    match seconds {
        Some(seconds) => format!("{seconds:.1} s"),
        None => "-".to_owned(),
    }
}
