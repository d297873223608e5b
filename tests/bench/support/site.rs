//! Nodes in this process, with members and agreements, set up by the doors that operators and members use.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use sluis::client::{self, Profile};
use sluis::clock::{Clock, SystemClock};
use sluis::model::ids::{CommunityId, Name};
use sluis::model::invite::Invite;
use sluis::node::Node;
use sluis::node::config::{self, Environment};
use sluis::node::init::{InitOptions, init};
use sluis::trust::{
    Authority, Bundles, ExpectedServer, LiveCredential, TlsCredential, client_config,
};
use sluis::wire::pb;
use sluis::wire::pb::admin_service_client::AdminServiceClient;
use sluis::wire::pb::sharing_service_client::SharingServiceClient;
use tempfile::TempDir;
use tonic::transport::Channel;

/// A community's node and its operator.
pub(crate) struct Site {
    pub(crate) id: &'static str,
    pub(crate) node: Node,
    pub(crate) admin: AdminServiceClient<Channel>,
    clock: Arc<dyn Clock>,
    directory: TempDir,
}

/// The client of a tool.
pub(crate) type Tool = SharingServiceClient<Channel>;

const MEMBER: &str = "acme";

impl Site {
    /// A new node with one member.
    pub(crate) async fn open(id: &'static str) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let data = directory.path().join("node");
        let any: SocketAddr = "127.0.0.1:0".parse()?;
        let operator = Name::parse("olga")?;
        let community = CommunityId::parse(id)?;
        init(&InitOptions {
            data: data.clone(),
            community: community.clone(),
            name: id.to_owned(),
            sector: "energy".to_owned(),
            listen: any,
            https: any,
            ops: any,
            advertise: None,
            operator,
        })?;
        let settings = config::load(&data, &Environment::of([]))?.settings;
        let node = Node::start(&data, &settings).await?;
        let bundles = Bundles::new();
        bundles.set(&community, &Authority::open(&data)?.ca_certificates())?;
        let credential = TlsCredential::load(&data.join("operator").join("olga"))?;
        let expected = ExpectedServer::Community { community, bundles };
        let tls = client_config(
            Some(&LiveCredential::new(credential)),
            expected,
            Arc::clone(&clock),
        )?;
        let channel = client::connect(&node.address().to_string(), tls).await?;
        let mut admin = AdminServiceClient::new(channel);
        admin
            .add_member(pb::AddMemberRequest {
                member: MEMBER.to_owned(),
                name: "Acme Grid Operations".to_owned(),
                domains: vec!["acme.example".to_owned()],
                contact: "security@acme.example".to_owned(),
                ..Default::default()
            })
            .await?;
        let member = MEMBER.to_owned();
        admin
            .admit_member(pb::AdmitMemberRequest { member })
            .await?;
        Ok(Self {
            id,
            node,
            admin,
            clock,
            directory,
        })
    }

    /// A tool of the member joins, with a key, a certificate and a connection of its own.
    pub(crate) async fn tool(&self, name: &str) -> Result<Tool> {
        let made = self
            .admin
            .clone()
            .create_member_invite(pb::CreateMemberInviteRequest {
                member: MEMBER.to_owned(),
                credential: Some(pb::create_member_invite_request::Credential::Tool(
                    name.to_owned(),
                )),
                ttl_seconds: 0,
            })
            .await?
            .into_inner();
        let profile: Profile = client::join(
            &Invite::parse(&made.invite)?,
            &self.directory.path().join(name),
            Arc::clone(&self.clock),
        )
        .await?;
        let tls = profile.tls(Arc::clone(&self.clock))?;
        let channel = client::connect(profile.address(), tls).await?;
        Ok(SharingServiceClient::new(channel)
            .max_decoding_message_size(client::STREAM_MESSAGE_BYTES_MAX))
    }

    /// Both operators agree that everything up to GREEN flows, and sign.
    pub(crate) async fn peer_with(&self, other: &Site) -> Result<()> {
        let wishes = || pb::AgreementWishes {
            out_ceiling: i32::from(pb::Label::Green),
            in_ceiling: i32::from(pb::Label::Green),
            ..Default::default()
        };
        let made = self
            .admin
            .clone()
            .create_peer_invite(pb::CreatePeerInviteRequest {
                community: other.id.to_owned(),
                wishes: Some(wishes()),
                ttl_seconds: 0,
            })
            .await?
            .into_inner();
        other
            .admin
            .clone()
            .accept_peer_invite(pb::AcceptPeerInviteRequest {
                invite: made.invite,
                wishes: Some(wishes()),
            })
            .await?;
        for (site, peer) in [(other, self), (self, other)] {
            let peer = peer.id.to_owned();
            site.admin
                .clone()
                .confirm_peer(pb::ConfirmPeerRequest { peer })
                .await
                .context("signing")?;
        }
        Ok(())
    }

    /// Ends the node and removes what it left.
    pub(crate) async fn close(self) {
        drop(self.admin);
        self.node.stop().await;
    }
}
