//! `sluis audit`: what a node holds and what was done there, checked from its data directory.

use serde::Serialize;

use super::text::shown;
use super::{Context, Exit, Failure, session};

/// Check what a node holds and what was done there.
#[derive(Debug, clap::Subcommand)]
pub(super) enum AuditCommand {
    /// Check every stored item (signature, hops, content, local record) and the chain of audit records; needs no running
    /// node
    #[command(after_help = "Example:\n  sluis --data /var/lib/sluis audit verify")]
    Verify,
}

/// What `audit verify` answers.
#[derive(Serialize)]
struct Verdict<'a> {
    valid: bool,
    items: u64,
    records: u64,
    head: &'a str,
    problems: &'a [String],
}

pub(super) async fn run(command: AuditCommand, context: &Context) -> Result<Exit, Failure> {
    match command {
        AuditCommand::Verify => verify(context).await,
    }
}

async fn verify(context: &Context) -> Result<Exit, Failure> {
    let data = session::data_directory(context)?;
    let bar = context.output.counter("items checked");
    let report = crate::node::audit_verify(&data, &|items| bar.set_position(items))
        .await
        .map_err(|error| Failure::because("the data directory cannot be checked", &error))?;
    bar.finish_and_clear();
    let valid = report.problems.is_empty();
    if context.output.is_json() {
        context.output.object(&Verdict {
            valid,
            items: report.items,
            records: report.records,
            head: &report.head,
            problems: &report.problems,
        })?;
    } else if valid {
        context.output.line(&format!(
            "{} items and withdrawals verify, and the audit log is whole: {} records, head {}",
            report.items, report.records, report.head
        ))?;
    } else {
        for problem in &report.problems {
            context.output.line(&shown(problem))?;
        }
    }
    if valid {
        Ok(Exit::Done)
    } else {
        Err(Failure::failed(format!(
            "something was tampered with or damaged: {} problems in {} items and {} audit records",
            report.problems.len(),
            report.items,
            report.records
        ))
        .next("keep the data directory as it is, and compare it with a backup"))
    }
}
