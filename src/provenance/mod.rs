//! Who said what: signatures over exact bytes, and the way of an item from hop to hop. Pure.
//!
//! ```text
//! origin ── envelope, hop 1 (previous: none) ──▶ first peer ── hop 2 (previous: hop 1) ──▶ … ── hop n ──▶ here
//! ```
//!
//! - A signature covers the DSSE pre-authentication encoding of a record and of what the record is ([`Payload`]), so
//!   that no record is valid in another's place.
//! - What is verified is what is parsed: every function here takes the bytes, verifies them, and only then reads them.
//! - A key speaks for the community of its certificate and for no other, whatever a record says ([`Keyring`]).
//! - [`VerifiedItem`] can only be made by [`verify_item`].
//!
//! What it does not do: it knows no certificates and no times of validity (that is `trust`), and it does not judge who
//! may receive an item (that is `policy`); it refuses only what no honest supplier could have sent.

mod fault;
mod key;
mod pae;
mod verify;

pub use fault::{Blame, Fault};
pub use key::{InvalidKey, Keyring, SigningKey, VerifyingKey, key_id_of};
pub use pae::Payload;
pub use verify::{
    VerifiedItem, hop, path_of, verify_envelope, verify_held, verify_item, verify_local_record,
    verify_terms, verify_withdrawal,
};

#[cfg(test)]
mod tests;
