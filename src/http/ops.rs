//! Probes and metrics for the machine that the node runs on: plain HTTP, on loopback only.
//!
//! ```text
//! GET /livez    200 while the process runs; depends on nothing else
//! GET /readyz   200 when pushes and feeds are served, 503 otherwise
//! GET /metrics  the numbers, Prometheus text
//! ```
//!
//! Nothing here needs a credential, so nothing here names a member, an item or a peer, and no other machine reaches it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use futures_util::future::BoxFuture;
use tokio::net::TcpListener;

use super::metrics::Metrics;
use crate::tasks::Tasks;

/// Reads the node's numbers when they are asked for.
pub trait Gauges: std::fmt::Debug + Send + Sync {
    /// The numbers as of now. One that cannot be read is left out.
    fn read(&self) -> BoxFuture<'_, Metrics>;
}

/// What the operations listener shows.
#[derive(Clone, Debug)]
pub struct Ops {
    /// Where the numbers come from.
    pub gauges: Arc<dyn Gauges>,
    /// Whether the node takes pushes and serves feeds. Set by the node.
    pub ready: Arc<AtomicBool>,
}

/// Why the operations listener cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpsError {
    /// Other machines could reach it.
    #[error("the operations listener serves this machine only, and {0} can be reached from others")]
    NotLoopback(SocketAddr),
    /// The address is taken or not ours.
    #[error("the operations listener cannot be opened on {address}")]
    NotBound {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Opens the listener. Refuses an address that other machines can reach.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, OpsError> {
    if !address.ip().is_loopback() {
        return Err(OpsError::NotLoopback(address));
    }
    TcpListener::bind(address)
        .await
        .map_err(|source| OpsError::NotBound { address, source })
}

/// Serves until the node drains; spawned, returns at once.
pub fn serve(listener: TcpListener, ops: Ops, tasks: &Tasks) {
    let draining = tasks.draining().clone().cancelled_owned();
    tasks.spawn(async move {
        let served = axum::serve(listener, routes(ops))
            .with_graceful_shutdown(draining)
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "the operations listener ended");
        }
    });
}

/// The routes, without a listener.
pub fn routes(ops: Ops) -> Router {
    Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(ops)
}

async fn readyz(State(ops): State<Ops>) -> impl IntoResponse {
    if ops.ready.load(Ordering::Acquire) {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

async fn metrics(State(ops): State<Ops>) -> impl IntoResponse {
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        ops.gauges.read().await.render(),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// A node of which nothing is known.
    #[derive(Debug)]
    struct Nothing;

    impl Gauges for Nothing {
        fn read(&self) -> BoxFuture<'_, Metrics> {
            Box::pin(async { Metrics::default() })
        }
    }

    async fn answer(address: SocketAddr, path: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(address)
            .await
            .expect("the listener is open");
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream
            .write_all(request.as_bytes())
            .await
            .expect("the request is sent");
        let mut text = String::new();
        stream
            .read_to_string(&mut text)
            .await
            .expect("the answer is text");
        text
    }

    #[tokio::test]
    async fn probes_answer_and_readiness_follows_the_node() {
        let listener = bind("127.0.0.1:0".parse().expect("an address"))
            .await
            .expect("a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let ops = Ops {
            gauges: Arc::new(Nothing),
            ready: Arc::default(),
        };
        let tasks = Tasks::new();
        serve(listener, ops.clone(), &tasks);
        assert!(answer(address, "/livez").await.starts_with("HTTP/1.1 200"));
        assert!(answer(address, "/readyz").await.starts_with("HTTP/1.1 503"));
        ops.ready.store(true, Ordering::Release);
        assert!(answer(address, "/readyz").await.starts_with("HTTP/1.1 200"));
        assert!(
            answer(address, "/metrics")
                .await
                .contains("sluis_build_info{version=")
        );
        assert!(answer(address, "/").await.starts_with("HTTP/1.1 404"));
        assert!(tasks.drain(Duration::from_secs(60)).await);
    }

    #[tokio::test]
    async fn an_address_that_others_reach_is_refused() {
        let refused = bind("0.0.0.0:0".parse().expect("an address")).await;
        assert!(matches!(refused, Err(OpsError::NotLoopback(_))));
    }
}
