//! The only way to the time and to randomness.
//!
//! Everything that needs the time or a fresh random value is given a [`Clock`] or an [`Entropy`], so that the pure
//! floors stay functions of values and a simulation can own both.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// A point in time in microseconds since 1970-01-01T00:00:00Z, negative before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// One second in microseconds.
    pub const SECOND: i64 = 1_000_000;
    /// The latest representable time that RFC 3339 can print: 9999-12-31T23:59:59Z.
    pub const MAX: Timestamp = Timestamp(253_402_300_799 * Self::SECOND);

    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds since the epoch; saturates at the ends of the range.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(Self::SECOND))
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded towards the past.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(Self::SECOND)
    }

    /// This time plus so many seconds (minus, if negative); saturates.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(Self::SECOND)))
    }

    /// Rounded down to a multiple of so many seconds (at least 1).
    #[must_use]
    pub const fn rounded_down_to_seconds(self, seconds: i64) -> Self {
        let step = seconds.saturating_mul(Self::SECOND);
        Self(self.0.div_euclid(step).saturating_mul(step))
    }

    /// Parses an RFC 3339 date-time, or a date alone as its first instant in UTC.
    pub fn parse(text: &str) -> Option<Self> {
        use time::format_description::well_known::Rfc3339;
        let parsed = time::OffsetDateTime::parse(text, &Rfc3339)
            .or_else(|_| time::OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339))
            .ok()?;
        i64::try_from(parsed.unix_timestamp_nanos().div_euclid(1000))
            .ok()
            .map(Self)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC; a time outside the years 0000 to 9999 prints as microseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use time::format_description::well_known::Rfc3339;
        let printed = time::OffsetDateTime::from_unix_timestamp_nanos(
            i128::from(self.0).saturating_mul(1000),
        )
        .ok()
        .and_then(|t| t.format(&Rfc3339).ok());
        match printed {
            Some(text) => f.write_str(&text),
            None => write!(f, "{} µs", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Tells the time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time now, by this node's own clock.
    fn now(&self) -> Timestamp;
}

/// Gives random bytes fit for keys.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills the slice.
    fn fill(&self, bytes: &mut [u8]);
}

/// So many fresh random bytes.
pub fn random_bytes<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        let now = time::OffsetDateTime::now_utc();
        Timestamp(i64::try_from(now.unix_timestamp_nanos().div_euclid(1000)).unwrap_or(i64::MAX))
    }
}

/// The operating system's random source.
#[derive(Debug, Clone, Default)]
pub struct SystemEntropy(Arc<SystemRandom>);

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0
            .fill(bytes)
            .expect("the operating system's random source does not fail once it was seeded");
    }
}

/// A clock that stands where it is put, for tests and simulations.
#[derive(Debug, Clone, Default)]
pub struct ManualClock(Arc<std::sync::atomic::AtomicI64>);

impl ManualClock {
    /// A clock that shows this time.
    pub fn at(time: Timestamp) -> Self {
        Self(Arc::new(time.micros().into()))
    }

    /// Sets the time.
    pub fn set(&self, time: Timestamp) {
        self.0
            .store(time.micros(), std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_and_parse_as_rfc_3339() {
        let t = Timestamp::parse("2026-11-24T06:11:53.000001Z").expect("a valid time");
        assert_eq!(t.to_string(), "2026-11-24T06:11:53.000001Z");
        assert_eq!(
            Timestamp::parse("2026-11-24"),
            Timestamp::parse("2026-11-24T00:00:00Z")
        );
        assert_eq!(Timestamp::parse("soon"), None);
    }

    #[test]
    fn rounding_goes_down_also_before_the_epoch() {
        assert_eq!(
            Timestamp::from_seconds(-1).rounded_down_to_seconds(3600),
            Timestamp::from_seconds(-3600)
        );
    }
}
