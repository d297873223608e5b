//! How a command ends: the exit codes of design.md part 7, and sentences that say what to do next.

use std::error::Error;
use std::fmt;

use tonic::Code;
use tonic_types::StatusExt as _;

use super::text::shown;
use crate::client::{self, ConnectError};
use crate::fault::chain;

/// How a command ended. The numbers are part of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done.
    Done,
    /// It failed.
    Failed,
    /// The command line was wrong.
    Usage,
    /// The rules refused it.
    Refused,
    /// The node is not reachable.
    NotReachable,
    /// The caller may not do it.
    NotAllowed,
}

impl Exit {
    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::NotReachable => 4,
            Exit::NotAllowed => 5,
        }
    }

    /// How a command with several parts ended: refused goes before failed, both before done.
    pub(crate) fn and(self, other: Exit) -> Exit {
        self.max(other)
    }
}

/// Why a command did not do what it was asked: a sentence, and the next step.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) next: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            next: None,
        }
    }

    /// It failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// It failed, with the whole chain of causes.
    pub(crate) fn because(message: impl Into<String>, cause: &(dyn Error + 'static)) -> Self {
        Self::failed(format!("{}: {}", message.into(), chain(cause)))
    }

    /// The reader of our standard output went away: a clean end, nothing to say.
    pub(crate) fn unread() -> Self {
        Self::new(Exit::Done, "")
    }

    /// The same with what to do next.
    #[must_use]
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.next {
            Some(next) => write!(f, "\n  {next}"),
            None => Ok(()),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::failed(format!("{error:#}"))
    }
}

/// What the rules refused: reason, message and places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// In kebab-case, such as `no-label`.
    pub(crate) reason: String,
    pub(crate) message: String,
    /// Place and what is wrong there.
    pub(crate) places: Vec<(String, String)>,
}

impl From<crate::wire::pb::Refusal> for Refused {
    fn from(refusal: crate::wire::pb::Refusal) -> Self {
        Self {
            reason: refusal.reason,
            message: refusal.message,
            places: refusal
                .places
                .into_iter()
                .map(|place| (place.place, place.message))
                .collect(),
        }
    }
}

/// The refusal in an error of the node, if it is one.
pub(crate) fn refused(status: &tonic::Status) -> Option<Refused> {
    match status.code() {
        Code::FailedPrecondition
        | Code::InvalidArgument
        | Code::AlreadyExists
        | Code::OutOfRange => {}
        _ => return None,
    }
    let reason = reason(status)?;
    let places = status
        .get_details_bad_request()
        .map(|request| {
            request
                .field_violations
                .into_iter()
                .map(|violation| (violation.field, violation.description))
                .collect()
        })
        .unwrap_or_default();
    Some(Refused {
        reason,
        message: status.message().to_owned(),
        places,
    })
}

/// The reason that a node of ours gave, in kebab-case.
pub(crate) fn reason(status: &tonic::Status) -> Option<String> {
    status
        .get_details_error_info()
        .filter(|info| info.domain == "sluis")
        .map(|info| info.reason.to_ascii_lowercase().replace('_', "-"))
}

/// Whether the same call may succeed when it is repeated.
pub(crate) fn may_pass(status: &tonic::Status) -> bool {
    matches!(exit_of(status), Exit::NotReachable)
}

fn exit_of(status: &tonic::Status) -> Exit {
    match connect_error(status) {
        Some(ConnectError::Rejected { .. }) => return Exit::NotAllowed,
        Some(ConnectError::Untrusted { .. } | ConnectError::Address { .. }) => return Exit::Failed,
        Some(ConnectError::NotReachable { .. }) => return Exit::NotReachable,
        None => {}
    }
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded => Exit::NotReachable,
        // The transport's own failures come without a code of the node; a node's UNKNOWN has no source here.
        Code::Unknown | Code::Cancelled if status.source().is_some() => Exit::NotReachable,
        Code::PermissionDenied | Code::Unauthenticated => Exit::NotAllowed,
        _ if refused(status).is_some() => Exit::Refused,
        _ => Exit::Failed,
    }
}

/// The failure to connect that is behind a call's error, where there is one.
fn connect_error(status: &tonic::Status) -> Option<&ConnectError> {
    let mut cause = status.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref() {
            return Some(error);
        }
        cause = error.source();
    }
    None
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        let message = match (client::explain(&status), status.message()) {
            (Some(sentence), _) => shown(&sentence).into_owned(),
            (None, "") => status.code().description().to_owned(),
            (None, text) => shown(text).into_owned(),
        };
        let exit = exit_of(&status);
        match exit {
            Exit::NotReachable => {
                Failure::new(exit, format!("the node is not reachable: {message}"))
                    .next("try again in a moment; `sluis status` shows whether it is up")
            }
            // The node says itself what to do about it.
            Exit::NotAllowed => Failure::new(exit, format!("not allowed: {message}")),
            Exit::Refused => match refused(&status) {
                Some(refusal) if refusal.reason == MALFORMED => Failure::new(Exit::Usage, message),
                Some(refusal) => refusal.into(),
                None => Failure::new(exit, message),
            },
            Exit::Done | Exit::Failed | Exit::Usage => Failure::failed(message),
        }
    }
}

impl From<Refused> for Failure {
    fn from(refusal: Refused) -> Self {
        let mut message = format!(
            "refused ({}): {}",
            shown(&refusal.reason),
            shown(&refusal.message)
        );
        for (place, problem) in &refusal.places {
            // Many a message says it already.
            if refusal.message.contains(problem.as_str()) {
                continue;
            }
            message.push_str(&format!("\n  {}: {}", shown(place), shown(problem)));
        }
        Failure::new(Exit::Refused, message)
    }
}

/// The node's reason for a value that cannot be read at all: the command line was wrong.
const MALFORMED: &str = "malformed";

#[cfg(test)]
mod tests {
    use tonic_types::{ErrorDetails, FieldViolation};

    use super::*;

    fn status(code: Code, reason: &str, domain: &str) -> tonic::Status {
        let mut details = ErrorDetails::new();
        details.set_error_info(reason, domain, []);
        details.set_bad_request(vec![FieldViolation::new("/objects/1", "has no label")]);
        tonic::Status::with_error_details(code, "say --tlp", details)
    }

    #[test]
    fn errors_of_the_node_have_the_exit_codes_of_the_contract() {
        let plain = |code| Failure::from(tonic::Status::new(code, "x")).exit;
        assert_eq!(plain(Code::Unavailable), Exit::NotReachable);
        assert_eq!(plain(Code::DeadlineExceeded), Exit::NotReachable);
        assert_eq!(plain(Code::PermissionDenied), Exit::NotAllowed);
        assert_eq!(plain(Code::Unauthenticated), Exit::NotAllowed);
        assert_eq!(plain(Code::NotFound), Exit::Failed);
        assert_eq!(plain(Code::Internal), Exit::Failed);
        assert_eq!(plain(Code::InvalidArgument), Exit::Failed);
        let refusal = |code| Failure::from(status(code, "NO_LABEL", "sluis")).exit;
        assert_eq!(refusal(Code::FailedPrecondition), Exit::Refused);
        assert_eq!(refusal(Code::InvalidArgument), Exit::Refused);
        assert_eq!(refusal(Code::AlreadyExists), Exit::Refused);
        assert_eq!(refusal(Code::PermissionDenied), Exit::NotAllowed);
        let malformed = status(Code::InvalidArgument, "MALFORMED", "sluis");
        assert_eq!(Failure::from(malformed).exit, Exit::Usage);
        let foreign = status(Code::FailedPrecondition, "NO_LABEL", "proxy.example");
        assert_eq!(Failure::from(foreign).exit, Exit::Failed);
    }

    #[test]
    fn a_refusal_says_reason_message_and_places() {
        let refusal = refused(&status(Code::FailedPrecondition, "NO_LABEL", "sluis"));
        assert_eq!(
            refusal,
            Some(Refused {
                reason: "no-label".to_owned(),
                message: "say --tlp".to_owned(),
                places: vec![("/objects/1".to_owned(), "has no label".to_owned())],
            })
        );
    }

    #[test]
    fn a_refusal_outweighs_a_failure() {
        assert_eq!(
            Exit::Done
                .and(Exit::Failed)
                .and(Exit::Refused)
                .and(Exit::Failed),
            Exit::Refused
        );
    }
}
