//! The generated `sluis.v1` messages and the way between them and the model's types.
//!
//! What comes from outside is checked here for form and bounds, once, on its way into a model type.

/// The generated messages and services of `proto/sluis/v1`.
pub mod pb {
    #![expect(
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

pub mod agreement;
pub mod envelope;
pub(crate) mod form;
pub mod hop;
pub mod local_record;
pub mod push;
pub mod withdrawal;
pub mod words;

/// A message that does not say what it must.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Malformed {
    /// The field, as the proto names it, such as `audience.communities`.
    pub field: &'static str,
    /// What is wrong with it and what it should be.
    pub problem: String,
}

impl Malformed {
    /// A malformed field.
    pub fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self {
            field,
            problem: problem.into(),
        }
    }
}
