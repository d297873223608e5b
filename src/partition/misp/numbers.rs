//! The numbers that a MISP instance gives to what it holds. They refer like UUIDs do, and they tell: `102` between `101` and
//! `103` is missing.

use std::collections::HashMap;

use super::Piece;
use crate::formats::json::{Element, Path, Step};
use crate::formats::uuids::{Uuid128, uuid_of};
use crate::partition::cut::{Cut, cut};

/// What refers by number: the key, and the lists whose items it may name.
const REFERRING: [(&str, &[&str]); 6] = [
    ("referenced_id", &["Attribute", "Object"]),
    ("attribute_id", &["Attribute"]),
    ("object_id", &["Object"]),
    // Of a proposal: the attribute that it would change.
    ("old_id", &["Attribute"]),
    ("shadow_attribute_id", &["ShadowAttribute"]),
    ("event_report_id", &["EventReport"]),
];

/// Numbers that mean something only on the instance that gave them.
const OF_AN_INSTANCE: [&str; 14] = [
    "id",
    "event_id",
    "object_id",
    "attribute_id",
    "old_id",
    "referenced_id",
    "shadow_attribute_id",
    "event_report_id",
    "sharing_group_id",
    "org_id",
    "orgc_id",
    "user_id",
    "event_org_id",
    "tag_id",
];

/// What stands within the pieces of an event: the UUIDs that more than the piece itself bears, and the references by number.
#[derive(Default)]
pub(super) struct Numbers {
    /// UUIDs of what is within a piece, each with the piece's index.
    pub(super) inner: Vec<(Uuid128, u32)>,
    /// Pieces, or the frame behind them, and what they name by number, with the place within.
    pub(super) references: HashMap<(u32, u32), String>,
}

impl Numbers {
    /// Reads pieces, and the frame's values, which count as one piece behind the last.
    pub(super) fn read<'a>(pieces: &[Piece<'a>], frame: impl Iterator<Item = Element<'a>>) -> Self {
        let mut numbers = Self::default();
        let mut numbered: HashMap<(&str, &str), Vec<u32>> = HashMap::new();
        for (piece, index) in pieces.iter().zip(0u32..) {
            piece.value.walk(|path, element| {
                let Some(list) = list_of(piece.list, path) else {
                    return;
                };
                if let Some(id) = element.get("id").and_then(number) {
                    numbered.entry((list, id)).or_default().push(index);
                }
                if !path.steps().is_empty()
                    && let Some(uuid) = element.str("uuid").and_then(uuid_of)
                {
                    numbers.inner.push((uuid, index));
                }
            });
        }
        let values = pieces
            .iter()
            .zip(0u32..)
            .map(|(piece, index)| (index, piece.value));
        let last = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
        for (namer, value) in values.chain(frame.map(|value| (last, value))) {
            value.walk(|path, element| {
                let referring = path
                    .key()
                    .and_then(|key| REFERRING.iter().find(|(name, _)| *name == key));
                let (Some((_, lists)), Some(id)) = (referring, number(element)) else {
                    return;
                };
                for list in *lists {
                    for named in numbered.get(&(*list, id)).into_iter().flatten() {
                        if *named != namer {
                            numbers
                                .references
                                .entry((namer, *named))
                                .or_insert_with(|| path.pointer());
                        }
                    }
                }
            });
        }
        numbers
    }
}

/// The list whose item stands here: the piece itself, an attribute of an object, a proposal to an attribute.
fn list_of(own: &'static str, path: &Path<'_>) -> Option<&'static str> {
    match path.steps() {
        [] => Some(own),
        [.., Step::Key("Attribute"), Step::Index(_)] => Some("Attribute"),
        [.., Step::Key("ShadowAttribute"), Step::Index(_)] => Some("ShadowAttribute"),
        _ => None,
    }
}

/// A number as an instance gives it; `0` stands for none.
fn number(element: Element<'_>) -> Option<&str> {
    element
        .as_text()
        .filter(|n| !n.is_empty() && *n != "0" && n.bytes().all(|b| b.is_ascii_digit()))
}

/// A piece without the numbers that its instance gave it and what it holds.
pub(super) fn without_numbers(value: Element<'_>) -> Vec<u8> {
    cut(value, |_, key, inner| match key {
        Some(key) if OF_AN_INSTANCE.contains(&key) && is_number(inner) => Cut::Drop,
        // A cluster's own words.
        Some("meta") => Cut::Keep,
        _ if inner.is_object() || inner.is_array() => Cut::Put(without_numbers(inner)),
        _ => Cut::Keep,
    })
}

/// A number, or the lack of one.
pub(super) fn is_number(element: Element<'_>) -> bool {
    element.is_null()
        || element
            .as_text()
            .is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
}

/// The key is one of an instance's numbers.
pub(super) fn is_of_an_instance(key: &str) -> bool {
    OF_AN_INSTANCE.contains(&key)
}
