//! What a signature covers: the DSSE pre-authentication encoding (secure-systems-lab/dsse, protocol.md).
//!
//! ```text
//! "DSSEv1" SP len(type) SP type SP len(body) SP body
//! ```

use prost::Message;

/// What a signed record is; each has its own DSSE payload type, so that none is valid in another's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// An envelope.
    Envelope,
    /// A local record.
    LocalRecord,
    /// A hop.
    Hop,
    /// A withdrawal.
    Withdrawal,
    /// An agreement's terms.
    Agreement,
}

impl Payload {
    /// All of them.
    pub const ALL: [Payload; 5] = [
        Payload::Envelope,
        Payload::LocalRecord,
        Payload::Hop,
        Payload::Withdrawal,
        Payload::Agreement,
    ];

    /// The DSSE payload type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Payload::Envelope => "application/vnd.sluis.envelope.v1",
            Payload::LocalRecord => "application/vnd.sluis.local-record.v1",
            Payload::Hop => "application/vnd.sluis.hop.v1",
            Payload::Withdrawal => "application/vnd.sluis.withdrawal.v1",
            Payload::Agreement => "application/vnd.sluis.agreement.v1",
        }
    }

    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Payload::Envelope => "envelope",
            Payload::LocalRecord => "local record",
            Payload::Hop => "hop",
            Payload::Withdrawal => "withdrawal",
            Payload::Agreement => "agreement",
        }
    }
}

impl std::fmt::Display for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// What is signed of a body of this size, up to the body.
fn head(media_type: &str, body_bytes: usize) -> String {
    format!("DSSEv1 {} {media_type} {body_bytes} ", media_type.len())
}

/// What is signed of these bytes.
pub(super) fn of_bytes(payload: Payload, body: &[u8]) -> Vec<u8> {
    let head = head(payload.media_type(), body.len());
    let mut encoded = Vec::with_capacity(head.len().saturating_add(body.len()));
    encoded.extend_from_slice(head.as_bytes());
    encoded.extend_from_slice(body);
    encoded
}

/// What is signed of a message, and where in it the message begins: the record is a slice of what is signed and need
/// not be copied.
pub(super) fn of_message(payload: Payload, message: &impl Message) -> (Vec<u8>, usize) {
    let body_bytes = message.encoded_len();
    let head = head(payload.media_type(), body_bytes);
    let begin = head.len();
    let mut encoded = head.into_bytes();
    encoded.reserve_exact(body_bytes);
    message
        .encode(&mut encoded)
        .expect("a Vec grows by as much as a message needs");
    (encoded, begin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_that_of_the_published_vector() {
        let body = "hello world";
        let signed = head("http://example.com/HelloWorld", body.len()) + body;
        assert_eq!(
            signed,
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn a_message_is_signed_as_its_bytes_are() {
        let message = crate::wire::pb::Terms {
            no_commercial_use: true,
            no_resale: true,
        };
        for payload in Payload::ALL {
            let (encoded, begin) = of_message(payload, &message);
            let body = message.encode_to_vec();
            assert_eq!(encoded, of_bytes(payload, &body));
            assert_eq!(encoded[begin..], body);
        }
    }
}
