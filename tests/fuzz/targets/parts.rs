//! A STIX bundle, made from choices or as it is, comes apart cleanly (threats 5 and 6), as a plain second implementation
//! judges it; and a MISP event is split into events that are read again.

#![no_main]

use bytes::Bytes;
use floors::formats::{Limits, read};
use floors::markings::mark;
use floors::model::label::Label;
use floors::partition::{Creator, Parting, parts};
use uuid::Uuid;

#[allow(dead_code, reason = "shared with the tests")]
#[path = "../../it/parts/bundles.rs"]
mod bundles;
#[allow(dead_code, reason = "shared with the tests")]
#[path = "../../it/labels/extractor.rs"]
mod extractor;
#[allow(dead_code, reason = "shared with the tests")]
#[path = "../../it/parts/naive.rs"]
mod naive;

use extractor::Seen;
use naive::{Piece, Reading, raw_objects, wrong};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (declared, bytes) = match data {
        [b'{' | b'[', ..] => (None, data.to_vec()),
        [declared, document @ ..] if document.starts_with(b"{") => {
            (label(*declared), document.to_vec())
        }
        [declared, choices @ ..] => {
            let objects = bundles::objects(&mut bundles::Dice::new(choices));
            (label(*declared), bundles::bundle(&objects).into_bytes())
        }
        [] => return,
    };
    let Ok(document) = read(&Bytes::from(bytes), &Limits::default()) else {
        return;
    };
    let as_label = declared.and_then(|seen| Label::parse(seen.name()));
    let Ok(marked) = mark(&document, as_label, &[]) else {
        return;
    };
    let id = |label: Label| {
        Uuid::from_u128(
            match label {
                Label::Clear => 1,
                Label::Green => 2,
                Label::Amber => 3,
                Label::AmberStrict => 4,
                Label::Red => 5,
            } | 0xe0e0_e0e0_0000_4000_8000_0000_0000_0000,
        )
    };
    let parting = Parting {
        split: true,
        id: &id,
        creator: Creator {
            name: "community",
            uuid: Uuid::from_u128(0xe0e0_e0e0_0000_4000_8000_0000_0000_0009),
        },
    };
    let parted = parts(&document, &marked, parting);
    assert_eq!(
        parted.parts.last().map(|part| part.label),
        Some(marked.label)
    );
    for part in &parted.parts {
        let again = read(&part.bytes, &Limits::default()).expect("a part is a document");
        assert_eq!(again.format, document.format);
        if document.problems.is_empty() {
            assert_eq!(again.problems, [], "{}", part.label);
        }
        // What a part says of itself is not above its label.
        let own = mark(&again, None, &[]).map(|marked| marked.label);
        assert!(own.is_ok_and(|own| own <= part.label) || mark(&again, None, &[]).is_err());
    }
    let is_bundle = document.format.name().starts_with("stix") && document.problems.is_empty();
    let has_ids = raw_objects(&document.bytes).is_some_and(|objects| !objects.is_empty());
    if is_bundle && has_ids {
        let pieces: Vec<Piece> = parted
            .parts
            .iter()
            .filter_map(|part| {
                Some(Piece {
                    label: Seen::named(part.label.name())?,
                    bytes: part.bytes.to_vec(),
                })
            })
            .collect();
        let problems = wrong(&document.bytes, declared, &pieces, Reading::AtLeast);
        assert!(problems.is_empty(), "{problems:#?}");
    }
});

/// One of the labels, or none.
fn label(choice: u8) -> Option<Seen> {
    Seen::ALL.get(usize::from(choice) % 7).copied()
}
