//! Members of the community, their state, and their credentials.

use super::ids::{CredentialName, MemberId};
use crate::clock::Timestamp;

/// An organisation that is or was to be a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id, never given to another one.
    pub id: MemberId,
    /// The registered name.
    pub name: String,
    /// Domains that give it away.
    pub domains: Vec<String>,
    /// STIX identity ids that stand for it.
    pub identities: Vec<String>,
    /// Whom to call.
    pub contact: String,
    /// It declared a commercial interest.
    pub commercial: bool,
    /// How far it has got.
    pub standing: Standing,
    /// Raised whenever what it may see widens: its cursors of an earlier epoch read again from the start.
    pub epoch: u32,
}

impl Member {
    /// Most domains or identities.
    pub const ALIASES_MAX: usize = 32;
    /// Longest name, contact, domain or identity in bytes.
    pub const TEXT_BYTES_MAX: usize = 256;
}

/// Where an organisation stands: *candidate → admitted → suspended / left* (design.md part 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Registered.
    Candidate,
    /// Admitted at this time.
    Admitted {
        /// When.
        since: Timestamp,
    },
    /// Suspended; it was admitted at this time.
    Suspended {
        /// When it was admitted.
        admitted: Timestamp,
    },
    /// Gone for good.
    Left,
}

/// A change of standing that is not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a member that is {from} cannot be {wanted}")]
pub struct NotPossible {
    /// The word for the present standing.
    pub from: &'static str,
    /// The word for the wanted change.
    pub wanted: &'static str,
}

impl Standing {
    /// The word for people and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Candidate => "candidate",
            Standing::Admitted { .. } => "admitted",
            Standing::Suspended { .. } => "suspended",
            Standing::Left => "left",
        }
    }

    /// Admits a candidate. An admitted member stays as it is.
    pub fn admit(self, now: Timestamp) -> Result<Self, NotPossible> {
        match self {
            Standing::Candidate => Ok(Standing::Admitted { since: now }),
            Standing::Admitted { .. } => Ok(self),
            Standing::Suspended { .. } | Standing::Left => Err(self.cannot_be("admitted")),
        }
    }

    /// Suspends an admitted member. A suspended one stays as it is.
    pub fn suspend(self) -> Result<Self, NotPossible> {
        match self {
            Standing::Admitted { since } => Ok(Standing::Suspended { admitted: since }),
            Standing::Suspended { .. } => Ok(self),
            Standing::Candidate | Standing::Left => Err(self.cannot_be("suspended")),
        }
    }

    /// Ends a suspension. An admitted member stays as it is.
    pub fn resume(self) -> Result<Self, NotPossible> {
        match self {
            Standing::Suspended { admitted } => Ok(Standing::Admitted { since: admitted }),
            Standing::Admitted { .. } => Ok(self),
            Standing::Candidate | Standing::Left => Err(self.cannot_be("resumed")),
        }
    }

    fn cannot_be(self, wanted: &'static str) -> NotPossible {
        NotPossible {
            from: self.name(),
            wanted,
        }
    }
}

/// A person or a tool of a member, as the node knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The member.
    pub member: MemberId,
    /// The person or tool.
    pub name: CredentialName,
    /// When it enrolled first.
    pub enrolled: Timestamp,
    /// The end of its present certificate.
    pub expires: Timestamp,
    /// It was revoked.
    pub revoked: bool,
}
