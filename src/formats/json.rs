//! A strict JSON reader that keeps a document as one flat list of nodes over its bytes.
//!
//! What two readers could read differently is not read at all: a key that stands twice in an object, half a surrogate
//! pair, a number or word outside RFC 8259, anything after the document. Nothing recurses, and depth is bounded.
//!
//! The nodes stand in document order and point into the source, so that reading copies only strings with escapes:
//!
//! ```text
//! {"a":[1,"x"]}   0 object next=4   1 "a": array next=4   2 number   3 string
//! ```

pub(crate) mod edit;
mod parser;

use std::fmt;
use std::ops::Range;

use bytes::Bytes;

/// Deepest nesting of arrays and objects. Published documents stay below 20; a product tree of CSAF may have 30
/// branches, each of two levels.
pub(crate) const DEPTH_MAX: usize = 72;

/// Longest document in bytes, so that an index of a node fits beside its kind: a node stands for at least one byte.
pub(crate) const BYTES_MAX: usize = 1 << INDEX_BITS;

/// A document as a flat list of nodes over its bytes.
pub(crate) struct Json {
    source: Bytes,
    /// The decoded text of strings that contain escapes, one after the other.
    decoded: String,
    /// Where the strings with escapes stand, in the order of the source.
    escaped: Vec<Escaped>,
    nodes: Vec<Node>,
    /// An array or object somewhere has no content.
    has_empty: bool,
}

/// Why bytes are not read as JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    /// Not JSON.
    Syntax {
        /// From 1.
        line: usize,
        /// From 1, in bytes.
        column: usize,
        /// What is wrong there.
        problem: &'static str,
    },
    /// Nested deeper than [`DEPTH_MAX`].
    TooDeep {
        /// JSON Pointer of the innermost value that was still read.
        pointer: String,
    },
    /// A key stands twice in one object.
    DuplicateKey {
        /// JSON Pointer of the key.
        pointer: String,
    },
}

/// A string with escapes: where it stands in the source, quotes included, and where its decoded text does.
#[derive(Clone, Copy)]
struct Escaped {
    start: u32,
    end: u32,
    text: u32,
    text_len: u32,
}

/// The key of a member: bytes of the source, or an entry among the escaped strings.
#[derive(Clone, Copy)]
struct Key {
    start: u32,
    /// [`ESCAPED`] says that `start` is the index of the entry.
    len: u32,
}

const ESCAPED: u32 = 1 << 31;

const NO_KEY: Key = Key { start: 0, len: 0 };

/// One value. A document keeps one for each, so that it has no byte to spare.
#[derive(Clone, Copy)]
struct Node {
    /// The key of a member of an object; empty elsewhere.
    key: Key,
    /// Where the value begins in the source.
    start: u32,
    /// Where it ends.
    end: u32,
    /// The kind, and in the lower [`INDEX_BITS`] what belongs to it: of a container the index of the node after its last
    /// one, of a string with escapes that of its entry.
    tail: u32,
}

const _: () = assert!(size_of::<Node>() == 20);

/// Bits of an index beside a kind.
const INDEX_BITS: u32 = 29;
const INDEX: u32 = (1 << INDEX_BITS) - 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Null,
    False,
    True,
    Number,
    String,
    Escaped,
    Array,
    Object,
}

impl Kind {
    const fn bits(self) -> u32 {
        let kind: u32 = match self {
            Kind::Null => 0,
            Kind::False => 1,
            Kind::True => 2,
            Kind::Number => 3,
            Kind::String => 4,
            Kind::Escaped => 5,
            Kind::Array => 6,
            Kind::Object => 7,
        };
        kind << INDEX_BITS
    }
}

impl Node {
    const fn kind(self) -> Kind {
        match self.tail >> INDEX_BITS {
            0 => Kind::Null,
            1 => Kind::False,
            2 => Kind::True,
            3 => Kind::Number,
            4 => Kind::String,
            5 => Kind::Escaped,
            6 => Kind::Array,
            _ => Kind::Object,
        }
    }

    fn index(self) -> usize {
        size(self.tail & INDEX)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Json({} bytes, {} nodes)",
            self.source.len(),
            self.nodes.len()
        )
    }
}

impl Json {
    #[cfg(test)]
    pub(crate) fn parse(source: &Bytes) -> Result<Self, JsonError> {
        Self::parse_text(source, std::str::from_utf8(source).unwrap_or_default())
    }

    /// Reads a whole document, the source as the text that it is, not longer than [`BYTES_MAX`].
    pub(crate) fn parse_text(source: &Bytes, text: &str) -> Result<Self, JsonError> {
        let parsed = parser::parse(text)?;
        Ok(Self {
            source: source.clone(),
            decoded: parsed.decoded,
            escaped: parsed.escaped,
            nodes: parsed.nodes,
            has_empty: parsed.has_empty,
        })
    }

    /// The texts in which every decoded string and key stands whole, among other things: the source, and what was decoded
    /// from escapes. What stands in neither stands in no string.
    pub(crate) fn haystacks(&self) -> [&[u8]; 2] {
        [&self.source, self.decoded.as_bytes()]
    }

    /// The outermost value.
    pub(crate) fn root(&self) -> Element<'_> {
        // It was UTF-8 when it was parsed.
        self.root_of(std::str::from_utf8(&self.source).unwrap_or_default())
    }

    /// The same, with the source as the text that it is, for who has it at hand: to see that bytes are UTF-8 takes time
    /// with a large document.
    pub(crate) fn root_of<'a>(&'a self, text: &'a str) -> Element<'a> {
        debug_assert!(std::ptr::eq(text.as_bytes(), &self.source[..]));
        Element {
            json: self,
            text,
            at: 0,
        }
    }
}

/// One value of a document.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    json: &'a Json,
    text: &'a str,
    at: usize,
}

impl<'a> Element<'a> {
    fn node(self) -> Node {
        self.json.nodes.get(self.at).copied().unwrap_or(Node {
            key: NO_KEY,
            start: 0,
            end: 0,
            tail: Kind::Null.bits(),
        })
    }

    fn source(self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    fn escaped(self, index: usize) -> Option<&'a Escaped> {
        self.json.escaped.get(index)
    }

    fn decoded(self, index: usize) -> &'a str {
        self.escaped(index)
            .and_then(|e| {
                let start = size(e.text);
                self.json
                    .decoded
                    .get(start..start.saturating_add(size(e.text_len)))
            })
            .unwrap_or_default()
    }

    /// The key under which it stands in an object; empty elsewhere.
    pub(crate) fn key(self) -> &'a str {
        let Key { start, len } = self.node().key;
        if len == ESCAPED {
            return self.decoded(size(start));
        }
        let start = size(start);
        self.source(start..start.saturating_add(size(len)))
    }

    /// The bytes of the value in the source, without the white space around it; of a string with its quotes.
    pub(crate) fn range(self) -> Range<usize> {
        let node = self.node();
        size(node.start)..size(node.end)
    }

    /// The bytes of the whole document.
    pub(crate) fn document_source(self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// The bytes of the value in the source.
    pub(crate) fn source_bytes(self) -> &'a [u8] {
        self.document_source().get(self.range()).unwrap_or_default()
    }

    /// The members of an object or the items of an array.
    pub(crate) fn children(self) -> impl Iterator<Item = Element<'a>> + Clone {
        self.within(self.is_array() || self.is_object())
    }

    /// The bytes of its key in the source with the quotes, if it is a member of an object.
    pub(crate) fn key_range(self) -> Option<Range<usize>> {
        let Key { start, len } = self.node().key;
        if len == ESCAPED {
            let entry = self.escaped(size(start))?;
            return Some(size(entry.start)..size(entry.end));
        }
        // A key has a quote before it, so that none begins at 0.
        let start = size(start);
        Some(start.checked_sub(1)?..start.saturating_add(size(len)).saturating_add(1))
    }

    /// Index of the node after this value.
    fn next(self) -> usize {
        let node = self.node();
        match node.kind() {
            Kind::Array | Kind::Object => node.index(),
            _ => self.at.saturating_add(1),
        }
    }

    fn with(self, at: usize) -> Self {
        Self { at, ..self }
    }

    /// The text, if it is a string.
    pub(crate) fn as_str(self) -> Option<&'a str> {
        let node = self.node();
        match node.kind() {
            Kind::String => Some(
                self.source(size(node.start).saturating_add(1)..size(node.end.saturating_sub(1))),
            ),
            Kind::Escaped => Some(self.decoded(node.index())),
            _ => None,
        }
    }

    /// The number as it is written, if it is one.
    pub(crate) fn as_number(self) -> Option<&'a str> {
        (self.node().kind() == Kind::Number).then(|| self.source(self.range()))
    }

    /// A string or a number as text: MISP writes numbers both ways.
    pub(crate) fn as_text(self) -> Option<&'a str> {
        self.as_str().or_else(|| self.as_number())
    }

    /// The truth value, if it is one.
    pub(crate) fn as_bool(self) -> Option<bool> {
        match self.node().kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// It is `null`.
    pub(crate) fn is_null(self) -> bool {
        self.node().kind() == Kind::Null
    }

    /// It is an object.
    pub(crate) fn is_object(self) -> bool {
        self.node().kind() == Kind::Object
    }

    /// It is an array.
    pub(crate) fn is_array(self) -> bool {
        self.node().kind() == Kind::Array
    }

    /// It is an array or object without content.
    pub(crate) fn is_empty(self) -> bool {
        (self.is_array() || self.is_object()) && self.next() == self.at.saturating_add(1)
    }

    /// An array or object somewhere in the document has no content.
    pub(crate) fn has_empty(self) -> bool {
        self.json.has_empty
    }

    /// The members of an object; of anything else none.
    pub(crate) fn entries(self) -> impl Iterator<Item = (&'a str, Element<'a>)> + Clone {
        self.within(self.is_object())
            .map(|child| (child.key(), child))
    }

    /// The items of an array; of anything else none.
    pub(crate) fn items(self) -> impl Iterator<Item = Element<'a>> + Clone {
        self.within(self.is_array())
    }

    /// The member of an object with this key.
    pub(crate) fn get(self, key: &str) -> Option<Element<'a>> {
        let node = self.node();
        if node.kind() != Kind::Object {
            return None;
        }
        let wanted = u32::try_from(key.len()).ok()?;
        let end = node.index();
        let mut at = self.at.saturating_add(1);
        while at < end {
            let child = self.json.nodes.get(at)?;
            if self.is_key(child.key, key, wanted) {
                return Some(self.with(at));
            }
            at = match child.kind() {
                Kind::Array | Kind::Object => child.index(),
                _ => at.saturating_add(1),
            };
        }
        None
    }

    /// It stands under this key.
    pub(crate) fn is_under(self, key: &str) -> bool {
        let wanted = u32::try_from(key.len()).unwrap_or(ESCAPED);
        self.is_key(self.node().key, key, wanted)
    }

    /// A key of the document is this one, which has so many bytes. Most keys are told apart by their length.
    #[inline]
    fn is_key(self, Key { start, len }: Key, key: &str, wanted: u32) -> bool {
        if len != wanted {
            return len == ESCAPED && self.decoded(size(start)) == key;
        }
        let start = size(start);
        let bytes = self.text.as_bytes();
        // One byte tells most of the others apart, without a call.
        (key.is_empty() || bytes.get(start) == key.as_bytes().first())
            && bytes.get(start..start.saturating_add(key.len())) == Some(key.as_bytes())
    }

    /// The member with this key, if it is a string.
    pub(crate) fn str(self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    fn within(self, really: bool) -> Children<'a> {
        Children {
            at: self.with(self.at.saturating_add(1)),
            end: if really { self.next() } else { 0 },
        }
    }

    /// This value and all within it, in document order.
    pub(crate) fn all(self) -> impl Iterator<Item = Element<'a>> {
        (self.at..self.next()).map(move |at| self.with(at))
    }

    /// This value and all within it, in document order, each with its path from here.
    pub(crate) fn walk(self, mut visit: impl FnMut(&Path<'a>, Element<'a>)) {
        self.walk_where(|path, element| {
            visit(path, element);
            true
        });
    }

    /// The same, without what is within a value for which `visit` says no.
    pub(crate) fn walk_where(self, mut visit: impl FnMut(&Path<'a>, Element<'a>) -> bool) {
        let mut path = Path { steps: Vec::new() };
        // For each open container: where it ends, and the index of its next item if it is an array.
        let mut open: Vec<(usize, Option<usize>)> = Vec::new();
        let end = self.next();
        let mut at = self.at;
        while at < end {
            while open.last().is_some_and(|(end, _)| *end <= at) {
                open.pop();
                path.steps.pop();
            }
            let element = self.with(at);
            if let Some((_, index)) = open.last_mut() {
                let step = match index {
                    Some(index) => {
                        let step = Step::Index(*index);
                        *index = index.saturating_add(1);
                        step
                    }
                    None => Step::Key(element.key()),
                };
                if let Some(last) = path.steps.last_mut() {
                    *last = step;
                }
            }
            let goes_within = visit(&path, element);
            let next = element.next();
            if !goes_within {
                at = next;
                continue;
            }
            if next > at.saturating_add(1) {
                open.push((next, element.is_array().then_some(0)));
                path.steps.push(Step::Index(0));
            }
            at = at.saturating_add(1);
        }
    }
}

/// The values directly within a container.
#[derive(Clone)]
struct Children<'a> {
    at: Element<'a>,
    end: usize,
}

impl<'a> Iterator for Children<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        if self.at.at >= self.end {
            return None;
        }
        let child = self.at;
        self.at = child.with(child.next());
        Some(child)
    }
}

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// Into an object.
    Key(&'a str),
    /// Into an array.
    Index(usize),
}

/// The way from where a walk began to a value.
#[derive(Debug)]
pub(crate) struct Path<'a> {
    steps: Vec<Step<'a>>,
}

impl<'a> Path<'a> {
    /// The steps, outermost first.
    pub(crate) fn steps(&self) -> &[Step<'a>] {
        &self.steps
    }

    /// The key under which the value stands, if it is a member of an object.
    pub(crate) fn key(&self) -> Option<&'a str> {
        match self.steps.last() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// As a JSON Pointer.
    pub(crate) fn pointer(&self) -> String {
        let mut pointer = String::with_capacity(self.steps.len().saturating_mul(STEP_BYTES));
        for step in &self.steps {
            push_step(&mut pointer, *step);
        }
        pointer
    }
}

/// What a step takes in a JSON Pointer, most often at most.
const STEP_BYTES: usize = 12;

/// Appends one step to a JSON Pointer (RFC 6901).
pub(crate) fn push_step(pointer: &mut String, step: Step<'_>) {
    pointer.push('/');
    match step {
        Step::Index(index) => {
            use fmt::Write;
            // Writing to a String does not fail.
            let _ = write!(pointer, "{index}");
        }
        Step::Key(key) if !key.contains(['~', '/']) => pointer.push_str(key),
        Step::Key(key) => {
            for c in key.chars() {
                match c {
                    '~' => pointer.push_str("~0"),
                    '/' => pointer.push_str("~1"),
                    other => pointer.push(other),
                }
            }
        }
    }
}

/// An offset as an index. Where `usize` is narrower than 32 bits no document of that size is in memory.
fn size(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
