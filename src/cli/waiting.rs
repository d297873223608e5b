//! `sluis waiting`: pushes that wait for an operator, because the same document is here from somebody else who lets it go
//! less far.

use serde::Serialize;

use super::output::Field;
use super::prompt::confirm;
use super::text::shown;
use super::values::item;
use super::{Context, Exit, Failure, session, view};
use crate::model::ids::ItemId;
use crate::wire::{pb, words};

/// Pushes that wait, because the same document is here from somebody else and goes less far
#[derive(Debug, clap::Subcommand)]
pub(super) enum WaitingCommand {
    /// Show what waits, and what it met
    List,
    /// Let an item go: it reaches everyone that its own label and audience allow
    #[command(
        after_help = "Ask the source of the item that it met first: `sluis waiting list` shows where that came from."
    )]
    Release {
        /// The item's id
        #[arg(value_name = "ITEM", value_parser = item)]
        item: ItemId,
    },
    /// Withdraw an item that waits
    Drop {
        /// The item's id
        #[arg(value_name = "ITEM", value_parser = item)]
        item: ItemId,
    },
}

#[derive(Serialize)]
struct Waits<'a> {
    item: &'a str,
    label: Option<&'static str>,
    kind: Option<&'static str>,
    met: &'a str,
    met_origin: &'a str,
    met_label: Option<&'static str>,
    since: Option<String>,
}

#[derive(Serialize)]
struct Done<'a> {
    item: &'a str,
    state: &'static str,
}

pub(super) async fn run(command: WaitingCommand, context: &Context) -> Result<Exit, Failure> {
    let session = session::as_operator(context).await?;
    match command {
        WaitingCommand::List => {
            let answer = session
                .admin()
                .list_waiting_items(pb::ListWaitingItemsRequest {})
                .await?
                .into_inner();
            list(&answer.items, context)
        }
        WaitingCommand::Release { item } => {
            confirm(
                &format!("Let {item} go to everyone that its label and audience allow?"),
                context.options.yes,
            )?;
            let item = item.to_string();
            let request = pb::ReleaseWaitingItemRequest { item: item.clone() };
            session.admin().release_waiting_item(request).await?;
            done(&item, "released", context)
        }
        WaitingCommand::Drop { item } => {
            confirm(
                &format!("Withdraw {item} for its submitter?"),
                context.options.yes,
            )?;
            let item = item.to_string();
            let request = pb::DropWaitingItemRequest { item: item.clone() };
            session.admin().drop_waiting_item(request).await?;
            done(&item, "withdrawn", context)
        }
    }
}

fn done(item: &str, state: &'static str, context: &Context) -> Result<Exit, Failure> {
    if context.output.is_json() {
        context.output.object(&Done { item, state })?;
    } else {
        context.output.line(&format!("{item} is {state}"))?;
    }
    Ok(Exit::Done)
}

fn list(items: &[pb::WaitingItem], context: &Context) -> Result<Exit, Failure> {
    let since = |item: &pb::WaitingItem| {
        words::time(item.since.as_ref())
            .ok()
            .flatten()
            .map(|time| time.to_string())
    };
    let label = |number| view::label(number);
    if context.output.is_json() {
        for item in items {
            context.output.object(&Waits {
                item: &item.item,
                label: label(item.label).map(crate::model::label::Label::name),
                kind: words::kind(item.kind)
                    .ok()
                    .flatten()
                    .map(crate::model::words::Kind::name),
                met: &item.met,
                met_origin: &item.met_origin,
                met_label: label(item.met_label).map(crate::model::label::Label::name),
                since: since(item),
            })?;
        }
        return Ok(Exit::Done);
    }
    if items.is_empty() {
        context.output.note("nothing waits");
        return Ok(Exit::Done);
    }
    context.output.table(
        ["item", "label", "met", "from", "its label", "since"],
        items.iter().map(|item| {
            [
                Field::from(shown(&item.item).into_owned()),
                Field::Label(label(item.label)),
                shown(&item.met).into_owned().into(),
                shown(&item.met_origin).into_owned().into(),
                Field::Label(label(item.met_label)),
                since(item).unwrap_or_default().into(),
            ]
        }),
    )?;
    Ok(Exit::Done)
}
