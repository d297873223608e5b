use super::*;
use crate::formats::{Limits, read};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;

fn acme() -> Aliases {
    Aliases {
        name: "Acme Energie".into(),
        domains: vec!["acme.example".into()],
        ids: vec![
            "spiffe://energy.isac.example/member/acme".into(),
            "identity--023d105b-752e-4e3c-941c-7d3f3cb15e9e".into(),
        ],
    }
}

fn places_of(text: &str, aliases: &Aliases) -> Vec<String> {
    let document = read(&Bytes::copy_from_slice(text.as_bytes()), &Limits::default()).unwrap();
    mentions(&document, aliases)
        .into_iter()
        .map(|p| p.place)
        .collect()
}

fn places(text: &str) -> Vec<String> {
    places_of(text, &acme())
}

/// The texts as lines and as strings of a MISP event, and what goes with a document.
#[track_caller]
fn told(text: &str, aliases: &Aliases, is_told: bool) {
    let count = usize::from(is_told);
    let line = text.replace('\n', " ");
    let line = format!("Words.\n{line}");
    assert_eq!(places_of(&line, aliases).len(), count, "as a line: {text}");
    let event = serde_json::json!({"Event": {"info": "a", "Orgc": {}, "x": text}});
    assert_eq!(
        places_of(&event.to_string(), aliases).len(),
        count,
        "in an event: {text}"
    );
    assert_eq!(
        mentions_in_text(text, aliases),
        is_told,
        "beside it: {text}"
    );
}

#[test]
fn a_mention_is_found_at_word_boundaries_only() {
    for text in [
        "from mail.acme.example today",
        "see https://ACME.example/x",
        "x@acme.example.",
        "jane.doe@mail.acme.example",
        "by ACME ENERGIE, in May",
        "by Ａｃｍｅ Energie",
        "by A\u{200b}cme Energie",
        "spiffe://energy.isac.example/member/acme/tool/siem",
        "org 023D105B-752e-4e3c-941c-7d3f3cb15e9e",
    ] {
        told(text, &acme(), true);
    }
    for text in [
        "from notacme.example",
        "from my-acme.example",
        "from acme.example.com",
        "Acme Energiewende",
        "the acme of energie",
        "spiffe://energy.isac.example/member/acme-two",
    ] {
        told(text, &acme(), false);
    }
}

#[test]
fn an_identity_is_found_by_its_uuid_whatever_stands_around() {
    let id = "identity--023d105b-752e-4e3c-941c-7d3f3cb15e9e";
    for text in [
        format!("reported by {id} last week"),
        format!("reported by {} last week", id.to_uppercase()),
        format!("https://x.example/{id}/feed?id={id}"),
        format!("({id})"),
        format!("[{id}]_{id}_"),
        format!("{id}-v2"),
        id.replace("identity--", "x-"),
    ] {
        told(&text, &acme(), true);
    }
    for text in [
        format!("{id}0"),
        id.replace("--0", "--a0"),
        id.replace("--", "--x"),
    ] {
        told(&text, &acme(), false);
    }
}

#[test]
fn the_words_of_a_name_may_stand_together_or_apart() {
    for text in [
        "report_acme-energie_v2.pdf",
        "AcmeEnergie.docx",
        "C:\\Users\\x\\AcmeEnergieReport2.pdf",
        "acme_energie",
        "acme.energie",
        "acme+energie",
        "acme \n\t energie",
        "ACME\u{a0}ENERGIE",
        "acme–energie",
        "acmeenergie2024",
    ] {
        told(text, &acme(), true);
    }
    for text in [
        "acmeenergiewende",
        "placmeenergie",
        "acme/energie",
        "acme then energie",
    ] {
        told(text, &acme(), false);
    }
}

#[test]
fn a_short_name_does_not_alarm_inside_words() {
    let short = Aliases {
        name: "A B".into(),
        ..Aliases::default()
    };
    for text in ["a b", "A-B", "a_b.txt"] {
        told(text, &short, true);
    }
    for text in [
        "ab",
        "AB",
        "cab bat",
        "YWJj AB== YWIgYWIg",
        "61622061",
        "xa b",
    ] {
        told(text, &short, false);
    }
    let one = Aliases {
        name: "EnB".into(),
        ..Aliases::default()
    };
    told("by EnB.", &one, true);
    told("openbsd, RW5CIHdhcw==x, 456e42", &one, false);
}

#[test]
fn a_name_is_found_without_its_legal_form_and_without_its_accents() {
    let company = Aliases {
        name: "Müller Wärme GmbH & Co. KG".into(),
        ..Aliases::default()
    };
    for text in [
        "Müller Wärme GmbH & Co. KG",
        "MÜLLER-WÄRME GMBH & CO KG",
        "mueller-waerme-gmbh-&-co-kg",
        "muller_warme_gmbh_&_co_kg",
        "Mu\u{308}ller Wa\u{308}rme GmbH & Co. KG",
    ] {
        told(text, &company, true);
    }
    let plain = Aliases {
        name: "Nord Netz S.A.".into(),
        ..Aliases::default()
    };
    told("by Nord Netz, in May", &plain, true);
    told("netz nord", &plain, false);
    // One word alone may be any word.
    let one = Aliases {
        name: "Shell plc".into(),
        ..Aliases::default()
    };
    told("a reverse shell", &one, false);
    told("by Shell PLC", &one, true);
}

#[test]
fn what_stands_encoded_is_found_in_each_encoding_and_in_one_within_another() {
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let sentence = "sent by Acme Energie, see https://acme.example/";
    let mut texts: Vec<String> = [
        "x?q=Acme%20Energie",
        "https://x.example/?u=%61%63%6d%65%2eexample",
        "x?q=Acme%2520Energie",
        "Acme&nbsp;Energie",
        "&#65;cme &#x45;nergie",
        "acme&period;example",
        "\\u0041cme Energie",
        "\\x41cme \\x45nergie",
        "\\u{41}cme Energie",
        "acme[.]example",
        "hxxps://acme(dot)example/x",
        "jane[at]acme[.]example",
        "=41cme=20Energie",
        "61:63:6d:65:2e:65:78:61:6d:70:6c:65",
        "0x61, 0x63, 0x6d, 0x65, 0x2e, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65",
        "\\x61\\x63\\x6d\\x65\\x2e\\x65\\x78\\x61\\x6d\\x70\\x6c\\x65",
    ]
    .map(str::to_owned)
    .to_vec();
    for pad in ["", "x", "xy", "xyz"] {
        let padded = format!("{pad} {sentence}");
        texts.push(format!(
            "powershell -enc {}",
            STANDARD.encode(wide(&padded))
        ));
        texts.push(format!("/p/{}", STANDARD.encode(&padded)));
        texts.push(format!("/p/{}?q", URL_SAFE_NO_PAD.encode(&padded)));
        texts.push(format!("f{}", hex::encode(&padded)));
        texts.push(format!("dump {}", hex::encode_upper(wide(&padded))));
    }
    let html = "<p>by Acme&#32;Energie";
    texts.push(format!(
        "{} and {}",
        STANDARD.encode(html),
        sentence.replace("cme", "")
    ));
    for text in &texts {
        told(text, &acme(), true);
    }
    for text in [
        "100% sure, a=b, c=d, [1], (2), &amp; &c; \\u00e9 \\x41 =20",
        "%41%42%43 =C3=A9 61:62:63 0x61 xn--mller-kva.example",
        "WindowsDefenderAdvancedThreatProtection",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ] {
        told(text, &acme(), false);
    }
}

#[test]
fn international_domains_are_found_in_either_form() {
    for domain in ["müller.example", "xn--mller-kva.example"] {
        let aliases = Aliases {
            domains: vec![domain.to_owned()],
            ..Aliases::default()
        };
        for text in [
            "https://xn--mller-kva.example/x",
            "MAIL.XN--MLLER-KVA.EXAMPLE",
            "x@müller.example",
            "x@Mu\u{308}ller.example",
        ] {
            told(text, &aliases, true);
        }
        told("xn--bcher-kva.example", &aliases, false);
    }
    let named = Aliases {
        name: "Müller".into(),
        ..Aliases::default()
    };
    told("see xn--mller-kva.example", &named, true);
}

#[test]
fn a_mention_in_json_has_a_pointer_also_when_escaped_or_a_key() {
    assert_eq!(
        places(
            r#"{"Event":{"info":"a","x":{"\u0061cme.example":1},"Orgc":{"name":"\u0041cme Energie"}}}"#
        ),
        ["/Event/x/acme.example", "/Event/Orgc/name"]
    );
    assert_eq!(places("a\nb\nacme energie"), ["line:3"]);
}

#[test]
fn payloads_are_searched_and_told_with_their_place() {
    let data = STANDARD.encode("by AB");
    let event = format!(
        r#"{{"Event":{{"info":"a","Orgc":{{}},"Attribute":[{{"type":"attachment","value":"v","data":"{data}"}}]}}}}"#
    );
    let short = Aliases {
        name: "AB".into(),
        ..Aliases::default()
    };
    assert_eq!(
        places_of(&event, &short),
        ["/Event/Attribute/0/data (base64)"]
    );
}

#[test]
fn what_goes_on_over_the_end_of_a_line_is_found() {
    assert_eq!(places("a\nby Acme\nEnergie in May\n"), ["line:2"]);
    assert_eq!(places("a\r\nby Acme=\r\n Energie\r\n"), ["line:2"]);
    assert_eq!(places("a\nby A=\ncme Ener=\ngie\nx"), ["line:2"]);
    let encoded = STANDARD.encode(format!(
        "{} by Acme Energie {}",
        "x".repeat(35),
        "y".repeat(80)
    ));
    let (first, rest) = encoded.split_at(64);
    let (second, third) = rest.split_at(64);
    assert_eq!(
        places(&format!("mail:\n\n{first}\n{second}\n{third}\n\nend")),
        ["line:3"]
    );
}

#[test]
fn all_places_are_told_up_to_a_hundred() {
    let event = |n: usize| {
        let texts = vec!["acme energie"; n];
        serde_json::json!({"Event": {"info": "a", "Orgc": {}, "x": texts}}).to_string()
    };
    assert_eq!(places(&event(7)).len(), 7);
    assert_eq!(places(&event(101)).len(), 100);
    assert_eq!(places(&"acme energie\n".repeat(101)).len(), 100);
}

#[test]
fn what_is_all_encoding_is_told_and_not_searched_for_ever() {
    let acme = acme();
    // Everywhere a name seems to begin.
    let hit = STANDARD.encode("acme..example");
    let text = hit.trim_end_matches('=').repeat(20_000);
    assert!(!mentions_in_text(&text, &acme));
    let mut left = 10_000;
    assert!(find(&text, &Needles::of(&acme), 0, &mut left).is_some());
    let long = "xn--".repeat(500_000);
    assert!(!mentions_in_text(&long, &acme));
}

#[test]
fn what_mentions_nobody_is_told_by_one_look() {
    let acme = acme();
    let needles = Needles::of(&acme);
    let text = br#"{"type":"indicator","id":"indicator--a932fcc6-e032-476c-826f-cb970a5a1ade","pattern":"[file:hashes.'SHA-256' = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']","url":"http://x.example/a?b=zz&1"}"#;
    assert!(!needles.signs(text, false));
}

proptest::proptest! {
    #[test]
    fn any_text_is_searched_without_a_panic(text in "[\\PC\n\r%&\\\\=x\\[]{0,200}") {
        mentions_in_text(&text, &acme());
        let mut found = Found { places: Vec::new(), left: 10_000 };
        lines(&text, &Needles::of(&acme()), &mut found);
    }

    #[test]
    fn a_name_is_found_in_base64_and_hex_wherever_it_stands(before in "[ -~]{0,40}", after in "[ -~]{0,40}") {
        let text = format!("{before} Acme Energie {after}");
        for encoded in [STANDARD.encode(&text), hex::encode(&text)] {
            proptest::prop_assert!(mentions_in_text(&encoded, &acme()));
            let inner = format!("a/{encoded}/b");
            proptest::prop_assert!(mentions_in_text(&inner, &acme()));
        }
    }
}
