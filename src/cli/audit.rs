//! `sluis audit`: what a node holds and what was done there, checked from its data directory.

use std::fs::File;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::text::shown;
use super::{Context, Exit, Failure, session};
use crate::audit::Chain;
use crate::clock::Timestamp;
use crate::model::ids::Digest;
use crate::node::{AuditReport, ServeError};
use crate::store::AuditRow;

/// Check what a node holds and what was done there.
#[derive(Debug, clap::Subcommand)]
pub(super) enum AuditCommand {
    /// Check every stored item (signature, hops, content, local record) and the chain of audit records; needs no running
    /// node
    #[command(
        after_help = "Examples:\n  sluis --data /var/lib/sluis audit verify\n  sluis audit verify --file audit.jsonl      only an exported chain; needs no data directory"
    )]
    Verify {
        /// Check the chain in a file that `audit export` wrote, and nothing else
        #[arg(long, value_name = "F")]
        file: Option<PathBuf>,
    },
    /// Write the chain of audit records, one JSON object a line, each with its digest and that of the one before
    #[command(after_help = "Example:\n  sluis --data /var/lib/sluis audit export > audit.jsonl")]
    Export,
}

/// An audit record as it is exported. Its digest is SHA-256 over `sluis.audit.v1`, a zero byte, the previous digest,
/// number and time (microseconds since 1970; 8 bytes each, big-endian), and actor, act and subject, each with four bytes of
/// length before it.
#[derive(Serialize, Deserialize)]
struct Record {
    seq: i64,
    at: String,
    micros: i64,
    actor: String,
    act: String,
    subject: String,
    previous_sha256: String,
    sha256: String,
}

/// Most problems that are told of a file: whoever has that many needs no more.
const PROBLEMS_MAX: usize = 1000;

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
        AuditCommand::Verify { file: None } => verify(context).await,
        AuditCommand::Verify { file: Some(file) } => verify_file(&file, context),
        AuditCommand::Export => export(context).await,
    }
}

async fn export(context: &Context) -> Result<Exit, Failure> {
    let data = session::data_directory(context)?;
    let output = &context.output;
    crate::node::audit_export::<Failure>(&data, &mut |row| {
        output.object(&Record {
            seq: row.seq,
            at: row.at.to_string(),
            micros: row.at.micros(),
            actor: row.actor.clone(),
            act: row.act.clone(),
            subject: row.subject.clone(),
            previous_sha256: row.previous_sha256.to_string(),
            sha256: row.sha256.to_string(),
        })
    })
    .await?;
    Ok(Exit::Done)
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        Failure::because("the data directory cannot be read", &error)
    }
}

fn verify_file(file: &Path, context: &Context) -> Result<Exit, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::because(
            format!("{} cannot be read", shown(&file.to_string_lossy())),
            &error,
        )
    };
    let lines = std::io::BufReader::new(File::open(file).map_err(unreadable)?).lines();
    let mut chain = Chain::default();
    let mut problems = Vec::new();
    for (number, line) in (1_u64..).zip(lines) {
        let line = line.map_err(unreadable)?;
        let problem = match parsed(&line) {
            Some(row) => chain.follow(&row).err().map(|broken| broken.to_string()),
            None => Some(format!("line {number} is no audit record")),
        };
        problems.extend(problem);
        if problems.len() >= PROBLEMS_MAX {
            break;
        }
    }
    let report = AuditReport {
        records: u64::try_from(chain.seq()).unwrap_or_default(),
        head: match chain.seq() {
            0 => String::new(),
            _ => chain.head().to_string(),
        },
        problems,
        ..AuditReport::default()
    };
    tell(&report, context)
}

fn parsed(line: &str) -> Option<AuditRow> {
    let record: Record = serde_json::from_str(line).ok()?;
    let digest = |text: &str| Digest::from_slice(&hex::decode(text).ok()?);
    let at = Timestamp::from_micros(record.micros);
    // The time for people is not under the digest: it must say the same.
    (at.to_string() == record.at).then_some(())?;
    Some(AuditRow {
        seq: record.seq,
        at,
        actor: record.actor,
        act: record.act,
        subject: record.subject,
        previous_sha256: digest(&record.previous_sha256)?,
        sha256: digest(&record.sha256)?,
    })
}

async fn verify(context: &Context) -> Result<Exit, Failure> {
    let data = session::data_directory(context)?;
    let bar = context.output.counter("items checked");
    let report = crate::node::audit_verify(&data, &|items| bar.set_position(items))
        .await
        .map_err(|error| Failure::because("the data directory cannot be checked", &error))?;
    bar.finish_and_clear();
    tell(&report, context)
}

fn tell(report: &AuditReport, context: &Context) -> Result<Exit, Failure> {
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
