//! The play: three communities, their members and agreements, written down by hand.
//!
//! The oracle compares with what stands here and in `pushes.rs`, not with what a node makes of it.

use Shade::{Amber, Clear, Green, Red, Strict};

/// A label as written in the play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shade {
    Clear,
    Green,
    Amber,
    Strict,
    Red,
}

impl Shade {
    /// As it is typed on the command line.
    pub(super) const fn typed(self) -> &'static str {
        match self {
            Clear => "CLEAR",
            Green => "GREEN",
            Amber => "AMBER",
            Strict => "AMBER+STRICT",
            Red => "RED",
        }
    }
}

/// A community of the play.
#[derive(Clone, Copy, Debug)]
pub(super) struct Community {
    pub(super) id: &'static str,
    pub(super) short: &'static str,
    pub(super) name: &'static str,
    pub(super) sector: &'static str,
    pub(super) members: &'static [Member],
}

/// A member of the play.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) domain: &'static str,
    pub(super) commercial: bool,
    pub(super) persons: &'static [&'static str],
    pub(super) tools: &'static [&'static str],
    pub(super) fate: Fate,
}

/// What becomes of a member during the play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Admitted before the first push.
    Stays,
    /// Suspended before the first push.
    Suspended,
    /// Admitted after the last push.
    ComesLate,
}

/// An agreement of the play. It ends at `proposed` where nobody confirms it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pact {
    pub(super) inviter: Side,
    pub(super) accepter: Side,
    pub(super) kinds: &'static [&'static str],
    pub(super) sectors: &'static [&'static str],
    pub(super) signed: bool,
}

/// One side of an agreement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    pub(super) community: &'static str,
    pub(super) out: Shade,
    pub(super) takes: Shade,
    pub(super) onward: bool,
    pub(super) commercial: bool,
}

const fn member(
    id: &'static str,
    name: &'static str,
    domain: &'static str,
    persons: &'static [&'static str],
    tools: &'static [&'static str],
) -> Member {
    Member {
        id,
        name,
        domain,
        commercial: false,
        persons,
        tools,
        fate: Fate::Stays,
    }
}

impl Member {
    const fn commercial(mut self) -> Self {
        self.commercial = true;
        self
    }
    const fn fate(mut self, fate: Fate) -> Self {
        self.fate = fate;
        self
    }
}

/// The three communities.
pub(super) const COMMUNITIES: [Community; 3] = [
    Community {
        id: "energy.isac.example",
        short: "energy",
        name: "Energy ISAC",
        sector: "energy",
        members: &[
            member(
                "gridco",
                "GridCo Netbeheer",
                "gridco.example",
                &["meryem"],
                &["siem"],
            ),
            member(
                "windpark",
                "Windpark Noordzee",
                "windpark.example",
                &["joris"],
                &["siem"],
            ),
            member(
                "solarco",
                "SolarCo Trading",
                "solarco.example",
                &[],
                &["siem"],
            )
            .commercial(),
            member(
                "deltagas",
                "DeltaGas Opslag",
                "deltagas.example",
                &[],
                &["siem"],
            )
            .fate(Fate::Suspended),
            member(
                "nieuwstroom",
                "NieuwStroom Cooperatie",
                "nieuwstroom.example",
                &["ruben"],
                &[],
            )
            .fate(Fate::ComesLate),
        ],
    },
    Community {
        id: "water.isac.example",
        short: "water",
        name: "Water ISAC",
        sector: "water",
        members: &[
            member(
                "dijkwater",
                "Dijkwater Beheer",
                "dijkwater.example",
                &["anneke"],
                &["siem"],
            ),
            member(
                "aquapure",
                "AquaPure Drinkwater",
                "aquapure.example",
                &[],
                &["siem"],
            ),
        ],
    },
    Community {
        id: "msp.isac.example",
        short: "msp",
        name: "MSP ISAC",
        sector: "managed-services",
        members: &[
            member(
                "cloudhost",
                "CloudHost Beheer",
                "cloudhost.example",
                &["els"],
                &["siem"],
            ),
            member(
                "helpdesk",
                "Helpdesk Centraal",
                "helpdesk.example",
                &[],
                &["siem"],
            ),
        ],
    },
];

/// The agreements. Energy and the service providers have made first contact, and nobody has signed.
pub(super) const PACTS: [Pact; 3] = [
    Pact {
        inviter: Side {
            community: "water.isac.example",
            out: Amber,
            takes: Amber,
            onward: true,
            commercial: false,
        },
        accepter: Side {
            community: "energy.isac.example",
            out: Amber,
            takes: Green,
            onward: true,
            commercial: false,
        },
        kinds: &[],
        sectors: &[],
        signed: true,
    },
    Pact {
        inviter: Side {
            community: "water.isac.example",
            out: Green,
            takes: Green,
            onward: true,
            commercial: false,
        },
        accepter: Side {
            community: "msp.isac.example",
            out: Clear,
            takes: Green,
            onward: false,
            commercial: true,
        },
        kinds: &["indicators", "report", "advisory"],
        sectors: &["energy", "water", "managed-services"],
        signed: true,
    },
    Pact {
        inviter: Side {
            community: "energy.isac.example",
            out: Green,
            takes: Green,
            onward: false,
            commercial: false,
        },
        accepter: Side {
            community: "msp.isac.example",
            out: Green,
            takes: Green,
            onward: false,
            commercial: true,
        },
        kinds: &[],
        sectors: &[],
        signed: false,
    },
];
