//! A bundle of any number of objects as a platform exports them: indicators, observables, what they indicate,
//! relationships between them, reports over them, and markings of all labels. The same for the same number.

use std::fmt::Write;

/// TLP 2.0: CLEAR, GREEN, AMBER, AMBER+STRICT, RED.
const MARKINGS: [&str; 5] = [
    "94868c89-83c2-464b-929b-a1a8aa3c8487",
    "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "939a9414-2ddd-4d32-a0cd-375ea402b003",
    "e828b379-4e03-4974-9ac4-e53a884c97c1",
];

/// What stands between relationships and reports, with `created_by_ref` and the like to be added.
const TYPES: [&str; 10] = [
    "identity",
    "indicator",
    "indicator",
    "malware",
    "attack-pattern",
    "ipv4-addr",
    "domain-name",
    "file",
    "url",
    "vulnerability",
];

/// Writes the bundle.
pub(crate) fn bundle(count: usize) -> Vec<u8> {
    let mut text = String::with_capacity(count.saturating_mul(700));
    text.push_str(
        "{\"type\":\"bundle\",\"id\":\"bundle--385283a1-b5e0-4e10-a532-dce11c365a56\",\"objects\":[",
    );
    for n in 0..count {
        if n > 0 {
            text.push_str(",\n");
        }
        // Writing to a String does not fail.
        let _ = object(&mut text, n);
    }
    text.push_str("]}");
    text.into_bytes()
}

/// Numbers that look random and are the same each time (SplitMix64).
fn mixed(seed: usize, salt: u64) -> u64 {
    let mut z = u64::try_from(seed)
        .unwrap_or(u64::MAX)
        .wrapping_add(salt)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn kind(n: usize) -> &'static str {
    match n % 20 {
        17..=19 => "relationship",
        16 if n % 100 == 16 => "report",
        at => TYPES.get(at % TYPES.len()).copied().unwrap_or("identity"),
    }
}

fn id(n: usize) -> String {
    let uuid = uuid::Builder::from_random_bytes({
        let mut bytes = [0; 16];
        let (high, low) = bytes.split_at_mut(8);
        high.copy_from_slice(&mixed(n, 1).to_be_bytes());
        low.copy_from_slice(&mixed(n, 2).to_be_bytes());
        bytes
    })
    .into_uuid();
    format!("{}--{uuid}", kind(n))
}

/// An earlier object that is of a type to refer to.
fn earlier(n: usize, salt: u64) -> usize {
    let at = usize::try_from(mixed(n, salt) >> 8).unwrap_or(0) % n.max(1);
    at - at % 20 + at % 10
}

fn object(out: &mut String, n: usize) -> std::fmt::Result {
    let kind = kind(n);
    write!(
        out,
        "{{\"type\":\"{kind}\",\"spec_version\":\"2.1\",\"id\":\"{}\"",
        id(n)
    )?;
    // Two of three objects are marked: most GREEN and AMBER, some RED.
    if !n.is_multiple_of(3) {
        let label = [0, 1, 1, 2, 2, 3, 4].get(n % 7).copied().unwrap_or(1);
        let marking = MARKINGS.get(label).copied().unwrap_or_default();
        write!(
            out,
            ",\"object_marking_refs\":[\"marking-definition--{marking}\"]"
        )?;
    }
    let is_observable = matches!(kind, "ipv4-addr" | "domain-name" | "file" | "url");
    if !is_observable {
        write!(
            out,
            ",\"created\":\"2024-01-{:02}T{:02}:{:02}:00.000Z\",\"modified\":\"2024-03-{:02}T12:00:00.{:03}Z\"",
            n % 28 + 1,
            n % 24,
            n % 60,
            n % 28 + 1,
            n % 1000
        )?;
        write!(out, ",\"created_by_ref\":\"{}\"", id(n - n % 20))?;
    }
    match kind {
        "identity" => write!(
            out,
            ",\"name\":\"Organisation {n}\",\"identity_class\":\"organization\""
        )?,
        "indicator" => write!(
            out,
            ",\"name\":\"Beacon {n}\",\"indicator_types\":[\"malicious-activity\"],\"pattern_type\":\"stix\",\
             \"pattern\":\"[ipv4-addr:value = '{}.{}.{}.{}' AND file:hashes.'SHA-256' = '{:064x}']\",\
             \"valid_from\":\"2024-01-01T00:00:00Z\",\"confidence\":{},\"kill_chain_phases\":[{{\"kill_chain_name\":\
             \"mitre-attack\",\"phase_name\":\"command-and-control\"}}]",
            n % 223 + 1,
            n / 223 % 256,
            n % 251,
            n % 253,
            mixed(n, 3),
            n % 101
        )?,
        "malware" | "attack-pattern" | "vulnerability" => {
            write!(
                out,
                ",\"name\":\"Name {n}\",\"description\":\"Seen since spring in the networks of several operators; it \
                 waits for hours before it calls home, and takes what it finds in \\\"shared\\\" folders.\\nNumber {n}.\",\
                 \"external_references\":[{{\"source_name\":\"catalogue\",\"external_id\":\"C-{n}\",\"url\":\
                 \"https://catalogue.example/entries/{n}\"}}]"
            )?;
            if kind == "malware" {
                write!(
                    out,
                    ",\"is_family\":true,\"malware_types\":[\"backdoor\",\"trojan\"]"
                )?;
            }
        }
        "ipv4-addr" => write!(
            out,
            ",\"value\":\"{}.{}.{}.7\"",
            n % 223 + 1,
            n / 223 % 256,
            n % 251
        )?,
        "domain-name" => write!(out, ",\"value\":\"host{n}.example\"")?,
        "url" => write!(out, ",\"value\":\"https://host{n}.example/path/{n}?q=1\"")?,
        "file" => write!(
            out,
            ",\"name\":\"f{n}.exe\",\"size\":{},\"hashes\":{{\"MD5\":\"{:032x}\",\"SHA-256\":\"{:064x}\"}}",
            n * 7,
            mixed(n, 4),
            mixed(n, 5)
        )?,
        "report" => {
            write!(
                out,
                ",\"name\":\"Report {n}\",\"published\":\"2024-03-01T00:00:00Z\",\"report_types\":[\"campaign\"],\
                 \"object_refs\":["
            )?;
            for m in 0..40 {
                let comma = if m == 0 { "" } else { "," };
                write!(out, "{comma}\"{}\"", id(earlier(n, 100 + m)))?;
            }
            out.push(']');
        }
        _ => write!(
            out,
            ",\"relationship_type\":\"related-to\",\"source_ref\":\"{}\",\"target_ref\":\"{}\"",
            id(earlier(n, 6)),
            id(earlier(n, 7))
        )?,
    }
    out.push('}');
    Ok(())
}
