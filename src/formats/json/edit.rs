//! Changes to a document by its bytes: what is not changed stays byte for byte as it was written.

use std::ops::Range;

use bytes::Bytes;

use super::{Element, Json, size};

/// Changes to be made to one document.
pub(crate) struct Edits<'a> {
    source: &'a Bytes,
    spans: Vec<Span>,
    edits: Vec<(Range<usize>, String)>,
}

/// Where a node stands in the source.
#[derive(Clone, Copy, Default)]
struct Span {
    /// The key with its quotes; empty where there is none.
    key: (u32, u32),
    value: (u32, u32),
}

impl<'a> Edits<'a> {
    /// No changes yet. Costs one more reading of the source.
    pub(crate) fn of(json: &'a Json) -> Self {
        Self {
            source: &json.source,
            spans: spans(&json.source, json.nodes.len()),
            edits: Vec::new(),
        }
    }

    /// Puts this JSON in the place of a value and all within it.
    pub(crate) fn replace(&mut self, element: Element<'_>, json: String) {
        if let Some(span) = self.spans.get(element.at) {
            self.edits.push((range(span.value), json));
        }
    }

    /// Puts a string in the place of a value and all within it.
    pub(crate) fn replace_with_text(&mut self, element: Element<'_>, text: &str) {
        self.replace(element, quoted(text));
    }

    /// Puts another key in the place of that of a member of an object.
    pub(crate) fn replace_key(&mut self, element: Element<'_>, key: &str) {
        if let Some(span) = self.spans.get(element.at)
            && span.key.1 > span.key.0
        {
            self.edits.push((range(span.key), quoted(key)));
        }
    }

    /// The bytes with all changes; of changes within one another the outermost.
    pub(crate) fn apply(mut self) -> Bytes {
        // The outermost of those that begin at one place is the longest.
        self.edits
            .sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let added: usize = self.edits.iter().map(|(_, json)| json.len()).sum();
        let mut out = Vec::with_capacity(self.source.len().saturating_add(added));
        let mut from = 0;
        for (range, json) in &self.edits {
            if range.start < from {
                continue;
            }
            out.extend_from_slice(self.source.get(from..range.start).unwrap_or_default());
            out.extend_from_slice(json.as_bytes());
            from = range.end;
        }
        out.extend_from_slice(self.source.get(from..).unwrap_or_default());
        Bytes::from(out)
    }
}

/// A text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn range((start, end): (u32, u32)) -> Range<usize> {
    size(start)..size(end)
}

/// Where each node stands, in the order of the nodes, which is that of the document. The source was read before, so that
/// its values need only be told apart here.
fn spans(source: &[u8], nodes: usize) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::with_capacity(nodes);
    let mut open: Vec<usize> = Vec::new();
    let mut key = (0, 0);
    let mut at = 0;
    while let Some(byte) = source.get(at) {
        let end = match byte {
            b'"' => after_string(source, at),
            b'{' | b'[' | b'}' | b']' | b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => {
                at.saturating_add(1)
            }
            _ => after_word(source, at),
        };
        let place = (offset(at), offset(end));
        match byte {
            b'}' | b']' => {
                if let Some(span) = open.pop().and_then(|index| spans.get_mut(index)) {
                    span.value.1 = place.1;
                }
            }
            b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => {}
            b'"' if is_key(source, end) => key = place,
            _ => {
                if matches!(byte, b'{' | b'[') {
                    open.push(spans.len());
                }
                spans.push(Span {
                    key: std::mem::take(&mut key),
                    value: place,
                });
            }
        }
        at = end;
    }
    spans
}

/// Where the string ends that begins here.
fn after_string(source: &[u8], start: usize) -> usize {
    let mut at = start.saturating_add(1);
    while let Some(byte) = source.get(at) {
        match byte {
            b'"' => return at.saturating_add(1),
            b'\\' => at = at.saturating_add(2),
            _ => at = at.saturating_add(1),
        }
    }
    source.len()
}

/// Where the number, truth value or null ends that begins here.
fn after_word(source: &[u8], start: usize) -> usize {
    let rest = source.get(start..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|b| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'))
        .unwrap_or(rest.len());
    start.saturating_add(length.max(1))
}

/// Only a key has a colon behind it.
fn is_key(source: &[u8], end: usize) -> bool {
    let rest = source.get(end..).unwrap_or_default();
    rest.iter()
        .find(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
        == Some(&b':')
}

/// An offset; a document is shorter than 4 GiB.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &'static str, edit: impl Fn(Element<'_>, &mut Edits<'_>)) -> String {
        let json = Json::parse(&Bytes::from_static(text.as_bytes())).unwrap();
        let mut edits = Edits::of(&json);
        json.root().walk(|_, element| edit(element, &mut edits));
        String::from_utf8(edits.apply().to_vec()).unwrap()
    }

    #[test]
    fn what_is_not_changed_stays_as_it_was_written() {
        let text = "\n{ \"a\" :[1.50, \"\\u0061\\\"x\" , {}, [] ,null],\t\"b\\\\\": {\"c\":\"d:e\"} , \"f\":-0e1}\r\n";
        assert_eq!(edited(text, |_, _| ()), text);
        assert_eq!(
            edited(text, |e, edits| {
                match e.as_str() {
                    Some("a\"x") => edits.replace_with_text(e, "é\"\n"),
                    Some("d:e") => edits.replace_key(e, "k"),
                    _ => {}
                }
                if e.as_number() == Some("-0e1") || e.is_null() {
                    edits.replace(e, "7".to_owned());
                }
            }),
            "\n{ \"a\" :[1.50, \"é\\\"\\n\" , {}, [] ,7],\t\"b\\\\\": {\"k\":\"d:e\"} , \"f\":7}\r\n"
        );
    }

    #[test]
    fn of_changes_within_one_another_the_outermost_holds() {
        let text = r#"[{"a":{"b":"c"}},"c",[["c"]]]"#;
        assert_eq!(
            edited(text, |e, edits| {
                if e.as_str().is_some() || e.get("a").is_some() || e.is_array() {
                    if e.items().next().is_none_or(|i| i.as_str().is_some()) {
                        edits.replace(e, "1".to_owned());
                    }
                }
            }),
            "[1,1,[1]]"
        );
    }
}
