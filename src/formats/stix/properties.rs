//! What STIX demands of single properties, whatever the type: their names, JSON types, ranges, and references.

use super::references::targets;
use super::types::URI;
use super::validity::{Object, is_standard};
use super::values::{is_id, is_id_of, is_uri, kind_of};
use crate::formats::json::Element;

impl Object<'_, '_> {
    /// Checks a property of STIX 2.1.
    pub(super) fn property(&mut self, key: &str, value: Element<'_>) {
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
            "revoked" | "defanged" | "is_family" | "is_multipart" | "is_hidden" | "is_disabled"
            | "is_service_account" | "is_privileged" | "can_escalate_privs" | "is_self_signed"
                if value.as_bool().is_none() =>
            {
                self.broken_at(key, format!("`{key}` must be true or false"));
            }
            "confidence" => self.whole_number(key, value, 0, 100),
            "count" => self.whole_number(key, value, 0, COUNT_MAX),
            "number_observed" => self.whole_number(key, value, 1, COUNT_MAX),
            "src_port" | "dst_port" => self.whole_number(key, value, 0, 65_535),
            "latitude" => self.degrees(key, value, 90.0),
            "longitude" => self.degrees(key, value, 180.0),
            "labels" | "object_marking_refs" if !is_list_of(value, |i| i.as_str().is_some()) => {
                self.broken_at(key, format!("`{key}` must be a list of strings"));
            }
            "granular_markings" if !is_list_of(value, Element::is_object) => {
                self.broken_at(key, format!("`{key}` must be a list of objects"));
            }
            "external_references" => self.external_references(key, value),
            "kill_chain_phases" => self.kill_chain_phases(key, value),
            "hashes" if value.is_object() => self.hashes(key, value),
            "extensions" => self.extensions(value),
            "hashes" => self.broken_at(key, "`hashes` must be an object"),
            "name" | "description" | "pattern" | "pattern_type" | "content" | "lang"
            | "relationship_type"
                if value.as_str().is_none() =>
            {
                self.broken_at(key, format!("`{key}` must be a string"));
            }
            _ => {}
        }
    }

    fn whole_number(&mut self, key: &str, value: Element<'_>, least: u64, most: u64) {
        match value.as_number() {
            None => self.broken_at(key, format!("`{key}` must be a number")),
            Some(number)
                if number
                    .parse()
                    .is_ok_and(|n: u64| (least..=most).contains(&n)) => {}
            Some(_) => self.at(
                key,
                format!("`{key}` must be a whole number from {least} to {most}"),
            ),
        }
    }

    fn degrees(&mut self, key: &str, value: Element<'_>, most: f64) {
        match value.as_number().map(str::parse::<f64>) {
            None => self.broken_at(key, format!("`{key}` must be a number")),
            Some(Ok(degrees)) if degrees.abs() <= most => {}
            Some(_) => self.at(key, format!("`{key}` must be from -{most} to {most}")),
        }
    }

    fn external_references(&mut self, key: &str, references: Element<'_>) {
        if !is_list_of(references, Element::is_object) {
            self.broken_at(key, format!("`{key}` must be a list of objects"));
            return;
        }
        for reference in references.items() {
            let has = |key: &str| reference.get(key).is_some();
            if !has("source_name") {
                self.at(key, "an external reference needs a `source_name`");
            } else if !(has("description") || has("url") || has("external_id")) {
                self.at(
                    key,
                    "an external reference needs a `description`, a `url` or an `external_id`",
                );
            }
            if reference.str("url").is_some_and(|url| !is_uri(url)) {
                self.at(key, URI);
            }
            if let Some(hashes) = reference.get("hashes") {
                self.hashes(key, hashes);
            }
        }
    }

    fn kill_chain_phases(&mut self, key: &str, phases: Element<'_>) {
        if !is_list_of(phases, Element::is_object) {
            self.broken_at(key, format!("`{key}` must be a list of objects"));
        } else if !phases
            .items()
            .all(|p| p.str("kill_chain_name").is_some() && p.str("phase_name").is_some())
        {
            self.at(key, "a phase needs a `kill_chain_name` and a `phase_name`");
        }
    }

    fn extensions(&mut self, extensions: Element<'_>) {
        if !extensions.is_object() {
            self.broken_at("extensions", "`extensions` must be an object");
        }
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
            if !is_defined {
                continue;
            }
            match value.get("extension_type").map(Element::as_str) {
                Some(Some(kind)) if EXTENSION_TYPES.contains(&kind) => {}
                Some(_) => self.broken_at(
                    "extensions",
                    format!(
                        "`extension_type` in `{key}` must be one of {}",
                        EXTENSION_TYPES.join(", ")
                    ),
                ),
                None => self.at(
                    "extensions",
                    format!("`extension_type` is missing in `{key}`"),
                ),
            }
        }
    }

    /// A property whose name says that it holds a reference. The form of ids in observables is looked at less closely,
    /// as the reference validator does, and custom properties may mean something else by their name.
    pub(super) fn reference(&mut self, kind: &str, key: &str, value: Element<'_>, is_sco: bool) {
        match key {
            "object_marking_refs" => self.marking_refs(key, value),
            "granular_markings" => self.granular(value),
            _ if !key.ends_with("_ref") && !key.ends_with("_refs") => {}
            _ if key.starts_with("x_") => {}
            _ if value.is_array() == key.ends_with("_refs") => {
                let targets = targets(kind, key);
                let single = (!value.is_array()).then_some(value);
                for id in value.items().chain(single) {
                    match id.as_str() {
                        None => self.broken_at(key, format!("`{key}` must hold ids `type--UUID`")),
                        Some(id) if !is_sco && !is_id(id) => {
                            self.broken_at(key, format!("`{key}` must hold ids `type--UUID`"));
                        }
                        Some(id) => self.target(key, id, targets),
                    }
                }
            }
            _ if is_sco => {}
            _ if value.is_array() => self.broken_at(key, format!("`{key}` must be one id")),
            _ => self.broken_at(key, format!("`{key}` must be a list of ids")),
        }
    }

    fn target(&mut self, key: &str, id: &str, targets: Option<&[&str]>) {
        let Some(targets) = targets else {
            return;
        };
        // A custom type may stand for any of them.
        if let Some(kind) = kind_of(id)
            && !targets.contains(&kind)
            && is_standard(kind)
        {
            self.broken_at(
                key,
                format!("`{key}` refers to {}, not to {kind}", targets.join(" or ")),
            );
        }
    }

    fn marking_refs(&mut self, key: &str, refs: Element<'_>) {
        let own = self.object.str("id");
        for item in refs.items() {
            match item.as_str() {
                Some(id) if Some(id) == own => {
                    self.broken_at(key, "a marking definition cannot mark itself");
                }
                Some(id) if is_id_of(id, "marking-definition") => {}
                _ => self.broken_at(
                    key,
                    "`object_marking_refs` must hold ids of marking definitions",
                ),
            }
        }
    }

    fn granular(&mut self, markings: Element<'_>) {
        const KEY: &str = "granular_markings";
        for marking in markings.items() {
            let selectors = marking
                .get("selectors")
                .filter(|s| !s.is_empty() && is_list_of(*s, |i| i.as_str().is_some()));
            match selectors {
                None => self.broken_at(KEY, "a granular marking needs `selectors`"),
                Some(selectors) => {
                    for selector in selectors.items().filter_map(Element::as_str) {
                        if !selects(self.object, selector) {
                            self.at(KEY, format!("the selector {selector} points at nothing"));
                        }
                    }
                }
            }
            match (marking.get("marking_ref"), marking.get("lang")) {
                (Some(id), None)
                    if id
                        .as_str()
                        .is_some_and(|id| is_id_of(id, "marking-definition")) => {}
                (None, Some(lang)) if lang.as_str().is_some() => {}
                _ => self.broken_at(
                    KEY,
                    "a granular marking needs either `marking_ref`, the id of a marking definition, or `lang`",
                ),
            }
        }
    }
}

/// How often something can have been seen (STIX 2.1 §4.14 and §5.2).
const COUNT_MAX: u64 = 999_999_999;

/// The kinds of extensions (STIX 2.1 §7.3).
pub(super) const EXTENSION_TYPES: [&str; 5] = [
    "new-sdo",
    "new-sco",
    "new-sro",
    "property-extension",
    "toplevel-property-extension",
];

fn is_list_of<'a>(value: Element<'a>, fits: impl Fn(Element<'a>) -> bool) -> bool {
    value.is_array() && value.items().all(fits)
}

/// A selector such as `external_references.[0].url` leads to something in the object (STIX 2.1 §7.2.3.1).
fn selects(object: Element<'_>, selector: &str) -> bool {
    selector
        .split('.')
        .try_fold(object, |at, step| {
            match step.strip_prefix('[').and_then(|s| s.strip_suffix(']')) {
                Some(index) => at.items().nth(index.parse().ok()?),
                None => at.get(step),
            }
        })
        .is_some()
}
