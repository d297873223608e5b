//! What lasts: the log of items, documents, requests, holders, members, peers, and the audit records.
//!
//! The store offers verbs of the path, no tables. Every [`Write`] takes effect whole or not at all; a batch of them
//! shares one transaction and one flush to the disk, and what [`Store::commit`] has answered survives the loss of power.
//! What the store deliberately does not do: judge, sign, or read the clock. Into signed bytes it looks at one moment only:
//! when an item goes out of service, its envelope is cut down to a tombstone.

mod document;
mod ops;
mod quarantine;
mod sqlite;

pub use document::{Before, DocumentOfItem, DocumentPart, DocumentState};
pub use ops::{
    Answer, Append, AppendItem, AuditRecord, AuditRow, CredentialKey, Deliver, DeliveredItem,
    DeliveredKind, Expect, Fingerprint, Fingerprints, Holder, HolderKey, InviteUse, LinkState,
    LogClass, LogRow, Meeting, NewInvite, PinnedKey, Revise, RowState, Waiting, WaitingItem,
    Withdraw, Write, Written,
};
pub use quarantine::{EQUIVOCATION, QuarantineRow, Quarantined};
pub(crate) use sqlite::Committed;
pub use sqlite::{Generation, Store, StoreError};
