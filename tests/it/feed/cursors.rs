//! A cursor is a place in one viewer's feed: it goes on where it was taken, and is nobody else's.

use crate::support::{shared, text};

#[test]
fn reading_goes_on_after_a_cursor_without_gap_or_repetition() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    for n in 0..4 {
        meryem.share(
            &f.markdown(&format!("Page by page, {n}"), "words"),
            &["--tlp", "GREEN"],
        );
    }
    let all = meryem.items();
    let mut read = Vec::new();
    let mut cursor = String::new();
    while read.len() < all.len() {
        let page = meryem
            .run(&["feed", "--limit", "7", "--after", &cursor])
            .done()
            .objects();
        assert!(!page.is_empty() && page.len() <= 7);
        cursor = text(&page[page.len() - 1], "cursor").to_owned();
        read.extend(page.iter().map(|e| text(e, "item").to_owned()));
    }
    // Other tests may push, and withdraw, meanwhile.
    let ours: Vec<&String> = all.iter().filter(|i| meryem.may_show(i)).collect();
    let read: Vec<&String> = read.iter().filter(|i| ours.contains(i)).collect();
    assert_eq!(read, ours);
}

#[test]
fn anothers_cursor_and_an_edited_one_are_refused() {
    let f = shared();
    let meryem = f.viewer("energy/acme/meryem");
    meryem.share(
        &f.markdown("Something to point at", "words"),
        &["--tlp", "GREEN"],
    );
    let feed = meryem.run(&["feed", "--limit", "1"]).done().objects();
    let cursor = text(&feed[0], "cursor").to_owned();
    assert!(!cursor.is_empty());
    meryem.run(&["feed", "--after", &cursor]).done();

    for other in ["energy/bolt/bob", "energy/acme/siem", "water/aqua/bram"] {
        let answer = f.viewer(other).run(&["feed", "--after", &cursor]);
        assert_ne!(answer.code, 0, "{other}: {answer}");
        assert!(answer.out.is_empty(), "nothing is read with it");
    }
    for at in [0, cursor.len() / 2, cursor.len() - 2] {
        let mut edited = cursor.clone().into_bytes();
        edited[at] = if edited[at] == b'A' { b'B' } else { b'A' };
        let edited = String::from_utf8(edited).expect("still text");
        let answer = meryem.run(&["feed", "--after", &edited]);
        assert_ne!(answer.code, 0, "{answer}");
        assert!(answer.out.is_empty(), "nothing is read with it");
    }
    let answer = meryem.run(&["feed", "--after", "nonsense"]);
    assert_ne!(answer.code, 0, "{answer}");
}
