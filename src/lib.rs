//! Sluis: a federated, cross-sector sharing node for ISACs.
pub mod clock;
pub mod model;
pub mod policy;
pub mod wire;
