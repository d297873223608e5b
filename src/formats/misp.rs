//! What a MISP event says about itself, and what its format demands of it.

use super::json::{Element, Step, push_step};
use super::recognise::Event;
use super::{Problems, Said};
use crate::model::words::Kind;

/// Reads a document of one or more events.
pub(crate) fn read(events: &[Event<'_>]) -> Said {
    let mut problems = Problems::default();
    for event in events {
        check(event, &mut problems);
    }
    let first = events.first().map(|e| e.event);
    // Several events are one document without an identity of its own.
    let single = first.filter(|_| events.len() == 1);
    Said {
        identity: single
            .and_then(|e| e.str("uuid"))
            .map(str::to_ascii_lowercase),
        version: single
            .and_then(|e| e.get("timestamp")?.as_text())
            .unwrap_or_default()
            .to_owned(),
        title: first
            .and_then(|e| e.str("info"))
            .unwrap_or_default()
            .to_owned(),
        summary: String::new(),
        kind: Kind::Indicators,
        problems,
        digests: Vec::new(),
    }
}

/// The events of a document that was recognised as MISP.
pub(crate) fn events(root: Element<'_>) -> Vec<Element<'_>> {
    super::recognise::events(root)
        .unwrap_or_default()
        .into_iter()
        .map(|e| e.event)
        .collect()
}

/// The same, each with its JSON Pointer.
pub(crate) fn events_with_pointers(root: Element<'_>) -> Vec<(String, Element<'_>)> {
    super::recognise::events(root)
        .unwrap_or_default()
        .into_iter()
        .map(|e| (e.pointer, e.event))
        .collect()
}

fn check(event: &Event<'_>, problems: &mut Problems) {
    let Event { pointer, event } = event;
    let at = |key: &str| format!("{pointer}/{key}");
    // misp-core-format §2.2: `uuid` and `info` MUST be present; `Orgc` names the creator.
    match event.get("uuid") {
        None => problems.add(pointer.as_str(), "the event has no `uuid`"),
        Some(uuid) => uuid_is_one(uuid, &at("uuid"), problems),
    }
    match event.get("info") {
        Some(info) if info.as_str().is_some_and(|i| !i.trim().is_empty()) => {}
        _ => problems.add(at("info"), "the event needs an `info`, its title"),
    }
    if !event.get("Orgc").is_some_and(Element::is_object) {
        problems.add(at("Orgc"), "the event needs its creator, `Orgc`");
    }
    if let Some(date) = event.get("date") {
        let is_date = date.as_str().is_some_and(|d| {
            d.len() == 10 && super::instant::instant(&format!("{d}T00:00:00Z")).is_some()
        });
        if !is_date {
            problems.add(at("date"), "the date is not of the form YYYY-MM-DD");
        }
    }
    for (key, allowed) in [
        ("threat_level_id", &["1", "2", "3", "4"][..]),
        ("analysis", &["0", "1", "2"][..]),
    ] {
        if let Some(value) = event.get(key)
            && !value.as_text().is_some_and(|v| allowed.contains(&v))
        {
            problems.add(
                at(key),
                format!("`{key}` must be one of {}", allowed.join(", ")),
            );
        }
    }
    number(*event, "timestamp", pointer, problems);
    number(*event, "publish_timestamp", pointer, problems);
    distribution(*event, pointer, &["0", "1", "2", "3", "4"], problems);
    attributes(*event, pointer, problems);
    for (object, place) in list(*event, "Object", pointer, problems) {
        if let Some(uuid) = object.get("uuid") {
            uuid_is_one(uuid, &format!("{place}/uuid"), problems);
        }
        if object.str("name").is_none() {
            problems.add(place.as_str(), "the object has no `name`");
        }
        distribution(object, &place, &LEVELS, problems);
        attributes(object, &place, problems);
    }
    for (report, place) in list(*event, "EventReport", pointer, problems) {
        if report.str("name").is_none() {
            problems.add(place.as_str(), "the report has no `name`");
        }
        distribution(report, &place, &LEVELS, problems);
    }
    tags(*event, pointer, problems);
}

/// The distributions below an event; 5 inherits.
const LEVELS: [&str; 6] = ["0", "1", "2", "3", "4", "5"];

fn attributes(owner: Element<'_>, pointer: &str, problems: &mut Problems) {
    for (attribute, place) in list(owner, "Attribute", pointer, problems) {
        if let Some(uuid) = attribute.get("uuid") {
            uuid_is_one(uuid, &format!("{place}/uuid"), problems);
        }
        if attribute.str("type").is_none() {
            problems.add(place.as_str(), "the attribute has no `type`");
        }
        if attribute.get("value").is_none_or(Element::is_null) {
            problems.add(place.as_str(), "the attribute has no `value`");
        }
        number(attribute, "timestamp", &place, problems);
        distribution(attribute, &place, &LEVELS, problems);
        tags(attribute, &place, problems);
    }
}

fn tags(owner: Element<'_>, pointer: &str, problems: &mut Problems) {
    for (tag, place) in list(owner, "Tag", pointer, problems) {
        if tag.str("name").is_none() {
            problems.add(place, "the tag has no `name`");
        }
    }
}

/// The items of a list of objects, each with its pointer.
fn list<'a>(
    owner: Element<'a>,
    key: &str,
    pointer: &str,
    problems: &mut Problems,
) -> Vec<(Element<'a>, String)> {
    let Some(list) = owner.get(key).filter(|l| !l.is_null()) else {
        return Vec::new();
    };
    let place = format!("{pointer}/{key}");
    if !list.is_array() || !list.items().all(Element::is_object) {
        problems.add(place, format!("`{key}` must be a list of objects"));
        return Vec::new();
    }
    list.items()
        .enumerate()
        .map(|(index, item)| {
            let mut place = place.clone();
            push_step(&mut place, Step::Index(index));
            (item, place)
        })
        .collect()
}

fn uuid_is_one(value: Element<'_>, place: &str, problems: &mut Problems) {
    if !value.as_str().is_some_and(is_uuid) {
        problems.add(place, "this is no UUID");
    }
}

/// The hyphenated form of a UUID, in any case.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, b)| {
            if matches!(index, 8 | 13 | 18 | 23) {
                b == b'-'
            } else {
                b.is_ascii_hexdigit()
            }
        })
}

fn number(owner: Element<'_>, key: &str, pointer: &str, problems: &mut Problems) {
    if let Some(value) = owner.get(key)
        && !value
            .as_text()
            .is_some_and(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()))
    {
        problems.add(
            format!("{pointer}/{key}"),
            format!("`{key}` must be a time in seconds since 1970"),
        );
    }
}

fn distribution(owner: Element<'_>, pointer: &str, allowed: &[&str], problems: &mut Problems) {
    if let Some(value) = owner.get("distribution")
        && !value.as_text().is_some_and(|v| allowed.contains(&v))
    {
        problems.add(
            format!("{pointer}/distribution"),
            format!("`distribution` must be one of {}", allowed.join(", ")),
        );
    }
}
