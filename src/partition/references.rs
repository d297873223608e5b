//! Who names whom: every UUID in a thing that belongs to another thing of the same document, wherever it stands.
//!
//! An id is found by its UUID alone, in any string and in any key, whatever stands around it. STIX refers by
//! `type--uuid` under keys that end in `_ref` and `_refs`, but extensions and custom properties need not (STIX 2.1 §3.1),
//! text may quote an id, and tools write the bare UUID; each would give away what the id was made from.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::formats::json::Element;
pub(super) use crate::formats::uuids::{Uuid128, uuid_of, uuids_in};

/// The references among the things of a document.
pub(super) struct References {
    by_named: Lists,
    by_namer: Lists,
}

/// A list of things for each thing.
struct Lists {
    /// Where each list begins; one longer than there are things.
    starts: Vec<u32>,
    all: Vec<u32>,
}

impl Lists {
    /// From pairs of a thing and one in its list, sorted here.
    fn of(things: usize, pairs: &mut [(u32, u32)]) -> Self {
        pairs.sort_unstable();
        let mut starts = vec![0u32; things.saturating_add(1)];
        for (thing, _) in &*pairs {
            if let Some(count) = usize::try_from(*thing)
                .ok()
                .and_then(|thing| starts.get_mut(thing.saturating_add(1)))
            {
                *count = count.saturating_add(1);
            }
        }
        let mut sum = 0u32;
        for start in &mut starts {
            sum = sum.saturating_add(*start);
            *start = sum;
        }
        Self {
            starts,
            all: pairs.iter().map(|(_, other)| *other).collect(),
        }
    }

    fn list(&self, thing: usize) -> impl Iterator<Item = usize> {
        let bound = |at: usize| {
            let start = self.starts.get(at).copied().unwrap_or_default();
            usize::try_from(start).unwrap_or_default()
        };
        let range = bound(thing)..bound(thing.saturating_add(1));
        self.all
            .get(range)
            .unwrap_or_default()
            .iter()
            .filter_map(|other| usize::try_from(*other).ok())
    }
}

impl References {
    /// Reads the references of things: each with the UUID that it bears and the value that it is.
    ///
    /// Things that bear the same UUID name each other: one value can have several types, and one object several versions.
    pub(super) fn read(things: &[Thing<'_>]) -> Self {
        Self::read_with(things, &[], Vec::new())
    }

    /// The same with further UUIDs that things bear, and with pairs of named and namer that are known already.
    pub(super) fn read_with(
        things: &[Thing<'_>],
        inner: &[(Uuid128, u32)],
        mut pairs: Vec<(u32, u32)>,
    ) -> Self {
        // The first that bears a UUID stands for all. Each is linked with the one before it, both ways, so that a label
        // reaches all of them however many there are.
        let mut bearers: HashMap<Uuid128, (u32, u32)> = HashMap::with_capacity(things.len());
        let own = things.iter().zip(0u32..);
        let own = own.filter_map(|(thing, index)| Some((thing.id?, index)));
        for (id, index) in own.chain(inner.iter().copied()) {
            match bearers.entry(id) {
                Entry::Vacant(slot) => {
                    slot.insert((index, index));
                }
                Entry::Occupied(mut slot) => {
                    let (_, last) = slot.get_mut();
                    if *last != index {
                        pairs.push((*last, index));
                        pairs.push((index, *last));
                        *last = index;
                    }
                }
            }
        }
        let mut named: Vec<u32> = Vec::new();
        for (thing, namer) in things.iter().zip(0u32..) {
            named.clear();
            for value in thing.more.iter().chain([&thing.value]) {
                uuids(*value, &mut |uuid| {
                    if thing.id != Some(uuid)
                        && let Some((first, _)) = bearers.get(&uuid)
                        && *first != namer
                    {
                        named.push(*first);
                    }
                });
            }
            // One object may list another a thousand times.
            named.sort_unstable();
            named.dedup();
            pairs.extend(named.iter().map(|other| (*other, namer)));
        }
        Self::of_named_and_namer(things.len(), pairs)
    }

    fn of_named_and_namer(things: usize, mut pairs: Vec<(u32, u32)>) -> Self {
        let by_named = Lists::of(things, &mut pairs);
        for (named, namer) in &mut pairs {
            std::mem::swap(named, namer);
        }
        Self {
            by_named,
            by_namer: Lists::of(things, &mut pairs),
        }
    }

    /// Those that name this thing.
    pub(super) fn namers(&self, named: usize) -> impl Iterator<Item = usize> {
        self.by_named.list(named)
    }

    /// Those that this thing names.
    pub(super) fn named_by(&self, namer: usize) -> impl Iterator<Item = usize> {
        self.by_namer.list(namer)
    }

    #[cfg(test)]
    pub(super) fn of_pairs(things: usize, namer_and_named: &[(u32, u32)]) -> Self {
        let pairs = namer_and_named.iter().map(|(a, b)| (*b, *a)).collect();
        Self::of_named_and_namer(things, pairs)
    }
}

/// Something with a label of its own.
pub(super) struct Thing<'a> {
    /// The UUID that it bears.
    pub(super) id: Option<Uuid128>,
    /// What it is.
    pub(super) value: Element<'a>,
    /// What else it is, where it does not stand in one piece.
    pub(super) more: Vec<Element<'a>>,
}

/// Every UUID in the strings and keys of a value.
fn uuids(value: Element<'_>, found: &mut dyn FnMut(Uuid128)) {
    let source = value.source_bytes();
    uuids_in(source, found);
    // What is escaped in the source is looked for again where it is decoded.
    if memchr::memchr(b'\\', source).is_some() {
        value.walk(|path, element| {
            for text in [path.key(), element.as_str()].into_iter().flatten() {
                uuids_in(text.as_bytes(), found);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_with_one_uuid_name_each_other_and_none_names_itself() {
        let json = crate::formats::json::Json::parse(&bytes::Bytes::from_static(
            br#"["dda0a1b4-84e4-5d88-8f44-b2c1c320bcb3","x dda0a1b4-84e4-5d88-8f44-b2c1c320bcb\u0033","dda0a1b4-84e4-5d88-8f44-b2c1c320bcb4"]"#,
        ))
        .unwrap();
        let id = Some(0xdda0a1b4_84e4_5d88_8f44_b2c1c320bcb3);
        let things: Vec<Thing<'_>> = json
            .root()
            .items()
            .zip([id, id, None])
            .map(|(value, id)| Thing {
                id,
                value,
                more: Vec::new(),
            })
            .collect();
        let references = References::read(&things);
        assert_eq!(references.namers(0).collect::<Vec<_>>(), [1]);
        assert_eq!(references.namers(1).collect::<Vec<_>>(), [0]);
        assert_eq!(references.namers(2).count(), 0);
    }
}
