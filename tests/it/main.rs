//! The tests that see sluis from outside, in one binary, so that it links once. `cargo test tidy::` picks a folder.
//!
//! | folder | looks at |
//! | --- | --- |
//! | `support/` | the harness, in the words of the domain; its own `//!` explains them |
//! | `rules/` | `decide()` beside a second, plain implementation of the tables, over all combinations; a file a rule |
//! | `push/`, `feed/`, `identity/`, `federation/`, `cli/` | real nodes, real mutual TLS, real files; a file a behaviour |
//! | `members/`, `trust/` | membership, peering, certificates and connections, with real sockets and a clock that is set |
//! | `crash.rs` | a node that is killed at each fault point, then judged by code that does not share the writer's |
//! | `conformance.rs` | every document of a collection, read and compared with what its manifest says of it |
//! | `tidy.rs` | the house: floors, forbidden words, documents, rules and reasons that nobody provokes |
//! | `../data/` | real documents, with their origin and licence |
//!
//! Tests are sentences. They wait for conditions, never for a time; nothing in them is random without a seed; a bug gets
//! its test first, beside the rule that it broke.

#[cfg(test)]
mod support;

#[cfg(test)]
mod cli;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod federation;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod members;
#[cfg(test)]
mod push;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod trust;
