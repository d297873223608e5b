//! Candidates, endorsements, and how a member's standing changes.

use std::collections::BTreeSet;

use super::{Membership, MembershipError, member_of};
use crate::audit::{Act, Actor, record};
use crate::model::ids::{MemberId, SpiffeId};
use crate::model::member::{Member, Standing};
use crate::model::roster::Roster;
use crate::store::Write;
use crate::wire::form;

/// A candidate's particulars, as the operator gave them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The id it will have for good.
    pub id: MemberId,
    /// The registered name; 1 to [`Member::TEXT_BYTES_MAX`] bytes.
    pub name: String,
    /// Domains that give it away; at most [`Member::ALIASES_MAX`].
    pub domains: Vec<String>,
    /// STIX identity ids that stand for it; at most [`Member::ALIASES_MAX`].
    pub identities: Vec<String>,
    /// Whom to call.
    pub contact: String,
    /// It declares a commercial interest.
    pub commercial: bool,
}

/// How far a candidate has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endorsed {
    /// Members that have vouched and are admitted now.
    pub have: u32,
    /// How many are needed now.
    pub required: u32,
}

impl Membership {
    /// Registers a candidate. Its id must never have been given before.
    pub async fn add(
        &self,
        actor: &SpiffeId,
        candidate: Candidate,
    ) -> Result<Member, MembershipError> {
        let member = checked(candidate)?;
        {
            let _turn = self.turn.lock().await;
            if self.roster().members.contains_key(&member.id) {
                return Err(MembershipError::IdTaken(member.id));
            }
            self.put(Write::PutMember {
                member: member.clone(),
                audit: self.record(Act::MemberAdded, actor, &member.id),
            })
            .await?;
        }
        self.announce(
            format!("{} asks to become a member", member.name),
            format!(
                "{} ({}) is a candidate. Who knows it and trusts it vouches for it with `sluis member endorse {}`.",
                member.name, member.id, member.id
            ),
        )
        .await;
        Ok(member)
    }

    /// Vouches for a candidate in the name of an admitted member. One vote a member; the second changes nothing.
    pub async fn endorse(
        &self,
        actor: &SpiffeId,
        endorser: &MemberId,
        candidate: &MemberId,
    ) -> Result<Endorsed, MembershipError> {
        let _turn = self.turn.lock().await;
        let roster = self.roster();
        super::admitted(member_of(&roster, endorser)?)?;
        let member = member_of(&roster, candidate)?;
        if endorser == candidate {
            return Err(MembershipError::OwnMember);
        }
        if member.standing != Standing::Candidate {
            return Err(MembershipError::NotCandidate {
                member: candidate.clone(),
                standing: member.standing.name(),
            });
        }
        let given_before = roster
            .endorsements
            .get(candidate)
            .is_some_and(|given| given.contains(endorser));
        if !given_before {
            self.put(Write::PutEndorsement {
                candidate: candidate.clone(),
                endorser: endorser.clone(),
                audit: self.record(Act::MemberEndorsed, actor, candidate),
            })
            .await?;
        }
        let roster = self.roster();
        Ok(Endorsed {
            have: endorsements(&roster, candidate),
            required: self.endorsements_required(&roster),
        })
    }

    /// Admits a candidate that has the endorsements that it needs. An admitted member stays as it is.
    pub async fn admit(&self, actor: &SpiffeId, id: &MemberId) -> Result<Member, MembershipError> {
        let member = {
            let _turn = self.turn.lock().await;
            let roster = self.roster();
            let before = member_of(&roster, id)?;
            let standing = before
                .standing
                .admit(self.parts.clock.now())
                .map_err(|reason| not_possible(id, reason))?;
            if standing == before.standing {
                return Ok(before.clone());
            }
            let have = endorsements(&roster, id);
            let required = self.endorsements_required(&roster);
            if have < required {
                return Err(MembershipError::MissingEndorsements {
                    member: id.clone(),
                    have,
                    required,
                });
            }
            self.change(actor, Act::MemberAdmitted, before, standing, before.epoch)
                .await?
        };
        self.announce(
            format!("{} is a member", member.name),
            format!("{} ({}) was admitted.", member.name, member.id),
        )
        .await;
        Ok(member)
    }

    /// Suspends an admitted member and cuts its live connections. A suspended one stays as it is.
    pub async fn suspend(
        &self,
        actor: &SpiffeId,
        id: &MemberId,
    ) -> Result<Member, MembershipError> {
        let (member, changed) = {
            let _turn = self.turn.lock().await;
            let roster = self.roster();
            let before = member_of(&roster, id)?;
            let standing = before
                .standing
                .suspend()
                .map_err(|reason| not_possible(id, reason))?;
            if standing == before.standing {
                (before.clone(), false)
            } else {
                let member = self
                    .change(actor, Act::MemberSuspended, before, standing, before.epoch)
                    .await?;
                (member, true)
            }
        };
        // Only now: whoever connects again meets the roster in which the member is suspended. Done for a repeated call
        // too, should the first one have been cut off between the write and this line.
        self.end_connections(id, None);
        if changed {
            self.announce(
                format!("{} is suspended", member.name),
                format!(
                    "{} ({}) was suspended and receives nothing.",
                    member.name, member.id
                ),
            )
            .await;
        }
        Ok(member)
    }

    /// Ends a suspension. The member reads its feed again and gets what it missed.
    pub async fn resume(&self, actor: &SpiffeId, id: &MemberId) -> Result<Member, MembershipError> {
        let member = {
            let _turn = self.turn.lock().await;
            let roster = self.roster();
            let before = member_of(&roster, id)?;
            let standing = before
                .standing
                .resume()
                .map_err(|reason| not_possible(id, reason))?;
            if standing == before.standing {
                return Ok(before.clone());
            }
            let epoch = before.epoch.saturating_add(1);
            self.change(actor, Act::MemberResumed, before, standing, epoch)
                .await?
        };
        self.announce(
            format!("{} is a member again", member.name),
            format!("The suspension of {} ({}) ended.", member.name, member.id),
        )
        .await;
        Ok(member)
    }

    /// Ends a membership, or a candidature, for good, and cuts the live connections.
    pub async fn remove(&self, actor: &SpiffeId, id: &MemberId) -> Result<Member, MembershipError> {
        let (member, changed) = {
            let _turn = self.turn.lock().await;
            let roster = self.roster();
            let before = member_of(&roster, id)?;
            if before.standing == Standing::Left {
                (before.clone(), false)
            } else {
                let member = self
                    .change(
                        actor,
                        Act::MemberRemoved,
                        before,
                        Standing::Left,
                        before.epoch,
                    )
                    .await?;
                (member, true)
            }
        };
        self.end_connections(id, None);
        if changed {
            self.announce(
                format!("{} left", member.name),
                format!("{} ({}) is no member any more.", member.name, member.id),
            )
            .await;
        }
        Ok(member)
    }

    async fn change(
        &self,
        actor: &SpiffeId,
        act: Act,
        before: &Member,
        standing: Standing,
        epoch: u32,
    ) -> Result<Member, MembershipError> {
        let member = Member {
            standing,
            epoch,
            ..before.clone()
        };
        self.put(Write::PutMember {
            member: member.clone(),
            audit: self.record(act, actor, &member.id),
        })
        .await?;
        Ok(member)
    }

    pub(super) fn record(
        &self,
        act: Act,
        actor: &SpiffeId,
        subject: impl std::fmt::Display,
    ) -> crate::store::AuditRecord {
        record(act, Actor::Caller(actor), subject, self.parts.clock.now())
    }
}

/// How many members that are admitted now vouched for the candidate, each counted once.
pub(super) fn endorsements(roster: &Roster, candidate: &MemberId) -> u32 {
    let given: BTreeSet<&MemberId> = roster
        .endorsements
        .get(candidate)
        .into_iter()
        .flatten()
        .filter(|endorser| *endorser != candidate && is_admitted(roster, endorser))
        .collect();
    count(given.len())
}

/// None while there are fewer admitted members than that: the first ones can only be the operator's choice.
pub(super) fn endorsements_required(roster: &Roster, configured: u32) -> u32 {
    let admitted = roster
        .members
        .keys()
        .filter(|id| is_admitted(roster, id))
        .count();
    if count(admitted) < configured {
        0
    } else {
        configured
    }
}

fn is_admitted(roster: &Roster, id: &MemberId) -> bool {
    roster
        .members
        .get(id)
        .is_some_and(|member| matches!(member.standing, Standing::Admitted { .. }))
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn not_possible(id: &MemberId, reason: crate::model::member::NotPossible) -> MembershipError {
    MembershipError::NotPossible {
        member: id.clone(),
        reason,
    }
}

/// The candidate as a member, with all words within their bounds.
fn checked(candidate: Candidate) -> Result<Member, MembershipError> {
    let Candidate {
        id,
        name,
        domains,
        identities,
        contact,
        commercial,
    } = candidate;
    let name = text("name", &name)?;
    if name.is_empty() {
        return Err(out_of_bounds(
            "name",
            "the registered name is missing; give it with --name",
        ));
    }
    let domains = list("domains", &domains, |domain| {
        let domain = domain.to_ascii_lowercase();
        let ok = domain.contains('.')
            && domain.split('.').all(|part| {
                !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '-')
            });
        ok.then_some(domain)
            .ok_or("is not a domain such as acme.example")
    })?;
    let identities = list("identities", &identities, |identity| {
        let ok = identity
            .strip_prefix("identity--")
            .is_some_and(|uuid| uuid::Uuid::parse_str(uuid).is_ok());
        ok.then(|| identity.to_ascii_lowercase())
            .ok_or("is not a STIX identity id, identity-- and a UUID")
    })?;
    Ok(Member {
        id,
        name,
        domains,
        identities,
        contact: text("contact", &contact)?,
        commercial,
        standing: Standing::Candidate,
        epoch: 1,
    })
}

fn out_of_bounds(field: &'static str, problem: impl Into<String>) -> MembershipError {
    MembershipError::OutOfBounds {
        field,
        problem: problem.into(),
    }
}

/// Trimmed, short enough, and without characters that act on a terminal (threat 55).
fn text(field: &'static str, given: &str) -> Result<String, MembershipError> {
    let text = given.trim();
    form::line(field, text, Member::TEXT_BYTES_MAX)
        .map_err(|malformed| out_of_bounds(malformed.field, malformed.problem))?;
    Ok(text.to_owned())
}

fn list(
    field: &'static str,
    given: &[String],
    read: impl Fn(&str) -> Result<String, &'static str>,
) -> Result<Vec<String>, MembershipError> {
    if given.len() > Member::ALIASES_MAX {
        return Err(out_of_bounds(
            field,
            format!(
                "{} were given; at most {} are kept",
                given.len(),
                Member::ALIASES_MAX
            ),
        ));
    }
    let mut read_all = Vec::with_capacity(given.len());
    for word in given {
        let word = text(field, word)?;
        let value =
            read(&word).map_err(|problem| out_of_bounds(field, format!("“{word}” {problem}")))?;
        if !read_all.contains(&value) {
            read_all.push(value);
        }
    }
    Ok(read_all)
}
