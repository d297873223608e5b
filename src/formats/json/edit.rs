//! Changes to a document by its bytes: what is not changed stays byte for byte as it was written.

use std::cmp::Reverse;
use std::ops::Range;

use bytes::Bytes;

use super::{Element, Json};

/// Changes to be made to one document.
pub(crate) struct Edits<'a> {
    source: &'a Bytes,
    edits: Vec<(Range<usize>, String)>,
}

impl<'a> Edits<'a> {
    /// No changes yet.
    pub(crate) fn of(json: &'a Json) -> Self {
        Self {
            source: &json.source,
            edits: Vec::new(),
        }
    }

    /// Puts this JSON in the place of a value and all within it.
    pub(crate) fn replace(&mut self, element: Element<'_>, json: String) {
        self.edits.push((element.range(), json));
    }

    /// Puts a string in the place of a value and all within it.
    pub(crate) fn replace_with_text(&mut self, element: Element<'_>, text: &str) {
        self.replace(element, quoted(text));
    }

    /// Puts another key in the place of that of a member of an object.
    pub(crate) fn replace_key(&mut self, element: Element<'_>, key: &str) {
        if let Some(range) = element.key_range() {
            self.edits.push((range, quoted(key)));
        }
    }

    /// Takes a member out of its object, with its key and the comma beside it; at most one of each object.
    pub(crate) fn remove(&mut self, element: Element<'_>) {
        let Some(key) = element.key_range() else {
            return;
        };
        let is_space = |b: &u8| b.is_ascii_whitespace();
        let (mut start, mut end) = (key.start, element.range().end);
        let behind = self.source.get(end..).unwrap_or_default();
        let spaces = behind.iter().take_while(|b| is_space(b)).count();
        if behind.get(spaces) == Some(&b',') {
            let rest = behind.get(spaces.saturating_add(1)..).unwrap_or_default();
            let more = rest.iter().take_while(|b| is_space(b)).count();
            end = end
                .saturating_add(spaces)
                .saturating_add(1)
                .saturating_add(more);
        } else {
            let before = self.source.get(..start).unwrap_or_default();
            let spaces = before.iter().rev().take_while(|b| is_space(b)).count();
            let comma = start.saturating_sub(spaces).saturating_sub(1);
            if before.get(comma) == Some(&b',') {
                start = comma;
            }
        }
        self.edits.push((start..end, String::new()));
    }

    /// The bytes with all changes; of changes within one another the outermost.
    pub(crate) fn apply(mut self) -> Bytes {
        // The outermost of those that begin at one place is the longest.
        self.edits
            .sort_by_key(|(range, _)| (range.start, Reverse(range.end)));
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
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
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
    fn a_member_goes_with_the_comma_beside_it() {
        for (text, rest) in [
            (r#"{"a": 1, "x": "y", "b": 2}"#, r#"{"a": 1, "b": 2}"#),
            (r#"{ "x" : [1] , "b": 2}"#, r#"{ "b": 2}"#),
            (r#"{"a": 1 , "x": {}}"#, r#"{"a": 1 }"#),
            (r#"[{"x": 1}, {"a": {"x": 1 }}]"#, r#"[{}, {"a": { }}]"#),
        ] {
            let without = edited(text, |element, edits| {
                if element.key() == "x" {
                    edits.remove(element);
                }
            });
            assert_eq!(without, rest, "{text}");
        }
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
                if e.get("c").is_some() {
                    edits.replace_key(e, "n");
                }
            }),
            "\n{ \"a\" :[1.50, \"é\\\"\\n\" , {}, [] ,7],\t\"n\": {\"k\":\"d:e\"} , \"f\":7}\r\n"
        );
    }

    #[test]
    fn of_changes_within_one_another_the_outermost_holds() {
        let text = r#"[{"a":{"b":"c"}},"c",[["c"]]]"#;
        assert_eq!(
            edited(text, |e, edits| {
                let is_innermost_list = e.is_array() && e.items().all(|i| i.as_str().is_some());
                if e.as_str().is_some() || e.get("a").is_some() || is_innermost_list {
                    edits.replace(e, "1".to_owned());
                }
            }),
            "[1,1,[1]]"
        );
    }
}
