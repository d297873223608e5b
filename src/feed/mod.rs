//! What one viewer sees, in order, after a cursor: stored items first, then live ones, by one and the same code.
//!
//! ```text
//! log (positions) ─▶ Reader: entries after the viewer's place ─▶ policy::decide ─▶ Visible ─▶ api
//! ```
//!
//! A [`Reader`] pulls: it reads only when its subscriber has room, so a slow one costs a place in the log and no memory.
//! It takes the roster anew for every page, so that a right that ended ends the stream, and one that widened (a new
//! epoch) starts it again. It knows nothing of connections.

mod cursor;
mod introductions;
mod reader;

use std::sync::Arc;

use crate::clock::{Clock, Entropy, Timestamp};
use crate::log::{Entry, EntryBody, Log};
use crate::model::ids::{CommunityId, CredentialName, ItemId, MemberId, Role, SpiffeId};
use crate::model::item::Envelope;
use crate::model::label::Label;
use crate::model::member::Standing;
use crate::model::position::{FeedPlace, Position};
use crate::model::roster::Roster;
use crate::model::words::{Attribution, Kind};
use crate::policy::{ItemFacts, MemberFacts, Viewer, decide};
use crate::store::{LogClass, RowState, StoreError};

pub use cursor::{Cursors, InvalidCursor};
pub use introductions::Introductions;
pub use reader::{PAGE_BYTES_MAX, PAGE_ROWS_MAX, Page, Reader};

/// The feeds of a node's members.
#[derive(Debug)]
pub struct Feed {
    here: CommunityId,
    newcomer_history: Label,
    log: Log,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    cursors: Arc<Cursors>,
}

/// Who reads: a credential of a member, from its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberViewer {
    /// The member.
    pub member: MemberId,
    /// Its person or tool.
    pub credential: CredentialName,
}

/// Which entries a viewer wants; empty lists mean all.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Filter {
    /// Kinds.
    pub kinds: Vec<Kind>,
    /// Sectors; one match suffices.
    pub sectors: Vec<String>,
    /// Origins.
    pub origins: Vec<CommunityId>,
}

/// An entry that a viewer may see.
#[derive(Clone, Debug)]
pub struct Visible {
    /// The entry.
    pub entry: Arc<Entry>,
    /// The submitting member, where this viewer may know it.
    pub submitter: Option<SpiffeId>,
    /// The viewer has no right to what the entry is, and had one to what was there before it: it is told that the item is
    /// gone from it, and nothing else of the entry.
    pub is_lost: bool,
}

impl Visible {
    /// What it weighs on the wire, in bytes, with its content where that was read.
    fn weight(&self) -> usize {
        /// Signatures, keys, path and framing.
        const AROUND: usize = 512;
        if self.is_lost {
            return AROUND;
        }
        let record = |signed: &crate::model::signed::Signed| signed.record.len() + AROUND;
        let content = self.entry.row.content.as_ref().map_or(0, bytes::Bytes::len);
        match &self.entry.row.class {
            LogClass::Item { envelope, hops, .. } => {
                content + record(envelope) + hops.iter().map(record).sum::<usize>()
            }
            LogClass::Withdrawal { statement, .. } => record(statement),
            LogClass::Recall { .. } => AROUND,
        }
    }
}

/// The viewer may no longer read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the membership is suspended or over, or the credential was revoked")]
pub struct RightEnded;

/// Why a page could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The viewer may no longer read.
    #[error(transparent)]
    RightEnded(#[from] RightEnded),
    /// The cursor is not this viewer's.
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// The log could not be read.
    #[error("the feed could not be read")]
    Read(#[from] StoreError),
}

impl Feed {
    /// The feeds of this log.
    pub fn new(
        here: CommunityId,
        newcomer_history: Label,
        log: Log,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        cursors: Arc<Cursors>,
    ) -> Self {
        Self {
            here,
            newcomer_history,
            log,
            clock,
            entropy,
            cursors,
        }
    }

    /// A reader at a cursor (empty: the beginning).
    pub fn reader(
        self: &Arc<Self>,
        viewer: MemberViewer,
        cursor: &str,
        filter: Filter,
    ) -> Result<Reader, FeedError> {
        let id = SpiffeId::credential(&self.here, &viewer.member, &viewer.credential).to_string();
        let place = match cursor {
            "" => FeedPlace {
                epoch: 0,
                position: Position::START,
            },
            cursor => self.log.resume(self.cursors.open(&id, cursor)?.place),
        };
        Ok(Reader::new(Arc::clone(self), viewer, id, place, filter))
    }

    /// One item, if this viewer may see it; `None` alike for one that is hidden and one that is not there.
    pub async fn item(
        &self,
        viewer: &MemberViewer,
        item: ItemId,
        content: bool,
    ) -> Result<Option<Visible>, FeedError> {
        let entry = self.log.entry_of(item, false).await?;
        let seen = self.seen(viewer, entry.as_ref())?;
        if seen.is_none() || !content {
            return Ok(seen);
        }
        // Only what may be seen is read whole: a hidden item costs what an absent one does (threat 13).
        let entry = self.log.entry_of(item, true).await?;
        Ok(self.seen(viewer, entry.as_ref())?)
    }

    /// Judged by the roster as it is after the entry was read, never by an older one.
    fn seen(
        &self,
        viewer: &MemberViewer,
        entry: Option<&Arc<Entry>>,
    ) -> Result<Option<Visible>, RightEnded> {
        let sight = self.sight(&self.log.roster(), viewer)?;
        // That it was lost is told once, in the feed. Asked for by its id, what one may not see is not there.
        Ok(entry
            .and_then(|entry| sight.of(entry))
            .filter(|visible| !visible.is_lost))
    }

    /// What this viewer sees now; fails when it may not read at all.
    fn sight(&self, roster: &Roster, viewer: &MemberViewer) -> Result<Sight, RightEnded> {
        let member = roster.members.get(&viewer.member).ok_or(RightEnded)?;
        let revoked = roster
            .credentials
            .get(&(viewer.member.clone(), viewer.credential.clone()))
            .is_none_or(|c| c.revoked);
        match member.standing {
            Standing::Admitted { .. } if !revoked => {}
            Standing::Admitted { .. }
            | Standing::Candidate
            | Standing::Suspended { .. }
            | Standing::Left => return Err(RightEnded),
        }
        let facts = MemberFacts::of(
            member,
            &self.here,
            &viewer.credential,
            self.newcomer_history,
        );
        Ok(Sight {
            id: facts.id.clone(),
            viewer: Viewer::Member(facts),
            now: self.clock.now(),
        })
    }
}

/// A viewer as the policy is told of it, at one time and as of one roster: made once for all entries of a page.
struct Sight {
    id: SpiffeId,
    viewer: Viewer,
    now: Timestamp,
}

impl Sight {
    /// The entry as this viewer sees it, or nothing.
    fn of(&self, entry: &Arc<Entry>) -> Option<Visible> {
        match &entry.body {
            EntryBody::Item {
                envelope,
                local,
                facts,
            } => match entry.row.state == RowState::Live && self.permits(facts) {
                true => Some(Visible {
                    entry: Arc::clone(entry),
                    submitter: shown_submitter(
                        envelope,
                        local.as_ref().map(|l| &l.submitter),
                        &self.id,
                    ),
                    is_lost: false,
                }),
                false => self.lost(entry, facts),
            },
            // Who might have had the item learns that it is gone; nobody else does (threat 17).
            EntryBody::Withdrawal { facts, .. } => self.gone(entry, facts.as_deref()),
            EntryBody::Recall { facts } => self.gone(entry, Some(facts)),
        }
    }

    fn permits(&self, facts: &ItemFacts) -> bool {
        decide(facts, &self.viewer, self.now).permits()
    }

    /// Whoever may hold the item is told, also where it has expired since.
    fn gone(&self, entry: &Arc<Entry>, had: Option<&ItemFacts>) -> Option<Visible> {
        let had = ItemFacts {
            valid_until: None,
            ..had?.clone()
        };
        self.permits(&had).then(|| Visible {
            entry: Arc::clone(entry),
            submitter: None,
            is_lost: false,
        })
    }

    /// Whoever had a right to the revision before this one and has none to this one is told so in its place, whatever became
    /// of it since: what a viewer sees here must not depend on what it may not see (threat 17). Who never had one sees
    /// nothing.
    fn lost(&self, entry: &Arc<Entry>, facts: &ItemFacts) -> Option<Visible> {
        let had = ItemFacts {
            valid_until: None,
            ..entry.before.as_deref()?.clone()
        };
        let has = ItemFacts {
            valid_until: None,
            withdrawn: false,
            ..facts.clone()
        };
        (self.permits(&had) && !self.permits(&has)).then(|| Visible {
            entry: Arc::clone(entry),
            submitter: None,
            is_lost: true,
        })
    }
}

/// The submitting member where this viewer may know it (design.md part 3, *Attribution*).
fn shown_submitter(
    envelope: &Envelope,
    submitter: Option<&SpiffeId>,
    viewer: &SpiffeId,
) -> Option<SpiffeId> {
    let member_of = |id: &SpiffeId| match &id.role {
        Role::Credential(member, _) => Some(SpiffeId::member(&id.community, member)),
        Role::Member(_) | Role::Node(_) | Role::Signer(_) | Role::Operator(_) => None,
    };
    match envelope.attribution {
        Attribution::Named => envelope.submitter.clone(),
        Attribution::Community => submitter.and_then(member_of),
        Attribution::Anonymous => submitter
            .and_then(member_of)
            .filter(|member| Some(member) == member_of(viewer).as_ref()),
    }
}

impl Filter {
    /// Whether the viewer wants this entry.
    pub fn wants(&self, visible: &Visible) -> bool {
        let entry = &visible.entry;
        if let (true, Some(before)) = (visible.is_lost, &entry.before) {
            // Only what it had decides, never what it may not see.
            return self.matches(Kind::Withdrawal, &before.sectors, &before.origin);
        }
        let (kind, sectors, origin) = match &entry.body {
            EntryBody::Item { envelope, .. } => {
                (envelope.kind, envelope.sectors.as_slice(), &envelope.origin)
            }
            EntryBody::Withdrawal { withdrawal, facts } => (
                Kind::Withdrawal,
                facts.as_deref().map_or(&[][..], |f| f.sectors.as_slice()),
                &withdrawal.origin,
            ),
            EntryBody::Recall { facts } => {
                (Kind::Withdrawal, facts.sectors.as_slice(), &facts.origin)
            }
        };
        self.matches(kind, sectors, origin)
    }

    fn matches(&self, kind: Kind, sectors: &[String], origin: &CommunityId) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&kind))
            && (self.sectors.is_empty() || sectors.iter().any(|s| self.sectors.contains(s)))
            && (self.origins.is_empty() || self.origins.contains(origin))
    }
}
