//! The objects of a PDF file (ISO 32000-1 §7.5), found by going through it from front to back.
//!
//! The table of where objects stand is not read: it may be damaged, or leave out what an earlier revision said. Of an object
//! that stands in the file more than once, the last counts.

use std::collections::HashMap;

use super::filter::{Unread, predicted, unpack};
use super::lexer::{Dict, Lexer, Value, is_space};

/// Most values of one file. A file of 16 MiB of values alone would need a gigabyte; one of this many needs 100 MiB at worst,
/// and real files have a tenth.
const VALUES_MAX: usize = 1_000_000;
/// How often each byte of a file may be looked at before it counts as made to be slow; a whole one is looked at twice.
const LOOKS_MAX: usize = 12;
/// Most bytes that are unpacked of one file, over all streams: images and fonts are not unpacked.
pub(super) const UNPACKED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most bytes of one stream: a page of text has some 10 kB.
const STREAM_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most steps that a stream is packed in.
const FILTERS_MAX: usize = 4;
/// Most references that lead from one to the next.
const REFERENCES_MAX: usize = 16;

/// An object with a number.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) number: u32,
    pub(super) value: Value,
    /// Where the data of a stream stands in the file.
    stream: Option<(usize, usize)>,
}

/// All objects of a file.
#[derive(Debug)]
pub(super) struct File<'a> {
    bytes: &'a [u8],
    pub(super) objects: Vec<Object>,
    latest: HashMap<u32, usize>,
    /// The members of all trailers; the first of a name is the last in the file.
    pub(super) trailer: Dict,
    pub(super) is_encrypted: bool,
    /// Something is there that was not read for its size or damage.
    pub(super) is_partial: bool,
    unpacked_left: usize,
}

impl<'a> File<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let mut file = File {
            bytes,
            objects: Vec::new(),
            latest: HashMap::new(),
            trailer: Dict::default(),
            is_encrypted: false,
            is_partial: false,
            unpacked_left: UNPACKED_BYTES_MAX,
        };
        let values_left = file.scan();
        file.trailer.0.reverse();
        file.is_encrypted = file
            .trailer
            .get("Encrypt")
            .is_some_and(|e| *e != Value::Null);
        if !file.is_encrypted {
            file.open_object_streams(values_left);
        }
        // In file order: a later one replaces an earlier one.
        file.latest = file
            .objects
            .iter()
            .enumerate()
            .map(|(index, object)| (object.number, index))
            .collect();
        file
    }

    /// Finds what stands in the file itself; returns how many values may still be made.
    fn scan(&mut self) -> usize {
        let mut left = VALUES_MAX;
        let mut looks = self
            .bytes
            .len()
            .saturating_mul(LOOKS_MAX)
            .saturating_add(4096);
        // From here on there is no end of a stream any more.
        let mut no_end_from = usize::MAX;
        let mut at = 0usize;
        while let Some(byte) = self.bytes.get(at) {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let (number, start) = if *byte == b'o' && rest.starts_with(b"obj") {
                match number_before(self.bytes, at) {
                    Some(number) => (Some(number), at.saturating_add(3)),
                    None => {
                        at = at.saturating_add(3);
                        continue;
                    }
                }
            } else if *byte == b't' && rest.starts_with(b"trailer") {
                (None, at.saturating_add(7))
            } else {
                at = at.saturating_add(1);
                continue;
            };
            let mut lexer = Lexer::new(self.bytes, start, left);
            let value = lexer.value();
            left = lexer.left;
            let used = lexer.at.saturating_sub(start);
            let Some(rest_looks) = looks.checked_sub(used).filter(|_| left > 0) else {
                self.is_partial = true;
                break;
            };
            looks = rest_looks;
            let Some(value) = value else {
                self.is_partial = true;
                at = start;
                continue;
            };
            at = lexer.at;
            let Some(number) = number else {
                if let Value::Dict(dict) = value {
                    self.trailer.0.extend(dict.0);
                }
                continue;
            };
            let mut object = Object {
                number,
                value,
                stream: None,
            };
            if let Value::Dict(dict) = &object.value {
                lexer.skip_space();
                let behind = self.bytes.get(lexer.at..).unwrap_or_default();
                if behind.starts_with(b"stream") {
                    let from = lexer.at.saturating_add(6);
                    let length = dict.get("Length").and_then(Value::count);
                    let end = self.stream_end(from, length, &mut looks, &mut no_end_from);
                    object.stream = Some(end);
                    at = end.1;
                }
                if dict.name("Type") == Some("XRef") {
                    self.trailer
                        .0
                        .extend(dict.0.iter().filter(|(k, _)| is_of_trailer(k)).cloned());
                }
            }
            self.objects.push(object);
        }
        left
    }

    /// Where the data of a stream begins and ends.
    fn stream_end(
        &self,
        from: usize,
        length: Option<usize>,
        looks: &mut usize,
        no_end_from: &mut usize,
    ) -> (usize, usize) {
        const END: &[u8] = b"endstream";
        let start = match self.bytes.get(from..).unwrap_or_default() {
            [b'\r', b'\n', ..] => from.saturating_add(2),
            [b'\r' | b'\n', ..] => from.saturating_add(1),
            _ => from,
        };
        if let Some(length) = length {
            let end = start.saturating_add(length);
            let behind = self.bytes.get(end..).unwrap_or_default();
            let gap = behind.iter().take(4).take_while(|b| is_space(**b)).count();
            if behind.get(gap..).is_some_and(|b| b.starts_with(END)) {
                return (start, end);
            }
        }
        let rest = self.bytes.get(start..).unwrap_or_default();
        if start < *no_end_from {
            let found = find(rest, END);
            *looks = looks.saturating_sub(found.unwrap_or(rest.len()));
            if let Some(end) = found {
                return (start, start.saturating_add(end));
            }
            *no_end_from = start;
        }
        (start, self.bytes.len())
    }

    /// Takes out what is packed together in object streams (§7.5.7).
    fn open_object_streams(&mut self, mut left: usize) {
        let mut objects = Vec::with_capacity(self.objects.len());
        for object in std::mem::take(&mut self.objects) {
            let packed = match &object.value {
                Value::Dict(dict) if dict.name("Type") == Some("ObjStm") => Some((
                    dict.get("N").and_then(Value::count).unwrap_or_default(),
                    dict.get("First").and_then(Value::count).unwrap_or_default(),
                )),
                _ => None,
            };
            let Some((count, first)) = packed else {
                objects.push(object);
                continue;
            };
            let Ok(data) = self.data(&object) else {
                self.is_partial = true;
                continue;
            };
            let mut heads = Lexer::new(&data, 0, left);
            for _ in 0..count {
                let (Some(number), Some(offset)) = (
                    heads.value().and_then(|v| v.count()),
                    heads.value().and_then(|v| v.count()),
                ) else {
                    break;
                };
                // Objects stand one after the other: each is read once.
                let mut lexer = Lexer::new(&data, first.saturating_add(offset), heads.left);
                let value = lexer.value();
                heads.left = lexer.left;
                match (value, u32::try_from(number)) {
                    (Some(value), Ok(number)) => objects.push(Object {
                        number,
                        value,
                        stream: None,
                    }),
                    _ => self.is_partial = true,
                }
            }
            left = heads.left;
            self.is_partial |= left == 0;
        }
        self.objects = objects;
    }

    /// The last object with this number.
    pub(super) fn object(&self, number: u32) -> Option<&Object> {
        self.objects.get(*self.latest.get(&number)?)
    }

    /// The object that counts, not one that a later revision replaced.
    pub(super) fn is_latest(&self, index: usize) -> bool {
        self.objects
            .get(index)
            .is_some_and(|o| self.latest.get(&o.number) == Some(&index))
    }

    /// Follows references to a value.
    pub(super) fn resolve<'v>(&'v self, value: &'v Value) -> &'v Value {
        let mut value = value;
        for _ in 0..REFERENCES_MAX {
            match value {
                Value::Reference(number) => match self.object(*number) {
                    Some(object) => value = &object.value,
                    None => return &Value::Null,
                },
                other => return other,
            }
        }
        &Value::Null
    }

    /// A member of a dictionary, its reference followed.
    pub(super) fn get<'v>(&'v self, dict: &'v Dict, key: &str) -> Option<&'v Value> {
        dict.get(key)
            .map(|value| self.resolve(value))
            .filter(|value| **value != Value::Null)
    }

    pub(super) fn dict<'v>(&'v self, value: &'v Value) -> Option<&'v Dict> {
        match self.resolve(value) {
            Value::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    pub(super) fn dict_at<'v>(&'v self, dict: &'v Dict, key: &str) -> Option<&'v Dict> {
        self.dict(dict.get(key)?)
    }

    /// The unpacked data of a stream.
    pub(super) fn stream(&mut self, number: u32) -> Result<Vec<u8>, Unread> {
        let Some(index) = self.latest.get(&number).copied() else {
            return Err(Unread::Other);
        };
        self.stream_at(index)
    }

    /// The unpacked data of the stream with this index.
    pub(super) fn stream_at(&mut self, index: usize) -> Result<Vec<u8>, Unread> {
        let Some(object) = self.objects.get(index) else {
            return Err(Unread::Other);
        };
        let data = Self::unpacked(self, object, self.unpacked_left.min(STREAM_BYTES_MAX));
        match &data {
            Ok((_, used)) => self.unpacked_left = self.unpacked_left.saturating_sub(*used),
            Err(Unread::TooLarge) => {
                // What was tried counts, so that a thousand bombs are not each tried.
                self.unpacked_left = self.unpacked_left.saturating_sub(STREAM_BYTES_MAX);
                self.is_partial = true;
            }
            Err(Unread::Other) => {}
        }
        data.map(|(data, _)| data)
    }

    fn data(&mut self, object: &Object) -> Result<Vec<u8>, Unread> {
        let data = Self::unpacked(self, object, self.unpacked_left.min(STREAM_BYTES_MAX));
        let used = match &data {
            Ok((_, used)) => *used,
            Err(Unread::TooLarge) => STREAM_BYTES_MAX,
            Err(Unread::Other) => 0,
        };
        self.unpacked_left = self.unpacked_left.saturating_sub(used);
        data.map(|(data, _)| data)
    }

    /// Unpacks a stream; returns its data, and how many bytes all steps gave.
    fn unpacked(&self, object: &Object, bytes_max: usize) -> Result<(Vec<u8>, usize), Unread> {
        let (Value::Dict(dict), Some((start, end))) = (&object.value, object.stream) else {
            return Err(Unread::Other);
        };
        let raw = self.bytes.get(start..end).unwrap_or_default();
        let filters = list(self, dict, &["Filter", "F"]);
        let parameters = list(self, dict, &["DecodeParms", "DP"]);
        if filters.len() > FILTERS_MAX {
            return Err(Unread::TooLarge);
        }
        if raw.len() > bytes_max {
            return Err(Unread::TooLarge);
        }
        let mut data = raw.to_vec();
        let mut used = data.len();
        for (index, filter) in filters.iter().enumerate() {
            let Value::Name(filter) = filter else {
                return Err(Unread::Other);
            };
            data = unpack(filter, &data, bytes_max)?;
            used = used.saturating_add(data.len());
            if let Some(Value::Dict(parameters)) = parameters.get(index) {
                let number = |key: &str, default: usize| {
                    self.get(parameters, key)
                        .and_then(Value::count)
                        .unwrap_or(default)
                };
                let bits = number("Colors", 1).saturating_mul(number("BitsPerComponent", 8));
                let row = bits.saturating_mul(number("Columns", 1)).div_ceil(8);
                let row = row.min(data.len());
                data = predicted(data, number("Predictor", 1), row, bits.div_ceil(8));
            }
        }
        Ok((data, used))
    }

    /// The object is a stream.
    pub(super) fn is_stream(&self, index: usize) -> bool {
        self.objects.get(index).is_some_and(|o| o.stream.is_some())
    }

    /// No room is left to unpack anything.
    pub(super) fn is_used_up(&self) -> bool {
        self.unpacked_left == 0
    }
}

/// One value or a list of them, under the first of these keys.
fn list(file: &File<'_>, dict: &Dict, keys: &[&str]) -> Vec<Value> {
    let value = keys.iter().find_map(|key| file.get(dict, key));
    match value {
        Some(Value::Array(items)) => items
            .iter()
            .take(FILTERS_MAX + 1)
            .map(|item| file.resolve(item).clone())
            .collect(),
        Some(value) => vec![value.clone()],
        None => Vec::new(),
    }
}

fn is_of_trailer(key: &str) -> bool {
    matches!(key, "Root" | "Info" | "Encrypt")
}

/// The number of the object whose `obj` stands here: `12 0 obj`.
fn number_before(bytes: &[u8], at: usize) -> Option<u32> {
    /// Longest number with the space about it.
    const HEAD_MAX: usize = 40;
    let head = bytes.get(at.saturating_sub(HEAD_MAX)..at)?;
    let trim = |head: &'_ [u8]| head.trim_ascii_end().len();
    let digits = |head: &[u8]| head.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let head = head.get(..trim(head))?;
    let generation = digits(head);
    let head = head.get(..head.len().checked_sub(generation)?)?;
    let spaced = head.get(..trim(head))?;
    let number = digits(spaced);
    if generation == 0 || number == 0 || spaced.len() == head.len() {
        return None;
    }
    std::str::from_utf8(spaced.get(spaced.len().checked_sub(number)?..)?)
        .ok()?
        .parse()
        .ok()
}

/// Where a pattern stands next.
pub(super) fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    let first = pattern.first()?;
    let mut from = 0usize;
    loop {
        let at = bytes.get(from..)?.iter().position(|b| b == first)?;
        from = from.saturating_add(at);
        if bytes.get(from..)?.starts_with(pattern) {
            return Some(from);
        }
        from = from.saturating_add(1);
    }
}
