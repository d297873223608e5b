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

use std::fmt;

use bytes::Bytes;

/// Deepest nesting of arrays and objects. Published documents stay below 20; a product tree of CSAF may have 30
/// branches, each of two levels.
pub(crate) const DEPTH_MAX: usize = 72;

/// A document as a flat list of nodes over its bytes.
pub(crate) struct Json {
    source: Bytes,
    /// The decoded text of strings that contain escapes, one after the other.
    decoded: String,
    nodes: Vec<Node>,
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

/// A piece of text in the source or among the decoded strings.
#[derive(Clone, Copy)]
struct Text {
    start: u32,
    len: u32,
    decoded: bool,
}

const NO_TEXT: Text = Text {
    start: 0,
    len: 0,
    decoded: false,
};

#[derive(Clone, Copy)]
struct Node {
    /// The key of a member of an object; empty elsewhere.
    key: Text,
    value: Value,
}

#[derive(Clone, Copy)]
enum Value {
    Null,
    Bool(bool),
    Number(Text),
    String(Text),
    /// With the index of the node after its last one.
    Array(u32),
    /// Likewise.
    Object(u32),
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
    /// Reads a whole document, which must be UTF-8 and shorter than 4 GiB.
    pub(crate) fn parse(source: &Bytes) -> Result<Self, JsonError> {
        let text = std::str::from_utf8(source).unwrap_or_default();
        let mut parser = Parser {
            text,
            bytes: text.as_bytes(),
            at: 0,
            decoded: String::new(),
            nodes: Vec::with_capacity(text.len() / 24),
            open: Vec::with_capacity(16),
            keys: Vec::with_capacity(32),
            sorted: Vec::new(),
        };
        parser.document()?;
        let Parser { decoded, nodes, .. } = parser;
        Ok(Self {
            source: source.clone(),
            decoded,
            nodes,
        })
    }

    /// The outermost value.
    pub(crate) fn root(&self) -> Element<'_> {
        Element {
            json: self,
            // It was UTF-8 when it was parsed.
            text: std::str::from_utf8(&self.source).unwrap_or_default(),
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
            key: NO_TEXT,
            value: Value::Null,
        })
    }

    fn resolve(self, text: Text) -> &'a str {
        let from = if text.decoded {
            self.json.decoded.as_str()
        } else {
            self.text
        };
        let start = size(text.start);
        from.get(start..start.saturating_add(size(text.len)))
            .unwrap_or_default()
    }

    /// Index of the node after this value.
    fn next(self) -> usize {
        match self.node().value {
            Value::Array(next) | Value::Object(next) => size(next),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.at.saturating_add(1)
            }
        }
    }

    fn with(self, at: usize) -> Self {
        Self { at, ..self }
    }

    /// The text, if it is a string.
    pub(crate) fn as_str(self) -> Option<&'a str> {
        match self.node().value {
            Value::String(text) => Some(self.resolve(text)),
            _ => None,
        }
    }

    /// The number as it is written, if it is one.
    pub(crate) fn as_number(self) -> Option<&'a str> {
        match self.node().value {
            Value::Number(text) => Some(self.resolve(text)),
            _ => None,
        }
    }

    /// A string or a number as text: MISP writes numbers both ways.
    pub(crate) fn as_text(self) -> Option<&'a str> {
        self.as_str().or_else(|| self.as_number())
    }

    /// The truth value, if it is one.
    pub(crate) fn as_bool(self) -> Option<bool> {
        match self.node().value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// It is `null`.
    pub(crate) fn is_null(self) -> bool {
        matches!(self.node().value, Value::Null)
    }

    /// It is an object.
    pub(crate) fn is_object(self) -> bool {
        matches!(self.node().value, Value::Object(_))
    }

    /// It is an array.
    pub(crate) fn is_array(self) -> bool {
        matches!(self.node().value, Value::Array(_))
    }

    /// It is an array or object without content.
    pub(crate) fn is_empty(self) -> bool {
        (self.is_array() || self.is_object()) && self.next() == self.at.saturating_add(1)
    }

    /// The members of an object; of anything else none.
    pub(crate) fn entries(self) -> impl Iterator<Item = (&'a str, Element<'a>)> {
        self.children(self.is_object())
            .map(|child| (child.resolve(child.node().key), child))
    }

    /// The items of an array; of anything else none.
    pub(crate) fn items(self) -> impl Iterator<Item = Element<'a>> {
        self.children(self.is_array())
    }

    /// The member of an object with this key.
    pub(crate) fn get(self, key: &str) -> Option<Element<'a>> {
        self.entries().find(|(k, _)| *k == key).map(|(_, v)| v)
    }

    /// The member with this key, if it is a string.
    pub(crate) fn str(self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    fn children(self, really: bool) -> Children<'a> {
        Children {
            at: self.with(self.at.saturating_add(1)),
            end: if really { self.next() } else { 0 },
        }
    }

    /// This value and all within it, in document order, each with its path from here.
    pub(crate) fn walk(self, mut visit: impl FnMut(&Path<'a>, Element<'a>)) {
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
                    None => Step::Key(element.resolve(element.node().key)),
                };
                if let Some(last) = path.steps.last_mut() {
                    *last = step;
                }
            }
            visit(&path, element);
            match element.node().value {
                Value::Array(next) if size(next) > at.saturating_add(1) => {
                    open.push((size(next), Some(0)));
                    path.steps.push(Step::Index(0));
                }
                Value::Object(next) if size(next) > at.saturating_add(1) => {
                    open.push((size(next), None));
                    path.steps.push(Step::Index(0));
                }
                _ => {}
            }
            at = at.saturating_add(1);
        }
    }
}

/// The values directly within a container.
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
        let mut pointer = String::new();
        for step in &self.steps {
            push_step(&mut pointer, *step);
        }
        pointer
    }
}

/// Appends one step to a JSON Pointer (RFC 6901).
pub(crate) fn push_step(pointer: &mut String, step: Step<'_>) {
    pointer.push('/');
    match step {
        Step::Index(index) => {
            use fmt::Write;
            // Writing to a String does not fail.
            let _ = write!(pointer, "{index}");
        }
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

/// An index as an offset; sources are shorter than 4 GiB.
fn offset(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

struct Open {
    node: usize,
    object: bool,
    /// How many items or members it has so far.
    count: usize,
    /// Where its keys begin in `Parser::keys`.
    keys: usize,
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    decoded: String,
    nodes: Vec<Node>,
    open: Vec<Open>,
    keys: Vec<Text>,
    sorted: Vec<Text>,
}

/// Keys up to which an object is searched for a double pairwise; above it they are sorted.
const PAIRWISE_MAX: usize = 12;

impl Parser<'_> {
    fn document(&mut self) -> Result<(), JsonError> {
        self.space();
        let mut key = NO_TEXT;
        loop {
            // A value stands here.
            let opened = self.value(key)?;
            if opened {
                self.space();
                let object = self.open.last().is_some_and(|o| o.object);
                let closing = if object { b'}' } else { b']' };
                if self.peek() != Some(closing) {
                    key = if object { self.key()? } else { NO_TEXT };
                    self.count();
                    continue;
                }
                self.at = self.at.saturating_add(1);
                self.close()?;
            }
            // A value ended here: close what ends with it, or go on behind a comma.
            loop {
                self.space();
                let Some(open) = self.open.last() else {
                    return if self.at == self.bytes.len() {
                        Ok(())
                    } else {
                        Err(self.syntax("the document goes on after its end"))
                    };
                };
                let object = open.object;
                match self.peek() {
                    Some(b',') => {
                        self.at = self.at.saturating_add(1);
                        self.space();
                        key = if object { self.key()? } else { NO_TEXT };
                        self.count();
                        break;
                    }
                    Some(b'}') if object => {}
                    Some(b']') if !object => {}
                    Some(_) if object => return Err(self.syntax("expected `,` or `}`")),
                    Some(_) => return Err(self.syntax("expected `,` or `]`")),
                    None => return Err(self.syntax("the document ends too early")),
                }
                self.at = self.at.saturating_add(1);
                self.close()?;
            }
        }
    }

    fn count(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.count = open.count.saturating_add(1);
        }
    }

    /// Reads a scalar, or opens a container and says so.
    fn value(&mut self, key: Text) -> Result<bool, JsonError> {
        let value = match self.peek() {
            Some(b'"') => Value::String(self.string()?),
            Some(b'{') => return self.opens(key, true),
            Some(b'[') => return self.opens(key, false),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(_) => return Err(self.syntax("expected a value")),
            None => return Err(self.syntax("the document ends too early")),
        };
        self.nodes.push(Node { key, value });
        Ok(false)
    }

    fn opens(&mut self, key: Text, object: bool) -> Result<bool, JsonError> {
        if self.open.len() >= DEPTH_MAX {
            return Err(JsonError::TooDeep {
                pointer: self.pointer(None),
            });
        }
        self.open.push(Open {
            node: self.nodes.len(),
            object,
            count: 0,
            keys: self.keys.len(),
        });
        // The value is completed when the container closes.
        self.nodes.push(Node {
            key,
            value: Value::Null,
        });
        self.at = self.at.saturating_add(1);
        Ok(true)
    }

    fn close(&mut self) -> Result<(), JsonError> {
        let doubled = match self.open.last() {
            Some(open) if open.object => {
                let from = open.keys;
                self.doubled(from)
            }
            _ => None,
        };
        if let Some(key) = doubled {
            return Err(JsonError::DuplicateKey {
                pointer: self.pointer(Some(key)),
            });
        }
        if let Some(open) = self.open.pop() {
            self.keys.truncate(open.keys);
            let next = offset(self.nodes.len());
            if let Some(node) = self.nodes.get_mut(open.node) {
                node.value = if open.object {
                    Value::Object(next)
                } else {
                    Value::Array(next)
                };
            }
        }
        Ok(())
    }

    /// A key that stands twice among those of the object that begins at `from`.
    fn doubled(&mut self, from: usize) -> Option<Text> {
        let keys = self.keys.get(from..).unwrap_or_default();
        if keys.len() <= PAIRWISE_MAX {
            let mut rest = keys;
            while let Some((key, others)) = rest.split_first() {
                if others
                    .iter()
                    .any(|other| key.len == other.len && self.of(*key) == self.of(*other))
                {
                    return Some(*key);
                }
                rest = others;
            }
            return None;
        }
        let mut sorted = std::mem::take(&mut self.sorted);
        sorted.clear();
        sorted.extend_from_slice(keys);
        sorted.sort_unstable_by(|a, b| self.of(*a).cmp(self.of(*b)));
        let doubled = sorted.windows(2).find_map(|pair| match pair {
            [a, b] if self.of(*a) == self.of(*b) => Some(*a),
            _ => None,
        });
        self.sorted = sorted;
        doubled
    }

    fn of(&self, text: Text) -> &str {
        let from = if text.decoded {
            self.decoded.as_str()
        } else {
            self.text
        };
        let start = size(text.start);
        from.get(start..start.saturating_add(size(text.len)))
            .unwrap_or_default()
    }

    /// The pointer of the innermost open container, and of a key in it.
    fn pointer(&self, key: Option<Text>) -> String {
        let mut pointer = String::new();
        for pair in self.open.windows(2) {
            if let [parent, child] = pair {
                let step = if parent.object {
                    Step::Key(self.nodes.get(child.node).map_or("", |n| self.of(n.key)))
                } else {
                    Step::Index(parent.count.saturating_sub(1))
                };
                push_step(&mut pointer, step);
            }
        }
        if let Some(key) = key {
            push_step(&mut pointer, Step::Key(self.of(key)));
        }
        pointer
    }

    /// A key, its colon, and the space behind it.
    fn key(&mut self) -> Result<Text, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.syntax(if self.peek().is_none() {
                "the document ends too early"
            } else {
                "expected a key in double quotes"
            }));
        }
        let key = self.string()?;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.syntax("expected `:` after a key"));
        }
        self.at = self.at.saturating_add(1);
        self.space();
        self.keys.push(key);
        Ok(key)
    }

    fn string(&mut self) -> Result<Text, JsonError> {
        let start = self.at.saturating_add(1);
        self.at = start;
        self.plain();
        if self.peek() == Some(b'"') {
            let text = Text {
                start: offset(start),
                len: offset(self.at.saturating_sub(start)),
                decoded: false,
            };
            self.at = self.at.saturating_add(1);
            return Ok(text);
        }
        self.escaped(start)
    }

    /// The rest of a string that contains an escape.
    fn escaped(&mut self, start: usize) -> Result<Text, JsonError> {
        let decoded_start = self.decoded.len();
        let mut from = start;
        loop {
            let piece = self.text.get(from..self.at).unwrap_or_default();
            self.decoded.push_str(piece);
            match self.peek() {
                Some(b'"') => {
                    self.at = self.at.saturating_add(1);
                    return Ok(Text {
                        start: offset(decoded_start),
                        len: offset(self.decoded.len().saturating_sub(decoded_start)),
                        decoded: true,
                    });
                }
                Some(b'\\') => {
                    self.at = self.at.saturating_add(1);
                    self.escape()?;
                }
                Some(_) => return Err(self.syntax("a control character stands in a string")),
                None => return Err(self.syntax("the document ends within a string")),
            }
            from = self.at;
            self.plain();
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at = self.at.saturating_add(1);
                let first = self.four_digits()?;
                let point = if (0xd800..0xdc00).contains(&first) {
                    if self.bytes.get(self.at..self.at.saturating_add(2)) != Some(b"\\u") {
                        return Err(self.syntax("half a surrogate pair stands in a string"));
                    }
                    self.at = self.at.saturating_add(2);
                    let second = self.four_digits()?;
                    if !(0xdc00..0xe000).contains(&second) {
                        return Err(self.syntax("half a surrogate pair stands in a string"));
                    }
                    0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                } else {
                    first
                };
                let c = char::from_u32(point)
                    .ok_or_else(|| self.syntax("half a surrogate pair stands in a string"))?;
                self.decoded.push(c);
                return Ok(());
            }
            _ => return Err(self.syntax("unknown escape in a string")),
        };
        self.at = self.at.saturating_add(1);
        self.decoded.push(c);
        Ok(())
    }

    fn four_digits(&mut self) -> Result<u32, JsonError> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self
                .peek()
                .and_then(|b| char::from(b).to_digit(16))
                .ok_or_else(|| self.syntax("expected four hexadecimal digits"))?;
            value = value * 16 + digit;
            self.at = self.at.saturating_add(1);
        }
        Ok(value)
    }

    /// Goes on to the next quote, backslash, control character, or the end.
    fn plain(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let mut passed = 0;
        let (chunks, _) = rest.as_chunks::<8>();
        for chunk in chunks {
            if has_special(u64::from_ne_bytes(*chunk)) {
                break;
            }
            passed += 8;
        }
        let tail = rest.get(passed..).unwrap_or_default();
        let within = tail
            .iter()
            .position(|b| *b == b'"' || *b == b'\\' || *b < 0x20)
            .unwrap_or(tail.len());
        self.at = self.at.saturating_add(passed).saturating_add(within);
    }

    fn number(&mut self) -> Result<Text, JsonError> {
        let start = self.at;
        let mut is_wide = false;
        if self.peek() == Some(b'-') {
            self.at = self.at.saturating_add(1);
        }
        match self.peek() {
            Some(b'0') => self.at = self.at.saturating_add(1),
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.syntax("expected a digit")),
        }
        if self.peek() == Some(b'.') {
            self.at = self.at.saturating_add(1);
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at = self.at.saturating_add(1);
            if let Some(b'+' | b'-') = self.peek() {
                self.at = self.at.saturating_add(1);
            }
            self.digits()?;
            is_wide = true;
        }
        // Readers differ on numbers beyond a double (RFC 7493 §2.2), so that these are not read.
        let text = self.text.get(start..self.at).unwrap_or_default();
        is_wide |= text.len() > DOUBLE_DIGITS;
        if is_wide && !text.parse::<f64>().is_ok_and(f64::is_finite) {
            return Err(self.syntax("a number is larger than a double holds"));
        }
        Ok(Text {
            start: offset(start),
            len: offset(self.at.saturating_sub(start)),
            decoded: false,
        })
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), JsonError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.syntax("expected a digit"));
        }
        self.at = self.at.saturating_add(count);
        Ok(())
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, JsonError> {
        let end = self.at.saturating_add(word.len());
        if self.bytes.get(self.at..end) != Some(word.as_bytes()) {
            return Err(self.syntax("expected a value"));
        }
        self.at = end;
        Ok(value)
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at = self.at.saturating_add(1);
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn syntax(&self, problem: &'static str) -> JsonError {
        let before = self.bytes.get(..self.at).unwrap_or(self.bytes);
        let line_start = before
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |i| i.saturating_add(1));
        JsonError::Syntax {
            line: before.iter().filter(|b| **b == b'\n').count() + 1,
            column: before.len().saturating_sub(line_start) + 1,
            problem,
        }
    }
}

/// Numbers with fewer digits than this and without an exponent are doubles.
const DOUBLE_DIGITS: usize = 300;

/// One of these eight bytes is a quote, a backslash, or a control character. Exact for the question whether any is; the
/// usual trick of finding a zero byte after subtracting one from each.
const fn has_special(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (ONES * 0x22);
    let backslash = word ^ (ONES * 0x5c);
    let control = word.wrapping_sub(ONES * 0x20);
    ((quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (control & !word))
        & HIGH
        != 0
}

#[cfg(test)]
mod tests;
