//! The markings of a CSAF document and the limits of its sharing group.

use super::Restriction;
use super::findings::Findings;
use super::words::Claim;
use crate::formats::json::Element;

/// Finds every marking: `distribution.tlp.label`, and `TLP:` strings anywhere, such as in `distribution.text`.
pub(crate) fn find(root: Element<'_>, findings: &mut Findings) {
    root.walk(|path, element| findings.element(element, None, path));
    let tlp = root
        .get("document")
        .and_then(|d| d.get("distribution"))
        .and_then(|d| d.get("tlp"));
    if let Some(tlp) = tlp
        && tlp.str("label").is_none()
        && tlp.as_text().is_none()
    {
        findings.add(
            "/document/distribution/tlp".to_owned(),
            Claim::Unknown,
            "a TLP marking without a label",
            None,
        );
    }
}

/// A sharing group closes the circle: everyone (the Max UUID), nobody else (the Nil UUID), or a group that only the
/// origin knows. CSAF 2.1 has it; in a 2.0 document it means the same.
pub(crate) fn restriction(root: Element<'_>) -> Restriction {
    let group = root
        .get("document")
        .and_then(|d| d.get("distribution"))
        .and_then(|d| d.get("sharing_group"));
    let Some(group) = group else {
        return Restriction::default();
    };
    match group.str("id") {
        Some("ffffffff-ffff-ffff-ffff-ffffffffffff" | "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF") => {
            Restriction::default()
        }
        Some("00000000-0000-0000-0000-000000000000") => Restriction::submitter(),
        Some(_) => Restriction::hops(0),
        // A group without an id is a limit that cannot be read.
        None => Restriction::submitter(),
    }
}
