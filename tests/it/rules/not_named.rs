//! “AMBER and the peer is not named; or an audience is given and the peer is not in it” – and the audience among members.

use sluis::model::decision::Rule;
use sluis::model::label::Label;

use super::story::{Item, community, item, peer, reader, reader_at};

#[test]
fn amber_reaches_only_the_named_peer() {
    let amber = item(Label::Amber).to("community water");
    amber.goes_to(&peer("water"));
    amber.is_withheld_from(&peer("msp"), Rule::NotNamed);
    item(Label::Amber).is_withheld_from(&peer("water"), Rule::NotNamed);
}

#[test]
fn an_audience_of_communities_limits_green_and_clear_too() {
    for label in [Label::Clear, Label::Green] {
        item(label).goes_to(&peer("water"));
        let limited = item(label).to("community water");
        limited.goes_to(&peer("water"));
        limited.is_withheld_from(&peer("msp"), Rule::NotNamed);
        // Further on as well.
        limited
            .came_over(&["energy", "water"])
            .is_withheld_from(&peer("msp"), Rule::NotNamed);
    }
}

#[test]
fn an_audience_of_members_only_reaches_no_peer() {
    for name in ["volt", "volt/person/jan"] {
        item(Label::Clear)
            .to(name)
            .is_withheld_from(&peer("water"), Rule::NotNamed);
    }
}

#[test]
fn the_origins_members_keep_seeing_what_is_addressed_to_communities() {
    for label in [Label::Clear, Label::Green, Label::Amber, Label::AmberStrict] {
        item(label)
            .to("community water")
            .goes_to(&reader("volt/tool/siem"));
        // Unless members are named too.
        let limited = item(label).to("community water").to("grid");
        limited.is_withheld_from(&reader("volt/tool/siem"), Rule::NotNamed);
        limited.goes_to(&reader("grid/tool/siem"));
    }
}

#[test]
fn a_named_member_is_its_persons_and_tools_and_a_named_credential_itself_alone() {
    let to_member = item(Label::AmberStrict).to("volt");
    to_member.goes_to(&reader("volt/person/jan"));
    to_member.goes_to(&reader("volt/tool/siem"));
    to_member.is_withheld_from(&reader("grid/person/ann"), Rule::NotNamed);

    let to_person = item(Label::AmberStrict).to("volt/person/jan");
    to_person.goes_to(&reader("volt/person/jan"));
    to_person.is_withheld_from(&reader("volt/person/eva"), Rule::NotNamed);
    to_person.is_withheld_from(&reader("volt/tool/siem"), Rule::NotNamed);
    // A tool of the same name is another credential.
    to_person.is_withheld_from(&reader("volt/tool/jan"), Rule::NotNamed);

    let to_tool = item(Label::AmberStrict).to("volt/tool/siem");
    to_tool.goes_to(&reader("volt/tool/siem"));
    to_tool.is_withheld_from(&reader("volt/person/jan"), Rule::NotNamed);
}

#[test]
fn red_reaches_only_the_named_persons() {
    item(Label::Red).is_withheld_from(&reader("volt/person/jan"), Rule::NotNamed);
    // A named member means the persons that it had at the push: jan, and not eva who came later.
    let red = item(Label::Red).to("volt").to("volt/person/jan");
    red.goes_to(&reader("volt/person/jan"));
    red.is_withheld_from(&reader("volt/person/eva"), Rule::NotNamed);
    // Naming communities names no person.
    item(Label::Red)
        .to("community energy")
        .is_withheld_from(&reader("volt/person/jan"), Rule::NotNamed);
}

#[test]
fn elsewhere_members_read_what_their_community_may_have() {
    let way = ["energy", "water"].as_slice();
    let aqua = reader_at("water", "aqua/tool/siem");
    for label in [Label::Clear, Label::Green] {
        item(label).came_over(way).goes_to(&aqua);
        item(label)
            .to("community water")
            .came_over(way)
            .goes_to(&aqua);
        item(label)
            .to("community msp")
            .came_over(way)
            .is_withheld_from(&aqua, Rule::NotNamed);
        item(label)
            .to("volt")
            .came_over(way)
            .is_withheld_from(&aqua, Rule::NotNamed);
    }
    item(Label::Amber)
        .to("community water")
        .came_over(way)
        .goes_to(&aqua);
    item(Label::Amber)
        .came_over(way)
        .is_withheld_from(&aqua, Rule::NotNamed);
    // AMBER that did not come from its origin itself should not be here.
    item(Label::Amber)
        .to("community water")
        .came_over(&["energy", "msp", "water"])
        .is_withheld_from(&aqua, Rule::NotNamed);
    for label in [Label::AmberStrict, Label::Red] {
        item(label)
            .to("community water")
            .came_over(way)
            .is_withheld_from(&aqua, Rule::NotNamed);
    }
}

#[test]
fn names_limit_even_where_the_sign_or_the_names_are_lost() {
    // The envelope says that members are named, the record of which ones is missing.
    let mut unknown = item(Label::Green).to("volt");
    unknown.0.members.clear();
    unknown.is_withheld_from(&reader("volt/person/jan"), Rule::NotNamed);
    // The names are there, the sign in the envelope is not.
    for name in ["volt", "volt/person/jan"] {
        let mut unsigned = item(Label::Green).to(name);
        unsigned.0.audience = None;
        unsigned.goes_to(&reader("volt/person/jan"));
        unsigned.is_withheld_from(&reader("grid/person/ann"), Rule::NotNamed);
    }
}

#[test]
fn a_member_of_the_same_id_elsewhere_is_another_member() {
    // volt of energy is named, or pushed; volt of water is somebody else, even if the facts confuse the places.
    let confused = |mut told: Item| {
        told.0.here = community("water");
        told.0.path.push(community("water"));
        told
    };
    let namesake = reader_at("water", "volt/person/jan");
    confused(item(Label::Green).to("volt")).is_withheld_from(&namesake, Rule::NotNamed);
    confused(item(Label::Green).to("grid").pushed_by("volt/tool/siem"))
        .is_withheld_from(&namesake, Rule::NotNamed);
}
