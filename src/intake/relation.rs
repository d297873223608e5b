//! The item that a push answers: whether its submitter may see it, and how far it may be named.

use super::draft::Draft;
use crate::clock::Timestamp;
use crate::log::{Entry, EntryBody};
use crate::model::ids::{CommunityId, CredentialName, ItemId};
use crate::model::item::{Envelope, Terms};
use crate::model::label::Label;
use crate::model::roster::Roster;
use crate::model::submission::{Addressee, Reason, Refusal};
use crate::policy::{MemberFacts, Viewer, decide};

impl Draft {
    /// Takes up the item that this one answers. Not there, and there but not for this caller, are one answer.
    pub(super) fn related(
        &mut self,
        item: ItemId,
        entry: Option<&Entry>,
        roster: &Roster,
        newcomer_history: Label,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let visible = entry.and_then(|entry| match &entry.body {
            EntryBody::Item {
                facts, envelope, ..
            } => {
                let member = roster.members.get(&self.member)?;
                let viewer =
                    MemberFacts::of(member, &facts.here, self.credential()?, newcomer_history);
                decide(facts, &Viewer::Member(viewer), now)
                    .permits()
                    .then_some((facts, envelope))
            }
            EntryBody::Withdrawal { .. } | EntryBody::Recall { .. } => None,
        });
        let Some((facts, envelope)) = visible else {
            return Err(Refusal::new(
                Reason::NotFound,
                format!(
                    "there is no item {item} to answer; `sluis feed` shows the items that there are"
                ),
            ));
        };
        self.relation_from = if facts.here == facts.origin {
            self.travels_with_ours(envelope, roster)
        } else {
            self.travels_with_theirs(&facts.origin)
        };
        Ok(())
    }

    /// From which label on the relation to an item of ours may stand in the envelope: an item names only what goes at least
    /// as far as it does itself (design.md part 3). What is in doubt stays here.
    fn travels_with_ours(&self, answered: &Envelope, roster: &Roster) -> Option<Label> {
        let unlimited = answered.audience.is_none()
            && answered.hop_limit.is_none()
            && answered.valid_until.is_none()
            && answered.terms == Terms::default();
        let sectors = self.sectors.iter().all(|s| answered.sectors.contains(s));
        let kinds = roster
            .peers
            .values()
            .all(|p| p.terms.kinds.is_empty() || p.terms.kinds.contains(&answered.kind));
        if !(unlimited && sectors && kinds) {
            return None;
        }
        match answered.label {
            Label::Clear => Some(Label::Clear),
            Label::Green => Some(Label::Green),
            // Without an audience it stays here, and so must what names it.
            Label::Amber | Label::AmberStrict => Some(Label::AmberStrict),
            Label::Red => None,
        }
    }

    /// The same for an item of another community: it may be named to that community alone.
    fn travels_with_theirs(&self, origin: &CommunityId) -> Option<Label> {
        let mut communities = self.options.to.iter().filter_map(|to| match to {
            Addressee::Community(community) => Some(community),
            Addressee::Member(_) | Addressee::Credential(..) => None,
        });
        let first = communities.next()?;
        (first == origin && communities.all(|c| c == origin)).then_some(Label::Clear)
    }

    fn credential(&self) -> Option<&CredentialName> {
        match &self.submitter.role {
            crate::model::ids::Role::Credential(_, name) => Some(name),
            _ => None,
        }
    }
}
