//! The `TLP:` strings of Markdown and plain text, by line.

use super::findings::Findings;
use super::words::Claim;
use crate::model::label::Label;

/// Finds every `TLP:` string, and the labels below the heading `TLP` of a table.
pub(crate) fn find(text: &str, findings: &mut Findings) {
    findings.lines(text, |line| format!("line:{line}"));
    tables(text, findings);
}

/// A table's column that is headed `TLP` holds labels.
fn tables(text: &str, findings: &mut Findings) {
    let mut column: Option<usize> = None;
    for (index, line) in text.lines().enumerate() {
        if !line.contains('|') {
            column = None;
            continue;
        }
        match column {
            None => column = cells(line).position(|cell| cell.eq_ignore_ascii_case("tlp")),
            Some(column) => {
                if let Some(cell) = cells(line).nth(column)
                    && let Some(label) = Label::parse(cell)
                    && !cell.contains(':')
                {
                    let place = format!("line:{}", index.saturating_add(1));
                    findings.add(place, Claim::Known(label), cell, None);
                }
            }
        }
    }
}

/// The cells of a row, without emphasis.
fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.trim()
        .trim_matches('|')
        .split('|')
        .map(|cell| cell.trim_matches([' ', '\t', '*', '_', '`']))
}
