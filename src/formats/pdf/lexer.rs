//! The values that a PDF file and its content streams are written in (ISO 32000-1 §7.2, §7.3).

/// Deepest nesting of arrays and dictionaries; those of real files stay below ten.
const DEPTH_MAX: usize = 40;
/// Longest name in bytes (ISO 32000-1 annex C has 127).
const NAME_BYTES_MAX: usize = 255;

/// A value, or a word that is none, such as an operator.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Name(String),
    String(Vec<u8>),
    Array(Vec<Value>),
    Dict(Dict),
    Reference(u32),
    Word(String),
}

/// The members of a dictionary, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Dict(pub(super) Vec<(String, Value)>);

impl Dict {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    pub(super) fn name(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Value::Name(name)) => Some(name),
            _ => None,
        }
    }
}

impl Value {
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A number that counts something.
    pub(super) fn count(&self) -> Option<usize> {
        match self {
            Value::Number(number) => whole(*number),
            _ => None,
        }
    }
}

/// A number without sign and fraction.
pub(super) fn whole(number: f64) -> Option<usize> {
    // Written out and read back: there is no other way that cannot round.
    ((0.0..1e15).contains(&number) && number.fract() == 0.0)
        .then(|| format!("{number}").parse().ok())
        .flatten()
}

/// Reads values one after the other.
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
    /// How many values may still be made.
    pub(super) left: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize, left: usize) -> Self {
        Self { bytes, at, left }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at.saturating_add(ahead)).copied()
    }

    fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// Goes past white space and comments.
    pub(super) fn skip_space(&mut self) {
        while let Some(byte) = self.peek(0) {
            if byte == b'%' {
                while self.peek(0).is_some_and(|b| !matches!(b, b'\r' | b'\n')) {
                    self.skip(1);
                }
            } else if is_space(byte) {
                self.skip(1);
            } else {
                break;
            }
        }
    }

    /// The next value; `None` at the end, at what is damaged, or when enough values were made.
    pub(super) fn value(&mut self) -> Option<Value> {
        self.nested(0)
    }

    fn nested(&mut self, depth: usize) -> Option<Value> {
        self.left = self.left.checked_sub(1)?;
        self.skip_space();
        match self.peek(0)? {
            b'/' => Some(Value::Name(self.name())),
            b'(' => self.string(),
            b'<' if self.peek(1) == Some(b'<') => {
                self.skip(2);
                self.dict(depth)
            }
            b'<' => Some(self.hex()),
            b'[' => {
                self.skip(1);
                self.array(depth)
            }
            b'+' | b'-' | b'.' | b'0'..=b'9' => Some(self.number()),
            b']' | b'}' | b'{' | b')' => {
                let word = char::from(self.peek(0)?).to_string();
                self.skip(1);
                Some(Value::Word(word))
            }
            b'>' => {
                self.skip(if self.peek(1) == Some(b'>') { 2 } else { 1 });
                Some(Value::Word(">>".to_owned()))
            }
            _ => {
                let start = self.at;
                while self.peek(0).is_some_and(is_regular) {
                    self.skip(1);
                }
                let word = self.bytes.get(start..self.at).unwrap_or_default();
                Some(match word {
                    b"true" => Value::Bool(true),
                    b"false" => Value::Bool(false),
                    b"null" => Value::Null,
                    word => Value::Word(String::from_utf8_lossy(word).into_owned()),
                })
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        if depth >= DEPTH_MAX {
            return None;
        }
        loop {
            self.skip_space();
            if self.peek(0)? == b']' {
                self.skip(1);
                return Some(Value::Array(items));
            }
            match self.nested(depth.saturating_add(1))? {
                // The array was not closed.
                Value::Word(word) if matches!(word.as_str(), ">>" | "endobj" | "obj") => {
                    return Some(Value::Array(items));
                }
                item => items.push(item),
            }
        }
    }

    fn dict(&mut self, depth: usize) -> Option<Value> {
        let mut dict = Dict::default();
        if depth >= DEPTH_MAX {
            return None;
        }
        loop {
            match self.nested(depth.saturating_add(1))? {
                Value::Word(word) if word == ">>" || word == "endobj" => {
                    return Some(Value::Dict(dict));
                }
                Value::Name(key) => {
                    let value = self.nested(depth.saturating_add(1))?;
                    if value == Value::Word(">>".to_owned()) {
                        return Some(Value::Dict(dict));
                    }
                    dict.0.push((key, value));
                }
                // Damaged; the next key goes on.
                _ => {}
            }
        }
    }

    fn name(&mut self) -> String {
        self.skip(1);
        let mut name = Vec::new();
        while let Some(byte) = self.peek(0).filter(|b| is_regular(*b)) {
            self.skip(1);
            let hex = || {
                let digits = self.bytes.get(self.at..self.at.saturating_add(2))?;
                u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
            };
            let byte = match hex().filter(|_| byte == b'#') {
                Some(byte) => {
                    self.skip(2);
                    byte
                }
                None => byte,
            };
            if name.len() < NAME_BYTES_MAX {
                name.push(byte);
            }
        }
        String::from_utf8_lossy(&name).into_owned()
    }

    /// A number; two whole ones and an `R` are a reference.
    fn number(&mut self) -> Value {
        let start = self.at;
        let number = self.plain_number();
        let after = self.at;
        let is_whole = |s: &Self, from: usize| {
            s.bytes
                .get(from..s.at)
                .is_some_and(|d| !d.is_empty() && d.iter().all(u8::is_ascii_digit))
        };
        if is_whole(self, start) {
            self.skip_space();
            let second = self.at;
            while self.peek(0).is_some_and(|b| b.is_ascii_digit()) {
                self.skip(1);
            }
            if is_whole(self, second) {
                self.skip_space();
                if self.peek(0) == Some(b'R') && !self.peek(1).is_some_and(is_regular) {
                    self.skip(1);
                    let digits = self.bytes.get(start..after).unwrap_or_default();
                    let number = std::str::from_utf8(digits)
                        .ok()
                        .and_then(|d| d.parse().ok());
                    return Value::Reference(number.unwrap_or_default());
                }
            }
            self.at = after;
        }
        Value::Number(number)
    }

    fn plain_number(&mut self) -> f64 {
        let start = self.at;
        while self
            .peek(0)
            .is_some_and(|b| matches!(b, b'+' | b'-' | b'.' | b'0'..=b'9'))
        {
            self.skip(1);
        }
        let text = self.bytes.get(start..self.at).unwrap_or_default();
        let text = std::str::from_utf8(text).unwrap_or_default();
        // Some writers put a second sign.
        let text = text.trim_start_matches('+').trim_start_matches("--");
        text.parse().unwrap_or_default()
    }

    fn string(&mut self) -> Option<Value> {
        self.skip(1);
        let mut out = Vec::new();
        let mut open = 1usize;
        loop {
            let byte = self.peek(0)?;
            self.skip(1);
            match byte {
                b'(' => open = open.saturating_add(1),
                b')' => {
                    open = open.saturating_sub(1);
                    if open == 0 {
                        return Some(Value::String(out));
                    }
                }
                b'\\' => {
                    if let Some(byte) = self.escape() {
                        out.push(byte);
                    }
                    continue;
                }
                _ => {}
            }
            out.push(byte);
        }
    }

    fn escape(&mut self) -> Option<u8> {
        let byte = self.peek(0)?;
        self.skip(1);
        match byte {
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'b' | b'f' => Some(b' '),
            b'\r' => {
                if self.peek(0) == Some(b'\n') {
                    self.skip(1);
                }
                None
            }
            b'\n' => None,
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    match self.peek(0) {
                        Some(digit @ b'0'..=b'7') => {
                            code = code * 8 + u32::from(digit - b'0');
                            self.skip(1);
                        }
                        _ => break,
                    }
                }
                u8::try_from(code & 0xff).ok()
            }
            other => Some(other),
        }
    }

    fn hex(&mut self) -> Value {
        self.skip(1);
        let mut digits = Vec::new();
        while let Some(byte) = self.peek(0) {
            self.skip(1);
            match char::from(byte)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
            {
                Some(digit) => digits.push(digit),
                None if byte == b'>' => break,
                None => {}
            }
        }
        let bytes = digits
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => high << 4 | low,
                [high] => high << 4,
                _ => 0,
            })
            .collect();
        Value::String(bytes)
    }
}

pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

/// The byte may stand within a name, number or word.
pub(super) const fn is_regular(byte: u8) -> bool {
    !is_space(byte)
        && !matches!(
            byte,
            b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
        )
}
