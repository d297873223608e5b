//! What was found in a document before anybody settled anything.

use super::words::{Claim, Found, is_source_only, scan, value};
use crate::formats::json::{Element, Path, Step};
use crate::formats::plain;
use crate::model::label::Label;

/// A marking as it was found.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// JSON Pointer, or `line:N`.
    pub(crate) place: String,
    /// What it says.
    pub(crate) claim: Claim,
    /// What stands there: an id, a tag, a value. The submitter can settle an unknown one by this name or its place.
    pub(crate) said: String,
    /// The STIX object that it marks, by its index; `None`: the whole document.
    pub(crate) object: Option<usize>,
    /// It is what a marking definition stands for, not a marking on that definition.
    pub(crate) defines: bool,
    /// It stands for others behind it that say the same, so that a word on its place does not settle it.
    pub(crate) stands_for_others: bool,
}

/// All markings of a document.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// In document order.
    pub(crate) list: Vec<Finding>,
    /// Places of `tlp:ex:chr`.
    pub(crate) source_only: Vec<String>,
    /// `tlp` stands nowhere in the document in ASCII, so that only other text needs a look: the ordinary case of a bundle
    /// that is marked by published ids.
    pub(crate) is_silent: bool,
    /// Besides, there is no other text.
    pub(crate) is_quiet: bool,
}

/// Markings of a text that are listed: more than any page has, and few enough that a text of nothing else costs no more
/// memory than its own bytes.
const LISTED_MAX: usize = 10_000;
/// How many claims there are: five labels, and the unknown.
const CLAIMS: usize = 6;

/// Longest text that is kept of what stands in the document.
const SAID_BYTES_MAX: usize = 100;

impl Findings {
    /// Notes a marking.
    pub(crate) fn add(&mut self, place: String, claim: Claim, said: &str, object: Option<usize>) {
        self.list.push(Finding {
            place,
            claim,
            said: plain::one_line(said, SAID_BYTES_MAX),
            object,
            defines: false,
            stands_for_others: false,
        });
    }

    /// Notes what a marking definition stands for.
    pub(crate) fn define(
        &mut self,
        place: String,
        claim: Claim,
        said: &str,
        object: Option<usize>,
    ) {
        self.add(place, claim, said, object);
        if let Some(last) = self.list.last_mut() {
            last.defines = true;
        }
    }

    /// Notes every `TLP:` string of a text.
    pub(crate) fn text(&mut self, text: &str, object: Option<usize>, place: impl Fn() -> String) {
        scan(text, &mut |Found { claim, text, .. }| match claim {
            Some(claim) => self.add(place(), claim, &text, object),
            None => self.source_only.push(place()),
        });
    }

    /// Notes every `TLP:` string of a text that is a whole document, each with the place of its line.
    pub(crate) fn lines(&mut self, text: &str, place: impl Fn(usize) -> String) {
        scan(text, &mut |Found { claim, text, line }| {
            let is_full = self.list.len() >= LISTED_MAX;
            match claim {
                // One is enough to ask for it, and has a place beside however many labels.
                None if self.source_only.len() >= LISTED_MAX => {}
                None => self.source_only.push(place(line)),
                Some(claim) if !is_full => self.add(place(line), claim, &text, None),
                Some(claim) => {
                    let is_told = |f: &&Finding| f.stands_for_others && f.claim == claim;
                    // Those that stand for others come last, one for each claim.
                    if !self.list.iter().rev().take(CLAIMS).any(|f| is_told(&f)) {
                        self.add(place(line), claim, &text, None);
                        if let Some(last) = self.list.last_mut() {
                            last.stands_for_others = true;
                        }
                    }
                }
            }
        });
    }

    /// Notes what a value under a key of TLP's own says; such a value is always of the TLP family.
    pub(crate) fn value(&mut self, element: Element<'_>, object: Option<usize>, path: &Path<'_>) {
        match element.as_text() {
            Some(text) if is_source_only(text) => self.source_only.push(path.pointer()),
            Some(text) => self.add(path.pointer(), value(text), text, object),
            None if element.as_bool().is_some() => {
                self.add(path.pointer(), Claim::Unknown, "not a label", object);
            }
            // What stands in a list or object is visited on its own; `null` says nothing.
            None => {}
        }
    }

    /// What any JSON document may say at this place: a value under a key of TLP's own, or a `TLP:` string in a key or a
    /// text.
    pub(crate) fn element(&mut self, element: Element<'_>, object: Option<usize>, path: &Path<'_>) {
        if self.is_silent {
            if let Some(key) = path.key().filter(|k| !k.is_ascii()) {
                self.text(key, object, || path.pointer());
            }
            if let Some(text) = element.as_str().filter(|t| !t.is_ascii()) {
                self.text(text, object, || path.pointer());
            }
            return;
        }
        if is_tlp_value(path) {
            self.value(element, object, path);
            return;
        }
        if let Some(key) = path.key() {
            self.text(key, object, || path.pointer());
        }
        if let Some(text) = element.as_str() {
            self.text(text, object, || path.pointer());
        }
    }
}

/// The value stands under a key of TLP's own: as its value, in its list, or as the `label` of its object.
fn is_tlp_value(path: &Path<'_>) -> bool {
    match path.steps() {
        [
            ..,
            Step::Key(key),
            Step::Key("label" | "level" | "marking" | "value" | "color" | "colour" | "name"),
        ] if is_tlp_key(key) => true,
        [.., Step::Key(key)] | [.., Step::Key(key), Step::Index(_)] => is_tlp_key(key),
        _ => false,
    }
}

/// The key holds a TLP label in one of the spellings met in practice: `tlp`, `TLP`, `tlp_2_0`, `x_tlp`, `tlpLabel`,
/// `x_acme_tlp_marking`.
pub(crate) fn is_tlp_key(key: &str) -> bool {
    const KEY_BYTES_MAX: usize = 48;
    if key.len() < 3 || key.len() > KEY_BYTES_MAX || !super::signs::has_tlp(key.as_bytes()) {
        return false;
    }
    let key = key.to_ascii_lowercase();
    let Some((before, behind)) = key.rsplit_once("tlp") else {
        return false;
    };
    let is_word = before.is_empty() || before.ends_with(['_', '-', '.', ':']);
    is_word
        && matches!(
            behind.trim_start_matches(['_', '-', '.', ':']),
            "" | "2_0" | "2.0" | "20" | "label" | "level" | "marking" | "rating" | "value"
        )
}

/// The strictest of some claims.
pub(crate) fn strictest(labels: impl IntoIterator<Item = Label>) -> Option<Label> {
    labels.into_iter().max()
}
