//! “RED towards a tool.”

use sluis::model::decision::Rule;
use sluis::model::label::Label;

use super::story::{item, reader};

#[test]
fn red_is_read_by_persons_not_by_tools() {
    let red = item(Label::Red).to("volt").to("volt/person/jan");
    red.goes_to(&reader("volt/person/jan"));
    red.is_withheld_from(&reader("volt/tool/siem"), Rule::PersonOnly);
    // Not even by a tool that is named itself.
    item(Label::Red)
        .to("volt/tool/siem")
        .is_withheld_from(&reader("volt/tool/siem"), Rule::PersonOnly);
}

#[test]
fn all_that_is_less_than_red_is_read_by_tools_too() {
    for label in [Label::Clear, Label::Green, Label::Amber, Label::AmberStrict] {
        item(label).to("volt").goes_to(&reader("volt/tool/siem"));
    }
}
