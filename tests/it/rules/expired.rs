//! “The item … is past its valid-until.”

use sluis::model::decision::Rule;
use sluis::model::label::Label;

use super::story::{NOW, item, peer, reader};

#[test]
fn an_item_goes_until_its_time_is_over() {
    for hour in [NOW + 1, i64::MAX / 3600] {
        item(Label::Clear).valid_until(hour).goes_to(&peer("water"));
    }
    for hour in [NOW, NOW - 1, -5] {
        let expired = item(Label::Clear).valid_until(hour);
        expired.is_withheld_from(&peer("water"), Rule::Expired);
        expired.is_withheld_from(&reader("volt/person/jan"), Rule::Expired);
        expired.is_withheld_from(&reader("acme/tool/siem"), Rule::Expired);
    }
}
