//! The verbs of the store, and the rows that it gives back.

use bytes::Bytes;

use super::document::{Before, DocumentState};
use crate::anonymity::Reissued;
use crate::clock::Timestamp;
use crate::model::agreement::Peer;
use crate::model::ids::{CommunityId, CredentialName, Digest, ItemId, KeyId, MemberId};
use crate::model::label::Label;
use crate::model::member::{Credential, Member};
use crate::model::position::Position;
use crate::model::signed::Signed;

/// One change, whole or not at all.
#[derive(Clone, Debug)]
pub enum Write {
    /// The items of one push.
    Append(Append),
    /// What a supplier sent, together with the new cursor of the link.
    Deliver(Deliver),
    /// A withdrawal by the origin, here.
    Withdraw(Withdraw),
    /// The next revision of an item of this community, apart from any push. Answers `Appended` with one position;
    /// with none if the item is not in service in an earlier revision.
    Revise(Box<Revise>),
    /// These may be held by that peer from now on; durable before the first byte leaves. Answers `Done`.
    Offer {
        /// The peer.
        peer: CommunityId,
        /// Item and revision of each.
        items: Vec<(ItemId, u32)>,
        /// Now.
        at: Timestamp,
    },
    /// The peer confirmed these: received, or erased. Answers `Done`.
    Receipt {
        /// The peer.
        peer: CommunityId,
        /// Item, revision, and whether it was erased there.
        items: Vec<(ItemId, u32, bool)>,
        /// Now.
        at: Timestamp,
    },
    /// A member's credential was sent everything up to this position. Answers `Done`.
    Progress {
        /// SPIFFE id of the credential.
        viewer: String,
        /// Up to where.
        position: Position,
        /// Now.
        at: Timestamp,
    },
    /// A member as it is from now on. Answers `Done`.
    PutMember {
        /// The member.
        member: Member,
        /// Who did what.
        audit: AuditRecord,
    },
    /// That one member vouched for another. Answers `Done`, also the second time.
    PutEndorsement {
        /// The candidate.
        candidate: MemberId,
        /// Who vouches.
        endorser: MemberId,
        /// Who did what.
        audit: AuditRecord,
    },
    /// A credential as it is from now on. Answers `Done`.
    PutCredential {
        /// The credential.
        credential: Credential,
        /// Who did what.
        audit: AuditRecord,
    },
    /// A new invite. Answers `Done`.
    PutInvite {
        /// The invite.
        invite: NewInvite,
        /// Who did what.
        audit: AuditRecord,
    },
    /// Consumes an invite, and in the same transaction records what it was good for. Answers `Invite`.
    UseInvite {
        /// SHA-256 of the invite's secret.
        secret_sha256: Digest,
        /// Now; an invite past its end is not consumed.
        at: Timestamp,
        /// The credential that enrols; `None` for an operator's or a peer's invite.
        credential: Option<Credential>,
        /// The peer that presents itself; `None` for enrolment.
        peer: Option<Box<Peer>>,
        /// Who did what.
        audit: AuditRecord,
    },
    /// A peer as it is from now on. Answers `Done`.
    PutPeer {
        /// The peer.
        peer: Box<Peer>,
        /// Who did what.
        audit: AuditRecord,
    },
    /// A certificate of a signing key, or a CA certificate of a community that was introduced, pinned on first sight.
    /// Answers `Done`; a key that is there already stays as it is.
    PinKeys(Vec<PinnedKey>),
    /// Something invalid from a peer, kept aside. Answers `Done`.
    Quarantine(Quarantined),
    /// These are kept aside no longer, and the suppliers named are read again from the start. Answers `Done`.
    SettleQuarantine {
        /// The numbers of the records.
        numbers: Vec<i64>,
        /// Whose links begin anew.
        reread: Vec<CommunityId>,
        /// Who did what, a record for each.
        audit: Vec<AuditRecord>,
    },
    /// How a link does, with or without a change of its cursor. Answers `Done`.
    PutLink {
        /// The peer that supplies.
        peer: CommunityId,
        /// Its state.
        state: LinkState,
    },
    /// An act that changes nothing else, such as a look at an anonymous source. Answers `Done`.
    Audit(AuditRecord),
}

/// What became of a [`Write`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is done.
    Done,
    /// The push was appended at these positions, one for each item, then one for each part that vanished.
    Appended(Vec<Position>),
    /// The same request was answered before, with this.
    Repeated(Answer),
    /// The document is not in the state that the push expected, or one of its items was withdrawn or revised meanwhile.
    /// The state that it is in; [`DocumentState::absent`] if it is not there. Nothing of the push took effect.
    Unexpected(DocumentState),
    /// The same document is held from somebody else, who lets it go less far: which items of the push meet which of
    /// his. Nothing of the push took effect.
    Meets(Vec<(usize, Meeting)>),
    /// The document was there with the same content and version: nothing was appended, and the request is recorded.
    Existing(DocumentState),
    /// What each delivered entry did, in order: the position if it took effect, `None` if it was there already or older.
    Delivered(Vec<Option<Position>>),
    /// The item was withdrawn at this position; `None` if it was withdrawn before or is not there.
    Withdrawn(Option<Position>),
    /// What an invite was good for.
    Invite(InviteUse),
}

/// The items of one push.
#[derive(Clone, Debug)]
pub struct Append {
    /// SHA-256 over the credential and its request id, behind the request id's own 16 bytes, so that keys made in the
    /// order of time lie in the order of time: 24 bytes in all.
    pub request: [u8; 24],
    /// Identity of the document: SHA-256 over member, format and id.
    pub document: Digest,
    /// This community.
    pub here: CommunityId,
    /// What the push was made against.
    pub expect: Expect,
    /// The state that holds afterwards; its `tag` is overwritten by the store.
    pub state: DocumentState,
    /// New items and revisions, in the order in which they are to stand in the log.
    pub items: Vec<AppendItem>,
    /// Withdrawals of parts that the new version no longer has.
    pub vanished: Vec<Withdraw>,
    /// What the caller is told; recorded with the request.
    pub answer: Answer,
    /// Whether the items wait for the operator.
    pub waiting: Waiting,
    /// Now.
    pub at: Timestamp,
}

/// Whether the items of a push go on their way, or wait for the operator (threat 41).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// They go, unless one of them meets what goes less far: then the answer is [`Written::Meets`].
    IfMet,
    /// Those wait that say so, and the others go.
    Settled {
        /// That some wait.
        audit: Option<AuditRecord>,
    },
}

/// The item that a push met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// The item.
    pub item: ItemId,
    /// Its origin.
    pub origin: CommunityId,
    /// Its label.
    pub label: Label,
}

/// What tells that two items are of one document, whoever they come from: 16 bytes derived with the community's secret,
/// never the bytes of an item's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// From a keyed digest of the document's identity.
    pub fn of(digest: &Digest) -> Self {
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(digest.0) {
            *to = from;
        }
        // The id of an item is a UUID of version 7 (RFC 9562 §5.7), and this is one of version 8: they stand in one index.
        let [_, _, _, _, _, _, version, ..] = &mut bytes;
        *version = (*version & 0x0f) | 0x80;
        Self(bytes)
    }

    /// The bytes.
    pub const fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// The way back; `None`: these are the bytes of no fingerprint.
    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        let [_, _, _, _, _, _, version, ..] = bytes;
        (version & 0xf0 == 0x80).then_some(Self(bytes))
    }
}

/// The marks of one item: of its document as it was pushed, and as it travels where that differs.
pub type Fingerprints = [Option<Fingerprint>; 2];

/// A revision that is no push. It is of the same document as the revision before it, whatever its item says of that.
#[derive(Clone, Debug)]
pub struct Revise {
    /// The revision.
    pub item: AppendItem,
    /// Who did what.
    pub audit: AuditRecord,
    /// Now.
    pub at: Timestamp,
}

/// An item that waits for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingItem {
    /// The item.
    pub item: ItemId,
    /// What it met.
    pub met: Meeting,
    /// Since when.
    pub since: Timestamp,
}

/// What a push was made against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The document is not there.
    New,
    /// It is there in the state with this tag.
    State(i64),
}

/// What the caller of a push was told, as bytes that only intake reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer(pub Vec<u8>);

/// A new item or revision of this community.
#[derive(Clone, Debug)]
pub struct AppendItem {
    /// The item.
    pub item: ItemId,
    /// Its revision; the revisions before it leave the feeds and lose their content.
    pub revision: u32,
    /// The signed envelope.
    pub envelope: Signed,
    /// The signed local record.
    pub local: Signed,
    /// The document's bytes, in clear; the store seals them.
    pub content: Bytes,
    /// The key under which the content is sealed.
    pub content_key: [u8; 32],
    /// Of which document it is; none: of none that anybody else could have.
    pub fingerprints: Fingerprints,
    /// It waits for the operator, because of what it met.
    pub met: Option<Meeting>,
    /// It is another document than the revision before it, or goes elsewhere.
    pub goes_elsewhere: bool,
    /// What the item's objects were called when it was pushed; the store seals it with the content.
    pub reissued: Vec<Reissued>,
}

impl AppendItem {
    /// Whether somebody else's items of the same document are looked for: what went its way once goes on.
    pub(crate) fn is_judged_anew(&self) -> bool {
        self.revision == 1 || self.goes_elsewhere
    }
}

/// A withdrawal by the origin.
#[derive(Clone, Debug)]
pub struct Withdraw {
    /// The item that ends.
    pub item: ItemId,
    /// The withdrawal's own id.
    pub id: ItemId,
    /// The signed withdrawal.
    pub statement: Signed,
    /// The reason as it was given, which stays here.
    pub note: String,
    /// Who did what.
    pub audit: AuditRecord,
    /// Now.
    pub at: Timestamp,
}

/// What one message of a supplier carried, all of it verified.
#[derive(Clone, Debug)]
pub struct Deliver {
    /// The supplier.
    pub supplier: CommunityId,
    /// The cursor after the message, stored in the same transaction.
    pub cursor: String,
    /// The entries, in the supplier's order.
    pub entries: Vec<DeliveredItem>,
    /// Keys that were seen first with this message.
    pub keys: Vec<PinnedKey>,
    /// What of the message was invalid.
    pub quarantined: Vec<Quarantined>,
    /// Now.
    pub at: Timestamp,
}

/// An entry that a supplier sent.
#[derive(Clone, Debug)]
pub struct DeliveredItem {
    /// The item.
    pub item: ItemId,
    /// What happened to it.
    pub kind: DeliveredKind,
}

/// What a supplier's entry is.
#[derive(Clone, Debug)]
pub enum DeliveredKind {
    /// A revision of the item. It takes effect if no equal or newer one is there and the item was not withdrawn.
    Revision {
        /// The revision.
        revision: u32,
        /// The envelope.
        envelope: Signed,
        /// The hops, the last one towards us.
        hops: Vec<Signed>,
        /// The content.
        content: Bytes,
        /// The key under which the content is sealed.
        content_key: [u8; 32],
        /// Of which document it is.
        fingerprints: Fingerprints,
    },
    /// The origin withdrew it. Takes effect once; leaves a tombstone also where the item never came.
    Withdrawal {
        /// The withdrawal's own id.
        id: ItemId,
        /// As the origin signed it.
        statement: Signed,
    },
    /// The supplier says that we lost the right to it. Takes effect if the item is in service and came from that
    /// supplier; should the right come back, the same revision takes effect again.
    Recall,
}

/// A row of the log.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// Where it stands.
    pub position: Position,
    /// The item it is about.
    pub item: ItemId,
    /// The revision; for a withdrawal the last one that held.
    pub revision: u32,
    /// What it is.
    pub class: LogClass,
    /// Whether it is in service.
    pub state: RowState,
    /// When it became durable.
    pub recorded: Timestamp,
    /// From whom it came; `None`: it was made here.
    pub supplier: Option<CommunityId>,
    /// The document's bytes; `None` where they were not asked for or are gone.
    pub content: Option<Bytes>,
    /// What the revision before this one left, where it held until this one came: who lost the right by this one is told
    /// so in its place.
    pub before: Option<Box<Before>>,
}

/// What a row of the log is.
#[derive(Clone, Debug)]
pub enum LogClass {
    /// An item.
    Item {
        /// The signed envelope. Once the row is out of service its record is the unsigned tombstone and the signature empty.
        envelope: Signed,
        /// The hops.
        hops: Vec<Signed>,
        /// The local record; `None` for what came from elsewhere.
        local: Option<Signed>,
    },
    /// A withdrawal.
    Withdrawal {
        /// Its own id.
        id: ItemId,
        /// As the origin signed it.
        statement: Signed,
        /// The withdrawn item's tombstone and local record, from which it is decided who had it; `None` where the
        /// item never came.
        of: Option<(Bytes, Vec<Signed>, Option<Signed>)>,
        /// When the withdrawn item became durable here.
        item_recorded: Timestamp,
    },
    /// The supplier took back the right to an item that came from it. Those downstream who may hold the item must be
    /// told, so it has a place in the log.
    Recall {
        /// The recalled item's tombstone, hops and local record, from which it is decided who had it.
        of: (Bytes, Vec<Signed>, Option<Signed>),
        /// When the recalled item became durable here.
        item_recorded: Timestamp,
    },
}

/// Whether a row is in service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowState {
    /// It is.
    Live,
    /// A later revision holds.
    Superseded,
    /// It was withdrawn, or recalled.
    Withdrawn,
}

/// A peer that may hold an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The peer.
    pub peer: CommunityId,
    /// The highest revision that was offered.
    pub revision: u32,
    /// When it was first offered.
    pub offered: Timestamp,
    /// When the peer confirmed having it.
    pub received: Option<Timestamp>,
    /// When the peer confirmed having erased it.
    pub erased: Option<Timestamp>,
}

/// Which holders are asked for: item and peer.
pub type HolderKey = (ItemId, CommunityId);

/// A new invite. Its secret is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvite {
    /// SHA-256 of the secret.
    pub secret_sha256: Digest,
    /// What it is good for, as bytes that only membership or peering reads.
    pub purpose: Vec<u8>,
    /// Until when.
    pub expires: Timestamp,
}

/// What an attempt to use an invite came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InviteUse {
    /// It was consumed; what it was good for.
    Consumed(Vec<u8>),
    /// It was consumed before.
    Used,
    /// It is past its end.
    Expired,
    /// There is no such invite.
    Unknown,
}

/// A key of another community, or of ours, seen first at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedKey {
    /// For a signing key its key id, for a CA certificate its fingerprint.
    pub key: KeyId,
    /// Whose.
    pub community: CommunityId,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// It is a CA certificate.
    pub is_ca: bool,
    /// Who introduced it; `None`: ourselves, or the peer itself.
    pub introduced_by: Option<CommunityId>,
    /// When.
    pub first_seen: Timestamp,
}

/// Something invalid from a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Who sent it.
    pub supplier: CommunityId,
    /// The item it said it was, if that could be read.
    pub item: Option<ItemId>,
    /// What was wrong.
    pub reason: String,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
    /// When.
    pub at: Timestamp,
    /// Of an equivocation, what is held and what was sent: two envelopes that the origin signed.
    pub evidence: Option<Box<(Signed, Signed)>>,
}

/// The reason of a [`Quarantined`] where two envelopes of one revision differ, and the origin signed both.
pub const EQUIVOCATION: &str = "equivocation";

/// A [`Quarantined`] in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Its number; the newest has the highest.
    pub number: i64,
    /// What was invalid.
    pub quarantined: Quarantined,
}

/// How the link to a supplier does.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LinkState {
    /// The last cursor; empty before the first.
    pub cursor: String,
    /// When it was last known to be caught up.
    pub caught_up: Option<Timestamp>,
}

/// Who did what, written in the transaction of the deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// When.
    pub at: Timestamp,
    /// Who: a SPIFFE id, `submitter` of an item that is not named, or `node`.
    pub actor: String,
    /// What, such as `member-admitted`.
    pub act: &'static str,
    /// To whom or what: an id, never content.
    pub subject: String,
}

/// An [`AuditRecord`] in its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number, from 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub act: String,
    /// To whom or what.
    pub subject: String,
    /// The digest of the record before; zeros before the first.
    pub previous_sha256: Digest,
    /// [`AuditRow::digest`] as it was when the record was written.
    pub sha256: Digest,
}

impl AuditRow {
    /// SHA-256 over `sluis.audit.v1`, a zero byte, the previous digest, number and time (8 bytes each, big-endian), and
    /// actor, act and subject, each with four bytes of length before it.
    pub fn digest(&self) -> Digest {
        let mut bytes =
            Vec::with_capacity(96 + self.actor.len() + self.act.len() + self.subject.len());
        bytes.extend_from_slice(b"sluis.audit.v1\0");
        bytes.extend_from_slice(&self.previous_sha256.0);
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        bytes.extend_from_slice(&self.at.micros().to_be_bytes());
        for text in [&self.actor, &self.act, &self.subject] {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        Digest::of(&bytes)
    }
}

/// The name of a credential of a member, for keys of maps.
pub type CredentialKey = (MemberId, CredentialName);
