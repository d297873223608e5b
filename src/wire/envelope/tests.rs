//! Envelopes go there and back, and nothing but envelopes comes in.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::clock::Timestamp;
use crate::model::ids::{ItemId, MemberId, SpiffeId};
use crate::model::label::Label;
use crate::model::words::{Credibility, Pap, Reliability, Severity, Urgency};

/// An envelope with something in every field.
pub(crate) fn full() -> Envelope {
    let origin = CommunityId::parse("energy.isac.example").unwrap();
    Envelope {
        item: ItemId::new(1_790_000_000_000, [3; 10]),
        revision: 2,
        kind: Kind::Advisory,
        title: "Überlauf in der Pumpe".to_owned(),
        summary: "first line\n\tsecond line".to_owned(),
        label: Label::Amber,
        audience: Some(Audience {
            communities: vec![CommunityId::parse("water.isac.example").unwrap()],
            members_limited: true,
        }),
        hop_limit: Some(0),
        attribution: Attribution::Named,
        submitter: Some(SpiffeId::member(&origin, &MemberId::parse("acme").unwrap())),
        origin,
        pap: Some(Pap::Amber),
        terms: Terms {
            no_commercial_use: true,
            no_resale: false,
        },
        sectors: vec!["energy".to_owned(), "water".to_owned()],
        tags: vec!["ics".to_owned()],
        severity: Some(Severity::High),
        urgency: Some(Urgency::Immediate),
        reliability: Some(Reliability::B),
        credibility: Some(Credibility::Two),
        created: Timestamp::from_micros(1_790_000_000_123_456),
        valid_until: Some(Timestamp::from_seconds(-1)),
        source: SourceReference {
            format: "csaf-2.0".to_owned(),
            id: "https://acme.example#ACME-2026-1".to_owned(),
            version: "1.0.0".to_owned(),
        },
        relation: Some(Relation::DerivedFrom(ItemId::new(1, [4; 10]))),
        content: Content {
            media_type: "application/json".to_owned(),
            size: 17,
            sha256: Digest([5; 32]),
        },
    }
}

fn communities() -> impl Strategy<Value = CommunityId> {
    "[a-w][a-z0-9]{0,8}(\\.[a-w][a-z0-9-]{0,6}[a-z0-9]){1,3}"
        .prop_map(|id| CommunityId::parse(&id).unwrap())
}

fn items() -> impl Strategy<Value = ItemId> {
    (0..1_u64 << 48, any::<[u8; 10]>()).prop_map(|(ms, random)| ItemId::new(ms, random))
}

fn times() -> impl Strategy<Value = Timestamp> {
    (-62_135_596_800_000_000..253_402_300_800_000_000_i64).prop_map(Timestamp::from_micros)
}

/// One line of any characters that may stand in one.
fn lines(bytes_max: usize) -> impl Strategy<Value = String> {
    vec(any::<char>(), 1..40).prop_map(move |chars| {
        let mut line: String = chars.into_iter().filter(|c| !form::acts(*c)).collect();
        while line.len() > bytes_max {
            line.pop();
        }
        if line.is_empty() {
            line.push('x');
        }
        line
    })
}

fn relations() -> impl Strategy<Value = Relation> {
    (any::<bool>(), items()).prop_map(|(answers, item)| {
        if answers {
            Relation::Answers(item)
        } else {
            Relation::DerivedFrom(item)
        }
    })
}

/// All envelopes that are within the bounds.
pub(crate) fn envelopes() -> impl Strategy<Value = Envelope> {
    let head = (
        items(),
        1..=u32::MAX,
        communities(),
        select(&Kind::ALL[..10]),
        option::of(lines(512)),
        vec(lines(512), 0..4).prop_map(|lines| lines.join("\n\t")),
        select(&Label::ALL[..]),
        option::of((vec(communities(), 0..5), any::<bool>())),
        option::of(0..=16_u32),
        select(Attribution::ALL),
    );
    let middle = (
        option::of(select(Pap::ALL)),
        (any::<bool>(), any::<bool>()),
        vec(lines(64), 0..4),
        vec(lines(128), 0..4),
        option::of(select(Severity::ALL)),
        option::of(select(Urgency::ALL)),
        option::of(select(Reliability::ALL)),
        option::of(select(Credibility::ALL)),
    );
    let tail = (
        times(),
        option::of(times()),
        (lines(64), lines(512), option::of(lines(128))),
        option::of(relations()),
        (lines(128), any::<u64>(), any::<[u8; 32]>()),
    );
    (head, middle, tail).prop_map(|(head, middle, tail)| {
        let (item, revision, origin, kind, title, summary, label, audience, hop_limit, attribution) =
            head;
        let (pap, terms, sectors, tags, severity, urgency, reliability, credibility) = middle;
        let (created, valid_until, (format, id, version), relation, content) = tail;
        Envelope {
            item,
            revision,
            submitter: (attribution == Attribution::Named)
                .then(|| SpiffeId::member(&origin, &MemberId::parse("acme").unwrap())),
            origin,
            kind,
            title: title.unwrap_or_default(),
            summary,
            label,
            audience: audience.map(|(communities, members_limited)| Audience {
                communities,
                members_limited,
            }),
            hop_limit,
            attribution,
            pap,
            terms: Terms {
                no_commercial_use: terms.0,
                no_resale: terms.1,
            },
            sectors,
            tags,
            severity,
            urgency,
            reliability,
            credibility,
            created,
            valid_until,
            source: SourceReference {
                format,
                id,
                version: version.unwrap_or_default(),
            },
            relation,
            content: Content {
                media_type: content.0,
                size: content.1,
                sha256: Digest(content.2),
            },
        }
    })
}

proptest! {
    #[test]
    fn every_envelope_goes_there_and_back(envelope in envelopes()) {
        prop_assert_eq!(check(&envelope), Ok(()));
        prop_assert_eq!(parse(&encode(&envelope)), Ok(envelope));
    }

    /// Invariants 9 and 26: what is read is all that the bytes say.
    #[test]
    fn altered_bytes_are_refused_or_say_something_else(
        envelope in envelopes(),
        at in any::<prop::sample::Index>(),
        by in 1..=255_u8,
    ) {
        let mut bytes = encode(&envelope).to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        if let Ok(read) = parse(&bytes) {
            prop_assert_eq!(encode(&read).to_vec(), bytes);
            prop_assert_ne!(read, envelope);
        }
    }

    /// Invariant 36: no input panics.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        if let Ok(read) = parse(&bytes) {
            prop_assert_eq!(encode(&read).to_vec(), bytes.clone());
        }
        if let Ok(read) = parse_tombstone(&bytes) {
            prop_assert_eq!(tombstone(&read).to_vec(), bytes);
        }
    }

    #[test]
    fn a_tombstone_keeps_what_decisions_need_and_nothing_else(envelope in envelopes()) {
        let bytes = tombstone(&envelope);
        let kept = parse_tombstone(&bytes).expect("a tombstone of a good envelope");
        prop_assert_eq!(tombstone(&kept), bytes);
        let expected = Envelope {
            title: String::new(),
            summary: String::new(),
            tags: Vec::new(),
            source: SourceReference {
                format: String::new(),
                id: String::new(),
                version: String::new(),
            },
            content: Content {
                media_type: String::new(),
                size: 0,
                sha256: NO_CONTENT,
            },
            ..envelope
        };
        prop_assert_eq!(kept, expected);
    }
}

#[test]
fn an_envelope_is_no_tombstone_and_a_tombstone_no_envelope() {
    let envelope = full();
    assert!(parse_tombstone(&encode(&envelope)).is_err());
    assert!(parse(&tombstone(&envelope)).is_err());
    // Nor is one that kept a title, a summary or tags.
    for field in ["title", "summary", "tags"] {
        let mut kept = pb::Envelope {
            source: None,
            content: None,
            title: String::new(),
            summary: String::new(),
            tags: Vec::new(),
            ..message(&envelope)
        };
        match field {
            "title" => kept.title.push('x'),
            "summary" => kept.summary.push('x'),
            _ => kept.tags.push("x".to_owned()),
        }
        let read = parse_tombstone(&kept.encode_to_vec());
        assert_eq!(read.map_err(|m| m.field), Err(field));
    }
}

/// The field that an envelope is refused for after a change to its message.
fn refused_for(change: impl Fn(&mut pb::Envelope)) -> Option<&'static str> {
    let mut changed = message(&full());
    change(&mut changed);
    parse(&changed.encode_to_vec()).err().map(|m| m.field)
}

type Change = Box<dyn Fn(&mut pb::Envelope)>;

#[test]
fn each_field_out_of_bounds_is_refused_by_name() {
    let text = |n: usize| "x".repeat(n);
    let cases: Vec<(&str, Change)> = vec![
        ("item", Box::new(|e| e.item.clear())),
        ("item", Box::new(|e| e.item = e.item.to_uppercase())),
        ("revision", Box::new(|e| e.revision = 0)),
        ("origin", Box::new(|e| e.origin.push('.'))),
        ("kind", Box::new(|e| e.kind = 0)),
        ("kind", Box::new(|e| e.kind = 11)),
        ("kind", Box::new(|e| e.kind = 12)),
        ("title", Box::new(move |e| e.title = text(513))),
        ("title", Box::new(|e| e.title = "a\nb".to_owned())),
        ("title", Box::new(|e| e.title = "a\u{9b}31m".to_owned())),
        ("title", Box::new(|e| e.title = "a\u{202e}b".to_owned())),
        ("title", Box::new(|e| e.title = "a\u{2066}b".to_owned())),
        ("summary", Box::new(move |e| e.summary = text(8193))),
        ("summary", Box::new(|e| e.summary = "a\rb".to_owned())),
        ("summary", Box::new(|e| e.summary = "a\u{1b}c".to_owned())),
        ("label", Box::new(|e| e.label = 0)),
        ("label", Box::new(|e| e.label = 6)),
        ("label", Box::new(|e| e.label = -1)),
        (
            "audience.communities",
            Box::new(|e| {
                let many = vec!["water.isac.example".to_owned(); 65];
                e.audience.as_mut().unwrap().communities = many;
            }),
        ),
        (
            "audience.communities",
            Box::new(|e| {
                e.audience
                    .as_mut()
                    .unwrap()
                    .communities
                    .push("acme".to_owned())
            }),
        ),
        ("hop_limit", Box::new(|e| e.hop_limit = Some(17))),
        ("attribution", Box::new(|e| e.attribution = 0)),
        ("attribution", Box::new(|e| e.attribution = 4)),
        ("submitter", Box::new(|e| e.attribution = 2)),
        ("submitter", Box::new(|e| e.attribution = 3)),
        ("submitter", Box::new(|e| e.submitter.clear())),
        (
            "submitter",
            Box::new(|e| e.submitter.push_str("/person/meryem")),
        ),
        (
            "submitter",
            Box::new(|e| e.submitter = "spiffe://water.isac.example/member/acme".to_owned()),
        ),
        ("pap", Box::new(|e| e.pap = 5)),
        ("terms", Box::new(|e| e.terms = Some(pb::Terms::default()))),
        (
            "sectors",
            Box::new(|e| e.sectors = vec!["x".to_owned(); 33]),
        ),
        ("sectors", Box::new(move |e| e.sectors = vec![text(65)])),
        ("sectors", Box::new(|e| e.sectors = vec![String::new()])),
        ("sectors", Box::new(|e| e.sectors = vec!["a\tb".to_owned()])),
        ("tags", Box::new(|e| e.tags = vec!["x".to_owned(); 65])),
        ("tags", Box::new(move |e| e.tags = vec![text(129)])),
        ("tags", Box::new(|e| e.tags = vec!["\u{7f}".to_owned()])),
        ("severity", Box::new(|e| e.severity = 5)),
        ("urgency", Box::new(|e| e.urgency = 4)),
        ("reliability", Box::new(|e| e.reliability = 7)),
        ("credibility", Box::new(|e| e.credibility = 7)),
        ("created", Box::new(|e| e.created = None)),
        (
            "time",
            Box::new(|e| e.created.as_mut().unwrap().seconds = i64::MAX),
        ),
        ("time", Box::new(|e| e.created.as_mut().unwrap().nanos = 1)),
        (
            "time",
            Box::new(|e| e.valid_until.as_mut().unwrap().nanos = -1),
        ),
        ("source", Box::new(|e| e.source = None)),
        (
            "source.format",
            Box::new(|e| e.source.as_mut().unwrap().format.clear()),
        ),
        (
            "source.id",
            Box::new(move |e| e.source.as_mut().unwrap().id = text(513)),
        ),
        (
            "source.version",
            Box::new(move |e| e.source.as_mut().unwrap().version = text(129)),
        ),
        (
            "relation.nature",
            Box::new(|e| e.relation.as_mut().unwrap().nature = 0),
        ),
        (
            "relation.nature",
            Box::new(|e| e.relation.as_mut().unwrap().nature = 3),
        ),
        (
            "relation.item",
            Box::new(|e| e.relation.as_mut().unwrap().item.clear()),
        ),
        ("content", Box::new(|e| e.content = None)),
        (
            "content.media_type",
            Box::new(|e| e.content.as_mut().unwrap().media_type.clear()),
        ),
        (
            "content.sha256",
            Box::new(|e| e.content.as_mut().unwrap().sha256 = Bytes::new()),
        ),
    ];
    for (number, (field, change)) in cases.iter().enumerate() {
        assert_eq!(refused_for(change), Some(*field), "case {number}");
    }
    assert_eq!(refused_for(|_| {}), None);
}

#[test]
fn an_envelope_that_is_too_long_is_refused_unread() {
    let bytes = vec![0xff; Envelope::BYTES_MAX + 1];
    let refused = parse(&bytes).expect_err("too long");
    assert!(refused.problem.contains("at most 65536"), "{refused}");
}

#[test]
fn the_largest_envelope_within_the_bounds_fits() {
    let id = format!("{}.example", vec!["x".repeat(60); 4].join("."));
    let largest = Envelope {
        title: "x".repeat(Envelope::TITLE_BYTES_MAX),
        summary: "x".repeat(Envelope::SUMMARY_BYTES_MAX),
        sectors: vec!["x".repeat(Envelope::SECTOR_BYTES_MAX); Envelope::SECTORS_MAX],
        tags: vec!["x".repeat(Envelope::TAG_BYTES_MAX); Envelope::TAGS_MAX],
        audience: Some(Audience {
            communities: vec![CommunityId::parse(&id).unwrap(); Envelope::AUDIENCE_MAX],
            members_limited: true,
        }),
        hop_limit: Some(Envelope::HOPS_MAX),
        ..full()
    };
    assert_eq!(check(&largest), Ok(()));
}

#[test]
fn what_a_reader_would_overlook_is_refused() {
    let good = encode(&full()).to_vec();
    // A field of a later version.
    let unknown = [good.as_slice(), &[0xc8, 0x01, 0x01]].concat();
    // The label once more: another reader might take the first of the two.
    let twice = [good.as_slice(), &[0x38, 0x01]].concat();
    // A default value written out.
    let default = [good.as_slice(), &[0x38, 0x00]].concat();
    // The revision, 2, in two bytes instead of one.
    let at = good.windows(2).position(|w| w == [0x10, 0x02]).unwrap();
    let mut long = good.clone();
    long.splice(at + 1..at + 2, [0x82, 0x00]);
    // The same fields in another order.
    let (first, rest) = good.split_at(38);
    let turned = [rest, first].concat();
    // Cut short.
    let cut = good[..good.len() - 1].to_vec();
    for bytes in [unknown, twice, default, long, turned, cut, Vec::new()] {
        assert!(parse(&bytes).is_err(), "{bytes:x?}");
    }
}

#[test]
fn an_audience_that_names_nobody_is_not_the_same_as_none() {
    let nobody = Envelope {
        audience: Some(Audience::default()),
        ..full()
    };
    assert_eq!(parse(&encode(&nobody)), Ok(nobody));
}
