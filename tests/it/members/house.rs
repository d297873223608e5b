//! Two kinds of communities to test with: one that only has members, and one whose node answers on a socket.
//!
//! `House` is a community without a door: its store, its CA, its membership. What would be cut or announced is written
//! down instead. `Node` is a house with peering and a listener on loopback.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use sluis::anonymity::{Pseudonyms, SourceSeal};
use sluis::api::admin::{Admin, Named, Overview, Settled};
use sluis::api::caller::Caller;
use sluis::api::enrollment::Enrollment;
use sluis::api::listener::{self, Connections, ListenerLimits};
use sluis::api::peering::FirstContact;
use sluis::api::{guarded, status};
use sluis::clock::{Clock as _, ManualClock, SystemEntropy, Timestamp};
use sluis::intake::{IntakeError, Released};
use sluis::log::Log;
use sluis::membership::{
    Candidate, EndConnections, Membership, MembershipParts, Notices, Settings,
};
use sluis::model::ids::{CommunityId, CredentialName, ItemId, MemberId, Name, Role, SpiffeId};
use sluis::model::invite::Invite;
use sluis::peering::{Peering, PeeringParts};
use sluis::provenance::SigningKey;
use sluis::store::{AuditRow, Store};
use sluis::tasks::Tasks;
use sluis::trust::{
    Authority, Bundles, Issue, Keys, LiveCredential, NewKey, Purpose, server_config,
};
use sluis::wire::pb;
use sluis::wire::pb::federation_service_server::{FederationService, FederationServiceServer};
use tonic::{Request, Response, Status, Streaming};

pub(crate) fn day(n: i64) -> Timestamp {
    Timestamp::from_seconds(1_900_000_000 + n * 86_400)
}

pub(crate) fn member(text: &str) -> MemberId {
    MemberId::parse(text).expect("a valid id")
}

pub(crate) fn community(text: &str) -> CommunityId {
    CommunityId::parse(text).expect("a valid id")
}

pub(crate) fn person(text: &str) -> CredentialName {
    CredentialName::Person(Name::parse(text).expect("a valid name"))
}

pub(crate) fn tool(text: &str) -> CredentialName {
    CredentialName::Tool(Name::parse(text).expect("a valid name"))
}

/// A signing request as an honest machine makes it.
pub(crate) fn request() -> Vec<u8> {
    NewKey::generate()
        .expect("a key")
        .request()
        .expect("a request")
}

/// What the node told its members, and whose connections it cut.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) announced: Mutex<Vec<String>>,
    pub(crate) live: Mutex<Vec<SpiffeId>>,
}

impl Notices for Heard {
    fn announce(
        &self,
        title: String,
        _text: String,
    ) -> BoxFuture<'_, Result<(), Box<dyn std::error::Error + Send + Sync>>> {
        self.announced
            .lock()
            .expect("no test panics with it")
            .push(title);
        Box::pin(async { Err("nobody listens".into()) })
    }
}

impl Heard {
    fn cut(&self, whose: &dyn Fn(&SpiffeId) -> bool) -> usize {
        let mut live = self.live.lock().expect("no test panics with it");
        let before = live.len();
        live.retain(|id| !whose(id));
        before - live.len()
    }
}

/// Cuts what a test wrote down as live, and what is.
fn both(heard: &Arc<Heard>, connections: &Connections) -> EndConnections {
    let (heard, connections) = (Arc::clone(heard), connections.clone());
    Arc::new(move |whose| heard.cut(whose) + connections.end_where(whose))
}

/// A community without a door.
pub(crate) struct House {
    pub(crate) id: CommunityId,
    pub(crate) alice: SpiffeId,
    pub(crate) clock: ManualClock,
    pub(crate) log: Log,
    pub(crate) store: Store,
    pub(crate) authority: Arc<Authority>,
    pub(crate) heard: Arc<Heard>,
    pub(crate) connections: Connections,
    pub(crate) membership: Arc<Membership>,
    pub(crate) tasks: Tasks,
    pub(crate) directory: tempfile::TempDir,
}

impl House {
    pub(crate) async fn of(id: &str) -> Self {
        Self::requiring(id, 2).await
    }

    pub(crate) async fn requiring(id: &str, endorsements_required: u32) -> Self {
        Self::at("sluis.example:7443", id, endorsements_required).await
    }

    async fn at(advertise: &str, id: &str, endorsements_required: u32) -> Self {
        let id = community(id);
        let directory = tempfile::tempdir().expect("a directory");
        let clock = ManualClock::at(day(0));
        let tasks = Tasks::new();
        let store = Store::open(&directory.path().join("sluis.db"))
            .await
            .expect("a store");
        let log = Log::start(
            store.clone(),
            id.clone(),
            SourceSeal::of(&Pseudonyms::new(&[7; 32])),
            &tasks,
        )
        .await
        .expect("a log");
        let authority = Arc::new(
            Authority::create(directory.path(), &id, clock.now()).expect("a certificate authority"),
        );
        let heard = Arc::new(Heard::default());
        let connections = Connections::new(Arc::new(clock.clone()));
        let cut = both(&heard, &connections);
        let membership = Arc::new(Membership::new(MembershipParts {
            log: log.clone(),
            authority: Arc::clone(&authority),
            settings: Settings {
                community: id.clone(),
                endorsements_required,
                credential_seconds: 7 * 86_400,
                advertise: advertise.to_owned(),
            },
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SystemEntropy::default()),
            end_connections: cut,
            notices: Arc::<Heard>::clone(&heard),
        }));
        Self {
            alice: SpiffeId {
                community: id.clone(),
                role: Role::Operator(Name::parse("alice").expect("a valid name")),
            },
            id,
            clock,
            log,
            store,
            authority,
            heard,
            connections,
            membership,
            tasks,
            directory,
        }
    }

    pub(crate) async fn add(&self, id: &str) {
        self.membership
            .add(&self.alice, candidate(id))
            .await
            .expect("a new candidate");
    }

    /// Adds a candidate and admits it with the votes of these.
    pub(crate) async fn admit(&self, id: &str, endorsers: &[&str]) {
        self.add(id).await;
        for endorser in endorsers {
            self.endorse(endorser, id).await;
        }
        self.membership
            .admit(&self.alice, &member(id))
            .await
            .expect("enough endorsements");
    }

    pub(crate) async fn endorse(&self, endorser: &str, candidate: &str) {
        let by = SpiffeId::credential(&self.id, &member(endorser), &person("meryem"));
        self.membership
            .endorse(&by, &member(endorser), &member(candidate))
            .await
            .expect("an endorsement");
    }

    /// An invite for a credential of a member.
    pub(crate) async fn invite(&self, id: &str, credential: &CredentialName) -> Invite {
        let made = self
            .membership
            .invite(&self.alice, &member(id), credential, 0)
            .await
            .expect("an invite");
        Invite::parse(&made.text).expect("an invite that reads")
    }

    /// All records, oldest first.
    pub(crate) async fn audit(&self) -> Vec<AuditRow> {
        self.store
            .audit_after(0, 10_000)
            .await
            .expect("the audit log")
    }

    pub(crate) async fn acts(&self) -> Vec<String> {
        self.audit().await.into_iter().map(|row| row.act).collect()
    }
}

pub(crate) fn candidate(id: &str) -> Candidate {
    Candidate {
        id: member(id),
        name: format!("{id} N.V."),
        domains: vec![format!("{id}.example")],
        identities: vec![],
        contact: "+31 20 555 0100".to_owned(),
        commercial: false,
    }
}

/// A house with peering and a listener on loopback.
pub(crate) struct Node {
    pub(crate) house: House,
    pub(crate) address: String,
    pub(crate) peering: Arc<Peering>,
    pub(crate) signing_key: Arc<SigningKey>,
    pub(crate) signer_certificate: Vec<u8>,
    pub(crate) bundles: Bundles,
    pub(crate) keys: Keys,
    pub(crate) credential: LiveCredential,
    /// What serves; apart from the house's own tasks, so that the door can be shut.
    doors: Tasks,
}

impl Node {
    pub(crate) async fn of(id: &str) -> Self {
        let (node, listener) = Self::closed(id).await;
        node.open(listener);
        node
    }

    /// A node that is not yet listening at its address.
    pub(crate) async fn closed(id: &str) -> (Self, tokio::net::TcpListener) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let house = House::at(&address, id, 2).await;
        let named = |role| SpiffeId {
            community: house.id.clone(),
            role,
        };
        let name = |text| Name::parse(text).expect("a valid name");
        let now = house.clock.now();
        let credential = LiveCredential::new(
            house
                .authority
                .credential(
                    &named(Role::Node(name("n1"))),
                    &["127.0.0.1".to_owned()],
                    now,
                    30 * 86_400,
                )
                .expect("a certificate for the node"),
        );
        let (signing_key, _) = SigningKey::generate(house.id.clone());
        let signer_certificate = house
            .authority
            .issue(&Issue {
                id: &named(Role::Signer(name("k1"))),
                public_key: &signing_key.public_key_der(),
                not_before: now.plus_seconds(-300),
                not_after: now.plus_seconds(365 * 86_400),
                hosts: &[],
                purpose: Purpose::Signing,
            })
            .expect("a certificate for the signer");
        let bundles = Bundles::new();
        house.authority.add_to(&bundles).expect("our own CA");
        let first_hand = Bundles::new();
        house.authority.add_to(&first_hand).expect("our own CA");
        let keys = Keys::new(first_hand);
        let signing_key = Arc::new(signing_key);
        let peering = Arc::new(Peering::new(PeeringParts {
            log: house.log.clone(),
            authority: Arc::clone(&house.authority),
            settings: sluis::peering::Settings {
                community: house.id.clone(),
                name: format!("{} in words", house.id),
                advertise: address.clone(),
            },
            clock: Arc::new(house.clock.clone()),
            entropy: Arc::new(SystemEntropy::default()),
            bundles: bundles.clone(),
            keys: keys.clone(),
            signing_key: Arc::clone(&signing_key),
            signer_certificate: signer_certificate.clone(),
            credential: credential.clone(),
            end_connections: both(&house.heard, &house.connections),
        }));
        let node = Self {
            house,
            address,
            peering,
            signing_key,
            signer_certificate,
            bundles,
            keys,
            credential,
            doors: Tasks::new(),
        };
        (node, listener)
    }

    /// Answers at the address from now on.
    pub(crate) fn open(&self, listener: tokio::net::TcpListener) {
        let routes = tonic::service::Routes::new(FirstContact::server(Arc::clone(&self.peering)))
            .add_service(FederationServiceServer::new(Link(Arc::clone(
                &self.peering,
            ))))
            .add_service(Enrollment::server(Arc::clone(&self.house.membership)))
            .add_service(Admin::server(
                Arc::clone(&self.house.membership),
                Arc::clone(&self.peering),
                Arc::new(Nothing),
            ));
        let log = self.house.log.clone();
        self.serve(
            listener,
            guarded(
                routes,
                self.house.id.clone(),
                Arc::new(move || log.roster()),
            ),
        );
    }

    /// Stops answering.
    pub(crate) async fn shut(&mut self) {
        self.doors.drain(std::time::Duration::from_secs(1)).await;
        self.doors = Tasks::new();
    }

    /// Answers again at the same address.
    pub(crate) async fn reopen(&mut self) {
        let listener = tokio::net::TcpListener::bind(&self.address)
            .await
            .expect("the address is still ours");
        self.open(listener);
    }

    /// Answers with these services.
    pub(crate) fn serve(&self, listener: tokio::net::TcpListener, routes: axum::Router) {
        let tls = server_config(
            &self.credential,
            &self.bundles,
            Arc::new(self.house.clock.clone()),
        )
        .expect("a TLS configuration");
        let tasks = self.doors.clone();
        let serving = tasks.clone();
        let connections = self.house.connections.clone();
        tasks.spawn(async move {
            listener::serve(
                listener,
                tls,
                routes,
                connections,
                ListenerLimits::default(),
                &serving,
            )
            .await;
        });
    }

    pub(crate) fn id(&self) -> &CommunityId {
        &self.house.id
    }

    pub(crate) fn alice(&self) -> &SpiffeId {
        &self.house.alice
    }
}

/// As much of the federation service as peering needs.
struct Link(Arc<Peering>);

#[tonic::async_trait]
impl FederationService for Link {
    type FollowStream = futures_util::stream::Pending<Result<pb::FollowResponse, Status>>;

    async fn follow(
        &self,
        _request: Request<Streaming<pb::FollowRequest>>,
    ) -> Result<Response<Self::FollowStream>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn exchange_agreement(
        &self,
        request: Request<pb::ExchangeAgreementRequest>,
    ) -> Result<Response<pb::ExchangeAgreementResponse>, Status> {
        let caller = Caller::of(&request)?;
        let state = request
            .into_inner()
            .state
            .ok_or_else(|| status::missing("state"))?;
        let state = self
            .0
            .exchange(caller.peer()?, &state)
            .await
            .map_err(|error| status::peering(&error))?;
        Ok(Response::new(pb::ExchangeAgreementResponse {
            state: Some(state),
        }))
    }
}

/// A node that holds no items.
struct Nothing;

impl Overview for Nothing {
    fn status(&self) -> BoxFuture<'_, Result<pb::GetStatusResponse, Status>> {
        Box::pin(async { Ok(pb::GetStatusResponse::default()) })
    }

    fn explain(
        &self,
        item: ItemId,
        _to: String,
    ) -> BoxFuture<'_, Result<pb::ExplainItemResponse, Status>> {
        Box::pin(async move { Err(status::not_found(format!("there is no item {item}"))) })
    }

    fn trace(&self, item: ItemId) -> BoxFuture<'_, Result<pb::TraceItemResponse, Status>> {
        Box::pin(async move { Err(status::not_found(format!("there is no item {item}"))) })
    }

    fn waiting(&self) -> BoxFuture<'_, Result<Vec<pb::WaitingItem>, Status>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn quarantined(
        &self,
        _peer: Option<CommunityId>,
        _number: Option<i64>,
    ) -> BoxFuture<'_, Result<Vec<pb::QuarantinedItem>, Status>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn settle_quarantine(
        &self,
        _operator: SpiffeId,
        _named: Named,
        _settled: Settled,
    ) -> BoxFuture<'_, Result<u32, Status>> {
        Box::pin(async { Err(status::not_found("nothing is in quarantine")) })
    }

    fn settle(
        &self,
        _operator: SpiffeId,
        _item: ItemId,
        _settled: Settled,
    ) -> BoxFuture<'_, Result<Released, IntakeError>> {
        Box::pin(async { Ok(Released::NotWaiting) })
    }

    fn reveal_source(
        &self,
        _operator: SpiffeId,
        item: ItemId,
    ) -> BoxFuture<'_, Result<pb::RevealSourceResponse, Status>> {
        Box::pin(async move { Err(status::not_found(format!("there is no item {item}"))) })
    }

    fn link(&self, peer: &CommunityId) -> BoxFuture<'_, Result<pb::PeerStatus, Status>> {
        let peer = peer.to_string();
        Box::pin(async {
            Ok(pb::PeerStatus {
                peer,
                ..pb::PeerStatus::default()
            })
        })
    }
}
