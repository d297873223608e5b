//! How a machine comes to its certificate, keeps it, and loses it.

use super::invites::{Holder, Purpose};
use super::{InviteProblem, Membership, MembershipError, admitted, credential_words, member_of};
use crate::audit::{Act, Actor, record};
use crate::clock::Timestamp;
use crate::model::ids::{CredentialName, Digest, MemberId, Role, SpiffeId};
use crate::model::member::Credential;
use crate::model::roster::Roster;
use crate::store::{InviteUse, Write, Written};
use crate::trust::{Issued, Presented, TrustError};

/// A new credential.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// Whose.
    pub id: SpiffeId,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// The community's CA certificates, DER.
    pub ca_certificates: Vec<Vec<u8>>,
    /// The end of the certificate.
    pub expires: Timestamp,
}

/// A new certificate of a credential.
#[derive(Clone, Debug)]
pub struct Renewed {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// The community's CA certificates, DER.
    pub ca_certificates: Vec<Vec<u8>>,
    /// The end of the certificate.
    pub expires: Timestamp,
}

impl Membership {
    /// Turns an invite's secret and a signing request into a credential.
    ///
    /// The certificate is made before the invite is consumed and is handed out only to the one call that consumed it:
    /// of any number at once one gets a certificate (threat 28).
    pub async fn enroll(&self, secret: &[u8], request: &[u8]) -> Result<Enrolled, MembershipError> {
        let secret_sha256 = Digest::of(secret);
        let purpose = self
            .parts
            .log
            .store()
            .invite(secret_sha256)
            .await?
            .and_then(|purpose| Purpose::read(&purpose))
            .ok_or(MembershipError::Invite(InviteProblem::Unknown))?;
        let id = purpose.holder.id(self.community());

        let _turn = self.turn.lock().await;
        let now = self.parts.clock.now();
        let (issued, credential, act) = match &purpose.holder {
            Holder::Credential(member, name) => {
                let roster = self.roster();
                admitted(member_of(&roster, member)?)?;
                let before = roster.credentials.get(&(member.clone(), name.clone()));
                if before.is_some_and(|c| c.revoked && purpose.made <= c.expires) {
                    return Err(MembershipError::Invite(InviteProblem::Void));
                }
                // All that were issued before the revocation begin at its second or earlier, this one later.
                let begins = match before {
                    Some(c) if c.revoked => now.max(c.expires.plus_seconds(1)),
                    Some(_) | None => now,
                };
                let issued = self.issue(request, &id, begins)?;
                let credential = Credential {
                    member: member.clone(),
                    name: name.clone(),
                    enrolled: match before {
                        Some(c) if !c.revoked => c.enrolled,
                        // Certificates from before a revocation stay invalid: only one that begins at or after this
                        // time speaks for the credential.
                        Some(_) | None => begin(&issued, now)?,
                    },
                    expires: issued.expires,
                    revoked: false,
                };
                (issued, Some(credential), Act::CredentialEnrolled)
            }
            Holder::Operator(_) => (self.issue(request, &id, now)?, None, Act::OperatorEnrolled),
        };
        let written = self
            .parts
            .log
            .write(Write::UseInvite {
                secret_sha256,
                at: now,
                credential,
                peer: None,
                audit: record(act, Actor::Caller(&id), &id, now),
            })
            .await?;
        let problem = match written {
            Written::Invite(InviteUse::Consumed(_)) => {
                return Ok(Enrolled {
                    id,
                    certificate: issued.certificate,
                    ca_certificates: self.parts.authority.ca_certificates(),
                    expires: issued.expires,
                });
            }
            Written::Invite(InviteUse::Used) => {
                tracing::warn!(credential.id = %id, "an invite was presented a second time; whoever holds it may have copied it");
                InviteProblem::Used
            }
            Written::Invite(InviteUse::Expired) => InviteProblem::Expired,
            Written::Invite(InviteUse::Unknown) => InviteProblem::Unknown,
            _ => return Err(MembershipError::Unexpected),
        };
        Err(MembershipError::Invite(problem))
    }

    /// Issues a new certificate for the identity that a certificate of this community names, for its key or a new one.
    /// `not_before` is the beginning of that certificate.
    pub async fn renew(
        &self,
        id: &SpiffeId,
        not_before: Timestamp,
        request: &[u8],
    ) -> Result<Renewed, MembershipError> {
        let _turn = self.turn.lock().await;
        let now = self.parts.clock.now();
        let issued = match &id.role {
            Role::Credential(member, name) => {
                let roster = self.roster();
                let before = in_good_standing(&roster, member, name, not_before)?;
                let issued = self.issue(request, id, now)?;
                let credential = Credential {
                    expires: issued.expires,
                    ..before.clone()
                };
                self.put(Write::PutCredential {
                    credential,
                    audit: self.record(Act::CredentialRenewed, id, id),
                })
                .await?;
                issued
            }
            Role::Operator(_) => {
                let issued = self.issue(request, id, now)?;
                self.put(Write::Audit(self.record(Act::OperatorRenewed, id, id)))
                    .await?;
                issued
            }
            Role::Node(_) | Role::Signer(_) | Role::Member(_) => {
                return Err(MembershipError::NotRenewable);
            }
        };
        Ok(Renewed {
            certificate: issued.certificate,
            ca_certificates: self.parts.authority.ca_certificates(),
            expires: issued.expires,
        })
    }

    /// Revokes a credential and cuts its live connections; says how many they were. Invites for it that were not used
    /// yet become void.
    pub async fn revoke(
        &self,
        actor: &SpiffeId,
        member: &MemberId,
        name: &CredentialName,
    ) -> Result<usize, MembershipError> {
        {
            let _turn = self.turn.lock().await;
            let roster = self.roster();
            member_of(&roster, member)?;
            let before = roster
                .credentials
                .get(&(member.clone(), name.clone()))
                .ok_or_else(|| MembershipError::UnknownCredential {
                    member: member.clone(),
                    credential: credential_words(name),
                })?;
            if !before.revoked {
                let credential = Credential {
                    // Its certificate ends now, and no invite from before now brings it back.
                    expires: self.parts.clock.now(),
                    revoked: true,
                    ..before.clone()
                };
                let id = SpiffeId::credential(self.community(), member, name);
                self.put(Write::PutCredential {
                    credential,
                    audit: self.record(Act::CredentialRevoked, actor, &id),
                })
                .await?;
            }
        }
        Ok(self.end_connections(member, Some(name)))
    }

    fn issue(
        &self,
        request: &[u8],
        id: &SpiffeId,
        now: Timestamp,
    ) -> Result<Issued, MembershipError> {
        self.parts
            .authority
            .issue_for_request(request, id, now, self.parts.settings.credential_seconds)
            .map_err(|error| match error {
                TrustError::Request(_) => MembershipError::SigningRequest(error),
                _ => MembershipError::NotIssued(error),
            })
    }
}

/// The first second of a certificate that was just issued, as a connection will show it.
fn begin(issued: &Issued, now: Timestamp) -> Result<Timestamp, MembershipError> {
    Presented::by(&issued.certificate, now)
        .map(|presented| presented.not_before)
        .map_err(|error| MembershipError::NotIssued(error.into()))
}

/// The credential, if its member is admitted, it is not revoked, and the certificate is not from before a revocation.
fn in_good_standing<'a>(
    roster: &'a Roster,
    member: &MemberId,
    name: &CredentialName,
    not_before: Timestamp,
) -> Result<&'a Credential, MembershipError> {
    admitted(member_of(roster, member)?)?;
    let credential = roster
        .credentials
        .get(&(member.clone(), name.clone()))
        .ok_or(MembershipError::NotRenewable)?;
    if credential.revoked || not_before < credential.enrolled {
        return Err(MembershipError::Revoked);
    }
    Ok(credential)
}
