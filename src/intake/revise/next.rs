//! An item as it is, what is said anew, and the draft that a push would have made of it: the next revision, or a refusal.

use super::super::draft::{Draft, DraftPart};
use super::super::{Pushed, Status, settle};
use crate::anonymity::Reissued;
use crate::formats;
use crate::model::item::{Envelope, LocalRecord, Relation, Said};
use crate::model::submission::{Changes, PushOptions, Reason, Refusal, Revision};
use crate::store::{
    Append, AppendItem, DocumentOfItem, DocumentPart, DocumentState, Expect, Waiting,
};

/// An item of the caller's member, as it is.
pub(super) struct Held {
    pub(super) envelope: Envelope,
    pub(super) local: LocalRecord,
    pub(super) document: DocumentOfItem,
    pub(super) content: bytes::Bytes,
    pub(super) reissued: Vec<Reissued>,
}

/// A revision that passed every rule.
pub(super) struct Ready {
    pub(super) held: Held,
    pub(super) draft: Draft,
    /// The part that it is from now on.
    pub(super) part: DocumentPart,
    pub(super) has_document: bool,
}

/// What is said of the next revision: what is said anew, and what was said before.
pub(super) fn merged(
    held: &Held,
    new: &PushOptions,
    changes: &Changes,
    keeps_label: bool,
) -> PushOptions {
    let Held {
        envelope, local, ..
    } = held;
    let said: &Said = &local.said;
    let given = |is_given: bool, text: &str| match is_given {
        true => text.to_owned(),
        false => String::new(),
    };
    let mut options = PushOptions {
        label: match keeps_label {
            // The same content in the same item: nothing is weighed again.
            true => Some(envelope.label),
            false => local.declared,
        },
        to: said.to.clone(),
        kind: said.kind.then_some(envelope.kind),
        title: given(said.title, &envelope.title),
        summary: given(said.summary, &envelope.summary),
        sectors: envelope.sectors.clone(),
        severity: envelope.severity,
        urgency: envelope.urgency,
        pap: envelope.pap,
        tags: envelope.tags.clone(),
        answers: [envelope.relation, local.relation]
            .into_iter()
            .flatten()
            .find_map(answered),
        attribution: Some(envelope.attribution),
        hop_limit: said.hop_limit,
        valid_until: envelope.valid_until,
        terms: envelope.terms,
        resolved: local.resolved.clone(),
        accept_mentions: local.mentions_accepted,
        reliability: envelope.reliability,
        credibility: envelope.credibility,
        // A revision stays one item.
        split: false,
    };
    changes.apply(new, &mut options);
    options
}

fn answered(relation: Relation) -> Option<crate::model::ids::ItemId> {
    match relation {
        Relation::Answers(item) => Some(item),
        Relation::DerivedFrom(_) => None,
    }
}

impl Held {
    fn part(&self) -> DocumentPart {
        self.document
            .state
            .parts
            .iter()
            .find(|p| p.item == self.envelope.item)
            .copied()
            .expect("an item is only held with its part")
    }

    /// The draft as the next revision of this item.
    pub(super) fn revised(self, mut draft: Draft, revision: &Revision) -> Result<Ready, Refusal> {
        let changes = &revision.changes;
        let has_document = revision.document.is_some();
        let before = self.part();
        let others = self.document.state.parts.len() > 1;
        let one = <[DraftPart; 1]>::try_from(std::mem::take(&mut draft.parts));
        let Ok([mut part]) = one else {
            return Err(Refusal::new(
                Reason::SeveralParts,
                "this would make several items of one, because parts of the content bear other labels; push the document, and each part becomes an item",
            ));
        };
        if has_document {
            self.same_document(&draft, &part)?;
        } else {
            self.keep(&mut draft, &mut part, changes);
        }
        let label = part.part.label;
        if others && label < before.label {
            return Err(Refusal::new(
                Reason::SeveralParts,
                format!(
                    "this item is the {} part of a document, and what marked it may stand in another part; push the document with its new markings",
                    before.label
                ),
            ));
        }
        if self
            .document
            .state
            .parts
            .iter()
            .any(|p| p.item != before.item && p.label == label)
        {
            return Err(Refusal::new(
                Reason::SeveralParts,
                format!(
                    "another part of the same document is {label} already; push the document with its new markings, and both become one"
                ),
            ));
        }
        if !has_document {
            part.fingerprints = self.document.fingerprints;
        }
        draft.waits = self.local.waits;
        let says_who = changes.to || changes.hop_limit || changes.attribution || changes.terms;
        let new = DocumentPart {
            label,
            item: before.item,
            revision: before.revision.saturating_add(1),
            kind: part.kind,
            options_sha256: match says_who || has_document || !others {
                true => draft.options_sha256,
                // What the whole document restricts is not read from a part of it.
                false => before.options_sha256,
            },
            label_is_given: match changes.label {
                true => draft.options.label.is_some(),
                false => before.label_is_given && label == before.label,
            },
        };
        draft.parts.push(part);
        Ok(Ready {
            held: self,
            draft,
            part: new,
            has_document,
        })
    }

    /// Another document is the same document in another version, where its format knows that.
    fn same_document(&self, draft: &Draft, part: &DraftPart) -> Result<(), Refusal> {
        let state = &self.document.state;
        let source = &self.envelope.source;
        let both_are_digests = is_digest(&source.id) && is_digest(&part.part.source.id);
        if draft.document != self.document.document && !both_are_digests {
            return Err(Refusal::new(
                Reason::OtherDocument,
                format!(
                    "this item is {} {}, and the file is {} {}; push the file as a document of its own, and withdraw the item if it is to go",
                    source.format, source.id, part.part.source.format, part.part.source.id
                ),
            ));
        }
        let same = state.content_sha256 == draft.content_sha256 && state.version == draft.version;
        if !same
            && draft.document == self.document.document
            && formats::compare_versions(draft.format, &draft.version, &state.version).is_lt()
        {
            return Err(Refusal::new(
                Reason::OlderVersion,
                format!(
                    "version {} of this document is older than version {}, which is shared; revise with a newer one",
                    settle::shown(&draft.version),
                    settle::shown(&state.version)
                ),
            ));
        }
        Ok(())
    }

    /// Without another document everything that the document said stays.
    fn keep(&self, draft: &mut Draft, part: &mut DraftPart, changes: &Changes) {
        let envelope = &self.envelope;
        part.part.source = envelope.source.clone();
        if !changes.title {
            part.title.clone_from(&envelope.title);
        }
        if !changes.summary {
            part.summary.clone_from(&envelope.summary);
        }
        if !changes.kind {
            part.kind = envelope.kind;
        }
        if !changes.label {
            draft.options.label = self.local.declared;
        }
        draft.version.clone_from(&self.document.state.version);
        draft.content_sha256 = self.document.state.content_sha256;
        if draft.reissued.is_empty() {
            draft.reissued.clone_from(&self.reissued);
        }
    }
}

impl Ready {
    pub(super) fn part_before(&self) -> DocumentPart {
        self.held.part()
    }

    fn draft_part(&self) -> &DraftPart {
        self.draft
            .parts
            .first()
            .expect("a revision is made of one part")
    }

    /// The next revision would say what this one says.
    pub(super) fn changes_nothing(&self, desk: &settle::Desk<'_>) -> bool {
        let part = self.draft_part();
        let before = &self.held.envelope;
        let mut next = settle::envelope(before.item, before.revision, part, &self.draft, desk);
        next.created = before.created;
        let local = settle::local_record(&next, part, &self.draft, desk);
        let kept = &self.held.local;
        next == *before
            && (&local.members, &local.persons) == (&kept.members, &kept.persons)
            && (&local.said, local.declared, local.relation)
                == (&kept.said, kept.declared, kept.relation)
            && (&local.resolved, local.mentions_accepted)
                == (&kept.resolved, kept.mentions_accepted)
    }

    pub(super) fn append(self, desk: &settle::Desk<'_>) -> Result<(Append, Pushed), Refusal> {
        let Self {
            held,
            draft,
            part,
            has_document,
        } = self;
        let Held {
            local,
            document,
            envelope,
            ..
        } = held;
        let held_until = envelope.valid_until;
        // Who may have it, or what it is, changes: what merely corrects its words went its way before.
        let before = document.state.parts.iter().find(|p| p.item == part.item);
        let goes_elsewhere = has_document
            || held_until != draft.options.valid_until
            || before.is_none_or(|before| {
                part.label < before.label || part.options_sha256 != before.options_sha256
            });
        let items = draft
            .parts
            .iter()
            .map(|draft_part| {
                let signed = settle::sign(part.item, part.revision, draft_part, &draft, desk)?;
                Ok(AppendItem {
                    goes_elsewhere,
                    ..signed
                })
            })
            .collect::<Result<_, Refusal>>()?;
        let mut state = DocumentState {
            tag: 0,
            ..document.state.clone()
        };
        if state.parts.len() == 1 {
            // Later pushes are held to what was declared last.
            state.declared = draft.options.label;
        }
        if has_document {
            state.version.clone_from(&draft.version);
            state.content_sha256 = draft.content_sha256;
        }
        for known in &mut state.parts {
            if known.item == part.item {
                *known = part;
            }
        }
        state.parts.sort_by_key(|p| p.label);
        let pushed = settle::told(Status::Revised, vec![settle::pushed(&part)], &draft.remarks);
        let append = Append {
            request: draft.request,
            document: document.document,
            expect: Expect::State(document.state.tag),
            state,
            items,
            vanished: Vec::new(),
            answer: settle::answer(&pushed, &draft, desk),
            here: desk.community.clone(),
            waiting: match local.waits {
                // It is among those that wait, and stays there.
                true => Waiting::Settled { audit: None },
                false => settle::waiting(&draft, desk),
            },
            at: desk.now,
        };
        Ok((append, pushed))
    }
}

/// A document that has no id of its own is known by its digest.
fn is_digest(id: &str) -> bool {
    id.len() == 64 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
