//! HTTP: the operations listener with its probes and metrics. Outlets and console have a listener of their own.

pub mod metrics;
pub mod ops;
