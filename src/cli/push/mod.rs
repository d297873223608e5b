//! `sluis push`: one document after the other, each answered on its own line in the order of the command line.
//!
//! ```text
//! one file       unary
//! several files  one stream, a bounded number of pushes without an answer; what the stream leaves open when it
//!                breaks is pushed again one by one, under the same request ids, so that nothing takes effect twice
//! ```

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tonic::Code;

use super::failure::{Refused, may_pass, refused};
use super::session::{self, Session};
use super::values::{addressee, item, label, resolved, time, word};
use super::{Context, Exit, Failure, item as items};
use crate::clock::{Timestamp, random_bytes};
use crate::model::ids::ItemId;
use crate::model::item::{ResolvedMarking, Terms};
use crate::model::label::Label;
use crate::model::submission::{Addressee, PushOptions, Reason};
use crate::model::words::{Attribution, Credibility, Kind, Pap, Reliability, Severity, Urgency};
use crate::wire::{pb, push};
use report::Report;

mod report;
pub(super) mod revise;
mod stream;

/// Share documents.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sluis push report.md --tlp GREEN
  sluis push bundle.json                                   the document's own markings decide
  sluis push advisory.json --tlp AMBER --to water.isac.example
  sluis push notes.md --tlp RED --to acme/meryem --to aqua/jan
  sluis push *.json --tlp GREEN --dry-run                  who would get it, and why not the others

A declared label is a floor: markings in the content can only make it stricter. Exit code 3 if a document was refused.")]
pub(super) struct PushArguments {
    /// The documents, plain or gzip-compressed: STIX, CSAF, MISP, Markdown, text or PDF; `-` reads standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    said: SaidArguments,
    /// Make a MISP event one item for each label in it, so that its less restricted attributes go further
    #[arg(long)]
    split: bool,
    /// Only say who would get it, and by which rule others would not
    #[arg(long)]
    dry_run: bool,
}

/// What is said of a document.
#[derive(Debug, clap::Args)]
pub(super) struct SaidArguments {
    /// The label: CLEAR, GREEN, AMBER, AMBER+STRICT or RED
    #[arg(long, value_name = "L", value_parser = label)]
    pub(super) tlp: Option<Label>,
    /// Limit the audience to a community, a member, or member/person; may be given several times
    #[arg(long, value_name = "ID", value_parser = addressee)]
    to: Vec<Addressee>,
    /// What it is [default: by the format]
    #[arg(long, value_name = "K", ignore_case = true, value_parser = word(PUSHED, Kind::name, Kind::parse))]
    kind: Option<Kind>,
    /// The title [default: the document's own]
    #[arg(long, value_name = "T", default_value = "", hide_default_value = true)]
    title: String,
    /// The summary [default: the document's own]
    #[arg(long, value_name = "S", default_value = "", hide_default_value = true)]
    summary: String,
    /// A sector it concerns; may be given several times [default: the community's]
    #[arg(long = "sector", value_name = "S")]
    sectors: Vec<String>,
    /// How bad it is
    #[arg(long, value_name = "V", ignore_case = true,
          value_parser = word(Severity::ALL, Severity::name, Severity::parse))]
    severity: Option<Severity>,
    /// How soon to look
    #[arg(long, value_name = "U", ignore_case = true,
          value_parser = word(Urgency::ALL, Urgency::name, Urgency::parse))]
    urgency: Option<Urgency>,
    /// What recipients may do (Permissible Actions Protocol)
    #[arg(long, value_name = "L", ignore_case = true, value_parser = word(Pap::ALL, Pap::name, Pap::parse))]
    pap: Option<Pap>,
    /// A free tag; may be given several times
    #[arg(long = "tag", value_name = "T")]
    tags: Vec<String>,
    /// The item that this one answers
    #[arg(long, value_name = "ITEM", value_parser = item)]
    answers: Option<ItemId>,
    /// Who may learn that it comes from you [default: community]
    #[arg(long, value_name = "A", ignore_case = true,
          value_parser = word(Attribution::ALL, Attribution::name, Attribution::parse))]
    attribution: Option<Attribution>,
    /// How many communities beyond this one it may reach, one after the other; 0: none [default: no limit]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=16))]
    hop_limit: Option<u32>,
    /// Until when it holds: a date, or a time (RFC 3339)
    #[arg(long, value_name = "T", value_parser = time)]
    valid_until: Option<Timestamp>,
    /// Terms of use
    #[arg(long, value_delimiter = ',', value_name = "no-commercial-use,no-resale", hide_possible_values = true,
          value_parser = ["no-commercial-use", "no-resale"])]
    terms: Vec<String>,
    /// How reliable the source is (Admiralty code)
    #[arg(long, value_name = "A-F", ignore_case = true,
          value_parser = word(Reliability::ALL, Reliability::name, Reliability::parse))]
    reliability: Option<Reliability>,
    /// How credible the information is (Admiralty code)
    #[arg(long, value_name = "1-6", value_parser = word(Credibility::ALL, Credibility::name, Credibility::parse))]
    credibility: Option<Credibility>,
    /// Settle a marking that the node cannot read, or that is only quoted, such as line:12=GREEN; recorded
    #[arg(long, value_name = "ID=L", value_parser = resolved)]
    resolve_marking: Vec<(String, Label)>,
    /// Push although your own name stands in the document; read the places first
    #[arg(long)]
    accept_mentions: bool,
}

impl SaidArguments {
    /// The message for a document, still without request id and content.
    pub(super) fn template(&self) -> pb::PushItemRequest {
        let says = |term: &str| self.terms.iter().any(|said| said == term);
        push::options_to_pb(&PushOptions {
            label: self.tlp,
            to: self.to.clone(),
            kind: self.kind,
            title: self.title.clone(),
            summary: self.summary.clone(),
            sectors: self.sectors.clone(),
            severity: self.severity,
            urgency: self.urgency,
            pap: self.pap,
            tags: self.tags.clone(),
            answers: self.answers,
            attribution: self.attribution,
            hop_limit: self.hop_limit,
            valid_until: self.valid_until,
            terms: Terms {
                no_commercial_use: says("no-commercial-use"),
                no_resale: says("no-resale"),
            },
            resolved: self
                .resolve_marking
                .iter()
                .map(|(marking, label)| ResolvedMarking {
                    marking: marking.clone(),
                    label: *label,
                })
                .collect(),
            accept_mentions: self.accept_mentions,
            reliability: self.reliability,
            credibility: self.credibility,
            split: false,
        })
    }
}

/// What became of one document.
enum Outcome {
    Done(pb::PushItemResponse),
    Refused(Refused),
    Failed(Failure),
}

pub(super) async fn run(arguments: PushArguments, context: &Context) -> Result<Exit, Failure> {
    let now = context.clock.now();
    if let Some(until) = arguments.said.valid_until.filter(|until| *until <= now) {
        return Err(Failure::new(
            Exit::Usage,
            format!("--valid-until {until} is past, so that nobody would get the item"),
        ));
    }
    let session = session::as_member(context).await?;
    let template = pb::PushItemRequest {
        split: arguments.split,
        ..arguments.said.template()
    };
    if arguments.dry_run {
        let mut exit = Exit::Done;
        for file in &arguments.files {
            exit = exit.and(preview(file, &template, &session, context).await?);
        }
        return Ok(exit);
    }
    let mut report = Report::new(&arguments.files, context);
    let one_by_one = match arguments.files.as_slice() {
        [file] => vec![(0, request(file, &template, context))],
        files => stream::push_all(files, &template, &session, context, &mut report).await?,
    };
    for (n, request) in one_by_one {
        let outcome = match request {
            Ok(request) => unary(request, &session).await,
            Err(failure) => Outcome::Failed(failure),
        };
        report.add(n, outcome)?;
    }
    Ok(report.end())
}

/// Pushes one document, and once more under the same request id where the node was not reachable.
async fn unary(request: pb::PushItemRequest, session: &Session) -> Outcome {
    let mut answer = session.sharing().push_item(request.clone()).await;
    if answer.as_ref().is_err_and(may_pass) {
        answer = session.sharing().push_item(request).await;
    }
    match answer {
        Ok(done) => Outcome::Done(done.into_inner()),
        Err(status) => match refusal(&status) {
            Some(refused) => Outcome::Refused(refused),
            None => Outcome::Failed(status.into()),
        },
    }
}

/// Says what a push would do.
async fn preview(
    file: &Path,
    template: &pb::PushItemRequest,
    session: &Session,
    context: &Context,
) -> Result<Exit, Failure> {
    let request = match request(file, template, context) {
        Ok(request) => request,
        Err(failure) => return report::one(file, Outcome::Failed(failure), context),
    };
    let answer = session
        .sharing()
        .preview_item(pb::PreviewItemRequest {
            push: Some(request),
        })
        .await;
    match answer {
        Ok(preview) => {
            let preview = preview.into_inner();
            let typed = file.to_string_lossy();
            items::show_decisions(Some(&typed), preview, context)?;
            Ok(Exit::Done)
        }
        Err(status) => match refusal(&status) {
            Some(refused) => report::one(file, Outcome::Refused(refused), context),
            None => report::one(file, Outcome::Failed(status.into()), context),
        },
    }
}

/// A refusal by the rules; a document that is too large for a message of the protocol is one too.
fn refusal(status: &tonic::Status) -> Option<Refused> {
    refused(status).or_else(|| match status.code() {
        // The transport itself refuses what exceeds its limit, before the node can say it better.
        Code::OutOfRange | Code::ResourceExhausted if status.message().contains("too large") => {
            Some(Refused {
                reason: Reason::TooLarge.name().to_owned(),
                message: "the document is larger than the node takes".to_owned(),
                places: Vec::new(),
            })
        }
        _ => None,
    })
}

/// The message for one document, under a request id of its own.
fn request(
    file: &Path,
    template: &pb::PushItemRequest,
    context: &Context,
) -> Result<pb::PushItemRequest, Failure> {
    Ok(pb::PushItemRequest {
        request_id: request_id(context),
        content: read(file)?,
        ..template.clone()
    })
}

/// A new request id.
fn request_id(context: &Context) -> String {
    let milliseconds = context.clock.now().micros().div_euclid(1000);
    // The form of an item's id: ordered by time, so that a node finds recent ones together.
    let id = ItemId::new(
        u64::try_from(milliseconds).unwrap_or(0),
        random_bytes(&*context.entropy),
    );
    id.to_string()
}

/// Reads a document; `-` is standard input.
pub(super) fn read(file: &Path) -> Result<Bytes, Failure> {
    let mut bytes = Vec::new();
    let outcome = if file.as_os_str() == "-" {
        io::stdin()
            .lock()
            .take(FILE_BYTES_MAX.saturating_add(1))
            .read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|file| {
            file.take(FILE_BYTES_MAX.saturating_add(1))
                .read_to_end(&mut bytes)
        })
    };
    let shown = super::text::shown(&file.to_string_lossy()).into_owned();
    outcome.map_err(|error| Failure::because(format!("{shown} cannot be read"), &error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_BYTES_MAX) {
        return Err(Failure::new(
            Exit::Refused,
            format!("{shown} is larger than any node takes ({FILE_BYTES_MAX} bytes)"),
        ));
    }
    Ok(bytes.into())
}

/// What is pushed: every kind but the withdrawal, which `sluis withdraw` makes.
const PUSHED: &[Kind] = &[
    Kind::Indicators,
    Kind::Report,
    Kind::Advisory,
    Kind::Alert,
    Kind::Rfi,
    Kind::Answer,
    Kind::Minutes,
    Kind::Agenda,
    Kind::Decision,
    Kind::Notice,
];
/// Four times what a node takes: what is larger is refused without sending it.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
