//! What is planted is found. Over all places, labels and spellings, and over all documents of the collection.

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;
use sluis::inspect::{Inspection, inspect};

use super::extractor::{Seen, highest};
use super::plants::{
    Encoding, Plant, carrier, csaf, markdown, misp, names, places, planted_at, rendered_markdown,
    spellings, stix, structural_in_csaf, structural_in_misp, structural_in_stix,
};

/// The label that the crate gives a document.
fn label(seen: &Inspection) -> Option<Seen> {
    seen.label.map(|name| Seen::named(name).unwrap())
}

/// What is wrong with the reading of a document in which something was planted; nothing, if all is well.
fn missed(plant: &Plant) -> Option<String> {
    let Plant {
        what,
        bytes,
        label: planted,
        carrier,
    } = plant;
    let seen = inspect(&Bytes::copy_from_slice(bytes), None);
    if seen.format == "unknown" {
        return None;
    }
    let said = |problem: String| Some(format!("{}: {what}: {problem}", seen.format));
    // A document of which nobody says how far it may go is refused: that is not below CLEAR.
    let read = label(&seen).unwrap_or(Seen::Clear);
    if read < *planted {
        return said(format!("planted {planted:?}, read {:?}", seen.label));
    }
    let second = highest(bytes);
    if Some(read) < second {
        return said(format!("second reading {second:?}, read {:?}", seen.label));
    }
    // The object that carries it is in no part of a lower label.
    for part in &seen.parts {
        let part_label = part.label.and_then(Seen::named);
        let holds = carrier.as_ref().is_some_and(|id| part.objects.contains(id));
        if holds
            && !carrier.as_ref().is_some_and(|id| is_definition(id))
            && part_label < Some(*planted)
        {
            return said(format!("{carrier:?} travels in a part of {part_label:?}"));
        }
    }
    None
}

/// A definition is copied into each part that uses it.
fn is_definition(id: &str) -> bool {
    id.starts_with("marking-definition--") || id.starts_with("extension-definition--")
}

#[track_caller]
fn all_found(plants: impl IntoIterator<Item = Plant>, at_least: usize) {
    let mut count = 0;
    let mut failures = Vec::new();
    for plant in plants {
        count += 1;
        failures.extend(missed(&plant));
    }
    let shown: Vec<&str> = failures.iter().map(String::as_str).take(12).collect();
    assert!(
        failures.is_empty(),
        "{} of {count}:\n{}",
        failures.len(),
        shown.join("\n")
    );
    assert!(count >= at_least, "only {count} documents were tried");
}

#[test]
fn the_documents_to_plant_into_are_valid_and_unmarked() {
    for base in [stix(), misp(), csaf("2.0"), csaf("2.1")] {
        let bytes = base.to_string().into_bytes();
        let seen = inspect(&Bytes::copy_from_slice(&bytes), None);
        // CSAF 2.1 must have a label.
        let must_have = |problem: &str| problem.contains("tlp");
        let problems: Vec<_> = seen
            .problems
            .iter()
            .filter(|p| !must_have(&format!("{}{}", p.place, p.message)))
            .collect();
        assert!(problems.is_empty(), "{}: {problems:?}", seen.format);
        assert_eq!(label(&seen), None, "{:?}", seen.markings);
        assert_eq!(highest(&bytes), None);
    }
}

/// Every string of a document, with every label in a few spellings, so that each spelling comes to stand in many places.
fn in_every_place(base: &Value) -> Vec<Plant> {
    let spellings = spellings();
    let mut plants = Vec::new();
    for (index, place) in places(base).iter().enumerate() {
        for (number, spelling) in spellings.iter().enumerate() {
            let is_canonical = spelling.text == format!("TLP:{}", spelling.label.name());
            // Seventeen and the number of spellings have no common factor, so that all of them have their turn.
            if !is_canonical && (number + index * 3) % 17 != 0 {
                continue;
            }
            let encoding = if (number + index) % 2 == 0 {
                Encoding::Plain
            } else {
                Encoding::Escaped
            };
            plants.push(Plant {
                what: format!("{place} {:?} {encoding:?}", cut(&spelling.text)),
                bytes: planted_at(base, place, &spelling.text, encoding),
                label: spelling.label,
                carrier: carrier(base, place),
            });
        }
    }
    plants
}

fn cut(text: &str) -> String {
    let skipped = text.chars().count().saturating_sub(60);
    text.chars().skip(skipped).collect()
}

#[test]
fn a_label_in_any_string_of_stix_is_found() {
    all_found(in_every_place(&stix()), 2_000);
}

#[test]
fn a_label_in_any_string_of_misp_is_found() {
    all_found(in_every_place(&misp()), 1_000);
}

#[test]
fn a_label_in_any_string_of_csaf_is_found() {
    all_found(in_every_place(&csaf("2.0")), 1_000);
    all_found(in_every_place(&csaf("2.1")), 1_000);
}

#[test]
fn every_spelling_is_found_in_a_description() {
    let in_description = |base: &Value, place: &str| {
        let plants: Vec<Plant> = spellings()
            .into_iter()
            .flat_map(|spelling| {
                [Encoding::Plain, Encoding::Escaped].map(|encoding| Plant {
                    what: format!("{place} {:?} {encoding:?}", cut(&spelling.text)),
                    bytes: planted_at(base, place, &spelling.text, encoding),
                    label: spelling.label,
                    carrier: carrier(base, place),
                })
            })
            .collect();
        all_found(plants, 200);
    };
    in_description(&stix(), "/objects/0/description");
    in_description(&misp(), "/Event/EventReport/0/content");
    in_description(&csaf("2.0"), "/document/notes/0/text");
}

#[test]
fn markings_by_structure_are_found_in_stix() {
    all_found(structural_in_stix(), 1_000);
}

#[test]
fn tags_are_found_in_misp() {
    all_found(structural_in_misp(), 500);
}

#[test]
fn labels_are_found_in_csaf() {
    all_found(structural_in_csaf(), 50);
}

#[test]
fn labels_are_found_in_every_place_of_markdown() {
    let plants = spellings().into_iter().flat_map(|spelling| {
        markdown(&spelling.text)
            .into_iter()
            .map(move |(place, text)| Plant {
                what: format!("{place} {:?}", cut(&spelling.text)),
                bytes: text.into_bytes(),
                label: spelling.label,
                carrier: None,
            })
    });
    all_found(plants, 4_000);
}

#[test]
fn labels_are_found_in_markdown_as_it_is_rendered() {
    let plants = Seen::ALL.into_iter().flat_map(|label| {
        names(label).iter().flat_map(move |name| {
            rendered_markdown(name)
                .into_iter()
                .map(move |(place, text)| Plant {
                    what: format!("{place} {name}"),
                    bytes: text.into_bytes(),
                    label,
                    carrier: None,
                })
        })
    });
    all_found(plants, 100);
}

#[test]
fn labels_are_found_in_plain_text() {
    let plants = spellings().into_iter().flat_map(|spelling| {
        let text = spelling.text;
        [
            text.clone(),
            format!("Subject: {text}\n\nDear all,\n"),
            format!("Dear all,\n\n{text}"),
            format!("\u{feff}{text}"),
            format!("a\r\nb {text} c\r\n"),
            format!("{}\n{text}\n", "x".repeat(5_000)),
        ]
        .map(|document| Plant {
            what: format!("text {:?}", cut(&document)),
            bytes: document.into_bytes(),
            label: spelling.label,
            carrier: None,
        })
    });
    all_found(plants, 1_000);
}

#[test]
fn what_nobody_sees_hides_no_label() {
    let invisible = [
        0xad, 0x34f, 0x61c, 0x180b, 0x180e, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x202a, 0x202b,
        0x202c, 0x202d, 0x202e, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064, 0x2066, 0x2067, 0x2068,
        0x2069, 0x206a, 0x206f, 0xfe00, 0xfe0f, 0xfeff, 0xe0001, 0xe0020, 0xe007f, 0xe0100,
        0xe01ef,
    ];
    let mut plants = Vec::new();
    for code in invisible {
        let c = char::from_u32(code).unwrap();
        for label in Seen::ALL {
            let whole = format!("TLP:{}", label.name());
            for at in 0..=whole.len() {
                let text = format!("{}{c}{}", &whole[..at], &whole[at..]);
                for bytes in [
                    planted_at(&misp(), "/Event/info", &text, Encoding::Escaped),
                    text.clone().into_bytes(),
                ] {
                    plants.push(Plant {
                        what: format!("U+{code:04X} at {at} of {whole}"),
                        bytes,
                        label,
                        carrier: None,
                    });
                }
            }
        }
    }
    all_found(plants, 3_000);
}

/// Beside letters of other scripts, so that the text is looked at letter by letter.
#[test]
fn control_characters_hide_no_label() {
    let mut plants = Vec::new();
    for code in (0..0x20)
        .chain(0x7f..0xa0)
        .chain([0xfffd, 0xfffe, 0xffff, 0xe000])
    {
        let c = char::from_u32(code).unwrap();
        for around in [
            format!("{c}"),
            format!("\u{e9}{c}"),
            format!("{c}{c}\u{416}{c}"),
        ] {
            let text = format!("{around}TLP:AMBER+STRICT{around}");
            plants.push(Plant {
                what: format!("{text:?}"),
                bytes: planted_at(&misp(), "/Event/info", &text, Encoding::Escaped),
                label: Seen::AmberStrict,
                carrier: None,
            });
        }
    }
    all_found(plants, 200);
}

/// A decoy of each label stands before or after: neither hides the other.
#[test]
fn the_higher_of_two_labels_holds_wherever_they_stand() {
    let mut plants = Vec::new();
    for first in Seen::ALL {
        for second in Seen::ALL {
            for between in [" ", "\n", "/", ", formerly ", " to TLP:GREEN to "] {
                let text = format!("TLP:{}{between}TLP:{}", first.name(), second.name());
                let higher = first.max(second);
                let documents = [
                    planted_at(&stix(), "/objects/0/name", &text, Encoding::Plain),
                    planted_at(&misp(), "/Event/info", &text, Encoding::Plain),
                    planted_at(&csaf("2.0"), "/document/title", &text, Encoding::Plain),
                    text.clone().into_bytes(),
                ];
                plants.extend(documents.map(|bytes| Plant {
                    what: text.clone(),
                    bytes,
                    label: higher,
                    carrier: None,
                }));
            }
        }
    }
    all_found(plants, 500);
}

#[test]
fn the_label_of_every_real_document_is_not_below_the_second_reading() {
    let mut count = 0;
    for (path, bytes) in crate::documents::all_bytes() {
        let seen = inspect(&bytes, None);
        if seen.format == "unknown" {
            continue;
        }
        let second = highest(&bytes);
        assert!(
            label(&seen) >= second,
            "{path}: {:?}, but a second reading finds {second:?}",
            seen.label
        );
        count += usize::from(second.is_some());
    }
    assert!(count > 40, "the second reading finds something in {count}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, rng_seed: RngSeed::Fixed(3), failure_persistence: None, ..ProptestConfig::default() })]

    /// Several labels at random places of a document of any format.
    #[test]
    fn labels_planted_at_random_are_all_found(
        format in 0_usize..4,
        plants in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>()), 1..5),
    ) {
        let mut base = [stix(), misp(), csaf("2.0"), csaf("2.1")][format].clone();
        let spellings = spellings();
        let mut highest_planted = None;
        for (place, spelling, _) in &plants {
            let place = place.get(&places(&base)).clone();
            let spelling = spelling.get(&spellings);
            let before = base.clone();
            *base.pointer_mut(&place).unwrap() = spelling.text.clone().into();
            // Where the string made it a document of its format, it stays.
            if inspect(&Bytes::from(base.to_string()), None).format == "unknown" {
                base = before;
            }
        }
        for text in places(&base) {
            let text = base.pointer(&text).and_then(Value::as_str).unwrap();
            highest_planted = highest_planted.max(super::extractor::said(text));
        }
        let bytes = base.to_string().into_bytes();
        let seen = inspect(&Bytes::copy_from_slice(&bytes), None);
        let read = Some(label(&seen).unwrap_or(Seen::Clear));
        prop_assert!(read >= highest_planted, "{base}");
        prop_assert!(read >= highest(&bytes), "{base}");
    }
}
