//! What one credential may have open at one moment, so that none takes the memory of all (threat 50): a stream that its
//! reader stalls holds a page or a document, a push that waits for room holds its document.
//!
//! Whoever asks for more is refused at once and does not wait: what waits takes room too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tonic::{Code, Status};

use super::status::with_reason;
use crate::model::ids::SpiffeId;

/// What is open of each credential. Cheap to clone; all clones are one. Bounded by what is open.
#[derive(Clone, Debug, Default)]
pub(super) struct Shares {
    // Held to change one count, never across an await.
    open: Arc<Mutex<HashMap<(SpiffeId, Use), usize>>>,
}

/// What takes room for as long as it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Use {
    /// A feed on a stream.
    Subscription,
    /// A document on a stream.
    Content,
    /// A stream of pushes.
    PushStream,
    /// A push or a preview of one.
    Push,
}

impl Use {
    /// How many one credential may have open: several of a tool's processes, each with several of a kind.
    const fn most(self) -> usize {
        match self {
            // As many as one connection carries: a stalled one holds a page and two messages.
            Self::Subscription => 128,
            Self::Content => 8,
            Self::PushStream => 4,
            // A window of 64 in flight, and room for answers that are on their way while the next pushes come.
            Self::Push => 96,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Subscription => "subscriptions",
            Self::Content => "reads of documents",
            Self::PushStream => "streams of pushes",
            Self::Push => "pushes",
        }
    }
}

/// One use, counted until it is dropped: it goes with the task that serves it.
#[derive(Debug)]
pub(super) struct Share {
    shares: Shares,
    key: (SpiffeId, Use),
}

impl Shares {
    /// Counts one more use by this credential.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if it has as many open as it may.
    pub(super) fn take(&self, caller: SpiffeId, what: Use) -> Result<Share, Status> {
        let key = (caller, what);
        let mut open = self.open();
        let count = open.get(&key).copied().unwrap_or(0);
        if count >= what.most() {
            return Err(too_many(what));
        }
        open.insert(key.clone(), count + 1);
        Ok(Share {
            shares: self.clone(),
            key,
        })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<(SpiffeId, Use), usize>> {
        self.open
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut open = self.shares.open();
        match open.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => {
                open.remove(&self.key);
            }
        }
    }
}

fn too_many(what: Use) -> Status {
    let most = what.most().to_string();
    with_reason(
        Code::ResourceExhausted,
        "TOO_MANY_STREAMS",
        format!(
            "this credential has {most} {} open, and no more are served at once; close one, or wait until one ends",
            what.name()
        ),
        &[("most", most.as_str())],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::StatusExt as _;

    fn tool(name: &str) -> SpiffeId {
        SpiffeId::parse(&format!(
            "spiffe://energy.isac.example/member/acme/tool/{name}"
        ))
        .expect("a valid id")
    }

    #[test]
    fn a_credential_has_so_much_open_and_no_more_and_takes_nothing_from_others() {
        let shares = Shares::default();
        for what in [Use::Subscription, Use::Content, Use::PushStream, Use::Push] {
            let mut held: Vec<_> = (0..what.most())
                .map(|_| shares.take(tool("siem"), what).expect("within the bound"))
                .collect();
            let refused = shares.take(tool("siem"), what).expect_err("one too many");
            assert_eq!(refused.code(), Code::ResourceExhausted);
            let info = refused.get_details_error_info().expect("an ErrorInfo");
            assert_eq!(info.reason, "TOO_MANY_STREAMS");
            shares.take(tool("soar"), what).expect("another credential");
            held.pop();
            held.push(shares.take(tool("siem"), what).expect("one ended"));
        }
        assert!(shares.open().is_empty(), "what ended is not remembered");
    }
}
