//! How the versions of one document compare.

use std::cmp::Ordering;

use super::Format;
use super::instant::instant;

/// How versions of one document of this format compare: STIX by the instant, CSAF as integers or by SemVer precedence,
/// MISP as integers. What cannot be compared counts as equal, and where only one can, that one is newer.
pub fn compare_versions(format: Format, a: &str, b: &str) -> Ordering {
    match format {
        Format::Stix21 | Format::Stix20 => instant(a).cmp(&instant(b)),
        Format::Csaf20 | Format::Csaf21 => version(a).cmp(&version(b)),
        Format::Misp => integer(a).cmp(&integer(b)),
        Format::Markdown | Format::Text | Format::Pdf => Ordering::Equal,
    }
}

/// Digits as a number of any size: without leading zeros, longer is larger.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Integer<'a> {
    len: usize,
    digits: &'a str,
}

fn integer(text: &str) -> Option<Integer<'_>> {
    let digits = text.trim_start_matches('0');
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then_some(Integer {
        len: digits.len(),
        digits,
    })
}

/// A CSAF version: an integer, or SemVer. A document uses one of them for all its life; should it change, the integer
/// counts as a major version.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version<'a> {
    major: Integer<'a>,
    minor: Integer<'a>,
    patch: Integer<'a>,
    pre: Pre<'a>,
}

/// SemVer §11: a version without pre-release comes after all with one.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pre<'a> {
    Of(Vec<Identifier<'a>>),
    None,
}

/// SemVer §11.4: numbers come before words.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'a> {
    Number(Integer<'a>),
    Word(&'a str),
}

impl Version<'_> {
    /// It has a pre-release part, such as `1.0.0-rc1`.
    pub(crate) fn is_prerelease(&self) -> bool {
        matches!(self.pre, Pre::Of(_))
    }

    /// Zero, or `0.y.z`: not yet released.
    pub(crate) fn is_before_first(&self) -> bool {
        self.major.len == 0
    }

    /// A released version lies between this one and that earlier one: 3 after 1, or 3.0.0 after 1.4.2.
    pub(crate) fn skips_after(&self, earlier: &Version<'_>) -> bool {
        let number = |v: &Version<'_>| {
            if v.major.digits.is_empty() {
                Some(0)
            } else {
                v.major.digits.parse::<u64>().ok()
            }
        };
        match (number(earlier), number(self)) {
            (Some(a), Some(b)) => b > a.saturating_add(1),
            _ => false,
        }
    }

    /// That version is this one before its release.
    pub(crate) fn is_release_of(&self, other: &Version<'_>) -> bool {
        (&self.major, &self.minor, &self.patch) == (&other.major, &other.minor, &other.patch)
    }

    /// The major version is 0 or 1.
    pub(crate) fn may_be_first(&self) -> bool {
        matches!(self.major.digits, "" | "1")
    }
}

/// Parses a CSAF version.
pub(crate) fn version(text: &str) -> Option<Version<'_>> {
    const ZERO: Integer<'static> = Integer { len: 0, digits: "" };
    if let Some(major) = integer(text) {
        return Some(Version {
            major,
            minor: ZERO,
            patch: ZERO,
            pre: Pre::None,
        });
    }
    // Build metadata takes no part in precedence.
    let text = text.split_once('+').map_or(text, |(version, _)| version);
    let (core, pre) = match text.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (text, None),
    };
    let mut parts = core.split('.');
    let (major, minor, patch) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let pre = match pre {
        None => Pre::None,
        Some(pre) => Pre::Of(
            pre.split('.')
                .map(|part| integer(part).map_or(Identifier::Word(part), Identifier::Number))
                .collect(),
        ),
    };
    Some(Version {
        major: integer(major)?,
        minor: integer(minor)?,
        patch: integer(patch)?,
        pre,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_their_formats_say() {
        for (format, older, newer) in [
            (
                Format::Stix21,
                "2016-01-20T12:31:12.12Z",
                "2016-01-20T12:31:12.123Z",
            ),
            (Format::Csaf20, "9", "10"),
            (Format::Csaf20, "1.9.0", "1.10.0"),
            (Format::Csaf21, "1.0.0-alpha", "1.0.0"),
            (Format::Csaf21, "1.0.0-alpha.1", "1.0.0-alpha.beta"),
            (Format::Csaf21, "1.0.0-2", "1.0.0-11"),
            (Format::Misp, "999999999", "1600000000"),
        ] {
            assert_eq!(compare_versions(format, older, newer), Ordering::Less);
            assert_eq!(compare_versions(format, newer, older), Ordering::Greater);
        }
        assert_eq!(
            compare_versions(Format::Csaf20, "1.0.0+a", "1.0.0+b"),
            Ordering::Equal
        );
        assert_eq!(compare_versions(Format::Text, "a", "b"), Ordering::Equal);
    }
}
