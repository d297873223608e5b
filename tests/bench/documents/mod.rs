//! What a document costs before it is an item: reading with validation, markings, and partition, beside plain
//! `serde_json` of the same bytes. The largest bundle of the collection (`tests/data`, or the folder that `SLUIS_DATA`
//! names), and a generated one of 150,000 objects. Beside these, ordinary documents of a few KiB ([`small`]).
//!
//! Memory is measured from outside: this program starts itself with [`CHILD`], and the child tells what the kernel says
//! of its peak.

mod generated;
mod memory;
mod small;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use sluis::formats::{self, Limits};
use sluis::markings;
use sluis::model::label::Label;
use sluis::partition::{self, Creator, Part, Parting};
use uuid::Uuid;

use super::support::{items, now};

pub(crate) use memory::{CHILD, child};

/// Large enough for the generated bundle; a node takes less.
const LIMITS: Limits = Limits {
    bytes_max: 512 * 1024 * 1024,
};

const OBJECTS: usize = 150_000;

/// At least half as fast as plain parsing.
const SPEED_AIM: f64 = 0.5;
/// At most so many times the document in memory.
const MEMORY_AIM: f64 = 4.0;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// All that a node does with a document before it is an item.
    Sluis,
    /// Parsing alone.
    Plain,
}

/// Measures the ordinary documents and both bundles.
pub(crate) fn run() -> Result<()> {
    small::run()?;
    let (name, large) = largest()?;
    measure(&name, &large, 40)?;
    let count = items(OBJECTS);
    let bundle = Bytes::from(generated::bundle(count));
    let parts = all(&bundle)?;
    let labels: Vec<Label> = parts.iter().map(|part| part.label).collect();
    ensure!(
        labels.last() == Some(&Label::Red),
        "the generated bundle has RED objects, and its parts are {labels:?}"
    );
    let carried: usize = parts.iter().map(|part| part.objects.len()).sum();
    ensure!(
        carried >= count,
        "of {count} objects the parts carry {carried}"
    );
    drop(parts);
    measure(&format!("generated, {count} objects"), &bundle, 3)
}

/// All that a node does with a document before it is an item.
pub(crate) fn all(bytes: &Bytes) -> Result<Vec<Part>> {
    let document = formats::read(bytes, &LIMITS).map_err(|r| anyhow::anyhow!(r.message))?;
    if let Some(place) = document.problems.iter().chain(&document.warnings).next() {
        bail!("{}: {}", place.place, place.message);
    }
    let marked = markings::mark(&document, Some(Label::Green), &[])
        .map_err(|r| anyhow::anyhow!(r.message))?;
    Ok(partition::parts(&document, &marked, parting()).parts)
}

fn parting() -> Parting<'static> {
    Parting {
        split: true,
        id: &|_| Uuid::from_u128(1),
        creator: Creator {
            name: "A community",
            uuid: Uuid::from_u128(2),
        },
    }
}

/// Parsing alone.
pub(crate) fn plain(bytes: &[u8]) -> Result<serde_json::Value> {
    Ok(serde_json::from_slice(bytes)?)
}

fn measure(name: &str, bytes: &Bytes, rounds: u32) -> Result<()> {
    // In turns, so that a slow moment of the machine meets both; the best of each is the one that nothing disturbed.
    let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        let began = now();
        let parts = all(bytes)?;
        ours = ours.min(began.elapsed());
        drop(parts);
        let began = now();
        let value = plain(bytes)?;
        theirs = theirs.min(began.elapsed());
        drop(value);
    }
    print_speed(name, bytes.len(), ours, theirs);
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), bytes)?;
    let ours = memory::peak_bytes(file.path(), Way::Sluis)?;
    let theirs = memory::peak_bytes(file.path(), Way::Plain)?;
    print_memory(name, bytes.len(), ours, theirs);
    Ok(())
}

#[expect(
    clippy::print_stdout,
    reason = "what a benchmark says, it says to the terminal"
)]
fn print_speed(name: &str, bytes: usize, ours: Duration, theirs: Duration) {
    let rate = |took: Duration| number(bytes) / 1e6 / took.as_secs_f64();
    println!(
        "{:<44} {:>9.1} {:<13} ratio {:>5.2} of {:>9.1} (serde_json to a value; aim {SPEED_AIM} or better)",
        format!("documents, {name}"),
        rate(ours),
        "MB/s",
        rate(ours) / rate(theirs),
        rate(theirs),
    );
}

#[expect(
    clippy::print_stdout,
    reason = "what a benchmark says, it says to the terminal"
)]
fn print_memory(name: &str, bytes: usize, ours: u64, theirs: u64) {
    let times = |peak: u64| number(usize::try_from(peak).unwrap_or(usize::MAX)) / number(bytes);
    println!(
        "{:<44} {:>9.2} {:<13} of {:.1} MB (aim at most {MEMORY_AIM}; serde_json to a value {:.2})",
        format!("documents, {name}, peak memory"),
        times(ours),
        "x document",
        number(bytes) / 1e6,
        times(theirs),
    );
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The largest STIX bundle of the collection that breaks no rule, with its name.
fn largest() -> Result<(String, Bytes)> {
    let mut best: Option<(String, Bytes)> = None;
    for folder in ["stix-large", "stix"] {
        let Ok(entries) = std::fs::read_dir(collection().join(folder)) else {
            continue;
        };
        for entry in entries {
            let path = entry?.path();
            let bytes = content(&path)?;
            let is_larger = best.as_ref().is_none_or(|(_, b)| b.len() < bytes.len());
            if is_larger && all(&bytes).is_ok() {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                best = Some((name.chars().take(22).collect(), bytes));
            }
        }
    }
    best.context("the collection has no STIX bundle")
}

fn content(path: &Path) -> Result<Bytes> {
    let stored = std::fs::read(path)?;
    if path.extension().is_some_and(|e| e == "gz") {
        let mut out = Vec::new();
        let _ = flate2::read::GzDecoder::new(&stored[..]).read_to_end(&mut out)?;
        return Ok(out.into());
    }
    Ok(stored.into())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the same variable as the conformance tests"
)]
fn collection() -> PathBuf {
    match std::env::var_os("SLUIS_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data"),
    }
}
