//! The TLP 2.0 label: the one value that decides how far an item goes.

use std::fmt;

/// A TLP 2.0 label. The order is the order of strictness: `Clear < … < Red`.
///
/// TLP 2.0 §2 counts AMBER+STRICT as a restriction of AMBER; here it is a value of its own, as in CSAF 2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// TLP:CLEAR, may reach anyone.
    Clear,
    /// TLP:GREEN, may reach the community and the peers that agreed.
    Green,
    /// TLP:AMBER, the origin's members, and the communities that the audience names.
    Amber,
    /// TLP:AMBER+STRICT, the origin's members only.
    AmberStrict,
    /// TLP:RED, the named persons only.
    Red,
}

impl Label {
    /// All labels, from the least to the most restrictive.
    pub const ALL: [Label; 5] = [
        Label::Clear,
        Label::Green,
        Label::Amber,
        Label::AmberStrict,
        Label::Red,
    ];

    /// The label's name without the `TLP:` prefix, as design.md and CSAF 2.1 spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Label::Clear => "CLEAR",
            Label::Green => "GREEN",
            Label::Amber => "AMBER",
            Label::AmberStrict => "AMBER+STRICT",
            Label::Red => "RED",
        }
    }

    /// Reads a label with or without the `TLP:` prefix, in any case, in the spellings that occur in practice:
    /// TLP 1.0's WHITE is CLEAR; AMBER+STRICT is also met with `_`, `-` or a space. Anything else is no label.
    pub fn parse(text: &str) -> Option<Self> {
        let upper = text.trim().to_ascii_uppercase();
        let name = upper.strip_prefix("TLP:").unwrap_or(&upper).trim();
        match name {
            "CLEAR" | "WHITE" => Some(Label::Clear),
            "GREEN" => Some(Label::Green),
            "AMBER" => Some(Label::Amber),
            "AMBER+STRICT" | "AMBER_STRICT" | "AMBER-STRICT" | "AMBER STRICT" => {
                Some(Label::AmberStrict)
            }
            "RED" => Some(Label::Red),
            _ => None,
        }
    }

    /// The label never leaves its origin community, whatever anybody agreed (design.md part 4).
    pub const fn never_leaves(self) -> bool {
        match self {
            Label::Clear | Label::Green | Label::Amber => false,
            Label::AmberStrict | Label::Red => true,
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for label in Label::ALL {
            assert_eq!(Label::parse(label.name()), Some(label));
            assert_eq!(
                Label::parse(&format!("tlp:{}", label.name().to_lowercase())),
                Some(label)
            );
        }
        assert_eq!(Label::parse("TLP:WHITE"), Some(Label::Clear));
        assert_eq!(Label::parse("TLP:ROOD"), None);
    }
}
