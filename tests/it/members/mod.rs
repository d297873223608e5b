//! Membership, peering and the operators' service over a real store, a real CA and, between two nodes, real mTLS.

mod api;
mod house;
mod membership;
mod peering;
