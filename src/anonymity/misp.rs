//! MISP: organisations, their numbers on the member's instance, and the addresses of who wrote.

use std::collections::HashSet;

use serde_json::json;

use super::who::{Community, Who};
use crate::formats::json::edit::Edits;
use crate::formats::json::{Element, Path};

/// What of a document is the member.
pub(super) struct Plan {
    /// UUIDs of its organisations, in lower case.
    uuids: HashSet<String>,
    /// The numbers that these have on the instance from which the document comes.
    numbers: HashSet<String>,
}

/// Keys under which an organisation stands: of events, proposals, clusters, sightings, sharing groups, notes.
const ORGANISATIONS: [&str; 3] = ["Orgc", "Org", "Organisation"];
/// Keys of addresses of people: of an event, of a proposal, of a note or opinion.
const PEOPLE: [&str; 4] = ["creator_email", "event_creator_email", "email", "authors"];

/// Looks whether the member stands as a creator anywhere; `None`: nowhere.
pub(super) fn plan(root: Element<'_>, who: &Who) -> Option<Plan> {
    let mut plan = Plan {
        uuids: HashSet::new(),
        numbers: HashSet::new(),
    };
    let mut is_creator = false;
    root.walk(|path, element| {
        if is_organisation(path, element) && is_member(element, who) {
            is_creator = true;
            if let Some(uuid) = element.str("uuid") {
                plan.uuids.insert(uuid.to_ascii_lowercase());
            }
            if let Some(number) = element.get("id").and_then(Element::as_text) {
                plan.numbers.insert(number.to_owned());
            }
        } else if let (Some(key), Some(text)) = (path.key(), element.as_str()) {
            is_creator |= (is_org_uuid(key) && who.is_uuid(text))
                || (is_creator_email(key) && who.has_domain(text));
        }
    });
    is_creator.then_some(plan)
}

impl Plan {
    /// Puts the community in the place of the member.
    pub(super) fn apply(
        &self,
        root: Element<'_>,
        who: &Who,
        community: &Community<'_>,
        edits: &mut Edits<'_>,
    ) {
        root.walk(|path, element| {
            if is_organisation(path, element) && is_member(element, who) {
                edits.replace(
                    element,
                    json!({ "id": "0", "name": community.name, "uuid": community.uuid })
                        .to_string(),
                );
                return;
            }
            if element.is_object() && self.is_of_member(element, who) {
                people(element, edits);
                return;
            }
            let Some(key) = path.key() else {
                return;
            };
            if is_org_number(key) {
                if element
                    .as_text()
                    .is_some_and(|number| self.numbers.contains(number))
                {
                    let none = if element.as_str().is_some() {
                        "\"0\""
                    } else {
                        "0"
                    };
                    edits.replace(element, none.to_owned());
                }
            } else if let Some(text) = element.as_str() {
                if is_org_uuid(key)
                    && (who.is_uuid(text) || self.uuids.contains(&text.to_ascii_lowercase()))
                {
                    edits.replace_with_text(element, &community.uuid);
                } else if is_creator_email(key) && who.has_domain(text) {
                    edits.replace_with_text(element, "");
                }
            }
        });
    }

    /// It has the member for its creator, or comes from its instance.
    fn is_of_member(&self, object: Element<'_>, who: &Who) -> bool {
        object.entries().any(|(key, value)| {
            (ORGANISATIONS.contains(&key) && value.is_object() && is_member(value, who))
                || (key == "orgc_uuid"
                    && value.as_str().is_some_and(|uuid| {
                        who.is_uuid(uuid) || self.uuids.contains(&uuid.to_ascii_lowercase())
                    }))
        })
    }
}

/// Takes the addresses of people out of what is the member's, and their number on its instance.
fn people(object: Element<'_>, edits: &mut Edits<'_>) {
    for (key, value) in object.entries() {
        if PEOPLE.contains(&key) && value.as_str().is_some() {
            edits.replace_with_text(value, "");
        } else if key == "user_id" && value.as_text().is_some() {
            edits.replace_with_text(value, "0");
        }
    }
}

fn is_organisation(path: &Path<'_>, element: Element<'_>) -> bool {
    element.is_object() && path.key().is_some_and(|key| ORGANISATIONS.contains(&key))
}

fn is_member(organisation: Element<'_>, who: &Who) -> bool {
    organisation.str("name").is_some_and(|n| who.is_name(n))
        || organisation.str("uuid").is_some_and(|u| who.is_uuid(u))
}

fn is_org_uuid(key: &str) -> bool {
    matches!(key, "org_uuid" | "orgc_uuid" | "organisation_uuid")
}

fn is_org_number(key: &str) -> bool {
    matches!(key, "org_id" | "orgc_id" | "organisation_id")
        || key.ends_with("_org_id")
        || key.ends_with("_orgc_id")
}

fn is_creator_email(key: &str) -> bool {
    matches!(key, "creator_email" | "event_creator_email")
}
