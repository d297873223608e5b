//! Values on the command line: read once, refused with the words that would have been right.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::clock::Timestamp;
use crate::model::ids::{CommunityId, InvalidId, ItemId, MemberId, Name};
use crate::model::label::Label;
use crate::model::submission::Addressee;
use crate::wire::push;

/// A word of a closed vocabulary.
pub(super) fn word<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
    read: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(move |word| name(*word)))
        .try_map(move |text| read(&text).ok_or("this is not one of the words"))
}

/// A label, in any of its spellings.
pub(super) fn label(text: &str) -> Result<Label, String> {
    Label::parse(text)
        .ok_or_else(|| format!("the labels are {}", Label::ALL.map(Label::name).join(", ")))
}

/// A time: RFC 3339, or a date.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| {
        "a date such as 2027-01-31 or a time such as 2027-01-31T12:00:00Z is wanted".to_owned()
    })
}

/// A length of time in seconds: a number with s, m, h, d or w.
pub(super) fn seconds(text: &str) -> Result<u32, String> {
    let problem = || "a number with s, m, h, d or w is wanted, such as 24h or 7d".to_owned();
    let unit = text.chars().last().ok_or_else(problem)?;
    let each = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(problem()),
    };
    text.strip_suffix(unit)
        .and_then(|digits| digits.parse::<u32>().ok())
        .and_then(|number| number.checked_mul(each))
        .filter(|seconds| (1..=TTL_SECONDS_MAX).contains(seconds))
        .ok_or_else(|| format!("{}, at least 1s and at most 30d", problem()))
}

/// `ID=LABEL`: a marking that the submitter settles.
pub(super) fn resolved(text: &str) -> Result<(String, Label), String> {
    let (marking, text) = text
        .rsplit_once('=')
        .filter(|(marking, _)| !marking.is_empty())
        .ok_or_else(|| "ID=LABEL is wanted, such as line:12=GREEN".to_owned())?;
    Ok((marking.to_owned(), label(text)?))
}

/// Whom `--to` names: a community (with a dot), a member, or `member/person`.
pub(super) fn addressee(text: &str) -> Result<Addressee, String> {
    push::addressee(text).map_err(|malformed| malformed.problem)
}

/// A community's id.
pub(super) fn community(text: &str) -> Result<CommunityId, InvalidId> {
    CommunityId::parse(text)
}

/// A member's id.
pub(super) fn member(text: &str) -> Result<MemberId, InvalidId> {
    MemberId::parse(text)
}

/// A person's, tool's or operator's name.
pub(super) fn name(text: &str) -> Result<Name, InvalidId> {
    Name::parse(text)
}

/// An item's id.
pub(super) fn item(text: &str) -> Result<ItemId, InvalidId> {
    ItemId::parse(text)
}

/// 30 days: what the node allows an invite to live (`CreateMemberInviteRequest.ttl_seconds`).
const TTL_SECONDS_MAX: u32 = 30 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_units_and_bounds() {
        assert_eq!(seconds("24h"), Ok(86_400));
        assert_eq!(seconds("30d"), Ok(TTL_SECONDS_MAX));
        assert_eq!(seconds("90s"), Ok(90));
        for text in [
            "",
            "h",
            "24",
            "0h",
            "31d",
            "-1h",
            "1y",
            "99999999999h",
            "1é",
        ] {
            assert!(seconds(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn settled_markings_split_at_the_last_equals_sign() {
        assert_eq!(
            resolved("line:12=GREEN"),
            Ok(("line:12".to_owned(), Label::Green))
        );
        assert_eq!(resolved("a=b=tlp:red"), Ok(("a=b".to_owned(), Label::Red)));
        for text in ["", "=GREEN", "line:12", "line:12=PINK"] {
            assert!(resolved(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn an_audience_names_communities_members_or_persons() {
        for text in ["water.isac.example", "acme", "acme/meryem"] {
            let read = addressee(text).map(|to| push::addressee_to_text(&to));
            assert_eq!(read.as_deref(), Ok(text));
        }
        for text in ["", "Acme", "acme/", "/x", "a/b/c", "water.isac.example/x"] {
            assert!(addressee(text).is_err(), "{text:?} was accepted");
        }
    }
}
