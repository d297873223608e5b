//! Everyone who could read an item at a node, each with the decision: what preview and explanation show.
//!
//! It asks [`decide`](super::decide) for each reader; it judges nothing itself (invariant 33).

use super::{ItemFacts, MemberFacts, PeerFacts, Viewer, decide};
use crate::clock::Timestamp;
use crate::model::decision::{Decision, Rule};
use crate::model::ids::{CommunityId, CredentialName, MemberId, Name};
use crate::model::label::Label;
use crate::model::member::Standing;
use crate::model::roster::Roster;

/// One reader and the decision for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Who reads.
    pub to: Reader,
    /// Whether it may, and if not, why.
    pub decision: Decision,
}

/// A possible reader.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reader {
    /// A member: it may read if any of its credentials may.
    Member(MemberId),
    /// One credential of a member, listed where the member's credentials fare differently.
    Credential(MemberId, CredentialName),
    /// Another community.
    Peer(CommunityId),
}

impl std::fmt::Display for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reader::Member(member) => f.pad(member.as_str()),
            Reader::Credential(member, credential) => {
                f.pad(&format!("{member}/{}", credential.name()))
            }
            Reader::Peer(peer) => f.pad(peer.as_str()),
        }
    }
}

/// The members that are or were admitted, then the peers, each in the order of their ids.
pub fn recipients(
    item: &ItemFacts,
    roster: &Roster,
    newcomer_history: Label,
    now: Timestamp,
) -> Vec<Recipient> {
    let mut all = Vec::new();
    for member in roster.members.values() {
        match member.standing {
            Standing::Candidate | Standing::Left => continue,
            Standing::Admitted { .. } | Standing::Suspended { .. } => {}
        }
        let decision_for = |credential: &CredentialName| {
            let facts = MemberFacts::of(member, &item.here, credential, newcomer_history);
            decide(item, &Viewer::Member(facts), now)
        };
        let mut each: Vec<(CredentialName, Decision)> = roster
            .credentials_of(&member.id)
            .map(|c| (c.name.clone(), decision_for(&c.name)))
            .collect();
        if each.is_empty() {
            // Nobody has enrolled yet: say what a person would meet.
            each = nobody_yet()
                .map(|c| (c.clone(), decision_for(&c)))
                .into_iter()
                .collect();
        }
        let any = each.iter().find(|(_, d)| d.permits()).or(each.first());
        let Some((_, decision)) = any else { continue };
        all.push(Recipient {
            to: Reader::Member(member.id.clone()),
            decision: *decision,
        });
        if each.iter().any(|(_, d)| d != decision) {
            all.extend(each.iter().map(|(credential, decision)| Recipient {
                to: Reader::Credential(member.id.clone(), credential.clone()),
                decision: *decision,
            }));
        }
    }
    for peer in roster.peers.values() {
        let facts = PeerFacts::of(peer, &item.here, now);
        all.push(Recipient {
            to: Reader::Peer(peer.id.clone()),
            decision: decide(item, &Viewer::Peer(facts), now),
        });
    }
    all
}

/// What would change a decision to withhold, a sentence for the person who pushes; empty where nothing would.
pub fn remedy(rule: Rule, to: &Reader) -> String {
    match rule {
        Rule::NotNamed => format!("name {to} with --to"),
        Rule::NotInForce => {
            format!(
                "an agreement in force; the operator's `sluis peer show {to}` says what it lacks"
            )
        }
        Rule::CeilingOut => "a higher --out-ceiling of this community in the agreement".to_owned(),
        Rule::CeilingIn => "a higher --in-ceiling of that community in the agreement".to_owned(),
        Rule::OnwardNotAgreed => {
            "--onward in every agreement on the way, by its sending side".to_owned()
        }
        Rule::HopLimit => "a higher --hop-limit by the source".to_owned(),
        Rule::KindNotAgreed => "this kind in the agreement".to_owned(),
        Rule::SectorNotAgreed => "one of the agreement's sectors, with --sector".to_owned(),
        Rule::CommercialUse => "other --terms by the source".to_owned(),
        Rule::PersonOnly => "a person instead of a tool: RED is for eyes and ears only".to_owned(),
        Rule::NotMember => format!("the admission of {to}, or the end of its suspension"),
        Rule::BeforeAdmission => "a stricter newcomer_history of the community".to_owned(),
        Rule::Withdrawn
        | Rule::Expired
        | Rule::LabelNeverLeaves
        | Rule::OnwardAmber
        | Rule::Loop => String::new(),
    }
}

fn nobody_yet() -> Option<CredentialName> {
    Name::parse("nobody-yet").ok().map(CredentialName::Person)
}
