//! `sluis peer quarantine`: what peers sent that was not valid.

use serde::Serialize;

use super::output::Field;
use super::prompt::confirm;
use super::text::shown;
use super::values::community;
use super::{Context, Exit, Failure, session};
use crate::model::ids::CommunityId;
use crate::wire::{pb, words};

/// What a peer sent that was not valid
#[derive(Debug, clap::Subcommand)]
pub(super) enum QuarantineCommand {
    /// List it, newest first, at most 1000
    List(OfPeer),
    /// Show one record; of an equivocation both signatures
    Show {
        /// The record's number
        #[arg(value_name = "NUMBER")]
        number: i64,
    },
    /// Ask the peer again for all that it has: for when the cause is gone
    #[command(
        after_help = "Examples:\n  sluis peer quarantine release 17\n  sluis peer quarantine release --peer \
                      water.isac.example      all of that peer\n\nWhat is still not valid comes back into quarantine; what \
                      is here already takes no effect."
    )]
    Release(Which),
    /// Forget records, and nothing else
    Drop(Which),
}

/// One peer, or all.
#[derive(Debug, clap::Args)]
pub(super) struct OfPeer {
    /// Only what this peer sent
    #[arg(long, value_name = "ID", value_parser = community)]
    peer: Option<CommunityId>,
}

/// Which records.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct Which {
    /// Numbers of records
    #[arg(value_name = "NUMBER")]
    numbers: Vec<i64>,
    /// All records of this peer
    #[arg(long, value_name = "ID", value_parser = community)]
    peer: Option<CommunityId>,
}

#[derive(Serialize)]
struct Record<'a> {
    number: i64,
    peer: &'a str,
    item: Option<&'a str>,
    reason: &'a str,
    sha256: &'a str,
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<Evidence<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<Evidence<'a>>,
}

#[derive(Serialize)]
struct Evidence<'a> {
    sha256: &'a str,
    signature: &'a str,
    key_id: &'a str,
}

#[derive(Serialize)]
struct Done {
    state: &'static str,
    records: u32,
}

impl<'a> Record<'a> {
    fn of(item: &'a pb::QuarantinedItem) -> Self {
        let evidence = |evidence: Option<&'a pb::SignatureEvidence>| {
            evidence.map(|e| Evidence {
                sha256: &e.sha256,
                signature: &e.signature,
                key_id: &e.key_id,
            })
        };
        Self {
            number: item.number,
            peer: &item.peer,
            item: Some(item.item.as_str()).filter(|id| !id.is_empty()),
            reason: &item.reason,
            sha256: &item.sha256,
            at: words::time(item.time.as_ref())
                .ok()
                .flatten()
                .map(|time| time.to_string()),
            held: evidence(item.held.as_ref()),
            sent: evidence(item.sent.as_ref()),
        }
    }
}

pub(super) async fn run(command: QuarantineCommand, context: &Context) -> Result<Exit, Failure> {
    let session = session::as_operator(context).await?;
    let of = |peer: Option<&CommunityId>| peer.map(ToString::to_string).unwrap_or_default();
    match command {
        QuarantineCommand::List(OfPeer { peer }) => {
            let request = pb::ListQuarantinedItemsRequest {
                peer: of(peer.as_ref()),
                number: 0,
            };
            let answer = session.admin().list_quarantined_items(request).await?;
            list(&answer.into_inner().items, context)
        }
        QuarantineCommand::Show { number } => {
            let request = pb::ListQuarantinedItemsRequest {
                peer: String::new(),
                number,
            };
            let answer = session.admin().list_quarantined_items(request).await?;
            show(number, answer.into_inner().items.first(), context)
        }
        QuarantineCommand::Release(Which { numbers, peer }) => {
            let request = pb::ReleaseQuarantinedItemsRequest {
                numbers,
                peer: of(peer.as_ref()),
            };
            let answer = session.admin().release_quarantined_items(request).await?;
            done("released", answer.into_inner().released, context)
        }
        QuarantineCommand::Drop(Which { numbers, peer }) => {
            confirm(
                "Forget what was not valid? Of an equivocation the evidence goes too.",
                context.options.yes,
            )?;
            let request = pb::DropQuarantinedItemsRequest {
                numbers,
                peer: of(peer.as_ref()),
            };
            let answer = session.admin().drop_quarantined_items(request).await?;
            done("dropped", answer.into_inner().dropped, context)
        }
    }
}

fn done(state: &'static str, records: u32, context: &Context) -> Result<Exit, Failure> {
    if context.output.is_json() {
        context.output.object(&Done { state, records })?;
    } else {
        context.output.line(&format!("{records} {state}"))?;
    }
    Ok(Exit::Done)
}

fn list(items: &[pb::QuarantinedItem], context: &Context) -> Result<Exit, Failure> {
    if context.output.is_json() {
        for item in items {
            context.output.object(&Record::of(item))?;
        }
        return Ok(Exit::Done);
    }
    if items.is_empty() {
        context.output.note("nothing is in quarantine");
        return Ok(Exit::Done);
    }
    context.output.table(
        ["number", "peer", "item", "reason", "at"],
        items.iter().map(Record::of).map(|record| {
            [
                Field::from(record.number.to_string()),
                record.peer.to_owned().into(),
                record.item.unwrap_or("-").to_owned().into(),
                record.reason.to_owned().into(),
                record.at.unwrap_or_default().into(),
            ]
        }),
    )?;
    Ok(Exit::Done)
}

fn show(
    number: i64,
    item: Option<&pb::QuarantinedItem>,
    context: &Context,
) -> Result<Exit, Failure> {
    let Some(record) = item.map(Record::of) else {
        return Err(
            Failure::failed(format!("nothing in quarantine has the number {number}"))
                .next(context.again("peer quarantine list")),
        );
    };
    if context.output.is_json() {
        context.output.object(&record)?;
        return Ok(Exit::Done);
    }
    context.output.pairs([
        ("number", Field::from(number.to_string())),
        ("peer", record.peer.to_owned().into()),
        ("item", record.item.unwrap_or("-").to_owned().into()),
        ("reason", record.reason.to_owned().into()),
        ("sha256", record.sha256.to_owned().into()),
        ("at", record.at.unwrap_or_default().into()),
    ])?;
    for (name, evidence) in [("held", record.held), ("sent", record.sent)] {
        let Some(evidence) = evidence else { continue };
        context.output.line(&format!(
            "{name}: envelope {}\n  signature {}\n  key {}",
            shown(evidence.sha256),
            shown(evidence.signature),
            shown(evidence.key_id)
        ))?;
    }
    Ok(Exit::Done)
}
