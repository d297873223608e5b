//! An invite: the one line that lets a machine enrol, or another community make first contact.
//!
//! The line is `sluis1.` and base64url of the fields below, followed by the first eight bytes of their SHA-256, so that
//! a line that was cut off or altered is told from one that was used or has expired. The checksum proves nothing: what
//! makes an invite good is the secret, which the node that made it keeps only as a digest.
//!
//! ```text
//! kind 1 | expires 8 | CA fingerprint 32 | secret 32 | has commitment 1 [ | commitment 32 ] | community | address | to | proposal
//! ```
//! Numbers are big-endian; each text, and the proposal, is its length in two bytes and its bytes. The expiry is in seconds.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::ids::{CommunityId, Digest, Role, SpiffeId};
use crate::clock::Timestamp;

/// What one operator hands to another person or community: bound to one name, good once, until it expires.
///
/// `Debug` does not show the secret; `Display` is the line itself and belongs on the operator's screen only.
#[derive(Clone, PartialEq, Eq)]
pub struct Invite {
    /// What it lets its holder do.
    pub kind: InviteKind,
    /// The community that made it.
    pub community: CommunityId,
    /// HOST:PORT of its node.
    pub address: String,
    /// SHA-256 of the CA certificate under which that node answers.
    pub ca_fingerprint: Digest,
    /// 32 random bytes.
    pub secret: [u8; 32],
    /// For whom: the SPIFFE id of the credential, or the id of the invited community.
    pub to: String,
    /// Until when it can be used, in whole seconds.
    pub expires: Timestamp,
    /// For a peering: the inviter's commitment to its nonce, from which the phrase is made.
    pub commitment: Option<Digest>,
    /// For a peering: what the inviter proposes, serialized `AgreementTerms`. Empty for the others.
    pub proposal: Vec<u8>,
}

/// What an [`Invite`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteKind {
    /// Enrols a person or tool of a member.
    Member,
    /// Enrols an operator.
    Operator,
    /// Starts a peering.
    Peer,
}

/// A text that is not a whole invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidInvite {
    /// It does not start like one.
    #[error("this is not an invite: an invite is one line that starts with sluis1.")]
    NotAnInvite,
    /// The checksum does not match.
    #[error(
        "this invite was cut off or altered: copy the whole line again, from sluis1. to its end"
    )]
    CutOrAltered,
    /// The checksum matches and yet the fields do not say what this version understands.
    #[error(
        "this invite says something that this version of sluis does not understand: use the version of the node that made it"
    )]
    NotUnderstood,
}

impl Invite {
    /// Longest text form in bytes: the longest names, and a proposal with as many sectors as there may be.
    pub const TEXT_BYTES_MAX: usize = 8192;
    /// Longest HOST:PORT in bytes: a DNS name and a port.
    pub const ADDRESS_BYTES_MAX: usize = 261;

    /// Reads the text form. White space around and within it (from mail programs) does not matter.
    ///
    /// # Errors
    /// If it is no invite, was cut off or altered, or names something that is not possible.
    pub fn parse(text: &str) -> Result<Self, InvalidInvite> {
        if text.len() > Self::TEXT_BYTES_MAX {
            return Err(InvalidInvite::NotAnInvite);
        }
        let line: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let encoded = line
            .strip_prefix(PREFIX)
            .ok_or(InvalidInvite::NotAnInvite)?;
        let bytes = URL_SAFE_NO_PAD
            .decode(encoded)
            .map_err(|_| InvalidInvite::CutOrAltered)?;
        let (fields, sum) = bytes
            .split_last_chunk::<CHECKSUM_BYTES>()
            .ok_or(InvalidInvite::CutOrAltered)?;
        if checksum(fields) != *sum {
            return Err(InvalidInvite::CutOrAltered);
        }
        Self::from_fields(fields)
            .filter(Self::is_consistent)
            .ok_or(InvalidInvite::NotUnderstood)
    }

    /// The credential that a member's or operator's invite is for; `None` for a peering.
    pub fn credential(&self) -> Option<SpiffeId> {
        match self.kind {
            InviteKind::Member | InviteKind::Operator => SpiffeId::parse(&self.to).ok(),
            InviteKind::Peer => None,
        }
    }

    /// The community that a peering invite is for; `None` for the others.
    pub fn peer(&self) -> Option<CommunityId> {
        match self.kind {
            InviteKind::Peer => CommunityId::parse(&self.to).ok(),
            InviteKind::Member | InviteKind::Operator => None,
        }
    }

    /// What it is for and for whom belong together.
    fn is_consistent(&self) -> bool {
        let own = |fits: fn(&Role) -> bool| {
            self.credential()
                .is_some_and(|id| id.community == self.community && fits(&id.role))
        };
        let for_whom = match self.kind {
            InviteKind::Member => own(|role| matches!(role, Role::Credential(..))),
            InviteKind::Operator => own(|role| matches!(role, Role::Operator(_))),
            InviteKind::Peer => self.peer().is_some_and(|peer| peer != self.community),
        };
        for_whom && (1..=Self::ADDRESS_BYTES_MAX).contains(&self.address.len())
    }

    fn fields(&self) -> Vec<u8> {
        let mut out = vec![match self.kind {
            InviteKind::Member => 1,
            InviteKind::Operator => 2,
            InviteKind::Peer => 3,
        }];
        out.extend(self.expires.seconds().to_be_bytes());
        out.extend(self.ca_fingerprint.0);
        out.extend(self.secret);
        out.push(u8::from(self.commitment.is_some()));
        out.extend(self.commitment.iter().flat_map(|digest| digest.0));
        for text in [self.community.as_str(), &self.address, &self.to] {
            // Longer texts than two bytes can count are no ids and no addresses: such an invite reads as altered.
            out.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
            out.extend(text.as_bytes());
        }
        out.extend(
            u16::try_from(self.proposal.len())
                .unwrap_or(u16::MAX)
                .to_be_bytes(),
        );
        out.extend(&self.proposal);
        out
    }

    fn from_fields(mut rest: &[u8]) -> Option<Self> {
        let [kind] = take(&mut rest)?;
        let expires = i64::from_be_bytes(take(&mut rest)?);
        let ca_fingerprint = Digest(take(&mut rest)?);
        let secret = take(&mut rest)?;
        let commitment = match take(&mut rest)? {
            [0] => None,
            [1] => Some(Digest(take(&mut rest)?)),
            [_] => return None,
        };
        let community = take_text(&mut rest)?;
        let address = take_text(&mut rest)?.to_owned();
        let to = take_text(&mut rest)?.to_owned();
        let proposal = take_bytes(&mut rest)?.to_vec();
        let invite = Self {
            kind: match kind {
                1 => InviteKind::Member,
                2 => InviteKind::Operator,
                3 => InviteKind::Peer,
                _ => return None,
            },
            community: CommunityId::parse(community).ok()?,
            address,
            ca_fingerprint,
            secret,
            to,
            expires: Timestamp::from_seconds(expires),
            commitment,
            proposal,
        };
        rest.is_empty().then_some(invite)
    }
}

impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.fields();
        bytes.extend(checksum(&bytes));
        write!(f, "{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invite")
            .field("kind", &self.kind)
            .field("community", &self.community)
            .field("to", &self.to)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    std::str::from_utf8(take_bytes(rest)?).ok()
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::from(u16::from_be_bytes(take(rest)?));
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}

fn checksum(fields: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Digest::of(&[PREFIX.as_bytes(), fields].concat());
    let mut sum = [0; CHECKSUM_BYTES];
    for (to, from) in sum.iter_mut().zip(digest.0) {
        *to = from;
    }
    sum
}

/// The version is part of the prefix: another form gets another number.
const PREFIX: &str = "sluis1.";
/// Against slips of the hand, not against an attacker: eight bytes are plenty.
const CHECKSUM_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn invite(kind: InviteKind, to: &str) -> Invite {
        Invite {
            kind,
            community: CommunityId::parse("energy.isac.example").unwrap(),
            address: "node.energy.isac.example:7443".into(),
            ca_fingerprint: Digest([7; 32]),
            secret: [0xa5; 32],
            to: to.into(),
            expires: Timestamp::from_seconds(1_800_000_000),
            commitment: (kind == InviteKind::Peer).then_some(Digest([9; 32])),
            proposal: Vec::new(),
        }
    }

    fn samples() -> [Invite; 3] {
        [
            invite(
                InviteKind::Member,
                "spiffe://energy.isac.example/member/acme/tool/siem",
            ),
            invite(
                InviteKind::Operator,
                "spiffe://energy.isac.example/operator/alice",
            ),
            invite(InviteKind::Peer, "water.isac.example"),
        ]
    }

    #[test]
    fn an_invite_reads_as_it_was_written() {
        for invite in samples() {
            let line = invite.to_string();
            assert_eq!(Invite::parse(&line), Ok(invite.clone()));
            let (head, tail) = line.split_at(70);
            assert_eq!(Invite::parse(&format!("  {head}\r\n {tail}\n")), Ok(invite));
        }
    }

    #[test]
    fn every_cut_and_every_changed_letter_is_told() {
        for line in samples().map(|invite| invite.to_string()) {
            for end in PREFIX.len()..line.len() {
                assert_eq!(
                    Invite::parse(&line[..end]),
                    Err(InvalidInvite::CutOrAltered),
                    "cut at {end}"
                );
            }
            for at in PREFIX.len()..line.len() {
                let mut other = line.clone().into_bytes();
                other[at] = if other[at] == b'A' { b'B' } else { b'A' };
                let other = String::from_utf8(other).unwrap();
                assert_eq!(
                    Invite::parse(&other),
                    Err(InvalidInvite::CutOrAltered),
                    "changed at {at}"
                );
            }
        }
        assert_eq!(
            Invite::parse("sluis2.AAAA"),
            Err(InvalidInvite::NotAnInvite)
        );
        assert_eq!(Invite::parse(""), Err(InvalidInvite::NotAnInvite));
    }

    #[test]
    fn an_invite_for_a_name_that_its_kind_does_not_give_is_refused() {
        for (kind, to) in [
            (
                InviteKind::Member,
                "spiffe://energy.isac.example/operator/alice",
            ),
            (
                InviteKind::Member,
                "spiffe://water.isac.example/member/acme/tool/siem",
            ),
            (
                InviteKind::Member,
                "spiffe://energy.isac.example/member/acme",
            ),
            (InviteKind::Operator, "spiffe://energy.isac.example/node/n1"),
            (InviteKind::Operator, "alice"),
            (InviteKind::Peer, "energy.isac.example"),
            (InviteKind::Peer, "water"),
        ] {
            assert_eq!(
                Invite::parse(&invite(kind, to).to_string()),
                Err(InvalidInvite::NotUnderstood),
                "{kind:?} for {to}"
            );
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let [invite, ..] = samples();
        let shown = format!("{invite:?}");
        assert!(!shown.contains("165") && !shown.contains("a5a5"), "{shown}");
    }
}
