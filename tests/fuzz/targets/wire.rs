//! Any bytes are one of the records that nodes sign and send, or refused with the field: no panic, and what was read is
//! written and read again as the same.

#![no_main]

use floors::wire::{agreement, envelope, hop, local_record, pb, push, withdrawal};
use prost::Message;

/// Reads, writes, and reads again.
macro_rules! there_and_back {
    ($module:ident, $bytes:expr) => {
        if let Ok(read) = $module::parse($bytes) {
            let written = $module::encode(&read);
            let again = $module::parse(&written).expect("what was written is read");
            assert_eq!($module::encode(&again), written);
        }
    };
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [choice, bytes @ ..] = data else {
        return;
    };
    match choice % 7 {
        0 => there_and_back!(envelope, bytes),
        1 => there_and_back!(withdrawal, bytes),
        2 => there_and_back!(hop, bytes),
        3 => there_and_back!(agreement, bytes),
        4 => there_and_back!(local_record, bytes),
        5 => {
            if let Ok(read) = envelope::parse_tombstone(bytes) {
                let written = envelope::tombstone(&read);
                assert!(envelope::parse_tombstone(&written).is_ok());
            }
        }
        _ => {
            if let Ok(request) = pb::PushItemRequest::decode(bytes)
                && let Ok(options) = push::options(&request)
            {
                let written = push::options_to_pb(&options);
                assert!(push::options(&written).is_ok());
            }
        }
    }
});
