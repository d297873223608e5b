use super::*;
use Label::*;

fn all(text: &str) -> Vec<Option<Claim>> {
    let mut found = Vec::new();
    scan(text, &mut |f| found.push(f.claim));
    found
}

#[test]
fn spellings_met_in_practice_are_read() {
    for (text, label) in [
        ("TLP:RED", Red),
        ("tlp: amber", Amber),
        ("TLP-AMBER Information", Amber),
        ("(TLP:AMBER+STRICT)", AmberStrict),
        ("TLP:AMBER STRICT.", AmberStrict),
        ("TLP:AMBER-STRICT", AmberStrict),
        ("TLP:AMBER_STRICT", AmberStrict),
        ("TLP: AMBER + STRICT", AmberStrict),
        ("cert-fr:TLP=\"green\"", Green),
        ("**TLP:** GREEN", Green),
        ("| TLP | GREEN |", Green),
        ("_TLP:RED_", Red),
        ("@[tag](tlp:red) x", Red),
        ("iep2-policy:tlp=\"red\"", Red),
        ("ＴＬＰ：ＡＭＢＥＲ＋ＳＴＲＩＣＴ", AmberStrict),
        ("T\u{200b}LP:R\u{ad}ED", Red),
        ("TLP AMBER", Amber),
        ("TLP:GREEN/AMBER", Amber),
        ("TLP v2.0: TLP:AMBER+STRICT", AmberStrict),
    ] {
        assert_eq!(all(text), [Some(Claim::Known(label))], "{text}");
    }
}

#[test]
fn labels_that_markup_letters_or_lines_hide_are_read() {
    for (text, label) in [
        // Letters that only look alike, and what has no width between them.
        ("ТLР:RЕD", Red),
        ("ΤLΡ:ΑΜΒΕR", Amber),
        ("Ⓣⓛⓟ:ⓡⓔⓓ", Red),
        ("ᴛʟᴘ:ᴀᴍʙᴇʀ+ꜱᴛʀɪᴄᴛ", AmberStrict),
        (
            "T\u{301}L\u{336}P\u{202e}:\u{2066}R\u{e0041}E\u{fe0f}D",
            Red,
        ),
        ("TLP\u{a789}GREEN", Green),
        ("TLP\u{2236} AMBER\u{2795}STRICT", AmberStrict),
        ("标记TLP:AMBER信息", Amber),
        ("TLP:🟢", Green),
        ("TLP: 🟠 AMBER+STRICT", AmberStrict),
        ("TLP → RED", Red),
        // Separators.
        ("TLP : RED", Red),
        ("TLP – RED", Red),
        ("TLP \u{2014} Amber", Amber),
        ("TLP Level: RED", Red),
        ("TLPv2: AMBER", Amber),
        ("TLP 2.0 AMBER", Amber),
        ("tlp_label: red", Red),
        ("TLP:AMBER (STRICT)", AmberStrict),
        ("TLP:AMBER/STRICT", AmberStrict),
        ("TLP:AMBER\n+STRICT", AmberStrict),
        ("T L P : R E D", Red),
        ("T L P   A M B E R", Amber),
        // Markdown, HTML and URLs.
        ("# TLP:RED", Red),
        ("TLP:RED\n=======", Red),
        ("TLP\n=======\n\nRED\n", Red),
        ("## TLP\nAMBER", Amber),
        ("TLP:\nRED", Red),
        ("TLP:\r\n\r\n  **AMBER+STRICT**\r\n", AmberStrict),
        ("tlp:\n  - red", Red),
        ("TLP:**RED**", Red),
        ("T**LP**:RED", Red),
        ("**T**LP:AM**BER**", Amber),
        ("before**TLP:RED**behind", Red),
        ("`TLP`: `RED`", Red),
        ("TLP\\:RED", Red),
        ("TLP&#58;RED", Red),
        ("TLP&#x3A;RED", Red),
        ("TLP&colon;RED", Red),
        ("&#84;&#76;&#80;:RED", Red),
        ("TLP&nbsp;:&nbsp;RED", Red),
        ("<!--TLP:RED-->", Red),
        ("<b>TLP</b>:<i\nclass=x>RED</i>", Red),
        ("T<wbr>LP:RED", Red),
        ("x?marking=TLP%3ARED", Red),
        ("TLP%3AAMBER%2BSTRICT", AmberStrict),
        ("TLP: \"amber+strict\"", AmberStrict),
        ("classification: TLP:RED", Red),
    ] {
        assert_eq!(all(text), [Some(Claim::Known(label))], "{text}");
    }
}

#[test]
fn a_label_has_the_line_that_begins_it() {
    let mut lines = Vec::new();
    scan(
        "a\nTLP:RED\n\nT**LP**:GREEN\n<!-- b\n -->TLP:\nAMBER",
        &mut |f| {
            lines.push((f.line, f.claim));
        },
    );
    let known = |l| Some(Claim::Known(l));
    assert_eq!(
        lines,
        [(2, known(Red)), (4, known(Green)), (6, known(Amber))]
    );
}

#[test]
fn what_only_speaks_of_tlp_is_no_marking() {
    for text in [
        "",
        "tl",
        "TLP",
        "Traffic Light Protocol (TLP) marking in the header",
        "https://www.first.org/tlp/",
        "https://us-cert.cisa.gov/tlp/.",
        "TLP: see below",
        "TLP 2.0 as an extension",
        "XTLP:RED",
        "TLPRED",
        "TLP redaction",
        "TLP CLEAR",
        "cert-fr:TLP=\"clear\"",
        "GqWTLpKpM+TLP/Red",
        "the Traffic Light Protocol (TLP)\nRed teams use it",
        "TLP:\nGreen energy is the subject",
        "What is TLP?\n\nAmber is a stone.",
        "TLP labels: see the annex",
        "TLP level of the report",
        "T L Prade",
        "a TLP/1.0 server",
        "*TLP* was introduced in 2022",
        "# TLP\n\nThe protocol",
        "tlp: &tlp",
    ] {
        assert_eq!(all(text), [], "{text}");
    }
}

#[test]
fn unknown_labels_are_unknown_and_the_source_rule_is_no_label() {
    assert_eq!(all("TLP:TEST"), [Some(Claim::Unknown)]);
    assert_eq!(all("tlp:unclear"), [Some(Claim::Unknown)]);
    assert_eq!(all("TLP:AMBER+FOO"), [Some(Claim::Unknown)]);
    assert_eq!(all("TLP:GREEN+STRICT"), [Some(Claim::Unknown)]);
    assert_eq!(all("TLP:AMBERSTRICT"), [Some(Claim::Unknown)]);
    assert_eq!(all("TLP:КРАСНЫЙ"), [Some(Claim::Unknown)]);
    assert_eq!(all("TLP:ROJO"), [Some(Claim::Unknown)]);
    for rule in [
        "tlp:ex:chr",
        "TLP:EX:CHR",
        "TLP: ex:chr",
        "tlp=\"ex:chr\"",
        "ТLР:ех:сhr",
    ] {
        assert_eq!(all(rule), [None], "{rule}");
        assert!(is_source_only(rule), "{rule}");
    }
    assert!(!is_source_only("tlp:ex:chr tlp:red"));
    assert_eq!(value("rainbow"), Claim::Unknown);
    assert_eq!(value("TLP=\"clear\""), Claim::Known(Clear));
    assert_eq!(value("amber+strict"), Claim::Known(AmberStrict));
    assert!(is_family("tlp:rainbow") && is_family("TLP") && !is_family("tlpx"));
}

#[test]
fn several_in_one_text_are_all_found() {
    assert_eq!(
        all("not TLP:RED but TLP:GREEN, TLP:AMBER"),
        [Red, Green, Amber].map(|l| Some(Claim::Known(l)))
    );
}

#[test]
fn many_labels_are_merged_in_one_pass() {
    // A pass for each would take hours.
    let text = "TLP:RED `\n".repeat(20_000);
    assert_eq!(all(&text).len(), 20_000);
    let text = "TLP:RED `".repeat(20_000);
    assert_eq!(all(&text).len(), 20_000);
}

#[test]
fn a_name_that_is_spelled_out_or_has_points_is_read() {
    for (text, label) in [
        ("Traffic Light Protocol: RED", Red),
        ("TRAFFIC LIGHT PROTOCOL – AMBER+STRICT", AmberStrict),
        ("**Traffic Light Protocol:** Green", Green),
        ("traffic-light-protocol = amber", Amber),
        ("Traffic Light\nProtocol: RED", Red),
        ("Traffic Light Protocol v2.0: AMBER", Amber),
        ("T.L.P.: RED", Red),
        ("T.L.P: amber", Amber),
        ("T-L-P: RED", Red),
        ("T. L. P.: RED", Red),
        ("<b>T.L.P.</b> RED", Red),
        ("Trаffic Light Protocol: RED", Red),
    ] {
        assert_eq!(all(text), [Some(Claim::Known(label))], "{text}");
    }
    for text in [
        "the Traffic Light Protocol red means that",
        "under the traffic light protocol\nred teams",
        "Traffic Light Protocol: see below",
        "Traffic Light Protocol: CLEAR",
        "traffic light: red",
        "S-T-L-P: red",
        "http://t.l.example/p: red",
    ] {
        assert_eq!(all(text), [], "{text}");
    }
    let mut lines = Vec::new();
    scan("a\nb\nTraffic Light\nProtocol: RED", &mut |f| {
        lines.push(f.line)
    });
    assert_eq!(lines, [4]);
}
