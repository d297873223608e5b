//! What is stored, to one subscriber that reads from the beginning.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sluis::wire::pb;

use super::push;
use super::support::bare::{self, Bare};
use super::support::site::{Site, Tool};
use super::support::{items, now, print_rate, rate};

const ITEMS: usize = 100_000;
/// Items in a message of the bare stream.
const COALESCED: usize = 64;

/// Measures a replay with the documents and one without, each beside a bare stream of the same items.
pub(crate) async fn run() -> Result<()> {
    let site = Site::open("energy.isac.example").await?;
    let mut tool = site.tool("t1").await?;
    let count = items(ITEMS);
    push::stream(&mut tool, 1, count).await?;
    for (what, content) in [
        ("replay with documents", true),
        ("replay without documents", false),
    ] {
        // The first run fills the caches of the disk.
        replay(&mut tool, content, count).await?;
        let (took, message) = replay(&mut tool, content, count).await?;
        let server = Bare::start(same_items(&message, count)).await?;
        let mut client = server.client().await?;
        bare_replay(&mut client, count).await?;
        let limit = bare_replay(&mut client, count).await?;
        print_rate(
            what,
            "items/s",
            rate(count, took),
            "the same items on a bare stream, 64 to a message",
            rate(count, limit),
        );
        drop(client);
        server.stop().await;
    }
    drop(tool);
    site.close().await;
    Ok(())
}

/// Reads everything; returns how long it took and one message.
async fn replay(
    tool: &mut Tool,
    content: bool,
    count: usize,
) -> Result<(Duration, pb::SubscribeResponse)> {
    let request = pb::SubscribeRequest {
        include_content: content,
        until_caught_up: true,
        ..Default::default()
    };
    let began = now();
    let mut stream = tool.subscribe(request).await?.into_inner();
    let (mut got, mut with_content) = (0, 0);
    let mut kept = None;
    while let Some(message) = stream.message().await? {
        got += message.entries.len();
        with_content += message
            .entries
            .iter()
            .filter(|e| e.item.as_ref().is_some_and(|i| !i.content.is_empty()))
            .count();
        if message.entries.len() > 1 {
            kept = Some(message);
        }
    }
    let took = began.elapsed();
    ensure!(
        got >= count && got < count + 16,
        "{count} items are stored, and {got} came"
    );
    ensure!(
        with_content == if content { got } else { 0 },
        "{with_content} of {got} items came with content"
    );
    Ok((took, kept.context("a message with several items")?))
}

/// Bare messages with the items of this one, over and over.
pub(crate) fn same_items(message: &pb::SubscribeResponse, count: usize) -> Vec<pb::FollowResponse> {
    let items: Vec<pb::Item> = message
        .entries
        .iter()
        .filter_map(|e| e.item.clone())
        .collect();
    let mut frames = items.iter().cycle().take(count).map(|item| {
        let frame = pb::federation_frame::Frame::Item(item.clone());
        pb::FederationFrame { frame: Some(frame) }
    });
    std::iter::from_fn(|| {
        let frames: Vec<_> = frames.by_ref().take(COALESCED).collect();
        (!frames.is_empty()).then(|| pb::FollowResponse {
            frames,
            ..Default::default()
        })
    })
    .collect()
}

async fn bare_replay(client: &mut bare::Client, count: usize) -> Result<Duration> {
    let began = now();
    let (_out, mut stream) = bare::follow(client, bare::STORED).await?;
    let mut got = 0;
    while let Some(message) = stream.message().await? {
        got += message.frames.len();
    }
    let took = began.elapsed();
    ensure!(got == count, "{count} items were sent, and {got} came");
    Ok(took)
}
