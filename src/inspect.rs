//! What a node would read from a document, without a node. Pure; the command line prints it (design.md part 7).

use bytes::Bytes;
use serde::Serialize;
use uuid::Uuid;

use crate::formats::{Limits, read};
use crate::markings::{self, Marking, mark, markings};
use crate::model::label::Label;
use crate::model::submission::{Place, Reason, Refusal};
use crate::model::words::Pap;
use crate::partition::{Creator, Outlined, Part, Parting, Why, outline, parts};

/// What was read, with the keys of `sluis inspect`; the file's name is the caller's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// The format's name; `unknown` if it was not read.
    pub format: &'static str,
    /// The document's identity; null if it was not read.
    pub identity: Option<String>,
    /// Its version; null if it has none.
    pub version: Option<String>,
    /// The effective label; null if the document is neither marked nor declared.
    pub label: Option<&'static str>,
    /// Every marking with its place.
    pub markings: Vec<InspectedMarking>,
    /// What would become one item each.
    pub parts: Vec<InspectedPart>,
    /// Its pieces, each with its label and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<InspectedObject>,
    /// What of a MISP event `push --split` would release.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub releasable: Vec<Releasable>,
    /// What recipients may do, where the document says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pap: Option<&'static str>,
    /// It has no problems.
    pub valid: bool,
    /// What breaks its format's rules, or why it would be refused.
    pub problems: Vec<InspectedProblem>,
    /// What a submitter should know, sentences for people.
    pub remarks: Vec<String>,
}

/// A marking that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InspectedMarking {
    /// JSON Pointer, or `line:N`.
    pub place: String,
    /// What it stands for.
    pub label: &'static str,
    /// What stands there, when it is not simply the label.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InspectedPart {
    /// Its label; null if the document has none.
    pub label: Option<&'static str>,
    /// The ids of its objects.
    pub objects: Vec<String>,
}

/// A piece of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InspectedObject {
    /// Its id; empty where it has none.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it stands.
    pub place: String,
    /// The label of the part that it goes into; null if it goes with whatever uses it.
    pub label: Option<&'static str>,
    /// Why, a sentence for people.
    pub why: String,
}

/// What splitting would release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Releasable {
    /// The label under which it would go.
    pub label: &'static str,
    /// How many attributes, objects and reports.
    pub pieces: usize,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InspectedProblem {
    /// JSON Pointer or `line:N`; empty: the whole document.
    pub place: String,
    /// What is wrong there.
    pub message: String,
    /// Only a strict community refuses it; others take the document and tell its submitter.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub warning: bool,
}

/// Reads a document, plain or gzip-compressed, as a node with default limits would with this declared label.
///
/// That nobody said a label is no problem of the document: its label is null.
pub fn inspect(bytes: &Bytes, declared: Option<Label>) -> Inspection {
    let document = match read(bytes, &Limits::default()) {
        Ok(document) => document,
        Err(refusal) => return unread(Some(&refusal)),
    };
    let mut problems: Vec<InspectedProblem> = document.problems.iter().map(problem).collect();
    let pap = markings::pap(&document).map(Pap::name);
    let mut inspection = Inspection {
        format: document.format.name(),
        identity: Some(document.identity.clone()),
        version: Some(document.version.clone()).filter(|v| !v.is_empty()),
        pap,
        ..unread(None)
    };
    match mark(&document, declared, &[]) {
        Ok(marked) => {
            let parted = parts(&document, &marked, parting());
            inspection.label = Some(marked.label.name());
            inspection.objects = outline(&document, &marked)
                .into_iter()
                .map(object)
                .collect();
            inspection.parts = parted.parts.into_iter().map(part).collect();
            inspection.releasable = parted
                .releasable
                .into_iter()
                .map(|(label, pieces)| Releasable {
                    label: label.name(),
                    pieces,
                })
                .collect();
            inspection.markings = marked.markings.iter().map(marking).collect();
            inspection.remarks = marked.remarks;
        }
        Err(refusal) => {
            let found = markings(&document);
            let label = declared.max(found.iter().map(|m| m.label).max());
            inspection.label = label.map(Label::name);
            inspection.markings = found.iter().map(marking).collect();
            if refusal.reason != Reason::NoLabel {
                problems.extend(refused(&refusal));
            }
        }
    }
    for place in &document.unsearchable {
        inspection.remarks.push(format!(
            "{}: {}, which cannot be searched, so that only a named push can carry it",
            place.place, place.message
        ));
    }
    problems.extend(document.warnings.iter().map(|warning| InspectedProblem {
        warning: true,
        ..problem(warning)
    }));
    inspection.valid = problems.is_empty();
    inspection.problems = problems;
    inspection
}

fn part(part: Part) -> InspectedPart {
    InspectedPart {
        label: Some(part.label.name()),
        objects: part.objects,
    }
}

fn object(outlined: Outlined) -> InspectedObject {
    InspectedObject {
        id: outlined.object,
        kind: outlined.kind,
        place: outlined.place,
        label: outlined.label.map(Label::name),
        why: match outlined.why {
            Why::Marked(place) => format!("marked at {place}"),
            Why::Container(container) => format!("unmarked, and listed in {container}"),
            Why::Declared => "unmarked: the declared label".to_owned(),
            Why::Strictest => "unmarked: the strictest label in the document".to_owned(),
            Why::Refers { place, to } => format!("refers to {to} at {place}"),
            Why::Definition => "a definition: goes with whatever uses it".to_owned(),
        },
    }
}

/// Without a node nothing is derived from a secret: ids that are made anew are all the same.
fn parting() -> Parting<'static> {
    Parting {
        split: false,
        id: &|_| Uuid::nil(),
        creator: Creator {
            name: "",
            uuid: Uuid::nil(),
        },
    }
}

fn unread(refusal: Option<&Refusal>) -> Inspection {
    Inspection {
        format: "unknown",
        identity: None,
        version: None,
        label: None,
        markings: Vec::new(),
        parts: Vec::new(),
        objects: Vec::new(),
        releasable: Vec::new(),
        pap: None,
        valid: false,
        problems: refusal.map(refused).unwrap_or_default(),
        remarks: Vec::new(),
    }
}

/// A refusal as problems: its own sentence first, then each place.
fn refused(refusal: &Refusal) -> Vec<InspectedProblem> {
    let place = refusal.places.first().map_or("", |p| p.place.as_str());
    let whole = InspectedProblem {
        place: place.to_owned(),
        message: format!("{}: {}", refusal.reason, refusal.message),
        warning: false,
    };
    let places = refusal.places.iter().skip(1).map(problem);
    std::iter::once(whole).chain(places).collect()
}

fn problem(place: &Place) -> InspectedProblem {
    InspectedProblem {
        place: place.place.clone(),
        message: place.message.clone(),
        warning: false,
    }
}

fn marking(marking: &Marking) -> InspectedMarking {
    InspectedMarking {
        place: marking.place.clone(),
        label: marking.label.name(),
        note: marking.note.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str, declared: Option<Label>) -> Inspection {
        inspect(&Bytes::copy_from_slice(text.as_bytes()), declared)
    }

    #[test]
    fn a_document_without_a_label_is_valid_and_its_label_is_null() {
        let seen = seen("# Minutes\n\nWe met.", None);
        assert_eq!(
            (seen.format, seen.label, seen.valid),
            ("markdown", None, true)
        );
        let json = serde_json::to_value(&seen).unwrap();
        for key in [
            "format", "identity", "version", "label", "markings", "parts", "valid", "problems",
        ] {
            assert!(json.get(key).is_some(), "{key}");
        }
        assert!(json["label"].is_null() && json["version"].is_null());
    }

    #[test]
    fn a_refused_document_still_shows_what_could_be_read() {
        let seen = seen("Note\n\nTLP:RED", Some(Label::Green));
        assert_eq!((seen.format, seen.label), ("text", Some("RED")));
        assert_eq!(seen.markings.len(), 1);
        assert!(!seen.valid);
        assert_eq!(seen.problems[0].place, "line:3");
        assert!(seen.problems[0].message.starts_with("label-in-text"));
    }

    #[test]
    fn a_damaged_document_is_unknown_and_says_where() {
        let seen = seen("{\n\"a\":1,\n}", None);
        assert_eq!((seen.format, seen.valid), ("unknown", false));
        assert_eq!(seen.problems[0].place, "line:3");
        assert_eq!((seen.identity, seen.label), (None, None));
    }
}
