//! `sluis revise`: the next revision of one item.

use std::path::{Path, PathBuf};

use super::{Outcome, SaidArguments, read, refusal, report, request_id};
use crate::cli::failure::may_pass;
use crate::cli::item::{only_its_source, show_decisions};
use crate::cli::prompt::confirm;
use crate::cli::session;
use crate::cli::values::item;
use crate::cli::{Context, Exit, Failure};
use crate::model::ids::ItemId;
use crate::model::submission::Changes;
use crate::wire::{pb, push};

/// Change an item: its label, audience, terms, or its document.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sluis revise 0190f0c4-… --tlp GREEN                     release it: it goes further
  sluis revise 0190f0c4-… --tlp AMBER --to water.isac.example
                                                          it goes less far: who loses it is told to erase it
  sluis revise 0190f0c4-… --clear to                      no audience any more
  sluis revise 0190f0c4-… report-2.md --title \"Corrected\"
  sluis revise 0190f0c4-… --tlp RED --dry-run             who would get it

What is not said stays as it was. It is decided anew for everyone. Later pushes of the same document must say the same
label, audience and terms. A text or PDF has no identity but its bytes: after a revision with another FILE, push no more
of it, but revise the item again.")]
pub(in crate::cli) struct ReviseArguments {
    /// The item's id
    #[arg(value_name = "ITEM", value_parser = item)]
    item: ItemId,
    /// The document in a new version; without it the content stays
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    said: SaidArguments,
    /// Take away what was said: to, title, summary, tags, severity, urgency, pap, answers, hop-limit, valid-until, terms …
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = clearable)]
    clear: Vec<&'static str>,
    /// Only if this revision still holds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    revision: Option<u32>,
    /// Only say who would get it, and by which rule others would not
    #[arg(long)]
    dry_run: bool,
}

/// What can be taken away, by the name of its option.
fn clearable(text: &str) -> Result<&'static str, String> {
    let wanted = match text {
        "tlp" => "label",
        "sector" => "sectors",
        "tag" => "tags",
        "resolve-marking" => "resolved",
        other => other,
    }
    .replace('-', "_");
    Changes::NAMES
        .iter()
        .copied()
        .find(|name| *name == wanted)
        .ok_or_else(|| {
            let names: Vec<String> = Changes::NAMES.iter().map(|n| n.replace('_', "-")).collect();
            format!("what can be taken away is {}", names.join(", "))
        })
}

impl SaidArguments {
    /// What of it was said.
    fn changes(&self) -> Changes {
        Changes {
            label: self.tlp.is_some(),
            to: !self.to.is_empty(),
            kind: self.kind.is_some(),
            title: !self.title.is_empty(),
            summary: !self.summary.is_empty(),
            sectors: !self.sectors.is_empty(),
            severity: self.severity.is_some(),
            urgency: self.urgency.is_some(),
            pap: self.pap.is_some(),
            tags: !self.tags.is_empty(),
            answers: self.answers.is_some(),
            attribution: self.attribution.is_some(),
            hop_limit: self.hop_limit.is_some(),
            valid_until: self.valid_until.is_some(),
            terms: !self.terms.is_empty(),
            resolved: !self.resolve_marking.is_empty(),
            accept_mentions: self.accept_mentions,
            reliability: self.reliability.is_some(),
            credibility: self.credibility.is_some(),
        }
    }
}

pub(in crate::cli) async fn run(
    arguments: ReviseArguments,
    context: &Context,
) -> Result<Exit, Failure> {
    let mut changes = arguments.said.changes();
    for name in &arguments.clear {
        if changes.names().contains(name) {
            return Err(Failure::new(
                Exit::Usage,
                format!("{} is both given and taken away", name.replace('_', "-")),
            ));
        }
        changes.mark(name);
    }
    let mut paths: Vec<String> = changes.names().into_iter().map(str::to_owned).collect();
    if arguments.file.is_some() {
        paths.push(push::CONTENT.to_owned());
    }
    if paths.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "nothing was said that would change; give a FILE or options of push, such as --tlp",
        ));
    }
    let content = match &arguments.file {
        Some(file) => read(file)?,
        None => bytes::Bytes::new(),
    };
    let request = pb::ReviseItemRequest {
        item: arguments.item.to_string(),
        revision: Some(pb::PushItemRequest {
            request_id: request_id(context),
            content,
            ..arguments.said.template()
        }),
        update_mask: Some(prost_types::FieldMask { paths }),
        expected_revision: arguments.revision.unwrap_or_default(),
        validate_only: arguments.dry_run,
    };
    if !arguments.dry_run {
        confirm(
            &format!("Revise {} for everyone?", arguments.item),
            context.options.yes,
        )?;
    }
    let session = session::as_member(context).await?;
    let mut answer = session.sharing().revise_item(request.clone()).await;
    if answer.as_ref().is_err_and(may_pass) {
        answer = session.sharing().revise_item(request).await;
    }
    // Where there is no file, the item stands in its place.
    let typed = arguments
        .file
        .unwrap_or_else(|| PathBuf::from(arguments.item.to_string()));
    let typed: &Path = &typed;
    match answer.map(tonic::Response::into_inner) {
        Ok(pb::ReviseItemResponse {
            preview: Some(preview),
            ..
        }) => {
            show_decisions(Some(&typed.to_string_lossy()), preview, context)?;
            Ok(Exit::Done)
        }
        Ok(pb::ReviseItemResponse { done, .. }) => {
            report::one(typed, Outcome::Done(done.unwrap_or_default()), context)
        }
        Err(status) => match refusal(&status) {
            Some(refused) => report::one(typed, Outcome::Refused(refused), context),
            None => Err(only_its_source(status)),
        },
    }
}
