//! The keys of `sluis.toml`: their names, what they mean, and what holds where they are absent.

/// One key.
pub(super) struct Key {
    /// Its name in the file; in the environment it is `SLUIS_` and the name in capitals.
    pub(super) name: &'static str,
    /// What holds where nothing is said; `None`: the key may be absent, or must be given.
    pub(super) default: Option<&'static str>,
    /// What it means, one comment line each.
    pub(super) about: &'static [&'static str],
}

/// All keys, in the order in which they are written and shown.
pub(super) const KEYS: &[Key] = &[
    Key {
        name: "community",
        default: None,
        about: &[
            "The community's id. It is also its SPIFFE trust domain and stands in every certificate: never change it.",
        ],
    },
    Key {
        name: "name",
        default: None,
        about: &["The community's name for people."],
    },
    Key {
        name: "sector",
        default: None,
        about: &[
            "The community's sector: what an item concerns where its submitter names no sector.",
        ],
    },
    Key {
        name: "listen",
        default: Some("0.0.0.0:7443"),
        about: &[
            "Where members, tools, operators and peers connect (gRPC, mutual TLS). Port 0: any free port.",
        ],
    },
    Key {
        name: "https",
        default: Some("0.0.0.0:7444"),
        about: &["The HTTPS port, kept for TAXII and the web console."],
    },
    Key {
        name: "ops",
        default: Some("127.0.0.1:7445"),
        about: &["Probes (/livez, /readyz) and /metrics, plain HTTP. A loopback address only."],
    },
    Key {
        name: "advertise",
        default: None,
        about: &[
            "HOST:PORT at which others reach this node; it stands in invites and agreements.",
            "Without it: the address that the node listens on, which helps on this machine only.",
        ],
    },
    Key {
        name: "endorsements_required",
        default: Some("2"),
        about: &[
            "How many admitted members must endorse a candidate. Counted once that many members are admitted.",
        ],
    },
    Key {
        name: "newcomer_history",
        default: Some("GREEN"),
        about: &["The strictest label that a new member sees of items from before its admission."],
    },
    Key {
        name: "default_label",
        default: None,
        about: &[
            "The label of a push that neither declares one nor has a marking. Without it such a push is refused.",
        ],
    },
    Key {
        name: "validation",
        default: Some("lenient"),
        about: &[
            "What happens to a document that breaks a MUST of its format. What breaks its structure is always refused;",
            "for the other rules, lenient: taken, and the submitter is told; strict: refused.",
        ],
    },
    Key {
        name: "document_bytes_max",
        default: Some("16 MiB"),
        about: &["The largest document that is taken, decompressed. At most 16 MiB."],
    },
    Key {
        name: "person_certificate_hours",
        default: Some("168"),
        about: &[
            "How long the certificates of persons, tools and operators live. They renew by themselves.",
        ],
    },
    Key {
        name: "node_certificate_hours",
        default: Some("24"),
        about: &["How long the node's own certificate lives. It renews by itself."],
    },
    Key {
        name: "log_format",
        default: Some("text"),
        about: &["How the node writes its log to standard error: text or json."],
    },
];

/// Variables that begin with `SLUIS_` and are no keys of the file.
pub(super) const VARIABLES: &[&str] =
    &["SLUIS_HOME", "SLUIS_DATA_DIR", "SLUIS_PROFILE", "SLUIS_LOG"];

/// The environment's name of a key.
pub(super) fn variable(key: &str) -> String {
    format!("SLUIS_{}", key.to_ascii_uppercase())
}

/// The candidate that is most like the given text, if one is like it at all.
pub(super) fn nearest<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(text, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3).min(DISTANCE_MAX))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The number of characters to insert, remove or replace between two texts.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i.saturating_add(1)];
        for ((to, above), above_left) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or(usize::MAX);
            let replaced = above_left.saturating_add(usize::from(from != *to));
            next.push(
                replaced
                    .min(above.saturating_add(1))
                    .min(left.saturating_add(1)),
            );
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// More differences than this are another word, not a slip of the hand.
const DISTANCE_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_finds_its_word_and_another_word_finds_none() {
        let names = || KEYS.iter().map(|key| key.name);
        assert_eq!(nearest("lissten", names()), Some("listen"));
        assert_eq!(
            nearest("endorsement_required", names()),
            Some("endorsements_required")
        );
        assert_eq!(nearest("comunity", names()), Some("community"));
        assert_eq!(nearest("database_url", names()), None);
    }
}
