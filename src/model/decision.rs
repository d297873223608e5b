//! The answer to “may this viewer have this item?”, always with the rule that decided.

use super::words::vocabulary;

vocabulary! {
    /// The rule that withholds (design.md part 4). The declaration follows the order in which the rules are looked at.
    Rule {
        /// No agreement with that peer is in force.
        NotInForce = "not-in-force",
        /// The reader is not an admitted member.
        NotMember = "not-member",
        /// The item was withdrawn.
        Withdrawn = "withdrawn",
        /// The item is past its valid-until.
        Expired = "expired",
        /// RED and AMBER+STRICT never leave the origin.
        LabelNeverLeaves = "label-never-leaves",
        /// AMBER goes on from the origin only.
        OnwardAmber = "onward-amber",
        /// AMBER to a peer that is not named, or an audience that leaves the reader out.
        NotNamed = "not-named",
        /// RED is read by persons, not by tools.
        PersonOnly = "person-only",
        /// Older than the reader's admission and stricter than newcomers may see.
        BeforeAdmission = "before-admission",
        /// Above the ceiling that the sending side set.
        CeilingOut = "ceiling-out",
        /// Above the ceiling that the receiving side set.
        CeilingIn = "ceiling-in",
        /// The peer is the origin, or is on the item's path.
        Loop = "loop",
        /// An agreement on the way does not allow passing it on.
        OnwardNotAgreed = "onward-not-agreed",
        /// The source's hop limit is used up.
        HopLimit = "hop-limit",
        /// The agreement lists kinds and this one is not among them.
        KindNotAgreed = "kind-not-agreed",
        /// The agreement lists sectors and none of the item's is among them.
        SectorNotAgreed = "sector-not-agreed",
        /// The terms forbid commercial use or resale and the reader is commercial.
        CommercialUse = "commercial-use",
    }
}

/// Permit, or withhold with the first rule that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Decision {
    /// The viewer may have the item.
    Permit,
    /// The viewer may not have it.
    Withhold(Rule),
}

impl Decision {
    /// Whether it permits.
    pub const fn permits(self) -> bool {
        match self {
            Decision::Permit => true,
            Decision::Withhold(_) => false,
        }
    }

    /// The rule that withholds.
    pub const fn rule(self) -> Option<Rule> {
        match self {
            Decision::Permit => None,
            Decision::Withhold(rule) => Some(rule),
        }
    }
}
