//! What STIX demands of an object in a MUST and is seen without a schema: common and required properties, ids,
//! references, timestamps and their order, lists that are not empty, closed vocabularies.
//!
//! What it only recommends is not looked at, nor patterns, nor the content of extensions.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Shape;
use super::published::{Published, published};
use super::required::{required, required_20};
use crate::formats::instant::{Instant, instant};
use crate::formats::json::{Element, Step, push_step};
use crate::formats::misp::is_uuid;
use crate::formats::{Format, Problems};
use crate::model::label::Label;

/// The types of cyber-observable objects.
const SCO_TYPES: [&str; 18] = [
    "artifact",
    "autonomous-system",
    "directory",
    "domain-name",
    "email-addr",
    "email-message",
    "file",
    "ipv4-addr",
    "ipv6-addr",
    "mac-addr",
    "mutex",
    "network-traffic",
    "process",
    "software",
    "url",
    "user-account",
    "windows-registry-key",
    "x509-certificate",
];

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
        };
        if !object.is_object() {
            place.whole("this is no object");
            continue;
        }
        place.check(format);
    }
}

/// One object that is checked, and where problems go.
struct Object<'a, 'p> {
    shape: Shape,
    index: usize,
    object: Element<'a>,
    problems: &'p mut Problems,
}

impl<'a> Object<'a, '_> {
    fn whole(&mut self, message: impl Into<String>) {
        self.problems.add(self.shape.pointer(self.index), message);
    }

    fn at(&mut self, key: &str, message: impl Into<String>) {
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
        self.timestamps();
        self.references();
        self.granular();
        self.filled();
    }

    fn check_21(&mut self, kind: &str) {
        let is_sco = SCO_TYPES.contains(&kind);
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
        for (key, value) in self.object.entries() {
            self.property(key, value);
        }
        self.extensions();
        match kind {
            "relationship" => self.relationship(),
            "sighting" => self.sighting(),
            "marking-definition" => self.marking_definition(),
            "extension-definition" => self.extension_definition(),
            "location" => {
                let has = |key: &str| self.object.get(key).is_some();
                if !(has("region") || has("country") || (has("latitude") && has("longitude"))) {
                    self.whole(
                        "a location needs `region`, `country`, or `latitude` and `longitude`",
                    );
                }
            }
            "observed-data" => {
                if self.object.get("objects").is_some() == self.object.get("object_refs").is_some()
                {
                    self.whole("observed data needs either `object_refs` or `objects`");
                }
            }
            "indicator" => {
                if self.object.str("pattern_type") == Some("stix")
                    && self.object.str("pattern").is_some_and(|p| !is_closed(p))
                {
                    self.at("pattern", "the pattern's brackets or quotes are not closed");
                }
            }
            "opinion" => {
                const OPINIONS: [&str; 5] = [
                    "strongly-disagree",
                    "disagree",
                    "neutral",
                    "agree",
                    "strongly-agree",
                ];
                if !self
                    .object
                    .str("opinion")
                    .is_some_and(|o| OPINIONS.contains(&o))
                {
                    self.at(
                        "opinion",
                        format!("`opinion` must be one of {}", OPINIONS.join(", ")),
                    );
                }
            }
            "malware" => {
                if self.object.get("is_family").and_then(Element::as_bool) == Some(true)
                    && self.object.get("name").is_none()
                {
                    self.whole("a malware family needs a `name`");
                }
            }
            "malware-analysis" => {
                if self.object.get("result").is_none()
                    && self.object.get("analysis_sco_refs").is_none()
                {
                    self.whole("an analysis needs `result` or `analysis_sco_refs`");
                }
            }
            _ if is_sco => self.observable(kind),
            _ => {}
        }
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
            "name" | "description" | "pattern" | "pattern_type" | "content" | "lang"
                if value.as_str().is_none() =>
            {
                self.at(key, format!("`{key}` must be a string"));
            }
            _ => {}
        }
    }

    /// Properties whose names say that they hold a reference. The references of observables are looked at less closely,
    /// as the reference validator does, and custom properties may mean something else by their name.
    fn references(&mut self) {
        let is_sco = self
            .object
            .str("type")
            .is_some_and(|t| SCO_TYPES.contains(&t));
        for (key, value) in self.object.entries() {
            if key.starts_with("x_") || (is_sco && key != "object_marking_refs") {
                continue;
            }
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
            } else if key.ends_with("_refs") {
                if !value.is_array() || !value.items().all(|i| i.as_str().is_some_and(is_id)) {
                    self.at(key, format!("`{key}` must be a list of ids `type--UUID`"));
                }
            } else if key.ends_with("_ref") && !value.as_str().is_some_and(is_id) {
                self.at(key, format!("`{key}` must be an id `type--UUID`"));
            }
        }
    }

    fn granular(&mut self) {
        let Some(markings) = self.object.get("granular_markings") else {
            return;
        };
        for marking in markings.items() {
            let is_list = marking.get("selectors").is_some_and(|s| {
                s.is_array() && !s.is_empty() && s.items().all(|i| i.as_str().is_some())
            });
            if !is_list {
                self.at("granular_markings", "a granular marking needs `selectors`");
            }
            match (marking.get("marking_ref"), marking.get("lang")) {
                (Some(id), None) if id.as_str().is_some_and(|id| is_id_of(id, "marking-definition")) => {}
                (None, Some(lang)) if lang.as_str().is_some() => {}
                _ => self.at(
                    "granular_markings",
                    "a granular marking needs either `marking_ref`, the id of a marking definition, or `lang`",
                ),
            }
        }
    }

    /// Timestamps have their form, and come in their order.
    fn timestamps(&mut self) {
        for (key, value) in self.object.entries() {
            if TIMESTAMPS.contains(&key)
                && !value.as_str().and_then(instant).is_some_and(|i| i.stix)
            {
                self.at(
                    key,
                    format!("`{key}` is no timestamp YYYY-MM-DDThh:mm:ss[.s…]Z"),
                );
            }
        }
        for (first, last, may_be_equal) in PAIRS {
            if let (Some(a), Some(b)) = (self.time(first), self.time(last))
                && (a > b || (a == b && !may_be_equal))
            {
                self.at(last, format!("`{last}` must be later than `{first}`"));
            }
        }
    }

    fn time(&self, key: &str) -> Option<Instant<'a>> {
        self.object.str(key).and_then(instant)
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

    fn extensions(&mut self) {
        let Some(extensions) = self.object.get("extensions") else {
            return;
        };
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

    fn relationship(&mut self) {
        if let Some(kind) = self.object.str("relationship_type")
            && !kind
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            self.at(
                "relationship_type",
                "a relationship's type has characters of a-z, 0-9 and - only",
            );
        }
        for key in ["source_ref", "target_ref"] {
            if self.object.str(key).is_some_and(|id| {
                [
                    "bundle--",
                    "marking-definition--",
                    "relationship--",
                    "sighting--",
                    "language-content--",
                ]
                .iter()
                .any(|prefix| id.starts_with(prefix))
            }) {
                self.at(
                    key,
                    "a relationship links domain objects and observables only",
                );
            }
        }
    }

    fn sighting(&mut self) {
        self.refers("observed_data_refs", &["observed-data--"]);
        self.refers("where_sighted_refs", &["identity--", "location--"]);
    }

    /// The ids in this list are of these types.
    fn refers(&mut self, key: &str, prefixes: &[&str]) {
        let Some(list) = self.object.get(key) else {
            return;
        };
        let fits = |id: Element<'_>| {
            id.as_str()
                .is_some_and(|id| prefixes.iter().any(|p| id.starts_with(p)))
        };
        if !list.items().all(fits) {
            self.at(
                key,
                format!(
                    "`{key}` must hold ids of the form `{}…`",
                    prefixes.join("…` or `")
                ),
            );
        }
    }

    fn marking_definition(&mut self) {
        let old =
            self.object.get("definition_type").is_some() && self.object.get("definition").is_some();
        if !old && self.object.get("extensions").is_none() {
            self.whole(
                "a marking definition needs `definition_type` and `definition`, or `extensions`",
            );
        }
        if self.object.str("definition_type") == Some("statement")
            && self
                .object
                .get("definition")
                .is_some_and(|d| d.str("statement").is_none())
        {
            self.at("definition", "a statement marking needs a `statement`");
        }
        if let Some(Published::Tlp(label)) = self.object.str("id").and_then(published) {
            self.published(label);
        }
        if self.object.str("definition_type") == Some("tlp")
            && self
                .object
                .get("definition")
                .is_some_and(|d| d.str("tlp").is_none())
        {
            self.at("definition", "a TLP marking needs a `tlp`");
        }
    }

    /// A document cannot redefine a published TLP marking; another spelling of the same level is met in practice.
    fn published(&mut self, label: Label) {
        let mut other = None;
        self.object.walk(|path, element| {
            if !matches!(
                path.steps(),
                [Step::Key("object_marking_refs" | "granular_markings"), ..]
            ) {
                other = other.or(element
                    .as_str()
                    .and_then(Label::parse)
                    .filter(|l| *l != label));
            }
        });
        if let Some(other) = other {
            self.whole(format!(
                "this id is published as TLP:{label}, but the definition says {other}"
            ));
        }
    }

    fn extension_definition(&mut self) {
        let is_top_level = self.object.get("extension_types").is_some_and(|types| {
            types
                .items()
                .any(|t| t.as_str() == Some("toplevel-property-extension"))
        });
        if self.object.get("extension_properties").is_some() && !is_top_level {
            self.at(
                "extension_properties",
                "`extension_properties` needs the type `toplevel-property-extension`",
            );
        }
        const TYPES: [&str; 5] = [
            "new-sdo",
            "new-sco",
            "new-sro",
            "property-extension",
            "toplevel-property-extension",
        ];
        if let Some(types) = self.object.get("extension_types")
            && !types
                .items()
                .all(|t| t.as_str().is_some_and(|t| TYPES.contains(&t)))
        {
            self.at(
                "extension_types",
                format!("`extension_types` must be of {}", TYPES.join(", ")),
            );
        }
    }

    fn observable(&mut self, kind: &str) {
        let object = self.object;
        let has = |key: &str| object.get(key).is_some();
        match kind {
            "ipv4-addr" => self.address("value", is_ipv4),
            "ipv6-addr" => self.address("value", is_ipv6),
            "network-traffic" => {
                if !(has("src_ref") || has("dst_ref")) {
                    self.whole("network traffic needs `src_ref` or `dst_ref`");
                }
                for key in ["start", "end"] {
                    if object.get(key).is_some() && !self.time(key).is_some_and(|i| i.stix) {
                        self.at(
                            key,
                            format!("`{key}` is no timestamp YYYY-MM-DDThh:mm:ss[.s…]Z"),
                        );
                    }
                }
                for key in ["src_port", "dst_port"] {
                    if let Some(port) = object.get(key)
                        && port
                            .as_number()
                            .and_then(|p| p.parse::<u16>().ok())
                            .is_none()
                    {
                        self.at(key, "a port is a whole number from 0 to 65535");
                    }
                }
            }
            "artifact" => {
                if has("payload_bin") && has("url") {
                    self.whole("an artifact has either `payload_bin` or `url`");
                }
                if has("url") && !has("hashes") {
                    self.whole("an artifact with a `url` needs `hashes`");
                }
                if let Some(payload) = object.get("payload_bin")
                    && !payload.as_str().is_some_and(is_base64)
                {
                    self.at("payload_bin", "`payload_bin` is not base64");
                }
            }
            "file" if !(has("hashes") || has("name")) => {
                self.whole("a file needs `hashes` or `name`");
            }
            _ => {}
        }
    }

    fn address(&mut self, key: &str, is_address: fn(&str) -> bool) {
        if !self.object.str(key).is_some_and(is_address) {
            self.at(
                key,
                "this is neither an address nor a network in CIDR notation",
            );
        }
    }
}

/// Properties that hold a timestamp, in all types.
const TIMESTAMPS: [&str; 18] = [
    "created",
    "modified",
    "valid_from",
    "valid_until",
    "first_seen",
    "last_seen",
    "first_observed",
    "last_observed",
    "published",
    "start_time",
    "stop_time",
    "submitted",
    "analysis_started",
    "analysis_ended",
    "ctime",
    "mtime",
    "atime",
    "account_created",
];

/// Earlier, later, and whether they may be equal.
const PAIRS: [(&str, &str, bool); 7] = [
    ("created", "modified", true),
    ("first_seen", "last_seen", true),
    ("first_observed", "last_observed", true),
    ("valid_from", "valid_until", false),
    ("start_time", "stop_time", false),
    ("start", "end", true),
    ("analysis_started", "analysis_ended", true),
];

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

fn is_ipv4(text: &str) -> bool {
    network(text, 32).is_some_and(|address| address.parse::<Ipv4Addr>().is_ok())
}

fn is_ipv6(text: &str) -> bool {
    network(text, 128).is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

/// The address of a network in CIDR notation, or the text itself.
fn network(text: &str, bits_max: u8) -> Option<&str> {
    match text.split_once('/') {
        None => Some(text),
        Some((address, bits)) => {
            // A leading zero is another spelling of the same network, which STIX does not allow.
            let is_bits = bits.parse::<u8>().is_ok_and(|b| b <= bits_max)
                && bits.bytes().all(|b| b.is_ascii_digit())
                && (bits.len() == 1 || !bits.starts_with('0'));
            is_bits.then_some(address)
        }
    }
}

/// The brackets and quotes of a STIX pattern match; nothing else of it is read.
fn is_closed(pattern: &str) -> bool {
    let mut open = Vec::new();
    let mut in_string = false;
    let mut escaped = false;
    for c in pattern.chars() {
        if in_string {
            in_string = escaped || c != '\'';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '\'' => in_string = true,
            '[' | '(' => open.push(c),
            ']' if open.pop() != Some('[') => return false,
            ')' if open.pop() != Some('(') => return false,
            '"' => return false,
            _ => {}
        }
    }
    !in_string && open.is_empty() && pattern.contains('[')
}

/// Padded base64 as RFC 4648 §4 writes it; the payload is not decoded.
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len() % 4 == 0
        && text.len() - digits.len() <= 2
        && digits
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}
