//! What STIX 2.1 demands of single types beyond their required properties.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::published::{Published, published};
use super::validity::{Object, TIMESTAMP, is_observable};
use crate::formats::instant::instant;
use crate::formats::json::{Element, Step};
use crate::model::label::Label;

impl Object<'_, '_> {
    /// Checks what is special to a type.
    pub(super) fn check_type(&mut self, kind: &str) {
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
                self.whole("a location needs `region`, `country`, or `latitude` and `longitude`");
            }
            "observed-data" if has("objects") == has("object_refs") => {
                self.whole("observed data needs either `object_refs` or `objects`");
            }
            "indicator"
                if object.str("pattern_type") == Some("stix")
                    && object.str("pattern").is_some_and(|p| !is_closed(p)) =>
            {
                self.at("pattern", "the pattern's brackets or quotes are not closed");
            }
            "malware"
                if object.get("is_family").and_then(Element::as_bool) == Some(true)
                    && !has("name") =>
            {
                self.whole("a malware family needs a `name`");
            }
            "malware-analysis" if !has("result") && !has("analysis_sco_refs") => {
                self.whole("an analysis needs `result` or `analysis_sco_refs`");
            }
            _ if is_observable(kind) => self.observable(kind),
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
            self.at(
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
                let time = |key: &str| object.get(key).map(|t| t.as_str().and_then(instant));
                let (start, end) = (time("start"), time("end"));
                for (key, time) in [("start", &start), ("end", &end)] {
                    if time.as_ref().is_some_and(|t| !t.is_some_and(|i| i.stix)) {
                        self.at(key, TIMESTAMP);
                    }
                }
                if let (Some(Some(start)), Some(Some(end))) = (start, end)
                    && start > end
                {
                    self.at("end", "`end` must not be earlier than `start`");
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
    text.len().is_multiple_of(4)
        && text.len() - digits.len() <= 2
        && digits
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}
