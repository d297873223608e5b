//! Who names whom: every UUID in a thing that belongs to another thing of the same document, wherever it stands.
//!
//! An id is found by its UUID alone, in any string and in any key, whatever stands around it. STIX refers by
//! `type--uuid` under keys that end in `_ref` and `_refs`, but extensions and custom properties need not (STIX 2.1 §3.1),
//! text may quote an id, and tools write the bare UUID; each would give away what the id was made from.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::{BuildHasher, Hasher};

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
    /// From pairs of a thing and one in its list; each list is in order.
    fn of(things: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        // Counted, then put in their places: quicker than to sort all of them.
        let mut starts = vec![0u32; things.saturating_add(1)];
        let mut count = 0usize;
        for (thing, _) in pairs.clone() {
            count = count.saturating_add(1);
            if let Some(length) = starts.get_mut(index(thing).saturating_add(1)) {
                *length = length.saturating_add(1);
            }
        }
        let mut sum = 0u32;
        for start in &mut starts {
            sum = sum.saturating_add(*start);
            *start = sum;
        }
        let mut all = vec![0u32; count];
        let mut ends = starts.clone();
        for (thing, other) in pairs {
            if let Some(end) = ends.get_mut(index(thing)) {
                if let Some(slot) = all.get_mut(index(*end)) {
                    *slot = other;
                }
                *end = end.saturating_add(1);
            }
        }
        for bounds in starts.windows(2) {
            if let [from, to] = bounds
                && let Some(list) = all.get_mut(index(*from)..index(*to))
            {
                list.sort_unstable();
            }
        }
        Self { starts, all }
    }

    fn list(&self, thing: usize) -> impl Iterator<Item = usize> {
        let bound = |at: usize| index(self.starts.get(at).copied().unwrap_or_default());
        let range = bound(thing)..bound(thing.saturating_add(1));
        self.all
            .get(range)
            .unwrap_or_default()
            .iter()
            .map(|other| index(*other))
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
        let mut bearers: HashMap<Uuid128, (u32, u32), Keyed> =
            HashMap::with_capacity_and_hasher(things.len(), Keyed::default());
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
        Self::of_named_and_namer(things.len(), &pairs)
    }

    fn of_named_and_namer(things: usize, pairs: &[(u32, u32)]) -> Self {
        Self {
            by_named: Lists::of(things, pairs.iter().copied()),
            by_namer: Lists::of(things, pairs.iter().map(|(named, namer)| (*namer, *named))),
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
        let pairs: Vec<(u32, u32)> = namer_and_named.iter().map(|(a, b)| (*b, *a)).collect();
        Self::of_named_and_namer(things, &pairs)
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Hashes UUIDs with random keys, as quick as a document of a hundred thousand wants it: whoever writes the document does
/// not know the keys, so that nobody can choose ids that meet in the table.
struct Keyed {
    keys: [u64; 3],
}

impl Default for Keyed {
    fn default() -> Self {
        let random = RandomState::new();
        Self {
            keys: [0u8, 1, 2].map(|n| random.hash_one(n)),
        }
    }
}

impl BuildHasher for Keyed {
    type Hasher = KeyedHasher;

    fn build_hasher(&self) -> KeyedHasher {
        KeyedHasher {
            keys: self.keys,
            hash: 0,
        }
    }
}

struct KeyedHasher {
    keys: [u64; 3],
    hash: u64,
}

impl Hasher for KeyedHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u128(u128::from(*byte));
        }
    }

    fn write_u128(&mut self, value: u128) {
        let [low_key, high_key, last_key] = self.keys;
        let [low, high] = halves(value);
        let inner = folded(low ^ low_key ^ self.hash, high ^ high_key);
        self.hash = folded(inner ^ last_key, high_key | 1);
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}

/// Both halves of the product as one.
fn folded(a: u64, b: u64) -> u64 {
    let [low, high] = halves(u128::from(a).wrapping_mul(u128::from(b)));
    low ^ high
}

/// The lower and the higher half.
fn halves(value: u128) -> [u64; 2] {
    let half = |value: u128| u64::try_from(value & u128::from(u64::MAX)).unwrap_or(u64::MAX);
    [half(value), half(value >> 64)]
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
pub(super) fn uuids(value: Element<'_>, found: &mut dyn FnMut(Uuid128)) {
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
