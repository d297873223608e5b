use super::*;
use crate::formats::stix::published;
use crate::formats::{Limits, read};
use bytes::Bytes;
use serde_json::{Value, json};

mod hidden;

fn document(text: &str) -> Document {
    read(&Bytes::copy_from_slice(text.as_bytes()), &Limits::default()).unwrap()
}

fn json_document(value: &Value) -> Document {
    document(&value.to_string())
}

fn marked(value: &Value, declared: Option<Label>) -> Marked {
    mark(&json_document(value), declared, &[]).unwrap()
}

fn word(marking: &str, label: Label) -> ResolvedMarking {
    ResolvedMarking {
        marking: marking.to_owned(),
        label,
    }
}

const REPORT: &str = "report--84e4d88f-44ea-4bcd-bbf3-b2c1c320bcb3";
const INDICATOR: &str = "indicator--26ffb872-1dd9-446e-b6f5-d58527e5b5d2";
const MALWARE: &str = "malware--31b940d4-6f7f-459a-80ea-9c1f17b58abc";
const CUSTOM: &str = "marking-definition--11111111-2222-4333-8444-555555555555";

fn indicator() -> Value {
    json!({"type": "indicator", "spec_version": "2.1", "id": INDICATOR, "created": "2024-01-01T00:00:00.000Z",
        "modified": "2024-01-01T00:00:00.000Z", "name": "i", "pattern": "[url:value = 'http://x.example/']",
        "pattern_type": "stix", "valid_from": "2024-01-01T00:00:00Z"})
}

fn malware() -> Value {
    json!({"type": "malware", "spec_version": "2.1", "id": MALWARE, "created": "2024-01-01T00:00:00.000Z",
        "modified": "2024-01-01T00:00:00.000Z", "name": "m", "is_family": false})
}

fn report(refs: &[&str]) -> Value {
    json!({"type": "report", "spec_version": "2.1", "id": REPORT, "created": "2024-01-01T00:00:00.000Z",
        "modified": "2024-01-01T00:00:00.000Z", "name": "r", "published": "2024-01-01T00:00:00Z", "object_refs": refs})
}

fn bundle(objects: Vec<Value>) -> Value {
    json!({"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d", "objects": objects})
}

fn with(mut object: Value, key: &str, value: Value) -> Value {
    object[key] = value;
    object
}

fn definition(extra: Value) -> Value {
    let mut object = json!({"type": "marking-definition", "spec_version": "2.1", "id": CUSTOM,
        "created": "2024-01-01T00:00:00.000Z"});
    for (key, value) in extra.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

fn csaf(version: &str, distribution: Value) -> Value {
    json!({"document": {"category": "csaf_base", "csaf_version": version, "title": "t",
        "distribution": distribution,
        "publisher": {"category": "vendor", "name": "n", "namespace": "https://n.example"},
        "notes": [{"category": "summary", "text": "s"}],
        "tracking": {"id": "A-1", "version": "1", "status": "final",
            "current_release_date": "2024-01-01T00:00:00Z", "initial_release_date": "2024-01-01T00:00:00Z",
            "revision_history": [{"date": "2024-01-01T00:00:00Z", "number": "1", "summary": "s"}]}}})
}

fn misp(extra: Value) -> Value {
    let mut event = json!({"uuid": "385283a1-b5e0-4e10-a532-dce11c365a56", "info": "e", "date": "2024-01-01",
        "timestamp": "1700000000", "Orgc": {"name": "o", "uuid": "10c8f445-888b-4a2d-bac8-4e1e8861d595"},
        "Attribute": [{"type": "url", "value": "http://x.example/"}]});
    for (key, value) in extra.as_object().unwrap() {
        event[key] = value.clone();
    }
    json!({ "Event": event })
}

/// Each spelling of a label that a document may carry.
fn spellings(label: Label) -> Vec<String> {
    let name = label.name();
    let mut all = vec![
        format!("TLP:{name}"),
        format!("tlp:{}", name.to_lowercase()),
        format!("TLP: {name}"),
        format!("(TLP:{name})"),
        format!("before **TLP:{name}** behind"),
        format!("ＴＬＰ：{name}"),
        format!("T\u{200b}LP:{name}"),
    ];
    if label == Label::Clear {
        all.push("TLP:WHITE".into());
    }
    if label == Label::AmberStrict {
        all.extend(["TLP:AMBER_STRICT", "TLP:AMBER STRICT", "tlp:amber-strict"].map(String::from));
    }
    all
}

/// Every document that carries this label in one place, with the name of the place.
fn planted(label: Label) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (uuid, of) in published::TLP.iter().filter(|(_, l)| *l == label) {
        assert_eq!(*of, label);
        let id = format!("marking-definition--{uuid}");
        let upper = format!("marking-definition--{}", uuid.to_uppercase());
        for id in [&id, &upper] {
            let refs = json!([id]);
            let marked = with(indicator(), "object_marking_refs", refs.clone());
            all.extend([
                ("ref".into(), bundle(vec![marked.clone(), malware()])),
                ("bare object".into(), marked.clone()),
                ("list".into(), json!([malware(), marked.clone()])),
                ("envelope".into(), json!({"objects": [marked.clone()]})),
                ("ref beside a lower one".into(), bundle(vec![
                    with(indicator(), "object_marking_refs", json!(["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", id])),
                ])),
                ("granular".into(), bundle(vec![
                    with(indicator(), "granular_markings", json!([{"selectors": ["name"], "marking_ref": id}])),
                ])),
                ("granular on a definition".into(), bundle(vec![
                    definition(json!({"definition_type": "statement", "definition": {"statement": "s"},
                        "granular_markings": [{"selectors": ["created"], "marking_ref": id}]})),
                ])),
                ("ref that is no list".into(), bundle(vec![with(indicator(), "object_marking_refs", json!(id))])),
                ("ref of the bundle".into(), with(bundle(vec![indicator()]), "object_marking_refs", refs.clone())),
                ("embedded observable".into(), bundle(vec![
                    json!({"type": "observed-data", "spec_version": "2.1", "id": "observed-data--b67d30ff-02ac-498a-92f9-32f845f448cf",
                        "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z",
                        "first_observed": "2024-01-01T00:00:00Z", "last_observed": "2024-01-01T00:00:00Z", "number_observed": 1,
                        "objects": {"0": {"type": "url", "value": "http://x.example", "object_marking_refs": refs}}}),
                ])),
                ("2.0".into(), json!({"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d", "spec_version": "2.0",
                    "objects": [{"type": "indicator", "id": INDICATOR, "labels": ["x"], "object_marking_refs": refs}]})),
            ]);
            if label != Label::Clear {
                // A document cannot redefine a published id to something lower.
                let lower = definition(
                    json!({"id": id, "definition_type": "tlp", "name": "TLP:CLEAR", "definition": {"tlp": "clear"}}),
                );
                all.push(("redefined".into(), bundle(vec![lower, marked.clone()])));
            }
        }
    }
    let name = label.name();
    for value in [name.to_owned(), name.to_lowercase(), format!("TLP:{name}")] {
        for (place, extra) in [
            (
                "definition.tlp",
                json!({"definition_type": "tlp", "definition": {"tlp": value}}),
            ),
            (
                "definition.TLP",
                json!({"definition_type": "TLP", "definition": {"TLP": value}}),
            ),
            (
                "other type with tlp",
                json!({"definition_type": "ais", "definition": {"tlp": value}}),
            ),
            (
                "tlp_2_0",
                json!({"extensions": {"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":
                {"extension_type": "property-extension", "tlp_2_0": value}}}),
            ),
            (
                "IEP",
                json!({"name": "IEP", "extensions": {"extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a":
                {"extension_type": "property-extension", "tlp": value}}}),
            ),
            (
                "name",
                json!({"name": format!("TLP:{name}"), "definition_type": "statement", "definition": {"statement": "s"}}),
            ),
            (
                "statement",
                json!({"definition_type": "statement", "definition": {"statement": format!("Distributed as TLP:{name}.")}}),
            ),
        ] {
            let used = with(indicator(), "object_marking_refs", json!([CUSTOM]));
            all.push((
                place.to_owned(),
                bundle(vec![definition(extra.clone()), used.clone()]),
            ));
            all.push((
                format!("{place}, defined behind"),
                bundle(vec![used, definition(extra.clone())]),
            ));
            all.push((
                format!("{place}, unused"),
                bundle(vec![definition(extra), indicator()]),
            ));
        }
        all.push((
            "custom property".into(),
            bundle(vec![with(indicator(), "x_tlp", json!(value))]),
        ));
        for version in ["2.0", "2.1"] {
            all.push((
                format!("CSAF {version}"),
                csaf(version, json!({"tlp": {"label": value}})),
            ));
        }
        all.push((
            "template's relation".into(),
            misp(json!({"Object": [{"name": "x", "Attribute": [
            {"type": "text", "object_relation": "tlp", "value": value}]}]})),
        ));
    }
    for text in spellings(label) {
        let place = |p: &str| format!("{p}: {text}");
        all.extend([
            (
                place("STIX text"),
                bundle(vec![with(indicator(), "description", json!(text))]),
            ),
            (
                place("STIX labels"),
                bundle(vec![with(indicator(), "labels", json!(["x", text]))]),
            ),
            (
                place("STIX nested"),
                bundle(vec![with(indicator(), "x_a", json!({"b": [{"c": text}]}))]),
            ),
            (
                place("STIX key"),
                bundle(vec![with(indicator(), "x_a", json!({text.clone(): 1}))]),
            ),
            (
                place("CSAF text"),
                csaf(
                    "2.0",
                    json!({"text": format!("TLP v2.0: {text}"), "tlp": {"label": "WHITE"}}),
                ),
            ),
            (
                place("CSAF note"),
                with(
                    csaf("2.1", json!({"tlp": {"label": "CLEAR"}})),
                    "vulnerabilities",
                    json!([{"notes": [{"text": text}]}]),
                ),
            ),
            (
                place("MISP tag"),
                misp(json!({"Tag": [{"name": "x"}, {"name": text}]})),
            ),
            (
                place("MISP attribute tag"),
                misp(
                    json!({"Attribute": [{"type": "url", "value": "u", "Tag": [{"name": text}]}]}),
                ),
            ),
            (
                place("MISP object's attribute tag"),
                misp(json!({"Object": [{"name": "x", "Attribute": [
                {"type": "url", "value": "u", "Tag": [{"name": text}]}]}]})),
            ),
            (
                place("MISP object tag"),
                misp(json!({"Object": [{"name": "x", "Tag": [{"name": text}]}]})),
            ),
            (
                place("MISP report"),
                misp(json!({"EventReport": [{"name": "x", "content": text}]})),
            ),
            (
                place("MISP comment"),
                misp(json!({"Attribute": [{"type": "url", "value": "u", "comment": text}]})),
            ),
            (
                place("MISP response"),
                json!({"response": [misp(json!({})), misp(json!({"info": text}))]}),
            ),
            (
                place("MISP list"),
                json!([misp(json!({})), misp(json!({"info": text}))]),
            ),
            (
                place("MISP bare"),
                misp(json!({"info": text}))["Event"].clone(),
            ),
        ]);
    }
    all
}

#[test]
fn no_label_planted_anywhere_is_ever_undercut() {
    let mut count = 0;
    for label in Label::ALL {
        for (place, value) in planted(label) {
            let document = json_document(&value);
            for declared in [
                None,
                Some(Label::Clear),
                Some(Label::Green),
                Some(Label::Red),
            ] {
                let marked = mark(&document, declared, &[word("x", Label::Clear)]);
                let marked =
                    marked.unwrap_or_else(|r| panic!("{label} in {place}: {r:?}\n{value}"));
                assert!(
                    marked.label >= label && declared <= Some(marked.label),
                    "{label} in {place}, declared {declared:?}, gives {}\n{value}",
                    marked.label
                );
                count += 1;
            }
            // Exactly the label where nothing else says more.
            if declared_free(&place) {
                assert_eq!(marked_label(&document), label, "{place}\n{value}");
            }
        }
    }
    assert!(count > 3_000, "{count}");
}

/// Places whose document says nothing else.
fn declared_free(place: &str) -> bool {
    !place.starts_with("redefined")
}

fn marked_label(document: &Document) -> Label {
    mark(document, None, &[]).unwrap().label
}

#[test]
fn text_above_the_declared_label_is_refused_at_each_line() {
    let text = document("# Note\n\nTLP:AMBER\nquoting TLP:RED here, TLP:GREEN there\n");
    let refusal = mark(&text, Some(Label::Green), &[]).unwrap_err();
    assert_eq!(refusal.reason, Reason::LabelInText);
    let places: Vec<_> = refusal.places.iter().map(|p| p.place.as_str()).collect();
    assert_eq!(places, ["line:3", "line:4"]);
    let one = [word("line:4", Label::Green)];
    let refusal = mark(&text, Some(Label::Green), &one).unwrap_err();
    assert_eq!(refusal.places.len(), 1);
    let both = [word("line:4", Label::Green), word("line:3", Label::Clear)];
    let marked = mark(&text, Some(Label::Green), &both).unwrap();
    assert_eq!((marked.label, marked.decided_by), (Label::Green, None));
}

#[test]
fn text_without_a_declared_label_takes_the_strictest_found() {
    let text = document("TLP:GREEN\nTLP:AMBER+STRICT\n");
    let marked = mark(&text, None, &[]).unwrap();
    assert_eq!(marked.label, Label::AmberStrict);
    assert_eq!(marked.decided_by.as_deref(), Some("line:2"));
    assert_eq!(
        mark(&document("nothing"), None, &[]).unwrap_err().reason,
        Reason::NoLabel
    );
    assert_eq!(
        mark(&document("TLP:FOO"), None, &[]).unwrap().label,
        Label::Red
    );
}

#[test]
fn unknown_and_unresolved_markings_are_red_until_settled() {
    let unresolved = bundle(vec![with(
        indicator(),
        "object_marking_refs",
        json!([CUSTOM]),
    )]);
    let test = bundle(vec![
        definition(json!({"definition_type": "TLP", "definition": {"TLP": "TLP:TEST"}})),
        with(indicator(), "object_marking_refs", json!([CUSTOM])),
    ]);
    let rainbow = misp(json!({"Tag": [{"name": "tlp:rainbow"}]}));
    let unclear = misp(json!({"Tag": [{"name": "tlp:unclear"}]}));
    for (value, name) in [
        (unresolved, CUSTOM),
        (test, CUSTOM),
        (rainbow, "TLP:Rainbow"),
        (unclear, "/Event/Tag/0/name"),
    ] {
        let document = json_document(&value);
        let unsettled = mark(&document, Some(Label::Green), &[]).unwrap();
        assert_eq!(unsettled.label, Label::Red, "{value}");
        assert!(
            unsettled
                .remarks
                .iter()
                .any(|r| r.contains("counts as RED"))
        );
        let settled = mark(&document, Some(Label::Green), &[word(name, Label::Amber)]).unwrap();
        assert_eq!(settled.label, Label::Amber, "{value}");
    }
}

#[test]
fn a_known_label_cannot_be_settled_away() {
    let red = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed";
    let value = bundle(vec![with(indicator(), "object_marking_refs", json!([red]))]);
    let words = [
        word(red, Label::Clear),
        word("/objects/0/object_marking_refs/0", Label::Clear),
    ];
    let marked = mark(&json_document(&value), None, &words).unwrap();
    assert_eq!(marked.label, Label::Red);
    assert_eq!(marked.remarks.len(), 2);
}

#[test]
fn markings_of_other_families_do_not_count() {
    for other in [
        json!({"definition_type": "statement", "definition": {"statement": "Copyright"}}),
        json!({"extensions": {"extension-definition--f8d78575-edfd-406e-8e84-6162a8450f5b":
            {"extension_type": "property-extension", "pap": "red"}}}),
    ] {
        let value = bundle(vec![
            definition(other),
            with(indicator(), "object_marking_refs", json!([CUSTOM])),
        ]);
        assert_eq!(marked(&value, Some(Label::Clear)).label, Label::Clear);
        assert_eq!(
            mark(&json_document(&value), None, &[]).unwrap_err().reason,
            Reason::NoLabel
        );
    }
    let pap = "marking-definition--740d36e5-7714-4c30-961a-3ae632ceee0e";
    let value = bundle(vec![with(indicator(), "object_marking_refs", json!([pap]))]);
    assert_eq!(marked(&value, Some(Label::Clear)).label, Label::Clear);
}

#[test]
fn a_published_id_means_what_is_published_whatever_the_document_says() {
    let red = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed";
    let clear = "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9";
    for (id, said) in [(red, "clear"), (clear, "red")] {
        let value = bundle(vec![
            definition(json!({"id": id, "definition_type": "tlp", "definition": {"tlp": said}})),
            with(indicator(), "object_marking_refs", json!([id])),
        ]);
        let document = json_document(&value);
        assert_eq!(document.problems[0].place, "/objects/0");
        // The stricter of the two, should anybody look at the label of a document that is not valid.
        assert_eq!(mark(&document, None, &[]).unwrap().label, Label::Red);
    }
    // Another spelling of the same level is no contradiction.
    let value = bundle(vec![definition(
        json!({"id": clear, "definition_type": "tlp", "name": "TLP:CLEAR", "definition": {"tlp": "clear"}}),
    )]);
    assert_eq!(json_document(&value).problems, []);
}

#[test]
fn the_chatham_house_rule_is_no_label() {
    let value = misp(json!({"Tag": [{"name": "tlp:ex:chr"}, {"name": "tlp:green"}]}));
    let marked = marked(&value, None);
    assert_eq!(marked.label, Label::Green);
    assert_eq!(marked.markings.len(), 1);
    assert!(marked.remarks.iter().any(|r| r.contains("source")));
}

#[test]
fn unmarked_objects_take_the_label_of_their_strictest_container() {
    let green = json!(["marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"]);
    let red = json!(["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"]);
    let note = |id: &str, refs: &[&str]| {
        json!({"type": "note", "spec_version": "2.1", "id": id, "created": "2024-01-01T00:00:00.000Z",
            "modified": "2024-01-01T00:00:00.000Z", "content": "c", "object_refs": refs})
    };
    let n = "note--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061";
    let objects = |value: &Value, declared| marked(value, declared).objects;
    // A marked report, and what it lists: one unmarked, one marked lower, one not listed, a definition.
    let value = bundle(vec![
        with(report(&[INDICATOR, n]), "object_marking_refs", red.clone()),
        with(indicator(), "object_marking_refs", green.clone()),
        note(n, &[MALWARE]),
        malware(),
        definition(json!({"definition_type": "statement", "definition": {"statement": "s"}})),
    ]);
    assert_eq!(
        objects(&value, None),
        [
            Some(Label::Red),
            Some(Label::Green),
            Some(Label::Red),
            Some(Label::Red),
            None
        ]
    );
    // In no marked container: the declared label, or else the strictest found.
    let value = bundle(vec![
        with(indicator(), "object_marking_refs", green),
        malware(),
    ]);
    assert_eq!(
        objects(&value, Some(Label::Clear)),
        [Some(Label::Green), Some(Label::Clear)]
    );
    assert_eq!(
        objects(&value, None),
        [Some(Label::Green), Some(Label::Green)]
    );
    // The declared label is a floor for everything.
    assert_eq!(
        objects(&value, Some(Label::Amber)),
        [Some(Label::Amber), Some(Label::Amber)]
    );
}

#[test]
fn the_place_that_decided_is_named() {
    let red = json!(["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"]);
    let value = bundle(vec![
        indicator(),
        with(malware(), "object_marking_refs", red),
    ]);
    let marked = marked(&value, Some(Label::Green));
    assert_eq!(
        marked.decided_by.as_deref(),
        Some("/objects/1/object_marking_refs/0")
    );
    assert!(marked.remarks[0].contains("declared GREEN"));
}

#[test]
fn distribution_and_sharing_groups_limit_too() {
    let submitter = Restriction {
        submitter_only: true,
        hop_limit: Some(0),
    };
    let hops = |n| Restriction {
        submitter_only: false,
        hop_limit: Some(n),
    };
    let none = Restriction::default();
    for (extra, expected) in [
        (json!({}), none),
        (json!({"distribution": "3"}), none),
        (json!({"distribution": 2}), hops(1)),
        (json!({"distribution": "1"}), hops(0)),
        (json!({"distribution": "4"}), hops(0)),
        (json!({"distribution": "0"}), submitter),
        (json!({"distribution": "9"}), submitter),
        (
            json!({"distribution": "3", "Attribute": [{"type": "url", "value": "u", "distribution": "5"}]}),
            none,
        ),
        (
            json!({"distribution": "3", "Attribute": [{"type": "url", "value": "u", "distribution": "1"}]}),
            hops(0),
        ),
        (
            json!({"distribution": "2", "Object": [{"name": "o", "distribution": "3",
            "Attribute": [{"type": "url", "value": "u", "distribution": "0"}]}]}),
            submitter,
        ),
        (
            json!({"distribution": "3", "EventReport": [{"name": "r", "distribution": "2"}]}),
            hops(1),
        ),
    ] {
        let value = misp(extra);
        assert_eq!(
            marked(&value, Some(Label::Green)).restriction,
            expected,
            "{value}"
        );
    }
    for (id, expected) in [
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", none),
        ("00000000-0000-0000-0000-000000000000", submitter),
        ("84e4d88f-44ea-4bcd-bbf3-b2c1c320bcb3", hops(0)),
    ] {
        let value = csaf(
            "2.1",
            json!({"tlp": {"label": "CLEAR"}, "sharing_group": {"id": id}}),
        );
        assert_eq!(marked(&value, None).restriction, expected, "{id}");
    }
}

/// The rule of design.md part 4 in its plainest form, repeated until nothing changes.
fn plain_labels(
    own: &[Option<Label>],
    lists: &[Vec<usize>],
    declared: Option<Label>,
) -> Vec<Option<Label>> {
    let mut labels = own.to_vec();
    for _ in 0..own.len() {
        let before = labels.clone();
        for (member, label) in labels.iter_mut().enumerate() {
            if own[member].is_none() {
                *label = (0..own.len())
                    .filter(|c| lists[*c].contains(&member))
                    .filter_map(|c| before[c])
                    .max()
                    .max(*label);
            }
        }
    }
    let found = own.iter().copied().max().flatten();
    labels
        .into_iter()
        .map(|l| l.or(declared).or(found).max(declared))
        .collect()
}

proptest::proptest! {
    #[test]
    fn object_labels_are_those_of_the_plain_rule(
        objects in proptest::collection::vec(
            (proptest::option::weighted(0.3, 0usize..5), proptest::collection::vec(0usize..8, 0..4)), 1..8),
        declared in proptest::option::of(0usize..5),
    ) {
        let declared = declared.map(|d| Label::ALL[d]);
        let own: Vec<Option<Label>> = objects.iter().map(|(l, _)| l.map(|l| Label::ALL[l])).collect();
        let lists: Vec<Vec<usize>> = objects.iter().map(|(_, refs)| refs.clone()).collect();
        let id = |index: usize| format!("note--0c7b5b88-8ff7-4a4d-aa9d-00000000000{index}");
        let value = bundle(objects.iter().enumerate().map(|(index, (label, refs))| {
            let refs: Vec<String> = refs.iter().map(|r| id(*r)).collect();
            let note = json!({"type": "note", "spec_version": "2.1", "id": id(index), "content": "c", "object_refs": refs});
            match label {
                None => note,
                Some(label) => {
                    let (uuid, _) = published::TLP.iter().find(|(_, l)| *l == Label::ALL[*label]).unwrap();
                    with(note, "object_marking_refs", json!([format!("marking-definition--{uuid}")]))
                }
            }
        }).collect());
        if let Ok(marked) = mark(&json_document(&value), declared, &[]) {
            proptest::prop_assert_eq!(marked.objects, plain_labels(&own, &lists, declared));
        }
    }
}

#[test]
fn a_text_of_nothing_but_labels_is_listed_in_part_and_no_word_lowers_the_rest() {
    let text = "TLP:GREEN\n".repeat(20_000) + &"TLP:RED\n".repeat(5);
    let document = document(&text);
    let found = markings(&document);
    assert!(found.len() <= 10_006, "{}", found.len());
    assert_eq!(found.iter().map(|m| m.label).max(), Some(Label::Red));
    let word = |marking: &str| ResolvedMarking {
        marking: marking.to_owned(),
        label: Label::Clear,
    };
    let words = [word("line:20001"), word("TLP:RED")];
    assert!(mark(&document, Some(Label::Green), &words).is_err());
    assert_eq!(
        mark(&document, Some(Label::Red), &words).unwrap().label,
        Label::Red
    );
}
