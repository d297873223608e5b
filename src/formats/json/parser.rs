//! From text to nodes, byte by byte, without recursion.

use super::{
    BYTES_MAX, DEPTH_MAX, ESCAPED, Escaped, INDEX, JsonError, Key, Kind, NO_KEY, Node, Step,
    push_step, size,
};

/// What a document was parsed to.
pub(super) struct Parsed {
    /// The decoded text of strings that contain escapes.
    pub(super) decoded: String,
    /// Where these strings stand.
    pub(super) escaped: Vec<Escaped>,
    /// The values in document order.
    pub(super) nodes: Vec<Node>,
    /// An array or object somewhere has no content.
    pub(super) has_empty: bool,
}

/// Parses a whole document.
pub(super) fn parse(text: &str) -> Result<Parsed, JsonError> {
    let mut parser = Parser {
        text,
        bytes: text.as_bytes(),
        at: 0,
        decoded: String::new(),
        escaped: Vec::new(),
        nodes: Vec::with_capacity(values_max(text.as_bytes())),
        open: Vec::with_capacity(16),
        keys: Vec::with_capacity(32),
        sorted: Vec::new(),
        has_empty: false,
    };
    if text.len() > BYTES_MAX {
        return Err(parser.syntax("the document is longer than 512 MiB"));
    }
    parser.document()?;
    Ok(Parsed {
        decoded: parser.decoded,
        escaped: parser.escaped,
        nodes: parser.nodes,
        has_empty: parser.has_empty,
    })
}

/// So many values at most: one, and one more for each comma and each container. Commas within strings count too, and cost
/// a little room that is never touched. To count is quicker than to let the list grow, and needs half the memory.
fn values_max(bytes: &[u8]) -> usize {
    let mut count = 1usize;
    // Each block is counted in one byte, which the compiler does for many at once.
    for block in bytes.chunks(usize::from(u8::MAX)) {
        let begins = block.iter().fold(0u8, |n, b| {
            n.wrapping_add(u8::from(matches!(b, b',' | b'[' | b'{')))
        });
        count = count.saturating_add(usize::from(begins));
    }
    count
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
    escaped: Vec<Escaped>,
    nodes: Vec<Node>,
    open: Vec<Open>,
    keys: Vec<Key>,
    sorted: Vec<Key>,
    has_empty: bool,
}

/// Keys up to which an object is searched for a double pairwise; above it they are sorted.
const PAIRWISE_MAX: usize = 12;

impl Parser<'_> {
    fn document(&mut self) -> Result<(), JsonError> {
        self.space();
        let mut key = NO_KEY;
        loop {
            // A value stands here.
            let opened = self.value(key)?;
            if opened {
                self.space();
                let object = self.open.last().is_some_and(|o| o.object);
                let closing = if object { b'}' } else { b']' };
                if self.peek() != Some(closing) {
                    key = if object { self.key()? } else { NO_KEY };
                    self.count();
                    continue;
                }
                self.at = self.at.saturating_add(1);
                self.has_empty = true;
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
                        key = if object { self.key()? } else { NO_KEY };
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
    fn value(&mut self, key: Key) -> Result<bool, JsonError> {
        let start = self.at;
        let tail = match self.peek() {
            Some(b'"') => match self.string()? {
                Some(entry) => Kind::Escaped.bits() | (entry & INDEX),
                None => Kind::String.bits(),
            },
            Some(b'{') => return self.opens(key, true),
            Some(b'[') => return self.opens(key, false),
            Some(b't') => self.word("true", Kind::True)?,
            Some(b'f') => self.word("false", Kind::False)?,
            Some(b'n') => self.word("null", Kind::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => return Err(self.syntax("expected a value")),
            None => return Err(self.syntax("the document ends too early")),
        };
        self.nodes.push(Node {
            key,
            start: offset(start),
            end: offset(self.at),
            tail,
        });
        Ok(false)
    }

    fn opens(&mut self, key: Key, object: bool) -> Result<bool, JsonError> {
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
            start: offset(self.at),
            end: 0,
            tail: 0,
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
            let end = offset(self.at);
            if let Some(node) = self.nodes.get_mut(open.node) {
                let kind = if open.object {
                    Kind::Object
                } else {
                    Kind::Array
                };
                node.tail = kind.bits() | (next & INDEX);
                node.end = end;
            }
        }
        Ok(())
    }

    /// A key that stands twice among those of the object that begins at `from`.
    fn doubled(&mut self, from: usize) -> Option<Key> {
        let keys = self.keys.get(from..).unwrap_or_default();
        if keys.len() <= PAIRWISE_MAX {
            let mut rest = keys;
            while let Some((key, others)) = rest.split_first() {
                if others.iter().any(|other| self.is_same(*key, *other)) {
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

    fn is_same(&self, a: Key, b: Key) -> bool {
        // Two of different length are told apart without a look at them, unless one has escapes.
        (a.len == b.len || (a.len | b.len) & ESCAPED != 0) && self.of(a) == self.of(b)
    }

    fn of(&self, key: Key) -> &str {
        let (from, start, len) = if key.len == ESCAPED {
            let entry = self.escaped.get(size(key.start));
            let (start, len) = entry.map_or((0, 0), |e| (e.text, e.text_len));
            (self.decoded.as_str(), start, len)
        } else {
            (self.text, key.start, key.len)
        };
        let start = size(start);
        from.get(start..start.saturating_add(size(len)))
            .unwrap_or_default()
    }

    /// The pointer of the innermost open container, and of a key in it.
    fn pointer(&self, key: Option<Key>) -> String {
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
    fn key(&mut self) -> Result<Key, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.syntax(if self.peek().is_none() {
                "the document ends too early"
            } else {
                "expected a key in double quotes"
            }));
        }
        let start = self.at.saturating_add(1);
        let key = match self.string()? {
            Some(entry) => Key {
                start: entry,
                len: ESCAPED,
            },
            None => Key {
                start: offset(start),
                len: offset(self.at.saturating_sub(1).saturating_sub(start)),
            },
        };
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.syntax("expected `:` after a key"));
        }
        self.at = self.at.saturating_add(1);
        self.space();
        self.keys.push(key);
        Ok(key)
    }

    /// A string, and the index of its entry if it contains escapes.
    fn string(&mut self) -> Result<Option<u32>, JsonError> {
        let start = self.at.saturating_add(1);
        self.at = start;
        self.plain();
        if self.peek() == Some(b'"') {
            self.at = self.at.saturating_add(1);
            return Ok(None);
        }
        self.escaped(start).map(Some)
    }

    /// The rest of a string that contains an escape.
    fn escaped(&mut self, start: usize) -> Result<u32, JsonError> {
        let decoded_start = self.decoded.len();
        let mut from = start;
        loop {
            let piece = self.text.get(from..self.at).unwrap_or_default();
            self.decoded.push_str(piece);
            match self.peek() {
                Some(b'"') => {
                    self.at = self.at.saturating_add(1);
                    let entry = offset(self.escaped.len());
                    self.escaped.push(Escaped {
                        start: offset(start.saturating_sub(1)),
                        end: offset(self.at),
                        text: offset(decoded_start),
                        text_len: offset(self.decoded.len().saturating_sub(decoded_start)),
                    });
                    return Ok(entry);
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

    fn number(&mut self) -> Result<u32, JsonError> {
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
        Ok(Kind::Number.bits())
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

    fn word(&mut self, word: &str, kind: Kind) -> Result<u32, JsonError> {
        let end = self.at.saturating_add(word.len());
        if self.bytes.get(self.at..end) != Some(word.as_bytes()) {
            return Err(self.syntax("expected a value"));
        }
        self.at = end;
        Ok(kind.bits())
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

/// An index as an offset; sources are shorter than [`BYTES_MAX`].
fn offset(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
