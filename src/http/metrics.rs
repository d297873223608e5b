//! The node's numbers, in the Prometheus text format.
//!
//! Names begin with `sluis_`, units are base units. No label carries a member, an item or an address.

use std::fmt::Write as _;

/// The numbers of one node at one moment. What could not be read is left out: a wrong zero would be an alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Items in service.
    pub items: Option<u64>,
    /// Admitted members.
    pub members: Option<u64>,
    /// Peers whose agreement is in force.
    pub peers_in_force: Option<u64>,
    /// Links to peers that are caught up.
    pub links_live: Option<u64>,
    /// Open connections.
    pub connections: Option<u64>,
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
        for (name, about, value) in self.all() {
            if let Some(value) = value {
                let _ = write!(
                    text,
                    "# HELP {name} {about}\n# TYPE {name} gauge\n{name} {value}\n"
                );
            }
        }
        text
    }

    fn all(&self) -> [(&'static str, &'static str, Option<u64>); 5] {
        [
            ("sluis_items", "Items in service.", self.items),
            ("sluis_members", "Admitted members.", self.members),
            (
                "sluis_peers_in_force",
                "Peers whose agreement is in force.",
                self.peers_in_force,
            ),
            (
                "sluis_links_live",
                "Links to peers that are caught up.",
                self.links_live,
            ),
            ("sluis_connections", "Open connections.", self.connections),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_help_a_type_and_a_value_and_an_unknown_one_is_left_out() {
        let metrics = Metrics {
            items: Some(7),
            connections: Some(0),
            ..Metrics::default()
        };
        let text = metrics.render();
        assert!(text.contains("\nsluis_items 7\n"));
        assert!(text.contains("\nsluis_connections 0\n"));
        assert!(!text.contains("sluis_members"));
        let values = text.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(values.count(), text.matches("# TYPE ").count());
        assert!(text.lines().all(|line| line.contains("sluis_")));
    }
}
