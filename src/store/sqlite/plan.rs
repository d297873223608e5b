//! What a batch comes to, worked out in memory: pure. Each write sees what the writes before it did.
//!
//! ```text
//! load.rs: what the batch touches ─▶ Known ─▶ plan.rs: write by write ─▶ Plan ─▶ apply.rs: rows, table by table
//! ```

use std::collections::{HashMap, HashSet};

use super::pack::Beside;
use super::rows::{Remains, Stored, inconsistent};
use crate::anonymity::Reissued;
use crate::clock::Timestamp;
use crate::model::agreement::Peer;
use crate::model::ids::{CommunityId, Digest, ItemId, MemberId};
use crate::model::member::{Credential, Member};
use crate::model::position::Position;
use crate::model::signed::Signed;
use crate::store::{
    Answer, Append, AppendItem, AuditRecord, AuditRow, DocumentState, Expect, Fingerprint,
    Fingerprints, InviteUse, LinkState, LogClass, LogRow, Meeting, NewInvite, PinnedKey,
    Quarantined, Revise, RowState, StoreError, Waiting, Withdraw, Write, Written,
};

mod deliver;
mod tombstone;
mod twin;

use tombstone::out_of_service;
pub(super) use twin::{TWINS_MAX, Twin};

/// What of the database a batch touches, first as it is, then as the writes make it.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The newest position.
    pub head: i64,
    /// The newest number of a document.
    pub newest_document: i64,
    /// Requests that were answered.
    pub requests: HashMap<[u8; 24], Answer>,
    /// Documents that are there.
    pub documents: HashMap<Digest, Document>,
    /// The same by number.
    pub document_numbers: HashMap<i64, Digest>,
    /// Items that are there.
    pub items: HashMap<ItemId, ItemNow>,
    /// Invites that are there.
    pub invites: HashMap<Digest, Invite>,
    /// Candidate and endorser.
    pub endorsed: HashSet<(MemberId, MemberId)>,
    /// The newest items of each document that a new item may be of, whoever they come from.
    pub twins: HashMap<Fingerprint, Vec<Twin>>,
    /// Items that wait and that the batch revises.
    pub waiting: HashMap<ItemId, Meeting>,
    /// Equivocations that are on record, by supplier and item.
    pub alarmed: HashSet<(CommunityId, ItemId)>,
    /// The last audit record; `None`: there is none.
    pub last_audit: Option<(i64, Digest)>,
}

/// A document as the batch sees it.
#[derive(Debug)]
pub(super) struct Document {
    pub number: i64,
    pub state: DocumentState,
    pub change: Change,
}

/// Whether the batch made or changed a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    Made,
    Changed,
}

/// An invite as the batch sees it.
#[derive(Debug)]
pub(super) struct Invite {
    pub purpose: Vec<u8>,
    pub expires: Timestamp,
    pub used: bool,
}

/// Where an item stands.
#[derive(Debug)]
pub(super) enum ItemNow {
    /// In service, stored before this batch.
    Stored(Box<Stored>),
    /// In service, planned by this batch: an index into [`Plan::rows`].
    Planned(usize),
    /// Recalled by its supplier; what it left, where, and the revision that held.
    Recalled(Box<Remains>, i64, u32),
    /// Withdrawn, by the row at this position.
    Withdrawn(i64),
    /// Never here, and withdrawn by these communities before it came. Which of them it belongs to, if to any, is not
    /// known: each keeps out only what has the same origin.
    Forestalled(Vec<CommunityId>),
}

/// A new row of the log.
#[derive(Debug)]
pub(super) struct NewRow {
    pub row: LogRow,
    pub beside: Beside,
    pub content_key: Option<[u8; 32]>,
    /// What its objects were called when it was pushed.
    pub reissued: Vec<Reissued>,
}

/// What is to be written, in the order of the writes within each list.
#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    pub known: Known,
    pub written: Vec<Written>,
    pub rows: Vec<NewRow>,
    /// Rows that were there, as they are from now on.
    pub changed: Vec<Stored>,
    pub requests: Vec<([u8; 24], &'a Answer, Timestamp)>,
    pub audit: Vec<AuditRow>,
    pub others: Vec<Other<'a>>,
    /// By how much the number of items in service changes.
    pub in_service: i64,
}

/// What needs no knowledge of what is there.
#[derive(Debug)]
pub(super) enum Other<'a> {
    Offer(&'a CommunityId, &'a [(ItemId, u32)], Timestamp),
    Receipt(&'a CommunityId, &'a [(ItemId, u32, bool)], Timestamp),
    Progress(&'a str, Position, Timestamp),
    Member(&'a Member),
    Endorsement(&'a MemberId, &'a MemberId, Timestamp),
    Credential(&'a Credential),
    Invite(&'a NewInvite),
    InviteUsed(&'a Digest, Timestamp),
    Peer(&'a Peer),
    Keys(&'a [PinnedKey]),
    Quarantine(&'a [Quarantined]),
    Equivocation(Box<Quarantined>),
    QuarantineEnds(&'a [i64]),
    Link(&'a CommunityId, &'a LinkState),
    Cursor(&'a CommunityId, &'a str),
    Waits(ItemId, &'a Meeting, Timestamp),
    WaitsNoMore(ItemId),
}

impl<'a> Plan<'a> {
    /// Works out a batch.
    pub(super) fn of(known: Known, batch: &'a [Write]) -> Result<Self, StoreError> {
        let mut plan = Plan {
            known,
            written: Vec::with_capacity(batch.len()),
            ..Plan::default()
        };
        for write in batch {
            let written = plan.write(write)?;
            plan.written.push(written);
        }
        Ok(plan)
    }

    fn write(&mut self, write: &'a Write) -> Result<Written, StoreError> {
        match write {
            Write::Append(append) => return self.append(append),
            Write::Deliver(deliver) => return self.deliver(deliver),
            Write::Withdraw(withdraw) => return self.withdraw_alone(withdraw),
            Write::Revise(revise) => return self.revise(revise),
            Write::UseInvite {
                secret_sha256,
                at,
                credential,
                peer,
                audit,
            } => {
                let used = self.use_invite(secret_sha256, *at);
                if let InviteUse::Consumed(_) = used {
                    self.others.push(Other::InviteUsed(secret_sha256, *at));
                    self.others
                        .extend(credential.as_ref().map(Other::Credential));
                    self.others.extend(peer.as_deref().map(Other::Peer));
                    self.audit(audit);
                }
                return Ok(Written::Invite(used));
            }
            Write::Offer { peer, items, at } => self.others.push(Other::Offer(peer, items, *at)),
            Write::Receipt { peer, items, at } => {
                self.others.push(Other::Receipt(peer, items, *at));
            }
            Write::Progress {
                viewer,
                position,
                at,
            } => self.others.push(Other::Progress(viewer, *position, *at)),
            Write::PutMember { member, audit } => {
                self.others.push(Other::Member(member));
                self.audit(audit);
            }
            Write::PutEndorsement {
                candidate,
                endorser,
                audit,
            } => {
                let pair = (candidate.clone(), endorser.clone());
                if self.known.endorsed.insert(pair) {
                    self.others
                        .push(Other::Endorsement(candidate, endorser, audit.at));
                    self.audit(audit);
                }
            }
            Write::PutCredential { credential, audit } => {
                self.others.push(Other::Credential(credential));
                self.audit(audit);
            }
            Write::PutInvite { invite, audit } => {
                self.known
                    .invites
                    .entry(invite.secret_sha256)
                    .or_insert_with(|| Invite {
                        purpose: invite.purpose.clone(),
                        expires: invite.expires,
                        used: false,
                    });
                self.others.push(Other::Invite(invite));
                self.audit(audit);
            }
            Write::PutPeer { peer, audit } => {
                self.others.push(Other::Peer(peer));
                self.audit(audit);
            }
            Write::PinKeys(keys) => self.others.push(Other::Keys(keys)),
            Write::Quarantine(quarantined) => self
                .others
                .push(Other::Quarantine(std::slice::from_ref(quarantined))),
            Write::SettleQuarantine {
                numbers,
                reread,
                audit,
            } => {
                self.others.push(Other::QuarantineEnds(numbers));
                self.others
                    .extend(reread.iter().map(|peer| Other::Cursor(peer, "")));
                for record in audit {
                    self.audit(record);
                }
            }
            Write::PutLink { peer, state } => self.others.push(Other::Link(peer, state)),
            Write::Audit(audit) => self.audit(audit),
        }
        Ok(Written::Done)
    }

    fn append(&mut self, append: &'a Append) -> Result<Written, StoreError> {
        if let Some(answer) = self.known.requests.get(&append.request) {
            return Ok(Written::Repeated(answer.clone()));
        }
        let known = self.known.documents.get(&append.document);
        let expected = match (append.expect, known) {
            (Expect::New, None) => true,
            (Expect::State(tag), Some(document)) => document.state.tag == tag,
            (Expect::New, Some(_)) | (Expect::State(_), None) => false,
        };
        if !expected || !self.items_are_as_expected(append) {
            let state = known.map_or_else(DocumentState::absent, |d| d.state.clone());
            return Ok(Written::Unexpected(state));
        }
        if let Some(document) = known {
            let same = document.state.content_sha256 == append.state.content_sha256
                && document.state.version == append.state.version;
            if same && append.items.is_empty() && append.vanished.is_empty() {
                let state = document.state.clone();
                self.record_request(append);
                return Ok(Written::Existing(state));
            }
        }
        let number = known.map(|d| d.number);
        if append.waiting == Waiting::IfMet {
            let met = self.met(append, number);
            if !met.is_empty() {
                return Ok(Written::Meets(met));
            }
        }
        let number = number.unwrap_or(self.known.newest_document + 1);
        let mut positions = Vec::with_capacity(append.items.len() + append.vanished.len());
        for item in &append.items {
            positions.push(self.append_item(item, item.fingerprints, number, append.at)?);
        }
        for vanished in &append.vanished {
            positions.extend(self.withdraw(vanished)?);
        }
        for item in &append.items {
            if let Some(met) = &item.met {
                self.others.push(Other::Waits(item.item, met, append.at));
            }
        }
        if let Waiting::Settled { audit: Some(audit) } = &append.waiting {
            self.audit(audit);
        }
        self.put_document(append, number);
        self.record_request(append);
        Ok(Written::Appended(positions))
    }

    /// The next revision of an item that is in service.
    fn revise(&mut self, revise: &'a Revise) -> Result<Written, StoreError> {
        let (item, revision) = (revise.item.item, revise.item.revision);
        let before = match self.known.items.get(&item) {
            Some(ItemNow::Stored(held)) => {
                Some((held.row.revision, held.document, held.fingerprints))
            }
            Some(ItemNow::Planned(at)) => self.rows.get(*at).map(|new| {
                let beside = &new.beside;
                (new.row.revision, beside.document, beside.fingerprints)
            }),
            Some(ItemNow::Recalled(..) | ItemNow::Withdrawn(_) | ItemNow::Forestalled(_))
            | None => None,
        };
        let Some((before, Some(number), fingerprints)) = before else {
            return Ok(Written::Appended(Vec::new()));
        };
        // The number follows from the one before and grows with it: one that does not is of a revision that was overtaken.
        if before >= revision {
            return Ok(Written::Appended(Vec::new()));
        }
        let position = self.append_item(&revise.item, fingerprints, number, revise.at)?;
        let document = self
            .known
            .document_numbers
            .get(&number)
            .and_then(|digest| self.known.documents.get_mut(digest));
        if let Some(document) = document {
            document.state.tag += 1;
            for part in &mut document.state.parts {
                if part.item == item {
                    part.revision = revision;
                }
            }
            if document.change == Change::None {
                document.change = Change::Changed;
            }
        }
        self.others.push(Other::WaitsNoMore(item));
        self.audit(&revise.audit);
        Ok(Written::Appended(vec![position]))
    }

    /// Every item that is revised is in service in an earlier revision, every new one is not there, and every part that
    /// vanished is there: nobody withdrew or revised it since the push was worked out.
    fn items_are_as_expected(&self, append: &Append) -> bool {
        let revised = append
            .items
            .iter()
            .all(|item| match self.known.items.get(&item.item) {
                Some(ItemNow::Stored(held)) => held.row.revision < item.revision,
                Some(ItemNow::Planned(at)) => self
                    .rows
                    .get(*at)
                    .is_some_and(|r| r.row.revision < item.revision),
                Some(ItemNow::Recalled(..) | ItemNow::Withdrawn(_) | ItemNow::Forestalled(_)) => {
                    false
                }
                None => item.revision == 1,
            });
        revised
            && append
                .vanished
                .iter()
                .all(|w| match self.known.items.get(&w.item) {
                    Some(ItemNow::Stored(_) | ItemNow::Planned(_)) => true,
                    Some(
                        ItemNow::Recalled(..) | ItemNow::Withdrawn(_) | ItemNow::Forestalled(_),
                    )
                    | None => false,
                })
    }

    fn append_item(
        &mut self,
        item: &AppendItem,
        fingerprints: Fingerprints,
        document: i64,
        at: Timestamp,
    ) -> Result<Position, StoreError> {
        let (before, ends) = match self.known.items.remove(&item.item) {
            Some(held) => {
                let (remains, ends, _) = self.end(held, RowState::Superseded)?;
                (Some(remains.into_before()), Some(ends))
            }
            None => (None, None),
        };
        let class = LogClass::Item {
            envelope: item.envelope.clone(),
            hops: Vec::new(),
            local: Some(item.local.clone()),
        };
        let row = LogRow {
            position: Position::START,
            item: item.item,
            revision: item.revision,
            class,
            state: RowState::Live,
            recorded: at,
            supplier: None,
            content: Some(item.content.clone()),
            before,
        };
        Ok(self.push_item(NewRow {
            row,
            beside: Beside {
                document: Some(document),
                ends,
                fingerprints,
                ..Beside::default()
            },
            content_key: Some(item.content_key),
            reissued: item.reissued.clone(),
        }))
    }

    fn put_document(&mut self, append: &Append, number: i64) {
        let entry = self.known.documents.entry(append.document);
        let document = entry.or_insert_with(|| Document {
            number,
            state: DocumentState::absent(),
            change: Change::Made,
        });
        let tag = document.state.tag + 1;
        document.state = DocumentState {
            tag,
            ..append.state.clone()
        };
        if document.change == Change::None {
            document.change = Change::Changed;
        }
        self.known.newest_document = self.known.newest_document.max(number);
        self.known.document_numbers.insert(number, append.document);
    }

    fn record_request(&mut self, append: &'a Append) {
        self.known
            .requests
            .insert(append.request, append.answer.clone());
        self.requests
            .push((append.request, &append.answer, append.at));
    }

    fn withdraw_alone(&mut self, withdraw: &Withdraw) -> Result<Written, StoreError> {
        let number = match self.known.items.get(&withdraw.item) {
            Some(ItemNow::Stored(held)) => held.document,
            Some(ItemNow::Planned(at)) => self.rows.get(*at).and_then(|r| r.beside.document),
            Some(ItemNow::Recalled(..) | ItemNow::Withdrawn(_) | ItemNow::Forestalled(_))
            | None => None,
        };
        let position = self.withdraw(withdraw)?;
        let document = number
            .and_then(|number| self.known.document_numbers.get(&number))
            .and_then(|digest| self.known.documents.get_mut(digest));
        if let (Some(_), Some(document)) = (position, document) {
            // A push that was worked out before must not bring the item back: the state is another one now.
            document.state.tag += 1;
            document.state.parts.retain(|p| p.item != withdraw.item);
            if document.change == Change::None {
                document.change = Change::Changed;
            }
        }
        Ok(Written::Withdrawn(position))
    }

    fn withdraw(&mut self, withdraw: &Withdraw) -> Result<Option<Position>, StoreError> {
        let held = match self.known.items.remove(&withdraw.item) {
            None => return Ok(None),
            Some(gone @ (ItemNow::Withdrawn(_) | ItemNow::Forestalled(_))) => {
                self.known.items.insert(withdraw.item, gone);
                return Ok(None);
            }
            Some(held) => held,
        };
        let (remains, ends, revision) = self.end(held, RowState::Withdrawn)?;
        let position = self.push_withdrawal(
            withdraw.item,
            withdraw.id,
            &withdraw.statement,
            None,
            withdraw.at,
            Some((remains, ends, revision)),
            withdraw.note.clone(),
        );
        self.others.push(Other::WaitsNoMore(withdraw.item));
        self.audit(&withdraw.audit);
        Ok(Some(position))
    }

    /// Takes a row out of service and erases it; gives what it leaves, where it stands, and its revision.
    fn end(&mut self, held: ItemNow, state: RowState) -> Result<(Remains, i64, u32), StoreError> {
        match held {
            ItemNow::Recalled(remains, ends, revision) => Ok((*remains, ends, revision)),
            ItemNow::Stored(held) => {
                let mut held = *held;
                let remains = out_of_service(&mut held.row, state)?;
                let ended = (remains, held.row.position.0, held.row.revision);
                self.in_service -= 1;
                self.changed.push(held);
                Ok(ended)
            }
            ItemNow::Planned(at) => {
                let new = self.rows.get_mut(at).expect(
                    "an item is planned where its row was pushed, and rows are never removed",
                );
                let remains = out_of_service(&mut new.row, state)?;
                new.content_key = None;
                self.in_service -= 1;
                Ok((remains, new.row.position.0, new.row.revision))
            }
            ItemNow::Withdrawn(at) => Err(inconsistent("log", "class", &at)),
            ItemNow::Forestalled(_) => Err(inconsistent("log", "class", &"?")),
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the columns of one row, from two callers that hold them apart"
    )]
    fn push_withdrawal(
        &mut self,
        item: ItemId,
        id: ItemId,
        statement: &Signed,
        supplier: Option<CommunityId>,
        at: Timestamp,
        ended: Option<(Remains, i64, u32)>,
        note: String,
    ) -> Position {
        let ends = ended.as_ref().map(|(_, ends, _)| *ends);
        let revision = ended.as_ref().map_or(0, |(_, _, revision)| *revision);
        let item_recorded = ended
            .as_ref()
            .map_or(at, |(remains, _, _)| remains.recorded);
        let row = LogRow {
            position: Position::START,
            item,
            revision,
            class: LogClass::Withdrawal {
                id,
                statement: statement.clone(),
                of: ended.map(|(r, _, _)| (r.tombstone, r.hops, r.local)),
                item_recorded,
            },
            state: RowState::Live,
            recorded: at,
            supplier,
            content: None,
            before: None,
        };
        let position = self.push_row(NewRow {
            row,
            beside: Beside {
                document: None,
                ends,
                fingerprints: [None; 2],
                note,
            },
            content_key: None,
            reissued: Vec::new(),
        });
        let withdrawn = ItemNow::Withdrawn(position.0);
        self.known.items.insert(item, withdrawn);
        position
    }

    fn push_item(&mut self, new: NewRow) -> Position {
        let planned = ItemNow::Planned(self.rows.len());
        for fingerprint in new.beside.fingerprints.into_iter().flatten() {
            let twin = Twin::of(&new.row, new.beside.document);
            self.known
                .twins
                .entry(fingerprint)
                .or_default()
                .extend(twin);
        }
        self.known.items.insert(new.row.item, planned);
        self.in_service += 1;
        self.push_row(new)
    }

    fn push_row(&mut self, mut new: NewRow) -> Position {
        self.known.head += 1;
        new.row.position = Position(self.known.head);
        self.rows.push(new);
        Position(self.known.head)
    }

    fn use_invite(&mut self, secret_sha256: &Digest, at: Timestamp) -> InviteUse {
        match self.known.invites.get_mut(secret_sha256) {
            None => InviteUse::Unknown,
            Some(invite) if invite.used => InviteUse::Used,
            Some(invite) if invite.expires <= at => InviteUse::Expired,
            Some(invite) => {
                invite.used = true;
                InviteUse::Consumed(invite.purpose.clone())
            }
        }
    }

    fn audit(&mut self, record: &AuditRecord) {
        let (last, previous_sha256) = self.known.last_audit.unwrap_or((0, Digest([0; 32])));
        let mut row = AuditRow {
            seq: last + 1,
            at: record.at,
            actor: record.actor.clone(),
            act: record.act.to_owned(),
            subject: record.subject.clone(),
            previous_sha256,
            sha256: previous_sha256,
        };
        row.sha256 = row.digest();
        self.known.last_audit = Some((row.seq, row.sha256));
        self.audit.push(row);
    }
}
