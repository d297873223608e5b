//! Sets the play up with the node's own doors: three nodes, operators, members and agreements, everything by mutual TLS.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use tonic::transport::Channel;

use super::scenario::{COMMUNITIES, Community, Fate, Member, PACTS, Pact, Side};
use crate::client::{self, Profile};
use crate::clock::{Clock, SystemClock};
use crate::model::ids::{CommunityId, Name};
use crate::model::invite::Invite;
use crate::model::label::Label;
use crate::node::Node;
use crate::node::config::{self, Environment};
use crate::node::init::{InitOptions, init};
use crate::trust::{Bundles, ExpectedServer, LiveCredential, TlsCredential, client_config};
use crate::wire::pb;
use crate::wire::pb::admin_service_client::AdminServiceClient;
use crate::wire::pb::sharing_service_client::SharingServiceClient;
use crate::wire::words;

/// The play, set up.
pub(super) struct Stage {
    pub(super) sites: Vec<Site>,
    pub(super) viewers: Vec<Viewer>,
    clock: Arc<dyn Clock>,
    profiles: PathBuf,
}

/// A community's node and its operator.
pub(super) struct Site {
    pub(super) community: &'static Community,
    pub(super) node: Node,
    pub(super) admin: AdminServiceClient<Channel>,
}

/// A person or a tool of a member, with its own key, certificate and connection.
pub(super) struct Viewer {
    /// `community/member/credential`, by short names.
    pub(super) place: String,
    pub(super) profile: String,
    pub(super) sharing: SharingServiceClient<Channel>,
}

const OPERATOR: &str = "operator";
/// Largest message of a feed: a page of about 1 MiB with envelopes and hops.
const MESSAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

impl Stage {
    /// Makes and starts the three nodes below a directory, and lets members and peers in. `say` is told each step.
    pub(super) async fn set_up(dir: &Path, say: &dyn Fn(&str)) -> Result<Self> {
        let mut stage = Self {
            sites: Vec::new(),
            viewers: Vec::new(),
            clock: Arc::new(SystemClock),
            profiles: dir.join("profiles"),
        };
        for community in &COMMUNITIES {
            let site = stage.open(dir, community).await?;
            say(&format!("{} runs on {}", community.id, site.node.address()));
            stage.sites.push(site);
        }
        for (n, community) in COMMUNITIES.iter().enumerate() {
            for member in community.members {
                if member.fate != Fate::ComesLate {
                    stage.let_in(n, member).await?;
                }
            }
        }
        say(&format!(
            "{} persons and tools joined with keys of their own",
            stage.viewers.len()
        ));
        for pact in &PACTS {
            stage.peer(pact, say).await?;
        }
        Ok(stage)
    }

    async fn open(&self, dir: &Path, community: &'static Community) -> Result<Site> {
        let data = dir.join(community.short);
        let any = "127.0.0.1:0".parse().context("an address")?;
        init(&InitOptions {
            data: data.clone(),
            community: CommunityId::parse(community.id)?,
            name: community.name.to_owned(),
            sector: community.sector.to_owned(),
            listen: any,
            https: any,
            ops: any,
            advertise: None,
            operator: Name::parse(OPERATOR)?,
        })?;
        let configuration = config::load(&data, &Environment::of([]))?;
        let node = Node::start(&data, &configuration.settings).await?;
        let credential = TlsCredential::load(&data.join("operator").join(OPERATOR))?;
        let bundles = Bundles::new();
        let id = CommunityId::parse(community.id)?;
        let authority = crate::trust::Authority::open(&data)?;
        bundles.set(&id, &authority.ca_certificates())?;
        let tls = client_config(
            Some(&LiveCredential::new(credential)),
            ExpectedServer::Community {
                community: id,
                bundles,
            },
            Arc::clone(&self.clock),
        )?;
        let channel = client::connect(&node.address().to_string(), tls).await?;
        Ok(Site {
            community,
            node,
            admin: AdminServiceClient::new(channel),
        })
    }

    /// Registers, admits and, where the play says so, suspends a member; its persons and tools join.
    pub(super) async fn let_in(&mut self, site: usize, member: &'static Member) -> Result<()> {
        let here = self.site(site)?;
        let community = here.community;
        let mut admin = here.admin.clone();
        admin
            .add_member(pb::AddMemberRequest {
                member: member.id.to_owned(),
                name: member.name.to_owned(),
                domains: vec![member.domain.to_owned()],
                commercial: member.commercial,
                contact: format!("security@{}", member.domain),
                ..Default::default()
            })
            .await?;
        let admitted = self.viewers_of(community.short);
        // From the third member on, two others vouch.
        for viewer in admitted {
            let endorsed = viewer
                .sharing
                .clone()
                .endorse_member(pb::EndorseMemberRequest {
                    member: member.id.to_owned(),
                })
                .await?
                .into_inner();
            if endorsed.endorsements >= endorsed.required {
                break;
            }
        }
        admin
            .admit_member(pb::AdmitMemberRequest {
                member: member.id.to_owned(),
            })
            .await
            .with_context(|| format!("admitting {}", member.id))?;
        let persons = member
            .persons
            .iter()
            .map(|p| pb::create_member_invite_request::Credential::Person((*p).to_owned()));
        let tools = member
            .tools
            .iter()
            .map(|t| pb::create_member_invite_request::Credential::Tool((*t).to_owned()));
        for credential in persons.chain(tools) {
            let viewer = self.join(&mut admin, community, member, credential).await?;
            self.viewers.push(viewer);
        }
        if member.fate == Fate::Suspended {
            admin
                .suspend_member(pb::SuspendMemberRequest {
                    member: member.id.to_owned(),
                })
                .await?;
        }
        Ok(())
    }

    async fn join(
        &self,
        admin: &mut AdminServiceClient<Channel>,
        community: &Community,
        member: &Member,
        credential: pb::create_member_invite_request::Credential,
    ) -> Result<Viewer> {
        use pb::create_member_invite_request::Credential;
        let (Credential::Person(name) | Credential::Tool(name)) = credential.clone();
        let made = admin
            .create_member_invite(pb::CreateMemberInviteRequest {
                member: member.id.to_owned(),
                credential: Some(credential),
                ttl_seconds: 0,
            })
            .await?
            .into_inner();
        let invite = Invite::parse(&made.invite)?;
        let profile = format!("{}-{}-{name}", community.short, member.id);
        let joined: Profile = client::join(
            &invite,
            &self.profiles.join(&profile),
            Arc::clone(&self.clock),
        )
        .await?;
        let channel =
            client::connect(joined.address(), joined.tls(Arc::clone(&self.clock))?).await?;
        Ok(Viewer {
            place: format!("{}/{}/{name}", community.short, member.id),
            profile,
            sharing: SharingServiceClient::new(channel)
                .max_decoding_message_size(MESSAGE_BYTES_MAX),
        })
    }

    /// Invites, accepts, compares the phrase, and signs.
    async fn peer(&self, pact: &Pact, say: &dyn Fn(&str)) -> Result<()> {
        let inviter = self.site_of(pact.inviter.community)?;
        let accepter = self.site_of(pact.accepter.community)?;
        let made = inviter
            .admin
            .clone()
            .create_peer_invite(pb::CreatePeerInviteRequest {
                community: pact.accepter.community.to_owned(),
                wishes: Some(wishes(&pact.inviter, pact)?),
                ttl_seconds: 0,
            })
            .await?
            .into_inner();
        let accepted = accepter
            .admin
            .clone()
            .accept_peer_invite(pb::AcceptPeerInviteRequest {
                invite: made.invite,
                wishes: Some(wishes(&pact.accepter, pact)?),
            })
            .await?
            .into_inner();
        let known = inviter
            .admin
            .clone()
            .get_peer(pb::GetPeerRequest {
                peer: pact.accepter.community.to_owned(),
            })
            .await?
            .into_inner();
        anyhow::ensure!(
            known.phrase == accepted.phrase,
            "the two operators read different words: somebody stands between them"
        );
        if !pact.signed {
            say(&format!(
                "{} and {} have made first contact; nobody has signed, so nothing flows",
                pact.inviter.community, pact.accepter.community
            ));
            return Ok(());
        }
        for (site, peer) in [
            (accepter, pact.inviter.community),
            (inviter, pact.accepter.community),
        ] {
            site.admin
                .clone()
                .confirm_peer(pb::ConfirmPeerRequest {
                    peer: peer.to_owned(),
                })
                .await?;
        }
        say(&format!(
            "{} and {} compared “{}” and signed",
            pact.inviter.community, pact.accepter.community, known.phrase
        ));
        Ok(())
    }

    pub(super) fn viewer(&self, place: &str) -> Result<&Viewer> {
        self.viewers
            .iter()
            .find(|v| v.place == place)
            .ok_or_else(|| anyhow!("nobody is called {place} in the play"))
    }

    fn viewers_of(&self, community: &str) -> Vec<&Viewer> {
        let mut members = std::collections::BTreeSet::new();
        self.viewers
            .iter()
            .filter(|v| {
                let mut parts = v.place.split('/');
                parts.next() == Some(community) && members.insert(parts.next())
            })
            .filter(|v| is_person(&v.place))
            .collect()
    }

    fn site(&self, n: usize) -> Result<&Site> {
        self.sites.get(n).ok_or_else(|| anyhow!("no such site"))
    }

    pub(super) fn site_of(&self, community: &str) -> Result<&Site> {
        self.sites
            .iter()
            .find(|s| s.community.id == community || s.community.short == community)
            .ok_or_else(|| anyhow!("nobody is called {community} in the play"))
    }

    /// Ends the nodes.
    pub(super) async fn strike(self) {
        drop(self.viewers);
        for site in self.sites {
            drop(site.admin);
            site.node.stop().await;
        }
    }
}

fn is_person(place: &str) -> bool {
    COMMUNITIES
        .iter()
        .flat_map(|c| c.members.iter().map(move |m| (c, m)))
        .any(|(c, m)| {
            m.persons
                .iter()
                .any(|p| place == format!("{}/{}/{p}", c.short, m.id))
        })
}

fn wishes(side: &Side, pact: &Pact) -> Result<pb::AgreementWishes> {
    let label = |shade: super::scenario::Shade| words::label_to_pb(Label::parse(shade.typed()));
    let kinds = pact
        .kinds
        .iter()
        .map(|kind| words::kind_to_pb(crate::model::words::Kind::parse(kind)))
        .collect();
    Ok(pb::AgreementWishes {
        out_ceiling: label(side.out),
        in_ceiling: label(side.takes),
        onward: Some(side.onward),
        kinds,
        sectors: pact.sectors.iter().map(|s| (*s).to_owned()).collect(),
        commercial: side.commercial,
        from: None,
        until: None,
    })
}
