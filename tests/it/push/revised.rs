//! The next revision of one item by its submitter: what is not said stays, and a later push keeps to it.

use sluis::wire::pb;

use crate::support::{bundle, indicator, list, misp, shared, text};

#[test]
fn what_is_not_said_stays_as_it_was() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let file = f.markdown("Everything said", "words");
    let item = meryem.share(
        &file,
        &[
            "--tlp",
            "AMBER",
            "--to",
            "water.isac.example",
            "--to",
            "bolt",
            "--kind",
            "alert",
            "--title",
            "A title",
            "--summary",
            "A summary",
            "--severity",
            "high",
            "--urgency",
            "priority",
            "--pap",
            "AMBER",
            "--tag",
            "one",
            "--tag",
            "two",
            "--hop-limit",
            "1",
            "--valid-until",
            "2099-01-01",
            "--terms",
            "no-resale",
            "--sector",
            "gas",
            "--reliability",
            "B",
            "--credibility",
            "2",
        ],
    );
    let shown = |_: ()| {
        let mut shown = meryem.run(&["show", &item]).done().object();
        for key in ["revision", "cursor", "created", "label", "severity"] {
            shown[key] = serde_json::Value::Null;
        }
        shown
    };
    let before = shown(());
    let explained = |_: ()| meryem.run(&["explain", &item]).done().object();
    let went = explained(());
    let answer = meryem
        .run(&["revise", &item, "--severity", "low"])
        .done()
        .object();
    assert_eq!(text(&answer, "status"), "revised");
    assert_eq!(shown(()), before);
    assert_eq!(explained(()), went);
    assert_eq!(
        meryem.run(&["show", &item]).done().object()["severity"],
        "low"
    );
    assert_eq!(meryem.content(&item), std::fs::read(&file).unwrap());
    // A colleague revises too, and what was the submitter's stays with the member.
    let siem = f.viewer("energy/acme/siem");
    siem.run(&["revise", &item, "--tlp", "GREEN", "--clear", "to,hop-limit"])
        .done();
    let mut after = before;
    (after["audience"], after["hop_limit"]) = (serde_json::Value::Null, serde_json::Value::Null);
    assert_eq!(shown(()), after);
    assert!(f.viewer("energy/bolt/bob").may_show(&item));
}

#[test]
fn a_later_push_keeps_to_what_a_revision_said() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let objects = [indicator("with a label of its own", Some("GREEN"))];
    let version = |n: u8| bundle("kept", &format!("2026-02-0{n}T10:00:00.000Z"), &objects);
    let (first, second) = (f.file("1.json", version(1)), f.file("2.json", version(2)));
    let item = meryem.share(&first, &["--tlp", "GREEN"]);
    meryem.run(&["revise", &item, "--tlp", "AMBER"]).done();
    for file in [&first, &second] {
        for flags in [&[][..], &["--tlp", "GREEN"], &["--tlp", "RED"]] {
            let refused = meryem.push(file, flags);
            assert_eq!(refused.code, 3, "{refused}");
            assert_eq!(text(&refused.object(), "reason"), "differs");
        }
    }
    let same = meryem.push(&first, &["--tlp", "AMBER"]).done().object();
    assert_eq!(text(&same, "status"), "existing");
    assert_eq!(list(&same, "items")[0]["revision"], 2);
    let next = meryem.push(&second, &["--tlp", "AMBER"]).done().object();
    assert_eq!(text(&next, "status"), "revised");
    assert_eq!(meryem.one_item(&next), item);
    assert_eq!(list(&next, "items")[0]["revision"], 3);

    meryem.run(&["revise", &item, "--to", "bolt"]).done();
    let refused = meryem.push(&second, &["--tlp", "AMBER"]);
    assert_eq!(text(&refused.object(), "reason"), "differs", "{refused}");
    let same = meryem.push(&second, &["--tlp", "AMBER", "--to", "bolt"]);
    assert_eq!(text(&same.done().object(), "status"), "existing");
    meryem
        .run(&["revise", &item, "--clear", "to", "--tlp", "GREEN"])
        .done();
    let same = meryem.push(&second, &["--tlp", "GREEN"]).done().object();
    assert_eq!(text(&same, "status"), "existing");
}

#[test]
fn a_file_is_the_next_version_of_the_same_document_and_of_no_other() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let objects = [indicator("in versions", Some("GREEN"))];
    let version = |n: u8| bundle("by file", &format!("2026-03-0{n}T10:00:00.000Z"), &objects);
    let file = |n: u8| f.file(&format!("{n}.json"), version(n));
    let item = meryem.share(&file(2), &["--tlp", "GREEN"]);
    let path = |n: u8| file(n).to_string_lossy().into_owned();
    let answer = meryem.run(&["revise", &item, &path(3)]).done().object();
    assert_eq!(text(&answer, "status"), "revised");
    assert_eq!(meryem.content(&item), version(3).as_bytes());
    let again = meryem.push(&file(3), &["--tlp", "GREEN"]).done().object();
    assert_eq!(text(&again, "status"), "existing", "{again}");
    let refused = |flags: &[&str]| {
        let answer = meryem.run(&[&["revise", &item], flags].concat());
        assert_eq!(answer.code, 3, "{answer}");
        text(&answer.object(), "reason").to_owned()
    };
    assert_eq!(refused(&[&path(1)]), "older-version");
    let other = f.file(
        "other.json",
        bundle("another", "2026-03-05T10:00:00.000Z", &objects),
    );
    assert_eq!(refused(&[&other.to_string_lossy()]), "other-document");
    let mixed = [
        indicator("in versions", Some("GREEN")),
        indicator("strict", Some("RED")),
    ];
    let mixed = f.file(
        "mixed.json",
        bundle("by file", "2026-03-09T10:00:00.000Z", &mixed),
    );
    assert_eq!(refused(&[&mixed.to_string_lossy()]), "several-parts");
    assert_eq!(refused(&["--to", "nobody"]), "unknown-audience");
    assert_eq!(refused(&["--valid-until", "2020-01-01"]), "bad-option");
    assert_eq!(refused(&["--tag", "acme.example"]), "names-submitter");

    // A text has no id: its next version is another text.
    let item = meryem.share(&f.markdown("A text", "one"), &["--tlp", "GREEN"]);
    let next = f.markdown("A text", "two");
    meryem
        .run(&["revise", &item, &next.to_string_lossy()])
        .done();
    assert_eq!(meryem.content(&item), std::fs::read(&next).unwrap());
    let above = f.markdown("A text", "TLP:RED three");
    let answer = meryem.run(&["revise", &item, &above.to_string_lossy()]);
    assert_eq!(
        text(&answer.object(), "reason"),
        "label-in-text",
        "{answer}"
    );
}

#[test]
fn a_marking_in_the_content_is_never_lowered() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let item = meryem.share(
        &f.file("event.json", misp("An event", &["tlp:amber"], 3)),
        &[],
    );
    let lower = meryem
        .run(&["revise", &item, "--tlp", "CLEAR"])
        .done()
        .object();
    assert_eq!(text(&list(&lower, "items")[0], "label"), "AMBER");
    meryem
        .run(&["revise", &item, "--tlp", "AMBER+STRICT"])
        .done();
    let back = meryem
        .run(&["revise", &item, "--clear", "tlp"])
        .done()
        .object();
    assert_eq!(text(&list(&back, "items")[0], "label"), "AMBER");
}

#[test]
fn a_part_stays_a_part() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let objects = [
        indicator("of the lower part", Some("GREEN")),
        indicator("of the higher part", Some("AMBER")),
    ];
    let file = f.file(
        "parts.json",
        bundle("parts", "2026-04-01T10:00:00.000Z", &objects),
    );
    let pushed = meryem.push(&file, &["--tlp", "GREEN"]).done().object();
    let parts = list(&pushed, "items");
    assert_eq!(parts.len(), 2, "{pushed}");
    let item = |label: &str| {
        let part = parts.iter().find(|p| text(p, "label") == label);
        text(part.expect("a part"), "item").to_owned()
    };
    let (green, amber) = (item("GREEN"), item("AMBER"));
    let reason = |item: &str, flags: &[&str]| {
        let answer = meryem.run(&[&["revise", item], flags].concat());
        assert_eq!(answer.code, 3, "{answer}");
        text(&answer.object(), "reason").to_owned()
    };
    assert_eq!(reason(&green, &["--tlp", "AMBER"]), "several-parts");
    assert_eq!(reason(&green, &[&file.to_string_lossy()]), "several-parts");
    meryem.run(&["revise", &green, "--to", "bolt"]).done();
    meryem.run(&["revise", &amber, "--tlp", "RED"]).done();
    assert_eq!(reason(&amber, &["--tlp", "AMBER"]), "several-parts");
    let refused = meryem.push(&file, &["--tlp", "GREEN"]);
    assert_eq!(text(&refused.object(), "reason"), "differs", "{refused}");
}

#[test]
fn only_the_submitting_member_revises_and_others_are_told_of_nothing() {
    let f = shared();
    let (meryem, bob) = (f.viewer("energy/acme/meryem"), f.viewer("energy/bolt/bob"));
    let seen = meryem.share(
        &f.markdown("Of one member alone", "words"),
        &["--tlp", "GREEN"],
    );
    let hidden = meryem.share(
        &f.markdown("Of one member, hidden", "words"),
        &["--tlp", "RED"],
    );
    let absent = "01890a5d-ac96-7001-8000-000000000001";
    let answers = [seen.as_str(), &hidden, absent].map(|item| {
        let answer = bob.run(&["revise", item, "--tlp", "RED"]);
        (answer.code, answer.text().replace(item, "ITEM"))
    });
    assert_eq!(answers[0].0, 1, "{answers:?}");
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    let bram = f.viewer("water/aqua/bram");
    bram.sees(&seen);
    assert_eq!(bram.run(&["revise", &seen, "--tlp", "RED"]).code, 1);
    meryem.run(&["withdraw", &seen, "--reason", "error"]).done();
    assert_eq!(meryem.run(&["revise", &seen, "--tlp", "RED"]).code, 1);
    assert_eq!(meryem.run(&["revise", &hidden]).code, 2);
}

#[test]
fn a_revision_that_did_not_know_of_another_one_is_refused() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let item = meryem.share(&f.markdown("Revised by two", "words"), &["--tlp", "GREEN"]);
    meryem
        .run(&["revise", &item, "--title", "One", "--revision", "1"])
        .done();
    let late = meryem.run(&["revise", &item, "--title", "Two", "--revision", "1"]);
    assert_eq!(late.code, 3, "{late}");
    assert_eq!(text(&late.object(), "reason"), "stale-revision");
    assert_eq!(
        text(&meryem.run(&["show", &item]).done().object(), "title"),
        "One"
    );
}

#[test]
fn a_dry_run_says_what_a_revision_would_do_and_does_nothing() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let item = meryem.share(&f.markdown("Only looked at", "words"), &["--tlp", "RED"]);
    let would = meryem
        .run(&["revise", &item, "--tlp", "GREEN", "--dry-run"])
        .done()
        .object();
    let would = &list(&would, "items")[0];
    assert_eq!(text(would, "label"), "GREEN");
    let decision = |to: &str| {
        let found = list(would, "recipients")
            .iter()
            .find(|r| text(r, "to") == to);
        text(found.expect("a recipient"), "decision").to_owned()
    };
    assert_eq!(decision("bolt"), "permit");
    assert_eq!(decision("water.isac.example"), "permit");
    assert!(!f.viewer("energy/bolt/bob").may_show(&item));
    assert_eq!(meryem.run(&["show", &item]).done().object()["revision"], 1);
}

#[test]
fn a_retry_after_a_lost_answer_is_the_same_revision() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let item = meryem.share(&f.markdown("Answered once", "words"), &["--tlp", "GREEN"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answers = runtime.block_on(async {
        let mut service = meryem.service().await;
        let request = pb::ReviseItemRequest {
            item: item.clone(),
            revision: Some(pb::PushItemRequest {
                request_id: "01890a5d-ac96-7001-8000-0000000000aa".to_owned(),
                title: "Once".to_owned(),
                ..Default::default()
            }),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["title".to_owned()],
            }),
            expected_revision: 1,
            validate_only: false,
        };
        let mut answers = Vec::new();
        for _ in 0..3 {
            answers.push(
                service
                    .revise_item(request.clone())
                    .await
                    .unwrap()
                    .into_inner(),
            );
        }
        // The same id without the revision that it saw is answered as before, too.
        let free = pb::ReviseItemRequest {
            expected_revision: 0,
            ..request.clone()
        };
        answers.push(service.revise_item(free).await.unwrap().into_inner());
        let unknown = pb::ReviseItemRequest {
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["split".to_owned()],
            }),
            ..request
        };
        assert!(service.revise_item(unknown).await.is_err());
        answers
    });
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    assert_eq!(meryem.run(&["show", &item]).done().object()["revision"], 2);
}
