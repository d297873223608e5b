//! What a submitter is told of how the document was parted: sentences for people.

use std::collections::HashMap;

use crate::anonymity::Reissued;
use crate::model::label::Label;
use crate::partition::{Parted, Raised};

/// Raised objects that are named; the preview lists the others.
const NAMED_MAX: usize = 5;

/// Names objects as their submitter knows them, and not by the ids under which they travel.
pub(super) fn under_own_ids(raised: &mut [Raised], reissued: &[Reissued]) {
    let own: HashMap<&str, &str> = reissued
        .iter()
        .map(|r| (r.to.as_str(), r.from.as_str()))
        .collect();
    for name in raised
        .iter_mut()
        .flat_map(|raised| [&mut raised.object, &mut raised.because_of])
    {
        if let Some(own) = own.get(name.as_str()) {
            *name = (*own).to_owned();
        }
    }
}

/// What went up and why, and what splitting would release.
pub(super) fn of_parting(parted: &Parted) -> Vec<String> {
    let mut remarks = Vec::new();
    for label in Label::ALL.into_iter().rev() {
        let raised: Vec<&Raised> = parted.raised.iter().filter(|r| r.to == label).collect();
        if let [first, ..] = raised.as_slice() {
            remarks.push(of_raised(label, first, &raised));
        }
    }
    if !parted.releasable.is_empty() {
        let list: Vec<String> = parted
            .releasable
            .iter()
            .map(|(label, count)| format!("{count} as {label}"))
            .collect();
        remarks.push(format!(
            "the event is one item at its most restrictive label; --split would release {} of its attributes and objects",
            list.join(" and ")
        ));
    }
    remarks
}

fn of_raised(label: Label, first: &Raised, raised: &[&Raised]) -> String {
    let n = raised.len();
    let names: Vec<String> = raised
        .iter()
        .take(NAMED_MAX)
        .map(|r| format!("{} ({} names {})", r.object, r.place, r.because_of))
        .collect();
    let more = n.saturating_sub(NAMED_MAX);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let (goes, it) = if n == 1 {
        ("object goes", "it refers")
    } else {
        ("objects go", "they refer")
    };
    let from = if raised.iter().all(|r| r.from == first.from) {
        format!(" instead of {}", first.from)
    } else {
        String::new()
    };
    format!(
        "{n} {goes} at {label}{from} because {it} to something {label}: {}{more}; without the reference it could go further",
        names.join(", ")
    )
}
