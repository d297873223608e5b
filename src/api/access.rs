//! Who may call what: one table over every RPC of every service. What is not in it cannot be called.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{Either, Ready, ready};
use tower::{Layer, Service};

use super::caller::{Caller, Kind};
use super::listener::ConnectionInfo;
use super::status;
use crate::model::ids::CommunityId;
use crate::model::roster::Roster;

/// Anyone, with or without a certificate.
const ANYONE: &[Kind] = &[
    Kind::Person,
    Kind::Tool,
    Kind::Operator,
    Kind::Peer,
    Kind::Renewal,
    Kind::Nobody,
];
/// Whoever has a certificate that is good now.
const KNOWN: &[Kind] = &[Kind::Person, Kind::Tool, Kind::Operator, Kind::Peer];
/// Persons and tools of admitted members.
const MEMBERS: &[Kind] = &[Kind::Person, Kind::Tool];
/// Persons of admitted members: what a machine must not do.
const PERSONS: &[Kind] = &[Kind::Person];
/// Whoever has a certificate of this community that can be renewed.
const RENEWABLE: &[Kind] = &[Kind::Person, Kind::Tool, Kind::Operator, Kind::Renewal];
/// Operators of this community.
const OPERATORS: &[Kind] = &[Kind::Operator];
/// Nodes of communities with which there was first contact.
const PEERS: &[Kind] = &[Kind::Peer];

/// Every RPC that this node serves, and who may call it.
pub const TABLE: &[(&str, &[Kind])] = &[
    ("/sluis.v1.AdminService/GetStatus", OPERATORS),
    ("/sluis.v1.AdminService/CreateOperatorInvite", OPERATORS),
    ("/sluis.v1.AdminService/AddMember", OPERATORS),
    ("/sluis.v1.AdminService/AdmitMember", OPERATORS),
    ("/sluis.v1.AdminService/SuspendMember", OPERATORS),
    ("/sluis.v1.AdminService/ResumeMember", OPERATORS),
    ("/sluis.v1.AdminService/RemoveMember", OPERATORS),
    ("/sluis.v1.AdminService/GetMember", OPERATORS),
    ("/sluis.v1.AdminService/ListMembers", OPERATORS),
    ("/sluis.v1.AdminService/CreateMemberInvite", OPERATORS),
    ("/sluis.v1.AdminService/RevokeCredential", OPERATORS),
    ("/sluis.v1.AdminService/CreatePeerInvite", OPERATORS),
    ("/sluis.v1.AdminService/AcceptPeerInvite", OPERATORS),
    ("/sluis.v1.AdminService/ConfirmPeer", OPERATORS),
    ("/sluis.v1.AdminService/SuspendPeer", OPERATORS),
    ("/sluis.v1.AdminService/ResumePeer", OPERATORS),
    ("/sluis.v1.AdminService/RemovePeer", OPERATORS),
    ("/sluis.v1.AdminService/GetPeer", OPERATORS),
    ("/sluis.v1.AdminService/ListPeers", OPERATORS),
    ("/sluis.v1.AdminService/ExplainHeldItem", OPERATORS),
    ("/sluis.v1.AdminService/TraceHeldItem", OPERATORS),
    ("/sluis.v1.AdminService/ListWaitingItems", OPERATORS),
    ("/sluis.v1.AdminService/ReleaseWaitingItem", OPERATORS),
    ("/sluis.v1.AdminService/DropWaitingItem", OPERATORS),
    ("/sluis.v1.AdminService/RevealSource", OPERATORS),
    ("/sluis.v1.AdminService/ListQuarantinedItems", OPERATORS),
    ("/sluis.v1.AdminService/ReleaseQuarantinedItems", OPERATORS),
    ("/sluis.v1.AdminService/DropQuarantinedItems", OPERATORS),
    ("/sluis.v1.EnrollmentService/Enroll", ANYONE),
    ("/sluis.v1.EnrollmentService/Renew", RENEWABLE),
    ("/sluis.v1.PeeringService/BeginPeering", ANYONE),
    ("/sluis.v1.FederationService/Follow", PEERS),
    ("/sluis.v1.FederationService/ExchangeAgreement", PEERS),
    ("/sluis.v1.SharingService/PushItem", MEMBERS),
    ("/sluis.v1.SharingService/PushItems", MEMBERS),
    ("/sluis.v1.SharingService/PreviewItem", MEMBERS),
    ("/sluis.v1.SharingService/GetItem", MEMBERS),
    ("/sluis.v1.SharingService/GetItemContent", MEMBERS),
    ("/sluis.v1.SharingService/ListItems", MEMBERS),
    ("/sluis.v1.SharingService/Subscribe", MEMBERS),
    ("/sluis.v1.SharingService/WithdrawItem", MEMBERS),
    ("/sluis.v1.SharingService/ExplainItem", MEMBERS),
    ("/sluis.v1.SharingService/TraceItem", MEMBERS),
    ("/sluis.v1.SharingService/EndorseMember", PERSONS),
    ("/sluis.v1.SharingService/ReviseItem", MEMBERS),
    // Probes come without a certificate. A watch is held open, which a stranger may not do.
    ("/grpc.health.v1.Health/Check", ANYONE),
    ("/grpc.health.v1.Health/Watch", KNOWN),
    (
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        OPERATORS,
    ),
    (
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        OPERATORS,
    ),
];

/// Who may call the RPC with exactly this path; `None`: there is no such RPC.
pub fn row(path: &str) -> Option<&'static [Kind]> {
    TABLE
        .iter()
        .find(|(listed, _)| *listed == path)
        .map(|(_, kinds)| *kinds)
}

/// The answer of the table for one call: the caller, or the refusal.
///
/// A refusal tells a stranger nothing but that a certificate is needed.
pub fn admit(
    path: &str,
    connection: Option<&ConnectionInfo>,
    here: &CommunityId,
    roster: &Roster,
) -> Result<Caller, tonic::Status> {
    let kinds = row(path).ok_or_else(status::unimplemented)?;
    let caller = match Caller::resolve(connection, here, roster) {
        Ok(caller) => caller,
        // Where anyone may call, one whose right ended may call like anyone, for instance to enrol anew.
        Err(_) if kinds.contains(&Kind::Nobody) => Caller::Nobody,
        Err(denied) => return Err(status::denied(&denied)),
    };
    if kinds.contains(&caller.kind()) {
        return Ok(caller);
    }
    Err(match caller {
        Caller::Nobody => status::no_credential(),
        Caller::Renewal(_) => status::credential_expired(),
        Caller::Member { .. } | Caller::Operator(_) | Caller::Peer(_) => status::not_allowed(),
    })
}

/// Where the layer reads everyone, as of the last commit.
pub type RosterNow = Arc<dyn Fn() -> Arc<Roster> + Send + Sync>;

/// Puts the table in front of a service.
#[derive(Clone)]
pub struct AccessLayer {
    here: CommunityId,
    roster: RosterNow,
}

impl AccessLayer {
    /// The table for the node of this community.
    pub fn new(here: CommunityId, roster: RosterNow) -> Self {
        Self { here, roster }
    }
}

impl<S> Layer<S> for AccessLayer {
    type Service = Access<S>;

    fn layer(&self, inner: S) -> Access<S> {
        Access {
            inner,
            table: self.clone(),
        }
    }
}

/// A service behind the table.
#[derive(Clone)]
pub struct Access<S> {
    inner: S,
    table: AccessLayer,
}

impl<S, B, R> Service<http::Request<B>> for Access<S>
where
    S: Service<http::Request<B>, Response = http::Response<R>>,
    R: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<S::Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let roster = (self.table.roster)();
        let connection = request.extensions().get::<ConnectionInfo>();
        match admit(request.uri().path(), connection, &self.table.here, &roster) {
            Ok(caller) => {
                request.extensions_mut().insert(caller);
                Either::Left(self.inner.call(request))
            }
            Err(refused) => Either::Right(ready(Ok(refused.into_http()))),
        }
    }
}

#[cfg(test)]
mod tests;
