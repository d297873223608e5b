//! What all parts need: nodes to measure, the bare mechanisms to compare with, time, and the line that is printed.

pub(crate) mod bare;
pub(crate) mod documents;
pub(crate) mod site;

use std::time::{Duration, Instant};

/// So many items, scaled by `SLUIS_BENCH_ITEMS` in per cent.
#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark has no settings but this one"
)]
pub(crate) fn items(most: usize) -> usize {
    let percent = std::env::var("SLUIS_BENCH_ITEMS")
        .ok()
        .and_then(|text| text.parse::<usize>().ok())
        .unwrap_or(100);
    (most.saturating_mul(percent) / 100).max(64)
}

/// The time that durations are measured by.
#[expect(
    clippy::disallowed_methods,
    reason = "measuring is about this machine's time and no other"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// So many a second.
pub(crate) fn rate(count: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took.as_secs_f64()
}

/// A rate beside its limit.
#[expect(
    clippy::print_stdout,
    reason = "what a benchmark says, it says to the terminal"
)]
pub(crate) fn print_rate(what: &str, unit: &str, rate: f64, limit: &str, limit_rate: f64) {
    println!(
        "{what:<44} {rate:>9.0} {unit:<13} ratio {:>5.2} of {limit_rate:>9.0} ({limit})",
        rate / limit_rate
    );
}

/// Latencies beside their limit: p50 and p99.
#[expect(
    clippy::print_stdout,
    reason = "what a benchmark says, it says to the terminal"
)]
pub(crate) fn print_latency(
    what: &str,
    took: &mut [Duration],
    limit: &str,
    limits: &mut [Duration],
) {
    for percent in [50, 99] {
        let (ours, bare) = (percentile(took, percent), percentile(limits, percent));
        println!(
            "{:<44} {:>9.2} {:<13} ratio {:>5.2} of {:>9.2} ({limit})",
            format!("{what}, p{percent}"),
            ours.as_secs_f64() * 1e3,
            "ms",
            ours.as_secs_f64() / bare.as_secs_f64(),
            bare.as_secs_f64() * 1e3,
        );
    }
}

fn percentile(samples: &mut [Duration], percent: usize) -> Duration {
    samples.sort_unstable();
    let at = (samples.len().saturating_sub(1)) * percent / 100;
    samples.get(at).copied().unwrap_or_default()
}
