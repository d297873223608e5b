//! What a CSAF document says about itself.

mod consistency;
mod cvss;
mod mandatory;
mod scores;
mod validity;
mod weaknesses;

use super::json::Element;
use super::{Format, Problems, Said};
use crate::model::words::Kind;

/// Reads a CSAF document.
pub(crate) fn read(format: Format, root: Element<'_>) -> Said {
    let mut problems = Problems::default();
    validity::check(format, root, &mut problems);
    mandatory::check(format, root, &mut problems);
    let document = root.get("document");
    let text = |path: &[&str]| {
        path.iter()
            .try_fold(document?, |element, key| element.get(key))?
            .as_str()
    };
    // A URL has no space, so that the two halves are told apart.
    let identity = text(&["publisher", "namespace"])
        .zip(text(&["tracking", "id"]))
        .map(|(namespace, id)| format!("{namespace} {id}"));
    let summary = document
        .and_then(|d| d.get("notes"))
        .and_then(|notes| {
            ["summary", "description"].iter().find_map(|category| {
                notes
                    .items()
                    .find(|n| n.str("category") == Some(category))?
                    .str("text")
            })
        })
        .unwrap_or_default();
    Said {
        identity,
        version: text(&["tracking", "version"])
            .unwrap_or_default()
            .to_owned(),
        title: text(&["title"]).unwrap_or_default().to_owned(),
        summary: summary.to_owned(),
        kind: Kind::Advisory,
        problems,
        digests: Vec::new(),
    }
}
