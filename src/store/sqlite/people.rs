//! Members, credentials, invites and peers: what a roster is made of.

use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::pack;
use super::rows::{Failure, column, inconsistent};
use crate::clock::Timestamp;
use crate::model::agreement::{Peer, TermsSignature};
use crate::model::ids::{CommunityId, CredentialName, Digest, MemberId, Name};
use crate::model::member::{Credential, Member, Standing};
use crate::model::roster::Roster;
use crate::store::{NewInvite, StoreError};
use crate::wire;

const CANDIDATE: i64 = 1;
const ADMITTED: i64 = 2;
const SUSPENDED: i64 = 3;
const LEFT: i64 = 4;

const PERSON: i64 = 1;
const TOOL: i64 = 2;

/// A member as it is from now on.
pub(super) async fn put_member(
    connection: &mut SqliteConnection,
    member: &Member,
) -> Result<(), sqlx::Error> {
    let (standing, since) = match member.standing {
        Standing::Candidate => (CANDIDATE, None),
        Standing::Admitted { since } => (ADMITTED, Some(since)),
        Standing::Suspended { admitted } => (SUSPENDED, Some(admitted)),
        Standing::Left => (LEFT, None),
    };
    sqlx::query(
        "INSERT INTO members (id, name, domains, identities, contact, commercial, standing, since, epoch) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, domains = excluded.domains, \
         identities = excluded.identities, contact = excluded.contact, commercial = excluded.commercial, \
         standing = excluded.standing, since = excluded.since, epoch = excluded.epoch",
    )
    .bind(member.id.as_str().to_owned())
    .bind(member.name.clone())
    .bind(texts(&member.domains))
    .bind(texts(&member.identities))
    .bind(member.contact.clone())
    .bind(member.commercial)
    .bind(standing)
    .bind(since.map(Timestamp::micros))
    .bind(i64::from(member.epoch))
    .execute(connection)
    .await?;
    Ok(())
}

/// That one member vouched for another.
pub(super) async fn put_endorsement(
    connection: &mut SqliteConnection,
    candidate: &MemberId,
    endorser: &MemberId,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO endorsements (candidate, endorser, at) VALUES (?, ?, ?)")
        .bind(candidate.as_str().to_owned())
        .bind(endorser.as_str().to_owned())
        .bind(at.micros())
        .execute(connection)
        .await?;
    Ok(())
}

/// A credential as it is from now on.
pub(super) async fn put_credential(
    connection: &mut SqliteConnection,
    credential: &Credential,
) -> Result<(), sqlx::Error> {
    let kind = match credential.name {
        CredentialName::Person(_) => PERSON,
        CredentialName::Tool(_) => TOOL,
    };
    sqlx::query(
        "INSERT INTO credentials (member, kind, name, enrolled, expires, revoked) VALUES (?, ?, ?, ?, ?, ?) \
         ON CONFLICT (member, kind, name) DO UPDATE SET enrolled = excluded.enrolled, \
         expires = excluded.expires, revoked = excluded.revoked",
    )
    .bind(credential.member.as_str().to_owned())
    .bind(kind)
    .bind(credential.name.name().as_str().to_owned())
    .bind(credential.enrolled.micros())
    .bind(credential.expires.micros())
    .bind(credential.revoked)
    .execute(connection)
    .await?;
    Ok(())
}

/// A new invite.
pub(super) async fn put_invite(
    connection: &mut SqliteConnection,
    invite: &NewInvite,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO invites (secret_sha256, purpose, expires) VALUES (?, ?, ?)")
        .bind(invite.secret_sha256.0.to_vec())
        .bind(invite.purpose.clone())
        .bind(invite.expires.micros())
        .execute(connection)
        .await?;
    Ok(())
}

/// Consumes an invite. That it was not consumed before is asked again here, where the row changes.
pub(super) async fn use_invite(
    connection: &mut SqliteConnection,
    secret: &Digest,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    let used = sqlx::query("UPDATE invites SET used = ? WHERE secret_sha256 = ? AND used IS NULL")
        .bind(at.micros())
        .bind(secret.0.to_vec())
        .execute(connection)
        .await?;
    if used.rows_affected() == 1 {
        Ok(())
    } else {
        Err(sqlx::Error::RowNotFound)
    }
}

/// A peer as it is from now on.
pub(super) async fn put_peer(
    connection: &mut SqliteConnection,
    peer: &Peer,
) -> Result<(), sqlx::Error> {
    let halves = |s: &Option<TermsSignature>| match s {
        Some(s) => (Some(s.signature.clone()), Some(s.certificate.clone())),
        None => (None, None),
    };
    let (our_signature, our_certificate) = halves(&peer.our_signature);
    let (their_signature, their_certificate) = halves(&peer.their_signature);
    sqlx::query(
        "INSERT INTO peers (id, name, address, ca_certificates, phrase, terms, our_signature, our_certificate, \
         their_signature, their_certificate, suspended, ended, epoch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, address = excluded.address, \
         ca_certificates = excluded.ca_certificates, phrase = excluded.phrase, terms = excluded.terms, \
         our_signature = excluded.our_signature, our_certificate = excluded.our_certificate, \
         their_signature = excluded.their_signature, their_certificate = excluded.their_certificate, \
         suspended = excluded.suspended, ended = excluded.ended, epoch = excluded.epoch",
    )
    .bind(peer.id.as_str().to_owned())
    .bind(peer.name.clone())
    .bind(peer.address.clone())
    .bind(pack::list(&peer.ca_certificates))
    .bind(peer.phrase.clone())
    .bind(peer.terms_bytes.clone())
    .bind(our_signature)
    .bind(our_certificate)
    .bind(their_signature)
    .bind(their_certificate)
    .bind(peer.suspended)
    .bind(peer.ended)
    .bind(i64::from(peer.epoch))
    .execute(connection)
    .await?;
    Ok(())
}

/// Everyone, within one read transaction of the caller's.
pub(super) async fn roster(connection: &mut SqliteConnection) -> Result<Roster, Failure> {
    let mut roster = Roster::default();
    for row in sqlx::query(
        "SELECT id, name, domains, identities, contact, commercial, standing, since, epoch FROM members",
    )
    .fetch_all(&mut *connection)
    .await?
    {
        let member = member(&row)?;
        roster.members.insert(member.id.clone(), member);
    }
    for row in sqlx::query("SELECT candidate, endorser FROM endorsements ORDER BY number")
        .fetch_all(&mut *connection)
        .await?
    {
        let candidate = member_id(&row, 0, "endorsements", "candidate")?;
        let endorser = member_id(&row, 1, "endorsements", "endorser")?;
        roster
            .endorsements
            .entry(candidate)
            .or_default()
            .push(endorser);
    }
    for row in sqlx::query("SELECT member, kind, name, enrolled, expires, revoked FROM credentials")
        .fetch_all(&mut *connection)
        .await?
    {
        let credential = credential(&row)?;
        let key = (credential.member.clone(), credential.name.clone());
        roster.credentials.insert(key, credential);
    }
    for row in sqlx::query(
        "SELECT id, name, address, ca_certificates, phrase, terms, our_signature, our_certificate, \
         their_signature, their_certificate, suspended, ended, epoch FROM peers",
    )
    .fetch_all(connection)
    .await?
    {
        let peer = peer(&row)?;
        roster.peers.insert(peer.id.clone(), peer);
    }
    Ok(roster)
}

fn member(row: &SqliteRow) -> Result<Member, StoreError> {
    const TABLE: &str = "members";
    let id = member_id(row, 0, TABLE, "id")?;
    let bad = |name| inconsistent(TABLE, name, &id);
    let since: Option<i64> = column(row, 7, TABLE, "since", &id)?;
    let since = since.map(Timestamp::from_micros);
    let standing = match (column(row, 6, TABLE, "standing", &id)?, since) {
        (CANDIDATE, None) => Standing::Candidate,
        (ADMITTED, Some(since)) => Standing::Admitted { since },
        (SUSPENDED, Some(admitted)) => Standing::Suspended { admitted },
        (LEFT, None) => Standing::Left,
        _ => return Err(bad("standing")),
    };
    let epoch: i64 = column(row, 8, TABLE, "epoch", &id)?;
    let list =
        |at, name| serde_json::from_str(column(row, at, TABLE, name, &id)?).map_err(|_| bad(name));
    Ok(Member {
        name: column(row, 1, TABLE, "name", &id)?,
        domains: list(2, "domains")?,
        identities: list(3, "identities")?,
        contact: column(row, 4, TABLE, "contact", &id)?,
        commercial: column(row, 5, TABLE, "commercial", &id)?,
        standing,
        epoch: u32::try_from(epoch).map_err(|_| bad("epoch"))?,
        id,
    })
}

fn credential(row: &SqliteRow) -> Result<Credential, StoreError> {
    const TABLE: &str = "credentials";
    let member = member_id(row, 0, TABLE, "member")?;
    let name = Name::parse(column(row, 2, TABLE, "name", &member)?)
        .map_err(|_| inconsistent(TABLE, "name", &member))?;
    let name = match column(row, 1, TABLE, "kind", &member)? {
        PERSON => CredentialName::Person(name),
        TOOL => CredentialName::Tool(name),
        _ => return Err(inconsistent(TABLE, "kind", &member)),
    };
    Ok(Credential {
        name,
        enrolled: Timestamp::from_micros(column(row, 3, TABLE, "enrolled", &member)?),
        expires: Timestamp::from_micros(column(row, 4, TABLE, "expires", &member)?),
        revoked: column(row, 5, TABLE, "revoked", &member)?,
        member,
    })
}

fn peer(row: &SqliteRow) -> Result<Peer, StoreError> {
    const TABLE: &str = "peers";
    let id: &str = column(row, 0, TABLE, "id", &"?")?;
    let bad = |name| inconsistent(TABLE, name, &id);
    let certificates: Vec<u8> = column(row, 3, TABLE, "ca_certificates", &id)?;
    let terms_bytes: Vec<u8> = column(row, 5, TABLE, "terms", &id)?;
    let signature = |at, name| match (
        column(row, at, TABLE, name, &id)?,
        column(row, at + 1, TABLE, name, &id)?,
    ) {
        (Some(signature), Some(certificate)) => Ok(Some(TermsSignature {
            signature,
            certificate,
        })),
        (None, None) => Ok(None),
        _ => Err(bad(name)),
    };
    let epoch: i64 = column(row, 12, TABLE, "epoch", &id)?;
    Ok(Peer {
        id: CommunityId::parse(id).map_err(|_| bad("id"))?,
        name: column(row, 1, TABLE, "name", &id)?,
        address: column(row, 2, TABLE, "address", &id)?,
        ca_certificates: pack::list_back(certificates.into())
            .ok_or_else(|| bad("ca_certificates"))?
            .into_iter()
            .map(Vec::from)
            .collect(),
        phrase: column(row, 4, TABLE, "phrase", &id)?,
        // What was signed decides, not columns beside it.
        terms: wire::agreement::parse(&terms_bytes).map_err(|_| bad("terms"))?,
        terms_bytes,
        our_signature: signature(6, "our_signature")?,
        their_signature: signature(8, "their_signature")?,
        suspended: column(row, 10, TABLE, "suspended", &id)?,
        ended: column(row, 11, TABLE, "ended", &id)?,
        epoch: u32::try_from(epoch).map_err(|_| bad("epoch"))?,
    })
}

fn member_id(
    row: &SqliteRow,
    at: usize,
    table: &'static str,
    name: &'static str,
) -> Result<MemberId, StoreError> {
    let id: &str = column(row, at, table, name, &"?")?;
    MemberId::parse(id).map_err(|_| inconsistent(table, name, &id))
}

fn texts(list: &[String]) -> String {
    serde_json::to_string(list).expect("a list of strings is always JSON")
}

/// The number of rows of a query that counts.
pub(super) async fn count(
    connection: &mut SqliteConnection,
    counter: &'static str,
) -> Result<i64, sqlx::Error> {
    sqlx::query("SELECT value FROM counters WHERE name = ?")
        .bind(counter)
        .fetch_one(connection)
        .await?
        .try_get(0)
}
