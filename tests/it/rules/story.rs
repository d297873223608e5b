//! The words in which the stories of the rules are told.
//!
//! Every story is about an item of the community `energy`. It is told at `energy` itself, or after `came_over` at the
//! last community on that way. Time is counted in hours; it is always [`NOW`] when a decision is asked for.

use sluis::clock::Timestamp;
use sluis::model::decision::{Decision, Rule};
use sluis::model::ids::{CommunityId, SpiffeId};
use sluis::model::item::{Audience, Terms};
use sluis::model::label::Label;
use sluis::model::member::Standing;
use sluis::model::words::Kind;
use sluis::policy::{AgreementFacts, ItemFacts, MemberFacts, PeerFacts, Viewer, decide};

/// The hour at which every decision is asked for.
pub(crate) const NOW: i64 = 100;
/// The hour at which every item was recorded.
pub(crate) const RECORDED: i64 = 50;

pub(crate) fn at(hour: i64) -> Timestamp {
    Timestamp::from_seconds(hour * 3600)
}

pub(crate) fn community(name: &str) -> CommunityId {
    CommunityId::parse(&format!("{name}.isac.example")).unwrap()
}

/// `acme`, `acme/person/meryem` or `acme/tool/siem` of a community.
pub(crate) fn member_id(of: &str, path: &str) -> SpiffeId {
    SpiffeId::parse(&format!("spiffe://{}/member/{path}", community(of))).unwrap()
}

/// An item, as it is told.
#[derive(Clone)]
pub(crate) struct Item(pub(crate) ItemFacts);

/// A report of `energy` with this label, pushed by `acme/tool/siem`, without any further limit.
pub(crate) fn item(label: Label) -> Item {
    Item(ItemFacts {
        here: community("energy"),
        origin: community("energy"),
        path: vec![community("energy")],
        onward_in: false,
        label,
        kind: Kind::Report,
        audience: None,
        members: Vec::new(),
        persons: Vec::new(),
        submitter: Some(member_id("energy", "acme/tool/siem")),
        hop_limit: None,
        sectors: vec!["energy".to_owned()],
        terms: Terms::default(),
        valid_until: None,
        withdrawn: false,
        waits: false,
        recorded: at(RECORDED),
    })
}

impl Item {
    /// Names a community, a member (`volt`), a person or a tool (`volt/person/jan`).
    pub(crate) fn to(mut self, name: &str) -> Self {
        let audience = self.0.audience.get_or_insert_with(Audience::default);
        if let Some(name) = name.strip_prefix("community ") {
            audience.communities.push(community(name));
            return self;
        }
        audience.members_limited = true;
        if name.contains('/') {
            self.0.persons.push(member_id("energy", name));
        } else {
            self.0.members.push(member_id("energy", name));
        }
        self
    }

    /// The item as it stands at the last of these communities, with leave to pass it on. What the origin alone knows
    /// stays there.
    pub(crate) fn came_over(mut self, way: &[&str]) -> Self {
        self.0.path = way.iter().map(|name| community(name)).collect();
        self.0.here = self.0.path.last().unwrap().clone();
        self.0.onward_in = true;
        self.0.members.clear();
        self.0.persons.clear();
        self.0.submitter = None;
        self
    }

    pub(crate) fn without_leave_to_pass_on(mut self) -> Self {
        self.0.onward_in = false;
        self
    }

    pub(crate) fn hop_limit(mut self, limit: u32) -> Self {
        self.0.hop_limit = Some(limit);
        self
    }

    pub(crate) fn kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    pub(crate) fn sectors(mut self, sectors: &[&str]) -> Self {
        self.0.sectors = texts(sectors);
        self
    }

    pub(crate) fn no_commercial_use(mut self) -> Self {
        self.0.terms.no_commercial_use = true;
        self
    }

    pub(crate) fn no_resale(mut self) -> Self {
        self.0.terms.no_resale = true;
        self
    }

    pub(crate) fn valid_until(mut self, hour: i64) -> Self {
        self.0.valid_until = Some(at(hour));
        self
    }

    pub(crate) fn withdrawn(mut self) -> Self {
        self.0.withdrawn = true;
        self
    }

    pub(crate) fn pushed_by(mut self, credential: &str) -> Self {
        self.0.submitter = Some(member_id("energy", credential));
        self
    }

    #[track_caller]
    pub(crate) fn goes_to(&self, viewer: &impl Reader) {
        assert_eq!(self.decision(viewer), Decision::Permit);
    }

    #[track_caller]
    pub(crate) fn is_withheld_from(&self, viewer: &impl Reader, rule: Rule) {
        assert_eq!(self.decision(viewer), Decision::Withhold(rule));
    }

    pub(crate) fn decision(&self, viewer: &impl Reader) -> Decision {
        decide(&self.0, &viewer.viewer(), at(NOW))
    }
}

pub(crate) trait Reader {
    fn viewer(&self) -> Viewer;
}

/// A peer, as it is told.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) agreement: AgreementFacts,
}

/// A peer with an agreement that lets everything through that may cross at all.
pub(crate) fn peer(name: &str) -> Peer {
    Peer {
        name: name.to_owned(),
        agreement: AgreementFacts {
            out_ceiling: Label::Red,
            in_ceiling: Label::Red,
            onward: true,
            commercial: false,
            kinds: Vec::new(),
            sectors: Vec::new(),
        },
    }
}

impl Peer {
    pub(crate) fn we_send_up_to(mut self, label: Label) -> Self {
        self.agreement.out_ceiling = label;
        self
    }

    pub(crate) fn it_takes_up_to(mut self, label: Label) -> Self {
        self.agreement.in_ceiling = label;
        self
    }

    pub(crate) fn may_not_pass_on(mut self) -> Self {
        self.agreement.onward = false;
        self
    }

    pub(crate) fn commercial(mut self) -> Self {
        self.agreement.commercial = true;
        self
    }

    pub(crate) fn kinds(mut self, kinds: &[Kind]) -> Self {
        self.agreement.kinds = kinds.to_vec();
        self
    }

    pub(crate) fn sectors(mut self, sectors: &[&str]) -> Self {
        self.agreement.sectors = texts(sectors);
        self
    }
}

impl Reader for Peer {
    fn viewer(&self) -> Viewer {
        Viewer::Peer(PeerFacts {
            community: community(&self.name),
            agreement: Some(self.agreement.clone()),
        })
    }
}

/// A credential of a member, as it is told.
#[derive(Clone)]
pub(crate) struct Credential(pub(crate) MemberFacts);

/// `volt/person/jan` of `energy`, of a member admitted at hour 1.
pub(crate) fn reader(credential: &str) -> Credential {
    reader_at("energy", credential)
}

/// The same of another community.
pub(crate) fn reader_at(of: &str, credential: &str) -> Credential {
    Credential(MemberFacts {
        id: member_id(of, credential),
        standing: Standing::Admitted { since: at(1) },
        commercial: false,
        newcomer_history: Label::Green,
    })
}

impl Credential {
    pub(crate) fn standing(mut self, standing: Standing) -> Self {
        self.0.standing = standing;
        self
    }

    pub(crate) fn admitted(self, hour: i64) -> Self {
        self.standing(Standing::Admitted { since: at(hour) })
    }

    pub(crate) fn newcomers_see_up_to(mut self, label: Label) -> Self {
        self.0.newcomer_history = label;
        self
    }

    pub(crate) fn commercial(mut self) -> Self {
        self.0.commercial = true;
        self
    }
}

impl Reader for Credential {
    fn viewer(&self) -> Viewer {
        Viewer::Member(self.0.clone())
    }
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
