//! What CSAF's schema demands of a document, as far as it carries meaning here.

use crate::formats::instant::instant;
use crate::formats::json::Element;
use crate::formats::{Format, Problems};

/// Checks a document.
pub(crate) fn check(format: Format, root: Element<'_>, problems: &mut Problems) {
    let Some(document) = root.get("document") else {
        return;
    };
    head(format, document, problems);
    if let Some(tracking) = object(document, "tracking", "/document", problems) {
        tracking_fields(tracking, problems);
    }
    distribution(format, document, problems);
    dates(root, problems);
}

/// Every date is one that exists.
fn dates(root: Element<'_>, problems: &mut Problems) {
    root.walk(|path, element| {
        if path.key().is_some_and(|k| k.ends_with("_date"))
            && let Some(text) = element.as_str()
            && instant(text).is_none()
        {
            problems.add(path.pointer(), DATE);
        }
    });
}

const DATE: &str = "this must be a date and time of RFC 3339, such as 2024-01-31T12:00:00Z";

fn head(format: Format, document: Element<'_>, problems: &mut Problems) {
    for key in ["category", "title"] {
        text(document, key, "/document", problems);
    }
    if let Some(publisher) = object(document, "publisher", "/document", problems) {
        let place = "/document/publisher";
        text(publisher, "name", place, problems);
        if let Some(namespace) = text(publisher, "namespace", place, problems)
            && (!namespace.contains(':') || namespace.contains(char::is_whitespace))
        {
            problems.warn(
                "/document/publisher/namespace",
                "the namespace must be a URL",
            );
        }
        if let Some(category) = text(publisher, "category", place, problems) {
            const CATEGORIES: [&str; 7] = [
                "coordinator",
                "discoverer",
                "other",
                "translator",
                "user",
                "vendor",
                "multiplier",
            ];
            let allowed = match format {
                Format::Csaf21 => &CATEGORIES[..],
                _ => CATEGORIES.split_last().map_or(&[][..], |(_, most)| most),
            };
            one_of(category, allowed, "/document/publisher/category", problems);
        }
    }
}

fn tracking_fields(tracking: Element<'_>, problems: &mut Problems) {
    let place = "/document/tracking";
    for key in ["id", "version"] {
        if let Some(value) = text(tracking, key, place, problems)
            && value.trim() != value
        {
            problems.warn(
                format!("{place}/{key}"),
                format!("`{key}` must not begin or end with a space"),
            );
        }
    }
    if let Some(status) = text(tracking, "status", place, problems) {
        one_of(
            status,
            &["draft", "interim", "final"],
            "/document/tracking/status",
            problems,
        );
    }
    for key in ["current_release_date", "initial_release_date"] {
        if tracking.str(key).is_none() {
            problems.add(place, format!("`{key}` is missing"));
        }
    }
    let Some(history) = tracking.get("revision_history") else {
        problems.add(place, "`revision_history` is missing");
        return;
    };
    if !history.is_array() || history.is_empty() {
        problems.add(
            format!("{place}/revision_history"),
            "the revision history must be a list that is not empty",
        );
    }
    for (index, revision) in history.items().enumerate() {
        let place = format!("{place}/revision_history/{index}");
        date(revision, "date", &place, problems);
        text(revision, "number", &place, problems);
        text(revision, "summary", &place, problems);
    }
}

fn distribution(format: Format, document: Element<'_>, problems: &mut Problems) {
    let place = "/document/distribution";
    let Some(distribution) = document.get("distribution") else {
        if format == Format::Csaf21 {
            problems.add("/document", "`distribution` is missing");
        }
        return;
    };
    if let Some(group) = distribution.get("sharing_group") {
        let place = "/document/distribution/sharing_group";
        let name = match group.str("id") {
            Some("ffffffff-ffff-ffff-ffff-ffffffffffff") => Some("Public"),
            Some("00000000-0000-0000-0000-000000000000") => Some("No sharing allowed"),
            Some(_) => None,
            None => {
                problems.add(place, "`id` is missing");
                None
            }
        };
        if name.is_some() && group.str("name") != name {
            problems.add(
                place,
                format!(
                    "a group of this id has the name `{}`",
                    name.unwrap_or_default()
                ),
            );
        }
    }
    let Some(tlp) = distribution.get("tlp") else {
        if format == Format::Csaf21 {
            problems.add(place, "`tlp` is missing");
        }
        return;
    };
    let allowed: &[&str] = match format {
        Format::Csaf21 => &["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"],
        _ => &["WHITE", "GREEN", "AMBER", "RED"],
    };
    match tlp.str("label") {
        Some(label) => one_of(label, allowed, "/document/distribution/tlp/label", problems),
        None => problems.add("/document/distribution/tlp", "`label` is missing"),
    }
}

fn object<'a>(
    owner: Element<'a>,
    key: &str,
    place: &str,
    problems: &mut Problems,
) -> Option<Element<'a>> {
    let value = owner.get(key).filter(|v| v.is_object());
    if value.is_none() {
        problems.add(place, format!("`{key}` is missing"));
    }
    value
}

fn text<'a>(
    owner: Element<'a>,
    key: &str,
    place: &str,
    problems: &mut Problems,
) -> Option<&'a str> {
    let value = owner.str(key).filter(|v| !v.is_empty());
    if value.is_none() {
        problems.add(place, format!("`{key}` must be a string that is not empty"));
    }
    value
}

fn date(owner: Element<'_>, key: &str, place: &str, problems: &mut Problems) {
    if owner.str(key).and_then(instant).is_none() {
        problems.warn(format!("{place}/{key}"), DATE);
    }
}

fn one_of(value: &str, allowed: &[&str], place: &str, problems: &mut Problems) {
    if !allowed.contains(&value) {
        problems.warn(place, format!("this must be one of {}", allowed.join(", ")));
    }
}
