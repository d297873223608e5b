//! “AMBER and N is not O.”

use sluis::model::decision::Rule;
use sluis::model::label::Label;

use super::story::{item, peer};

#[test]
fn amber_is_passed_on_by_its_origin_only() {
    let amber = item(Label::Amber).to("community water").to("community msp");
    amber.goes_to(&peer("water"));
    amber.goes_to(&peer("msp"));
    // Though msp is named, water does not pass it on.
    amber
        .came_over(&["energy", "water"])
        .is_withheld_from(&peer("msp"), Rule::OnwardAmber);
}
