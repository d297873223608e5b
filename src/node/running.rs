//! A node that runs: everything wired together, in the order in which it can fail.
//!
//! ```text
//! lock ─▶ store ─▶ listener bound ─▶ identity ─▶ log ─▶ services ─▶ listener serves ─▶ ready
//! ```
//!
//! Nothing is served before everything that a call may need is there. Ending is the other way round: the listener stops
//! taking, streams are told to finish, the writer commits what it has, the lock is let go.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;

use super::backup;
use super::config::Settings;
use super::gauges::NodeGauges;
use super::identity;
use super::services::{self, Parts};
use crate::anonymity::SourceSeal;
use crate::api::listener::{self, Connections, ListenerLimits};
use crate::clock::{Clock, Entropy, SystemClock, SystemEntropy};
use crate::federation;
use crate::http::ops::{self, Ops};
use crate::log::Log;
use crate::model::ids::CommunityId;
use crate::store::{Store, StoreError};
use crate::tasks::Tasks;
use crate::trust::{TrustError, files, server_config};

/// A node that runs in this process.
#[derive(Debug)]
pub struct Node {
    community: CommunityId,
    address: SocketAddr,
    data: PathBuf,
    log: Log,
    tasks: Tasks,
    ready: Arc<AtomicBool>,
    /// Held for as long as the node runs: one process a data directory.
    _lock: File,
}

/// Why a node could not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The lock cannot be taken.
    #[error("{} cannot be opened", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another process serves this data directory.
    #[error(
        "another process serves {}; `sluis status --data {}` shows how it does",
        data.display(),
        data.display()
    )]
    Running {
        /// The data directory.
        data: PathBuf,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Keys or certificates cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The data directory is another community's.
    #[error(
        "{} belongs to {found}, but its settings say {configured}; the id of a community never changes: correct sluis.toml",
        data.display()
    )]
    OtherCommunity {
        /// The data directory.
        data: PathBuf,
        /// Whose CA is there.
        found: CommunityId,
        /// What the settings say.
        configured: CommunityId,
    },
    /// The address is taken or not ours.
    #[error(
        "cannot listen on {address}; end what uses it, or choose another with `listen` in sluis.toml or SLUIS_LISTEN"
    )]
    NotBound {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The operations listener cannot be opened.
    #[error("choose another address for probes with `ops` in sluis.toml or SLUIS_OPS")]
    Ops(#[from] ops::OpsError),
    /// Signals cannot be waited for.
    #[error("cannot wait for signals")]
    Signals(#[source] std::io::Error),
    /// The log writer stopped after a failure of the disk.
    #[error(
        "the database could not be written, so the node has ended; see the log above, repair the disk, start again"
    )]
    WriterStopped,
}

/// The database in the data directory.
pub(crate) const DATABASE: &str = "sluis.db";
pub(super) const LOCK: &str = "sluis.lock";
pub(super) const RUN: &str = "run";
pub(super) const ADDRESS: &str = "address";
/// How long a draining node waits for its streams to finish; SIGTERM has to end it within ten seconds.
const DRAIN: Duration = Duration::from_secs(5);

impl Node {
    /// Starts the node of a data directory. It is ready when this returns.
    ///
    /// # Errors
    /// Names the file or address, and what to do.
    pub async fn start(data: &Path, settings: &Settings) -> Result<Node, ServeError> {
        let lock = lock(data)?;
        backup::clear(data);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
        let identity = identity::open(data, settings, &*clock, &*entropy)?;
        let store = Store::open(&data.join(DATABASE)).await?;
        let (socket, address) = bind(settings.listeners.listen).await?;
        let ops_listener = ops::bind(settings.listeners.ops).await?;

        let tasks = Tasks::new();
        let here = settings.community.id.clone();
        let log = Log::start(
            store,
            here.clone(),
            SourceSeal::of(&identity.pseudonyms),
            &tasks,
        )
        .await?;
        let ready = Arc::new(AtomicBool::new(false));
        let connections = Connections::new(Arc::clone(&clock));
        let services = services::assemble(Parts {
            settings,
            identity: &identity,
            log: log.clone(),
            advertised: settings.listeners.advertised(address),
            connections: connections.clone(),
            clock: Arc::clone(&clock),
            entropy,
            tasks: tasks.clone(),
            ready: Arc::clone(&ready),
        })
        .await?;
        let ops = Ops {
            gauges: Arc::new(NodeGauges {
                log: log.clone(),
                links: services.federation.links.clone(),
                connections: connections.clone(),
                clock: Arc::clone(&clock),
            }),
            ready,
        };
        let tls = server_config(&identity.credential, &services.bundles, Arc::clone(&clock))?;
        let routes = services.routes(here.clone(), log.clone());
        let serving = tasks.clone();
        tasks.spawn(async move {
            let limits = ListenerLimits::default();
            listener::serve(socket, tls, routes, connections, limits, &serving).await;
        });
        services.peering.start(&tasks);
        tasks.spawn(federation::follower::follow_all(services.federation));
        tasks.spawn(identity::keep_renewed(
            Arc::clone(&identity.authority),
            identity.credential.clone(),
            data.to_owned(),
            settings.clone(),
            clock,
            tasks.clone(),
        ));
        ops::serve(ops_listener, ops.clone(), &tasks);
        let run = data.join(RUN);
        files::create_private_dir(&run)?;
        let here_address = super::config::reachable_here(address);
        files::write_public(&run.join(ADDRESS), format!("{here_address}\n").as_bytes())?;
        ops.ready.store(true, Ordering::Release);
        tracing::info!(community.id = %here, %address, "the node is ready");
        Ok(Node {
            community: here,
            address: here_address,
            data: data.to_owned(),
            log,
            tasks,
            ready: ops.ready,
            _lock: lock,
        })
    }

    /// The community.
    pub fn community(&self) -> &CommunityId {
        &self.community
    }

    /// Where this machine reaches it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its data directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Waits until the disk failed, after which nothing is written any more. The node is not ready from then on.
    pub async fn writer_stopped(&self) {
        self.log.stopped().cancelled().await;
        self.ready.store(false, Ordering::Release);
    }

    /// Takes nothing new, lets streams finish for a few seconds, and ends.
    pub async fn stop(self) {
        self.ready.store(false, Ordering::Release);
        if !self.tasks.drain(DRAIN).await {
            tracing::warn!("some streams did not end in time and were cut");
        }
        // A file that is not there says that nobody serves; a failure leaves a stale one, which status tells apart.
        let _ = std::fs::remove_file(self.data.join(RUN).join(ADDRESS));
        tracing::info!(community.id = %self.community, "the node has ended");
    }
}

/// Runs a node until SIGTERM or SIGINT asks it to end.
///
/// # Errors
/// As [`Node::start`].
pub async fn serve(data: &Path, settings: Settings) -> Result<(), ServeError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    let node = Node::start(data, &settings).await?;
    let stopped = tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        () = node.writer_stopped() => Err(ServeError::WriterStopped),
    };
    tracing::info!("ending");
    node.stop().await;
    stopped
}

fn lock(data: &Path) -> Result<File, ServeError> {
    let path = data.join(LOCK);
    let fail = |source| ServeError::Lock {
        path: path.clone(),
        source,
    };
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(fail)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(ServeError::Running {
            data: data.to_owned(),
        }),
        Err(std::fs::TryLockError::Error(source)) => Err(fail(source)),
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let fail = |source| ServeError::NotBound { address, source };
    let listener = TcpListener::bind(address).await.map_err(fail)?;
    let bound = listener.local_addr().map_err(fail)?;
    Ok((listener, bound))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::config::{self, Environment};
    use super::super::init::{InitOptions, init};
    use super::*;
    use crate::model::ids::Name;

    #[tokio::test]
    async fn a_node_whose_disk_failed_is_not_ready_and_ends() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = directory.path().join("energy");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        init(&InitOptions {
            data: data.clone(),
            community: CommunityId::parse("energy.isac.example").expect("an id"),
            name: "Energy ISAC".to_owned(),
            sector: "energy".to_owned(),
            listen: any,
            https: any,
            ops: any,
            advertise: None,
            operator: Name::parse("alice").expect("a name"),
        })
        .expect("an absent directory");
        let settings = config::load(&data, &Environment::default())
            .expect("valid settings")
            .settings;
        let node = Node::start(&data, &settings).await.expect("it starts");
        assert!(node.ready.load(Ordering::Acquire));
        node.log().store().fail_flush().await;
        node.writer_stopped().await;
        assert!(!node.ready.load(Ordering::Acquire));
        node.stop().await;
    }
}
