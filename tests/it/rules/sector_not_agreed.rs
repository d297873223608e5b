//! “The agreement lists … sectors and this one is not among them. An item without a sector is withheld by a sector list;
//! one match suffices.”

use sluis::model::decision::Rule;
use sluis::model::label::Label;

use super::story::{item, peer};

#[test]
fn one_listed_sector_suffices() {
    let water = peer("water").sectors(&["water", "health"]);
    let green = |sectors| item(Label::Green).sectors(sectors);
    green(&["energy", "water"]).goes_to(&water);
    green(&["energy"]).is_withheld_from(&water, Rule::SectorNotAgreed);
    green(&[]).is_withheld_from(&water, Rule::SectorNotAgreed);
    // Sectors are compared as they are, not by their beginnings.
    green(&["wate"]).is_withheld_from(&water, Rule::SectorNotAgreed);
    green(&["waters"]).is_withheld_from(&water, Rule::SectorNotAgreed);
    // No list is no limit.
    green(&[]).goes_to(&peer("water"));
}
