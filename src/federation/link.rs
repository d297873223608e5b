//! The state of a link to a supplier, as a pure function of events: no socket, no clock, no randomness.
//!
//! ```text
//!            in force            connected           caught up
//!   Idle ──────────────▶ Dialing ─────────▶ CatchingUp ─────────▶ Live
//!    ▲ ▲                  │  ▲ elapsed        │ failed             │ failed
//!    │ │           failed ▼  │                ▼                    ▼
//!    │ └── not in force ── BackingOff { until } ◀──────────────────┘
//!    └──── not in force: from every state, and the connection is hung up
//! ```

use crate::clock::Timestamp;

/// Where a link is; each state holds only what is known in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// No agreement is in force; nothing is tried.
    Idle,
    /// A connection is being made.
    Dialing {
        /// How many attempts failed since the link last worked.
        failures: u32,
    },
    /// Connected; what was stored is being read.
    CatchingUp,
    /// Everything stored has come; what is new comes as it is made.
    Live,
    /// The last attempt failed; the next one comes at a time.
    BackingOff {
        /// When.
        until: Timestamp,
        /// How many attempts failed since the link last worked.
        failures: u32,
    },
}

/// What happened to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The agreement is in force.
    InForce,
    /// It is not, or no longer.
    NotInForce,
    /// The supplier answered.
    Connected,
    /// The supplier said that nothing more is stored.
    CaughtUp,
    /// The attempt, or the connection, failed. With it a fresh random number for the jitter.
    Failed {
        /// Any number.
        jitter: u32,
    },
    /// The time to wait is over.
    Elapsed,
    /// What the supplier has is to be read again from the start.
    Again,
}

/// What the driver has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Nothing,
    /// Make a connection.
    Dial,
    /// Wait until then, or until the agreement changes.
    Wait(Timestamp),
    /// Close the connection.
    HangUp,
}

/// Of what kind a failure is: who has to do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// There was no way to the other node, or it broke off.
    Network,
    /// One of the two does not believe the other's certificate.
    Certificate,
    /// The other node refused by its rules or its agreement.
    Policy,
    /// One of the two does not speak as the other expects.
    Protocol,
    /// This node itself.
    Node,
}

impl FailureClass {
    /// The word for people and programs.
    pub const fn name(self) -> &'static str {
        match self {
            FailureClass::Network => "network",
            FailureClass::Certificate => "certificate",
            FailureClass::Policy => "policy",
            FailureClass::Protocol => "protocol",
            FailureClass::Node => "node",
        }
    }
}

/// The first wait; doubled with each failure.
const WAIT_FIRST_MS: i64 = 250;
/// The longest wait: an operator who repaired something should not wait long for the link to see it.
const WAIT_MOST_MS: i64 = 15_000;

impl State {
    /// When the next attempt comes, where one is waited for.
    pub const fn next_attempt(&self) -> Option<Timestamp> {
        match self {
            State::BackingOff { until, .. } => Some(*until),
            State::Idle | State::Dialing { .. } | State::CatchingUp | State::Live => None,
        }
    }

    /// The word for people.
    pub const fn name(&self) -> &'static str {
        match self {
            State::Idle => "idle",
            State::Dialing { .. } => "dialing",
            State::CatchingUp => "catching-up",
            State::Live => "live",
            State::BackingOff { .. } => "backing-off",
        }
    }

    /// The next state and what to do. An event that has no meaning in a state changes nothing.
    pub fn step(self, event: Event, now: Timestamp) -> (State, Action) {
        match (self, event) {
            (State::Idle, Event::NotInForce) => (State::Idle, Action::Nothing),
            (_, Event::NotInForce) => (State::Idle, Action::HangUp),
            (State::Idle, Event::InForce) => (State::Dialing { failures: 0 }, Action::Dial),
            (State::Dialing { .. }, Event::Connected) => (State::CatchingUp, Action::Nothing),
            (State::CatchingUp, Event::CaughtUp) => (State::Live, Action::Nothing),
            (State::Dialing { failures }, Event::Failed { jitter }) => {
                back_off(failures.saturating_add(1), jitter, now)
            }
            (State::CatchingUp | State::Live, Event::Failed { jitter }) => back_off(1, jitter, now),
            (State::BackingOff { failures, .. }, Event::Elapsed) => {
                (State::Dialing { failures }, Action::Dial)
            }
            (State::Idle, Event::Again) => (State::Idle, Action::Nothing),
            (_, Event::Again) => (State::Dialing { failures: 0 }, Action::Dial),
            (state, _) => (state, Action::Nothing),
        }
    }
}

/// Doubles the wait with each failure, up to the longest, and spreads it by a quarter either way so that the followers
/// of a supplier that comes back do not all dial at once.
fn back_off(failures: u32, jitter: u32, now: Timestamp) -> (State, Action) {
    let doubled = WAIT_FIRST_MS.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let wait_ms = doubled.min(WAIT_MOST_MS);
    let spread = wait_ms / 2;
    let offset = i64::from(jitter).rem_euclid(spread.max(1)) - spread / 2;
    let until = Timestamp::from_micros(
        now.micros()
            .saturating_add((wait_ms + offset).saturating_mul(1000)),
    );
    (State::BackingOff { until, failures }, Action::Wait(until))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    #[test]
    fn a_link_that_fails_waits_longer_each_time_and_never_too_long() {
        let mut state = State::Dialing { failures: 0 };
        let mut last = 0;
        for n in 1..40 {
            let (next, action) = state.step(Event::Failed { jitter: 7 }, NOW);
            let Action::Wait(until) = action else {
                panic!("a failed attempt waits");
            };
            let wait = until.micros() - NOW.micros();
            assert!(wait >= last, "attempt {n} waited less than the one before");
            assert!(wait <= WAIT_MOST_MS * 1250);
            last = wait;
            state = next.step(Event::Elapsed, until).0;
        }
    }

    #[test]
    fn an_end_of_the_agreement_hangs_up_from_every_state() {
        for state in [
            State::Dialing { failures: 3 },
            State::CatchingUp,
            State::Live,
            State::BackingOff {
                until: NOW,
                failures: 1,
            },
        ] {
            assert_eq!(
                state.step(Event::NotInForce, NOW),
                (State::Idle, Action::HangUp)
            );
        }
    }

    #[test]
    fn a_link_that_worked_starts_its_waits_anew() {
        let (state, _) = State::Live.step(Event::Failed { jitter: 0 }, NOW);
        assert!(matches!(state, State::BackingOff { failures: 1, .. }));
    }
}
