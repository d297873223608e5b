//! The checks that all messages share: size, canonical form, ids, and text that may be shown.

use prost::Message;

use super::Malformed;
use crate::model::ids::{CommunityId, Digest, InvalidId, ItemId, SpiffeId};

/// Decodes a signed record. Refuses more than `bytes_max` bytes before it looks at them, and bytes that are not the
/// encoding of what was understood of them: unknown fields, repeated fields, odd orders and odd numbers.
pub(crate) fn record<M: Message + Default>(
    field: &'static str,
    bytes: &[u8],
    bytes_max: usize,
) -> Result<M, Malformed> {
    if bytes.len() > bytes_max {
        let size = bytes.len();
        return Err(Malformed::new(
            field,
            format!("has {size} bytes; at most {bytes_max} are taken"),
        ));
    }
    let message = M::decode(bytes)
        .map_err(|error| Malformed::new(field, format!("does not decode: {error}")))?;
    if message.encoded_len() != bytes.len() || message.encode_to_vec() != bytes {
        return Err(Malformed::new(
            field,
            "holds something that this version does not understand, or is not in canonical form",
        ));
    }
    Ok(message)
}

/// A value that must be there.
pub(crate) fn required<T>(field: &'static str, value: Option<T>) -> Result<T, Malformed> {
    value.ok_or_else(|| Malformed::new(field, "is missing"))
}

/// What must be empty here.
pub(crate) fn absent(field: &'static str, empty: bool) -> Result<(), Malformed> {
    if empty {
        Ok(())
    } else {
        Err(Malformed::new(field, "must be empty here"))
    }
}

/// Not more than so many.
pub(crate) fn count(field: &'static str, n: usize, max: usize) -> Result<(), Malformed> {
    if n <= max {
        Ok(())
    } else {
        Err(Malformed::new(
            field,
            format!("has {n} entries; at most {max} are taken"),
        ))
    }
}

/// Text on one line, possibly empty, that shows as what it is: no control characters, no characters that turn the
/// direction of writing (threat 55).
pub(crate) fn line(field: &'static str, text: &str, bytes_max: usize) -> Result<(), Malformed> {
    text_of(field, text, bytes_max, |c| !acts(c))
}

/// The same, and not empty.
pub(crate) fn word(field: &'static str, text: &str, bytes_max: usize) -> Result<(), Malformed> {
    if text.is_empty() {
        return Err(Malformed::new(field, "must not be empty"));
    }
    line(field, text, bytes_max)
}

/// Text of many lines; the same as [`line`], but for line feeds and tabs.
pub(crate) fn paragraphs(
    field: &'static str,
    text: &str,
    bytes_max: usize,
) -> Result<(), Malformed> {
    text_of(field, text, bytes_max, |c| {
        c == '\n' || c == '\t' || !acts(c)
    })
}

/// Several words.
pub(crate) fn words(
    field: &'static str,
    texts: &[String],
    count_max: usize,
    bytes_max: usize,
) -> Result<(), Malformed> {
    count(field, texts.len(), count_max)?;
    texts
        .iter()
        .try_for_each(|text| word(field, text, bytes_max))
}

fn text_of(
    field: &'static str,
    text: &str,
    bytes_max: usize,
    allowed: impl Fn(char) -> bool,
) -> Result<(), Malformed> {
    let size = text.len();
    if size > bytes_max {
        return Err(Malformed::new(
            field,
            format!("has {size} bytes; at most {bytes_max} are taken"),
        ));
    }
    match text.chars().find(|c| !allowed(*c)) {
        None => Ok(()),
        Some(c) => Err(Malformed::new(
            field,
            format!(
                "holds the control character U+{:04X}; leave it out",
                u32::from(c)
            ),
        )),
    }
}

/// Characters that act on a terminal or a page instead of being shown: C0, DEL, C1, line and paragraph separators, and
/// the controls of writing direction (Unicode TR 36, section 3.2).
pub(super) fn acts(c: char) -> bool {
    match c {
        ' '..='~' => false,
        '\u{061c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => true,
        other => other.is_control(),
    }
}

/// A community's id.
pub(crate) fn community(field: &'static str, text: &str) -> Result<CommunityId, Malformed> {
    CommunityId::parse(text).map_err(|error| invalid(field, &error))
}

/// An item's id.
pub(crate) fn item(field: &'static str, text: &str) -> Result<ItemId, Malformed> {
    ItemId::parse(text).map_err(|error| invalid(field, &error))
}

/// A SPIFFE id.
pub(crate) fn spiffe(field: &'static str, text: &str) -> Result<SpiffeId, Malformed> {
    SpiffeId::parse(text).map_err(|error| invalid(field, &error))
}

/// A SHA-256.
pub(crate) fn digest(field: &'static str, bytes: &[u8]) -> Result<Digest, Malformed> {
    Digest::from_slice(bytes).ok_or_else(|| {
        let size = bytes.len();
        Malformed::new(field, format!("has {size} bytes; a SHA-256 has 32"))
    })
}

/// A number from 1.
pub(crate) fn from_one(field: &'static str, n: u32) -> Result<u32, Malformed> {
    if n == 0 {
        return Err(Malformed::new(field, "must be 1 or more"));
    }
    Ok(n)
}

pub(crate) fn invalid(field: &'static str, error: &InvalidId) -> Malformed {
    Malformed::new(field, error.to_string())
}
