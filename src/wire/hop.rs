//! The hop between its bytes and its type.

use bytes::Bytes;
use prost::Message;

use super::{Malformed, form, pb, words};
use crate::model::item::Hop;

/// Longest hop statement in bytes: two ids of 253, two digests, an item and a time, with room to spare.
pub const BYTES_MAX: usize = 1024;

/// The bytes that are signed.
pub fn encode(value: &Hop) -> Bytes {
    message(value).encode_to_vec().into()
}

/// The message of a hop.
pub(crate) fn message(hop: &Hop) -> pb::HopStatement {
    pb::HopStatement {
        item: hop.item.to_string(),
        revision: hop.revision,
        envelope_sha256: Bytes::copy_from_slice(&hop.envelope_sha256.0),
        from: hop.from.as_str().to_owned(),
        to: hop.to.as_str().to_owned(),
        time: Some(words::time_to_pb(hop.time)),
        previous_sha256: hop
            .previous
            .map(|digest| Bytes::copy_from_slice(&digest.0))
            .unwrap_or_default(),
    }
}

/// Parses; refuses what is out of bounds, unknown, or not the encoding of what was understood.
pub fn parse(bytes: &[u8]) -> Result<Hop, Malformed> {
    let message: pb::HopStatement = form::record("hop", bytes, BYTES_MAX)?;
    let previous = if message.previous_sha256.is_empty() {
        None
    } else {
        Some(form::digest("previous_sha256", &message.previous_sha256)?)
    };
    Ok(Hop {
        item: form::item("item", &message.item)?,
        revision: form::from_one("revision", message.revision)?,
        envelope_sha256: form::digest("envelope_sha256", &message.envelope_sha256)?,
        from: form::community("from", &message.from)?,
        to: form::community("to", &message.to)?,
        time: form::required("time", words::time(message.time.as_ref())?)?,
        previous,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::ids::{CommunityId, Digest, ItemId};

    fn first() -> Hop {
        Hop {
            item: ItemId::new(1, [1; 10]),
            revision: 1,
            envelope_sha256: Digest([2; 32]),
            from: CommunityId::parse("energy.isac.example").unwrap(),
            to: CommunityId::parse("water.isac.example").unwrap(),
            time: Timestamp::from_micros(1),
            previous: None,
        }
    }

    #[test]
    fn hops_go_there_and_back() {
        let second = Hop {
            previous: Some(Digest([3; 32])),
            ..first()
        };
        for hop in [first(), second] {
            assert_eq!(parse(&encode(&hop)), Ok(hop));
        }
    }

    #[test]
    fn a_hop_that_lacks_something_is_refused_by_name() {
        let with = |change: &dyn Fn(&mut pb::HopStatement)| {
            let mut changed = message(&first());
            change(&mut changed);
            parse(&changed.encode_to_vec()).map_err(|m| m.field)
        };
        assert_eq!(with(&|h| h.item.clear()), Err("item"));
        assert_eq!(with(&|h| h.revision = 0), Err("revision"));
        assert_eq!(
            with(&|h| h.envelope_sha256.truncate(31)),
            Err("envelope_sha256")
        );
        assert_eq!(with(&|h| h.from.clear()), Err("from"));
        assert_eq!(with(&|h| h.to = "*".to_owned()), Err("to"));
        assert_eq!(with(&|h| h.time = None), Err("time"));
        assert_eq!(
            with(&|h| h.previous_sha256 = Bytes::from_static(&[0; 31])),
            Err("previous_sha256")
        );
        assert!(parse(&[encode(&first()).as_ref(), &[0x40, 1]].concat()).is_err());
    }
}
