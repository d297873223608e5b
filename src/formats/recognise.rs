//! Which structured format a JSON document is.

use super::Format;
use super::json::{Element, Step, push_step};
use super::stix::Shape;
use crate::model::submission::{Reason, Refusal};

/// A structured document in the form in which its format comes.
pub(crate) enum Form<'a> {
    /// STIX, with where its objects stand.
    Stix(Format, Shape),
    /// CSAF.
    Csaf(Format),
    /// MISP, with its events.
    Misp(Vec<Event<'a>>),
}

/// A MISP event and where it stands.
#[derive(Clone)]
pub(crate) struct Event<'a> {
    /// JSON Pointer.
    pub(crate) pointer: String,
    /// The event without its wrapper.
    pub(crate) event: Element<'a>,
}

/// Recognises the format.
pub(crate) fn form(root: Element<'_>) -> Result<Form<'_>, Refusal> {
    let document = root.get("document").filter(|d| d.is_object());
    let events = events(root);
    let shape = shape(root);
    match (document, events, shape) {
        (Some(document), None, None) => csaf(document),
        (None, Some(events), None) => Ok(Form::Misp(events)),
        (None, None, Some(shape)) => Ok(Form::Stix(stix_version(root, shape), shape)),
        (None, None, None) => Err(Refusal::new(
            Reason::UnknownFormat,
            "the document is JSON, but neither STIX, CSAF nor a MISP event; the node does not read other JSON, \
             because it would not know its markings",
        )),
        _ => Err(Refusal::new(
            Reason::UnknownFormat,
            "the document looks like more than one of STIX, CSAF and MISP, so that two readers would read two things; \
             leave one of them",
        )),
    }
}

/// Where the objects stand, if it is STIX.
fn shape(root: Element<'_>) -> Option<Shape> {
    if root.is_array() {
        is_list(root).then_some(Shape::List)
    } else if root.str("type") == Some("bundle") {
        Some(Shape::StixBundle)
    } else if is_stix(root) {
        Some(Shape::Object)
    } else {
        root.get("objects")
            .filter(|objects| is_list(*objects) && root.get("type").is_none())
            .map(|_| Shape::Envelope)
    }
}

fn csaf(document: Element<'_>) -> Result<Form<'_>, Refusal> {
    match document.str("csaf_version") {
        Some("2.0") => Ok(Form::Csaf(Format::Csaf20)),
        Some("2.1") => Ok(Form::Csaf(Format::Csaf21)),
        _ => Err(Refusal::new(
            Reason::UnknownFormat,
            "the document looks like CSAF, but `/document/csaf_version` is neither \"2.0\" nor \"2.1\"",
        )),
    }
}

/// Objects with a type, at least one of them clearly of STIX.
fn is_list(list: Element<'_>) -> bool {
    list.is_array() && list.items().all(|o| o.str("type").is_some()) && list.items().any(is_stix)
}

/// The object says of itself that it is one of STIX.
fn is_stix(object: Element<'_>) -> bool {
    let Some(kind) = object.str("type") else {
        return false;
    };
    let named = object
        .str("id")
        .and_then(|id| id.strip_prefix(kind))
        .is_some_and(|rest| rest.starts_with("--"));
    named || matches!(object.str("spec_version"), Some("2.0" | "2.1"))
}

/// The events of a MISP document in any of its wrappings: `{"Event":…}`, `{"response":[…]}`, a list, or bare.
pub(crate) fn events(root: Element<'_>) -> Option<Vec<Event<'_>>> {
    if let Some(event) = wrapped(root, String::new()) {
        return Some(vec![event]);
    }
    let (list, prefix) = match root.get("response") {
        Some(response) => (response, "/response"),
        None => (root, ""),
    };
    if list.is_array() && !list.is_empty() {
        return list
            .items()
            .enumerate()
            .map(|(index, item)| {
                let mut pointer = prefix.to_owned();
                push_step(&mut pointer, Step::Index(index));
                wrapped(item, pointer.clone()).or_else(|| bare(item, pointer))
            })
            .collect();
    }
    if list.is_object() && !prefix.is_empty() {
        return wrapped(list, prefix.to_owned()).map(|event| vec![event]);
    }
    bare(root, String::new()).map(|event| vec![event])
}

fn wrapped(item: Element<'_>, mut pointer: String) -> Option<Event<'_>> {
    let event = item.get("Event").filter(|e| e.is_object())?;
    pointer.push_str("/Event");
    Some(Event { pointer, event })
}

/// An event without a wrapper is known by what no other format has side by side.
fn bare(item: Element<'_>, pointer: String) -> Option<Event<'_>> {
    let is_event = item.get("info").is_some()
        && item.get("type").is_none()
        && ["threat_level_id", "analysis", "Attribute", "Orgc", "date"]
            .iter()
            .any(|key| item.get(key).is_some());
    is_event.then_some(Event {
        pointer,
        event: item,
    })
}

/// STIX 2.1 objects say their version; a 2.0 bundle says it once, or not at all and is known by what only 2.0 requires.
fn stix_version(root: Element<'_>, shape: Shape) -> Format {
    let mut says_20 = root.str("spec_version") == Some("2.0");
    let mut looks_20 = false;
    for (_, object) in shape.objects(root) {
        match object.str("spec_version") {
            Some("2.0") => says_20 = true,
            // Any other version, also one that does not exist, is judged as 2.1.
            Some(_) => return Format::Stix21,
            None => {}
        }
        looks_20 |= looks_like_20(object);
    }
    let silent = root.get("spec_version").is_none();
    if says_20 || (silent && looks_20) {
        Format::Stix20
    } else {
        Format::Stix21
    }
}

/// 2.0 requires `labels` where 2.1 requires other properties.
fn looks_like_20(object: Element<'_>) -> bool {
    object.get("spec_version").is_none()
        && object.get("labels").is_some()
        && match object.str("type") {
            Some("indicator") => object.get("pattern_type").is_none(),
            Some("malware") => object.get("is_family").is_none(),
            Some("report" | "threat-actor" | "tool") => true,
            _ => false,
        }
}
