//! “A newcomer sees items from before its admission only up to the community's `newcomer_history` label.”

use sluis::model::decision::Rule;
use sluis::model::label::Label;

use super::story::{RECORDED, item, reader};

#[test]
fn a_newcomer_sees_older_items_up_to_the_communitys_label() {
    let newcomer = reader("volt/person/jan").admitted(RECORDED + 1);
    item(Label::Clear).goes_to(&newcomer);
    item(Label::Green).goes_to(&newcomer);
    item(Label::Amber).is_withheld_from(&newcomer, Rule::BeforeAdmission);
    item(Label::AmberStrict).is_withheld_from(&newcomer, Rule::BeforeAdmission);

    let trusted = newcomer.clone().newcomers_see_up_to(Label::AmberStrict);
    item(Label::AmberStrict).goes_to(&trusted);
    let distrusted = newcomer.newcomers_see_up_to(Label::Clear);
    item(Label::Green).is_withheld_from(&distrusted, Rule::BeforeAdmission);
}

#[test]
fn from_its_admission_on_a_member_sees_everything() {
    item(Label::AmberStrict).goes_to(&reader("volt/person/jan").admitted(RECORDED));
    item(Label::AmberStrict).goes_to(&reader("volt/person/jan").admitted(RECORDED - 1));
}
