//! Why an item goes where, and who has it: what `explain` and `trace` show.
//!
//! Both ask the live rules and the ledger of holders; neither shows title, content or submitter, so that the operator may
//! use them. Who submitted an item is told to an operator alone, by [`Overview::reveal`], which records the look first. *Offered* and *received* are two ledgers: a withdrawal follows the first (threats.md, reading 4).

use std::sync::Arc;

use crate::audit::{Act, Actor, record};
use crate::clock::{Clock, Timestamp};
use crate::feed::MemberViewer;
use crate::gate;
use crate::log::{Entry, EntryBody, Log, LogError};
use crate::model::ids::{CommunityId, ItemId, MemberId, Role, SpiffeId};
use crate::model::label::Label;
use crate::model::position::Position;
use crate::model::roster::Roster;
use crate::model::words::Attribution;
use crate::policy::{ItemFacts, MemberFacts, Reader, Recipient, Viewer, decide, recipients};
use crate::store::{Holder, LogClass, StoreError, Write};
use crate::wire;

/// How far a credential was sent its feed: SPIFFE id, position, when.
type Progress = (String, Position, Timestamp);

/// Revisions that a trace looks back over: more than a person makes of one item.
const REVISIONS_TRACED_MAX: usize = 64;

/// Explains and traces the items of one node.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The community.
    pub here: CommunityId,
    /// Its log.
    pub log: Log,
    /// The strictest label of older items that newcomers see.
    pub newcomer_history: Label,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asker {
    /// An operator: sees all places of every item.
    Operator,
    /// A member: sees all places of its own items, and only itself of others.
    Member(MemberViewer),
}

/// Why an item goes where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The item.
    pub item: ItemId,
    /// Its label.
    pub label: Label,
    /// Its readers, each with the decision.
    pub recipients: Vec<Recipient>,
}

/// A place that may hold an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The member or community.
    pub place: Reader,
    /// How far the item, or its withdrawal, has got there.
    pub state: PlaceState,
    /// Since when.
    pub at: Timestamp,
}

/// How far an item has got at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceState {
    /// It may have been sent.
    Offered,
    /// The place confirmed having it, or read past it.
    Received,
    /// The place confirmed having erased it, or read past its withdrawal or recall.
    Erased,
    /// The withdrawal or recall has not been confirmed yet.
    Owed,
}

/// Who submitted an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The credential that pushed it; of another community's item, which names it, the member.
    pub submitter: SpiffeId,
    /// Who else may learn it.
    pub attribution: Attribution,
}

/// A source that could not be told.
#[derive(Debug, thiserror::Error)]
pub enum RevealError {
    /// The look could not be recorded, so nothing was read.
    #[error("the look could not be recorded in the audit log, so nothing was read")]
    NotRecorded(#[source] LogError),
    /// The item could not be read.
    #[error(transparent)]
    Read(#[from] StoreError),
}

impl Overview {
    /// Who submitted an item; `None` where there is no such item, or where another community keeps it to itself.
    ///
    /// The look is durable in the audit log before anything is read, whatever comes of it (threat 23, invariant 13).
    pub async fn reveal(
        &self,
        operator: &SpiffeId,
        item: ItemId,
    ) -> Result<Option<Source>, RevealError> {
        let now = self.clock.now();
        let look = record(Act::SourceDisclosed, Actor::Caller(operator), item, now);
        self.log
            .write(Write::Audit(look))
            .await
            .map_err(RevealError::NotRecorded)?;
        let entry = self.log.entry_of(item, false).await?;
        Ok(entry.as_deref().and_then(source_of))
    }

    /// Why an item goes where; `None` where there is no such item for this asker.
    pub async fn explain(
        &self,
        asker: &Asker,
        item: ItemId,
        to: Option<&str>,
    ) -> Result<Option<Explanation>, StoreError> {
        let Some(entry) = self.log.entry_of(item, false).await? else {
            return Ok(None);
        };
        let Some(facts) = facts_of(&entry) else {
            return Ok(None);
        };
        let roster = self.log.roster();
        let now = self.clock.now();
        let mut facts = gate::with_onward(&facts, &entry, &roster).into_owned();
        if *asker == Asker::Operator && is_unnamed(&entry) {
            // Who sees an item because it is its own would give the source away (invariant 13).
            facts.submitter = None;
        }
        if let Asker::Member(viewer) = asker
            && is_own(&facts, &viewer.member)
        {
            // Whoever pushed is not told that the same document is here from somebody else (threat 41).
            facts.waits = false;
        }
        let mut all = recipients(&facts, &roster, self.newcomer_history, now);
        if let Asker::Member(viewer) = asker
            && !is_own(&facts, &viewer.member)
        {
            if !self.sees(&facts, viewer, now) {
                return Ok(None);
            }
            all.retain(|r| match &r.to {
                Reader::Member(member) | Reader::Credential(member, _) => *member == viewer.member,
                Reader::Peer(_) => false,
            });
        }
        if let Some(to) = to {
            all.retain(|r| {
                let shown = r.to.to_string();
                shown == to
                    || shown
                        .strip_prefix(to)
                        .is_some_and(|rest| rest.starts_with('/'))
            });
        }
        Ok(Some(Explanation {
            item,
            label: facts.label,
            recipients: all,
        }))
    }

    /// Who has an item; `None` where there is no such item for this asker: a member traces its own items only.
    pub async fn trace(
        &self,
        asker: &Asker,
        item: ItemId,
    ) -> Result<Option<Vec<Place>>, StoreError> {
        let Some(entry) = self.log.entry_of(item, false).await? else {
            return Ok(None);
        };
        let Some(facts) = facts_of(&entry) else {
            return Ok(None);
        };
        if let Asker::Member(viewer) = asker
            && !is_own(&facts, &viewer.member)
        {
            return Ok(None);
        }
        let is_hidden = *asker == Asker::Operator && is_unnamed(&entry);
        let facts = without_submitter(facts, is_hidden);
        let progress = self.log.store().progress().await?;
        let mut places = self.member_places(&entry, &facts, &progress);
        for lost in self.lost_places(item, is_hidden, &progress).await? {
            if !places.iter().any(|place| place.place == lost.place) {
                places.push(lost);
            }
        }
        let (roster, now) = (self.log.roster(), self.clock.now());
        for holder in self.log.store().holders(item).await? {
            let owes = facts.withdrawn
                || (holder.revision < entry.row.revision
                    && gate::is_lost(&entry, &holder.peer, &self.here, &roster, now));
            places.push(peer_place(&holder, owes));
        }
        Ok(Some(places))
    }

    /// Members that could see an earlier revision and not the one after it. Each counts by the last that it lost.
    async fn lost_places(
        &self,
        item: ItemId,
        is_hidden: bool,
        progress: &[Progress],
    ) -> Result<Vec<Place>, StoreError> {
        let history = self.log.history(item, REVISIONS_TRACED_MAX).await?;
        let roster = self.log.roster();
        let now = self.clock.now();
        let mut places: Vec<Place> = Vec::new();
        for entry in history.iter().rev() {
            let (EntryBody::Item { facts, .. }, Some(before)) = (&entry.body, &entry.before) else {
                continue;
            };
            let had = without_submitter(in_service(before), is_hidden);
            let has = without_submitter(in_service(facts), is_hidden);
            let still = recipients(&has, &roster, self.newcomer_history, now);
            for reader in self.members_with(&had, &roster, now) {
                let known = places.iter().any(|place| place.place == reader);
                let keeps = still.iter().any(|r| r.to == reader && r.decision.permits());
                if known || keeps || before.waits {
                    continue;
                }
                let past = self.read_past(&reader, entry, &had, progress, &roster, now);
                places.push(Place {
                    place: reader,
                    state: match past {
                        Some(_) => PlaceState::Erased,
                        None => PlaceState::Owed,
                    },
                    at: past.unwrap_or(entry.row.recorded),
                });
            }
        }
        Ok(places)
    }

    /// The members to which an item with these facts goes.
    fn members_with(&self, facts: &ItemFacts, roster: &Roster, now: Timestamp) -> Vec<Reader> {
        recipients(facts, roster, self.newcomer_history, now)
            .into_iter()
            .filter(|r| matches!(r.to, Reader::Member(_)) && r.decision.permits())
            .map(|r| r.to)
            .collect()
    }

    /// When a credential of this member that sees such an item was last sent its feed, if it has come past the entry.
    fn read_past(
        &self,
        reader: &Reader,
        entry: &Entry,
        facts: &ItemFacts,
        progress: &[Progress],
        roster: &Roster,
        now: Timestamp,
    ) -> Option<Timestamp> {
        progress
            .iter()
            .filter(|(viewer, position, _)| {
                *position >= entry.row.position
                    && SpiffeId::parse(viewer).is_ok_and(|viewer| {
                        member_of(&viewer) == member(reader)
                            && self.may_see(facts, roster, &viewer, now)
                    })
            })
            .map(|(_, _, at)| *at)
            .max()
    }

    /// Members that may see the item count as holding it; what they have read is known by how far they have come. The
    /// newest row of a withdrawn item is its withdrawal: whoever read past it has been told.
    fn member_places(&self, entry: &Entry, facts: &ItemFacts, progress: &[Progress]) -> Vec<Place> {
        let in_service = in_service(facts);
        let roster = self.log.roster();
        let now = self.clock.now();
        self.members_with(&in_service, &roster, now)
            .into_iter()
            .map(|reader| {
                let past = match facts.waits {
                    // Nobody was sent what waits.
                    true => None,
                    false => self.read_past(&reader, entry, &in_service, progress, &roster, now),
                };
                let state = match (facts.withdrawn, past) {
                    (false, None) => PlaceState::Offered,
                    (false, Some(_)) => PlaceState::Received,
                    (true, None) => PlaceState::Owed,
                    (true, Some(_)) => PlaceState::Erased,
                };
                Place {
                    place: reader,
                    state,
                    at: past.unwrap_or(entry.row.recorded),
                }
            })
            .collect()
    }

    fn sees(&self, facts: &ItemFacts, viewer: &MemberViewer, now: Timestamp) -> bool {
        let id = SpiffeId::credential(&self.here, &viewer.member, &viewer.credential);
        self.may_see(facts, &self.log.roster(), &id, now)
    }

    fn may_see(
        &self,
        facts: &ItemFacts,
        roster: &Roster,
        viewer: &SpiffeId,
        now: Timestamp,
    ) -> bool {
        let Role::Credential(member, credential) = &viewer.role else {
            return false;
        };
        roster.members.get(member).is_some_and(|member| {
            let viewer = MemberFacts::of(member, &self.here, credential, self.newcomer_history);
            decide(facts, &Viewer::Member(viewer), now).permits()
        })
    }
}

/// The source is not for the operator, who may ask for it on record. Of an item out of service it is not known any more
/// whether it was named: then it counts as unnamed.
fn is_unnamed(entry: &Entry) -> bool {
    match &entry.body {
        EntryBody::Item { envelope, .. } => match envelope.attribution {
            Attribution::Named => false,
            Attribution::Community | Attribution::Anonymous => true,
        },
        EntryBody::Withdrawal { .. } | EntryBody::Recall { .. } => true,
    }
}

fn source_of(entry: &Entry) -> Option<Source> {
    match &entry.body {
        EntryBody::Item {
            envelope, local, ..
        } => Some(Source {
            submitter: local
                .as_ref()
                .map(|local| &local.submitter)
                .or(envelope.submitter.as_ref())?
                .clone(),
            attribution: envelope.attribution,
        }),
        EntryBody::Withdrawal { facts, .. } => {
            let submitter = facts.as_ref()?.submitter.clone()?;
            let LogClass::Withdrawal {
                of: Some((tombstone, _, _)),
                ..
            } = &entry.row.class
            else {
                return None;
            };
            // It was read when the entry was.
            let envelope = wire::envelope::parse_tombstone(tombstone).ok()?;
            Some(Source {
                submitter,
                attribution: envelope.attribution,
            })
        }
        EntryBody::Recall { .. } => None,
    }
}

/// The facts of an item by its newest row, which is its withdrawal once it was withdrawn; `None` where it never came.
fn facts_of(entry: &Entry) -> Option<ItemFacts> {
    match &entry.body {
        EntryBody::Item { facts, .. } => Some((**facts).clone()),
        EntryBody::Withdrawal { facts, .. } => facts.as_deref().map(ended),
        EntryBody::Recall { facts } => Some(ended(facts)),
    }
}

/// The same as if the item were in service.
fn in_service(facts: &ItemFacts) -> ItemFacts {
    ItemFacts {
        waits: false,
        withdrawn: false,
        valid_until: None,
        ..facts.clone()
    }
}

/// Who sees an item because it is its own would give the source away (invariant 13).
fn without_submitter(facts: ItemFacts, is_hidden: bool) -> ItemFacts {
    match is_hidden {
        true => ItemFacts {
            submitter: None,
            ..facts
        },
        false => facts,
    }
}

fn ended(facts: &ItemFacts) -> ItemFacts {
    ItemFacts {
        withdrawn: true,
        ..facts.clone()
    }
}

fn peer_place(holder: &Holder, owes: bool) -> Place {
    let (state, at) = match (holder.erased, holder.received) {
        (Some(at), _) => (PlaceState::Erased, at),
        (None, received) if owes => (PlaceState::Owed, received.unwrap_or(holder.offered)),
        (None, Some(at)) => (PlaceState::Received, at),
        (None, None) => (PlaceState::Offered, holder.offered),
    };
    Place {
        place: Reader::Peer(holder.peer.clone()),
        state,
        at,
    }
}

fn is_own(facts: &ItemFacts, member: &MemberId) -> bool {
    facts
        .submitter
        .as_ref()
        .is_some_and(|id| matches!(&id.role, Role::Credential(m, _) if m == member))
}

fn member(reader: &Reader) -> Option<&MemberId> {
    match reader {
        Reader::Member(member) | Reader::Credential(member, _) => Some(member),
        Reader::Peer(_) => None,
    }
}

fn member_of(viewer: &SpiffeId) -> Option<&MemberId> {
    match &viewer.role {
        Role::Credential(member, _) => Some(member),
        Role::Member(_) | Role::Node(_) | Role::Signer(_) | Role::Operator(_) => None,
    }
}
