//! Push: what a member submits becomes signed items in the log, or is refused whole.
//!
//! ```text
//! Submission ─▶ formats::read ─▶ markings::mark ─▶ partition::parts ─▶ Draft ─▶ sign ─▶ log (durable) ─▶ answer
//!                       refused here: nothing is stored ◀──┘               ▲           │
//!                                                                          └───────────┘ the document was there
//! ```
//!
//! A push first assumes that its document is new. Only the log's writer knows whether it is; where it answers that the
//! document is there, the push is decided anew against that state: existing, the next revision, or refused. That costs
//! the rare push a second round and the common one no read at all. A retry with the same request id gets the first
//! answer. What intake does not do: decide who may read (`policy`), or send anything.

mod audience;
mod draft;
mod notice;
mod relation;
mod settle;
mod source;
mod release;
mod revise;
mod told;
mod withdraw;

use std::sync::Arc;

use crate::anonymity::{Pseudonyms, SourceSeal};
use crate::clock::{Clock, Entropy};
use crate::log::{Log, LogError};
use crate::model::ids::CommunityId;
use crate::model::label::Label;
use crate::model::roster::Roster;
use crate::model::submission::{Reason, Refusal, Submission};
use crate::model::words::Kind;
use crate::partition::Raised;
use crate::policy::{Recipient, recipients};
use crate::provenance::SigningKey;
use crate::store::{StoreError, Write, Written};
use crate::tasks;

use draft::Draft;
pub(crate) use draft::fingerprint_of;
pub use release::Released;
pub use revise::{Revised, RevisionPreview};
pub use settle::PushedItem;
pub(crate) use settle::{rounded, to_pb};
pub use withdraw::Withdrawn;

/// What a community configures about pushes; checked values.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The community.
    pub community: CommunityId,
    /// Its name, which stands in for that of an un-named source.
    pub name: String,
    /// Refuse what only a strict reader minds, instead of warning.
    pub strict: bool,
    /// The sector that a push without one gets.
    pub sector: String,
    /// The label that a push without any gets; `None`: it is refused.
    pub default_label: Option<Label>,
    /// The strictest label of older items that newcomers see.
    pub newcomer_history: Label,
    /// Most bytes of a document after decompression.
    pub document_bytes_max: usize,
    /// The lowest number that a revision after the first may have. A log that was lost gave lower ones, which must not be
    /// given twice (threat 45); 0 where none was.
    pub revision_floor: u32,
}

impl Settings {
    /// The number of the revision after this one.
    fn revision_after(&self, revision: u32) -> u32 {
        revision.saturating_add(1).max(self.revision_floor)
    }
}

/// Where pushes come in.
#[derive(Debug)]
pub struct Intake {
    settings: Settings,
    log: Log,
    signer: Arc<SigningKey>,
    pseudonyms: Pseudonyms,
    seal: SourceSeal,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// What became of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is durable.
    Done(Pushed),
    /// The rules refused it; nothing of it was stored.
    Refused(Refusal),
}

/// What a push did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// What it did.
    pub status: Status,
    /// One item for each part.
    pub items: Vec<PushedItem>,
    /// What the submitter should know, sentences for people.
    pub remarks: Vec<String>,
}

/// What a push did to the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is new.
    Accepted,
    /// It was there, in this version and with this content.
    Existing,
    /// It is a new version of one that was there.
    Revised,
}

/// Where one part of a document would go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartPreview {
    /// The part's label.
    pub label: Label,
    /// Its kind.
    pub kind: Kind,
    /// How many objects it has; 0 where the format's objects have no ids.
    pub objects: usize,
    /// Everyone who could read it, each with the decision.
    pub recipients: Vec<Recipient>,
}

/// What a push would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The parts, the most restrictive last.
    pub parts: Vec<PartPreview>,
    /// Objects that go less far than they could.
    pub raised: Vec<Raised>,
    /// What the submitter should know, sentences for people.
    pub remarks: Vec<String>,
}

/// A push that could not be taken. It may be repeated with the same request id.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The log could not take it.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The state that it depends on could not be read.
    #[error("the state of the document could not be read")]
    Read(#[from] StoreError),
    /// A recorded answer does not read.
    #[error("the recorded answer of an earlier request does not read")]
    Answer,
    /// The document kept changing under the push.
    #[error("the document was changed by other pushes {ATTEMPTS_MAX} times in a row; try again")]
    Contended,
    /// The work was cut off.
    #[error("reading the document was cut off")]
    CutOff(#[from] tokio::task::JoinError),
}

/// How often a push is decided anew because another push of the same document came between.
const ATTEMPTS_MAX: usize = 8;

/// Documents up to this size are read on the async threads: handing them over costs more than reading them.
const INLINE_BYTES_MAX: usize = 32 * 1024;

impl Intake {
    /// An intake for this community.
    pub fn new(
        settings: Settings,
        log: Log,
        signer: Arc<SigningKey>,
        pseudonyms: Pseudonyms,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            settings,
            log,
            signer,
            seal: SourceSeal::of(&pseudonyms),
            pseudonyms,
            clock,
            entropy,
        }
    }

    /// Takes a push. Returns once it is durable, or refused.
    ///
    /// Safe to repeat: the same request id of the same credential gets the first answer.
    pub async fn push(&self, submission: Submission) -> Result<Outcome, IntakeError> {
        let roster = self.log.roster();
        let mut draft = match self.draft(submission, roster).await? {
            Ok(draft) => draft,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        if let Err(refusal) = self.relate(&mut draft).await? {
            return Ok(Outcome::Refused(refusal));
        }
        let mut known = None;
        for _ in 0..ATTEMPTS_MAX {
            let (append, pushed) = match settle::against(known.as_ref(), &draft, &self.desk()) {
                settle::Settled::Append(append, pushed) => (*append, pushed),
                settle::Settled::Refused(refusal) => return Ok(Outcome::Refused(refusal)),
            };
            match self.log.write(Write::Append(append)).await? {
                Written::Appended(_) | Written::Existing(_) => return Ok(Outcome::Done(pushed)),
                Written::Repeated(answer) => {
                    return settle::read_answer(&answer, &draft.request, &self.seal)
                        .map(Outcome::Done);
                }
                // A document that is not there any more has no tag and no parts.
                Written::Unexpected(state) => {
                    known = (state.tag != 0).then_some(state);
                    draft.unsettle();
                }
                // The answer is that of any other push; the operator is asked (threat 41).
                Written::Meets(met) => draft.wait_for(met),
                Written::Done
                | Written::Delivered(_)
                | Written::Withdrawn(_)
                | Written::Invite(_) => return Err(IntakeError::Answer),
            }
        }
        Err(IntakeError::Contended)
    }

    /// Says what a push would do, by the code that would do it (invariant 33).
    pub async fn preview(
        &self,
        submission: Submission,
    ) -> Result<Result<Preview, Refusal>, IntakeError> {
        let roster = self.log.roster();
        let mut draft = match self.draft(submission, Arc::clone(&roster)).await? {
            Ok(draft) => draft,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Err(refusal) = self.relate(&mut draft).await? {
            return Ok(Err(refusal));
        }
        let known = self.log.store().document(draft.document).await?;
        let mut remarks = draft.remarks.clone();
        match settle::against(known.as_ref(), &draft, &self.desk()) {
            settle::Settled::Refused(refusal) => return Ok(Err(refusal)),
            settle::Settled::Append(_, pushed) => match pushed.status {
                Status::Existing => remarks.insert(
                    0,
                    "this document is shared already, in this version: a push changes nothing"
                        .to_owned(),
                ),
                Status::Revised => remarks.insert(
                    0,
                    "this document is shared already: a push makes the next revision".to_owned(),
                ),
                Status::Accepted => {}
            },
        }
        let now = self.clock.now();
        let facts = match settle::facts(&draft, &self.desk()) {
            Ok(facts) => facts,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let parts = facts
            .into_iter()
            .zip(&draft.parts)
            .map(|(facts, part)| PartPreview {
                label: facts.label,
                kind: facts.kind,
                objects: part.part.objects.len(),
                recipients: recipients(&facts, &roster, self.settings.newcomer_history, now),
            })
            .collect();
        Ok(Ok(Preview {
            parts,
            raised: draft.raised,
            remarks,
        }))
    }

    async fn draft(
        &self,
        submission: Submission,
        roster: Arc<Roster>,
    ) -> Result<Result<Draft, Refusal>, IntakeError> {
        let now = self.clock.now();
        if submission
            .options
            .valid_until
            .is_some_and(|until| until <= now)
        {
            return Ok(Err(Refusal::new(
                Reason::BadOption,
                "valid_until: is past, so that nobody would get the item; give a later time",
            )));
        }
        if submission.document.len() <= INLINE_BYTES_MAX {
            return Ok(draft::read(
                submission,
                &roster,
                &self.settings,
                &self.pseudonyms,
            ));
        }
        let (settings, pseudonyms) = (self.settings.clone(), self.pseudonyms.clone());
        Ok(
            tasks::blocking(move || draft::read(submission, &roster, &settings, &pseudonyms))
                .await?,
        )
    }

    /// Looks up the item that the push answers: it must be there for this caller, and it decides where the relation is
    /// written down.
    async fn relate(&self, draft: &mut Draft) -> Result<Result<(), Refusal>, IntakeError> {
        let Some(item) = draft.answers else {
            return Ok(Ok(()));
        };
        let entry = self.log.entry_of(item, false).await?;
        let now = self.clock.now();
        let roster = self.log.roster();
        Ok(draft.related(
            item,
            entry.as_deref(),
            &roster,
            self.settings.newcomer_history,
            now,
        ))
    }

    fn desk(&self) -> settle::Desk<'_> {
        settle::Desk {
            settings: &self.settings,
            community: &self.settings.community,
            signer: &self.signer,
            seal: &self.seal,
            entropy: &*self.entropy,
            now: self.clock.now(),
        }
    }
}
