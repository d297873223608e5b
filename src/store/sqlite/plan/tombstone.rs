//! What is left of an item that goes out of service.

use bytes::Bytes;

use crate::model::signed::Signed;
use crate::store::sqlite::rows::{Remains, inconsistent};
use crate::store::{LogClass, LogRow, RowState, StoreError};
use crate::wire;

/// Cuts an item's row down to its tombstone.
pub(super) fn out_of_service(row: &mut LogRow, state: RowState) -> Result<Remains, StoreError> {
    let LogClass::Item {
        envelope,
        hops,
        local,
    } = &mut row.class
    else {
        return Err(inconsistent("log", "class", &row.position.0));
    };
    let parsed = wire::envelope::parse(&envelope.record)
        .map_err(|_| inconsistent("log", "signed", &row.position.0))?;
    let tombstone = wire::envelope::tombstone(&parsed);
    *envelope = Signed {
        record: tombstone.clone(),
        signature: Bytes::new(),
        key: envelope.key,
    };
    row.state = state;
    row.content = None;
    Ok(Remains {
        tombstone,
        hops: hops.clone(),
        local: local.clone(),
        recorded: row.recorded,
    })
}
