//! “The label is above the agreement's ceiling for this direction, as the sending … side set it.”

use sluis::model::decision::Rule;
use sluis::model::label::Label;

use super::story::{item, peer};

#[test]
fn what_is_above_our_ceiling_stays() {
    let careful = peer("water").we_send_up_to(Label::Clear);
    item(Label::Clear).goes_to(&careful);
    item(Label::Green).is_withheld_from(&careful, Rule::CeilingOut);
    let usual = peer("water").we_send_up_to(Label::Green);
    item(Label::Green).goes_to(&usual);
    item(Label::Amber)
        .to("community water")
        .is_withheld_from(&usual, Rule::CeilingOut);
}
