//! Foreign text as it may be shown (threat 55): what acts on a terminal, or turns the direction of reading, becomes
//! visible instead.

use std::borrow::Cow;

/// One line of foreign text. Line breaks and tabs are made visible too.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, acts)
}

/// Several lines of foreign text: line feeds and tabs stay as they are.
pub(crate) fn shown_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| acts(c) && !matches!(c, '\n' | '\t'))
}

/// A number with its noun.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

fn escaped(text: &str, acts: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Whether a character does something instead of being seen.
pub(crate) fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Soft hyphen, Arabic letter mark, and the invisible fillers that hide text.
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
            // Zero width space; the joiners beside it belong to real scripts and stay.
            | '\u{200b}'
            // Direction marks, line and paragraph separators, embeddings and overrides, isolates.
            | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            // Byte order mark, interlinear annotation, tag characters.
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_acts_is_shown_and_other_text_stays() {
        assert_eq!(
            shown("\u{1b}[2J\u{1b}]0;x\u{7}"),
            "\\u{1b}[2J\\u{1b}]0;x\\u{7}"
        );
        assert_eq!(
            shown("a\u{202e}gpj.exe\u{2066}"),
            "a\\u{202e}gpj.exe\\u{2066}"
        );
        assert_eq!(shown("one\ntwo\r\u{9b}31m"), "one\\ntwo\\r\\u{9b}31m");
        assert_eq!(shown_lines("one\n\ttwo\r"), "one\n\ttwo\\r");
        for plain in [
            "Waterschap Ångström €",
            "日本語",
            "👩\u{200d}💻",
            "می\u{200c}خواهم",
        ] {
            assert!(matches!(shown(plain), Cow::Borrowed(_)), "{plain}");
        }
    }
}
