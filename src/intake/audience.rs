//! Whom `--to` names, as members, persons and communities.

use crate::model::agreement::PeerState;
use crate::model::ids::{CommunityId, CredentialName, MemberId, SpiffeId};
use crate::model::item::Audience;
use crate::model::label::Label;
use crate::model::member::Standing;
use crate::model::roster::Roster;
use crate::model::submission::{Addressee, Place, Reason, Refusal};

/// An audience, split into what travels and what stays.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Named {
    /// What the envelope says; `None`: no audience was given.
    pub(super) audience: Option<Audience>,
    /// Members that are named.
    pub(super) members: Vec<SpiffeId>,
    /// Persons and tools that are named, and for RED the persons that named members have now.
    pub(super) persons: Vec<SpiffeId>,
    /// What the submitter should know.
    pub(super) remarks: Vec<String>,
}

/// Resolves the addressees against everyone who is known. An unknown member or person refuses the push.
pub(super) fn resolve(
    to: &[Addressee],
    label: Label,
    here: &CommunityId,
    roster: &Roster,
) -> Result<Named, Refusal> {
    let mut named = Named::default();
    if to.is_empty() {
        return Ok(named);
    }
    let mut audience = Audience::default();
    let mut unknown = Vec::new();
    for addressee in to {
        match addressee {
            Addressee::Community(community) if community == here => {
                named.remarks.push(format!(
                    "{here} is this community: its members see the item, and no peer does unless it is named too"
                ));
            }
            Addressee::Community(community) => {
                let in_force = roster
                    .peers
                    .get(community)
                    .is_some_and(|p| p.state() == PeerState::InForce);
                if !in_force {
                    named.remarks.push(format!(
                        "{community} is named, but no agreement with it is in force, so nothing goes there now"
                    ));
                }
                audience.communities.push(community.clone());
            }
            Addressee::Member(member) => {
                if is_member(roster, member) {
                    audience.members_limited = true;
                    named.members.push(SpiffeId::member(here, member));
                    if label == Label::Red {
                        name_persons(&mut named, here, member, roster);
                    }
                } else {
                    unknown.push(Place {
                        place: member.to_string(),
                        message: "is no member of this community".to_owned(),
                    });
                }
            }
            Addressee::Credential(member, name) => {
                let found = [
                    CredentialName::Person(name.clone()),
                    CredentialName::Tool(name.clone()),
                ]
                .into_iter()
                .find(|c| {
                    is_member(roster, member) && roster.credentials_of(member).any(|k| k.name == *c)
                });
                match found {
                    Some(credential) => {
                        audience.members_limited = true;
                        named
                            .persons
                            .push(SpiffeId::credential(here, member, &credential));
                    }
                    None => unknown.push(Place {
                        place: format!("{member}/{name}"),
                        message: "is no person or tool of a member of this community".to_owned(),
                    }),
                }
            }
        }
    }
    if !unknown.is_empty() {
        let who: Vec<&str> = unknown.iter().map(|p| p.place.as_str()).collect();
        return Err(Refusal::new(
            Reason::UnknownAudience,
            format!(
                "nobody here is called {}; check the spelling, or ask the operator for `sluis member list`",
                who.join(", ")
            ),
        )
        .at(unknown));
    }
    audience.communities.sort();
    audience.communities.dedup();
    named.members.sort();
    named.members.dedup();
    named.persons.sort();
    named.persons.dedup();
    named.audience = Some(audience);
    Ok(named)
}

/// Limits an audience to the submitting member, as MISP distribution 0 and CSAF's Nil sharing group demand.
pub(super) fn only_submitter(here: &CommunityId, member: &MemberId) -> Named {
    Named {
        audience: Some(Audience {
            communities: Vec::new(),
            members_limited: true,
        }),
        members: vec![SpiffeId::member(here, member)],
        persons: Vec::new(),
        remarks: vec![
            "the document limits itself to your organisation, so nobody else gets it".to_owned(),
        ],
    }
}

/// RED is for persons: a named member means those that it has now, and the submitter is told which.
fn name_persons(named: &mut Named, here: &CommunityId, member: &MemberId, roster: &Roster) {
    let persons: Vec<&CredentialName> = roster
        .credentials_of(member)
        .map(|c| &c.name)
        .filter(|name| matches!(name, CredentialName::Person(_)))
        .collect();
    let list: Vec<&str> = persons.iter().map(|p| p.name().as_str()).collect();
    named.remarks.push(if list.is_empty() {
        format!("{member} has no persons yet, so nobody there can read this RED item")
    } else {
        format!(
            "{member} means its persons at this moment: {}",
            list.join(", ")
        )
    });
    named.persons.extend(
        persons
            .into_iter()
            .map(|p| SpiffeId::credential(here, member, p)),
    );
}

/// Whether items may be addressed to it: candidates and those who left cannot be named.
fn is_member(roster: &Roster, member: &MemberId) -> bool {
    roster
        .members
        .get(member)
        .is_some_and(|m| match m.standing {
            Standing::Admitted { .. } | Standing::Suspended { .. } => true,
            Standing::Candidate | Standing::Left => false,
        })
}
