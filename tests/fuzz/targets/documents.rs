//! Any bytes are read as a document of any format, marked, parted and searched, or refused: no panic, and what was read
//! once is read again in the same way.

#![no_main]

use bytes::Bytes;
use floors::formats::{Aliases, Limits, mentions, read};
use floors::inspect::inspect;
use floors::markings::{mark, markings, pap};
use floors::model::label::Label;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    let limits = Limits { bytes_max: 1 << 20 };
    let Ok(document) = read(&bytes, &limits) else {
        return;
    };
    let found = markings(&document);
    let _ = pap(&document);
    let _ = mark(&document, Some(Label::Amber), &[]);
    if let Ok(marked) = mark(&document, None, &[]) {
        assert_eq!(Some(marked.label), found.iter().map(|m| m.label).max());
    }
    let _ = mentions(
        &document,
        &Aliases {
            name: "An organisation".to_owned(),
            domains: vec!["bad.example".to_owned()],
            ids: vec!["identity--00000000-0000-4000-8000-000000000003".to_owned()],
        },
    );
    // The decompressed bytes are the document: read alone, they say the same.
    let seen = inspect(&bytes, None);
    assert_eq!(inspect(&document.bytes, None), seen);
});
