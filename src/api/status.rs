//! What failed or was refused, as a gRPC status: a code, a sentence, and an `ErrorInfo` whose reason programs can match.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use super::caller::Denied;
use crate::fault::chain;
use crate::log::LogError;
use crate::membership::{InviteProblem, MembershipError};
use crate::model::ids::{InvalidId, ItemId};
use crate::model::submission::Refusal;
use crate::peering::PeeringError;
use crate::store::StoreError;
use crate::wire::Malformed;

/// The domain of all reasons.
pub const DOMAIN: &str = "sluis";

/// A status with its reason, UPPER_SNAKE, and what the reason is about.
pub fn with_reason(
    code: Code,
    reason: &str,
    message: impl Into<String>,
    metadata: &[(&str, &str)],
) -> Status {
    let metadata: HashMap<String, String> = metadata
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    Status::with_error_details(
        code,
        message,
        ErrorDetails::with_error_info(reason, DOMAIN, metadata),
    )
}

/// Places in a status, in bytes: details travel in a header, and clients take 8 KiB of headers. A stream's answers have
/// room for all places.
const PLACES_BYTES_MAX: usize = 4 * 1024;

/// A push that the rules refused: `FAILED_PRECONDITION`, the reason, and the places as field violations.
pub fn refusal(refusal: &Refusal) -> Status {
    let mut details =
        ErrorDetails::with_error_info(upper_snake(refusal.reason.name()), DOMAIN, HashMap::new());
    let mut bytes = 0_usize;
    let places: Vec<FieldViolation> = refusal
        .places
        .iter()
        .take_while(|place| {
            bytes = bytes.saturating_add(place.place.len() + place.message.len());
            bytes <= PLACES_BYTES_MAX
        })
        .map(|place| FieldViolation::new(place.place.as_str(), place.message.as_str()))
        .collect();
    if !places.is_empty() {
        details.set_bad_request(places);
    }
    Status::with_error_details(Code::FailedPrecondition, refusal.message.as_str(), details)
}

/// Something that is not there, or not for this caller; `message` says the id and what to type.
pub fn not_found(message: impl Into<String>) -> Status {
    with_reason(Code::NotFound, "NOT_FOUND", message, &[])
}

/// An item that is not there, or not for this caller: one answer for both (threat 13).
pub fn item_not_found(item: ItemId) -> Status {
    not_found(format!(
        "there is no item {item} here for you; `sluis feed` shows the items that there are"
    ))
}

/// An item that does not wait for an operator.
pub fn not_waiting(item: ItemId) -> Status {
    not_found(format!(
        "no item {item} waits; `sluis waiting list` shows those that do"
    ))
}

/// The node drains.
pub fn shutting_down() -> Status {
    log_error(&LogError::Closed)
}

/// The right to read ended while a stream was open.
pub fn right_ended() -> Status {
    with_reason(
        Code::PermissionDenied,
        "RIGHT_ENDED",
        "your membership is suspended or over, or your credential was revoked; ask your operator",
        &[],
    )
}

/// No agreement with the calling peer is in force.
pub fn not_in_force() -> Status {
    with_reason(
        Code::PermissionDenied,
        "NOT_IN_FORCE",
        "no agreement between our communities is in force here; ask the operator of this node",
        &[],
    )
}

/// A message that does not say what it must.
pub fn malformed(malformed: &Malformed) -> Status {
    bad_field(malformed.field, &malformed.problem)
}

/// An id that is none.
pub fn invalid_id(field: &'static str, invalid: &InvalidId) -> Status {
    bad_field(field, &invalid.to_string())
}

/// A required part of a message that is missing.
pub fn missing(field: &'static str) -> Status {
    bad_field(field, "is missing")
}

fn bad_field(field: &str, problem: &str) -> Status {
    let mut details = ErrorDetails::with_error_info("MALFORMED", DOMAIN, HashMap::new());
    details.add_bad_request_violation(field, problem);
    Status::with_error_details(
        Code::InvalidArgument,
        format!("{field}: {problem}"),
        details,
    )
}

/// A failure of the log. What failed is logged here and not told.
pub fn log_error(error: &LogError) -> Status {
    match error {
        LogError::Closed => with_reason(
            Code::Unavailable,
            "SHUTTING_DOWN",
            "the node is shutting down; try again when it is back",
            &[],
        ),
        LogError::Store(_) => internal(error),
    }
}

/// A failure of the store. What failed is logged here and not told.
pub fn store_error(error: &StoreError) -> Status {
    internal(error)
}

/// A failure of ours: logged with its whole chain, told without it.
pub fn internal(error: &(dyn std::error::Error + 'static)) -> Status {
    tracing::error!(error, "a call failed");
    with_reason(
        Code::Internal,
        "NODE_FAILED",
        "the node could not do this; its log says why",
        &[],
    )
}

/// There is no such RPC.
pub fn unimplemented() -> Status {
    with_reason(
        Code::Unimplemented,
        "UNKNOWN_METHOD",
        "there is no such method",
        &[],
    )
}

/// A certificate is needed.
pub fn no_credential() -> Status {
    with_reason(
        Code::Unauthenticated,
        "NO_CREDENTIAL",
        "this needs a certificate of a person, tool, operator or peer",
        &[],
    )
}

/// The certificate has expired and can only be renewed.
pub fn credential_expired() -> Status {
    with_reason(
        Code::Unauthenticated,
        "CREDENTIAL_EXPIRED",
        "the certificate has expired; renew it first",
        &[],
    )
}

/// The caller is known, and this is not for its kind.
pub fn not_allowed() -> Status {
    with_reason(
        Code::PermissionDenied,
        "NOT_ALLOWED",
        "this credential may not do this",
        &[],
    )
}

/// The certificate gives no right any more.
pub fn denied(denied: &Denied) -> Status {
    let (reason, message, metadata) = match denied {
        Denied::MemberSuspended(member) => (
            "MEMBER_SUSPENDED",
            format!("member {member} is suspended; ask an operator of your community"),
            Some(("member", member.as_str())),
        ),
        Denied::NotMember(member) => (
            "NOT_MEMBER",
            format!("{member} is not a member of this community"),
            Some(("member", member.as_str())),
        ),
        Denied::CredentialRevoked => (
            "CREDENTIAL_REVOKED",
            "this credential was revoked; ask an operator of your community for a new invite"
                .to_owned(),
            None,
        ),
        Denied::CredentialUnknown => (
            "CREDENTIAL_UNKNOWN",
            "this credential never enrolled here; ask an operator of your community for an invite"
                .to_owned(),
            None,
        ),
    };
    with_reason(Code::PermissionDenied, reason, message, metadata.as_slice())
}

/// What membership did not do.
pub fn membership(error: &MembershipError) -> Status {
    use MembershipError as E;
    let (code, reason) = match error {
        E::UnknownMember(_) | E::UnknownCredential { .. } => (Code::NotFound, "NOT_FOUND"),
        E::IdTaken(_) => (Code::AlreadyExists, "ID_TAKEN"),
        E::OutOfBounds { field, problem } => return bad_field(field, problem),
        E::NotPossible { .. } => (Code::FailedPrecondition, "NOT_POSSIBLE"),
        E::OwnMember => (Code::FailedPrecondition, "OWN_MEMBER"),
        E::NotCandidate { .. } => (Code::FailedPrecondition, "NOT_CANDIDATE"),
        E::MissingEndorsements { .. } => (Code::FailedPrecondition, "MISSING_ENDORSEMENTS"),
        E::NotAdmitted { .. } => (Code::FailedPrecondition, "NOT_ADMITTED"),
        E::Revoked => (Code::PermissionDenied, "CREDENTIAL_REVOKED"),
        E::NotRenewable => (Code::PermissionDenied, "NOT_RENEWABLE"),
        E::Invite(problem) => return invite(*problem),
        E::SigningRequest(_) => return bad_field("signing_request", &error.to_string()),
        E::Log(error) => return log_error(error),
        E::Store(error) => return store_error(error),
        E::NotIssued(_) | E::Unexpected => return internal(error),
    };
    with_reason(code, reason, error.to_string(), &[])
}

/// What enrolment did not do: who asks is the one whose member is not admitted.
pub fn enrollment(error: &MembershipError) -> Status {
    match error {
        MembershipError::NotAdmitted { member, standing } => {
            let reason = match *standing {
                "suspended" => "MEMBER_SUSPENDED",
                _ => "NOT_MEMBER",
            };
            with_reason(
                Code::PermissionDenied,
                reason,
                format!("{member} is {standing}; ask an operator of your community"),
                &[("member", member.as_str())],
            )
        }
        _ => membership(error),
    }
}

/// An invite that is not good. The holder of a secret is told what is wrong with it; who guesses learns nothing.
pub fn invite(problem: InviteProblem) -> Status {
    let reason = match problem {
        InviteProblem::Unknown => "INVITE_UNKNOWN",
        InviteProblem::Used => "INVITE_USED",
        InviteProblem::Expired => "INVITE_EXPIRED",
        InviteProblem::Void => "INVITE_VOID",
    };
    with_reason(Code::PermissionDenied, reason, problem.to_string(), &[])
}

/// What peering did not do.
pub fn peering(error: &PeeringError) -> Status {
    use PeeringError as E;
    let (code, reason) = match error {
        E::UnknownPeer(_) => (Code::NotFound, "NOT_FOUND"),
        E::Ourselves(_) => (Code::FailedPrecondition, "OURSELVES"),
        E::AlreadyPeer { .. } => (Code::AlreadyExists, "ALREADY_PEER"),
        E::Ended(_) => (Code::FailedPrecondition, "PEER_ENDED"),
        E::NotAgreeable(_) => (Code::FailedPrecondition, "NOT_AGREEABLE"),
        E::Malformed(error) => return malformed(error),
        E::InvalidInvite(_) => return bad_field("invite", &error.to_string()),
        E::NotForPeering | E::NotForUs(_) => (Code::FailedPrecondition, "INVITE_NOT_FOR_THIS"),
        E::Invite(problem) => return invite(*problem),
        E::Untrusted { .. } => {
            return with_reason(
                Code::FailedPrecondition,
                "PEER_UNTRUSTED",
                chain(error),
                &[],
            );
        }
        E::NotReached { .. } => {
            return with_reason(Code::Unavailable, "PEER_NOT_REACHED", chain(error), &[]);
        }
        E::RefusedByPeer { .. } => (Code::FailedPrecondition, "REFUSED_BY_PEER"),
        E::PeerMisbehaved { .. } | E::BadSignature { .. } | E::BadCertificate { .. } => {
            return with_reason(
                Code::FailedPrecondition,
                "PEER_MISBEHAVED",
                chain(error),
                &[],
            );
        }
        E::TermsDiffer(_) => (Code::FailedPrecondition, "TERMS_DIFFER"),
        E::Tls(_) | E::Unexpected => return internal(error),
        E::Log(error) => return log_error(error),
        E::Store(error) => return store_error(error),
    };
    with_reason(code, reason, error.to_string(), &[])
}

/// `no-label` as `NO_LABEL`.
fn upper_snake(kebab: &str) -> String {
    kebab.to_ascii_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::submission::{Place, Reason};

    #[test]
    fn a_refusal_carries_its_reason_and_its_places() {
        let refused = Refusal::new(Reason::NoLabel, "say how far it may go").at([Place {
            place: "/objects/3".to_owned(),
            message: "not marked".to_owned(),
        }]);
        let status = refusal(&refused);
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(status.message(), "say how far it may go");
        let info = status.get_details_error_info().expect("an ErrorInfo");
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            ("NO_LABEL", DOMAIN)
        );
        let places = status.get_details_bad_request().expect("a BadRequest");
        assert_eq!(places.field_violations[0].field, "/objects/3");
    }

    #[test]
    fn a_failure_of_the_node_says_nothing_of_its_inside() {
        let status = internal(&std::io::Error::other("table members, /var/lib/sluis"));
        assert_eq!(status.code(), Code::Internal);
        assert!(!status.message().contains("members"));
    }
}
