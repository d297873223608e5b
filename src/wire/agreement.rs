//! An agreement's terms between their bytes and their type.

use bytes::Bytes;
use prost::Message;

use super::{Malformed, form, pb, words};
use crate::clock::Timestamp;
use crate::model::agreement::{Side, Terms, Wishes};
use crate::model::item::Envelope;
use crate::model::words::Kind;

/// Longest terms in bytes: 32 sectors, two ids of 253, all kinds and two times, with room to spare.
pub const BYTES_MAX: usize = 8 * 1024;

/// The bytes that both sides sign.
pub fn encode(terms: &Terms) -> Bytes {
    let message = pb::AgreementTerms {
        agreement: terms.agreement.to_string(),
        version: terms.version,
        inviter: Some(side_to_pb(&terms.inviter)),
        accepter: Some(side_to_pb(&terms.accepter)),
        kinds: kinds_to_pb(&terms.kinds),
        sectors: terms.sectors.clone(),
        from: terms.from.map(words::time_to_pb),
        until: terms.until.map(words::time_to_pb),
    };
    message.encode_to_vec().into()
}

/// Parses; refuses what is out of bounds, unknown, or not the encoding of what was understood.
pub fn parse(bytes: &[u8]) -> Result<Terms, Malformed> {
    let message: pb::AgreementTerms = form::record("terms", bytes, BYTES_MAX)?;
    let inviter = side(
        "inviter.community",
        form::required("inviter", message.inviter.as_ref())?,
    )?;
    let accepter = side(
        "accepter.community",
        form::required("accepter", message.accepter.as_ref())?,
    )?;
    if inviter.community == accepter.community {
        return Err(Malformed::new(
            "accepter.community",
            "is the inviter; an agreement has two sides",
        ));
    }
    sectors_bound(&message.sectors)?;
    let from = words::time(message.from.as_ref())?;
    let until = words::time(message.until.as_ref())?;
    period(from, until)?;
    Ok(Terms {
        agreement: form::item("agreement", &message.agreement)?,
        version: form::from_one("version", message.version)?,
        inviter,
        accepter,
        kinds: kinds(&message.kinds)?,
        sectors: message.sectors,
        from,
        until,
    })
}

/// An operator's wishes. Parts of a microsecond in its times are dropped.
pub fn wishes(wishes: &pb::AgreementWishes) -> Result<Wishes, Malformed> {
    sectors_bound(&wishes.sectors)?;
    let from = words::request_time(wishes.from.as_ref())?;
    let until = words::request_time(wishes.until.as_ref())?;
    period(from, until)?;
    Ok(Wishes {
        out_ceiling: words::label(wishes.out_ceiling)?,
        in_ceiling: words::label(wishes.in_ceiling)?,
        onward: wishes.onward,
        kinds: kinds(&wishes.kinds)?,
        sectors: wishes.sectors.clone(),
        commercial: wishes.commercial,
        from,
        until,
    })
}

/// The same back.
pub fn wishes_to_pb(wishes: &Wishes) -> pb::AgreementWishes {
    pb::AgreementWishes {
        out_ceiling: words::label_to_pb(wishes.out_ceiling),
        in_ceiling: words::label_to_pb(wishes.in_ceiling),
        onward: wishes.onward,
        kinds: kinds_to_pb(&wishes.kinds),
        sectors: wishes.sectors.clone(),
        commercial: wishes.commercial,
        from: wishes.from.map(words::time_to_pb),
        until: wishes.until.map(words::time_to_pb),
    }
}

fn side_to_pb(side: &Side) -> pb::AgreementSide {
    pb::AgreementSide {
        community: side.community.as_str().to_owned(),
        out_ceiling: words::label_to_pb(Some(side.out_ceiling)),
        in_ceiling: words::label_to_pb(Some(side.in_ceiling)),
        onward: side.onward,
        commercial: side.commercial,
    }
}

fn side(field: &'static str, side: &pb::AgreementSide) -> Result<Side, Malformed> {
    Ok(Side {
        community: form::community(field, &side.community)?,
        out_ceiling: form::required("out_ceiling", words::label(side.out_ceiling)?)?,
        in_ceiling: form::required("in_ceiling", words::label(side.in_ceiling)?)?,
        onward: side.onward,
        commercial: side.commercial,
    })
}

fn kinds_to_pb(kinds: &[Kind]) -> Vec<i32> {
    kinds
        .iter()
        .map(|kind| words::kind_to_pb(Some(*kind)))
        .collect()
}

pub(super) fn kinds(numbers: &[i32]) -> Result<Vec<Kind>, Malformed> {
    form::count("kinds", numbers.len(), Kind::ALL.len())?;
    numbers
        .iter()
        .map(|n| form::required("kinds", words::kind(*n)?))
        .collect()
}

fn sectors_bound(sectors: &[String]) -> Result<(), Malformed> {
    form::words(
        "sectors",
        sectors,
        Envelope::SECTORS_MAX,
        Envelope::SECTOR_BYTES_MAX,
    )
}

fn period(from: Option<Timestamp>, until: Option<Timestamp>) -> Result<(), Malformed> {
    match (from, until) {
        (Some(from), Some(until)) if until <= from => Err(Malformed::new(
            "until",
            "is not after from, so that the agreement would never hold",
        )),
        (_, _) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::{CommunityId, ItemId};
    use crate::model::label::Label;

    fn terms() -> Terms {
        let side = |id: &str, onward| Side {
            community: CommunityId::parse(id).unwrap(),
            out_ceiling: Label::Amber,
            in_ceiling: Label::Green,
            onward,
            commercial: !onward,
        };
        Terms {
            agreement: ItemId::new(1_700_000_000_000, [9; 10]),
            version: 3,
            inviter: side("energy.isac.example", true),
            accepter: side("water.isac.example", false),
            kinds: vec![Kind::Report, Kind::Alert],
            sectors: vec!["energy".to_owned()],
            from: Some(Timestamp::from_seconds(10)),
            until: Some(Timestamp::from_seconds(20)),
        }
    }

    #[test]
    fn terms_go_there_and_back() {
        let terms = terms();
        assert_eq!(parse(&encode(&terms)), Ok(terms));
    }

    #[test]
    fn terms_that_cannot_hold_are_refused() {
        let with = |change: &dyn Fn(&mut Terms)| {
            let mut terms = terms();
            change(&mut terms);
            parse(&encode(&terms)).map_err(|m| m.field)
        };
        assert_eq!(
            with(&|t| t.accepter.community = t.inviter.community.clone()),
            Err("accepter.community")
        );
        assert_eq!(with(&|t| t.until = t.from), Err("until"));
        assert_eq!(with(&|t| t.version = 0), Err("version"));
        assert_eq!(with(&|t| t.kinds = vec![Kind::Report; 12]), Err("kinds"));
        assert_eq!(
            with(&|t| t.sectors = vec!["a\u{202e}b".to_owned()]),
            Err("sectors")
        );
        assert_eq!(with(&|t| t.sectors = vec![String::new()]), Err("sectors"));
    }

    #[test]
    fn a_field_of_a_later_version_is_not_overlooked() {
        let mut bytes = encode(&terms()).to_vec();
        bytes.extend([0x78, 0x01]);
        assert_eq!(parse(&bytes).map_err(|m| m.field), Err("terms"));
    }

    #[test]
    fn wishes_go_there_and_back() {
        let wished = Wishes {
            out_ceiling: Some(Label::Amber),
            onward: Some(false),
            kinds: vec![Kind::Advisory],
            commercial: true,
            until: Some(Timestamp::from_seconds(9)),
            ..Wishes::default()
        };
        assert_eq!(wishes(&wishes_to_pb(&wished)), Ok(wished));
        assert_eq!(
            wishes(&wishes_to_pb(&Wishes::default())),
            Ok(Wishes::default())
        );
    }
}
