//! `sluis show`, `explain`, `trace` and `withdraw`: one item.

use super::output::Field;
use super::prompt::confirm;
use super::session::{self, As, Session};
use super::text::{counted, shown, shown_lines};
use super::values::item;
use super::view::{Decisions, EntryView, HolderView, ItemView, RaisedView, RevealedView, Trace};
use super::{Context, Exit, Failure};
use crate::client::verify::{Record, VerifiedEntry};
use crate::model::ids::{Digest, ItemId};
use crate::model::item::Envelope;
use crate::model::label::Label;
use crate::model::words::WithdrawalReason;
use crate::wire::{pb, words};

/// Show an item.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sluis show 0190f0c4-…              what it says about itself\n  \
                        sluis show 0190f0c4-… --raw > a.json   the document, checked against its digest"
)]
pub(super) struct ShowArguments {
    /// The item's id
    #[arg(value_name = "ITEM", value_parser = item)]
    item: ItemId,
    /// The document's bytes instead
    #[arg(long)]
    raw: bool,
}

/// Say why an item goes where, or does not.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sluis explain 0190f0c4-…                              as the member that pushed it\n  \
                        sluis --data DIR explain 0190f0c4-… --to water.isac.example   as the operator"
)]
pub(super) struct ExplainArguments {
    /// The item's id
    #[arg(value_name = "ITEM", value_parser = item)]
    item: ItemId,
    /// Only for this member or community
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    to: String,
}

/// Say who has an item, and since when.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "States: offered (may have been sent), received (confirmed), owed (has not confirmed the \
                        withdrawal, or that it lost the right to it), erased (confirmed)."
)]
pub(super) struct TraceArguments {
    /// The item's id
    #[arg(value_name = "ITEM", value_parser = item)]
    item: ItemId,
}

/// Tell the operator who submitted an item, also one that is not named. The look is recorded in the audit log.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  sluis --data DIR source 0190f0c4-…\n\nThat you looked stands in the audit log before the answer is read, also \
                        where there is no such item."
)]
pub(super) struct SourceArguments {
    /// The item's id
    #[arg(value_name = "ITEM", value_parser = item)]
    item: ItemId,
}

/// Take an item back, everywhere it went.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  sluis withdraw 0190f0c4-… --reason false-positive\n\nReasons that travel: error, \
                        false-positive, outdated, too-wide. Any other text stays at this node and travels as other."
)]
pub(super) struct WithdrawArguments {
    /// The item's id
    #[arg(value_name = "ITEM", value_parser = item)]
    item: ItemId,
    /// Why: error, false-positive, outdated, too-wide, or other words, which stay here
    #[arg(long, value_name = "R")]
    reason: String,
}

pub(super) async fn show(arguments: ShowArguments, context: &Context) -> Result<Exit, Failure> {
    let session = session::as_member(context).await?;
    let entry = session
        .sharing()
        .get_item(pb::GetItemRequest {
            item: arguments.item.to_string(),
        })
        .await?
        .into_inner();
    let verifier = session.verifier();
    for problem in verifier.learn(&entry.signers, &entry.introductions, context.clock.now()) {
        tracing::warn!(problem = %shown(&crate::fault::chain(&problem)), "a certificate was left out");
    }
    let entry = verifier
        .entry(&entry)
        .map_err(|error| Failure::because("the item is not shown", &error))?;
    if arguments.raw {
        let Record::Item(envelope) = &entry.record else {
            return Err(Failure::failed(
                "the item was withdrawn; its document is erased",
            ));
        };
        return raw(envelope, &session, context).await;
    }
    if context.output.is_json() {
        context.output.object(&EntryView::from(&entry))?;
    } else {
        people(&entry, context)?;
    }
    Ok(Exit::Done)
}

fn people(entry: &VerifiedEntry, context: &Context) -> Result<(), Failure> {
    let path = entry
        .path
        .iter()
        .map(|community| community.as_str())
        .collect::<Vec<_>>()
        .join(" > ");
    let envelope = match &entry.record {
        Record::Item(envelope) => envelope,
        Record::Withdrawal(withdrawal) => {
            return context.output.pairs([
                ("item", Field::from(withdrawal.id.to_string())),
                ("kind", "withdrawal".into()),
                ("withdraws", withdrawal.item.to_string().into()),
                ("reason", withdrawal.reason.name().into()),
                ("path", path.into()),
                ("created", withdrawal.time.to_string().into()),
            ]);
        }
        Record::Recall(item) => {
            return context.output.pairs([
                ("recalled", Field::from(item.to_string())),
                ("path", path.into()),
            ]);
        }
    };
    let or_none = |text: &str| Field::from(if text.is_empty() { "-" } else { text });
    let word = |word: Option<&'static str>| Field::from(word.unwrap_or("-"));
    context.output.pairs([
        ("title", Field::from(envelope.title.as_str())),
        ("label", Field::Label(Some(envelope.label))),
        ("kind", envelope.kind.name().into()),
        ("item", envelope.item.to_string().into()),
        ("revision", envelope.revision.to_string().into()),
        ("origin", envelope.origin.as_str().into()),
        ("submitter", or_none(&entry.submitter)),
        ("path", path.into()),
        ("created", envelope.created.to_string().into()),
        (
            "valid until",
            or_none(
                &envelope
                    .valid_until
                    .map(|t| t.to_string())
                    .unwrap_or_default(),
            ),
        ),
        ("severity", word(envelope.severity.map(|w| w.name()))),
        ("urgency", word(envelope.urgency.map(|w| w.name()))),
        ("PAP", word(envelope.pap.map(|w| w.name()))),
        ("sectors", or_none(&envelope.sectors.join(", "))),
        ("tags", or_none(&envelope.tags.join(", "))),
        (
            "source",
            format!("{} {}", envelope.source.format, envelope.source.id).into(),
        ),
        (
            "content",
            format!(
                "{}, {} bytes",
                envelope.content.media_type, envelope.content.size
            )
            .into(),
        ),
        ("sha256", envelope.content.sha256.to_string().into()),
    ])?;
    if !envelope.summary.is_empty() {
        context.output.line("")?;
        context.output.line(&shown_lines(&envelope.summary))?;
    }
    context.output.note(format!(
        "the signature of {} holds; the document: {}",
        envelope.origin,
        context.again(&format!("show {} --raw", envelope.item))
    ));
    Ok(())
}

/// Writes the document, after checking that it is the one that the origin signed.
async fn raw(envelope: &Envelope, session: &Session, context: &Context) -> Result<Exit, Failure> {
    let mut stream = session
        .sharing()
        .get_item_content(pb::GetItemContentRequest {
            item: envelope.item.to_string(),
        })
        .await?
        .into_inner();
    let size = usize::try_from(envelope.content.size).unwrap_or(usize::MAX);
    let mut document = Vec::new();
    while let Some(piece) = stream.message().await? {
        document.extend_from_slice(&piece.data);
        if document.len() > size {
            break;
        }
    }
    if document.len() != size || Digest::of(&document) != envelope.content.sha256 {
        return Err(Failure::failed(
            "the document is not the one that its origin signed; it is not shown",
        )
        .next("read again; if it stays so, tell the operator of your community"));
    }
    if !context.output.is_terminal() {
        context.output.bytes(&document)?;
        return Ok(Exit::Done);
    }
    // On a terminal a document must not act.
    match std::str::from_utf8(&document) {
        Ok(text) => {
            context.output.line(&shown_lines(text))?;
            Ok(Exit::Done)
        }
        Err(_) => Err(Failure::failed(format!(
            "this is {}, nothing for a terminal",
            shown(&envelope.content.media_type)
        ))
        .next(format!(
            "write it to a file: {}",
            context.again(&format!("show {} --raw > FILE", envelope.item))
        ))),
    }
}

pub(super) async fn explain(
    arguments: ExplainArguments,
    context: &Context,
) -> Result<Exit, Failure> {
    let item = arguments.item.to_string();
    let to = arguments.to;
    let about = to.clone();
    let answer = match session::as_either(context).await? {
        As::Operator(session) => {
            let request = pb::ExplainHeldItemRequest { item, to };
            session.admin().explain_held_item(request).await?
        }
        As::Member(session) => {
            let request = pb::ExplainItemRequest { item, to };
            session.sharing().explain_item(request).await?
        }
    };
    let items = answer.into_inner().items;
    if !about.is_empty() && items.iter().all(|item| item.recipients.is_empty()) {
        return Err(Failure::failed(format!(
            "{} is no member and no peer here that you may ask about",
            shown(&about)
        ))
        .next("--to takes a member's or a peer's id; without it all are shown"));
    }
    show_decisions(
        None,
        pb::PreviewItemResponse {
            items,
            ..Default::default()
        },
        context,
    )?;
    Ok(Exit::Done)
}

/// Shows where each part of a document, or an item, goes.
pub(super) fn show_decisions(
    file: Option<&str>,
    preview: pb::PreviewItemResponse,
    context: &Context,
) -> Result<(), Failure> {
    let pb::PreviewItemResponse {
        items,
        remarks,
        raised,
        raised_count,
    } = preview;
    let items: Vec<ItemView> = items.into_iter().map(ItemView::from).collect();
    if context.output.is_json() {
        return context.output.object(&Decisions {
            file,
            items,
            raised: raised.into_iter().map(RaisedView::from).collect(),
            raised_count: (raised_count > 0).then_some(raised_count),
            remarks,
        });
    }
    if let Some(file) = file {
        context.output.line(&shown(file))?;
    }
    for item in items {
        let label = context.output.label(item.label.and_then(Label::parse), 0);
        let reached = item
            .recipients
            .iter()
            .filter(|r| r.decision == "permit")
            .count();
        let about = item
            .item
            .map(|item| format!("  {}", shown(&item)))
            .unwrap_or_default();
        let objects = item
            .objects
            .map(|objects| format!("  {}", counted(u64::from(objects), "object", "objects")))
            .unwrap_or_default();
        context.output.line(&format!(
            "{label}{about}{objects}  goes to {reached} of {}",
            item.recipients.len()
        ))?;
        if item.recipients.is_empty() {
            continue;
        }
        context.output.table(
            ["  to", "as", "decision", "rule", "what would change it"],
            item.recipients.into_iter().map(|recipient| {
                [
                    Field::from(format!("  {}", recipient.to)),
                    recipient.role.into(),
                    recipient.decision.into(),
                    recipient.rule.unwrap_or("-").into(),
                    match (recipient.decision, recipient.remedy) {
                        ("withhold", remedy) if remedy.is_empty() => "nothing".into(),
                        (_, remedy) => remedy.into(),
                    },
                ]
            }),
        )?;
    }
    for remark in remarks {
        context.output.note(shown(&remark));
    }
    Ok(())
}

pub(super) async fn trace(arguments: TraceArguments, context: &Context) -> Result<Exit, Failure> {
    let item = arguments.item.to_string();
    let answer = match session::as_either(context).await? {
        As::Operator(session) => {
            session
                .admin()
                .trace_held_item(pb::TraceHeldItemRequest { item })
                .await?
        }
        As::Member(session) => session
            .sharing()
            .trace_item(pb::TraceItemRequest { item })
            .await
            .map_err(only_its_source)?,
    }
    .into_inner();
    if answer.holders.is_empty() {
        context.output.note("nobody but its submitter has it yet");
    }
    show_holders(answer.item, None, answer.holders, context)
}

pub(super) async fn source(arguments: SourceArguments, context: &Context) -> Result<Exit, Failure> {
    let item = arguments.item.to_string();
    let source = session::as_operator(context)
        .await?
        .admin()
        .reveal_source(pb::RevealSourceRequest { item })
        .await?
        .into_inner();
    let attribution = words::attribution(source.attribution)
        .ok()
        .flatten()
        .map(|attribution| attribution.name());
    if context.output.is_json() {
        context.output.object(&RevealedView {
            item: source.item,
            submitter: source.submitter,
            attribution,
        })?;
    } else {
        context.output.pairs([
            ("item", Field::from(source.item)),
            ("submitter", source.submitter.into()),
            ("attribution", attribution.unwrap_or("-").into()),
        ])?;
    }
    context
        .output
        .note("that you looked is recorded in the audit log");
    Ok(Exit::Done)
}

/// The node says of others' items what it says of none: that there is no such item.
pub(super) fn only_its_source(status: tonic::Status) -> Failure {
    match status.code() {
        tonic::Code::NotFound => {
            Failure::failed("there is no such item of yours").next(OF_ITS_SOURCE)
        }
        _ => status.into(),
    }
}

fn show_holders(
    item: String,
    withdrawal: Option<String>,
    holders: Vec<pb::Holder>,
    context: &Context,
) -> Result<Exit, Failure> {
    let trace = Trace {
        item,
        withdrawal,
        holders: holders.into_iter().map(HolderView::from).collect(),
    };
    if context.output.is_json() {
        context.output.object(&trace)?;
    } else if !trace.holders.is_empty() {
        context.output.table(
            ["place", "as", "state", "since"],
            trace.holders.into_iter().map(|holder| {
                [
                    Field::from(holder.place),
                    holder.role.into(),
                    holder.state.into(),
                    holder.at.unwrap_or_else(|| "-".to_owned()).into(),
                ]
            }),
        )?;
    }
    Ok(Exit::Done)
}

pub(super) async fn withdraw(
    arguments: WithdrawArguments,
    context: &Context,
) -> Result<Exit, Failure> {
    confirm(
        &format!("Take {} back, everywhere it went?", arguments.item),
        context.options.yes,
    )?;
    let (reason, note) = match WithdrawalReason::parse(&arguments.reason) {
        Some(reason) => (reason, String::new()),
        None => (WithdrawalReason::Other, arguments.reason),
    };
    let answer = session::as_member(context)
        .await?
        .sharing()
        .withdraw_item(pb::WithdrawItemRequest {
            item: arguments.item.to_string(),
            reason: words::withdrawal_reason_to_pb(Some(reason)),
            note,
        })
        .await
        .map_err(only_its_source)?
        .into_inner();
    if !context.output.is_json() {
        context.output.line(&format!(
            "{}; {} told",
            match answer.withdrawal.as_str() {
                "" => "it was withdrawn before",
                _ => "withdrawn",
            },
            match answer.holders.len() {
                0 => "nobody had it, so nobody is".to_owned(),
                1 => "1 place is".to_owned(),
                many => format!("{many} places are"),
            }
        ))?;
    }
    let exit = show_holders(
        arguments.item.to_string(),
        Some(answer.withdrawal),
        answer.holders,
        context,
    )?;
    context.output.note(format!(
        "who still owes a confirmation: {}",
        context.again(&format!("trace {}", arguments.item))
    ));
    Ok(exit)
}

/// Who may trace an item and take it back.
const OF_ITS_SOURCE: &str = "only the member that pushed an item can trace, revise or withdraw it; an operator can trace it with --data DIR";
