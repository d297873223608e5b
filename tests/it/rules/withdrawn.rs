//! “The item was withdrawn.”

use sluis::model::decision::Rule;
use sluis::model::label::Label;

use super::story::{item, peer, reader};

#[test]
fn a_withdrawn_item_goes_to_nobody() {
    let withdrawn = item(Label::Clear).withdrawn();
    withdrawn.is_withheld_from(&peer("water"), Rule::Withdrawn);
    withdrawn.is_withheld_from(&reader("volt/person/jan"), Rule::Withdrawn);
    // Nor back to who pushed it.
    withdrawn.is_withheld_from(&reader("acme/tool/siem"), Rule::Withdrawn);
}
