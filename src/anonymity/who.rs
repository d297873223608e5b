//! What is the submitting member, and what stands in its place.

use crate::formats::plain::plain;
use crate::formats::{Aliases, Search};

use super::{Pseudonyms, StandIn};

/// The submitting member, as a creator may be given.
pub(super) struct Who {
    /// Its name and its domains, without case and without what stands between words.
    names: Vec<String>,
    /// Its identity ids in lower case.
    identities: Vec<String>,
    domains: Search,
}

impl Who {
    pub(super) fn of(aliases: &Aliases) -> Self {
        let names = std::iter::once(&aliases.name)
            .chain(&aliases.domains)
            .map(|name| squashed(name))
            .filter(|name| !name.is_empty())
            .collect();
        Self {
            names,
            identities: aliases
                .ids
                .iter()
                .filter(|id| id.contains("--"))
                .map(|id| id.to_ascii_lowercase())
                .collect(),
            domains: Search::of(&Aliases {
                name: String::new(),
                domains: aliases.domains.clone(),
                ids: Vec::new(),
            }),
        }
    }

    /// It is the registered name, or a domain, as a whole.
    pub(super) fn is_name(&self, text: &str) -> bool {
        let text = squashed(text);
        self.names.contains(&text)
    }

    /// A domain of the member stands in it: an address of mail or of the web.
    pub(super) fn has_domain(&self, text: &str) -> bool {
        self.domains.finds(text)
    }

    /// It is a registered STIX identity.
    pub(super) fn is_identity(&self, id: &str) -> bool {
        self.identities.iter().any(|i| i.eq_ignore_ascii_case(id))
    }

    /// It is the UUID of a registered STIX identity, as MISP writes an organisation.
    pub(super) fn is_uuid(&self, uuid: &str) -> bool {
        self.identities.iter().any(|id| {
            id.rsplit_once("--")
                .is_some_and(|(_, own)| own.eq_ignore_ascii_case(uuid))
        })
    }

    /// Whether it has registered identities at all.
    pub(super) fn has_identities(&self) -> bool {
        !self.identities.is_empty()
    }
}

/// A name as it compares to another: without case, look-alike forms, and what stands between words.
fn squashed(name: &str) -> String {
    plain(name)
        .to_lowercase()
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '_' | '.'))
        .collect()
}

/// The community, as a creator. It is the same in every document, whoever submitted it.
pub(super) struct Community<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    /// Of its organisation in MISP and its identity in STIX.
    pub(super) uuid: String,
}

impl<'a> Community<'a> {
    pub(super) fn of(stand_in: &StandIn<'a>, pseudonyms: &Pseudonyms) -> Self {
        Self {
            id: stand_in.community.as_str(),
            name: stand_in.name,
            uuid: pseudonyms.community(stand_in.community).to_string(),
        }
    }
}
