//! The names of the weaknesses that advisories name most (MITRE, CWE 4). A name that is not that of its id is met where
//! one of the two was copied from elsewhere; ids that are not here are taken with any name.

/// The name of a weakness, if it is one of these.
pub(super) fn name(id: &str) -> Option<&'static str> {
    let number: u32 = id.strip_prefix("CWE-")?.parse().ok()?;
    NAMES
        .iter()
        .find_map(|(known, name)| (*known == number).then_some(*name))
}

/// An id as the schema wants it.
pub(super) fn is_id(id: &str) -> bool {
    id.strip_prefix("CWE-").is_some_and(|digits| {
        (1..=6).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

const NAMES: [(u32, &str); 34] = [
    (20, "Improper Input Validation"),
    (
        22,
        "Improper Limitation of a Pathname to a Restricted Directory ('Path Traversal')",
    ),
    (
        77,
        "Improper Neutralization of Special Elements used in a Command ('Command Injection')",
    ),
    (
        78,
        "Improper Neutralization of Special Elements used in an OS Command ('OS Command Injection')",
    ),
    (
        79,
        "Improper Neutralization of Input During Web Page Generation ('Cross-site Scripting')",
    ),
    (
        89,
        "Improper Neutralization of Special Elements used in an SQL Command ('SQL Injection')",
    ),
    (
        94,
        "Improper Control of Generation of Code ('Code Injection')",
    ),
    (
        119,
        "Improper Restriction of Operations within the Bounds of a Memory Buffer",
    ),
    (
        120,
        "Buffer Copy without Checking Size of Input ('Classic Buffer Overflow')",
    ),
    (121, "Stack-based Buffer Overflow"),
    (122, "Heap-based Buffer Overflow"),
    (125, "Out-of-bounds Read"),
    (190, "Integer Overflow or Wraparound"),
    (
        200,
        "Exposure of Sensitive Information to an Unauthorized Actor",
    ),
    (269, "Improper Privilege Management"),
    (276, "Incorrect Default Permissions"),
    (287, "Improper Authentication"),
    (295, "Improper Certificate Validation"),
    (306, "Missing Authentication for Critical Function"),
    (319, "Cleartext Transmission of Sensitive Information"),
    (352, "Cross-Site Request Forgery (CSRF)"),
    (
        362,
        "Concurrent Execution using Shared Resource with Improper Synchronization ('Race Condition')",
    ),
    (400, "Uncontrolled Resource Consumption"),
    (415, "Double Free"),
    (416, "Use After Free"),
    (434, "Unrestricted Upload of File with Dangerous Type"),
    (476, "NULL Pointer Dereference"),
    (502, "Deserialization of Untrusted Data"),
    (522, "Insufficiently Protected Credentials"),
    (611, "Improper Restriction of XML External Entity Reference"),
    (787, "Out-of-bounds Write"),
    (798, "Use of Hard-coded Credentials"),
    (862, "Missing Authorization"),
    (918, "Server-Side Request Forgery (SSRF)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_their_id() {
        assert_eq!(name("CWE-416"), Some("Use After Free"));
        assert_eq!(name("CWE-99999"), None);
        assert_eq!(name("416"), None);
        assert!(NAMES.is_sorted_by_key(|(number, _)| *number));
    }

    #[test]
    fn ids_have_a_form() {
        assert!(is_id("CWE-79") && is_id("CWE-123456"));
        for id in ["CWE-", "CWE-079", "CWE-1234567", "cwe-79", "CWE-7a", "79"] {
            assert!(!is_id(id), "{id}");
        }
    }
}
