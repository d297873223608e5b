//! The generated `sluis.v1` messages and the way between them and the model's types.
//!
//! What comes from outside is checked here for form and bounds, once, on its way into a model type.

/// The generated messages and services of `proto/sluis/v1`.
pub mod pb {
    #![expect(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::as_conversions,
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason,
        reason = "generated from proto/sluis/v1, where everything is commented"
    )]
    tonic::include_proto!("sluis.v1");

    /// The descriptors of all messages and services, for reflection.
    pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sluis.v1.bin"));
}
