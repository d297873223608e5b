//! Only admitted members read.

use sluis::model::decision::Rule;
use sluis::model::ids::SpiffeId;
use sluis::model::label::Label;
use sluis::model::member::Standing;

use super::story::{at, community, item, reader, reader_at};

#[test]
fn candidates_suspended_and_former_members_read_nothing() {
    for standing in [
        Standing::Candidate,
        Standing::Suspended { admitted: at(1) },
        Standing::Left,
    ] {
        item(Label::Clear).is_withheld_from(
            &reader("volt/person/jan").standing(standing),
            Rule::NotMember,
        );
        // Not even what they pushed themselves.
        item(Label::Clear).is_withheld_from(
            &reader("acme/tool/siem").standing(standing),
            Rule::NotMember,
        );
    }
    item(Label::Clear).goes_to(&reader("volt/person/jan"));
}

#[test]
fn a_member_of_another_community_is_no_member_here() {
    item(Label::Clear).is_withheld_from(&reader_at("water", "volt/person/jan"), Rule::NotMember);
    // Nor is a member of the origin one where the item went.
    item(Label::Clear)
        .came_over(&["energy", "water"])
        .is_withheld_from(&reader("volt/person/jan"), Rule::NotMember);
}

#[test]
fn the_operator_and_the_node_are_no_viewers() {
    for role in ["operator/alice", "node/n1", "signer/k1"] {
        let mut nobody = reader("volt/person/jan");
        nobody.0.id = SpiffeId::parse(&format!("spiffe://{}/{role}", community("energy"))).unwrap();
        item(Label::Clear).is_withheld_from(&nobody, Rule::NotMember);
    }
}
