//! The second, independent look at what leaves for another community: RED and AMBER+STRICT never cross, AMBER only from
//! its origin to a community that it names, and nothing goes outside its audience.
//!
//! It reads the label, the origin and the audience out of the very bytes that are about to leave, with a reader of its
//! own, so that a fault in the rules, in the parser of envelopes or in a column beside them does not let anything out.
//! For the same reason it uses neither `policy` nor `wire`, and repeats field numbers instead of sharing them. It knows
//! no agreement and no withdrawal: those are for the gate, which asks the rules first.
//!
//! The reader takes only what a protobuf writer writes: each field once (but for lists), fields in order, numbers in
//! their shortest form, no defaults written out, no field that it does not know. Two readers can then not read two
//! things.

use crate::model::ids::CommunityId;

/// Why the bytes may not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LastCheckFailed {
    /// The bytes are not the one canonical form of an envelope.
    #[error("the record is not an envelope in canonical form")]
    NotAnEnvelope,
    /// No label, or none that this version knows.
    #[error("the envelope has no label that is known")]
    NoLabel,
    /// RED or AMBER+STRICT.
    #[error("the envelope is labelled RED or AMBER+STRICT, which never leave")]
    NeverLeaves,
    /// AMBER that is somebody else's.
    #[error("the envelope is labelled AMBER and has another origin")]
    OnwardAmber,
    /// The audience leaves the receiver out, or AMBER names nobody.
    #[error("the envelope's audience does not name the receiver")]
    NotNamed,
    /// It would go back to its origin, or to where it comes from.
    #[error("the envelope would go back to its origin")]
    Loop,
}

/// Whether a serialized envelope may leave from one community for another, as far as its own bytes say.
pub fn last_check(
    envelope_record: &[u8],
    from: &CommunityId,
    to: &CommunityId,
) -> Result<(), LastCheckFailed> {
    let said = read(envelope_record).ok_or(LastCheckFailed::NotAnEnvelope)?;
    let (from, to) = (from.as_str().as_bytes(), to.as_str().as_bytes());
    let named = said.audience.map(|audience| audience.contains(to));
    match said.label {
        Some(CLEAR | GREEN) => {}
        Some(AMBER) if said.origin != Some(from) => return Err(LastCheckFailed::OnwardAmber),
        Some(AMBER) if named != Some(true) => return Err(LastCheckFailed::NotNamed),
        Some(AMBER) => {}
        Some(AMBER_STRICT | RED) => return Err(LastCheckFailed::NeverLeaves),
        Some(_) | None => return Err(LastCheckFailed::NoLabel),
    }
    if named == Some(false) {
        return Err(LastCheckFailed::NotNamed);
    }
    match said.origin {
        None => Err(LastCheckFailed::NotAnEnvelope),
        Some(origin) if origin == to || from == to => Err(LastCheckFailed::Loop),
        Some(_) => Ok(()),
    }
}

// The numbers of proto/sluis/v1/envelope.proto, written down a second time on purpose.
const CLEAR: u64 = 1;
const GREEN: u64 = 2;
const AMBER: u64 = 3;
const AMBER_STRICT: u64 = 4;
const RED: u64 = 5;

const ORIGIN: u64 = 3;
const LABEL: u64 = 7;
const AUDIENCE: u64 = 8;
/// The highest field of an envelope. Every one up to it is known.
const FIELD_MAX: u64 = 24;
/// Sectors and tags, the lists of an envelope.
const LISTS: [u64; 2] = [14, 15];
/// The one field that may be there with a zero: a hop limit of 0 says something.
const HOP_LIMIT: u64 = 9;

const COMMUNITIES: u64 = 1;
const MEMBERS_LIMITED: u64 = 2;

/// What this check needs of an envelope.
struct Said<'a> {
    origin: Option<&'a [u8]>,
    label: Option<u64>,
    audience: Option<Audience<'a>>,
}

/// The communities that an audience names.
struct Audience<'a>(Vec<&'a [u8]>);

impl Audience<'_> {
    fn contains(&self, community: &[u8]) -> bool {
        self.0.contains(&community)
    }
}

fn read(record: &[u8]) -> Option<Said<'_>> {
    let mut said = Said {
        origin: None,
        label: None,
        audience: None,
    };
    let mut fields = Fields::of(record);
    while let Some(field) = fields.next(&LISTS)? {
        let Field { number, value } = field;
        if number > FIELD_MAX {
            return None;
        }
        match (number, value) {
            (ORIGIN, Value::Bytes(bytes)) => said.origin = Some(bytes),
            (LABEL, Value::Number(n)) => said.label = Some(n),
            (AUDIENCE, Value::Bytes(bytes)) => said.audience = Some(read_audience(bytes)?),
            (ORIGIN | LABEL | AUDIENCE, _) => return None,
            (HOP_LIMIT, Value::Number(_)) => {}
            (_, Value::Number(0)) => return None,
            (_, Value::Number(_) | Value::Bytes(_)) => {}
        }
    }
    Some(said)
}

fn read_audience(message: &[u8]) -> Option<Audience<'_>> {
    let mut communities = Vec::new();
    let mut fields = Fields::of(message);
    while let Some(field) = fields.next(&[COMMUNITIES])? {
        match (field.number, field.value) {
            (COMMUNITIES, Value::Bytes(id)) => communities.push(id),
            (MEMBERS_LIMITED, Value::Number(1)) => {}
            (_, _) => return None,
        }
    }
    Some(Audience(communities))
}

struct Field<'a> {
    number: u64,
    value: Value<'a>,
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Walks over the fields of one message.
struct Fields<'a> {
    rest: &'a [u8],
    last: u64,
}

impl<'a> Fields<'a> {
    fn of(message: &'a [u8]) -> Self {
        Self {
            rest: message,
            last: 0,
        }
    }

    /// The next field; the inner `None` is the end. `lists` are the fields that may be repeated.
    /// The outer `None`: this is not canonical.
    fn next(&mut self, lists: &[u64]) -> Option<Option<Field<'a>>> {
        if self.rest.is_empty() {
            return Some(None);
        }
        let key = self.number()?;
        let (number, wire_type) = (key >> 3, key & 7);
        let in_order = number > self.last || (number == self.last && lists.contains(&number));
        if number == 0 || !in_order {
            return None;
        }
        self.last = number;
        let value = match wire_type {
            0 => Value::Number(self.number()?),
            2 => Value::Bytes(self.bytes()?),
            _ => return None,
        };
        Some(Some(Field { number, value }))
    }

    /// A number in base 128, in its shortest form.
    fn number(&mut self) -> Option<u64> {
        let mut n: u64 = 0;
        let mut shift: u32 = 0;
        loop {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            let digit = u64::from(byte & 0x7f);
            // Ten digits at most, and the tenth has one bit.
            if shift > 63 || (shift == 63 && digit > 1) {
                return None;
            }
            n |= digit << shift;
            if byte & 0x80 == 0 {
                // A last digit of zero is not the shortest form, unless it is the only one.
                return (digit != 0 || shift == 0).then_some(n);
            }
            shift = shift.checked_add(7)?;
        }
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message;

    use super::*;
    use crate::model::item::{Audience, Envelope};
    use crate::model::label::Label;
    use crate::wire::envelope::tests::{envelopes, full};
    use crate::wire::{self, pb};

    fn id(name: &str) -> CommunityId {
        CommunityId::parse(&format!("{name}.isac.example")).unwrap()
    }

    fn check(bytes: &[u8]) -> Result<(), LastCheckFailed> {
        last_check(bytes, &id("energy"), &id("water"))
    }

    fn envelope(label: Label, to: Option<&[&str]>) -> Envelope {
        Envelope {
            label,
            audience: to.map(|names| Audience {
                communities: names.iter().map(|name| id(name)).collect(),
                members_limited: false,
            }),
            hop_limit: None,
            ..full()
        }
    }

    #[test]
    fn each_label_and_audience_is_judged_from_its_bytes() {
        use LastCheckFailed::{NeverLeaves, NotNamed, OnwardAmber};
        let at = |from: &str, label, to: Option<&[&str]>| {
            let bytes = wire::envelope::encode(&envelope(label, to));
            last_check(&bytes, &id(from), &id("water"))
        };
        for from in ["energy", "msp"] {
            for label in [Label::AmberStrict, Label::Red] {
                assert_eq!(at(from, label, None), Err(NeverLeaves));
                assert_eq!(at(from, label, Some(&["water"])), Err(NeverLeaves));
            }
            for label in [Label::Clear, Label::Green] {
                assert_eq!(at(from, label, None), Ok(()));
                assert_eq!(at(from, label, Some(&["msp", "water"])), Ok(()));
                assert_eq!(at(from, label, Some(&["msp"])), Err(NotNamed));
                assert_eq!(at(from, label, Some(&[])), Err(NotNamed));
            }
        }
        assert_eq!(at("energy", Label::Amber, Some(&["water"])), Ok(()));
        assert_eq!(at("energy", Label::Amber, Some(&["msp"])), Err(NotNamed));
        assert_eq!(at("energy", Label::Amber, Some(&[])), Err(NotNamed));
        assert_eq!(at("energy", Label::Amber, None), Err(NotNamed));
        assert_eq!(at("msp", Label::Amber, Some(&["water"])), Err(OnwardAmber));
    }

    #[test]
    fn nothing_goes_back_to_its_origin() {
        let bytes = wire::envelope::encode(&envelope(Label::Clear, None));
        let back = last_check(&bytes, &id("water"), &id("energy"));
        assert_eq!(back, Err(LastCheckFailed::Loop));
    }

    #[test]
    fn a_label_that_is_missing_or_not_known_does_not_leave() {
        for label in [0, 6, 7, 255, -1, i32::MAX] {
            let message = pb::Envelope {
                label,
                ..wire::envelope::message(&envelope(Label::Clear, None))
            };
            assert!(check(&message.encode_to_vec()).is_err(), "{label}");
        }
        assert!(check(&[]).is_err());
    }

    /// Puts bytes in front of the audience, or, where there is none, of the hop limit or what follows.
    fn with_after_label(extra: &[u8]) -> Vec<u8> {
        let low = wire::envelope::message(&envelope(Label::Clear, None));
        let head = pb::Envelope {
            item: low.item.clone(),
            revision: low.revision,
            origin: low.origin.clone(),
            kind: low.kind,
            title: low.title.clone(),
            summary: low.summary.clone(),
            label: low.label,
            ..pb::Envelope::default()
        }
        .encode_to_vec();
        let whole = low.encode_to_vec();
        [head.as_slice(), extra, &whole[head.len()..]].concat()
    }

    #[test]
    fn it_is_not_fooled_by_odd_encodings() {
        assert_eq!(check(&with_after_label(&[])), Ok(()));
        for (what, extra) in [
            ("a second label, RED", [0x38, 0x05].as_slice()),
            ("a second label, the same", &[0x38, 0x01]),
            ("no label", &[0x38, 0x00]),
            ("a label as a string", &[0x3a, 0x01, 0x05]),
            ("a number in a longer form", &[0x48, 0x83, 0x00]),
            ("a key in a longer form", &[0xc8, 0x00, 0x03]),
            ("an audience that is no message", &[0x42, 0x01, 0x0a]),
            ("an audience as a number", &[0x40, 0x01]),
            (
                "an audience with an unknown field",
                &[0x42, 0x02, 0x18, 0x01],
            ),
            ("an audience with a default", &[0x42, 0x02, 0x10, 0x00]),
            ("a group", &[0x4b, 0x4c]),
            ("a 32-bit number", &[0x4d, 0, 0, 0, 0]),
            ("a 64-bit number", &[0x49, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("field zero", &[0x00, 0x01]),
            ("a field that is out of order", &[0x10, 0x01]),
            ("a length beyond the end", &[0x52, 0xff, 0xff, 0x7f]),
            (
                "a number of eleven digits",
                &[
                    0x48, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
                ],
            ),
            (
                "a number that does not fit 64 bits",
                &[
                    0x48, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02,
                ],
            ),
        ] {
            assert_eq!(
                check(&with_after_label(extra)),
                Err(LastCheckFailed::NotAnEnvelope),
                "{what}"
            );
        }
        // Two audiences, which protobuf readers merge into one.
        let water = [&[0x42, 20, 0x0a, 18], b"water.isac.example".as_slice()].concat();
        let msp = [&[0x42, 18, 0x0a, 16], b"msp.isac.example".as_slice()].concat();
        assert_eq!(check(&with_after_label(&water)), Ok(()));
        let twice = with_after_label(&[msp.as_slice(), &water].concat());
        assert_eq!(check(&twice), Err(LastCheckFailed::NotAnEnvelope));
        // A field of a later version.
        let later = [with_after_label(&[]).as_slice(), &[0xc8, 0x01, 0x01]].concat();
        assert_eq!(check(&later), Err(LastCheckFailed::NotAnEnvelope));
    }

    /// The rule again, from the parsed envelope.
    fn expected(envelope: &Envelope, from: &CommunityId, to: &CommunityId) -> bool {
        let named = envelope
            .audience
            .as_ref()
            .map(|audience| audience.communities.contains(to));
        let label = match envelope.label {
            Label::Clear | Label::Green => named != Some(false),
            Label::Amber => envelope.origin == *from && named == Some(true),
            Label::AmberStrict | Label::Red => false,
        };
        label && envelope.origin != *to
    }

    proptest! {
        #[test]
        fn it_reads_what_the_parser_reads(envelope in envelopes(), pick in any::<prop::sample::Index>()) {
            let bytes = wire::envelope::encode(&envelope);
            let mut receivers = vec![id("elsewhere"), envelope.origin.clone()];
            receivers.extend(envelope.audience.iter().flat_map(|a| a.communities.clone()));
            let to = pick.get(&receivers);
            for from in [envelope.origin.clone(), id("between")] {
                if from != *to {
                    prop_assert_eq!(
                        last_check(&bytes, &from, to).is_ok(),
                        expected(&envelope, &from, to)
                    );
                }
            }
        }

        /// Whatever is done to the bytes: what leaves is what a parser, if it takes the bytes, would let leave.
        #[test]
        fn altered_bytes_leave_only_as_what_they_say(
            envelope in envelopes(),
            at in any::<prop::sample::Index>(),
            by in 1..=255_u8,
        ) {
            let mut bytes = wire::envelope::encode(&envelope).to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            let (from, to) = (envelope.origin.clone(), id("water"));
            if last_check(&bytes, &from, &to).is_ok()
                && let Ok(read) = wire::envelope::parse(&bytes)
            {
                prop_assert!(expected(&read, &from, &to));
            }
            // A lenient reader sees no stricter label either.
            if last_check(&bytes, &from, &to).is_ok()
                && let Ok(read) = pb::Envelope::decode(bytes.as_slice())
            {
                prop_assert!(read.label <= 3);
            }
        }

        #[test]
        fn any_bytes_are_judged_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = check(&bytes);
        }
    }
}
