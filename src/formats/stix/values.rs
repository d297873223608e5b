//! Whether a text is an address, a URI, a hash, base64, or an id, as STIX and the standards it names write them.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::formats::misp::is_uuid;

/// An IPv4 address or network.
pub(super) fn is_ipv4(text: &str) -> bool {
    network(text, 32).is_some_and(|address| address.parse::<Ipv4Addr>().is_ok())
}

/// An IPv6 address or network.
pub(super) fn is_ipv6(text: &str) -> bool {
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

/// Padded base64 as RFC 4648 §4 writes it; the payload is not decoded.
pub(super) fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - digits.len() <= 2
        && digits
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

/// A URI by RFC 3986: a scheme, and brackets only around the address of a host. Letters beyond ASCII are left alone, as
/// in an IRI.
pub(crate) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !is_scheme
        || rest
            .bytes()
            .any(|b| b <= b' ' || matches!(b, b'<' | b'>' | b'"' | 0x7f))
    {
        return false;
    }
    let Some(authority) = rest.strip_prefix("//") else {
        return true;
    };
    let host = authority
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default()
        .rsplit('@')
        .next()
        .unwrap_or_default();
    match host.strip_prefix('[') {
        Some(literal) => literal
            .split_once(']')
            .is_some_and(|(address, port)| address.contains(':') && !port.contains(['[', ']'])),
        None => !host.contains(['[', ']']),
    }
}

/// A hash that has the length of its algorithm; of an unknown algorithm any.
pub(super) fn is_hash_of(algorithm: &str, hash: &str) -> bool {
    let digits = match algorithm {
        "MD5" => 32,
        "SHA-1" => 40,
        "SHA-256" | "SHA3-256" => 64,
        "SHA-512" | "SHA3-512" => 128,
        _ => return true,
    };
    hash.len() == digits && hash.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The type in front of the UUID of an id `type--UUID`.
pub(super) fn kind_of(id: &str) -> Option<&str> {
    // Counted from the end: the UUID has 36 characters, and two hyphens stand before it.
    let kind_len = id.len().checked_sub(38)?;
    let (kind, rest) = id.split_at_checked(kind_len)?;
    rest.strip_prefix("--").is_some_and(is_uuid).then_some(kind)
}

/// An id of the form `type--UUID`.
pub(super) fn is_id(id: &str) -> bool {
    kind_of(id).is_some_and(|kind| {
        !kind.is_empty()
            && kind
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !has_two_hyphens(kind)
    })
}

fn has_two_hyphens(kind: &str) -> bool {
    let bytes = kind.as_bytes();
    bytes
        .iter()
        .zip(bytes.iter().skip(1))
        .any(|pair| pair == (&b'-', &b'-'))
}

/// An id of this type.
pub(super) fn is_id_of(id: &str, kind: &str) -> bool {
    kind_of(id) == Some(kind)
}

/// The UUID of an id has the variant of RFC 4122 and one of its versions.
pub(super) fn has_version(id: &str) -> bool {
    let from_end = |n: usize| {
        let at = id.len().checked_sub(n)?;
        id.as_bytes().get(at).copied()
    };
    matches!(from_end(17), Some(b'8' | b'9' | b'a' | b'b' | b'A' | b'B'))
        && matches!(from_end(22), Some(b'1'..=b'5'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_have_a_scheme_and_a_host_without_brackets() {
        for uri in [
            "http://x.example/a?b#c",
            "https://[2001:db8::1]:443/",
            "hxxp://x.example",
            "urn:isbn:0451450523",
            "http://x.example/[a]",
            "https://user@x.example/é",
            "mailto:a@b.example",
        ] {
            assert!(is_uri(uri), "{uri}");
        }
        for text in [
            "",
            "x.example/login?id=1",
            "http://84.38.133[.]149/img",
            "https://x[.]example",
            "https://149.248.35[.]200.sslip.io",
            "0e4164da-94bc-450d-a7be-a4b176179f1f",
            "http://x example/",
            "http://[x]/",
        ] {
            assert!(!is_uri(text), "{text}");
        }
    }

    #[test]
    fn a_uuid_says_its_version_and_variant() {
        for id in [
            "x--385283a1-b5e0-4e10-a532-dce11c365a56",
            "x--385283A1-B5E0-5E10-8532-DCE11C365A56",
        ] {
            assert!(is_id(id) && has_version(id), "{id}");
        }
        for id in [
            "x--385283a1-b5e0-0e10-a532-dce11c365a56",
            "x--385283a1-b5e0-4e10-c532-dce11c365a56",
            "x--00000000-0000-0000-0000-000000000000",
            "",
        ] {
            assert!(!has_version(id), "{id}");
        }
        for id in [
            "--385283a1-b5e0-4e10-a532-dce11c365a56",
            "x-385283a1-b5e0-4e10-a532-dce11c365a56",
            "X--385283a1-b5e0-4e10-a532-dce11c365a56",
            "a--b--385283a1-b5e0-4e10-a532-dce11c365a56",
            "é385283a1-b5e0-4e10-a532-dce11c365a56",
            "x--385283a1-b5e0-4e10-a532-dce11c365a5",
        ] {
            assert!(!is_id(id), "{id}");
        }
    }
}
