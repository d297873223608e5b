//! Reading: what a viewer sees, in which order, from where on, and what nothing tells him.

mod cursors;
mod follow;
mod hidden;
mod newcomer;
mod order;
mod submitter;
