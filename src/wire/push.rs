//! A push between its message and its type.

use super::{Malformed, envelope, form, local_record, pb, words};
use crate::model::ids::{MemberId, Name};
use crate::model::item::Envelope;
use crate::model::submission::{Addressee, Changes, PushOptions};
use crate::model::words::Kind;

/// What the submitter says about a document, checked for form and bounds. Line ends of the summary become line feeds,
/// parts of a microsecond are dropped.
pub fn options(push: &pb::PushItemRequest) -> Result<PushOptions, Malformed> {
    form::line("title", &push.title, Envelope::TITLE_BYTES_MAX)?;
    let summary = push.summary.replace("\r\n", "\n");
    form::paragraphs("summary", &summary, Envelope::SUMMARY_BYTES_MAX)?;
    form::words(
        "sectors",
        &push.sectors,
        Envelope::SECTORS_MAX,
        Envelope::SECTOR_BYTES_MAX,
    )?;
    form::words(
        "tags",
        &push.tags,
        Envelope::TAGS_MAX,
        Envelope::TAG_BYTES_MAX,
    )?;
    envelope::hop_limit_bound(push.hop_limit)?;
    form::count("to", push.to.len(), Envelope::AUDIENCE_MAX)?;
    let kind = words::kind(push.kind)?;
    if kind == Some(Kind::Withdrawal) {
        return Err(Malformed::new(
            "kind",
            "a withdrawal is not pushed; use withdraw",
        ));
    }
    let answers = match push.answers.as_str() {
        "" => None,
        id => Some(form::item("answers", id)?),
    };
    Ok(PushOptions {
        label: words::label(push.label)?,
        to: push
            .to
            .iter()
            .map(|text| addressee(text))
            .collect::<Result<_, _>>()?,
        kind,
        title: push.title.clone(),
        summary,
        sectors: push.sectors.clone(),
        severity: words::severity(push.severity)?,
        urgency: words::urgency(push.urgency)?,
        pap: words::pap(push.pap)?,
        tags: push.tags.clone(),
        answers,
        attribution: words::attribution(push.attribution)?,
        hop_limit: push.hop_limit,
        valid_until: words::request_time(push.valid_until.as_ref())?,
        terms: envelope::terms(push.terms),
        resolved: local_record::resolved_markings(&push.resolved)?,
        accept_mentions: push.accept_mentions,
        reliability: words::reliability(push.reliability)?,
        credibility: words::credibility(push.credibility)?,
        split: push.split,
    })
}

/// The field of a push that stands for its document in a mask.
pub const CONTENT: &str = "content";

/// Which fields of a push a mask names, and whether the document is among them.
pub fn changes(mask: Option<&prost_types::FieldMask>) -> Result<(Changes, bool), Malformed> {
    let mut changes = Changes::default();
    let mut content = false;
    for path in mask.iter().flat_map(|mask| &mask.paths) {
        if path == CONTENT {
            content = true;
        } else if !changes.mark(path) {
            return Err(Malformed::new(
                "update_mask",
                format!(
                    "names {}, which a revision does not change; it changes {CONTENT}, {}",
                    path.escape_debug(),
                    Changes::NAMES.join(", ")
                ),
            ));
        }
    }
    Ok((changes, content))
}

/// The same back, without request id and content.
pub fn options_to_pb(options: &PushOptions) -> pb::PushItemRequest {
    pb::PushItemRequest {
        request_id: String::new(),
        content: bytes::Bytes::new(),
        label: words::label_to_pb(options.label),
        to: options.to.iter().map(addressee_to_text).collect(),
        kind: words::kind_to_pb(options.kind),
        title: options.title.clone(),
        summary: options.summary.clone(),
        sectors: options.sectors.clone(),
        severity: words::severity_to_pb(options.severity),
        urgency: words::urgency_to_pb(options.urgency),
        pap: words::pap_to_pb(options.pap),
        tags: options.tags.clone(),
        answers: options
            .answers
            .map(|item| item.to_string())
            .unwrap_or_default(),
        attribution: words::attribution_to_pb(options.attribution),
        hop_limit: options.hop_limit,
        valid_until: options.valid_until.map(words::time_to_pb),
        terms: envelope::terms_to_pb(options.terms),
        resolved: options
            .resolved
            .iter()
            .map(local_record::resolved_to_pb)
            .collect(),
        accept_mentions: options.accept_mentions,
        reliability: words::reliability_to_pb(options.reliability),
        credibility: words::credibility_to_pb(options.credibility),
        split: options.split,
    }
}

/// Reads whom `--to` names: only a community's id has a dot, only a person's or a tool's has a slash.
pub fn addressee(text: &str) -> Result<Addressee, Malformed> {
    let wrong = |error| form::invalid("to", &error);
    if let Some((member, name)) = text.split_once('/') {
        let member = MemberId::parse(member).map_err(wrong)?;
        let name = Name::parse(name).map_err(wrong)?;
        Ok(Addressee::Credential(member, name))
    } else if text.contains('.') {
        form::community("to", text).map(Addressee::Community)
    } else {
        MemberId::parse(text).map(Addressee::Member).map_err(wrong)
    }
}

/// The same back.
pub fn addressee_to_text(addressee: &Addressee) -> String {
    match addressee {
        Addressee::Community(community) => community.to_string(),
        Addressee::Member(member) => member.to_string(),
        Addressee::Credential(member, name) => format!("{member}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::ids::{CommunityId, ItemId};
    use crate::model::item::{ResolvedMarking, Terms};
    use crate::model::label::Label;
    use crate::model::words::{Attribution, Credibility, Pap, Reliability, Severity, Urgency};

    fn full() -> PushOptions {
        PushOptions {
            label: Some(Label::AmberStrict),
            to: vec![
                Addressee::Community(CommunityId::parse("water.isac.example").unwrap()),
                Addressee::Member(MemberId::parse("acme").unwrap()),
                Addressee::Credential(
                    MemberId::parse("acme").unwrap(),
                    Name::parse("meryem").unwrap(),
                ),
            ],
            kind: Some(Kind::Alert),
            title: "Überlauf".to_owned(),
            summary: "one\n\ttwo".to_owned(),
            sectors: vec!["energy".to_owned()],
            severity: Some(Severity::High),
            urgency: Some(Urgency::Priority),
            pap: Some(Pap::Amber),
            tags: vec!["ics".to_owned()],
            answers: Some(ItemId::new(1, [1; 10])),
            attribution: Some(Attribution::Anonymous),
            hop_limit: Some(0),
            valid_until: Some(Timestamp::from_seconds(-7)),
            terms: Terms {
                no_commercial_use: true,
                no_resale: false,
            },
            resolved: vec![ResolvedMarking {
                marking: "line:12".to_owned(),
                label: Label::Green,
            }],
            accept_mentions: true,
            reliability: Some(Reliability::F),
            credibility: Some(Credibility::Six),
            split: true,
        }
    }

    #[test]
    fn options_go_there_and_back() {
        for said in [full(), PushOptions::default()] {
            assert_eq!(options(&options_to_pb(&said)), Ok(said));
        }
    }

    #[test]
    fn words_out_of_bounds_are_refused_with_their_field() {
        let with = |change: &dyn Fn(&mut pb::PushItemRequest)| {
            let mut push = options_to_pb(&full());
            change(&mut push);
            options(&push).map_err(|m| m.field)
        };
        assert_eq!(with(&|p| p.title = "a\u{1b}[31m".to_owned()), Err("title"));
        assert_eq!(with(&|p| p.title = "x".repeat(513)), Err("title"));
        assert_eq!(with(&|p| p.summary = "x\u{0}".to_owned()), Err("summary"));
        assert_eq!(with(&|p| p.hop_limit = Some(17)), Err("hop_limit"));
        assert_eq!(with(&|p| p.kind = 11), Err("kind"));
        assert_eq!(with(&|p| p.label = 6), Err("label"));
        assert_eq!(with(&|p| p.answers = "1".to_owned()), Err("answers"));
        assert_eq!(
            with(&|p| p.sectors = vec!["s".to_owned(); 33]),
            Err("sectors")
        );
        assert_eq!(with(&|p| p.tags = vec!["t".to_owned(); 65]), Err("tags"));
        assert_eq!(with(&|p| p.to = vec!["acme".to_owned(); 65]), Err("to"));
        assert!(with(&|p| p.summary = "a\r\nb".to_owned()).is_ok());
    }

    #[test]
    fn an_addressee_is_told_by_dot_and_slash() {
        for text in [
            "",
            "a/",
            "/a",
            "a/b/c",
            "a.b/c",
            "Acme",
            "acme.",
            "a/person/b",
            "*",
            "acme ",
        ] {
            assert!(addressee(text).is_err(), "{text:?} was accepted");
        }
    }
}
