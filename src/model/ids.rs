//! Names of communities, members and credentials, their SPIFFE form, and ids of items.
//!
//! Every id has one grammar, is parsed once, and is compared byte by byte (threats 10, 25): lower-case letters, digits
//! and hyphens; only a community's id has dots. Roles come from the parsed type, never from a prefix of a string.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

/// A text that is not the id it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{text}” is not {what}: {rule}")]
pub struct InvalidId {
    /// What was given, shortened to 80 characters.
    pub text: String,
    /// What was wanted.
    pub what: &'static str,
    /// The grammar, a sentence for people.
    pub rule: &'static str,
}

fn invalid(text: &str, what: &'static str, rule: &'static str) -> InvalidId {
    InvalidId {
        text: text
            .chars()
            .take(80)
            .flat_map(char::escape_default)
            .collect(),
        what,
        rule,
    }
}

/// Lower-case letters, digits and hyphens, 1 to 63 bytes, no hyphen at either end.
fn is_name(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// A community's id: a DNS-style name of at least two parts that is also its SPIFFE trust domain. At most 253 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommunityId(Arc<str>);

impl CommunityId {
    /// Parses an id such as `energy.isac.example`. `xn--` names are refused: they look like others.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let ok = text.len() <= 253
            && text.contains('.')
            && text
                .split('.')
                .all(|part| is_name(part) && !part.starts_with("xn--"));
        if ok {
            Ok(Self(text.into()))
        } else {
            Err(invalid(
                text,
                "a community's id",
                "lower-case letters, digits, hyphens and at least one dot, such as energy.isac.example",
            ))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A member's id within its community: a name without a dot. Never given twice.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(Arc<str>);

impl MemberId {
    /// Parses an id such as `acme`.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        if is_name(text) {
            Ok(Self(text.into()))
        } else {
            Err(invalid(
                text,
                "a member's id",
                "lower-case letters, digits and hyphens, at most 63, such as acme",
            ))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a person, tool, operator or node replica.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// Parses a name such as `meryem` or `siem`.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        if is_name(text) {
            Ok(Self(text.into()))
        } else {
            Err(invalid(
                text,
                "a name",
                "lower-case letters, digits and hyphens, at most 63, such as meryem",
            ))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A credential of a member: a named person, or a tool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CredentialName {
    /// A named representative.
    Person(Name),
    /// A machine.
    Tool(Name),
}

impl CredentialName {
    /// The name without its kind.
    pub fn name(&self) -> &Name {
        match self {
            Self::Person(name) | Self::Tool(name) => name,
        }
    }
}

/// Who stands behind a certificate: what a SPIFFE id of this system says, and nothing else.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpiffeId {
    /// The trust domain.
    pub community: CommunityId,
    /// The path.
    pub role: Role,
}

/// The path of a [`SpiffeId`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// `/node/NAME`: a replica of the community's node.
    Node(Name),
    /// `/signer/NAME`: an item-signing key of the node. Never valid for TLS.
    Signer(Name),
    /// `/operator/NAME`.
    Operator(Name),
    /// `/member/ID`: the organisation itself. Never in a certificate.
    Member(MemberId),
    /// `/member/ID/person/NAME` or `/member/ID/tool/NAME`.
    Credential(MemberId, CredentialName),
}

impl SpiffeId {
    /// Parses the one form in which such an id is written. `parse` and `Display` are inverse to each other.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let fail = || {
            invalid(
                text,
                "a SPIFFE id of this system",
                "spiffe://COMMUNITY/node/N, /signer/N, /operator/N, /member/M, /member/M/person/N or /member/M/tool/N",
            )
        };
        let rest = text.strip_prefix("spiffe://").ok_or_else(fail)?;
        let mut segments = rest.split('/');
        let community =
            CommunityId::parse(segments.next().unwrap_or_default()).map_err(|_| fail())?;
        let path: Vec<&str> = segments.collect();
        let name = |text: &str| Name::parse(text).map_err(|_| fail());
        let member = |text: &str| MemberId::parse(text).map_err(|_| fail());
        let role = match path.as_slice() {
            ["node", n] => Role::Node(name(n)?),
            ["signer", n] => Role::Signer(name(n)?),
            ["operator", n] => Role::Operator(name(n)?),
            ["member", m] => Role::Member(member(m)?),
            ["member", m, "person", n] => {
                Role::Credential(member(m)?, CredentialName::Person(name(n)?))
            }
            ["member", m, "tool", n] => {
                Role::Credential(member(m)?, CredentialName::Tool(name(n)?))
            }
            _ => return Err(fail()),
        };
        Ok(Self { community, role })
    }

    /// The organisation `spiffe://COMMUNITY/member/ID`.
    pub fn member(community: &CommunityId, member: &MemberId) -> Self {
        Self {
            community: community.clone(),
            role: Role::Member(member.clone()),
        }
    }

    /// A person or tool of a member.
    pub fn credential(community: &CommunityId, member: &MemberId, name: &CredentialName) -> Self {
        Self {
            community: community.clone(),
            role: Role::Credential(member.clone(), name.clone()),
        }
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spiffe://{}", self.community)?;
        match &self.role {
            Role::Node(n) => write!(f, "/node/{n}"),
            Role::Signer(n) => write!(f, "/signer/{n}"),
            Role::Operator(n) => write!(f, "/operator/{n}"),
            Role::Member(m) => write!(f, "/member/{m}"),
            Role::Credential(m, CredentialName::Person(n)) => write!(f, "/member/{m}/person/{n}"),
            Role::Credential(m, CredentialName::Tool(n)) => write!(f, "/member/{m}/tool/{n}"),
        }
    }
}

/// An item's id: a UUIDv7 whose random tail says nothing (threat 12).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(Uuid);

impl ItemId {
    /// Makes an id for this time, in milliseconds since the epoch, from ten random bytes.
    pub fn new(unix_ms: u64, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid())
    }

    /// Parses the lower-case hyphenated form of a UUIDv7.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        Uuid::parse_str(text)
            .ok()
            .filter(|id| id.get_version_num() == 7 && id.hyphenated().to_string() == text)
            .map(Self)
            .ok_or_else(|| {
                invalid(
                    text,
                    "an item's id",
                    "a UUID of version 7 in lower case, as `sluis push` and `sluis feed` show it",
                )
            })
    }

    /// From the 16 bytes that [`ItemId::bytes`] gave.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The id as 16 bytes, in the order of its time.
    pub const fn bytes(self) -> [u8; 16] {
        *self.0.as_bytes()
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.hyphenated(), f)
    }
}

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The id that a caller gives a push, so that a retry is the same push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(Uuid);

impl RequestId {
    /// Parses any UUID.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        Uuid::parse_str(text)
            .map(Self)
            .map_err(|_| invalid(text, "a request id", "a UUID"))
    }

    /// From 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The id as 16 bytes.
    pub const fn bytes(self) -> [u8; 16] {
        *self.0.as_bytes()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.hyphenated(), f)
    }
}

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
        let mut out = [0; 32];
        out.copy_from_slice(digest.as_ref());
        Self(out)
    }

    /// From exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Digest {
    /// 64 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The SHA-256 of a signing key's SubjectPublicKeyInfo. A hint for finding the key, proof of nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KeyId(pub Digest);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! text_id {
    ($($id:ident),*) => {$(
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
text_id!(CommunityId, MemberId, Name);

impl fmt::Debug for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alike_ids_are_no_ids() {
        for text in [
            "",
            "energy",
            "Energy.isac.example",
            "energy.isac.example.",
            ".energy.isac",
            "a..b",
            "energy isac.example",
            "xn--nergy-9ua.example",
            "energy.isac.example/x",
            "-a.b",
            "a-.b",
            "énergie.example",
            "energy.isac.example:1",
            "energy.isac.example\0",
        ] {
            assert!(CommunityId::parse(text).is_err(), "{text:?} was accepted");
        }
        for text in ["", "Acme", "acme.", "a.b", "acme/x", "-acme", "a_b"] {
            assert!(MemberId::parse(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn spiffe_ids_print_as_they_parse() {
        for text in [
            "spiffe://energy.isac.example/node/n1",
            "spiffe://energy.isac.example/signer/k1",
            "spiffe://energy.isac.example/operator/alice",
            "spiffe://energy.isac.example/member/acme",
            "spiffe://energy.isac.example/member/acme/person/meryem",
            "spiffe://energy.isac.example/member/acme/tool/siem",
        ] {
            assert_eq!(
                SpiffeId::parse(text).map(|id| id.to_string()),
                Ok(text.to_owned())
            );
        }
        for text in [
            "spiffe://energy.isac.example",
            "spiffe://energy.isac.example/",
            "SPIFFE://energy.isac.example/node/n1",
            "spiffe://energy.isac.example/member/acme/tool/siem/",
            "spiffe://energy.isac.example/member/acme/tool/../operator/alice",
            "spiffe://energy.isac.example/member/acme/tool/%2e",
            "spiffe://energy.isac.example/operator/alice?x=1",
            "spiffe://user@energy.isac.example/operator/alice",
        ] {
            assert!(SpiffeId::parse(text).is_err(), "{text} was accepted");
        }
    }

    #[test]
    fn item_ids_keep_the_order_of_their_time() {
        let a = ItemId::new(1_000, [0xff; 10]);
        let b = ItemId::new(1_001, [0; 10]);
        assert!(a < b && a.bytes() < b.bytes());
        assert_eq!(ItemId::parse(&a.to_string()), Ok(a));
        assert!(ItemId::parse("5e57c739-391a-4eb3-b6be-7d15ca92d5ed").is_err());
    }
}
