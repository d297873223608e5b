//! What STIX 2.1 demands of single types beyond their required properties.

use super::pattern;
use super::properties::EXTENSION_TYPES;
use super::published::{Published, TLP, published};
use super::references::is_meta;
use super::validity::{Object, TIMESTAMP};
use super::values::{is_base64, is_hash_of, is_ipv4, is_ipv6, is_uri, kind_of};
use crate::formats::instant::instant;
use crate::formats::json::{Element, Step};
use crate::model::label::Label;

/// How many of the published TLP markings are of version 1.0.
const OLD: usize = 4;

pub(super) const URI: &str = "this is no URI of RFC 3986, such as https://example.com/path";

impl Object<'_, '_> {
    /// Checks what is special to a type.
    pub(super) fn check_type(&mut self, kind: &str, is_sco: bool) {
        let object = self.object;
        let has = |key: &str| object.get(key).is_some();
        match kind {
            "relationship" => self.relationship(),
            "sighting" => self.sighting(),
            "marking-definition" => self.marking_definition(),
            "extension-definition" => self.extension_definition(),
            "opinion" => self.opinion(),
            "location"
                if !(has("region") || has("country") || (has("latitude") && has("longitude"))) =>
            {
                self.broken("a location needs `region`, `country`, or `latitude` and `longitude`");
            }
            "observed-data" if has("objects") == has("object_refs") => {
                self.broken("observed data needs either `object_refs` or `objects`");
            }
            "indicator" => {
                if object.str("pattern_type") == Some("stix")
                    && let Some(Err(fault)) = object.str("pattern").map(pattern::check)
                {
                    self.at(
                        "pattern",
                        format!(
                            "this is no STIX pattern: {} at character {}",
                            fault.expected,
                            fault.at.saturating_add(1)
                        ),
                    );
                }
            }
            "malware"
                if object.get("is_family").and_then(Element::as_bool) == Some(true)
                    && !has("name") =>
            {
                self.broken("a malware family needs a `name`");
            }
            "malware-analysis" if !has("result") && !has("analysis_sco_refs") => {
                self.broken("an analysis needs `result` or `analysis_sco_refs`");
            }
            _ if is_sco => self.observable(kind),
            _ => {}
        }
    }

    fn opinion(&mut self) {
        const OPINIONS: [&str; 5] = [
            "strongly-disagree",
            "disagree",
            "neutral",
            "agree",
            "strongly-agree",
        ];
        let is_one = |opinion: &str| OPINIONS.contains(&opinion);
        if !self.object.str("opinion").is_some_and(is_one) {
            self.broken_at(
                "opinion",
                format!("`opinion` must be one of {}", OPINIONS.join(", ")),
            );
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
            if self.refers_to_meta(key) {
                self.broken_at(
                    key,
                    "a relationship links domain objects and observables only",
                );
            }
        }
    }

    fn refers_to_meta(&self, key: &str) -> bool {
        self.object.str(key).and_then(kind_of).is_some_and(is_meta)
    }

    fn sighting(&mut self) {
        if self.refers_to_meta("sighting_of_ref") {
            self.broken_at("sighting_of_ref", "what is sighted is a domain object");
        }
    }

    fn marking_definition(&mut self) {
        let old =
            self.object.get("definition_type").is_some() && self.object.get("definition").is_some();
        if !old && self.object.get("extensions").is_none() {
            self.broken(
                "a marking definition needs `definition_type` and `definition`, or `extensions`",
            );
        }
        if self.object.str("definition_type") == Some("statement")
            && self
                .object
                .get("definition")
                .is_some_and(|d| d.str("statement").is_none())
        {
            self.broken_at("definition", "a statement marking needs a `statement`");
        }
        // STIX 2.1 §7.2.1: marking definitions are not versioned.
        if self.object.get("modified").is_some() {
            self.at(
                "modified",
                "a marking definition has no `modified`: it never changes",
            );
        }
        match self.object.str("id").and_then(published) {
            Some(Published::Tlp(label)) => self.published(label),
            Some(Published::Other) => {}
            None if self.object.str("definition_type") == Some("tlp") => self.at(
                "definition_type",
                "TLP 1.0 has four marking definitions whose ids are published; refer to these",
            ),
            None => {}
        }
        if self.object.str("definition_type") == Some("tlp")
            && self
                .object
                .get("definition")
                .is_some_and(|d| d.str("tlp").is_none())
        {
            self.broken_at("definition", "a TLP marking needs a `tlp`");
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
            self.broken(format!(
                "this id is published as TLP:{label}, but the definition says {other}"
            ));
        }
        let is_old = self
            .object
            .str("id")
            .is_some_and(|id| TLP.iter().take(OLD).any(|(uuid, _)| id.ends_with(uuid)));
        let name = match label {
            Label::Clear => "white",
            Label::Green => "green",
            Label::Amber | Label::AmberStrict => "amber",
            Label::Red => "red",
        };
        let definition = self.object.get("definition");
        if is_old
            && !(self.object.str("definition_type") == Some("tlp")
                && definition.is_some_and(|d| d.str("tlp") == Some(name)))
        {
            self.whole(format!(
                "this id is published with `\"definition_type\": \"tlp\", \"definition\": {{\"tlp\": \"{name}\"}}`"
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
        if let Some(types) = self.object.get("extension_types")
            && !types
                .items()
                .all(|t| t.as_str().is_some_and(|t| EXTENSION_TYPES.contains(&t)))
        {
            self.broken_at(
                "extension_types",
                format!(
                    "`extension_types` must be of {}",
                    EXTENSION_TYPES.join(", ")
                ),
            );
        }
    }

    fn observable(&mut self, kind: &str) {
        let object = self.object;
        let has = |key: &str| object.get(key).is_some();
        match kind {
            "url" if object.str("value").is_some_and(|value| !is_uri(value)) => {
                self.at("value", URI);
            }
            "windows-registry-key" => self.registry_key(),
            "ipv4-addr" => self.address("value", is_ipv4),
            "ipv6-addr" => self.address("value", is_ipv6),
            "network-traffic" => {
                if !(has("src_ref") || has("dst_ref")) {
                    self.broken("network traffic needs `src_ref` or `dst_ref`");
                }
                let time = |key: &str| object.get(key).map(|t| t.as_str().and_then(instant));
                let (start, end) = (time("start"), time("end"));
                for (key, time) in [("start", &start), ("end", &end)] {
                    if time.as_ref().is_some_and(|t| !t.is_some_and(|i| i.stix)) {
                        self.broken_at(key, TIMESTAMP);
                    }
                }
                if let (Some(Some(start)), Some(Some(end))) = (start, end)
                    && start > end
                {
                    self.at("end", "`end` must not be earlier than `start`");
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
                self.broken("a file needs `hashes` or `name`");
            }
            _ => {}
        }
    }

    fn registry_key(&mut self) {
        // STIX 2.1 §6.17: the hive is fully expanded.
        const SHORT: [&str; 5] = ["HKLM", "HKCC", "HKCR", "HKCU", "HKU"];
        let hive = self
            .object
            .str("key")
            .and_then(|key| key.split('\\').next())
            .unwrap_or_default();
        if SHORT.iter().any(|short| hive.eq_ignore_ascii_case(short)) {
            self.at(
                "key",
                format!("the hive {hive} is written in full, such as HKEY_LOCAL_MACHINE"),
            );
        }
    }

    /// The hashes of an object or an external reference.
    pub(super) fn hashes(&mut self, key: &str, hashes: Element<'_>) {
        for (algorithm, hash) in hashes.entries() {
            match hash.as_str() {
                None => self.broken_at(key, format!("the hash {algorithm} must be a string")),
                Some(hash) if is_hash_of(algorithm, hash) => {}
                Some(_) => self.at(key, format!("this is no hash of {algorithm}")),
            }
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
