//! The local record between its bytes and its type.

use bytes::Bytes;
use prost::Message;

use super::{Malformed, envelope, form, pb, push, words};
use crate::model::ids::{Role, SpiffeId};
use crate::model::item::{Envelope, LocalRecord, ResolvedMarking, Said};

/// Most persons and tools in a local record: every one of the most members that an audience can name, with 64 each.
pub const PERSONS_MAX: usize = 4096;
/// Most markings settled by hand: more than a person reads one by one.
pub const RESOLVED_MAX: usize = 256;
/// Longest id, tag or line of a settled marking in bytes.
pub const MARKING_BYTES_MAX: usize = 512;
/// Longest local record in bytes: all of the above, with ids of the usual length.
pub const BYTES_MAX: usize = 1024 * 1024;

/// The bytes that are signed.
pub fn encode(value: &LocalRecord) -> Bytes {
    message(value).encode_to_vec().into()
}

/// The message of a local record.
pub(crate) fn message(local: &LocalRecord) -> pb::LocalRecord {
    let texts = |ids: &[SpiffeId]| ids.iter().map(ToString::to_string).collect();
    pb::LocalRecord {
        item: local.item.to_string(),
        revision: local.revision,
        envelope_sha256: Bytes::copy_from_slice(&local.envelope_sha256.0),
        submitter: local.submitter.to_string(),
        members: texts(&local.members),
        persons: texts(&local.persons),
        relation: local.relation.map(envelope::relation_to_pb),
        resolved: local.resolved.iter().map(resolved_to_pb).collect(),
        mentions_accepted: local.mentions_accepted,
        declared: words::label_to_pb(local.declared),
        pushed: Some(words::time_to_pb(local.pushed)),
        waits: local.waits,
        said: (local.said != Said::default()).then(|| said_to_pb(&local.said)),
    }
}

fn said_to_pb(said: &Said) -> pb::Said {
    pb::Said {
        to: said.to.iter().map(push::addressee_to_text).collect(),
        hop_limit: said.hop_limit,
        title: said.title,
        summary: said.summary,
        kind: said.kind,
    }
}

fn said(message: &pb::Said) -> Result<Said, Malformed> {
    form::count("said.to", message.to.len(), Envelope::AUDIENCE_MAX)?;
    envelope::hop_limit_bound(message.hop_limit)?;
    Ok(Said {
        to: message
            .to
            .iter()
            .map(|text| push::addressee(text))
            .collect::<Result<_, _>>()?,
        hop_limit: message.hop_limit,
        title: message.title,
        summary: message.summary,
        kind: message.kind,
    })
}

/// Parses; refuses what is out of bounds, unknown, or not the encoding of what was understood.
pub fn parse(bytes: &[u8]) -> Result<LocalRecord, Malformed> {
    let message: pb::LocalRecord = form::record("local record", bytes, BYTES_MAX)?;
    form::count("members", message.members.len(), Envelope::AUDIENCE_MAX)?;
    form::count("persons", message.persons.len(), PERSONS_MAX)?;
    let submitter = form::spiffe("submitter", &message.submitter)?;
    match &submitter.role {
        Role::Credential(_, _) | Role::Node(_) | Role::Operator(_) => {}
        Role::Member(_) | Role::Signer(_) => {
            return Err(Malformed::new("submitter", "is no credential"));
        }
    }
    let members = ids("members", &message.members, &submitter, |role| match role {
        Role::Member(_) => true,
        Role::Credential(_, _) | Role::Node(_) | Role::Signer(_) | Role::Operator(_) => false,
    })?;
    let persons = ids("persons", &message.persons, &submitter, |role| match role {
        Role::Credential(_, _) => true,
        Role::Member(_) | Role::Node(_) | Role::Signer(_) | Role::Operator(_) => false,
    })?;
    Ok(LocalRecord {
        item: form::item("item", &message.item)?,
        revision: form::from_one("revision", message.revision)?,
        envelope_sha256: form::digest("envelope_sha256", &message.envelope_sha256)?,
        submitter,
        members,
        persons,
        relation: message
            .relation
            .as_ref()
            .map(envelope::relation)
            .transpose()?,
        resolved: resolved_markings(&message.resolved)?,
        mentions_accepted: message.mentions_accepted,
        declared: words::label(message.declared)?,
        pushed: form::required("pushed", words::time(message.pushed.as_ref())?)?,
        waits: message.waits,
        said: message
            .said
            .as_ref()
            .map(said)
            .transpose()?
            .unwrap_or_default(),
    })
}

/// SPIFFE ids of one role, all of the submitter's community.
fn ids(
    field: &'static str,
    texts: &[String],
    submitter: &SpiffeId,
    right_role: impl Fn(&Role) -> bool,
) -> Result<Vec<SpiffeId>, Malformed> {
    texts
        .iter()
        .map(|text| {
            let id = form::spiffe(field, text)?;
            if id.community == submitter.community && right_role(&id.role) {
                Ok(id)
            } else {
                Err(Malformed::new(field, format!("{id} has no place here")))
            }
        })
        .collect()
}

pub(super) fn resolved_to_pb(resolved: &ResolvedMarking) -> pb::ResolvedMarking {
    pb::ResolvedMarking {
        marking: resolved.marking.clone(),
        label: words::label_to_pb(Some(resolved.label)),
    }
}

pub(super) fn resolved_markings(
    messages: &[pb::ResolvedMarking],
) -> Result<Vec<ResolvedMarking>, Malformed> {
    form::count("resolved", messages.len(), RESOLVED_MAX)?;
    messages
        .iter()
        .map(|message| {
            form::word("resolved.marking", &message.marking, MARKING_BYTES_MAX)?;
            Ok(ResolvedMarking {
                marking: message.marking.clone(),
                label: form::required("resolved.label", words::label(message.label)?)?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::ids::{Digest, ItemId};
    use crate::model::item::Relation;
    use crate::model::label::Label;

    fn id(path: &str) -> SpiffeId {
        SpiffeId::parse(&format!("spiffe://energy.isac.example/{path}")).unwrap()
    }

    fn full() -> LocalRecord {
        LocalRecord {
            item: ItemId::new(1, [1; 10]),
            revision: 1,
            envelope_sha256: Digest([2; 32]),
            submitter: id("member/acme/tool/siem"),
            members: vec![id("member/volt")],
            persons: vec![id("member/acme/person/meryem"), id("member/volt/tool/siem")],
            relation: Some(Relation::Answers(ItemId::new(2, [3; 10]))),
            resolved: vec![ResolvedMarking {
                marking: "line:12".to_owned(),
                label: Label::Green,
            }],
            mentions_accepted: true,
            declared: Some(Label::Red),
            pushed: Timestamp::from_micros(-1),
            waits: false,
            said: Said {
                to: vec![
                    push::addressee("volt").unwrap(),
                    push::addressee("water.isac.example").unwrap(),
                ],
                hop_limit: Some(0),
                title: true,
                summary: false,
                kind: true,
            },
        }
    }

    #[test]
    fn local_records_go_there_and_back() {
        let bare = LocalRecord {
            submitter: id("node/n1"),
            members: Vec::new(),
            persons: Vec::new(),
            relation: None,
            resolved: Vec::new(),
            mentions_accepted: false,
            declared: None,
            said: Said::default(),
            ..full()
        };
        for record in [full(), bare] {
            assert_eq!(parse(&encode(&record)), Ok(record));
        }
    }

    #[test]
    fn only_credentials_push_and_only_members_of_the_origin_are_named() {
        let with = |change: &dyn Fn(&mut LocalRecord)| {
            let mut record = full();
            change(&mut record);
            parse(&encode(&record)).map_err(|m| m.field)
        };
        assert_eq!(with(&|r| r.submitter = id("member/acme")), Err("submitter"));
        assert_eq!(with(&|r| r.submitter = id("signer/k1")), Err("submitter"));
        assert_eq!(
            with(&|r| r.members = vec![id("member/acme/tool/siem")]),
            Err("members")
        );
        assert_eq!(
            with(&|r| r.persons = vec![id("member/acme")]),
            Err("persons")
        );
        assert_eq!(
            with(&|r| r.persons = vec![id("operator/al")]),
            Err("persons")
        );
        let elsewhere = SpiffeId::parse("spiffe://water.isac.example/member/aqua").unwrap();
        assert_eq!(
            with(&|r| r.members = vec![elsewhere.clone()]),
            Err("members")
        );
        assert_eq!(
            with(&|r| r.members = vec![id("member/acme"); 65]),
            Err("members")
        );
        assert_eq!(
            with(&|r| r.resolved = vec![r.resolved[0].clone(); RESOLVED_MAX + 1]),
            Err("resolved")
        );
    }

    #[test]
    fn a_field_of_a_later_version_is_not_overlooked() {
        let bytes = [encode(&full()).as_ref(), &[0x68, 1]].concat();
        assert_eq!(parse(&bytes).map_err(|m| m.field), Err("local record"));
    }
}
