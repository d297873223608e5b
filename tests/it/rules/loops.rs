//! `loop`: “the peer is O, or is on the item's path”.

use sluis::model::decision::Rule;
use sluis::model::label::Label;

use super::story::{item, peer};

#[test]
fn nothing_goes_back() {
    let onward = item(Label::Green).came_over(&["energy", "water", "msp"]);
    onward.is_withheld_from(&peer("energy"), Rule::Loop);
    onward.is_withheld_from(&peer("water"), Rule::Loop);
    onward.is_withheld_from(&peer("msp"), Rule::Loop);
    onward.goes_to(&peer("health"));
}

#[test]
fn the_origin_is_no_way_on_even_where_the_path_forgot_it() {
    let mut forgetful = item(Label::Green).came_over(&["energy", "water"]);
    forgetful.0.path.remove(0);
    forgetful.is_withheld_from(&peer("energy"), Rule::Loop);
}
