//! Base64 and hex within other text, in addresses, parameters, commands and dumps, where nothing says that they begin.
//!
//! To decode everything that could be either would cost more than to read it. But whatever stands in base64 as a whole
//! stands there with three of its bytes as four characters, in one of three alignments; so these are looked for first, in
//! each case that letters may have, and likewise three bytes as six digits in hex. Only where one is found is decoded.

use crate::formats::entities::nibble;

/// What three bytes of each thing looked for are in base64 and in hex.
#[derive(Default)]
pub(super) struct Hidden {
    base64: Codes,
    hex: Codes,
}

/// Numbers of 24 bits: four characters of base64 or six digits, and three bytes in either.
struct Codes {
    sorted: Vec<u32>,
    /// One bit for each of the lower bits of a code: most of what is not among the codes is told here.
    bits: Vec<u64>,
}

/// Bits of a code that pick a bit.
const PICKED: u32 = 0xffff;
const MASK: u32 = 0x00ff_ffff;

impl Default for Codes {
    fn default() -> Self {
        Self {
            sorted: Vec::new(),
            bits: vec![0; 1024],
        }
    }
}

impl Codes {
    /// Takes one in; to be sorted before it is asked for.
    fn add(&mut self, code: u32) {
        self.sorted.push(code);
        let (word, bit) = picked(code);
        if let Some(word) = self.bits.get_mut(word) {
            *word |= bit;
        }
    }

    fn sort(&mut self) {
        self.sorted.sort_unstable();
        self.sorted.dedup();
    }

    fn has(&self, code: u32) -> bool {
        let (word, bit) = picked(code);
        self.bits.get(word).is_some_and(|w| w & bit != 0)
            && self.sorted.binary_search(&code).is_ok()
    }
}

fn picked(code: u32) -> (usize, u64) {
    let low = code & PICKED;
    (
        usize::try_from(low >> 6).unwrap_or_default(),
        1 << (low & 63),
    )
}

impl Hidden {
    /// Looks for these, each of at least five bytes.
    pub(super) fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut hidden = Self::default();
        texts.for_each(|text| hidden.add(text));
        hidden.base64.sort();
        hidden.hex.sort();
        hidden
    }

    fn add(&mut self, text: &str) {
        // As text of one byte a letter, and of two as UTF-16 has it.
        let narrow: Vec<u8> = text.bytes().collect();
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [narrow, wide] {
            for first in 0..3 {
                if let Some([a, b, c]) = bytes.get(first..first + 3).and_then(|g| g.first_chunk()) {
                    each_case([*a, *b, *c], |code| self.base64.add(code));
                }
            }
            if let Some([a, b, c]) = bytes.first_chunk() {
                each_case([*a, *b, *c], |code| self.hex.add(code));
            }
        }
    }

    /// Whether any of it may be in a text.
    pub(super) fn signs(&self, text: &[u8]) -> bool {
        let mut base64 = Window::default();
        let mut hex = Window::default();
        let mut previous = 0;
        for byte in text {
            match sextet(*byte) {
                Some(value) => {
                    base64.push(u32::from(value), 6);
                    if base64.count >= 4 && self.base64.has(base64.code) {
                        return true;
                    }
                }
                None if matches!(byte, b'\r' | b'\n') => {}
                None => base64.count = 0,
            }
            hex.digit(previous, *byte);
            if hex.count >= 6 && self.hex.has(hex.code) {
                return true;
            }
            previous = *byte;
        }
        false
    }

    /// What each stretch of base64 and of hex in which something was found decodes to, in every alignment.
    pub(super) fn decoded(&self, text: &str) -> Vec<String> {
        let bytes = text.as_bytes();
        let mut found = Vec::new();
        for stretch in stretches(bytes, |b| sextet(b).is_some() || matches!(b, b'\r' | b'\n')) {
            if self.is_in_base64(stretch) {
                for skip in 0..4 {
                    let sextets = stretch.iter().filter_map(|b| sextet(*b)).skip(skip);
                    found.push(text_of(&joined(sextets, 6)));
                }
            }
        }
        for stretch in stretches(bytes, |b| nibble(b).is_some() || is_between_digits(b)) {
            let digits = digits(stretch);
            if self.is_in_hex(&digits) {
                for skip in 0..2 {
                    found.push(text_of(&joined(digits.iter().copied().skip(skip), 4)));
                }
            }
        }
        found
    }

    fn is_in_base64(&self, stretch: &[u8]) -> bool {
        let mut window = Window::default();
        stretch.iter().filter_map(|b| sextet(*b)).any(|value| {
            window.push(u32::from(value), 6);
            window.count >= 4 && self.base64.has(window.code)
        })
    }

    fn is_in_hex(&self, digits: &[u8]) -> bool {
        let mut window = Window::default();
        digits.iter().any(|value| {
            window.push(u32::from(*value), 4);
            window.count >= 6 && self.hex.has(window.code)
        })
    }
}

/// The last 24 bits of a stretch.
#[derive(Default)]
struct Window {
    code: u32,
    count: u32,
}

impl Window {
    fn push(&mut self, value: u32, bits: u32) {
        self.code = (self.code << bits | value) & MASK;
        self.count = self.count.saturating_add(1);
    }

    /// Goes on with the next byte of what may be hex digits.
    fn digit(&mut self, previous: u8, byte: u8) {
        if let Some(value) = nibble(byte) {
            self.push(u32::from(value), 4);
        } else if matches!(byte, b'x' | b'X') && previous == b'0' {
            // The zero of `0x` is no digit.
            self.code >>= 4;
            self.count = self.count.saturating_sub(1);
        } else if !is_between_digits(byte) {
            self.count = 0;
        }
    }
}

/// The digits of a stretch, without those of `0x`.
fn digits(stretch: &[u8]) -> Vec<u8> {
    let mut digits = Vec::with_capacity(stretch.len());
    let mut previous = 0;
    for byte in stretch {
        if let Some(value) = nibble(*byte) {
            digits.push(value);
        } else if matches!(byte, b'x' | b'X') && previous == b'0' {
            digits.pop();
        }
        previous = *byte;
    }
    digits
}

/// What may stand between the bytes of a dump.
const fn is_between_digits(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b':' | b'-' | b',' | b'\\' | b'x' | b'X' | b'\r' | b'\n' | b'\t'
    )
}

/// Longest parts of a text of bytes that are so.
fn stretches(bytes: &[u8], is: impl Fn(u8) -> bool) -> impl Iterator<Item = &[u8]> {
    bytes
        .split(move |b| !is(*b))
        .filter(|stretch| stretch.len() >= 6)
}

/// The value of a character in either alphabet of base64.
const fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Values of so many bits each as bytes; what is left at the end is left out.
fn joined(values: impl Iterator<Item = u8>, bits: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut held, mut count) = (0_u32, 0_u32);
    for value in values {
        held = (held << bits | u32::from(value)) & 0xffff;
        count += bits;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(held >> count & 0xff).unwrap_or_default());
        }
    }
    out
}

/// Bytes as a text that can be searched, in UTF-8 or UTF-16.
fn text_of(bytes: &[u8]) -> String {
    if bytes.contains(&0) {
        let without: Vec<u8> = bytes.iter().copied().filter(|b| *b != 0).collect();
        return String::from_utf8_lossy(&without).into_owned();
    }
    String::from_utf8_lossy(bytes).into_owned()
}

/// Three bytes as a code, in each case that their letters have.
fn each_case(bytes: [u8; 3], mut code: impl FnMut(u32)) {
    for upper in 0..8_u32 {
        let mut value = 0;
        for (index, byte) in bytes.into_iter().enumerate() {
            let byte = if upper >> index & 1 == 1 {
                byte.to_ascii_uppercase()
            } else {
                byte
            };
            value = value << 8 | u32::from(byte);
        }
        code(value);
    }
}
