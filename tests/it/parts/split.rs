//! Properties of partition over generated bundles, and over the real ones.

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;
use sluis::formats::{Document, Limits, read};
use sluis::markings::mark;
use sluis::model::label::Label;
use sluis::partition::{Creator, Part, Parted, Parting, parts};
use uuid::Uuid;

use super::bundles::{Dice, bundle, objects};
use super::naive::{Piece, Plain, Reading, labelled, raw_objects, wrong};
use crate::labels::extractor::Seen;

fn document(bytes: &[u8]) -> Document {
    read(&Bytes::copy_from_slice(bytes), &Limits::default()).unwrap()
}

/// The parts of a bundle that was declared with this label; none where it has no label at all.
pub(super) fn parted(bytes: &[u8], declared: Option<Seen>) -> Option<Parted> {
    let document = document(bytes);
    assert_eq!(document.problems, [], "{}", String::from_utf8_lossy(bytes));
    let declared = declared.map(|seen| Label::parse(seen.name()).unwrap());
    let marked = mark(&document, declared, &[]).ok()?;
    // Distinct for each label, and of version 4.
    let id = |label: Label| {
        let position = Label::ALL.iter().position(|l| *l == label).unwrap();
        Uuid::parse_str(&format!("e0e0e0e0-0000-4000-8000-00000000000{position}")).unwrap()
    };
    let parting = Parting {
        split: false,
        id: &id,
        creator: Creator {
            name: "community",
            uuid: Uuid::nil(),
        },
    };
    Some(parts(&document, &marked, parting))
}

pub(super) fn seen(label: Label) -> Seen {
    Seen::named(label.name()).unwrap()
}

pub(super) fn piece(part: &Part) -> Piece {
    Piece {
        label: seen(part.label),
        bytes: part.bytes.to_vec(),
    }
}

fn declared(choice: usize) -> Option<Seen> {
    Seen::ALL.get(choice).copied()
}

/// Everything that is wrong with what becomes of a bundle.
fn problems(bytes: &[u8], declared: Option<Seen>) -> Vec<String> {
    let Some(parted) = parted(bytes, declared) else {
        let said = labelled(bytes, None).unwrap();
        return (said.iter().any(|p| p.own.is_some()) || declared.is_some())
            .then(|| "refused".to_owned())
            .into_iter()
            .collect();
    };
    let pieces: Vec<Piece> = parted.parts.iter().map(piece).collect();
    let mut problems = wrong(bytes, declared, &pieces, Reading::Whole);
    for part in &parted.parts {
        let again = document(&part.bytes);
        // What a part says of itself is not above its label.
        if let Ok(own) = mark(&again, None, &[])
            && own.label > part.label
        {
            problems.push(format!("{}: alone it is {}", part.label, own.label));
        }
        problems.extend(
            again
                .problems
                .iter()
                .map(|p| format!("{}: {p:?}", part.label)),
        );
        let ids: Vec<String> = raw_objects(&part.bytes)
            .unwrap()
            .iter()
            .map(|text| {
                serde_json::from_str::<Value>(text).unwrap()["id"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        if part.objects != ids {
            problems.push(format!(
                "{}: objects {:?}, but it has {ids:?}",
                part.label, part.objects
            ));
        }
    }
    problems.extend(in_pairs(bytes, declared, &parted));
    problems
}

/// Invariant 5: without its higher objects the document has the same lower parts.
fn in_pairs(bytes: &[u8], declared: Option<Seen>, parted: &Parted) -> Vec<String> {
    // Without a declared label the strictest found is what an unmarked object takes: higher objects count for it.
    if declared.is_none() {
        return Vec::new();
    }
    let plain = labelled(bytes, declared).unwrap();
    let mut problems = Vec::new();
    for highest in parted.parts.iter().rev().skip(1) {
        let ceiling = seen(highest.label);
        let goes = |p: &&Plain| match p.own {
            Some(_) => p.label <= Some(ceiling),
            // A definition goes with what uses it.
            None => parted
                .parts
                .iter()
                .any(|part| seen(part.label) <= ceiling && part.objects.contains(&p.id)),
        };
        let left: Vec<String> = plain.iter().filter(goes).map(|p| p.text.clone()).collect();
        let left = bundle(&left);
        // An unmarked object takes the label of what lists it, also where that went up and is gone now. Then the object
        // is another one by its label, and there is nothing to compare.
        let same = |p: &Plain| {
            let labels = (p.label, p.own.is_some());
            plain
                .iter()
                .any(|q| q.id == p.id && (q.label, q.own.is_some()) == labels)
        };
        if !labelled(left.as_bytes(), declared)
            .unwrap()
            .iter()
            .all(same)
        {
            continue;
        }
        let alone = super::split::parted(left.as_bytes(), declared).unwrap();
        let lower: Vec<&Part> = parted
            .parts
            .iter()
            .filter(|p| seen(p.label) <= ceiling)
            .collect();
        if alone.parts.len() != lower.len() {
            problems.push(format!(
                "up to {ceiling:?}: {} parts, alone {}",
                lower.len(),
                alone.parts.len()
            ));
            continue;
        }
        for (with, without) in lower.iter().zip(&alone.parts) {
            if head(with) != head(without) {
                let ids = (&with.objects, &without.objects);
                problems.push(format!("{}, with and without: {ids:#?}", with.label));
            }
        }
    }
    problems
}

/// All of a part but the ids that its bundle got.
fn head(part: &Part) -> String {
    let text = String::from_utf8_lossy(&part.bytes);
    let start = text.find("bundle--").unwrap();
    let anonymous = format!(
        "{}{}",
        &text[..start],
        &text[start + "bundle--".len() + 36..]
    );
    format!(
        "{} {anonymous} {:?} {:?} {:?} {:?} {:?} {:?}",
        part.label,
        part.title,
        part.summary,
        part.kind,
        part.objects,
        part.restriction,
        part.media_type
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, rng_seed: RngSeed::Fixed(5), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_part_is_clean_whole_and_closed(
        choices in proptest::collection::vec(any::<u8>(), 20..300),
        label in 0_usize..7,
    ) {
        let bytes = bundle(&objects(&mut Dice::new(&choices))).into_bytes();
        let problems = problems(&bytes, declared(label));
        prop_assert!(problems.is_empty(), "{problems:#?}\n{}", String::from_utf8_lossy(&bytes));
    }
}

/// The generator makes what it is there for.
#[test]
fn generated_bundles_are_of_many_labels_and_refer_upwards() {
    let (mut several, mut raised, mut shared) = (0, 0, 0);
    for seed in 0..200_u32 {
        let choices: Vec<u8> = (0..200_u32)
            .map(|i| u8::try_from((seed * 7_919 + i * i * 31 + i * 17 + seed * i) % 251).unwrap())
            .collect();
        let bytes = bundle(&objects(&mut Dice::new(&choices))).into_bytes();
        let Some(parted) = parted(&bytes, Some(Seen::Clear)) else {
            continue;
        };
        several += usize::from(parted.parts.len() > 2);
        raised += usize::from(!parted.raised.is_empty());
        let objects: usize = parted.parts.iter().map(|p| p.objects.len()).sum();
        shared += usize::from(objects > raw_objects(&bytes).unwrap().len());
    }
    assert!(
        several > 20 && raised > 50 && shared > 5,
        "{several} {raised} {shared}"
    );
}

#[test]
fn every_object_that_went_up_is_named_with_its_reason() {
    for seed in 0..300_u32 {
        let choices: Vec<u8> = (0..160_u32)
            .map(|i| {
                u8::try_from((seed * 104_729 + i * i * 13 + i * 7 + seed * i * 3) % 253).unwrap()
            })
            .collect();
        let bytes = bundle(&objects(&mut Dice::new(&choices))).into_bytes();
        let parted = parted(&bytes, Some(Seen::Green)).unwrap();
        let plain = labelled(&bytes, Some(Seen::Green)).unwrap();
        for object in plain.iter().filter(|p| p.own.is_some() && p.label > p.own) {
            let is_told = parted.raised.iter().any(|r| r.object == object.id);
            assert!(is_told, "{} went up unseen", object.id);
        }
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        for raised in &parted.raised {
            // Where it refers, and to something that is as strict as it became.
            let reason = plain.iter().find(|p| p.id == raised.because_of).unwrap();
            assert!(reason.label >= Some(seen(raised.to)), "{raised:?}");
            let object = plain.iter().find(|p| p.id == raised.object).unwrap();
            assert!(
                raised.from < raised.to && object.label == Some(seen(raised.to)),
                "{raised:?}"
            );
            assert!(value.pointer(&raised.place).is_some(), "{raised:?}");
        }
    }
}

#[test]
fn real_bundles_come_apart_cleanly() {
    let mut mixed = 0;
    for (path, bytes) in crate::documents::all_bytes() {
        let Ok(read) = read(&bytes, &Limits::default()) else {
            continue;
        };
        let is_bundle =
            serde_json::from_slice::<Value>(&read.bytes).is_ok_and(|v| v["type"] == "bundle");
        if !read.format.name().starts_with("stix") || !is_bundle || !read.problems.is_empty() {
            continue;
        }
        for declared in [Seen::Clear, Seen::Amber] {
            let parted = parted(&read.bytes, Some(declared)).unwrap();
            let pieces: Vec<Piece> = parted.parts.iter().map(piece).collect();
            assert_eq!(
                wrong(&read.bytes, Some(declared), &pieces, Reading::AtLeast),
                [""; 0],
                "{path}"
            );
            mixed += usize::from(pieces.len() > 1);
        }
    }
    println!("{mixed} real bundles are mixed");
}

/// A marking that is marked itself: whoever reads a higher part must still be told what it means.
#[test]
fn a_marked_definition_stands_in_every_part_that_uses_it() {
    let [clear, amber] = [0, 3].map(|at| super::bundles::MARKINGS[at]);
    let own = "marking-definition--00000000-0000-4000-8000-000000000001";
    let time = "2026-01-05T10:00:00.000Z";
    let definition = serde_json::json!({"type": "marking-definition", "spec_version": "2.1", "id": own,
        "created": time, "definition_type": "statement", "definition": {"statement": "Copyright."},
        "object_marking_refs": [clear]});
    let mutex = |name: &str, marking: &str| {
        serde_json::json!({"type": "mutex", "name": name, "object_marking_refs": [own, marking],
            "id": format!("mutex--00000000-0000-4000-8000-{name:0>12}")})
    };
    let objects = [definition, mutex("a", clear), mutex("b", amber)].map(|o| o.to_string());
    let parted = parted(bundle(&objects).as_bytes(), None).unwrap();
    assert_eq!(parted.parts.len(), 2);
    for part in &parted.parts {
        let marked = mark(&document(&part.bytes), None, &[]).unwrap();
        assert_eq!(marked.label, part.label, "{:?}", marked.markings);
        assert!(part.objects.contains(&own.to_owned()));
    }
}
