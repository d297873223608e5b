//! 6.1.7 to 6.1.10: the CVSS scores of a vulnerability are complete, and follow from their vectors.

use std::collections::HashSet;

use super::cvss::{Cvss, Vector, severity};
use super::mandatory::{Products, defined, lists, strings};
use crate::formats::json::Element;
use crate::formats::{Format, Problems};

/// Checks the scores of a vulnerability.
pub(super) fn check<'a>(
    format: Format,
    vulnerability: Element<'a>,
    place: &str,
    products: &Products<'_>,
    problems: &mut Problems,
) {
    let key = match format {
        Format::Csaf21 => "metrics",
        _ => "scores",
    };
    let mut scored: HashSet<(&'a str, &'a str, &'a str)> = HashSet::new();
    for (index, item) in lists(vulnerability, key) {
        let place = format!("{place}/{key}/{index}");
        defined(item, "products", &place, products, problems);
        // Of 2.1: what another source says is another score.
        let source = item.str("source").unwrap_or_default();
        let scores = item.get("content").unwrap_or(item);
        for (name, score) in scores.entries() {
            let Some(cvss) = Cvss::of(name) else {
                continue;
            };
            let place = format!("{place}/{name}");
            single(cvss, score, &place, problems);
            let version = score.str("version").unwrap_or_default();
            for product in strings(item, "products") {
                if !scored.insert((version, product, source)) {
                    problems.warn(
                        place.as_str(),
                        format!("6.1.7: the product {product} has two scores of CVSS {version}"),
                    );
                }
            }
        }
    }
}

fn single(cvss: Cvss, score: Element<'_>, place: &str, problems: &mut Problems) {
    let required: &[&str] = match cvss {
        Cvss::Two => &["version", "vectorString", "baseScore"],
        Cvss::Three | Cvss::Four => &["version", "vectorString", "baseScore", "baseSeverity"],
    };
    for key in required.iter().filter(|key| score.get(key).is_none()) {
        problems.warn(place, format!("6.1.8: `{key}` is missing"));
    }
    let (Some(version), Some(text)) = (score.str("version"), score.str("vectorString")) else {
        return;
    };
    let Some(vector) = cvss.vector(version, text) else {
        let versions: Vec<&str> = cvss.versions().iter().map(|(v, _)| *v).collect();
        problems.warn(
            format!("{place}/vectorString"),
            format!(
                "6.1.8: this is no vector of CVSS {version}; the property is for {}",
                versions.join(" and ")
            ),
        );
        return;
    };
    follows(cvss, score, &vector, place, problems);
    for (property, letter) in vector.properties() {
        if score
            .str(property)
            .is_some_and(|value| !value.starts_with(letter))
        {
            problems.warn(
                format!("{place}/{property}"),
                format!("6.1.10: the vector says {letter}"),
            );
        }
    }
}

/// 6.1.9: the numbers follow from the vector.
fn follows(
    cvss: Cvss,
    score: Element<'_>,
    vector: &Vector<'_>,
    place: &str,
    problems: &mut Problems,
) {
    let Some(said) = score
        .get("baseScore")
        .and_then(Element::as_number)
        .and_then(|n| n.parse::<f64>().ok())
    else {
        return;
    };
    // Scores have one decimal.
    let differs = |a: f64, b: f64| (a - b).abs() > 0.05;
    match vector.score() {
        Some(base) if differs(said, base) => problems.warn(
            format!("{place}/baseScore"),
            format!("6.1.9: the vector's base score is {base}, not {said}"),
        ),
        _ if !(0.0..=10.0).contains(&said) => problems.warn(
            format!("{place}/baseScore"),
            "6.1.8: a score is from 0 to 10",
        ),
        _ => {}
    }
    let named = score.str("baseSeverity").filter(|_| cvss != Cvss::Two);
    if named.is_some_and(|named| named != severity(said)) {
        problems.warn(
            format!("{place}/baseSeverity"),
            format!("6.1.9: a score of {said} is {}", severity(said)),
        );
    }
}
