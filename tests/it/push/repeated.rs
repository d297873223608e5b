//! The same document again: in the same version, another one, under another label, and after it was withdrawn.

use sluis::wire::pb;

use crate::support::{bundle, indicator, list, misp, report, shared, text};

#[test]
fn the_same_document_again_is_the_item_that_exists() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let file = f.markdown("Pushed twice", "words");
    let first = meryem.push(&file, &["--tlp", "GREEN"]).done().object();
    let again = meryem.push(&file, &["--tlp", "GREEN"]).done().object();
    assert_eq!(text(&again, "status"), "existing");
    assert_eq!(list(&again, "items"), list(&first, "items"));
    let times = meryem
        .items()
        .iter()
        .filter(|i| **i == meryem.one_item(&first))
        .count();
    assert_eq!(times, 1);
}

#[test]
fn another_member_with_the_same_document_has_an_item_of_its_own() {
    let f = shared();
    let file = f.markdown("Found by two members", "words");
    let one = f
        .viewer("energy/acme/meryem")
        .share(&file, &["--tlp", "GREEN"]);
    let other = f
        .viewer("energy/bolt/bob")
        .share(&file, &["--tlp", "GREEN"]);
    assert_ne!(one, other);
}

#[test]
fn a_newer_version_is_the_next_revision_and_replaces_the_earlier_in_the_feed() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let objects = [indicator("of a document with versions", Some("GREEN"))];
    let version = |n: u8| bundle("versions", &format!("2026-01-0{n}T10:00:00.000Z"), &objects);
    let item = meryem.share(&f.file("v1.json", version(5)), &["--tlp", "GREEN"]);
    let second = meryem
        .push(&f.file("v2.json", version(6)), &["--tlp", "GREEN"])
        .done()
        .object();
    assert_eq!(text(&second, "status"), "revised");
    assert_eq!(meryem.one_item(&second), item);
    assert_eq!(list(&second, "items")[0]["revision"], 2);
    let entries: Vec<_> = meryem
        .feed()
        .into_iter()
        .filter(|e| text(e, "item") == item)
        .collect();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["revision"], 2);
    assert_eq!(meryem.content(&item), version(6).as_bytes());

    let _ = meryem
        .push(&f.file("v1.json", version(5)), &["--tlp", "GREEN"])
        .refused("older-version");
    assert_eq!(meryem.content(&item), version(6).as_bytes());
}

#[test]
fn the_same_version_with_other_content_is_the_next_revision() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let event = misp("an event that is corrected", &["tlp:green"], 3);
    let item = meryem.share(&f.file("a.json", &event), &[]);
    let corrected = event.replace("c2.bad.example", "c3.bad.example");
    let answer = meryem
        .push(&f.file("b.json", corrected), &[])
        .done()
        .object();
    assert_eq!(text(&answer, "status"), "revised");
    assert_eq!(meryem.one_item(&answer), item);
}

#[test]
fn another_label_audience_or_terms_differ() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let file = f.markdown("Shared once", "words");
    let item = meryem.share(&file, &["--tlp", "GREEN"]);
    for flags in [
        &["--tlp", "AMBER"][..],
        &["--tlp", "CLEAR"],
        &["--tlp", "GREEN", "--to", "water.isac.example"],
        &["--tlp", "GREEN", "--terms", "no-resale"],
        &["--tlp", "GREEN", "--hop-limit", "0"],
        &["--tlp", "GREEN", "--attribution", "named"],
    ] {
        let _ = meryem.push(&file, flags).refused("differs");
    }
    let entry = meryem.sees(&item);
    assert_eq!(
        (text(&entry, "label"), &entry["revision"]),
        ("GREEN", &1.into())
    );
}

#[test]
fn a_withdrawn_document_pushed_again_is_a_new_item() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let file = f.markdown("Withdrawn and back", "words");
    let item = meryem.share(&file, &["--tlp", "AMBER+STRICT"]);
    meryem.run(&["withdraw", &item, "--reason", "error"]).done();
    let back = meryem.share(&file, &["--tlp", "GREEN"]);
    assert_ne!(back, item);
    let items = meryem.items();
    assert!(items.contains(&back) && !items.contains(&item));
    assert!(meryem.may_show(&back) && !meryem.may_show(&item));
}

#[tokio::test]
async fn the_same_request_id_gets_the_first_answer_whatever_is_pushed_with_it() {
    let f = shared();
    let mut service = f.viewer("energy/acme/meryem").service().await;
    let request = |id: &str, title: &str| pb::PushItemRequest {
        request_id: id.to_owned(),
        content: report(title, "words").into(),
        label: pb::Label::Green.into(),
        ..Default::default()
    };
    let id = "01a20c5a-b180-7153-9933-0000000000aa";
    let push = request(id, "Whose answer was lost");
    let first = service
        .push_item(push.clone())
        .await
        .expect("accepted")
        .into_inner();
    assert_eq!(first.status(), pb::push_item_response::Status::Accepted);
    let retried = service
        .push_item(push)
        .await
        .expect("accepted")
        .into_inner();
    assert_eq!(retried, first);
    // Of another credential it is another request.
    let mut bob = f.viewer("energy/bolt/bob").service().await;
    let other = bob
        .push_item(request(id, "Of somebody else"))
        .await
        .expect("accepted")
        .into_inner();
    assert_ne!(other.items, first.items);
}
