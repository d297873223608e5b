//! One line a document, in the order of the command line, whatever the order of the answers.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};

use super::Outcome;
use crate::cli::Context;
use crate::cli::failure::{Exit, Failure};
use crate::cli::text::shown;
use crate::cli::view::{self, PlaceView, PushedItem, RefusalView};
use crate::clock::Timestamp;
use crate::wire::pb;

/// The report of one command.
pub(super) struct Report<'a> {
    files: &'a [PathBuf],
    context: &'a Context,
    /// Answers that wait for those of files before them.
    ready: BTreeMap<usize, Outcome>,
    next: usize,
    exit: Exit,
    began: Timestamp,
    bar: Option<ProgressBar>,
}

impl<'a> Report<'a> {
    pub(super) fn new(files: &'a [PathBuf], context: &'a Context) -> Self {
        Self {
            files,
            context,
            ready: BTreeMap::new(),
            next: 0,
            exit: Exit::Done,
            began: context.clock.now(),
            bar: None,
        }
    }

    /// Takes the answer for a file. An error means that the other files need not be tried.
    pub(super) fn add(&mut self, n: usize, outcome: Outcome) -> Result<(), Failure> {
        self.ready.insert(n, outcome);
        while let Some(outcome) = self.ready.remove(&self.next) {
            let Some(file) = self.files.get(self.next) else {
                break;
            };
            self.next = self.next.saturating_add(1);
            let context = self.context;
            let exit = match &self.bar {
                Some(bar) => bar.suspend(|| one(file, outcome, context)),
                None => one(file, outcome, context),
            }?;
            self.exit = self.exit.and(exit);
        }
        self.progress();
        Ok(())
    }

    /// How the command ends.
    pub(super) fn end(self) -> Exit {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        self.exit
    }

    /// Shows how far it is, where somebody looks and it takes longer than a moment.
    fn progress(&mut self) {
        let looks = !self.context.output.is_quiet() && io::stderr().is_terminal();
        let due = self.began.plus_seconds(PROGRESS_AFTER_SECONDS) < self.context.clock.now();
        if self.bar.is_none() && looks && due && self.files.len() > 1 {
            let total = u64::try_from(self.files.len()).unwrap_or(u64::MAX);
            let bar = ProgressBar::new(total);
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {eta}") {
                bar.set_style(style);
            }
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(u64::try_from(self.next).unwrap_or(u64::MAX));
        }
    }
}

/// Reports one document. Of what concerns all of them (the node is away, or denies the caller) the failure itself
/// comes back.
pub(super) fn one(file: &Path, outcome: Outcome, context: &Context) -> Result<Exit, Failure> {
    let typed = file.to_string_lossy();
    match outcome {
        Outcome::Done(done) => {
            accepted(&typed, done, context)?;
            Ok(Exit::Done)
        }
        Outcome::Refused(refused) => {
            refusal(&typed, "refused", refused.into(), context)?;
            Ok(Exit::Refused)
        }
        Outcome::Failed(failure) => match failure.exit {
            Exit::NotReachable | Exit::NotAllowed => Err(failure),
            exit => {
                let (status, reason) = match exit {
                    Exit::Refused => ("refused", "too-large"),
                    _ => ("failed", "failed"),
                };
                let view = RefusalView {
                    reason: reason.to_owned(),
                    message: failure.message,
                    places: Vec::new(),
                };
                refusal(&typed, status, view, context)?;
                Ok(exit)
            }
        },
    }
}

fn accepted(file: &str, done: pb::PushItemResponse, context: &Context) -> Result<(), Failure> {
    use pb::push_item_response::Status;
    let status = match done.status() {
        Status::Unspecified => "unknown",
        Status::Accepted => "accepted",
        Status::Existing => "existing",
        Status::Revised => "revised",
    };
    if context.output.is_json() {
        context.output.object(&view::Pushed {
            file,
            status,
            items: done.items.into_iter().map(PushedItem::from).collect(),
            remarks: done.remarks,
            refusal: None,
        })?;
        return Ok(());
    }
    for pushed in done.items {
        let label = context.output.label(view::label(pushed.label), LABEL_WIDTH);
        let pushed = PushedItem::from(pushed);
        context.output.line(&format!(
            "{status:8}  {label}  {:10}  {} rev {}  {}",
            pushed.kind.unwrap_or("-"),
            shown(&pushed.item),
            pushed.revision,
            shown(file)
        ))?;
    }
    for remark in done.remarks {
        context
            .output
            .note(format!("  {}: {}", shown(file), shown(&remark)));
    }
    Ok(())
}

fn refusal(
    file: &str,
    status: &'static str,
    refusal: RefusalView,
    context: &Context,
) -> Result<(), Failure> {
    if context.output.is_json() {
        return context.output.object(&view::Pushed {
            file,
            status,
            items: Vec::new(),
            remarks: Vec::new(),
            refusal: Some(refusal),
        });
    }
    let reason = match status {
        "failed" => String::new(),
        _ => format!("{}: ", shown(&refusal.reason)),
    };
    context.output.line(&format!(
        "{status:8}  {}  {reason}{}",
        shown(file),
        shown(&refusal.message)
    ))?;
    for PlaceView { place, message } in refusal.places {
        // Many a message says it already.
        if refusal.message.contains(&message) {
            continue;
        }
        context
            .output
            .line(&format!("          {}: {}", shown(&place), shown(&message)))?;
    }
    Ok(())
}

/// A shorter push needs no bar.
const PROGRESS_AFTER_SECONDS: i64 = 1;
/// The width of `TLP:AMBER+STRICT`.
const LABEL_WIDTH: usize = 16;
