//! Text strings outside of content (ISO 32000-1 §7.9.2.2), and XML.

/// A text string: UTF-16 or UTF-8 with a mark, or else PDFDocEncoding, which is nearly Latin-1.
pub(super) fn decoded(bytes: &[u8]) -> String {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, _) = rest.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    let text = match bytes {
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        // Many writers put UTF-8 without a mark.
        bytes => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes
                .iter()
                .filter_map(|b| super::glyphs::character("", *b))
                .collect(),
        },
    };
    clean(&text)
}

/// The text of XML: what stands between tags and in attributes.
pub(super) fn xml_text(xml: &[u8]) -> String {
    let xml = String::from_utf8_lossy(xml);
    let mut out = String::new();
    for (index, piece) in xml.split('<').enumerate() {
        let (tag, text) = match piece.split_once('>') {
            Some((tag, text)) if index > 0 => (tag, text),
            _ => ("", piece),
        };
        // The values of attributes, quoted in either way.
        for quote in ['"', '\''] {
            for value in tag.split(quote).skip(1).step_by(2) {
                if !value.contains("://ns.") && !value.contains("://www.w3.org/") {
                    line(&mut out, value);
                }
            }
        }
        line(&mut out, text);
    }
    out
}

fn line(out: &mut String, text: &str) {
    let text = text.trim();
    if !text.is_empty() {
        let plain = text
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&apos;", "'")
            .replace("&#58;", ":")
            .replace("&amp;", "&");
        out.push_str(&clean(&plain));
        out.push('\n');
    }
}

/// Without control characters.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| *c != '\0')
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}
