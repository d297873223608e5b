//! The sharing rules of design.md part 4.
//!
//! Three views of the same thing:
//! - a file a rule, each a story that can be read beside the sentence it tells;
//! - `peers_exhaustive` and `members_exhaustive`: `decide` against [`tables`], a second implementation that is written as
//!   the tables of design.md read and shares no code with the first, over all combinations;
//! - `monotone` and `order`: what holds for all rules together.

mod cases;
mod story;
mod tables;

mod agreement_states;
mod members_exhaustive;
mod monotone;
mod order;
mod peers_exhaustive;
mod who_may_receive;

mod before_admission;
mod ceiling_in;
mod ceiling_out;
mod commercial_use;
mod expired;
mod hop_limit;
mod kind_not_agreed;
mod label_never_leaves;
mod loops;
mod not_in_force;
mod not_member;
mod not_named;
mod onward_amber;
mod onward_not_agreed;
mod own_items;
mod person_only;
mod sector_not_agreed;
mod withdrawn;
