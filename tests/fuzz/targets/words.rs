//! Any text is an id, an invite, a label, a time or a version, or refused: no panic; what was read is written and read
//! again as the same; versions are in one order.

#![no_main]

use std::cmp::Ordering;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use floors::clock::Timestamp;
use floors::formats::{Format, compare_versions};
use floors::model::ids::{CommunityId, Digest, ItemId, MemberId, Name, SpiffeId};
use floors::model::invite::Invite;
use floors::model::label::Label;
use floors::wire::push;

/// Reads, writes, and reads again.
macro_rules! there_and_back {
    ($($word:ty),+; $text:expr) => {
        $(if let Ok(read) = <$word>::parse($text) {
            let again = <$word>::parse(&read.to_string()).expect("what was written is read");
            assert!(again == read);
        })+
    };
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [choice, bytes @ ..] = data else {
        return;
    };
    if choice % 4 == 0 {
        invite(bytes);
        return;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match choice % 4 {
        1 => {
            there_and_back!(CommunityId, MemberId, Name, SpiffeId, ItemId; text);
            let _ = Label::parse(text);
            if let Some(time) = Timestamp::parse(text) {
                assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
            }
            if let Ok(addressee) = push::addressee(text) {
                assert!(push::addressee(&push::addressee_to_text(&addressee)).is_ok());
            }
        }
        2 => drop(Invite::parse(text)),
        _ => versions(text),
    }
});

/// The fields of an invite, under the checksum that lets them be read.
fn invite(fields: &[u8]) {
    const PREFIX: &str = "sluis1.";
    let digest = Digest::of(&[PREFIX.as_bytes(), fields].concat());
    let bytes = [fields, &digest.0[..8]].concat();
    let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
    if let Ok(invite) = Invite::parse(&text) {
        let written = invite.to_string();
        let again = Invite::parse(&written).expect("what was written is read");
        assert_eq!(again.to_string(), written);
    }
}

fn versions(text: &str) {
    let all: Vec<&str> = text.splitn(3, '\n').collect();
    for format in [Format::Csaf20, Format::Misp, Format::Stix21, Format::Text] {
        for a in &all {
            assert_eq!(compare_versions(format, a, a), Ordering::Equal);
            for b in &all {
                let forth = compare_versions(format, a, b);
                assert_eq!(compare_versions(format, b, a), forth.reverse());
                for c in &all {
                    let on = compare_versions(format, b, c);
                    if forth == on {
                        assert_eq!(compare_versions(format, a, c), forth, "{a:?} {b:?} {c:?}");
                    }
                }
            }
        }
    }
}
