//! “The source's hop limit is used up (0: stays with O's members; 1: O's peers; absent: no limit).”

use sluis::model::decision::Rule;
use sluis::model::label::Label;

use super::story::{item, peer, reader, reader_at};

#[test]
fn zero_stays_with_the_origins_members() {
    let kept = item(Label::Green).hop_limit(0);
    kept.is_withheld_from(&peer("water"), Rule::HopLimit);
    kept.goes_to(&reader("volt/person/jan"));
}

#[test]
fn one_reaches_the_origins_peers_and_their_members() {
    let near = item(Label::Green).hop_limit(1);
    near.goes_to(&peer("water"));
    let there = near.came_over(&["energy", "water"]);
    there.goes_to(&reader_at("water", "aqua/tool/siem"));
    there.is_withheld_from(&peer("msp"), Rule::HopLimit);
}

#[test]
fn two_reaches_one_further() {
    let item = item(Label::Green).hop_limit(2);
    item.clone()
        .came_over(&["energy", "water"])
        .goes_to(&peer("msp"));
    item.came_over(&["energy", "water", "msp"])
        .is_withheld_from(&peer("health"), Rule::HopLimit);
}

#[test]
fn without_a_limit_it_goes_as_far_as_a_receiver_takes_it() {
    // A receiver takes sixteen hops (envelope.proto); what it would refuse is not sent.
    let names: Vec<String> = (0..17).map(|n| format!("c{n}")).collect();
    let mut way: Vec<&str> = names.iter().map(String::as_str).collect();
    way[0] = "energy";
    item(Label::Green)
        .came_over(&way[..16])
        .goes_to(&peer("health"));
    item(Label::Green)
        .came_over(&way)
        .is_withheld_from(&peer("health"), Rule::HopLimit);
}
