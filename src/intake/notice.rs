//! Notices: what the node itself tells the members, such as a change of membership (design.md part 5).

use super::settle::rounded;
use super::{Intake, IntakeError};
use crate::clock::random_bytes;
use crate::formats::Format;
use crate::model::ids::{Digest, ItemId, SpiffeId};
use crate::model::item::{Content, Envelope, LocalRecord, Said, SourceReference, Terms};
use crate::model::label::Label;
use crate::model::words::{Attribution, Kind};
use crate::store::{
    Answer, Append, AppendItem, DocumentPart, DocumentState, Expect, Waiting, Write,
};

impl Intake {
    /// Puts a notice into the members' feeds: AMBER+STRICT, so that it never leaves the community.
    pub async fn announce(
        &self,
        node: &SpiffeId,
        title: &str,
        text: String,
    ) -> Result<ItemId, IntakeError> {
        let now = self.clock.now();
        let created = rounded(now, Attribution::Community);
        let ms = u64::try_from(created.micros().div_euclid(1000)).unwrap_or_default();
        let item = ItemId::new(ms, random_bytes(&*self.entropy));
        let sha256 = Digest::of(text.as_bytes());
        let envelope = Envelope {
            item,
            revision: 1,
            origin: self.settings.community.clone(),
            kind: Kind::Notice,
            title: title.to_owned(),
            summary: String::new(),
            label: Label::AmberStrict,
            audience: None,
            hop_limit: None,
            attribution: Attribution::Community,
            submitter: None,
            pap: None,
            terms: Terms::default(),
            sectors: vec![self.settings.sector.clone()],
            tags: Vec::new(),
            severity: None,
            urgency: None,
            reliability: None,
            credibility: None,
            created,
            valid_until: None,
            source: SourceReference {
                format: Format::Text.name().to_owned(),
                id: sha256.to_string(),
                version: String::new(),
            },
            relation: None,
            content: Content {
                media_type: Format::Text.media_type().to_owned(),
                size: u64::try_from(text.len()).unwrap_or(u64::MAX),
                sha256,
            },
        };
        let signed = self.signer.sign_envelope(&envelope);
        let local = LocalRecord {
            item,
            revision: 1,
            envelope_sha256: Digest::of(&signed.record),
            submitter: node.clone(),
            members: Vec::new(),
            persons: Vec::new(),
            relation: None,
            resolved: Vec::new(),
            mentions_accepted: false,
            declared: Some(Label::AmberStrict),
            pushed: now,
            waits: false,
            said: Said::default(),
        };
        let append = Append {
            request: random_bytes(&*self.entropy),
            document: Digest::of(&item.bytes()),
            expect: Expect::New,
            state: DocumentState {
                tag: 0,
                version: String::new(),
                content_sha256: sha256,
                declared: None,
                parts: vec![DocumentPart {
                    label: Label::AmberStrict,
                    item,
                    revision: 1,
                    kind: Kind::Notice,
                    options_sha256: Digest::of(b"notice"),
                    label_is_given: false,
                }],
            },
            items: vec![AppendItem {
                item,
                revision: 1,
                envelope: signed,
                local: self.signer.sign_local_record(&local),
                content: text.into_bytes().into(),
                content_key: random_bytes(&*self.entropy),
                fingerprints: [None; 2],
                met: None,
                goes_elsewhere: false,
                reissued: Vec::new(),
            }],
            vanished: Vec::new(),
            answer: Answer(Vec::new()),
            here: self.settings.community.clone(),
            waiting: Waiting::Settled { audit: None },
            at: now,
        };
        self.log.write(Write::Append(append)).await?;
        Ok(item)
    }
}
