//! Everyone a node deals with, as one value: a decision and a read share one snapshot of it (threat 8).

use std::collections::BTreeMap;

use super::agreement::Peer;
use super::ids::{CommunityId, CredentialName, MemberId};
use super::member::{Credential, Member};

/// The members, their credentials and the peers, as of one commit.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Roster {
    /// Every organisation that was ever registered: an id is never given twice.
    pub members: BTreeMap<MemberId, Member>,
    /// Which member vouched for which candidate.
    pub endorsements: BTreeMap<MemberId, Vec<MemberId>>,
    /// Every credential that ever enrolled.
    pub credentials: BTreeMap<(MemberId, CredentialName), Credential>,
    /// Every community with which there was first contact.
    pub peers: BTreeMap<CommunityId, Peer>,
}

impl Roster {
    /// The persons and tools that a member has now, without the revoked ones.
    pub fn credentials_of<'a>(
        &'a self,
        member: &'a MemberId,
    ) -> impl Iterator<Item = &'a Credential> + 'a {
        self.credentials
            .values()
            .filter(move |c| c.member == *member && !c.revoked)
    }
}
