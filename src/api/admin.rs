//! `AdminService`: what operators do.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tonic::{Request, Response, Status};

use super::caller::Caller;
use super::{SMALL_MESSAGE_BYTES_MAX, status};
use crate::intake::{IntakeError, Released};
use crate::membership::{Candidate, InviteMade, Membership};
use crate::model::agreement::{Peer, Wishes};
use crate::model::ids::{CommunityId, CredentialName, InvalidId, ItemId, MemberId, Name, SpiffeId};
use crate::model::member::{Credential, Member, Standing};
use crate::model::roster::Roster;
use crate::peering::Peering;
use crate::wire::pb::admin_service_server::{AdminService, AdminServiceServer};
use crate::wire::{Malformed, agreement, pb, words};

/// What an operator decides about an item that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It goes.
    Released,
    /// It is withdrawn.
    Dropped,
}

/// Which records of the quarantine are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// These.
    pub numbers: Vec<i64>,
    /// All of this peer.
    pub peer: Option<CommunityId>,
}

impl Named {
    /// Most numbers in one request: as many as a list shows.
    const NUMBERS_MAX: usize = 1000;

    fn parse(numbers: Vec<i64>, peer: &str) -> Result<Self, Status> {
        if numbers.len() > Self::NUMBERS_MAX {
            let most = format!("has more than {} entries", Self::NUMBERS_MAX);
            return Err(status::malformed(&Malformed::new("numbers", most)));
        }
        Ok(Self {
            numbers,
            peer: optional_peer(peer)?,
        })
    }
}

fn optional_peer(peer: &str) -> Result<Option<CommunityId>, Status> {
    match peer {
        "" => Ok(None),
        peer => CommunityId::parse(peer).map(Some).map_err(bad("peer")),
    }
}

/// What an operator is shown of items and links: ids, labels, kinds and places, never title, content or submitter.
pub trait Overview: Send + Sync {
    /// The node at a glance.
    fn status(&self) -> BoxFuture<'_, Result<pb::GetStatusResponse, Status>>;
    /// Why an item goes where; `to` is one reader, a member or a community, or empty for all.
    fn explain(
        &self,
        item: ItemId,
        to: String,
    ) -> BoxFuture<'_, Result<pb::ExplainItemResponse, Status>>;
    /// Who has an item.
    fn trace(&self, item: ItemId) -> BoxFuture<'_, Result<pb::TraceItemResponse, Status>>;
    /// The items that wait for an operator.
    fn waiting(&self) -> BoxFuture<'_, Result<Vec<pb::WaitingItem>, Status>>;
    /// Lets an item go that waits, or withdraws it.
    fn settle(
        &self,
        operator: SpiffeId,
        item: ItemId,
        settled: Settled,
    ) -> BoxFuture<'_, Result<Released, IntakeError>>;
    /// Who submitted an item. That this operator looked is durable in the audit log before anything is read.
    fn reveal_source(
        &self,
        operator: SpiffeId,
        item: ItemId,
    ) -> BoxFuture<'_, Result<pb::RevealSourceResponse, Status>>;
    /// What peers sent that was not valid: of one peer or of all, one record or all.
    fn quarantined(
        &self,
        peer: Option<CommunityId>,
        number: Option<i64>,
    ) -> BoxFuture<'_, Result<Vec<pb::QuarantinedItem>, Status>>;
    /// Takes records out of quarantine; where they are released their peers are read again. How many they were.
    fn settle_quarantine(
        &self,
        operator: SpiffeId,
        named: Named,
        settled: Settled,
    ) -> BoxFuture<'_, Result<u32, Status>>;
    /// How the link to a peer does.
    fn link(&self, peer: &CommunityId) -> BoxFuture<'_, Result<pb::PeerStatus, Status>>;
}

/// The service.
pub struct Admin {
    membership: Arc<Membership>,
    peering: Arc<Peering>,
    overview: Arc<dyn Overview>,
}

impl Admin {
    /// The service, ready to be mounted.
    pub fn server(
        membership: Arc<Membership>,
        peering: Arc<Peering>,
        overview: Arc<dyn Overview>,
    ) -> AdminServiceServer<Self> {
        AdminServiceServer::new(Self {
            membership,
            peering,
            overview,
        })
        .max_decoding_message_size(SMALL_MESSAGE_BYTES_MAX)
    }

    fn operator<T>(&self, request: &Request<T>) -> Result<SpiffeId, Status> {
        Caller::of(request)?.operator(self.membership.community())
    }

    /// The member as it is now, not as it was when a write was made: credentials and endorsements stand beside it.
    fn shown(&self, member: &Member) -> pb::Member {
        let roster = self.membership.roster();
        let member = roster.members.get(&member.id).unwrap_or(member);
        self.shown_in(&roster, member)
    }

    fn shown_in(&self, roster: &Roster, member: &Member) -> pb::Member {
        member_to_pb(
            self.membership.community(),
            roster,
            member,
            self.membership.endorsements_required(roster),
        )
    }

    async fn shown_peer(&self, peer: &Peer) -> Result<pb::Peer, Status> {
        let link = self.overview.link(&peer.id).await?;
        Ok(peer_to_pb(peer, link))
    }
}

#[tonic::async_trait]
impl AdminService for Admin {
    async fn get_status(
        &self,
        request: Request<pb::GetStatusRequest>,
    ) -> Result<Response<pb::GetStatusResponse>, Status> {
        self.operator(&request)?;
        self.overview.status().await.map(Response::new)
    }

    async fn create_operator_invite(
        &self,
        request: Request<pb::CreateOperatorInviteRequest>,
    ) -> Result<Response<pb::CreateInviteResponse>, Status> {
        let operator = self.operator(&request)?;
        let request = request.into_inner();
        let name = Name::parse(&request.name).map_err(bad("name"))?;
        self.membership
            .invite_operator(&operator, &name, request.ttl_seconds)
            .await
            .map(invite_to_pb)
            .map_err(|error| status::membership(&error))
    }

    async fn add_member(
        &self,
        request: Request<pb::AddMemberRequest>,
    ) -> Result<Response<pb::Member>, Status> {
        let operator = self.operator(&request)?;
        let request = request.into_inner();
        let candidate = Candidate {
            id: member_id(&request.member)?,
            name: request.name,
            domains: request.domains,
            identities: request.identities,
            contact: request.contact,
            commercial: request.commercial,
        };
        let member = self.membership.add(&operator, candidate).await;
        member
            .map(|member| Response::new(self.shown(&member)))
            .map_err(|error| status::membership(&error))
    }

    async fn admit_member(
        &self,
        request: Request<pb::AdmitMemberRequest>,
    ) -> Result<Response<pb::Member>, Status> {
        let operator = self.operator(&request)?;
        let id = member_id(&request.into_inner().member)?;
        let member = self.membership.admit(&operator, &id).await;
        member
            .map(|member| Response::new(self.shown(&member)))
            .map_err(|error| status::membership(&error))
    }

    async fn suspend_member(
        &self,
        request: Request<pb::SuspendMemberRequest>,
    ) -> Result<Response<pb::Member>, Status> {
        let operator = self.operator(&request)?;
        let id = member_id(&request.into_inner().member)?;
        let member = self.membership.suspend(&operator, &id).await;
        member
            .map(|member| Response::new(self.shown(&member)))
            .map_err(|error| status::membership(&error))
    }

    async fn resume_member(
        &self,
        request: Request<pb::ResumeMemberRequest>,
    ) -> Result<Response<pb::Member>, Status> {
        let operator = self.operator(&request)?;
        let id = member_id(&request.into_inner().member)?;
        let member = self.membership.resume(&operator, &id).await;
        member
            .map(|member| Response::new(self.shown(&member)))
            .map_err(|error| status::membership(&error))
    }

    async fn remove_member(
        &self,
        request: Request<pb::RemoveMemberRequest>,
    ) -> Result<Response<pb::Member>, Status> {
        let operator = self.operator(&request)?;
        let id = member_id(&request.into_inner().member)?;
        let member = self.membership.remove(&operator, &id).await;
        member
            .map(|member| Response::new(self.shown(&member)))
            .map_err(|error| status::membership(&error))
    }

    async fn get_member(
        &self,
        request: Request<pb::GetMemberRequest>,
    ) -> Result<Response<pb::Member>, Status> {
        self.operator(&request)?;
        let id = member_id(&request.into_inner().member)?;
        let member = self.membership.member(&id);
        member
            .map(|member| Response::new(self.shown(&member)))
            .map_err(|error| status::membership(&error))
    }

    async fn list_members(
        &self,
        request: Request<pb::ListMembersRequest>,
    ) -> Result<Response<pb::ListMembersResponse>, Status> {
        self.operator(&request)?;
        let roster = self.membership.roster();
        Ok(Response::new(pb::ListMembersResponse {
            members: roster
                .members
                .values()
                .map(|member| self.shown_in(&roster, member))
                .collect(),
        }))
    }

    async fn create_member_invite(
        &self,
        request: Request<pb::CreateMemberInviteRequest>,
    ) -> Result<Response<pb::CreateInviteResponse>, Status> {
        use pb::create_member_invite_request::Credential;
        let operator = self.operator(&request)?;
        let request = request.into_inner();
        let member = member_id(&request.member)?;
        let credential = match request.credential {
            Some(Credential::Person(name)) => person(&name)?,
            Some(Credential::Tool(name)) => tool(&name)?,
            None => return Err(status::missing("credential")),
        };
        self.membership
            .invite(&operator, &member, &credential, request.ttl_seconds)
            .await
            .map(invite_to_pb)
            .map_err(|error| status::membership(&error))
    }

    async fn revoke_credential(
        &self,
        request: Request<pb::RevokeCredentialRequest>,
    ) -> Result<Response<pb::RevokeCredentialResponse>, Status> {
        use pb::revoke_credential_request::Credential;
        let operator = self.operator(&request)?;
        let request = request.into_inner();
        let member = member_id(&request.member)?;
        let credential = match request.credential {
            Some(Credential::Person(name)) => person(&name)?,
            Some(Credential::Tool(name)) => tool(&name)?,
            None => return Err(status::missing("credential")),
        };
        let ended = self
            .membership
            .revoke(&operator, &member, &credential)
            .await
            .map_err(|error| status::membership(&error))?;
        Ok(Response::new(pb::RevokeCredentialResponse {
            streams_ended: u32::try_from(ended).unwrap_or(u32::MAX),
        }))
    }

    async fn create_peer_invite(
        &self,
        request: Request<pb::CreatePeerInviteRequest>,
    ) -> Result<Response<pb::CreateInviteResponse>, Status> {
        let operator = self.operator(&request)?;
        let request = request.into_inner();
        let community = CommunityId::parse(&request.community).map_err(bad("community"))?;
        let wishes = wishes(request.wishes.as_ref())?;
        self.peering
            .invite(&operator, &community, &wishes, request.ttl_seconds)
            .await
            .map(invite_to_pb)
            .map_err(|error| status::peering(&error))
    }

    async fn accept_peer_invite(
        &self,
        request: Request<pb::AcceptPeerInviteRequest>,
    ) -> Result<Response<pb::Peer>, Status> {
        let operator = self.operator(&request)?;
        let request = request.into_inner();
        let wishes = wishes(request.wishes.as_ref())?;
        let peer = self
            .peering
            .accept(&operator, &request.invite, &wishes)
            .await
            .map_err(|error| status::peering(&error))?;
        self.shown_peer(&peer).await.map(Response::new)
    }

    async fn confirm_peer(
        &self,
        request: Request<pb::ConfirmPeerRequest>,
    ) -> Result<Response<pb::Peer>, Status> {
        let operator = self.operator(&request)?;
        let id = peer_id(&request.into_inner().peer)?;
        let peer = self
            .peering
            .confirm(&operator, &id)
            .await
            .map_err(|error| status::peering(&error))?;
        self.shown_peer(&peer).await.map(Response::new)
    }

    async fn suspend_peer(
        &self,
        request: Request<pb::SuspendPeerRequest>,
    ) -> Result<Response<pb::Peer>, Status> {
        let operator = self.operator(&request)?;
        let id = peer_id(&request.into_inner().peer)?;
        let peer = self
            .peering
            .suspend(&operator, &id)
            .await
            .map_err(|error| status::peering(&error))?;
        self.shown_peer(&peer).await.map(Response::new)
    }

    async fn resume_peer(
        &self,
        request: Request<pb::ResumePeerRequest>,
    ) -> Result<Response<pb::Peer>, Status> {
        let operator = self.operator(&request)?;
        let id = peer_id(&request.into_inner().peer)?;
        let peer = self
            .peering
            .resume(&operator, &id)
            .await
            .map_err(|error| status::peering(&error))?;
        self.shown_peer(&peer).await.map(Response::new)
    }

    async fn remove_peer(
        &self,
        request: Request<pb::RemovePeerRequest>,
    ) -> Result<Response<pb::Peer>, Status> {
        let operator = self.operator(&request)?;
        let id = peer_id(&request.into_inner().peer)?;
        let peer = self
            .peering
            .remove(&operator, &id)
            .await
            .map_err(|error| status::peering(&error))?;
        self.shown_peer(&peer).await.map(Response::new)
    }

    async fn get_peer(
        &self,
        request: Request<pb::GetPeerRequest>,
    ) -> Result<Response<pb::Peer>, Status> {
        self.operator(&request)?;
        let id = peer_id(&request.into_inner().peer)?;
        let peer = self
            .peering
            .peer(&id)
            .map_err(|error| status::peering(&error))?;
        self.shown_peer(&peer).await.map(Response::new)
    }

    async fn list_peers(
        &self,
        request: Request<pb::ListPeersRequest>,
    ) -> Result<Response<pb::ListPeersResponse>, Status> {
        self.operator(&request)?;
        let mut peers = Vec::new();
        for peer in self.peering.roster().peers.values() {
            peers.push(self.shown_peer(peer).await?);
        }
        Ok(Response::new(pb::ListPeersResponse { peers }))
    }

    async fn explain_held_item(
        &self,
        request: Request<pb::ExplainHeldItemRequest>,
    ) -> Result<Response<pb::ExplainItemResponse>, Status> {
        self.operator(&request)?;
        let request = request.into_inner();
        let item = ItemId::parse(&request.item).map_err(bad("item"))?;
        self.overview
            .explain(item, request.to)
            .await
            .map(Response::new)
    }

    async fn trace_held_item(
        &self,
        request: Request<pb::TraceHeldItemRequest>,
    ) -> Result<Response<pb::TraceItemResponse>, Status> {
        self.operator(&request)?;
        let item = ItemId::parse(&request.into_inner().item).map_err(bad("item"))?;
        self.overview.trace(item).await.map(Response::new)
    }

    async fn list_waiting_items(
        &self,
        _request: Request<pb::ListWaitingItemsRequest>,
    ) -> Result<Response<pb::ListWaitingItemsResponse>, Status> {
        let items = self.overview.waiting().await?;
        Ok(Response::new(pb::ListWaitingItemsResponse { items }))
    }

    async fn release_waiting_item(
        &self,
        request: Request<pb::ReleaseWaitingItemRequest>,
    ) -> Result<Response<pb::ReleaseWaitingItemResponse>, Status> {
        let operator = self.operator(&request)?;
        let item = ItemId::parse(&request.get_ref().item).map_err(bad("item"))?;
        let released = self
            .overview
            .settle(operator, item, Settled::Released)
            .await;
        waited(item, released)?;
        Ok(Response::new(pb::ReleaseWaitingItemResponse {}))
    }

    async fn drop_waiting_item(
        &self,
        request: Request<pb::DropWaitingItemRequest>,
    ) -> Result<Response<pb::DropWaitingItemResponse>, Status> {
        let operator = self.operator(&request)?;
        let item = ItemId::parse(&request.get_ref().item).map_err(bad("item"))?;
        let dropped = self.overview.settle(operator, item, Settled::Dropped).await;
        waited(item, dropped)?;
        Ok(Response::new(pb::DropWaitingItemResponse {}))
    }

    async fn list_quarantined_items(
        &self,
        request: Request<pb::ListQuarantinedItemsRequest>,
    ) -> Result<Response<pb::ListQuarantinedItemsResponse>, Status> {
        self.operator(&request)?;
        let request = request.into_inner();
        let peer = optional_peer(&request.peer)?;
        let number = Some(request.number).filter(|number| *number != 0);
        let items = self.overview.quarantined(peer, number).await?;
        Ok(Response::new(pb::ListQuarantinedItemsResponse { items }))
    }

    async fn release_quarantined_items(
        &self,
        request: Request<pb::ReleaseQuarantinedItemsRequest>,
    ) -> Result<Response<pb::ReleaseQuarantinedItemsResponse>, Status> {
        let operator = self.operator(&request)?;
        let request = request.into_inner();
        let named = Named::parse(request.numbers, &request.peer)?;
        let settled = self
            .overview
            .settle_quarantine(operator, named, Settled::Released);
        let released = settled.await?;
        Ok(Response::new(pb::ReleaseQuarantinedItemsResponse {
            released,
        }))
    }

    async fn drop_quarantined_items(
        &self,
        request: Request<pb::DropQuarantinedItemsRequest>,
    ) -> Result<Response<pb::DropQuarantinedItemsResponse>, Status> {
        let operator = self.operator(&request)?;
        let request = request.into_inner();
        let named = Named::parse(request.numbers, &request.peer)?;
        let settled = self
            .overview
            .settle_quarantine(operator, named, Settled::Dropped);
        let dropped = settled.await?;
        Ok(Response::new(pb::DropQuarantinedItemsResponse { dropped }))
    }

    async fn reveal_source(
        &self,
        request: Request<pb::RevealSourceRequest>,
    ) -> Result<Response<pb::RevealSourceResponse>, Status> {
        let operator = self.operator(&request)?;
        let item = ItemId::parse(&request.into_inner().item).map_err(bad("item"))?;
        self.overview
            .reveal_source(operator, item)
            .await
            .map(Response::new)
    }
}

fn bad(field: &'static str) -> impl FnOnce(InvalidId) -> Status {
    move |invalid| status::invalid_id(field, &invalid)
}

fn member_id(text: &str) -> Result<MemberId, Status> {
    MemberId::parse(text).map_err(bad("member"))
}

fn peer_id(text: &str) -> Result<CommunityId, Status> {
    CommunityId::parse(text).map_err(bad("peer"))
}

fn person(name: &str) -> Result<CredentialName, Status> {
    Name::parse(name)
        .map(CredentialName::Person)
        .map_err(bad("person"))
}

fn tool(name: &str) -> Result<CredentialName, Status> {
    Name::parse(name)
        .map(CredentialName::Tool)
        .map_err(bad("tool"))
}

fn wishes(given: Option<&pb::AgreementWishes>) -> Result<Wishes, Status> {
    given.map_or_else(
        || Ok(Wishes::default()),
        |given| agreement::wishes(given).map_err(|error| status::malformed(&error)),
    )
}

fn invite_to_pb(made: InviteMade) -> Response<pb::CreateInviteResponse> {
    Response::new(pb::CreateInviteResponse {
        expires: Some(words::time_to_pb(made.expires)),
        invite: made.text,
    })
}

fn member_to_pb(
    community: &CommunityId,
    roster: &Roster,
    member: &Member,
    endorsements_required: u32,
) -> pb::Member {
    use pb::member::State;
    let (state, admitted) = match member.standing {
        Standing::Candidate => (State::Candidate, None),
        Standing::Admitted { since } => (State::Admitted, Some(since)),
        Standing::Suspended { admitted } => (State::Suspended, Some(admitted)),
        Standing::Left => (State::Left, None),
    };
    pb::Member {
        member: member.id.to_string(),
        name: member.name.clone(),
        state: state.into(),
        domains: member.domains.clone(),
        identities: member.identities.clone(),
        contact: member.contact.clone(),
        commercial: member.commercial,
        endorsed_by: roster
            .endorsements
            .get(&member.id)
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect(),
        admitted: admitted.map(words::time_to_pb),
        credentials: roster
            .credentials
            .values()
            .filter(|credential| credential.member == member.id)
            .map(|credential| credential_to_pb(community, credential))
            .collect(),
        endorsements_required,
    }
}

fn waited(item: ItemId, outcome: Result<Released, IntakeError>) -> Result<(), Status> {
    match outcome {
        Ok(Released::Done) => Ok(()),
        Ok(Released::NotWaiting) => Err(status::not_waiting(item)),
        Err(error) => Err(super::sharing::failure(&error)),
    }
}

fn credential_to_pb(community: &CommunityId, credential: &Credential) -> pb::Credential {
    pb::Credential {
        spiffe_id: SpiffeId::credential(community, &credential.member, &credential.name)
            .to_string(),
        expires: Some(words::time_to_pb(credential.expires)),
        revoked: credential.revoked,
    }
}

fn peer_to_pb(peer: &Peer, link: pb::PeerStatus) -> pb::Peer {
    pb::Peer {
        peer: peer.id.to_string(),
        name: peer.name.clone(),
        state: words::peer_state_to_pb(peer.state()),
        phrase: peer.phrase.clone(),
        address: peer.address.clone(),
        terms: bytes::Bytes::copy_from_slice(&peer.terms_bytes),
        signed_by_us: peer.our_signature.is_some(),
        signed_by_them: peer.their_signature.is_some(),
        status: Some(link),
        ca_fingerprints: peer
            .ca_fingerprints()
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}
