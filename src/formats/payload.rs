//! What lies encoded within the strings of a structured document: attachments and artifacts in base64 or hex, gzip in them.
//!
//! They are decoded once, when the document is read. Text that comes out is searched like the document's own; what comes
//! out and is no text, such as an archive or an image, makes the document one that cannot be searched. So does a payload
//! that is base64 once more, deeper than a few times.
//!
//! A format says where payloads stand (STIX properties that end in `_bin` or `_hex`, MISP `data`, data URIs); what is
//! there is a payload whatever it holds. Any other string that is base64 as a whole is one only if text, or a file of a
//! known type, comes out: digests and keys are base64 too.

use std::borrow::Cow;
use std::io::Read;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::MultiGzDecoder;

use super::json::{Element, Path, Step};
use super::{Format, pdf};
use crate::model::submission::{Place, Refusal};

/// A payload that is text.
#[derive(Debug)]
pub(crate) struct Payload {
    /// JSON Pointer of the string, with ` (base64)` or ` (hex)` behind it.
    pub(crate) place: String,
    /// What it says, decoded and unpacked.
    pub(crate) text: String,
}

/// What was found in the strings of a document.
#[derive(Debug, Default)]
pub(crate) struct Payloads {
    /// Texts, in document order.
    pub(crate) texts: Vec<Payload>,
    /// What cannot be read, at most [`Refusal::PLACES_MAX`].
    pub(crate) opaque: Vec<Place>,
}

/// Most payloads of one document: more than the attachments of any event, few enough to name.
const PAYLOADS_MAX: usize = 10_000;
/// Most PDF documents within one document: each may take what a PDF of its own may.
const PDFS_MAX: usize = 8;
/// Most times that a payload is base64 within base64.
const NESTED_MAX: usize = 3;
/// Shortest string that is tried as base64 where no format says that it is: `VExQOlJFRA==` is `TLP:RED`.
const GUESSED_BYTES_MIN: usize = 12;
/// Shortest string elsewhere that is taken for a file by its first bytes: digests and ids are shorter.
const GUESSED_FILE_BYTES_MIN: usize = 100;

/// Finds the payloads of a structured document; their texts together have at most so many bytes.
pub(crate) fn payloads(format: Format, root: Element<'_>, bytes_max: usize) -> Payloads {
    let mut found = Payloads::default();
    let mut left = bytes_max;
    let mut count = 0usize;
    let mut pdfs = 0usize;
    let mut visit = |path: &Path<'_>, element: Element<'_>| {
        let Some(text) = element.as_str() else {
            return;
        };
        if text.len() < GUESSED_BYTES_MIN && (text.is_empty() || !is_said(format, path)) {
            return;
        }
        let Some((coding, encoded)) = encoded(format, path, text) else {
            return;
        };
        let place = || format!("{} ({})", path.pointer(), coding.name());
        if count >= PAYLOADS_MAX {
            found.opaque(place(), "one payload more than are read");
            return;
        }
        let Some(bytes) = coding.decode(encoded) else {
            if coding.is_said() {
                found.opaque(place(), "what is not of the encoding that it should have");
            }
            return;
        };
        if bytes.starts_with(b"%PDF-") && (coding.is_said() || is_long(&bytes)) {
            count = count.saturating_add(1);
            pdfs = pdfs.saturating_add(1);
            if pdfs > PDFS_MAX {
                found.opaque(place(), "one PDF more than are read");
            } else {
                left = left.saturating_sub(found.pdf(&place(), &bytes));
            }
            return;
        }
        match content(&bytes, &coding, left) {
            Content::Text(text) => {
                count = count.saturating_add(1);
                left = left.saturating_sub(text.len());
                let (place, text) = (place(), text.into_owned());
                let at = found.texts.len();
                left = left.saturating_sub(found.nested(&place, &text, left));
                found.texts.insert(at, Payload { place, text });
            }
            Content::Opaque(what) => {
                count = count.saturating_add(1);
                found.opaque(place(), what);
            }
            Content::Nothing => {}
        }
    };
    root.walk_where(|path, element| {
        visit(path, element);
        // Most objects hold nothing of the kind, which is seen without their paths.
        path.steps().len() != OBJECT_STEPS || element.all().any(|e| may_be(format, e))
    });
    found
}

/// How many steps lead to an object of a bundle, or to the lists of an event.
const OBJECT_STEPS: usize = 2;

/// A payload may stand here.
fn may_be(format: Format, element: Element<'_>) -> bool {
    let Some(text) = element.as_str() else {
        return false;
    };
    let may_be_said = match format {
        Format::Stix21 | Format::Stix20 => {
            let key = element.key();
            key.ends_with("_bin") || key.ends_with("_hex")
        }
        Format::Misp => element.is_under("data"),
        Format::Csaf20 | Format::Csaf21 | Format::Markdown | Format::Text | Format::Pdf => false,
    };
    may_be_said
        || text.len() >= GUESSED_BYTES_MIN && (may_be_base64(text) || text.starts_with("data:"))
}

impl Payloads {
    /// Takes what a PDF says; returns how many bytes of text that is.
    fn pdf(&mut self, place: &str, bytes: &[u8]) -> usize {
        let read = pdf::extracted(bytes);
        for within in read.unsearchable {
            if self.opaque.len() < Refusal::PLACES_MAX {
                self.opaque.push(Place {
                    place: format!("{place} {}", within.place).trim_end().to_owned(),
                    message: within.message,
                });
            }
        }
        for passage in read.body.passages {
            self.texts.push(Payload {
                place: format!("{place} {}", passage.place),
                text: passage.text,
            });
        }
        read.body.text.len()
    }

    /// Takes what a payload says that is base64 as a whole; returns how many bytes of text that is.
    fn nested(&mut self, place: &str, text: &str, bytes_max: usize) -> usize {
        let mut place = place.to_owned();
        let mut outer = Cow::Borrowed(text);
        let mut size = 0usize;
        for depth in 0..=NESTED_MAX {
            let trimmed = outer.trim();
            if trimmed.len() < GUESSED_BYTES_MIN || !may_be_base64(trimmed) {
                break;
            }
            let coding = Coding::GuessedBase64;
            let Some(bytes) = coding.decode(trimmed) else {
                break;
            };
            place.push_str(" (base64)");
            if bytes.starts_with(b"%PDF-") {
                self.opaque(place, "a PDF within a payload");
                break;
            }
            match content(&bytes, &coding, bytes_max.saturating_sub(size)) {
                Content::Text(_) if depth == NESTED_MAX => {
                    self.opaque(place, "what is encoded more often than is read");
                    break;
                }
                Content::Text(text) => {
                    let text = text.into_owned();
                    size = size.saturating_add(text.len());
                    self.texts.push(Payload {
                        place: place.clone(),
                        text: text.clone(),
                    });
                    outer = Cow::Owned(text);
                }
                Content::Opaque(what) => {
                    self.opaque(place, what);
                    break;
                }
                Content::Nothing => break,
            }
        }
        size
    }

    fn opaque(&mut self, place: String, what: &str) {
        if self.opaque.len() < Refusal::PLACES_MAX {
            self.opaque.push(Place {
                place,
                message: format!("{what} is here, which the node cannot search"),
            });
        }
    }
}

/// How a string is encoded, and whether the format says so or only its characters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    Base64,
    Hex,
    GuessedBase64,
}

impl Coding {
    const fn name(self) -> &'static str {
        match self {
            Coding::Base64 | Coding::GuessedBase64 => "base64",
            Coding::Hex => "hex",
        }
    }

    const fn is_said(self) -> bool {
        match self {
            Coding::Base64 | Coding::Hex => true,
            Coding::GuessedBase64 => false,
        }
    }

    fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Coding::Base64 | Coding::GuessedBase64 => base64(text),
            Coding::Hex => hex::decode(text).ok(),
        }
    }
}

/// The format says that a payload stands here.
fn is_said(format: Format, path: &Path<'_>) -> bool {
    match format {
        // STIX 2.1 §2.1, §2.5: names of properties of type binary and hex end so.
        Format::Stix21 | Format::Stix20 => path
            .key()
            .is_some_and(|k| k.ends_with("_bin") || k.ends_with("_hex")),
        Format::Misp => matches!(
            path.steps(),
            [
                ..,
                Step::Key("Attribute" | "ShadowAttribute"),
                Step::Index(_),
                Step::Key("data")
            ]
        ),
        Format::Csaf20 | Format::Csaf21 | Format::Markdown | Format::Text | Format::Pdf => false,
    }
}

/// The encoded part of a string, and its coding; `None`: it holds no payload.
fn encoded<'a>(format: Format, path: &Path<'_>, text: &'a str) -> Option<(Coding, &'a str)> {
    if is_said(format, path) {
        let is_hex = path.key().is_some_and(|k| k.ends_with("_hex"));
        return Some((if is_hex { Coding::Hex } else { Coding::Base64 }, text));
    }
    // RFC 2397: `data:text/plain;base64,…`.
    if text.starts_with("data:")
        && let Some((_, data)) = text.split_once(";base64,")
    {
        return Some((Coding::Base64, data));
    }
    may_be_base64(text).then_some((Coding::GuessedBase64, text))
}

/// A cheap look: the first characters are base64 and decode to what may begin a text or a known file.
fn may_be_base64(text: &str) -> bool {
    let Some(bytes) = text.as_bytes().first_chunk().and_then(head) else {
        return false;
    };
    let is_text = match std::str::from_utf8(&bytes) {
        Ok(text) => text.chars().all(is_written),
        // A character that only begins within the head.
        Err(e) => e.error_len().is_none() && e.valid_up_to() > 0,
    };
    let is_wide = |odd: usize| {
        let zeros = bytes.iter().skip(odd).step_by(2).all(|b| *b == 0);
        zeros && bytes.iter().skip(1 - odd).step_by(2).all(|b| *b != 0)
    };
    is_text || is_wide(0) || is_wide(1) || file_type(&bytes).is_some()
}

/// What eight characters of one of the alphabets stand for.
fn head(text: &[u8; 8]) -> Option<[u8; 6]> {
    let mut bits = 0u64;
    let (mut is_standard, mut is_url) = (false, false);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'/' => {
                is_standard = true;
                if *byte == b'+' { 62 } else { 63 }
            }
            b'-' | b'_' => {
                is_url = true;
                if *byte == b'-' { 62 } else { 63 }
            }
            _ => return None,
        };
        bits = (bits << 6) | u64::from(value);
    }
    let [_, _, bytes @ ..] = bits.to_be_bytes();
    (!(is_standard && is_url)).then_some(bytes)
}

/// Decodes both alphabets, with padding or without, and across line breaks.
fn base64(text: &str) -> Option<Vec<u8>> {
    // What the last bits of a cut or careless encoding hold does not count.
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
    const URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);
    let text: Cow<'_, [u8]> = if text.bytes().any(|b| b.is_ascii_whitespace()) {
        Cow::Owned(text.bytes().filter(|b| !b.is_ascii_whitespace()).collect())
    } else {
        Cow::Borrowed(text.as_bytes())
    };
    if text.iter().any(|b| matches!(b, b'-' | b'_')) {
        URL.decode(&text).ok()
    } else {
        PLAIN.decode(&text).ok()
    }
}

/// The text of a file that is attached somewhere, unpacked if need be; `None`: it is no text.
pub(super) fn plain_text(bytes: &[u8]) -> Option<String> {
    match content(bytes, &Coding::Base64, ATTACHED_BYTES_MAX) {
        Content::Text(text) => Some(text.into_owned()),
        Content::Nothing => Some(String::new()),
        Content::Opaque(_) => None,
    }
}

/// Most bytes of text of an attached file.
const ATTACHED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What decoded bytes are.
enum Content<'a> {
    Text(Cow<'a, str>),
    Opaque(&'static str),
    Nothing,
}

fn content<'a>(bytes: &'a [u8], coding: &Coding, bytes_max: usize) -> Content<'a> {
    if bytes.is_empty() {
        return Content::Nothing;
    }
    let opaque = |what| {
        if coding.is_said() || is_long(bytes) {
            Content::Opaque(what)
        } else {
            Content::Nothing
        }
    };
    if bytes.starts_with(&GZIP) {
        return match unpacked(bytes, bytes_max) {
            Ok(unpacked) => match text(&unpacked) {
                Some(text) => Content::Text(Cow::Owned(text.into_owned())),
                None => opaque(file_type(&unpacked).unwrap_or("compressed data")),
            },
            Err(what) => opaque(what),
        };
    }
    if let Some(text) = text(bytes).filter(|_| !bytes.starts_with(b"%PDF-")) {
        if text.len() > bytes_max {
            return opaque("more than is read of a document's payloads");
        }
        return Content::Text(text);
    }
    match file_type(bytes) {
        Some(what) => opaque(what),
        None if !coding.is_said() => Content::Nothing,
        None => match single_bytes(bytes) {
            Some(text) if text.len() <= bytes_max => Content::Text(Cow::Owned(text)),
            _ => Content::Opaque("a file of a type that is not read"),
        },
    }
}

/// Long enough to be taken for a file by its first bytes.
fn is_long(bytes: &[u8]) -> bool {
    bytes.len() >= GUESSED_FILE_BYTES_MIN / 4 * 3
}

/// RFC 1952 §2.3.1: the two identification bytes, and deflate as the only method.
const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];

fn unpacked(bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::new();
    // One byte more than allowed tells that there is too much.
    let bound = u64::try_from(bytes_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    MultiGzDecoder::new(bytes)
        .take(bound)
        .read_to_end(&mut out)
        .map_err(|_| "a damaged gzip file")?;
    if out.len() > bytes_max {
        return Err("a gzip file that is too large to be read");
    }
    Ok(out)
}

/// Bytes as text, if they are UTF-8 or UTF-16 without control characters that text has not.
fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let text = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(std::str::from_utf8(rest).ok()?),
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        [_, 0, ..] => Cow::Owned(utf16(bytes, u16::from_le_bytes)?),
        [0, _, ..] => Cow::Owned(utf16(bytes, u16::from_be_bytes)?),
        _ => Cow::Borrowed(std::str::from_utf8(bytes).ok()?),
    };
    text.chars().all(is_written).then_some(text)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .collect::<Result<String, _>>()
        .ok()
}

/// Text in an encoding of one byte a character, such as Latin-1: what ASCII says in it can be read.
fn single_bytes(bytes: &[u8]) -> Option<String> {
    // Half of it at least, so that no cipher text of a few bytes passes for text.
    let ascii = bytes.iter().filter(|b| b.is_ascii()).count();
    let text: String = bytes.iter().copied().map(char::from).collect();
    let is_written = text
        .chars()
        .all(|c| is_written(c) || ('\u{80}'..='\u{9f}').contains(&c));
    (is_written && ascii.saturating_mul(2) > bytes.len()).then_some(text)
}

/// The character may stand in a text.
fn is_written(c: char) -> bool {
    !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{c}' | '\u{85}' | '\u{1b}')
}

/// What a file is that cannot be searched, by its first bytes.
fn file_type(bytes: &[u8]) -> Option<&'static str> {
    const TYPES: [(&[u8], &str); 24] = [
        (b"PK\x03\x04", "a ZIP archive or office document"),
        (b"PK\x05\x06", "a ZIP archive"),
        (b"%PDF-", "a PDF document"),
        (&GZIP, "a gzip file"),
        (b"\x89PNG\r\n", "an image"),
        (b"\xff\xd8\xff", "an image"),
        (b"GIF87a", "an image"),
        (b"GIF89a", "an image"),
        (b"II*\0", "an image"),
        (b"MM\0*", "an image"),
        (b"\xd0\xcf\x11\xe0", "an office document"),
        (b"7z\xbc\xaf", "a 7z archive"),
        (b"Rar!", "a RAR archive"),
        (b"BZh", "a bzip2 file"),
        (b"\xfd7zXZ", "an xz file"),
        (b"\x28\xb5\x2f\xfd", "a zstd file"),
        (b"\x7fELF", "a program"),
        (b"\xca\xfe\xba\xbe", "a program"),
        (b"\xcf\xfa\xed\xfe", "a program"),
        (b"MZ\x90\0", "a program"),
        (b"\xd4\xc3\xb2\xa1", "a packet capture"),
        (b"\x0a\x0d\x0d\x0a", "a packet capture"),
        (b"SQLite", "a database"),
        (b"MSCF", "a cabinet archive"),
    ];
    TYPES
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|(_, what)| *what)
}

#[cfg(test)]
mod tests;
