//! What is pushed, to a hundred subscribers with a connection each.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sluis::tasks::Tasks;
use sluis::wire::pb;
use tokio::sync::mpsc;

use super::push;
use super::support::bare::{self, Bare};
use super::support::site::Site;
use super::support::{items, now, print_rate, rate};

const SUBSCRIBERS: usize = 100;
const ITEMS: usize = 8_000;

/// Measures live deliveries, and prints them beside a bare broadcast of the same frames.
pub(crate) async fn run() -> Result<()> {
    let site = Site::open("energy.isac.example").await?;
    let mut tool = site.tool("pusher").await?;
    let tasks = Tasks::new();
    let count = items(ITEMS);
    let (ready_in, mut ready) = mpsc::channel(SUBSCRIBERS);
    let mut subscribers = Vec::with_capacity(SUBSCRIBERS);
    for n in 0..SUBSCRIBERS {
        let mut tool = site.tool(&format!("t{n}")).await?;
        let ready = ready_in.clone();
        subscribers.push(tasks.run(async move {
            let request = pb::SubscribeRequest {
                include_content: true,
                ..Default::default()
            };
            let mut stream = tool.subscribe(request).await?.into_inner();
            let (mut got, mut messages) = (0, 0_usize);
            let mut last = None;
            let mut live = false;
            while got < count {
                let message = stream.message().await?.context("a stream that stays")?;
                if live {
                    got += message.entries.len();
                    messages += 1;
                    last = Some(message);
                } else if message.caught_up {
                    live = true;
                    ready.send(()).await?;
                }
            }
            ensure!(got == count, "{count} items were pushed, and {got} came");
            anyhow::Ok((messages, last.context("a message")?))
        }));
    }
    for _ in 0..SUBSCRIBERS {
        ready.recv().await.context("a subscriber ended")?;
    }
    let began = now();
    push::stream(&mut tool, 1, count).await?;
    let pushed = began.elapsed();
    let mut messages = 0;
    let mut kept = None;
    for subscriber in subscribers {
        let (n, last) = subscriber.await.context("a subscriber was cut off")??;
        messages += n;
        kept = Some(last);
    }
    let took = began.elapsed();
    let message = kept.context("a message")?;
    let to_a_frame = (SUBSCRIBERS * count).div_ceil(messages.max(1));
    let limit = broadcast(&message, count, to_a_frame).await?;
    print_rate(
        "fan-out to 100 subscribers",
        "deliveries/s",
        rate(SUBSCRIBERS * count, took),
        &format!(
            "a bare broadcast, {to_a_frame} items a frame as here; pushed in {:.1} s",
            pushed.as_secs_f64()
        ),
        rate(SUBSCRIBERS * count, limit),
    );
    drop(tool);
    site.close().await;
    Ok(())
}

/// The items of a message, so many to a frame, to a hundred streams without a store.
async fn broadcast(
    message: &pb::SubscribeResponse,
    count: usize,
    to_a_frame: usize,
) -> Result<Duration> {
    let item = message.entries.iter().find_map(|e| e.item.clone());
    let frame = pb::FederationFrame {
        frame: item.map(pb::federation_frame::Frame::Item),
    };
    let server = Bare::start(Vec::new()).await?;
    let tasks = Tasks::new();
    let frames = count.div_ceil(to_a_frame);
    let mut listeners = Vec::with_capacity(SUBSCRIBERS);
    for _ in 0..SUBSCRIBERS {
        let mut client = server.client().await?;
        listeners.push(tasks.run(async move {
            let (_out, mut stream) = bare::follow(&mut client, bare::LIVE).await?;
            let mut got = 0;
            for _ in 0..frames {
                let message = stream.message().await?.context("a stream that stays")?;
                got += message.frames.len();
            }
            anyhow::Ok(got)
        }));
    }
    while server.listeners() < SUBSCRIBERS {
        bare::quiet().await;
    }
    let began = now();
    for _ in 0..frames {
        server.broadcast(pb::FollowResponse {
            frames: vec![frame.clone(); to_a_frame],
            ..Default::default()
        });
    }
    for listener in listeners {
        let got = listener.await.context("a listener was cut off")??;
        ensure!(
            got == frames * to_a_frame,
            "{got} items came of {frames} frames"
        );
    }
    let took = began.elapsed();
    server.stop().await;
    Ok(took)
}
