//! The harness, in the words of the domain: communities that run real nodes, persons and tools that run the real command
//! line, documents in files. Nothing in it knows a rule of sharing.
//!
//! ```text
//! let f = Federation::of(&["energy", "water"]);            two `sluis serve`, each with a data directory of its own
//! f.peer("energy", "water", &["--out-ceiling", "AMBER"], &[]);
//! let meryem = f.person("energy/acme/meryem");             acme is added and admitted, meryem joined with an invite
//! let item = meryem.share(&f.markdown("A report", "…"), &["--tlp", "GREEN"]);
//! f.person("water/aqua/bram").sees(&item);                 waits, with a bound, until the feed has it
//! ```
//!
//! A node listens on any free port and keeps it over restarts. Every process belongs to the value that started it and ends
//! with it; [`shared`] federations, which outlive their tests, end with the test process. Waiting is [`until`] a condition
//! holds, and [`PATIENCE`] bounds it: it says how long a loaded machine may take, not how fast a node is.

mod command;
mod documents;
mod federation;
mod follow;
mod load;
mod node;
mod viewer;

use std::time::Duration;

pub(crate) use command::{Answer, sluis, sluis_in};
pub(crate) use documents::{bundle, indicator, misp, report};
pub(crate) use federation::{Federation, shared};
pub(crate) use follow::Follower;
pub(crate) use load::{Acknowledged, Load};
pub(crate) use node::Node;
pub(crate) use viewer::Viewer;

/// Longest wait for a condition. Tests share few cores with other builds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until a condition yields something. Fails the test with its name when it takes too long.
pub(crate) fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let began = now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "waited {PATIENCE:?} in vain until {what}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until a condition holds.
pub(crate) fn until_true(what: &str, mut condition: impl FnMut() -> bool) {
    until(what, || condition().then_some(()));
}

/// The time that bounds waiting: of the test, not of what it tests.
#[expect(
    clippy::disallowed_methods,
    reason = "a test's patience is real time, and nothing that is simulated depends on it"
)]
pub(crate) fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// A text of a JSON object; empty where it is absent or null.
pub(crate) fn text<'a>(object: &'a serde_json::Value, key: &str) -> &'a str {
    object.get(key).and_then(|v| v.as_str()).unwrap_or_default()
}

/// A list of a JSON object; empty where it is absent.
pub(crate) fn list<'a>(object: &'a serde_json::Value, key: &str) -> &'a [serde_json::Value] {
    object
        .get(key)
        .and_then(|v| v.as_array())
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// The keys of a JSON object, sorted.
pub(crate) fn keys(object: &serde_json::Value) -> std::collections::BTreeSet<String> {
    object
        .as_object()
        .map(|o| o.keys().cloned().collect())
        .unwrap_or_default()
}
