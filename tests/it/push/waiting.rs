//! A document that is here from somebody else, who lets it go less far (threats 16 and 41).

use serde_json::Value;

use crate::support::{Federation, Viewer, list, misp, text};

const LABELS: [&str; 5] = ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"];

/// The answer without what differs between any two pushes.
fn plain(mut answer: Value) -> Value {
    for item in answer["items"].as_array_mut().into_iter().flatten() {
        item["item"] = Value::Null;
    }
    answer["file"] = Value::Null;
    answer
}

fn waiting(f: &Federation, node: &str) -> Vec<Value> {
    f.node(node).operator(&["waiting", "list"]).done().objects()
}

fn item_of(answer: &Value) -> String {
    text(&list(answer, "items")[0], "item").to_owned()
}

/// What the explanation says of everybody but the submitter.
fn reaches(viewer: &Viewer, item: &str) -> bool {
    viewer.may_show(item)
}

#[test]
fn a_push_below_somebody_elses_label_waits_and_its_answer_is_that_of_any_push() {
    let f = Federation::of(&["energy"]);
    let meryem = f.person("energy/acme/meryem");
    let bob = f.person("energy/bolt/bob");
    let carol = f.person("energy/cell/carol");
    let mut released = 0;
    for (high, first) in LABELS.iter().enumerate() {
        for (low, second) in LABELS.iter().enumerate() {
            let name = format!("event {first} then {second}");
            let file = f.file(&format!("{high}{low}.json"), misp(&name, &[], 3));
            let fresh = f.file(
                &format!("fresh{high}{low}.json"),
                misp(&format!("other {name}"), &[], 3),
            );
            let _ = meryem.push(&file, &["--tlp", first]).done();
            let answer = bob.push(&file, &["--tlp", second]).done().object();
            let usual = bob.push(&fresh, &["--tlp", second]).done().object();
            assert_eq!(plain(answer.clone()), plain(usual), "{name}");
            let item = item_of(&answer);
            let waits = waiting(&f, "energy")
                .iter()
                .any(|w| text(w, "item") == item);
            assert_eq!(waits, low < high, "{name}");
            assert_eq!(text(&bob.sees(&item), "label"), *second);
            let everybody = *second != "RED";
            assert_eq!(reaches(&carol, &item), everybody && !waits, "{name}");
            let again = bob.push(&file, &["--tlp", second]).done().object();
            assert_eq!(text(&again, "status"), "existing");
            if waits {
                let before = bob.run(&["explain", &item]).done().object();
                let _ = f
                    .node("energy")
                    .operator(&["waiting", "release", &item, "--yes"])
                    .done();
                let after = bob.run(&["explain", &item]).done().object();
                assert_eq!(
                    before, after,
                    "the submitter is told nothing by an explanation"
                );
                assert_eq!(carol.sees(&item)["revision"], 2);
                released += 1;
            }
        }
    }
    assert_eq!(released, 10);
    assert!(waiting(&f, "energy").is_empty());
}

#[test]
fn a_member_of_two_communities_does_not_carry_an_item_over_under_a_lower_label() {
    let f = Federation::of(&["energy", "water"]);
    f.peer(
        "energy",
        "water",
        &["--out-ceiling", "AMBER", "--in-ceiling", "AMBER"],
        &[],
    );
    f.in_force("energy", "water");
    let meryem = f.person("energy/acme/meryem");
    let bram = f.person("water/aqua/bram");
    let dora = f.person("water/dike/dora");
    let file = f.file("carried.json", misp("carried over", &[], 3));
    let origin = meryem.share(&file, &["--tlp", "AMBER", "--to", "water.isac.example"]);
    let _ = bram.sees(&origin);
    let answer = bram.push(&file, &["--tlp", "GREEN"]).done().object();
    assert_eq!(text(&answer, "status"), "accepted");
    let item = item_of(&answer);
    let _ = bram.sees(&item);
    assert!(!dora.may_show(&item));
    let waits = waiting(&f, "water");
    assert_eq!(waits.len(), 1);
    assert_eq!(
        (
            text(&waits[0], "item"),
            text(&waits[0], "met"),
            text(&waits[0], "met_origin"),
            text(&waits[0], "met_label")
        ),
        (
            item.as_str(),
            origin.as_str(),
            "energy.isac.example",
            "AMBER"
        )
    );
    // It still waits after a restart, and so does a later push of the same document by somebody else.
    let _ = f.node("water").terminate();
    f.node("water").start();
    assert_eq!(waiting(&f, "water").len(), 1);
    let second = dora.push(&file, &["--tlp", "GREEN"]).done().object();
    assert_eq!(waiting(&f, "water").len(), 2);
    let _ = f
        .node("water")
        .operator(&["waiting", "drop", &item, "--yes"])
        .done();
    let _ = bram.sees_withdrawn(&item);
    assert_eq!(text(&waiting(&f, "water")[0], "item"), item_of(&second));
    let _ = f
        .node("water")
        .operator(&["waiting", "release", &item, "--yes"])
        .ends(1);
}
