//! Communities with their CAs, certificates made by hand, raw handshakes, and a small node with enrolment and health.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rcgen::{
    CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ClientHello;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, HandshakeKind, ServerConfig, SignatureScheme};
use sluis::api::listener::{ConnectionInfo, Connections, ListenerLimits, serve};
use sluis::clock::{Clock, ManualClock, Timestamp};
use sluis::model::ids::{CommunityId, SpiffeId};
use sluis::model::invite::{Invite, InviteKind};
use sluis::tasks::Tasks;
use sluis::trust::{
    Authority, Bundles, CREDENTIAL_LIFE_SECONDS, ExpectedServer, LiveCredential, NODE_LIFE_SECONDS,
    Presented, TlsCredential, client_config, server_config,
};
use sluis::wire::pb;
use sluis::wire::pb::enrollment_service_server::{EnrollmentService, EnrollmentServiceServer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tonic::{Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

pub(crate) const DAY: i64 = 24 * 60 * 60;

/// When every test begins.
pub(crate) fn start() -> Timestamp {
    Timestamp::parse("2026-11-24T08:00:00Z").unwrap()
}

pub(crate) fn id(text: &str) -> SpiffeId {
    SpiffeId::parse(text).unwrap()
}

/// A community with its CA and its data directory.
pub(crate) struct Community {
    pub(crate) name: CommunityId,
    pub(crate) authority: Arc<Authority>,
    pub(crate) data: tempfile::TempDir,
}

impl Community {
    pub(crate) fn new(name: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let name = CommunityId::parse(name).unwrap();
        Self {
            authority: Arc::new(Authority::create(data.path(), &name, start()).unwrap()),
            name,
            data,
        }
    }

    pub(crate) fn bundles(&self) -> Bundles {
        let bundles = Bundles::new();
        self.authority.add_to(&bundles).unwrap();
        bundles
    }

    pub(crate) fn id(&self, path: &str) -> SpiffeId {
        id(&format!("spiffe://{}{path}", self.name))
    }

    pub(crate) fn credential(&self, path: &str) -> TlsCredential {
        self.authority
            .credential(&self.id(path), &[], start(), CREDENTIAL_LIFE_SECONDS)
            .unwrap()
    }

    fn node_credential(&self, now: Timestamp) -> TlsCredential {
        let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        self.authority
            .credential(&self.id("/node/n1"), &hosts, now, NODE_LIFE_SECONDS)
            .unwrap()
    }

    pub(crate) fn expected(&self) -> ExpectedServer {
        ExpectedServer::Community {
            community: self.name.clone(),
            bundles: self.bundles(),
        }
    }

    /// The CA's key in the hands of somebody who signs whatever he likes.
    pub(crate) fn issuer(&self) -> Issuer<'static, KeyPair> {
        let read = |name| std::fs::read_to_string(self.data.path().join(name)).unwrap();
        let key = KeyPair::from_pem(&read("ca/ca.key")).unwrap();
        Issuer::from_ca_cert_pem(&read("ca/ca.pem"), key).unwrap()
    }

    pub(crate) fn server(&self, bundles: &Bundles, clock: &ManualClock) -> Arc<ServerConfig> {
        let credential = LiveCredential::new(self.node_credential(clock.now()));
        server_config(&credential, bundles, Arc::new(clock.clone())).unwrap()
    }

    pub(crate) fn invite(&self, kind: InviteKind, path: &str, address: &str) -> Invite {
        Invite {
            kind,
            community: self.name.clone(),
            address: address.to_owned(),
            ca_fingerprint: self.authority.fingerprint(),
            secret: [42; 32],
            to: self.id(path).to_string(),
            expires: start().plus_seconds(DAY),
            commitment: None,
            proposal: Vec::new(),
        }
    }
}

/// The parameters of a good certificate for dialling and answering, to be spoilt.
pub(crate) fn good(uri: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = date(start().plus_seconds(-300));
    params.not_after = date(start().plus_seconds(7 * DAY));
    params.subject_alt_names = vec![uri_name(uri)];
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::ServerAuth,
    ];
    params
}

pub(crate) fn signing_usage() -> ExtendedKeyUsagePurpose {
    ExtendedKeyUsagePurpose::Other(vec![2, 25, 4_215_111_701_865_655_561])
}

pub(crate) fn uri_name(uri: &str) -> SanType {
    SanType::URI(uri.try_into().unwrap())
}

pub(crate) fn date(at: Timestamp) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap()
}

/// A key with a certificate that nobody checked.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

impl Raw {
    pub(crate) fn signed(params: &CertificateParams, issuer: &Issuer<'_, KeyPair>) -> Self {
        Self::with_key(params, KeyPair::generate().unwrap(), issuer)
    }

    pub(crate) fn with_key(
        params: &CertificateParams,
        key: KeyPair,
        issuer: &Issuer<'_, KeyPair>,
    ) -> Self {
        Self {
            certificate: params.signed_by(&key, issuer).unwrap().der().to_vec(),
            key: key.serialize_der(),
        }
    }

    fn certified(&self) -> Arc<CertifiedKey> {
        let key = PrivateKeyDer::Pkcs8(self.key.clone().into());
        let key = default_provider()
            .key_provider
            .load_private_key(key)
            .unwrap();
        let chain = vec![CertificateDer::from(self.certificate.clone())];
        Arc::new(CertifiedKey::new(chain, key))
    }

    /// A client that shows this certificate to anybody.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        let mut config = careless_client(Some(self));
        config.resumption = rustls::client::Resumption::disabled();
        Arc::new(config)
    }

    /// A server that shows this certificate to anybody.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::new(
            ServerConfig::builder_with_provider(Arc::new(default_provider()))
                .with_protocol_versions(&[&rustls::version::TLS13])
                .unwrap()
                .with_no_client_auth()
                .with_cert_resolver(Arc::new(Fixed(self.certified()))),
        )
    }
}

/// A client that believes every server, and resumes sessions where it can.
pub(crate) fn careless_client(raw: Option<&Raw>) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(BelievesAll));
    match raw {
        Some(raw) => builder.with_client_cert_resolver(Arc::new(Fixed(raw.certified()))),
        None => builder.with_no_client_auth(),
    }
}

#[derive(Debug)]
struct Fixed(Arc<CertifiedKey>);

impl rustls::server::ResolvesServerCert for Fixed {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

impl rustls::client::ResolvesClientCert for Fixed {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
    fn has_certs(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct BelievesAll;

impl ServerCertVerifier for BelievesAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// What both ends of one handshake over a socket say of it.
pub(crate) struct Handshake {
    pub(crate) server: Result<Ended, String>,
    pub(crate) client: Result<Ended, String>,
}

pub(crate) struct Ended {
    pub(crate) kind: Option<HandshakeKind>,
    pub(crate) group: Option<rustls::NamedGroup>,
    pub(crate) version: Option<rustls::ProtocolVersion>,
    /// The certificate of the other side.
    pub(crate) certificate: Option<Vec<u8>>,
}

fn ended(connection: &rustls::CommonState) -> Ended {
    Ended {
        kind: connection.handshake_kind(),
        group: connection.negotiated_key_exchange_group().map(|g| g.name()),
        version: connection.protocol_version(),
        certificate: connection
            .peer_certificates()
            .and_then(|c| c.first())
            .map(|c| c.to_vec()),
    }
}

/// Shakes hands over a socket, and sends one byte each way, so that tickets would arrive and refusals do.
pub(crate) async fn shake_hands(server: Arc<ServerConfig>, client: Arc<ClientConfig>) -> Handshake {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = TlsAcceptor::from(server).accept(stream).await?;
        stream.write_u8(1).await?;
        stream.read_u8().await?;
        Ok(ended(stream.get_ref().1))
    };
    let dialling = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("node.example").unwrap();
        let mut stream = TlsConnector::from(client).connect(name, stream).await?;
        stream.read_u8().await?;
        stream.write_u8(1).await?;
        Ok(ended(stream.get_ref().1))
    };
    let (server, client): (std::io::Result<_>, std::io::Result<_>) =
        tokio::join!(serving, dialling);
    Handshake {
        server: server.map_err(|e| e.to_string()),
        client: client.map_err(|e| e.to_string()),
    }
}

/// A node that enrols, renews, and answers for its health.
pub(crate) struct Node {
    pub(crate) address: String,
    pub(crate) connections: Connections,
    pub(crate) tasks: Tasks,
    pub(crate) clock: ManualClock,
    pub(crate) desk: Desk,
    credential: LiveCredential,
}

pub(crate) fn quick_limits() -> ListenerLimits {
    ListenerLimits {
        certificate_check: std::time::Duration::from_millis(5),
        ..ListenerLimits::default()
    }
}

impl Node {
    pub(crate) async fn of(community: &Community) -> Self {
        Self::with(community, &community.bundles(), quick_limits()).await
    }

    pub(crate) async fn with(
        community: &Community,
        bundles: &Bundles,
        limits: ListenerLimits,
    ) -> Self {
        let clock = ManualClock::at(start());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let credential = LiveCredential::new(community.node_credential(clock.now()));
        let tls = server_config(&credential, bundles, Arc::new(clock.clone())).unwrap();
        let desk = Desk {
            authority: Arc::clone(&community.authority),
            clock: clock.clone(),
            seen: Arc::default(),
        };
        let (_, health) = tonic_health::server::health_reporter();
        let routes = tonic::service::Routes::new(EnrollmentServiceServer::new(desk.clone()))
            .add_service(health)
            .prepare()
            .into_axum_router();
        let tasks = Tasks::new();
        let connections = Connections::new(Arc::new(clock.clone()));
        let (door, all) = (connections.clone(), tasks.clone());
        tasks.spawn(async move { serve(listener, tls, routes, door, limits, &all).await });
        Self {
            address: address.to_string(),
            connections,
            tasks,
            clock,
            desk,
            credential,
        }
    }

    /// Moves the clock of everybody here; the node renews its own certificate, as it would have in the meantime.
    pub(crate) fn set_clock(&self, community: &Community, now: Timestamp) {
        self.clock.set(now);
        let next = community.node_credential(now);
        self.credential.replace(next).unwrap();
    }

    pub(crate) fn client(
        &self,
        community: &Community,
        credential: Option<TlsCredential>,
    ) -> Arc<ClientConfig> {
        let credential = credential.map(LiveCredential::new);
        let clock = Arc::new(self.clock.clone());
        client_config(credential.as_ref(), community.expected(), clock).unwrap()
    }
}

/// Enrols and renews whoever comes, and remembers what their certificates said.
#[derive(Clone)]
pub(crate) struct Desk {
    authority: Arc<Authority>,
    clock: ManualClock,
    seen: Arc<Mutex<Vec<Option<Presented>>>>,
}

impl Desk {
    pub(crate) fn seen(&self) -> Vec<Option<Presented>> {
        self.seen.lock().unwrap().clone()
    }

    fn note<T>(&self, request: &Request<T>) -> Option<Presented> {
        let presented = request
            .extensions()
            .get::<ConnectionInfo>()
            .unwrap()
            .presented
            .clone();
        self.seen.lock().unwrap().push(presented.clone());
        presented
    }
}

#[tonic::async_trait]
impl EnrollmentService for Desk {
    async fn enroll(
        &self,
        request: Request<pb::EnrollRequest>,
    ) -> Result<Response<pb::EnrollResponse>, Status> {
        self.note(&request);
        let request = request.into_inner();
        let refuse = |reason: &str| {
            let details = ErrorDetails::with_error_info(reason, "sluis", HashMap::new());
            Status::with_error_details(tonic::Code::FailedPrecondition, "refused", details)
        };
        let name = match request.secret.first() {
            Some(42) => self.authority.community(),
            Some(1) => return Err(refuse("INVITE_USED")),
            Some(2) => return Err(refuse("INVITE_EXPIRED")),
            Some(3) => panic!("a handler that panics"),
            _ => return Err(refuse("INVITE_UNKNOWN")),
        };
        let id = id(&format!("spiffe://{name}/member/acme/tool/siem"));
        let issued = self
            .authority
            .issue_for_request(
                &request.signing_request,
                &id,
                self.clock.now(),
                CREDENTIAL_LIFE_SECONDS,
            )
            .map_err(|e| Status::invalid_argument(e.to_string()))?;
        Ok(Response::new(pb::EnrollResponse {
            certificate: issued.certificate.into(),
            ca_certificates: self.cas(),
            spiffe_id: id.to_string(),
            expires: None,
        }))
    }

    async fn renew(
        &self,
        request: Request<pb::RenewRequest>,
    ) -> Result<Response<pb::RenewResponse>, Status> {
        let presented = self.note(&request);
        let presented = presented.ok_or_else(|| Status::unauthenticated("nobody"))?;
        let issued = self
            .authority
            .issue_for_request(
                &request.into_inner().signing_request,
                &presented.id,
                self.clock.now(),
                CREDENTIAL_LIFE_SECONDS,
            )
            .map_err(|e| Status::invalid_argument(e.to_string()))?;
        Ok(Response::new(pb::RenewResponse {
            certificate: issued.certificate.into(),
            ca_certificates: self.cas(),
            expires: None,
        }))
    }
}

impl Desk {
    fn cas(&self) -> Vec<bytes::Bytes> {
        let certificates = self.authority.ca_certificates();
        certificates.into_iter().map(Into::into).collect()
    }
}

/// SubjectPublicKeyInfo of a key pair.
pub(crate) fn spki(key: &KeyPair) -> Vec<u8> {
    key.subject_public_key_info()
}
