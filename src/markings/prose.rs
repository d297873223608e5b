//! The `TLP:` strings of Markdown and plain text, by line.

use super::findings::Findings;

/// Finds every `TLP:` string.
pub(crate) fn find(text: &str, findings: &mut Findings) {
    for (index, line) in text.lines().enumerate() {
        findings.text(line, None, || format!("line:{}", index + 1));
    }
}
