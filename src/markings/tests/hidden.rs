//! Markings where people hide or misplace them.

use super::*;

/// Base64 of a text, by other code than the decoder's.
fn encoded(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn a_label_within_a_payload_marks_the_object_that_carries_it() {
    let artifact = json!({"type": "artifact", "spec_version": "2.1", "id": "artifact--6f437177-6e48-5cf8-9d9e-872a2bddd641",
        "payload_bin": encoded("Minutes\n\nTLP:RED\n")});
    let value = bundle(vec![indicator(), artifact]);
    let marked = marked(&value, Some(Label::Green));
    assert_eq!(marked.objects, [Some(Label::Green), Some(Label::Red)]);
    assert_eq!(
        marked.decided_by.as_deref(),
        Some("/objects/1/payload_bin (base64)")
    );
    let value = misp(
        json!({"Attribute": [{"type": "attachment", "value": "a.txt", "data": encoded("TLP:AMBER+STRICT")}]}),
    );
    assert_eq!(marked_label(&json_document(&value)), Label::AmberStrict);
    let value = with(
        csaf("2.0", json!({"tlp": {"label": "GREEN"}})),
        "x_note",
        json!(encoded("says tlp:ex:chr and TLP:AMBER")),
    );
    let marked = mark(&json_document(&value), None, &[]).unwrap();
    assert_eq!(marked.label, Label::Amber);
    assert_eq!(marked.unnamed_by.as_deref(), Some("/x_note (base64)"));
}

#[test]
fn the_request_not_to_name_the_source_is_found_in_every_format() {
    let rule = "tlp:ex:chr";
    for (value, place) in [
        (misp(json!({"Tag": [{"name": rule}]})), "/Event/Tag/0/name"),
        (
            misp(
                json!({"Attribute": [{"type": "url", "value": "u", "Tag": [{"name": "TLP:EX:CHR"}]}]}),
            ),
            "/Event/Attribute/0/Tag/0/name",
        ),
        (
            misp(json!({"Attribute": [{"type": "url", "value": "u", "comment": rule}]})),
            "/Event/Attribute/0/comment",
        ),
        (
            bundle(vec![with(indicator(), "labels", json!([rule]))]),
            "/objects/0/labels/0",
        ),
        (
            bundle(vec![with(
                indicator(),
                "description",
                json!("told under tlp:ex:chr"),
            )]),
            "/objects/0/description",
        ),
        (
            bundle(vec![with(indicator(), "x_tlp", json!(rule))]),
            "/objects/0/x_tlp",
        ),
        (
            bundle(vec![
                indicator(),
                definition(
                    json!({"definition_type": "statement", "definition": {"statement": rule}}),
                ),
            ]),
            "/objects/1/definition/statement",
        ),
        (
            bundle(vec![
                indicator(),
                definition(json!({"definition_type": "tlp", "definition": {"tlp": "ex:chr"}})),
            ]),
            "/objects/1/definition/tlp",
        ),
        (
            csaf(
                "2.1",
                json!({"text": "TLP:EX:CHR", "tlp": {"label": "CLEAR"}}),
            ),
            "/document/distribution/text",
        ),
    ] {
        let marked = mark(&json_document(&value), Some(Label::Green), &[]).unwrap();
        assert_eq!(marked.unnamed_by.as_deref(), Some(place), "{value}");
        assert_eq!(marked.label, Label::Green, "{value}");
    }
    for text in [
        "# Note\n\nTLP:EX:CHR",
        "---\ntags: [tlp:ex:chr]\n---\nx",
        "# Note\n\nТLР:ЕХ:СHR",
    ] {
        let marked = mark(&document(text), Some(Label::Green), &[]).unwrap();
        assert!(marked.unnamed_by.is_some(), "{text}");
    }
}

#[test]
fn the_strictest_pap_of_a_document_is_told() {
    let level = |value: Value| pap(&json_document(&value));
    for (value, expected) in [
        (misp(json!({})), None),
        (misp(json!({"info": "a paper on PAP"})), None),
        (
            misp(json!({"Tag": [{"name": "PAP:GREEN"}]})),
            Some(Pap::Green),
        ),
        (
            misp(json!({"Tag": [{"name": "pap:amber"}, {"name": "PAP:WHITE"}]})),
            Some(Pap::Amber),
        ),
        (
            misp(json!({"Tag": [{"name": "PAP=\"RED\""}]})),
            Some(Pap::Red),
        ),
        (
            misp(
                json!({"Attribute": [{"type": "url", "value": "u", "Tag": [{"name": "PAP:RED"}]}]}),
            ),
            Some(Pap::Red),
        ),
        (
            bundle(vec![with(indicator(), "labels", json!(["PAP:AMBER"]))]),
            Some(Pap::Amber),
        ),
        (
            bundle(vec![with(
                indicator(),
                "object_marking_refs",
                json!(["marking-definition--740d36e5-7714-4c30-961a-3ae632ceee0e"]),
            )]),
            Some(Pap::Red),
        ),
        (
            bundle(vec![
                definition(
                    json!({"definition_type": "statement", "definition": {"statement": "PAP:RED"}}),
                ),
                indicator(),
            ]),
            Some(Pap::Red),
        ),
        (
            bundle(vec![
                definition(
                    json!({"extensions": {"extension-definition--f8d78575-edfd-406e-8e84-6162a8450f5b":
                {"extension_type": "property-extension", "pap": "green"}}}),
                ),
                indicator(),
            ]),
            Some(Pap::Green),
        ),
        (
            csaf(
                "2.0",
                json!({"text": "PAP: CLEAR", "tlp": {"label": "GREEN"}}),
            ),
            Some(Pap::Clear),
        ),
    ] {
        assert_eq!(level(value.clone()), expected, "{value}");
    }
    assert_eq!(pap(&document("# x\n\n**PAP:** RED")), Some(Pap::Red));
    assert_eq!(pap(&document("a pap smear: red")), None);
}

#[test]
fn a_definition_that_claims_tlp_under_a_foreign_id_means_what_it_claims() {
    for (extra, label) in [
        (json!({"name": "TLP:AMBER"}), Label::Amber),
        (json!({"name": "tlp amber"}), Label::Amber),
        (json!({"name": "ТLР:АМВЕR"}), Label::Amber),
        (
            json!({"definition_type": "TLP:GREEN", "definition": {"statement": "s"}}),
            Label::Green,
        ),
        (
            json!({"definition_type": "tlp", "definition": "amber+strict"}),
            Label::AmberStrict,
        ),
        (
            json!({"definition_type": "TLP", "definition": {"TLP": "white"}}),
            Label::Clear,
        ),
        (
            json!({"definition_type": "x", "x_opencti_definition": "TLP:GREEN"}),
            Label::Green,
        ),
        (
            json!({"definition_type": "statement", "definition": {"statement": "Marked TLP&colon;**AMBER**"}}),
            Label::Amber,
        ),
        (
            json!({"definition_type": "statement", "definition": {"statement": "s"}, "x_tlp": "amber"}),
            Label::Amber,
        ),
        (
            json!({"extensions": {"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":
            {"extension_type": "property-extension", "tlp_2_0": "amber+strict"}}}),
            Label::AmberStrict,
        ),
        (
            json!({"definition_type": "tlp", "definition": {"tlp": "unclear"}}),
            Label::Red,
        ),
        (json!({"definition_type": "tlp"}), Label::Red),
    ] {
        let value = bundle(vec![
            definition(extra),
            with(
                indicator(),
                "object_marking_refs",
                json!([CUSTOM
                    .to_uppercase()
                    .replace("MARKING-DEFINITION", "marking-definition")]),
            ),
            malware(),
        ]);
        let marked = marked(&value, Some(Label::Clear));
        assert_eq!(
            marked.objects,
            [None, Some(label), Some(Label::Clear)],
            "{value}"
        );
    }
}

#[test]
fn of_markings_of_both_versions_of_tlp_the_strictest_holds() {
    let green_1 = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da";
    let strict_2 = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003";
    let white_1 = "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9";
    let value = bundle(vec![
        with(
            indicator(),
            "object_marking_refs",
            json!([green_1, strict_2, white_1]),
        ),
        with(
            malware(),
            "granular_markings",
            json!([
                {"selectors": ["name"], "marking_ref": green_1},
                {"selectors": ["is_family"], "marking_ref": strict_2.to_uppercase()},
            ]),
        ),
    ]);
    let upper = marked(&value, None);
    assert_eq!(
        upper.objects,
        [Some(Label::AmberStrict), Some(Label::AmberStrict)]
    );
    // A marking on a definition is the definition's own, whatever it defines.
    let value = bundle(vec![
        with(
            definition(json!({"name": "TLP:GREEN"})),
            "object_marking_refs",
            json!([strict_2]),
        ),
        with(indicator(), "object_marking_refs", json!([CUSTOM])),
    ]);
    assert_eq!(
        marked(&value, None).objects,
        [Some(Label::AmberStrict), Some(Label::Green)]
    );
}

#[test]
fn tlp_unclear_counts_as_red_wherever_it_stands() {
    for value in [
        bundle(vec![with(indicator(), "labels", json!(["tlp:unclear"]))]),
        bundle(vec![with(indicator(), "x_tlp", json!("unclear"))]),
        csaf("2.1", json!({"tlp": {"label": "UNCLEAR"}})),
        misp(
            json!({"Attribute": [{"type": "url", "value": "u", "Tag": [{"name": "TLP:UNCLEAR"}]}]}),
        ),
    ] {
        assert_eq!(
            marked(&value, Some(Label::Clear)).label,
            Label::Red,
            "{value}"
        );
    }
}

#[test]
fn misp_tags_and_comments_count_at_every_level() {
    let attribute = |extra: Value| {
        let mut a = json!({"type": "url", "value": "u"});
        for (key, value) in extra.as_object().unwrap() {
            a[key] = value.clone();
        }
        a
    };
    for event in [
        json!({"Tag": [{"Name": "tlp:amber"}]}),
        json!({"Tag": {"name": "tlp:amber"}}),
        json!({"Tag": ["tlp:amber"]}),
        json!({"tag": [{"name": "TLP: Amber"}]}),
        json!({"EventTag": [{"Tag": {"name": "tlp:amber"}}]}),
        json!({"Tag": [{"name": "tlp amber"}]}),
        json!({"Tag": [{"name": "misp-galaxy:tlp=\"amber\""}]}),
        json!({"Galaxy": [{"GalaxyCluster": [{"tag_name": "tlp:amber"}]}]}),
        json!({"Galaxy": [{"GalaxyCluster": [{"Tag": [{"name": "tlp:amber"}]}]}]}),
        json!({"Galaxy": [{"GalaxyCluster": [{"value": "x", "GalaxyElement": [{"key": "tlp", "value": "TLP:AMBER"}]}]}]}),
        json!({"Attribute": [attribute(json!({"comment": "TLP : AMBER"}))]}),
        json!({"Attribute": [attribute(json!({"Tag": [{"Tag": [{"name": "tlp:amber"}]}]}))]}),
        json!({"Attribute": [attribute(json!({"ShadowAttribute": [attribute(json!({"comment": "TLP:AMBER"}))]}))]}),
        json!({"Object": [{"name": "x", "comment": "**TLP:** amber", "Attribute": []}]}),
        json!({"Object": [{"name": "x", "Attribute": [attribute(json!({"comment": "TLP\u{2013}AMBER"}))]}]}),
        json!({"Object": [{"name": "x", "ObjectReference": [{"comment": "TLP:AMBER", "relationship_type": "x"}]}]}),
        json!({"EventReport": [{"name": "x", "content": "# TLP:**AMBER**\n\ntext"}]}),
        json!({"EventReport": [{"name": "x", "content": "a\n\nTLP:\n\nAMBER\n"}]}),
        json!({"EventReport": [{"name": "x", "content": "@[tag](tlp:amber)"}]}),
        json!({"Sighting": [{"source": "TLP:AMBER"}]}),
    ] {
        let value = misp(event);
        assert_eq!(
            marked(&value, Some(Label::Clear)).label,
            Label::Amber,
            "{value}"
        );
    }
    let value = misp(json!({"Tag": [{"Name": "TLP"}]}));
    assert_eq!(marked(&value, Some(Label::Clear)).label, Label::Red);
}

#[test]
fn csaf_labels_count_in_distribution_and_in_every_note() {
    let clear = json!({"tlp": {"label": "CLEAR"}});
    for value in [
        csaf("2.1", json!({"tlp": {"label": "AMBER"}})),
        csaf(
            "2.0",
            json!({"tlp": {"label": "WHITE", "url": "https://www.first.org/tlp/"}, "text": "TLP – AMBER"}),
        ),
        csaf(
            "2.1",
            json!({"tlp": {"label": "CLEAR"}, "text": "Handle as\nTLP:\nAMBER"}),
        ),
        with(
            csaf("2.0", clear.clone()),
            "vulnerabilities",
            json!([{"notes": [{"category": "other", "text": "see T**LP**:AMBER"}]}]),
        ),
        with(
            csaf("2.0", clear.clone()),
            "vulnerabilities",
            json!([{"remediations": [{"details": "TLP%3AAMBER"}]}]),
        ),
        with(
            csaf("2.1", clear.clone()),
            "product_tree",
            json!({"full_product_names": [{"name": "ТLР:АМВЕR", "product_id": "p"}]}),
        ),
        with(
            csaf("2.1", clear),
            "distribution",
            json!({"tlp": {"label": "AMBER"}}),
        ),
    ] {
        assert_eq!(
            marked(&value, Some(Label::Clear)).label,
            Label::Amber,
            "{value}"
        );
    }
}

#[test]
fn a_label_hidden_in_a_document_without_any_in_ascii_is_found() {
    // The document says `tlp` nowhere in plain letters.
    for text in [
        "ТLР:RЕD",
        "T**LP**:RED",
        "T L P : R E D",
        "T<b>L</b>P:RED",
        "T\u{200b}LP:RED",
    ] {
        let value = bundle(vec![
            with(indicator(), "description", json!(text)),
            malware(),
        ]);
        let marked = marked(&value, Some(Label::Green));
        assert_eq!(
            marked.objects,
            [Some(Label::Red), Some(Label::Green)],
            "{text}"
        );
    }
}

#[test]
fn markdown_says_its_label_in_headings_tables_and_front_matter() {
    for (text, line) in [
        ("# A\n\nTLP:RED\n---\n", "line:3"),
        ("---\ntitle: x\ntlp: red\n---\nBody", "line:3"),
        ("---\ntags:\n  - tlp:red\n---\nBody", "line:3"),
        ("---\nclassification: \"TLP:RED\"\n---\nBody", "line:2"),
        ("---\ntlp:\n  label: red\n---\nBody", "line:2"),
        (
            "# A\n\n| Date | TLP | By |\n|--|--|--|\n| 2024 | **RED** | x |\n",
            "line:5",
        ),
        ("# A\n\n| TLP | RED |\n|--|--|\n", "line:3"),
        ("# A\n\n<!-- TLP:RED -->\n", "line:3"),
        ("# A\n\n> TLP&#58;RED\n", "line:3"),
    ] {
        let refusal = mark(&document(text), Some(Label::Green), &[]).unwrap_err();
        let places: Vec<_> = refusal.places.iter().map(|p| p.place.as_str()).collect();
        assert_eq!(places, [line], "{text}");
    }
}

/// A PDF of one page that shows this content.
fn pdf_with(content: &str, title: &str) -> Bytes {
    Bytes::from(format!(
        "%PDF-1.4\n1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n2 0 obj <</Type /Pages /Kids [3 0 R]>> endobj\n\
         3 0 obj <</Type /Page /Contents 4 0 R>> endobj\n4 0 obj <</Length {}>> stream\n{content}\nendstream endobj\n\
         5 0 obj <</Title ({title})>> endobj\ntrailer <</Root 1 0 R /Info 5 0 R>>\n",
        content.len()
    ))
}

#[test]
fn a_pdf_above_its_declared_label_is_refused_with_the_page() {
    for (content, title, place) in [
        ("BT /F 12 Tf (This is TLP:RED) Tj ET", "x", "page:1"),
        (
            "BT /F 12 Tf (T) Tj 20 0 Td (L) Tj 20 0 Td (P) Tj 20 0 Td (:) Tj 20 0 Td (R) Tj 20 0 Td (E) Tj 20 0 Td (D) Tj ET",
            "x",
            "page:1",
        ),
        (
            "BT /F 12 Tf (TL) Tj 40 0 Td (P:R) Tj 40 0 Td (ED) Tj ET",
            "x",
            "page:1",
        ),
        ("BT /F 12 Tf 12 TL (TLP:) Tj (RED) ' ET", "x", "page:1"),
        ("BT /F 12 Tf (x) Tj ET", "TLP:RED minutes", "metadata"),
    ] {
        let bytes = pdf_with(content, title);
        let document = read(&bytes, &Limits::default()).unwrap();
        let refusal = mark(&document, Some(Label::Amber), &[]).unwrap_err();
        assert_eq!(refusal.reason, Reason::LabelInText);
        assert_eq!(refusal.places[0].place, place, "{content}");
        let settled = mark(&document, Some(Label::Amber), &[word(place, Label::Amber)]).unwrap();
        assert_eq!(settled.label, Label::Amber);
    }
    let document = read(
        &pdf_with("BT (About the TLP) Tj ET", "PAP:RED"),
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(
        mark(&document, Some(Label::Green), &[]).unwrap().label,
        Label::Green
    );
    assert_eq!(pap(&document), Some(Pap::Red));
    let document = read(&pdf_with("BT (tlp:ex:chr) Tj ET", "x"), &Limits::default()).unwrap();
    let marked = mark(&document, Some(Label::Green), &[]).unwrap();
    assert_eq!(marked.unnamed_by.as_deref(), Some("page:1"));
}

#[test]
fn a_pdf_that_is_attached_marks_what_it_is_attached_to() {
    use base64::Engine;
    let data = base64::engine::general_purpose::STANDARD
        .encode(pdf_with("BT /F 12 Tf (TLP:RED) Tj ET", "x"));
    let value =
        misp(json!({"Attribute": [{"type": "attachment", "value": "a.pdf", "data": data}]}));
    let document = json_document(&value);
    assert_eq!(document.unsearchable, []);
    let marked = mark(&document, Some(Label::Green), &[]).unwrap();
    assert_eq!(
        (marked.label, marked.decided_by.as_deref()),
        (Label::Red, Some("/Event/Attribute/0/data (base64) page:1"))
    );
}

/// Ways in which the letters of a label may be hidden.
fn hidden_labels() -> Vec<String> {
    let mut labels: Vec<String> = [
        "T&#76;P:RED",
        "&#84;&#76;&#80;:RED",
        "&#x54;&#x4c;&#x50;&#58;RED",
        "T&#76P:RED",
        "T<b></b>L<i></i>P:RED",
        "%54%4c%50%3aRED",
        "%54%4C%50:%52%45%44",
        "T%4cP:RED",
        "<p>T<!-- -->&shy;</p> T&shy;L&shy;P:RED",
        "[T](x)LP:RED",
        "T L P : R E D",
        "Traffic Light Protocol: RED",
        "T.L.P.: RED",
        "T-L-P: RED",
        "&#1058;LP:RED",
    ]
    .map(str::to_owned)
    .to_vec();
    let between = [
        "",
        "**",
        "`",
        "<b>",
        "</i>",
        "<b></b>",
        "&shy;",
        "&ZeroWidthSpace;",
        "~~",
    ];
    let letters = [
        ["T", "&#84;", "%54", "t"],
        ["L", "&#x6C;", "%6c", "l"],
        ["P", "&#80;", "%70", "p"],
    ];
    // Each way with each other at least once.
    for (n, first) in between.iter().enumerate() {
        for (m, second) in between.iter().enumerate() {
            let letter = |at: usize, k: usize| letters[at][k % 4];
            labels.push(format!(
                "{}{first}{}{second}{}:RED",
                letter(0, n + m),
                letter(1, n),
                letter(2, m + n / 4)
            ));
        }
    }
    labels
}

#[test]
fn what_is_passed_over_in_a_silent_document_says_nothing() {
    for text in hidden_labels() {
        let said = json!({"Event": {"uuid": "aaaaaaaa-0000-4000-8000-000000000001", "info": "x", "Orgc": {"name": "c"},
            "Attribute": [{"type": "url", "value": "u", "comment": text}]}});
        for value in [
            bundle(vec![with(indicator(), "description", json!(text))]),
            said,
        ] {
            let document = json_document(&value);
            let as_it_is = find(&document, document.root()).list;
            assert!(!as_it_is.is_empty(), "{text}");
            let all = find_with(&document, document.root(), false).list;
            assert_eq!(format!("{as_it_is:?}"), format!("{all:?}"), "{text}");
            assert_eq!(marked_label(&document), Label::Red, "{text}");
        }
    }
    for text in [
        "100% &amp; <b>bold</b>",
        "office traffic, protocols",
        "at a place",
    ] {
        let value = bundle(vec![with(indicator(), "description", json!(text))]);
        let document = json_document(&value);
        assert!(find_with(&document, document.root(), false).list.is_empty());
    }
}

#[test]
fn keys_of_tlp_are_known_with_the_prefix_of_a_vendor() {
    for value in [
        json!({"x_tlp_marking": {"value": "red"}}),
        json!({"x_acme_tlp_label": "red"}),
        json!({"x_tlp": {"marking": "red"}}),
        json!({"tlpMarking": "red"}),
        json!({"x-tlp-level": ["red"]}),
    ] {
        let mut object = indicator();
        for (key, value) in value.as_object().unwrap() {
            object[key] = value.clone();
        }
        assert_eq!(
            marked(&bundle(vec![object]), Some(Label::Green)).label,
            Label::Red,
            "{value}"
        );
    }
    for key in ["x_tlp_color", "nottlp", "tlp_description", "x_tlp_version"] {
        let value = bundle(vec![with(indicator(), key, json!("#ff0000"))]);
        assert_eq!(
            marked(&value, Some(Label::Green)).label,
            Label::Green,
            "{key}"
        );
    }
}

#[test]
fn a_request_not_to_name_the_source_is_found_behind_any_number_of_labels() {
    let text = format!("{}tlp:ex:chr\n", "TLP:GREEN\n".repeat(10_001));
    let marked = mark(&document(&text), Some(Label::Green), &[]).unwrap();
    assert_eq!(marked.unnamed_by.as_deref(), Some("line:10002"));
}

#[test]
fn a_pap_level_is_read_in_letters_that_look_alike_and_in_payloads() {
    let level = |value: Value| pap(&json_document(&value));
    for text in ["ＰＡＰ：ＲＥＤ", "РАР:RED", "P\u{200b}AP:RED"] {
        assert_eq!(
            level(bundle(vec![with(indicator(), "description", json!(text))])),
            Some(Pap::Red),
            "{text}"
        );
    }
    let artifact = json!({"type": "artifact", "spec_version": "2.1", "id": "artifact--6f437177-6e48-5cf8-9d9e-872a2bddd641",
        "payload_bin": encoded("PAP:AMBER")});
    let document = json_document(&bundle(vec![indicator(), artifact]));
    assert_eq!(pap(&document), Some(Pap::Amber));
    assert_eq!(
        pap_in_payloads(&document, |object| object == 1),
        Some(Pap::Amber)
    );
    assert_eq!(pap_in_payloads(&document, |object| object == 0), None);
}
