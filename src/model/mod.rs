//! The words of the field as types (design.md part 1). Values only: no I/O, no clock.

pub mod agreement;
pub mod decision;
pub mod ids;
pub mod invite;
pub mod item;
pub mod label;
pub mod member;
pub mod position;
pub mod roster;
pub mod signed;
pub mod submission;
pub mod words;
