use super::*;
use crate::formats::{Document, Limits, read};
use base64::engine::general_purpose::{STANDARD as B64, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::io::Write;

fn document(value: &Value) -> Document {
    read(&Bytes::from(value.to_string()), &Limits::default()).unwrap()
}

fn artifact(key: &str, value: &str) -> Document {
    document(
        &json!({"type": "artifact", "id": "artifact--cc5e9d2b-8d5a-5f0e-9f7d-5b7c2f2b5b0a", key: value}),
    )
}

fn attachment(data: &str) -> Document {
    document(
        &json!({"Event": {"uuid": "385283a1-b5e0-4e10-a532-dce11c365a56", "info": "e", "date": "2024-01-01",
        "Orgc": {"name": "o"}, "Attribute": [{"type": "attachment", "value": "a.txt", "data": data}]}}),
    )
}

fn texts(document: &Document) -> Vec<(&str, &str)> {
    document
        .payloads
        .iter()
        .map(|p| (p.place.as_str(), p.text.as_str()))
        .collect()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn text_is_decoded_wherever_a_format_keeps_payloads() {
    let said = "TLP:RED für Acme";
    let latin: Vec<u8> = said.chars().map(|c| u8::try_from(c).unwrap()).collect();
    for bytes in [
        said.as_bytes().to_vec(),
        wide(said),
        packed(said.as_bytes()),
        packed(&wide(said)),
        latin,
    ] {
        let text = B64.encode(&bytes);
        let lines = format!("{}\r\n{}", &text[..8], &text[8..]);
        for data in [text.as_str(), text.trim_end_matches('='), &lines] {
            let d = artifact("payload_bin", data);
            assert_eq!(texts(&d), [("/payload_bin (base64)", said)]);
            let d = attachment(data);
            assert_eq!(texts(&d), [("/Event/Attribute/0/data (base64)", said)]);
            assert_eq!(d.unsearchable, []);
        }
        let d = artifact("content_hex", &hex::encode(&bytes));
        assert_eq!(texts(&d), [("/content_hex (hex)", said)]);
    }
}

#[test]
fn text_is_found_under_any_key_and_in_data_uris() {
    let said = "by Acme Energie? TLP:RED>";
    for text in [
        B64.encode(said),
        STANDARD_NO_PAD.encode(said),
        URL_SAFE_NO_PAD.encode(said),
        B64.encode(wide(said)),
        format!("data:text/plain;base64,{}", B64.encode(said)),
    ] {
        assert_eq!(
            texts(&artifact("x_note", &text)),
            [("/x_note (base64)", said)]
        );
    }
    assert_eq!(
        texts(&artifact("x_a", "VExQOlJFRA==")),
        [("/x_a (base64)", "TLP:RED")]
    );
}

#[test]
fn what_cannot_be_read_is_told_with_its_place_and_what_it_is() {
    for (bytes, what) in [
        (&b"PK\x03\x04\x14\0\0\0\x08\0"[..], "ZIP"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "image"),
        (b"%PDF-1.7\n", "no page"),
        (b"\x01\x02\x03\xff\xfe\x80\x81\x90", "not read"),
        (&packed(b"\x7fELF\x02\x01\x01\0\0"), "program"),
    ] {
        let d = artifact("payload_bin", &B64.encode(bytes));
        assert_eq!(d.unsearchable.len(), 1, "{what}");
        assert_eq!(d.unsearchable[0].place, "/payload_bin (base64)");
        assert!(d.unsearchable[0].message.contains(what), "{what}");
        assert_eq!(texts(&d), []);
    }
    let not_base64 = artifact("payload_bin", "not base64 at all");
    assert_eq!(not_base64.unsearchable.len(), 1);
    let mut archive = b"PK\x03\x04".to_vec();
    archive.resize(200, 0xa5);
    assert_eq!(artifact("x_a", &B64.encode(&archive)).unsearchable.len(), 1);
}

#[test]
fn digests_keys_ids_and_words_are_no_payloads() {
    for text in [
        "d41d8cd98f00b204e9800998ecf8427e",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "indicator--26ffb872-1dd9-446e-b6f5-d58527e5b5d2",
        "http://x.example/abc",
        "WindowsDefenderAdvanced",
        "2024-01-01T00:00:00.000Z",
        "internationalisation",
        "",
    ] {
        let d = artifact("x_a", text);
        assert_eq!(texts(&d), [], "{text}");
        assert_eq!(d.unsearchable, [], "{text}");
    }
}

#[test]
fn a_bomb_in_a_payload_stops_at_the_limit() {
    let bomb = B64.encode(packed(&vec![b' '; 1 << 20]));
    let text = json!({"type": "artifact", "id": "artifact--cc5e9d2b-8d5a-5f0e-9f7d-5b7c2f2b5b0a",
        "payload_bin": bomb, "x_b": bomb})
    .to_string();
    let limits = Limits {
        bytes_max: (1 << 20) + 10,
    };
    let d = read(&Bytes::from(text), &limits).unwrap();
    // The first uses the room up.
    assert_eq!(d.payloads.len(), 1);
    assert_eq!(d.unsearchable.len(), 1);
    assert!(d.unsearchable[0].message.contains("too large"));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        cut in 0usize..200,
    ) {
        let text = B64.encode(&bytes);
        artifact("payload_bin", &text[..cut.min(text.len())]);
        artifact("x_a", &text);
        artifact("a_hex", &hex::encode(&bytes));
    }
}

#[test]
fn a_payload_that_is_base64_once_more_is_read_or_told() {
    let mut data = B64.encode("Minutes\nTLP:RED\n");
    for depth in 1..=3 {
        data = B64.encode(&data);
        let document = attachment(&data);
        let (place, text) = *texts(&document).last().unwrap();
        assert!(place.ends_with(&" (base64)".repeat(depth + 1)), "{place}");
        assert_eq!(text, "Minutes\nTLP:RED\n");
        assert_eq!(document.unsearchable, []);
    }
    for _ in 0..2 {
        data = B64.encode(&data);
    }
    assert_eq!(attachment(&data).unsearchable.len(), 1);
    let archive = B64.encode([b"PK\x03\x04".as_slice(), &[0; 200]].concat());
    assert_eq!(attachment(&B64.encode(archive)).unsearchable.len(), 1);
}
