//! The markings of a STIX document, and the label of each of its objects.
//!
//! A reference is resolved in this order: published ids, definitions in the document, nothing. What a definition claims
//! counts wherever the document refers to it, and also where it only stands in the document.

use std::collections::HashMap;

use super::findings::{Findings, is_tlp_key};
use super::words::{Claim, is_family, is_source_only, value};
use crate::formats::json::{Element, Path, Step};
use crate::formats::stix::Shape;
use crate::formats::stix::published::{Published, published};
use crate::model::label::Label;

/// Finds every marking.
pub(crate) fn find(root: Element<'_>, findings: &mut Findings) {
    let shape = Shape::of(root);
    let definitions = definitions(root, shape);
    let mut object = None;
    let mut in_definition = false;
    let is_quiet = findings.is_quiet;
    root.walk_where(|path, element| {
        if path.steps().len() == shape.steps() {
            object = match path.steps().last() {
                Some(Step::Index(index)) => Some(*index),
                _ => Some(0),
            };
            in_definition = element.str("type") == Some("marking-definition");
            if in_definition {
                own_claim(element, path, object, findings);
            }
        } else if path.steps().len() < shape.steps() {
            // The list of objects itself, and what stands beside it.
            object = None;
            in_definition = false;
        }
        match path.steps() {
            [.., Step::Key("object_marking_refs"), Step::Index(_)]
            | [.., Step::Key("marking_ref")] => {
                reference(element, path, object, &definitions, findings);
            }
            [.., Step::Key("object_marking_refs")] if !element.is_array() => {
                reference(element, path, object, &definitions, findings);
            }
            _ if in_definition => {
                if let Some(text) = element
                    .as_str()
                    .filter(|t| !findings.is_silent || !t.is_ascii())
                    && asks_source_only(text, path)
                {
                    findings.source_only.push(path.pointer());
                }
            }
            _ => findings.element(element, object, path),
        }
        // Where no text can say anything, only references are looked for, object by object.
        !is_quiet
            || path.steps().len() < shape.steps()
            || path.steps().len() > shape.steps() + 1
            || may_refer(element)
    });
}

/// A reference to a marking stands here or within.
fn may_refer(element: Element<'_>) -> bool {
    element
        .all()
        .any(|e| e.is_under("object_marking_refs") || e.is_under("marking_ref"))
}

/// A text of a definition says `tlp:ex:chr`.
fn asks_source_only(text: &str, path: &Path<'_>) -> bool {
    let mut asks = path.key().is_some_and(is_tlp_key) && is_source_only(text);
    super::words::scan(text, &mut |found| asks |= found.claim.is_none());
    asks
}

/// What the definitions in the document claim, by their id in lower case; `None`: a marking of another family.
fn definitions(root: Element<'_>, shape: Shape) -> HashMap<String, Option<Claim>> {
    let mut definitions: HashMap<String, Option<Claim>> = HashMap::new();
    for (_, object) in shape.objects(root) {
        if object.str("type") == Some("marking-definition")
            && let Some(id) = object.str("id")
        {
            let claim = claimed(object).map(|(claim, _, _)| claim);
            definitions
                .entry(id.to_ascii_lowercase())
                .and_modify(|known| {
                    *known = match (*known, claim) {
                        (Some(a), Some(b)) => Some(a.stricter(b)),
                        (a, b) => a.or(b),
                    };
                })
                .or_insert(claim);
        }
    }
    definitions
}

fn reference(
    element: Element<'_>,
    path: &Path<'_>,
    object: Option<usize>,
    definitions: &HashMap<String, Option<Claim>>,
    findings: &mut Findings,
) {
    let Some(id) = element.as_str() else {
        if !element.is_null() {
            findings.add(path.pointer(), Claim::Unknown, "not an id", object);
        }
        return;
    };
    let claim = match published(id) {
        Some(Published::Tlp(label)) => Some(Claim::Known(label)),
        Some(Published::Other) => None,
        None => match definitions.get(&id.to_ascii_lowercase()) {
            Some(claim) => *claim,
            None => Some(Claim::Unknown),
        },
    };
    if let Some(claim) = claim {
        findings.add(path.pointer(), claim, id, object);
    }
}

/// Notes what a definition in the document claims.
fn own_claim(
    definition: Element<'_>,
    path: &Path<'_>,
    object: Option<usize>,
    findings: &mut Findings,
) {
    let mut pointer = path.pointer();
    let id = definition.str("id").unwrap_or_default();
    match published(id) {
        Some(Published::Tlp(label)) => {
            findings.define(format!("{pointer}/id"), Claim::Known(label), id, object);
            // A definition that contradicts its published id is not valid; until somebody refuses it, it restricts.
            if let Some((Claim::Known(said), place, text)) = claimed(definition)
                && said > label
            {
                findings.define(
                    format!("{pointer}{place}"),
                    Claim::Known(said),
                    &text,
                    object,
                );
            }
        }
        Some(Published::Other) => {}
        None => {
            if let Some((claim, place, said)) = claimed(definition) {
                pointer.push_str(&place);
                // An unknown one is settled by the definition's id.
                let said = match claim {
                    Claim::Known(_) => said.as_str(),
                    Claim::Unknown => id,
                };
                findings.define(pointer, claim, said, object);
            }
        }
    }
}

/// The strictest claim that a definition makes, with its place in the definition and what stands there.
pub(crate) fn claimed(definition: Element<'_>) -> Option<(Claim, String, String)> {
    let mut best: Option<(Claim, String, String)> = None;
    let mut claim = |claim: Claim, place: String, said: &str| {
        let better = best
            .as_ref()
            .is_none_or(|(known, _, _)| claim.label() > known.label());
        if better {
            best = Some((claim, place, said.to_owned()));
        }
    };
    let is_tlp_type = definition
        .str("definition_type")
        .is_some_and(|t| is_tlp_key(t.trim()));
    let mut says_label = false;
    definition.walk(|path, element| {
        let steps = path.steps();
        if let [.., Step::Key(key)] = steps
            && is_tlp_key(key)
            && !element.is_array()
            && !element.is_object()
        {
            says_label = true;
            let text = element.as_text();
            if text.is_some_and(is_source_only) {
                return;
            }
            claim(
                text.map_or(Claim::Unknown, value),
                path.pointer(),
                text.unwrap_or("not a label"),
            );
        } else if let ([Step::Key("definition")], Some(text), true) =
            (steps, element.as_str(), is_tlp_type)
        {
            says_label = true;
            claim(value(text), path.pointer(), text);
        } else if let ([Step::Key("name")], Some(name)) = (
            steps,
            element
                .as_str()
                .filter(|n| is_family(n) && !is_source_only(n)),
        ) {
            claim(value(name), path.pointer(), name);
        } else if let [.., Step::Key("object_marking_refs"), Step::Index(_)]
        | [.., Step::Key("marking_ref")] = steps
        {
            // Not a claim of the definition but a marking on it.
        } else if let Some(text) = element.as_str() {
            super::words::scan(text, &mut |found| {
                if let Some(said) = found.claim {
                    claim(said, path.pointer(), &found.text);
                }
            });
        }
    });
    let has_extension = definition
        .get("extensions")
        .is_some_and(|e| e.get(TLP_EXTENSION).is_some());
    if (is_tlp_type || has_extension) && !says_label {
        claim(
            Claim::Unknown,
            String::new(),
            "a TLP marking without a label",
        );
    }
    best
}

/// The OASIS extension that carries TLP 2.0.
const TLP_EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// The labels of objects, and which of them come from containers.
#[derive(Default)]
pub(crate) struct Labelled {
    pub(crate) labels: Vec<Option<Label>>,
    /// For each object the container that gave it its label; empty where none did.
    pub(crate) containers: Vec<Option<usize>>,
}

/// The label of each object in document order; `None`: a definition without a marking of its own, which goes with
/// whatever uses it.
///
/// `own` are the labels found on objects, `whole` the strictest that the document carries as a whole, `declared` the
/// submitter's, `found` the strictest found anywhere.
pub(crate) fn labels(
    root: Element<'_>,
    own: &[(usize, Label)],
    whole: Option<Label>,
    declared: Option<Label>,
    found: Option<Label>,
) -> Labelled {
    let shape = Shape::of(root);
    let objects: Vec<Element<'_>> = shape.objects(root).map(|(_, object)| object).collect();
    let mut labels: Vec<Option<Label>> = vec![None; objects.len()];
    for (index, label) in own {
        if let Some(slot) = labels.get_mut(*index) {
            *slot = (*slot).max(Some(*label));
        }
    }
    let containers = inherit(&objects, &mut labels);
    let floor = declared.max(whole);
    let default = declared.or(found);
    for (object, label) in objects.iter().zip(&mut labels) {
        let is_definition = || {
            matches!(
                object.str("type"),
                Some("marking-definition" | "extension-definition")
            )
        };
        if label.is_some() {
            *label = (*label).max(floor);
        } else if !is_definition() {
            *label = default.max(floor);
        }
    }
    Labelled { labels, containers }
}

/// Unmarked objects take the strictest label of the containers that list them, through unmarked containers too. Which
/// container gave each its label.
fn inherit(objects: &[Element<'_>], labels: &mut [Option<Label>]) -> Vec<Option<usize>> {
    if labels.iter().all(Option::is_none) || labels.iter().all(Option::is_some) {
        return Vec::new();
    }
    // What lists anything; most objects do not.
    let lists: Vec<bool> = objects
        .iter()
        .map(|object| object.get("object_refs").is_some() || is_incident(*object))
        .collect();
    if !lists.contains(&true) {
        return Vec::new();
    }
    let mut containers = vec![None; objects.len()];
    // Of each id the first unmarked object that has it, and for each object the one behind it with its id.
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut behind: Vec<Option<usize>> = vec![None; objects.len()];
    for (index, object) in objects.iter().enumerate().rev() {
        if labels.get(index).is_some_and(Option::is_none)
            && let Some(id) = object.str("id")
            && let Some(slot) = behind.get_mut(index)
        {
            *slot = first.insert(id, index);
        }
    }
    // From the strictest down, so that the first label that reaches an object is the one it keeps.
    for label in Label::ALL.into_iter().rev() {
        let mut waiting: Vec<usize> = labels
            .iter()
            .enumerate()
            .filter(|(_, l)| **l == Some(label))
            .map(|(index, _)| index)
            .collect();
        while let Some(container) = waiting.pop() {
            let Some(object) = objects.get(container) else {
                continue;
            };
            if lists.get(container) != Some(&true) {
                continue;
            }
            for id in listed(*object) {
                // After the first that lists it an id is settled, however many list it again.
                let mut next = first.remove(id);
                while let Some(member) = next {
                    next = behind.get(member).copied().flatten();
                    if let Some(slot) = labels.get_mut(member)
                        && slot.is_none()
                    {
                        *slot = Some(label);
                        if let Some(given_by) = containers.get_mut(member) {
                            *given_by = Some(container);
                        }
                        waiting.push(member);
                    }
                }
            }
        }
    }
    containers
}

fn is_incident(object: Element<'_>) -> bool {
    object.str("type") == Some("incident")
}

/// The ids that an object lists as a container: `object_refs` of report, grouping, note, opinion and observed data, and
/// whatever an incident or its extension lists.
fn listed<'a>(object: Element<'a>) -> impl Iterator<Item = &'a str> {
    let is_incident = is_incident(object);
    let extension_lists = object
        .get("extensions")
        .filter(|_| is_incident)
        .into_iter()
        .flat_map(|e| e.entries().flat_map(|(_, extension)| extension.entries()));
    object
        .entries()
        .chain(extension_lists)
        .filter(move |(key, _)| {
            *key == "object_refs"
                || (is_incident && key.ends_with("_refs") && *key != "object_marking_refs")
        })
        .flat_map(|(_, list)| list.items())
        .filter_map(Element::as_str)
}
