//! The abstract space: what an item, a peer and a member can be, in plain words and numbers, and the way from there to the
//! facts that `decide` is told. The tables read the plain words only.

use sluis::model::ids::CommunityId;
use sluis::model::item::{Audience, Terms};
use sluis::model::label::Label;
use sluis::model::member::Standing;
use sluis::model::words::Kind;
use sluis::policy::{AgreementFacts, ItemFacts, MemberFacts, PeerFacts, Viewer};

use super::story::{RECORDED, at, community, member_id};

/// Labels as numbers: the higher, the stricter.
pub(crate) const CLEAR: u8 = 0;
pub(crate) const GREEN: u8 = 1;
pub(crate) const AMBER: u8 = 2;
pub(crate) const AMBER_STRICT: u8 = 3;
pub(crate) const RED: u8 = 4;
pub(crate) const LABELS: [u8; 5] = [CLEAR, GREEN, AMBER, AMBER_STRICT, RED];

fn label(n: u8) -> Label {
    match n {
        CLEAR => Label::Clear,
        GREEN => Label::Green,
        AMBER => Label::Amber,
        AMBER_STRICT => Label::AmberStrict,
        RED => Label::Red,
        _ => panic!("there are five labels"),
    }
}

fn kind(word: &str) -> Kind {
    Kind::parse(word).unwrap()
}

fn communities(names: &[&str]) -> Vec<CommunityId> {
    names.iter().map(|name| community(name)).collect()
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The community that every item here comes from.
pub(crate) const ORIGIN: &str = "origin";

/// An item at the last community of its way, and a peer that might get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PeerCase {
    /// Communities, origin first, the deciding one last.
    pub(crate) way: &'static [&'static str],
    pub(crate) peer: &'static str,
    /// An agreement with the peer is in force.
    pub(crate) in_force: bool,
    pub(crate) withdrawn: bool,
    /// Hour.
    pub(crate) valid_until: Option<i64>,
    pub(crate) label: u8,
    /// The communities that the audience names; `None`: no audience is given.
    pub(crate) audience: Option<&'static [&'static str]>,
    /// The audience names members or persons of the origin too.
    pub(crate) names_members: bool,
    pub(crate) out_ceiling: u8,
    pub(crate) in_ceiling: u8,
    /// The agreement over which it came allows passing on.
    pub(crate) onward_in: bool,
    /// The agreement over which it would go allows passing on.
    pub(crate) onward_out: bool,
    pub(crate) hop_limit: Option<u32>,
    pub(crate) kind: &'static str,
    pub(crate) agreed_kinds: &'static [&'static str],
    pub(crate) sectors: &'static [&'static str],
    pub(crate) agreed_sectors: &'static [&'static str],
    pub(crate) no_commercial_use: bool,
    pub(crate) no_resale: bool,
    pub(crate) commercial: bool,
}

impl PeerCase {
    /// A case that is permitted: GREEN at its origin, to a peer with whom everything is agreed.
    pub(crate) const PERMITTED: PeerCase = PeerCase {
        way: &[ORIGIN],
        peer: "peer",
        in_force: true,
        withdrawn: false,
        valid_until: None,
        label: GREEN,
        audience: None,
        names_members: false,
        out_ceiling: RED,
        in_ceiling: RED,
        onward_in: true,
        onward_out: true,
        hop_limit: None,
        kind: "report",
        agreed_kinds: &[],
        sectors: &["energy"],
        agreed_sectors: &[],
        no_commercial_use: false,
        no_resale: false,
        commercial: false,
    };

    /// What `decide` is told.
    pub(crate) fn facts(&self) -> (ItemFacts, Viewer) {
        let here = *self.way.last().unwrap();
        let mut item = ItemFacts {
            here: community(here),
            origin: community(self.way[0]),
            path: communities(self.way),
            onward_in: false,
            label: Label::Clear,
            kind: kind(self.kind),
            audience: self.audience.map(|names| Audience {
                communities: communities(names),
                members_limited: self.names_members,
            }),
            members: Vec::new(),
            persons: Vec::new(),
            submitter: None,
            hop_limit: None,
            sectors: texts(self.sectors),
            terms: Terms::default(),
            valid_until: None,
            withdrawn: false,
            waits: false,
            recorded: at(RECORDED),
        };
        if self.names_members && here == self.way[0] {
            item.members.push(member_id(here, "volt"));
        }
        let mut viewer = Viewer::Peer(PeerFacts {
            community: community(self.peer),
            agreement: self.in_force.then(|| AgreementFacts {
                out_ceiling: Label::Clear,
                in_ceiling: Label::Clear,
                onward: false,
                commercial: false,
                kinds: self.agreed_kinds.iter().map(|k| kind(k)).collect(),
                sectors: texts(self.agreed_sectors),
            }),
        });
        self.write(&mut item, &mut viewer);
        (item, viewer)
    }

    /// Sets what is a single value; what is a list stays. For the innermost loops.
    pub(crate) fn write(&self, item: &mut ItemFacts, viewer: &mut Viewer) {
        item.onward_in = self.onward_in;
        item.label = label(self.label);
        item.hop_limit = self.hop_limit;
        item.terms = Terms {
            no_commercial_use: self.no_commercial_use,
            no_resale: self.no_resale,
        };
        item.valid_until = self.valid_until.map(at);
        item.withdrawn = self.withdrawn;
        let Viewer::Peer(peer) = viewer else {
            panic!("the viewer of a peer's case is a peer");
        };
        if let Some(agreement) = &mut peer.agreement {
            agreement.out_ceiling = label(self.out_ceiling);
            agreement.in_ceiling = label(self.in_ceiling);
            agreement.onward = self.onward_out;
            agreement.commercial = self.commercial;
        }
    }
}

/// Who pushed, seen from the viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pusher {
    /// The viewer's own credential.
    Itself,
    /// Another person of its member.
    OwnPerson,
    /// Another tool of its member.
    OwnTool,
    /// Another member's credential of the same name.
    Another,
    /// The node itself.
    Node,
}

pub(crate) const PUSHERS: [Pusher; 5] = [
    Pusher::Itself,
    Pusher::OwnPerson,
    Pusher::OwnTool,
    Pusher::Another,
    Pusher::Node,
];

/// What an audience says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) communities: &'static [&'static str],
    /// Members of the origin.
    pub(crate) members: &'static [&'static str],
    /// Persons and tools of the origin's members.
    pub(crate) credentials: &'static [&'static str],
}

/// An item at the last community of its way, and a credential of the member `volt` that might read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemberCase {
    pub(crate) way: &'static [&'static str],
    /// `person/jan` or `tool/siem`.
    pub(crate) viewer: &'static str,
    /// The viewer's community is the deciding one.
    pub(crate) of_here: bool,
    pub(crate) standing: &'static str,
    /// Hours from the admission to the recording of the item; negative: the item was there before.
    pub(crate) admitted_before: i64,
    pub(crate) newcomers_see: u8,
    pub(crate) commercial: bool,
    pub(crate) withdrawn: bool,
    pub(crate) valid_until: Option<i64>,
    pub(crate) label: u8,
    /// The audience; `None`: none is given.
    pub(crate) audience: Option<Names>,
    /// The viewer was there when the item was pushed.
    pub(crate) there_at_push: bool,
    pub(crate) pusher: Pusher,
    pub(crate) no_commercial_use: bool,
    pub(crate) no_resale: bool,
}

impl MemberCase {
    /// A case that is permitted: GREEN of another member, to a person.
    pub(crate) const PERMITTED: MemberCase = MemberCase {
        way: &[ORIGIN],
        viewer: "person/jan",
        of_here: true,
        standing: "admitted",
        admitted_before: 1,
        newcomers_see: GREEN,
        commercial: false,
        withdrawn: false,
        valid_until: None,
        label: GREEN,
        audience: None,
        there_at_push: true,
        pusher: Pusher::Another,
        no_commercial_use: false,
        no_resale: false,
    };

    /// What `decide` is told.
    pub(crate) fn facts(&self) -> (ItemFacts, Viewer) {
        let here = *self.way.last().unwrap();
        let at_origin = here == self.way[0];
        let viewer = member_id(
            if self.of_here { here } else { "foreign" },
            &format!("volt/{}", self.viewer),
        );
        let pusher = match self.pusher {
            Pusher::Itself => member_id(here, &format!("volt/{}", self.viewer)),
            Pusher::OwnPerson => member_id(here, "volt/person/eva"),
            Pusher::OwnTool => member_id(here, "volt/tool/mail"),
            Pusher::Another => member_id(here, &format!("grid/{}", self.viewer)),
            Pusher::Node => {
                let node = format!("spiffe://{}/node/n1", community(here));
                sluis::model::ids::SpiffeId::parse(&node).unwrap()
            }
        };
        let names = self.audience.filter(|_| at_origin);
        let mut persons: Vec<_> = names
            .iter()
            .flat_map(|names| names.credentials)
            .map(|credential| member_id(here, credential))
            .collect();
        // For RED the origin writes down the persons that each named member had at the push.
        if self.label == RED
            && names.is_some_and(|names| names.members.contains(&"volt"))
            && self.there_at_push
            && self.viewer.starts_with("person/")
            && self.of_here
            && !persons.contains(&viewer)
        {
            persons.push(viewer.clone());
        }
        let mut item = ItemFacts {
            here: community(here),
            origin: community(self.way[0]),
            path: communities(self.way),
            onward_in: false,
            label: label(self.label),
            kind: Kind::Report,
            audience: self.audience.map(|names| Audience {
                communities: communities(names.communities),
                members_limited: !names.members.is_empty() || !names.credentials.is_empty(),
            }),
            members: names
                .iter()
                .flat_map(|names| names.members)
                .map(|member| member_id(here, member))
                .collect(),
            persons,
            submitter: at_origin.then_some(pusher),
            hop_limit: None,
            sectors: Vec::new(),
            terms: Terms::default(),
            valid_until: None,
            withdrawn: false,
            waits: false,
            recorded: at(RECORDED),
        };
        let mut viewer = Viewer::Member(MemberFacts {
            id: viewer,
            standing: Standing::Left,
            commercial: false,
            newcomer_history: Label::Clear,
        });
        self.write(&mut item, &mut viewer);
        (item, viewer)
    }

    /// Sets what is a single value; what is a list, and the label on which one depends, stays.
    pub(crate) fn write(&self, item: &mut ItemFacts, viewer: &mut Viewer) {
        item.terms = Terms {
            no_commercial_use: self.no_commercial_use,
            no_resale: self.no_resale,
        };
        item.valid_until = self.valid_until.map(at);
        item.withdrawn = self.withdrawn;
        let Viewer::Member(member) = viewer else {
            panic!("the viewer of a member's case is a member");
        };
        let admitted = at(RECORDED - self.admitted_before);
        member.standing = match self.standing {
            "candidate" => Standing::Candidate,
            "admitted" => Standing::Admitted { since: admitted },
            "suspended" => Standing::Suspended { admitted },
            _ => Standing::Left,
        };
        member.commercial = self.commercial;
        member.newcomer_history = label(self.newcomers_see);
    }
}
