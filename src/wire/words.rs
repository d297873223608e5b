//! The closed vocabularies between their numbers and their types. A number that is not in the vocabulary is malformed;
//! `…_UNSPECIFIED` is `None`.

use bytes::Bytes;

use super::{Malformed, form, pb};
use crate::clock::Timestamp;
use crate::model::agreement::PeerState;
use crate::model::decision::Rule;
use crate::model::ids::KeyId;
use crate::model::label::Label;
use crate::model::signed::Signed;
use crate::model::words::{
    Attribution, Credibility, Kind, Pap, Reliability, Severity, Urgency, WithdrawalReason,
};

/// Writes the way from a number to a word and back. Both directions come from one list, and the compiler checks that
/// the list is complete for the type and for the message.
macro_rules! words {
    ($($(#[$doc:meta])* $read:ident, $write:ident: $word:ident {
        $($variant:ident = $number:ident),+ $(,)?
    })+) => {$(
        $(#[$doc])*
        ///
        /// `None` is `…_UNSPECIFIED`. Fails on a number that is not in the vocabulary.
        pub fn $read(n: i32) -> Result<Option<$word>, Malformed> {
            match pb::$word::try_from(n) {
                Ok(pb::$word::Unspecified) => Ok(None),
                $(Ok(pb::$word::$number) => Ok(Some($word::$variant)),)+
                Err(_) => Err(Malformed::new(
                    stringify!($read),
                    format!("{n} is not a number that this version knows"),
                )),
            }
        }

        /// The same back; `None` is `…_UNSPECIFIED`.
        pub fn $write(word: Option<$word>) -> i32 {
            let number = match word {
                None => pb::$word::Unspecified,
                $(Some($word::$variant) => pb::$word::$number,)+
            };
            number.into()
        }
    )+};
}

words! {
    /// A label.
    label, label_to_pb: Label {
        Clear = Clear,
        Green = Green,
        Amber = Amber,
        AmberStrict = AmberStrict,
        Red = Red,
    }
    /// A kind.
    kind, kind_to_pb: Kind {
        Indicators = Indicators,
        Report = Report,
        Advisory = Advisory,
        Alert = Alert,
        Rfi = Rfi,
        Answer = Answer,
        Minutes = Minutes,
        Agenda = Agenda,
        Decision = Decision,
        Notice = Notice,
        Withdrawal = Withdrawal,
    }
    /// An attribution.
    attribution, attribution_to_pb: Attribution {
        Named = Named,
        Community = Community,
        Anonymous = Anonymous,
    }
    /// A word of the Permissible Actions Protocol.
    pap, pap_to_pb: Pap {
        Clear = Clear,
        Green = Green,
        Amber = Amber,
        Red = Red,
    }
    /// A severity.
    severity, severity_to_pb: Severity {
        Low = Low,
        Medium = Medium,
        High = High,
        Critical = Critical,
    }
    /// An urgency.
    urgency, urgency_to_pb: Urgency {
        Routine = Routine,
        Priority = Priority,
        Immediate = Immediate,
    }
    /// A reliability.
    reliability, reliability_to_pb: Reliability {
        A = A,
        B = B,
        C = C,
        D = D,
        E = E,
        F = F,
    }
    /// A credibility.
    credibility, credibility_to_pb: Credibility {
        One = Credibility1,
        Two = Credibility2,
        Three = Credibility3,
        Four = Credibility4,
        Five = Credibility5,
        Six = Credibility6,
    }
    /// A class of reason for a withdrawal.
    withdrawal_reason, withdrawal_reason_to_pb: WithdrawalReason {
        Error = Error,
        FalsePositive = FalsePositive,
        Outdated = Outdated,
        TooWide = TooWide,
        Other = Other,
    }
    /// A rule; `None` where the decision is to permit.
    rule, rule_to_pb: Rule {
        NotInForce = NotInForce,
        NotMember = NotMember,
        Withdrawn = Withdrawn,
        Expired = Expired,
        LabelNeverLeaves = LabelNeverLeaves,
        OnwardAmber = OnwardAmber,
        NotNamed = NotNamed,
        PersonOnly = PersonOnly,
        BeforeAdmission = BeforeAdmission,
        CeilingOut = CeilingOut,
        CeilingIn = CeilingIn,
        Loop = Loop,
        OnwardNotAgreed = OnwardNotAgreed,
        HopLimit = HopLimit,
        KindNotAgreed = KindNotAgreed,
        SectorNotAgreed = SectorNotAgreed,
        CommercialUse = CommercialUse,
    }
    /// A peer's state.
    peer_state, optional_peer_state_to_pb: PeerState {
        Proposed = Proposed,
        Accepted = Accepted,
        InForce = InForce,
        Suspended = Suspended,
        Ended = Ended,
    }
}

/// A peer's state; there always is one.
pub fn peer_state_to_pb(state: PeerState) -> i32 {
    optional_peer_state_to_pb(Some(state))
}

/// 0001-01-01T00:00:00Z in seconds since 1970: before it RFC 3339 has no way to say a time.
const SECONDS_MIN: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z likewise.
const SECONDS_MAX: i64 = 253_402_300_799;
/// Nanoseconds in a microsecond, the finest time that the model has.
const NANOS_PER_MICRO: i32 = 1_000;
const NANOS_PER_SECOND: i32 = 1_000_000_000;

/// A time; `None` where the message has none. Refuses times outside the years 0001 to 9999 and parts of a microsecond:
/// in a signed record every time has one form.
pub fn time(t: Option<&prost_types::Timestamp>) -> Result<Option<Timestamp>, Malformed> {
    let Some(t) = t else {
        return Ok(None);
    };
    if t.nanos.rem_euclid(NANOS_PER_MICRO) != 0 {
        return Err(Malformed::new(
            "time",
            "has parts of a microsecond; whole microseconds are taken",
        ));
    }
    request_time(Some(t))
}

/// A time in a request, which need not be exact: parts of a microsecond are dropped. Otherwise as [`time`].
pub fn request_time(t: Option<&prost_types::Timestamp>) -> Result<Option<Timestamp>, Malformed> {
    let Some(t) = t else {
        return Ok(None);
    };
    let in_years = (SECONDS_MIN..=SECONDS_MAX).contains(&t.seconds);
    if !in_years || !(0..NANOS_PER_SECOND).contains(&t.nanos) {
        return Err(Malformed::new(
            "time",
            "is outside the years 0001 to 9999, or its nanoseconds are outside a second",
        ));
    }
    let micros = t
        .seconds
        .saturating_mul(Timestamp::SECOND)
        .saturating_add(i64::from(t.nanos.div_euclid(NANOS_PER_MICRO)));
    Ok(Some(Timestamp::from_micros(micros)))
}

/// The same back.
pub fn time_to_pb(t: Timestamp) -> prost_types::Timestamp {
    let micros = t.micros().rem_euclid(Timestamp::SECOND);
    prost_types::Timestamp {
        seconds: t.seconds(),
        nanos: i32::try_from(micros)
            .expect("the remainder of a division by a million fits 32 bits")
            .saturating_mul(NANOS_PER_MICRO),
    }
}

/// An Ed25519 signature in bytes.
const SIGNATURE_BYTES: usize = 64;

/// A signed record, without a copy; the signature must have 64 bytes and the key id 32.
pub fn signed(r: Option<&pb::SignedRecord>) -> Result<Signed, Malformed> {
    let r = form::required("signed record", r)?;
    if r.record.is_empty() {
        return Err(Malformed::new("record", "is empty"));
    }
    if r.signature.len() != SIGNATURE_BYTES {
        let size = r.signature.len();
        return Err(Malformed::new(
            "signature",
            format!("has {size} bytes; an Ed25519 signature has {SIGNATURE_BYTES}"),
        ));
    }
    Ok(Signed {
        record: r.record.clone(),
        signature: r.signature.clone(),
        key: KeyId(form::digest("key_id", &r.key_id)?),
    })
}

/// The same back, without a copy.
pub fn signed_to_pb(s: &Signed) -> pb::SignedRecord {
    pb::SignedRecord {
        record: s.record.clone(),
        signature: s.signature.clone(),
        key_id: Bytes::copy_from_slice(&s.key.0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_types::Timestamp as PbTime;

    /// Every word goes there and back, and the first number after the last word is no word.
    macro_rules! goes_round {
        ($all:expr, $read:ident, $write:ident) => {
            for word in $all.iter().copied() {
                assert_eq!($read($write(Some(word))), Ok(Some(word)));
            }
            assert_eq!($read(0), Ok(None));
            assert_eq!($write(None), 0);
            let after = i32::try_from($all.len()).unwrap() + 1;
            assert!($read(after).is_err());
            assert!($read(-1).is_err());
            assert!($read(i32::MIN).is_err());
        };
    }

    #[test]
    fn words_go_there_and_back_and_unknown_numbers_are_refused() {
        goes_round!(Label::ALL, label, label_to_pb);
        goes_round!(Kind::ALL, kind, kind_to_pb);
        goes_round!(Attribution::ALL, attribution, attribution_to_pb);
        goes_round!(Pap::ALL, pap, pap_to_pb);
        goes_round!(Severity::ALL, severity, severity_to_pb);
        goes_round!(Urgency::ALL, urgency, urgency_to_pb);
        goes_round!(Reliability::ALL, reliability, reliability_to_pb);
        goes_round!(Credibility::ALL, credibility, credibility_to_pb);
        goes_round!(
            WithdrawalReason::ALL,
            withdrawal_reason,
            withdrawal_reason_to_pb
        );
        goes_round!(Rule::ALL, rule, rule_to_pb);
    }

    #[test]
    fn the_names_on_the_wire_are_the_names_for_people() {
        for word in Rule::ALL.iter().copied() {
            let number = pb::Rule::try_from(rule_to_pb(Some(word))).unwrap();
            let name = word.name().replace('-', "_").to_uppercase();
            assert_eq!(number.as_str_name(), format!("RULE_{name}"));
        }
        for word in Label::ALL {
            let number = pb::Label::try_from(label_to_pb(Some(word))).unwrap();
            let name = word.name().replace('+', "_");
            assert_eq!(number.as_str_name(), format!("LABEL_{name}"));
        }
    }

    #[test]
    fn extreme_times_are_refused_and_none_panics() {
        let at = |seconds, nanos| time(Some(&PbTime { seconds, nanos }));
        assert!(at(i64::MAX, 0).is_err());
        assert!(at(i64::MIN, 0).is_err());
        assert!(at(SECONDS_MAX + 1, 0).is_err());
        assert!(at(SECONDS_MIN - 1, 0).is_err());
        assert!(at(0, -1000).is_err());
        assert!(at(0, NANOS_PER_SECOND).is_err());
        assert!(at(0, i32::MIN).is_err());
        assert!(at(0, 1).is_err(), "parts of a microsecond");
        assert_eq!(
            request_time(Some(&PbTime {
                seconds: 1,
                nanos: 1_999
            })),
            Ok(Some(Timestamp::from_micros(1_000_001)))
        );
        for (seconds, nanos) in [
            (SECONDS_MIN, 0),
            (-1, 999_999_000),
            (SECONDS_MAX, 999_999_000),
        ] {
            let t = PbTime { seconds, nanos };
            assert_eq!(
                time(Some(&t)).map(|t| t.map(time_to_pb)),
                Ok(Some(t)),
                "{seconds} {nanos}"
            );
        }
        for micros in [i64::MIN, i64::MAX] {
            let _ = time_to_pb(Timestamp::from_micros(micros));
        }
    }

    #[test]
    fn a_signed_record_has_a_whole_signature_and_a_whole_key_id() {
        let whole = pb::SignedRecord {
            record: Bytes::from_static(b"record"),
            signature: Bytes::from_static(&[7; 64]),
            key_id: Bytes::from_static(&[8; 32]),
        };
        let read = signed(Some(&whole)).expect("a whole record");
        assert_eq!(signed_to_pb(&read), whole);
        assert!(signed(None).is_err());
        for broken in [
            pb::SignedRecord {
                record: Bytes::new(),
                ..whole.clone()
            },
            pb::SignedRecord {
                signature: Bytes::from_static(&[7; 63]),
                ..whole.clone()
            },
            pb::SignedRecord {
                key_id: Bytes::new(),
                ..whole
            },
        ] {
            assert!(signed(Some(&broken)).is_err());
        }
    }
}
