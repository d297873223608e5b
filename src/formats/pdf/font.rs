//! What the codes of a string mean in a font, and how wide they are (ISO 32000-1 §9.6 to §9.10).

use super::file::File;
use super::glyphs::{HELVETICA, character, standard};
use super::lexer::{Dict, Lexer, Value};

/// Most values of one character map.
const MAP_VALUES_MAX: usize = 400_000;
/// Longest text that one code stands for, in UTF-16 units.
const TEXT_UNITS_MAX: usize = 64;

/// A font.
#[derive(Debug, Default)]
pub(super) struct Font {
    /// Codes have two bytes.
    is_wide: bool,
    /// Codes are UTF-16 themselves.
    is_utf16: bool,
    map: Map,
    /// Of simple fonts: the text of each code.
    simple: Vec<Option<String>>,
    /// From the first to the last code, each so wide; sorted.
    widths: Vec<(u32, u32, f64)>,
    default_width: Option<f64>,
}

/// A code, as text where it has one.
pub(super) struct Glyph {
    pub(super) code: u32,
    pub(super) text: Option<String>,
    /// In thousandths of the font's size.
    pub(super) width: f64,
}

/// A `ToUnicode` map: from the first to the last code, each with the text of the first; the last character counts on.
#[derive(Debug, Default)]
struct Map {
    ranges: Vec<(u32, u32, Vec<u16>)>,
    /// Codes of one byte occur.
    is_narrow: bool,
}

impl Font {
    /// The font of text that has none, or one that is not in the file.
    pub(super) fn missing() -> Self {
        Font {
            simple: (0..=255u8)
                .map(|code| character("", code).map(String::from))
                .collect(),
            ..Font::default()
        }
    }

    pub(super) fn read(file: &mut File<'_>, dict: &Dict) -> Self {
        let mut font = Font {
            is_wide: dict.name("Subtype") == Some("Type0"),
            ..Font::default()
        };
        if let Some(Value::Reference(number)) = dict.get("ToUnicode")
            && let Ok(data) = file.stream(*number)
        {
            font.map = Map::read(&data);
        }
        if font.is_wide {
            font.read_wide(file, dict);
        } else {
            font.read_simple(file, dict);
        }
        font.widths.sort_by_key(|(first, ..)| *first);
        font
    }

    fn read_wide(&mut self, file: &File<'_>, dict: &Dict) {
        let encoding = file.get(dict, "Encoding");
        if let Some(Value::Name(name)) = encoding {
            self.is_utf16 = name.contains("UTF16") || name.contains("UCS2");
        }
        let descendant = match file.get(dict, "DescendantFonts") {
            Some(Value::Array(fonts)) => fonts.first().and_then(|f| file.dict(f)),
            _ => None,
        };
        let Some(descendant) = descendant else {
            return;
        };
        let number = |key: &str| file.get(descendant, key).and_then(Value::number);
        self.default_width = Some(number("DW").unwrap_or(1000.0));
        let Some(Value::Array(widths)) = file.get(descendant, "W") else {
            return;
        };
        // `first [w …]` or `first last w`.
        let mut items = widths.iter().map(|item| file.resolve(item));
        while let (Some(first), Some(second)) = (items.next(), items.next()) {
            let Some(first) = code(first) else {
                continue;
            };
            match second {
                Value::Array(list) => {
                    for (code, width) in (first..).zip(list) {
                        if let Some(width) = file.resolve(width).number() {
                            self.widths.push((code, code, width));
                        }
                    }
                }
                last => {
                    let width = items.next().and_then(Value::number);
                    if let (Some(last), Some(width)) = (code(last), width) {
                        self.widths.push((first, last, width));
                    }
                }
            }
        }
    }

    fn read_simple(&mut self, file: &File<'_>, dict: &Dict) {
        let encoding = file.get(dict, "Encoding");
        let (base, differences) = match encoding {
            Some(Value::Name(name)) => (Some(name.as_str()), None),
            Some(Value::Dict(encoding)) => (
                encoding.name("BaseEncoding"),
                file.get(encoding, "Differences"),
            ),
            _ => (None, None),
        };
        let name = dict.name("BaseFont").unwrap_or_default();
        // The pictures of these fonts are no letters.
        let is_symbols = ["Symbol", "Dingbats", "Wingdings", "Webdings"]
            .iter()
            .any(|symbols| name.contains(symbols));
        self.simple = (0..=255u8)
            .map(|code| {
                if is_symbols && base.is_none() {
                    Some("\u{2022}".to_owned())
                } else {
                    character(base.unwrap_or_default(), code).map(String::from)
                }
            })
            .collect();
        if let Some(Value::Array(differences)) = differences {
            let mut at = 0usize;
            for item in differences {
                match file.resolve(item) {
                    Value::Number(_) => at = item.count().unwrap_or_default(),
                    Value::Name(name) => {
                        if let Some(slot) = self.simple.get_mut(at) {
                            *slot = standard(name);
                        }
                        at = at.saturating_add(1);
                    }
                    _ => {}
                }
            }
        }
        let first = file
            .get(dict, "FirstChar")
            .and_then(code)
            .unwrap_or_default();
        match file.get(dict, "Widths") {
            Some(Value::Array(widths)) => {
                for (code, width) in (first..256).zip(widths) {
                    if let Some(width) = file.resolve(width).number() {
                        self.widths.push((code, code, width));
                    }
                }
            }
            _ if name.contains("Courier") => self.default_width = Some(600.0),
            _ => {
                // One of the fonts that every reader has; the others are nearly as wide.
                self.widths.extend(
                    (32u32..)
                        .zip(HELVETICA)
                        .map(|(code, width)| (code, code, f64::from(width))),
                );
            }
        }
    }

    /// Reads the codes of a string.
    pub(super) fn glyphs<'a>(&'a self, string: &'a [u8]) -> impl Iterator<Item = Glyph> + 'a {
        let size = if self.is_wide && !self.map.is_narrow {
            2
        } else {
            1
        };
        string.chunks(size).map(move |bytes| {
            let code = bytes
                .iter()
                .fold(0u32, |code, byte| code << 8 | u32::from(*byte));
            Glyph {
                code,
                text: self.text(code),
                width: self.width(code),
            }
        })
    }

    fn text(&self, code: u32) -> Option<String> {
        if let Some(text) = self.map.text(code) {
            return Some(text);
        }
        if self.is_utf16 {
            return char::from_u32(code).map(String::from);
        }
        let index = usize::try_from(code).ok()?;
        self.simple.get(index)?.clone()
    }

    fn width(&self, code: u32) -> f64 {
        let at = self.widths.partition_point(|(first, ..)| *first <= code);
        at.checked_sub(1)
            .and_then(|at| self.widths.get(at))
            .filter(|(_, last, _)| code <= *last)
            .map(|(.., width)| *width)
            .or(self.default_width)
            .unwrap_or(500.0)
    }
}

impl Map {
    fn read(data: &[u8]) -> Self {
        let mut map = Map::default();
        let mut lexer = Lexer::new(data, 0, MAP_VALUES_MAX);
        let mut operands: Vec<Value> = Vec::new();
        while let Some(value) = lexer.value() {
            match value {
                Value::Word(word) => {
                    match word.as_str() {
                        "endcodespacerange" => {
                            map.is_narrow |= operands
                                .iter()
                                .any(|v| matches!(v, Value::String(s) if s.len() == 1));
                        }
                        "endbfchar" => {
                            for pair in operands.chunks(2) {
                                if let [Value::String(code), Value::String(text)] = pair {
                                    map.add(number(code), number(code), text);
                                }
                            }
                        }
                        "endbfrange" => map.add_ranges(&operands),
                        _ => {}
                    }
                    operands.clear();
                }
                operand => operands.push(operand),
            }
        }
        map.ranges.sort_by_key(|(first, ..)| *first);
        map
    }

    fn add_ranges(&mut self, operands: &[Value]) {
        for three in operands.chunks(3) {
            match three {
                [
                    Value::String(first),
                    Value::String(last),
                    Value::String(text),
                ] => {
                    self.add(number(first), number(last), text);
                }
                [Value::String(first), _, Value::Array(texts)] => {
                    for (code, text) in (number(first)..).zip(texts) {
                        if let Value::String(text) = text {
                            self.add(code, code, text);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn add(&mut self, first: u32, last: u32, text: &[u8]) {
        let (pairs, rest) = text.as_chunks::<2>();
        let mut units: Vec<u16> = pairs
            .iter()
            .take(TEXT_UNITS_MAX)
            .map(|pair| u16::from_be_bytes(*pair))
            .collect();
        // One byte is what careless writers put for a character below 256.
        if let (true, [byte]) = (pairs.is_empty(), rest) {
            units.push(u16::from(*byte));
        }
        self.ranges.push((first, last, units));
    }

    fn text(&self, code: u32) -> Option<String> {
        let at = self.ranges.partition_point(|(first, ..)| *first <= code);
        let (first, last, units) = self.ranges.get(at.checked_sub(1)?)?;
        if code > *last {
            return None;
        }
        let mut units = units.clone();
        if let Some(unit) = units.last_mut() {
            let offset = u16::try_from(code.saturating_sub(*first)).unwrap_or_default();
            *unit = unit.wrapping_add(offset);
        }
        Some(String::from_utf16_lossy(&units)).filter(|t| !t.is_empty() && !t.contains('\0'))
    }
}

/// A code of up to four bytes.
fn number(code: &[u8]) -> u32 {
    code.iter()
        .take(4)
        .fold(0u32, |number, byte| number << 8 | u32::from(*byte))
}

fn code(value: &Value) -> Option<u32> {
    u32::try_from(value.count()?).ok()
}
