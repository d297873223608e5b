//! CVSS: whether a vector is one, and the base score that follows from it (FIRST, CVSS 2.0 §3.2.1, 3.1 §7.1).
//!
//! Of version 4.0 only the form is looked at: its score follows from a table of expert votes, not from a formula.

/// A version of CVSS, by the name of its property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cvss {
    /// `cvss_v2`
    Two,
    /// `cvss_v3`: 3.0 and 3.1 share metrics and, but for rounding, the formula.
    Three,
    /// `cvss_v4`
    Four,
}

/// A base metric: its abbreviation, the property that repeats it, and the values that it has.
struct Metric {
    name: &'static str,
    property: &'static str,
    values: &'static str,
}

const fn metric(name: &'static str, property: &'static str, values: &'static str) -> Metric {
    Metric {
        name,
        property,
        values,
    }
}

const TWO: [Metric; 6] = [
    metric("AV", "accessVector", "LAN"),
    metric("AC", "accessComplexity", "HML"),
    metric("Au", "authentication", "MSN"),
    metric("C", "confidentialityImpact", "NPC"),
    metric("I", "integrityImpact", "NPC"),
    metric("A", "availabilityImpact", "NPC"),
];
const THREE: [Metric; 8] = [
    metric("AV", "attackVector", "NALP"),
    metric("AC", "attackComplexity", "LH"),
    metric("PR", "privilegesRequired", "NLH"),
    metric("UI", "userInteraction", "NR"),
    metric("S", "scope", "UC"),
    metric("C", "confidentialityImpact", "HLN"),
    metric("I", "integrityImpact", "HLN"),
    metric("A", "availabilityImpact", "HLN"),
];
const FOUR: [Metric; 11] = [
    metric("AV", "attackVector", "NALP"),
    metric("AC", "attackComplexity", "LH"),
    metric("AT", "attackRequirements", "NP"),
    metric("PR", "privilegesRequired", "NLH"),
    metric("UI", "userInteraction", "NPA"),
    metric("VC", "vulnConfidentialityImpact", "HLN"),
    metric("VI", "vulnIntegrityImpact", "HLN"),
    metric("VA", "vulnAvailabilityImpact", "HLN"),
    metric("SC", "subConfidentialityImpact", "HLN"),
    metric("SI", "subIntegrityImpact", "HLN"),
    metric("SA", "subAvailabilityImpact", "HLN"),
];

impl Cvss {
    /// The version of a property of a score.
    pub(super) fn of(property: &str) -> Option<Self> {
        match property {
            "cvss_v2" => Some(Cvss::Two),
            "cvss_v3" => Some(Cvss::Three),
            "cvss_v4" => Some(Cvss::Four),
            _ => None,
        }
    }

    fn metrics(self) -> &'static [Metric] {
        match self {
            Cvss::Two => &TWO,
            Cvss::Three => &THREE,
            Cvss::Four => &FOUR,
        }
    }

    /// The versions that a score may say, and how their vectors begin.
    pub(super) const fn versions(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Cvss::Two => &[("2.0", "")],
            Cvss::Three => &[("3.0", "CVSS:3.0/"), ("3.1", "CVSS:3.1/")],
            Cvss::Four => &[("4.0", "CVSS:4.0/")],
        }
    }

    /// Reads a vector of this version.
    pub(super) fn vector<'a>(self, version: &str, text: &'a str) -> Option<Vector<'a>> {
        let (_, begin) = self.versions().iter().find(|(v, _)| *v == version)?;
        let metrics = text.strip_prefix(begin)?;
        let vector = Vector {
            cvss: self,
            metrics,
        };
        let mut seen: Vec<&str> = Vec::new();
        for metric in metrics.split('/') {
            let (name, value) = metric.split_once(':')?;
            // No version has more than 32 metrics, so that a search among them is short.
            if value.is_empty() || seen.contains(&name) || seen.len() >= METRICS_MAX {
                return None;
            }
            seen.push(name);
        }
        let has_all = self.metrics().iter().all(|metric| {
            vector
                .value(metric.name)
                .is_some_and(|value| value.len() == 1 && metric.values.contains(value))
        });
        has_all.then_some(vector)
    }
}

/// Most metrics of any version.
const METRICS_MAX: usize = 32;

/// A vector with all base metrics.
pub(super) struct Vector<'a> {
    cvss: Cvss,
    metrics: &'a str,
}

impl<'a> Vector<'a> {
    fn value(&self, name: &str) -> Option<&'a str> {
        self.metrics
            .split('/')
            .filter_map(|metric| metric.split_once(':'))
            .find_map(|(n, value)| (n == name).then_some(value))
    }

    /// The properties beside a vector that repeat its base metrics, each with the letter that its value begins with.
    pub(super) fn properties(&self) -> impl Iterator<Item = (&'static str, &'a str)> {
        self.cvss
            .metrics()
            .iter()
            .filter_map(|metric| Some((metric.property, self.value(metric.name)?)))
    }

    /// The base score; of version 4.0 none.
    pub(super) fn score(&self) -> Option<f64> {
        match self.cvss {
            Cvss::Two => self.two(),
            Cvss::Three => self.three(),
            Cvss::Four => None,
        }
    }

    fn weight(&self, name: &str, weights: &[(&str, f64)]) -> Option<f64> {
        let value = self.value(name)?;
        weights
            .iter()
            .find_map(|(v, w)| (*v == value).then_some(*w))
    }

    /// The part of confidentiality, integrity and availability that is lost.
    fn lost(&self, weights: &[(&str, f64)]) -> Option<f64> {
        let kept = |name| Some(1.0 - self.weight(name, weights)?);
        Some(1.0 - kept("C")? * kept("I")? * kept("A")?)
    }

    fn two(&self) -> Option<f64> {
        let impact = 10.41 * self.lost(&[("N", 0.0), ("P", 0.275), ("C", 0.66)])?;
        let exploitability = 20.0
            * self.weight("AV", &[("L", 0.395), ("A", 0.646), ("N", 1.0)])?
            * self.weight("AC", &[("H", 0.35), ("M", 0.61), ("L", 0.71)])?
            * self.weight("Au", &[("M", 0.45), ("S", 0.56), ("N", 0.704)])?;
        let factor = if impact == 0.0 { 0.0 } else { 1.176 };
        Some(((0.6 * impact + 0.4 * exploitability - 1.5) * factor * 10.0).round() / 10.0)
    }

    fn three(&self) -> Option<f64> {
        let is_changed = self.value("S")? == "C";
        let lost = self.lost(&[("H", 0.56), ("L", 0.22), ("N", 0.0)])?;
        let (low, high) = if is_changed {
            (0.68, 0.5)
        } else {
            (0.62, 0.27)
        };
        let exploitability = 8.22
            * self.weight("AV", &[("N", 0.85), ("A", 0.62), ("L", 0.55), ("P", 0.2)])?
            * self.weight("AC", &[("L", 0.77), ("H", 0.44)])?
            * self.weight("PR", &[("N", 0.85), ("L", low), ("H", high)])?
            * self.weight("UI", &[("N", 0.85), ("R", 0.62)])?;
        let (impact, factor) = if is_changed {
            (7.52 * (lost - 0.029) - 3.25 * (lost - 0.02).powi(15), 1.08)
        } else {
            (6.42 * lost, 1.0)
        };
        if impact <= 0.0 {
            return Some(0.0);
        }
        // Rounded up to a tenth, as appendix A says, so that a fault in the last binary digit makes no tenth.
        let units = ((factor * (impact + exploitability)).min(10.0) * 100_000.0).round();
        Some((units / 10_000.0).ceil() / 10.0)
    }
}

/// The severity of a score, in versions 3 and 4.
pub(super) fn severity(score: f64) -> &'static str {
    match score {
        s if s <= 0.0 => "NONE",
        s if s < 4.0 => "LOW",
        s if s < 7.0 => "MEDIUM",
        s if s < 9.0 => "HIGH",
        _ => "CRITICAL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_published_vulnerabilities() {
        for (cvss, version, vector, score) in [
            (
                Cvss::Three,
                "3.1",
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
                10.0,
            ),
            (
                Cvss::Three,
                "3.0",
                "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                9.8,
            ),
            (
                Cvss::Three,
                "3.1",
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
                7.5,
            ),
            (
                Cvss::Three,
                "3.1",
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
                6.1,
            ),
            (
                Cvss::Three,
                "3.1",
                "CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H",
                7.0,
            ),
            (
                Cvss::Three,
                "3.1",
                "CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N",
                0.0,
            ),
            (Cvss::Two, "2.0", "AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0),
            (Cvss::Two, "2.0", "AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8),
            (Cvss::Two, "2.0", "AV:L/AC:H/Au:N/C:C/I:C/A:C", 6.2),
            (
                Cvss::Two,
                "2.0",
                "AV:N/AC:M/Au:N/C:P/I:P/A:P/E:H/RL:OF/RC:C",
                6.8,
            ),
        ] {
            let found = cvss.vector(version, vector).and_then(|v| v.score());
            assert_eq!(found, Some(score), "{vector}");
        }
        let four = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N";
        assert!(
            Cvss::Four
                .vector("4.0", four)
                .is_some_and(|v| v.score().is_none())
        );
    }

    #[test]
    fn what_is_no_vector_is_none() {
        for (version, vector) in [
            ("3.1", ""),
            ("3.1", "AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"),
            ("3.0", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"),
            ("3.1", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H"),
            ("3.1", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/A:H"),
            ("3.1", "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"),
            ("3.1", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/"),
            ("5.0", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"),
        ] {
            assert!(Cvss::Three.vector(version, vector).is_none(), "{vector}");
        }
        assert!(
            Cvss::Three
                .vector("3.1", &"CVSS:3.1/".repeat(9999))
                .is_none()
        );
    }

    #[test]
    fn severities_begin_where_first_says() {
        for (score, name) in [
            (0.0, "NONE"),
            (0.1, "LOW"),
            (3.9, "LOW"),
            (4.0, "MEDIUM"),
            (7.0, "HIGH"),
            (9.0, "CRITICAL"),
            (10.0, "CRITICAL"),
        ] {
            assert_eq!(severity(score), name, "{score}");
        }
    }
}
