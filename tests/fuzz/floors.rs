//! The pure floors of the crate, as `src/lib.rs` declares them, and nothing above: what a fuzzed byte can reach.
//!
//! That this compiles is a check of its own: the floors below need no database, no socket and no task.

#![allow(dead_code, reason = "what only the floors above call")]

#[path = "../../src/clock.rs"]
pub mod clock;
#[path = "../../src/fault.rs"]
pub mod fault;
#[path = "../../src/model/mod.rs"]
pub mod model;
#[path = "../../src/wire/mod.rs"]
pub mod wire;
#[path = "../../src/formats/mod.rs"]
pub mod formats;
#[path = "../../src/markings/mod.rs"]
pub mod markings;
#[path = "../../src/anonymity/mod.rs"]
pub mod anonymity;
#[path = "../../src/partition/mod.rs"]
pub mod partition;
#[path = "../../src/inspect.rs"]
pub mod inspect;
#[path = "../../src/provenance/mod.rs"]
pub mod provenance;
