//! Markdown and plain text, and the question whether bytes are text at all.

use bytes::Bytes;

use super::{Body, Document, Format, Problems, Said, document};
use crate::model::label::Label;
use crate::model::submission::{Place, Reason, Refusal};
use crate::model::words::Kind;

/// Takes a byte order mark away: it is no content, and JSON must not have one.
pub(crate) fn without_mark(bytes: Bytes) -> Bytes {
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        bytes.slice(3..)
    } else {
        bytes
    }
}

/// Checks that the bytes are UTF-8.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let hint = if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            "it begins like UTF-16"
        } else {
            "no character begins with these bytes"
        };
        Refusal::new(
            Reason::NotUtf8,
            format!("the document is not UTF-8 (line {line}: {hint}); save it as UTF-8"),
        )
        .at([Place {
            place: format!("line:{line}"),
            message: hint.to_owned(),
        }])
    })?;
    // UTF-16 without a mark is UTF-8 as far as ASCII goes, with a NUL in every other byte.
    if text.as_bytes().iter().take(4).any(|b| *b == 0) {
        return Err(Refusal::new(
            Reason::NotUtf8,
            "the document begins with NUL bytes, like UTF-16 or UTF-32; save it as UTF-8",
        ));
    }
    Ok(text)
}

/// The first character that counts opens a JSON object or array.
pub(crate) fn begins_as_json(bytes: &[u8]) -> bool {
    matches!(
        bytes.iter().find(|b| !b.is_ascii_whitespace()),
        Some(b'{' | b'[')
    )
}

/// Reads a document that is no JSON.
pub(crate) fn read(bytes: Bytes, text: &str) -> Result<Document, Refusal> {
    let start = text.trim_start();
    if start.is_empty() {
        return Err(unknown("the document is empty"));
    }
    if let Some(line) = text.lines().position(|l| l.contains(is_binary)) {
        return Err(
            unknown("control characters stand in it, so that it is no text").at([Place {
                place: format!("line:{}", line + 1),
                message: "a control character".to_owned(),
            }]),
        );
    }
    if is_markup(start) {
        return Err(unknown(
            "it is XML or HTML, whose markings the node does not read; \
             convert STIX 1 to STIX 2.1, or push the text",
        ));
    }
    if is_quoted_table(start) {
        return Err(unknown(
            "it is a table of quoted fields (CSV), which has no place for markings; \
             make a STIX bundle or a MISP event of it",
        ));
    }
    let markdown = is_markdown(text);
    let said = Said {
        identity: None,
        version: String::new(),
        title: title(text).to_owned(),
        summary: String::new(),
        kind: Kind::Report,
        problems: Problems::default(),
        digests: Vec::new(),
    };
    let format = if markdown {
        Format::Markdown
    } else {
        Format::Text
    };
    Ok(document(bytes, format, said, Body::Text))
}

fn unknown(what: &str) -> Refusal {
    Refusal::new(
        Reason::UnknownFormat,
        format!("the document is of no format that the node reads: {what}"),
    )
}

/// Never in text: they hide content from a reader at a terminal.
fn is_binary(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\r' | '\u{c}' | '\u{85}')
}

fn is_markup(start: &str) -> bool {
    ["<?xml", "<!doctype", "<html", "<stix:", "<cybox:"]
        .iter()
        .any(|head| {
            start
                .get(..head.len())
                .is_some_and(|s| s.eq_ignore_ascii_case(head))
        })
}

/// It begins with two quoted fields: `"…","…"`.
fn is_quoted_table(start: &str) -> bool {
    start
        .strip_prefix('"')
        .and_then(|rest| rest.lines().next())
        .and_then(|line| line.split_once('"'))
        .is_some_and(|(_, after)| after.starts_with(",\""))
}

/// Markdown is known by what plain text hardly has: a heading, a fence, a link, strong text, front matter.
fn is_markdown(text: &str) -> bool {
    let mut previous_is_text = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if heading(line).is_some()
            || line.trim_start().starts_with("```")
            || line.trim_start().starts_with("~~~")
            || line.contains("](")
            || line.matches("**").count() > 1
            || (index == 0 && line == "---")
            || (previous_is_text && is_underline(line))
            || line.starts_with("|--")
            || line.starts_with("| --")
        {
            return true;
        }
        previous_is_text = !line.is_empty();
    }
    false
}

/// The text of a heading line `# …`.
fn heading(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches('#');
    let level = line.len().saturating_sub(rest.len());
    if !(1..=6).contains(&level) || !rest.starts_with([' ', '\t']) {
        return None;
    }
    Some(rest.trim().trim_end_matches('#').trim_end()).filter(|t| !t.is_empty())
}

/// Three or more `=` or `-`: the line before is a heading.
fn is_underline(line: &str) -> bool {
    line.len() >= 3 && (line.bytes().all(|b| b == b'=') || line.bytes().all(|b| b == b'-'))
}

/// The first heading, or else the first line that says something.
fn title(text: &str) -> &str {
    let mut in_fence = false;
    let mut in_front_matter = false;
    let mut first = "";
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line == "---" && (index == 0 || in_front_matter) {
            in_front_matter = index == 0;
            continue;
        }
        if in_front_matter {
            continue;
        }
        if line.starts_with("```") {
            in_fence = !in_fence;
            continue;
        }
        if in_fence {
            continue;
        }
        // A line that says only how far the document may go is no title.
        if Label::parse(line.trim_start_matches('#')).is_some() {
            continue;
        }
        if let Some(heading) = heading(line) {
            return heading;
        }
        if first.is_empty() {
            first = line;
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{Limits, read as read_document};

    fn read(text: &str) -> Result<Document, Refusal> {
        read_document(&Bytes::copy_from_slice(text.as_bytes()), &Limits::default())
    }

    #[test]
    fn markdown_is_told_from_text_and_the_heading_is_the_title() {
        let d = read("\n\n# Phishing wave #\n\nText.").unwrap();
        assert_eq!(
            (d.format, d.title.as_str(), d.kind),
            (Format::Markdown, "Phishing wave", Kind::Report)
        );
        let d = read("Phishing wave\n\nSeen at three members.").unwrap();
        assert_eq!(
            (d.format, d.title.as_str()),
            (Format::Text, "Phishing wave")
        );
        assert_eq!(read("Title\n=====\n").unwrap().format, Format::Markdown);
        assert_eq!(read("---\ntlp: amber\n---\nBody").unwrap().title, "Body");
    }

    #[test]
    fn a_long_title_is_cut_between_characters() {
        let d = read(&"é".repeat(1000)).unwrap();
        assert_eq!(d.title.len(), 512);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for (bytes, reason) in [
            (&b""[..], Reason::UnknownFormat),
            (b" \n ", Reason::UnknownFormat),
            (b"\xff\xfeT\0L\0P\0", Reason::NotUtf8),
            (b"T\0L\0P\0", Reason::NotUtf8),
            (b"ab\xe9", Reason::NotUtf8),
            (b"long enough \x1b[31m", Reason::UnknownFormat),
            (b"<?xml version=\"1.0\"?>", Reason::UnknownFormat),
            (b"\"a\",\"b\"\n1,2", Reason::UnknownFormat),
            (b"{a", Reason::UnknownFormat),
            (b" [1, 2]", Reason::UnknownFormat),
        ] {
            let read = read_document(&Bytes::from_static(bytes), &Limits::default());
            assert_eq!(read.unwrap_err().reason, reason, "{bytes:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_content() {
        let d = read("\u{feff}hello").unwrap();
        assert_eq!(&d.bytes[..], b"hello");
    }
}
