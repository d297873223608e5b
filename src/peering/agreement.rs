//! Signing the terms, and exchanging signatures until both sides hold both.

use bytes::Bytes;

use super::terms::not_over;
use super::{Peering, PeeringError};
use crate::audit::{Act, Actor};
use crate::model::agreement::{Peer, TermsSignature};
use crate::model::ids::{CommunityId, Digest, SpiffeId};
use crate::provenance::{Keyring, Payload, verify_terms};
use crate::trust::keyring::verify_signer;
use crate::wire::{self, Malformed, pb};

impl Peering {
    /// Signs the terms, after the operator compared the phrase, and tries to exchange signatures at once. That the other
    /// node is not there is no failure: the exchange goes on in the background.
    pub async fn confirm(&self, actor: &SpiffeId, id: &CommunityId) -> Result<Peer, PeeringError> {
        {
            let _turn = self.turn.lock().await;
            let peer = self.peer(id)?;
            if peer.ended {
                return Err(PeeringError::Ended(id.clone()));
            }
            if peer.our_signature.is_none() {
                not_over(&peer.terms, self.parts.clock.now())?;
                let signed = self.parts.signing_key.sign(
                    Payload::Agreement,
                    Bytes::copy_from_slice(&peer.terms_bytes),
                );
                let peer = Peer {
                    our_signature: Some(TermsSignature {
                        signature: signed.signature.to_vec(),
                        certificate: self.parts.signer_certificate.clone(),
                    }),
                    ..peer
                };
                self.believe(&peer);
                self.put_peer(&peer, Act::AgreementSigned, Actor::Caller(actor))
                    .await?;
            }
        }
        if let Err(error) = self.exchange_with(id).await {
            let cause: &(dyn std::error::Error + 'static) = &error;
            tracing::info!(
                peer.id = %id,
                error = cause,
                "the agreement is signed here and could not be exchanged yet; the node goes on trying"
            );
        }
        self.wake.notify_one();
        self.peer(id)
    }

    /// A peer's node sends its state of the agreement and gets ours.
    pub async fn exchange(
        &self,
        from: &CommunityId,
        state: &pb::AgreementState,
    ) -> Result<pb::AgreementState, PeeringError> {
        let peer = self.take(from, state).await?;
        let answer = self.state_of(&peer)?;
        if answer.signature.is_some() {
            self.mark_delivered(from);
        }
        Ok(answer)
    }

    /// Sends ours and takes theirs. Says whether both sides now hold both signatures.
    pub(super) async fn exchange_with(&self, id: &CommunityId) -> Result<bool, PeeringError> {
        let peer = self.peer(id)?;
        let ours = self.state_of(&peer)?;
        let sent = ours.signature.is_some();
        let theirs = self.dial_peer(&peer, ours).await?;
        if sent {
            self.mark_delivered(id);
        }
        let peer = self.take(id, &theirs).await?;
        Ok(sent && peer.their_signature.is_some())
    }

    /// Keeps the other side's signature if it holds; gives the peer as it is afterwards.
    async fn take(
        &self,
        from: &CommunityId,
        state: &pb::AgreementState,
    ) -> Result<Peer, PeeringError> {
        let _turn = self.turn.lock().await;
        let peer = self.peer(from)?;
        if peer.ended {
            return Err(PeeringError::Ended(from.clone()));
        }
        if *state.terms != *peer.terms_bytes {
            return Err(PeeringError::TermsDiffer(from.clone()));
        }
        let Some(signature) = &state.signature else {
            return Ok(peer);
        };
        if peer.their_signature.is_some() {
            return Ok(peer);
        }
        let signed = wire::words::signed(Some(signature))?;
        if *signed.record != *peer.terms_bytes {
            return Err(PeeringError::TermsDiffer(from.clone()));
        }
        let certificate = match &state.signer {
            Some(signer) if signer.certificate.len() <= CERTIFICATE_BYTES_MAX => {
                &signer.certificate
            }
            Some(_) | None => {
                return Err(
                    Malformed::new("state.signer", "a certificate of at most 8 KiB").into(),
                );
            }
        };
        // By what it presented at first contact: for items it is not believed before both have signed.
        let key = verify_signer(certificate, &self.parts.bundles, self.parts.clock.now()).map_err(
            |source| PeeringError::BadCertificate {
                peer: from.clone(),
                source: Box::new(source),
            },
        )?;
        let known = self.parts.keys.verifying_key(key.key);
        if key.community != *from || known.is_some_and(|known| known.community != *from) {
            return Err(PeeringError::PeerMisbehaved {
                peer: from.clone(),
                problem: "its terms are signed with the key of another community".to_owned(),
            });
        }
        verify_terms(&peer.terms_bytes, &signed.signature, &key).map_err(|source| {
            PeeringError::BadSignature {
                peer: from.clone(),
                source: Box::new(source),
            }
        })?;
        let peer = Peer {
            their_signature: Some(TermsSignature {
                signature: signed.signature.to_vec(),
                certificate: certificate.to_vec(),
            }),
            ..peer
        };
        self.believe(&peer);
        self.put_peer(&peer, Act::AgreementCountersigned, Actor::Node)
            .await?;
        if peer.our_signature.is_some() {
            tracing::info!(peer.id = %from, "the agreement is signed by both sides");
        }
        Ok(peer)
    }

    /// Our side's state, as it is sent.
    fn state_of(&self, peer: &Peer) -> Result<pb::AgreementState, PeeringError> {
        let terms = Bytes::copy_from_slice(&peer.terms_bytes);
        let (signature, signer) = match &peer.our_signature {
            None => (None, None),
            Some(ours) => {
                let record = pb::SignedRecord {
                    record: terms.clone(),
                    signature: Bytes::copy_from_slice(&ours.signature),
                    key_id: key_id(&ours.certificate)?,
                };
                let signer = pb::Signer {
                    certificate: Bytes::copy_from_slice(&ours.certificate),
                };
                (Some(record), Some(signer))
            }
        };
        Ok(pb::AgreementState {
            terms,
            signature,
            signer,
        })
    }
}

/// As in `Signer`.
const CERTIFICATE_BYTES_MAX: usize = 8 * 1024;

/// SHA-256 of the certificate's SubjectPublicKeyInfo.
fn key_id(certificate: &[u8]) -> Result<Bytes, Malformed> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate)
        .map_err(|_| Malformed::new("signer", "our own certificate does not read"))?;
    let digest = Digest::of(parsed.public_key().raw);
    Ok(Bytes::copy_from_slice(&digest.0))
}
