//! Invites for persons, tools and operators: one use, an end, bound to the name that the certificate will carry.

use serde::{Deserialize, Serialize};

use super::{Membership, MembershipError, admitted, member_of};
use crate::audit::Act;
use crate::clock::{Timestamp, random_bytes};
use crate::model::ids::{CredentialName, Digest, MemberId, Name, Role, SpiffeId};
use crate::model::invite::{Invite, InviteKind};
use crate::store::{NewInvite, Write};

/// A new invite. The text is shown once and kept nowhere.
pub struct InviteMade {
    /// The line to hand over.
    pub text: String,
    /// Until when it can be used.
    pub expires: Timestamp,
}

impl std::fmt::Debug for InviteMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "InviteMade(until {})", self.expires)
    }
}

/// What an invite is good for, as it is stored beside the hash of its secret. Peers' invites have words of their own
/// and do not read as this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "kebab-case", deny_unknown_fields)]
enum Stored {
    Person {
        member: String,
        name: String,
        made: i64,
    },
    Tool {
        member: String,
        name: String,
        made: i64,
    },
    Operator {
        name: String,
        made: i64,
    },
}

/// The same, in the model's types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Purpose {
    pub(super) holder: Holder,
    /// When the invite was made: a revocation after that makes it void.
    pub(super) made: Timestamp,
}

/// For whom an invite is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    Credential(MemberId, CredentialName),
    Operator(Name),
}

impl Purpose {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let made = self.made.micros();
        let stored = match &self.holder {
            Holder::Credential(member, CredentialName::Person(name)) => Stored::Person {
                member: member.to_string(),
                name: name.to_string(),
                made,
            },
            Holder::Credential(member, CredentialName::Tool(name)) => Stored::Tool {
                member: member.to_string(),
                name: name.to_string(),
                made,
            },
            Holder::Operator(name) => Stored::Operator {
                name: name.to_string(),
                made,
            },
        };
        serde_json::to_vec(&stored).expect("texts and a number always serialize")
    }

    /// `None` for an invite that is for something else.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (holder, made) = match serde_json::from_slice(bytes).ok()? {
            Stored::Person { member, name, made } => (
                Holder::Credential(
                    MemberId::parse(&member).ok()?,
                    CredentialName::Person(Name::parse(&name).ok()?),
                ),
                made,
            ),
            Stored::Tool { member, name, made } => (
                Holder::Credential(
                    MemberId::parse(&member).ok()?,
                    CredentialName::Tool(Name::parse(&name).ok()?),
                ),
                made,
            ),
            Stored::Operator { name, made } => (Holder::Operator(Name::parse(&name).ok()?), made),
        };
        Some(Self {
            holder,
            made: Timestamp::from_micros(made),
        })
    }
}

impl Holder {
    pub(super) fn id(&self, community: &crate::model::ids::CommunityId) -> SpiffeId {
        let role = match self {
            Holder::Credential(member, name) => Role::Credential(member.clone(), name.clone()),
            Holder::Operator(name) => Role::Operator(name.clone()),
        };
        SpiffeId {
            community: community.clone(),
            role,
        }
    }
}

impl Membership {
    /// Makes an invite for a person or a tool of an admitted member; `ttl_seconds` 0 means a day, at most 30 days.
    pub async fn invite(
        &self,
        actor: &SpiffeId,
        member: &MemberId,
        credential: &CredentialName,
        ttl_seconds: u32,
    ) -> Result<InviteMade, MembershipError> {
        let _turn = self.turn.lock().await;
        let roster = self.roster();
        admitted(member_of(&roster, member)?)?;
        let now = self.parts.clock.now();
        let made = match roster
            .credentials
            .get(&(member.clone(), credential.clone()))
        {
            // Later than the revocation, whatever the clock did since.
            Some(c) if c.revoked => {
                now.max(Timestamp::from_micros(c.expires.micros().saturating_add(1)))
            }
            Some(_) | None => now,
        };
        let holder = Holder::Credential(member.clone(), credential.clone());
        self.put_invite(actor, Purpose { holder, made }, now, ttl_seconds)
            .await
    }

    /// Makes an invite for an operator; `ttl_seconds` 0 means a day, at most 30 days.
    pub async fn invite_operator(
        &self,
        actor: &SpiffeId,
        name: &Name,
        ttl_seconds: u32,
    ) -> Result<InviteMade, MembershipError> {
        let made = self.parts.clock.now();
        let holder = Holder::Operator(name.clone());
        self.put_invite(actor, Purpose { holder, made }, made, ttl_seconds)
            .await
    }

    async fn put_invite(
        &self,
        actor: &SpiffeId,
        purpose: Purpose,
        now: Timestamp,
        ttl_seconds: u32,
    ) -> Result<InviteMade, MembershipError> {
        // Invites say their end in whole seconds.
        let expires = now
            .plus_seconds(ttl(ttl_seconds)?)
            .rounded_down_to_seconds(1);
        let secret: [u8; 32] = random_bytes(&*self.parts.entropy);
        let to = purpose.holder.id(self.community());
        let (kind, act) = match purpose.holder {
            Holder::Credential(..) => (InviteKind::Member, Act::CredentialInvited),
            Holder::Operator(_) => (InviteKind::Operator, Act::OperatorInvited),
        };
        self.put(Write::PutInvite {
            invite: NewInvite {
                secret_sha256: Digest::of(&secret),
                purpose: purpose.to_bytes(),
                expires,
            },
            audit: self.record(act, actor, &to),
        })
        .await?;
        let invite = Invite {
            kind,
            community: self.community().clone(),
            address: self.parts.settings.advertise.clone(),
            ca_fingerprint: self.parts.authority.fingerprint(),
            secret,
            to: to.to_string(),
            expires,
            commitment: None,
            proposal: Vec::new(),
        };
        Ok(InviteMade {
            text: invite.to_string(),
            expires,
        })
    }
}

/// A day: long enough to reach a colleague, short enough to be forgotten in a mailbox.
const TTL_SECONDS_DEFAULT: u32 = 24 * 3600;
/// The longest life of an invite.
const TTL_SECONDS_MAX: u32 = 30 * 24 * 3600;

fn ttl(seconds: u32) -> Result<i64, MembershipError> {
    match seconds {
        0 => Ok(i64::from(TTL_SECONDS_DEFAULT)),
        1..=TTL_SECONDS_MAX => Ok(i64::from(seconds)),
        _ => Err(MembershipError::OutOfBounds {
            field: "ttl_seconds",
            problem: "an invite lasts at most 30 days; give a shorter --ttl".to_owned(),
        }),
    }
}
