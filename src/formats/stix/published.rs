//! Marking definitions whose ids are published, and what they stand for. A document cannot redefine them.

use crate::model::label::Label;
use crate::model::words::Pap;

/// What a published id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    /// A TLP label.
    Tlp(Label),
    /// A marking of another family, which says nothing about who may receive.
    Other,
}

/// Looks an id up; case does not count, as in any UUID.
pub(crate) fn published(id: &str) -> Option<Published> {
    let uuid = strip_prefix(id.trim(), "marking-definition--")?;
    let entry = TLP
        .iter()
        .find(|(known, _)| uuid.eq_ignore_ascii_case(known));
    if let Some((_, label)) = entry {
        return Some(Published::Tlp(*label));
    }
    pap(id).map(|_| Published::Other)
}

/// The PAP level that a published id stands for.
pub(crate) fn pap(id: &str) -> Option<Pap> {
    let uuid = strip_prefix(id.trim(), "marking-definition--")?;
    PAP.iter()
        .find(|(known, _)| uuid.eq_ignore_ascii_case(known))
        .map(|(_, level)| *level)
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| text.get(prefix.len()..))
        .flatten()
}

/// TLP 1.0 (STIX 2.1 §7.2.1.4) and TLP 2.0 (the OASIS extension `tlp_2_0`): nine ids, five labels.
pub(crate) const TLP: [(&str, Label); 9] = [
    ("613f2e26-407d-48c7-9eca-b8e91df99dc9", Label::Clear),
    ("34098fce-860f-48ae-8e50-ebd3cc5e41da", Label::Green),
    ("f88d31f6-486f-44da-b317-01333bde0b82", Label::Amber),
    ("5e57c739-391a-4eb3-b6be-7d15ca92d5ed", Label::Red),
    ("94868c89-83c2-464b-929b-a1a8aa3c8487", Label::Clear),
    ("bab4a63c-aed9-4cf5-a766-dfca5abac2bb", Label::Green),
    ("55d920b0-5e8b-4f79-9ee9-91f868d9b421", Label::Amber),
    ("939a9414-2ddd-4d32-a0cd-375ea402b003", Label::AmberStrict),
    ("e828b379-4e03-4974-9ac4-e53a884c97c1", Label::Red),
];

/// The Permissible Actions Protocol (the OASIS extension `pap`).
const PAP: [(&str, Pap); 5] = [
    ("740d36e5-7714-4c30-961a-3ae632ceee0e", Pap::Red),
    ("60f8932b-e51e-4458-b265-a2e8be9a80ab", Pap::Amber),
    ("c43594d1-4b11-4c59-93ab-1c9b14d53ce9", Pap::Green),
    ("a3bea94c-b469-41dc-9cfe-d6e7daba7730", Pap::Clear),
    ("ad15a0cd-55b6-4588-a14c-a66105329b92", Pap::Clear),
];
