//! Durable pushes, every item signed: on one stream with 64 in flight, and from 64 callers of one call each.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sluis::anonymity::SourceSeal;
use sluis::log::EntryBody;
use sluis::model::position::Position;
use sluis::store::LogClass;
use sluis::tasks::Tasks;
use sluis::wire::pb;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::support::site::{Site, Tool};
use super::support::{bare, documents, items, now, print_rate, rate};

const IN_FLIGHT: usize = 64;
const ITEMS: usize = 60_000;
/// Before anything is measured: connections, statements and caches are warm then.
const WARM_UP: usize = 2_000;

/// Measures pushes, and prints them beside bare group commits.
pub(crate) async fn run() -> Result<()> {
    let site = Site::open("energy.isac.example").await?;
    let mut tool = site.tool("t1").await?;
    stream(&mut tool, 0, WARM_UP).await?;
    let count = items(ITEMS);
    let streamed = stream(&mut tool, 1, count).await?;
    let called = calls(&tool, 2, count / 2).await?;
    let stored = site.node.log().store().items_in_service().await?;
    let pushed = u64::try_from(WARM_UP + count + count / 2 / IN_FLIGHT * IN_FLIGHT)?;
    // The node itself told its members that acme was admitted.
    ensure!(
        stored >= pushed && stored < pushed + 16,
        "{pushed} items were pushed, and {stored} are there"
    );
    let row_bytes = bytes_of_an_item(&site).await?;
    let directory = tempfile::tempdir()?;
    let (committed, took) = bare::commits(directory.path(), count, row_bytes).await?;
    let limit = format!("SQLite, FULL, 64 rows of {row_bytes} bytes a commit");
    let limit_rate = rate(committed, took);
    print_rate(
        "push, one stream, 64 in flight",
        "items/s",
        rate(count, streamed),
        &limit,
        limit_rate,
    );
    print_rate(
        "push, 64 callers",
        "items/s",
        rate(count / 2, called),
        &limit,
        limit_rate,
    );
    drop(tool);
    site.close().await;
    Ok(())
}

/// Pushes so many documents on one stream, 64 in flight; returns how long it took.
pub(crate) async fn stream(tool: &mut Tool, series: u32, count: usize) -> Result<Duration> {
    let mut pushes = (0..count)
        .map(|n| documents::push(series, n))
        .collect::<Vec<_>>()
        .into_iter();
    let (out, requests) = mpsc::channel(IN_FLIGHT);
    let began = now();
    let answers = tool.push_items(ReceiverStream::new(requests)).await?;
    let mut answers = answers.into_inner();
    for push in pushes.by_ref().take(IN_FLIGHT) {
        out.send(one(push)).await?;
    }
    for _ in 0..count {
        let answer = answers.message().await?.context("an answer to each push")?;
        match answer.outcome {
            Some(pb::push_items_response::Outcome::Done(done)) => accepted(&done)?,
            other => anyhow::bail!("a push was not taken: {other:?}"),
        }
        if let Some(push) = pushes.next() {
            out.send(one(push)).await?;
        }
    }
    Ok(began.elapsed())
}

/// Pushes so many documents from 64 callers on one connection.
async fn calls(tool: &Tool, series: u32, count: usize) -> Result<Duration> {
    let each = count / IN_FLIGHT;
    let tasks = Tasks::new();
    let pushes: Vec<Vec<_>> = (0..IN_FLIGHT)
        .map(|caller| {
            (0..each)
                .map(|n| documents::push(series, n * IN_FLIGHT + caller))
                .collect()
        })
        .collect();
    let began = now();
    let callers: Vec<_> = pushes
        .into_iter()
        .map(|pushes| {
            let mut tool = tool.clone();
            tasks.run(async move {
                for push in pushes {
                    accepted(tool.push_item(push).await?.get_ref())?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for caller in callers {
        caller.await.context("a caller was cut off")??;
    }
    Ok(began.elapsed())
}

fn one(push: pb::PushItemRequest) -> pb::PushItemsRequest {
    pb::PushItemsRequest { push: Some(push) }
}

fn accepted(done: &pb::PushItemResponse) -> Result<()> {
    ensure!(
        done.status() == pb::push_item_response::Status::Accepted && done.items.len() == 1,
        "a push was not taken as new: {done:?}"
    );
    Ok(())
}

/// What the store keeps of a pushed item: two signed records, the content and its key.
async fn bytes_of_an_item(site: &Site) -> Result<usize> {
    let log = site.node.log();
    let page = log.entries_after(Position(64), 1, 1, true).await?;
    let entry = page.first().context("an item in the log")?;
    ensure!(
        matches!(entry.body, EntryBody::Item { .. }),
        "item 65 is not an item"
    );
    let LogClass::Item {
        envelope, local, ..
    } = &entry.row.class
    else {
        anyhow::bail!("item 65 is not an item");
    };
    let local = local.as_ref().context("a local record at the origin")?;
    let content = entry.row.content.as_ref().context("its content")?;
    ensure!(
        envelope.signature.len() == 64 && SourceSeal::is_sealed(local),
        "the envelope is signed, and the local record sealed with its signature"
    );
    Ok([envelope, local]
        .iter()
        .map(|signed| signed.record.len() + signed.signature.len() + 32)
        .sum::<usize>()
        + content.len()
        + 32)
}
