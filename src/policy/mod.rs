//! The sharing rules: whether a viewer may have an item. The only place that permits or withholds.
//!
//! [`decide`] is one pure function of what is known of the item and of the viewer (design.md part 4). Live stream,
//! catch-up, read by id, preview, explanation and the gate all call it; none of them judges by itself. What it does not
//! do: it knows no database, no connection, no clock, and it never looks at columns beside the signed envelope; whoever
//! builds [`ItemFacts`] builds them from bytes that were verified.
//!
//! Every rule is in the table of design.md, in its order; the first that withholds is the reason given.

#![deny(clippy::wildcard_enum_match_arm)]

mod facts;
mod recipients;

pub use facts::{AgreementFacts, ItemFacts, MemberFacts, PeerFacts, Viewer};
pub use recipients::{Reader, Recipient, recipients, remedy};

use crate::clock::Timestamp;
use crate::model::decision::{Decision, Rule};
use crate::model::ids::{CredentialName, MemberId, Role, SpiffeId};
use crate::model::item::Envelope;
use crate::model::label::Label;
use crate::model::member::Standing;

/// Whether this viewer may have this item now, and if not, by which rule.
pub fn decide(item: &ItemFacts, viewer: &Viewer, now: Timestamp) -> Decision {
    let withheld_by = match viewer {
        Viewer::Peer(peer) => peer_rule(item, peer, now),
        Viewer::Member(member) => member_rule(item, member, now),
    };
    match withheld_by {
        Some(rule) => Decision::Withhold(rule),
        None => Decision::Permit,
    }
}

/// The first rule that withholds the item from a peer community.
fn peer_rule(item: &ItemFacts, peer: &PeerFacts, now: Timestamp) -> Option<Rule> {
    let Some(agreement) = &peer.agreement else {
        return Some(Rule::NotInForce);
    };
    if let Some(rule) = no_longer(item, now) {
        return Some(rule);
    }
    let at_origin = item.here == item.origin;
    let named = item
        .audience
        .as_ref()
        .map(|audience| audience.communities.contains(&peer.community));
    if item.label.never_leaves() {
        return Some(Rule::LabelNeverLeaves);
    }
    if item.label == Label::Amber && !at_origin {
        return Some(Rule::OnwardAmber);
    }
    if item.waits || named == Some(false) || (item.label == Label::Amber && named != Some(true)) {
        return Some(Rule::NotNamed);
    }
    if item.label > agreement.out_ceiling {
        return Some(Rule::CeilingOut);
    }
    if item.label > agreement.in_ceiling {
        return Some(Rule::CeilingIn);
    }
    if peer.community == item.origin || item.path.contains(&peer.community) {
        return Some(Rule::Loop);
    }
    if !at_origin && (!item.onward_in || !agreement.onward) {
        return Some(Rule::OnwardNotAgreed);
    }
    if hops_used_up(item) {
        return Some(Rule::HopLimit);
    }
    if !agreement.kinds.is_empty() && !agreement.kinds.contains(&item.kind) {
        return Some(Rule::KindNotAgreed);
    }
    if !agreement.sectors.is_empty() && !item.sectors.iter().any(|s| agreement.sectors.contains(s))
    {
        return Some(Rule::SectorNotAgreed);
    }
    commercial(item, agreement.commercial)
}

/// The first rule that withholds the item from a credential of a member of the community that holds it.
fn member_rule(item: &ItemFacts, member: &MemberFacts, now: Timestamp) -> Option<Rule> {
    let since = match member.standing {
        Standing::Admitted { since } => since,
        Standing::Candidate | Standing::Suspended { .. } | Standing::Left => {
            return Some(Rule::NotMember);
        }
    };
    if member.id.community != item.here || member_of(&member.id).is_none() {
        return Some(Rule::NotMember);
    }
    if let Some(rule) = no_longer(item, now) {
        return Some(rule);
    }
    let (own_item, own_member) = submitted_by(item, &member.id);
    if own_item {
        return None;
    }
    if !own_member && (item.waits || !is_named(item, &member.id)) {
        return Some(Rule::NotNamed);
    }
    if item.label == Label::Red && is_tool(&member.id) {
        return Some(Rule::PersonOnly);
    }
    if item.recorded < since && item.label > member.newcomer_history {
        return Some(Rule::BeforeAdmission);
    }
    commercial(item, member.commercial)
}

/// Whether the viewer always sees the item – it is the credential that pushed, or a person of its member – and whether
/// it is of that member at all (design.md part 4, *Audience*).
fn submitted_by(item: &ItemFacts, viewer: &SpiffeId) -> (bool, bool) {
    let Some(submitter) = &item.submitter else {
        return (false, false);
    };
    let own_member = same_member(submitter, viewer);
    let always = submitter == viewer || (own_member && !is_tool(viewer));
    (always, own_member)
}

/// Whether the audience, or its absence, includes this credential.
fn is_named(item: &ItemFacts, viewer: &SpiffeId) -> bool {
    if item.here == item.origin {
        is_named_at_origin(item, viewer)
    } else {
        is_named_elsewhere(item)
    }
}

/// Among the origin's own members: those that the audience names, and where it names none, all; RED is for named persons.
fn is_named_at_origin(item: &ItemFacts, viewer: &SpiffeId) -> bool {
    let member_named = item.members.iter().any(|m| same_member(m, viewer));
    let credential_named = item.persons.contains(viewer);
    match item.label {
        // A named member means the persons that it had at the push; its tools are told apart by `person-only`.
        Label::Red => credential_named || (member_named && is_tool(viewer)),
        Label::Clear | Label::Green | Label::Amber | Label::AmberStrict => {
            let limited = item.audience.as_ref().is_some_and(|a| a.members_limited);
            // Names without the sign that there are any should not occur; they limit all the same.
            let names = !item.members.is_empty() || !item.persons.is_empty();
            member_named || credential_named || !(limited || names)
        }
    }
}

/// Among the members of a community that the item reached: all, if the community may have the item.
fn is_named_elsewhere(item: &ItemFacts) -> bool {
    let here_named = item
        .audience
        .as_ref()
        .map(|audience| audience.communities.contains(&item.here));
    match item.label {
        Label::Clear | Label::Green => here_named != Some(false),
        // Only where it came from its origin itself.
        Label::Amber => here_named == Some(true) && item.path.len() <= 2,
        Label::AmberStrict | Label::Red => false,
    }
}

/// Whether one hop more would be beyond the source's limit; where the source gave none, beyond what a receiver takes.
fn hops_used_up(item: &ItemFacts) -> bool {
    let limit = item.hop_limit.unwrap_or(Envelope::HOPS_MAX);
    // The path counts the origin, so that its length is the number of hops after the next one.
    item.path.len() > usize::try_from(limit).unwrap_or(usize::MAX)
}

/// The rules that hold for everyone: withdrawn, expired.
fn no_longer(item: &ItemFacts, now: Timestamp) -> Option<Rule> {
    if item.withdrawn {
        Some(Rule::Withdrawn)
    } else if item.valid_until.is_some_and(|until| now >= until) {
        Some(Rule::Expired)
    } else {
        None
    }
}

fn commercial(item: &ItemFacts, viewer_is_commercial: bool) -> Option<Rule> {
    let forbidden = item.terms.no_commercial_use || item.terms.no_resale;
    (forbidden && viewer_is_commercial).then_some(Rule::CommercialUse)
}

/// Whether both are of the same member of the same community.
fn same_member(a: &SpiffeId, b: &SpiffeId) -> bool {
    member_of(a).is_some() && member_of(a) == member_of(b) && a.community == b.community
}

fn member_of(id: &SpiffeId) -> Option<&MemberId> {
    match &id.role {
        Role::Member(member) | Role::Credential(member, _) => Some(member),
        Role::Node(_) | Role::Signer(_) | Role::Operator(_) => None,
    }
}

fn is_tool(id: &SpiffeId) -> bool {
    match &id.role {
        Role::Credential(_, CredentialName::Tool(_)) => true,
        Role::Credential(_, CredentialName::Person(_))
        | Role::Member(_)
        | Role::Node(_)
        | Role::Signer(_)
        | Role::Operator(_) => false,
    }
}
