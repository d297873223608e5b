//! “The credential that pushed and the persons of its member always see the item, other tools of that member as if it were
//! named; this comes before `not-named`, `person-only` and `before-admission`.”

use sluis::model::decision::Rule;
use sluis::model::label::Label;

use super::story::{RECORDED, item, reader, reader_at};

#[test]
fn who_pushed_and_the_persons_of_its_member_always_see_the_item() {
    for label in Label::ALL {
        let to_another = item(label)
            .to("volt/person/jan")
            .pushed_by("acme/tool/siem");
        to_another.goes_to(&reader("acme/tool/siem"));
        to_another.goes_to(&reader("acme/person/meryem"));
        to_another.goes_to(&reader("acme/person/meryem").admitted(RECORDED + 1));
        // Whatever the terms: it is their own.
        to_another
            .no_commercial_use()
            .goes_to(&reader("acme/person/meryem").commercial());
    }
}

#[test]
fn other_tools_of_the_member_see_it_as_if_the_member_were_named() {
    let to_another = |label| {
        item(label)
            .to("volt/person/jan")
            .pushed_by("acme/person/meryem")
    };
    for label in [Label::Clear, Label::Green, Label::Amber, Label::AmberStrict] {
        to_another(label).goes_to(&reader("acme/tool/siem"));
        to_another(label)
            .no_resale()
            .is_withheld_from(&reader("acme/tool/siem").commercial(), Rule::CommercialUse);
    }
    // RED for a named member means its persons.
    to_another(Label::Red).is_withheld_from(&reader("acme/tool/siem"), Rule::PersonOnly);
    let newcomer = reader("acme/tool/siem").admitted(RECORDED + 1);
    to_another(Label::Amber).is_withheld_from(&newcomer, Rule::BeforeAdmission);
}

#[test]
fn another_member_gains_nothing_by_a_credential_of_the_same_name() {
    let red = item(Label::Red).pushed_by("acme/tool/siem");
    red.is_withheld_from(&reader("volt/tool/siem"), Rule::NotNamed);
    red.is_withheld_from(&reader_at("water", "acme/tool/siem"), Rule::NotMember);
}
