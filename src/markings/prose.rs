//! The `TLP:` strings of Markdown and plain text, by line, and of PDF, by page.

use super::findings::Findings;
use super::words::{self, Claim};
use crate::formats::Extracted;
use crate::model::label::Label;

/// Finds every `TLP:` string, and the labels below the heading `TLP` of a table.
pub(crate) fn find(text: &str, findings: &mut Findings) {
    findings.lines(text, |line| format!("line:{line}"));
    tables(text, findings);
}

/// Finds every `TLP:` string of a PDF, also where the places of its letters tear it apart.
pub(crate) fn pages(extracted: &Extracted, findings: &mut Findings) {
    for passage in &extracted.passages {
        let before = findings.list.len();
        findings.text(&passage.text, None, || passage.place.clone());
        let found: Vec<Claim> = findings
            .list
            .get(before..)
            .unwrap_or_default()
            .iter()
            .map(|f| f.claim)
            .collect();
        for (claim, said) in words::compact(&passage.text) {
            if !found.contains(&claim) {
                findings.add(passage.place.clone(), claim, &said, None);
            }
        }
    }
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
