//! `sluis audit verify`: everything that a data directory holds, checked without a running node.
//!
//! Checked are the chain of audit records, and of every item in service the origin's signature, every hop, the content
//! and the local record; of every withdrawal its signature.

use std::path::Path;

use super::identity;
use super::running::{DATABASE, ServeError};
use crate::anonymity::SourceSeal;
use crate::audit;
use crate::model::ids::{CommunityId, Digest};
use crate::model::position::Position;
use crate::provenance::{Fault, verify_held, verify_local_record, verify_withdrawal};
use crate::store::{AuditRow, LogClass, LogRow, RowState, Store};
use crate::trust::{Authority, Bundles, Keys};

/// What checking a data directory found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// How many audit records were read.
    pub records: u64,
    /// How many items and withdrawals were read.
    pub items: u64,
    /// The digest of the last audit record, hex; empty where there is no record.
    pub head: String,
    /// What is wrong, sentences; empty if nothing is. At most 1000.
    pub problems: Vec<String>,
}

/// Most problems in a report: whoever has that many needs no more.
pub(crate) const PROBLEMS_MAX: usize = 1000;
/// Rows and records read at a time.
const PAGE: usize = 500;
/// Bytes of content read at a time, but for a single larger document.
const PAGE_BYTES: usize = 16 * 1024 * 1024;

/// Checks a data directory. `progress` is told how many items were read so far.
///
/// # Errors
/// If the directory or its database cannot be read at all; what is wrong within it stands in the report.
pub async fn audit_verify(
    data: &Path,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<AuditReport, ServeError> {
    let authority = Authority::open(data)?;
    let store = Store::open(&data.join(DATABASE)).await?;
    let bundles = Bundles::new();
    authority.add_to(&bundles)?;
    for peer in store.roster().await?.peers.values() {
        if peer.is_signed_by_both() {
            bundles.set(&peer.id, &peer.ca_certificates)?;
        }
    }
    let keys = Keys::new(bundles);
    let seal = identity::source_seal(data)?;
    let mut report = AuditReport::default();
    for key in keys.restore(&store.pinned_keys().await?) {
        report.problem(format!(
            "the pinned key {key} does not read, or its community does not vouch for it"
        ));
    }
    check_records(&store, &mut report).await?;
    let mut after = Position::START;
    loop {
        let rows = store.rows_after(after, PAGE, PAGE_BYTES, true).await?;
        let Some(last) = rows.last() else { break };
        after = last.position;
        for row in &rows {
            report.items = report.items.saturating_add(1);
            if let Err(problem) = check(row, authority.community(), &keys, seal.as_ref()) {
                report.problem(format!("item {}: {problem}", row.item));
            }
        }
        progress(report.items);
    }
    store.close().await?;
    Ok(report)
}

/// Reads the chain of audit records, in order, beside a node that serves or without one.
///
/// # Errors
/// If the database cannot be read, or `each` fails.
pub async fn audit_export<E: From<ServeError>>(
    data: &Path,
    each: &mut (dyn FnMut(&AuditRow) -> Result<(), E> + Send),
) -> Result<u64, E> {
    let store = Store::open(&data.join(DATABASE)).await;
    let store = store.map_err(ServeError::from)?;
    let mut seq = 0;
    let mut count = 0_u64;
    loop {
        let rows = store.audit_after(seq, PAGE).await;
        let rows = rows.map_err(ServeError::from)?;
        let Some(last) = rows.last() else { break };
        seq = last.seq;
        for row in &rows {
            each(row)?;
            count = count.saturating_add(1);
        }
    }
    store.close().await.map_err(ServeError::from)?;
    Ok(count)
}

impl AuditReport {
    fn problem(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }
}

async fn check_records(store: &Store, report: &mut AuditReport) -> Result<(), ServeError> {
    let mut chain = audit::Chain::default();
    loop {
        let rows = store.audit_after(chain.seq(), PAGE).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            if let Err(problem) = chain.follow(row) {
                report.problem(problem.to_string());
            }
        }
    }
    report.records = u64::try_from(chain.seq()).unwrap_or_default();
    if report.records > 0 {
        report.head = chain.head().to_string();
    }
    Ok(())
}

/// Why a row does not hold.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("the row says {row}, the signed envelope {signed}")]
    OtherItem { row: String, signed: String },
    #[error("its content is missing")]
    NoContent,
    #[error("its content is not what was signed")]
    OtherContent,
    #[error(
        "the record of who submitted it does not open: node/pseudonym.key is missing, or not the one that belongs to this database"
    )]
    Sealed,
    #[error("it came from nowhere: it has neither a local record nor a supplier")]
    NoSource,
}

fn check(
    row: &LogRow,
    here: &CommunityId,
    keys: &Keys,
    seal: Option<&SourceSeal>,
) -> Result<(), Problem> {
    match &row.class {
        LogClass::Item { .. } if row.state != RowState::Live => Ok(()),
        LogClass::Item {
            envelope,
            hops,
            local,
        } => {
            let (parsed, _) = verify_held(envelope, hops, here, keys)?;
            if parsed.item != row.item || parsed.revision != row.revision {
                return Err(Problem::OtherItem {
                    row: format!("{} revision {}", row.item, row.revision),
                    signed: format!("{} revision {}", parsed.item, parsed.revision),
                });
            }
            match (local, &row.supplier) {
                (Some(local), _) => {
                    let local = match seal {
                        Some(seal) => seal.opened(row.item, local),
                        None => Some(local.clone()).filter(|l| !SourceSeal::is_sealed(l)),
                    }
                    .ok_or(Problem::Sealed)?;
                    verify_local_record(&local, envelope, keys)?;
                }
                (None, Some(_)) => {}
                (None, None) => return Err(Problem::NoSource),
            }
            let content = row.content.as_ref().ok_or(Problem::NoContent)?;
            if Digest::of(content) == parsed.content.sha256 {
                Ok(())
            } else {
                Err(Problem::OtherContent)
            }
        }
        LogClass::Withdrawal { statement, .. } => {
            verify_withdrawal(statement, keys)?;
            Ok(())
        }
        LogClass::Recall { .. } => Ok(()),
    }
}
