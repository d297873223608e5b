//! Who makes a call: read from the connection's verified certificate and the roster as of now, for every call.

use tonic::Status;

use super::listener::ConnectionInfo;
use super::status;
use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, CredentialName, MemberId, Name, Role, SpiffeId};
use crate::model::member::Standing;
use crate::model::roster::Roster;
use crate::trust::Presented;

/// Who makes a call. The access layer puts it into the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A person or a tool of an admitted member.
    Member {
        /// The member.
        member: MemberId,
        /// Its person or tool.
        credential: CredentialName,
    },
    /// An operator of this community.
    Operator(Name),
    /// A node of another community with which there was first contact, whatever the state of the agreement.
    Peer(CommunityId),
    /// A person, tool or operator of this community whose certificate has expired: may renew it and nothing else.
    Renewal(SpiffeId),
    /// Anybody else.
    Nobody,
}

/// The kinds of [`Caller`] that the access table names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A named representative of an admitted member.
    Person,
    /// A machine of an admitted member.
    Tool,
    /// An operator.
    Operator,
    /// A node of another community.
    Peer,
    /// An expired certificate of this community.
    Renewal,
    /// Anybody else.
    Nobody,
}

/// Why a certificate that was verified gives no right to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The member is suspended.
    MemberSuspended(MemberId),
    /// The member is not, or no longer, a member.
    NotMember(MemberId),
    /// The credential was revoked, or the certificate is from before a revocation.
    CredentialRevoked,
    /// This node never enrolled the credential.
    CredentialUnknown,
}

impl Caller {
    /// Who stands behind a connection, as of this roster.
    pub fn resolve(
        connection: Option<&ConnectionInfo>,
        here: &CommunityId,
        roster: &Roster,
    ) -> Result<Self, Denied> {
        let Some(presented) = connection.and_then(|c| c.presented.as_ref()) else {
            return Ok(Caller::Nobody);
        };
        let Presented { id, expired, .. } = presented;
        if id.community != *here {
            return Ok(match &id.role {
                Role::Node(_) if !expired && roster.peers.contains_key(&id.community) => {
                    Caller::Peer(id.community.clone())
                }
                Role::Node(_)
                | Role::Signer(_)
                | Role::Operator(_)
                | Role::Member(_)
                | Role::Credential(..) => Caller::Nobody,
            });
        }
        match &id.role {
            Role::Credential(member, credential) => {
                in_good_standing(member, credential, Some(presented.not_before), roster)?;
                Ok(if *expired {
                    Caller::Renewal(id.clone())
                } else {
                    Caller::Member {
                        member: member.clone(),
                        credential: credential.clone(),
                    }
                })
            }
            Role::Operator(_) if *expired => Ok(Caller::Renewal(id.clone())),
            Role::Operator(name) => Ok(Caller::Operator(name.clone())),
            // Our own nodes do not call each other, signers do not speak TLS, organisations have no certificates.
            Role::Node(_) | Role::Signer(_) | Role::Member(_) => Ok(Caller::Nobody),
        }
    }

    /// What the access table calls it.
    pub fn kind(&self) -> Kind {
        match self {
            Caller::Member {
                credential: CredentialName::Person(_),
                ..
            } => Kind::Person,
            Caller::Member {
                credential: CredentialName::Tool(_),
                ..
            } => Kind::Tool,
            Caller::Operator(_) => Kind::Operator,
            Caller::Peer(_) => Kind::Peer,
            Caller::Renewal(_) => Kind::Renewal,
            Caller::Nobody => Kind::Nobody,
        }
    }

    /// The caller of this request, as the access layer put it there.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, Status> {
        request
            .extensions()
            .get::<Caller>()
            .cloned()
            .ok_or_else(status::no_credential)
    }

    /// The operator's SPIFFE id, for what only an operator does.
    pub fn operator(&self, here: &CommunityId) -> Result<SpiffeId, Status> {
        match self {
            Caller::Operator(name) => Ok(SpiffeId {
                community: here.clone(),
                role: Role::Operator(name.clone()),
            }),
            Caller::Member { .. } | Caller::Peer(_) | Caller::Renewal(_) | Caller::Nobody => {
                Err(status::not_allowed())
            }
        }
    }

    /// The member and its person or tool, for what only members do.
    pub fn member(&self) -> Result<(&MemberId, &CredentialName), Status> {
        match self {
            Caller::Member { member, credential } => Ok((member, credential)),
            Caller::Operator(_) | Caller::Peer(_) | Caller::Renewal(_) | Caller::Nobody => {
                Err(status::not_allowed())
            }
        }
    }

    /// The peer, for what only peers' nodes do.
    pub fn peer(&self) -> Result<&CommunityId, Status> {
        match self {
            Caller::Peer(community) => Ok(community),
            Caller::Member { .. } | Caller::Operator(_) | Caller::Renewal(_) | Caller::Nobody => {
                Err(status::not_allowed())
            }
        }
    }
}

/// Whether a caller that was admitted when its stream began still is. To be asked before every message of a stream.
pub fn still_admitted(caller: &Caller, roster: &Roster) -> Result<(), Status> {
    match caller {
        Caller::Member { member, credential } => {
            in_good_standing(member, credential, None, roster).map_err(|d| status::denied(&d))
        }
        Caller::Operator(_) => Ok(()),
        Caller::Peer(community) if roster.peers.contains_key(community) => Ok(()),
        Caller::Peer(_) | Caller::Renewal(_) | Caller::Nobody => Err(status::no_credential()),
    }
}

/// The member is admitted and the credential enrolled, not revoked, and its certificate not from before a revocation.
fn in_good_standing(
    member: &MemberId,
    credential: &CredentialName,
    not_before: Option<Timestamp>,
    roster: &Roster,
) -> Result<(), Denied> {
    match roster.members.get(member).map(|m| m.standing) {
        Some(Standing::Admitted { .. }) => {}
        Some(Standing::Suspended { .. }) => return Err(Denied::MemberSuspended(member.clone())),
        Some(Standing::Candidate | Standing::Left) | None => {
            return Err(Denied::NotMember(member.clone()));
        }
    }
    let known = roster
        .credentials
        .get(&(member.clone(), credential.clone()))
        .ok_or(Denied::CredentialUnknown)?;
    if known.revoked || not_before.is_some_and(|begin| begin < known.enrolled) {
        return Err(Denied::CredentialRevoked);
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
