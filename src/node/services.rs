//! The third floor and the doors of one node, assembled.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tonic::service::Routes;

use super::config::Settings;
use super::identity::Identity;
use super::overview::OperatorOverview;
use super::running::ServeError;
use crate::api::admin::Admin;
use crate::api::enrollment::Enrollment;
use crate::api::federation::FederationApi;
use crate::api::listener::Connections;
use crate::api::peering::FirstContact;
use crate::api::sharing::{PUSH_ROOM_KIB, Sharing, SharingParts};
use crate::clock::{Clock, Entropy, random_bytes};
use crate::federation::{Federation, Links};
use crate::feed::{Cursors, Feed};
use crate::intake::{self, Intake};
use crate::log::Log;
use crate::membership::{self, EndConnections, Membership, MembershipParts, Notices};
use crate::model::ids::{CommunityId, SpiffeId};
use crate::overview::Overview;
use crate::peering::{self, Peering, PeeringParts};
use crate::store::{Generation, PinnedKey, StoreError, Write};
use crate::tasks::Tasks;
use crate::trust::{Bundles, Keys};
use crate::wire::pb;
use crate::wire::pb::federation_service_server::FederationServiceServer;
use crate::wire::pb::sharing_service_server::SharingServiceServer;

/// What the services are made of.
pub(super) struct Parts<'a> {
    pub(super) settings: &'a Settings,
    pub(super) identity: &'a Identity,
    pub(super) log: Log,
    pub(super) advertised: String,
    pub(super) connections: Connections,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) tasks: Tasks,
    pub(super) ready: Arc<AtomicBool>,
}

/// The services of one node.
pub(super) struct Services {
    pub(super) bundles: Bundles,
    pub(super) peering: Arc<Peering>,
    pub(super) federation: Arc<Federation>,
    membership: Arc<Membership>,
    sharing: Sharing,
    operators: Arc<OperatorOverview>,
}

/// Message bound of the sharing service: the largest document with the words around it.
const PUSH_MESSAGE_BYTES_MAX: usize = 17 * 1024 * 1024;
/// Message bound of what peers send us: starts, acknowledgements and agreements are small.
const FEDERATION_MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// The key of the cursor key in the store.
const CURSOR_KEY: &str = "cursor-key";

/// Builds everything that serves, from what lasts.
pub(super) async fn assemble(parts: Parts<'_>) -> Result<Services, ServeError> {
    let Parts {
        settings,
        identity,
        log,
        advertised,
        connections,
        clock,
        entropy,
        tasks,
        ready,
    } = parts;
    let here = settings.community.id.clone();
    let newcomer_history = settings.community.newcomer_history;
    let bundles = Bundles::new();
    let keys = believe(identity, &bundles, &log, &*clock).await?;
    let cursors = Arc::new(Cursors::new(
        &cursor_key(&log, &*entropy).await?,
        generation(&log, &*entropy).await?,
    ));
    let intake = Arc::new(Intake::new(
        intake::Settings {
            community: here.clone(),
            name: settings.community.name.clone(),
            strict: settings.community.strict,
            sector: settings.community.sector.clone(),
            default_label: settings.community.default_label,
            newcomer_history,
            document_bytes_max: settings.limits.document_bytes_max,
            revision_floor: log.store().revision_floor().await?,
        },
        log.clone(),
        Arc::clone(&identity.signer),
        identity.pseudonyms.clone(),
        Arc::clone(&clock),
        Arc::clone(&entropy),
    ));
    let membership = Arc::new(Membership::new(MembershipParts {
        log: log.clone(),
        authority: Arc::clone(&identity.authority),
        settings: membership::Settings {
            community: here.clone(),
            endorsements_required: settings.community.endorsements_required,
            credential_seconds: settings.certificates.person_seconds,
            advertise: advertised.clone(),
        },
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        end_connections: ender(&connections),
        notices: Arc::new(NoticeBoard {
            intake: Arc::clone(&intake),
            node: identity.credential.id(),
        }),
    }));
    let peering = Arc::new(Peering::new(PeeringParts {
        log: log.clone(),
        authority: Arc::clone(&identity.authority),
        settings: peering::Settings {
            community: here.clone(),
            name: settings.community.name.clone(),
            advertise: advertised,
        },
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        bundles: bundles.clone(),
        keys: keys.clone(),
        signing_key: Arc::clone(&identity.signer),
        signer_certificate: identity.signer_certificate.clone(),
        credential: identity.credential.clone(),
        end_connections: ender(&connections),
    }));
    let links = Links::default();
    let overview = Overview {
        here: here.clone(),
        log: log.clone(),
        newcomer_history,
        clock: Arc::clone(&clock),
    };
    let feed = Arc::new(Feed::new(
        here.clone(),
        newcomer_history,
        log.clone(),
        Arc::clone(&clock),
        Arc::clone(&entropy),
        Arc::clone(&cursors),
    ));
    let sharing = Sharing::new(SharingParts {
        intake: Arc::clone(&intake),
        feed,
        overview: overview.clone(),
        membership: Arc::clone(&membership),
        keys: keys.clone(),
        tasks: tasks.clone(),
        room: Arc::new(Semaphore::new(PUSH_ROOM_KIB)),
    });
    let federation = Arc::new(Federation {
        here,
        log,
        signer: Arc::clone(&identity.signer),
        keys,
        bundles: bundles.clone(),
        credential: identity.credential.clone(),
        pseudonyms: identity.pseudonyms.clone(),
        cursors,
        clock,
        entropy,
        tasks,
        links: links.clone(),
    });
    Ok(Services {
        bundles,
        peering,
        federation,
        membership,
        sharing,
        operators: Arc::new(OperatorOverview {
            overview,
            intake,
            links,
            ready,
        }),
    })
}

impl Services {
    /// The gRPC services behind the access table.
    pub(super) fn routes(&self, here: CommunityId, log: Log) -> axum::Router {
        let sharing = SharingServiceServer::new(self.sharing.clone())
            .max_decoding_message_size(PUSH_MESSAGE_BYTES_MAX)
            .accept_compressed(tonic::codec::CompressionEncoding::Gzip);
        let federation = FederationServiceServer::new(FederationApi::new(
            Arc::clone(&self.federation),
            Arc::clone(&self.peering),
        ))
        .max_decoding_message_size(FEDERATION_MESSAGE_BYTES_MAX);
        let admin = Admin::server(
            Arc::clone(&self.membership),
            Arc::clone(&self.peering),
            self.operators.clone(),
        );
        let (_, health) = tonic_health::server::health_reporter();
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(pb::DESCRIPTORS)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let mut routes = Routes::new(sharing)
            .add_service(federation)
            .add_service(admin)
            .add_service(Enrollment::server(Arc::clone(&self.membership)))
            .add_service(FirstContact::server(Arc::clone(&self.peering)))
            .add_service(health);
        // The descriptors are compiled in; were they damaged, the node would run without reflection.
        if let Ok(v1) = reflection().build_v1() {
            routes = routes.add_service(v1);
        }
        if let Ok(v1alpha) = reflection().build_v1alpha() {
            routes = routes.add_service(v1alpha);
        }
        crate::api::guarded(routes.prepare(), here, Arc::new(move || log.roster()))
    }
}

/// Takes up whom this node believes: itself, its peers, and whoever was pinned before.
async fn believe(
    identity: &Identity,
    bundles: &Bundles,
    log: &Log,
    clock: &dyn Clock,
) -> Result<Keys, ServeError> {
    identity.authority.add_to(bundles)?;
    // Apart from TLS: whoever is only proposed connects, and is not believed for items.
    let first_hand = Bundles::new();
    identity.authority.add_to(&first_hand)?;
    for peer in log.roster().peers.values() {
        bundles.set(&peer.id, &peer.ca_certificates)?;
        if peer.is_signed_by_both() {
            first_hand.set(&peer.id, &peer.ca_certificates)?;
        }
    }
    let keys = Keys::new(first_hand);
    for refused in keys.restore(&log.store().pinned_keys().await?) {
        tracing::error!(key.id = %refused, "a pinned key does not read, or its community does not vouch for it; items that it signed will not verify");
    }
    let now = clock.now();
    let (key, community) = keys.admit(&identity.signer_certificate, now)?;
    let pin = PinnedKey {
        key,
        community,
        certificate: identity.signer_certificate.clone(),
        is_ca: false,
        introduced_by: None,
        first_seen: now,
    };
    if log.write(Write::PinKeys(vec![pin])).await.is_err() {
        return Err(ServeError::WriterStopped);
    }
    Ok(keys)
}

/// The key that seals cursors: made once, kept in the store, so that cursors survive a restart.
async fn cursor_key(log: &Log, entropy: &dyn Entropy) -> Result<[u8; 32], StoreError> {
    let stored = log.store().meta(CURSOR_KEY).await?;
    if let Some(key) = stored.and_then(|k| <[u8; 32]>::try_from(k).ok()) {
        return Ok(key);
    }
    let key: [u8; 32] = random_bytes(entropy);
    log.store().set_meta(CURSOR_KEY, &key).await?;
    Ok(key)
}

/// Which log this is: made with the database, and changed where it is restored.
async fn generation(log: &Log, entropy: &dyn Entropy) -> Result<Generation, StoreError> {
    if let Some(generation) = log.store().generation().await? {
        return Ok(generation);
    }
    let generation = Generation(random_bytes(entropy));
    log.store().set_generation(generation).await?;
    Ok(generation)
}

fn ender(connections: &Connections) -> EndConnections {
    let connections = connections.clone();
    Arc::new(move |whose| connections.end_where(whose))
}

/// Where membership changes are announced.
struct NoticeBoard {
    intake: Arc<Intake>,
    node: SpiffeId,
}

impl Notices for NoticeBoard {
    fn announce(
        &self,
        title: String,
        text: String,
    ) -> BoxFuture<'_, Result<(), Box<dyn std::error::Error + Send + Sync>>> {
        async move {
            self.intake.announce(&self.node, &title, text).await?;
            Ok(())
        }
        .boxed()
    }
}
