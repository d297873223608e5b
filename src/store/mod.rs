//! What lasts: the log of items, documents, requests, holders, members, peers, and the audit records.
//!
//! The store offers verbs of the path, no tables. Every [`Write`] takes effect whole or not at all; a batch of them
//! shares one transaction and one flush to the disk, and what [`Store::commit`] has answered survives the loss of power.
//! What the store deliberately does not do: judge, sign, read the clock, or look into signed bytes.

mod ops;
mod sqlite;

pub use ops::{
    Answer, Append, AppendItem, AuditRecord, Deliver, DeliveredItem, DeliveredKind, DocumentPart,
    DocumentState, Expect, Holder, HolderKey, InviteUse, LinkState, LogClass, LogRow, NewInvite,
    PinnedKey, Quarantined, RowState, Withdraw, Write, Written,
};
pub use sqlite::{Store, StoreError};
