//! What was shared before somebody's admission.

use crate::support::Federation;

#[test]
fn a_newcomer_sees_earlier_items_up_to_green() {
    let f = Federation::of(&["energy"]);
    let meryem = f.person("energy/acme/meryem");
    let share = |label: &str| {
        let file = f.markdown(&format!("Earlier {label}"), "words");
        meryem.share(&file, &["--tlp", label])
    };
    let (clear, green, amber) = (share("CLEAR"), share("GREEN"), share("AMBER"));
    let strict = share("AMBER+STRICT");
    let bob = f.person("energy/bolt/bob");
    let later = meryem.share(&f.markdown("Later", "words"), &["--tlp", "AMBER+STRICT"]);
    let items = bob.items();
    let sees = |item: &String| items.contains(item);
    assert!(sees(&clear) && sees(&green) && sees(&later));
    assert!(!sees(&amber) && !sees(&strict));
    let explained = bob.run(&["explain", &amber]);
    assert_eq!(
        explained.code, 1,
        "what he may not see is not there for him: {explained}"
    );
    // Their colleagues, enrolled later still, are no newcomers.
    let siem = f.tool("energy/acme/siem");
    assert!(siem.items().contains(&strict));
    let own = f
        .node("energy")
        .operator(&["explain", &amber, "--to", "bolt"])
        .done()
        .object();
    assert!(own.to_string().contains("before-admission"), "{own}");
}

#[test]
fn a_community_may_open_its_history_further_or_close_it() {
    let f = Federation::with(
        &["energy"],
        &[
            ("SLUIS_ENDORSEMENTS_REQUIRED", "0"),
            ("SLUIS_NEWCOMER_HISTORY", "AMBER"),
        ],
    );
    let meryem = f.person("energy/acme/meryem");
    let amber = meryem.share(&f.markdown("Earlier", "words"), &["--tlp", "AMBER"]);
    let strict = meryem.share(
        &f.markdown("Earlier still", "words"),
        &["--tlp", "AMBER+STRICT"],
    );
    let items = f.person("energy/bolt/bob").items();
    assert!(items.contains(&amber) && !items.contains(&strict));
}
