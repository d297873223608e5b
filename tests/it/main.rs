//! The tests that see sluis from outside, in one binary, so that it links once. `cargo test tidy::` picks a folder.
//!
//! | folder | looks at |
//! | --- | --- |
//! | `support/` | the harness, in the words of the domain; its own `//!` explains them |
//! | `rules/` | `decide()` beside a second, plain implementation of the tables, over all combinations; a file a rule |
//! | `push/`, `feed/`, `identity/`, `federation/`, `cli/` | real nodes, real mutual TLS, real files; a file a behaviour |
//! | `anonymity/` | the source of an un-named push: in nothing that travels, in no table, told on record only |
//! | `members/`, `trust/` | membership, peering, certificates and connections, with real sockets and a clock that is set |
//! | `keep/` | backups of real nodes, and what everybody else notices when one comes back |
//! | `store.rs` | the store and the log: durable, once, in order, and gone when it is erased |
//! | `crash.rs` | a node that is killed at each fault point, then judged by code that does not share the writer's |
//! | `conformance.rs`, `documents.rs` | every document of a collection, compared with its manifest and with a second reader |
//! | `labels/` | each label planted in each place of each format, beside an extractor that shares no code with ours |
//! | `parts/` | mixed bundles taken apart, judged by a plain second implementation, and guessed ids |
//! | `bombs/` | documents and messages that are made to cost more than they weigh, under limits of memory and work |
//! | `tidy.rs` | the house: floors, forbidden words, documents, rules and reasons that nobody provokes |
//! | `../data/` | real documents, with their origin and licence |
//!
//! Tests are sentences. They wait for conditions, never for a time; nothing in them is random without a seed; a bug gets
//! its test first, beside the rule that it broke.

#[cfg(test)]
mod support;

#[cfg(test)]
mod anonymity;
#[cfg(test)]
mod bombs;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod federation;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod keep;
#[cfg(test)]
mod labels;
#[cfg(test)]
mod members;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod push;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod store;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod trust;
