//! The play itself: every push by its own member, the newcomer, the withdrawals.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use tokio::sync::mpsc;

use super::pushes::{Ending, PUSHES, Push, items};
use super::scenario::{COMMUNITIES, Fate};
use super::stage::{Stage, Viewer};
use crate::cli::failure::refused;
use crate::clock::{Clock, SystemClock, SystemEntropy, Timestamp, random_bytes};
use crate::model::ids::RequestId;
use crate::model::label::Label;
use crate::model::words::{Attribution, Kind};
use crate::wire::{envelope, pb, words};

/// What was done.
pub(super) struct Acts {
    /// How many documents were shared.
    pub(super) pushed: usize,
    /// Each item that was shared, by its number in the play.
    pub(super) items: BTreeMap<usize, String>,
    /// The reason of each push that was refused.
    pub(super) refused: BTreeMap<usize, String>,
    /// From the push at one community to its arrival with a reader of another one, in microseconds.
    pub(super) latencies: Vec<i64>,
}

/// The reader whose deliveries are timed: it is at another community than most pushes.
const TIMED_READER: &str = "water/aquapure/siem";
/// How long the play waits for deliveries that are still on their way.
const ARRIVALS_WITHIN: std::time::Duration = std::time::Duration::from_secs(20);

pub(super) async fn play(stage: &mut Stage, say: &dyn Fn(&str)) -> Result<Acts> {
    let clock = SystemClock;
    let mut arrivals = watch(stage.viewer(TIMED_READER)?)?;
    let mut acts = Acts {
        pushed: 0,
        items: BTreeMap::new(),
        refused: BTreeMap::new(),
        latencies: Vec::new(),
    };
    let mut pushed_at = BTreeMap::new();
    let mut n = 0_usize;
    for push in PUSHES {
        let started = clock.now();
        let parts = push.lower.len().saturating_add(1);
        match one(stage, push).await? {
            Ok(items) => {
                acts.pushed = acts.pushed.saturating_add(1);
                for (part, item) in items.into_iter().enumerate() {
                    pushed_at.insert(item.clone(), started);
                    acts.items.insert(n.saturating_add(part), item);
                }
            }
            Err(reason) => {
                acts.refused.insert(n, reason);
            }
        }
        n = n.saturating_add(parts);
    }
    let items = items();
    say(&format!(
        "{} documents pushed as {} items, {} refused",
        acts.pushed,
        acts.items.len(),
        acts.refused.len()
    ));
    let to_come = super::oracle::expected(&items);
    let mut waiting: Vec<&String> = acts
        .items
        .iter()
        .filter(|(n, _)| !items.get(**n).is_some_and(|p| p.by.starts_with("water/")))
        .filter(|(n, _)| {
            to_come
                .get(n)
                .is_some_and(|places| places.contains(TIMED_READER))
        })
        .map(|(_, item)| item)
        .collect();
    while !waiting.is_empty() {
        let arrival = tokio::time::timeout(ARRIVALS_WITHIN, arrivals.recv()).await;
        let Ok(Some((item, at))) = arrival else { break };
        if let Some(started) = pushed_at.get(&item)
            && waiting.contains(&&item)
        {
            acts.latencies.push(at.micros() - started.micros());
            waiting.retain(|w| **w != item);
        }
    }
    for (n, community) in COMMUNITIES.iter().enumerate() {
        for member in community.members {
            if member.fate == Fate::ComesLate {
                stage.let_in(n, member).await?;
                say(&format!(
                    "{} joined {} after all that",
                    member.name, community.id
                ));
            }
        }
    }
    for (n, push) in items.iter().enumerate() {
        if push.ends == Ending::Withdrawn
            && let Some(item) = acts.items.get(&n)
        {
            withdraw(stage.viewer(push.by)?, item).await?;
            say(&format!("{} was withdrawn by {}", push.file, push.by));
        }
    }
    Ok(acts)
}

/// Pushes one document; its items, or the reason where it was refused. What the play expects otherwise is an error.
async fn one(stage: &Stage, push: &Push) -> Result<Result<Vec<String>, String>> {
    let viewer = stage.viewer(push.by)?;
    let answer = viewer.sharing.clone().push_item(request(push)).await;
    match (answer, push.ends) {
        (Ok(done), Ending::Shared | Ending::Withdrawn) => {
            let done = done.into_inner();
            let is_whole = done.items.len() == push.lower.len().saturating_add(1);
            ensure!(is_whole, "{} became {} items", push.file, done.items.len());
            let expected = push.lower.iter().copied().chain([(push.label, push.kind)]);
            for (item, (shade, expected)) in done.items.iter().zip(expected) {
                let label = words::label(item.label).ok().flatten().map(Label::name);
                ensure!(
                    label == Some(shade.typed()),
                    "{} was read as {label:?}, and is {}",
                    push.file,
                    shade.typed()
                );
                let kind = words::kind(item.kind).ok().flatten().map(Kind::name);
                ensure!(
                    kind == Some(expected),
                    "{} became {kind:?}, and is {expected}",
                    push.file
                );
            }
            Ok(Ok(done.items.into_iter().map(|item| item.item).collect()))
        }
        (Err(status), Ending::Refused(expected)) => {
            let reason = refused(&status)
                .map(|r| r.reason)
                .with_context(|| format!("{}: {}", push.file, status.message()))?;
            ensure!(
                reason == expected,
                "{} was refused with {reason}, and not with {expected}",
                push.file
            );
            Ok(Err(reason))
        }
        (Ok(_), Ending::Refused(expected)) => {
            bail!("{} was not refused with {expected}", push.file)
        }
        (Err(status), Ending::Shared | Ending::Withdrawn) => {
            bail!("{} by {}: {}", push.file, push.by, status.message())
        }
    }
}

fn request(push: &Push) -> pb::PushItemRequest {
    let id = RequestId::from_bytes(random_bytes(&SystemEntropy::default()));
    pb::PushItemRequest {
        request_id: id.to_string(),
        content: bytes::Bytes::from_static(push.bytes),
        label: words::label_to_pb(push.declared.and_then(|l| Label::parse(l.typed()))),
        to: push.to.iter().map(|t| (*t).to_owned()).collect(),
        kind: words::kind_to_pb(push.asked_kind.and_then(Kind::parse)),
        sectors: push.sectors.iter().map(|s| (*s).to_owned()).collect(),
        attribution: words::attribution_to_pb(push.named.then_some(Attribution::Named)),
        hop_limit: push.hops,
        terms: push.no_commercial_use.then_some(pb::Terms {
            no_commercial_use: true,
            no_resale: false,
        }),
        ..Default::default()
    }
}

async fn withdraw(viewer: &Viewer, item: &str) -> Result<()> {
    viewer
        .sharing
        .clone()
        .withdraw_item(pb::WithdrawItemRequest {
            item: item.to_owned(),
            reason: words::withdrawal_reason_to_pb(Some(
                crate::model::words::WithdrawalReason::Error,
            )),
            note: String::new(),
        })
        .await?;
    Ok(())
}

/// Follows a reader's feed; gives each item with the moment of its arrival.
fn watch(viewer: &Viewer) -> Result<mpsc::Receiver<(String, Timestamp)>> {
    let (arrived, arrivals) = mpsc::channel(1024);
    let mut sharing = viewer.sharing.clone();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let follow = async move {
        let Ok(stream) = sharing.subscribe(pb::SubscribeRequest::default()).await else {
            return;
        };
        let mut stream = stream.into_inner();
        while let Ok(Some(message)) = stream.message().await {
            let now = clock.now();
            for entry in message.entries {
                let record = entry.item.and_then(|i| i.envelope).map(|e| e.record);
                if let Some(envelope) = record.and_then(|r| envelope::parse(&r).ok())
                    && arrived
                        .send((envelope.item.to_string(), now))
                        .await
                        .is_err()
                {
                    return;
                }
            }
        }
    };
    // Ends with the connection when the stage is struck.
    crate::tasks::Tasks::new().spawn(follow);
    Ok(arrivals)
}
