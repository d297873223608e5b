//! After a restore: peers tell what was withdrawn since the backup, before they are served anything.
//!
//! ```text
//! restored supplier                                              follower, with a cursor of the lost log
//!   tell_withdrawn ───────────────────────────────────────────▶ looks through its own log
//!   verifies its own signatures ◀── withdrawals, last ─────────
//!   withdraws again, and serves from the start
//! ```
//!
//! What a peer tells proves itself: only what this community signed takes effect (threats 20, 45).

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::{Stream, StreamExt};

use super::Federation;
use super::follower::SessionEnd;
use super::supplier::SupplyEnd;
use crate::audit::{Act, Actor, record};
use crate::log::EntryBody;
use crate::model::ids::CommunityId;
use crate::model::position::Position;
use crate::model::signed::Signed;
use crate::provenance;
use crate::store::{LogClass, Withdraw, Write};
use crate::wire::{pb, words};

/// Withdrawals in one message: some hundred bytes each, far below the bound of a message.
const TOLD_MAX: usize = 256;
/// Entries of the log that are looked at in one step.
const LOOK_ROWS: usize = 512;
/// Messages that a follower may take to tell: a hundred thousand withdrawals.
const MESSAGES_MAX: usize = 400;

/// Asks the follower, and withdraws again what it proves to have been withdrawn.
pub(super) async fn ask<A>(
    federation: &Federation,
    peer: &CommunityId,
    acks: &mut A,
    out: &mpsc::Sender<Result<pb::FollowResponse, tonic::Status>>,
) -> Result<(), SupplyEnd>
where
    A: Stream<Item = Result<pb::FollowRequest, tonic::Status>> + Unpin + Send,
{
    let question = pb::FollowResponse {
        tell_withdrawn: true,
        ..pb::FollowResponse::default()
    };
    out.send(Ok(question))
        .await
        .map_err(|_| SupplyEnd::Closed)?;
    let mut replayed = 0_u64;
    for _ in 0..MESSAGES_MAX {
        let Some(Ok(pb::FollowRequest {
            message: Some(pb::follow_request::Message::Told(told)),
        })) = acks.next().await
        else {
            return Err(SupplyEnd::Closed);
        };
        for withdrawal in told.withdrawals.iter().take(TOLD_MAX) {
            replayed += u64::from(replay(federation, withdrawal).await?);
        }
        if told.last {
            tracing::warn!(
                peer.id = %peer,
                replayed,
                "this node was restored; a peer told what had been withdrawn since the backup, and it is withdrawn again"
            );
            return Ok(());
        }
    }
    Err(SupplyEnd::Closed)
}

/// Whether it took effect.
async fn replay(federation: &Federation, told: &pb::SignedRecord) -> Result<bool, SupplyEnd> {
    let Ok(statement) = words::signed(Some(told)) else {
        return Ok(false);
    };
    let Ok(withdrawal) = provenance::verify_withdrawal(&statement, &federation.keys) else {
        return Ok(false);
    };
    if withdrawal.origin != federation.here {
        return Ok(false);
    }
    let now = federation.clock.now();
    let write = Write::Withdraw(Withdraw {
        item: withdrawal.item,
        id: withdrawal.id,
        statement,
        note: withdrawal.reason.name().to_owned(),
        audit: record(Act::WithdrawalReplayed, Actor::Node, withdrawal.item, now),
        at: now,
    });
    let written = federation.log.write(write).await?;
    Ok(matches!(written, crate::store::Written::Withdrawn(Some(_))))
}

/// Tells a supplier that was restored what of its own it withdrew, as far as it came here.
pub(super) async fn tell(
    federation: &Arc<Federation>,
    supplier: &CommunityId,
    acks: &mpsc::Sender<pb::FollowRequest>,
) -> Result<(), SessionEnd> {
    let mut after = Position::START;
    let mut withdrawals = Vec::new();
    loop {
        let entries = federation
            .log
            .entries_after(after, LOOK_ROWS, usize::MAX, false)
            .await?;
        let Some(last) = entries.last().map(|entry| entry.row.position) else {
            break;
        };
        after = last;
        let statements = entries
            .iter()
            .filter_map(|entry| match (&entry.body, &entry.row.class) {
                (
                    EntryBody::Withdrawal { withdrawal, .. },
                    LogClass::Withdrawal { statement, .. },
                ) if withdrawal.origin == *supplier => Some(statement),
                _ => None,
            });
        withdrawals.extend(statements.cloned());
        while withdrawals.len() >= TOLD_MAX {
            let now: Vec<Signed> = withdrawals.drain(..TOLD_MAX).collect();
            send(acks, &now, false).await?;
        }
    }
    send(acks, &withdrawals, true).await
}

async fn send(
    acks: &mpsc::Sender<pb::FollowRequest>,
    withdrawals: &[Signed],
    last: bool,
) -> Result<(), SessionEnd> {
    let told = pb::FollowTold {
        withdrawals: withdrawals.iter().map(words::signed_to_pb).collect(),
        last,
    };
    super::follower::send(acks, pb::follow_request::Message::Told(told)).await
}
