//! What the ordinary push costs before it is an item: a document of a few KiB, un-named, so that its submitter is looked
//! for in it. The throughput of a node is of such documents, not of large ones.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use sluis::anonymity::{Pseudonyms, StandIn, unnamed};
use sluis::formats::{self, Aliases, Limits};
use sluis::markings;
use sluis::model::ids::CommunityId;
use sluis::model::label::Label;
use sluis::partition;

use super::super::support::now;
use super::parting;

/// One of each kind that members push: a bundle of one label, a mixed one, an event, a page.
const DOCUMENTS: [&str; 4] = [
    "stix/own__amber-pumping-stations.json",
    "stix/own__mixed-green-amber.json",
    "misp/eset-malware-ioc__akiva.json",
    "text/advisory-forged-configuration-tool.md",
];

/// Documents in a row that are timed together: one takes some microseconds.
const BATCH: u32 = 200;
/// The best batch of so many is the one that nothing disturbed.
const BATCHES: u32 = 40;

/// Measures each.
pub(super) fn run() -> Result<()> {
    let pusher = Pusher::new()?;
    for name in DOCUMENTS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/data")
            .join(name);
        let bytes = Bytes::from(std::fs::read(path)?);
        ensure!(pusher.push(&bytes)? > 0, "{name} has no part");
        let mut best = Duration::MAX;
        for _ in 0..BATCHES {
            let began = now();
            for _ in 0..BATCH {
                black_box(pusher.push(black_box(&bytes))?);
            }
            best = best.min(began.elapsed());
        }
        print(name, bytes.len(), best / BATCH);
    }
    Ok(())
}

struct Pusher {
    aliases: Aliases,
    community: CommunityId,
    pseudonyms: Pseudonyms,
}

impl Pusher {
    fn new() -> Result<Self> {
        Ok(Self {
            aliases: Aliases {
                name: "Noordzee Netbeheer N.V.".to_owned(),
                domains: vec![
                    "noordzee-netbeheer.example".to_owned(),
                    "nznb.example".to_owned(),
                ],
                ids: vec![
                    "identity--7f1f2b6e-6f0a-4a2c-9b07-3f1d4e2ab5c9".to_owned(),
                    "spiffe://energy.isac.example/member/noordzee".to_owned(),
                ],
            },
            community: CommunityId::parse("energy.isac.example")
                .ok()
                .context("an id")?,
            pseudonyms: Pseudonyms::new(&[7; 32]),
        })
    }

    /// All that a node does with an un-named document before it is an item; how many parts it has.
    fn push(&self, bytes: &Bytes) -> Result<usize> {
        let refused = |r: sluis::model::submission::Refusal| anyhow::anyhow!(r.message);
        let limits = Limits::default();
        let document = formats::read(bytes, &limits).map_err(refused)?;
        let marked = markings::mark(&document, Some(Label::Green), &[]).map_err(refused)?;
        let stand_in = StandIn {
            community: &self.community,
            name: "Energy ISAC",
        };
        let unnamed = unnamed(
            document,
            &self.aliases,
            &stand_in,
            &self.pseudonyms,
            &limits,
        )
        .map_err(refused)?;
        let places = formats::mentions(&unnamed.document, &self.aliases);
        ensure!(places.is_empty(), "{places:?}");
        Ok(partition::parts(&unnamed.document, &marked, parting())
            .parts
            .len())
    }
}

#[expect(
    clippy::print_stdout,
    reason = "what a benchmark says, it says to the terminal"
)]
fn print(name: &str, bytes: usize, took: Duration) {
    println!(
        "{:<62} {:>9.1} us of {bytes} bytes",
        format!("documents, {name}"),
        took.as_secs_f64() * 1e6,
    );
}
