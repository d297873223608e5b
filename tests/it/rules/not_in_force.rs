//! “No agreement with that peer is in force (not signed by both, suspended, expired, not yet begun, ended).” Which states
//! these are is told in `agreement_states`.

use sluis::model::decision::{Decision, Rule};
use sluis::model::label::Label;
use sluis::policy::{PeerFacts, Viewer, decide};

use super::story::{NOW, at, community, item};

#[test]
fn without_an_agreement_nothing_crosses() {
    let stranger = Viewer::Peer(PeerFacts {
        community: community("water"),
        agreement: None,
    });
    for label in Label::ALL {
        assert_eq!(
            decide(&item(label).0, &stranger, at(NOW)),
            Decision::Withhold(Rule::NotInForce)
        );
    }
}
