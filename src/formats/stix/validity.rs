//! What STIX demands of an object in a MUST and is seen without a schema: common and required properties, ids,
//! references, timestamps and their order, lists that are not empty, closed vocabularies.
//!
//! What it only recommends is not looked at, nor patterns, nor the content of extensions.

use super::Shape;
use super::required::{required, required_20};
use crate::formats::instant::{Instant, instant};
use crate::formats::json::{Element, Step, push_step};
use crate::formats::misp::is_uuid;
use crate::formats::{Format, Problems};

/// The type of a cyber-observable object.
pub(super) fn is_observable(kind: &str) -> bool {
    matches!(
        kind,
        "artifact"
            | "autonomous-system"
            | "directory"
            | "domain-name"
            | "email-addr"
            | "email-message"
            | "file"
            | "ipv4-addr"
            | "ipv6-addr"
            | "mac-addr"
            | "mutex"
            | "network-traffic"
            | "process"
            | "software"
            | "url"
            | "user-account"
            | "windows-registry-key"
            | "x509-certificate"
    )
}

/// Checks every object of a document.
pub(crate) fn check(format: Format, shape: Shape, root: Element<'_>, problems: &mut Problems) {
    if shape == Shape::StixBundle {
        if !root
            .str("id")
            .and_then(|id| id.strip_prefix("bundle--"))
            .is_some_and(is_uuid)
        {
            problems.add("/id", "the bundle's id is not of the form `bundle--UUID`");
        }
        // An empty list is met in practice and carries nothing that could be misread.
        if root.get("objects").is_some_and(|o| !o.is_array()) {
            problems.add("/objects", "`objects` must be a list");
        }
    }
    for (index, object) in shape.objects(root) {
        if problems.is_full() {
            return;
        }
        let mut place = Object {
            shape,
            index,
            object,
            problems,
            may_be_empty: root.has_empty(),
        };
        if !object.is_object() {
            place.whole("this is no object");
            continue;
        }
        place.check(format);
    }
}

/// One object that is checked, and where problems go.
pub(super) struct Object<'a, 'p> {
    shape: Shape,
    index: usize,
    pub(super) object: Element<'a>,
    problems: &'p mut Problems,
    /// Something is empty somewhere in the document.
    may_be_empty: bool,
}

impl<'a> Object<'a, '_> {
    pub(super) fn whole(&mut self, message: impl Into<String>) {
        self.problems.add(self.shape.pointer(self.index), message);
    }

    pub(super) fn at(&mut self, key: &str, message: impl Into<String>) {
        let mut pointer = self.shape.pointer(self.index);
        push_step(&mut pointer, Step::Key(key));
        self.problems.add(pointer, message);
    }

    fn need(&mut self, key: &str) {
        if self.object.get(key).is_none() {
            self.whole(format!("`{key}` is missing"));
        }
    }

    fn check(&mut self, format: Format) {
        let Some(kind) = self.object.str("type") else {
            self.at("type", "an object needs a `type`");
            return;
        };
        if kind == "bundle" {
            self.at("type", "a bundle cannot stand in a bundle");
            return;
        }
        match self.object.str("id") {
            Some(id) if is_id_of(id, kind) => {}
            _ => self.at("id", format!("the id is not of the form `{kind}--UUID`")),
        }
        match format {
            Format::Stix20 => {
                for key in required_20(kind) {
                    self.need(key);
                }
                if kind != "marking-definition" {
                    self.need("created");
                    self.need("modified");
                }
            }
            _ => self.check_21(kind),
        }
        let is_sco = is_observable(kind);
        let mut times = Vec::with_capacity(4);
        for (key, value) in self.object.entries() {
            if format == Format::Stix21 {
                self.property(key, value);
            }
            self.reference(key, value, is_sco);
            if is_timestamp(key) {
                match value.as_str().and_then(instant).filter(|i| i.stix) {
                    Some(time) => times.push((key, time)),
                    None => self.at(key, TIMESTAMP),
                }
            }
        }
        self.order(&times);
        if self.may_be_empty {
            self.filled();
        }
    }

    fn check_21(&mut self, kind: &str) {
        let is_sco = is_observable(kind);
        // A custom object that says when it was created is a domain object, any other one an observable.
        let is_known =
            !required(kind).is_empty() || matches!(kind, "location" | "marking-definition");
        let is_versioned = !is_sco && (is_known || self.object.get("created").is_some());
        match self.object.get("spec_version").map(Element::as_str) {
            None if !is_versioned => {}
            None => self.whole("`spec_version` is missing"),
            Some(Some("2.1")) => {}
            Some(_) => self.at("spec_version", "`spec_version` must be \"2.1\""),
        }
        if is_versioned {
            self.need("created");
            if kind != "marking-definition" {
                self.need("modified");
            }
        }
        for key in required(kind) {
            self.need(key);
        }
        self.check_type(kind);
    }

    fn property(&mut self, key: &str, value: Element<'_>) {
        // STIX 2.1 §3.1: property names have 3 to 250 characters of a-z, 0-9 and underscore; `id` is the exception.
        let is_name = key == "id"
            || ((3..=250).contains(&key.len())
                && key
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
        if !is_name {
            self.at(
                key,
                "a property's name has 3 to 250 characters of a-z, 0-9 and _",
            );
        }
        match key {
            "revoked" | "defanged" | "is_family" | "is_multipart" if value.as_bool().is_none() => {
                self.at(key, format!("`{key}` must be true or false"));
            }
            "confidence" => {
                let is_percent = value
                    .as_number()
                    .and_then(|n| n.parse::<u8>().ok())
                    .is_some_and(|n| n <= 100);
                if !is_percent {
                    self.at(key, "`confidence` must be a whole number from 0 to 100");
                }
            }
            "labels" | "object_marking_refs" | "external_references" | "granular_markings"
                if !value.is_array() =>
            {
                self.at(key, format!("`{key}` must be a list"));
            }
            "extensions" => self.extensions(value),
            "name" | "description" | "pattern" | "pattern_type" | "content" | "lang"
                if value.as_str().is_none() =>
            {
                self.at(key, format!("`{key}` must be a string"));
            }
            _ => {}
        }
    }

    /// A property whose name says that it holds a reference. The references of observables are looked at less closely,
    /// as the reference validator does, and custom properties may mean something else by their name.
    fn reference(&mut self, key: &str, value: Element<'_>, is_sco: bool) {
        if key == "object_marking_refs" {
            let own = self.object.str("id");
            for item in value.items() {
                match item.as_str() {
                    Some(id) if Some(id) == own => {
                        self.at(key, "a marking definition cannot mark itself");
                    }
                    Some(id) if is_id_of(id, "marking-definition") => {}
                    _ => self.at(
                        key,
                        "`object_marking_refs` must hold ids of marking definitions",
                    ),
                }
            }
        } else if is_sco || key.starts_with("x_") {
        } else if key.ends_with("_refs") {
            if !value.is_array() || !value.items().all(|i| i.as_str().is_some_and(is_id)) {
                self.at(key, format!("`{key}` must be a list of ids `type--UUID`"));
            }
        } else if key.ends_with("_ref") && !value.as_str().is_some_and(is_id) {
            self.at(key, format!("`{key}` must be an id `type--UUID`"));
        }
        if key == "granular_markings" {
            self.granular(value);
        }
    }

    fn granular(&mut self, markings: Element<'_>) {
        for marking in markings.items() {
            let is_list = marking.get("selectors").is_some_and(|s| {
                s.is_array() && !s.is_empty() && s.items().all(|i| i.as_str().is_some())
            });
            if !is_list {
                self.at("granular_markings", "a granular marking needs `selectors`");
            }
            match (marking.get("marking_ref"), marking.get("lang")) {
                (Some(id), None)
                    if id
                        .as_str()
                        .is_some_and(|id| is_id_of(id, "marking-definition")) => {}
                (None, Some(lang)) if lang.as_str().is_some() => {}
                _ => self.at(
                    "granular_markings",
                    "a granular marking needs either `marking_ref`, the id of a marking definition, or `lang`",
                ),
            }
        }
    }

    /// Timestamps come in their order.
    fn order(&mut self, times: &[(&str, Instant<'_>)]) {
        for (last, later) in times {
            let (first, may_be_equal) = match *last {
                "modified" => ("created", true),
                "last_seen" => ("first_seen", true),
                "last_observed" => ("first_observed", true),
                "valid_until" => ("valid_from", false),
                "stop_time" => ("start_time", false),
                "analysis_ended" => ("analysis_started", true),
                _ => continue,
            };
            let earlier = times.iter().find(|(key, _)| *key == first);
            if earlier.is_some_and(|(_, e)| e > later || (e == later && !may_be_equal)) {
                self.at(last, format!("`{last}` must be later than `{first}`"));
            }
        }
    }

    /// Lists and dictionaries are never empty (STIX 2.1 §2).
    fn filled(&mut self) {
        let mut pointer = self.shape.pointer(self.index);
        let length = pointer.len();
        let problems = &mut *self.problems;
        self.object.walk(|path, element| {
            // What stands within a custom property has rules of its own.
            let is_custom =
                matches!(path.steps(), [Step::Key(key), _, ..] if key.starts_with("x_"));
            if element.is_empty() && !path.steps().is_empty() && !is_custom {
                pointer.truncate(length);
                pointer.push_str(&path.pointer());
                problems.add(
                    pointer.as_str(),
                    "a list or dictionary is never empty; leave it out",
                );
            }
        });
    }

    fn extensions(&mut self, extensions: Element<'_>) {
        for (key, value) in extensions.entries() {
            let is_defined = is_id_of(key, "extension-definition");
            if !(is_defined || key.ends_with("-ext")) {
                self.at(
                    "extensions",
                    format!(
                        "`{key}` is neither the id of an extension definition nor ends in `-ext`"
                    ),
                );
            }
            if is_defined && value.str("extension_type").is_none() {
                self.at(
                    "extensions",
                    format!("`extension_type` is missing in `{key}`"),
                );
            }
        }
    }
}

/// A property that holds a timestamp, in all types.
fn is_timestamp(key: &str) -> bool {
    matches!(
        key,
        "created"
            | "modified"
            | "valid_from"
            | "valid_until"
            | "first_seen"
            | "last_seen"
            | "first_observed"
            | "last_observed"
            | "published"
            | "start_time"
            | "stop_time"
            | "submitted"
            | "analysis_started"
            | "analysis_ended"
            | "ctime"
            | "mtime"
            | "atime"
            | "account_created"
    )
}

pub(super) const TIMESTAMP: &str = "this is no timestamp YYYY-MM-DDThh:mm:ss[.s…]Z";

/// An id of the form `type--UUID`.
fn is_id(id: &str) -> bool {
    id.split_once("--").is_some_and(|(kind, uuid)| {
        !kind.is_empty()
            && kind
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && is_uuid(uuid)
    })
}

fn is_id_of(id: &str, kind: &str) -> bool {
    id.strip_prefix(kind)
        .and_then(|rest| rest.strip_prefix("--"))
        .is_some_and(is_uuid)
}
