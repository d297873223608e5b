//! Signed bytes as they are stored and sent. Whether the signature holds is known only to `provenance`.

use bytes::Bytes;

use super::ids::KeyId;

/// Bytes, an Ed25519 signature over their pre-authentication encoding, and a hint at the key. Not verified.
///
/// `Debug` shows sizes only: the bytes are content (threat 19).
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// The serialized record, opaque from the moment of signing.
    pub record: Bytes,
    /// 64 bytes.
    pub signature: Bytes,
    /// Which key is said to have signed.
    pub key: KeyId,
}

impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signed({} bytes)", self.record.len())
    }
}
