//! The limits: tonic over mutual TLS with nothing behind it, SQLite with nothing before it, and the disk.
//!
//! The bare server speaks the federation service, because that has a call of each shape. Its accept loop is its own, as
//! small as can be.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use sluis::client;
use sluis::clock::{Clock, SystemClock};
use sluis::model::ids::{CommunityId, SpiffeId};
use sluis::tasks::Tasks;
use sluis::trust::{
    Authority, Bundles, ExpectedServer, LiveCredential, client_config, server_config,
};
use sluis::wire::pb;
use sluis::wire::pb::federation_service_client::FederationServiceClient;
use sluis::wire::pb::federation_service_server::{FederationService, FederationServiceServer};
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Executor as _};
use tokio::sync::{broadcast, mpsc};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};

use super::now;

/// A server that keeps nothing.
pub(crate) struct Bare {
    address: String,
    authority: Authority,
    clock: Arc<dyn Clock>,
    community: CommunityId,
    live: broadcast::Sender<pb::FollowResponse>,
    tasks: Tasks,
    _directory: tempfile::TempDir,
}

/// The client of a bare server.
pub(crate) type Client = FederationServiceClient<Channel>;

const LIFE_SECONDS: i64 = 86_400;
/// Frames that a slow stream may be behind.
const LIVE_MAX: usize = 65_536;
/// As at a node.
const MESSAGES_WAITING_MAX: usize = 2;

#[derive(Clone)]
struct Service {
    stored: Arc<Vec<pb::FollowResponse>>,
    live: broadcast::Sender<pb::FollowResponse>,
    tasks: Tasks,
}

impl Bare {
    /// Starts a server that sends these messages to whoever asks for what is stored.
    pub(crate) async fn start(stored: Vec<pb::FollowResponse>) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let community = CommunityId::parse("bare.example")?;
        let authority = Authority::create(directory.path(), &community, clock.now())?;
        let bundles = Bundles::new();
        authority.add_to(&bundles)?;
        let id = SpiffeId::parse("spiffe://bare.example/node/n1")?;
        let hosts = ["127.0.0.1".to_owned()];
        let credential = authority.credential(&id, &hosts, clock.now(), LIFE_SECONDS)?;
        let tls = server_config(
            &LiveCredential::new(credential),
            &bundles,
            Arc::clone(&clock),
        )?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let tasks = Tasks::new();
        let live = broadcast::Sender::new(LIVE_MAX);
        let service = FederationServiceServer::new(Service {
            stored: Arc::new(stored),
            live: live.clone(),
            tasks: tasks.clone(),
        });
        let routes = tonic::service::Routes::new(service).into_axum_router();
        let (serving, acceptor) = (tasks.clone(), tokio_rustls::TlsAcceptor::from(tls));
        tasks.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, routes) = (acceptor.clone(), routes.clone());
                serving.spawn(async move {
                    let _ = stream.set_nodelay(true);
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let mut builder = auto::Builder::new(TokioExecutor::new()).http2_only();
                    builder
                        .http2()
                        .initial_stream_window_size(client::STREAM_WINDOW_BYTES)
                        .initial_connection_window_size(client::CONNECTION_WINDOW_BYTES);
                    let served = builder
                        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
                    let _ = served.await;
                });
            }
        });
        Ok(Self {
            address,
            authority,
            clock,
            community,
            live,
            tasks,
            _directory: directory,
        })
    }

    /// A client with a certificate and a connection of its own.
    pub(crate) async fn client(&self) -> Result<Client> {
        let bundles = Bundles::new();
        self.authority.add_to(&bundles)?;
        let id = SpiffeId::parse("spiffe://bare.example/member/acme/tool/t1")?;
        let now = self.clock.now();
        let credential = self.authority.credential(&id, &[], now, LIFE_SECONDS)?;
        let expected = ExpectedServer::Community {
            community: self.community.clone(),
            bundles,
        };
        let tls = client_config(
            Some(&LiveCredential::new(credential)),
            expected,
            Arc::clone(&self.clock),
        )?;
        let channel = client::connect(&self.address, tls).await?;
        Ok(FederationServiceClient::new(channel)
            .max_decoding_message_size(client::STREAM_MESSAGE_BYTES_MAX))
    }

    /// Sends a message to everyone who listens; returns how many do.
    pub(crate) fn broadcast(&self, message: pb::FollowResponse) -> usize {
        self.live.send(message).unwrap_or(0)
    }

    /// How many listen.
    pub(crate) fn listeners(&self) -> usize {
        self.live.receiver_count()
    }

    /// Ends.
    pub(crate) async fn stop(self) {
        drop(self.live);
        self.tasks.drain(Duration::from_millis(1)).await;
    }
}

/// What a stream to a bare server asks for, as its first message's cursor.
pub(crate) const STORED: &str = "stored";
/// What comes from now on.
pub(crate) const LIVE: &str = "live";
/// Every message back.
pub(crate) const ECHO: &str = "echo";

/// A stream from a bare server.
pub(crate) async fn follow(
    client: &mut Client,
    what: &str,
) -> Result<(
    mpsc::Sender<pb::FollowRequest>,
    Streaming<pb::FollowResponse>,
)> {
    let (out, requests) = mpsc::channel(64);
    out.send(start(what)).await?;
    let answers = client.follow(ReceiverStream::new(requests)).await?;
    Ok((out, answers.into_inner()))
}

fn start(cursor: &str) -> pb::FollowRequest {
    let cursor = cursor.to_owned();
    pb::FollowRequest {
        message: Some(pb::follow_request::Message::Start(pb::FollowStart {
            cursor,
        })),
    }
}

#[tonic::async_trait]
impl FederationService for Service {
    type FollowStream = ReceiverStream<Result<pb::FollowResponse, Status>>;

    async fn follow(
        &self,
        request: Request<Streaming<pb::FollowRequest>>,
    ) -> Result<Response<Self::FollowStream>, Status> {
        let mut requests = request.into_inner();
        let asked = requests.next().await.transpose()?.and_then(|r| r.message);
        let Some(pb::follow_request::Message::Start(start)) = asked else {
            return Err(Status::invalid_argument("no start"));
        };
        let (out, stream) = mpsc::channel(MESSAGES_WAITING_MAX);
        let service = self.clone();
        let mut live = self.live.subscribe();
        self.tasks.spawn(async move {
            match start.cursor.as_str() {
                STORED => {
                    for message in service.stored.iter() {
                        if out.send(Ok(message.clone())).await.is_err() {
                            return;
                        }
                    }
                }
                LIVE => {
                    drop(service);
                    while let Ok(message) = live.recv().await {
                        if out.send(Ok(message)).await.is_err() {
                            return;
                        }
                    }
                }
                _ => {
                    while let Some(Ok(_)) = requests.next().await {
                        let message = service.stored.first().cloned().unwrap_or_default();
                        if out.send(Ok(message)).await.is_err() {
                            return;
                        }
                    }
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn exchange_agreement(
        &self,
        _: Request<pb::ExchangeAgreementRequest>,
    ) -> Result<Response<pb::ExchangeAgreementResponse>, Status> {
        Ok(Response::new(pb::ExchangeAgreementResponse::default()))
    }
}

/// Quiet round trips of a unary call that carries about 1 KiB there.
pub(crate) async fn round_trips(client: &mut Client, count: usize) -> Result<Vec<Duration>> {
    let state = pb::AgreementState {
        terms: vec![7; 1024].into(),
        ..Default::default()
    };
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let began = now();
        client
            .exchange_agreement(pb::ExchangeAgreementRequest {
                state: Some(state.clone()),
            })
            .await?;
        took.push(began.elapsed());
        quiet().await;
    }
    Ok(took)
}

/// Hops of a stream message that is as large as what a subscriber gets: half of an echo each.
pub(crate) async fn hops(client: &mut Client, count: usize) -> Result<Vec<Duration>> {
    let (out, mut answers) = follow(client, ECHO).await?;
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let began = now();
        out.send(start("")).await?;
        answers.message().await?.context("an echo")?;
        took.push(began.elapsed() / 2);
        quiet().await;
    }
    Ok(took)
}

/// What fdatasync takes after an append of 1 KiB, beside the file that a node writes.
pub(crate) async fn flushes(directory: &Path, count: usize) -> Result<Vec<Duration>> {
    use std::io::Write as _;
    let mut file = std::fs::File::create(directory.join("flushes"))?;
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let began = now();
        file.write_all(&[7; 1024])?;
        file.sync_data()?;
        took.push(began.elapsed());
        quiet().await;
    }
    Ok(took)
}

/// So that one sample does not fall into what the one before it left to do.
pub(crate) async fn quiet() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Rows in one commit.
const COMMIT_ROWS: usize = 64;

/// Commits so many rows of so many bytes to SQLite, 64 to a transaction, opened as the store opens it. Returns how long
/// it took.
pub(crate) async fn commits(
    directory: &Path,
    count: usize,
    row_bytes: usize,
) -> Result<(usize, Duration)> {
    let mut connection = SqliteConnectOptions::new()
        .filename(directory.join("bare.db"))
        .create_if_missing(true)
        .page_size(8192)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", "20000")
        .pragma("cache_size", "-65536")
        .disable_statement_logging()
        .connect()
        .await?;
    connection
        .execute("CREATE TABLE bare (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT")
        .await?;
    let tuples = ["(?,?)"; COMMIT_ROWS].join(",");
    let insert = format!("INSERT INTO bare (position, bytes) VALUES {tuples}");
    let bytes = vec![7_u8; row_bytes];
    let mut position = 0_i64;
    let began = now();
    let commits = count / COMMIT_ROWS;
    for _ in 0..commits {
        let mut arguments = SqliteArguments::default();
        for _ in 0..COMMIT_ROWS {
            position += 1;
            arguments
                .add(position)
                .and_then(|()| arguments.add(bytes.as_slice()))
                .map_err(|error| anyhow::anyhow!(error))?;
        }
        connection.execute("BEGIN IMMEDIATE").await?;
        let query = sqlx::query_with(AssertSqlSafe(insert.as_str()), arguments);
        connection.execute(query).await?;
        connection.execute("COMMIT").await?;
    }
    Ok((commits * COMMIT_ROWS, began.elapsed()))
}
