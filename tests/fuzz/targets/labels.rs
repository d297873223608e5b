//! The label of a document is never below what a second reading finds that shares no code with the first (threat 3).
//!
//! The first byte says what the others are: a document as it is, or a text that is written somewhere into one.

#![no_main]

use bytes::Bytes;
use floors::inspect::inspect;

#[allow(dead_code, reason = "shared with the tests")]
#[path = "../../it/labels/extractor.rs"]
mod extractor;
#[allow(dead_code, reason = "shared with the tests")]
#[path = "../../it/labels/plants.rs"]
mod plants;

use extractor::{Seen, highest};
use plants::{Encoding, csaf, misp, places, planted_at, stix};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let bytes = match data {
        [choice @ 0..=3, place, text @ ..] => {
            let base = match choice {
                0 => stix(),
                1 => misp(),
                2 => csaf("2.0"),
                _ => csaf("2.1"),
            };
            let encoding = if place % 2 == 0 {
                Encoding::Plain
            } else {
                Encoding::Escaped
            };
            let places = places(&base);
            let place = &places[usize::from(*place) % places.len()];
            planted_at(&base, place, &String::from_utf8_lossy(text), encoding)
        }
        other => other.to_vec(),
    };
    let Some(second) = highest(&bytes) else {
        return;
    };
    let seen = inspect(&Bytes::from(bytes), None);
    if seen.format == "unknown" {
        return;
    }
    // A document of which nobody says how far it may go is refused: that is not below CLEAR.
    let label = seen.label.and_then(Seen::named).unwrap_or(Seen::Clear);
    assert!(
        label >= second,
        "{label:?}, a second reading finds {second:?}"
    );
});
