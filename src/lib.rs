//! Sluis: a federated, cross-sector sharing node for ISACs. Each item goes exactly as far as its source allowed.
//!
//! ```text
//! person or tool ─push─▶ intake ─▶ markings ─▶ partition ─▶ sign ─▶ log (durable) ─▶ feed ─▶ gate ─▶ peer's node
//!                        authn      what the    one item     origin   one commit,      per     policy    verify, store,
//!                        limits     content     per label    node's   then the ack     viewer  decides   its own feed
//!                                   says                     key
//! ```
//!
//! The modules below stand in reading order, and **each uses only what is declared before it**. The ground and first
//! floors are pure: functions of values, without I/O, clock or database. Whether an item may go is judged in [`policy`]
//! and nowhere else; [`gate`] reads the label once more from the very bytes that leave.
//!
//! `design.md` beside this file is the contract, and `threats.md` numbers the threats and invariants that the comments name.
//!
//! A short tour: [`model::label`], [`model::decision`], [`policy`] beside `tests/it/rules`; then one push:
//! `api/sharing.rs` → [`intake`] → [`log`] → [`feed`] → [`gate`] → [`federation::supplier`] → (the other node)
//! [`federation::follower`] → [`provenance`] → [`client`].

// ── Ground floor: words. Pure. ──────────────────────────────────────────────────────────────────────────────────────

pub mod clock;
pub mod fault;
pub mod model;
pub mod wire;

// ── First floor: rules. Pure. ───────────────────────────────────────────────────────────────────────────────────────

pub mod formats;
pub mod markings;
pub mod anonymity;
pub mod partition;
pub mod inspect;
pub mod provenance;
pub mod policy;

// ── Second floor: what lasts. ───────────────────────────────────────────────────────────────────────────────────────

pub mod tasks;
pub mod store;
pub mod log;
pub mod trust;
pub mod client;
pub mod audit;

// ── Third floor: the path, in order. ────────────────────────────────────────────────────────────────────────────────

pub mod membership;
pub mod peering;
pub mod intake;
pub mod feed;
pub mod gate;
pub mod federation;
pub mod overview;

// ── Doors. ──────────────────────────────────────────────────────────────────────────────────────────────────────────

pub mod api;
pub mod http;

// ── Roof. ───────────────────────────────────────────────────────────────────────────────────────────────────────────

pub mod node;
pub mod cli;
