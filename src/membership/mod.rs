//! The members of the community: who is one, who vouched for it, and the credentials of its persons and tools.
//!
//! ```text
//! add ─▶ candidate ─endorse×N, admit─▶ admitted ─invite─▶ (secret) ─enroll─▶ credential ─renew─▶ …
//!                                         │ ▲ suspend, resume                     │ revoke
//!                                         ▼ │                                     ▼
//!                                      suspended ─remove─▶ left                revoked ─invite, enroll─▶ …
//! ```
//!
//! * Every change is one write with one audit record. Changes are made one after the other, so that what was read of
//!   the roster still holds when the write is queued.
//! * A right that ends is durable first, then seen by every new call, and then the live connections are cut.
//! * An invite's secret is stored as its SHA-256 only, and is consumed by the write that records the credential.
//! * A certificate says what the invite says; of the request only the key is believed (threat 29).
//! * What this does deliberately not do: judge who may call (api/access.rs), or talk to anyone.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use crate::clock::{Clock, Entropy};
use crate::log::{Log, LogError};
use crate::model::ids::{CommunityId, CredentialName, MemberId, SpiffeId};
use crate::model::member::{Member, NotPossible, Standing};
use crate::model::roster::Roster;
use crate::store::{StoreError, Write, Written};
use crate::trust::{Authority, TrustError};

mod credentials;
mod invites;
mod members;

pub use credentials::{Enrolled, Renewed};
pub use invites::InviteMade;
pub use members::{Candidate, Endorsed};

/// Ends the live connections whose certificate names such an id, and says how many they were.
pub type EndConnections = Arc<dyn Fn(&dyn Fn(&SpiffeId) -> bool) -> usize + Send + Sync>;

/// Where a membership change is announced to the members.
pub trait Notices: Send + Sync {
    /// Pushes a notice of the node itself, AMBER+STRICT. A failure is logged by the caller and changes nothing.
    fn announce(
        &self,
        title: String,
        text: String,
    ) -> BoxFuture<'_, Result<(), Box<dyn std::error::Error + Send + Sync>>>;
}

/// What the community decided about its membership.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The community.
    pub community: CommunityId,
    /// Endorsements that an admission needs, counted only once that many members are admitted.
    pub endorsements_required: u32,
    /// The life of a person's, tool's or operator's certificate in seconds.
    pub credential_seconds: i64,
    /// HOST:PORT that stands in invites.
    pub advertise: String,
}

/// What a [`Membership`] is made of.
pub struct MembershipParts {
    /// Where it is written.
    pub log: Log,
    /// Who issues.
    pub authority: Arc<Authority>,
    /// What the community decided.
    pub settings: Settings,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// For invites.
    pub entropy: Arc<dyn Entropy>,
    /// Cuts live connections.
    pub end_connections: EndConnections,
    /// Tells the members.
    pub notices: Arc<dyn Notices>,
}

/// The membership of one community.
pub struct Membership {
    parts: MembershipParts,
    /// Held from reading the roster to the answer of the write, and by nothing else. No network is waited for under it.
    turn: Mutex<()>,
}

impl std::fmt::Debug for Membership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Membership({})", self.parts.settings.community)
    }
}

/// Why something about a member was not done.
#[derive(Debug, thiserror::Error)]
pub enum MembershipError {
    /// No such member.
    #[error("there is no member “{0}”; `sluis member list` shows all")]
    UnknownMember(MemberId),
    /// The member has no such credential.
    #[error(
        "member {member} has no {credential}; `sluis member show {member}` lists its persons and tools"
    )]
    UnknownCredential {
        /// The member.
        member: MemberId,
        /// `person NAME` or `tool NAME`.
        credential: String,
    },
    /// The id belongs, or belonged, to somebody.
    #[error("the id “{0}” was given before, and an id is never given twice; choose another one")]
    IdTaken(MemberId),
    /// A word is out of bounds.
    #[error("{field}: {problem}")]
    OutOfBounds {
        /// The field, as the proto names it.
        field: &'static str,
        /// What is wrong and what it should be.
        problem: String,
    },
    /// The standing does not allow it.
    #[error("{member}: {reason}")]
    NotPossible {
        /// The member.
        member: MemberId,
        /// Why not.
        reason: NotPossible,
    },
    /// Nobody vouches for its own member.
    #[error("a member cannot vouch for itself; ask persons of other members")]
    OwnMember,
    /// Only candidates are vouched for.
    #[error("{member} is {standing}; only a candidate can be vouched for")]
    NotCandidate {
        /// The member.
        member: MemberId,
        /// What it is.
        standing: &'static str,
    },
    /// Not enough members vouched.
    #[error(
        "{member} has {have} of {required} endorsements; persons of admitted members give them with `sluis member endorse {member}`"
    )]
    MissingEndorsements {
        /// The candidate.
        member: MemberId,
        /// How many count now.
        have: u32,
        /// How many are needed.
        required: u32,
    },
    /// It is done for admitted members only.
    #[error("{member} is {standing}; only an admitted member can do this")]
    NotAdmitted {
        /// The member.
        member: MemberId,
        /// What it is.
        standing: &'static str,
    },
    /// The credential was revoked.
    #[error("this credential was revoked; ask an operator for a new invite")]
    Revoked,
    /// The certificate is of a kind that is not renewed, or was replaced after a revocation.
    #[error("this certificate cannot be renewed; ask an operator for a new invite")]
    NotRenewable,
    /// The invite is not good.
    #[error("{0}")]
    Invite(InviteProblem),
    /// The signing request is not good.
    #[error(
        "the signing request was refused: it must be PKCS#10 in DER, at most 16 KiB, for a P-256 key"
    )]
    SigningRequest(#[source] TrustError),
    /// The CA did not issue.
    #[error("the certificate could not be issued")]
    NotIssued(#[source] TrustError),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store answered something else than what was asked.
    #[error("the store answered a write with something else than was asked")]
    Unexpected,
}

/// Why an invite is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InviteProblem {
    /// There is none with this secret.
    #[error("this invite is not known here; ask the operator for a new one")]
    Unknown,
    /// It was consumed.
    #[error("this invite was used before; if it was not you, tell the operator at once")]
    Used,
    /// It is past its end.
    #[error("this invite has expired; ask the operator for a new one")]
    Expired,
    /// The credential was revoked after the invite had been made.
    #[error("this invite was made void by a revocation; ask the operator for a new one")]
    Void,
}

impl Membership {
    /// The membership over these parts.
    pub fn new(parts: MembershipParts) -> Self {
        Self {
            parts,
            turn: Mutex::new(()),
        }
    }

    /// The community's id.
    pub fn community(&self) -> &CommunityId {
        &self.parts.settings.community
    }

    /// Everyone, as of the last commit.
    pub fn roster(&self) -> Arc<Roster> {
        self.parts.log.roster()
    }

    /// One member.
    pub fn member(&self, id: &MemberId) -> Result<Member, MembershipError> {
        member_of(&self.roster(), id).cloned()
    }

    /// How many endorsements an admission needs now.
    pub fn endorsements_required(&self, roster: &Roster) -> u32 {
        members::endorsements_required(roster, self.parts.settings.endorsements_required)
    }

    /// Writes what answers nothing but that it is done.
    async fn put(&self, write: Write) -> Result<(), MembershipError> {
        match self.parts.log.write(write).await? {
            Written::Done => Ok(()),
            _ => Err(MembershipError::Unexpected),
        }
    }

    /// Cuts the live connections of a member, or of one credential of it.
    fn end_connections(&self, member: &MemberId, credential: Option<&CredentialName>) -> usize {
        let community = self.community();
        (self.parts.end_connections)(&|id: &SpiffeId| {
            id.community == *community
                && match &id.role {
                    crate::model::ids::Role::Credential(m, c) => {
                        m == member && credential.is_none_or(|wanted| wanted == c)
                    }
                    _ => false,
                }
        })
    }

    async fn announce(&self, title: String, text: String) {
        if let Err(error) = self.parts.notices.announce(title, text).await {
            tracing::warn!(
                error = &*error,
                "a membership change took effect and could not be announced in the feed"
            );
        }
    }
}

/// The member, or that there is none.
fn member_of<'a>(roster: &'a Roster, id: &MemberId) -> Result<&'a Member, MembershipError> {
    roster
        .members
        .get(id)
        .ok_or_else(|| MembershipError::UnknownMember(id.clone()))
}

/// Refuses a member that is not admitted.
fn admitted(member: &Member) -> Result<(), MembershipError> {
    match member.standing {
        Standing::Admitted { .. } => Ok(()),
        Standing::Candidate | Standing::Suspended { .. } | Standing::Left => {
            Err(MembershipError::NotAdmitted {
                member: member.id.clone(),
                standing: member.standing.name(),
            })
        }
    }
}

/// `person NAME` or `tool NAME`, for people.
fn credential_words(name: &CredentialName) -> String {
    match name {
        CredentialName::Person(name) => format!("person {name}"),
        CredentialName::Tool(name) => format!("tool {name}"),
    }
}
