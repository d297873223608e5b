//! The withdrawal between its bytes and its type.

use bytes::Bytes;
use prost::Message;

use super::{Malformed, form, pb, words};
use crate::model::item::Withdrawal;

/// Longest withdrawal in bytes: two item ids, a community's id of 253 and a time, with room to spare.
pub const BYTES_MAX: usize = 512;

/// The bytes that are signed.
pub fn encode(value: &Withdrawal) -> Bytes {
    message(value).encode_to_vec().into()
}

/// The message of a withdrawal.
pub(crate) fn message(withdrawal: &Withdrawal) -> pb::WithdrawalStatement {
    pb::WithdrawalStatement {
        id: withdrawal.id.to_string(),
        item: withdrawal.item.to_string(),
        origin: withdrawal.origin.as_str().to_owned(),
        reason: words::withdrawal_reason_to_pb(Some(withdrawal.reason)),
        time: Some(words::time_to_pb(withdrawal.time)),
    }
}

/// Parses; refuses what is out of bounds, unknown, or not the encoding of what was understood.
pub fn parse(bytes: &[u8]) -> Result<Withdrawal, Malformed> {
    let message: pb::WithdrawalStatement = form::record("withdrawal", bytes, BYTES_MAX)?;
    Ok(Withdrawal {
        id: form::item("id", &message.id)?,
        item: form::item("item", &message.item)?,
        origin: form::community("origin", &message.origin)?,
        reason: form::required("reason", words::withdrawal_reason(message.reason)?)?,
        time: form::required("time", words::time(message.time.as_ref())?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::ids::{CommunityId, ItemId};
    use crate::model::words::WithdrawalReason;

    fn withdrawal(reason: WithdrawalReason) -> Withdrawal {
        Withdrawal {
            id: ItemId::new(2, [2; 10]),
            item: ItemId::new(1, [1; 10]),
            origin: CommunityId::parse("energy.isac.example").unwrap(),
            reason,
            time: Timestamp::from_seconds(3600),
        }
    }

    #[test]
    fn withdrawals_go_there_and_back() {
        for reason in WithdrawalReason::ALL {
            let withdrawal = withdrawal(*reason);
            assert_eq!(parse(&encode(&withdrawal)), Ok(withdrawal));
        }
    }

    #[test]
    fn a_withdrawal_carries_nothing_else() {
        let good = encode(&withdrawal(WithdrawalReason::Other));
        let note = [good.as_ref(), &[0x32, 1, b'x']].concat();
        assert!(parse(&note).is_err());
        let no_reason = pb::WithdrawalStatement {
            reason: 0,
            ..message(&withdrawal(WithdrawalReason::Other))
        };
        assert_eq!(
            parse(&no_reason.encode_to_vec()).map_err(|m| m.field),
            Err("reason")
        );
    }
}
