//! Documents of about 1 KiB, all of them different, and the pushes that carry them.

use sluis::wire::pb;

/// A push of the n-th document of a series, declared GREEN. Even ones are STIX bundles, odd ones text.
pub(crate) fn push(series: u32, n: usize) -> pb::PushItemRequest {
    let number = u64::try_from(n).unwrap_or(u64::MAX);
    let content = if n.is_multiple_of(2) {
        stix(series, number)
    } else {
        text(series, number)
    };
    pb::PushItemRequest {
        request_id: time_ordered_id(series, number),
        content: content.into(),
        label: i32::from(pb::Label::Green),
        ..Default::default()
    }
}

/// As a client makes them: version 7, so that ids of later pushes are greater.
fn time_ordered_id(series: u32, n: u64) -> String {
    const BEGIN_MS: u64 = 1_795_500_000_000;
    let mut tail = [0; 10];
    let (head, rest) = tail.split_at_mut(4);
    head.copy_from_slice(&series.to_be_bytes());
    for (to, from) in rest.iter_mut().zip(n.to_be_bytes().into_iter().skip(2)) {
        *to = from;
    }
    let ms = BEGIN_MS + u64::from(series) * 10_000_000 + n / 16;
    uuid::Builder::from_unix_timestamp_millis(ms, &tail)
        .into_uuid()
        .to_string()
}

fn stix(series: u32, n: u64) -> String {
    let description = padding(n, 420);
    format!(
        r#"{{"type":"bundle","id":"bundle--{series:08x}-0000-4000-8000-{n:012x}","objects":[{{"type":"indicator","spec_version":"2.1","id":"indicator--{series:08x}-0000-4000-9000-{n:012x}","created":"2026-11-01T08:00:00.000Z","modified":"2026-11-01T08:00:00.000Z","name":"Login attempts against substation gateways, wave {n}","description":"{description}","indicator_types":["malicious-activity"],"pattern":"[ipv4-addr:value = '198.51.100.{}']","pattern_type":"stix","valid_from":"2026-11-01T08:00:00.000Z"}}]}}"#,
        n % 256
    )
}

fn text(series: u32, n: u64) -> String {
    format!(
        "Observations of shift {series}-{n}\n\n{}\n",
        padding(n, 970)
    )
}

/// Sentences of about this length that differ from document to document.
fn padding(n: u64, length: usize) -> String {
    let mut out = String::with_capacity(length + 64);
    let mut word = n;
    while out.len() < length {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        out.push_str(&format!(
            "Gateway {:05} answered on port {}. ",
            word >> 48,
            (word >> 32) % 65_536
        ));
    }
    out
}
