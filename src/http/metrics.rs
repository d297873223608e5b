//! The numbers that the node counts, in the Prometheus text format.
//!
//! Names begin with `sluis_`, units are base units. No label carries a member, an item or an address.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that is counted or set.
#[derive(Debug, Default)]
pub struct Number(AtomicU64);

impl Number {
    /// One more.
    pub fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets the number, for what can also fall.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// The number.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What one node counts. Shared by reference; every number is independent of the others.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Items in service.
    pub items: Number,
    /// Admitted members.
    pub members: Number,
    /// Peers whose agreement is in force.
    pub peers_in_force: Number,
    /// Open connections.
    pub connections: Number,
    /// Open streams of subscribers, members and peers.
    pub streams: Number,
    /// Pushes that were accepted or revised.
    pub pushes_accepted: Number,
    /// Pushes that were refused by the rules.
    pub pushes_refused: Number,
    /// Items sent to peers.
    pub items_sent: Number,
    /// Items received from peers.
    pub items_received: Number,
    /// Deliveries put into quarantine.
    pub quarantined: Number,
}

impl Metrics {
    /// All numbers in the text format, version 0.0.4.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let _ = write!(
            text,
            "# HELP sluis_build_info The version of the program.\n\
             # TYPE sluis_build_info gauge\n\
             sluis_build_info{{version=\"{}\"}} 1\n",
            env!("CARGO_PKG_VERSION")
        );
        for (name, kind, about, number) in self.all() {
            let _ = write!(
                text,
                "# HELP {name} {about}\n# TYPE {name} {kind}\n{name} {}\n",
                number.value()
            );
        }
        text
    }

    fn all(&self) -> [(&'static str, &'static str, &'static str, &Number); 10] {
        [
            ("sluis_items", "gauge", "Items in service.", &self.items),
            ("sluis_members", "gauge", "Admitted members.", &self.members),
            (
                "sluis_peers_in_force",
                "gauge",
                "Peers whose agreement is in force.",
                &self.peers_in_force,
            ),
            (
                "sluis_connections",
                "gauge",
                "Open connections.",
                &self.connections,
            ),
            (
                "sluis_streams",
                "gauge",
                "Open streams of subscribers.",
                &self.streams,
            ),
            (
                "sluis_pushes_accepted_total",
                "counter",
                "Pushes that were accepted.",
                &self.pushes_accepted,
            ),
            (
                "sluis_pushes_refused_total",
                "counter",
                "Pushes that the rules refused.",
                &self.pushes_refused,
            ),
            (
                "sluis_items_sent_total",
                "counter",
                "Items sent to peers.",
                &self.items_sent,
            ),
            (
                "sluis_items_received_total",
                "counter",
                "Items received from peers.",
                &self.items_received,
            ),
            (
                "sluis_quarantined_total",
                "counter",
                "Deliveries put into quarantine.",
                &self.quarantined,
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_help_a_type_and_a_value() {
        let metrics = Metrics::default();
        metrics.items.set(7);
        metrics.pushes_refused.increment();
        let text = metrics.render();
        assert!(text.contains("\nsluis_items 7\n"));
        assert!(text.contains("\nsluis_pushes_refused_total 1\n"));
        let values = text.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(values.count(), text.matches("# TYPE ").count());
        assert!(text.lines().all(|line| line.contains("sluis_")));
    }
}
