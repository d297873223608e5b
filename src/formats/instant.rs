//! Timestamps of documents: RFC 3339 with any number of fraction digits, compared as instants.

use std::cmp::Ordering;

/// An instant, exact to the last digit written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instant<'a> {
    seconds: i64,
    /// Digits behind the point, without trailing zeros.
    fraction: &'a str,
    /// It is written in UTC as STIX wants it: capital `T` and `Z`, and a point only before digits.
    pub(crate) stix: bool,
}

impl PartialEq for Instant<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Instant<'_> {}

impl PartialOrd for Instant<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Instant<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.seconds
            .cmp(&other.seconds)
            .then_with(|| self.fraction.cmp(other.fraction))
    }
}

/// Parses an RFC 3339 date-time. `None` also where the date does not exist.
pub(crate) fn instant(text: &str) -> Option<Instant<'_>> {
    let year = digits(text, 0, 4)?;
    let month = digits(text, 5, 2)?;
    let day = digits(text, 8, 2)?;
    let hour = digits(text, 11, 2)?;
    let minute = digits(text, 14, 2)?;
    let second = digits(text, 17, 2)?;
    let at = |index: usize| text.as_bytes().get(index).copied();
    let shaped = at(4) == Some(b'-')
        && at(7) == Some(b'-')
        && matches!(at(10), Some(b'T' | b't'))
        && at(13) == Some(b':')
        && at(16) == Some(b':');
    // RFC 3339 allows second 60 for a leap second.
    if !shaped
        || !(1..=12).contains(&month)
        || !(1..=days_in_month(year, month)).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let len = rest.bytes().take_while(u8::is_ascii_digit).count();
            if len == 0 {
                return None;
            }
            (rest.get(..len)?, rest.get(len..)?)
        }
        None => ("", rest),
    };
    let offset_minutes = match zone {
        "Z" | "z" => 0,
        _ => {
            let sign = match zone.bytes().next() {
                Some(b'+') => 1,
                Some(b'-') => -1,
                _ => return None,
            };
            let (hours, minutes) = (digits(zone, 1, 2)?, digits(zone, 4, 2)?);
            if zone.len() != 6
                || zone.as_bytes().get(3) != Some(&b':')
                || hours > 23
                || minutes > 59
            {
                return None;
            }
            sign * (hours * 60 + minutes)
        }
    };
    Some(Instant {
        seconds: days_since_epoch(year, month, day) * 86_400
            + hour * 3_600
            + (minute - offset_minutes) * 60
            + second,
        fraction: fraction.trim_end_matches('0'),
        stix: zone == "Z" && at(10) == Some(b'T'),
    })
}

fn digits(text: &str, start: usize, len: usize) -> Option<i64> {
    text.as_bytes()
        .get(start..start.saturating_add(len))?
        .iter()
        .try_fold(0, |value, byte| {
            byte.is_ascii_digit()
                .then(|| value * 10 + i64::from(byte - b'0'))
        })
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, counting years from March so that the leap day is last.
const fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_compare_by_time_not_by_text() {
        for (earlier, later) in [
            ("2016-01-20T12:31:12.12Z", "2016-01-20T12:31:12.123Z"),
            ("2016-01-20T12:31:12Z", "2016-01-20T12:31:12.000001Z"),
            ("2016-01-20T12:31:12.9Z", "2016-01-20T12:31:13Z"),
            ("2016-01-20T12:31:12+01:00", "2016-01-20T12:31:12Z"),
        ] {
            assert!(instant(earlier) < instant(later), "{earlier} {later}");
        }
        assert_eq!(
            instant("2016-01-20T12:31:12.100Z"),
            instant("2016-01-20T13:31:12.1+01:00")
        );
    }

    #[test]
    fn days_that_do_not_exist_are_no_instants() {
        for text in [
            "2014-08-32T15:50:10.983123Z",
            "2016-04-31T20:06:37.000Z",
            "2015-02-29T00:00:00Z",
            "2014-08-08T15:50:10.Z",
            "2014-08-08T15:50:10",
            "2014-08-08",
            "",
            "2014-08-08T24:00:00Z",
            "2014-08-08T15:50:10+1:00",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
        assert!(instant("2000-02-29T23:59:60Z").is_some());
    }

    #[test]
    fn the_epoch_is_zero() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-03-01T00:00:00Z", 951_868_800),
            ("1969-12-31T23:59:59Z", -1),
            ("2024-02-29T12:00:00Z", 1_709_208_000),
        ] {
            assert_eq!(instant(text).map(|i| i.seconds), Some(seconds), "{text}");
        }
    }
}
