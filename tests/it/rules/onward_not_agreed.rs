//! “N is not O and the agreement over which it came, or the one over which it would go, forbids onward sharing.”

use sluis::model::decision::Rule;
use sluis::model::label::Label;

use super::story::{item, peer};

#[test]
fn passing_on_needs_leave_on_both_sides_of_the_node() {
    for label in [Label::Clear, Label::Green] {
        let came = item(label).came_over(&["energy", "water"]);
        came.goes_to(&peer("msp"));
        came.is_withheld_from(&peer("msp").may_not_pass_on(), Rule::OnwardNotAgreed);
        let kept = came.without_leave_to_pass_on();
        kept.is_withheld_from(&peer("msp"), Rule::OnwardNotAgreed);
    }
}

#[test]
fn the_origin_needs_nobodys_leave() {
    item(Label::Green).goes_to(&peer("water").may_not_pass_on());
}
