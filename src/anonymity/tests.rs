use super::*;
use crate::formats::read;
use crate::formats::stix;

const OWN: &str = "identity--023d105b-752e-4e3c-941c-7d3f3cb15e9e";

fn acme() -> Aliases {
    Aliases {
        name: "Acme Energie".into(),
        domains: vec!["acme.example".into()],
        ids: vec![
            "spiffe://energy.isac.example/member/acme".into(),
            OWN.into(),
        ],
    }
}

fn volt() -> Aliases {
    Aliases {
        name: "Volt".into(),
        domains: vec!["volt.example".into()],
        ids: vec!["identity--11111111-752e-4e3c-941c-7d3f3cb15e9e".into()],
    }
}

fn document(text: &str) -> Document {
    read(&Bytes::copy_from_slice(text.as_bytes()), &Limits::default()).unwrap()
}

fn without(text: &str, submitter: &Aliases) -> Unnamed {
    let community = CommunityId::parse("energy.isac.example").unwrap();
    let stand_in = StandIn {
        community: &community,
        name: "Energy \"ISAC\"",
    };
    let pseudonyms = Pseudonyms::new(&[7; 32]);
    unnamed(
        document(text),
        submitter,
        &stand_in,
        &pseudonyms,
        &Limits::default(),
    )
    .unwrap()
}

fn text(unnamed: &Unnamed) -> &str {
    std::str::from_utf8(&unnamed.document.bytes).unwrap()
}

fn uuid(n: u32) -> String {
    format!("{n:08x}-752e-4e3c-941c-7d3f3cb15e9e")
}

/// A bundle by `creator`: a marking of its, two indicators, one of a third party, a report, a sighting, notes.
fn bundle(creator: &str, name: &str, modified: &str) -> String {
    let [mark, one, other, report, relation, third, url, lonely, own] =
        std::array::from_fn::<_, 9, _>(|n| uuid(u32::try_from(n).unwrap()));
    let head = format!(
        r#""spec_version":"2.1","created":"2024-01-01T00:00:00.000Z","modified":"{modified}""#
    );
    format!(
        r#"{{"type":"bundle","id":"bundle--{own}", "objects" : [
  {{"type":"identity",{head},"id":"{creator}","name":"{name}","description":"of {name}","x_own" : 1}},
  {{"type":"marking-definition","spec_version":"2.1","created":"2024-01-01T00:00:00.000Z","id":"marking-definition--{mark}","created_by_ref":"{creator}","definition_type":"statement","definition":{{"statement":"ours"}}}},
  {{"type":"marking-definition","spec_version":"2.1","created":"2022-10-01T00:00:00.000Z","id":"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb","name":"TLP:GREEN","extensions":{{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{{"extension_type":"property-extension","tlp_2_0":"green"}}}}}},
  {{"type":"indicator",{head},"id":"indicator--{one}","created_by_ref":"{creator}","x_\u0061ny":[1.0,1e3,"a\/b"],"pattern":"[url:value = 'x']","pattern_type":"stix","valid_from":"2024-01-01T00:00:00Z"}},
  {{"type":"identity",{head},"id":"identity--{third}","name":"A third party","identity_class":"organization"}},
  {{"type":"indicator",{head},"id":"indicator--{other}","created_by_ref":"identity--{third}","pattern":"[url:value = 'y']","pattern_type":"stix","valid_from":"2024-01-01T00:00:00Z"}},
  {{"type":"url","spec_version":"2.1","id":"url--{url}","value":"http://x.example/","object_marking_refs":["marking-definition--{mark}"]}},
  {{"type":"relationship",{head},"id":"relationship--{relation}","relationship_type":"related-to","source_ref":"indicator--{other}","target_ref":"indicator--{one}"}},
  {{"type":"x-custom",{head},"id":"x-custom--{lonely}","deep":{{"list":[{{"relationship--{relation}":true}}]}}}},
  {{"type":"report",{head},"id":"report--{report}","name":"R","published":"2024-01-01T00:00:00Z","object_refs":["indicator--{one}","x-custom--{lonely}","url--{url}"],"granular_markings":[{{"marking_ref":"marking-definition--{mark}","selectors":["name"]}}]}}
]}}"#
    )
}

#[test]
fn what_is_the_member_and_all_that_refers_to_it_is_issued_anew_and_nothing_else_changes() {
    let before = bundle(OWN, "ACME  energie", "2024-02-01T00:00:00.000Z");
    let after = without(&before, &acme());
    let text = text(&after);
    assert_eq!(document(&before).problems, []);
    assert_eq!(after.document.problems, []);
    assert!(!text.contains(OWN) && !text.to_lowercase().contains("acme"));
    for kept in [
        &format!(
            "\"id\":\"identity--{}\",\"name\":\"A third party\"",
            uuid(5)
        ),
        &format!("\"id\":\"indicator--{}\"", uuid(2)),
        "\"x_\\u0061ny\":[1.0,1e3,\"a\\/b\"]",
        "\"id\":\"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb\",\"name\":\"TLP:GREEN\"",
        ", \"objects\" : [\n  {",
    ] {
        assert!(text.contains(kept), "{kept}\n{text}");
    }
    let from: Vec<&str> = after.reissued.iter().map(|r| r.from.as_str()).collect();
    let expected = [
        OWN.to_owned(),
        format!("marking-definition--{}", uuid(0)),
        format!("indicator--{}", uuid(1)),
        format!("url--{}", uuid(6)),
        format!("relationship--{}", uuid(4)),
        format!("x-custom--{}", uuid(7)),
        format!("report--{}", uuid(3)),
    ];
    assert_eq!(from, expected);
    for r in &after.reissued {
        assert!(!text.contains(&r.from), "{r:?}");
        assert!(text.contains(&r.to), "{r:?}");
        assert_eq!(r.from.split("--").next(), r.to.split("--").next());
    }
    // Each object still stands where it stood.
    let new = |id: &str| {
        let anew = after.reissued.iter().find(|r| r.from == id);
        anew.map_or_else(|| id.to_owned(), |r| r.to.clone())
    };
    let stood: Vec<String> = stix::ids(&document(&before))
        .iter()
        .map(|id| new(id))
        .collect();
    assert_eq!(stix::ids(&after.document), stood);
    assert_eq!(
        after.document.identity,
        new(&format!("report--{}", uuid(3)))
    );
}

#[test]
fn a_revision_bears_the_same_ids_and_another_secret_gives_others() {
    let first = without(
        &bundle(OWN, "Acme Energie", "2024-02-01T00:00:00.000Z"),
        &acme(),
    );
    let next = without(
        &bundle(OWN, "Acme Energie", "2024-03-01T00:00:00.000Z"),
        &acme(),
    );
    assert_eq!(first.reissued, next.reissued);
    assert_eq!(first.document.identity, next.document.identity);
    assert_ne!(first.document.version, next.document.version);
    let community = CommunityId::parse("energy.isac.example").unwrap();
    let stand_in = StandIn {
        community: &community,
        name: "Energy ISAC",
    };
    let other = unnamed(
        document(&bundle(OWN, "Acme Energie", "2024-02-01T00:00:00.000Z")),
        &acme(),
        &stand_in,
        &Pseudonyms::new(&[8; 32]),
        &Limits::default(),
    )
    .unwrap();
    for (a, b) in first.reissued.iter().zip(&other.reissued) {
        assert_ne!(a.to, b.to);
    }
}

#[test]
fn two_submitters_of_the_same_document_leave_the_same_bytes() {
    let modified = "2024-02-01T00:00:00.000Z";
    let by_acme = without(&bundle(OWN, "Acme Energie", modified), &acme());
    let by_volt = without(&bundle(&volt().ids[0], "Volt", modified), &volt());
    assert_eq!(text(&by_acme), text(&by_volt));
}

#[test]
fn a_third_partys_document_is_the_very_same() {
    for text in [
        bundle("identity--99999999-752e-4e3c-941c-7d3f3cb15e9e", "Other", "2024-02-01T00:00:00.000Z"),
        r#"{"Event":{"uuid":"023d105b-0000-4e3c-941c-7d3f3cb15e9e","info":"i","Orgc":{"name":"CIRCL","uuid":"55f6ea5e-2c60-40e5-964f-47a8950d210f"},"creator_email":"a@circl.example"}}"#.to_owned(),
        r#"{"document":{"csaf_version":"2.0","publisher":{"category":"vendor","name":"Other","namespace":"https://other.example"}}}"#.to_owned(),
        "Acme Energie found this.".to_owned(),
    ] {
        let before = document(&text);
        let bytes = before.bytes.clone();
        let community = CommunityId::parse("energy.isac.example").unwrap();
        let stand_in = StandIn { community: &community, name: "E" };
        let after = unnamed(before, &acme(), &stand_in, &Pseudonyms::new(&[7; 32]), &Limits::default()).unwrap();
        assert_eq!(after.document.bytes.as_ptr(), bytes.as_ptr());
        assert_eq!(after.reissued, []);
    }
}

#[test]
fn several_identities_of_the_member_become_versions_of_one() {
    let head = r#""type":"identity","spec_version":"2.1","created":"2024-01-01T00:00:00.000Z","modified":"2024-01-01T00:00:00.000Z","identity_class":"organization""#;
    let before = format!(
        r#"[{{{head},"id":"{OWN}","name":"Us"}},{{{head},"id":"identity--{}","name":"acme-energie"}},
        {{{head},"id":"identity--{}","name":"SOC","contact_information":"soc@mail.acme.example"}},
        {{{head},"id":"identity--{}","name":"Acme Energiewende"}}]"#,
        uuid(1),
        uuid(2),
        uuid(3)
    );
    let after = without(&before, &acme());
    assert_eq!(after.document.problems, []);
    let ids = stix::ids(&after.document);
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ids[0], ids[2]);
    assert_eq!(ids[3], format!("identity--{}", uuid(3)));
    for modified in ["000Z", "001Z", "002Z"] {
        assert_eq!(
            text(&after)
                .matches(&format!(".{modified}\",\"name\""))
                .count(),
            1,
            "{}",
            text(&after)
        );
    }
}

#[test]
fn an_identity_that_the_document_does_not_hold_is_replaced_where_it_is_referred_to() {
    let before = format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--{}","created":"2024-01-01T00:00:00.000Z","modified":"2024-01-01T00:00:00.000Z","created_by_ref":"{OWN}","pattern":"[url:value = 'x']","pattern_type":"stix","valid_from":"2024-01-01T00:00:00Z"}}"#,
        uuid(1)
    );
    let after = without(&before, &acme());
    assert!(!text(&after).contains(OWN));
    assert_eq!(after.reissued.len(), 2);
}

#[test]
fn organisations_of_misp_are_replaced_with_their_numbers_and_people_in_each_wrapping() {
    let event = |org: &str, uuid: &str| {
        format!(
            r#"{{"Event":{{"uuid":"5e8b1c2a-0000-4e3c-941c-7d3f3cb15e9e","info":"i","org_id":"4","orgc_id":"4","event_creator_email":"x@elsewhere.example","user_id":"3",
        "Org":{{"id":"4","name":"{org}","uuid":"{uuid}","local":true}},"Orgc":{{"id":"4","name":"{org}","uuid":"{uuid}"}},
        "Attribute":[{{"type":"url","value":"http://x.example","org_id":"9","x_Own":1.0,"Sighting":[{{"org_id":"4","Organisation":{{"id":"4","name":"{org}","uuid":"{uuid}"}}}}]}}],
        "Note":[{{"orgc_uuid":"{uuid}","authors":"jane@elsewhere.example","note":"n"}}],
        "RelatedEvent":[{{"Event":{{"Orgc":{{"id":"2","name":"CIRCL","uuid":"55f6ea5e-2c60-40e5-964f-47a8950d210f"}},"orgc_id":"2"}}}}]}}}}"#
        )
    };
    for (prefix, suffix) in [("", ""), ("{\"response\":[", "]}"), ("[", "]")] {
        let wrap = |event: String| format!("{prefix}{event}{suffix}");
        let own = &OWN["identity--".len()..];
        let after = without(&wrap(event("ACME-Energie", own)), &acme());
        let text = text(&after);
        let lower = text.to_lowercase();
        for gone in [
            "acme",
            own,
            "elsewhere",
            "\"4\"",
            "\"local\"",
            "\"user_id\":\"3\"",
        ] {
            assert!(!lower.contains(gone), "{gone} in {text}");
        }
        for kept in [
            "CIRCL",
            "\"orgc_id\":\"2\"",
            "\"org_id\":\"9\",\"x_Own\":1.0",
            "Energy \\\"ISAC\\\"",
        ] {
            assert!(text.contains(kept), "{kept} in {text}");
        }
        let other = without(&wrap(event("volt", &uuid(9))), &volt());
        assert_eq!(text, super::tests::text(&other));
    }
}

#[test]
fn the_publisher_of_an_advisory_becomes_the_community() {
    let advisory = |publisher: &str, organization: &str| {
        format!(
            r#"{{"document":{{"csaf_version":"2.0","publisher":{publisher},"title":"Acme Energiewende",
        "acknowledgments":[{{"organization":"{organization}","names":["Jane"]}},{{"organization":"Other"}}],"tracking":{{"id":"A-1","version":"1"}}}}}}"#
        )
    };
    let after = without(
        &advisory(
            r#"{"category":"vendor","name":"Acme PSIRT","namespace":"https://psirt.acme.example","contact_details":"x","issuing_authority":"y"}"#,
            "acme energie",
        ),
        &acme(),
    );
    let expected = advisory(
        r#"{"category":"coordinator","name":"Energy \"ISAC\"","namespace":"https://energy.isac.example"}"#,
        "@",
    )
    .replace(
        r#"{"organization":"@","names":["Jane"]}"#,
        r#"{"organization":"Energy \"ISAC\""}"#,
    );
    assert_eq!(text(&after), expected);
    assert_eq!(after.document.identity, "https://energy.isac.example A-1");
}

#[test]
fn nothing_is_too_deep_or_too_long_to_be_issued_anew() {
    // Each object refers to the next, and the last one to the member.
    let objects: Vec<String> = (0..20_000_u32)
        .map(|n| {
            let next = if n == 19_999 {
                OWN.to_owned()
            } else {
                format!("x-a--{}", uuid(n + 1))
            };
            format!(r#"{{"type":"x-a","id":"x-a--{}","r":"{next}"}}"#, uuid(n))
        })
        .collect();
    let after = without(&format!("[{}]", objects.join(",")), &acme());
    assert_eq!(after.reissued.len(), 20_001);
}

/// A bundle of an identity that is the member by its name alone, and an object by it.
fn by_name_only(bundle_id: &str, extra: &str, more: &str) -> String {
    let (creator, one) = (uuid(0xd), uuid(4));
    let head = r#""spec_version":"2.1","created":"2024-01-01T00:00:00.000Z","modified":"2024-01-01T00:00:00.000Z""#;
    format!(
        r#"{{"type":"bundle","id":"{bundle_id}","objects":[
  {{"type":"identity",{head},"id":"identity--{creator}","name":"Acme Energie"}},
  {{"type":"malware",{head},"id":"malware--{one}","is_family":false,"created_by_ref":"identity--{creator}"}},
  {{"type":"tool",{head},"id":"tool--{}","name":"t"{extra}}}{more}]}}"#,
        uuid(5)
    )
}

fn refused(text: &str) -> Refusal {
    let community = CommunityId::parse("energy.isac.example").unwrap();
    let stand_in = StandIn {
        community: &community,
        name: "ISAC",
    };
    let pseudonyms = Pseudonyms::new(&[7; 32]);
    unnamed(
        document(text),
        &acme(),
        &stand_in,
        &pseudonyms,
        &Limits::default(),
    )
    .unwrap_err()
}

#[test]
fn an_old_id_within_other_text_is_refused_with_its_place() {
    let bundle = format!("bundle--{}", uuid(9));
    let seen = format!("first seen by identity--{}", uuid(0xd));
    let see = format!("see {} for more", uuid(4).to_uppercase());
    let encoded = {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(format!("{seen} and others"))
    };
    for (extra, place) in [
        (
            format!(r#","description":"{seen}""#),
            "/objects/2/description",
        ),
        (
            format!(r#","description":"{see}""#),
            "/objects/2/description",
        ),
        (
            format!(r#","x_by":{{"from {}":1}}"#, uuid(4)),
            &format!("/objects/2/x_by/from {}", uuid(4)),
        ),
        (
            format!(r#","payload_bin":"{encoded}""#),
            "/objects/2/payload_bin (base64)",
        ),
    ] {
        let refusal = refused(&by_name_only(&bundle, &extra, ""));
        assert_eq!(refusal.reason, Reason::NamesSubmitter, "{extra}");
        let places: Vec<&str> = refusal.places.iter().map(|p| p.place.as_str()).collect();
        assert_eq!(places, [place], "{extra}");
    }
}

#[test]
fn ids_with_one_uuid_change_together() {
    let old = uuid(4);
    let after = without(
        &by_name_only(
            &format!("bundle--{old}"),
            &format!(r#","x_other_ref":"report--{old}""#),
            &format!(
                r#",{{"type":"url","spec_version":"2.1","id":"url--{old}","value":"http://x.example/"}}"#
            ),
        ),
        &acme(),
    );
    assert!(!text(&after).contains(&old), "{}", text(&after));
    assert_eq!(after.document.problems, []);
}

#[test]
fn a_published_definition_does_not_name_the_member_as_its_creator() {
    let green = format!(
        r#",{{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da","created":"2017-01-20T00:00:00.000Z","created_by_ref":"identity--{}","definition_type":"tlp","name":"TLP:GREEN","definition":{{"tlp":"green"}}}}"#,
        uuid(0xd)
    );
    let after = without(
        &by_name_only(&format!("bundle--{}", uuid(9)), "", &green),
        &acme(),
    );
    assert!(text(&after).contains(
        r#""created":"2017-01-20T00:00:00.000Z","definition_type":"tlp","name":"TLP:GREEN""#
    ));
    assert!(!text(&after).contains(&uuid(0xd)));
    assert_eq!(after.document.problems, []);
}
