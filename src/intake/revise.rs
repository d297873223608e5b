//! The next revision of one item, by the member that submitted it: what is not said anew stays as it was.
//!
//! ```text
//! item as it is + what changes ─▶ a submission ─▶ the path of a push ─▶ one part ─▶ sign ─▶ log, if nobody came between
//! ```
//!
//! A revision takes the path of a push, so that nothing passes here that a push would refuse. It stays one item: a document
//! that would become several is pushed, and its parts find their items by their labels.

mod next;

use super::{
    ATTEMPTS_MAX, Intake, IntakeError, PartPreview, Preview, Pushed, Status, draft, settle,
};
use crate::log::{Entry, EntryBody};
use crate::model::ids::{MemberId, Role, SpiffeId};
use crate::model::submission::{Reason, Refusal, Revision, Submission};
use crate::policy::recipients;
use crate::store::{Append, DocumentPart, Expect, Meeting, RowState, Waiting, Write, Written};

use next::{Held, Ready, merged};

/// What became of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revised {
    /// It is durable; or nothing was to change.
    Done(Pushed),
    /// The rules refused it; the item is as it was.
    Refused(Refusal),
    /// The caller's member submitted no such item. The answer for an item that is not there at all.
    NotFound,
}

/// What a revision would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevisionPreview {
    /// It would be taken.
    Done(Preview),
    /// The rules would refuse it.
    Refused(Refusal),
    /// As in [`Revised`].
    NotFound,
}

/// What a look at the item found.
enum Look {
    NotFound,
    /// It was revised between two reads.
    Changing,
    Held(Box<Held>),
}

/// Why there is nothing to write.
enum Stop {
    NotFound,
    Refused(Refusal),
    /// The revision that was expected does not hold (any more).
    Stale(u32),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Intake {
    /// Makes the next revision of an item of the caller's member. Returns once it is durable, or refused.
    ///
    /// Safe to repeat: the same request id of the same credential gets the first answer.
    pub async fn revise(&self, revision: Revision) -> Result<Revised, IntakeError> {
        let mut met: Option<Vec<(usize, Meeting)>> = None;
        // What this call has seen: another revision in between was made without knowing of this one, and this one without
        // knowing of that.
        let mut seen = revision.expected;
        for _ in 0..ATTEMPTS_MAX {
            let mut ready = match self.ready(&revision, seen).await? {
                Ok(ready) => ready,
                Err(Stop::NotFound) => return Ok(Revised::NotFound),
                Err(Stop::Refused(refusal)) => return Ok(Revised::Refused(refusal)),
                Err(Stop::Stale(now)) => return self.answered_before(&revision, stale(now)).await,
            };
            seen = Some(ready.held.envelope.revision);
            if let Some(met) = met.take() {
                ready.draft.wait_for(met);
            }
            if ready.changes_nothing(&self.desk()) {
                let pushed = settle::told(
                    Status::Existing,
                    vec![settle::pushed(&ready.part_before())],
                    &ready.draft.remarks,
                );
                return self.answered_before(&revision, Revised::Done(pushed)).await;
            }
            let request = ready.draft.request;
            let (append, pushed) = match ready.append(&self.desk()) {
                Ok(made) => made,
                Err(refusal) => return Ok(Revised::Refused(refusal)),
            };
            match self.log.write(Write::Append(append)).await? {
                Written::Appended(_) | Written::Existing(_) => return Ok(Revised::Done(pushed)),
                Written::Repeated(answer) => {
                    return settle::read_answer(&answer, &request, &self.seal).map(Revised::Done);
                }
                // Another part of the document changed, or this one did: that is seen in the next round.
                Written::Unexpected(_) => {}
                // The answer is that of any other revision; the operator is asked (threat 41).
                Written::Meets(meeting) => met = Some(meeting),
                Written::Done
                | Written::Delivered(_)
                | Written::Withdrawn(_)
                | Written::Invite(_) => return Err(IntakeError::Answer),
            }
        }
        Err(IntakeError::Contended)
    }

    /// Says what a revision would do, by the code that would do it (invariant 33).
    pub async fn preview_revision(
        &self,
        revision: &Revision,
    ) -> Result<RevisionPreview, IntakeError> {
        let ready = match self.ready(revision, revision.expected).await? {
            Ok(ready) => ready,
            Err(Stop::NotFound) => return Ok(RevisionPreview::NotFound),
            Err(Stop::Refused(refusal)) => return Ok(RevisionPreview::Refused(refusal)),
            Err(Stop::Stale(now)) => return Ok(RevisionPreview::Refused(stale_refusal(now))),
        };
        let desk = self.desk();
        let facts = match settle::facts(&ready.draft, &desk) {
            Ok(facts) => facts,
            Err(refusal) => return Ok(RevisionPreview::Refused(refusal)),
        };
        let roster = self.log.roster();
        let parts = facts
            .into_iter()
            .zip(&ready.draft.parts)
            .map(|(mut facts, part)| {
                // Whoever pushed is not told that the same document is here from somebody else (threat 41).
                facts.waits = false;
                PartPreview {
                    label: facts.label,
                    kind: facts.kind,
                    objects: part.part.objects.len(),
                    recipients: recipients(
                        &facts,
                        &roster,
                        self.settings.newcomer_history,
                        desk.now,
                    ),
                }
            })
            .collect();
        Ok(RevisionPreview::Done(Preview {
            parts,
            raised: ready.draft.raised,
            remarks: ready.draft.remarks,
        }))
    }

    /// The answer that the request got before, if it did; else this one.
    async fn answered_before(
        &self,
        revision: &Revision,
        otherwise: Revised,
    ) -> Result<Revised, IntakeError> {
        let Some(held) = self.log.store().document_of(revision.item).await? else {
            return Ok(otherwise);
        };
        let submitter = SpiffeId::credential(
            &self.settings.community,
            &revision.member,
            &revision.credential,
        );
        let request = draft::request_key(&self.pseudonyms, revision.request, &submitter);
        let asked = Append {
            request,
            document: held.document,
            // The document is there, so that this can do nothing but find the request.
            expect: Expect::New,
            state: held.state,
            items: Vec::new(),
            vanished: Vec::new(),
            answer: crate::store::Answer(Vec::new()),
            here: self.settings.community.clone(),
            waiting: Waiting::Settled { audit: None },
            at: self.clock.now(),
        };
        match self.log.write(Write::Append(asked)).await? {
            Written::Repeated(answer) => {
                settle::read_answer(&answer, &request, &self.seal).map(Revised::Done)
            }
            _ => Ok(otherwise),
        }
    }

    /// The item as it is, if it is of the caller's member. One that is not costs what an absent one does (threat 13).
    async fn held(&self, revision: &Revision) -> Result<Look, IntakeError> {
        let entry = self.log.entry_of(revision.item, false).await?;
        if !entry.is_some_and(|entry| is_own(&entry, &revision.member)) {
            return Ok(Look::NotFound);
        }
        let store = self.log.store();
        let (entry, document) = (
            self.log.entry_of(revision.item, true).await?,
            store.document_of(revision.item).await?,
        );
        let (Some(entry), Some(document)) = (entry, document) else {
            return Ok(Look::NotFound);
        };
        let (
            EntryBody::Item {
                envelope,
                local: Some(local),
                ..
            },
            Some(content),
        ) = (&entry.body, &entry.row.content)
        else {
            return Ok(Look::NotFound);
        };
        let is_this =
            |part: &DocumentPart| part.item == envelope.item && part.revision == envelope.revision;
        if !document.state.parts.iter().any(is_this) {
            return Ok(Look::Changing);
        }
        Ok(Look::Held(Box::new(Held {
            envelope: (**envelope).clone(),
            local: (**local).clone(),
            document,
            content: content.clone(),
            reissued: store.reissued(revision.item).await?,
        })))
    }

    async fn ready(
        &self,
        revision: &Revision,
        expected: Option<u32>,
    ) -> Result<Result<Ready, Stop>, IntakeError> {
        let mut looks = 0;
        let held = loop {
            looks += 1;
            match self.held(revision).await? {
                Look::Held(held) => break *held,
                Look::NotFound => return Ok(Err(Stop::NotFound)),
                Look::Changing if looks < LOOKS_MAX => {}
                Look::Changing => return Err(IntakeError::Contended),
            }
        };
        if expected.is_some_and(|expected| expected != held.envelope.revision) {
            return Ok(Err(Stop::Stale(held.envelope.revision)));
        }
        let changes = &revision.changes;
        let keeps_label = !changes.label && revision.document.is_none();
        let options = merged(&held, &revision.options, changes, keeps_label);
        let submission = Submission {
            request: revision.request,
            member: revision.member.clone(),
            credential: revision.credential.clone(),
            document: revision
                .document
                .clone()
                .unwrap_or_else(|| held.content.clone()),
            options,
        };
        if revision.document.is_some() && held.document.state.parts.len() > 1 {
            return Ok(Err(Stop::Refused(Refusal::new(
                Reason::SeveralParts,
                format!(
                    "this item is one of {} that its document was made into; push the new document, and each part finds its item",
                    held.document.state.parts.len()
                ),
            ))));
        }
        let mut draft = match self.draft(submission, self.log.roster()).await? {
            Ok(draft) => draft,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        match self.relate(&mut draft).await? {
            Ok(()) => {}
            // The item that this one answers went; that it did is no reason to keep this one as it is.
            Err(_) if !changes.answers => draft.relation_from = None,
            Err(refusal) => return Ok(Err(refusal.into())),
        }
        Ok(held.revised(draft, revision).map_err(Stop::from))
    }
}

/// How often the item and its document are read until both are of one moment.
const LOOKS_MAX: u32 = 8;

fn stale(now: u32) -> Revised {
    Revised::Refused(stale_refusal(now))
}

fn stale_refusal(now: u32) -> Refusal {
    Refusal::new(
        Reason::StaleRevision,
        format!(
            "the item was revised meanwhile, and revision {now} holds; look at it with `sluis show`, and revise again"
        ),
    )
}

fn is_own(entry: &Entry, member: &MemberId) -> bool {
    match &entry.body {
        EntryBody::Item {
            local: Some(local), ..
        } => entry.row.state == RowState::Live && is_of(&local.submitter, member),
        EntryBody::Item { .. } | EntryBody::Withdrawal { .. } | EntryBody::Recall { .. } => false,
    }
}

fn is_of(submitter: &SpiffeId, member: &MemberId) -> bool {
    match &submitter.role {
        Role::Credential(m, _) => m == member,
        Role::Member(_) | Role::Node(_) | Role::Signer(_) | Role::Operator(_) => false,
    }
}
