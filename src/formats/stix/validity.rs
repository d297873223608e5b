//! What STIX demands of an object in a MUST and is seen without a schema: common and required properties, ids,
//! references, timestamps and their order, lists that are not empty, closed vocabularies, patterns.
//!
//! What it only recommends is not looked at, nor the content of extensions that are not its own.

use super::Shape;
use super::required::{required, required_20};
use super::values::{has_version, is_id_of};
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

/// A type of STIX 2.1 itself.
pub(super) fn is_standard(kind: &str) -> bool {
    is_observable(kind)
        || !required(kind).is_empty()
        || matches!(kind, "location" | "marking-definition" | "bundle")
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
    let mut times = Vec::new();
    for (index, object) in shape.objects(root) {
        if problems.is_full() {
            return;
        }
        let mut place = Object {
            shape,
            index,
            object,
            problems,
            times: &mut times,
            may_be_empty: root.has_empty(),
        };
        if !object.is_object() {
            place.broken("this is no object");
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
    pub(super) problems: &'p mut Problems,
    /// The timestamps of the object.
    times: &'p mut Vec<(&'a str, Instant<'a>)>,
    /// Something is empty somewhere in the document.
    may_be_empty: bool,
}

impl<'a> Object<'a, '_> {
    /// The object breaks a rule.
    pub(super) fn whole(&mut self, message: impl Into<String>) {
        self.problems.warn(self.shape.pointer(self.index), message);
    }

    /// A property breaks a rule.
    pub(super) fn at(&mut self, key: &str, message: impl Into<String>) {
        let pointer = self.pointer(key);
        self.problems.warn(pointer, message);
    }

    /// The object is not built as a reader must expect.
    pub(super) fn broken(&mut self, message: impl Into<String>) {
        self.problems.add(self.shape.pointer(self.index), message);
    }

    /// A property is not what a reader must expect.
    pub(super) fn broken_at(&mut self, key: &str, message: impl Into<String>) {
        let pointer = self.pointer(key);
        self.problems.add(pointer, message);
    }

    fn pointer(&self, key: &str) -> String {
        let mut pointer = self.shape.pointer(self.index);
        push_step(&mut pointer, Step::Key(key));
        pointer
    }

    fn need(&mut self, key: &str) {
        if self.object.get(key).is_none() {
            self.broken(format!("`{key}` is missing"));
        }
    }

    fn check(&mut self, format: Format) {
        let Some(kind) = self.object.str("type") else {
            self.broken_at("type", "an object needs a `type`");
            return;
        };
        if kind == "bundle" {
            self.broken_at("type", "a bundle cannot stand in a bundle");
            return;
        }
        match self.object.str("id") {
            Some(id) if is_id_of(id, kind) => {
                if !has_version(id) {
                    self.at("id", "the id's UUID has no version and variant of RFC 4122");
                }
            }
            _ => self.broken_at("id", format!("the id is not of the form `{kind}--UUID`")),
        }
        let is_sco = is_observable(kind);
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
            _ => self.check_21(kind, is_sco),
        }
        // Taken and put back, so that not each object needs room of its own.
        let mut times = std::mem::take(self.times);
        times.clear();
        for (key, value) in self.object.entries() {
            if format == Format::Stix21 {
                self.property(key, value);
            }
            self.reference(kind, key, value, is_sco);
            if is_timestamp(key) {
                match value.as_str().and_then(instant).filter(|i| i.stix) {
                    Some(time) => times.push((key, time)),
                    None => self.broken_at(key, TIMESTAMP),
                }
            }
        }
        self.order(&times);
        *self.times = times;
        if self.may_be_empty {
            self.filled();
        }
    }

    fn check_21(&mut self, kind: &str, is_sco: bool) {
        // A custom object that says when it was created is a domain object, any other one an observable.
        let is_versioned = !is_sco && (is_standard(kind) || self.object.get("created").is_some());
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
        self.check_type(kind, is_sco);
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
                let message = format!("`{last}` must be later than `{first}`");
                // A reader that keeps versions cannot keep one from before its object.
                if *last == "modified" {
                    self.broken_at(last, message);
                } else {
                    self.at(last, message);
                }
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
                problems.warn(
                    pointer.as_str(),
                    "a list or dictionary is never empty; leave it out",
                );
            }
        });
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
