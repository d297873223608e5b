//! Ids that are stable, and that nobody without the secret can compute or trace back.

use std::fmt;

use aws_lc_rs::hmac;
use uuid::Uuid;

use crate::model::ids::{CommunityId, Digest};

/// Derives ids and keys from a secret of the community.
#[derive(Clone)]
pub struct Pseudonyms {
    key: hmac::Key,
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms")
    }
}

impl Pseudonyms {
    /// Derives with this secret.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
        }
    }

    /// HMAC-SHA256 over the purpose and the fields, each with its length: the same for the same fields, and random to
    /// whoever does not have the secret.
    pub fn digest(&self, purpose: &str, fields: &[&[u8]]) -> Digest {
        let mut context = hmac::Context::with_key(&self.key);
        for field in std::iter::once(purpose.as_bytes()).chain(fields.iter().copied()) {
            context.update(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(field);
        }
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        Digest(digest)
    }

    /// The UUID under which the community itself appears in documents.
    pub fn community(&self, community: &CommunityId) -> Uuid {
        self.uuid("community", &[community.as_str().as_bytes()])
    }

    /// A UUID in the form of a random one (RFC 9562, version 4), so that nothing tells it from one.
    pub fn uuid(&self, purpose: &str, fields: &[&[u8]]) -> Uuid {
        let digest = self.digest(purpose, fields).0;
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(digest) {
            *to = from;
        }
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_derived_depends_on_secret_purpose_and_every_field() {
        let ours = Pseudonyms::new(&[1; 32]);
        let id = ours.uuid("a", &[b"x", b"y"]);
        assert_eq!(id, ours.uuid("a", &[b"x", b"y"]));
        assert_eq!(id.get_version_num(), 4);
        for other in [
            ours.uuid("b", &[b"x", b"y"]),
            ours.uuid("a", &[b"xy"]),
            ours.uuid("a", &[b"", b"xy"]),
            Pseudonyms::new(&[2; 32]).uuid("a", &[b"x", b"y"]),
        ] {
            assert_ne!(id, other);
        }
    }
}
