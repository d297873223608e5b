//! The node: its settings, its telemetry, how it is made, and how it runs.

mod audit;
pub mod backup;
pub mod config;
pub mod doctor;
mod gauges;
mod identity;
pub mod init;
mod overview;
mod running;
mod services;
pub mod telemetry;

pub use audit::{AuditReport, audit_export, audit_verify};
pub use running::{Node, ServeError, serve};
