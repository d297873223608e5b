//! The effective label of a document and of each of its objects, with the place that decided. Pure.
//!
//! The label is the most restrictive of what was declared and everything that the content says (design.md part 4). What
//! looks like TLP and cannot be understood counts as RED. A document that can be read in more than one way is read in the
//! strictest.

mod csaf;
mod findings;
mod misp;
mod pap;
mod prose;
mod signs;
mod stix;
mod words;

use std::collections::BTreeMap;

use crate::formats::json::{Element, Json};
use crate::formats::stix::Shape;
use crate::formats::{Body, Document, Format};
use crate::model::item::ResolvedMarking;
use crate::model::label::Label;
use crate::model::submission::{Place, Reason, Refusal};
use crate::model::words::Pap;
use findings::{Finding, Findings, strictest};
use words::Claim;

pub(crate) use misp::distribution;
pub(crate) use pap::PapIn;

/// A marking that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marking {
    /// JSON Pointer, or `line:N`.
    pub place: String,
    /// What it stands for; RED where it is unknown, malformed or unresolved.
    pub label: Label,
    /// What stands there, for people, when it is not simply the label's name; at most 120 bytes.
    pub note: String,
}

/// A document with its labels.
#[derive(Debug)]
pub struct Marked {
    /// The most restrictive label of all.
    pub label: Label,
    /// Every marking, in document order.
    pub markings: Vec<Marking>,
    /// What was declared.
    pub declared: Option<Label>,
    /// The place that decided; `None`: the declared label did.
    pub decided_by: Option<String>,
    /// STIX: the label of each object in document order; `None`: a definition that is not itself marked and goes with
    /// whatever uses it. Other formats: empty.
    pub objects: Vec<Option<Label>>,
    /// STIX: for each object the index of the container from which it took its label, if it took it from one. Empty where
    /// none did.
    pub containers: Vec<Option<usize>>,
    /// The limits that the document sets beyond its label.
    pub restriction: Restriction,
    /// Where the document asks not to name its source (`tlp:ex:chr`), which its submitter cannot overrule.
    pub unnamed_by: Option<String>,
    /// What the submitter should know, sentences for people, at most [`Marked::REMARKS_MAX`].
    pub remarks: Vec<String>,
}

impl Marked {
    /// Most remarks: what a person reads.
    pub const REMARKS_MAX: usize = 20;
}

/// A limit that MISP distribution or a CSAF sharing group sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Restriction {
    /// Only the submitting member.
    pub submitter_only: bool,
    /// At most so many hops.
    pub hop_limit: Option<u32>,
}

impl Restriction {
    const fn submitter() -> Self {
        Self {
            submitter_only: true,
            hop_limit: Some(0),
        }
    }

    const fn hops(hops: u32) -> Self {
        Self {
            submitter_only: false,
            hop_limit: Some(hops),
        }
    }

    /// Both limits at once.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            submitter_only: self.submitter_only || other.submitter_only,
            hop_limit: match (self.hop_limit, other.hop_limit) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
        }
    }
}

/// Finds every marking and computes the label. Refuses text that says more than was declared, and what has no label at
/// all.
pub fn mark(
    document: &Document,
    declared: Option<Label>,
    resolved: &[ResolvedMarking],
) -> Result<Marked, Refusal> {
    let root = document.root();
    let mut found = find(document, root);
    let settled = settle(&mut found, document, resolved);
    let strictest_found = strictest(settled.markings.iter().map(|m| m.label));
    let Some(label) = declared.max(strictest_found) else {
        return Err(Refusal::new(
            Reason::NoLabel,
            "nobody said how far this may go: the document carries no TLP marking and none was declared; \
             push it with --tlp LABEL",
        ));
    };
    if document.is_prose()
        && let Some(declared) = declared
        && label > declared
    {
        return Err(above_declared(&settled.markings, declared));
    }
    let decided_by = (declared != Some(label))
        .then(|| settled.markings.iter().find(|m| m.label == label))
        .flatten()
        .map(|m| m.place.clone());
    let mut remarks = settled.remarks;
    if let (Some(declared), Some(place)) = (declared, &decided_by) {
        remarks.insert(
            0,
            format!("declared {declared}, but the content says {label} ({place}): {label} holds"),
        );
    }
    remarks.truncate(Marked::REMARKS_MAX);
    let stix::Labelled { labels, containers } = object_labels(
        root.filter(|_| is_stix(document)),
        &found,
        &settled.markings,
        declared,
        strictest_found,
    );
    Ok(Marked {
        label,
        declared,
        objects: labels,
        containers,
        markings: settled.markings,
        decided_by,
        restriction: restriction(document),
        unnamed_by: found.source_only.first().cloned(),
        remarks,
    })
}

/// Every marking that was found in a document, in document order, also where [`mark`] refuses it.
pub fn markings(document: &Document) -> Vec<Marking> {
    settle(&mut find(document, document.root()), document, &[]).markings
}

/// The strictest PAP level that the document asks for, in a tag, a marking or a text; `None`: it says nothing of it.
pub fn pap(document: &Document) -> Option<Pap> {
    pap::find(document)
}

/// The strictest PAP level that the payloads of these objects of a STIX document say, by their indexes.
pub(crate) fn pap_in_payloads(
    document: &Document,
    is_object: impl Fn(usize) -> bool,
) -> Option<Pap> {
    let shape = Shape::of(document.root()?);
    document
        .payloads
        .iter()
        .filter(|payload| shape.object_of(&payload.place).is_some_and(&is_object))
        .map(|payload| pap::of_text(&payload.text))
        .max()
        .flatten()
}

/// The limits that the document sets beyond its label.
pub(crate) fn restriction(document: &Document) -> Restriction {
    let of = match document.format {
        Format::Misp => misp::restriction,
        Format::Csaf20 | Format::Csaf21 => csaf::restriction,
        _ => return Restriction::default(),
    };
    document.root().map(of).unwrap_or_default()
}

fn is_stix(document: &Document) -> bool {
    matches!(document.format, Format::Stix21 | Format::Stix20)
}

fn find(document: &Document, root: Option<Element<'_>>) -> Findings {
    find_with(document, root, is_silent(document))
}

/// The same; `is_silent`: only what is not ASCII is looked at.
fn find_with(document: &Document, root: Option<Element<'_>>, is_silent: bool) -> Findings {
    let is_ascii = |json: &Json| json.haystacks().into_iter().all(<[u8]>::is_ascii);
    let mut findings = Findings {
        is_silent,
        is_quiet: is_silent && document.json().is_some_and(is_ascii),
        ..Findings::default()
    };
    match (document.format, root) {
        (Format::Stix21 | Format::Stix20, Some(root)) => stix::find(root, &mut findings),
        (Format::Csaf20 | Format::Csaf21, Some(root)) => csaf::find(root, &mut findings),
        (Format::Misp, Some(root)) => misp::find(root, &mut findings),
        (Format::Markdown | Format::Text | Format::Pdf, _) | (_, None) => match &document.body {
            Body::Extracted(extracted) => prose::pages(extracted, &mut findings),
            Body::Json(_) | Body::Text => prose::find(document.text(), &mut findings),
        },
    }
    let shape = root.filter(|_| is_stix(document)).map(Shape::of);
    for payload in &document.payloads {
        let object = shape.and_then(|shape| shape.object_of(&payload.place));
        findings.text(&payload.text, object, || payload.place.clone());
    }
    findings
}

fn is_silent(document: &Document) -> bool {
    match &document.body {
        Body::Json(json) => !json.haystacks().into_iter().any(signs::may_say_tlp),
        Body::Text | Body::Extracted(_) => false,
    }
}

fn object_labels(
    stix: Option<Element<'_>>,
    found: &Findings,
    markings: &[Marking],
    declared: Option<Label>,
    strictest_found: Option<Label>,
) -> stix::Labelled {
    let Some(root) = stix else {
        return stix::Labelled::default();
    };
    // Findings and markings stand in the same order.
    let with_label = || found.list.iter().zip(markings);
    let own: Vec<(usize, Label)> = with_label()
        .filter(|(finding, _)| !finding.defines)
        .filter_map(|(finding, marking)| Some((finding.object?, marking.label)))
        .collect();
    let whole = strictest(
        with_label()
            .filter(|(finding, _)| finding.object.is_none())
            .map(|(_, marking)| marking.label),
    );
    stix::labels(root, &own, whole, declared, strictest_found)
}

/// Markings after the submitter's word on them.
struct Settled {
    markings: Vec<Marking>,
    remarks: Vec<String>,
}

/// Takes the places and what stands there out of the findings.
fn settle(found: &mut Findings, document: &Document, resolved: &[ResolvedMarking]) -> Settled {
    let is_prose = document.is_prose();
    let mut used = vec![false; resolved.len()];
    // What counts as RED unsettled: its name, first place, and how often.
    let mut unknown: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    let words: Vec<Option<Label>> = found
        .list
        .iter()
        .map(|finding| {
            // In text the words may only be quoted; elsewhere a known label is the document's own and stays.
            let can_be_settled =
                !finding.stands_for_others && (is_prose || finding.claim == Claim::Unknown);
            let word = resolved
                .iter()
                .zip(&mut used)
                .filter(|(word, _)| can_be_settled && speaks_of(word, finding))
                .map(|(word, used)| {
                    *used = true;
                    word.label
                })
                .max();
            if word.is_none() && finding.claim == Claim::Unknown {
                unknown
                    .entry(&finding.said)
                    .or_insert((&finding.place, 0))
                    .1 += 1;
            }
            word
        })
        .collect();
    let mut remarks: Vec<String> = unknown
        .into_iter()
        .map(|(said, (place, count))| {
            let times = if count > 1 {
                format!(", {count} times, first")
            } else {
                String::new()
            };
            let name = if is_prose { place } else { said };
            format!(
                "\"{said}\"{times} at {place} is no TLP label that is known here and counts as RED; \
                 --resolve-marking '{name}=LABEL' settles it"
            )
        })
        .collect();
    for (word, _) in resolved.iter().zip(&used).filter(|(_, used)| !**used) {
        remarks.push(format!(
            "--resolve-marking {}={}: nothing of that name needs settling",
            word.marking, word.label
        ));
    }
    if let Some(place) = found.source_only.first() {
        remarks.push(format!(
            "tlp:ex:chr at {place} asks not to name the source; it is no label (consider --attribution anonymous)"
        ));
    }
    let markings = found
        .list
        .iter_mut()
        .zip(words)
        .map(|(finding, word)| marking(finding, word))
        .collect();
    Settled { markings, remarks }
}

fn marking(finding: &mut Finding, word: Option<Label>) -> Marking {
    let label = word.unwrap_or(finding.claim.label());
    let note = match (word, finding.claim) {
        (Some(_), _) => format!("settled: {}", finding.said),
        (None, Claim::Unknown) => format!("unknown: {}", finding.said),
        (None, Claim::Known(label)) => {
            let name = finding.said.as_str();
            let bare = name.get(..4).filter(|p| p.eq_ignore_ascii_case("tlp:"));
            let name = bare.map_or(name, |_| name.get(4..).unwrap_or_default());
            if name.eq_ignore_ascii_case(label.name()) {
                String::new()
            } else {
                std::mem::take(&mut finding.said)
            }
        }
    };
    Marking {
        place: std::mem::take(&mut finding.place),
        label,
        note,
    }
}

/// The submitter's word is about this marking: by its place, its id or its tag.
fn speaks_of(word: &ResolvedMarking, finding: &Finding) -> bool {
    let name = word.marking.trim();
    name == finding.place || (!name.is_empty() && name.eq_ignore_ascii_case(&finding.said))
}

fn above_declared(markings: &[Marking], declared: Label) -> Refusal {
    let above: Vec<&Marking> = markings.iter().filter(|m| m.label > declared).collect();
    let strictest = strictest(above.iter().map(|m| m.label)).unwrap_or(Label::Red);
    let place = above.first().map_or("line:1", |m| m.place.as_str());
    Refusal::new(
        Reason::LabelInText,
        format!(
            "the text says {strictest}, more than the declared {declared}; declare {strictest}, or, where the words are \
             only quoted, settle each place with --resolve-marking {place}={declared}"
        ),
    )
    .at(above.iter().map(|m| Place {
        place: m.place.clone(),
        message: if m.note.is_empty() {
            format!("says TLP:{}", m.label)
        } else {
            format!("says {} ({})", m.label, m.note)
        },
    }))
}

#[cfg(test)]
mod tests;
