//! “RED or AMBER+STRICT” never cross, whatever anybody agreed.

use sluis::model::decision::Rule;
use sluis::model::label::Label;

use super::story::{item, peer};

#[test]
fn red_and_amber_strict_never_leave() {
    for label in [Label::AmberStrict, Label::Red] {
        item(label).is_withheld_from(&peer("water"), Rule::LabelNeverLeaves);
        item(label)
            .to("community water")
            .is_withheld_from(&peer("water"), Rule::LabelNeverLeaves);
        // And if one ever came here by a fault, it goes no further.
        item(label)
            .came_over(&["energy", "water"])
            .to("community msp")
            .is_withheld_from(&peer("msp"), Rule::LabelNeverLeaves);
    }
}
