//! The domain's answers as messages.

use crate::feed::{Filter, Visible};
use crate::intake::Preview;
use crate::log::EntryBody;
use crate::model::decision::Decision;
use crate::model::ids::{CommunityId, ItemId};
use crate::model::label::Label;
use crate::model::submission::{self, Reason, Refusal};
use crate::overview::{Explanation, Place, PlaceState};
use crate::policy::{Reader, Recipient, remedy};
use crate::store::LogClass;
use crate::wire::{Malformed, pb, words};

/// An entry of a feed, and what remains of its content after the first chunk.
pub(super) fn feed_entry(visible: &Visible, content: bool) -> (pb::FeedEntry, bytes::Bytes) {
    let entry = &visible.entry;
    if visible.is_lost {
        let message = pb::FeedEntry {
            path: entry
                .before
                .iter()
                .flat_map(|before| &before.path)
                .map(ToString::to_string)
                .collect(),
            recalled: entry.item().to_string(),
            ..Default::default()
        };
        return (message, bytes::Bytes::new());
    }
    let mut message = pb::FeedEntry {
        path: path(&entry.body),
        submitter: visible
            .submitter
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        ..Default::default()
    };
    let mut rest = bytes::Bytes::new();
    match &entry.row.class {
        LogClass::Item { envelope, hops, .. } => {
            let mut item = pb::Item {
                envelope: Some(words::signed_to_pb(envelope)),
                hops: hops.iter().map(words::signed_to_pb).collect(),
                ..Default::default()
            };
            if content && let Some(bytes) = &entry.row.content {
                rest = bytes.clone();
                let first = rest.len().min(crate::federation::supplier::CHUNK_BYTES);
                item.content = rest.split_to(first);
                item.content_continues = !rest.is_empty();
            }
            message.item = Some(item);
        }
        LogClass::Withdrawal { statement, .. } => {
            message.withdrawal = Some(words::signed_to_pb(statement));
        }
        LogClass::Recall { .. } => message.recalled = entry.item().to_string(),
    }
    (message, rest)
}

fn path(body: &EntryBody) -> Vec<String> {
    let path = match body {
        EntryBody::Item { facts, .. } => Some(&facts.path),
        EntryBody::Withdrawal { facts, .. } => facts.as_ref().map(|f| &f.path),
        EntryBody::Recall { facts } => Some(&facts.path),
    };
    path.into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect()
}

/// A filter as it was asked for.
pub(super) fn filter(filter: Option<pb::FeedFilter>) -> Result<Filter, Malformed> {
    /// More than that is no filter.
    const CHOICES_MAX: usize = 64;
    /// In bytes: a subscription keeps its filter, and the longest sector there is has a third of that.
    const SECTOR_BYTES_MAX: usize = 64;
    let filter = filter.unwrap_or_default();
    let choices = filter.kinds.len() + filter.sectors.len() + filter.origins.len();
    if choices > CHOICES_MAX {
        return Err(Malformed::new(
            "filter",
            format!("names {choices} values; at most {CHOICES_MAX} are taken"),
        ));
    }
    if filter.sectors.iter().any(|s| s.len() > SECTOR_BYTES_MAX) {
        return Err(Malformed::new(
            "filter.sectors",
            format!("names a sector of more than {SECTOR_BYTES_MAX} bytes"),
        ));
    }
    Ok(Filter {
        kinds: filter
            .kinds
            .iter()
            .map(|k| {
                words::kind(*k)?.ok_or_else(|| Malformed::new("filter.kinds", "names no kind"))
            })
            .collect::<Result<_, _>>()?,
        sectors: filter.sectors,
        origins: filter
            .origins
            .iter()
            .map(|o| {
                CommunityId::parse(o).map_err(|e| Malformed::new("filter.origins", e.to_string()))
            })
            .collect::<Result<_, _>>()?,
    })
}

/// A refusal on a stream.
pub(super) fn refusal(refusal: &Refusal) -> pb::Refusal {
    pb::Refusal {
        reason: refusal.reason.name().to_owned(),
        message: refusal.message.clone(),
        places: refusal
            .places
            .iter()
            .map(|p| pb::RefusalPlace {
                place: p.place.clone(),
                message: p.message.clone(),
            })
            .collect(),
    }
}

/// A push with a word outside its bounds is refused like any other.
pub(super) fn bad_option(malformed: &Malformed) -> Refusal {
    Refusal::new(Reason::BadOption, malformed.to_string()).at([submission::Place {
        place: malformed.field.to_owned(),
        message: malformed.problem.clone(),
    }])
}

/// The readers of a part or an item, each with the decision.
pub(super) fn decisions(label: Label, item: &str, recipients: &[Recipient]) -> pb::ItemDecisions {
    pb::ItemDecisions {
        label: words::label_to_pb(Some(label)),
        item: item.to_owned(),
        objects: 0,
        recipients: recipients
            .iter()
            .map(|r| pb::RecipientDecision {
                to: r.to.to_string(),
                role: role(&r.to),
                permit: r.decision.permits(),
                rule: words::rule_to_pb(r.decision.rule()),
                remedy: match r.decision {
                    Decision::Permit => String::new(),
                    Decision::Withhold(rule) => remedy(rule, &r.to),
                },
            })
            .collect(),
    }
}

/// Raised objects in an answer; their number is told beside.
const RAISED_MAX: usize = 1000;

/// What a push would do.
pub(super) fn preview(preview: Preview) -> pb::PreviewItemResponse {
    pb::PreviewItemResponse {
        items: preview
            .parts
            .iter()
            .map(|part| pb::ItemDecisions {
                objects: u32::try_from(part.objects).unwrap_or(u32::MAX),
                ..decisions(part.label, "", &part.recipients)
            })
            .collect(),
        raised_count: u32::try_from(preview.raised.len()).unwrap_or(u32::MAX),
        raised: preview
            .raised
            .into_iter()
            .take(RAISED_MAX)
            .map(|raised| pb::RaisedObject {
                object: raised.object,
                r#type: raised.kind,
                from: words::label_to_pb(Some(raised.from)),
                to: words::label_to_pb(Some(raised.to)),
                place: raised.place,
                because_of: raised.because_of,
            })
            .collect(),
        remarks: preview.remarks,
    }
}

/// An explanation.
pub(crate) fn explanation(explanation: &Explanation) -> pb::ExplainItemResponse {
    pb::ExplainItemResponse {
        items: vec![decisions(
            explanation.label,
            &explanation.item.to_string(),
            &explanation.recipients,
        )],
    }
}

/// A trace.
pub(crate) fn trace(item: ItemId, places: &[Place]) -> pb::TraceItemResponse {
    pb::TraceItemResponse {
        item: item.to_string(),
        holders: holders(places),
    }
}

/// The places that may hold an item.
pub(super) fn holders(places: &[Place]) -> Vec<pb::Holder> {
    places
        .iter()
        .map(|p| pb::Holder {
            place: p.place.to_string(),
            role: role(&p.place),
            state: i32::from(match p.state {
                PlaceState::Offered => pb::holder::State::Offered,
                PlaceState::Received => pb::holder::State::Received,
                PlaceState::Erased => pb::holder::State::Erased,
                PlaceState::Owed => pb::holder::State::Owed,
            }),
            time: Some(words::time_to_pb(p.at)),
        })
        .collect()
}

fn role(reader: &Reader) -> i32 {
    i32::from(match reader {
        Reader::Member(_) | Reader::Credential(..) => pb::recipient_decision::Role::Member,
        Reader::Peer(_) => pb::recipient_decision::Role::Peer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_keeps_no_long_words() {
        let of = |bytes: usize| {
            filter(Some(pb::FeedFilter {
                sectors: vec!["s".repeat(bytes)],
                ..Default::default()
            }))
        };
        assert!(of(64).is_ok());
        assert_eq!(of(65).expect_err("too long").field, "filter.sectors");
    }
}
