//! “The terms forbid commercial use or resale and the peer is declared commercial” – and likewise a member.

use sluis::model::decision::Rule;
use sluis::model::label::Label;

use super::story::{item, peer, reader};

#[test]
fn terms_keep_an_item_from_who_is_commercial() {
    for limited in [
        item(Label::Green).no_commercial_use(),
        item(Label::Green).no_resale(),
    ] {
        limited.goes_to(&peer("water"));
        limited.is_withheld_from(&peer("water").commercial(), Rule::CommercialUse);
        limited.goes_to(&reader("volt/person/jan"));
        limited.is_withheld_from(&reader("volt/person/jan").commercial(), Rule::CommercialUse);
    }
    item(Label::Green).goes_to(&peer("water").commercial());
    item(Label::Green).goes_to(&reader("volt/person/jan").commercial());
}
