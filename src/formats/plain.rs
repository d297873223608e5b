//! Text as a reader sees it: compatibility forms folded (NFKC), what has no width taken out. Only for scanning; what is
//! stored and signed stays as it was pushed.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// The text without look-alike forms: `ＴＬＰ：ＲＥＤ` and a `TLP:RED` with zero-width characters in it read as `TLP:RED`.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    if !text.chars().any(is_invisible) && is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    // Compatibility forms may decompose to what is invisible, and what is invisible may stand between what composes.
    Cow::Owned(
        text.chars()
            .filter(|c| !is_invisible(*c))
            .nfkc()
            .filter(|c| !is_invisible(*c))
            .collect(),
    )
}

/// Characters without width (Unicode's default-ignorable ones that occur in practice): soft hyphen, joiners, direction
/// marks, fillers, variation selectors, tags.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The beginning of a text, at most so many bytes, cut between characters.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}

/// A text as one line of at most so many bytes: control characters and line ends become single spaces.
pub(crate) fn one_line(text: &str, bytes_max: usize) -> String {
    // An id or a tag.
    if text.len() <= bytes_max && text.bytes().all(|b| b.is_ascii_graphic()) {
        return text.to_owned();
    }
    let mut line = String::with_capacity(text.len().min(bytes_max));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > bytes_max {
            break;
        }
    }
    cut(&line, bytes_max).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alike_forms_read_as_what_they_look_like() {
        assert_eq!(plain("ＴＬＰ：ＲＥＤ"), "TLP:RED");
        assert_eq!(
            plain("T\u{200b}L\u{ad}P\u{2060}:R\u{fe0f}E\u{200d}D"),
            "TLP:RED"
        );
        assert_eq!(plain("𝐓𝐋𝐏:𝑅𝐸𝐷"), "TLP:RED");
        assert!(matches!(plain("naïve é"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_line_is_cut_between_characters() {
        assert_eq!(one_line("  a\n\tb\u{0}c ", 100), "a b c");
        assert_eq!(one_line("ééé", 5), "éé");
        assert_eq!(cut("aé", 2), "a");
    }
}
