//! The door: accepts connections, shakes hands, and serves gRPC over HTTP/2 until the connection's right to exist ends.
//!
//! ```text
//! accept ─▶ admitted? (total, per address, strangers) ─▶ task: TLS handshake within a deadline
//!             │ no: closed at once                         │ failed: alert, logged once
//!             ▼                                            ▼
//!           (never blocks the loop)             register (identity) ─▶ serve until the first of:
//!                                                 the client leaves · its certificate ends · `end_where` picks it ·
//!                                                 drain: GOAWAY, open streams finish, or the hard end of all tasks
//! ```
//!
//! Nothing here decides who may call what: handlers find a [`ConnectionInfo`] in the request's extensions, and the
//! access table judges it for every call.

mod connections;
mod service;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use self::connections::Admission;
pub use self::connections::Connections;
use self::service::{Door, StreamTasks};
use crate::client::{CONNECTION_WINDOW_BYTES, STREAM_WINDOW_BYTES};
use crate::clock::{Clock, Timestamp};
use crate::tasks::Tasks;
use crate::trust::Presented;

/// Who is at the other end of a connection; in the extensions of each of its requests.
#[derive(Clone, Debug)]
pub struct ConnectionInfo {
    /// What its certificate said; `None`: it showed none.
    pub presented: Option<Presented>,
    /// Its address.
    pub remote: SocketAddr,
}

/// The bounds of a listener.
#[derive(Clone, Debug)]
pub struct ListenerLimits {
    /// Until the handshake is done.
    pub handshake: Duration,
    /// Most connections at once, whoever they are from.
    pub connections: usize,
    /// Most connections from one IPv4 address or IPv6 /64 network; this machine itself has no such bound.
    pub connections_per_address: usize,
    /// Most connections that have not shown a certificate, during and after the handshake: strangers cannot crowd out
    /// those who have one.
    pub strangers: usize,
    /// How long a connection without a certificate, or with one that is good for a renewal only, may last.
    pub stranger_life: Duration,
    /// Most calls and streams at once on one connection.
    pub streams: u32,
    /// Longest header list of a request, in bytes.
    pub header_list_bytes: u32,
    /// How often a silent connection is asked for a sign of life.
    pub keep_alive_interval: Duration,
    /// How long the sign may take.
    pub keep_alive_timeout: Duration,
    /// How often the clock is asked whether a connection's certificate has ended.
    pub certificate_check: Duration,
}

impl Default for ListenerLimits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            // 64 KiB each make half a gigabyte at most.
            connections: 8192,
            // The tools of a large member behind one address.
            connections_per_address: 512,
            strangers: 1024,
            // Enough for an enrolment over a bad line.
            stranger_life: Duration::from_secs(60),
            // A busy tool has a few; more calls at once wait at the client.
            streams: 128,
            // gRPC's own headers, and room for a token.
            header_list_bytes: 16 * 1024,
            keep_alive_interval: Duration::from_secs(30),
            keep_alive_timeout: Duration::from_secs(20),
            certificate_check: Duration::from_secs(10),
        }
    }
}

/// Accepts and serves connections until the tasks drain. Each connection is a task of `tasks`; this future returns when
/// no more are accepted, while those that are open go on until they finish or the hard end comes.
pub async fn serve(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    routes: axum::Router,
    connections: Connections,
    limits: ListenerLimits,
    tasks: &Tasks,
) {
    let limits = Arc::new(limits);
    let acceptor = TlsAcceptor::from(tls);
    let mut pause = ACCEPT_PAUSE_FIRST;
    loop {
        let accepted = tokio::select! {
            () = tasks.draining().cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, remote) = match accepted {
            Ok(accepted) => {
                pause = ACCEPT_PAUSE_FIRST;
                accepted
            }
            // The client was gone before we looked: no reason to wait.
            Err(error) if is_about_one_connection(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted for the moment");
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2).min(ACCEPT_PAUSE_LAST);
                continue;
            }
        };
        let Some(admission) = connections.admit(remote.ip(), &limits) else {
            continue;
        };
        let arrival = Arrival {
            remote,
            admission,
            acceptor: acceptor.clone(),
            routes: routes.clone(),
            clock: connections.clock(),
            limits: Arc::clone(&limits),
            tasks: tasks.clone(),
        };
        tasks.spawn(arrival.receive(stream));
    }
}

/// A connection that was accepted, and all that serving it takes.
struct Arrival {
    remote: SocketAddr,
    admission: Admission,
    acceptor: TlsAcceptor,
    routes: axum::Router,
    clock: Arc<dyn Clock>,
    limits: Arc<ListenerLimits>,
    tasks: Tasks,
}

impl Arrival {
    async fn receive(mut self, stream: TcpStream) {
        // Small frames go out at once; a socket that does not allow it works too.
        let _ = stream.set_nodelay(true);
        let handshake = self.acceptor.accept(stream).into_fallible();
        let shaken = tokio::select! {
            () = self.tasks.draining().cancelled() => return,
            shaken = tokio::time::timeout(self.limits.handshake, handshake) => shaken,
        };
        let stream = match shaken {
            Ok(Ok(stream)) => stream,
            Ok(Err((error, stream))) => {
                tracing::info!(remote.address = %self.remote, %error, "a connection was refused in its handshake");
                return close_gently(stream).await;
            }
            Err(_late) => {
                tracing::info!(remote.address = %self.remote, "a connection did not finish its handshake in time");
                return;
            }
        };
        let Some(presented) = self.presented(&stream) else {
            return;
        };
        if let Some(presented) = &presented {
            self.admission.identify(&presented.id);
        }
        tracing::debug!(
            remote.address = %self.remote,
            caller.id = presented.as_ref().map(|p| tracing::field::display(&p.id)),
            key_exchange = ?stream.get_ref().1.negotiated_key_exchange_group().map(|g| g.name()),
            "connected"
        );
        self.serve(stream, presented).await;
    }

    /// What the client's certificate said. `None`: it showed one that does not read, which the handshake excludes.
    fn presented(&self, stream: &TlsStream<TcpStream>) -> Option<Option<Presented>> {
        let Some(certificate) = stream
            .get_ref()
            .1
            .peer_certificates()
            .and_then(<[_]>::first)
        else {
            return Some(None);
        };
        match Presented::by(certificate, self.clock.now()) {
            Ok(presented) => Some(Some(presented)),
            Err(error) => {
                tracing::error!(remote.address = %self.remote, %error, "a certificate passed the handshake and does not read");
                None
            }
        }
    }

    async fn serve(self, stream: TlsStream<TcpStream>, presented: Option<Presented>) {
        let ended = self.admission.ended().clone();
        let trusted = presented.as_ref().filter(|p| !p.expired);
        let builder = self.http2(trusted.is_some(), ended.clone());
        let mut end = pin!(end_of_life(
            // The last second of a certificate's life counts whole, as at the handshake (RFC 5280 §4.1.2.5).
            trusted.map(|p| p.not_after.plus_seconds(1)),
            Arc::clone(&self.clock),
            Arc::clone(&self.limits),
        ));
        let door = Door::new(
            self.routes,
            ConnectionInfo {
                presented,
                remote: self.remote,
            },
        );
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), door));
        let mut going_away = false;
        loop {
            tokio::select! {
                // The ends come first: nothing is served after them.
                biased;
                () = ended.cancelled() => break,
                () = &mut end => break,
                () = self.tasks.draining().cancelled(), if !going_away => {
                    going_away = true;
                    connection.as_mut().graceful_shutdown();
                }
                served = connection.as_mut() => {
                    if let Err(error) = served {
                        tracing::debug!(remote.address = %self.remote, %error, "a connection broke");
                    }
                    break;
                }
            }
        }
        // Streams run as tasks of their own and end with their connection.
        ended.cancel();
    }

    fn http2(
        &self,
        trusted: bool,
        ended: tokio_util::sync::CancellationToken,
    ) -> auto::Builder<StreamTasks> {
        // Only who has shown a certificate may make us hold megabytes.
        let (stream_window, connection_window) = if trusted {
            (STREAM_WINDOW_BYTES, CONNECTION_WINDOW_BYTES)
        } else {
            (STRANGER_WINDOW_BYTES, STRANGER_WINDOW_BYTES)
        };
        let streams = StreamTasks::new(self.tasks.clone(), ended);
        let mut builder = auto::Builder::new(streams).http2_only();
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(self.limits.keep_alive_interval)
            .keep_alive_timeout(self.limits.keep_alive_timeout)
            .initial_stream_window_size(stream_window)
            .initial_connection_window_size(connection_window)
            .max_concurrent_streams(self.limits.streams)
            .max_header_list_size(self.limits.header_list_bytes)
            .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
            .max_local_error_reset_streams(PROVOKED_RESETS_MAX)
            .max_send_buf_size(SEND_BUFFER_BYTES_MAX);
        builder
    }
}

/// Returns when the certificate's life is over, or so long after now where there is no certificate that counts.
async fn end_of_life(
    not_after: Option<Timestamp>,
    clock: Arc<dyn Clock>,
    limits: Arc<ListenerLimits>,
) {
    let Some(not_after) = not_after else {
        return tokio::time::sleep(limits.stranger_life).await;
    };
    loop {
        // Asked again and again, since the node's clock may be set while we wait.
        let left = not_after.micros().saturating_sub(clock.now().micros());
        match u64::try_from(left) {
            Ok(left @ 1..) => {
                let left = Duration::from_micros(left);
                tokio::time::sleep(left.min(limits.certificate_check)).await;
            }
            Ok(0) | Err(_) => return,
        }
    }
}

/// Lets the alert arrive: closing at once, with bytes of the client unread, would reset the connection and lose it.
async fn close_gently(mut stream: TcpStream) {
    let linger = async {
        stream.shutdown().await?;
        let mut left = LINGER_BYTES_MAX;
        let mut bytes = [0; 1024];
        loop {
            let read = stream.read(&mut bytes).await?;
            left = left.saturating_sub(read);
            if read == 0 || left == 0 {
                return io::Result::Ok(());
            }
        }
    };
    // Whether it worked is all the same: the connection is over.
    let _ = tokio::time::timeout(LINGER, linger).await;
}

/// An error of accept(2) about the connection that was to be accepted, not about us.
fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// After an error such as too many open files: other connections have to end first.
const ACCEPT_PAUSE_FIRST: Duration = Duration::from_millis(20);
const ACCEPT_PAUSE_LAST: Duration = Duration::from_secs(1);
/// A stranger sends an invite's secret and a signing request of at most 16 KiB.
const STRANGER_WINDOW_BYTES: u32 = 64 * 1024;
/// CVE-2023-44487, rapid reset: streams that the client reset before they were looked at.
const PENDING_RESETS_MAX: usize = 32;
/// CVE-2025-8671, made resets: streams that the client made us reset.
const PROVOKED_RESETS_MAX: usize = 128;
/// What a stream may have waiting for a client that does not read.
const SEND_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// An alert needs one round trip.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 64 * 1024;
