//! “The label is above the agreement's ceiling for this direction, as … the receiving side set it.”

use sluis::model::decision::Rule;
use sluis::model::label::Label;

use super::story::{item, peer};

#[test]
fn what_is_above_their_ceiling_stays() {
    let careful = peer("water").it_takes_up_to(Label::Clear);
    item(Label::Clear).goes_to(&careful);
    item(Label::Green).is_withheld_from(&careful, Rule::CeilingIn);
    let usual = peer("water").it_takes_up_to(Label::Green);
    item(Label::Amber)
        .to("community water")
        .is_withheld_from(&usual, Rule::CeilingIn);
}
