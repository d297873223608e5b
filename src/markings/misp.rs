//! The markings of a MISP document, and the limits of its distribution.

use super::Restriction;
use super::findings::Findings;
use super::words::{is_family, is_source_only, value};
use crate::formats::json::{Element, Step};
use crate::formats::misp::events;

/// Finds every marking: tags wherever they stand, attributes that hold a label, and `TLP:` strings anywhere.
pub(crate) fn find(root: Element<'_>, findings: &mut Findings) {
    root.walk(|path, element| {
        let text = element.as_str();
        match path.steps() {
            // A tag of the family is a marking whatever it says.
            steps if is_tag(steps) && text.is_some_and(is_family) => {
                let name = text.unwrap_or_default();
                if is_source_only(name) {
                    findings.source_only.push(path.pointer());
                } else {
                    findings.add(path.pointer(), value(name), name, None);
                }
            }
            _ => findings.element(element, None, path),
        }
        // An attribute of an object template whose relation is the label itself.
        if element
            .str("object_relation")
            .is_some_and(|r| r.eq_ignore_ascii_case("tlp"))
            && let Some(text) = element.str("value")
        {
            let mut place = path.pointer();
            place.push_str("/value");
            findings.add(place, value(text), text, None);
        }
    });
}

/// The name of a tag stands here, in one of the forms that tools write: `"Tag":[{"name":…}]`, `"Tag":{"name":…}`,
/// `"tags":["…"]`.
fn is_tag(steps: &[Step<'_>]) -> bool {
    let (list, name) = match steps {
        [.., Step::Key(list), Step::Index(_), Step::Key(name)]
        | [.., Step::Key(list), Step::Key(name)] => (list, *name),
        [.., Step::Key(list), Step::Index(_)] => (list, "name"),
        _ => return false,
    };
    ["Tag", "Tags", "EventTag", "AttributeTag"]
        .iter()
        .any(|known| list.eq_ignore_ascii_case(known))
        && name.eq_ignore_ascii_case("name")
}

/// The most restrictive distribution at event, attribute, object and report level.
pub(crate) fn restriction(root: Element<'_>) -> Restriction {
    let mut restriction = Restriction::default();
    for event in events(root) {
        restriction = restriction.and(distribution(event));
        let objects = event.get("Object").into_iter().flat_map(Element::items);
        for owner in objects.chain([event]) {
            let attributes = owner.get("Attribute").into_iter().flat_map(Element::items);
            restriction = attributes
                .chain([owner])
                .fold(restriction, |limit, owner| limit.and(distribution(owner)));
        }
        let reports = event
            .get("EventReport")
            .into_iter()
            .flat_map(Element::items);
        restriction = reports.fold(restriction, |limit, report| limit.and(distribution(report)));
    }
    restriction
}

/// The limit that a value's own distribution sets.
pub(crate) fn distribution(owner: Element<'_>) -> Restriction {
    let Some(distribution) = owner.get("distribution").filter(|d| !d.is_null()) else {
        return Restriction::default();
    };
    match distribution.as_text() {
        Some("0") => Restriction::submitter(),
        Some("1" | "4") => Restriction::hops(0),
        Some("2") => Restriction::hops(1),
        Some("3" | "5") => Restriction::default(),
        // A limit that cannot be read is the narrowest.
        _ => Restriction::submitter(),
    }
}
