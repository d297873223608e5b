//! The chain of audit records: each holds the digest of the one before, so that none can be changed, taken out or put in
//! between without all later ones changing.

use crate::model::ids::Digest;
use crate::store::AuditRow;

/// A walk along the chain, from its first record.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
    seq: i64,
    head: Digest,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            seq: 0,
            head: Digest([0; 32]),
        }
    }
}

/// Where the chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Records are missing, or were put in.
    #[error(
        "audit record {expected} was expected, {found} found: records were taken out or put in"
    )]
    Gap {
        /// The number that comes next.
        expected: i64,
        /// The number that came.
        found: i64,
    },
    /// The record does not follow the one before it.
    #[error("audit record {0} does not follow the one before it")]
    Severed(i64),
    /// The record was changed.
    #[error("audit record {0} was changed after it was written")]
    Changed(i64),
}

impl Chain {
    /// The number of the last record; 0 before the first.
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// The digest of the last record.
    pub fn head(&self) -> Digest {
        self.head
    }

    /// Goes on to the next record. After a break the walk goes on from the record that broke it, so that one break is told
    /// once.
    pub fn follow(&mut self, row: &AuditRow) -> Result<(), Broken> {
        let expected = self.seq.saturating_add(1);
        let before = self.head;
        self.seq = row.seq.max(expected);
        self.head = row.sha256;
        if row.seq != expected {
            Err(Broken::Gap {
                expected,
                found: row.seq,
            })
        } else if row.previous_sha256 != before {
            Err(Broken::Severed(row.seq))
        } else if row.sha256 != row.digest() {
            Err(Broken::Changed(row.seq))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn rows(n: i64) -> Vec<AuditRow> {
        let mut previous = Digest([0; 32]);
        (1..=n)
            .map(|seq| {
                let mut row = AuditRow {
                    seq,
                    at: Timestamp::from_seconds(seq),
                    actor: "node".into(),
                    act: "member-added".into(),
                    subject: format!("m{seq}"),
                    previous_sha256: previous,
                    sha256: Digest([0; 32]),
                };
                row.sha256 = row.digest();
                previous = row.sha256;
                row
            })
            .collect()
    }

    fn breaks(rows: &[AuditRow]) -> Vec<Broken> {
        let mut chain = Chain::default();
        rows.iter().filter_map(|r| chain.follow(r).err()).collect()
    }

    #[test]
    fn a_whole_chain_holds() {
        assert_eq!(breaks(&rows(20)), []);
    }

    #[test]
    fn every_edit_breaks_the_chain() {
        for at in 0..5 {
            let mut edited = rows(5);
            edited[at].subject = "somebody else".into();
            assert!(
                !breaks(&edited).is_empty(),
                "editing record {at} was not found"
            );
            let mut resealed = edited.clone();
            resealed[at].sha256 = resealed[at].digest();
            // The last record of a chain that nobody else has seen can be rewritten; every other one cannot.
            assert_eq!(breaks(&resealed).is_empty(), at == 4);
            let mut shorter = rows(5);
            shorter.remove(at);
            assert_eq!(breaks(&shorter).is_empty(), at == 4);
        }
    }
}
