//! From the begin of a push to a subscriber of the same node, and of the peer's node, in quiet.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sluis::wire::pb;
use tonic::Streaming;

use super::support::bare::{self, Bare};
use super::support::site::{Site, Tool};
use super::support::{documents, items, now, print_latency};

const SAMPLES: usize = 2_000;
const WARM_UP: usize = 100;

/// Measures latencies, and prints them beside the sum of the bare steps.
pub(crate) async fn run() -> Result<()> {
    let count = items(SAMPLES);
    let energy = Site::open("energy.isac.example").await?;
    let water = Site::open("water.isac.example").await?;
    let mut pusher = energy.tool("t1").await?;
    let mut here = live(&mut energy.tool("t2").await?).await?;
    let (mut same, _) = samples(&mut pusher, 1, count, [&mut here]).await?;
    energy.peer_with(&water).await?;
    let mut there = live(&mut water.tool("t1").await?).await?;
    // The first item crosses when the link stands.
    let (_, last) = samples(&mut pusher, 2, 1, [&mut there]).await?;
    ensure!(last.len() == 1, "an item crossed");
    drop(here);
    let (mut peer, _) = samples(&mut pusher, 3, count, [&mut there]).await?;

    let message = pb::FollowResponse {
        cursor: "c".repeat(1_600),
        ..Default::default()
    };
    let server = Bare::start(vec![message]).await?;
    let mut client = server.client().await?;
    let directory = tempfile::tempdir()?;
    let trips = bare::round_trips(&mut client, count).await?;
    let hops = bare::hops(&mut client, 3 * count).await?;
    let flushes = bare::flushes(directory.path(), 3 * count).await?;
    let mut hops = hops.into_iter();
    let mut flushes = flushes.into_iter();
    let mut step = || hops.next().unwrap_or_default() + flushes.next().unwrap_or_default();
    let mut same_limit: Vec<Duration> = trips.iter().map(|trip| *trip + step()).collect();
    let mut peer_limit: Vec<Duration> = same_limit
        .iter()
        .map(|limit| *limit + step() + step())
        .collect();
    print_latency(
        "push to a subscriber of the same node",
        &mut same,
        "round trip, flush, hop",
        &mut same_limit,
    );
    print_latency(
        "push to a subscriber of the peer's node",
        &mut peer,
        "the same, and twice flush and hop",
        &mut peer_limit,
    );
    drop((pusher, there, client));
    server.stop().await;
    water.close().await;
    energy.close().await;
    Ok(())
}

/// A stream that has been told everything that is stored.
async fn live(tool: &mut Tool) -> Result<Streaming<pb::SubscribeResponse>> {
    let request = pb::SubscribeRequest {
        include_content: true,
        ..Default::default()
    };
    let mut stream = tool.subscribe(request).await?.into_inner();
    while !stream
        .message()
        .await?
        .context("a stream that stays")?
        .caught_up
    {}
    Ok(stream)
}

/// Pushes one document after the other, and waits until it came.
async fn samples(
    pusher: &mut Tool,
    series: u32,
    count: usize,
    [stream]: [&mut Streaming<pb::SubscribeResponse>; 1],
) -> Result<(Vec<Duration>, Vec<String>)> {
    let warm_up = WARM_UP.min(count.saturating_sub(1));
    let mut took = Vec::with_capacity(count);
    let mut seen = Vec::new();
    for n in 0..count + warm_up {
        let push = documents::push(series, n);
        let content = push.content.clone();
        let began = now();
        let arrival = async {
            loop {
                let message = stream.message().await?.context("a stream that stays")?;
                let arrived = began.elapsed();
                let found = message.entries.into_iter().find_map(|entry| entry.item);
                if let Some(item) = found.filter(|item| item.content == content) {
                    return anyhow::Ok((arrived, item));
                }
            }
        };
        let (pushed, arrived) = tokio::join!(pusher.push_item(push), arrival);
        let pushed = pushed?.into_inner();
        let (arrived, _) = arrived?;
        if n >= warm_up {
            took.push(arrived);
        }
        seen.extend(pushed.items.into_iter().map(|item| item.item).take(1));
        bare::quiet().await;
    }
    Ok((took, seen))
}
