//! CSAF's mandatory tests (section 6.1), those about revisions, products, vulnerabilities and profiles. The numbers are
//! those of the tests.

use std::collections::{HashMap, HashSet};

use super::{consistency, scores};
use crate::formats::instant::{Instant, instant};
use crate::formats::json::Element;
use crate::formats::versions::{Version, version};
use crate::formats::{Format, Problems};

/// Runs the tests on a document.
pub(crate) fn check(format: Format, root: Element<'_>, problems: &mut Problems) {
    history(root, problems);
    let products = products(format, root, problems);
    vulnerabilities(format, root, &products, problems);
    profile(format, root, &products, problems);
    consistency::check(root, problems);
}

/// 6.1.14 to 6.1.22: the revision history and the version agree.
fn history(root: Element<'_>, problems: &mut Problems) {
    let tracking = root.get("document").and_then(|d| d.get("tracking"));
    let Some((tracking, history)) = tracking.and_then(|t| Some((t, t.get("revision_history")?)))
    else {
        return;
    };
    const HISTORY: &str = "/document/tracking/revision_history";
    const VERSION: &str = "/document/tracking/version";
    let is_draft = tracking.str("status") == Some("draft");
    let mut revisions: Vec<(Instant<'_>, Version<'_>)> = Vec::new();
    let mut integers = 0usize;
    for (index, item) in history.items().enumerate() {
        let place = format!("{HISTORY}/{index}/number");
        let (Some(date), Some(number)) = (item.str("date").and_then(instant), item.str("number"))
        else {
            continue;
        };
        let Some(parsed) = version(number) else {
            problems.warn(
                place,
                "the number is neither an integer nor a SemVer version",
            );
            continue;
        };
        integers = integers.saturating_add(usize::from(!number.contains('.')));
        if parsed.is_prerelease() {
            problems.warn(
                place.as_str(),
                "6.1.19: a revision's number has no pre-release part",
            );
        }
        if parsed.is_before_first() && !is_draft {
            problems.warn(place, "6.1.18: only a draft has revisions before 1");
        }
        revisions.push((date, parsed));
    }
    if integers != 0 && integers != revisions.len() {
        problems.warn(HISTORY, "6.1.30: integers and SemVer versions are mixed");
    }
    revisions.sort_by(|a, b| a.0.cmp(&b.0));
    for pair in revisions.windows(2) {
        if let [(_, earlier), (_, later)] = pair {
            if earlier == later {
                problems.warn(HISTORY, "6.1.22: a number stands twice");
            } else if earlier > later {
                problems.warn(HISTORY, "6.1.14: numbers do not rise with the dates");
            } else if later.skips_after(earlier) {
                problems.warn(HISTORY, "6.1.21: a version is missing");
            }
        }
    }
    if revisions
        .first()
        .is_some_and(|(_, first)| !first.may_be_first())
    {
        problems.warn(
            HISTORY,
            "6.1.21: the history does not begin with version 0 or 1",
        );
    }
    let Some(number) = tracking.str("version") else {
        return;
    };
    let Some(parsed) = version(number) else {
        problems.warn(
            VERSION,
            "the version is neither an integer nor a SemVer version",
        );
        return;
    };
    if (parsed.is_before_first() || parsed.is_prerelease()) && !is_draft {
        problems.warn(
            VERSION,
            "6.1.17: only a draft has a version before 1 or a pre-release part",
        );
    }
    let latest = revisions.iter().map(|(_, v)| v).max();
    if latest
        .is_some_and(|latest| *latest != parsed && !(is_draft && latest.is_release_of(&parsed)))
    {
        problems.warn(
            VERSION,
            "6.1.16: the version is not that of the latest revision",
        );
    }
}

/// What the product tree defines.
#[derive(Default)]
pub(super) struct Products<'a> {
    ids: HashSet<&'a str>,
    groups: HashMap<&'a str, Vec<&'a str>>,
}

impl<'a> Products<'a> {
    /// The products that something names, itself or through groups.
    fn named(&self, owner: Element<'a>) -> Vec<&'a str> {
        let groups = strings(owner, "group_ids")
            .filter_map(|group| self.groups.get(group))
            .flatten()
            .copied();
        strings(owner, "product_ids").chain(groups).collect()
    }
}

/// 6.1.1 to 6.1.5, 6.1.13, 6.1.31, and of 2.1 6.1.44 and 6.1.50: the product tree is consistent.
fn products<'a>(format: Format, root: Element<'a>, problems: &mut Problems) -> Products<'a> {
    let mut products = Products::default();
    let Some(tree) = root.get("product_tree") else {
        return products;
    };
    if tree.is_empty() {
        problems.warn("/product_tree", "the product tree is empty");
    }
    tree.walk(|path, element| {
        let place = || format!("/product_tree{}", path.pointer());
        match path.key() {
            Some("product_id") => {
                if let Some(id) = element.as_str()
                    && !products.ids.insert(id)
                {
                    problems.warn(
                        place(),
                        format!("6.1.2: the product id {id} is defined twice"),
                    );
                }
            }
            Some("purl") if !element.as_str().is_some_and(is_purl) => {
                problems.warn(place(), "6.1.13: this is no package URL");
            }
            Some("serial_numbers" | "model_numbers")
                if format == Format::Csaf21
                    && element
                        .items()
                        .filter_map(Element::as_str)
                        .any(has_many_stars) =>
            {
                problems.warn(place(), "6.1.44: a number has more than one star");
            }
            _ => {}
        }
        if let Some(name) = element.str("name") {
            match element.str("category") {
                Some("product_version") if is_range(name) => {
                    problems.warn(
                        place(),
                        "6.1.31: a product version is one version, no range",
                    );
                }
                Some("product_version_range")
                    if format == Format::Csaf21 && name.contains(char::is_whitespace) =>
                {
                    problems.warn(
                        place(),
                        "6.1.50: a version range is written as `vers:` or as a simple range",
                    );
                }
                _ => {}
            }
        }
    });
    let groups = tree.get("product_groups");
    for (index, group) in groups.into_iter().flat_map(Element::items).enumerate() {
        let place = format!("/product_tree/product_groups/{index}");
        defined(group, "product_ids", &place, &products, problems);
        if let Some(id) = group.str("group_id")
            && products
                .groups
                .insert(id, strings(group, "product_ids").collect())
                .is_some()
        {
            problems.warn(
                format!("{place}/group_id"),
                format!("6.1.5: the group id {id} is defined twice"),
            );
        }
    }
    let relationships = tree.get("relationships");
    for (index, relationship) in relationships
        .into_iter()
        .flat_map(Element::items)
        .enumerate()
    {
        for key in ["product_reference", "relates_to_product_reference"] {
            if let Some(id) = relationship.str(key)
                && !products.ids.contains(id)
            {
                problems.warn(
                    format!("/product_tree/relationships/{index}/{key}"),
                    format!("6.1.1: the product {id} is not defined"),
                );
            }
        }
    }
    products
}

/// 6.1.1: the products in this list are defined.
pub(super) fn defined(
    owner: Element<'_>,
    key: &str,
    place: &str,
    products: &Products<'_>,
    problems: &mut Problems,
) {
    for id in strings(owner, key) {
        if !products.ids.contains(id) {
            problems.warn(
                format!("{place}/{key}"),
                format!("6.1.1: the product {id} is not defined"),
            );
        }
    }
}

/// 6.1.1, 6.1.4, 6.1.6, 6.1.8, 6.1.23, 6.1.29, 6.1.32, 6.1.33: each vulnerability is consistent.
fn vulnerabilities<'a>(
    format: Format,
    root: Element<'a>,
    products: &Products<'a>,
    problems: &mut Problems,
) {
    let Some(list) = root.get("vulnerabilities") else {
        return;
    };
    if !list.is_array() || list.is_empty() {
        problems.warn(
            "/vulnerabilities",
            "`vulnerabilities` must be a list that is not empty",
        );
    }
    let mut cves = HashSet::new();
    for (index, vulnerability) in list.items().enumerate() {
        if problems.is_full() {
            return;
        }
        let place = format!("/vulnerabilities/{index}");
        if vulnerability.is_empty() {
            problems.warn(place.as_str(), "a vulnerability is not empty");
        }
        if let Some(cve) = vulnerability.get("cve") {
            match cve.as_str() {
                Some(cve) if is_cve(cve) => {
                    if !cves.insert(cve) {
                        problems.warn(
                            format!("{place}/cve"),
                            format!("6.1.23: {cve} stands twice"),
                        );
                    }
                }
                _ => problems.warn(format!("{place}/cve"), "this is no CVE id"),
            }
        }
        statuses(vulnerability, &place, products, problems);
        for (key, needs_product) in [
            ("remediations", "6.1.29"),
            ("flags", "6.1.32"),
            ("threats", ""),
        ] {
            let items = vulnerability.get(key);
            for (index, item) in items.into_iter().flat_map(Element::items).enumerate() {
                let place = format!("{place}/{key}/{index}");
                defined(item, "product_ids", &place, products, problems);
                for group in strings(item, "group_ids") {
                    if !products.groups.contains_key(group) {
                        problems.warn(
                            format!("{place}/group_ids"),
                            format!("6.1.4: the group {group} is not defined"),
                        );
                    }
                }
                if !needs_product.is_empty()
                    && item.get("product_ids").is_none()
                    && item.get("group_ids").is_none()
                {
                    problems.warn(place, format!("{needs_product}: no product is named"));
                }
            }
        }
        let mut flagged = HashSet::new();
        for (index, flag) in lists(vulnerability, "flags") {
            let named: HashSet<&str> = products.named(flag).into_iter().collect();
            if named.into_iter().any(|product| !flagged.insert(product)) {
                problems.warn(
                    format!("{place}/flags/{index}"),
                    "6.1.33: a product has two flags",
                );
            }
        }
        scores::check(format, vulnerability, &place, products, problems);
    }
}

fn statuses<'a>(
    vulnerability: Element<'a>,
    place: &str,
    products: &Products<'a>,
    problems: &mut Problems,
) {
    let Some(status) = vulnerability.get("product_status") else {
        return;
    };
    let place = format!("{place}/product_status");
    let mut groups: HashMap<&str, &str> = HashMap::new();
    for (key, list) in status.entries() {
        defined(status, key, &place, products, problems);
        let group = match key {
            "first_affected" | "known_affected" | "last_affected" => "affected",
            "first_fixed" | "fixed" => "fixed",
            "known_not_affected" | "under_investigation" | "unknown" => key,
            _ => continue,
        };
        for product in list.items().filter_map(Element::as_str) {
            let other = groups.insert(product, group);
            if other.is_some_and(|other| other != group) {
                problems.warn(
                    place.as_str(),
                    format!("6.1.6: the product {product} is in contradicting groups"),
                );
            }
        }
    }
}

/// 6.1.26 and 6.1.27: a category of CSAF's own demands what its profile says.
fn profile<'a>(
    format: Format,
    root: Element<'a>,
    products: &Products<'a>,
    problems: &mut Problems,
) {
    let Some(document) = root.get("document") else {
        return;
    };
    let category = document.str("category").unwrap_or_default();
    let vulnerabilities = root.get("vulnerabilities");
    let is_security = matches!(
        category,
        "csaf_security_advisory" | "csaf_deprecated_security_advisory"
    );
    let is_vex = category == "csaf_vex";
    let is_news = matches!(
        category,
        "csaf_informational_advisory" | "csaf_security_incident_response"
    );
    let is_known = is_security
        || is_vex
        || is_news
        || category == "csaf_base"
        || (format == Format::Csaf21 && matches!(category, "csaf_withdrawn" | "csaf_superseded"));
    if !is_known && category.to_ascii_lowercase().starts_with("csaf_") {
        problems.warn(
            "/document/category",
            "6.1.26: the prefix `csaf_` is reserved",
        );
    }
    if is_news {
        let notes = ["description", "details", "general", "summary"];
        if !lists(document, "notes")
            .any(|(_, n)| n.str("category").is_some_and(|c| notes.contains(&c)))
        {
            problems.warn(
                "/document",
                "6.1.27.1: a note that describes, details or summarises is missing",
            );
        }
        if !lists(document, "references").any(|(_, r)| r.str("category") == Some("external")) {
            problems.warn("/document", "6.1.27.2: an external reference is missing");
        }
    }
    if category == "csaf_informational_advisory" && vulnerabilities.is_some() {
        problems.warn(
            "/vulnerabilities",
            "6.1.27.3: an informational advisory has no vulnerabilities",
        );
    }
    if category == "csaf_withdrawn" {
        let reasons = lists(document, "notes")
            .filter(|(_, n)| n.str("title") == Some("Reasoning for Withdrawal"));
        for (index, note) in reasons {
            if note.str("category") != Some("description") {
                problems.warn(
                    format!("/document/notes/{index}"),
                    "6.1.27.17: the reasoning for a withdrawal has the category `description`",
                );
            }
        }
    }
    if !(is_security || is_vex) {
        return;
    }
    if root.get("product_tree").is_none() {
        problems.warn("", "6.1.27.4: `product_tree` is missing");
    }
    if vulnerabilities.is_none() {
        problems.warn("", "6.1.27.11: `vulnerabilities` is missing");
    }
    for (index, vulnerability) in lists(root, "vulnerabilities") {
        if problems.is_full() {
            return;
        }
        let place = format!("/vulnerabilities/{index}");
        if vulnerability.get("notes").is_none() {
            problems.warn(place.as_str(), "6.1.27.5: `notes` is missing");
        }
        let status = vulnerability.get("product_status");
        if is_security && status.is_none() {
            problems.warn(place.as_str(), "6.1.27.6: `product_status` is missing");
        }
        if is_vex {
            vex(vulnerability, &place, products, problems);
        }
    }
}

/// 6.1.27.7 to 6.1.27.10: what VEX demands of a vulnerability.
fn vex<'a>(
    vulnerability: Element<'a>,
    place: &str,
    products: &Products<'a>,
    problems: &mut Problems,
) {
    let status = vulnerability.get("product_status");
    let keys = [
        "fixed",
        "known_affected",
        "known_not_affected",
        "under_investigation",
    ];
    if !status.is_some_and(|s| keys.iter().any(|k| s.get(k).is_some())) {
        problems.warn(
            place,
            format!(
                "6.1.27.7: `product_status` needs one of {}",
                keys.join(", ")
            ),
        );
    }
    if vulnerability.get("cve").is_none() && vulnerability.get("ids").is_none() {
        problems.warn(place, "6.1.27.8: `cve` or `ids` is missing");
    }
    let stated = |key: &str, category: Option<&str>| -> HashSet<&str> {
        lists(vulnerability, key)
            .filter(|(_, item)| category.is_none() || item.str("category") == category)
            .flat_map(|(_, item)| products.named(item))
            .collect()
    };
    let mut explained = stated("flags", None);
    explained.extend(stated("threats", Some("impact")));
    let treated = stated("remediations", None);
    for (key, by, number, what) in [
        (
            "known_not_affected",
            &explained,
            "6.1.27.9",
            "impact statement",
        ),
        ("known_affected", &treated, "6.1.27.10", "remediation"),
    ] {
        let listed = status.and_then(|s| s.get(key));
        for product in listed
            .into_iter()
            .flat_map(Element::items)
            .filter_map(Element::as_str)
        {
            if !by.contains(product) {
                problems.warn(
                    format!("{place}/product_status/{key}"),
                    format!("{number}: the product {product} has no {what}"),
                );
            }
        }
    }
}

/// The items of a list with their index.
pub(super) fn lists<'a>(
    owner: Element<'a>,
    key: &str,
) -> impl Iterator<Item = (usize, Element<'a>)> {
    owner
        .get(key)
        .into_iter()
        .flat_map(Element::items)
        .enumerate()
}

/// The strings of a list.
pub(super) fn strings<'a>(owner: Element<'a>, key: &str) -> impl Iterator<Item = &'a str> {
    owner
        .get(key)
        .into_iter()
        .flat_map(Element::items)
        .filter_map(Element::as_str)
}

fn is_cve(text: &str) -> bool {
    text.strip_prefix("CVE-")
        .and_then(|rest| rest.split_once('-'))
        .is_some_and(|(year, number)| {
            let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
            year.len() == 4 && digits(year) && number.len() >= 4 && digits(number)
        })
}

/// The schema's pattern `^pkg:[A-Za-z\.\-\+][A-Za-z0-9\.\-\+]*\/.+`.
fn is_purl(text: &str) -> bool {
    text.strip_prefix("pkg:")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(kind, name)| {
            !name.is_empty()
                && !kind.is_empty()
                && !kind.starts_with(|c: char| c.is_ascii_digit())
                && kind
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'))
        })
}

fn has_many_stars(number: &str) -> bool {
    let mut stars = 0usize;
    let mut escaped = false;
    for c in number.chars() {
        if c == '*' && !escaped {
            stars = stars.saturating_add(1);
        }
        escaped = c == '\\' && !escaped;
    }
    stars > 1
}

/// 6.1.31 lists the signs and words of a range.
fn is_range(name: &str) -> bool {
    const WORDS: [&str; 7] = [
        "after", "all", "before", "earlier", "later", "prior", "versions",
    ];
    name.contains(['<', '>'])
        || name
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| WORDS.iter().any(|w| word.eq_ignore_ascii_case(w)))
}
