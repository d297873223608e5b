//! CSAF: the publisher, and acknowledgments of the member.

use serde_json::json;

use super::who::{Community, Who};
use crate::formats::json::edit::Edits;
use crate::formats::json::{Element, Step};

/// What is the member.
#[derive(Clone, Copy)]
pub(super) enum Creator<'a> {
    /// `/document/publisher`.
    Publisher(Element<'a>),
    /// An acknowledgment, of the document or of a vulnerability.
    Acknowledged(Element<'a>),
}

/// Where the member is publisher or is thanked; `None`: nowhere.
pub(super) fn creators<'a>(root: Element<'a>, who: &Who) -> Option<Vec<Creator<'a>>> {
    let mut creators = Vec::new();
    let publisher = root
        .get("document")
        .and_then(|document| document.get("publisher"));
    if let Some(publisher) = publisher.filter(|publisher| is_member(*publisher, who)) {
        creators.push(Creator::Publisher(publisher));
    }
    root.walk(|path, element| {
        if let [.., Step::Key("acknowledgments"), Step::Index(_)] = path.steps()
            && element.str("organization").is_some_and(|o| who.is_name(o))
        {
            creators.push(Creator::Acknowledged(element));
        }
    });
    (!creators.is_empty()).then_some(creators)
}

fn is_member(publisher: Element<'_>, who: &Who) -> bool {
    publisher.str("name").is_some_and(|name| who.is_name(name))
        || ["namespace", "contact_details"]
            .iter()
            .filter_map(|key| publisher.str(key))
            .any(|text| who.has_domain(text))
}

/// Puts the community in the place of each.
pub(super) fn apply(creators: &[Creator<'_>], community: &Community<'_>, edits: &mut Edits<'_>) {
    for creator in creators {
        match creator {
            // CSAF 2.0 §3.2.1.8: a coordinator publishes what others found; the namespace is a URI.
            Creator::Publisher(publisher) => edits.replace(
                *publisher,
                json!({
                    "category": "coordinator",
                    "name": community.name,
                    "namespace": format!("https://{}", community.id),
                })
                .to_string(),
            ),
            Creator::Acknowledged(acknowledgment) => edits.replace(
                *acknowledgment,
                json!({ "organization": community.name }).to_string(),
            ),
        }
    }
}
