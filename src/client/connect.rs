//! From HOST:PORT to a gRPC channel over our own TLS, with failures as sentences.
//!
//! In TLS 1.3 a client is done before the server has judged its certificate. So a connection counts as made only when the
//! server has sent its first byte, which it does after that: a refusal is then the reason why connecting failed, and
//! not a nameless transport error of the first call.

use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig};
use tokio::io::AsyncBufReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Uri};

use super::{CONNECTION_WINDOW_BYTES, STREAM_WINDOW_BYTES};

/// Why there is no connection.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address is none.
    #[error(
        "“{address}” is not an address: it should be HOST:PORT, such as node.energy.isac.example:7443"
    )]
    Address {
        /// What was given.
        address: String,
    },
    /// Nobody answers there.
    #[error("no node answers at {address}")]
    NotReachable {
        /// The address.
        address: String,
        /// What the system says.
        #[source]
        source: Arc<io::Error>,
    },
    /// Whoever answers is not the node that should.
    #[error("whoever answers at {address} is not the node that should: {reason}")]
    Untrusted {
        /// The address.
        address: String,
        /// Why not.
        reason: String,
    },
    /// The node refuses our certificate.
    #[error("the node at {address} refused this credential: {reason}")]
    Rejected {
        /// The address.
        address: String,
        /// Why, and what to do.
        reason: String,
    },
}

/// Connects once, so that what is wrong is told now, and again by itself whenever the connection is lost.
///
/// # Errors
/// If the node is not reachable, is not the one that was expected, or refuses our certificate.
pub async fn connect(address: &str, tls: Arc<ClientConfig>) -> Result<Channel, ConnectError> {
    let first = dial(address, &tls).await?;
    endpoint()
        .connect_with_connector(connector(address, tls, Some(first)))
        .await
        .map_err(|error| ConnectError::NotReachable {
            address: address.to_owned(),
            source: Arc::new(io::Error::other(error)),
        })
}

/// A channel that connects when it is first used and again whenever the connection is lost: for long-lived links. What is
/// wrong with a connection is found in the status of the call by [`explain`].
pub fn channel(address: &str, tls: Arc<ClientConfig>) -> Channel {
    endpoint().connect_with_connector_lazy(connector(address, tls, None))
}

/// The sentence for a call that failed because there was no connection; `None` if there was one.
pub fn explain(status: &tonic::Status) -> Option<String> {
    let mut next: Option<&(dyn Error + 'static)> = status.source();
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<ConnectError>() {
            return Some(match error {
                ConnectError::NotReachable { source, .. } => format!("{error}: {source}"),
                ConnectError::Address { .. }
                | ConnectError::Untrusted { .. }
                | ConnectError::Rejected { .. } => error.to_string(),
            });
        }
        if let Some(alert) = tls_error(error).and_then(alert) {
            return Some(format!(
                "the node refused this credential: {}",
                refusal(alert)
            ));
        }
        next = error.source();
    }
    None
}

/// Whether a call failed because one side does not believe the other's certificate.
pub fn is_distrust(status: &tonic::Status) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = status.source();
    while let Some(error) = next {
        match error.downcast_ref::<ConnectError>() {
            Some(ConnectError::Untrusted { .. } | ConnectError::Rejected { .. }) => return true,
            Some(ConnectError::Address { .. } | ConnectError::NotReachable { .. }) => return false,
            None => {}
        }
        if tls_error(error).and_then(alert).is_some() {
            return true;
        }
        next = error.source();
    }
    false
}

type Connection = TokioIo<TlsStream<TcpStream>>;
type Dialling = Pin<Box<dyn Future<Output = Result<Connection, ConnectError>> + Send>>;

fn endpoint() -> Endpoint {
    // The name is nobody's: whom we talk to is decided by TLS, and by the SPIFFE id there.
    Endpoint::from_static("http://node.sluis")
        .origin(Uri::from_static("https://node.sluis"))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .http2_max_header_list_size(HEADER_LIST_BYTES_MAX)
}

/// Hands out the connection that was made first, then new ones.
fn connector(
    address: &str,
    tls: Arc<ClientConfig>,
    first: Option<Connection>,
) -> impl tower::Service<Uri, Response = Connection, Error = ConnectError, Future = Dialling>
+ Clone
+ Send
+ 'static {
    let address: Arc<str> = address.into();
    let first = Arc::new(Mutex::new(first));
    tower::service_fn(move |_: Uri| -> Dialling {
        let (address, tls) = (Arc::clone(&address), Arc::clone(&tls));
        let first = first.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async move {
            match first {
                Some(connection) => Ok(connection),
                None => dial(&address, &tls).await,
            }
        })
    })
}

async fn dial(address: &str, tls: &Arc<ClientConfig>) -> Result<Connection, ConnectError> {
    let not_reachable = |source| ConnectError::NotReachable {
        address: address.to_owned(),
        source: Arc::new(source),
    };
    let late = |_| {
        not_reachable(io::Error::new(
            io::ErrorKind::TimedOut,
            "it did not answer in time",
        ))
    };
    let name = server_name(address)?;
    let stream = tokio::time::timeout(DIAL_TIMEOUT, TcpStream::connect(address))
        .await
        .map_err(late)?
        .map_err(not_reachable)?;
    // Small frames go out at once; a socket that does not allow it works too.
    let _ = stream.set_nodelay(true);
    let shake_hands = async {
        let mut stream = TlsConnector::from(Arc::clone(tls))
            .connect(name, stream)
            .await?;
        if stream.fill_buf().await?.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(stream)
    };
    match tokio::time::timeout(HANDSHAKE_TIMEOUT, shake_hands)
        .await
        .map_err(late)?
    {
        Ok(stream) => Ok(TokioIo::new(stream)),
        Err(error) => Err(judge(address, error)),
    }
}

/// Which of the two sides did not believe the other.
fn judge(address: &str, error: io::Error) -> ConnectError {
    let address = address.to_owned();
    match tls_error(&error) {
        Some(rustls::Error::AlertReceived(alert)) => ConnectError::Rejected {
            address,
            reason: refusal(*alert).to_owned(),
        },
        Some(rustls::Error::InvalidCertificate(problem)) => ConnectError::Untrusted {
            address,
            reason: disbelief(problem).to_owned(),
        },
        Some(other) => ConnectError::Untrusted {
            address,
            reason: format!("it does not speak TLS 1.3 as a node does ({other})"),
        },
        None => ConnectError::NotReachable {
            address,
            source: Arc::new(error),
        },
    }
}

/// The TLS library's error in an I/O error, or itself. An I/O error does not name what it wraps as its source.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    match error.downcast_ref::<io::Error>() {
        Some(wrapped) => wrapped.get_ref().and_then(|inner| tls_error(inner)),
        None => error.downcast_ref::<rustls::Error>(),
    }
}

fn alert(error: &rustls::Error) -> Option<AlertDescription> {
    match error {
        rustls::Error::AlertReceived(alert) => Some(*alert),
        _ => None,
    }
}

/// What the node says of our certificate, and what to do.
fn refusal(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::CertificateExpired => {
            "its certificate is outside its life; if it expired more than 30 days ago ask the operator for a new invite and join again, else compare both clocks"
        }
        AlertDescription::CertificateRevoked => {
            "its certificate was revoked; ask the operator for a new invite"
        }
        AlertDescription::UnknownCA => {
            "its certificate is not from a CA that this node knows; check that the profile is for this community's node"
        }
        AlertDescription::UnsupportedCertificate | AlertDescription::AccessDenied => {
            "its certificate is not for dialling this node"
        }
        AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::DecryptError => {
            "its certificate is not accepted; ask the operator for a new invite and join again"
        }
        AlertDescription::CertificateRequired => "a certificate is required here",
        AlertDescription::ProtocolVersion
        | AlertDescription::HandshakeFailure
        | AlertDescription::NoApplicationProtocol => {
            "it does not speak TLS 1.3 with HTTP/2 as this program does"
        }
        _ => "it ended the handshake without saying more",
    }
}

/// What we do not believe of the server.
fn disbelief(problem: &CertificateError) -> &'static str {
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; tell its operator, and check this machine's clock"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; check this machine's clock"
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "its certificate is not from the CA that was expected; check the address, and with its operator the fingerprint of the CA"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is a node of another community"
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its certificate is not that of a node"
        }
        _ => "its certificate is not accepted",
    }
}

/// The host of HOST:PORT as TLS sends it in clear; it proves nothing here.
fn server_name(address: &str) -> Result<ServerName<'static>, ConnectError> {
    let invalid = || ConnectError::Address {
        address: address.chars().take(80).collect(),
    };
    let (host, port) = address.rsplit_once(':').ok_or_else(invalid)?;
    port.parse::<u16>().map_err(|_| invalid())?;
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    ServerName::try_from(host.to_owned()).map_err(|_| invalid())
}

/// Until a TCP connection is there: a few lost packets, not a minute of silence.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);
/// Until the server has sent its first byte; as long as it waits for us.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// A partition is noticed after at most these two: without them streams hang in silence.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Headers carry error details of a few hundred bytes, never content.
const HEADER_LIST_BYTES_MAX: u32 = 64 * 1024;
