//! An item that a viewer may not see is as one that does not exist: the answers are the same to the byte.

use crate::support::{Answer, shared};

#[test]
fn a_hidden_item_looks_like_an_absent_one() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let file = f.markdown("For one pair of eyes", "words");
    let hidden = meryem.share(&file, &["--tlp", "RED", "--to", "acme/meryem"]);
    let absent = "01a20c5a-b180-7153-9933-080a5e18d23d";
    let question = f.markdown("A question about it", "words");
    let question = question.to_string_lossy();
    let plain = |answer: Answer, item: &str| {
        let said = [answer.text(), answer.err].map(|text| text.replace(item, "ID"));
        (answer.code, said)
    };
    for other in ["energy/bolt/bob", "energy/acme/siem", "water/aqua/bram"] {
        let viewer = f.viewer(other);
        let ask = |item: &str| {
            let mut commands: Vec<Vec<&str>> = vec![
                vec!["show", item],
                vec!["show", item, "--raw"],
                vec!["push", &question, "--tlp", "GREEN", "--answers", item],
            ];
            // A tool of the submitting member may not read the item, and may ask where it went and take it back.
            if other != "energy/acme/siem" {
                commands.push(vec!["explain", item]);
                commands.push(vec!["trace", item]);
                commands.push(vec!["withdraw", item, "--reason", "error"]);
            }
            commands
                .iter()
                .map(|command| {
                    let answer = viewer.run(command);
                    assert_ne!(answer.code, 0, "{other}: {answer}");
                    plain(answer, item)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(ask(&hidden), ask(absent), "{other}");
        assert!(!viewer.items().contains(&hidden));
    }
    // The operator of another community neither.
    let water = f.node("water");
    let ask = |item: &str| {
        ["explain", "trace"].map(|command| plain(water.operator(&[command, item]), item))
    };
    assert_eq!(ask(&hidden), ask(absent));
}

#[test]
fn an_operator_sees_no_content_title_or_submitter() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    let file = f.markdown("Not for operators", "words that stay inside");
    let item = meryem.share(&file, &["--tlp", "GREEN"]);
    let node = f.node("energy");
    for command in [&["feed"][..], &["show", &item]] {
        let answer = node.operator(command);
        assert_ne!(answer.code, 0, "{answer}");
        assert!(answer.out.is_empty(), "{answer}");
    }
    for command in ["explain", "trace"] {
        let answer = node.operator(&[command, &item]).done();
        assert!(!answer.text().contains("Not for operators"), "{answer}");
    }
    assert!(
        !node.logged().contains("Not for operators"),
        "nor does the log"
    );
}
