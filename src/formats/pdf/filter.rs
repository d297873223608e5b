//! What the data of a stream is packed in (ISO 32000-1 §7.4). Each step gives no more bytes than it is allowed.

use std::io::Read;

use flate2::read::{DeflateDecoder, ZlibDecoder};

use super::lexer::is_space;

/// Why a stream is not unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is an image, or packed in a way that is not known.
    Other,
    /// It is larger than what may still be unpacked.
    TooLarge,
}

/// Unpacks one step.
pub(super) fn unpack(filter: &str, data: &[u8], bytes_max: usize) -> Result<Vec<u8>, Unread> {
    match filter {
        "FlateDecode" | "Fl" => flate(data, bytes_max),
        "LZWDecode" | "LZW" => lzw(data, bytes_max),
        "ASCIIHexDecode" | "AHx" => Ok(ascii_hex(data)),
        "ASCII85Decode" | "A85" => Ok(ascii_85(data)),
        "RunLengthDecode" | "RL" => run_length(data, bytes_max),
        _ => Err(Unread::Other),
    }
}

/// What can be inflated before damage counts: readers show it too.
fn flate(data: &[u8], bytes_max: usize) -> Result<Vec<u8>, Unread> {
    let bound = u64::try_from(bytes_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut out = Vec::new();
    let whole = ZlibDecoder::new(data).take(bound).read_to_end(&mut out);
    if whole.is_err() && out.is_empty() {
        // Without its two bytes of header.
        let _ = DeflateDecoder::new(data).take(bound).read_to_end(&mut out);
    }
    if out.len() > bytes_max {
        return Err(Unread::TooLarge);
    }
    Ok(out)
}

fn ascii_hex(data: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = data
        .iter()
        .take_while(|b| **b != b'>')
        .filter_map(|b| char::from(*b).to_digit(16))
        .filter_map(|d| u8::try_from(d).ok())
        .collect();
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => high << 4 | low,
            [high] => high << 4,
            _ => 0,
        })
        .collect()
}

fn ascii_85(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() / 5 * 4);
    let mut group: Vec<u8> = Vec::with_capacity(5);
    let mut flush = |group: &mut Vec<u8>| {
        let digits = group.len();
        if digits > 1 {
            group.resize(5, 84);
            let word = group.iter().fold(0u32, |word, digit| {
                word.wrapping_mul(85).wrapping_add(u32::from(*digit))
            });
            out.extend(word.to_be_bytes().iter().take(digits - 1));
        }
        group.clear();
    };
    for byte in data {
        match byte {
            b'~' => break,
            b'z' if group.is_empty() => {
                group.resize(5, 0);
                flush(&mut group);
            }
            b'!'..=b'u' => {
                group.push(byte - b'!');
                if group.len() == 5 {
                    flush(&mut group);
                }
            }
            b if is_space(*b) => {}
            _ => break,
        }
    }
    flush(&mut group);
    out
}

fn run_length(data: &[u8], bytes_max: usize) -> Result<Vec<u8>, Unread> {
    let mut out = Vec::new();
    let mut rest = data;
    while let [length, behind @ ..] = rest {
        let length = usize::from(*length);
        rest = match length {
            128 => break,
            0..128 => {
                let (run, behind) = behind.split_at_checked(length + 1).unwrap_or((behind, &[]));
                out.extend_from_slice(run);
                behind
            }
            _ => match behind {
                [byte, behind @ ..] => {
                    out.resize(out.len().saturating_add(257 - length), *byte);
                    behind
                }
                [] => break,
            },
        };
        if out.len() > bytes_max {
            return Err(Unread::TooLarge);
        }
    }
    Ok(out)
}

/// LZW with codes of 9 to 12 bits and the early change that PDF has by default.
fn lzw(data: &[u8], bytes_max: usize) -> Result<Vec<u8>, Unread> {
    const CLEAR: usize = 256;
    const END: usize = 257;
    // An entry is where it stands in what was unpacked so far.
    let mut table: Vec<(usize, usize)> = Vec::new();
    let mut out: Vec<u8> = Vec::new();
    let mut previous: Option<(usize, usize)> = None;
    let mut bits = 0u32;
    let mut held = 0u32;
    let mut bytes = data.iter();
    loop {
        let width: u32 = match table.len().saturating_add(258 + 1) {
            0..512 => 9,
            512..1024 => 10,
            1024..2048 => 11,
            _ => 12,
        };
        while held < width {
            let Some(byte) = bytes.next() else {
                return Ok(out);
            };
            bits = bits << 8 | u32::from(*byte);
            held += 8;
        }
        held -= width;
        let code = usize::try_from((bits >> held) & ((1 << width) - 1)).unwrap_or(END);
        bits &= (1 << held) - 1;
        let start = out.len();
        match code {
            CLEAR => {
                table.clear();
                previous = None;
                continue;
            }
            END => return Ok(out),
            0..256 => out.push(u8::try_from(code).unwrap_or_default()),
            _ => {
                let (from, length) = match (table.get(code - 258), previous) {
                    (Some(entry), _) => *entry,
                    // The entry that is being made: the previous one and its first byte.
                    (None, Some((from, length))) => (from, length.saturating_add(1)),
                    (None, None) => return Ok(out),
                };
                for offset in 0..length {
                    let byte = out.get(from.saturating_add(offset)).copied();
                    out.push(byte.unwrap_or_default());
                }
            }
        }
        if out.len() > bytes_max {
            return Err(Unread::TooLarge);
        }
        if let Some((from, length)) = previous
            && table.len() < 4096 - 258
        {
            table.push((from, length.saturating_add(1)));
        }
        previous = Some((start, out.len().saturating_sub(start)));
    }
}

/// Takes back what a predictor did (PNG's five, and none); TIFF's stays.
pub(super) fn predicted(data: Vec<u8>, predictor: usize, row: usize, pixel: usize) -> Vec<u8> {
    if predictor < 10 || row == 0 {
        return data;
    }
    let mut out: Vec<u8> = Vec::with_capacity(data.len());
    let mut above = vec![0u8; row];
    for line in data.chunks(row.saturating_add(1)) {
        let Some((kind, line)) = line.split_first() else {
            break;
        };
        let mut current = vec![0u8; row];
        for index in 0..line.len().min(row) {
            let byte = line.get(index).copied().unwrap_or_default();
            let left = index
                .checked_sub(pixel)
                .and_then(|at| current.get(at).copied())
                .unwrap_or_default();
            let up = above.get(index).copied().unwrap_or_default();
            let corner = index
                .checked_sub(pixel)
                .and_then(|at| above.get(at).copied())
                .unwrap_or_default();
            let guess = match kind {
                1 => left,
                2 => up,
                3 => {
                    u8::try_from(u16::midpoint(u16::from(left), u16::from(up))).unwrap_or_default()
                }
                4 => paeth(left, up, corner),
                _ => 0,
            };
            if let Some(slot) = current.get_mut(index) {
                *slot = byte.wrapping_add(guess);
            }
        }
        out.extend(current.iter().take(line.len()));
        above = current;
    }
    out
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let distance = |byte: u8| (guess - i16::from(byte)).abs();
    if distance(left) <= distance(up) && distance(left) <= distance(corner) {
        left
    } else if distance(up) <= distance(corner) {
        up
    } else {
        corner
    }
}
