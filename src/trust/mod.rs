//! Whom the node believes: its CA, the bundles of its peers, and TLS made of both (design.md part 5).
//!
//! ```text
//! a certificate ── leaf: one name, one grammar, one purpose ── bundles: the CAs of the community that it NAMES
//!                                                                │
//!                    verifier (TLS, both sides) ◀────────────────┴────────────────▶ keyring (signatures)
//! ```
//!
//! What never happens here: a CA that vouches for a name outside its own community; a set of roots common to several
//! communities; a resumed session; TLS below 1.3; a signer's certificate on a connection, or a TLS certificate under a
//! signature; a wait for anything but the disk (verification looks at memory only).

pub mod authority;
pub mod bundles;
pub mod credential;
pub mod files;
pub mod keyring;
pub mod leaf;
pub mod request;
pub mod tls;
mod verifier;

use std::path::PathBuf;

pub use authority::{Authority, Issue, Issued, Purpose};
pub use bundles::Bundles;
pub use credential::{LiveCredential, NewKey, TlsCredential};
pub use keyring::Keys;
pub use leaf::{BadCertificate, Presented};
pub use request::BadRequest;
pub use tls::{ExpectedServer, client_config, server_config};

use crate::model::ids::{CommunityId, SpiffeId};

/// Life of a person's, tool's or operator's certificate, in seconds: 7 days.
pub const CREDENTIAL_LIFE_SECONDS: i64 = 7 * DAY_SECONDS;
/// Life of a node's certificate, in seconds: 24 hours.
pub const NODE_LIFE_SECONDS: i64 = DAY_SECONDS;
/// Life of an item-signing key's certificate, in seconds: a year.
pub const SIGNER_LIFE_SECONDS: i64 = 365 * DAY_SECONDS;
/// How long after its expiry a person's, tool's or operator's certificate still renews, in seconds: 30 days, since
/// people go on holiday.
pub const RENEWAL_GRACE_SECONDS: i64 = 30 * DAY_SECONDS;
/// How far back a certificate's life begins, in seconds: clocks differ by a few minutes.
pub const BACKDATE_SECONDS: i64 = 5 * 60;

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What went wrong with keys, certificates or their files.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file cannot be read or written.
    #[error("cannot {what} {}", path.display())]
    File {
        /// `read`, `write` and the like.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A file holds something else than it should.
    #[error("{}: {problem}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        problem: &'static str,
    },
    /// There is something already where a new key was to be written.
    #[error("{} is there already and is not overwritten", path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// A certificate is not accepted.
    #[error(transparent)]
    Certificate(#[from] BadCertificate),
    /// A signing request is not accepted.
    #[error(transparent)]
    Request(#[from] BadRequest),
    /// The CA was asked for a name of another community.
    #[error("the CA of {community} does not vouch for {id}")]
    NotOurs {
        /// The name.
        id: SpiffeId,
        /// The CA's community.
        community: CommunityId,
    },
    /// The CA was asked for a certificate that this system does not have.
    #[error("no certificate for {id}: {problem}")]
    NotIssued {
        /// The name.
        id: SpiffeId,
        /// Why not.
        problem: &'static str,
    },
    /// A credential was to be replaced by one of another name.
    #[error("the credential of {old} cannot be replaced by one of {new}")]
    OtherName {
        /// The name it has.
        old: SpiffeId,
        /// The name it would get.
        new: SpiffeId,
    },
    /// A CA certificate is against one that was pinned, or for a community that cannot be introduced.
    #[error("{community} cannot be introduced: {problem}")]
    NotIntroduced {
        /// The community.
        community: CommunityId,
        /// Why not.
        problem: &'static str,
    },
    /// A second community claims a signing key.
    #[error("a signing key of {first} was presented as one of {second}")]
    SharedKey {
        /// Whose it was first.
        first: CommunityId,
        /// Who claims it too.
        second: CommunityId,
    },
    /// A community has more signing keys than one needs.
    #[error("{community} has {most} signing keys already; one more is not taken up")]
    TooManyKeys {
        /// The community.
        community: CommunityId,
        /// How many are taken up.
        most: usize,
    },
    /// The certificate could not be made.
    #[error("a certificate or key could not be made")]
    Make(#[from] rcgen::Error),
    /// The TLS library refuses a key or a setting.
    #[error("the TLS library refuses this key or setting")]
    Tls(#[from] rustls::Error),
}
