//! We serve a peer: what passes the gate, in the order of our log, after the peer's cursor.
//!
//! ```text
//! log ─▶ gate::judge ─▶ Offer (may hold, durable) ─▶ message ─▶ peer stores ─▶ ack ─▶ Receipt
//! ```
//!
//! That the peer may hold an item is durable before the first byte of it leaves, so that a withdrawal finds every place
//! (invariant 22). At most [`UNACKNOWLEDGED_MAX`] messages are under way; a peer that does not acknowledge gets no more.
//! A crash anywhere repeats: the peer comes back with the cursor that it stored.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio_stream::{Stream, StreamExt};

use super::Federation;
use crate::clock::Timestamp;
use crate::feed::{Introductions, InvalidCursor};
use crate::gate::{self, GateError, Passed};
use crate::log::{Entry, EntryBody, LogError, Wake};
use crate::model::ids::{CommunityId, ItemId};
use crate::model::position::{FeedPlace, Position};
use crate::model::roster::Roster;
use crate::model::signed::Signed;
use crate::store::{LogClass, StoreError, Write};
use crate::wire::{pb, words};

/// Most messages under way without an acknowledgement.
pub const UNACKNOWLEDGED_MAX: usize = 16;
/// Most entries of the log in one round.
const ROUND_ROWS_MAX: usize = 256;
/// Most bytes of content in one round and in one message, but for a single larger document.
const ROUND_BYTES_MAX: usize = 1024 * 1024;
/// Most reads of the log in one round; then the peer is told where to come back to, if it is time for that.
const ROUND_READS_MAX: usize = 16;
/// A document goes in pieces of this size.
pub const CHUNK_BYTES: usize = 512 * 1024;
/// A link without news is told so this often.
pub const HEARTBEAT: Duration = Duration::from_secs(10);

/// Why a stream to a peer ended.
#[derive(Debug, thiserror::Error)]
pub enum SupplyEnd {
    /// The agreement is not in force, or no longer.
    #[error("no agreement is in force")]
    NotInForce,
    /// The cursor is not the peer's.
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// The log could not be read.
    #[error("the log could not be read")]
    Read(#[from] StoreError),
    /// The log could not be written.
    #[error(transparent)]
    Write(#[from] LogError),
    /// The last check stopped an item.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The peer went away.
    #[error("the peer closed the stream")]
    Closed,
    /// The node drains.
    #[error("the node is shutting down; follow again when it is back")]
    Draining,
}

/// What a message carried, to be recorded when the peer acknowledges it.
#[derive(Debug)]
struct UnderWay {
    cursor: String,
    position: Position,
    items: Vec<(ItemId, u32, bool)>,
}

/// One thing that goes to the peer.
#[derive(Debug)]
enum Outgoing {
    Item(Passed),
    Recall(Arc<Entry>),
}

impl Outgoing {
    fn entry(&self) -> &Arc<Entry> {
        match self {
            Outgoing::Item(passed) => passed.entry(),
            Outgoing::Recall(entry) => entry,
        }
    }

    /// What of it is signed and travels.
    fn records(&self) -> Vec<&Signed> {
        match (self, &self.entry().row.class) {
            (Outgoing::Item(_), LogClass::Item { envelope, hops, .. }) => {
                std::iter::once(envelope).chain(hops.iter()).collect()
            }
            (Outgoing::Recall(_), LogClass::Withdrawal { statement, .. }) => vec![statement],
            // A bare recall carries an id and nothing of what is withheld.
            (Outgoing::Item(_) | Outgoing::Recall(_), _) => Vec::new(),
        }
    }

    /// What it weighs on the wire beside its content, in bytes.
    fn weight_of_records(&self) -> usize {
        /// Signature, key, and the hop that is added.
        const AROUND: usize = 512;
        let records = self.records();
        records.iter().map(|r| r.record.len() + AROUND).sum()
    }

    fn weight(&self) -> usize {
        let content = match self {
            Outgoing::Item(passed) => passed.entry().row.content.as_ref().map_or(0, Bytes::len),
            Outgoing::Recall(_) => 0,
        };
        content.saturating_add(self.weight_of_records())
    }
}

/// What one way through the log found for the peer.
#[derive(Debug)]
struct Round {
    outgoing: Vec<Outgoing>,
    /// Up to where was looked.
    scanned: Position,
}

/// One stream to one follower.
#[derive(Debug)]
pub(super) struct Supply<A> {
    pub(super) federation: Arc<Federation>,
    pub(super) peer: CommunityId,
    pub(super) acks: A,
    pub(super) out: mpsc::Sender<Result<pb::FollowResponse, tonic::Status>>,
    pub(super) introductions: Introductions,
    under_way: VecDeque<UnderWay>,
}

impl<A> Supply<A>
where
    A: Stream<Item = Result<pb::FollowRequest, tonic::Status>> + Unpin + Send,
{
    pub(super) fn new(
        federation: Arc<Federation>,
        peer: CommunityId,
        acks: A,
        out: mpsc::Sender<Result<pb::FollowResponse, tonic::Status>>,
    ) -> Self {
        let introductions = Introductions::new(
            federation.keys.clone(),
            [federation.here.clone(), peer.clone()],
        );
        Self {
            federation,
            peer,
            acks,
            out,
            introductions,
            under_way: VecDeque::new(),
        }
    }

    /// Serves until the right, the stream or the node ends.
    pub(super) async fn run(mut self, cursor: &str) -> SupplyEnd {
        match self.serve(cursor).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn serve(&mut self, cursor: &str) -> Result<std::convert::Infallible, SupplyEnd> {
        let mut place = match cursor {
            "" => FeedPlace {
                epoch: 0,
                position: Position::START,
            },
            cursor => {
                let opened = self.federation.cursors.open(&self.viewer(), cursor)?;
                self.federation.log.resume(opened.place)
            }
        };
        // The peer may have stored more than what we know it has: an acknowledgement is lost in a crash of either side.
        place.position = place.position.min(self.confirmed().await?);
        let mut wakes = self.federation.log.wakes();
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let draining = self.federation.tasks.draining().clone();
        let mut told_caught_up = false;
        loop {
            let roster = self.federation.log.roster();
            let now = self.federation.clock.now();
            let peer = roster
                .peers
                .get(&self.peer)
                .filter(|p| p.in_force_at(now) || p.only_owed_at(now))
                .ok_or(SupplyEnd::NotInForce)?;
            if place.epoch != peer.epoch {
                place = FeedPlace {
                    epoch: peer.epoch,
                    position: Position::START,
                };
            }
            wakes.mark_unchanged();
            let round = self.round(place.position, &roster).await?;
            if round.outgoing.is_empty() && round.scanned == place.position {
                if !told_caught_up {
                    self.send_heartbeat(place).await?;
                    told_caught_up = true;
                }
                tokio::select! {
                    changed = wakes.changed() => changed.map_err(|_| SupplyEnd::Draining)?,
                    ack = self.acks.next() => self.acknowledged(ack).await?,
                    _ = heartbeat.tick() => self.send_heartbeat(place).await?,
                    () = draining.cancelled() => return Err(SupplyEnd::Draining),
                }
                continue;
            }
            self.offer(&round.outgoing).await?;
            // Whatever changed since the decision is decided anew before anything leaves (threat 8).
            if !Arc::ptr_eq(&roster, &self.federation.log.roster()) {
                continue;
            }
            let sent = self.send(round.outgoing, place.epoch, &wakes).await?;
            place.position = sent.unwrap_or(round.scanned);
            if sent.is_none() && heartbeat.tick().now_or_never().is_some() {
                // A long stretch without anything for the peer: it is told where to come back to.
                self.send_place(place).await?;
            }
        }
    }

    /// Goes through the log until there is a message full for the peer, nothing more is there, or the roster changed. How
    /// much was passed over on the way shows nowhere (threat 11).
    async fn round(&self, after: Position, roster: &Arc<Roster>) -> Result<Round, SupplyEnd> {
        let mut round = Round {
            outgoing: Vec::new(),
            scanned: after,
        };
        let mut bytes = 0_usize;
        for _ in 0..ROUND_READS_MAX {
            let rows = self
                .federation
                .log
                .entries_after(round.scanned, ROUND_ROWS_MAX, ROUND_BYTES_MAX, true)
                .await?;
            let Some(last) = rows.last().map(|r| r.row.position) else {
                break;
            };
            let outgoing = self.judge(&rows, roster).await?;
            bytes += outgoing.iter().map(Outgoing::weight).sum::<usize>();
            round.outgoing.extend(outgoing);
            round.scanned = last;
            let full = bytes >= ROUND_BYTES_MAX || round.outgoing.len() >= ROUND_ROWS_MAX;
            if full || !Arc::ptr_eq(roster, &self.federation.log.roster()) {
                break;
            }
        }
        Ok(round)
    }

    /// What of these entries goes to the peer: items that pass, and recalls of what it may hold and has lost.
    async fn judge(
        &self,
        rows: &[Arc<Entry>],
        roster: &Roster,
    ) -> Result<Vec<Outgoing>, SupplyEnd> {
        let federation = &self.federation;
        let now = federation.clock.now();
        let judged: Vec<Result<Passed, (&Arc<Entry>, bool)>> = rows
            .iter()
            .map(|row| {
                gate::judge(row, &self.peer, &federation.here, roster, now)
                    .map_err(|_| (row, self.may_be_a_recall(row, roster, now)))
            })
            .collect();
        let perhaps_held: Vec<ItemId> = judged
            .iter()
            .filter_map(|j| j.as_ref().err())
            .filter(|(_, recall)| *recall)
            .map(|(entry, _)| entry.item())
            .collect();
        let held = if perhaps_held.is_empty() {
            Vec::new()
        } else {
            federation
                .log
                .store()
                .held_by(&self.peer, &perhaps_held)
                .await?
        };
        Ok(judged
            .into_iter()
            .filter_map(|judged| match judged {
                Ok(passed) => Some(Outgoing::Item(passed)),
                Err((entry, true)) if takes_back(entry, &held) => {
                    Some(Outgoing::Recall(Arc::clone(entry)))
                }
                Err(_) => None,
            })
            .collect())
    }

    /// Whether a withheld entry may still have to tell the peer to erase: a withdrawal, and a later revision of what it has
    /// that it lost the right to. Both go also while no agreement is in force.
    fn may_be_a_recall(&self, entry: &Entry, roster: &Roster, now: Timestamp) -> bool {
        match &entry.body {
            EntryBody::Withdrawal { .. } | EntryBody::Recall { .. } => true,
            EntryBody::Item { .. } => {
                gate::is_lost(entry, &self.peer, &self.federation.here, roster, now)
            }
        }
    }

    async fn offer(&self, outgoing: &[Outgoing]) -> Result<(), SupplyEnd> {
        let items: Vec<(ItemId, u32)> = outgoing
            .iter()
            .filter(|o| matches!(o, Outgoing::Item(_)))
            .map(|o| (o.entry().item(), o.entry().row.revision))
            .collect();
        if !items.is_empty() {
            let write = Write::Offer {
                peer: self.peer.clone(),
                items,
                at: self.federation.clock.now(),
            };
            self.federation.log.write(write).await?;
        }
        Ok(())
    }

    /// Sends, coalesced into messages of about [`ROUND_BYTES_MAX`]. Where the log or the roster changed while a message
    /// waited for room, the rest is not sent: the answer is the position up to which it was.
    async fn send(
        &mut self,
        outgoing: Vec<Outgoing>,
        epoch: u32,
        wakes: &watch::Receiver<Wake>,
    ) -> Result<Option<Position>, SupplyEnd> {
        let mut message = pb::FollowResponse::default();
        let mut items = Vec::new();
        let mut bytes = 0_usize;
        let mut outgoing = outgoing.into_iter().peekable();
        while let Some(next) = outgoing.next() {
            let entry = Arc::clone(next.entry());
            let position = entry.row.position;
            let erased = matches!(next, Outgoing::Recall(_));
            items.push((entry.item(), entry.row.revision, erased));
            // The hop that is added here is signed with our own key; the follower keeps it with the items.
            let own = (!erased).then(|| self.federation.signer.key_id());
            let keys = next.records().into_iter().map(|record| record.key);
            let (signers, introductions) = self.introductions.for_keys(keys.chain(own));
            message.signers.extend(signers);
            message.introductions.extend(introductions);
            let content = match &next {
                Outgoing::Item(_) => entry.row.content.clone().unwrap_or_default(),
                Outgoing::Recall(_) => Bytes::new(),
            };
            let mut chunks = Chunks::of(content);
            let first = chunks.next().unwrap_or_default();
            bytes = bytes
                .saturating_add(first.len())
                .saturating_add(next.weight_of_records());
            message
                .frames
                .push(self.frame(next, first, !chunks.is_empty())?);
            while let Some(data) = chunks.next() {
                // A message that ends within a document has no cursor: it is no place to come back to.
                self.pass_on(std::mem::take(&mut message)).await?;
                bytes = data.len();
                let last = chunks.is_empty();
                message
                    .frames
                    .push(frame(pb::federation_frame::Frame::Chunk(
                        pb::ContentChunk { data, last },
                    )));
            }
            if bytes >= ROUND_BYTES_MAX || outgoing.peek().is_none() {
                let cursor = self.federation.cursors.seal(
                    &self.viewer(),
                    FeedPlace { epoch, position },
                    &*self.federation.entropy,
                );
                message.cursor.clone_from(&cursor);
                self.under_way.push_back(UnderWay {
                    cursor,
                    position,
                    items: std::mem::take(&mut items),
                });
                self.pass_on(std::mem::take(&mut message)).await?;
                bytes = 0;
                while self.under_way.len() >= UNACKNOWLEDGED_MAX {
                    let ack = self.acks.next().await;
                    self.acknowledged(ack).await?;
                }
                // What waited may have been withdrawn, or the right to it lost, meanwhile (threat 8).
                if outgoing.peek().is_some() && wakes.has_changed().unwrap_or(true) {
                    return Ok(Some(position));
                }
            }
        }
        Ok(None)
    }

    fn frame(
        &self,
        outgoing: Outgoing,
        first: Bytes,
        continues: bool,
    ) -> Result<pb::FederationFrame, SupplyEnd> {
        use pb::federation_frame::Frame;
        Ok(frame(match outgoing {
            Outgoing::Item(passed) => Frame::Item(passed.into_message(
                &self.federation.here,
                &self.federation.signer,
                self.federation.clock.now(),
                first,
                continues,
            )?),
            Outgoing::Recall(entry) => Frame::Recall(match &entry.row.class {
                LogClass::Withdrawal { statement, .. } => pb::Recall {
                    withdrawal: Some(words::signed_to_pb(statement)),
                    item: String::new(),
                },
                LogClass::Item { .. } | LogClass::Recall { .. } => pb::Recall {
                    withdrawal: None,
                    item: entry.item().to_string(),
                },
            }),
        }))
    }

    /// Hands a message to the connection, taking acknowledgements while there is no room.
    async fn pass_on(&mut self, message: pb::FollowResponse) -> Result<(), SupplyEnd> {
        let out = self.out.clone();
        loop {
            tokio::select! {
                permit = out.reserve() => {
                    permit.map_err(|_| SupplyEnd::Closed)?.send(Ok(message));
                    return Ok(());
                }
                ack = self.acks.next() => self.acknowledged(ack).await?,
            }
        }
    }

    /// Tells the peer a place to come back to, without anything else.
    async fn send_place(&mut self, place: FeedPlace) -> Result<(), SupplyEnd> {
        let cursor = self
            .federation
            .cursors
            .seal(&self.viewer(), place, &*self.federation.entropy);
        self.under_way.push_back(UnderWay {
            cursor: cursor.clone(),
            position: place.position,
            items: Vec::new(),
        });
        let message = pb::FollowResponse {
            cursor,
            ..Default::default()
        };
        self.pass_on(message).await
    }

    async fn send_heartbeat(&mut self, place: FeedPlace) -> Result<(), SupplyEnd> {
        let now = self.federation.clock.now();
        let cursor = self
            .federation
            .cursors
            .seal(&self.viewer(), place, &*self.federation.entropy);
        let heartbeat = pb::Heartbeat {
            time: Some(words::time_to_pb(now)),
        };
        let message = pb::FollowResponse {
            frames: vec![frame(pb::federation_frame::Frame::Heartbeat(heartbeat))],
            cursor,
            ..Default::default()
        };
        self.pass_on(message).await
    }

    /// Records what the peer has confirmed. An acknowledgement of a cursor confirms all messages up to it, but for what the
    /// peer says that it did not take.
    async fn acknowledged(
        &mut self,
        ack: Option<Result<pb::FollowRequest, tonic::Status>>,
    ) -> Result<(), SupplyEnd> {
        let Some(Ok(pb::FollowRequest {
            message: Some(pb::follow_request::Message::Ack(ack)),
        })) = ack
        else {
            return Err(SupplyEnd::Closed);
        };
        let Some(upto) = self.under_way.iter().position(|u| u.cursor == ack.cursor) else {
            // A heartbeat's cursor, or one that was confirmed before.
            return Ok(());
        };
        let at = self.federation.clock.now();
        let confirmed: Vec<UnderWay> = self.under_way.drain(..=upto).collect();
        let Some(position) = confirmed.last().map(|u| u.position) else {
            return Ok(());
        };
        let receipt = Write::Receipt {
            peer: self.peer.clone(),
            items: confirmed
                .into_iter()
                .flat_map(|u| u.items)
                .filter(|(item, ..)| !ack.quarantined.contains(&item.to_string()))
                .collect(),
            at,
        };
        // Behind the receipts: what is not recorded when we crash goes out once more, and is confirmed then.
        let progress = Write::Progress {
            viewer: self.viewer(),
            position,
            at,
        };
        let log = &self.federation.log;
        let (receipt, progress) = tokio::join!(log.write(receipt), log.write(progress));
        receipt?;
        progress?;
        Ok(())
    }

    /// Up to where the peer's receipts are recorded.
    async fn confirmed(&self) -> Result<Position, SupplyEnd> {
        let viewer = self.viewer();
        let progress = self.federation.log.store().progress().await?;
        Ok(progress
            .into_iter()
            .find(|(who, ..)| *who == viewer)
            .map_or(Position::START, |(_, position, _)| position))
    }

    fn viewer(&self) -> String {
        format!("peer {}", self.peer)
    }
}

/// Whether an entry takes back what the peer may hold, with the revision that it was offered: an earlier one than that to
/// which it has no right.
fn takes_back(entry: &Entry, held: &[(ItemId, u32)]) -> bool {
    held.iter()
        .filter(|(item, _)| *item == entry.item())
        .any(|(_, offered)| match &entry.body {
            EntryBody::Withdrawal { .. } | EntryBody::Recall { .. } => true,
            EntryBody::Item { .. } => *offered < entry.row.revision,
        })
}

fn frame(frame: pb::federation_frame::Frame) -> pb::FederationFrame {
    pb::FederationFrame { frame: Some(frame) }
}

/// A document in pieces of [`CHUNK_BYTES`], without a copy. An empty document is one empty piece.
#[derive(Debug)]
pub struct Chunks {
    rest: Bytes,
}

impl Chunks {
    /// The pieces of these bytes.
    pub fn of(rest: Bytes) -> Self {
        Self { rest }
    }

    /// Nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

impl Iterator for Chunks {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        (!self.rest.is_empty()).then(|| self.rest.split_to(CHUNK_BYTES.min(self.rest.len())))
    }
}
