//! Which types of objects a property may refer to, where the standard says so (STIX 2.1 parts 3 to 6).

/// The types that may stand behind a property of an object; `None`: any.
pub(super) fn targets(kind: &str, key: &str) -> Option<&'static [&'static str]> {
    let targets: &[&str] = match (kind, key) {
        ("sighting", "observed_data_refs") => &["observed-data"],
        ("sighting", "where_sighted_refs") => &["identity", "location"],
        ("malware", "sample_refs") => &["artifact", "file"],
        ("malware", "operating_system_refs") => &["software"],
        (
            "malware-analysis",
            "host_vm_ref" | "operating_system_ref" | "installed_software_refs",
        ) => &["software"],
        ("malware-analysis", "sample_ref") => &["artifact", "file", "network-traffic"],
        ("directory", "contains_refs") => &["directory", "file"],
        ("domain-name", "resolves_to_refs") => &["domain-name", "ipv4-addr", "ipv6-addr"],
        ("email-addr", "belongs_to_ref") => &["user-account"],
        ("email-message", "from_ref" | "sender_ref" | "to_refs" | "cc_refs" | "bcc_refs") => {
            &["email-addr"]
        }
        ("email-message", "raw_email_ref") => &["artifact"],
        ("file", "parent_directory_ref") => &["directory"],
        ("file", "content_ref") => &["artifact"],
        ("ipv4-addr" | "ipv6-addr", "resolves_to_refs") => &["mac-addr"],
        ("ipv4-addr" | "ipv6-addr", "belongs_to_refs") => &["autonomous-system"],
        ("network-traffic", "src_ref" | "dst_ref") => {
            &["domain-name", "ipv4-addr", "ipv6-addr", "mac-addr"]
        }
        ("network-traffic", "src_payload_ref" | "dst_payload_ref") => &["artifact"],
        ("network-traffic", "encapsulates_refs" | "encapsulated_by_ref") => &["network-traffic"],
        ("process", "opened_connection_refs") => &["network-traffic"],
        ("process" | "windows-registry-key", "creator_user_ref") => &["user-account"],
        ("process", "image_ref") => &["file"],
        ("process", "parent_ref" | "child_refs") => &["process"],
        (_, "created_by_ref") => &["identity"],
        _ => return None,
    };
    Some(targets)
}

/// What a relationship does not link and nobody sights.
pub(super) fn is_meta(kind: &str) -> bool {
    matches!(
        kind,
        "bundle"
            | "marking-definition"
            | "relationship"
            | "sighting"
            | "language-content"
            | "extension-definition"
    )
}
