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

#[test]
fn what_was_issued_anew_is_known_again_and_no_number_of_revisions_hides_what_it_met() {
    let f = Federation::of(&["energy"]);
    f.member(
        "energy/acme",
        &[
            "--identity",
            "identity--aaaaaaaa-1111-4111-8111-111111111111",
        ],
    );
    let meryem = f.person("energy/acme/meryem");
    let bob = f.person("energy/bolt/bob");
    let carol = f.person("energy/cell/carol");
    let report = |modified: &str, creator: &str| {
        serde_json::json!({"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000081", "objects": [{
            "type": "report", "spec_version": "2.1", "id": "report--00000000-0000-4000-8000-000000000081",
            "created": "2026-01-05T10:00:00.000Z", "modified": modified, "published": "2026-01-05T10:00:00.000Z",
            "name": "Eighty-one", "created_by_ref": creator,
            "object_refs": ["indicator--00000000-0000-4000-8000-000000000082"]}]})
        .to_string()
    };
    let own = report(
        "2026-01-05T10:00:00.000Z",
        "identity--aaaaaaaa-1111-4111-8111-111111111111",
    );
    let original = meryem.share(&f.file("own.json", own), &["--tlp", "AMBER"]);
    let travelled = String::from_utf8(bob.content(&original)).expect("JSON");
    assert!(!travelled.contains("identity--aaaaaaaa"), "{travelled}");
    let answer = bob
        .push(&f.file("again.json", &travelled), &["--tlp", "GREEN"])
        .done()
        .object();
    let item = item_of(&answer);
    assert!(!carol.may_show(&item));

    // Revisions of one's own do not push what was met out of sight.
    let _ = f
        .node("energy")
        .operator(&["waiting", "drop", &item, "--yes"])
        .done();
    for day in 10..28 {
        let version = travelled.replace(
            "2026-01-05T10:00:00.000Z\",\"name",
            &format!("2026-01-{day}T10:00:00.000Z\",\"name"),
        );
        let file = f.file(&format!("red{day}.json"), version);
        let pushed = bob.push(&file, &["--tlp", "RED"]).done().object();
        let _ = bob
            .run(&["withdraw", &item_of(&pushed), "--reason", "error", "--yes"])
            .done();
    }
    let last = bob
        .push(&f.file("last.json", &travelled), &["--tlp", "GREEN"])
        .done()
        .object();
    assert!(!carol.may_show(&item_of(&last)));
    assert_eq!(waiting(&f, "energy").len(), 1);
}

#[test]
fn what_was_released_once_goes_on_and_what_waits_goes_on_waiting() {
    let f = Federation::of(&["energy"]);
    let meryem = f.person("energy/acme/meryem");
    let bob = f.person("energy/bolt/bob");
    let carol = f.person("energy/cell/carol");
    let event = misp("released once", &[], 3);
    let version = |n: u32| event.replace("1767607200", &format!("17676072{n:02}"));
    let _ = meryem
        .push(&f.file("first.json", &event), &["--tlp", "AMBER"])
        .done();
    let answer = bob
        .push(&f.file("v1.json", version(1)), &["--tlp", "GREEN"])
        .done()
        .object();
    let item = item_of(&answer);
    // A new version of what waits is no way around the operator.
    let _ = bob
        .push(&f.file("v2.json", version(2)), &["--tlp", "GREEN"])
        .done();
    assert!(!carol.may_show(&item));
    assert_eq!(waiting(&f, "energy").len(), 1);
    let _ = f
        .node("energy")
        .operator(&["waiting", "release", &item, "--yes"])
        .done();
    assert_eq!(carol.sees(&item)["revision"], 3);
    let _ = bob
        .push(&f.file("v3.json", version(3)), &["--tlp", "GREEN"])
        .done();
    assert_eq!(carol.sees(&item)["revision"], 4);
    assert!(waiting(&f, "energy").is_empty());
    let _ = bob
        .run(&["withdraw", &item, "--reason", "error", "--yes"])
        .done();
    let _ = carol.sees_withdrawn(&item);
}

#[test]
fn a_revision_that_goes_further_waits_and_one_that_corrects_a_word_does_not() {
    let f = Federation::of(&["energy"]);
    let meryem = f.person("energy/acme/meryem");
    let bob = f.person("energy/bolt/bob");
    let carol = f.person("energy/cell/carol");
    let event = misp("revised further", &[], 3);
    let _ = meryem
        .push(&f.file("first.json", &event), &["--tlp", "AMBER"])
        .done();
    let item = bob.share(&f.file("second.json", &event), &["--tlp", "AMBER"]);
    let _ = carol.sees(&item);
    let _ = bob
        .run(&["revise", &item, "--title", "Another title"])
        .done();
    assert_eq!(carol.sees(&item)["revision"], 2);
    let _ = bob.run(&["revise", &item, "--tlp", "GREEN"]).done();
    assert!(!carol.may_show(&item));
    assert_eq!(waiting(&f, "energy").len(), 1);
}
