//! Mandatory tests about single facts: 6.1.3, 6.1.11, 6.1.12, 6.1.15, 6.1.24, 6.1.25 and 6.1.28.

use std::collections::{HashMap, HashSet};

use super::mandatory::lists;
use super::weaknesses;
use crate::formats::Problems;
use crate::formats::json::Element;

/// Runs these tests.
pub(super) fn check(root: Element<'_>, problems: &mut Problems) {
    languages(root, problems);
    circles(root, problems);
    hashes(root, problems);
    for (index, vulnerability) in lists(root, "vulnerabilities") {
        let place = format!("/vulnerabilities/{index}");
        if let Some(cwe) = vulnerability.get("cwe") {
            weakness(cwe, &format!("{place}/cwe"), problems);
        }
        for (index, cwe) in lists(vulnerability, "cwes") {
            weakness(cwe, &format!("{place}/cwes/{index}"), problems);
        }
        involvements(vulnerability, &place, problems);
    }
}

/// 6.1.11: the name is that of the weakness.
fn weakness(cwe: Element<'_>, place: &str, problems: &mut Problems) {
    let (Some(id), Some(said)) = (cwe.str("id"), cwe.str("name")) else {
        problems.warn(place, "a weakness needs an `id` and a `name`");
        return;
    };
    if !weaknesses::is_id(id) {
        problems.warn(format!("{place}/id"), "6.1.11: this is no CWE id");
    } else if let Some(name) = weaknesses::name(id)
        && name != said
    {
        problems.warn(
            format!("{place}/name"),
            format!("6.1.11: the name of {id} is “{name}”"),
        );
    }
}

/// 6.1.24: a party does one thing at a time.
fn involvements(vulnerability: Element<'_>, place: &str, problems: &mut Problems) {
    let mut seen = HashSet::new();
    for (index, involvement) in lists(vulnerability, "involvements") {
        if let (Some(party), Some(date)) = (involvement.str("party"), involvement.str("date"))
            && !seen.insert((party, date))
        {
            problems.warn(
                format!("{place}/involvements/{index}"),
                format!("6.1.24: {party} is involved twice at {date}"),
            );
        }
    }
}

/// 6.1.12, 6.1.15 and 6.1.28: language tags, and what a translation says of its source.
fn languages(root: Element<'_>, problems: &mut Problems) {
    let Some(document) = root.get("document") else {
        return;
    };
    for key in ["lang", "source_lang"] {
        if let Some(tag) = document.get(key)
            && !tag.as_str().is_some_and(is_language)
        {
            problems.warn(
                format!("/document/{key}"),
                "6.1.12: this is no language tag of RFC 5646, such as en or de-CH",
            );
        }
    }
    let source = document.str("source_lang");
    if source.is_some() && source == document.str("lang") {
        problems.warn(
            "/document/source_lang",
            "6.1.28: a translation is in another language than its source",
        );
    }
    let publisher = document.get("publisher").and_then(|p| p.str("category"));
    if publisher == Some("translator") && source.is_none() {
        problems.warn(
            "/document",
            "6.1.15: a translator names the language of the source, `source_lang`",
        );
    }
}

/// A tag by its form: a language of 2 to 8 letters, or one for private use, and further subtags.
fn is_language(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let is_subtag =
        |t: &str| (1..=8).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric());
    let first = subtags.next().unwrap_or_default();
    let begins = ((2..=8).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic()))
        || matches!(first, "i" | "x");
    begins && subtags.all(is_subtag)
}

/// 6.1.25: one hash an algorithm.
fn hashes(root: Element<'_>, problems: &mut Problems) {
    let Some(tree) = root.get("product_tree") else {
        return;
    };
    tree.walk(|path, element| {
        if path.key() != Some("file_hashes") {
            return;
        }
        let mut seen = HashSet::new();
        for hash in element.items() {
            if hash.str("algorithm").is_some_and(|a| !seen.insert(a)) {
                problems.warn(
                    format!("/product_tree{}", path.pointer()),
                    "6.1.25: an algorithm stands twice among the hashes of a file",
                );
            }
        }
    });
}

/// 6.1.3: no product is defined by itself, directly or by way of others.
fn circles(root: Element<'_>, problems: &mut Problems) {
    let Some(tree) = root.get("product_tree") else {
        return;
    };
    let mut places = HashMap::new();
    let mut made_of: HashMap<&str, Vec<&str>> = HashMap::new();
    for (index, relationship) in lists(tree, "relationships") {
        let product = relationship
            .get("full_product_name")
            .and_then(|p| p.str("product_id"));
        if let Some(product) = product {
            let _ = places.insert(product, index);
            let parts = ["product_reference", "relates_to_product_reference"];
            made_of
                .entry(product)
                .or_default()
                .extend(parts.iter().filter_map(|key| relationship.str(key)));
        }
    }
    // What is made of nothing here, or only of what is fine, is fine; what remains in the end goes round.
    let mut uses: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut waits: HashMap<&str, usize> = HashMap::new();
    let mut fine: Vec<&str> = Vec::new();
    for (product, parts) in &made_of {
        let inner = parts.iter().filter(|part| made_of.contains_key(*part));
        let mut count = 0usize;
        for part in inner {
            count = count.saturating_add(1);
            uses.entry(part).or_default().push(product);
        }
        if count == 0 {
            fine.push(product);
        } else {
            let _ = waits.insert(product, count);
        }
    }
    while let Some(product) = fine.pop() {
        for user in uses.get(product).into_iter().flatten() {
            if let Some(count) = waits.get_mut(user) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    let _ = waits.remove(user);
                    fine.push(user);
                }
            }
        }
    }
    let mut circular: Vec<usize> = waits
        .keys()
        .filter_map(|p| places.get(p))
        .copied()
        .collect();
    circular.sort_unstable();
    for index in circular {
        problems.warn(
            format!("/product_tree/relationships/{index}"),
            "6.1.3: the product is defined by way of itself",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags_have_a_form() {
        for tag in ["en", "de-CH", "zh-Hant-TW", "x-own", "i-klingon", "es-419"] {
            assert!(is_language(tag), "{tag}");
        }
        for tag in ["", "e", "en_US", "en-", "123", "en-abcdefghi"] {
            assert!(!is_language(tag), "{tag}");
        }
    }
}
