//! `sluis inspect`: what the node would read from a document. Needs no node, and changes nothing.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::output::Field;
use super::text::{counted, shown};
use super::values::label;
use super::{Context, Exit, Failure, push};
use crate::inspect::{InspectedObject, InspectedPart, InspectedProblem, Inspection, inspect};
use crate::model::label::Label;

/// Show what the node would read from a document, without a node.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sluis inspect report.json\n  sluis inspect *.json.gz -o json\n  \
                        sluis inspect notes.md --tlp GREEN\n\nExit code 3 if a document is not valid."
)]
pub(super) struct InspectArguments {
    /// The documents, plain or gzip-compressed; `-` reads standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The label that the push would declare
    #[arg(long, value_name = "L", value_parser = label)]
    tlp: Option<Label>,
}

pub(super) fn run(arguments: InspectArguments, context: &Context) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for file in &arguments.files {
        exit = exit.and(one(file, arguments.tlp, context)?);
    }
    Ok(exit)
}

fn one(file: &Path, declared: Option<Label>, context: &Context) -> Result<Exit, Failure> {
    let typed = file.to_string_lossy();
    let (found, exit) = match push::read(file) {
        Ok(bytes) => {
            let found = inspect(&bytes, declared);
            let exit = if found.valid {
                Exit::Done
            } else {
                Exit::Refused
            };
            (found, exit)
        }
        Err(failure) => {
            if !context.output.is_json() {
                context.output.error(format!("sluis: {failure}"));
                return Ok(failure.exit);
            }
            (unreadable(failure.message), failure.exit)
        }
    };
    if context.output.is_json() {
        context.output.object(&Inspected {
            file: &typed,
            found: &found,
        })?;
    } else {
        people(&typed, &found, context)?;
    }
    Ok(exit)
}

/// What `inspect` answers for a file.
#[derive(Serialize)]
struct Inspected<'a> {
    file: &'a str,
    #[serde(flatten)]
    found: &'a Inspection,
}

/// The answer for a file that could not be read.
fn unreadable(message: String) -> Inspection {
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
        problems: vec![InspectedProblem {
            place: String::new(),
            message,
            warning: false,
        }],
        remarks: Vec::new(),
    }
}

fn people(file: &str, found: &Inspection, context: &Context) -> Result<(), Failure> {
    let output = &context.output;
    let label_of = |name: Option<&str>| name.and_then(Label::parse);
    let or_none = |text: &Option<String>| Field::from(text.as_deref().unwrap_or("-"));

    output.line(&shown(file))?;
    output.pairs([
        ("  format", Field::from(found.format)),
        ("  identity", or_none(&found.identity)),
        ("  version", or_none(&found.version)),
        ("  label", Field::Label(label_of(found.label))),
        ("  valid", (if found.valid { "yes" } else { "no" }).into()),
    ])?;
    if let Some(pap) = found.pap {
        output.pairs([("  pap", Field::from(pap))])?;
    }
    for part in &found.parts {
        show_part(part, found, context)?;
    }
    for releasable in &found.releasable {
        output.line(&format!(
            "  --split   {}  {} could go as an item of their own",
            output.label(Label::parse(releasable.label), LABEL_WIDTH),
            counted(
                u64::try_from(releasable.pieces).unwrap_or(u64::MAX),
                "piece",
                "pieces"
            )
        ))?;
    }
    for marking in found.markings.iter().take(LINES_MAX) {
        let note = match marking.note.as_str() {
            "" => String::new(),
            note => format!("  ({})", shown(note)),
        };
        output.line(&format!(
            "  marking   {}  {}{note}",
            output.label(Label::parse(marking.label), LABEL_WIDTH),
            shown(&marking.place)
        ))?;
    }
    let more = found.markings.len().saturating_sub(LINES_MAX);
    if more > 0 {
        output.line(&format!("  … and {more} markings more (-o json shows all)"))?;
    }
    for problem in &found.problems {
        let place = match problem.place.as_str() {
            "" => String::new(),
            place => format!("{}: ", shown(place)),
        };
        let what = if problem.warning {
            "warning"
        } else {
            "problem"
        };
        output.line(&format!("  {what}   {place}{}", shown(&problem.message)))?;
    }
    if !found.valid && found.problems.iter().all(|problem| problem.warning) {
        output.note("  warnings: a node takes it all the same, unless its community is strict");
    }
    for remark in &found.remarks {
        output.note(format!("  {}", shown(remark)));
    }
    if found.valid && found.label.is_none() {
        output.note("  nothing says how far it may go: a push needs --tlp");
    }
    Ok(())
}

/// A part, and under it its objects with the reason for their label.
fn show_part(part: &InspectedPart, found: &Inspection, context: &Context) -> Result<(), Failure> {
    let output = &context.output;
    let of_part: Vec<&InspectedObject> = found
        .objects
        .iter()
        .filter(|object| match object.label {
            Some(label) => found.parts.len() == 1 || Some(label) == part.label,
            None => part.objects.contains(&object.id),
        })
        .collect();
    let what = match of_part.len() {
        0 => "the whole document".to_owned(),
        objects => counted(
            u64::try_from(objects).unwrap_or(u64::MAX),
            "object",
            "objects",
        ),
    };
    output.line(&format!(
        "  part      {}  {what}",
        output.label(part.label.and_then(Label::parse), LABEL_WIDTH),
    ))?;
    let more = of_part.len().saturating_sub(LINES_MAX);
    for (index, object) in of_part.iter().take(LINES_MAX).enumerate() {
        let is_last = more == 0 && index.saturating_add(1) == of_part.len();
        let name = if object.id.is_empty() {
            &object.place
        } else {
            &object.id
        };
        output.line(&format!(
            "    {} {}  {}  {}",
            if is_last { "└" } else { "├" },
            output.label(object.label.and_then(Label::parse), LABEL_WIDTH),
            shown(name),
            shown(&object.why)
        ))?;
    }
    if more > 0 {
        output.line(&format!("    └ … and {more} more (-o json shows all)"))?;
    }
    Ok(())
}

/// More markings or objects than this are for machines.
const LINES_MAX: usize = 20;
/// The width of `TLP:AMBER+STRICT`.
const LABEL_WIDTH: usize = 16;
