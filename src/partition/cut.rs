//! A container with some of its members or items: every byte that stays is copied, in the layout that the source has.

use crate::formats::json::Element;

/// What becomes of a member or an item.
pub(super) enum Cut<'w> {
    /// It stays as it is.
    Keep,
    /// It goes, with the comma beside it.
    Drop,
    /// This stands in place of its value.
    Put(Vec<u8>),
    /// What this writes stands in place of its value.
    Write(&'w dyn Fn(&mut Vec<u8>)),
}

/// Rewrites a container. What separates what stays is what separated the first two, so that a list that was written on
/// one line stays on one.
pub(super) fn cut<'a, 'w>(
    container: Element<'a>,
    each: impl FnMut(usize, Option<&'a str>, Element<'a>) -> Cut<'w>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(container.range().len());
    cut_into(&mut out, container, each);
    out
}

/// The same behind what is already written.
pub(super) fn cut_into<'a, 'w>(
    out: &mut Vec<u8>,
    container: Element<'a>,
    mut each: impl FnMut(usize, Option<&'a str>, Element<'a>) -> Cut<'w>,
) {
    let source = container.document_source();
    let text = |from: usize, to: usize| source.get(from..to).unwrap_or_default();
    let whole = container.range();
    let span = |child: Element<'a>| {
        let value = child.range();
        let start = child.key_range().map_or(value.start, |key| key.start);
        (start, value.end)
    };
    let mut begin = container.children().map(span);
    let Some((first, first_end)) = begin.next() else {
        out.extend_from_slice(text(whole.start, whole.end));
        return;
    };
    let separator = begin
        .next()
        .map_or(&b","[..], |(second, _)| text(first_end, second));
    let from = out.len();
    out.extend_from_slice(text(whole.start, first));
    let mut is_first = true;
    let mut last_end = first_end;
    let is_object = container.is_object();
    for (index, child) in container.children().enumerate() {
        let (start, end) = span(child);
        last_end = end;
        let key = is_object.then(|| child.key());
        let cut = each(index, key, child);
        if matches!(cut, Cut::Drop) {
            continue;
        }
        if !is_first {
            out.extend_from_slice(separator);
        }
        is_first = false;
        match cut {
            Cut::Keep => out.extend_from_slice(text(start, end)),
            Cut::Put(value) => {
                out.extend_from_slice(text(start, child.range().start));
                out.extend_from_slice(&value);
            }
            Cut::Write(write) => {
                out.extend_from_slice(text(start, child.range().start));
                write(out);
            }
            Cut::Drop => {}
        }
    }
    if is_first {
        // Nothing stays: the container is closed where it was opened.
        out.truncate(from.saturating_add(1));
        out.extend_from_slice(text(whole.end.saturating_sub(1), whole.end));
        return;
    }
    out.extend_from_slice(text(last_end, whole.end));
}

/// A value that was rewritten, with what stands around it in its document: the wrapping that it came in, and the line end
/// of a file.
pub(super) fn in_place(value: Element<'_>, rewritten: &[u8]) -> Vec<u8> {
    let source = value.document_source();
    let range = value.range();
    let before = source.get(..range.start).unwrap_or_default();
    let behind = source.get(range.end..).unwrap_or_default();
    [before, rewritten, behind].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::json::Json;
    use bytes::Bytes;

    fn without(text: &'static str, dropped: &[&str]) -> String {
        let json = Json::parse(&Bytes::from_static(text.as_bytes())).unwrap();
        let bytes = cut(json.root(), |index, key, _| {
            let name = key.map_or_else(|| index.to_string(), str::to_owned);
            if dropped.contains(&name.as_str()) {
                Cut::Drop
            } else {
                Cut::Keep
            }
        });
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_stays_keeps_its_bytes_and_the_layout() {
        let list = "[\n  1,\n  {\"a\" : 1},\n  3\n]";
        assert_eq!(without(list, &[]), list);
        assert_eq!(without(list, &["0"]), "[\n  {\"a\" : 1},\n  3\n]");
        assert_eq!(without(list, &["1"]), "[\n  1,\n  3\n]");
        assert_eq!(without(list, &["1", "2"]), "[\n  1\n]");
        assert_eq!(without(list, &["0", "1", "2"]), "[]");
        let object = "{ \"a\": 1, \"b\" :[2], \"c\":3 }";
        assert_eq!(without(object, &["a"]), "{ \"b\" :[2], \"c\":3 }");
        assert_eq!(without(object, &["b"]), "{ \"a\": 1, \"c\":3 }");
        assert_eq!(without("[]", &[]), "[]");
    }

    #[test]
    fn a_value_is_put_in_place_of_another_under_its_key() {
        let json = Json::parse(&Bytes::from_static(b"{\"a\" : 1,\"b\": {}}")).unwrap();
        let bytes = cut(json.root(), |_, key, _| match key {
            Some("a") => Cut::Put(b"[2]".to_vec()),
            _ => Cut::Keep,
        });
        assert_eq!(bytes, b"{\"a\" : [2],\"b\": {}}");
    }
}
