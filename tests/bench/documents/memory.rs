//! Peak memory of a process that does one thing with one document, as the kernel counts it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;

use super::{Way, all, plain};

/// The argument that makes this program the child.
pub(crate) const CHILD: &str = "--peak-memory-of";

/// So many bytes more than before it had the document, at the worst moment.
pub(crate) fn peak_bytes(document: &Path, way: Way) -> Result<u64> {
    let output = Command::new(std::env::current_exe()?)
        .arg(CHILD)
        .arg(match way {
            Way::Sluis => "sluis",
            Way::Plain => "plain",
        })
        .arg(document)
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "the child failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    said.trim().parse().context("the child tells a number")
}

/// What the child does, and prints.
#[expect(
    clippy::print_stdout,
    reason = "it answers its parent on standard output"
)]
pub(crate) fn child(way: &str, document: &str) -> Result<()> {
    let before = status("VmRSS:")?;
    let bytes = Bytes::from(std::fs::read(document)?);
    match way {
        "sluis" => drop(all(&bytes)?),
        _ => drop(plain(&bytes)?),
    }
    println!("{}", status("VmHWM:")?.saturating_sub(before));
    Ok(())
}

/// A field of the process's status, in bytes.
fn status(field: &str) -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status")
        .context("memory is measured where /proc is, on Linux")?;
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB"))
        .and_then(|number| number.parse::<u64>().ok())
        .with_context(|| format!("no {field}"))?;
    Ok(kib * 1024)
}
