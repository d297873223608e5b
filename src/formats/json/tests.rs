use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Result<Json, JsonError> {
    Json::parse(&Bytes::copy_from_slice(text.as_bytes()))
}

/// The same value as the ordinary reader builds it.
fn value(element: Element<'_>) -> serde_json::Value {
    if element.is_object() {
        serde_json::Value::Object(
            element
                .entries()
                .map(|(key, v)| (key.to_owned(), value(v)))
                .collect(),
        )
    } else if element.is_array() {
        element.items().map(value).collect()
    } else if let Some(text) = element.as_str() {
        text.into()
    } else if let Some(number) = element.as_number() {
        serde_json::from_str(number).unwrap()
    } else {
        element
            .as_bool()
            .map_or(serde_json::Value::Null, Into::into)
    }
}

/// Both readers accept the same documents and read the same from them, except for what only ours refuses on purpose.
fn readers_agree(text: &str) {
    let ordinary = serde_json::from_str::<serde_json::Value>(text);
    match (parse(text), ordinary) {
        (Ok(ours), Ok(theirs)) => assert_eq!(value(ours.root()), theirs, "{text}"),
        (Err(JsonError::DuplicateKey { .. } | JsonError::TooDeep { .. }), _) => {}
        (Err(JsonError::Syntax { .. }), Err(_)) => {}
        (Ok(_), Err(e)) => panic!("only ours accepts {text:?}: {e}"),
        (Err(e), Ok(_)) => panic!("only ours refuses {text:?}: {e:?}"),
    }
}

#[test]
fn what_two_readers_may_read_differently_is_refused_with_its_place() {
    for (text, pointer) in [
        (r#"{"a":1,"a":2}"#, "/a"),
        (r#"{"a":1,"\u0061":2}"#, "/a"),
        (r#"{"x":[0,{"b":{"c/~":1,"d":2,"c/~":3}}]}"#, "/x/1/b/c~1~0"),
        (r#"[[],[{"":1,"":1}]]"#, "/1/0/"),
    ] {
        let pointer = pointer.to_owned();
        assert_eq!(
            parse(text).unwrap_err(),
            JsonError::DuplicateKey { pointer },
            "{text}"
        );
    }
    // An object large enough to be searched by sorting.
    let many: Vec<String> = (0..40).map(|i| format!("\"k{i}\":{{}}")).collect();
    assert!(parse(&format!("{{{}}}", many.join(","))).is_ok());
    let doubled = format!("{{{},\"k17\":0}}", many.join(","));
    assert_eq!(
        parse(&doubled).unwrap_err(),
        JsonError::DuplicateKey {
            pointer: "/k17".to_owned()
        }
    );
    // The same key in neighbouring objects is no double.
    assert!(parse(r#"{"a":{"a":1},"b":[{"a":1},{"a":2}]}"#).is_ok());
}

#[test]
fn nesting_ends_at_the_limit() {
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(parse(&deep(DEPTH_MAX)).is_ok());
    let JsonError::TooDeep { pointer } = parse(&deep(DEPTH_MAX + 1)).unwrap_err() else {
        panic!("not too deep");
    };
    assert_eq!(pointer, "/0".repeat(DEPTH_MAX - 1));
    assert!(matches!(
        parse(&"{\"a\":[".repeat(100_000)),
        Err(JsonError::TooDeep { .. })
    ));
}

#[test]
fn damage_is_told_with_line_and_column() {
    let error = parse("{\n  \"a\": 1,\n}").unwrap_err();
    assert_eq!(
        error,
        JsonError::Syntax {
            line: 3,
            column: 1,
            problem: "expected a key in double quotes"
        }
    );
}

#[test]
fn both_readers_agree_on_odd_documents() {
    for text in [
        "",
        " ",
        "{",
        "[",
        "{}",
        "[]",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "[,1]",
        "nul",
        "null",
        "nulls",
        "true false",
        "-",
        "-0",
        "01",
        "1.",
        ".5",
        "1e",
        "1e5",
        "1e+5",
        "1E-5",
        "-1.5e3",
        "1e999",
        "+1",
        "0x1",
        "NaN",
        "\"",
        "\"a",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u0041\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"\\ude00\"",
        "\"\\ud83d\\u0041\"",
        "\"\t\"",
        "\"\u{1f}\"",
        "\"\u{7f}\"",
        "\"é\\né\"",
        "[1 2]",
        "{\"a\":1 \"b\":2}",
        "[1}",
        "{\"a\":1]",
        "[]]",
        "{\"a\":[{\"b\":[]},{}],\"c\":null}",
        "\u{feff}{}",
        "'a'",
        "[\"\\/\\b\\f\\n\\r\\t\"]",
        "//\n1",
        "[1,/**/2]",
        "18446744073709551616",
        "123456789012345678901234567890",
    ] {
        readers_agree(text);
    }
}

#[test]
fn a_walk_visits_everything_in_order_with_its_path() {
    let json = parse(r#"{"a":[1,{"b/c":"x"},[]],"d":{},"e":null}"#).unwrap();
    let mut places = Vec::new();
    json.root().walk(|path, _| places.push(path.pointer()));
    assert_eq!(
        places,
        ["", "/a", "/a/0", "/a/1", "/a/1/b~1c", "/a/2", "/d", "/e"]
    );
    let mut within = Vec::new();
    let a = json.root().get("a").unwrap();
    a.walk(|path, _| within.push(path.pointer()));
    assert_eq!(within, ["", "/0", "/1", "/1/b~1c", "/2"]);
}

/// The source of each value and key, read by itself, is that value and key; and what stands beside it is white space or
/// punctuation.
fn ranges_hold(text: &str) {
    let json = parse(text).unwrap();
    json.root().walk(|path, element| {
        let range = element.range();
        let slice = &text[range.clone()];
        assert_eq!(slice.trim(), slice, "{text} {}", path.pointer());
        let alone: serde_json::Value = serde_json::from_str(slice).unwrap();
        assert_eq!(alone, value(element), "{text} {}", path.pointer());
        match (path.key(), element.key_range()) {
            (Some(key), Some(place)) => {
                assert_eq!(
                    serde_json::from_str::<String>(&text[place.clone()]).unwrap(),
                    key
                );
                assert_eq!(text[place.end..range.start].trim(), ":");
            }
            (None, None) => {}
            (key, place) => panic!("{text}: {key:?} at {place:?}"),
        }
    });
}

#[test]
fn each_value_and_key_knows_its_bytes() {
    let text = " {\n\t\"a\" : [ 1 , -2.5e3 ,true,false , null,\"x\" ],\"\\u0062\\/\": {\"\":\"\\n\" , \"é\":{ } }\r\n, \"c\":[ [] ] } ";
    ranges_hold(text);
    let json = parse(text).unwrap();
    let slice = |e: Element<'_>| &text[e.range()];
    assert_eq!(slice(json.root()), text.trim());
    let escaped = json.root().get("b/").unwrap();
    assert_eq!(slice(escaped), "{\"\":\"\\n\" , \"é\":{ } }");
    assert_eq!(&text[escaped.key_range().unwrap()], "\"\\u0062\\/\"");
    assert_eq!(slice(escaped.get("").unwrap()), "\"\\n\"");
    let c = json.root().get("c").unwrap();
    assert_eq!(slice(c), "[ [] ]");
    assert_eq!(slice(c.items().next().unwrap()), "[]");
    assert_eq!(c.items().next().unwrap().key_range(), None);
    for alone in ["0", "\"\"", "[]", "null"] {
        ranges_hold(alone);
        ranges_hold(&format!(" {alone}\n"));
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "\\PC{0,20}".prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 64, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec(("[a-d\\\\\"é]{0,3}", inner), 0..20)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn both_readers_agree_on_any_document(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty {
            serde_json::to_string_pretty(&value)
        } else {
            serde_json::to_string(&value)
        };
        let text = text.unwrap();
        readers_agree(&text);
        ranges_hold(&text);
    }

    #[test]
    fn both_readers_agree_on_damaged_documents(
        value in any_json(),
        at in any::<prop::sample::Index>(),
        put in prop::sample::select(vec!["", "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "e", ".", "-", "\\ud800", "\u{1}", " "]),
        take in 0usize..3,
    ) {
        let text = serde_json::to_string(&value).unwrap();
        let chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        let damaged: String = chars[..at]
            .iter()
            .copied()
            .chain(put.chars())
            .chain(chars[at..].iter().copied().skip(take))
            .collect();
        readers_agree(&damaged);
    }
}
