//! “The agreement lists kinds … and this one is not among them.”

use sluis::model::decision::Rule;
use sluis::model::label::Label;
use sluis::model::words::Kind;

use super::story::{item, peer};

#[test]
fn only_listed_kinds_pass() {
    let peer_of_some = peer("water").kinds(&[Kind::Report, Kind::Alert]);
    item(Label::Green).kind(Kind::Alert).goes_to(&peer_of_some);
    item(Label::Green)
        .kind(Kind::Minutes)
        .is_withheld_from(&peer_of_some, Rule::KindNotAgreed);
    // No list is no limit.
    for kind in Kind::ALL {
        item(Label::Green).kind(*kind).goes_to(&peer("water"));
    }
}
