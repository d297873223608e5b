//! The documents. Each fills what it is allowed with one thing.

use std::io::Write as _;

use super::read::BOMB_BYTES;

const MARK: &str = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
const TIME: &str = "2026-01-05T10:00:00.000Z";

/// A name and a document.
pub(super) type Bomb = (&'static str, Vec<u8>);

/// The same over and over, between a beginning and an end, as often as fits.
fn filled(begin: &str, again: &str, end: &str) -> Vec<u8> {
    let times = (BOMB_BYTES - begin.len() - end.len()) / again.len();
    let mut text = String::with_capacity(BOMB_BYTES);
    text.push_str(begin);
    for _ in 0..times {
        text.push_str(again);
    }
    // A comma between, none after the last.
    if again.ends_with(',') {
        text.pop();
    }
    text.push_str(end);
    text.into_bytes()
}

/// Numbered pieces, as many as fit.
fn numbered(begin: &str, piece: impl Fn(usize) -> String, end: &str) -> Vec<u8> {
    let mut text = begin.to_owned();
    for number in 0.. {
        let piece = piece(number);
        if text.len() + piece.len() + end.len() + 1 > BOMB_BYTES {
            break;
        }
        if number > 0 {
            text.push(',');
        }
        text.push_str(&piece);
    }
    text.push_str(end);
    text.into_bytes()
}

pub(super) fn of_json() -> Vec<Bomb> {
    vec![
        ("lists in lists", filled("", "[", "")),
        ("objects in objects", filled("", "{\"a\":", "")),
        (
            "closed lists in lists",
            format!(
                "{}{}",
                "[".repeat(BOMB_BYTES / 2),
                "]".repeat(BOMB_BYTES / 2)
            )
            .into_bytes(),
        ),
        ("the same key", filled("{", "\"k\":0,", "}")),
        ("the same escaped key", filled("{", "\"\\u006b\":0,", "}")),
        (
            "different keys",
            numbered("{", |n| format!("\"{n}\":0"), "}"),
        ),
        (
            "keys that differ at their end",
            numbered("{", |n| format!("\"{}{n}\":0", "k".repeat(200)), "}"),
        ),
        (
            "a long number",
            filled("{\"type\":\"bundle\",\"x\":", "9", "}"),
        ),
        ("a long fraction", filled("[0.", "0", "1]")),
        ("large exponents", filled("[", "1e999999999,", "]")),
        ("small exponents", filled("[", "-1.5e-999999999,", "]")),
        (
            "a long string",
            filled("{\"type\":\"bundle\",\"x\":\"", "y", "\"}"),
        ),
        ("a string of escapes", filled("[\"", "\\u0000", "\"]")),
        ("a string of pairs", filled("[\"", "\\ud83d\\ude00", "\"]")),
        ("half a pair", filled("[\"", "\\ud83d", "\"]")),
        ("a long key", filled("{\"", "k", "\":0}")),
        ("tiny elements", filled("[", "0,", "]")),
        ("empty lists", filled("[", "[],", "]")),
        ("empty objects", filled("[", "{},", "]")),
        ("empty strings", filled("{\"objects\":[", "\"\",", "]}")),
        ("white space", filled("{", " ", "}")),
        ("line ends", filled("[", "\n", "")),
    ]
}

fn bundle(piece: impl Fn(usize) -> String) -> Vec<u8> {
    let begin = "{\"type\":\"bundle\",\"id\":\"bundle--6f3c1f0e-0000-4000-8000-00000000ffff\",\"objects\":[";
    numbered(begin, piece, "]}")
}

fn note(number: usize, refs: &str, more: &str) -> String {
    format!(
        "{{\"type\":\"note\",\"spec_version\":\"2.1\",\"id\":\"{}\",\"created\":\"{TIME}\",\"modified\":\"{TIME}\",\
         \"content\":\"c\",\"object_refs\":[{refs}]{more}}}",
        id("note", number)
    )
}

fn mutex(number: usize, more: &str) -> String {
    format!(
        "{{\"type\":\"mutex\",\"id\":\"{}\",\"name\":\"m\"{more}}}",
        id("mutex", number)
    )
}

fn id(kind: &str, number: usize) -> String {
    format!("{kind}--00000000-0000-4000-8000-{number:012x}")
}

fn marked(marking: &str) -> String {
    format!(",\"object_marking_refs\":[\"{marking}\"]")
}

pub(super) fn of_stix() -> Vec<Bomb> {
    let quoted = |kind: &str, number: usize| format!("\"{}\"", id(kind, number));
    let red = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
    // As many ids as make lists and objects of about equal weight.
    let wide: Vec<String> = (0..200).map(|n| quoted("note", n)).collect();
    let wide = wide.join(",");
    vec![
        (
            "a chain down",
            bundle(|n| note(n, &quoted("note", n + 1), "")),
        ),
        (
            "a chain up",
            bundle(|n| {
                note(
                    n,
                    &quoted("note", n.saturating_sub(1)),
                    &if n == 0 { marked(red) } else { marked(MARK) },
                )
            }),
        ),
        (
            "a chain of containers",
            bundle(|n| {
                note(
                    n,
                    &quoted("note", n + 1),
                    &if n == 0 { marked(red) } else { String::new() },
                )
            }),
        ),
        ("all list the same", bundle(|n| note(n, &wide, ""))),
        (
            "all list the same, and are marked",
            bundle(|n| note(n, &wide, &marked(if n % 3 == 0 { red } else { MARK }))),
        ),
        ("one id for all", bundle(|_| mutex(1, &marked(MARK)))),
        (
            "one id for all, of two labels, and listed by all",
            bundle(|n| {
                note(
                    1,
                    &quoted("note", 1),
                    &marked(if n % 2 == 0 { red } else { MARK }),
                )
            }),
        ),
        (
            "one uuid for all types",
            bundle(|n| {
                format!(
                    "{{\"type\":\"x-{n}\",\"id\":\"x-{n}--00000000-0000-4000-8000-000000000000\"{}}}",
                    marked(if n % 2 == 0 { red } else { MARK })
                )
            }),
        ),
        (
            "many definitions, each marks the next",
            bundle(|n| {
                format!(
                    "{{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":\"{}\",\"created\":\"{TIME}\",\
                     \"definition_type\":\"statement\",\"definition\":{{\"statement\":\"s\"}}{}}}",
                    id("marking-definition", n),
                    marked(&id("marking-definition", n + 1))
                )
            }),
        ),
        (
            "many definitions, used by all",
            bundle(|n| {
                if n < 300 {
                    format!(
                        "{{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":\"{}\",\"created\":\"{TIME}\",\
                         \"definition_type\":\"statement\",\"definition\":{{\"statement\":\"s\"}}}}",
                        id("marking-definition", n)
                    )
                } else {
                    let all: Vec<String> =
                        (0..300).map(|n| quoted("marking-definition", n)).collect();
                    mutex(
                        n,
                        &format!(
                            ",\"object_marking_refs\":[{},\"{}\"]",
                            all.join(","),
                            if n % 2 == 0 { red } else { MARK }
                        ),
                    )
                }
            }),
        ),
        (
            "markings that are nowhere",
            bundle(|n| mutex(n, &marked(&id("marking-definition", n)))),
        ),
        (
            "granular markings",
            bundle(|n| {
                let marking = format!(
                    "{{\"selectors\":[\"name\",\"id\",\"type\"],\"marking_ref\":\"{MARK}\"}}"
                );
                mutex(
                    n,
                    &format!(
                        ",\"granular_markings\":[{}]",
                        vec![marking; 5_000].join(",")
                    ),
                )
            }),
        ),
        (
            "selectors",
            bundle(|n| {
                let selectors = vec!["\"x.[0].y.[999999999999999999999].z\""; 20_000].join(",");
                mutex(
                    n,
                    &format!(
                        ",\"granular_markings\":[{{\"selectors\":[{selectors}],\"marking_ref\":\"{MARK}\"}}]"
                    ),
                )
            }),
        ),
        ("objects of nothing", bundle(|_| "{}".to_owned())),
        ("objects that are none", bundle(|_| "0".to_owned())),
        (
            "bundles in bundles",
            bundle(|n| format!("{{\"type\":\"bundle\",\"id\":\"{}\"}}", id("bundle", n))),
        ),
        (
            "a pattern of brackets",
            with_pattern(&"(".repeat(BOMB_BYTES / 2)),
        ),
        (
            "a pattern of terms",
            with_pattern(&"[a:b = 'c'] AND ".repeat(BOMB_BYTES / 20)),
        ),
        (
            "a pattern of negations",
            with_pattern(&format!("[{}a:b = 1]", "NOT ".repeat(BOMB_BYTES / 5))),
        ),
        (
            "a pattern of a pattern",
            with_pattern(&format!(
                "[file:name MATCHES '{}$']",
                "(a+)+".repeat(BOMB_BYTES / 6)
            )),
        ),
        (
            "a pattern of quotes",
            with_pattern(&"'".repeat(BOMB_BYTES - 1_000)),
        ),
        (
            "ids in a text",
            bundle(|n| {
                if n == 0 {
                    let text: Vec<String> = (0..BOMB_BYTES / 100).map(|n| id("mutex", n)).collect();
                    note(
                        0,
                        &quoted("mutex", 1),
                        &format!(",\"x_text\":\"{}\"", text.join(" ")),
                    )
                } else {
                    mutex(n, &marked(if n % 2 == 0 { red } else { MARK }))
                }
            }),
        ),
        (
            "hyphens",
            bundle(|n| {
                mutex(
                    n,
                    &format!(",\"x_text\":\"{}\"", "-".repeat(BOMB_BYTES / 3)),
                )
            }),
        ),
        (
            "nearly ids",
            bundle(|n| {
                mutex(
                    n,
                    &format!(",\"x_text\":\"{}\"", "0000000-".repeat(BOMB_BYTES / 30)),
                )
            }),
        ),
        (
            "escaped hyphens",
            bundle(|n| {
                mutex(
                    n,
                    &format!(",\"x_text\":\"{}\"", "\\u002d".repeat(BOMB_BYTES / 30)),
                )
            }),
        ),
        (
            "payloads",
            bundle(|n| {
                mutex(
                    n,
                    &format!(
                        ",\"x_text\":\"data:text/plain;base64,{}\"",
                        "VExQOlJFRA".repeat(20)
                    ),
                )
            }),
        ),
        (
            "a payload in payloads",
            bundle(|n| {
                mutex(
                    n,
                    &format!(",\"payload_bin\":\"{}\"", "data:;base64,".repeat(1_000)),
                )
            }),
        ),
    ]
}

fn with_pattern(pattern: &str) -> Vec<u8> {
    let pattern = pattern.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "{{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"{}\",\"created\":\"{TIME}\",\"modified\":\"{TIME}\",\
         \"pattern_type\":\"stix\",\"valid_from\":\"{TIME}\",\"pattern\":\"{pattern}\"}}",
        id("indicator", 1)
    )
    .into_bytes()
}

pub(super) fn of_misp_and_csaf() -> Vec<Bomb> {
    let event = "{\"Event\":{\"uuid\":\"00000000-0000-4000-8000-000000000001\",\"info\":\"i\",\"date\":\"2026-01-05\",\
                 \"timestamp\":\"1\",\"distribution\":\"3\",";
    let uuid = |n: usize| format!("00000000-0000-4000-9000-{n:012x}");
    let attribute = move |n: usize| {
        format!(
            "{{\"uuid\":\"{}\",\"type\":\"domain\",\"category\":\"Other\",\"value\":\"v\",\"comment\":\"{}\"}}",
            uuid(n),
            uuid(n + 1)
        )
    };
    let csaf = |more: &str| {
        format!(
            "{{\"document\":{{\"category\":\"csaf_base\",\"csaf_version\":\"2.0\",\"title\":\"t\",\"publisher\":{{\"category\":\"vendor\",\
             \"name\":\"v\",\"namespace\":\"https://v.example\"}},\"tracking\":{{\"id\":\"1\",\"status\":\"final\",\"version\":\"1\",\
             \"initial_release_date\":\"{TIME}\",\"current_release_date\":\"{TIME}\",\"revision_history\":[{{\"date\":\"{TIME}\",\
             \"number\":\"1\",\"summary\":\"s\"}}]}},\"distribution\":{{\"tlp\":{{\"label\":\"GREEN\"}}}}}},{more}"
        )
    };
    vec![
        (
            "attributes in a chain",
            numbered(&format!("{event}\"Attribute\":["), attribute, "]}}"),
        ),
        (
            "attributes of nothing",
            filled(&format!("{event}\"Attribute\":["), "{},", "]}}"),
        ),
        (
            "tags",
            filled(
                &format!("{event}\"Tag\":["),
                "{\"name\":\"tlp:green\"},",
                "]}}",
            ),
        ),
        (
            "unknown tags",
            numbered(
                &format!("{event}\"Tag\":["),
                |n| format!("{{\"name\":\"tlp:x{n}\"}}"),
                "]}}",
            ),
        ),
        ("events", filled("[", "{\"Event\":{}},", "]")),
        (
            "events in events",
            filled(
                &format!("{event}\"RelatedEvent\":["),
                "{\"Event\":{\"RelatedEvent\":[{\"Event\":{}}]}},",
                "]}}",
            ),
        ),
        (
            "references",
            numbered(
                &format!("{event}\"Object\":["),
                |n| {
                    let refs: Vec<String> = (0..50)
                        .map(|r| {
                            format!(
                                "{{\"uuid\":\"{}\",\"referenced_uuid\":\"{}\"}}",
                                uuid(n * 100 + r),
                                uuid(1_000_000 + r)
                            )
                        })
                        .collect();
                    format!(
                        "{{\"uuid\":\"{}\",\"name\":\"o\",\"ObjectReference\":[{}]}}",
                        uuid(1_000_000 + n),
                        refs.join(",")
                    )
                },
                "]}}",
            ),
        ),
        (
            "products",
            numbered(
                &format!("{}\"product_tree\":{{\"full_product_names\":[", csaf("")),
                |n| format!("{{\"name\":\"p\",\"product_id\":\"P-{n}\"}}"),
                "]}}",
            ),
        ),
        (
            "one product for all",
            filled(
                &format!("{}\"product_tree\":{{\"full_product_names\":[", csaf("")),
                "{\"name\":\"p\",\"product_id\":\"P\"},",
                "]}}",
            ),
        ),
        (
            "groups of all products",
            numbered(
                &format!("{}\"product_tree\":{{\"product_groups\":[", csaf("")),
                |n| {
                    let ids: Vec<String> = (0..1_000).map(|p| format!("\"P-{p}\"")).collect();
                    format!(
                        "{{\"group_id\":\"G-{n}\",\"product_ids\":[{}]}}",
                        ids.join(",")
                    )
                },
                "]}}",
            ),
        ),
        (
            "vulnerabilities",
            numbered(
                &format!("{}\"vulnerabilities\":[", csaf("")),
                |n| {
                    format!(
                        "{{\"product_status\":{{\"known_affected\":[\"P-{n}\"],\"fixed\":[\"P-{n}\"]}}}}"
                    )
                },
                "]}",
            ),
        ),
        (
            "revisions",
            numbered(
                "{\"document\":{\"category\":\"csaf_base\",\"csaf_version\":\"2.0\",\"title\":\"t\",\"publisher\":{},\"tracking\":{\"id\":\"1\",\
                 \"version\":\"1\",\"revision_history\":[",
                |n| {
                    format!(
                        "{{\"date\":\"{TIME}\",\"number\":\"{}\",\"summary\":\"s\"}}",
                        n % 3
                    )
                },
                "]}}}",
            ),
        ),
        (
            "a long version",
            filled(
                "{\"document\":{\"category\":\"csaf_base\",\"csaf_version\":\"2.0\",\"title\":\"t\",\"publisher\":{},\"tracking\":{\"id\":\"1\",\
                 \"version\":\"",
                "9.",
                "\"}}}",
            ),
        ),
    ]
}

pub(super) fn of_text() -> Vec<Bomb> {
    let repeated = |what: &str| what.repeat(BOMB_BYTES / what.len()).into_bytes();
    vec![
        ("labels", repeated("TLP:RED ")),
        ("labels in lines", repeated("TLP:RED\n")),
        ("unknown labels", repeated("tlp:x\n")),
        ("nearly labels", repeated("TLP")),
        ("colons", repeated("TLP:")),
        ("separators", repeated("TLP: * ")),
        (
            "separators without an end",
            [b"TLP:".to_vec(), repeated(" ")].concat()[..BOMB_BYTES].to_vec(),
        ),
        ("slashes", repeated("TLP:GREEN/")),
        ("brackets", repeated("<")),
        ("open elements", repeated("TLP:<b ")),
        ("elements", repeated("<b>TLP</b>")),
        ("open entities", repeated("&#")),
        ("entities", repeated("TLP&#58;")),
        ("backslashes", repeated("TLP\\")),
        ("emphasis", repeated("TLP**")),
        ("cells", repeated("|")),
        ("heads of tables", repeated("|TLP|\n")),
        (
            "rows",
            [b"|a|TLP|\n|-|-|\n".to_vec(), repeated("|a|RED|\n")].concat()[..BOMB_BYTES].to_vec(),
        ),
        ("line ends", repeated("\n")),
        ("carriage returns", repeated("\r")),
        ("zero width", repeated("T\u{200b}\u{200b}\u{200b}LP:")),
        // One character that becomes eighteen.
        ("ligatures", repeated("\u{fdfa}")),
        (
            "combining marks",
            [b"a".to_vec(), repeated("\u{301}\u{323}")].concat()[..BOMB_BYTES - 1].to_vec(),
        ),
        ("fronts", repeated("---\ntlp: x\n")),
        ("headings", repeated("#")),
        ("payloads", repeated("data:text/plain;base64,VExQOlJFRA== ")),
        ("base64", repeated("VExQOlJF")),
        ("links", repeated("[TLP](")),
    ]
}

pub(super) fn of_gzip() -> Vec<Bomb> {
    let zeros = packed(&vec![0; 64 * 1024 * 1024]);
    let spaces = packed(&vec![b' '; 64 * 1024 * 1024]);
    let empty = packed(b"");
    vec![
        ("zeros", zeros.clone()),
        ("spaces", spaces.clone()),
        ("packed twice", packed(&packed(&spaces))),
        (
            "many members of nothing",
            empty.repeat(BOMB_BYTES / empty.len()),
        ),
        (
            "members",
            [empty.repeat(1_000), zeros.clone(), spaces].concat(),
        ),
        ("cut off", zeros[..zeros.len() / 2].to_vec()),
        (
            "followed by something",
            [packed(b"TLP:GREEN\n"), vec![b'x'; 1_000_000]].concat(),
        ),
        ("a long name", {
            // FNAME is set, and the name has no end.
            [
                vec![0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3],
                vec![b'n'; BOMB_BYTES],
            ]
            .concat()
        }),
    ]
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
