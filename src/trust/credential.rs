//! A TLS key with its certificate: made, kept in two PEM files, renewed, and swapped while connections are open.
//!
//! Both files change together. A save writes `key.pem.next` and `cert.pem.next` and renames the key, then the
//! certificate; a load that finds the new key beside the old certificate finishes the second rename.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PublicKeyData as _};
use rustls::SignatureScheme;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::leaf::{Leaf, Usage};
use super::{TrustError, files, tls};
use crate::clock::Timestamp;
use crate::model::ids::SpiffeId;

/// A key that was just made and has no certificate yet. `Debug` does not show it.
pub struct NewKey {
    key: KeyPair,
    public_key: Vec<u8>,
}

impl NewKey {
    /// Makes a P-256 key.
    ///
    /// # Errors
    /// If the library cannot.
    pub fn generate() -> Result<Self, TrustError> {
        let key = KeyPair::generate()?;
        Ok(Self {
            public_key: key.subject_public_key_info(),
            key,
        })
    }

    /// Its SubjectPublicKeyInfo, DER.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// A signing request for it, DER. It asks for no name: whoever signs knows for whom.
    ///
    /// # Errors
    /// If the library cannot.
    pub fn request(&self) -> Result<Vec<u8>, TrustError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        Ok(params.serialize_request(&self.key)?.der().as_ref().to_vec())
    }

    /// The credential, with the certificate that was issued for this key, DER, followed by CA certificates if the
    /// other side may know them by fingerprint only.
    ///
    /// # Errors
    /// As [`TlsCredential::new`].
    pub fn into_credential(self, chain: Vec<Vec<u8>>) -> Result<TlsCredential, TrustError> {
        TlsCredential::new(chain, self.key.serialize_der())
    }

    /// The private key as a PEM file holds it. For such a file only.
    pub(crate) fn pem(&self) -> String {
        files::pem("PRIVATE KEY", &[self.key.serialized_der()])
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewKey")
    }
}

/// A TLS key with its certificate. `Debug` shows whose and until when.
#[derive(Clone)]
pub struct TlsCredential {
    id: SpiffeId,
    chain: Vec<Vec<u8>>,
    key: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
    certified: Arc<CertifiedKey>,
}

impl TlsCredential {
    /// Puts a certificate, DER, and its key, PKCS#8 DER, together. CA certificates may follow the leaf.
    ///
    /// # Errors
    /// If the leaf is not one for TLS, or the key is not its key.
    pub fn new(chain: Vec<Vec<u8>>, key: Vec<u8>) -> Result<Self, TrustError> {
        let leaf = Leaf::read(chain.first().map_or(&[], Vec::as_slice))?;
        leaf.check_usage(Usage::Client)?;
        let certified = CertifiedKey::from_der(
            chain.iter().cloned().map(CertificateDer::from).collect(),
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.clone())),
            &tls::provider(),
        )?;
        Ok(Self {
            id: leaf.id,
            chain,
            key,
            not_before: leaf.not_before,
            not_after: leaf.not_after,
            certified: Arc::new(certified),
        })
    }

    /// Whose it is.
    pub fn id(&self) -> &SpiffeId {
        &self.id
    }

    /// The certificates as they are sent, DER: the leaf first.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// The first second of its life.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last second of its life.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// When two thirds of its life are over and it should be renewed.
    pub fn renewal_due(&self) -> Timestamp {
        let life = self.not_after.seconds() - self.not_before.seconds();
        self.not_before.plus_seconds(life - life / 3)
    }

    /// Two thirds of its life are over.
    pub fn needs_renewal(&self, now: Timestamp) -> bool {
        self.renewal_due() <= now
    }

    /// A new key and a signing request for the next certificate of the same name.
    ///
    /// # Errors
    /// If the library cannot.
    pub fn request(&self) -> Result<(NewKey, Vec<u8>), TrustError> {
        let key = NewKey::generate()?;
        let request = key.request()?;
        Ok((key, request))
    }

    /// Writes `key.pem` (mode 0600) and `cert.pem` into a directory, both or neither; makes the directory (mode 0700)
    /// where there is none.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn save(&self, directory: &Path) -> Result<(), TrustError> {
        files::create_private_dir(directory)?;
        let _held = lock(directory, Lock::Exclusive);
        let path = |name: &str| directory.join(name);
        let key = files::pem("PRIVATE KEY", &[&self.key]);
        files::write_private(&path(NEXT_KEY_FILE), key.as_bytes())?;
        let chain = files::pem("CERTIFICATE", &self.chain);
        files::write_public(&path(NEXT_CERTIFICATE_FILE), chain.as_bytes())?;
        rename(&path(NEXT_KEY_FILE), &path(KEY_FILE))?;
        rename(&path(NEXT_CERTIFICATE_FILE), &path(CERTIFICATE_FILE))
    }

    /// Reads `key.pem` and `cert.pem` of a directory.
    ///
    /// # Errors
    /// If they are not there, do not read, or do not belong together.
    pub fn load(directory: &Path) -> Result<Self, TrustError> {
        let _held = lock(directory, Lock::Shared);
        let key_path = directory.join(KEY_FILE);
        let key = PrivatePkcs8KeyDer::from_pem_slice(&files::read_private(&key_path)?).map_err(|_| {
            TrustError::Content {
                path: key_path,
                problem: "this does not read as a private key in PEM (PKCS#8); restore it from a backup, or enrol again",
            }
        })?;
        let key = key.secret_pkcs8_der().to_vec();
        let certificate_path = directory.join(CERTIFICATE_FILE);
        let loaded = files::read_certificates(&certificate_path)
            .and_then(|chain| Self::new(chain, key.clone()));
        let Err(error) = loaded else { return loaded };
        // A save was interrupted between its two renames?
        let next_path = directory.join(NEXT_CERTIFICATE_FILE);
        let next = files::read_certificates(&next_path).and_then(|chain| Self::new(chain, key));
        match (next, error) {
            (Ok(next), _) => {
                rename(&next_path, &certificate_path)?;
                Ok(next)
            }
            (Err(_), TrustError::Tls(_)) => Err(TrustError::Content {
                path: certificate_path,
                problem: "this certificate does not belong to the key in key.pem; restore both from one backup, or enrol again",
            }),
            (Err(_), error) => Err(error),
        }
    }
}

impl fmt::Debug for TlsCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsCredential({} until {})", self.id, self.not_after)
    }
}

/// A credential in use, that can be replaced by the next one while connections are open. Cheap to clone; all clones are
/// one. New handshakes take the new certificate at once, open connections end with the one that they began with.
#[derive(Clone)]
pub struct LiveCredential(Arc<ArcSwap<TlsCredential>>);

impl LiveCredential {
    /// Puts a credential into use.
    pub fn new(credential: TlsCredential) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(credential)))
    }

    /// Replaces it by the next credential of the same name.
    ///
    /// # Errors
    /// If the name is another one; the old credential stays.
    pub fn replace(&self, next: TlsCredential) -> Result<(), TrustError> {
        let old = self.current();
        if old.id == next.id {
            self.0.store(Arc::new(next));
            Ok(())
        } else {
            Err(TrustError::OtherName {
                old: old.id.clone(),
                new: next.id,
            })
        }
    }

    /// Whose it is.
    pub fn id(&self) -> SpiffeId {
        self.0.load().id.clone()
    }

    /// The last second of its life.
    pub fn not_after(&self) -> Timestamp {
        self.0.load().not_after
    }

    /// The credential in use now.
    pub fn current(&self) -> Arc<TlsCredential> {
        self.0.load_full()
    }

    fn certified(&self, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        schemes
            .contains(&SignatureScheme::ECDSA_NISTP256_SHA256)
            .then(|| Arc::clone(&self.0.load().certified))
    }
}

impl fmt::Debug for LiveCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self.0.load(), f)
    }
}

impl ResolvesServerCert for LiveCredential {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.certified(hello.signature_schemes())
    }
}

impl rustls::client::ResolvesClientCert for LiveCredential {
    fn resolve(
        &self,
        _root_hints: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.certified(schemes)
    }

    fn has_certs(&self) -> bool {
        true
    }
}

enum Lock {
    Shared,
    Exclusive,
}

/// Held while both files are read or replaced, so that two processes that renew at once leave a pair. Where no lock can be
/// had (a read-only directory) nobody replaces anything either.
fn lock(directory: &Path, kind: Lock) -> Option<File> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(directory.join(LOCK_FILE))
        .ok()?;
    match kind {
        Lock::Shared => file.lock_shared(),
        Lock::Exclusive => file.lock(),
    }
    .ok()?;
    Some(file)
}

fn rename(from: &Path, to: &Path) -> Result<(), TrustError> {
    std::fs::rename(from, to).map_err(|source| files::failed("replace", to, source))?;
    let directory = to.parent().unwrap_or(Path::new("."));
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|source| files::failed("sync", directory, source))
}

pub(crate) const KEY_FILE: &str = "key.pem";
const CERTIFICATE_FILE: &str = "cert.pem";
const NEXT_KEY_FILE: &str = "key.pem.next";
const NEXT_CERTIFICATE_FILE: &str = "cert.pem.next";
const LOCK_FILE: &str = ".lock";
