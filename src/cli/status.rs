//! `sluis status`: the node as its operator sees it, or as a member reaches it.

use serde::Serialize;

use super::output::Field;
use super::session::{self, As, Session};
use super::view::PeerStatusView;
use super::{Context, Exit, Failure, peer};
use crate::wire::pb;

/// What `status` answers an operator.
#[derive(Serialize)]
struct NodeStatus {
    community: String,
    ready: bool,
    version: String,
    items: u64,
    members: u64,
    peers: Vec<PeerStatusView>,
    equivocations: u64,
}

/// What `status` answers a member: what a member may know of the node.
#[derive(Serialize)]
struct Reached {
    community: String,
    ready: bool,
    address: String,
    id: String,
    certificate_expires: String,
}

pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    match session::as_either(context).await? {
        As::Operator(session) => node(&session, context).await,
        As::Member(session) => reached(&session, context).await,
    }
}

async fn node(session: &Session, context: &Context) -> Result<Exit, Failure> {
    let status = session
        .admin()
        .get_status(pb::GetStatusRequest {})
        .await?
        .into_inner();
    let status = NodeStatus {
        community: status.community,
        ready: status.ready,
        version: status.version,
        items: status.items,
        members: status.members,
        peers: status.peers.into_iter().map(PeerStatusView::from).collect(),
        equivocations: status.equivocations,
    };
    let ready = status.ready;
    if context.output.is_json() {
        context.output.object(&status)?;
    } else {
        people(status, context)?;
    }
    if ready {
        Ok(Exit::Done)
    } else {
        Err(Failure::failed("the node is up and not ready yet"))
    }
}

fn people(status: NodeStatus, context: &Context) -> Result<(), Failure> {
    context.output.pairs([
        ("community", Field::from(status.community)),
        ("ready", (if status.ready { "yes" } else { "no" }).into()),
        ("version", status.version.into()),
        ("items", status.items.to_string().into()),
        ("members", status.members.to_string().into()),
    ])?;
    if status.equivocations > 0 {
        context.output.note(format!(
            "ALARM: {} revisions were signed in two different forms; see {}",
            status.equivocations,
            context.again("peer quarantine list")
        ));
    }
    if status.peers.is_empty() {
        context.output.note(format!(
            "no peers; the first contact: {}",
            context.again("peer invite --community ID")
        ));
        return Ok(());
    }
    context.output.line("")?;
    context.output.table(
        [
            "peer",
            "state",
            "lag",
            "link",
            "next try",
            "kind",
            "last failure",
        ],
        status.peers.into_iter().map(|status| {
            [
                Field::from(status.peer),
                status.state.into(),
                peer::lag(status.lag).into(),
                status.link.into(),
                status.next_retry.unwrap_or_default().into(),
                status.failure_class.unwrap_or_default().into(),
                status.last_failure.into(),
            ]
        }),
    )
}

async fn reached(session: &Session, context: &Context) -> Result<Exit, Failure> {
    // The smallest question that a member may ask, and that only a node that is ready answers.
    session
        .sharing()
        .list_items(pb::ListItemsRequest {
            page_size: 1,
            page_token: String::new(),
            filter: None,
        })
        .await?;
    let reached = Reached {
        community: session.community().to_string(),
        ready: true,
        address: session.address().to_owned(),
        id: session.id().to_string(),
        certificate_expires: session.expires().to_string(),
    };
    if context.output.is_json() {
        context.output.object(&reached)?;
    } else {
        context.output.pairs([
            ("community", Field::from(reached.community)),
            ("reachable", "yes".into()),
            ("address", reached.address.into()),
            ("as", reached.id.into()),
            ("certificate until", reached.certificate_expires.into()),
        ])?;
    }
    Ok(Exit::Done)
}
